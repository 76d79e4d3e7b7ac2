//! What is attached to messages: listing, reading, adding, and upload sessions.
//!
//! Source: Outlook's attachment resource and `createUploadSession`. Files hold bytes, items are mail inside mail, references
//! are links. A file below three megabytes is posted, a larger one is put in parts to an address that opens by itself.
//! Invariant: an upload session takes its parts in order and each byte once, and is gone when it is complete.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::errors::{GraphError, Workload};
use super::ids::{ItemId, change_key};
use super::mailbox::{Content, absent};
use super::message::object;
use super::odata::next_link;
use super::schema;
use super::view::{Page, View};
use super::zones::rfc3339;
use super::{GraphRequest, Tenant, header};

const PAGE: usize = 10;
/// Smallest file of an upload session, in bytes.
const SESSION_MIN: u64 = 3 << 20;
/// Largest file of an upload session, in bytes.
const SESSION_MAX: u64 = 150_000_000;
/// Largest part of an upload session, in bytes.
const PART_MAX: usize = 4 << 20;
const HOST: &str = "https://outlook.office.com";
const FILE: &str = "#microsoft.graph.fileAttachment";
/// Where an attachment keeps its other id.
pub(super) const IMMUTABLE: &str = "immutableId";

/// A file on its way.
struct Upload {
    owner: String,
    message: String,
    name: String,
    content_type: Value,
    size: u64,
    bytes: Vec<u8>,
}

/// Upload sessions by the token in their address.
#[derive(Default)]
pub(super) struct Uploads(Mutex<HashMap<String, Upload>>);

/// `GET /me/messages/{id}/attachments`.
pub(super) fn list(call: &Call<'_>) -> Result<Answer, GraphError> {
    let content = call.mailbox.read();
    let all: Vec<Map<String, Value>> =
        of_message(&content, call.id(0))?.map(|attachment| shown(call, attachment)).collect();
    let (range, next) = call.options.page(all.len(), PAGE);
    let list = Page {
        context: call.context("messages/attachments"),
        count: call.options.count.then_some(all.len()),
        value: all.get(range).unwrap_or_default().iter().map(|fields| view(call, fields)).collect(),
        next: next.map(|at| next_link(&call.request.path, &call.request.query, "$skip", at)),
    };
    Ok(Answer::json(200, &list))
}

/// `GET /me/messages/{id}/attachments/{id}`.
pub(super) fn get(call: &Call<'_>) -> Result<Answer, GraphError> {
    let content = call.mailbox.read();
    let fields = shown(call, find(&content, call.id(0), call.id(1))?);
    Ok(Answer::json(200, &view(call, &fields).context(call.context("messages/attachments") + "/$entity")))
}

/// `GET /me/messages/{id}/attachments/{id}/$value`.
pub(super) fn value(call: &Call<'_>) -> Result<Answer, GraphError> {
    let content = call.mailbox.read();
    let attachment = find(&content, call.id(0), call.id(1))?;
    let media_type = attachment.get("contentType").and_then(Value::as_str);
    match attachment.get("@odata.type").and_then(Value::as_str) {
        Some(FILE) => {
            Ok(Answer::content(media_type.unwrap_or("application/octet-stream"), bytes_of(attachment)))
        }
        Some("#microsoft.graph.itemAttachment") => {
            let name = attachment.get("name").and_then(Value::as_str).unwrap_or_default();
            let mime = format!("MIME-Version: 1.0\r\nSubject: {name}\r\n\r\n");
            Ok(Answer::content("text/plain", mime.into_bytes()))
        }
        _ => Err(GraphError::not_found(Workload::Exchange, call.id(1))),
    }
}

/// `POST /me/messages/{id}/attachments`.
pub(super) fn add(call: &Call<'_>) -> Result<Answer, GraphError> {
    schema::check_body("attachment", &call.body)?;
    let text = |name: &str| call.body.get(name).and_then(Value::as_str);
    if text("@odata.type").map(|kind| kind.trim_start_matches('#')) != Some(FILE.trim_start_matches('#')) {
        return Err(GraphError::bad_request("The type of the attachment is missing or not supported."));
    }
    let name = text("name").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| required("Name"))?;
    let encoded = text("contentBytes").ok_or_else(|| required("ContentBytes"))?;
    let bytes = STANDARD.decode(encoded).map_err(|_| GraphError::wrong_value("contentBytes"))?;
    let serial = call.tenant.serial.mint(call.now_ms.unsigned_abs());
    let content_type = call.body.get("contentType").cloned().unwrap_or(Value::Null);
    let file = file(&call.mailbox.owner.oid, &serial, name, content_type, &bytes, call.now_ms);
    let mut content = call.mailbox.write();
    let answer = {
        let fields = shown(call, &file);
        Answer::json(201, &view(call, &fields).context(call.context("messages/attachments") + "/$entity"))
    };
    keep(&mut content, call.id(0), file, call.now_ms)?;
    Ok(answer)
}

