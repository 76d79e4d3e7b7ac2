//! The endpoint as a client sees it: what is said here is in `tests/`, by theme.

mod agreement;
mod cancellation;
mod completion;
mod conversation;
mod discovery;
mod lists;
mod messages;
mod progress;
mod properties;
mod refusals;
mod results;
mod round_trips;
mod script;
mod sessions;

use std::borrow::Borrow;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value, json};

use crate::*;

use script::Scripted;

const MODERN: &str = "2026-07-28";
const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
/// What a client that takes both forms of an answer sends.
const BOTH: (&str, &str) = ("accept", "application/json, text/event-stream");

fn every_revision() -> impl Iterator<Item = &'static str> {
    LEGACY.into_iter().chain([MODERN])
}

/// Runs a future for as long as something wakes it: what it gives, or nothing where it waits for somebody else.
fn run<T>(future: impl Future<Output = T>) -> Option<T> {
    struct Woken(AtomicBool);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    let waker = Waker::from(Arc::clone(&woken));
    let mut future = pin!(future);
    while woken.0.swap(false, Ordering::SeqCst) {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
    }
    None
}

impl Scripted {
    /// The whole answer; everything the script does happens at once.
    fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = self.begin(request).into_parts();
        let body = run(body.collect()).expect("the script ends").unwrap().to_bytes();
        Response::from_parts(parts, body)
    }

    /// The beginning of an answer.
    fn begin(&self, request: Request<Bytes>) -> Response<Body> {
        run(handle(self.server(), request)).expect("the script answers at once")
    }

    /// An answer that is JSON or nothing.
    fn answer(&self, request: Request<Bytes>) -> (u16, Value) {
        let response = self.send(request);
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or(Value::Null))
    }

    fn post(&self, headers: &[(&str, &str)], body: &Value) -> (u16, Value) {
        self.post_bytes(headers, body.to_string().into_bytes())
    }

    fn post_bytes(&self, headers: &[(&str, &str)], body: Vec<u8>) -> (u16, Value) {
        self.answer(post(headers, body))
    }

    /// The messages of an answer that comes as events, the result or error last.
    fn stream(&self, request: Request<Bytes>) -> Vec<Value> {
        let response = self.send(request);
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &http::HeaderValue::from_static("text/event-stream")),
            "{:?}",
            response.body()
        );
        events(response.body())
    }
}

fn post(headers: &[(&str, &str)], body: Vec<u8>) -> Request<Bytes> {
    let request = Request::post("/mcp").header("content-type", "application/json");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(body.into()).unwrap()
}

/// The messages in an event stream that is here.
fn events(body: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(body).unwrap();
    let event = |event: &str| {
        let data = event.strip_prefix("event: message\ndata: ").expect("an event of ours");
        serde_json::from_str(data).expect("one line of JSON")
    };
    assert!(text.is_empty() || text.ends_with("\n\n"), "every event ends: {text:?}");
    text.split_terminator("\n\n").map(event).collect()
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else { panic!("an object") };
    members
}

/// What a client says with every request of the stateless revisions.
fn meta(declared: &Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": declared,
    })
}

fn modern(method: &str, mut params: Value) -> Value {
    let mut meta = meta(&json!({"elicitation": {}}));
    if let Some(own) = params.get("_meta").and_then(Value::as_object) {
        meta.as_object_mut().unwrap().extend(own.clone());
    }
    params["_meta"] = meta;
    legacy(method, params)
}

fn legacy(method: &str, params: Value) -> Value {
    let mut message = json!({"jsonrpc": "2.0", "id": 7, "method": method});
    message["params"] = params;
    message
}

/// The request of a well-behaved client of the revision, with these headers besides.
fn request(revision: &str, method: &str, params: &Value, more: &[(&str, &str)]) -> Request<Bytes> {
    let mut headers = vec![("mcp-protocol-version", revision)];
    headers.extend(more);
    if revision != MODERN {
        return post(&headers, legacy(method, params.clone()).to_string().into_bytes());
    }
    let name = params.get("name").or_else(|| params.get("uri")).and_then(Value::as_str).unwrap_or("-");
    headers.extend([("mcp-method", method), ("mcp-name", name)]);
    post(&headers, modern(method, params.clone()).to_string().into_bytes())
}

/// Sends the request as a well-behaved client of the revision does.
fn ask(server: &Scripted, revision: &str, method: &str, params: impl Borrow<Value>) -> (u16, Value) {
    server.answer(request(revision, method, params.borrow(), &[]))
}

fn result(server: &Scripted, revision: &str, method: &str, params: impl Borrow<Value>) -> Value {
    let (status, body) = ask(server, revision, method, params);
    assert_eq!(
        (status, &body["jsonrpc"], &body["id"]),
        (200, &json!("2.0"), &json!(7)),
        "{revision} {method} {body}"
    );
    assert!(body.get("error").is_none(), "{revision} {method} {body}");
    body["result"].clone()
}

/// What the server says of itself where it has a title and a site.
fn info() -> Value {
    json!({
        "name": "scripted", "title": "Scripted server", "version": "1.2.3",
        "websiteUrl": "https://scripted.example/",
    })
}

/// The same result as the stateless revisions write it.
fn stateless(mut result: Value, ttl_ms: Option<u32>) -> Value {
    result["resultType"] = json!("complete");
    result["_meta"] = json!({"io.modelcontextprotocol/serverInfo": info()});
    if let Some(ttl_ms) = ttl_ms {
        result["ttlMs"] = json!(ttl_ms);
        result["cacheScope"] = json!("private");
    }
    result
}
