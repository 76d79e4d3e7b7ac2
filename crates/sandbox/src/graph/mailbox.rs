//! One person's mailbox: mail, calendars, people, contacts and To Do, indexed for reading; and the person's drive and
//! Planner tasks.
//!
//! Invariants: every list of positions is sorted newest first; both forms of an item's id lead to it; the content is
//! locked per mailbox and only while one answer is written. At most [`CONCURRENT`] requests are inside at a time, as
//! Outlook has it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde_json::{Map, Value};

use super::drive::Drive;
use super::errors::{GraphError, Workload};
use super::event::Event;
use super::ids::{ItemId, constant_id};
use super::planner::PlannerTask;
use super::todo::TaskList;
use crate::people::Person;

/// Requests Outlook serves at the same time per app and mailbox.
const CONCURRENT: usize = 4;

/// A mailbox and its owner.
pub(super) struct Mailbox {
    pub(super) owner: Arc<Person>,
    inside: AtomicUsize,
    content: RwLock<Content>,
}

/// A resource with an Outlook id.
pub(super) struct Item {
    pub(super) id: ItemId,
    /// What lists are ordered by, milliseconds since 1970.
    pub(super) at_ms: i64,
    pub(super) fields: Map<String, Value>,
}

/// A mail folder and the messages in it.
pub(super) struct Folder {
    pub(super) id: String,
    pub(super) well_known: Option<&'static str>,
    pub(super) name: &'static str,
    /// Whether it is listed on request only.
    pub(super) hidden: bool,
    pub(super) messages: Vec<usize>,
}

/// What a mailbox holds.
#[derive(Default)]
pub(super) struct Content {
    pub(super) folders: Vec<Folder>,
    pub(super) messages: Vec<Item>,
    pub(super) newest_first: Vec<usize>,
    pub(super) events: Vec<Event>,
    pub(super) calendars: Vec<Item>,
    pub(super) people: Vec<Map<String, Value>>,
    pub(super) contacts: Vec<Item>,
    /// The mailbox's settings.
    pub(super) settings: Map<String, Value>,
    pub(super) drive: Drive,
    pub(super) todo: Vec<TaskList>,
    pub(super) planner: Vec<PlannerTask>,
    /// What callers made, as the control interface shows it: by collection name, oldest first.
    pub(super) made: HashMap<&'static str, Vec<Value>>,
    message_ids: HashMap<String, usize>,
}

