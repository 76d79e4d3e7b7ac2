//! Calls that need the client first: who is asked in which form, and what a state that comes back is good for.

use super::*;

const URL: &str = "https://scripted.example/connect";

/// A request of 2026-07-28 by a client that declared this.
fn declaring(server: &Scripted, declared: &Value, method: &str, mut params: Value) -> (u16, Value) {
    params["_meta"] = meta(declared);
    let name =
        params.get("name").or_else(|| params.get("uri")).and_then(Value::as_str).unwrap_or("-").to_owned();
    let headers = [("mcp-protocol-version", MODERN), ("mcp-method", method), ("mcp-name", &name)];
    server.post(&headers, &legacy(method, params))
}

fn everything() -> Value {
    json!({"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}})
}

fn need(kinds: &Value, state: Option<&str>) -> Value {
    let mut params = json!({"name": "need", "arguments": {"kinds": kinds}});
    if let Some(state) = state {
        params["arguments"]["state"] = json!(state);
    }
    params
}

#[test]
fn a_client_of_the_stateless_revision_is_asked_in_the_result() {
    let server = Scripted::default();
    let kinds = json!(["form", "url", "roots", "sampling"]);
    let (status, body) = declaring(&server, &everything(), "tools/call", need(&kinds, Some("here")));
    let expected = json!({
        "resultType": "input_required",
        "inputRequests": {
            "form": {"method": "elicitation/create", "params": {"message": "Who?"}},
            "url": {
                "method": "elicitation/create",
                "params": {"mode": "url", "url": URL, "message": "Connect first."},
            },
            "roots": {"method": "roots/list", "params": {}},
            "sampling": {"method": "sampling/createMessage", "params": {}},
        },
        "requestState": "state-0",
        "_meta": {"io.modelcontextprotocol/serverInfo": info()},
    });
    assert_eq!((status, &body["result"]), (200, &expected));
}

#[test]
fn a_state_is_left_out_where_there_is_none_and_may_come_alone() {
    let (_, body) =
        declaring(&Scripted::default(), &everything(), "tools/call", need(&json!(["form"]), None));
    assert_eq!(
        (&body["result"]["resultType"], body["result"].get("requestState")),
        (&json!("input_required"), None)
    );
    let (_, body) = declaring(&Scripted::default(), &json!({}), "tools/call", need(&json!([]), Some("here")));
    assert_eq!(
        (body["result"].get("inputRequests"), &body["result"]["requestState"]),
        (None, &json!("state-0"))
    );
}

#[test]
fn a_client_that_did_not_declare_what_is_needed_gets_what_stands_for_it() {
    let table = [
        (json!({}), "form"),
        (json!({"elicitation": {"url": {}}}), "form"),
        (json!({"elicitation": {}}), "url"),
        (json!({"elicitation": {"form": {}}}), "url"),
        (json!({"elicitation": true}), "form"),
        (json!({"elicitation": {}, "roots": {}}), "sampling"),
        (json!({"elicitation": {}, "sampling": {}}), "roots"),
    ];
    for (declared, kind) in table {
        let server = Scripted::default();
        let (status, body) = declaring(&server, &declared, "tools/call", need(&json!([kind]), Some("here")));
        let text = &body["result"]["content"][0]["text"];
        assert_eq!((status, text), (200, &json!("otherwise")), "{declared} {kind}");
        assert_eq!(body["result"]["resultType"], json!("complete"));
        let both = need(&json!(["form", "url", "roots", "sampling"]), None);
        let (_, body) = declaring(&server, &declared, "tools/call", both);
        assert_eq!(body["result"]["content"][0]["text"], json!("otherwise"), "one of several is missing");
    }
    let mut failing = need(&json!(["form"]), None);
    failing["name"] = json!("fail-or-need");
    let (status, body) = declaring(&Scripted::default(), &json!({}), "tools/call", failing);
    assert_eq!((status, &body["error"]["message"]), (200, &json!("otherwise")));
}

/// A call of an earlier revision by a client that declared this when it opened its session.
fn in_session(revision: &str, declared: &Value, params: Value) -> (u16, Value) {
    let server = Scripted::with(|script| script.session = Some("session-1"));
    server.post(&[], &legacy("initialize", json!({"protocolVersion": revision, "capabilities": declared})));
    let headers = [("mcp-protocol-version", revision), ("mcp-session-id", "session-1")];
    server.post(&headers, &legacy("tools/call", params))
}

#[test]
fn a_client_of_2025_11_25_is_sent_to_the_address_by_an_error() {
    let declared = json!({"elicitation": {"url": {}}});
    let (status, body) = in_session("2025-11-25", &declared, need(&json!(["url"]), Some("here")));
    let id = &body["error"]["data"]["elicitations"][0]["elicitationId"];
    assert_eq!(id.as_str().map(str::len), Some(43), "a digest in base64url");
    let elicitation = json!({"mode": "url", "url": URL, "message": "Connect first.", "elicitationId": id});
    assert_eq!((status, &body["error"]["code"]), (200, &json!(-32042)));
    assert_eq!(body["error"]["data"], json!({"elicitations": [elicitation]}));
}

#[test]
fn every_elicitation_of_2025_11_25_has_an_id_of_its_own() {
    let mut seen = std::collections::BTreeSet::new();
    for session in ["session-1", "session-2"] {
        for id in [json!(1), json!("1"), json!(2)] {
            let server = Scripted::with(|script| script.session = Some(session));
            let able = json!({"elicitation": {"url": {}}});
            let opening = json!({"protocolVersion": "2025-11-25", "capabilities": able});
            server.post(&[], &legacy("initialize", opening));
            let headers = [("mcp-protocol-version", "2025-11-25"), ("mcp-session-id", session)];
            let mut call = legacy("tools/call", need(&json!(["url"]), None));
            call["id"] = id;
            let (_, body) = server.post(&headers, &call);
            let id = body["error"]["data"]["elicitations"][0]["elicitationId"].as_str().unwrap();
            assert!(seen.insert(id.to_owned()), "{id} again");
        }
    }
}

#[test]
fn every_other_client_of_the_earlier_revisions_gets_what_stands_for_it() {
    let url = json!({"elicitation": {"url": {}}});
    let table = [
        ("2025-11-25", json!({}), json!(["url"])),
        ("2025-11-25", json!({"elicitation": {}}), json!(["url"])),
        ("2025-11-25", everything(), json!(["form"])),
        ("2025-11-25", everything(), json!(["url", "form"])),
        ("2025-11-25", everything(), json!(["sampling"])),
        ("2025-11-25", everything(), json!([])),
        ("2025-06-18", url.clone(), json!(["url"])),
        ("2025-03-26", url.clone(), json!(["url"])),
        ("2024-11-05", url, json!(["url"])),
    ];
    for (revision, declared, kinds) in table {
        let (status, body) = in_session(revision, &declared, need(&kinds, Some("here")));
        let text = &body["result"]["content"][0]["text"];
        assert_eq!((status, text), (200, &json!("otherwise")), "{revision} {declared} {kinds}");
    }
}

/// Asks for a form with a state, and gives the state as the client got it.
fn begun(server: &Scripted, method: &str, params: &Value) -> String {
    let (_, body) = declaring(server, &everything(), method, params.clone());
    body["result"]["requestState"].as_str().expect("a state").to_owned()
}

fn retried(params: &Value, responses: Option<Value>, state: Option<&str>) -> Value {
    let mut params = params.clone();
    if let Some(responses) = responses {
        params["inputResponses"] = responses;
    }
    if let Some(state) = state {
        params["requestState"] = json!(state);
    }
    params
}

fn accepted() -> Value {
    json!({"form": {"action": "accept", "content": {"name": "Adele"}}})
}

#[test]
fn the_same_request_with_answers_and_state_goes_on_in_every_method_that_can_ask() {
    let table = [
        ("tools/call", need(&json!(["form"]), Some("here")), "/content/0/text"),
        (
            "prompts/get",
            json!({"name": "need", "arguments": {"kinds": ["form"], "state": "here"}}),
            "/messages/0/content/text",
        ),
        ("resources/read", json!({"uri": "scripted://need"}), "/contents/0/text"),
    ];
    for (method, params, place) in table {
        let server = Scripted::offering_everything();
        let state = begun(&server, method, &params);
        assert_eq!(server.client().input(), None);
        let again = retried(&params, Some(accepted()), Some(&state));
        let (status, body) = declaring(&server, &everything(), method, again);
        assert_eq!((status, body["result"].pointer(place)), (200, Some(&json!("done"))), "{method} {body}");
        let client = server.client();
        let input = client.input().unwrap();
        assert_eq!((input.state.as_deref(), &input.responses), (Some(&b"here"[..]), &object(accepted())));
        assert_eq!((input.action("form"), input.action("other")), (Some("accept"), None));
    }
}

#[test]
fn a_state_counts_once() {
    let server = Scripted::default();
    let params = need(&json!(["form"]), Some("here"));
    let state = begun(&server, "tools/call", &params);
    let again = retried(&params, Some(accepted()), Some(&state));
    assert_eq!(declaring(&server, &everything(), "tools/call", again.clone()).1.get("error"), None);
    let effects = server.effects();
    let (status, body) = declaring(&server, &everything(), "tools/call", again);
    assert_eq!((status, &body["error"]["code"], server.effects()), (200, &json!(-32602), effects));
    assert_eq!(server.last_refusal(), Some(ProtocolRefusal::RequestState));
}

#[test]
fn a_state_counts_for_the_very_request_it_was_given_for_and_is_spent_by_any() {
    let params = need(&json!(["form"]), Some("here"));
    let mut other_arguments = params.clone();
    other_arguments["arguments"]["kinds"] = json!(["url"]);
    let mut other_tool = params.clone();
    other_tool["name"] = json!("fail-or-need");
    let other_member = json!({"name": "need", "arguments": params["arguments"], "task": {}});
    let no_arguments = json!({"name": "need"});
    let table = [
        ("tools/call", other_arguments),
        ("tools/call", other_tool),
        ("tools/call", other_member),
        ("tools/call", no_arguments),
        ("prompts/get", params.clone()),
        ("resources/read", json!({"uri": "scripted://need"})),
    ];
    for (method, other) in table {
        let server = Scripted::offering_everything();
        let state = begun(&server, "tools/call", &params);
        let (status, body) =
            declaring(&server, &everything(), method, retried(&other, Some(accepted()), Some(&state)));
        assert_eq!((status, &body["error"]["code"]), (200, &json!(-32602)), "{method} {other}");
        assert_eq!((server.effects(), server.last_refusal()), (1, Some(ProtocolRefusal::RequestState)));
        let (_, body) =
            declaring(&server, &everything(), "tools/call", retried(&params, Some(accepted()), Some(&state)));
        assert_eq!(
            (&body["error"]["code"], server.effects()),
            (&json!(-32602), 1),
            "spent: {method} {other}"
        );
    }
}

#[test]
fn the_order_of_members_and_the_metadata_do_not_make_another_request() {
    let server = Scripted::default();
    let params = need(&json!(["form"]), Some("here"));
    let state = begun(&server, "tools/call", &params);
    let arguments = json!({"state": "here", "kinds": ["form"]});
    let again =
        json!({"arguments": arguments, "name": "need", "inputResponses": accepted(), "requestState": state});
    let (_, body) = declaring(&server, &json!({"sampling": {}}), "tools/call", again);
    assert_eq!(body["result"]["content"][0]["text"], json!("done"));
}

#[test]
fn what_is_no_state_or_no_answers_runs_nothing() {
    let params = need(&json!(["form"]), None);
    let table = [
        (json!({"requestState": "forged"}), -32602, Some(ProtocolRefusal::RequestState)),
        (json!({"requestState": ""}), -32602, Some(ProtocolRefusal::RequestState)),
        (json!({"requestState": null}), -32602, Some(ProtocolRefusal::RequestState)),
        (json!({"requestState": {}}), -32602, Some(ProtocolRefusal::RequestState)),
        (json!({"inputResponses": null}), -32602, Some(ProtocolRefusal::InputResponses)),
        (json!({"inputResponses": []}), -32602, Some(ProtocolRefusal::InputResponses)),
        (json!({"inputResponses": "accept"}), -32602, Some(ProtocolRefusal::InputResponses)),
        (json!({"requestState": "unfathomable"}), -32603, None),
    ];
    for (more, code, refusal) in table {
        let server = Scripted::default();
        let mut params = params.clone();
        params.as_object_mut().unwrap().extend(object(more.clone()));
        let (status, body) = declaring(&server, &everything(), "tools/call", params);
        let expected = if refusal.is_some() { 200 } else { 500 };
        assert_eq!((status, &body["error"]["code"]), (expected, &json!(code)), "{more}");
        assert_eq!((server.effects(), server.last_refusal()), (0, refusal), "{more}");
    }
}

#[test]
fn a_state_may_come_back_without_answers_and_answers_without_a_state() {
    let server = Scripted::default();
    let params = need(&json!(["form"]), Some("here"));
    let state = begun(&server, "tools/call", &params);
    let (_, body) = declaring(&server, &everything(), "tools/call", retried(&params, None, Some(&state)));
    assert_eq!(body["result"]["requestState"], json!("state-1"), "asked again, with a fresh state");
    let input = server.client().input().cloned().unwrap();
    assert_eq!((input.state.as_deref(), input.responses.len()), (Some(&b"here"[..]), 0));
    let (_, body) = declaring(&server, &everything(), "tools/call", retried(&params, Some(accepted()), None));
    assert_eq!(
        body["result"]["resultType"],
        json!("input_required"),
        "answers alone do not replace the state"
    );
    assert_eq!(server.client().input().cloned().unwrap().state, None);
    let stateless = need(&json!(["form"]), None);
    let (_, body) =
        declaring(&server, &everything(), "tools/call", retried(&stateless, Some(accepted()), None));
    assert_eq!(body["result"]["content"][0]["text"], json!("done"));
}

#[test]
fn the_earlier_revisions_do_not_look_at_answers_or_states() {
    for revision in LEGACY {
        let server = Scripted::default();
        let params = json!({"name": "echo", "inputResponses": null, "requestState": 1});
        assert_eq!(result(&server, revision, "tools/call", params)["content"][0]["text"], json!("said"));
        assert_eq!(server.client().input(), None);
    }
}

#[test]
fn a_server_that_keeps_no_states_says_so_when_it_should() {
    struct Forgetful;

    #[async_trait::async_trait]
    impl Server for Forgetful {
        fn info(&self) -> ServerInfo {
            Scripted::default().server().info()
        }

        fn tools(&self) -> Vec<ToolDescriptor> {
            Vec::new()
        }

        fn resources(&self) -> Vec<ResourceDescriptor> {
            Vec::new()
        }

        async fn call_tool(
            &self,
            call: ToolCall,
            _: std::sync::Arc<Client>,
        ) -> Result<Answered<ToolResult>, Refusal> {
            let state = (call.name == "with a state").then(Vec::new);
            let requests = Vec::new();
            let otherwise = Err(Refusal::UnknownTool);
            Ok(Answered::InputRequired(Box::new(InputRequired { requests, state, otherwise })))
        }

        async fn read_resource(
            &self,
            _: &str,
            _: std::sync::Arc<Client>,
        ) -> Result<Answered<ResourceContents>, Refusal> {
            Err(Refusal::UnknownResource)
        }

        async fn refused(&self, _: ProtocolRefusal) {}
    }

    let send = |params: Value| {
        let request = request(MODERN, "tools/call", &params, &[]);
        let answer = handle(std::sync::Arc::new(Forgetful), request);
        run(answer).unwrap().status().as_u16()
    };
    assert_eq!(send(json!({"name": "with a state"})), 500);
    assert_eq!(send(json!({"name": "with a state", "requestState": "x"})), 200);
    assert_eq!(send(json!({"name": "without"})), 200);
}
