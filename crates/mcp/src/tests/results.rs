//! What each revision gets: methods, fields, results.

use super::*;

#[test]
fn every_method_answers_in_exactly_the_revisions_that_have_it() {
    let table = [
        ("initialize", json!({"protocolVersion": "2025-11-25"}), true, false),
        ("ping", json!({}), true, false),
        ("server/discover", json!({}), false, true),
        ("tools/list", json!({}), true, true),
        ("tools/call", json!({"name": "echo"}), true, true),
        ("resources/list", json!({}), true, true),
        ("resources/templates/list", json!({}), true, true),
        ("resources/read", json!({"uri": "scripted://one"}), true, true),
        ("prompts/list", json!({}), false, false),
        ("prompts/get", json!({"name": "x"}), false, false),
        ("completion/complete", json!({}), false, false),
        ("logging/setLevel", json!({"level": "debug"}), false, false),
        ("resources/subscribe", json!({"uri": "scripted://one"}), false, false),
        ("resources/unsubscribe", json!({"uri": "scripted://one"}), false, false),
        ("subscriptions/listen", json!({"notifications": {}}), false, false),
        ("tasks/list", json!({}), false, false),
        ("notifications/initialized", json!({}), false, false),
        ("", json!({}), false, false),
    ];
    for (method, params, in_legacy, in_modern) in table {
        for (revision, known) in
            LEGACY.map(|revision| (revision, in_legacy)).into_iter().chain([(MODERN, in_modern)])
        {
            let server = Scripted::default();
            let (status, body) = ask(&server, revision, method, params.clone());
            let expected_status = if known || revision != MODERN { 200 } else { 404 };
            let expected_code = if known { Value::Null } else { json!(-32601) };
            assert_eq!(
                (status, &body["error"]["code"], &body["id"]),
                (expected_status, &expected_code, &json!(7)),
                "{revision} {method}: {body}"
            );
            assert_eq!(server.last_refusal().is_none(), known, "{revision} {method}");
        }
    }
}

