//! JSON-RPC frames: header lines, an empty line, the body. Without an empty line everything is the body. `{canary}` is a
//! secret.

#![no_main]

use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use libfuzzer_sys::fuzz_target;
use m365_fuzz::{CANARY, now, planted};
use m365_mcp::{
    MAX_BATCH_MESSAGES, ProtocolRefusal, Refusal, ResourceContents, ResourceDescriptor, Server, ServerInfo,
    ToolAnnotations, ToolCall, ToolDescriptor, ToolResult, handle,
};
use serde_json::{Map, Value};

fuzz_target!(|input: &[u8]| {
    let input = planted(input);
    let (lines, body) = divide(&input);
    let (answer, heard) = send(&lines, body.to_vec());
    check_answer(&answer, &heard);
    let message: Option<Value> = serde_json::from_slice(body).ok();
    let Some(message) = message else {
        assert!(answer.status().is_client_error() && heard.effects() == 0, "no JSON, yet {answer:?}");
        return;
    };
    check_effects(&message, &heard);
    if answer.status() == StatusCode::OK || answer.status() == StatusCode::ACCEPTED {
        check_reprinted(&lines, &message, &answer, &heard);
    }
    if answer.status().is_client_error() && is_argument(&lines, &message) {
        assert!(!String::from_utf8_lossy(answer.body()).contains(CANARY), "an argument is repeated");
    }
});

/// Header lines and body.
fn divide(input: &[u8]) -> (Vec<(HeaderName, HeaderValue)>, &[u8]) {
    let Some(end) = input.windows(2).position(|pair| pair == b"\n\n") else { return (Vec::new(), input) };
    let header = |line: &[u8]| {
        let at = line.iter().position(|byte| *byte == b':')?;
        let value = line.get(at + 1..)?.trim_ascii();
        Some((HeaderName::from_bytes(line.get(..at)?).ok()?, HeaderValue::from_bytes(value).ok()?))
    };
    let lines =
        input.get(..end).unwrap_or_default().split(|byte| *byte == b'\n').filter_map(header).collect();
    (lines, input.get(end + 2..).unwrap_or_default())
}

fn send(lines: &[(HeaderName, HeaderValue)], body: Vec<u8>) -> (Response<Bytes>, Heard) {
    let mut request = Request::post("/mcp").header("content-type", "application/json");
    for (name, value) in lines {
        request = request.header(name, value);
    }
    let heard = Heard::default();
    let answer = now(handle(&heard, request.body(body.into()).expect("a request")));
    (answer, heard)
}

/// Whatever came in, JSON-RPC or nothing goes out, and every refusal was told once.
fn check_answer(answer: &Response<Bytes>, heard: &Heard) {
    assert!(!answer.status().is_server_error(), "{answer:?}");
    if answer.status() == StatusCode::ACCEPTED {
        assert!(answer.body().is_empty() && heard.effects() == 0);
        return;
    }
    let body: Value = serde_json::from_slice(answer.body()).expect("an answer is JSON");
    let replies = body.as_array().map_or(std::slice::from_ref(&body), Vec::as_slice);
    assert!((1..=MAX_BATCH_MESSAGES).contains(&replies.len()));
    let mut refused = 0;
    for reply in replies {
        assert_eq!(reply.get("jsonrpc").and_then(Value::as_str), Some("2.0"));
        let parts = (reply.get("result").is_some(), reply.get("error").is_some());
        assert!(matches!(parts, (true, false) | (false, true)), "{reply}");
        let code = reply.pointer("/error/code").and_then(Value::as_i64);
        refused += usize::from(code.is_some_and(|code| !OWN.contains(&code)));
    }
    assert_eq!(heard.refused.lock().expect("one thread").len(), refused, "{body}");
}

/// Codes that only the application of this target answers with.
const OWN: [i64; 1] = [-32_603];

