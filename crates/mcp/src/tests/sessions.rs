//! Sessions: what a client declared when it opened one counts for its later requests, and for nobody else's.

use http::HeaderValue;

use super::*;

const FORM: ClientCapabilities =
    ClientCapabilities { elicitation_form: true, elicitation_url: false, roots: false, sampling: false };

fn with_session() -> Scripted {
    Scripted::with(|script| script.session = Some("session-1"))
}

fn initialize(revision: &str) -> Value {
    let params = json!({"protocolVersion": revision, "capabilities": {"elicitation": {}}});
    legacy("initialize", params)
}

#[test]
fn a_session_id_is_given_with_the_answer_to_initialize_and_with_no_other() {
    let server = with_session();
    for revision in LEGACY {
        let response = server.send(post(&[], initialize(revision).to_string().into_bytes()));
        assert_eq!(response.headers().get("mcp-session-id"), Some(&HeaderValue::from_static("session-1")));
        assert_eq!(response.headers().len(), 4);
        for (method, params) in [("tools/list", json!({})), ("ping", json!({})), ("initialize", json!({}))] {
            let request = request(revision, method, &params, &[("mcp-session-id", "session-1")]);
            let response = server.send(request);
            assert_eq!(response.headers().get("mcp-session-id"), None, "{revision} {method}");
        }
    }
    let request = request(MODERN, "server/discover", &json!({}), &[]);
    let response = server.send(request);
    assert_eq!(response.headers().get("mcp-session-id"), None);
}

#[test]
fn a_server_without_sessions_names_none_and_one_that_no_header_can_hold_is_left_out() {
    for session in [None, Some("line\nbreak")] {
        let server = Scripted::with(|script| script.session = session);
        let response = server.send(post(&[], initialize("2025-11-25").to_string().into_bytes()));
        assert_eq!((response.status().as_u16(), response.headers().get("mcp-session-id")), (200, None));
    }
}

#[test]
fn what_was_declared_counts_where_the_session_is_named() {
    let none = ClientCapabilities::default();
    let table: [(&[&str], Option<&str>, ClientCapabilities); 4] = [
        (&["session-1"], Some("session-1"), FORM),
        (&["other"], None, none),
        (&["session-1", "session-1"], None, none),
        (&[], None, none),
    ];
    for (sent, session, declared) in table {
        let server = with_session();
        server.post(&[], &initialize("2025-11-25"));
        let more: Vec<_> = sent.iter().map(|id| ("mcp-session-id", *id)).collect();
        let request = request("2025-11-25", "tools/call", &json!({"name": "echo"}), &more);
        assert_eq!(server.answer(request).0, 200, "{sent:?}");
        let client = server.client();
        assert_eq!((client.key().session.as_deref(), client.capabilities()), (session, declared), "{sent:?}");
        assert_eq!(client.revision(), Revision::V2025_11_25);
    }
}

#[test]
fn the_stateless_revision_knows_no_session_and_takes_what_the_request_declares() {
    let server = with_session();
    server.post(
        &[],
        &legacy("initialize", json!({"protocolVersion": "2025-11-25", "capabilities": {"sampling": {}}})),
    );
    let request = request(MODERN, "tools/call", &json!({"name": "echo"}), &[("mcp-session-id", "session-1")]);
    assert_eq!(server.answer(request).0, 200);
    let client = server.client();
    assert_eq!((client.key().session.as_deref(), client.capabilities()), (None, FORM));
}

#[test]
fn a_request_of_the_earlier_revisions_declares_nothing_of_its_own() {
    let server = with_session();
    server.post(&[], &initialize("2025-06-18"));
    let declared =
        json!({"_meta": {"io.modelcontextprotocol/clientCapabilities": {"sampling": {}}}, "name": "echo"});
    let headers = [("mcp-protocol-version", "2025-06-18"), ("mcp-session-id", "session-1")];
    assert_eq!(server.post(&headers, &legacy("tools/call", declared)).0, 200);
    assert_eq!(server.client().capabilities(), FORM);
}
