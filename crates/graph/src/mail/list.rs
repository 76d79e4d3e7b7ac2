//! Mail: listing and searching.
//!
//! Source: Graph `message` resource. Messages are shown without their bodies: what a program needs to go on with is in
//! the data, what tells a reader which to open is in the text. `$search` excludes `$orderby`; its results come newest
//! first anyway.

use async_trait::async_trait;
use m365_ports::GraphRequest;
use m365_types::{Email, ResolvedEffect, Role};
use serde::{Deserialize, Serialize};

use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::listing::{Bounds, Listed, Wording, gather};
use crate::odata::search_phrase;
use crate::param::{
    Default as Otherwise, Identifier, Integer, MAILBOX, Param, Required, Text, defaulted, required,
};
use crate::shape::{self, Cleaner};
use crate::wire::{Correspondent, Recipient};
use crate::zone::{TIME_ZONE, Zone};

pub(crate) static COUNT: Param<Integer, Otherwise> =
    defaulted("count", "Number of emails", Integer { min: 1, max: 50 }, Otherwise::Number(10));
pub(crate) static FOLDER: Param<Identifier, Otherwise> = defaulted(
    "folder",
    "Mail folder: an id or a well-known name such as inbox, sentitems, drafts, archive, deleteditems, junkemail",
    Identifier,
    Otherwise::Text("inbox"),
);
pub(crate) static QUERY: Param<Text, Required> = required(
    "query",
    "Search query, in KQL: words, or properties such as from:megan subject:\"quarterly report\" received>=2026-11-01",
    Text { min: 1, max: 1000, lines: false },
);
pub(crate) static RESULTS: Param<Integer, Otherwise> =
    defaulted("count", "Number of results", Integer { min: 1, max: 50 }, Otherwise::Number(10));

const SELECT: &str = "id,subject,from,receivedDateTime,bodyPreview,isRead,hasAttachments,importance";
/// Properties that every message of a list has.
pub(crate) const FIELDS: &[&str] = &["id", "subject", "received", "isRead"];
pub(crate) const SUBJECT_MAX: usize = 255;
/// Characters of a preview: enough to tell which message to open, ten times within the budget of one answer.
const PREVIEW_MAX: usize = 45;

pub(crate) fn get_emails(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let count = given.read(&COUNT);
    let folder = given.read(&FOLDER);
    let mailbox = given.read(&MAILBOX);
    let zone = given.read(&TIME_ZONE);
    Some(Box::new(GetEmails { count: count?, folder: folder?, mailbox: mailbox?, zone: zone? }))
}

struct GetEmails {
    count: u32,
    folder: String,
    mailbox: Option<Email>,
    zone: Option<Zone>,
}

#[async_trait]
impl Invocation for GetEmails {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    fn effect(&self) -> ResolvedEffect {
        let folder = Some(self.folder.clone());
        ResolvedEffect { folder, ..ResolvedEffect::of(self.reach(), Role::To) }
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request_in(self.mailbox.as_ref(), &[&self.folder])?;
        request.prefer = preferences();
        request.query = vec![
            ("$top", self.count.to_string()),
            ("$select", SELECT.to_owned()),
            ("$orderby", "receivedDateTime desc".to_owned()),
        ];
        let asked = Asked {
            count: self.count,
            zone: self.zone.as_ref(),
            found: "in the folder",
            more: "There are more.",
        };
        answer(context, &request, asked).await
    }
}

pub(crate) fn search_emails(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let query = given.read(&QUERY);
    let count = given.read(&RESULTS);
    let mailbox = given.read(&MAILBOX);
    let zone = given.read(&TIME_ZONE);
    Some(Box::new(SearchEmails { query: query?, count: count?, mailbox: mailbox?, zone: zone? }))
}

struct SearchEmails {
    query: String,
    count: u32,
    mailbox: Option<Email>,
    zone: Option<Zone>,
}

#[async_trait]
impl Invocation for SearchEmails {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request_in(self.mailbox.as_ref(), &[])?;
        request.prefer = preferences();
        request.query = vec![
            ("$search", search_phrase(&self.query)),
            ("$top", self.count.to_string()),
            ("$select", SELECT.to_owned()),
        ];
        let asked = Asked {
            count: self.count,
            zone: self.zone.as_ref(),
            found: "found",
            more: "There are more; `query` can be narrower.",
        };
        answer(context, &request, asked).await
    }
}

