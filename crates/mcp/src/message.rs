//! The JSON-RPC envelope: what kind of message a value is.
//!
//! Source: JSON-RPC 2.0 sections 4 and 5, narrowed by MCP: ids are strings or integers and never null, parameters
//! are given by name, and a message that asks for an effect is a request, never a notification.

use serde::Serialize;
use serde_json::{Map, Number, Value};

use crate::refusal::ProtocolRefusal;

/// Longest id in text form; it is echoed, so its length is bounded.
pub(crate) const MAX_ID_BYTES: usize = 256;
/// Key in `params` under which a message carries its metadata.
pub(crate) const META: &str = "_meta";
/// Key in the metadata under which a message names its revision.
pub(crate) const META_REVISION: &str = "io.modelcontextprotocol/protocolVersion";

/// The id of a request, echoed in its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Id {
    /// Text of at most 256 bytes.
    Text(String),
    /// An integer of 64 bits.
    Integer(Number),
}

/// A message from the client.
#[derive(Debug)]
pub(crate) enum Message {
    /// Wants an answer.
    Request(Request),
    /// Wants none.
    Notification {
        /// What it is about.
        method: String,
        /// Its parameters.
        params: Map<String, Value>,
    },
    /// Answers a request of ours.
    Response {
        /// Which one; none where the other side could not read it.
        id: Option<Id>,
        /// The result; none where it is an error.
        result: Option<Value>,
    },
}

/// A request in good form.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) id: Id,
    pub(crate) method: String,
    pub(crate) params: Map<String, Value>,
}

impl Request {
    /// Whether the request's own metadata names a revision, sensible or not.
    pub(crate) fn names_revision(&self) -> bool {
        self.params.get(META).and_then(Value::as_object).is_some_and(|meta| meta.contains_key(META_REVISION))
    }
}

/// Sorts a value, or says why it is no message, with the id where one can be read.
pub(crate) fn read(value: Value) -> Result<Message, (Option<Id>, ProtocolRefusal)> {
    let Value::Object(mut members) = value else { return Err((None, ProtocolRefusal::NotAnObject)) };
    let id = match members.remove("id").map(read_id) {
        Some(None) => return Err((None, ProtocolRefusal::Id)),
        Some(id) => id,
        None => None,
    };
    match sort(members, id.as_ref()) {
        Ok(Sorted::Call { method, params }) => Ok(match id {
            Some(id) => Message::Request(Request { id, method, params }),
            None => Message::Notification { method, params },
        }),
        Ok(Sorted::Response(result)) => Ok(Message::Response { id, result }),
        Err(refusal) => Err((id, refusal)),
    }
}

enum Sorted {
    Call { method: String, params: Map<String, Value> },
    Response(Option<Value>),
}

fn sort(mut members: Map<String, Value>, id: Option<&Id>) -> Result<Sorted, ProtocolRefusal> {
    if members.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(ProtocolRefusal::JsonRpcVersion);
    }
    let answers = usize::from(members.contains_key("result")) + usize::from(members.contains_key("error"));
    let method = match (members.remove("method"), answers) {
        (Some(Value::String(method)), 0) => method,
        // Errors may come without an id: the other side could not read ours.
        (None, 1) if id.is_some() || members.contains_key("error") => {
            return Ok(Sorted::Response(members.remove("result")));
        }
        _ => return Err(ProtocolRefusal::NoMethod),
    };
    let params = match members.remove("params") {
        None => Map::new(),
        Some(Value::Object(params)) => params,
        Some(_) => return Err(ProtocolRefusal::Params),
    };
    if id.is_none() && !method.starts_with("notifications/") {
        return Err(ProtocolRefusal::MissingId);
    }
    Ok(Sorted::Call { method, params })
}