/// What reached the application is what an ordinary reader of the same bytes sees.
fn check_effects(message: &Value, heard: &Heard) {
    let messages = message.as_array().map_or(std::slice::from_ref(message), Vec::as_slice);
    let params = |method: &str| {
        let of_method = |message: &&Value| message.get("method").is_some_and(|name| name == method);
        messages.iter().filter(of_method).filter_map(|message| message.get("params")).collect::<Vec<_>>()
    };
    let calls = params("tools/call");
    for call in heard.calls.lock().expect("one thread").iter() {
        let given = |params: &Value| params.get("arguments").and_then(Value::as_object).cloned();
        let same = |params: &&&Value| {
            params.get("name").is_some_and(|name| *name == call.name)
                && given(params).unwrap_or_default() == call.arguments
        };
        assert!(calls.iter().any(|params| same(&params)), "a call nobody made: {call:?}");
    }
    let reads = params("resources/read");
    for uri in heard.reads.lock().expect("one thread").iter() {
        assert!(reads.iter().any(|params| params.get("uri").is_some_and(|given| given == uri)));
    }
    assert!(heard.effects() <= messages.len());
}

/// A message that was understood means the same when it is printed by somebody else.
fn check_reprinted(
    lines: &[(HeaderName, HeaderValue)],
    message: &Value,
    answer: &Response<Bytes>,
    heard: &Heard,
) {
    let (again, heard_again) = send(lines, message.to_string().into_bytes());
    assert_eq!((again.status(), again.body()), (answer.status(), answer.body()));
    assert_eq!(*heard_again.calls.lock().expect("one thread"), *heard.calls.lock().expect("one thread"));
}

/// Whether the canary stands among the arguments of a call only: an id, a URI or a revision is echoed by design.
fn is_argument(lines: &[(HeaderName, HeaderValue)], message: &Value) -> bool {
    let mut rest = message.clone();
    if let Some(params) = rest.pointer_mut("/params").and_then(Value::as_object_mut) {
        params.remove("arguments");
    }
    let in_header = lines.iter().any(|(_, value)| value.to_str().is_ok_and(|text| text.contains(CANARY)));
    !in_header && !rest.to_string().contains(CANARY)
}

/// An application that knows one tool and one resource, and keeps what reached it.
#[derive(Default)]
struct Heard {
    calls: Mutex<Vec<ToolCall>>,
    reads: Mutex<Vec<String>>,
    refused: Mutex<Vec<ProtocolRefusal>>,
}

impl Heard {
    fn effects(&self) -> usize {
        self.calls.lock().expect("one thread").len() + self.reads.lock().expect("one thread").len()
    }
}

#[async_trait]
impl Server for Heard {
    fn info(&self) -> ServerInfo {
        ServerInfo { name: "fuzz", title: "Fuzz", version: "1", website_url: None, instructions: "" }
    }

    fn tools(&self) -> Vec<ToolDescriptor> {
        let annotations =
            ToolAnnotations { read_only: true, destructive: false, idempotent: true, open_world: false };
        let (name, title, description) = ("echo", "Echo", "Says it again.");
        vec![ToolDescriptor {
            name,
            title,
            description,
            input_schema: Map::new(),
            output_schema: None,
            annotations,
        }]
    }

    fn resources(&self) -> Vec<ResourceDescriptor> {
        let (uri, name, title) = ("fuzz://one", "one", "One");
        vec![ResourceDescriptor { uri, name, title, description: "The only one.", mime_type: "text/plain" }]
    }

    async fn call_tool(&self, call: ToolCall) -> Result<ToolResult, Refusal> {
        let known = call.name == "echo";
        let structured = call.arguments.clone();
        self.calls.lock().expect("one thread").push(call);
        if !known {
            return Err(Refusal::Failed { sentence: "No such tool.".to_owned() });
        }
        Ok(ToolResult { text: "said".to_owned(), structured: Some(structured), is_error: false, meta: None })
    }

    async fn read_resource(&self, uri: &str) -> Result<ResourceContents, Refusal> {
        self.reads.lock().expect("one thread").push(uri.to_owned());
        if uri != "fuzz://one" {
            return Err(Refusal::Failed { sentence: "No such resource.".to_owned() });
        }
        Ok(ResourceContents { mime_type: "text/plain", text: "one".to_owned(), meta: None })
    }

    async fn refused(&self, refusal: ProtocolRefusal) {
        self.refused.lock().expect("one thread").push(refusal);
    }
}
