//! A drive: its items with their content, and what is read of them.
//!
//! Source: Graph's driveItem resource and its get and list-children pages. Out of scope: versions, moving
//! and deleting. `@microsoft.graph.downloadUrl` is an annotation and not a property: a file carries it whatever
//! is selected, which is the less friendly of the two ways that services are seen to have. Invariants: the root is the first
//! item, then come folders, then files, each by name; every file has the size of its content.

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::drive_address::Ticket;
use super::drive_place::Place;
use super::errors::{GraphError, Workload};
use super::ids::{drive_item_id, guid};
use super::message::object;
use super::odata::{lookup, next_link};
use super::view::{Page, View};
use super::zones::rfc3339;

const PAGE: usize = 200;
/// Characters of an item id in a business drive.
const ID_CHARS: usize = 34;
pub(super) const DOWNLOAD_URL: &str = "@microsoft.graph.downloadUrl";
/// Bytes of a line of what stands for content that nobody wrote.
const FILLER: &[u8] = b"0123456789 abcdefghijklmnopqrstuvwxyz\n";

/// A drive.
#[derive(Default)]
pub(super) struct Drive {
    pub(super) id: String,
    /// The host that gives and takes its content.
    pub(super) host: &'static str,
    pub(super) items: Vec<Map<String, Value>>,
    /// Content by the id of its item, where somebody wrote it.
    pub(super) content: HashMap<String, Bytes>,
    /// Permissions besides the owner's, by the id of the item that was shared.
    pub(super) permissions: HashMap<String, Vec<Value>>,
    /// How often it was changed.
    pub(super) changes: u32,
}

/// Who changes a drive, and when.
#[derive(Clone)]
pub(super) struct Hand {
    pub(super) identity: Value,
    pub(super) now_ms: i64,
}

impl Drive {
    /// The item with this id; `root` is a name of the root.
    ///
    /// # Errors
    /// 404 for an id of nothing here, 400 for what cannot be one.
    pub(super) fn item(&self, id: &str) -> Result<&Map<String, Value>, GraphError> {
        let named =
            |item: &&Map<String, Value>| id_of(item) == id || (id == "root" && item.contains_key("root"));
        self.items.iter().find(named).ok_or_else(|| absent(id))
    }

    /// The folder with this id.
    ///
    /// # Errors
    /// As [`Drive::item`]; 400 for what is no folder.
    pub(super) fn folder(&self, id: &str) -> Result<&Map<String, Value>, GraphError> {
        let item = self.item(id)?;
        if item.contains_key("folder") { Ok(item) } else { Err(malformed("The item is not a folder.")) }
    }

    /// The item of this name in a folder; letter case makes no difference.
    pub(super) fn child(&self, folder: &str, name: &str) -> Option<&Map<String, Value>> {
        let wanted = name.to_lowercase();
        self.items.iter().find(|item| {
            lookup(item, "parentReference/id") == folder
                && lookup(item, "name").as_str().is_some_and(|name| name.to_lowercase() == wanted)
        })
    }

    /// The content of a file.
    pub(super) fn bytes(&self, item: &Map<String, Value>) -> Bytes {
        let size =
            lookup(item, "size").as_u64().and_then(|size| usize::try_from(size).ok()).unwrap_or_default();
        let written = self.content.get(id_of(item)).cloned();
        written.unwrap_or_else(|| FILLER.iter().copied().cycle().take(size).collect::<Vec<u8>>().into())
    }

    /// Writes a file in a folder and gives its id.
    pub(super) fn add(
        &mut self,
        folder: &str,
        name: &str,
        bytes: Bytes,
        by: &Hand,
    ) -> Result<String, GraphError> {
        let parent = self.folder(folder)?;
        let place = json!({
            "driveType": lookup(parent, "parentReference/driveType"), "driveId": self.id, "id": id_of(parent),
            "name": lookup(parent, "name"), "siteId": lookup(parent, "parentReference/siteId"),
        });
        let web = format!(
            "{}/{}",
            lookup(parent, "webUrl").as_str().unwrap_or_default(),
            super::chat_message::encode(name)
        );
        self.changes += 1;
        let id = drive_item_id(&self.id, &format!("made/{}", self.changes));
        let item = object(json!({
            "id": id, "name": name, "webUrl": web, "parentReference": place, "createdBy": by.identity,
            "createdDateTime": rfc3339(by.now_ms), "file": {"mimeType": media_type(name)},
        }));
        let key = name.to_lowercase();
        let after = |item: &Map<String, Value>| {
            item.contains_key("root")
                || item.contains_key("folder")
                || lookup(item, "name").as_str().unwrap_or_default().to_lowercase() < key
        };
        let position = self.items.iter().position(|item| !after(item)).unwrap_or(self.items.len());
        self.items.insert(position, item);
        self.replace(&id, bytes, by);
        Ok(id)
    }

    /// Gives a file other content.
    pub(super) fn replace(&mut self, id: &str, bytes: Bytes, by: &Hand) {
        self.changes += 1;
        let version = self.changes;
        let Some(item) = self.items.iter_mut().find(|item| id_of(item) == id) else { return };
        let unique = guid(&format!("file/{id}")).to_uppercase();
        item.extend(object(json!({
            "size": bytes.len(), "eTag": format!("\"{{{unique}}},{version}\""),
            "cTag": format!("\"c:{{{unique}}},{version}\""), "lastModifiedBy": by.identity,
            "lastModifiedDateTime": rfc3339(by.now_ms),
        })));
        self.content.insert(id.to_owned(), bytes);
    }