/// `POST /me/messages/{id}/attachments/createUploadSession`.
pub(super) fn create_session(call: &Call<'_>) -> Result<Answer, GraphError> {
    let item = call.body.iter().find(|(name, _)| name.eq_ignore_ascii_case("attachmentItem"));
    let item = item.and_then(|(_, item)| item.as_object()).ok_or_else(|| required("AttachmentItem"))?;
    schema::check_body("attachmentItem", item)?;
    let name = item.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| required("Name"))?;
    let size = item.get("size").and_then(Value::as_u64).ok_or_else(|| required("Size"))?;
    if item.get("attachmentType").and_then(Value::as_str) != Some("file") {
        return Err(GraphError::bad_request("Only files can be uploaded in a session."));
    }
    if size < SESSION_MIN {
        return Err(GraphError::new(
            400,
            "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize",
            "The size of the attachment should not be less than the minimum size of an upload session.",
        ));
    }
    if size > SESSION_MAX {
        return Err(GraphError::new(
            400,
            "ErrorAttachmentSizeLimitExceeded",
            "The attachment size exceeds the limit.",
        ));
    }
    let message = call.mailbox.read().message(call.id(0))?.id.default.clone();
    let token = call.tenant.serial.mint(call.now_ms.unsigned_abs());
    let owner = call.mailbox.owner.oid.clone();
    let url = format!("{HOST}/api/v1.0/Users('{owner}')/AttachmentSessions('{token}')?authtoken={token}");
    let upload = Upload {
        owner,
        message,
        name: name.to_owned(),
        content_type: item.get("contentType").cloned().unwrap_or(Value::Null),
        size,
        bytes: Vec::new(),
    };
    call.tenant.attachment_uploads.sessions().insert(token, upload);
    let body = json!({
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.uploadSession",
        "uploadUrl": url, "expirationDateTime": rfc3339(call.now_ms + 3_600_000), "nextExpectedRanges": ["0-"],
    });
    Ok(Answer::json(201, &body))
}

/// A part of an attachment, put to the address of its upload session.
pub(super) fn keep_part(tenant: &Tenant, now_ms: i64, request: &GraphRequest) -> Answer {
    let token = request.query.strip_prefix("authtoken=").unwrap_or_default();
    let mut sessions = tenant.attachment_uploads.sessions();
    let Some(upload) = sessions.get_mut(token) else { return Answer::raw(404, Vec::new()) };
    let part = range(header(&request.headers, "content-range").unwrap_or_default());
    let fits = part.is_some_and(|(start, end, total)| {
        let held = upload.bytes.len() as u64;
        start == held && total == upload.size && end + 1 - start == request.body.len() as u64 && end < total
    });
    if !fits || request.body.len() > PART_MAX {
        return Answer::raw(416, Vec::new());
    }
    upload.bytes.extend_from_slice(&request.body);
    let held = upload.bytes.len() as u64;
    if held < upload.size {
        let next = json!({
            "expirationDateTime": rfc3339(now_ms + 3_600_000), "nextExpectedRanges": [held.to_string()],
        });
        return Answer::json(200, &next);
    }
    let Some(upload) = sessions.remove(token) else { return Answer::raw(404, Vec::new()) };
    drop(sessions);
    let Upload { owner, message, name, content_type, bytes, .. } = upload;
    let file = file(&owner, token, &name, content_type, &bytes, now_ms);
    let id = file.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let kept =
        tenant.used(&owner).and_then(|mailbox| keep(&mut mailbox.write(), &message, file, now_ms).ok());
    let status = if kept.is_some() { 201 } else { 404 };
    let location = format!("{HOST}/api/v2.0/Users('{owner}')/Attachments('{id}')");
    Answer { headers: vec![("location", location)], ..Answer::raw(status, Vec::new()) }
}

/// `bytes 0-9/20` (RFC 9110 section 14.4).
fn range(text: &str) -> Option<(u64, u64, u64)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let (start, end) = (start.parse().ok()?, end.parse().ok()?);
    (end >= start).then_some((start, end, total.parse().ok()?))
}

