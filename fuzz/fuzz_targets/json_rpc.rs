//! JSON-RPC frames: header lines, an empty line, the body. Without an empty line everything is the body. `{canary}` is a
//! secret.

#![no_main]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use libfuzzer_sys::fuzz_target;
use m365_fuzz::{CANARY, now, planted};
use m365_mcp::{
    Answered, CallKey, Client, Completion, CompletionCall, CompletionReference, Content, InputRequest,
    InputRequired, MAX_BATCH_MESSAGES, Offers, PromptDescriptor, PromptResult, ProtocolRefusal, Refusal,
    RequestState, ResourceBody, ResourceContents, ResourceDescriptor, Server, ServerInfo, TemplateDescriptor,
    ToolAnnotations, ToolCall, ToolDescriptor, ToolResult, handle, is_message, only_discovers,
};
use serde_json::{Map, Value, json};

/// Header lines as they are sent.
type Lines = [(HeaderName, HeaderValue)];

fuzz_target!(|input: &[u8]| {
    let input = planted(input);
    let (lines, body) = divide(&input);
    let application = Arc::new(Application::default());
    let answer = send(&application, &lines, body.to_vec());
    let heard = application.heard();
    check_answer(&answer, &heard);
    assert!(!only_discovers(body) || heard.effects() == 0, "more than discovery ran");
    assert!(!only_discovers(body) || is_message(body), "discovery out of form");
    let message: Option<Value> = serde_json::from_slice(body).ok();
    let Some(message) = message else {
        assert!(answer.status().is_client_error() && heard.effects() == 0, "no JSON, yet {answer:?}");
        return;
    };
    check_effects(&message, &heard);
    assert!(message.is_array() || is_message(body) || heard.effects() == 0, "out of form, yet it ran");
    assert!(message.is_array() || heard.refused.is_empty() || heard.effects() == 0, "refused, yet it ran");
    if answer.status() == StatusCode::OK || answer.status() == StatusCode::ACCEPTED {
        check_reprinted(&lines, &message, &answer, &heard);
        check_continued(&application, &lines, &message, &answer);
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

fn send(application: &Arc<Application>, lines: &Lines, body: Vec<u8>) -> Response<Bytes> {
    let mut request = Request::post("/mcp").header("content-type", "application/json");
    for (name, value) in lines {
        request = request.header(name, value);
    }
    let server: Arc<dyn Server> = Arc::<Application>::clone(application);
    let (parts, body) = now(handle(server, request.body(body.into()).expect("a request"))).into_parts();
    let body = now(body.collect()).expect("a body never fails").to_bytes();
    Response::from_parts(parts, body)
}

/// The messages of an answer: one, or those of its events.
fn messages(answer: &Response<Bytes>) -> Vec<Value> {
    if answer.headers().get(header::CONTENT_TYPE).is_none_or(|kind| kind != "text/event-stream") {
        return vec![serde_json::from_slice(answer.body()).expect("an answer is JSON")];
    }
    let events = std::str::from_utf8(answer.body()).expect("events are text");
    assert!(events.ends_with("\n\n"), "an event that does not end");
    let data = |event: &str| event.strip_prefix("event: message\ndata: ").map(str::to_owned);
    let data = |event| data(event).expect("an event of one line");
    events.split_terminator("\n\n").map(|event| serde_json::from_str(&data(event)).expect("JSON")).collect()
}

/// Whatever came in, JSON-RPC or nothing goes out, the answer last, and every refusal was told once.
fn check_answer(answer: &Response<Bytes>, heard: &Heard) {
    assert!(!answer.status().is_server_error(), "{answer:?}");
    if answer.status() == StatusCode::ACCEPTED {
        assert!(answer.body().is_empty() && heard.effects() == 0);
        return;
    }
    let mut messages = messages(answer);
    let body = messages.pop().expect("an answer");
    for notification in &messages {
        assert!(answer.status() == StatusCode::OK && is_notification(notification), "{notification}");
    }
    let replies = body.as_array().map_or(std::slice::from_ref(&body), Vec::as_slice);
    assert!((1..=MAX_BATCH_MESSAGES).contains(&replies.len()));
    let mut refused = 0;
    for reply in replies {
        assert_eq!(reply.get("jsonrpc").and_then(Value::as_str), Some("2.0"));
        let parts = (reply.get("result").is_some(), reply.get("error").is_some());
        assert!(matches!(parts, (true, false) | (false, true)), "{reply}");
        assert!(reply.get("id").is_none_or(|id| id.is_string() || id.is_i64() || id.is_u64()), "{reply}");
        let code = reply.pointer("/error/code").and_then(Value::as_i64);
        refused += usize::from(code.is_some_and(|code| !OWN.contains(&code)));
    }
    assert_eq!(heard.refused.len(), refused, "{body}");
}

fn is_notification(message: &Value) -> bool {
    let known = ["notifications/progress", "notifications/message"];
    let method = message.get("method").and_then(Value::as_str);
    method.is_some_and(|method| known.contains(&method))
        && message.get("id").is_none()
        && message.get("params").is_some_and(Value::is_object)
}

/// Codes that only the application of this target answers with, or has the dispatcher answer with for it.
const OWN: [i64; 2] = [-32_603, -32_042];

/// What reached the application is what an ordinary reader of the same bytes sees.
fn check_effects(message: &Value, heard: &Heard) {
    let messages = message.as_array().map_or(std::slice::from_ref(message), Vec::as_slice);
    let params = |method: &str| {
        let of_method = |message: &&Value| message.get("method").is_some_and(|name| name == method);
        messages.iter().filter(of_method).filter_map(|message| message.get("params")).collect::<Vec<_>>()
    };
    let given =
        |params: &Value| params.get("arguments").and_then(Value::as_object).cloned().unwrap_or_default();
    for (method, of_kind) in [("tools/call", &heard.calls), ("prompts/get", &heard.prompts)] {
        let sent = params(method);
        for (name, arguments) in of_kind {
            let same = |params: &&Value| {
                params.get("name").is_some_and(|given| given == name) && given(params) == *arguments
            };
            assert!(sent.iter().any(same), "{method} that nobody sent: {name} {arguments:?}");
        }
    }
    let reads = params("resources/read");
    for uri in &heard.reads {
        assert!(reads.iter().any(|params| params.get("uri").is_some_and(|given| given == uri)));
    }
    let completions = params("completion/complete");
    for call in &heard.completions {
        assert!(completions.iter().any(|params| is_completed(params, call)), "{call:?}");
    }
    let cancellations = params("notifications/cancelled");
    for key in &heard.cancelled {
        let id: Option<Value> = serde_json::from_str(&key.id).ok();
        let same = |params: &&Value| id.is_some() && params.get("requestId") == id.as_ref();
        assert!(cancellations.iter().any(same), "{key:?}");
    }
    assert!(heard.effects() + heard.cancelled.len() <= messages.len());
}

fn is_completed(params: &Value, call: &CompletionCall) -> bool {
    let text = |place: &str| params.pointer(place).and_then(Value::as_str);
    let reference = match &call.reference {
        CompletionReference::Prompt(name) => {
            text("/ref/type") == Some("ref/prompt") && text("/ref/name") == Some(name)
        }
        CompletionReference::Template(uri) => {
            text("/ref/type") == Some("ref/resource") && text("/ref/uri") == Some(uri)
        }
    };
    let context =
        params.pointer("/context/arguments").and_then(Value::as_object).cloned().unwrap_or_default();
    reference
        && text("/argument/name") == Some(&call.argument)
        && text("/argument/value") == Some(&call.value)
        && context == call.context
}

/// A message that was understood means the same when it is printed by somebody else.
fn check_reprinted(lines: &Lines, message: &Value, answer: &Response<Bytes>, heard: &Heard) {
    let application = Arc::new(Application::default());
    let again = send(&application, lines, message.to_string().into_bytes());
    assert_eq!((again.status(), again.body()), (answer.status(), answer.body()));
    assert_eq!(application.heard(), *heard);
}

/// A cursor leads on in its list; a state is good for one more request, which is the same.
fn check_continued(application: &Arc<Application>, lines: &Lines, message: &Value, answer: &Response<Bytes>) {
    if message.is_array() || answer.status() == StatusCode::ACCEPTED {
        return;
    }
    let reply = messages(answer).pop().expect("an answer");
    let continued = |name: &str, value: &Value| {
        let mut message = message.clone();
        if message.get("params").is_none() {
            message["params"] = json!({});
        }
        message["params"][name] = value.clone();
        let effects = application.heard().effects();
        let answer = send(application, lines, message.to_string().into_bytes());
        (messages(&answer).pop().expect("an answer"), application.heard().effects() - effects)
    };
    if let Some(cursor) = reply.pointer("/result/nextCursor") {
        let (next, _) = continued("cursor", cursor);
        assert!(next.get("result").is_some(), "{next}");
    }
    if let Some(state) = reply.pointer("/result/requestState") {
        let (next, effects) = continued("requestState", state);
        assert!(next.get("result").is_some() && effects == 1, "a state that does not count: {next}");
        let (spent, effects) = continued("requestState", state);
        assert_eq!(spent.pointer("/error/code"), Some(&json!(-32_602)), "a state that counts twice: {spent}");
        assert_eq!(effects, 0, "a state that counts twice");
    }
}

/// Whether the canary stands among the arguments of a call only: an id, a URI or a revision is echoed by design.
fn is_argument(lines: &Lines, message: &Value) -> bool {
    let mut rest = message.clone();
    if let Some(params) = rest.pointer_mut("/params").and_then(Value::as_object_mut) {
        for name in ["arguments", "argument", "context", "cursor", "inputResponses", "requestState"] {
            params.remove(name);
        }
    }
    let in_header = lines.iter().any(|(_, value)| value.to_str().is_ok_and(|text| text.contains(CANARY)));
    !in_header && !rest.to_string().contains(CANARY)
}

/// An application that knows a few of everything, and keeps what reached it.
#[derive(Default)]
struct Application {
    heard: Mutex<Heard>,
    /// States by name, `None` where they are spent.
    states: Mutex<BTreeMap<String, Option<RequestState>>>,
}

/// What reached the application.
#[derive(Clone, Debug, Default, PartialEq)]
struct Heard {
    calls: Vec<(String, Map<String, Value>)>,
    cancelled: Vec<CallKey>,
    completions: Vec<CompletionCall>,
    prompts: Vec<(String, Map<String, Value>)>,
    reads: Vec<String>,
    refused: Vec<ProtocolRefusal>,
}

impl Heard {
    fn effects(&self) -> usize {
        self.calls.len() + self.completions.len() + self.prompts.len() + self.reads.len()
    }
}

impl Application {
    fn heard(&self) -> Heard {
        self.heard.lock().expect("one thread").clone()
    }

    fn keep(&self, keep: impl FnOnce(&mut Heard)) {
        keep(&mut self.heard.lock().expect("one thread"));
    }
}

fn unknown() -> Refusal {
    Refusal::Failed { sentence: "There is no such thing.".to_owned() }
}

/// Needs what the arguments name, until an answer has come.
fn need(arguments: &Map<String, Value>, client: &Client) -> Answered<ToolResult> {
    if client.input().is_some_and(|input| input.action("url").is_some()) {
        return Answered::Complete(ToolResult::text("done"));
    }
    let requests = vec![InputRequest::url("url", "https://fuzz.example/", "Connect first.")];
    let state = (!arguments.contains_key("stateless")).then(|| b"here".to_vec());
    let otherwise = Ok(ToolResult::error("otherwise"));
    Answered::InputRequired(Box::new(InputRequired { requests, state, otherwise }))
}

fn speak(client: &Client) -> ToolResult {
    for done in [1, 1, 2] {
        client.progress(done, Some(2), "so far");
    }
    client.log("info", "text");
    ToolResult::text("said")
}

#[async_trait]
impl Server for Application {
    fn info(&self) -> ServerInfo {
        ServerInfo {
            name: "fuzz",
            title: "Fuzz",
            version: "1",
            website_url: None,
            icons: &[],
            instructions: "",
        }
    }

    fn offers(&self) -> Offers {
        Offers { completions: true, logging: true, prompts: true, subscriptions: true }
    }

    fn page_size(&self) -> usize {
        1
    }

    fn tools(&self) -> Vec<ToolDescriptor> {
        let annotations = ToolAnnotations {
            read_only: true,
            destructive: false,
            idempotent: Some(true),
            open_world: false,
        };
        let describe = |name| ToolDescriptor {
            name,
            title: "Tool",
            description: "Does something.",
            input_schema: Map::new(),
            output_schema: None,
            annotations,
        };
        ["echo", "need", "speak"].map(describe).into()
    }

    fn resources(&self) -> Vec<ResourceDescriptor> {
        let describe = |uri| ResourceDescriptor {
            uri,
            name: "one",
            title: "One",
            description: "One of them.",
            mime_type: "text/plain",
            icons: &[],
        };
        ["fuzz://one", "fuzz://two"].map(describe).into()
    }

    fn resource_templates(&self) -> Vec<TemplateDescriptor> {
        let describe = |uri_template| TemplateDescriptor {
            uri_template,
            name: "any",
            title: "Any",
            description: "Any of them.",
            mime_type: "text/plain",
            icons: &[],
        };
        ["fuzz://{name}", "fuzz://{name}/{part}"].map(describe).into()
    }

    fn prompts(&self) -> Vec<PromptDescriptor> {
        let describe = |name| PromptDescriptor {
            name,
            title: "Greet",
            description: "Greets somebody.",
            arguments: Vec::new(),
            icons: &[],
        };
        ["greet", "leave"].map(describe).into()
    }

    async fn call_tool(&self, call: ToolCall, client: Arc<Client>) -> Result<Answered<ToolResult>, Refusal> {
        self.keep(|heard| heard.calls.push((call.name.clone(), call.arguments.clone())));
        match call.name.as_str() {
            "echo" => Ok(Answered::Complete(ToolResult {
                structured: Some(call.arguments),
                ..ToolResult::text("said")
            })),
            "need" => Ok(need(&call.arguments, &client)),
            "speak" => Ok(Answered::Complete(speak(&client))),
            _ => Err(unknown()),
        }
    }

    async fn read_resource(&self, uri: &str, _: Arc<Client>) -> Result<Answered<ResourceContents>, Refusal> {
        self.keep(|heard| heard.reads.push(uri.to_owned()));
        let body = ResourceBody::Text("one".to_owned());
        let contents = ResourceContents { mime_type: "text/plain", body, meta: None };
        (uri == "fuzz://one").then_some(Answered::Complete(contents)).ok_or_else(unknown)
    }

    async fn prompt(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        _: Arc<Client>,
    ) -> Result<Answered<PromptResult>, Refusal> {
        self.keep(|heard| heard.prompts.push((name.to_owned(), arguments)));
        let messages = vec![Content::Text("Hello.".to_owned())];
        let said = PromptResult { description: "Greets somebody.", messages };
        (name == "greet").then_some(Answered::Complete(said)).ok_or_else(unknown)
    }

    async fn complete(&self, call: CompletionCall, _: Arc<Client>) -> Result<Completion, Refusal> {
        self.keep(|heard| heard.completions.push(call));
        Ok(Completion { values: vec!["one".to_owned(); 101], total: None, has_more: false })
    }

    fn cancel(&self, call: &CallKey) {
        self.keep(|heard| heard.cancelled.push(call.clone()));
    }

    fn seal_state(&self, state: &RequestState) -> Result<String, Refusal> {
        let mut states = self.states.lock().expect("one thread");
        let name = format!("state-{}", states.len());
        states.insert(name.clone(), Some(state.clone()));
        Ok(name)
    }

    async fn spend_state(&self, state: &str) -> Result<Option<RequestState>, Refusal> {
        Ok(self.states.lock().expect("one thread").get_mut(state).and_then(Option::take))
    }

    async fn refused(&self, refusal: ProtocolRefusal) {
        self.keep(|heard| heard.refused.push(refusal));
    }
}
