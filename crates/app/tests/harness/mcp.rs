//! MCP as its newest revision speaks it, one stateless request whose headers agree with its body, and as the revisions
//! with `initialize` do.

use axum::body::Body;
use http::Request;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use m365_graph::{Reference, catalog, find_completion, prompts};
use m365_types::{ActionKind, ActionSpec, encode_segment};
use serde_json::{Value, json};

use super::site::{Answer, Site};

const REVISION: &str = "2026-07-28";
/// The newest revision with `initialize`.
const LEGACY: &str = "2025-11-25";

/// A request of the newest revision.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    method: &'static str,
    name: Option<String>,
    pub(crate) params: Value,
}

impl Message {
    pub(crate) const fn new(method: &'static str, params: Value) -> Self {
        Self { method, name: None, params }
    }

    /// A call of a tool.
    pub(crate) fn tool(name: &str, arguments: &Value) -> Self {
        let params = json!({ "name": name, "arguments": arguments });
        Self { method: "tools/call", name: Some(name.to_owned()), params }
    }

    /// A resource that is read.
    pub(crate) fn resource(uri: &str) -> Self {
        Self { method: "resources/read", name: Some(uri.to_owned()), params: json!({ "uri": uri }) }
    }

    /// A prompt.
    pub(crate) fn prompt(name: &str, arguments: &Value) -> Self {
        let params = json!({ "name": name, "arguments": arguments });
        Self { method: "prompts/get", name: Some(name.to_owned()), params }
    }

    /// What leads to this row, with these arguments; a resource has none.
    pub(crate) fn of(spec: &ActionSpec, arguments: &Value) -> Self {
        match spec.kind {
            ActionKind::Tool => Self::tool(spec.name, arguments),
            ActionKind::Resource => Self::resource(spec.name),
            ActionKind::Template => {
                let id = arguments["id"].as_str().unwrap();
                Self::resource(&spec.name.replace("{id}", &encode_segment(id)))
            }
            ActionKind::Completion => {
                let (reference, argument) = completed_by(spec.name);
                let mut context = arguments.as_object().unwrap().clone();
                let typed = context.remove("value").unwrap();
                let params = json!({
                    "ref": reference, "argument": { "name": argument, "value": typed },
                    "context": { "arguments": context },
                });
                Self::new("completion/complete", params)
            }
        }
    }
}

/// What an argument belongs to that this row completes, and its name.
fn completed_by(row: &str) -> (Value, &'static str) {
    let arguments = prompts()
        .iter()
        .flat_map(|prompt| prompt.arguments.iter().map(move |argument| (prompt.name, argument)));
    let of_prompt = arguments.clone().find(|(_, argument)| argument.completion == Some(row));
    if let Some((prompt, argument)) = of_prompt {
        return (json!({ "type": "ref/prompt", "name": prompt }), argument.name);
    }
    let leads_there = |template: &&str| {
        find_completion(Reference::Template(template), "id").is_some_and(|found| found.spec.name == row)
    };
    let template = catalog().map(|action| action.spec.name).find(leads_there);
    (json!({ "type": "ref/resource", "uri": template.unwrap() }), "id")
}

impl Site {
    /// A call of the row with these arguments.
    pub(crate) fn call(&self, token: Option<&str>, spec: &ActionSpec, arguments: &Value) -> Answer {
        self.ask(self.saying(token, Message::of(spec, arguments), &json!({})))
    }

    /// A message to `/mcp`.
    pub(crate) fn message(
        &self,
        token: Option<&str>,
        method: &'static str,
        name: Option<&str>,
        params: Value,
    ) -> Request<Body> {
        let message = Message { method, name: name.map(str::to_owned), params };
        self.saying(token, message, &json!({}))
    }

    /// The same by a client that declares this.
    pub(crate) fn saying(&self, token: Option<&str>, message: Message, declared: &Value) -> Request<Body> {
        let Message { method, name, mut params } = message;
        let meta = params.as_object_mut().unwrap().entry("_meta").or_insert_with(|| json!({}));
        meta["io.modelcontextprotocol/protocolVersion"] = REVISION.into();
        meta["io.modelcontextprotocol/clientCapabilities"] = declared.clone();
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut request = self.posting("/mcp", token, &message);
        let headers = request.headers_mut();
        headers.insert("mcp-protocol-version", REVISION.parse().unwrap());
        headers.insert("mcp-method", method.parse().unwrap());
        if let Some(name) = name {
            headers.insert("mcp-name", name.parse().unwrap());
        }
        request
    }

    /// A message of the revisions with `initialize`, in this session where there is one.
    pub(crate) fn legacy(&self, token: &str, session: Option<&str>, message: &Value) -> Request<Body> {
        let mut request = self.posting("/mcp", Some(token), message);
        let headers = request.headers_mut();
        headers.insert("mcp-protocol-version", LEGACY.parse().unwrap());
        if let Some(session) = session {
            headers.insert("mcp-session-id", session.parse().unwrap());
        }
        request
    }

    /// A JSON body to this address, by a client that takes events as well.
    pub(crate) fn posting(&self, target: &str, token: Option<&str>, message: &Value) -> Request<Body> {
        let mut request = self
            .request("POST", target)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json, text/event-stream");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        request.body(message.to_string().into()).unwrap()
    }

    /// The session id of a client that declares this.
    pub(crate) fn initialize(&self, token: &str, declared: &Value) -> Option<String> {
        let params = json!({
            "protocolVersion": LEGACY, "capabilities": declared,
            "clientInfo": { "name": "probe", "version": "1" },
        });
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        let answer = self.ask(self.posting("/mcp", Some(token), &message));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.header("mcp-session-id").map(str::to_owned)
    }
}

/// A request of the revisions with `initialize`.
pub(crate) fn asking(id: u64, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// The notification that a call is no longer wanted.
pub(crate) fn cancelling(id: u64) -> Value {
    json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } })
}

/// Whether a response says that a tool did what it was called for.
pub(crate) fn succeeded(response: &Value) -> bool {
    response["result"]["content"].is_array() && response["result"]["isError"] != true
}
