//! Requests inside `POST /$batch`, and their answers taken out again.
//!
//! Source: Microsoft Graph, "Combine multiple requests in one HTTP call using JSON batching". The batch itself is
//! answered 200 whatever became of the request inside; throttling and its `Retry-After` are inside too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use m365_ports::{Content, GraphAnswer, UpstreamError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::classify::{classify_graph, graph_request_id};
use crate::gateway::{CLIENT_REQUEST_ID, Outgoing};

/// Where batches go, below the API version.
pub(crate) const TARGET: &str = "/$batch";

/// The batch of these requests, each under its number.
pub(crate) fn wrap(requests: &[Outgoing]) -> Value {
    let requests: Vec<Value> =
        requests.iter().enumerate().map(|(index, graph)| wrap_one(&number(index), graph)).collect();
    json!({ "requests": requests })
}

fn number(index: usize) -> String {
    (index + 1).to_string()
}

fn wrap_one(id: &str, graph: &Outgoing) -> Value {
    let mut headers = serde_json::Map::new();
    headers.insert(CLIENT_REQUEST_ID.to_string(), graph.client_request_id.as_str().into());
    // What is asked for by default need not be said.
    let own = graph.headers.iter().filter(|(name, value)| *name != ACCEPT || *value != "application/json");
    for (name, value) in own {
        if let Ok(value) = value.to_str() {
            headers.insert(name.to_string(), value.into());
        }
    }
    let body = graph.body.as_ref().map(|body| match body {
        Content::Json(value) => value.clone(),
        Content::Bytes { bytes, .. } => STANDARD.encode(bytes).into(),
    });
    let fixed = [
        ("id".to_owned(), id.into()),
        ("method".to_owned(), graph.method.as_str().into()),
        ("url".to_owned(), graph.target.as_str().into()),
        ("headers".to_owned(), Value::Object(headers)),
    ];
    let body = body.map(|body| ("body".to_owned(), body));
    fixed.into_iter().chain(body).collect::<serde_json::Map<_, _>>().into()
}

#[derive(Deserialize)]
struct Answers {
    responses: Vec<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    id: String,
    status: u16,
    #[serde(default)]
    headers: serde_json::Map<String, Value>,
    #[serde(default)]
    body: Value,
}

/// What became of each request inside a batch that was answered, in the order of the requests. One that is answered not
/// at all, or twice, has no usable answer.
pub(crate) fn unwrap(batch: &GraphAnswer, requests: &[Outgoing]) -> Vec<Result<GraphAnswer, UpstreamError>> {
    let answers: Option<Answers> = serde_json::from_slice(&batch.body).ok();
    let answers = answers.map(|answers| answers.responses).unwrap_or_default();
    let answer = |(index, request): (usize, &Outgoing)| {
        let mut trace = batch.trace.clone();
        trace.client_request_id.clone_from(&request.client_request_id);
        let id = number(index);
        let mut found = answers.iter().filter(|inner| inner.id == id);
        let inner = found.next().filter(|_| found.next().is_none());
        let status = inner.and_then(|inner| StatusCode::from_u16(inner.status).ok());
        let (Some(inner), Some(status)) = (inner, status) else {
            return Err(UpstreamError::Malformed { trace });
        };
        let headers = header_map(&inner.headers);
        trace.status = Some(status.as_u16());
        trace.graph_request_id = graph_request_id(&headers).or(trace.graph_request_id);
        classify_graph(trace, status, &headers, &content(&headers, &inner.body))
    };
    requests.iter().enumerate().map(answer).collect()
}

fn header_map(headers: &serde_json::Map<String, Value>) -> HeaderMap {
    let header = |(name, value): (&String, &Value)| {
        let name = HeaderName::try_from(name).ok()?;
        Some((name, HeaderValue::try_from(value.as_str()?).ok()?))
    };
    headers.iter().filter_map(header).collect()
}

/// JSON travels as JSON, everything else as a base64 text.
fn content(headers: &HeaderMap, body: &Value) -> Bytes {
    let is_json = headers
        .get(CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes().windows(4).any(|part| part.eq_ignore_ascii_case(b"json")));
    match body {
        Value::Null => Bytes::new(),
        Value::String(text) if !is_json => {
            STANDARD.decode(text).unwrap_or_else(|_| text.clone().into_bytes()).into()
        }
        body => body.to_string().into(),
    }
}