/// The id, where the value is one.
pub(crate) fn read_id(value: Value) -> Option<Id> {
    match value {
        Value::String(text) if text.len() <= MAX_ID_BYTES => Some(Id::Text(text)),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(Id::Integer(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(value: Value) -> ProtocolRefusal {
        read(value).unwrap_err().1
    }

    #[test]
    fn a_request_has_an_id_a_method_and_parameters_by_name() {
        let Ok(Message::Request(request)) = read(json!({"jsonrpc": "2.0", "id": "a", "method": "ping"}))
        else {
            panic!("a request");
        };
        assert_eq!(
            (request.id, request.method.as_str(), request.params.len()),
            (Id::Text("a".into()), "ping", 0)
        );
        assert_eq!(
            refusal(json!({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1]})),
            ProtocolRefusal::Params
        );
        assert_eq!(
            refusal(json!({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": null})),
            ProtocolRefusal::Params
        );
        assert_eq!(refusal(json!({"jsonrpc": "2.0", "id": 1, "method": 1})), ProtocolRefusal::NoMethod);
        assert_eq!(refusal(json!({"jsonrpc": "2.0", "id": 1})), ProtocolRefusal::NoMethod);
        assert_eq!(
            refusal(json!({"jsonrpc": 2.0, "id": 1, "method": "ping"})),
            ProtocolRefusal::JsonRpcVersion
        );
        assert_eq!(refusal(json!({"id": 1, "method": "ping"})), ProtocolRefusal::JsonRpcVersion);
        assert_eq!(refusal(json!("ping")), ProtocolRefusal::NotAnObject);
    }

    #[test]
    fn ids_are_short_texts_or_integers() {
        for id in [json!(0), json!(-1), json!(u64::MAX), json!(""), json!("x".repeat(MAX_ID_BYTES))] {
            assert!(
                matches!(
                    read(json!({"jsonrpc": "2.0", "id": id, "method": "ping"})),
                    Ok(Message::Request(_))
                ),
                "{id}"
            );
        }
        for id in [
            json!(null),
            json!(1.5),
            json!(1.0),
            json!({}),
            json!([1]),
            json!(true),
            json!("x".repeat(MAX_ID_BYTES + 1)),
        ] {
            assert_eq!(
                refusal(json!({"jsonrpc": "2.0", "id": id, "method": "ping"})),
                ProtocolRefusal::Id,
                "{id}"
            );
        }
    }

    #[test]
    fn only_notifications_come_without_an_id() {
        assert!(matches!(
            read(json!({"jsonrpc": "2.0", "method": "notifications/x"})),
            Ok(Message::Notification { .. })
        ));
        assert_eq!(refusal(json!({"jsonrpc": "2.0", "method": "tools/call"})), ProtocolRefusal::MissingId);
    }

    #[test]
    fn a_message_either_asks_or_answers() {
        assert!(matches!(
            read(json!({"jsonrpc": "2.0", "id": 1, "result": {}})),
            Ok(Message::Response { .. })
        ));
        assert!(matches!(read(json!({"jsonrpc": "2.0", "error": {}})), Ok(Message::Response { .. })));
        assert_eq!(refusal(json!({"jsonrpc": "2.0", "result": {}})), ProtocolRefusal::NoMethod);
        assert_eq!(
            refusal(json!({"jsonrpc": "2.0", "id": 1, "result": {}, "error": {}})),
            ProtocolRefusal::NoMethod
        );
        assert_eq!(
            refusal(json!({"jsonrpc": "2.0", "id": 1, "method": "ping", "result": {}})),
            ProtocolRefusal::NoMethod
        );
    }

    #[test]
    fn a_refusal_names_the_request_wherever_its_id_can_be_read() {
        let (id, _) = read(json!({"jsonrpc": "1.0", "id": 7, "method": "ping"})).unwrap_err();
        assert_eq!(id, Some(Id::Integer(7.into())));
        let (id, _) = read(json!({"jsonrpc": "2.0", "id": null, "method": "ping"})).unwrap_err();
        assert_eq!(id, None);
    }
}
