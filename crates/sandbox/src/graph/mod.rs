//! The simulated Microsoft Graph, version 1.0.
//!
//! Source: Microsoft Graph's reference, metadata and permissions map. In scope: what the tools and resources of the
//! server call, and close neighbours, as strictly as Graph answers: unknown paths, methods, properties and options are
//! refused. Out of scope: every other resource, and app-only tokens. Invariants: a request acts on the mailbox of the
//! owner of its access token only; each operation needs one of its delegated scopes; content is seeded per person
//! from the object id alone, at the first use.

mod appointment;
mod attachment;
mod availability;
mod batch;
mod calendar;
mod call;
mod chat_message;
mod chats;
mod collections;
mod conversation_members;
mod directory;
mod directory_search;
mod drive;
mod drive_address;
mod drive_place;
mod drive_sharing;
mod drive_write;
mod errors;
mod event;
mod event_changes;
mod filing;
mod filter;
pub(crate) mod ids;
mod invitations;
mod kql;
mod mail;
mod mailbox;
mod meetings;
mod message;
mod new_chat;
mod odata;
mod people;
mod places;
mod planner;
mod prefer;
mod presence;
mod reply;
mod roster;
mod routes;
mod schema;
mod search;
mod seed;
mod send;
mod settings;
mod sites;
mod teams;
mod threads;
mod tips;
mod todo;
mod transcripts;
mod transfer;
mod view;
mod zone_names;
mod zones;

pub use self::transfer::HOSTS;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use self::call::{Answer, Call};
use self::chats::Chats;
use self::drive_write::Uploads;
use self::errors::{GraphError, Workload};
use self::ids::Serial;
use self::mailbox::Mailbox;
use self::odata::Options;
use self::prefer::Preferences;
use self::sites::Sites;
use self::threads::Posts;
use crate::entra::Challenge;
use crate::estate::Estate;
use crate::faults::{Fault, Target, wait_ms};
use crate::microsoft_tokens::{AccessClaims, TokenFault};
use crate::people::Person;
use crate::recorder::{Recorded, shown_headers};

/// Largest request body, in bytes.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// A request as it reaches Graph.
#[derive(Clone, Debug)]
pub struct GraphRequest {
    /// HTTP method.
    pub method: Method,
    /// Raw path from the version on, such as `/v1.0/me`.
    pub path: String,
    /// Raw query without the question mark.
    pub query: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body bytes.
    pub body: Bytes,
}

/// Graph's answer.
#[derive(Clone, Debug)]
pub struct GraphResponse {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body bytes.
    pub body: Bytes,
}

/// Graph could not be reached: the connection broke before an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The connection to Microsoft Graph broke before it answered.")]
pub struct Unreachable;

/// Why a request has no regular answer.
enum Halt {
    Malformed,
    Refused(GraphError),
    Unreachable,
}

impl From<GraphError> for Halt {
    fn from(error: GraphError) -> Self {
        Self::Refused(error)
    }
}

/// The mailboxes and teams of the simulated tenant.
#[derive(Default)]
pub struct Tenant {
    mailboxes: RwLock<HashMap<String, Arc<Mailbox>>>,
    posts: Posts,
    attachment_uploads: attachment::Uploads,
    chats: Chats,
    sites: Sites,
    uploads: Uploads,
    serial: Serial,
}

