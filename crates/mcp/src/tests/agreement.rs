//! Agreement of headers, metadata and body about revision, method and name.

use super::*;

#[test]
fn unknown_revisions_are_refused_with_the_known_ones() {
    let supported = json!(["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"]);
    for requested in ["2000-01-01", "2099-01-01", "invalid", "v999.0.0"] {
        let mut named = modern("tools/list", json!({}));
        named["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!(requested);
        for message in [legacy("tools/list", json!({})), named] {
            let server = Scripted::default();
            let headers = [("mcp-protocol-version", requested), ("mcp-method", "tools/list")];
            let (status, body) = server.post(&headers, &message);
            assert_eq!(
                (status, &body["id"], &body["error"]["code"]),
                (400, &json!(7), &json!(-32022)),
                "{body}"
            );
            assert_eq!(body["error"]["data"], json!({"supported": supported, "requested": requested}));
            assert_eq!(server.last_refusal(), Some(ProtocolRefusal::UnsupportedRevision));
        }
    }
}

#[test]
fn an_earlier_revision_is_not_spoken_statelessly() {
    let mut message = modern("tools/list", json!({}));
    message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2025-11-25");
    let headers = [("mcp-protocol-version", "2025-11-25"), ("mcp-method", "tools/list")];
    let (status, body) = Scripted::default().post(&headers, &message);
    assert_eq!((status, &body["error"]["code"]), (400, &json!(-32022)));
}

#[test]
fn stateless_requests_without_their_metadata_are_malformed() {
    let version = "io.modelcontextprotocol/protocolVersion";
    let capabilities = "io.modelcontextprotocol/clientCapabilities";
    let table = [
        json!({}),
        json!({"_meta": {}}),
        json!({"_meta": []}),
        json!({"_meta": {capabilities: {}}}),
        json!({"_meta": {version: MODERN}}),
        json!({"_meta": {version: MODERN, capabilities: []}}),
        json!({"_meta": {version: 2026, capabilities: {}}}),
        json!({"_meta": {version: "x".repeat(65), capabilities: {}}}),
    ];
    for params in table {
        let server = Scripted::default();
        let headers = [("mcp-protocol-version", MODERN), ("mcp-method", "tools/list")];
        let (status, body) = server.post(&headers, &legacy("tools/list", params.clone()));
        assert_eq!(
            (status, &body["error"]["code"], &body["id"]),
            (400, &json!(-32602), &json!(7)),
            "{params}"
        );
        assert_eq!(server.last_refusal(), Some(ProtocolRefusal::Metadata));
    }
}

#[test]
fn headers_and_body_must_agree_before_anything_runs() {
    let version = ("mcp-protocol-version", MODERN);
    let call = ("mcp-method", "tools/call");
    let echo = ("mcp-name", "echo");
    let table = [
        (vec![version, call, echo], None),
        (vec![version, call, ("mcp-name", "=?base64?ZWNobw==?=")], None),
        (vec![("MCP-Protocol-Version", MODERN), ("MCP-METHOD", "tools/call"), ("Mcp-Name", " echo ")], None),
        (vec![version, call, echo, ("mcp-session-id", "x"), ("last-event-id", "1")], None),
        (vec![call, echo], Some(ProtocolRefusal::VersionHeader)),
        (vec![version, version, call, echo], Some(ProtocolRefusal::VersionHeader)),
        (vec![("mcp-protocol-version", "2025-11-25"), call, echo], Some(ProtocolRefusal::VersionHeader)),
        (vec![("mcp-protocol-version", "2099-01-01"), call, echo], Some(ProtocolRefusal::VersionHeader)),
        (vec![version, echo], Some(ProtocolRefusal::MethodHeader)),
        (vec![version, ("mcp-method", "Tools/Call"), echo], Some(ProtocolRefusal::MethodHeader)),
        (vec![version, ("mcp-method", "tools/list"), echo], Some(ProtocolRefusal::MethodHeader)),
        (vec![version, call, ("mcp-method", "tools/list"), echo], Some(ProtocolRefusal::MethodHeader)),
        (vec![version, call], Some(ProtocolRefusal::NameHeader)),
        (vec![version, call, ("mcp-name", "other")], Some(ProtocolRefusal::NameHeader)),
        (vec![version, call, ("mcp-name", "Echo")], Some(ProtocolRefusal::NameHeader)),
        (vec![version, call, echo, echo], Some(ProtocolRefusal::NameHeader)),
        (vec![version, call, ("mcp-name", "=?base64?ZWNobw?=")], Some(ProtocolRefusal::NameHeader)),
        (vec![version, call, ("mcp-name", "=?base64?b3RoZXI=?=")], Some(ProtocolRefusal::NameHeader)),
    ];
    for (headers, expected) in table {
        let server = Scripted::default();
        let (status, body) = server.post(&headers, &modern("tools/call", json!({"name": "echo"})));
        assert_eq!(server.last_refusal(), expected, "{headers:?}");
        assert_eq!(server.effects(), usize::from(expected.is_none()), "{headers:?}");
        let outcome = if expected.is_some() { (400, json!(-32020)) } else { (200, Value::Null) };
        assert_eq!((status, body["error"]["code"].clone()), outcome, "{headers:?}");
    }
}

#[test]
fn a_resource_is_named_in_the_header_by_its_uri() {
    let table = [
        ("scripted://one", 200),
        ("=?base64?c2NyaXB0ZWQ6Ly9vbmU=?=", 200),
        ("scripted://two", 400),
        ("one", 400),
    ];
    for (name, expected) in table {
        let server = Scripted::default();
        let headers =
            [("mcp-protocol-version", MODERN), ("mcp-method", "resources/read"), ("mcp-name", name)];
        let (status, _) = server.post(&headers, &modern("resources/read", json!({"uri": "scripted://one"})));
        assert_eq!((status, server.effects()), (expected, usize::from(expected == 200)), "{name}");
    }
}

#[test]
fn earlier_revisions_do_not_look_at_headers_they_do_not_know() {
    let headers = [("mcp-protocol-version", "2025-11-25"), ("mcp-method", "ping"), ("mcp-name", "other")];
    let (status, body) = Scripted::default().post(&headers, &legacy("tools/call", json!({"name": "echo"})));
    assert_eq!((status, body.get("error")), (200, None));
}

#[test]
fn removed_methods_are_not_found_when_sent_statelessly() {
    for method in ["initialize", "ping", "logging/setLevel"] {
        let (status, body) =
            ask(&Scripted::default(), MODERN, method, json!({"protocolVersion": "2025-11-25"}));
        assert_eq!(
            (status, &body["error"]["code"], &body["id"]),
            (404, &json!(-32601), &json!(7)),
            "{method}"
        );
    }
}
