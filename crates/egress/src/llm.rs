//! Language models through a gateway of their own, by the name of a dynamic route.
//!
//! Source: Cloudflare AI Gateway, "Using a dynamic route": `POST …/compat/chat/completions` with `"model":
//! "dynamic/<name>"` is the one place that takes such a name. Which model answers, and what may be spent on whom, is the
//! operator's to say in that route.
//!
//! Invariants: instructions are constants of ours; a text of others is a `user` message and never part of one; no tools
//! are offered to the model; the answer counts only where it is complete.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, Response};
use m365_ports::{
    Bounds, Entropy, Llm, LlmAnswer, LlmError, LlmPrompt, LlmRefusal, LlmRoute, Network, Outbound as _,
    OutboundError, PROMPT_BYTES_MAX, PROMPT_MESSAGES_MAX, Trace,
};
use m365_types::Intent;
use serde_json::json;

use crate::classify::{llm_refusal, trace_of};
use crate::destination::{Base, DestinationError, segment};
use crate::door::Guard;
use crate::gateway::{AGENT, CLIENT_REQUEST_ID, JSON, fresh_id};
use crate::headers::Credential;
use crate::metadata::Metadata;
use crate::stream::assemble;

/// A stream of chunks is many times as long as its text.
const BOUNDS: Bounds = Bounds {
    network: Network::Configured,
    timeout: Duration::from_mins(1),
    max_response_bytes: 4 * 1024 * 1024,
};
/// To the first byte, which a gateway that scans the answer sends last.
const GATEWAY_TIMEOUT_MILLIS: &str = "55000";
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");

/// Where a gateway takes chat completions; the only place where it takes the name of a dynamic route.
const CHAT_PATH: &str = "/compat/chat/completions";

/// The gateway of language models and the dynamic routes on it.
#[derive(Clone, Debug)]
pub struct LlmGateway {
    /// `AI_GATEWAY_LLM_ID`
    pub gateway_id: String,
    /// `LLM_CLASSIFIER_ROUTE`
    pub classifier: Option<String>,
    /// `LLM_SUMMARY_ROUTE`
    pub summary: Option<String>,
}

/// The chat completions of one gateway, and the dynamic routes that may be named there.
#[derive(Clone, Debug)]
pub(crate) struct ChatPlace {
    pub(crate) base: Base,
    pub(crate) classifier: Option<String>,
    pub(crate) summary: Option<String>,
}

impl ChatPlace {
    pub(crate) fn new(account: &Base, llm: &LlmGateway) -> Result<Self, DestinationError> {
        let id = segment("AI_GATEWAY_LLM_ID", &llm.gateway_id)?;
        let route = |setting, name: &Option<String>| {
            name.as_ref().map(|name| segment(setting, name).map(str::to_owned)).transpose()
        };
        Ok(Self {
            base: account.below(&format!("/{id}{CHAT_PATH}")),
            classifier: route("LLM_CLASSIFIER_ROUTE", &llm.classifier)?,
            summary: route("LLM_SUMMARY_ROUTE", &llm.summary)?,
        })
    }
}

pub(crate) struct GatewayLlm {
    door: Guard,
    place: ChatPlace,
    credential: Credential,
    entropy: Arc<dyn Entropy>,
}

impl GatewayLlm {
    pub(crate) const fn new(
        door: Guard,
        place: ChatPlace,
        credential: Credential,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { door, place, credential, entropy }
    }

    fn name(&self, route: LlmRoute) -> Option<&str> {
        match route {
            LlmRoute::Classifier => self.place.classifier.as_deref(),
            LlmRoute::Summary => self.place.summary.as_deref(),
        }
    }

    fn request(&self, intent: &Intent, prompt: &LlmPrompt, id: &str) -> Result<Request<Bytes>, LlmRefusal> {
        let name = self.name(prompt.route).ok_or(LlmRefusal::Off)?;
        let bytes: usize = prompt.messages.iter().map(String::len).sum();
        if bytes > PROMPT_BYTES_MAX || prompt.messages.len() > PROMPT_MESSAGES_MAX {
            return Err(LlmRefusal::PromptTooLarge);
        }
        let system = json!({"role": "system", "content": prompt.instruction});
        let user = prompt.messages.iter().map(|text| json!({"role": "user", "content": text}));
        let messages: Vec<_> = std::iter::once(system).chain(user).collect();
        let body = json!({"model": format!("dynamic/{name}"), "messages": messages, "stream": true});
        self.message(intent, id, body.to_string().into()).ok_or(LlmRefusal::Malformed)
    }

    fn message(&self, intent: &Intent, id: &str, body: Bytes) -> Option<Request<Bytes>> {
        let mut headers = self.credential.headers(&Metadata::of(intent), GATEWAY_TIMEOUT_MILLIS)?;
        headers.insert(ACCEPT, EVENT_STREAM);
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(CLIENT_REQUEST_ID, HeaderValue::try_from(id).ok()?);
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.place.base.text().parse().ok()?;
        *request.headers_mut() = headers;
        Some(request)
    }

    async fn ask(&self, intent: &Intent, prompt: &LlmPrompt) -> Result<LlmAnswer, LlmError> {
        let id = fresh_id(&*self.entropy);
        let request = self.request(intent, prompt, &id);
        let request = request.map_err(|refusal| LlmError { refusal, trace: None })?;
        match self.door.send(request, BOUNDS).await {
            Ok(answer) => read(&id, &answer),
            Err(OutboundError::Destination) => Err(LlmError { refusal: LlmRefusal::Off, trace: None }),
            Err(error) => {
                let refusal = match error {
                    OutboundError::TooLarge => LlmRefusal::TooLong,
                    _ => LlmRefusal::Unreachable,
                };
                Err(LlmError { refusal, trace: Some(Trace { client_request_id: id, ..Trace::default() }) })
            }
        }
    }
}

fn read(id: &str, answer: &Response<Bytes>) -> Result<LlmAnswer, LlmError> {
    let (status, headers, body) = (answer.status(), answer.headers(), answer.body());
    let trace = trace_of(id, status, headers);
    let assembled = llm_refusal(status, headers, body).map_or_else(|| assemble(body), Err);
    match assembled {
        Ok(found) => Ok(LlmAnswer { text: found.text, truncated: found.truncated, trace }),
        Err(refusal) => Err(LlmError { refusal, trace: Some(trace) }),
    }
}

#[async_trait]
impl Llm for GatewayLlm {
    fn has(&self, route: LlmRoute) -> bool {
        self.name(route).is_some()
    }

    async fn complete(&self, intent: &Intent, prompt: LlmPrompt) -> Result<LlmAnswer, LlmError> {
        let result = self.ask(intent, &prompt).await;
        let (trace, error) = match &result {
            Ok(answer) => (Some(&answer.trace), None),
            Err(error) => (error.trace.as_ref(), Some(error.refusal)),
        };
        tracing::info!(
            requestId = %intent.permit().actor().request,
            mcpTool = intent.permit().action().name,
            route = ?prompt.route,
            aiGatewayLogId = trace.and_then(|trace| trace.ai_gateway_log_id.as_deref()),
            status = trace.and_then(|trace| trace.status),
            error = error.map(tracing::field::display),
            "model exchange"
        );
        result
    }
}

#[cfg(test)]
mod tests;