/// A place inside a mailbox; dropping it leaves.
pub(super) struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Mailbox {
    pub(super) fn new(owner: Arc<Person>, content: Content) -> Self {
        Self { owner, inside: AtomicUsize::new(0), content: RwLock::new(content) }
    }

    /// Takes a place for one request.
    ///
    /// # Errors
    /// Graph's 429 when all places are taken.
    pub(super) fn enter(&self) -> Result<Place<'_>, GraphError> {
        let place = Place(&self.inside);
        if self.inside.fetch_add(1, Ordering::AcqRel) >= CONCURRENT {
            return Err(GraphError::mailbox_concurrency());
        }
        Ok(place)
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Content> {
        self.content.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Content> {
        self.content.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Item {
    /// The whole resource with its default id, for the control interface.
    pub(super) fn shown(&self) -> Value {
        let mut fields = self.fields.clone();
        fields.insert("id".to_owned(), Value::String(self.id.default.clone()));
        Value::Object(fields)
    }
}

impl Content {
    /// Adds a folder; the order of adding is the order of listing.
    pub(super) fn add_folder(&mut self, owner: &str, name: &'static str, well_known: Option<&'static str>) {
        let id = constant_id(owner, "folder", name);
        self.folders.push(Folder { id, well_known, name, hidden: false, messages: Vec::new() });
    }

    /// Adds a folder that is listed on request only.
    pub(super) fn add_hidden_folder(&mut self, owner: &str, name: &'static str) {
        self.add_folder(owner, name, None);
        self.folders.iter_mut().filter(|folder| folder.name == name).for_each(|folder| folder.hidden = true);
    }

    /// Adds a message to the folder with this name, well-known or displayed.
    pub(super) fn add_message(&mut self, folder: &str, mut message: Item) {
        let position = self.messages.len();
        let at_ms = message.at_ms;
        let messages = &self.messages;
        let older = |other: &usize| messages.get(*other).is_none_or(|other| other.at_ms > at_ms);
        if let Some(folder) =
            self.folders.iter_mut().find(|one| one.well_known == Some(folder) || one.name == folder)
        {
            message.fields.insert("parentFolderId".to_owned(), Value::String(folder.id.clone()));
            folder.messages.insert(folder.messages.partition_point(older), position);
        }
        self.newest_first.insert(self.newest_first.partition_point(older), position);
        self.message_ids.insert(message.id.default.clone(), position);
        self.message_ids.insert(message.id.immutable.clone(), position);
        self.messages.push(message);
    }

    /// The message with this id in either form.
    ///
    /// # Errors
    /// 400 for what cannot be an id, 404 for an id of nothing here.
    pub(super) fn message(&self, id: &str) -> Result<&Item, GraphError> {
        self.message_ids.get(id).and_then(|position| self.messages.get(*position)).ok_or_else(|| absent(id))
    }

    /// The same to be changed.
    ///
    /// # Errors
    /// As [`Content::message`].
    pub(super) fn message_mut(&mut self, id: &str) -> Result<&mut Item, GraphError> {
        let position = self.message_ids.get(id).copied();
        position.and_then(|position| self.messages.get_mut(position)).ok_or_else(|| absent(id))
    }

    /// Moves a message into a folder, where it gets a new default id and lies by its date.
    ///
    /// # Errors
    /// As [`Content::message`] and [`Content::folder`].
    pub(super) fn relocate(&mut self, id: &str, folder: &str) -> Result<&Item, GraphError> {
        let position = self.message_ids.get(id).copied().ok_or_else(|| absent(id))?;
        let folder_id = self.folder(folder)?.id.clone();
        let Some(item) = self.messages.get_mut(position) else { return Err(absent(id)) };
        self.message_ids.remove(&item.id.default);
        item.id.default = ItemId::of(&folder_id, "moved", &item.id.default).default;
        item.fields.insert("parentFolderId".to_owned(), Value::String(folder_id.clone()));
        self.message_ids.insert(item.id.default.clone(), position);
        let (at_ms, messages) = (item.at_ms, &self.messages);
        let older = |other: &usize| messages.get(*other).is_none_or(|other| other.at_ms > at_ms);
        let lists = self.folders.iter_mut().map(|folder| (folder.id == folder_id, &mut folder.messages));
        for (is_home, list) in lists.chain([(true, &mut self.newest_first)]) {
            list.retain(|other| *other != position);
            if is_home {
                list.insert(list.partition_point(older), position);
            }
        }
        self.messages.get(position).ok_or_else(|| absent(id))
    }

    /// The folder with this id or well-known name.
    ///
    /// # Errors
    /// 400 for what can be neither, 404 for an id of nothing here.
    pub(super) fn folder(&self, id: &str) -> Result<&Folder, GraphError> {
        let named = |folder: &&Folder| {
            folder.id == id || folder.well_known.is_some_and(|name| name.eq_ignore_ascii_case(id))
        };
        self.folders.iter().find(named).ok_or_else(|| absent(id))
    }

    /// Keeps what a caller made for the control interface.
    pub(super) fn keep(&mut self, collection: &'static str, value: Value) {
        self.made.entry(collection).or_default().push(value);
    }
}

/// The refusal for an Outlook id that leads nowhere.
pub(super) fn absent(id: &str) -> GraphError {
    let shaped = id.starts_with("AA")
        && id.len() >= 16
        && id.chars().all(|sign| sign.is_ascii_alphanumeric() || "+/=-_".contains(sign));
    if shaped { GraphError::not_found(Workload::Exchange, id) } else { GraphError::malformed_id() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str, at_ms: i64) -> Item {
        Item { id: ItemId::of("o", "message", name), at_ms, fields: Map::new() }
    }

    #[test]
    fn lists_stay_newest_first_however_messages_arrive() {
        let mut content = Content::default();
        content.add_folder("o", "Inbox", Some("inbox"));
        for (name, at) in [("b", 20), ("a", 10), ("d", 40), ("c", 30)] {
            content.add_message("inbox", message(name, at));
        }
        let times: Vec<i64> =
            content.folder("Inbox").unwrap().messages.iter().map(|at| content.messages[*at].at_ms).collect();
        assert_eq!(times, [40, 30, 20, 10]);
    }

    #[test]
    fn what_is_moved_lies_by_date_where_it_went_and_keeps_one_id() {
        let mut content = Content::default();
        content.add_folder("o", "Inbox", Some("inbox"));
        content.add_folder("o", "Archive", Some("archive"));
        for (folder, name, at) in [("inbox", "a", 10), ("archive", "b", 5), ("archive", "c", 20)] {
            content.add_message(folder, message(name, at));
        }
        let before = ItemId::of("o", "message", "a");
        let after = content.relocate(&before.default, "archive").unwrap().id.clone();
        assert_eq!(after.immutable, before.immutable);
        assert_eq!(content.message(&before.default).err().map(|error| error.status), Some(404));
        assert!(content.message(&after.default).is_ok() && content.message(&after.immutable).is_ok());
        let times = |name: &str| -> Vec<i64> {
            content.folder(name).unwrap().messages.iter().map(|at| content.messages[*at].at_ms).collect()
        };
        assert_eq!((times("archive"), times("inbox")), (vec![20, 10, 5], vec![]));
        assert_eq!(content.newest_first.len(), 3);
        let error = content.relocate(&after.default, "nowhere").err();
        assert_eq!(error.map(|error| error.status), Some(400));
    }

    #[test]
    fn an_id_of_nothing_is_not_found_and_a_step_is_malformed() {
        let content = Content::default();
        let gone = ItemId::of("o", "message", "gone");
        assert_eq!(content.message(&gone.default).err().map(|error| error.status), Some(404));
        for id in ["..", "../../users", "AAMk", "inbox?x=1&y=AAAAAAAAA"] {
            assert_eq!(
                content.message(id).err().map(|error| error.code),
                Some("ErrorInvalidIdMalformed"),
                "{id}"
            );
        }
    }
}
