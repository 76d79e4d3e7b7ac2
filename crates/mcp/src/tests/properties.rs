//! Properties of every answer, whatever was sent.

use http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn words() -> impl Strategy<Value = String> {
    let known = [
        "initialize",
        "ping",
        "server/discover",
        "tools/list",
        "tools/call",
        "resources/read",
        "resources/list",
        "prompts/get",
        "prompts/list",
        "completion/complete",
        "notifications/initialized",
        "notifications/cancelled",
        "ref/prompt",
        "need",
        "one",
        "2025-03-26",
        "2025-11-25",
        MODERN,
        "echo",
        "speak",
        "scripted://one",
        "scripted://need",
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
            "argument",
            "context",
            "cursor",
            "inputResponses",
            "kinds",
            "progressToken",
            "ref",
            "requestId",
            "requestState",
            "state",
            "type",
            "value",
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
                message["params"]["_meta"] = meta(&json!({"elicitation": {}, "sampling": {}}));
            }
            if let Some(version) = version {
                message["jsonrpc"] = version;
            }
            message
        },
    )
}

/// What every answer is, whatever was asked.
fn check(server: &Scripted, response: &Response<Bytes>) -> Result<(), TestCaseError> {
    let status = response.status().as_u16();
    let content_type = response.headers().get("content-type").map(HeaderValue::as_bytes);
    let messages = match content_type {
        Some(b"text/event-stream") => events(response.body()),
        Some(_) => vec![serde_json::from_slice(response.body()).unwrap()],
        None => Vec::new(),
    };
    prop_assert_eq!(messages.is_empty(), status == 202);
    for (place, message) in messages.iter().enumerate() {
        let is_last = place + 1 == messages.len();
        for one in message.as_array().map_or(std::slice::from_ref(message), Vec::as_slice) {
            prop_assert_eq!(&one["jsonrpc"], "2.0");
            let is_answer = one.get("result").is_some() != one.get("error").is_some();
            let is_notification = one.get("id").is_none() && one["method"].is_string();
            let is_in_its_place = if is_last { is_answer } else { is_notification };
            prop_assert!(is_in_its_place);
            prop_assert!(one.get("id").is_none_or(|id| id.is_string() || id.is_i64() || id.is_u64()));
        }
    }
    prop_assert!(status < 500);
    prop_assert!(status == 200 || status == 202 || server.effects() == 0);
    let is_batch = messages.last().is_some_and(Value::is_array);
    prop_assert!(is_batch || server.last_refusal().is_none() || server.effects() == 0);
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
        let server = Scripted::offering_everything();
        let mut request = Request::builder().method(method.as_str()).body(Bytes::from(body)).unwrap();
        for (name, value) in [("content-type", content_type), ("mcp-protocol-version", version.clone()), ("accept", version)] {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                request.headers_mut().insert(name, value);
            }
        }
        check(&server, &server.send(request))?;
    }

    #[test]
    fn any_message_gets_an_answer_in_good_form(
        message in prop_oneof![mutated(), loose()],
        version in prop::option::of(words()),
        named in words(),
        takes_events in any::<bool>(),
    ) {
        let server = Scripted::offering_everything();
        let method = message["method"].as_str().unwrap_or("-").to_owned();
        let version = version.filter(|value| HeaderValue::from_str(value).is_ok());
        let mut headers = vec![];
        headers.extend(takes_events.then_some(BOTH));
        headers.extend(version.as_deref().map(|value| ("mcp-protocol-version", value)));
        if HeaderValue::from_str(&method).is_ok() && HeaderValue::from_str(&named).is_ok() {
            headers.extend([("mcp-method", method.as_str()), ("mcp-name", named.as_str())]);
        }
        check(&server, &server.send(post(&headers, message.to_string().into_bytes())))?;
        if only_discovers(message.to_string().as_bytes()) {
            prop_assert_eq!(server.effects(), 0);
        }
    }
}
