//! What the control interface shows of the tenant, by collection name.
//!
//! In scope: what callers made (`sent`, `drafts`, `events`, `cancellations`, `responses`, `links`, `meetings`,
//! `channel-messages`, `chat-messages`), and everything
//! there is (`messages`, `folders`, `mailbox-settings`, `calendar`, `contacts`, `people`, `files`, `teams`, `channels`, `channel-history`, `chats`,
//! `chat-history`, `presence`, `todo-lists`, `todo-tasks`, `planner-tasks`), so that a test can learn ids; of the whole tenant,
//! `users`, `groups`, `sites` and `rooms`.
//! Ids are the default ones; where Graph has no place for what a test needs to know, a property is added and named here:
//! `wellKnownName` of a folder, `teamId` of a channel, `listId` of a task, `memberIds` of a group,
//! `driveId`, `access`, `lists` and `files` of a site, `immutableId` of an attachment.

use std::sync::{Arc, PoisonError};

use serde_json::Value;

use super::mailbox::{Content, Item, Mailbox};
use super::planner::PlannerTask;
use super::roster::Member;
use super::todo::TaskList;
use super::{Tenant, calendar, directory, mail, places, presence, signed, teams};
use crate::estate::Estate;
use crate::people::Person;

/// The names of collections that are kept per person.
const PER_PERSON: [&str; 22] = [
    "calendar",
    "cancellations",
    "channel-history",
    "channels",
    "chat-history",
    "chats",
    "contacts",
    "drafts",
    "events",
    "files",
    "folders",
    "links",
    "mailbox-settings",
    "meetings",
    "messages",
    "people",
    "planner-tasks",
    "responses",
    "sent",
    "teams",
    "todo-lists",
    "todo-tasks",
];

impl Tenant {
    /// What the tenant holds under a collection name, for one person or for all whose mailbox was used; `None`: there is
    /// no such collection. The mailbox of one person is seeded if this is its first use.
    #[must_use]
    pub fn collection(&self, estate: &Estate, name: &str, person: Option<&str>) -> Option<Vec<Value>> {
        match name {
            "channel-messages" => return Some(self.posts.of(person)),
            "chat-messages" => return Some(self.chats.written(person)),
            "presence" => return Some(presence::all(estate)),
            "rooms" => return Some(places::all()),
            "sites" => return Some(self.sites.shown(signed(estate.clock.now_ms()))),
            _ => {}
        }
        if let Some(found) = directory::collection(estate, name) {
            return Some(found);
        }
        if !PER_PERSON.contains(&name) {
            return None;
        }
        let tenant_id = &estate.config.tenant_id;
        let wanted = match person {
            Some(email) => {
                let person = estate.people.find(email).or_else(|| crate::people::shared_mailbox(email));
                person.iter().map(|person| self.mailbox(person, estate.clock.now_ms())).collect()
            }
            None => self.used_mailboxes(),
        };
        let now_ms = signed(estate.clock.now_ms());
        let items = |mailbox: &Arc<Mailbox>| match name {
            "channel-history" => teams::history(&self.posts, &mailbox.owner, tenant_id, now_ms),
            "chat-history" | "chats" => self.chats_of(&mailbox.owner, tenant_id, now_ms, name),
            _ => items(mailbox, tenant_id, name),
        };
        Some(wanted.iter().flat_map(items).collect())
    }

    /// The chats of a person, or everything said in them.
    fn chats_of(&self, person: &Person, tenant_id: &str, now_ms: i64, name: &str) -> Vec<Value> {
        self.chats.with(&Member::of(person), tenant_id, now_ms, |kept| {
            let own = kept.chats.iter().filter(|chat| chat.has(&person.oid));
            if name == "chats" {
                return own.map(|chat| chat.shown(tenant_id)).collect();
            }
            own.flat_map(|chat| &chat.messages).map(|message| Value::Object(message.fields.clone())).collect()
        })
    }

    fn used_mailboxes(&self) -> Vec<Arc<Mailbox>> {
        let boxes = self.mailboxes.read().unwrap_or_else(PoisonError::into_inner);
        let mut used: Vec<_> = boxes.values().cloned().collect();
        used.sort_by(|a, b| a.owner.email.cmp(&b.owner.email));
        used
    }
}

fn items(mailbox: &Mailbox, tenant_id: &str, name: &str) -> Vec<Value> {
    let content = mailbox.read();
    match name {
        "calendar" => content.events.iter().map(calendar::shown).collect(),
        "channels" => teams::channels_of_member(&mailbox.owner, tenant_id),
        "contacts" => content.contacts.iter().map(Item::shown).collect(),
        "files" => content.drive.shown(&mailbox.owner.email),
        "folders" => folders(&content),
        "mailbox-settings" => vec![Value::Object(content.settings.clone())],
        "messages" => content
            .newest_first
            .iter()
            .filter_map(|position| content.messages.get(*position))
            .map(Item::shown)
            .collect(),
        "people" => content.people.iter().cloned().map(Value::Object).collect(),
        "planner-tasks" => content.planner.iter().map(PlannerTask::shown).collect(),
        "teams" => teams::of_member(&mailbox.owner, tenant_id),
        "todo-lists" => content.todo.iter().map(TaskList::shown).collect(),
        "todo-tasks" => content.todo.iter().flat_map(TaskList::shown_tasks).collect(),
        made => content.made.get(made).cloned().unwrap_or_default(),
    }
}

fn folders(content: &Content) -> Vec<Value> {
    let shown = |folder| {
        let mut fields = mail::folder_fields(content, folder);
        fields.insert("wellKnownName".to_owned(), folder.well_known.into());
        Value::Object(fields)
    };
    content.folders.iter().map(shown).collect()
}
