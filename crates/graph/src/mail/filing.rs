//! Filing mail: marks on a message, and the folder it lies in.
//!
//! Source: Graph `message` update and `move`. What is moved gets a new id in the default form; the immutable one that is
//! used here survives, and the answer names the one that counts from now on. Nothing is ever deleted for good: what is
//! thrown away lies in Deleted Items. What is thrown away, and what is changed in another mailbox, is looked at before; in
//! one's own the arguments say all: which message gets which mark or goes to which folder.

use async_trait::async_trait;
use m365_types::{Effect, Email, Method, Reach, ResolvedEffect};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::effect::{changed, users_of};
use crate::error::ActionError;
use crate::mail::list::IMMUTABLE_ID;
use crate::mail::param::{ID, Labels};
use crate::mail::seen::{self, Seen, message_reach};
use crate::param::{Boolean, Choice, Identifier, MAILBOX, Optional, Param, Required, optional, required};
use crate::shape;
use crate::standing;

pub(crate) static IS_READ: Param<Boolean, Optional> = optional("isRead", "Read or unread", Boolean);
pub(crate) static FLAG: Param<Choice<&'static str>, Optional> = optional(
    "flag",
    "Follow-up flag",
    Choice { options: &[("flagged", "flagged"), ("complete", "complete"), ("notFlagged", "notFlagged")] },
);
pub(crate) static CATEGORIES: Param<Labels, Optional> =
    optional("categories", "Replaces all; [] removes them", Labels { max: 25, length: 255 });
pub(crate) static IMPORTANCE: Param<Choice<&'static str>, Optional> = optional(
    "importance",
    "Importance",
    Choice { options: &[("low", "low"), ("normal", "normal"), ("high", "high")] },
);
pub(crate) static FOLDER: Param<Identifier, Required> =
    required("folder", "Target: a folder id or a well-known name such as archive", Identifier);

const MOVE: &str = "/me/messages/{message}/move";
const DELETED_ITEMS: &str = "deleteditems";

