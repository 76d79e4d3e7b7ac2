//! Files that callers write, and links they make.
//!
//! Source: Graph, "Upload or replace the contents of a driveItem", `createUploadSession`, `createLink`. Content put by a path
//! replaces what is there; a session does what its `@microsoft.graph.conflictBehavior` says, at its last part. `If-Match`
//! that names another version is 412. Out of scope: links for everybody or for named people, which no policy of the simulated
//! tenant allows.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::drive::{DOWNLOAD_URL, Drive, Hand, id_of, malformed};
use super::drive_address::Ticket;
use super::drive_place::{Place, denied, hand};
use super::errors::GraphError;
use super::ids::guid;
use super::message::object;
use super::odata::lookup;
use super::zones::rfc3339;
use super::{schema, zones};

/// How long a session is open.
const SESSION_MS: i64 = 15 * 60_000;
/// Largest content that is put at once.
const PUT_MAX_BYTES: usize = 4 * 1024 * 1024;
const BEHAVIORS: [&str; 3] = ["fail", "replace", "rename"];

/// An upload that is not complete.
pub(super) struct Session {
    pub(super) drive: String,
    pub(super) host: &'static str,
    folder: String,
    name: String,
    behavior: String,
    by: Hand,
    person: String,
    pub(super) until_ms: i64,
    pub(super) received: Vec<u8>,
}

/// The open upload sessions of the tenant.
#[derive(Default)]
pub(super) struct Uploads {
    open: Mutex<HashMap<String, Session>>,
}

impl Uploads {
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut HashMap<String, Session>) -> T) -> T {
        look(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// `PUT …/items/{id}/content`
pub(super) fn put(call: &Call<'_>) -> Result<Answer, GraphError> {
    check_size(call)?;
    Place::of(call)?.write(call, |drive, id| {
        let item = drive.item(id)?;
        if !item.contains_key("file") {
            return Err(malformed("The item is not a file."));
        }
        check_version(call, item)?;
        if item.contains_key("publication") {
            return Err(GraphError::new(
                423,
                "resourceLocked",
                "The resource you are attempting to access is locked.",
            ));
        }
        let id = id_of(item).to_owned();
        drive.replace(&id, call.request.body.clone(), &hand(call));
        shown(drive, &id, 200, &call.person.email, call.now_ms)
    })
}

/// `PUT …/items/{id}:/{name}:/content`
pub(super) fn put_named(call: &Call<'_>) -> Result<Answer, GraphError> {
    check_size(call)?;
    let place = Place::of(call)?;
    let name = place.name(call);
    check_name(name)?;
    place.write(call, |drive, folder| {
        let folder = id_of(drive.folder(folder)?).to_owned();
        let (status, id) = write(drive, &folder, name, "replace", call.request.body.clone(), &hand(call))?;
        shown(drive, &id, status, &call.person.email, call.now_ms)
    })
}

/// `POST …/items/{id}:/{name}:/createUploadSession`
pub(super) fn create_session(call: &Call<'_>) -> Result<Answer, GraphError> {
    schema::check_body("uploadSessionRequest", &call.body)?;
    let place = Place::of(call)?;
    let name = place.name(call);
    check_name(name)?;
    let item = call.body.get("item").and_then(Value::as_object).cloned().unwrap_or_default();
    let behavior = item.get("@microsoft.graph.conflictBehavior").and_then(Value::as_str).unwrap_or("replace");
    if !BEHAVIORS.contains(&behavior) {
        return Err(malformed("The conflict behavior is not one of fail, replace, rename."));
    }
    if item.get("name").and_then(Value::as_str).is_some_and(|given| given != name) {
        return Err(malformed("The name in the body and the name in the path differ."));
    }
    place.write(call, |drive, folder| {
        let id = guid(&format!("session/{}/{}", drive.id, call.tenant.serial.mint(0)));
        let until_ms = call.now_ms + SESSION_MS;
        let session = Session {
            drive: drive.id.clone(),
            host: drive.host,
            folder: id_of(drive.folder(folder)?).to_owned(),
            name: name.to_owned(),
            behavior: behavior.to_owned(),
            by: hand(call),
            person: call.person.email.clone(),
            until_ms,
            received: Vec::new(),
        };
        call.tenant.uploads.with(|open| open.insert(id.clone(), session));
        let url = Ticket::upload(&id, &call.person.email).address(drive.host);
        Ok(Answer::json(
            200,
            &json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.uploadSession",
                    "uploadUrl": url, "expirationDateTime": rfc3339(until_ms), "nextExpectedRanges": ["0-"]}),
        ))
    })
}

/// Writes the file of a session that has all of it.
pub(super) fn complete(drive: &mut Drive, session: Session, now_ms: i64) -> Result<Answer, GraphError> {
    let Session { folder, name, behavior, by, person, received, .. } = session;
    let (status, id) = write(drive, &folder, &name, &behavior, received.into(), &by)?;
    shown(drive, &id, status, &person, now_ms)
}