    /// Every item but the root, for the control interface.
    pub(super) fn shown(&self, person: &str) -> Vec<Value> {
        let shown = |item: &Map<String, Value>| {
            let mut item = item.clone();
            if let Some(url) = self.download_url(&item, person, 0) {
                item.insert(DOWNLOAD_URL.to_owned(), url.into());
            }
            Value::Object(item)
        };
        self.items.iter().skip(1).map(shown).collect()
    }

    /// The address that needs no token because it is one; nothing for what is no file.
    pub(super) fn download_url(
        &self,
        item: &Map<String, Value>,
        person: &str,
        now_ms: i64,
    ) -> Option<String> {
        item.contains_key("file")
            .then(|| Ticket::download(&self.id, id_of(item), person, now_ms).address(self.host))
    }
}

/// `GET …/items/{id}`.
pub(super) fn item(call: &Call<'_>) -> Result<Answer, GraphError> {
    Place::of(call)?.read(call, |drive, id| {
        let item = drive.item(id)?;
        let view = view(call, drive, item).context(call.context("drive/items") + "/$entity");
        Ok(Answer::json(200, &view))
    })
}

/// `GET …/items/{id}:/{name}`.
pub(super) fn named(call: &Call<'_>) -> Result<Answer, GraphError> {
    let place = Place::of(call)?;
    place.read(call, |drive, folder| {
        let name = place.name(call);
        let parent = id_of(drive.folder(folder)?);
        let item = drive.child(parent, name).ok_or_else(|| GraphError::not_found(Workload::Drive, name))?;
        let view = view(call, drive, item).context(call.context("drive/items") + "/$entity");
        Ok(Answer::json(200, &view))
    })
}

/// `GET …/items/{id}/children`.
pub(super) fn children(call: &Call<'_>) -> Result<Answer, GraphError> {
    Place::of(call)?.read(call, |drive, id| children_of(call, drive, id))
}

/// `GET /me/drive/root/children`.
pub(super) fn root_children(call: &Call<'_>) -> Result<Answer, GraphError> {
    children_of(call, &call.mailbox.read().drive, "root")
}

fn children_of(call: &Call<'_>, drive: &Drive, folder: &str) -> Result<Answer, GraphError> {
    let parent = id_of(drive.folder(folder)?);
    let inside = |item: &&Map<String, Value>| lookup(item, "parentReference/id") == parent;
    let mut found: Vec<_> =
        drive.items.iter().filter(inside).filter(|item| call.options.filter.passes(item)).collect();
    call.options.sort(&mut found, |item| item);
    let (range, next) = call.options.page(found.len(), PAGE);
    let list = Page {
        context: call.context("drive/root/children"),
        count: Some(found.len()),
        value: found.get(range).unwrap_or_default().iter().map(|item| view(call, drive, item)).collect(),
        next: next.map(|at| next_link(&call.request.path, &call.request.query, "$skiptoken", at)),
    };
    Ok(Answer::json(200, &list))
}

pub(super) fn view<'a>(call: &'a Call<'_>, drive: &Drive, item: &'a Map<String, Value>) -> View<'a> {
    let view = View::new(item, call.select());
    match drive.download_url(item, &call.person.email, call.now_ms) {
        Some(url) => view.always(DOWNLOAD_URL, url),
        None => view,
    }
}

pub(super) fn id_of(item: &Map<String, Value>) -> &str {
    item.get("id").and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn malformed(message: &str) -> GraphError {
    GraphError::new(400, "invalidRequest", message)
}

/// The media type by extension, for files that callers write.
fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "txt" => "text/plain",
        "md" => "text/markdown",
        "csv" => "text/csv",
        "htm" | "html" => "text/html",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}

/// The refusal for an id of nothing here. The service looks up what is a whole id, and words and numbers too; every other
/// mixture it calls malformed.
fn absent(id: &str) -> GraphError {
    let base32 = |sign: char| sign.is_ascii_uppercase() || ('2'..='7').contains(&sign);
    let whole = id.len() == ID_CHARS && id.strip_prefix("01").is_some_and(|rest| rest.chars().all(base32));
    let word = id.chars().all(|sign| sign.is_ascii_alphabetic());
    let number = id.chars().all(|sign| sign.is_ascii_digit());
    if whole || word || number {
        return GraphError::not_found(Workload::Drive, id);
    }
    malformed("The provided item ID is not valid for the requested drive")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_nothing_is_not_found_and_what_cannot_be_one_is_malformed() {
        let drive = Drive::default();
        for id in ["01NKDM7HMOJTVYMDOSXFDK2QJDXCDI3WU2", "gone", "112"] {
            let refused = drive.item(id).unwrap_err();
            assert_eq!((refused.status, refused.code), (404, "itemNotFound"), "{id}");
        }
        for id in ["111a", "..", "../../users", "01NKDM7H/children", "01nkdm7hmojtvymdosxfdk2qjdxcdi3wu2"] {
            let refused = drive.item(id).unwrap_err();
            assert_eq!((refused.status, refused.code), (400, "invalidRequest"), "{id}");
        }
    }
}
