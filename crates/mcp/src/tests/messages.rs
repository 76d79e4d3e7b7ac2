//! Messages in and out of form, batches, and the HTTP around them.

use http::HeaderValue;

use super::*;

#[test]
fn ids_come_back_as_they_were_sent() {
    for id in [json!(0), json!(-5), json!(u64::MAX), json!(""), json!("ü")] {
        let (_, body) = Scripted::default().post(&[], &json!({"jsonrpc": "2.0", "id": id, "method": "ping"}));
        assert_eq!(body, json!({"jsonrpc": "2.0", "id": id, "result": {}}));
    }
}

#[test]
fn messages_out_of_form_are_refused_with_their_id_where_it_can_be_read() {
    let table = [
        (json!({"jsonrpc": "2.0", "id": null, "method": "ping"}), Value::Null),
        (json!({"jsonrpc": "2.0", "id": 1.5, "method": "ping"}), Value::Null),
        (json!({"jsonrpc": "2.0", "id": {}, "method": "ping"}), Value::Null),
        (json!({"jsonrpc": "1.0", "id": 3, "method": "ping"}), json!(3)),
        (json!({"jsonrpc": "2.0", "id": 3}), json!(3)),
        (json!({"jsonrpc": "2.0", "id": 3, "method": "ping", "params": []}), json!(3)),
        (json!({"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "echo"}}), Value::Null),
        (json!(null), Value::Null),
        (json!("ping"), Value::Null),
    ];
    for (message, id) in table {
        let server = Scripted::default();
        let (status, body) = server.post(&[], &message);
        assert_eq!((status, &body["error"]["code"], &body["id"]), (400, &json!(-32600), &id), "{message}");
        assert_eq!(body.get("id").is_some(), !id.is_null(), "an id is given or left out, never null");
        assert!(server.last_refusal().is_some() && server.effects() == 0, "{message}");
    }
}

#[test]
fn bodies_that_are_not_strict_json_are_parse_errors() {
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{}{}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let table: [(Vec<u8>, ProtocolRefusal); 9] = [
        (b"".to_vec(), ProtocolRefusal::JsonSyntax),
        (b"{".to_vec(), ProtocolRefusal::JsonSyntax),
        (br#"{"jsonrpc":"2.0","id":1,"method":"ping"}{}"#.to_vec(), ProtocolRefusal::JsonSyntax),
        (br#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#.to_vec(), ProtocolRefusal::JsonDuplicateName),
        (br#"{"jsonrpc":"2.0","id":"\u0000","method":"ping"}"#.to_vec(), ProtocolRefusal::JsonNul),
        (br#"{"jsonrpc":"2.0","id":"\ud800","method":"ping"}"#.to_vec(), ProtocolRefusal::JsonSyntax),
        (b"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"ping\"}".to_vec(), ProtocolRefusal::JsonUtf8),
        (
            br#"{"jsonrpc":"2.0","id":99999999999999999999,"method":"ping"}"#.to_vec(),
            ProtocolRefusal::JsonNumber,
        ),
        (deep.into_bytes(), ProtocolRefusal::JsonDepth),
    ];
    for (body, expected) in table {
        let server = Scripted::default();
        let (status, answer) = server.post_bytes(&[], body);
        assert_eq!(
            (status, &answer["error"]["code"], answer.get("id")),
            (400, &json!(-32700), None),
            "{expected:?}"
        );
        assert_eq!(server.last_refusal(), Some(expected));
    }
}

#[test]
fn notifications_and_responses_are_accepted_without_an_answer() {
    let notification = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let response = json!({"jsonrpc": "2.0", "id": 1, "result": {}});
    for headers in
        [&[][..], &[("mcp-protocol-version", "2025-03-26")], &[("mcp-protocol-version", "2025-11-25")]]
    {
        for message in [&notification, &response] {
            let server = Scripted::default();
            assert_eq!(server.post(headers, message), (202, Value::Null));
            assert_eq!(server.last_refusal(), None);
        }
    }
    let server = Scripted::default();
    assert_eq!(server.post(&[("mcp-protocol-version", MODERN)], &notification), (202, Value::Null));
    let (status, body) = server.post(&[("mcp-protocol-version", MODERN)], &response);
    assert_eq!((status, &body["error"]["code"]), (400, &json!(-32600)));
    assert_eq!(server.last_refusal(), Some(ProtocolRefusal::ClientResponse));
    let (status, body) = Scripted::default().post(&[("mcp-protocol-version", "2000-01-01")], &notification);
    assert_eq!((status, &body["error"]["code"], body.get("id")), (400, &json!(-32022), None));
}

#[test]
fn a_batch_is_answered_in_the_one_revision_that_has_batches() {
    let batch = json!([
        {"jsonrpc": "2.0", "id": 1, "method": "ping"},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": "b", "method": "tools/call", "params": {"name": "echo"}},
        {"jsonrpc": "2.0", "id": 3, "method": "prompts/list"},
        {"jsonrpc": "2.0", "id": 4, "method": "initialize", "params": {"protocolVersion": "2025-03-26"}},
        modern("tools/call", json!({"name": "echo"})),
        [],
    ]);
    for headers in [&[][..], &[("mcp-protocol-version", "2025-03-26")]] {
        let server = Scripted::default();
        let (status, body) = server.post(headers, &batch);
        let answers: Vec<_> =
            body.as_array().unwrap().iter().map(|a| (a["id"].clone(), a["error"]["code"].clone())).collect();
        let expected = [
            (json!(1), Value::Null),
            (json!("b"), Value::Null),
            (json!(3), json!(-32601)),
            (json!(4), json!(-32600)),
            (json!(7), json!(-32600)),
            (Value::Null, json!(-32600)),
        ];
        assert_eq!((status, answers.as_slice()), (200, &expected[..]));
        assert_eq!((server.effects(), server.heard.lock().unwrap().refused.len()), (1, 4));
    }
    for revision in ["2024-11-05", "2025-06-18", "2025-11-25", MODERN, "2099-01-01"] {
        let server = Scripted::default();
        let (status, body) = server.post(&[("mcp-protocol-version", revision)], &batch);
        assert_eq!(
            (status, &body["error"]["code"], server.effects()),
            (400, &json!(-32600), 0),
            "{revision}"
        );
        assert_eq!(server.last_refusal(), Some(ProtocolRefusal::BatchInRevision));
    }
}

#[test]
fn a_batch_has_at_least_one_and_at_most_sixteen_messages() {
    let of = |length: usize| Value::from(vec![legacy("ping", json!({})); length]);
    let table = [
        (0, 400, Some(ProtocolRefusal::BatchEmpty)),
        (1, 200, None),
        (MAX_BATCH_MESSAGES, 200, None),
        (MAX_BATCH_MESSAGES + 1, 400, Some(ProtocolRefusal::BatchTooLong)),
    ];
    for (length, expected, refusal) in table {
        let server = Scripted::default();
        assert_eq!(server.post(&[], &of(length)).0, expected, "{length}");
        assert_eq!(server.last_refusal(), refusal, "{length}");
    }
    let silent = json!([{"jsonrpc": "2.0", "method": "notifications/initialized"}, {"jsonrpc": "2.0", "id": 1, "result": {}}]);
    assert_eq!(Scripted::default().post(&[], &silent), (202, Value::Null));
}

#[test]
fn only_a_post_of_json_for_a_client_of_json_is_read() {
    let body = || Bytes::from(legacy("ping", json!({})).to_string());
    let json = "application/json";
    let table = [
        ("POST", Some(json), None, 200),
        ("POST", Some("application/json; charset=utf-8"), Some("*/*"), 200),
        ("POST", Some(json), Some("application/json, text/event-stream"), 200),
        ("POST", Some(json), Some("text/event-stream"), 406),
        ("POST", Some("text/plain"), None, 415),
        ("POST", None, None, 415),
        ("GET", None, Some("text/event-stream"), 405),
        ("DELETE", None, None, 405),
        ("PUT", Some(json), None, 405),
        ("BREW", Some(json), None, 405),
    ];
    for (method, content_type, accept, expected) in table {
        let mut request = Request::builder().method(method).uri("/mcp");
        request =
            content_type.into_iter().fold(request, |request, value| request.header("content-type", value));
        request = accept.into_iter().fold(request, |request, value| request.header("accept", value));
        let server = Scripted::default();
        let response = server.send(request.body(body()).unwrap());
        assert_eq!(response.status().as_u16(), expected, "{method} {content_type:?} {accept:?}");
        assert_eq!(server.last_refusal().is_some(), expected != 200);
        let allow = response.headers().get("allow").map(HeaderValue::as_bytes);
        assert_eq!(allow, (expected == 405).then_some(&b"POST"[..]));
    }
}

#[test]
fn answers_carry_the_listed_headers_and_no_others() {
    let names = |response: &Response<Bytes>| {
        let mut names: Vec<_> =
            response.headers().keys().map(http::HeaderName::as_str).map(str::to_owned).collect();
        names.sort_unstable();
        names
    };
    let post = |body: Value| {
        Request::post("/mcp")
            .header("content-type", "application/json")
            .body(body.to_string().into())
            .unwrap()
    };
    let server = Scripted::default();
    let response = server.send(post(legacy("ping", json!({}))));
    assert_eq!(names(&response), ["cache-control", "content-type", "x-content-type-options"]);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    let response = server.send(post(json!({"jsonrpc": "2.0", "method": "notifications/x"})));
    assert_eq!(
        (names(&response).join(" "), response.body().len()),
        ("cache-control x-content-type-options".into(), 0)
    );
}