impl Uploads {
    fn sessions(&self) -> std::sync::MutexGuard<'_, HashMap<String, Upload>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file called `name`, whose ids come from `serial`.
fn file(
    owner: &str,
    serial: &str,
    name: &str,
    content_type: Value,
    bytes: &[u8],
    now_ms: i64,
) -> Map<String, Value> {
    let id = ItemId::of(owner, "attachment", serial);
    let content_type = if content_type.is_null() { json!("application/octet-stream") } else { content_type };
    object(json!({
        "@odata.type": FILE, "id": id.default, IMMUTABLE: id.immutable, "name": name, "contentType": content_type,
        "size": bytes.len(), "isInline": false, "lastModifiedDateTime": rfc3339(now_ms), "contentId": null,
        "contentLocation": null, "contentBytes": STANDARD.encode(bytes),
    }))
}

/// The attachments of another message with ids of their own.
pub(super) fn copies(owner: &str, serial: &str, attachments: &Value) -> Value {
    let all = attachments.as_array().into_iter().flatten().enumerate();
    all.map(|(position, attachment)| {
        let mut copy = object(attachment.clone());
        let id = ItemId::of(owner, "attachment", &format!("{serial}/{position}"));
        copy.insert("id".to_owned(), id.default.into());
        copy.insert(IMMUTABLE.to_owned(), id.immutable.into());
        Value::Object(copy)
    })
    .collect()
}

fn keep(
    content: &mut Content,
    message: &str,
    file: Map<String, Value>,
    now_ms: i64,
) -> Result<(), GraphError> {
    let item = content.message_mut(message)?;
    let name = file.get("id").and_then(Value::as_str).unwrap_or_default();
    let key = change_key(&format!("{}{name}", item.id.default));
    let fields = &mut item.fields;
    fields.insert("changeKey".to_owned(), key.into());
    fields.insert("hasAttachments".to_owned(), true.into());
    fields.insert("lastModifiedDateTime".to_owned(), rfc3339(now_ms).into());
    if let Some(all) = fields.entry("attachments").or_insert_with(|| json!([])).as_array_mut() {
        all.push(Value::Object(file));
    }
    Ok(())
}

fn of_message<'a>(
    content: &'a Content,
    message: &str,
) -> Result<impl Iterator<Item = &'a Map<String, Value>>, GraphError> {
    let fields = &content.message(message)?.fields;
    let all = fields.get("attachments").and_then(Value::as_array);
    Ok(all.into_iter().flatten().filter_map(Value::as_object))
}

fn find<'a>(content: &'a Content, message: &str, id: &str) -> Result<&'a Map<String, Value>, GraphError> {
    let is_it = |attachment: &&Map<String, Value>| {
        ["id", IMMUTABLE].iter().any(|name| attachment.get(*name).and_then(Value::as_str) == Some(id))
    };
    of_message(content, message)?.find(is_it).ok_or_else(|| absent(id))
}

/// An attachment with the form of id that was asked for.
fn shown(call: &Call<'_>, attachment: &Map<String, Value>) -> Map<String, Value> {
    let mut fields = attachment.clone();
    let immutable = fields.remove(IMMUTABLE);
    if let (true, Some(immutable)) = (call.prefer.immutable_ids, immutable) {
        fields.insert("id".to_owned(), immutable);
    }
    if attachment.get("@odata.type") == Some(&json!(FILE)) && !fields.contains_key("contentBytes") {
        fields.insert("contentBytes".to_owned(), STANDARD.encode(bytes_of(attachment)).into());
    }
    fields
}

fn view<'a>(call: &'a Call<'_>, fields: &'a Map<String, Value>) -> View<'a> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    View::new(fields, call.select()).always("@odata.type", text("@odata.type")).always("id", text("id"))
}

/// The bytes of a file. Seeded ones have none of their own: they hold what files of their name do, a table is a table, and
/// anything else holds nothing readable.
fn bytes_of(attachment: &Map<String, Value>) -> Vec<u8> {
    let text = |name: &str| attachment.get(name).and_then(Value::as_str);
    if let Some(encoded) = text("contentBytes") {
        return STANDARD.decode(encoded).unwrap_or_default();
    }
    if let Some(paper) = text("name").and_then(super::seed::paper) {
        return paper.to_vec();
    }
    let size = attachment.get("size").and_then(Value::as_u64).unwrap_or_default();
    let size = usize::try_from(size).unwrap_or_default();
    if text("contentType") == Some("text/csv") {
        return (0..).flat_map(|row| format!("{row},{}\r\n", row * 7).into_bytes()).take(size).collect();
    }
    vec![0; size]
}

fn required(name: &str) -> GraphError {
    GraphError::new(400, "RequestBodyRead", format!("The property '{name}' is required."))
}
