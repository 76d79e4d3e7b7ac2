//! Addresses that open content without a token: where a file is fetched from, and where an upload session takes its parts.
//!
//! Source: Graph, `driveItem` content and `createUploadSession`. An address is a credential and opens one file, or one
//! session, for a while. Invariant: it begins the same way for every file of every person
//! (`tempauth=v1.eyJjYW5hcnkiOiJkb3dubG9hZFVy`), so that it can be searched for where it must not be.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::drive::{Drive, id_of};
use super::drive_place::Place;
use super::errors::{GraphError, Workload};
use super::odata::lookup;
use super::zones::rfc3339;
use super::{GraphRequest, Tenant, drive_write, header};

const HOUR_MS: i64 = 3_600_000;
const TOKEN: &str = "tempauth";
const VERSION: &str = "v1.";
/// Every part of a session but the last is a multiple of this.
const PART_BYTES: usize = 320 * 1024;
const PART_MAX_BYTES: usize = 60 * 1024 * 1024;

/// What an address opens.
pub(super) struct Ticket(Map<String, Value>);

impl Ticket {
    /// A file, for one hour at least and two at most.
    pub(super) fn download(drive: &str, item: &str, person: &str, now_ms: i64) -> Self {
        let until = (now_ms / HOUR_MS + 2) * HOUR_MS;
        Self::of(
            json!({"canary": "downloadUrl", "drive": drive, "item": item, "until": until, "user": person}),
        )
    }

    /// An upload session.
    pub(super) fn upload(session: &str, person: &str) -> Self {
        Self::of(json!({"canary": "downloadUrl", "session": session, "user": person}))
    }

    fn of(fields: Value) -> Self {
        Self(super::message::object(fields))
    }

    pub(super) fn address(&self, host: &str) -> String {
        let what = if self.0.contains_key("session") {
            "_api/v2.0/uploadSession"
        } else {
            "_layouts/15/download.aspx"
        };
        let ticket = URL_SAFE_NO_PAD.encode(Value::Object(self.0.clone()).to_string());
        format!("https://{host}/personal/{what}?Translate=false&{TOKEN}={VERSION}{ticket}&ApiVersion=2.0")
    }

    fn read(request: &GraphRequest) -> Option<Self> {
        let mut options = url::form_urlencoded::parse(request.query.as_bytes());
        let (_, token) = options.find(|(name, _)| name == TOKEN)?;
        let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(VERSION)?).ok()?;
        match serde_json::from_slice(&bytes).ok()? {
            Value::Object(fields) => Some(Self(fields)),
            _ => None,
        }
    }

    fn text(&self, name: &str) -> &str {
        lookup(&self.0, name).as_str().unwrap_or_default()
    }
}

/// Whose address it is.
pub(super) fn person_of(request: &GraphRequest) -> Option<String> {
    Ticket::read(request).map(|ticket| ticket.text("user").to_owned()).filter(|user| !user.is_empty())
}

/// `GET …/items/{id}/content`: where the content lies.
pub(super) fn content(call: &Call<'_>) -> Result<Answer, GraphError> {
    Place::of(call)?.read(call, |drive, id| {
        let item = drive.item(id)?;
        if item.contains_key("malware") {
            return Err(GraphError::new(
                403,
                "malwareDetected",
                "Malware was detected in the requested resource.",
            ));
        }
        let url = drive.download_url(item, &call.person.email, call.now_ms);
        let none = || GraphError::new(400, "notSupported", "The item has no content to download.");
        Ok(Answer::found(url.ok_or_else(none)?))
    })
}

/// The content behind a pre-authenticated address.
///
/// # Errors
/// 401 for an address that has expired, 404 for one that opens nothing here.
pub(super) fn give(
    tenant: &Tenant,
    host: &str,
    request: &GraphRequest,
    now_ms: i64,
) -> Result<Answer, GraphError> {
    let ticket = Ticket::read(request).filter(|ticket| ticket.0.contains_key("item")).ok_or_else(gone)?;
    if lookup(&ticket.0, "until").as_i64().is_none_or(|until| until <= now_ms) {
        return Err(GraphError::new(401, "unauthenticated", "The download address has expired."));
    }
    let answer = |drive: &Drive| {
        let item = drive.items.iter().find(|item| drive.host == host && id_of(item) == ticket.text("item"));
        let kind = |item| lookup(item, "file/mimeType").as_str().unwrap_or_default().to_owned();
        item.map(|item| Answer::content(&kind(item), drive.bytes(item).to_vec()))
    };
    tenant.with_drive(ticket.text("drive"), now_ms, |drive| answer(drive)).flatten().ok_or_else(gone)
}

/// A part of a file, put to the address of its upload session.
///
/// # Errors
/// 404 for no session, 400 or 416 for a part that is not the next, 409 where the name is taken.
pub(super) fn keep_part(
    tenant: &Tenant,
    host: &str,
    request: &GraphRequest,
    now_ms: i64,
) -> Result<Answer, GraphError> {
    let ticket = Ticket::read(request).ok_or_else(gone)?;
    let range = header(&request.headers, "content-range").and_then(Range::read);
    let range = range.ok_or_else(|| super::drive::malformed("A Content-Range header is required."))?;
    let id = ticket.text("session");
    let complete = tenant.uploads.with(|sessions| {
        let session =
            sessions.get_mut(id).filter(|session| session.until_ms > now_ms && session.host == host);
        let session = session.ok_or_else(gone)?;
        range.check(&request.body, session.received.len())?;
        session.received.extend_from_slice(&request.body);
        if session.received.len() < range.total {
            let next = format!("{}-", session.received.len());
            let until = rfc3339(session.until_ms);
            return Ok(Err(json!({"expirationDateTime": until, "nextExpectedRanges": [next]})));
        }
        Ok(sessions.remove(id).ok_or_else(|| json!({})))
    })?;
    match complete {
        Err(next) => Ok(Answer::json(202, &next)),
        Ok(session) => {
            let drive = session.drive.clone();
            tenant
                .with_drive(&drive, now_ms, |drive| drive_write::complete(drive, session, now_ms))
                .ok_or_else(gone)?
        }
    }
}

/// `bytes a-b/total` (RFC 9110 section 14.4).
struct Range {
    first: usize,
    last: usize,
    total: usize,
}

impl Range {
    fn read(text: &str) -> Option<Self> {
        let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        Some(Self { first: first.parse().ok()?, last: last.parse().ok()?, total: total.parse().ok()? })
    }

    fn check(&self, part: &Bytes, received: usize) -> Result<(), GraphError> {
        if self.first != received {
            return Err(GraphError::new(
                416,
                "invalidRange",
                "The range was received already, or is not the next.",
            ));
        }
        let whole = self.last + 1 == self.total;
        let fits = self.last + 1 == self.first + part.len()
            && self.last < self.total
            && !part.is_empty()
            && part.len() < PART_MAX_BYTES
            && (whole || part.len().is_multiple_of(PART_BYTES));
        if fits {
            return Ok(());
        }
        Err(super::drive::malformed(
            "Declared Content-Range header does not match; fragments are multiples of 320 KiB.",
        ))
    }
}

fn gone() -> GraphError {
    GraphError::not_found(Workload::Drive, "address")
}
