//! A reply as both servers give it: status, form and message, without what may differ.

use std::fmt::Debug;

use bytes::Bytes;
use http::{Response, header};
use http_body::Body;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The message; null where there is none.
    pub(crate) message: Value,
}

impl Reply {
    /// Reads an answer that is JSON, events or nothing.
    pub(crate) async fn read<B: Body<Data = Bytes, Error: Debug>>(response: Response<B>) -> Self {
        let status = response.status().as_u16();
        let is_stream =
            response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value == "text/event-stream");
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        let text = String::from_utf8_lossy(&body);
        let events = text.lines().filter_map(|line| line.strip_prefix("data:"));
        let message = if is_stream {
            events.filter_map(|event| serde_json::from_str(event).ok()).next_back().unwrap_or_default()
        } else {
            // What is no JSON is a sentence for people.
            serde_json::from_str(&text).unwrap_or(Value::Null)
        };
        Self { status, message: without_words(message) }
    }
}

/// The message without the sentences of an error: every implementation has its own.
fn without_words(mut message: Value) -> Value {
    if let Some(sentence) = message.pointer_mut("/error/message") {
        *sentence = json!("a sentence");
    }
    message
}
