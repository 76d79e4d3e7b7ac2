//! Mail: listing, searching, sending.
//!
//! Source: Graph `message` resource. Messages are shown without their bodies. `$search` excludes `$orderby`; its
//! results come newest first anyway. Sending has no idempotency key, so it is repeated only where Graph has refused it
//! for load.

use async_trait::async_trait;
use m365_ports::GraphRequest;
use m365_types::Reach;
use serde::{Deserialize, Serialize};

use crate::action::{Answer, Context, Invocation, own};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::listing::{Bounds, Listed, Wording, gather};
use crate::moment::instant_words;
use crate::odata::search_phrase;
use crate::param::{Default as Otherwise, Identifier, Integer, Param, Required, Text, defaulted, required};
use crate::shape::{self, Cleaner};
use crate::wire::{Correspondent, Recipient};

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

const SELECT: &str =
    "id,subject,from,receivedDateTime,bodyPreview,isRead,hasAttachments,importance,conversationId,webLink";
/// Properties that every message of a list has.
pub(crate) const FIELDS: &[&str] = &["id", "subject", "received", "isRead", "hasAttachments"];
const SUBJECT_MAX: usize = 255;
const PREVIEW_MAX: usize = 255;

pub(crate) fn get_emails(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let count = given.read(&COUNT);
    let folder = given.read(&FOLDER);
    Some(Box::new(GetEmails { count: count?, folder: folder? }))
}

struct GetEmails {
    count: u32,
    folder: String,
}

#[async_trait]
impl Invocation for GetEmails {
    fn reach(&self) -> Reach {
        own()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[&self.folder])?;
        request.prefer = preferences();
        request.query = vec![
            ("$top", self.count.to_string()),
            ("$select", SELECT.to_owned()),
            ("$orderby", "receivedDateTime desc".to_owned()),
        ];
        answer(
            context,
            &request,
            self.count,
            "in the folder",
            "The folder holds more; raise `count` for up to 50.",
        )
        .await
    }
}

pub(crate) fn search_emails(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let query = given.read(&QUERY);
    let count = given.read(&RESULTS);
    Some(Box::new(SearchEmails { query: query?, count: count? }))
}

struct SearchEmails {
    query: String,
    count: u32,
}

#[async_trait]
impl Invocation for SearchEmails {
    fn reach(&self) -> Reach {
        own()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[])?;
        request.prefer = preferences();
        request.query = vec![
            ("$search", search_phrase(&self.query)),
            ("$top", self.count.to_string()),
            ("$select", SELECT.to_owned()),
        ];
        let more = "More messages match; narrow `query`, or raise `count` for up to 50.";
        answer(context, &request, self.count, "found", more).await
    }
}

pub(crate) fn preferences() -> Vec<String> {
    vec!["IdType=\"ImmutableId\"".to_owned(), "outlook.body-content-type=\"text\"".to_owned()]
}

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
    conversation_id: Option<String>,
    web_link: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    id: String,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Correspondent>,
    received: String,
    preview: String,
    is_read: bool,
    has_attachments: bool,
    importance: String,
    conversation_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_link: Option<String>,
}

impl Listed for Message {
    type Given = GraphMessage;

    fn of(given: &GraphMessage, cleaner: &mut Cleaner) -> Self {
        Self {
            id: shape::id(given.id.as_deref()),
            subject: cleaner.line(given.subject.as_deref(), SUBJECT_MAX),
            from: Correspondent::of(given.from.as_ref(), cleaner),
            received: shape::id(given.received_date_time.as_deref()),
            preview: cleaner.line(given.body_preview.as_deref(), PREVIEW_MAX),
            is_read: given.is_read.unwrap_or_default(),
            has_attachments: given.has_attachments.unwrap_or_default(),
            importance: shape::id(given.importance.as_deref()),
            conversation_id: shape::id(given.conversation_id.as_deref()),
            web_link: shape::link(given.web_link.as_deref()),
        }
    }

    fn words(&self, number: usize) -> String {
        let subject = if self.subject.is_empty() { "(no subject)" } else { &self.subject };
        let from = self.from.as_ref().map_or_else(|| "unknown sender".to_owned(), Correspondent::words);
        let mut text = format!("{number}. {subject}\n   from {from}, {}", instant_words(&self.received));
        for (holds, word) in [
            (!self.is_read, ", unread"),
            (self.has_attachments, ", has attachments"),
            (self.importance == "high", ", high importance"),
        ] {
            text.push_str(if holds { word } else { "" });
        }
        if !self.preview.is_empty() {
            text.push_str("\n   ");
            text.push_str(&self.preview);
        }
        text.push_str("\n   id ");
        text.push_str(&self.id);
        text
    }
}

/// One page of messages.
async fn answer(
    context: &Context<'_>,
    request: &GraphRequest,
    count: u32,
    found: &str,
    more: &'static str,
) -> Result<Answer, ActionError> {
    let bounds = Bounds { pages: 1, items: count as usize, linked: true };
    let messages = gather::<GraphMessage>(context, request, bounds).await?;
    let head = |count: usize| {
        let ending = if count == 1 { "" } else { "s" };
        format!("{count} message{ending} {found}, newest first. Times are UTC.")
    };
    let none = format!("No messages {found}.");
    Ok(messages.answer::<Message>(context, &Wording { name: "messages", none: &none, head: &head, more }))
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
