//! What a call says on its way, and the stream that carries it.

use std::sync::atomic::Ordering;

use http_body_util::BodyExt as _;

use super::*;

/// The call of the tool that says this, with metadata.
fn speaking(say: &Value, meta: &Value) -> Value {
    json!({"name": "speak", "arguments": {"say": say}, "_meta": meta})
}

fn progress(token: &Value, done: u32) -> Value {
    json!({
        "jsonrpc": "2.0", "method": "notifications/progress",
        "params": {"progressToken": token, "progress": done, "total": 9, "message": "so far"},
    })
}

/// Sends the call and gives what came as a stream.
fn streamed(revision: &str, params: &Value) -> Vec<Value> {
    let request = request(revision, "tools/call", params, &[BOTH]);
    Scripted::default().stream(request)
}

/// Sends the call with this `Accept` and gives what came as JSON.
fn plain(revision: &str, params: &Value, accept: &str) -> (u16, Value) {
    let request = request(revision, "tools/call", params, &[("accept", accept)]);
    Scripted::default().answer(request)
}

#[test]
fn progress_comes_before_the_result_in_the_order_it_was_made() {
    for revision in every_revision() {
        for token in [json!("t"), json!(""), json!(0), json!(-7), json!(u64::MAX), json!("x".repeat(256))] {
            let said = streamed(revision, &speaking(&json!([1, 2, 9]), &json!({"progressToken": token})));
            let mut expected: Vec<Value> = [1, 2, 9].map(|done| progress(&token, done)).into();
            if revision == "2024-11-05" {
                for notification in &mut expected {
                    notification["params"].as_object_mut().unwrap().remove("message");
                }
            }
            assert_eq!(said[..3], expected, "{revision} {token}");
            assert_eq!((said.len(), &said[3]["id"]), (4, &json!(7)), "{revision} {token}");
            assert_eq!(said[3]["result"]["content"][0]["text"], "said");
        }
    }
}

#[test]
fn progress_only_ever_increases() {
    for (say, told) in
        [(json!([0, 0, 1, 1]), vec![0, 1]), (json!([5, 3, 5, 6]), vec![5, 6]), (json!([9, 1, 2]), vec![9])]
    {
        let said = streamed("2025-11-25", &speaking(&say, &json!({"progressToken": 1})));
        let done: Vec<_> =
            said[..said.len() - 1].iter().map(|one| one["params"]["progress"].clone()).collect();
        assert_eq!(json!(done), json!(told), "{say}");
    }
}

#[test]
fn a_total_that_is_not_known_is_left_out() {
    let said = streamed(MODERN, &speaking(&json!(["without a total"]), &json!({"progressToken": 1})));
    assert_eq!(said[0]["params"], json!({"progressToken": 1, "progress": 1, "message": "so far"}));
}

#[test]
fn without_a_token_that_is_one_nothing_is_told_and_the_answer_is_json() {
    let table = [
        json!({}),
        json!({"progressToken": null}),
        json!({"progressToken": 1.5}),
        json!({"progressToken": true}),
        json!({"progressToken": ["t"]}),
        json!({"progressToken": "x".repeat(257)}),
        json!({"progresstoken": "t"}),
    ];
    for meta in table {
        for revision in every_revision() {
            let (status, body) = plain(revision, &speaking(&json!([1, 2]), &meta), BOTH.1);
            assert_eq!((status, &body["result"]["content"][0]["text"]), (200, &json!("said")), "{meta}");
        }
    }
}

#[test]
fn a_client_that_does_not_name_event_streams_gets_json() {
    let params = speaking(&json!([1, 2]), &json!({"progressToken": "t"}));
    for accept in
        ["*/*", "application/json", "text/*, application/json", "application/json, text/event-stream;q=0"]
    {
        for revision in every_revision() {
            let (status, body) = plain(revision, &params, accept);
            assert_eq!((status, &body["result"]["content"][0]["text"]), (200, &json!("said")), "{accept}");
        }
    }
}

#[test]
fn a_call_that_says_nothing_is_answered_as_json_with_its_status() {
    let meta = json!({"progressToken": "t"});
    for revision in every_revision() {
        let (status, body) = plain(revision, &speaking(&json!([]), &meta), BOTH.1);
        assert_eq!((status, body.get("error")), (200, None), "{revision}");
        let (status, body) = plain(revision, &speaking(&json!(["unavailable"]), &meta), BOTH.1);
        assert_eq!((status, &body["error"]["code"]), (503, &json!(-32603)), "{revision}");
    }
    let (status, body) = plain(MODERN, &json!({"name": "echo", "arguments": 1}), BOTH.1);
    assert_eq!((status, &body["error"]["code"]), (200, &json!(-32602)));
}

