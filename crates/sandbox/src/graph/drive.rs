//! The drive of a person: an item by its id, and what lies in the root folder.
//!
//! Source: Graph's driveItem resource and its get and list-children pages. In scope: metadata. Out of scope: contents,
//! and every write. `@microsoft.graph.downloadUrl` is an annotation and not a property: a file carries it whatever is
//! selected, which is the less friendly of the two ways that services are seen to have. Invariant: that URL is a credential
//! that begins the same way for every file of every person (`tempauth=v1.eyJjYW5hcnkiOiJkb3dubG9hZFVy`), so that it can be
//! searched for where it must not be.

use serde_json::{Map, Value};

use super::call::{Answer, Call};
use super::errors::{GraphError, Workload};
use super::odata::{lookup, next_link};
use super::view::{Page, View};
use super::{GraphRequest, Tenant};

const PAGE: usize = 200;
/// Characters of an item id in a business drive.
const ID_CHARS: usize = 34;
const DOWNLOAD_URL: &str = "@microsoft.graph.downloadUrl";

/// `GET /me/drive/items/{id}`.
pub(super) fn item(call: &Call<'_>) -> Result<Answer, GraphError> {
    let content = call.mailbox.read();
    let item = find(&content.files, call.id(0))?;
    let view = view(call, item).context(call.context("drive/items") + "/$entity");
    Ok(Answer::json(200, &view))
}

/// `GET /me/drive/root/children`: folders first, by name.
pub(super) fn root_children(call: &Call<'_>) -> Result<Answer, GraphError> {
    let content = call.mailbox.read();
    let root = find(&content.files, "root")?;
    let in_root = |item: &&Map<String, Value>| lookup(item, "parentReference/id") == lookup(root, "id");
    let mut found: Vec<_> =
        content.files.iter().filter(in_root).filter(|item| call.options.filter.passes(item)).collect();
    call.options.sort(&mut found, |item| item);
    let (range, next) = call.options.page(found.len(), PAGE);
    let list = Page {
        context: call.context("drive/root/children"),
        count: Some(found.len()),
        value: found.get(range).unwrap_or_default().iter().map(|item| view(call, item)).collect(),
        next: next.map(|at| next_link(&call.request.path, &call.request.query, "$skiptoken", at)),
    };
    Ok(Answer::json(200, &list))
}

fn view<'a>(call: &'a Call<'_>, item: &'a Map<String, Value>) -> View<'a> {
    let view = View::new(item, call.select());
    match item.get(DOWNLOAD_URL).and_then(Value::as_str) {
        Some(url) => view.always(DOWNLOAD_URL, url),
        None => view,
    }
}

/// The item with this id; `root` is a name of the root.
fn find<'a>(files: &'a [Map<String, Value>], id: &str) -> Result<&'a Map<String, Value>, GraphError> {
    let named = |item: &&Map<String, Value>| {
        item.get("id").and_then(Value::as_str) == Some(id) || (id == "root" && item.contains_key("root"))
    };
    files.iter().find(named).ok_or_else(|| absent(id))
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
    GraphError::new(400, "invalidRequest", "The provided item ID is not valid for the requested drive")
}

/// The content behind a pre-authenticated address.
pub(super) fn give(_tenant: &Tenant, _request: &GraphRequest) -> Answer {
    Answer::raw(404, Vec::new())
}

/// A part of a file, put to the address of its upload session.
pub(super) fn keep_part(_tenant: &Tenant, _request: &GraphRequest) -> Answer {
    Answer::raw(404, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_nothing_is_not_found_and_what_cannot_be_one_is_malformed() {
        for id in ["01NKDM7HMOJTVYMDOSXFDK2QJDXCDI3WU2", "gone", "112"] {
            let refused = find(&[], id).unwrap_err();
            assert_eq!((refused.status, refused.code), (404, "itemNotFound"), "{id}");
        }
        for id in ["111a", "..", "../../users", "01NKDM7H/children", "01nkdm7hmojtvymdosxfdk2qjdxcdi3wu2"] {
            let refused = find(&[], id).unwrap_err();
            assert_eq!((refused.status, refused.code), (400, "invalidRequest"), "{id}");
        }
    }
}
