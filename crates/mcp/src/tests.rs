//! The endpoint as a client sees it: methods by revision, agreement of headers and body, limits, refusals.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderValue, Request, Response};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::*;

const MODERN: &str = "2026-07-28";
const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// A server that knows one tool and one resource, and keeps what reached it.
#[derive(Default)]
struct Scripted {
    refusal: Option<Refusal>,
    calls: Mutex<Vec<ToolCall>>,
    reads: Mutex<Vec<String>>,
    refused: Mutex<Vec<ProtocolRefusal>>,
}

impl Scripted {
    fn refusing(refusal: Refusal) -> Self {
        Self { refusal: Some(refusal), ..Self::default() }
    }

    fn effects(&self) -> usize {
        self.calls.lock().unwrap().len() + self.reads.lock().unwrap().len()
    }

    fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        handle(self, request).now_or_never().expect("the scripted server never waits")
    }

    fn post(&self, headers: &[(&str, &str)], body: &Value) -> (u16, Value) {
        self.post_bytes(headers, body.to_string().into_bytes())
    }

    fn post_bytes(&self, headers: &[(&str, &str)], body: Vec<u8>) -> (u16, Value) {
        let mut request = Request::post("/mcp").header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.send(request.body(body.into()).unwrap());
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or(Value::Null))
    }

    fn last_refusal(&self) -> Option<ProtocolRefusal> {
        let refused = self.refused.lock().unwrap();
        assert!(refused.len() <= 1, "told once: {refused:?}");
        refused.last().copied()
    }
}

#[async_trait]
impl Server for Scripted {
    fn info(&self) -> ServerInfo {
        ServerInfo {
            name: "scripted",
            title: "Scripted server",
            version: "1.2.3",
            website_url: Some("https://scripted.example/"),
            instructions: "Call echo.",
        }
    }

    fn tools(&self) -> Vec<ToolDescriptor> {
        vec![ToolDescriptor {
            name: "echo",
            title: "Echo",
            description: "Says it again.",
            input_schema: object(json!({"type": "object"})),
            output_schema: Some(object(json!({"type": "object", "properties": {"said": {}}}))),
            annotations: ToolAnnotations {
                read_only: true,
                destructive: false,
                idempotent: true,
                open_world: false,
            },
        }]
    }

    fn resources(&self) -> Vec<ResourceDescriptor> {
        vec![ResourceDescriptor {
            uri: "scripted://one",
            name: "one",
            title: "One",
            description: "The only one.",
            mime_type: "text/plain",
        }]
    }

    async fn call_tool(&self, call: ToolCall) -> Result<ToolResult, Refusal> {
        self.calls.lock().unwrap().push(call.clone());
        match (&self.refusal, call.name.as_str()) {
            (Some(refusal), _) => Err(refusal.clone()),
            (None, "echo") => Ok(ToolResult {
                text: "said".into(),
                structured: Some(object(json!({"said": call.arguments}))),
                is_error: call.arguments.contains_key("fail"),
                meta: call.arguments.contains_key("meta").then(|| {
                    object(json!({"example.com/a": 1, "io.modelcontextprotocol/serverInfo": "forged"}))
                }),
            }),
            (None, _) => Err(Refusal::UnknownTool),
        }
    }

    async fn read_resource(&self, uri: &str) -> Result<ResourceContents, Refusal> {
        self.reads.lock().unwrap().push(uri.to_owned());
        match (&self.refusal, uri) {
            (Some(refusal), _) => Err(refusal.clone()),
            (None, "scripted://one") => {
                Ok(ResourceContents { mime_type: "text/plain", text: "contents".into(), meta: None })
            }
            (None, _) => Err(Refusal::UnknownResource),
        }
    }

    async fn refused(&self, refusal: ProtocolRefusal) {
        self.refused.lock().unwrap().push(refusal);
    }
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else { panic!("an object") };
    members
}

fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
    })
}

fn modern(method: &str, mut params: Value) -> Value {
    params["_meta"] = meta();
    legacy(method, params)
}

fn legacy(method: &str, params: Value) -> Value {
    let mut message = json!({"jsonrpc": "2.0", "id": 7, "method": method});
    message["params"] = params;
    message
}

/// Sends the request as a well-behaved client of the revision does.
fn ask(server: &Scripted, revision: &str, method: &str, params: Value) -> (u16, Value) {
    if revision != MODERN {
        return server.post(&[("mcp-protocol-version", revision)], &legacy(method, params));
    }
    let name =
        params.get("name").or_else(|| params.get("uri")).and_then(Value::as_str).unwrap_or("-").to_owned();
    let headers = [("mcp-protocol-version", MODERN), ("mcp-method", method), ("mcp-name", &name)];
    server.post(&headers, &modern(method, params))
}

fn result(server: &Scripted, revision: &str, method: &str, params: Value) -> Value {
    let (status, body) = ask(server, revision, method, params);
    assert_eq!(
        (status, &body["jsonrpc"], &body["id"]),
        (200, &json!("2.0"), &json!(7)),
        "{revision} {method} {body}"
    );
    assert!(body.get("error").is_none(), "{revision} {method} {body}");
    body["result"].clone()
}

fn info() -> Value {
    json!({
        "name": "scripted", "title": "Scripted server", "version": "1.2.3",
        "websiteUrl": "https://scripted.example/",
    })
}

