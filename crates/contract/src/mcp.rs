//! MCP over Streamable HTTP, one POST per message, for a chosen revision.
//!
//! Source: MCP 2026-07-28 (per-request `_meta` and headers) and the `initialize` revisions up to 2025-11-25.

use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::Url;

use crate::events::Events;
use crate::http::{Answer, Request};
use crate::json::Look as _;

/// The revision without a handshake.
pub const MODERN: &str = "2026-07-28";
/// The revisions with `initialize`, newest first.
pub const LEGACY: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];
/// `_meta` key of the revision.
pub const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// `_meta` key of the client's capabilities.
pub const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// Either form of an answer.
const ACCEPT: &str = "application/json, text/event-stream";

static NEXT_ID: AtomicI64 = AtomicI64::new(1);

/// A client of one revision with one token.
#[derive(Clone, Debug)]
pub struct Mcp {
    /// The endpoint.
    pub url: Url,
    /// Bearer token; empty where none is sent.
    pub token: String,
    /// Revision.
    pub version: &'static str,
    /// Headers that go with every message, such as those of a service token or of a session.
    pub headers: Vec<(String, String)>,
    /// What it declares with every message, where its revision asks for that.
    pub capabilities: Value,
}

/// The answer to one message.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP answer.
    pub answer: Answer,
    /// The JSON-RPC message in it; `null` where there is none.
    pub message: Value,
}

impl Mcp {
    /// A client of the modern revision.
    #[must_use]
    pub fn new(url: &Url, token: &str) -> Self {
        let (url, token, headers) = (url.clone(), token.to_owned(), Vec::new());
        Self { url, token, version: MODERN, headers, capabilities: json!({}) }
    }

    /// The same client with another revision.
    #[must_use]
    pub fn speaking(&self, version: &'static str) -> Self {
        Self { version, ..self.clone() }
    }

    /// The same client that declares this.
    #[must_use]
    pub fn declaring(&self, capabilities: Value) -> Self {
        Self { capabilities, ..self.clone() }
    }

    /// The message of a request, with what the revision puts into it beside the metadata that are there.
    #[must_use]
    pub fn message(&self, method: &str, params: &Value) -> Value {
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let mut params = if params.is_null() { json!({}) } else { params.clone() };
        if let Some(params) = params.as_object_mut().filter(|_| self.version == MODERN) {
            let meta = params.entry("_meta").or_insert_with(|| json!({}));
            if let Some(meta) = meta.as_object_mut() {
                meta.insert(META_VERSION.to_owned(), json!(MODERN));
                meta.insert(META_CAPABILITIES.to_owned(), self.capabilities.clone());
            }
        }
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
    }

    /// The HTTP request for a message, with the headers of the revision.
    #[must_use]
    pub fn request(&self, message: &Value) -> Request {
        let mut request = self.bare().header("mcp-protocol-version", self.version);
        if self.version == MODERN {
            request = request.header("mcp-method", message.at("/method").as_str().unwrap_or_default());
            let name = message.at("/params/name").as_str().or_else(|| message.at("/params/uri").as_str());
            if let Some(name) = name {
                request = request.header("mcp-name", &header_value(name));
            }
        }
        request.json(message)
    }

    /// A POST with token and `Accept` only.
    #[must_use]
    pub fn bare(&self) -> Request {
        let request = Request::post(&self.url).header("accept", ACCEPT).headers(&self.headers);
        if self.token.is_empty() { request } else { request.bearer(&self.token) }
    }

    /// Sends a request and reads the reply.
    ///
    /// # Errors
    /// Where there is no answer, or it is neither JSON nor an event stream.
    pub fn send(&self, method: &str, params: &Value) -> Result<Reply> {
        self.deliver(&self.message(method, params))
    }

    /// Sends a message as it is and reads the reply.
    ///
    /// # Errors
    /// As [`Mcp::send`].
    pub fn deliver(&self, message: &Value) -> Result<Reply> {
        Reply::read(self.request(message).send()?)
    }

    /// Sends a message as it is and reads the answer as it comes.
    ///
    /// # Errors
    /// Where there is no answer.
    pub fn listen(&self, message: &Value) -> Result<Events> {
        Events::open(&self.request(message))
    }

    /// Calls a tool.
    ///
    /// # Errors
    /// As [`Mcp::send`].
    pub fn tool(&self, name: &str, arguments: &Value) -> Result<Reply> {
        self.send("tools/call", &json!({ "name": name, "arguments": arguments }))
    }

    /// Gets a prompt.
    ///
    /// # Errors
    /// As [`Mcp::send`].
    pub fn prompt(&self, name: &str, arguments: &Value) -> Result<Reply> {
        self.send("prompts/get", &json!({ "name": name, "arguments": arguments }))
    }

    /// Reads a resource.
    ///
    /// # Errors
    /// As [`Mcp::send`].
    pub fn resource(&self, uri: &str) -> Result<Reply> {
        self.send("resources/read", &json!({ "uri": uri }))
    }
}

