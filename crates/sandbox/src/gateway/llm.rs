//! The gateway of language models: chat completions by the name of a dynamic route, answered as a stream.
//!
//! Source: Cloudflare AI Gateway, "Using a dynamic route"; OpenAI API, streamed chat completions. The models behind the
//! two routes are deterministic: `summary` says how many messages there were, `classifier` says `suspicious` where one of
//! them speaks to a model and `clean` otherwise. Neither does what a message says.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::GatewayError;
use crate::estate::Estate;
use crate::faults::{Fault, Target, wait_ms};
use crate::graph::{GraphRequest, GraphResponse, Unreachable, recorded_body};
use crate::recorder::{Recorded, shown_headers};

/// The only path, behind the gateway's name.
pub(super) const PATH: &str = "compat/chat/completions";

/// What is asked.
#[derive(Default, Deserialize)]
struct Question {
    #[serde(default)]
    model: String,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: String,
}

/// A model: what it makes of the messages.
type Model = fn(&[&str]) -> String;

/// The dynamic routes of the gateway.
fn model(name: &str) -> Option<Model> {
    match name {
        "dynamic/classifier" => Some(judged),
        "dynamic/summary" => Some(summarised),
        _ => None,
    }
}

/// Answers one question.
pub(super) async fn answer(
    estate: &Estate,
    person: Option<&str>,
    request: GraphRequest,
) -> Result<GraphResponse, Unreachable> {
    let asked: Question = serde_json::from_slice(&request.body).unwrap_or_default();
    let fault = estate.faults.take(Target::Llm, &request.path, person);
    estate.recorder.record(Recorded {
        target: Target::Llm,
        person: person.map(str::to_owned),
        method: request.method.to_string(),
        path: request.path,
        query: request.query,
        headers: shown_headers(&request.headers),
        body: recorded_body(&request.body),
    });
    match fault {
        Some(Fault::Reset) => return Err(Unreachable),
        Some(Fault::Delay { ms }) => wait_ms(ms).await,
        Some(Fault::RateLimit) => return Ok(refused(429, "rate_limit_exceeded")),
        Some(Fault::Status { status }) => return Ok(refused(status, "server_error")),
        _ => {}
    }
    let Some(model) = model(&asked.model) else {
        let unknown = GatewayError::no_model().outbound(None);
        return Ok(GraphResponse { status: unknown.status, headers: unknown.headers, body: unknown.body });
    };
    if !asked.stream {
        return Ok(refused(400, "only_streams"));
    }
    let of_user = asked.messages.iter().filter(|message| message.role == "user");
    let texts: Vec<&str> = of_user.map(|message| message.content.as_str()).collect();
    Ok(streamed(&model(&texts), fault == Some(Fault::Malformed)))
}

fn summarised(texts: &[&str]) -> String {
    format!("A conversation of {} messages.", texts.len())
}

fn judged(texts: &[&str]) -> String {
    let speaks_to_a_model = |text: &&str| {
        let text = text.to_lowercase();
        text.contains("ignore") && (text.contains("instruction") || text.contains("previous"))
    };
    if texts.iter().any(speaks_to_a_model) { "suspicious" } else { "clean" }.to_owned()
}

/// The stream of chunks, a word each; one that is cut off ends before it says that it is complete.
fn streamed(text: &str, cut_off: bool) -> GraphResponse {
    let chunk = |delta: Value, finish: Option<&str>| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        let chunk = json!({"id": "chatcmpl-simulated", "object": "chat.completion.chunk", "created": 0,
            "model": "simulated", "choices": [choice]});
        format!("data: {chunk}\n\n")
    };
    let mut body = chunk(json!({"role": "assistant", "content": ""}), None);
    for word in text.split_inclusive(' ') {
        body.push_str(&chunk(json!({"content": word}), None));
    }
    if !cut_off {
        body.push_str(&chunk(json!({}), Some("stop")));
        body.push_str("data: [DONE]\n\n");
    }
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("text/event-stream"));
    GraphResponse { status: StatusCode::OK, headers, body: Bytes::from(body) }
}

/// A refusal in the words of a model's provider.
fn refused(status: u16, code: &str) -> GraphResponse {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let body = json!({"error": {"message": "The simulated model refused.", "type": code, "code": code}});
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    GraphResponse { status, headers, body: Bytes::from(body.to_string()) }
}