fn stateless(mut result: Value, ttl_ms: Option<u32>) -> Value {
    result["resultType"] = json!("complete");
    result["_meta"] = json!({"io.modelcontextprotocol/serverInfo": info()});
    if let Some(ttl_ms) = ttl_ms {
        result["ttlMs"] = json!(ttl_ms);
        result["cacheScope"] = json!("private");
    }
    result
}

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
    let none = json!({"resourceTemplates": []});
    for revision in LEGACY {
        if revision == "2025-06-18" {
            resource["title"] = json!("One");
        }
        assert_eq!(result(&server, revision, "resources/list", json!({})), json!({"resources": [resource]}));
        assert_eq!(result(&server, revision, "resources/read", uri.clone()), contents);
        assert_eq!(result(&server, revision, "resources/templates/list", json!({})), none);
    }
    let list = json!({"resources": [resource]});
    assert_eq!(result(&server, MODERN, "resources/list", json!({})), stateless(list, Some(300_000)));
    assert_eq!(result(&server, MODERN, "resources/read", uri), stateless(contents, Some(0)));
    assert_eq!(
        result(&server, MODERN, "resources/templates/list", json!({})),
        stateless(none, Some(300_000))
    );
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
    let calls = server.calls.lock().unwrap();
    assert!(calls[..4].iter().all(|call| call.client_capabilities.is_empty()));
    assert_eq!(calls[4].client_capabilities, object(json!({"elicitation": {}})));
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
fn ids_come_back_as_they_were_sent() {
    for id in [json!(0), json!(-5), json!(u64::MAX), json!(""), json!("ü")] {
        let (_, body) = Scripted::default().post(&[], &json!({"jsonrpc": "2.0", "id": id, "method": "ping"}));
        assert_eq!(body, json!({"jsonrpc": "2.0", "id": id, "result": {}}));
    }
}

#[test]
fn a_request_without_a_version_header_speaks_the_assumed_revision() {
    let (_, body) = Scripted::default().post(&[], &legacy("tools/list", json!({})));
    let tool = &body["result"]["tools"][0];
    assert!(tool.get("annotations").is_some() && tool.get("outputSchema").is_none(), "{tool}");
}

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
        assert_eq!((server.effects(), server.refused.lock().unwrap().len()), (1, 4));
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

fn words() -> impl Strategy<Value = String> {
    let known = [
        "initialize",
        "ping",
        "server/discover",
        "tools/list",
        "tools/call",
        "resources/read",
        "resources/list",
        "notifications/initialized",
        "2025-03-26",
        "2025-11-25",
        MODERN,
        "echo",
        "scripted://one",
        "2.0",
    ];
    prop_oneof![4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,20}"]
}

fn loose() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<f32>().prop_map(Value::from),
        words().prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let names = [
            "jsonrpc",
            "id",
            "method",
            "params",
            "result",
            "error",
            "name",
            "uri",
            "arguments",
            "cursor",
            "_meta",
            "protocolVersion",
            "io.modelcontextprotocol/protocolVersion",
            "io.modelcontextprotocol/clientCapabilities",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(names.to_vec()), inner, 0..8).prop_map(
                |members| { members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }
            ),
        ]
    })
}

fn mutated() -> impl Strategy<Value = Value> {
    (any::<bool>(), words(), loose(), loose(), prop::option::of(loose())).prop_map(
        |(stateless, method, params, id, version)| {
            let mut message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
            if stateless && message["params"].is_object() {
                message["params"]["_meta"] = meta();
            }
            if let Some(version) = version {
                message["jsonrpc"] = version;
            }
            message
        },
    )
}

/// What every answer is, whatever was asked.
fn check(server: &Scripted, status: u16, body: &Value) -> Result<(), TestCaseError> {
    let answers = body.as_array().map_or(std::slice::from_ref(body), Vec::as_slice);
    for answer in answers.iter().filter(|answer| !answer.is_null()) {
        prop_assert_eq!(&answer["jsonrpc"], "2.0");
        prop_assert_ne!(answer.get("result").is_some(), answer.get("error").is_some());
        prop_assert!(answer.get("id").is_none_or(|id| id.is_string() || id.is_i64() || id.is_u64()));
    }
    prop_assert_eq!(body.is_null(), status == 202);
    prop_assert!(status == 200 || status == 202 || server.effects() == 0);
    prop_assert!(status < 500);
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(
        body in prop::collection::vec(any::<u8>(), 0..200),
        version in words(),
        method in "[A-Z]{1,8}",
        content_type in prop_oneof![Just("application/json".to_owned()), "\\PC{0,20}"],
    ) {
        let server = Scripted::default();
        let mut request = Request::builder().method(method.as_str()).body(Bytes::from(body)).unwrap();
        for (name, value) in [("content-type", content_type), ("mcp-protocol-version", version.clone()), ("accept", version)] {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                request.headers_mut().insert(name, value);
            }
        }
        let response = server.send(request);
        let body = if response.body().is_empty() { Value::Null } else { serde_json::from_slice(response.body()).unwrap() };
        check(&server, response.status().as_u16(), &body)?;
    }

    #[test]
    fn any_message_gets_an_answer_in_good_form(message in prop_oneof![mutated(), loose()], version in prop::option::of(words()), named in words()) {
        let server = Scripted::default();
        let method = message["method"].as_str().unwrap_or("-").to_owned();
        let version = version.filter(|value| HeaderValue::from_str(value).is_ok());
        let mut headers = vec![];
        headers.extend(version.as_deref().map(|value| ("mcp-protocol-version", value)));
        if HeaderValue::from_str(&method).is_ok() && HeaderValue::from_str(&named).is_ok() {
            headers.extend([("mcp-method", method.as_str()), ("mcp-name", named.as_str())]);
        }
        let (status, body) = server.post(&headers, &message);
        check(&server, status, &body)?;
    }
}
