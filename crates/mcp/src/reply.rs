//! Answers as bytes, with the status and the few headers they carry.
//!
//! Source: MCP 2026-07-28, Streamable HTTP; RFC 6750 section 3; RFC 9110 sections 10.2.1 and 10.2.3.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::dispatch::{Failure, Success};
use crate::events::{Body, whole};
use crate::headers::SESSION_ID;
use crate::message::Id;
use crate::refusal::{
    INSUFFICIENT_SCOPE, INTERNAL_ERROR, INVALID_PARAMS, MISSING_CLIENT_CAPABILITY, ProtocolRefusal,
    RESOURCE_NOT_FOUND_LEGACY, Refusal, SESSION_ENDED, URL_ELICITATION_REQUIRED,
};
use crate::revision::{Era, Revision};
use crate::wire::{Answer, ErrorObject};

/// Asks proxies to pass each event on as it comes (MCP 2026-07-28, Streamable HTTP, "Receiving Messages").
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// One JSON-RPC answer and how HTTP carries it.
pub(crate) struct Reply {
    status: StatusCode,
    extra: Option<(HeaderName, HeaderValue)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn success(id: Option<&Id>, Success { result, session }: Success) -> Self {
        let extra = session.map(|session| (SESSION_ID, session));
        Self { status: StatusCode::OK, extra, body: write(&Answer::result(id, &result)) }
    }

    fn refusal(id: Option<&Id>, refusal: ProtocolRefusal) -> Self {
        let extra = (refusal == ProtocolRefusal::MethodNotAllowed)
            .then(|| (header::ALLOW, HeaderValue::from_static("POST")));
        Self { extra, ..Self::error(id, refusal.status(), refusal.code(), refusal.to_string()) }
    }

    pub(crate) fn failure(id: Option<&Id>, failure: Failure) -> Self {
        match failure {
            Failure::Protocol(refusal) => Self::refusal(id, refusal),
            Failure::Revision { requested } => {
                let refusal = ProtocolRefusal::UnsupportedRevision;
                let supported = Revision::ADVERTISED.map(Revision::as_str);
                let data = json!({"supported": supported, "requested": requested});
                Self::error_with(id, refusal.status(), refusal.code(), refusal.to_string(), data)
            }
            Failure::UnknownResource(revision, uri) => {
                let (code, message) = unknown_resource(revision);
                Self::error_with(id, StatusCode::OK, code, message, json!({"uri": uri}))
            }
            Failure::UrlElicitation(elicitations) => {
                let message = "The person must open the address first; then repeat the call.".to_owned();
                let data = json!({"elicitations": elicitations});
                Self::error_with(id, StatusCode::OK, URL_ELICITATION_REQUIRED, message, data)
            }
            Failure::Application(revision, refusal) => Self::application(id, revision, refusal),
        }
    }

