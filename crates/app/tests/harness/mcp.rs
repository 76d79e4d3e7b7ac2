//! MCP as its newest revision speaks it: one stateless request, its headers agreeing with its body.

use axum::body::Body;
use http::Request;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use m365_types::{ActionKind, ActionSpec};
use serde_json::{Value, json};

use super::site::{Answer, Site};

const REVISION: &str = "2026-07-28";

impl Site {
    /// A call of the row with these arguments; a resource has none.
    pub(crate) fn call(&self, token: Option<&str>, spec: &ActionSpec, arguments: &Value) -> Answer {
        let (method, params) = match spec.kind {
            ActionKind::Tool => ("tools/call", json!({ "name": spec.name, "arguments": arguments })),
            ActionKind::Resource => ("resources/read", json!({ "uri": spec.name })),
        };
        self.ask(self.message(token, method, Some(spec.name), params))
    }

    /// A message to `/mcp`.
    pub(crate) fn message(
        &self,
        token: Option<&str>,
        method: &str,
        name: Option<&str>,
        mut params: Value,
    ) -> Request<Body> {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": REVISION,
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut request = self
            .request("POST", "/mcp")
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json, text/event-stream")
            .header("mcp-protocol-version", REVISION)
            .header("mcp-method", method);
        if let Some(name) = name {
            request = request.header("mcp-name", name);
        }
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        request.body(message.to_string().into()).unwrap()
    }
}
