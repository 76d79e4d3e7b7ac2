use futures_util::FutureExt as _;
use http::Response;
use http::StatusCode;
use m365_types::{Call, Oid, TenantId};
use serde_json::{Value, json};

use super::*;
use crate::fakes::{OTHER, READ_MESSAGES, Recording, SEND_MAIL, Sevens, door, intent};

const ID: &str = "07070707-0707-4707-8707-070707070707";
const GRAPH: &str = "https://gateway.ai.cloudflare.com/v1/acc/m365-graph/custom-msgraph/v1.0";

fn call(
    raw: &Arc<Recording>,
    transport: Transport,
    request: GraphRequest,
) -> Result<GraphAnswer, UpstreamError> {
    let access = GatewayAccess { token: Some(Secret::new("gateway-secret".to_owned())), transport };
    let upstream = door(raw).gateway(access, Arc::new(Sevens)).unwrap();
    let token = Secret::new("graph-secret".to_owned());
    upstream.call(&intent(None), &token, request).now_or_never().unwrap()
}

fn read(call: &'static Call) -> GraphRequest {
    GraphRequest {
        call,
        path: "/me/mailFolders/inbox/messages".to_owned(),
        query: vec![("$top", "10".to_owned()), ("$search", "\"a&b=c d+é\"".to_owned())],
        prefer: vec!["outlook.body-content-type=\"text\"".to_owned(), "IdType=\"ImmutableId\"".to_owned()],
        headers: vec![],
        body: None,
    }
}