impl Reply {
    /// Reads the JSON-RPC message out of an answer.
    ///
    /// # Errors
    /// Where the body is neither empty, JSON nor an event stream with a response.
    pub fn read(answer: Answer) -> Result<Self> {
        let kind = answer.header("content-type").unwrap_or_default().to_owned();
        let message = if answer.body.is_empty() {
            Value::Null
        } else if kind.starts_with("text/event-stream") {
            from_events(&answer)?
        } else {
            answer.json().unwrap_or(Value::Null)
        };
        Ok(Self { answer, message })
    }

    /// The result.
    ///
    /// # Errors
    /// Where it is an error, or not JSON-RPC.
    pub fn result(&self) -> Result<&Value> {
        self.answer.expect(&[200])?;
        ensure!(self.message.at("/jsonrpc") == "2.0", "not JSON-RPC: {}", self.answer);
        self.message.pointer("/result").with_context(|| format!("no result: {}", self.answer))
    }

    /// The code of a JSON-RPC error.
    #[must_use]
    pub fn error_code(&self) -> Option<i64> {
        self.message.at("/error/code").as_i64()
    }

    /// Expects a JSON-RPC error with this HTTP status and code.
    ///
    /// # Errors
    /// Where it is anything else.
    pub fn expect_error(&self, statuses: &[u16], codes: &[i64]) -> Result<&Self> {
        self.answer.expect(statuses)?;
        let code = self.error_code();
        ensure!(
            code.is_some_and(|code| codes.contains(&code)),
            "expected JSON-RPC error {codes:?}: {}",
            self.answer
        );
        ensure!(self.message.get("result").is_none(), "an error with a result: {}", self.answer);
        Ok(self)
    }

    /// The result of a tool call that succeeded.
    ///
    /// # Errors
    /// Where it failed, or has no text content.
    pub fn success(&self) -> Result<&Value> {
        let result = self.result()?;
        ensure!(result.at("/isError") != &Value::Bool(true), "the tool failed: {}", self.answer);
        let text = result.at("/content/0/text").as_str().unwrap_or_default();
        ensure!(!text.is_empty(), "no text content: {}", self.answer);
        Ok(result)
    }

    /// The structured content of a tool call that succeeded, in the revisions that have it.
    ///
    /// # Errors
    /// As [`Reply::success`], and where there is none.
    pub fn content(&self) -> Result<&Value> {
        let content = self.success()?.get("structuredContent");
        content.with_context(|| format!("no structuredContent: {}", self.answer))
    }

    /// The sentence of a call that was refused or failed: a tool error, or a JSON-RPC error.
    ///
    /// # Errors
    /// Where the call succeeded, or shows internals.
    pub fn failure(&self) -> Result<String> {
        ensure!(self.answer.status < 500, "a failed call is not a failed request: {}", self.answer);
        if let Some(message) = self.message.at("/error/message").as_str() {
            let data = self.message.at("/error/data");
            self.answer.expect(&[200, 400, 403, 404])?;
            return Ok(format!("{message} {data}"));
        }
        let result = self.result()?;
        ensure!(result.at("/isError") == &Value::Bool(true), "expected the call to fail: {}", self.answer);
        let texts = result.list("/content")?.iter().filter_map(|item| item.at("/text").as_str());
        Ok(texts.collect::<Vec<_>>().join(" "))
    }

    /// Expects that invalid arguments were refused, in a sentence that names the argument.
    ///
    /// # Errors
    /// Where they were not, or the sentence does not.
    pub fn expect_invalid(&self, argument: &str) -> Result<()> {
        let sentence = self.failure()?;
        if let Some(code) = self.error_code() {
            ensure!(code == -32602, "expected -32602: {}", self.answer);
        }
        ensure!(sentence.contains(argument), "the refusal does not name `{argument}`: {}", self.answer);
        Ok(())
    }
}

/// A name in a header: as it is where it is visible ASCII, else with the base64 sentinel.
#[must_use]
pub fn header_value(name: &str) -> String {
    let plain = name.bytes().all(|byte| (0x20..0x7f).contains(&byte)) && name.trim() == name;
    if plain { name.to_owned() } else { sentinel(name) }
}

/// A name in a header in its base64 form.
#[must_use]
pub fn sentinel(name: &str) -> String {
    format!("=?base64?{}?=", STANDARD.encode(name))
}

fn from_events(answer: &Answer) -> Result<Value> {
    let text = answer.text();
    for data in text.lines().filter_map(|line| line.strip_prefix("data:")) {
        let message: Value = serde_json::from_str(data.trim()).with_context(|| answer.to_string())?;
        if message.get("result").is_some() || message.get("error").is_some() {
            return Ok(message);
        }
    }
    bail!("an event stream without a response: {answer}")
}
