//! Calls that are no longer wanted: who is told, and what they leave behind.

use super::*;

fn cancelled(id: &Value) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id, "reason": "enough"}})
}

fn with_session() -> Scripted {
    Scripted::with(|script| script.session = Some("session-1"))
}

#[test]
fn a_cancellation_of_the_earlier_revisions_names_a_request_of_its_session() {
    let table = [(Some("session-1"), Some("session-1")), (Some("other"), None), (None, None)];
    for (sent, expected) in table {
        for revision in LEGACY.into_iter().map(Some).chain([None]) {
            for (id, text) in
                [(json!(7), "7"), (json!("7"), "\"7\""), (json!(u64::MAX), "18446744073709551615")]
            {
                let server = with_session();
                let mut headers = Vec::new();
                headers.extend(revision.map(|revision| ("mcp-protocol-version", revision)));
                headers.extend(sent.map(|id| ("mcp-session-id", id)));
                assert_eq!(server.post(&headers, &cancelled(&id)), (202, Value::Null));
                let key = CallKey { session: expected.map(str::to_owned), id: text.to_owned() };
                assert_eq!(server.heard.lock().unwrap().cancelled, [key], "{revision:?} {sent:?}");
            }
        }
    }
}

#[test]
fn the_key_of_a_call_is_what_a_cancellation_names() {
    for session in [None, Some("session-1")] {
        for id in [json!(7), json!("7"), json!("é\"")] {
            let server = with_session();
            let mut headers = vec![("mcp-protocol-version", "2025-11-25")];
            headers.extend(session.map(|id| ("mcp-session-id", id)));
            let call =
                json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "echo"}});
            assert_eq!(server.post(&headers, &call).0, 200);
            assert_eq!(server.post(&headers, &cancelled(&id)).0, 202);
            let key = server.client().key().clone();
            assert_eq!(server.heard.lock().unwrap().cancelled, [key]);
        }
    }
}

#[test]
fn a_cancellation_that_names_nothing_or_comes_statelessly_cancels_nothing() {
    for id in [json!(null), json!(1.5), json!({}), json!("x".repeat(257))] {
        let server = Scripted::default();
        assert_eq!(server.post(&[], &cancelled(&id)), (202, Value::Null), "{id}");
        assert!(server.heard.lock().unwrap().cancelled.is_empty(), "{id}");
    }
    let server = with_session();
    let headers = [("mcp-protocol-version", MODERN), ("mcp-session-id", "session-1")];
    assert_eq!(server.post(&headers, &cancelled(&json!(7))), (202, Value::Null));
    assert_eq!(server.post(&[], &json!({"jsonrpc": "2.0", "method": "notifications/cancelled"})).0, 202);
    assert_eq!(
        server
            .post(
                &[],
                &json!({"jsonrpc": "2.0", "method": "notifications/canceled", "params": {"requestId": 7}})
            )
            .0,
        202
    );
    assert_eq!(server.post(&[("mcp-protocol-version", "2000-01-01")], &cancelled(&json!(7))).0, 400);
    assert!(server.heard.lock().unwrap().cancelled.is_empty());
}

#[test]
fn a_batch_can_cancel_too() {
    let server = with_session();
    let batch = json!([cancelled(&json!(1)), cancelled(&json!("b"))]);
    assert_eq!(server.post(&[("mcp-session-id", "session-1")], &batch), (202, Value::Null));
    let heard = server.heard.lock().unwrap();
    let ids: Vec<_> = heard.cancelled.iter().map(|key| key.id.as_str()).collect();
    assert_eq!(ids, ["1", "\"b\""]);
    assert!(heard.cancelled.iter().all(|key| key.session.as_deref() == Some("session-1")));
}

#[test]
fn a_cancelled_call_leaves_no_reply() {
    let call = json!({"name": "speak", "arguments": {"say": ["cancelled"]}, "_meta": {"progressToken": 1}});
    for revision in every_revision() {
        for more in [&[][..], &[BOTH]] {
            let request = request(revision, "tools/call", &call, more);
            let server = Scripted::default();
            assert_eq!(server.answer(request), (202, Value::Null), "{revision}");
            assert_eq!(server.last_refusal(), None);
        }
    }
}

#[test]
fn a_call_that_is_cancelled_after_it_said_something_ends_its_stream_without_a_reply() {
    let call =
        json!({"name": "speak", "arguments": {"say": [1, "cancelled"]}, "_meta": {"progressToken": 1}});
    for revision in every_revision() {
        let request = request(revision, "tools/call", &call, &[BOTH]);
        let said = Scripted::default().stream(request);
        assert_eq!((said.len(), &said[0]["method"]), (1, &json!("notifications/progress")), "{revision}");
    }
}

#[test]
fn a_cancelled_call_leaves_its_place_in_a_batch_empty() {
    let call = |id: u32, name: &str| {
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": {"name": name, "arguments": {"say": ["cancelled"]}}})
    };
    let (status, body) = Scripted::default().post(&[], &json!([call(1, "speak"), call(2, "echo")]));
    assert_eq!((status, body.as_array().map(Vec::len), &body[0]["id"]), (200, Some(1), &json!(2)));
    assert_eq!(Scripted::default().post(&[], &json!([call(1, "speak")])), (202, Value::Null));
}

#[test]
fn leaving_cancels_in_the_stateless_revision_only() {
    for revision in every_revision() {
        let server = Scripted::default();
        result(&server, revision, "tools/call", json!({"name": "echo"}));
        assert_eq!(server.client().cancels_by_leaving(), revision == MODERN, "{revision}");
    }
}
