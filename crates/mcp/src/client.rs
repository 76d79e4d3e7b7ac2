//! The client behind one request: what it speaks, what it declared, and the way to tell it something before the
//! answer.
//!
//! Source: MCP, "Progress", "Logging", "Client Capabilities" of each revision; MCP up to 2025-11-25, requests of the
//! server within the event stream of a POST.
//!
//! Invariant: nothing is said to a client that did not ask for it: progress needs a token, an event stream needs an
//! `Accept` that names it, and a request of ours needs a declared capability.

use std::sync::Mutex;
use std::sync::PoisonError;

use futures_channel::mpsc::UnboundedSender;
use serde_json::{Map, Value, json};

use crate::input::{Input, InputKind};
use crate::message::{Id, META};
use crate::revision::{Era, Revision};
use crate::server::Server;

/// Key in the metadata of a stateless request under which the client asks for log messages.
const META_LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// Levels of log messages, lowest first.
pub(crate) const LOG_LEVELS: [&str; 8] =
    ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];
/// Longest progress token in text form; it is echoed with every notification.
const MAX_TOKEN_BYTES: usize = 256;

/// What a client can be asked, as it declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the independent capabilities of the specification")]
pub struct ClientCapabilities {
    /// To fill in a form.
    pub elicitation_form: bool,
    /// To send its person to a URL.
    pub elicitation_url: bool,
    /// For its roots.
    pub roots: bool,
    /// To have its model say something.
    pub sampling: bool,
}

impl ClientCapabilities {
    /// Reads `ClientCapabilities`. An `elicitation` without modes means forms (MCP 2025-11-25, "Elicitation").
    #[must_use]
    pub fn parse(declared: &Map<String, Value>) -> Self {
        let elicitation = declared.get("elicitation").and_then(Value::as_object);
        let mode = |name| elicitation.is_some_and(|modes| modes.get(name).is_some_and(Value::is_object));
        Self {
            elicitation_form: mode("form") || elicitation.is_some_and(|modes| !modes.contains_key("url")),
            elicitation_url: mode("url"),
            roots: declared.get("roots").is_some_and(Value::is_object),
            sampling: declared.get("sampling").is_some_and(Value::is_object),
        }
    }
}

/// Names one request of one caller, so that the caller can cancel it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallKey {
    /// The session it came in, where there is one.
    pub session: Option<String>,
    /// The JSON-RPC id as JSON text.
    pub id: String,
}

/// The session a request came in: what the client declared when it opened it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// Its id, where the client named one of ours.
    pub id: Option<String>,
    /// What the client declared.
    pub capabilities: ClientCapabilities,
}

/// Where messages before the answer go.
pub(crate) type Outbox = UnboundedSender<Vec<u8>>;

/// The client behind one request.
#[derive(Debug)]
pub struct Client {
    revision: Revision,
    key: CallKey,
    capabilities: ClientCapabilities,
    input: Option<Input>,
    progress: Option<(Value, Mutex<Option<u32>>)>,
    /// The lowest level of log messages it wants, as a place in [`LOG_LEVELS`].
    lowest_level: Option<usize>,
    outbox: Option<Outbox>,
}

/// Why the client did not answer a request of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// It did not declare that it can be asked this, or not in a way that can be answered.
    #[error("the client cannot be asked this")]
    Unable,
    /// It went away, or answered with an error.
    #[error("the client did not answer")]
    Unanswered,
}

impl Client {
    /// The client of a request in this session, as the request's parameters describe it.
    pub(crate) fn new(revision: Revision, id: &Id, session: Session, outbox: Option<Outbox>) -> Self {
        let id = serde_json::to_string(id).unwrap_or_default();
        Self {
            revision,
            key: CallKey { session: session.id, id },
            capabilities: session.capabilities,
            input: None,
            progress: None,
            // In the revisions with `initialize` the level is set for the server, which keeps it.
            lowest_level: (revision.era() == Era::Legacy).then_some(0),
            outbox,
        }
    }

    /// What the request's metadata says: progress token and, without a session, capabilities and log level.
    pub(crate) fn read_meta(&mut self, params: &Map<String, Value>, declared: &Map<String, Value>) {
        let meta = params.get(META).and_then(Value::as_object);
        let token = meta.and_then(|meta| meta.get("progressToken")).filter(|token| match token {
            Value::String(text) => text.len() <= MAX_TOKEN_BYTES,
            Value::Number(number) => number.is_i64() || number.is_u64(),
            _ => false,
        });
        self.progress = token.map(|token| (token.clone(), Mutex::default()));
        if self.revision.era() == Era::Modern {
            self.capabilities = ClientCapabilities::parse(declared);
            let named = meta.and_then(|meta| meta.get(META_LOG_LEVEL)).and_then(Value::as_str);
            self.lowest_level = named.and_then(place_of_level);
        }
    }

