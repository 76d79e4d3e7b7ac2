//! The endpoint: one HTTP request in, one HTTP response out, whole or as it comes.
//!
//! Source: MCP 2026-07-28 and 2025-11-25, Streamable HTTP; MCP 2025-03-26 for batches; MCP 2024-11-05, HTTP with SSE, for
//! messages whose answers go elsewhere.

use std::sync::Arc;

use bytes::Bytes;
use futures_channel::mpsc;
use futures_util::stream::Stream;
use http::{HeaderMap, Request, Response};
use serde_json::Value;

use crate::client::{CallKey, Outbox};
use crate::dispatch::{Envelope, Failure};
use crate::events::{Beginning, Body, Underway};
use crate::headers;
use crate::message::{self, Id, Message};
use crate::method::Method;
use crate::refusal::{ProtocolRefusal, Refusal};
use crate::reply::{Reply, accepted, streamed};
use crate::revision::{Era, Revision, VersionHeader, era};
use crate::server::{Offers, Server};
use crate::strict_json;

/// Cap on a request body, for whoever reads it off the wire; it is not checked again here.
pub const MAX_BODY_BYTES: usize = 1 << 20;
/// How many messages a batch of revision 2025-03-26 may hold.
pub const MAX_BATCH_MESSAGES: usize = 16;

/// Answers a request of an authenticated caller. Never fails: whatever the bytes are, there is an answer.
///
/// 1. Only a POST of JSON by a client that takes JSON is read (405, 415, 406).
/// 2. The body must be one strict JSON value (400, -32700).
/// 3. An array is a batch, in the one revision that has them.
/// 4. Notifications and, in the earlier revisions, responses are accepted (202).
/// 5. A request is answered with its result or its error: as JSON, or, where the call says something on its way and the
///    client takes event streams, as one.
pub async fn handle(server: Arc<dyn Server>, request: Request<Bytes>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    if let Err(refusal) = headers::admit(&parts.method, &parts.headers) {
        return failed(&*server, None, refusal.into()).await.into_response();
    }
    let takes_events = headers::accepts_events(&parts.headers);
    let underway = underway(server, parts.headers, body, takes_events);
    match underway.begin().await {
        Beginning::Ended(reply) => reply.map_or_else(accepted, Reply::into_response),
        Beginning::Said(body) => streamed(body),
    }
}

/// Takes a message whose answers go elsewhere, and gives them in order: notifications first, the reply last. Dropping the
/// stream drops the call.
pub fn converse(
    server: Arc<dyn Server>,
    headers: HeaderMap,
    body: Bytes,
) -> impl Stream<Item = Vec<u8>> + Send {
    underway(server, headers, body, true).messages()
}

/// Whether a body is a message, or a batch of them, in good form: what is not is refused where it is posted, since nobody
/// would know whose answer an error in the stream is.
#[must_use]
pub fn is_message(body: &[u8]) -> bool {
    match strict_json::parse(body) {
        Ok(Value::Array(messages)) => {
            !messages.is_empty() && messages.into_iter().all(|message| message::read(message).is_ok())
        }
        Ok(message) => message::read(message).is_ok(),
        Err(_) => false,
    }
}

/// Whether a body holds only messages that tell what there is: discovery, lists, and what opens a session.
#[must_use]
pub fn only_discovers(body: &[u8]) -> bool {
    let discovers = |value: Value| match message::read(value) {
        Ok(Message::Request(request)) => {
            let era = era(Some(&request.method), request.names_revision(), VersionHeader::Absent);
            let offers = Offers { prompts: true, ..Offers::default() };
            Method::find(era, &request.method, offers).is_ok_and(Method::only_discovers)
        }
        Ok(Message::Notification { method, .. }) => method == "notifications/initialized",
        Ok(Message::Response { .. }) | Err(_) => false,
    };
    match strict_json::parse(body) {
        Ok(Value::Array(messages)) => !messages.is_empty() && messages.into_iter().all(discovers),
        Ok(message) => discovers(message),
        Err(_) => false,
    }
}

fn underway(server: Arc<dyn Server>, headers: HeaderMap, body: Bytes, takes_events: bool) -> Underway {
    let (outbox, inbox) = mpsc::unbounded();
    let outbox = takes_events.then_some(outbox);
    let call = Box::pin(async move { read(&*server, &headers, body, outbox).await });
    Underway { call, inbox }
}

async fn read(
    server: &dyn Server,
    headers: &HeaderMap,
    body: Bytes,
    outbox: Option<Outbox>,
) -> Option<Reply> {
    let parsed = strict_json::parse(&body).map_err(ProtocolRefusal::from);
    drop(body);
    let envelope = Envelope { server, headers, outbox: outbox.as_ref() };
    match parsed {
        Ok(Value::Array(messages)) => batch(envelope, messages).await,
        Ok(message) => single(envelope, message).await,
        Err(refusal) => Some(failed(server, None, refusal.into()).await),
    }
}

