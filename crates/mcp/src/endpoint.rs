//! The endpoint: one HTTP request in, one HTTP response out.
//!
//! Source: MCP 2026-07-28 and 2025-11-25, Streamable HTTP; MCP 2025-03-26 for batches.

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use serde_json::Value;

use crate::dispatch::{self, Failure};
use crate::headers;
use crate::message::{self, Id, Message};
use crate::refusal::ProtocolRefusal;
use crate::reply::{Reply, accepted};
use crate::revision::{Era, Revision, VersionHeader, era};
use crate::server::Server;
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
/// 4. Notifications and, in the earlier revisions, responses are accepted without effect (202).
/// 5. A request is answered with its result or its error.
pub async fn handle(server: &dyn Server, request: Request<Bytes>) -> Response<Bytes> {
    let (parts, body) = request.into_parts();
    let admitted = headers::admit(&parts.method, &parts.headers)
        .and_then(|()| strict_json::parse(&body).map_err(ProtocolRefusal::from));
    drop(body);
    let reply = match admitted {
        Ok(Value::Array(messages)) => batch(server, &parts.headers, messages).await,
        Ok(message) => single(server, &parts.headers, message).await,
        Err(refusal) => Some(failed(server, None, refusal.into()).await),
    };
    reply.map_or_else(accepted, Reply::into_response)
}

async fn single(server: &dyn Server, headers: &HeaderMap, message: Value) -> Option<Reply> {
    let (id, outcome) = match message::read(message) {
        Ok(Message::Request(mut request)) => {
            let outcome = dispatch::answer(server, headers, &mut request).await;
            (Some(request.id), outcome.map(Some))
        }
        Ok(Message::Notification) => (None, admit_notification(headers).map(|()| None)),
        Ok(Message::Response) => (None, admit_response(headers).map(|()| None)),
        Err((id, refusal)) => (id, Err(refusal.into())),
    };
    match outcome {
        Ok(result) => result.map(|result| Reply::result(id.as_ref(), &result)),
        Err(failure) => Some(failed(server, id.as_ref(), failure).await),
    }
}

async fn batch(server: &dyn Server, headers: &HeaderMap, messages: Vec<Value>) -> Option<Reply> {
    if let Err(refusal) = admit_batch(headers, messages.len()) {
        return Some(failed(server, None, refusal.into()).await);
    }
    let mut replies = Vec::new();
    for message in messages {
        let (id, outcome) = match message::read(message) {
            Ok(Message::Request(mut request)) => {
                let outcome = dispatch::answer_in_batch(server, headers, &mut request).await;
                (Some(request.id), outcome)
            }
            Ok(Message::Notification | Message::Response) => continue,
            Err((id, refusal)) => (id, Err(refusal.into())),
        };
        replies.push(match outcome {
            Ok(result) => Reply::result(id.as_ref(), &result),
            Err(failure) => failed(server, id.as_ref(), failure).await,
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