    /// The answers to a batch, as one array.
    pub(crate) fn batch(replies: &[Self]) -> Self {
        let mut body = vec![b'['];
        for reply in replies {
            if body.len() > 1 {
                body.push(b',');
            }
            body.extend_from_slice(&reply.body);
        }
        body.push(b']');
        Self { status: StatusCode::OK, extra: None, body }
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = response(self.status, whole(self.body.into()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.extend(self.extra);
        response
    }

    fn application(id: Option<&Id>, revision: Revision, refusal: Refusal) -> Self {
        match refusal {
            Refusal::Cancelled => {
                let sentence = "The call was cancelled before it did anything.";
                Self::error(id, StatusCode::OK, INTERNAL_ERROR, sentence.to_owned())
            }
            Refusal::Failed { sentence } => Self::error(id, StatusCode::OK, INTERNAL_ERROR, sentence),
            Refusal::Fault { sentence } => {
                Self::error(id, StatusCode::INTERNAL_SERVER_ERROR, INTERNAL_ERROR, sentence)
            }
            Refusal::InsufficientScope { challenge } => {
                let sentence = "The authorization does not cover this; authorize again with the permissions named in the challenge.";
                let extra = Some((header::WWW_AUTHENTICATE, challenge));
                Self {
                    extra,
                    ..Self::error(id, StatusCode::FORBIDDEN, INSUFFICIENT_SCOPE, sentence.to_owned())
                }
            }
            Refusal::InvalidParams { sentence } => Self::error(id, StatusCode::OK, INVALID_PARAMS, sentence),
            Refusal::MissingClientCapability { required } => missing_capability(id, revision, required),
            Refusal::SessionEnded { challenge } => {
                let sentence = "The session was ended while the call was under way. Whether the call had an effect is unknown: look before you repeat it.";
                let extra = Some((header::WWW_AUTHENTICATE, challenge));
                Self {
                    extra,
                    ..Self::error(id, StatusCode::UNAUTHORIZED, SESSION_ENDED, sentence.to_owned())
                }
            }
            Refusal::UnknownPrompt => {
                let sentence = "There is no prompt of that name; prompts/list names every prompt.";
                Self::error(id, StatusCode::OK, INVALID_PARAMS, sentence.to_owned())
            }
            Refusal::UnknownReference => {
                let sentence = "There is no such prompt or template; prompts/list and resources/templates/list name them.";
                Self::error(id, StatusCode::OK, INVALID_PARAMS, sentence.to_owned())
            }
            Refusal::UnknownResource => {
                let (code, message) = unknown_resource(revision);
                Self::error(id, StatusCode::OK, code, message)
            }
            Refusal::UnknownTool => {
                let sentence = "There is no tool of that name; tools/list names every tool.";
                Self::error(id, StatusCode::OK, INVALID_PARAMS, sentence.to_owned())
            }
            Refusal::Unavailable { sentence, retry_after } => {
                let seconds = retry_after.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
                let extra = seconds.map(|seconds| (header::RETRY_AFTER, HeaderValue::from(seconds)));
                Self { extra, ..Self::error(id, StatusCode::SERVICE_UNAVAILABLE, INTERNAL_ERROR, sentence) }
            }
        }
    }

    fn error(id: Option<&Id>, status: StatusCode, code: i32, message: String) -> Self {
        let error = ErrorObject { code, message, data: None };
        Self { status, extra: None, body: write(&Answer::error(id, &error)) }
    }

    fn error_with(id: Option<&Id>, status: StatusCode, code: i32, message: String, data: Value) -> Self {
        let error = ErrorObject { code, message, data: Some(data) };
        Self { status, extra: None, body: write(&Answer::error(id, &error)) }
    }
}

/// What a notification or a response gets, and a message whose answer goes elsewhere (202).
#[must_use]
pub fn accepted() -> Response<Body> {
    response(StatusCode::ACCEPTED, whole(Bytes::new()))
}

/// An answer that comes as events, which nothing on the way may hold back.
#[must_use]
pub fn streamed(body: Body) -> Response<Body> {
    let mut response = response(StatusCode::OK, body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

fn response(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// 2026-07-28 withdrew the code of its own that earlier revisions have.
fn unknown_resource(revision: Revision) -> (i32, String) {
    let code = match revision.era() {
        Era::Legacy => RESOURCE_NOT_FOUND_LEGACY,
        Era::Modern => INVALID_PARAMS,
    };
    (code, "There is no resource with that URI; resources/list names every resource.".to_owned())
}

/// Earlier revisions have neither the code nor a declaration in the request.
fn missing_capability(id: Option<&Id>, revision: Revision, required: Map<String, Value>) -> Reply {
    let sentence = "The call needs a capability that the client did not declare.".to_owned();
    match revision.era() {
        Era::Legacy => Reply::error(id, StatusCode::OK, INVALID_PARAMS, sentence),
        Era::Modern => {
            let data =
                Value::Object([("requiredCapabilities".to_owned(), required.into())].into_iter().collect());
            Reply::error_with(id, StatusCode::BAD_REQUEST, MISSING_CLIENT_CAPABILITY, sentence, data)
        }
    }
}

/// Ids, sentences and results already written always have a JSON form; if that ever fails, the caller still gets
/// an answer in good form.
fn write(answer: &Answer<'_>) -> Vec<u8> {
    serde_json::to_vec(answer).unwrap_or_else(|_| {
        br#"{"jsonrpc":"2.0","error":{"code":-32603,"message":"The answer could not be written."}}"#.to_vec()
    })
}