    pub(crate) fn with_input(self, input: Option<Input>) -> Self {
        Self { input, ..self }
    }

    /// The revision it speaks.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// What names the request.
    #[must_use]
    pub const fn key(&self) -> &CallKey {
        &self.key
    }

    /// What it declared.
    #[must_use]
    pub const fn capabilities(&self) -> ClientCapabilities {
        self.capabilities
    }

    /// What it answered to an earlier [`crate::InputRequired`].
    #[must_use]
    pub const fn input(&self) -> Option<&Input> {
        self.input.as_ref()
    }

    /// Whether leaving means cancelling: since 2026-07-28 a client cancels by closing the answer, before it must say so
    /// (MCP, "Cancellation").
    #[must_use]
    pub fn cancels_by_leaving(&self) -> bool {
        self.revision.era() == Era::Modern
    }

    /// Tells how far the call has come, if the client asked to know. A number that is not above the one before is not
    /// told: progress must increase.
    pub fn progress(&self, done: u32, total: Option<u32>, message: &str) {
        let Some((token, last)) = &self.progress else { return };
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| done <= last) {
            return;
        }
        *last = Some(done);
        let mut params = json!({ "progressToken": token, "progress": done });
        if let Some(params) = params.as_object_mut() {
            if let Some(total) = total {
                params.insert("total".to_owned(), total.into());
            }
            // Revisions before 2025-03-26 have no message.
            if self.revision.has_annotations() {
                params.insert("message".to_owned(), message.into());
            }
        }
        self.notify("notifications/progress", &params);
    }

    /// Sends a log message of this level (RFC 5424 section 6.2.1, in words), if the client wants such.
    pub fn log(&self, level: &'static str, text: &str) {
        if self.lowest_level.is_some_and(|lowest| place_of_level(level).is_some_and(|place| place >= lowest))
        {
            self.notify("notifications/message", &json!({ "level": level, "data": text }));
        }
    }

    /// Asks the client in the middle of a call, which only the revisions with `initialize` have.
    ///
    /// # Errors
    /// [`NotAsked`]
    pub async fn ask(&self, server: &dyn Server, kind: InputKind, params: Value) -> Result<Value, NotAsked> {
        if self.revision.era() == Era::Modern || !kind.is_declared(self.capabilities) {
            return Err(NotAsked::Unable);
        }
        let outbox = self.outbox.as_ref().ok_or(NotAsked::Unable)?;
        let (id, answer) = server.question().ok_or(NotAsked::Unable)?;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": kind.method(), "params": params });
        outbox.unbounded_send(request.to_string().into_bytes()).map_err(|_| NotAsked::Unanswered)?;
        answer.await.map_err(|_| NotAsked::Unanswered)
    }

    fn notify(&self, method: &str, params: &Value) {
        let message = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        if let Some(outbox) = &self.outbox {
            // Whoever is gone needs no news.
            drop(outbox.unbounded_send(message.to_string().into_bytes()));
        }
    }
}

fn place_of_level(level: &str) -> Option<usize> {
    LOG_LEVELS.iter().position(|known| *known == level)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(declared: &Value) -> ClientCapabilities {
        ClientCapabilities::parse(declared.as_object().unwrap())
    }

    #[test]
    fn elicitation_without_modes_means_forms_and_nothing_is_assumed() {
        let none = ClientCapabilities::default();
        let form = ClientCapabilities { elicitation_form: true, ..none };
        let url = ClientCapabilities { elicitation_url: true, ..none };
        for (declared, expected) in [
            (json!({}), none),
            (json!({ "elicitation": {} }), form),
            (json!({ "elicitation": { "form": {} } }), form),
            (json!({ "elicitation": { "url": {} } }), url),
            (
                json!({ "elicitation": { "form": {}, "url": {} } }),
                ClientCapabilities { elicitation_form: true, ..url },
            ),
            (json!({ "elicitation": true, "sampling": null, "roots": [] }), none),
            (
                json!({ "sampling": {}, "roots": {} }),
                ClientCapabilities { roots: true, sampling: true, ..none },
            ),
        ] {
            assert_eq!(parsed(&declared), expected, "{declared}");
        }
    }
}
