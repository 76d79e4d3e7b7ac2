//! Answers that go elsewhere, and questions to the client in the middle of a call.

use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let line = |(name, value): &(&str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
    };
    lines.iter().map(line).collect()
}

/// Everything that goes to the client for one message.
fn said(server: &Scripted, lines: &[(&str, &str)], body: &str) -> Vec<Value> {
    let stream = converse(server.server(), headers(lines), Bytes::copy_from_slice(body.as_bytes()));
    let messages: Vec<_> = run(stream.collect()).expect("the script ends");
    messages.iter().map(|message| serde_json::from_slice(message).unwrap()).collect()
}

fn with_session(declared: &Value) -> Scripted {
    let server = Scripted::with(|script| script.session = Some("session-1"));
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": declared});
    assert_eq!(server.post(&[], &legacy("initialize", params)).0, 200);
    server
}

#[test]
fn a_message_gets_its_notifications_first_and_its_reply_last() {
    let call = json!({"name": "speak", "arguments": {"say": [1, 2]}, "_meta": {"progressToken": "t"}});
    let lines = [("mcp-protocol-version", "2024-11-05")];
    let said = said(&Scripted::default(), &lines, &legacy("tools/call", call).to_string());
    let progress = json!({"progressToken": "t", "progress": 1, "total": 9});
    assert_eq!((said.len(), &said[0]["params"]), (3, &progress));
    assert_eq!((&said[2]["id"], &said[2]["result"]["content"][0]["text"]), (&json!(7), &json!("said")));
}