#[test]
fn initialize_answers_a_legacy_revision_and_only_fields_it_knows() {
    let server = Scripted::default();
    let capabilities = json!({"tools": {}, "resources": {}});
    let table = [
        ("2024-11-05", "2024-11-05", json!({"name": "scripted", "version": "1.2.3"})),
        ("2025-03-26", "2025-03-26", json!({"name": "scripted", "version": "1.2.3"})),
        (
            "2025-06-18",
            "2025-06-18",
            json!({"name": "scripted", "title": "Scripted server", "version": "1.2.3"}),
        ),
        ("2025-11-25", "2025-11-25", info()),
        (MODERN, "2025-11-25", info()),
        ("2099-01-01", "2025-11-25", info()),
        ("", "2025-11-25", info()),
    ];
    for (asked, answered, server_info) in table {
        let params = json!({"protocolVersion": asked, "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}});
        let expected = json!({
            "protocolVersion": answered, "capabilities": capabilities, "serverInfo": server_info,
            "instructions": "Call echo.",
        });
        for headers in
            [&[][..], &[("mcp-protocol-version", MODERN)], &[("mcp-protocol-version", "2099-01-01")]]
        {
            let (status, body) = server.post(headers, &legacy("initialize", params.clone()));
            assert_eq!((status, &body["result"]), (200, &expected), "{asked} {headers:?}");
        }
    }
}

#[test]
fn initialize_without_a_revision_is_refused() {
    for params in [json!({}), json!({"protocolVersion": 20_251_125})] {
        let server = Scripted::default();
        let (status, body) = server.post(&[], &legacy("initialize", params));
        assert_eq!((status, &body["error"]["code"]), (200, &json!(-32602)));
        assert_eq!(server.last_refusal(), Some(ProtocolRefusal::InitializeRevision));
    }
}

#[test]
fn discovery_tells_revisions_capabilities_and_instructions() {
    let expected = json!({
        "supportedVersions": ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"],
        "capabilities": {"tools": {}, "resources": {}},
        "instructions": "Call echo.",
    });
    assert_eq!(
        result(&Scripted::default(), MODERN, "server/discover", json!({})),
        stateless(expected, Some(300_000))
    );
}

#[test]
fn tools_are_listed_with_the_fields_of_the_revision() {
    let server = Scripted::default();
    let mut tool =
        json!({"name": "echo", "description": "Says it again.", "inputSchema": {"type": "object"}});
    assert_eq!(result(&server, "2024-11-05", "tools/list", json!({})), json!({"tools": [tool]}));
    tool["annotations"] = json!({
        "title": "Echo", "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false,
    });
    assert_eq!(result(&server, "2025-03-26", "tools/list", json!({})), json!({"tools": [tool]}));
    tool["annotations"].as_object_mut().unwrap().remove("title");
    tool["title"] = json!("Echo");
    tool["outputSchema"] = json!({"type": "object", "properties": {"said": {}}});
    for revision in ["2025-06-18", "2025-11-25"] {
        assert_eq!(result(&server, revision, "tools/list", json!({})), json!({"tools": [tool]}));
    }
    assert_eq!(
        result(&server, MODERN, "tools/list", json!({})),
        stateless(json!({"tools": [tool]}), Some(300_000))
    );
}

#[test]
fn resources_are_listed_and_read_with_the_fields_of_the_revision() {
    let server = Scripted::default();
    let mut resource = json!({"uri": "scripted://one", "name": "one", "description": "The only one.", "mimeType": "text/plain"});
    let contents =
        json!({"contents": [{"uri": "scripted://one", "mimeType": "text/plain", "text": "contents"}]});
    let uri = json!({"uri": "scripted://one"});
    for revision in LEGACY {
        if revision == "2025-06-18" {
            resource["title"] = json!("One");
        }
        assert_eq!(result(&server, revision, "resources/list", json!({})), json!({"resources": [resource]}));
        assert_eq!(result(&server, revision, "resources/read", uri.clone()), contents);
    }
    let list = json!({"resources": [resource]});
    assert_eq!(result(&server, MODERN, "resources/list", json!({})), stateless(list, Some(300_000)));
    assert_eq!(result(&server, MODERN, "resources/read", uri), stateless(contents, Some(0)));
}

#[test]
fn calls_answer_text_and_structure_where_the_revision_has_it() {
    let server = Scripted::default();
    let params = json!({"name": "echo", "arguments": {"a": 1}});
    let mut expected = json!({"content": [{"type": "text", "text": "said"}]});
    for revision in LEGACY {
        if revision == "2025-06-18" {
            expected["structuredContent"] = json!({"said": {"a": 1}});
        }
        assert_eq!(result(&server, revision, "tools/call", params.clone()), expected, "{revision}");
    }
    assert_eq!(result(&server, MODERN, "tools/call", params), stateless(expected, None));
    let failed =
        result(&server, "2025-11-25", "tools/call", json!({"name": "echo", "arguments": {"fail": 1}}));
    assert_eq!(failed["isError"], json!(true));
    let heard = server.heard.lock().unwrap();
    assert!(heard.calls[..4].iter().all(|call| call.arguments == object(json!({"a": 1}))));
}

#[test]
fn the_applications_metadata_is_kept_but_cannot_name_the_server() {
    let server = Scripted::default();
    let params = json!({"name": "echo", "arguments": {"meta": 1}});
    let old = result(&server, "2025-06-18", "tools/call", params.clone());
    assert_eq!(old["_meta"], json!({"example.com/a": 1}));
    let new = result(&server, MODERN, "tools/call", params);
    assert_eq!(new["_meta"], json!({"example.com/a": 1, "io.modelcontextprotocol/serverInfo": info()}));
}

#[test]
fn a_request_without_a_version_header_speaks_the_assumed_revision() {
    let (_, body) = Scripted::default().post(&[], &legacy("tools/list", json!({})));
    let tool = &body["result"]["tools"][0];
    assert!(tool.get("annotations").is_some() && tool.get("outputSchema").is_none(), "{tool}");
}
