//! Results that ask for something first, and the state that comes back with the answer.
//!
//! Source: MCP 2026-07-28, "Multi Round-Trip Requests"; MCP 2025-11-25, "URL Elicitation Required Errors".
//!
//! Invariants:
//! * a state that comes back is opened by the application, which sealed it: it counts for one caller, for a while, once;
//! * it counts only for the very request it was given for: method and parameters are part of it, as a digest;
//! * a client is never asked what it did not declare.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::client::ClientCapabilities;
use crate::message::META;
use crate::refusal::Refusal;

/// What a client can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// To fill in a form (`elicitation/create`).
    ElicitForm,
    /// To send its person to a URL (`elicitation/create`, mode `url`).
    ElicitUrl,
    /// For its roots (`roots/list`).
    Roots,
    /// To have its model say something (`sampling/createMessage`).
    Sampling,
}

impl InputKind {
    /// The method on the wire.
    #[must_use]
    pub const fn method(self) -> &'static str {
        match self {
            Self::ElicitForm | Self::ElicitUrl => "elicitation/create",
            Self::Roots => "roots/list",
            Self::Sampling => "sampling/createMessage",
        }
    }

    pub(crate) const fn is_declared(self, by: ClientCapabilities) -> bool {
        match self {
            Self::ElicitForm => by.elicitation_form,
            Self::ElicitUrl => by.elicitation_url,
            Self::Roots => by.roots,
            Self::Sampling => by.sampling,
        }
    }
}

/// One thing the client is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct InputRequest {
    /// Names it among those of one result; the answer comes under the same name.
    pub name: &'static str,
    /// What is asked.
    pub kind: InputKind,
    /// The parameters of the method.
    pub params: Map<String, Value>,
}

impl InputRequest {
    /// Asks the client to send its person to a URL.
    #[must_use]
    pub fn url(name: &'static str, url: &str, message: &str) -> Self {
        let params = [("mode", "url"), ("url", url), ("message", message)];
        let params = params.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        Self { name, kind: InputKind::ElicitUrl, params }
    }
}

/// A call that needs something of the client before it can be done.
#[derive(Clone, Debug)]
pub struct InputRequired<T> {
    /// What it needs. None only where the state alone must come back.
    pub requests: Vec<InputRequest>,
    /// What the application wants to know again when the answer comes; with a state the call can be continued once.
    pub state: Option<Vec<u8>>,
    /// The end of the call for a client that cannot be asked.
    pub otherwise: Result<T, Refusal>,
}

/// How a call ended for now.
#[derive(Clone, Debug)]
pub enum Answered<T> {
    /// With its result.
    Complete(T),
    /// With a need.
    InputRequired(Box<InputRequired<T>>),
}

/// What the client sent back for an [`InputRequired`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Input {
    /// Its answers by name, as sent: read under limits, not yet checked.
    pub responses: Map<String, Value>,
    /// The application's own state, where the client brought back one that counts.
    pub state: Option<Vec<u8>>,
}

impl Input {
    /// The person's action in answer to an elicitation: `accept`, `decline` or `cancel`.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&str> {
        self.responses.get(name)?.get("action")?.as_str()
    }
}

/// A state as the application seals it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestState {
    /// SHA-256 of method and parameters.
    pub request: [u8; 32],
    /// The application's own.
    pub state: Vec<u8>,
}

/// SHA-256 over the method and the parameters that decide what the call does, in canonical JSON (RFC 8785). `None` where
/// they have no such form.
pub(crate) fn digest(method: &str, params: &Map<String, Value>) -> Option<[u8; 32]> {
    let decide = |name: &str| !matches!(name, META | "inputResponses" | "requestState");
    let decisive: Map<String, Value> = params
        .iter()
        .filter(|(name, _)| decide(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let canonical = serde_json_canonicalizer::to_vec(&json!([method, decisive])).ok()?;
    Some(Sha256::digest(canonical).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(params: &Value) -> [u8; 32] {
        digest("tools/call", params.as_object().unwrap()).unwrap()
    }

    #[test]
    fn a_digest_is_of_what_decides_the_call_and_of_nothing_else() {
        let call = of(&json!({ "name": "send", "arguments": { "a": 1, "b": 2 } }));
        assert_eq!(call, of(&json!({ "arguments": { "b": 2, "a": 1 }, "name": "send" })));
        assert_eq!(
            call,
            of(&json!({
                "name": "send", "arguments": { "a": 1, "b": 2 }, "_meta": {}, "requestState": "x", "inputResponses": {},
            }))
        );
        for other in [
            json!({ "name": "send", "arguments": { "a": 1, "b": 3 } }),
            json!({ "name": "sent", "arguments": { "a": 1, "b": 2 } }),
            json!({ "name": "send" }),
            json!({ "name": "send", "arguments": { "a": 1, "b": 2 }, "extra": 1 }),
        ] {
            assert_ne!(call, of(&other), "{other}");
        }
        assert_ne!(Some(call), digest("prompts/get", &Map::new()));
    }
}
