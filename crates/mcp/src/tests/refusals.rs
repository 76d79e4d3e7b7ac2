//! Refusals: parameters that do not fit, and what the application refuses.

use std::time::Duration;

use http::HeaderValue;

use super::*;

#[test]
fn parameters_that_do_not_fit_run_nothing() {
    let table = [
        ("tools/call", json!({}), ProtocolRefusal::ToolName),
        ("tools/call", json!({"name": 1}), ProtocolRefusal::ToolName),
        ("tools/call", json!({"name": "echo", "arguments": []}), ProtocolRefusal::Arguments),
        ("tools/call", json!({"name": "echo", "arguments": null}), ProtocolRefusal::Arguments),
        ("resources/read", json!({}), ProtocolRefusal::ResourceUri),
        ("resources/read", json!({"uri": null}), ProtocolRefusal::ResourceUri),
        ("tools/list", json!({"cursor": "x"}), ProtocolRefusal::Cursor),
        ("tools/list", json!({"cursor": null}), ProtocolRefusal::Cursor),
        ("resources/list", json!({"cursor": ""}), ProtocolRefusal::Cursor),
        ("resources/templates/list", json!({"cursor": 1}), ProtocolRefusal::Cursor),
    ];
    for (method, params, expected) in table {
        for revision in LEGACY.into_iter().chain([MODERN]) {
            let server = Scripted::default();
            let (status, body) = ask(&server, revision, method, params.clone());
            assert_eq!(
                (status, &body["error"]["code"]),
                (200, &json!(-32602)),
                "{revision} {method} {params}"
            );
            assert_eq!(
                (server.last_refusal(), server.effects()),
                (Some(expected), 0),
                "{revision} {method} {params}"
            );
        }
    }
}

#[test]
fn a_state_nobody_issued_is_refused_and_extra_parameters_are_not() {
    let server = Scripted::default();
    let (_, body) = ask(&server, MODERN, "tools/call", json!({"name": "echo", "requestState": "x"}));
    assert_eq!((&body["error"]["code"], server.effects()), (&json!(-32602), 0));
    let server = Scripted::default();
    let (_, body) =
        ask(&server, MODERN, "tools/call", json!({"name": "echo", "inputResponses": {}, "task": {}}));
    assert_eq!((body.get("error"), server.effects()), (None, 1));
}

#[test]
fn the_applications_refusals_keep_their_code_status_and_header() {
    let fault = Refusal::Fault { sentence: "Quote request 1.".into() };
    let invalid = Refusal::InvalidParams { sentence: "days is 1 to 30.".into() };
    let challenge = "Bearer error=\"insufficient_scope\", scope=\"mail.read\"";
    let scope = Refusal::InsufficientScope { challenge: HeaderValue::from_static(challenge) };
    let capability = Refusal::MissingClientCapability { required: object(json!({"elicitation": {}})) };
    let later = |wait| Refusal::Unavailable { sentence: "Try later.".into(), retry_after: wait };
    let soon = later(Some(Duration::from_millis(1_500)));
    let table = [
        (&fault, (500, -32603), (500, -32603), None),
        (&invalid, (200, -32602), (200, -32602), None),
        (&scope, (403, 403), (403, 403), Some(("www-authenticate", challenge))),
        (&capability, (200, -32602), (400, -32021), None),
        (&soon, (503, -32603), (503, -32603), Some(("retry-after", "2"))),
        (&later(None), (503, -32603), (503, -32603), None),
        (&Refusal::UnknownTool, (200, -32602), (200, -32602), None),
        (&Refusal::UnknownResource, (200, -32002), (200, -32602), None),
    ];
    for (refusal, legacy_outcome, modern_outcome, header) in table {
        for (revision, message, (status, code)) in [
            ("2025-11-25", legacy("tools/call", json!({"name": "x"})), legacy_outcome),
            (MODERN, modern("tools/call", json!({"name": "x"})), modern_outcome),
        ] {
            let server = Scripted::refusing(refusal.clone());
            let request = Request::post("/mcp")
                .header("content-type", "application/json")
                .header("mcp-protocol-version", revision)
                .header("mcp-method", "tools/call")
                .header("mcp-name", "x");
            let response = server.send(request.body(message.to_string().into()).unwrap());
            let body: Value = serde_json::from_slice(response.body()).unwrap();
            let outcome = (response.status().as_u16(), body["error"]["code"].as_i64(), body["id"].as_i64());
            assert_eq!(outcome, (status, Some(code), Some(7)), "{refusal:?} {revision}");
            if let Some((name, value)) = header {
                assert_eq!(response.headers()[name], value);
            }
            assert_eq!(response.headers().len(), 3 + usize::from(header.is_some()));
            assert_eq!(server.last_refusal(), None, "the application has its own record");
        }
    }
}

#[test]
fn error_data_is_given_where_the_specification_has_it() {
    let server = Scripted::default();
    let (_, body) = ask(&server, MODERN, "resources/read", json!({"uri": "scripted://two"}));
    assert_eq!(
        (&body["error"]["code"], &body["error"]["data"]),
        (&json!(-32602), &json!({"uri": "scripted://two"}))
    );
    let (_, body) = ask(&server, "2025-11-25", "resources/read", json!({"uri": "scripted://two"}));
    assert_eq!(
        (&body["error"]["code"], &body["error"]["data"]),
        (&json!(-32002), &json!({"uri": "scripted://two"}))
    );
    let refusing =
        Scripted::refusing(Refusal::MissingClientCapability { required: object(json!({"sampling": {}})) });
    let (_, body) = ask(&refusing, MODERN, "tools/call", json!({"name": "echo"}));
    assert_eq!(body["error"]["data"], json!({"requiredCapabilities": {"sampling": {}}}));
    let (_, body) = ask(&server, MODERN, "tools/call", json!({"name": "other"}));
    assert_eq!((&body["error"]["code"], body["error"].get("data")), (&json!(-32602), None));
}

#[test]
fn errors_never_repeat_what_the_caller_wrote() {
    let canary = "canary-5f3a";
    for revision in ["2025-11-25", MODERN] {
        for (method, params) in [
            (canary, json!({canary: canary})),
            ("tools/call", json!({"name": canary})),
            ("tools/call", json!({"name": "echo", "arguments": canary})),
            ("tools/list", json!({"cursor": canary})),
        ] {
            let (_, body) = ask(&Scripted::default(), revision, method, params);
            assert!(!body.to_string().contains(canary), "{revision} {method} {body}");
        }
    }
}