#[test]
fn a_message_that_wants_no_answer_gets_none_and_one_out_of_form_gets_an_error() {
    let call = json!({"name": "speak", "arguments": {"say": ["cancelled"]}});
    for silent in [
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
        legacy("tools/call", call),
    ] {
        assert_eq!(said(&Scripted::default(), &[], &silent.to_string()), [] as [Value; 0], "{silent}");
    }
    for (body, code) in [("", -32700), ("[]", -32600), (r#"{"jsonrpc":"2.0","id":1,"method":"x"}"#, -32601)] {
        let server = Scripted::default();
        let said = said(&server, &[], body);
        assert_eq!((said.len(), &said[0]["error"]["code"]), (1, &json!(code)), "{body}");
        assert!(server.last_refusal().is_some(), "{body}");
    }
}

#[test]
fn leaving_a_conversation_drops_the_call() {
    let server = Scripted::default();
    let call = json!({"name": "wait", "arguments": {"say": [1]}, "_meta": {"progressToken": "t"}});
    let body = legacy("tools/call", call).to_string();
    let mut stream = Box::pin(converse(server.server(), HeaderMap::new(), body.into()));
    assert!(run(stream.next()).expect("said already").is_some());
    assert!(run(stream.next()).is_none(), "the call goes on");
    drop(stream);
    assert!(server.dropped.load(std::sync::atomic::Ordering::SeqCst));
}

/// Sends the call of the tool that asks, and gives the answer's body once the question is out.
fn asking(server: &Scripted, kind: &str, more: &[(&str, &str)]) -> Response<Body> {
    let params = json!({"name": "ask", "arguments": {"kind": kind}});
    let request = request("2025-11-25", "tools/call", &params, more);
    server.begin(request)
}

async fn next(body: &mut Body) -> Option<Value> {
    let frame = body.frame().await?.unwrap();
    events(&frame.into_data().unwrap()).pop()
}

#[test]
fn a_question_in_the_middle_of_a_call_is_answered_by_another_request() {
    let everything = json!({"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}});
    for (kind, method) in [
        ("form", "elicitation/create"),
        ("url", "elicitation/create"),
        ("sampling", "sampling/createMessage"),
        ("roots", "roots/list"),
    ] {
        let server = with_session(&everything);
        let session = ("mcp-session-id", "session-1");
        let mut body = asking(&server, kind, &[session, BOTH]).into_body();
        let question = run(next(&mut body)).expect("asked already").unwrap();
        let expected =
            json!({"jsonrpc": "2.0", "id": "question", "method": method, "params": {"about": "you"}});
        assert_eq!(question, expected);
        assert!(run(next(&mut body)).is_none(), "the call waits for the answer");
        let answer = json!({"jsonrpc": "2.0", "id": "question", "result": {"action": "accept"}});
        assert_eq!(server.post(&[session], &answer), (202, Value::Null));
        let reply = run(next(&mut body)).expect("the call goes on").unwrap();
        assert_eq!(reply["result"]["content"][0]["text"], r#"{"action":"accept"}"#, "{kind}");
        assert!(run(next(&mut body)).unwrap().is_none(), "the stream ends");
    }
}

#[test]
fn a_question_that_is_answered_with_an_error_is_not_answered() {
    let server = with_session(&json!({"elicitation": {}}));
    let mut body = asking(&server, "form", &[("mcp-session-id", "session-1"), BOTH]).into_body();
    run(next(&mut body)).expect("asked already").unwrap();
    let error = json!({"code": -1, "message": "The person has gone."});
    let answer = json!({"jsonrpc": "2.0", "id": "question", "error": error});
    assert_eq!(server.post(&[], &answer), (202, Value::Null));
    let reply = run(next(&mut body)).expect("the call goes on").unwrap();
    assert_eq!(reply["result"]["isError"], json!(true));
    assert_eq!(reply["result"]["content"][0]["text"], NotAsked::Unanswered.to_string());
}

#[test]
fn answers_to_nothing_change_nothing() {
    let server = with_session(&json!({"elicitation": {}}));
    let mut body = asking(&server, "form", &[("mcp-session-id", "session-1"), BOTH]).into_body();
    run(next(&mut body)).expect("asked already").unwrap();
    for answer in [
        json!({"jsonrpc": "2.0", "id": "other", "result": {}}),
        json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
        json!({"jsonrpc": "2.0", "error": {"code": -1, "message": "Which?"}}),
    ] {
        assert_eq!(server.post(&[], &answer), (202, Value::Null));
        assert!(run(next(&mut body)).is_none(), "{answer}");
    }
}

#[test]
fn a_client_that_cannot_be_asked_is_not() {
    let form = json!({"elicitation": {}});
    let session = ("mcp-session-id", "session-1");
    let other = json!({"elicitation": {"url": {}}, "sampling": {}});
    let table = [
        ("it did not declare it", json!({}), vec![session, BOTH]),
        ("it declared something else", other, vec![session, BOTH]),
        ("it names no session", form.clone(), vec![BOTH]),
        ("it takes no events", form.clone(), vec![session]),
        ("it only takes anything", form, vec![session, ("accept", "*/*")]),
    ];
    for (reason, declared, more) in table {
        let server = with_session(&declared);
        let body = run(asking(&server, "form", &more).into_body().collect()).expect(reason);
        let reply: Value = serde_json::from_slice(&body.unwrap().to_bytes()).expect(reason);
        assert_eq!(reply["result"]["content"][0]["text"], NotAsked::Unable.to_string(), "{reason}");
    }
}

#[test]
fn nobody_is_asked_in_the_stateless_revision_or_by_a_server_that_keeps_no_questions() {
    let call = json!({"name": "ask", "arguments": {"kind": "form"}});
    let asking = |revision| request(revision, "tools/call", &call, &[BOTH]);
    let (_, body) = with_session(&json!({})).answer(asking(MODERN));
    assert_eq!(body["result"]["content"][0]["text"], NotAsked::Unable.to_string());
    let server = Scripted::default();
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {"elicitation": {}}});
    server.post(&[], &legacy("initialize", params));
    let (_, body) = server.answer(asking("2025-11-25"));
    assert_eq!(body["result"]["content"][0]["text"], NotAsked::Unable.to_string());
}