fn send() -> GraphRequest {
    let body = Some(json!({"message": {"subject": "Hello"}}).into());
    GraphRequest {
        call: &SEND_MAIL,
        path: "/me/sendMail".to_owned(),
        query: vec![],
        prefer: vec![],
        headers: vec![],
        body,
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &Value) -> Response<Bytes> {
    let mut builder = Response::builder().status(status).header("cf-aig-log-id", "01JLOG");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    builder.body(body.into()).unwrap()
}

fn headers(request: &Request<Bytes>) -> Vec<(String, String)> {
    let text =
        |(name, value): (&HeaderName, &HeaderValue)| (name.to_string(), value.to_str().unwrap().to_owned());
    let mut found: Vec<_> = request.headers().iter().map(text).collect();
    found.sort();
    found
}

#[test]
fn a_read_carries_exactly_the_agreed_headers() {
    let raw = Recording::answering(|| Ok(answer(200, &[("request-id", "graph-1")], &json!({"value": []}))));
    let found = call(&raw, Transport::Direct, read(&READ_MESSAGES)).unwrap();
    assert_eq!((found.status, &found.body[..]), (200, &br#"{"value":[]}"#[..]));
    let trace = Trace {
        client_request_id: ID.to_owned(),
        ai_gateway_log_id: Some("01JLOG".to_owned()),
        graph_request_id: Some("graph-1".to_owned()),
        status: Some(200),
    };
    assert_eq!(found.trace, trace);

    let [sent] = <[_; 1]>::try_from(raw.take()).unwrap();
    let target = "/me/mailFolders/inbox/messages?$top=10&$search=%22a%26b%3Dc%20d%2B%C3%A9%22";
    assert_eq!((sent.method().as_str(), sent.uri().to_string()), ("GET", format!("{GRAPH}{target}")));
    let metadata = concat!(
        r#"{"userId":"access-subject","userEmail":"alex@contoso.example","mcpTool":"getEmails","#,
        r#""requestId":"02020202-0202-4202-8202-020202020202","mcpClient":"client-1"}"#
    );
    let agreed = [
        ("accept", "application/json"),
        ("authorization", "Bearer graph-secret"),
        ("cf-aig-authorization", "Bearer gateway-secret"),
        ("cf-aig-collect-log-payload", "false"),
        ("cf-aig-max-attempts", "1"),
        ("cf-aig-metadata", metadata),
        ("cf-aig-request-timeout", "28000"),
        ("cf-aig-skip-cache", "true"),
        ("client-request-id", ID),
        ("prefer", "outlook.body-content-type=\"text\", IdType=\"ImmutableId\""),
        ("user-agent", AGENT),
    ];
    assert_eq!(headers(&sent), agreed.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert!(sent.headers()["authorization"].is_sensitive());
    assert!(sent.headers()["cf-aig-authorization"].is_sensitive());
    assert!(!format!("{sent:?}").contains("secret"));
}

#[test]
fn after_linking_the_metadata_name_the_entra_account() {
    let raw = Recording::empty();
    let access = GatewayAccess { token: Some(Secret::new("t".to_owned())), transport: Transport::Direct };
    let upstream = door(&raw).gateway(access, Arc::new(Sevens)).unwrap();
    let linked = intent(Some((TenantId::from_random([8; 16]), Oid::from_random([9; 16]))));
    drop(upstream.call(&linked, &Secret::new("g".to_owned()), read(&READ_MESSAGES)).now_or_never().unwrap());
    let sent = raw.take();
    let metadata: Value = serde_json::from_slice(sent[0].headers()["cf-aig-metadata"].as_bytes()).unwrap();
    assert_eq!(metadata["userId"], "09090909-0909-4909-8909-090909090909");
}

#[test]
fn a_write_carries_its_body_as_json() {
    let raw = Recording::answering(|| Ok(answer(202, &[], &Value::Null)));
    assert_eq!(call(&raw, Transport::Direct, send()).unwrap().body, "");
    let sent = raw.take();
    assert_eq!(sent[0].method(), "POST");
    assert_eq!(sent[0].headers()["content-type"], "application/json");
    assert_eq!(sent[0].body(), r#"{"message":{"subject":"Hello"}}"#);
}

#[test]
fn what_the_row_does_not_declare_never_leaves() {
    let wrong_path = GraphRequest { path: "/me/messages".to_owned(), ..read(&READ_MESSAGES) };
    let foreign = GraphRequest { path: "/users".to_owned(), ..read(&OTHER) };
    let with_body = GraphRequest { body: Some(json!({}).into()), ..read(&READ_MESSAGES) };
    let option = GraphRequest { query: vec![("a=b&c", String::new())], ..read(&READ_MESSAGES) };
    let prefer = GraphRequest { prefer: vec!["a\r\nx: y".to_owned()], ..read(&READ_MESSAGES) };
    for request in [wrong_path, foreign, with_body, option, prefer] {
        for transport in [Transport::Direct, Transport::Batch] {
            let raw = Recording::empty();
            let refused = call(&raw, transport, request.clone());
            assert!(matches!(refused, Err(UpstreamError::Forbidden)), "{request:?}");
            assert_eq!(raw.take().len(), 0);
        }
    }
}

#[test]
fn a_lost_answer_says_whether_the_request_may_have_arrived() {
    for (error, maybe) in [
        (OutboundError::Connect, Some(false)),
        (OutboundError::Protocol, Some(true)),
        (OutboundError::Timeout, Some(true)),
        (OutboundError::TooLarge, None),
    ] {
        let raw = Recording::answering(move || Err(error));
        let found = call(&raw, Transport::Direct, send()).unwrap_err();
        assert_eq!(found.trace().unwrap().client_request_id, ID);
        match found {
            UpstreamError::GatewayUnreachable { maybe_sent, .. } => assert_eq!(Some(maybe_sent), maybe),
            UpstreamError::Malformed { .. } => assert_eq!(maybe, None),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_batch_holds_one_request_with_its_own_headers() {
    let raw = Recording::empty();
    drop(call(&raw, Transport::Batch, read(&READ_MESSAGES)));
    drop(call(&raw, Transport::Batch, send()));
    let sent = raw.take();
    let bodies: Vec<Value> = sent.iter().map(|sent| serde_json::from_slice(sent.body()).unwrap()).collect();
    assert!(sent.iter().all(|sent| sent.method() == "POST" && sent.uri() == &format!("{GRAPH}/$batch")[..]));
    assert!(sent.iter().all(|sent| !sent.headers().contains_key("prefer")));
    let target = "/me/mailFolders/inbox/messages?$top=10&$search=%22a%26b%3Dc%20d%2B%C3%A9%22";
    let prefer = "outlook.body-content-type=\"text\", IdType=\"ImmutableId\"";
    let headers = json!({"client-request-id": ID, "prefer": prefer});
    assert_eq!(
        bodies[0],
        json!({"requests": [{"id": "1", "method": "GET", "url": target, "headers": headers}]})
    );
    let headers = json!({"client-request-id": ID, "content-type": "application/json"});
    let body = json!({"message": {"subject": "Hello"}});
    let request =
        json!({"id": "1", "method": "POST", "url": "/me/sendMail", "headers": headers, "body": body});
    assert_eq!(bodies[1], json!({"requests": [request]}));
}

fn batched(inner: &Value) -> Result<GraphAnswer, UpstreamError> {
    let body = json!({ "responses": [inner] });
    let raw = Recording::answering(move || Ok(answer(200, &[("request-id", "outer")], &body)));
    call(&raw, Transport::Batch, read(&READ_MESSAGES))
}

#[test]
fn an_answer_inside_a_batch_counts_as_if_it_came_alone() {
    let headers = json!({"request-id": "inner", "Content-Type": "application/json"});
    let found = batched(&json!({"id": "1", "status": 200, "headers": headers, "body": {"a": 1}})).unwrap();
    assert_eq!((found.status, &found.body[..]), (200, &br#"{"a":1}"#[..]));
    assert_eq!(found.trace.graph_request_id.as_deref(), Some("inner"));
    assert_eq!(found.trace.ai_gateway_log_id.as_deref(), Some("01JLOG"));

    let accepted = batched(&json!({"id": "1", "status": 202})).unwrap();
    assert_eq!((accepted.status, accepted.body.len()), (202, 0));
    assert_eq!(accepted.trace.graph_request_id.as_deref(), Some("outer"));

    let headers = json!({"Content-Type": "text/vtt"});
    let text = batched(&json!({"id": "1", "status": 200, "headers": headers, "body": "V0VCVlRU"})).unwrap();
    assert_eq!(text.body, "WEBVTT");
}

#[test]
fn throttling_and_errors_hide_inside_a_batch_that_succeeded() {
    let body = json!({"error": {"code": "TooManyRequests", "message": "m"}});
    let found = batched(&json!({"id": "1", "status": 429, "headers": {"Retry-After": "2.5"}, "body": body}));
    let wanted = Some(Duration::from_millis(2500));
    assert!(
        matches!(found, Err(UpstreamError::GraphRateLimited { retry_after, .. }) if retry_after == wanted)
    );

    let body = json!({"error": {"code": "ErrorItemNotFound", "message": "m"}});
    let found = batched(&json!({"id": "1", "status": 404, "body": body})).unwrap_err();
    assert_eq!(found.trace().unwrap().status, Some(StatusCode::NOT_FOUND.as_u16()));
    assert!(matches!(found, UpstreamError::Graph { status: 404, code, .. } if code == "ErrorItemNotFound"));
}

#[test]
fn a_batch_answer_of_another_shape_is_not_used() {
    for inner in [
        json!({"id": "2", "status": 200, "body": {}}),
        json!({"id": "1", "status": 307, "headers": {"Location": "https://x.example"}}),
        json!({"id": "1", "status": 20}),
        json!({"id": "1"}),
        json!("text"),
    ] {
        assert!(matches!(batched(&inner), Err(UpstreamError::Malformed { .. })), "{inner}");
    }
}

#[test]
fn the_transport_is_read_from_its_two_words() {
    assert_eq!(Transport::parse("direct"), Some(Transport::Direct));
    assert_eq!(Transport::parse("batch"), Some(Transport::Batch));
    assert_eq!(Transport::parse("Direct"), None);
}