#[test]
fn an_error_after_something_was_said_is_the_last_event() {
    for revision in every_revision() {
        let said = streamed(revision, &speaking(&json!([1, "unavailable"]), &json!({"progressToken": "t"})));
        assert_eq!((said.len(), &said[1]["id"], &said[1]["error"]["code"]), (2, &json!(7), &json!(-32603)));
    }
}

#[test]
fn log_messages_go_to_clients_that_have_not_refused_them() {
    let log = |level: &str| json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": level, "data": "text"}});
    for revision in LEGACY {
        let said = streamed(revision, &speaking(&json!(["debug", "error"]), &json!({})));
        assert_eq!(said[..2], [log("debug"), log("error")], "{revision}");
    }
}

#[test]
fn log_messages_of_the_stateless_revision_are_those_the_request_asks_for() {
    let level = "io.modelcontextprotocol/logLevel";
    let table = [
        (json!({}), 0),
        (json!({level: "debug"}), 2),
        (json!({level: "error"}), 1),
        (json!({level: "emergency"}), 0),
        (json!({level: "loud"}), 0),
        (json!({level: 3}), 0),
    ];
    for (meta, expected) in table {
        let params = speaking(&json!(["debug", "error"]), &meta);
        let request = request(MODERN, "tools/call", &params, &[BOTH]);
        let response = Scripted::default().send(request);
        let is_stream = response.headers()["content-type"] == "text/event-stream";
        assert_eq!(is_stream, expected > 0, "{meta}");
        let messages = if is_stream { events(response.body()).len() - 1 } else { 0 };
        assert_eq!(messages, expected, "{meta}");
    }
}

#[test]
fn what_is_said_is_there_before_the_call_ends_and_leaving_drops_the_call() {
    for revision in every_revision() {
        let server = Scripted::default();
        let params = json!({"name": "wait", "arguments": {"say": [1, 2]}, "_meta": {"progressToken": "t"}});
        let request = request(revision, "tools/call", &params, &[BOTH]);
        let mut body = server.begin(request).into_body();
        for done in ["\"progress\":1", "\"progress\":2"] {
            let frame = run(body.frame()).expect("said already").unwrap().unwrap();
            let data = frame.into_data().unwrap();
            assert!(std::str::from_utf8(&data).unwrap().contains(done), "{revision} {data:?}");
        }
        assert!(run(body.frame()).is_none(), "the call goes on");
        assert!(!server.dropped.load(Ordering::SeqCst));
        drop(body);
        assert!(server.dropped.load(Ordering::SeqCst), "{revision}");
    }
}

#[test]
fn leaving_before_anything_was_said_drops_the_call_too() {
    let server = Scripted::default();
    let request = request(MODERN, "tools/call", &json!({"name": "wait"}), &[BOTH]);
    let mut answer = Box::pin(handle(server.server(), request));
    assert!(run(answer.as_mut()).is_none(), "the call goes on");
    assert!(!server.dropped.load(Ordering::SeqCst));
    drop(answer);
    assert!(server.dropped.load(Ordering::SeqCst));
}

#[test]
fn a_batch_tells_progress_of_each_call_and_answers_last() {
    let call = |id: u32| json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": speaking(&json!([1]), &json!({"progressToken": id}))});
    let said = Scripted::default().stream(post(&[BOTH], json!([call(1), call(2)]).to_string().into_bytes()));
    assert_eq!(said[..2], [progress(&json!(1), 1), progress(&json!(2), 1)]);
    let ids: Vec<_> = said[2].as_array().unwrap().iter().map(|answer| answer["id"].clone()).collect();
    assert_eq!((said.len(), ids), (3, vec![json!(1), json!(2)]));
}

#[test]
fn a_stream_carries_the_headers_of_every_answer() {
    let request = request(
        "2025-11-25",
        "tools/call",
        &json!({"name": "speak", "arguments": {"say": ["debug"]}}),
        &[BOTH],
    );
    let response = Scripted::default().send(request);
    assert_eq!(response.headers().len(), 4);
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
}

#[test]
fn the_level_of_log_messages_is_one_of_eight() {
    for level in ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"] {
        for revision in LEGACY {
            let server = Scripted::offering_everything();
            assert_eq!(result(&server, revision, "logging/setLevel", json!({"level": level})), json!({}));
            assert_eq!(server.heard.lock().unwrap().levels, [level]);
        }
    }
    for params in [json!({}), json!({"level": "loud"}), json!({"level": 1})] {
        let server = Scripted::offering_everything();
        let (status, body) = ask(&server, "2025-11-25", "logging/setLevel", params);
        assert_eq!((status, &body["error"]["code"]), (200, &json!(-32602)));
        assert_eq!(server.last_refusal(), Some(ProtocolRefusal::LogLevel));
        assert!(server.heard.lock().unwrap().levels.is_empty());
    }
}