impl Tenant {
    /// A tenant whose mailboxes are seeded when they are first used.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers one request.
    ///
    /// # Errors
    /// [`Unreachable`] when a fault closes the connection.
    pub async fn handle(&self, estate: &Estate, request: GraphRequest) -> Result<GraphResponse, Unreachable> {
        let now_ms = estate.clock.now_ms();
        let request_id = self.serial.mint(now_ms);
        let client_request_id =
            header(&request.headers, "client-request-id").unwrap_or(&request_id).to_owned();
        let claims = open_token(estate, &request.headers, now_ms);
        record(estate, &request, claims.as_ref().ok());
        let answered = match claims {
            Ok(claims) => self.answer(estate, &request, &claims).await,
            Err(refused) => Err(Halt::Refused(refused)),
        };
        let answer = match answered {
            Ok(answer) => answer,
            Err(Halt::Unreachable) => return Err(Unreachable),
            Err(Halt::Malformed) => Answer::raw(200, b"<html><body>We are experiencing".to_vec()),
            Err(Halt::Refused(error)) => {
                let date = zones::rfc3339(signed(now_ms));
                let envelope = error.envelope(date.trim_end_matches('Z'), &request_id, &client_request_id);
                Answer { headers: error.headers(), ..Answer::json(error.status, &envelope) }
            }
        };
        Ok(answer.into_response(now_ms, &request_id, &client_request_id))
    }

    async fn answer(
        &self,
        estate: &Estate,
        request: &GraphRequest,
        claims: &AccessClaims,
    ) -> Result<Answer, Halt> {
        evaluate(estate, claims)?;
        let matched = routes::find(request.method.as_str(), &request.path)?;
        let workload = matched.route.workload;
        let person = estate.people.find_oid(&claims.oid).ok_or_else(|| unknown_owner(claims))?;
        let owner = owner_of(estate, &person, matched.mailbox.as_deref())?;
        if workload == Workload::Exchange && owner.guest {
            return Err(GraphError::no_mailbox().into());
        }
        let mailbox = self.mailbox(&owner, estate.clock.now_ms());
        let _place = if workload == Workload::Exchange { Some(mailbox.enter()?) } else { None };
        let fault = estate.faults.take(Target::Graph, &request.path, Some(&person.email));
        suffer(fault, workload, estate.clock.now_secs()).await?;
        let suffix = if owner.oid == person.oid { "" } else { ".Shared" };
        let opens = |held: &String| {
            let held = held.strip_suffix(suffix).unwrap_or_default();
            matched.route.scopes.contains(&held)
        };
        if !matched.route.scopes.is_empty() && !claims.scopes.iter().any(opens) {
            return Err(GraphError::missing_scope(workload, matched.route.scopes, &claims.scopes).into());
        }
        if !owner.admits(&person) {
            return Err(GraphError::new(
                403,
                "ErrorAccessDenied",
                "Access is denied. Check credentials and try again.",
            )
            .into());
        }
        let call = Call {
            estate,
            tenant: self,
            request,
            route: matched.route,
            ids: &matched.ids,
            claims,
            person: &person,
            mailbox: &mailbox,
            options: Options::parse(&request.query, matched.route)?,
            prefer: Preferences::read(&request.headers)?,
            body: call::body(request, matched.route)?,
            now_ms: signed(estate.clock.now_ms()),
        };
        Ok(call.run().await?)
    }

    /// The mailbox of this owner, if it was used.
    fn used(&self, oid: &str) -> Option<Arc<Mailbox>> {
        self.mailboxes.read().unwrap_or_else(PoisonError::into_inner).get(oid).cloned()
    }

    fn mailbox(&self, person: &Arc<Person>, now_ms: u64) -> Arc<Mailbox> {
        self.used(&person.oid).unwrap_or_else(|| {
            let mut boxes = self.mailboxes.write().unwrap_or_else(PoisonError::into_inner);
            let seeded = || Arc::new(Mailbox::new(Arc::clone(person), seed::content(person, signed(now_ms))));
            Arc::clone(boxes.entry(person.oid.clone()).or_insert_with(seeded))
        })
    }
}

fn open_token(estate: &Estate, headers: &HeaderMap, now_ms: u64) -> Result<AccessClaims, GraphError> {
    let token = bearer(headers).ok_or_else(|| GraphError::unauthenticated("Access token is empty."))?;
    estate.microsoft_tokens.open_access(token, now_ms).map_err(|fault| match fault {
        TokenFault::Expired => {
            GraphError::unauthenticated("Lifetime validation failed, the token is expired.")
        }
        TokenFault::Invalid => {
            GraphError::unauthenticated("CompactToken parsing failed with error code: 80049217")
        }
        TokenFault::Revoked => GraphError::revoked(),
    })
}

