//! One message with its body: as a tool, and as a resource.
//!
//! Source: Graph `message` resource. The body is asked for as HTML, because only there can be seen what a reader of the
//! message would not have seen, and becomes markdown in [`super::body`]; a long one is read in parts, by cursor or by URI.

use async_trait::async_trait;
use m365_text::mail::MailText;
use m365_types::{Email, Labels, Reach};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::action::{Answer, Context, Invocation, in_mailbox};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::excerpt::{OFFSET, Part, insert_body};
use crate::mail::body::{self, ItemBody};
use crate::mail::confidential::{self, Header};
use crate::mail::list::{IMMUTABLE_ID, SUBJECT_MAX};
use crate::mail::param::ID;
use crate::paging::{PageStart, Position};
use crate::param::{Boolean, MAILBOX, Optional, Param, optional};
use crate::shape::{self, Cleaner, framed};
use crate::wire::{Correspondent, Recipient};
use crate::zone::{TIME_ZONE, Zone};

pub(crate) static HISTORY: Param<Boolean, Optional> =
    optional("history", "Keep quoted earlier mail", Boolean);

/// Name of the row of the resource.
pub(crate) const URI: &str = "microsoft://messages/{id}";
const SELECT: &str = "id,subject,from,toRecipients,ccRecipients,replyTo,receivedDateTime,sentDateTime,body,isRead,isDraft,hasAttachments,importance,flag,categories,conversationId,webLink,internetMessageHeaders";
/// Recipients of each kind that are named.
const RECIPIENTS_MAX: usize = 50;
/// Recipients of each kind that are named in the text.
const RECIPIENTS_TOLD: usize = 10;
const CATEGORIES_MAX: usize = 25;
const CATEGORY_MAX: usize = 255;
/// What one part of a body costs at most, in bytes of JSON: it stands in an answer twice, in text and in data.
const PART_BYTES: usize = 3_600;

pub(crate) fn get_email(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let history = given.read(&HISTORY);
    let mailbox = given.read(&MAILBOX);
    let zone = given.read(&TIME_ZONE);
    let named = Named { id: id?, mailbox: mailbox?, history: history?.unwrap_or_default() };
    Some(Box::new(GetEmail { named, zone: zone? }))
}

pub(crate) fn read_message(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let offset = given.read(&OFFSET);
    let named = Named { id: id?, mailbox: None, history: false };
    Some(Box::new(ReadMessage { named, offset: offset?.unwrap_or_default() }))
}

/// The message that was asked for.
struct Named {
    id: String,
    mailbox: Option<Email>,
    history: bool,
}

struct GetEmail {
    named: Named,
    zone: Option<Zone>,
}

