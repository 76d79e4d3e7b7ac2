//! The gateway of models: answers every question alike, in a stream.

use std::sync::Mutex;

use bytes::Bytes;
use http::Response;
use serde_json::json;

use super::network::refusal;

/// Where questions go.
pub(crate) const MODELS: &str =
    "https://gateway.ai.cloudflare.com/v1/0123456789abcdef/m365-llm/compat/chat/completions";

/// What is said to every question.
pub(crate) struct FakeModels(Mutex<(u16, String)>);

impl Default for FakeModels {
    fn default() -> Self {
        Self(Mutex::new((200, stream("clean"))))
    }
}

impl FakeModels {
    /// The model says this from now on.
    pub(crate) fn say(&self, text: &str) {
        *self.0.lock().unwrap() = (200, stream(text));
    }

    /// The gateway refuses from now on.
    pub(crate) fn refuse(&self, status: u16, code: u32) {
        *self.0.lock().unwrap() = (status, refusal(status, code).to_string());
    }

    pub(super) fn answer(&self) -> Response<Bytes> {
        let (status, body) = self.0.lock().unwrap().clone();
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status.try_into().unwrap();
        response.headers_mut().insert("cf-aig-log-id", "model-log-1".parse().unwrap());
        response
    }
}

fn stream(text: &str) -> String {
    let chunk = json!({ "choices": [{ "index": 0, "delta": { "content": text }, "finish_reason": "stop" }] });
    format!("data: {chunk}\n\ndata: [DONE]\n\n")
}