/// Continuous access evaluation: a token that was good may not be any more.
fn evaluate(estate: &Estate, claims: &AccessClaims) -> Result<(), GraphError> {
    match estate.entra.challenges.unmet(&claims.oid, claims.continuous) {
        Some(challenge) => Err(GraphError::challenged(challenge.status, &challenge.claims())),
        None => Ok(()),
    }
}

/// The bearer token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = header(headers, "authorization")?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then_some(token.trim())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn record(estate: &Estate, request: &GraphRequest, claims: Option<&AccessClaims>) {
    estate.recorder.record(Recorded {
        target: Target::Graph,
        person: claims.map(|claims| claims.email.clone()),
        method: request.method.to_string(),
        path: request.path.clone(),
        query: request.query.clone(),
        headers: shown_headers(&request.headers),
        body: recorded_body(&request.body),
    });
}

/// A body as the recorder keeps it: JSON as it is, other text as a string.
pub(crate) fn recorded_body(body: &Bytes) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

async fn suffer(fault: Option<Fault>, workload: Workload, now_secs: u64) -> Result<(), Halt> {
    match fault {
        Some(Fault::ClaimsChallenge { status }) => {
            let challenge = Challenge { status, not_before_secs: now_secs, interaction: false };
            Err(GraphError::challenged(status, &challenge.claims()).into())
        }
        Some(Fault::Delay { ms }) => {
            wait_ms(ms).await;
            Ok(())
        }
        Some(Fault::Malformed) => Err(Halt::Malformed),
        Some(Fault::RateLimit) => Err(GraphError::rate_limited(workload).into()),
        Some(Fault::Reset) => Err(Halt::Unreachable),
        Some(Fault::Status { status }) => Err(GraphError::of_status(status, workload).into()),
        // The remaining kinds belong to Entra and to the gateway and mean nothing here.
        Some(
            Fault::Aadsts { .. }
            | Fault::CacheHit
            | Fault::DlpRequest
            | Fault::DlpResponse
            | Fault::GuardrailPrompt
            | Fault::GuardrailResponse
            | Fault::SpendLimit,
        )
        | None => Ok(()),
    }
}

/// Whose mailbox a path names: the person's own, a colleague's, or a shared one.
fn owner_of(estate: &Estate, person: &Arc<Person>, named: Option<&str>) -> Result<Arc<Person>, GraphError> {
    let Some(named) = named.filter(|named| *named != person.oid) else { return Ok(Arc::clone(person)) };
    let found = estate.people.find(named).or_else(|| estate.people.find_oid(named));
    found.or_else(|| crate::people::shared_mailbox(named)).ok_or_else(|| {
        GraphError::new(404, "ErrorInvalidUser", format!("The requested user '{named}' is invalid."))
    })
}

fn unknown_owner(claims: &AccessClaims) -> GraphError {
    GraphError::not_found(Workload::Directory, &claims.oid)
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

impl Answer {
    fn into_response(self, now_ms: u64, request_id: &str, client_request_id: &str) -> GraphResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut headers = HeaderMap::new();
        let date = call::http_date(now_ms);
        let own = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let content_type =
            (!self.body.is_empty()).then_some(("content-type", call::content_type(self.status)));
        let common = [
            ("request-id", request_id),
            ("client-request-id", client_request_id),
            ("x-ms-ags-diagnostic", call::DIAGNOSTIC),
            ("strict-transport-security", "max-age=31536000"),
            ("cache-control", "no-cache"),
            ("date", date.as_str()),
        ];
        for (name, value) in common.into_iter().chain(content_type).chain(own) {
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
            {
                headers.insert(name, value);
            }
        }
        GraphResponse { status, headers, body: Bytes::from(self.body) }
    }
}