/// `POST …/items/{id}/createLink`
pub(super) fn create_link(call: &Call<'_>) -> Result<Answer, GraphError> {
    schema::check_body("createLinkRequest", &call.body)?;
    let text = |name: &str| call.body.get(name).and_then(Value::as_str);
    let (Some(kind @ ("view" | "edit")), Some(scope)) = (text("type"), text("scope")) else {
        return Err(malformed("The sharing link type is not supported."));
    };
    if scope != "organization" {
        return Err(GraphError::new(
            403,
            "notAllowed",
            "Links of this scope have been disabled by your administrator.",
        ));
    }
    let ends = text("expirationDateTime");
    let ends_ms = ends.and_then(|ends| zones::parse(ends, &jiff::tz::TimeZone::UTC));
    if ends.is_some() && ends_ms.is_none_or(|ends| ends <= call.now_ms) {
        return Err(malformed("The expiration must lie in the future."));
    }
    let place = Place::of(call)?;
    place.may_share()?;
    let mut made = Value::Null;
    let answer = place.write(call, |drive, id| {
        let item = drive.item(id)?;
        let key = guid(&format!("link/{}/{kind}", id_of(item)));
        let sign = if item.contains_key("folder") { "f" } else { "t" };
        let mut permission = json!({
            "id": key, "roles": [if kind == "edit" { "write" } else { "read" }], "hasPassword": false,
            "link": {"type": kind, "scope": scope, "preventsDownload": false,
                     "webUrl": format!("https://{}/:{sign}:/g/personal/{key}", drive.host)},
        });
        if let (Some(ends), Some(permission)) = (ends_ms, permission.as_object_mut()) {
            permission.insert("expirationDateTime".to_owned(), rfc3339(ends).into());
        }
        let id = id_of(item).to_owned();
        made = json!({"itemId": id, "driveId": drive.id, "permission": permission});
        let permissions = drive.permissions.entry(id).or_default();
        // Asked again, the service gives the link there is.
        permissions.retain(|known| known.get("id") != permission.get("id"));
        permissions.push(permission.clone());
        Ok(Answer::json(201, &permission))
    })?;
    call.mailbox.write().keep("links", made);
    Ok(answer)
}

/// The file of this name gets this content; gives whether it is new, as a status, and its id.
fn write(
    drive: &mut Drive,
    folder: &str,
    name: &str,
    behavior: &str,
    bytes: bytes::Bytes,
    by: &Hand,
) -> Result<(u16, String), GraphError> {
    let taken = drive.child(folder, name).map(|item| (id_of(item).to_owned(), item.contains_key("file")));
    match (taken, behavior) {
        (None, _) => Ok((201, drive.add(folder, name, bytes, by)?)),
        (Some((id, true)), "replace") => {
            drive.replace(&id, bytes, by);
            Ok((200, id))
        }
        (Some(_), "rename") => {
            let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
            let free = (1..).map(|count| format!("{stem} {count}.{extension}"));
            let free = free.take(1000).find(|name| drive.child(folder, name).is_none());
            Ok((201, drive.add(folder, &free.unwrap_or_default(), bytes, by)?))
        }
        _ => Err(GraphError::new(
            409,
            "nameAlreadyExists",
            "An item with the same name already exists under the parent",
        )),
    }
}

fn shown(drive: &Drive, id: &str, status: u16, person: &str, now_ms: i64) -> Result<Answer, GraphError> {
    let item = drive.item(id)?;
    let mut shown: Map<String, Value> = object(json!({
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#drives/$entity",
    }));
    if let Some(url) = drive.download_url(item, person, now_ms) {
        shown.insert(DOWNLOAD_URL.to_owned(), url.into());
    }
    shown.extend(item.clone());
    Ok(Answer::json(status, &shown))
}

fn check_size(call: &Call<'_>) -> Result<(), GraphError> {
    if call.request.body.len() > PUT_MAX_BYTES {
        return Err(GraphError::new(413, "requestEntityTooLarge", "The request entity is too large."));
    }
    Ok(())
}

fn check_version(call: &Call<'_>, item: &Map<String, Value>) -> Result<(), GraphError> {
    let wanted = super::header(&call.request.headers, "if-match").filter(|tag| *tag != "*");
    if wanted.is_some_and(|tag| lookup(item, "eTag") != tag) {
        return Err(GraphError::new(412, "resourceModified", "ETag does not match current item's value."));
    }
    Ok(())
}

/// A name that the service takes.
fn check_name(name: &str) -> Result<(), GraphError> {
    let forbidden = |sign: char| sign.is_control() || "\"*:<>?/\\|".contains(sign);
    let edge = |sign: char| sign == ' ' || sign == '.';
    if name.is_empty() || name.chars().any(forbidden) || name.ends_with(edge) || name.starts_with(' ') {
        return Err(malformed("The provided name cannot contain those characters."));
    }
    if name.starts_with("~$") || name.contains("_vti_") {
        return Err(denied());
    }
    Ok(())
}
