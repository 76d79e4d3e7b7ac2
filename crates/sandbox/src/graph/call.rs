//! One request on its way through an operation: what it may use, and the answers it can give.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

use super::errors::GraphError;
use super::mailbox::Mailbox;
use super::odata::Options;
use super::prefer::Preferences;
use super::routes::{Carries, Operation, Route};
use super::{GraphRequest, MAX_BODY_BYTES, Tenant, batch};
use crate::estate::Estate;
use crate::microsoft_tokens::AccessClaims;
use crate::people::Person;

/// The data centre that every answer claims to come from.
pub(super) const DIAGNOSTIC: &str = "{\"ServerInfo\":{\"DataCenter\":\"West Europe\",\"Slice\":\"E\",\"Ring\":\"5\",\"ScaleUnit\":\"002\",\"RoleInstance\":\"AM2PEPF0000BE1A\"}}";

/// Everything an operation may look at.
pub(super) struct Call<'a> {
    pub(super) estate: &'a Estate,
    pub(super) tenant: &'a Tenant,
    pub(super) request: &'a GraphRequest,
    pub(super) route: &'static Route,
    pub(super) ids: &'a [String],
    pub(super) claims: &'a AccessClaims,
    /// Whose token it is.
    pub(super) person: &'a Arc<Person>,
    /// The mailbox acted on, most often the person's own.
    pub(super) mailbox: &'a Mailbox,
    pub(super) options: Options,
    pub(super) prefer: Preferences,
    pub(super) body: Map<String, Value>,
    pub(super) now_ms: i64,
}

/// A regular answer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(status: u16, body: &impl Serialize) -> Self {
        Self::raw(status, serde_json::to_vec(body).unwrap_or_default())
    }

    pub(super) fn raw(status: u16, body: Vec<u8>) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    /// Content of another kind than JSON.
    pub(super) fn content(media_type: &str, body: Vec<u8>) -> Self {
        Self { headers: vec![("content-type", media_type.to_owned())], ..Self::raw(200, body) }
    }

    /// 302 to where content lies.
    pub(super) fn found(location: String) -> Self {
        Self { headers: vec![("location", location)], ..Self::raw(302, Vec::new()) }
    }
}

impl Call<'_> {
    /// Runs the operation of the matched row.
    ///
    /// # Errors
    /// The refusal Graph would give.
    pub(super) async fn run(self) -> Result<Answer, GraphError> {
        let applied = self.prefer.applied();
        let mut answer = match self.route.operation {
            Operation::Batch => Box::pin(batch::run(&self)).await?,
            Operation::Answer(answer) => answer(&self)?,
        };
        answer.headers.extend(applied.map(|applied| ("preference-applied", applied)));
        Ok(answer)
    }

    pub(super) fn id(&self, position: usize) -> &str {
        self.ids.get(position).map_or("", String::as_str)
    }

    pub(super) fn select(&self) -> Option<&[String]> {
        self.options.select.as_deref()
    }

    /// A number that no other request has.
    pub(super) fn request_number(&self) -> String {
        self.tenant.serial.mint(self.now_ms.unsigned_abs())
    }

    /// `https://…/$metadata#users('oid')/messages(id,subject)`.
    pub(super) fn context(&self, collection: &str) -> String {
        let select = self.select().map(|names| format!("({})", names.join(","))).unwrap_or_default();
        let owner = &self.mailbox.owner.oid;
        format!("https://graph.microsoft.com/v1.0/$metadata#users('{owner}')/{collection}{select}")
    }
}

/// The JSON object a writing request carries; empty for one that only reads.
///
/// # Errors
/// 413 above four megabytes, 415 for another content type, 400 for what is not a JSON object.
pub(super) fn body(request: &GraphRequest, route: &Route) -> Result<Map<String, Value>, GraphError> {
    let writes = matches!(request.method, http::Method::POST | http::Method::PATCH | http::Method::PUT);
    // An action without parameters is posted with an empty body.
    if !writes || route.carries == Carries::Bytes || request.body.is_empty() {
        return Ok(Map::new());
    }
    if request.body.len() > MAX_BODY_BYTES {
        return Err(GraphError::new(413, "RequestEntityTooLarge", "The request body is too large."));
    }
    let content_type = super::header(&request.headers, "content-type").unwrap_or_default();
    if !content_type.to_ascii_lowercase().starts_with("application/json") {
        return Err(GraphError::new(
            415,
            "UnsupportedMediaType",
            "A supported MIME type could not be found that matches the content type of the request.",
        ));
    }
    parse_object(&request.body)
}

fn parse_object(body: &Bytes) -> Result<Map<String, Value>, GraphError> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) | Err(_) => Err(GraphError::bad_request(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
        )),
    }
}

pub(super) fn content_type(status: u16) -> &'static str {
    if status < 400 {
        "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
    } else {
        "application/json"
    }
}

/// `Fri, 20 Nov 2026 09:12:44 GMT` (RFC 9110 section 5.6.7).
pub(super) fn http_date(now_ms: u64) -> String {
    let at = jiff::Timestamp::from_millisecond(super::signed(now_ms)).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