pub(crate) fn update_email(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let is_read = given.read(&IS_READ);
    let flag = given.read(&FLAG);
    let categories = given.read(&CATEGORIES);
    let importance = given.read(&IMPORTANCE);
    let mailbox = given.read(&MAILBOX);
    let mut change = Map::new();
    let changes = [
        ("isRead", is_read?.map(Value::from)),
        ("flag", flag?.map(|status| json!({ "flagStatus": status }))),
        ("categories", categories?.map(Value::from)),
        ("importance", importance?.map(Value::from)),
    ];
    change.extend(changes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    let id = id?;
    if change.is_empty() {
        given.refuse("isRead", "or another of `flag`, `categories`, `importance` must be given");
    }
    Some(Box::new(UpdateEmail { id, change, mailbox: mailbox? }))
}

struct UpdateEmail {
    id: String,
    change: Map<String, Value>,
    mailbox: Option<Email>,
}

pub(crate) fn move_email(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let folder = given.read(&FOLDER);
    let mailbox = given.read(&MAILBOX);
    Some(Box::new(MoveEmail { id: id?, folder: folder?, mailbox: mailbox?, trash: false, done: "Moved" }))
}

pub(crate) fn trash_email(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let mailbox = given.read(&MAILBOX);
    let done = "Moved to Deleted Items, from where it can be moved back";
    let folder = DELETED_ITEMS.to_owned();
    Some(Box::new(MoveEmail { id: id?, folder, mailbox: mailbox?, trash: true, done }))
}

/// One folder, by its id or well-known name.
pub(crate) const FOLDER_ONE: &str = "/me/mailFolders/{folder}";
/// Well-known names of folders (Graph, `mailFolder`) in which a message is kept.
const KEPT: [&str; 6] = ["archive", "drafts", "inbox", "junkemail", "outbox", "sentitems"];
/// Those from which it is gone sooner or later.
const THROWN_AWAY: [&str; 4] =
    [DELETED_ITEMS, "recoverableitemsdeletions", "recoverableitemspurges", "recoverableitemsversions"];

struct MoveEmail {
    id: String,
    folder: String,
    mailbox: Option<Email>,
    /// Whether it is thrown away.
    trash: bool,
    done: &'static str,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Filed {
    id: Option<String>,
    parent_folder_id: Option<String>,
}

#[async_trait]
impl Invocation for UpdateEmail {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    fn reach(&self) -> Reach {
        message_reach(self.mailbox(), &self.id)
    }

    fn effect(&self) -> ResolvedEffect {
        self.seen(&Seen::default())
    }

    fn must_look(&self) -> bool {
        self.mailbox.is_some()
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        let seen = seen::message(context, self.mailbox(), &self.id, seen::MARKS).await?;
        let mut effect = self.seen(&seen);
        standing::ask(context, &mut effect.recipients).await?;
        Ok(effect)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request_in(self.mailbox.as_ref(), &[&self.id])?;
        request.prefer = vec![IMMUTABLE_ID.to_owned()];
        request.body = Some(Value::Object(self.change.clone()).into());
        let filed: Filed = context.graph.fetch(request).await?;
        let id = shape::id(filed.id.as_deref());
        let names: Vec<&str> = self.change.keys().map(String::as_str).collect();
        let text = format!("Email updated: {}\nid {id}", names.join(", "));
        let mut structured = self.change.clone();
        if let Some(status) = self.change.get("flag").and_then(|flag| flag.get("flagStatus")) {
            structured.insert("flag".to_owned(), status.clone());
        }
        structured.insert("id".to_owned(), id.into());
        Ok(Answer::whole(text, Value::Object(structured)))
    }
}

impl UpdateEmail {
    /// What changes of a message that is as it was seen.
    fn seen(&self, seen: &Seen) -> ResolvedEffect {
        let mut effect = of_message(self.reach(), self.mailbox(), seen);
        for (name, value) in &self.change {
            effect.facts.push(changed(name, mark(value), seen.mark(name)));
        }
        effect
    }
}

/// The effect on a message that is as it was seen.
fn of_message(reach: Reach, mailbox: Option<&Email>, seen: &Seen) -> ResolvedEffect {
    let Reach { target, shared, .. } = reach;
    let recipients = users_of(mailbox);
    let (version, folder) = (seen.version(), seen.folder());
    let mut effect =
        ResolvedEffect { target, shared, recipients, version, folder, ..ResolvedEffect::default() };
    seen.describe(&mut effect);
    effect
}

/// A mark for people.
fn mark(value: &Value) -> String {
    match value {
        Value::String(word) => word.clone(),
        Value::Array(labels) => labels.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        Value::Object(flag) => flag.get("flagStatus").map(mark).unwrap_or_default(),
        other => other.to_string(),
    }
}

#[async_trait]
impl Invocation for MoveEmail {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    fn reach(&self) -> Reach {
        message_reach(self.mailbox(), &self.id)
    }

    fn effect(&self) -> ResolvedEffect {
        self.seen(&Seen::default())
    }

    fn must_look(&self) -> bool {
        self.mailbox.is_some() || self.trash || self.is_named_by_id()
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        let seen = seen::message(context, self.mailbox(), &self.id, seen::MARKS).await?;
        let mut effect = self.seen(&seen);
        if self.is_named_by_id() && self.is_thrown_away(context).await? {
            effect.class = Some(Effect::Destroy);
        }
        standing::ask(context, &mut effect.recipients).await?;
        Ok(effect)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request_to(Method::Post, MOVE, self.mailbox.as_ref(), &[&self.id])?;
        request.prefer = vec![IMMUTABLE_ID.to_owned()];
        request.body = Some(json!({ "destinationId": self.folder }).into());
        let filed: Filed = context.graph.fetch(request).await?;
        let id = shape::id(filed.id.as_deref());
        if id.is_empty() {
            return Err(context.graph.unreadable());
        }
        let text = format!("{}. From now on its id is {id}", self.done);
        let folder = shape::id(filed.parent_folder_id.as_deref());
        Ok(Answer::whole(text, json!({ "id": id, "parentFolderId": folder })))
    }
}

impl MoveEmail {
    /// Where a message goes that is as it was seen. The folder that rules look at is the one it lies in, where that is known.
    fn seen(&self, seen: &Seen) -> ResolvedEffect {
        let mut effect = of_message(self.reach(), self.mailbox(), seen);
        effect.facts.push(changed("Folder", &self.folder, seen.folder()));
        effect.folder.get_or_insert_with(|| self.folder.clone());
        effect.class =
            THROWN_AWAY.contains(&self.folder.to_ascii_lowercase().as_str()).then_some(Effect::Destroy);
        effect
    }

    /// Whether only Graph knows which folder is meant.
    fn is_named_by_id(&self) -> bool {
        let name = self.folder.to_ascii_lowercase();
        !KEPT.contains(&name.as_str()) && !THROWN_AWAY.contains(&name.as_str())
    }

    /// Whether the folder is that of deleted items, or lies in it.
    async fn is_thrown_away(&self, context: &Context<'_>) -> Result<bool, ActionError> {
        let folder = async |name: &str| {
            let mut request =
                context.graph.request_to(Method::Get, FOLDER_ONE, self.mailbox.as_ref(), &[name])?;
            request.query = vec![("$select", "id,parentFolderId".to_owned())];
            context.graph.fetch::<Filed>(request).await
        };
        let (to, deleted) = (folder(&self.folder).await?, folder(DELETED_ITEMS).await?);
        Ok(deleted.id.is_some() && (to.id == deleted.id || to.parent_folder_id == deleted.id))
    }
}

#[cfg(test)]
#[path = "filing_tests.rs"]
mod tests;