/// Ids that survive moves, and bodies as text.
pub(crate) fn preferences() -> Vec<String> {
    vec![IMMUTABLE_ID.to_owned(), "outlook.body-content-type=\"text\"".to_owned()]
}

/// The preference for ids that survive moves.
pub(crate) const IMMUTABLE_ID: &str = "IdType=\"ImmutableId\"";

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphMessage {
    id: Option<String>,
    subject: Option<String>,
    from: Option<Recipient>,
    received_date_time: Option<String>,
    body_preview: Option<String>,
    is_read: Option<bool>,
    has_attachments: Option<bool>,
    importance: Option<String>,
}

/// A message, and when it came in words of the reader's zone.
struct Dated {
    message: GraphMessage,
    at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    id: String,
    subject: String,
    /// `Name <address>`
    from: String,
    received: String,
    is_read: bool,
    /// Told only where it is so, as the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    has_attachments: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    importance: Option<&'static str>,
    #[serde(skip)]
    at: String,
    #[serde(skip)]
    sender: String,
    #[serde(skip)]
    preview: String,
}

impl Listed for Message {
    type Given = Dated;

    fn of(Dated { message, at }: &Dated, cleaner: &mut Cleaner) -> Self {
        let from = Correspondent::of(message.from.as_ref(), cleaner);
        Self {
            id: shape::id(message.id.as_deref()),
            subject: cleaner.line(message.subject.as_deref(), SUBJECT_MAX),
            from: from.as_ref().map(Correspondent::words).unwrap_or_default(),
            received: shape::id(message.received_date_time.as_deref()),
            is_read: message.is_read.unwrap_or_default(),
            has_attachments: message.has_attachments.filter(|has| *has),
            importance: (message.importance.as_deref() == Some("high")).then_some("high"),
            at: at.clone(),
            sender: from.map_or_else(|| "unknown sender".to_owned(), short),
            preview: cleaner.line(message.body_preview.as_deref(), PREVIEW_MAX),
        }
    }

    fn words(&self, number: usize) -> String {
        let subject = if self.subject.is_empty() { "(no subject)" } else { &self.subject };
        let mut text = format!("{number}. {subject}\n{}", self.sender);
        for (holds, word) in [
            (!self.at.is_empty(), self.at.as_str()),
            (!self.is_read, "unread"),
            (self.has_attachments.is_some(), "has attachments"),
            (self.importance.is_some(), "high importance"),
        ] {
            if holds {
                text.push_str(", ");
                text.push_str(word);
            }
        }
        for line in [&self.preview, &format!("id {}", self.id)] {
            if !line.is_empty() {
                text.push('\n');
                text.push_str(line);
            }
        }
        text
    }
}

/// Somebody in words: the address alone where it says the name, both where it does not.
fn short(one: Correspondent) -> String {
    let local = one.address.split('@').next().unwrap_or_default();
    let spelt = local.replace(['.', '_', '-'], " ");
    if spelt.eq_ignore_ascii_case(&one.name) { one.address } else { one.words() }
}

/// How a list was asked for, and what is said of it.
struct Asked<'a> {
    count: u32,
    zone: Option<&'a Zone>,
    found: &'static str,
    more: &'static str,
}

/// One page of messages.
async fn answer(
    context: &Context<'_>,
    request: &GraphRequest,
    asked: Asked<'_>,
) -> Result<Answer, ActionError> {
    let bounds = Bounds { pages: 1, items: asked.count as usize, linked: true };
    let messages = gather::<GraphMessage>(context, request, bounds).await?;
    // A list without a time needs no zone, and one that failed asks nothing further.
    let zone = if messages.iter().any(|message| message.received_date_time.is_some()) {
        Zone::of(context, asked.zone).await
    } else {
        Zone::utc()
    };
    let dated = |message: GraphMessage| {
        let at = zone.words(message.received_date_time.as_deref().unwrap_or_default());
        Some(Dated { message, at })
    };
    let found = asked.found;
    let head = |count: usize| {
        let ending = if count == 1 { "" } else { "s" };
        format!("{count} message{ending} {found}, newest first. {}", zone.sentence())
    };
    let none = format!("No messages {found}.");
    let wording = Wording { name: "messages", none: &none, head: &head, more: asked.more };
    Ok(messages.filter_map(dated).answer::<Message>(context, &wording))
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
