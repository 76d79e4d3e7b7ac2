//! One request inside `POST /$batch`, and its answer taken out again.
//!
//! Source: Microsoft Graph, "Combine multiple requests in one HTTP call using JSON batching". The batch itself is
//! answered 200 whatever became of the request inside; throttling and its `Retry-After` are inside too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use m365_ports::{GraphAnswer, UpstreamError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::classify::{classify_graph, graph_request_id};
use crate::gateway::{CLIENT_REQUEST_ID, Outgoing, PREFER};

/// Where batches go, below the API version.
pub(crate) const TARGET: &str = "/$batch";
const ONLY: &str = "1";

/// The batch of this one request.
pub(crate) fn wrap(graph: &Outgoing) -> Value {
    let mut headers = serde_json::Map::new();
    headers.insert(CLIENT_REQUEST_ID.to_string(), graph.client_request_id.as_str().into());
    if let Some(prefer) = graph.prefer.as_ref().and_then(|prefer| prefer.to_str().ok()) {
        headers.insert(PREFER.to_string(), prefer.into());
    }
    let body = graph.body.as_ref().map(|body| ("body".to_owned(), body.clone()));
    if body.is_some() {
        headers.insert(CONTENT_TYPE.to_string(), "application/json".into());
    }
    let fixed = [
        ("id".to_owned(), ONLY.into()),
        ("method".to_owned(), graph.method.as_str().into()),
        ("url".to_owned(), graph.target.as_str().into()),
        ("headers".to_owned(), Value::Object(headers)),
    ];
    let request: serde_json::Map<_, _> = fixed.into_iter().chain(body).collect();
    json!({ "requests": [request] })
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

/// What became of the request inside a batch that was answered.
///
/// # Errors
/// As [`crate::classify`], for the inner answer.
pub(crate) fn unwrap(batch: GraphAnswer) -> Result<GraphAnswer, UpstreamError> {
    let GraphAnswer { body, mut trace, .. } = batch;
    let Some((status, inner)) = only_answer(&body) else {
        return Err(UpstreamError::Malformed { trace });
    };
    let headers = header_map(&inner.headers);
    trace.status = Some(status.as_u16());
    trace.graph_request_id = graph_request_id(&headers).or(trace.graph_request_id);
    classify_graph(trace, status, &headers, &content(&headers, inner.body))
}

fn only_answer(body: &[u8]) -> Option<(StatusCode, Inner)> {
    let answers: Answers = serde_json::from_slice(body).ok()?;
    let [inner] = <[Inner; 1]>::try_from(answers.responses).ok()?;
    let status = StatusCode::from_u16(inner.status).ok()?;
    (inner.id == ONLY).then_some((status, inner))
}

fn header_map(headers: &serde_json::Map<String, Value>) -> HeaderMap {
    let header = |(name, value): (&String, &Value)| {
        let name = HeaderName::try_from(name).ok()?;
        Some((name, HeaderValue::try_from(value.as_str()?).ok()?))
    };
    headers.iter().filter_map(header).collect()
}

/// JSON travels as JSON, everything else as a base64 text.
fn content(headers: &HeaderMap, body: Value) -> Bytes {
    let is_json = headers
        .get(CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes().windows(4).any(|part| part.eq_ignore_ascii_case(b"json")));
    match body {
        Value::Null => Bytes::new(),
        Value::String(text) if !is_json => {
            STANDARD.decode(&text).unwrap_or_else(|_| text.into_bytes()).into()
        }
        body => body.to_string().into(),
    }
}