struct ReadMessage {
    named: Named,
    offset: u32,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphMessage {
    id: Option<String>,
    subject: Option<String>,
    from: Option<Recipient>,
    to_recipients: Option<Vec<Recipient>>,
    cc_recipients: Option<Vec<Recipient>>,
    reply_to: Option<Vec<Recipient>>,
    received_date_time: Option<String>,
    sent_date_time: Option<String>,
    body: Option<ItemBody>,
    is_read: Option<bool>,
    is_draft: Option<bool>,
    has_attachments: Option<bool>,
    importance: Option<String>,
    flag: Option<GraphFlag>,
    categories: Option<Vec<String>>,
    conversation_id: Option<String>,
    web_link: Option<String>,
    internet_message_headers: Option<Vec<Header>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphFlag {
    flag_status: Option<String>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is an independent property of the resource")]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    untrusted: bool,
    id: String,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Correspondent>,
    to: Vec<Correspondent>,
    cc: Vec<Correspondent>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reply_to: Vec<Correspondent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more_recipients: Option<usize>,
    received: String,
    sent: String,
    is_read: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_draft: bool,
    has_attachments: bool,
    #[serde(skip_serializing_if = "is_ordinary")]
    importance: String,
    #[serde(skip_serializing_if = "is_ordinary")]
    flag: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    categories: Vec<String>,
    conversation_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_link: Option<String>,
}

/// A message as it was read, with its body and with what was hidden in either.
struct Read {
    message: Message,
    body: MailText,
    cleaner: Cleaner,
    /// What it says of itself.
    labels: Labels,
}

impl Named {
    async fn read(&self, context: &Context<'_>) -> Result<Read, ActionError> {
        let mut request = context.graph.request_in(self.mailbox.as_ref(), &[&self.id])?;
        request.prefer = vec![IMMUTABLE_ID.to_owned(), "outlook.body-content-type=\"html\"".to_owned()];
        request.query = vec![("$select", SELECT.to_owned())];
        let given: GraphMessage = context.graph.fetch(request).await?;
        let mut cleaner = Cleaner::default();
        let message = Message::of(&given, &mut cleaner);
        let body = body::read(given.body.as_ref(), given.subject.as_deref(), self.history);
        cleaner.count(body.hidden);
        let labels = confidential::labels(given.internet_message_headers.as_deref());
        Ok(Read { message, body, cleaner, labels })
    }
}

#[async_trait]
impl Invocation for GetEmail {
    fn mailbox(&self) -> Option<&Email> {
        self.named.mailbox.as_ref()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let read = self.named.read(context).await?;
        let begin = context.position.map_or(0, Position::shown);
        let part = Part::of(&read.body.text, begin, PART_BYTES);
        let (lines, zone) = if begin == 0 {
            let zone = Zone::of(context, self.zone.as_ref()).await;
            (read.message.lines(&zone), format!(" {}", zone.sentence()))
        } else {
            (String::new(), String::new())
        };
        let head = format!("One message.{}{}{zone}", part.words(), body::words(&read.body));
        let body = format!("{lines}{}", part.text);
        let text = framed(context.request, &head, &body, &read.cleaner);
        let next = part.goes_on().then(|| {
            let first_asked = context.position.map_or(context.now, Position::began);
            Position::at(PageStart::First, part.end, first_asked)
        });
        Ok(Answer { text, structured: read.data(&part), next, labels: read.labels })
    }
}

#[async_trait]
impl Invocation for ReadMessage {
    fn reach(&self) -> Reach {
        in_mailbox(None)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let read = self.named.read(context).await?;
        let mut data = json!(read.message);
        read.insert_removed(&mut data);
        insert_body(&mut data, &read.body.text, URI, &self.named.id, self.offset);
        Ok(Answer { labels: read.labels, ..Answer::json(data) })
    }
}

impl Read {
    /// The data of an answer that shows this part of the body: everything with the first, the body alone with another.
    fn data(&self, part: &Part<'_>) -> Value {
        let mut data = if part.begin == 0 {
            json!(self.message)
        } else {
            json!({ "untrusted": true, "id": self.message.id, "subject": self.message.subject })
        };
        self.insert_removed(&mut data);
        if let Some(data) = data.as_object_mut() {
            data.insert("body".to_owned(), part.text.into());
            data.insert("bodyLength".to_owned(), part.length.into());
            data.insert("more".to_owned(), part.goes_on().into());
        }
        data
    }

    /// Puts in what was taken out.
    fn insert_removed(&self, data: &mut Value) {
        let Some(data) = data.as_object_mut() else { return };
        data.insert("hiddenCharactersRemoved".to_owned(), self.cleaner.hidden().into());
        for (name, count) in [("historyFolded", self.body.folded), ("trackersRemoved", self.body.trackers)] {
            if count > 0 {
                data.insert(name.to_owned(), count.into());
            }
        }
    }
}

impl Message {
    fn of(given: &GraphMessage, cleaner: &mut Cleaner) -> Self {
        let (to, rest_of_to) = recipients(given.to_recipients.as_deref(), cleaner);
        let (cc, rest_of_cc) = recipients(given.cc_recipients.as_deref(), cleaner);
        let categories = given.categories.iter().flatten().take(CATEGORIES_MAX);
        let categories = categories.map(|one| cleaner.line(Some(one), CATEGORY_MAX)).collect();
        let flag = given.flag.as_ref().and_then(|flag| flag.flag_status.as_deref());
        Self {
            untrusted: true,
            id: shape::id(given.id.as_deref()),
            subject: cleaner.line(given.subject.as_deref(), SUBJECT_MAX),
            from: Correspondent::of(given.from.as_ref(), cleaner),
            to,
            cc,
            reply_to: recipients(given.reply_to.as_deref(), cleaner).0,
            more_recipients: Some(rest_of_to + rest_of_cc).filter(|rest| *rest > 0),
            received: shape::id(given.received_date_time.as_deref()),
            sent: shape::id(given.sent_date_time.as_deref()),
            is_read: given.is_read.unwrap_or_default(),
            is_draft: given.is_draft.unwrap_or_default(),
            has_attachments: given.has_attachments.unwrap_or_default(),
            importance: shape::id(given.importance.as_deref()),
            flag: shape::id(flag),
            categories,
            conversation_id: shape::id(given.conversation_id.as_deref()),
            web_link: shape::link(given.web_link.as_deref()),
        }
    }

    /// What stands above the body, with an empty line behind it.
    fn lines(&self, zone: &Zone) -> String {
        let from = self.from.as_ref().map_or_else(|| "unknown sender".to_owned(), Correspondent::words);
        let mut time = zone.words(&self.received);
        for (holds, word) in [
            (self.is_draft, "draft"),
            (!self.is_read, "unread"),
            (self.has_attachments, "has attachments"),
            (self.importance == "high", "high importance"),
            (self.flag == "flagged", "flagged"),
        ] {
            if holds {
                time.push_str(", ");
                time.push_str(word);
            }
        }
        let lines = [
            ("Subject", self.subject.clone()),
            ("From", from),
            ("To", named(&self.to)),
            ("Cc", named(&self.cc)),
            ("Reply to", named(&self.reply_to)),
            ("Received", time.trim_start_matches(", ").to_owned()),
            ("Categories", self.categories.join(", ")),
        ];
        let lines = lines.iter().filter(|(_, value)| !value.is_empty());
        let lines: Vec<String> = lines.map(|(name, value)| format!("{name}: {value}")).collect();
        lines.join("\n") + "\n\n"
    }
}

fn named(people: &[Correspondent]) -> String {
    let told: Vec<String> = people.iter().take(RECIPIENTS_TOLD).map(Correspondent::words).collect();
    let rest = people.len().saturating_sub(RECIPIENTS_TOLD);
    if rest == 0 { told.join(", ") } else { format!("{} and {rest} more", told.join(", ")) }
}

/// The first recipients, and how many there are besides.
pub(crate) fn recipients(given: Option<&[Recipient]>, cleaner: &mut Cleaner) -> (Vec<Correspondent>, usize) {
    let given = given.unwrap_or_default();
    let named = given.iter().take(RECIPIENTS_MAX).filter_map(|one| Correspondent::of(Some(one), cleaner));
    (named.collect(), given.len().saturating_sub(RECIPIENTS_MAX))
}

/// Whether it is what every message has that nobody marked.
fn is_ordinary(mark: &str) -> bool {
    matches!(mark, "" | "normal" | "notFlagged")
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