async fn single(envelope: Envelope<'_>, message: Value) -> Option<Reply> {
    let headers = envelope.headers;
    let (id, outcome) = match message::read(message) {
        Ok(Message::Request(mut request)) => {
            let outcome = envelope.answer(&mut request).await;
            (Some(request.id), outcome.map(Some))
        }
        Ok(Message::Notification { method, params }) => {
            (None, admit_notification(headers).map(|()| notified(envelope, &method, &params)))
        }
        Ok(Message::Response { id, result }) => {
            (None, admit_response(headers).map(|()| responded(envelope.server, id, result)))
        }
        Err((id, refusal)) => (id, Err(refusal.into())),
    };
    match outcome {
        Ok(success) => success.map(|success| Reply::success(id.as_ref(), success)),
        Err(Failure::Application(_, Refusal::Cancelled)) => None,
        Err(failure) => Some(failed(envelope.server, id.as_ref(), failure).await),
    }
}

async fn batch(envelope: Envelope<'_>, messages: Vec<Value>) -> Option<Reply> {
    if let Err(refusal) = admit_batch(envelope.headers, messages.len()) {
        return Some(failed(envelope.server, None, refusal.into()).await);
    }
    let mut replies = Vec::new();
    for message in messages {
        let (id, outcome) = match message::read(message) {
            Ok(Message::Request(mut request)) => {
                let outcome = envelope.answer_in_batch(&mut request).await;
                (Some(request.id), outcome)
            }
            Ok(Message::Notification { method, params }) => {
                notified::<()>(envelope, &method, &params);
                continue;
            }
            Ok(Message::Response { id, result }) => {
                responded::<()>(envelope.server, id, result);
                continue;
            }
            Err((id, refusal)) => (id, Err(refusal.into())),
        };
        replies.push(match outcome {
            Ok(success) => Reply::success(id.as_ref(), success),
            Err(Failure::Application(_, Refusal::Cancelled)) => continue,
            Err(failure) => failed(envelope.server, id.as_ref(), failure).await,
        });
    }
    (!replies.is_empty()).then(|| Reply::batch(&replies))
}

/// Every answer that is an error passes here, so the application hears of each refusal once.
async fn failed(server: &dyn Server, id: Option<&Id>, failure: Failure) -> Reply {
    if let Some(refusal) = failure.protocol_refusal() {
        server.refused(refusal).await;
    }
    Reply::failure(id, failure)
}

/// The one notification with an effect: a client of the revisions with `initialize` cancels a call by its id. Since
/// 2026-07-28 closing the answer does that, and ids are unique to nothing.
fn notified<T>(
    Envelope { server, headers, .. }: Envelope<'_>,
    method: &str,
    params: &serde_json::Map<String, Value>,
) -> Option<T> {
    let legacy = era(None, false, headers::version(headers)) == Era::Legacy;
    if legacy
        && method == "notifications/cancelled"
        && let Some(id) = params.get("requestId").cloned().and_then(message::read_id)
        && let Ok(id) = serde_json::to_string(&id)
    {
        server.cancel(&CallKey { session: server.session(headers::session(headers)).id, id });
    }
    None
}

fn responded<T>(server: &dyn Server, id: Option<Id>, result: Option<Value>) -> Option<T> {
    if let Some(Id::Text(id)) = id {
        server.answered(&id, result);
    }
    None
}

fn admit_batch(headers: &HeaderMap, length: usize) -> Result<(), ProtocolRefusal> {
    let revision = match headers::version(headers) {
        VersionHeader::Absent => Some(Revision::ASSUMED),
        VersionHeader::Named(text) => Revision::parse(text),
        VersionHeader::Unusable => None,
    };
    if !revision.is_some_and(Revision::has_batches) {
        Err(ProtocolRefusal::BatchInRevision)
    } else if length == 0 {
        Err(ProtocolRefusal::BatchEmpty)
    } else if length > MAX_BATCH_MESSAGES {
        Err(ProtocolRefusal::BatchTooLong)
    } else {
        Ok(())
    }
}

/// A notification must come in a revision known here, where it names one.
fn admit_notification(headers: &HeaderMap) -> Result<(), Failure> {
    match headers::version(headers) {
        VersionHeader::Named(text) if Revision::parse(text).is_none() => {
            Err(Failure::Revision { requested: text.to_owned() })
        }
        VersionHeader::Unusable => Err(ProtocolRefusal::VersionHeader.into()),
        VersionHeader::Named(_) | VersionHeader::Absent => Ok(()),
    }
}

/// Responses are a matter of the earlier revisions, where servers could ask clients.
fn admit_response(headers: &HeaderMap) -> Result<(), Failure> {
    match era(None, false, headers::version(headers)) {
        Era::Legacy => Ok(()),
        Era::Modern => Err(ProtocolRefusal::ClientResponse.into()),
    }
}
