//! A client of the transport of MCP 2024-11-05: an event stream for what the server says, POSTs for what the client says.
//!
//! Source: MCP 2024-11-05, "Transports", "HTTP with SSE". Written by hand, so that it can do what no client would.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use url::Url;

use crate::events::Events;
use crate::http::{Answer, Request};
use crate::json::Look as _;

/// The revision that has this transport.
pub const VERSION: &str = "2024-11-05";

/// An open session.
#[derive(Debug)]
pub struct Sse {
    /// Where messages go.
    pub endpoint: Url,
    /// What the server says.
    pub events: Events,
    /// The revision that goes with every message; none where the client is as old as the transport.
    pub version: Option<&'static str>,
    token: String,
    next_id: i64,
}

impl Sse {
    /// Opens a session.
    ///
    /// # Errors
    /// Where it is refused, or does not begin by naming its endpoint.
    pub fn open(url: &Url, token: &str) -> Result<Self> {
        let mut events = Events::open(&Self::request(url, token))?;
        events.answer.expect(&[200])?;
        let first = events.event()?.with_context(|| format!("no event: {}", events.answer))?;
        ensure!(first.kind == "endpoint", "the first event is {first:?}");
        let endpoint = url.join(&first.data)?;
        Ok(Self { endpoint, events, version: None, token: token.to_owned(), next_id: 1 })
    }

    /// The request that opens a session.
    #[must_use]
    pub fn request(url: &Url, token: &str) -> Request {
        Request::get(url).header("accept", "text/event-stream").bearer(token)
    }

    /// The id of the session.
    ///
    /// # Errors
    /// Where the endpoint names none.
    pub fn id(&self) -> Result<String> {
        let id = self.endpoint.query_pairs().find(|(name, _)| name == "sessionId");
        Ok(id.with_context(|| format!("no session id in {}", self.endpoint))?.1.into_owned())
    }

    /// Posts a message with this token.
    ///
    /// # Errors
    /// Where there is no answer.
    pub fn post_with(&self, token: &str, message: &Value) -> Result<Answer> {
        let request = Request::post(&self.endpoint).bearer(token).json(message);
        match self.version {
            Some(version) => request.header("mcp-protocol-version", version).send(),
            None => request.send(),
        }
    }

    /// Posts with this token from now on.
    pub fn use_token(&mut self, token: &str) {
        token.clone_into(&mut self.token);
    }

    /// Posts a message.
    ///
    /// # Errors
    /// As [`Sse::post_with`].
    pub fn post(&self, message: &Value) -> Result<Answer> {
        self.post_with(&self.token, message)
    }

    /// A request with an id of its own.
    pub fn message(&mut self, method: &str, params: &Value) -> Value {
        let id = self.next_id;
        self.next_id += 1;
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
    }

    /// Sends a request; the next message of the stream must be its response.
    ///
    /// # Errors
    /// Where it is anything else.
    pub fn ask(&mut self, method: &str, params: &Value) -> Result<Value> {
        let message = self.message(method, params);
        let accepted = self.post(&message)?;
        accepted.expect(&[202])?;
        let response = self.events.message()?;
        ensure!(response.at("/id") == message.at("/id"), "another message than the response: {response}");
        Ok(response)
    }

    /// As [`Sse::ask`], for a request that succeeds.
    ///
    /// # Errors
    /// As [`Sse::ask`], and where the response is an error.
    pub fn result(&mut self, method: &str, params: &Value) -> Result<Value> {
        let response = self.ask(method, params)?;
        response.get("result").cloned().with_context(|| format!("no result: {response}"))
    }

    /// The handshake of the revision.
    ///
    /// # Errors
    /// Where it fails.
    pub fn initialize(&mut self) -> Result<Value> {
        let params = json!({ "protocolVersion": VERSION, "capabilities": {}, "clientInfo": { "name": "contract", "version": "1" } });
        let result = self.result("initialize", &params)?;
        self.post(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))?.expect(&[202])?;
        Ok(result)
    }

    /// Expects that nothing has come: the next message is the answer to a ping that is sent now.
    ///
    /// # Errors
    /// Where something else comes.
    pub fn expect_silence(&mut self) -> Result<()> {
        ensure!(self.result("ping", &json!({}))? == json!({}), "ping");
        Ok(())
    }
}
