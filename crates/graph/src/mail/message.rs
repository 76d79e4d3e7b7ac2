//! One message with its body.
//!
//! Source: Graph `message` resource. The body is asked for as text and cleaned like every text of others; a long one is
//! read in parts.

use async_trait::async_trait;
use m365_types::Reach;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::action::{Answer, Context, Invocation, own};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::excerpt::{OFFSET, insert_body};
use crate::mail::list::preferences;
use crate::param::{Identifier, Param, Required, required};
use crate::shape::{self, Cleaner};
use crate::wire::{Body, Correspondent, Recipient};

pub(crate) static ID: Param<Identifier, Required> =
    required("id", "The message's id, as getEmails or searchEmails gives it", Identifier);

/// Name of the row.
pub(crate) const URI: &str = "microsoft://messages/{id}";
const SELECT: &str = "id,subject,from,toRecipients,ccRecipients,receivedDateTime,sentDateTime,body,hasAttachments,importance,conversationId,webLink";
const SUBJECT_MAX: usize = 255;
/// Recipients of each kind that are named.
const RECIPIENTS_MAX: usize = 50;

pub(crate) fn read_message(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let offset = given.read(&OFFSET);
    Some(Box::new(ReadMessage { id: id?, offset: offset?.unwrap_or_default() }))
}

struct ReadMessage {
    id: String,
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
    received_date_time: Option<String>,
    sent_date_time: Option<String>,
    body: Option<Body>,
    has_attachments: Option<bool>,
    importance: Option<String>,
    conversation_id: Option<String>,
    web_link: Option<String>,
}

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
    more_recipients: usize,
    received: String,
    sent: String,
    has_attachments: bool,
    importance: String,
    conversation_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_link: Option<String>,
    hidden_characters_removed: usize,
}

#[async_trait]
impl Invocation for ReadMessage {
    fn reach(&self) -> Reach {
        own()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[&self.id])?;
        request.prefer = preferences();
        request.query = vec![("$select", SELECT.to_owned())];
        let given: GraphMessage = context.graph.fetch(request).await?;
        let mut cleaner = Cleaner::default();
        let body = cleaner.lines(given.body.as_ref().and_then(|body| body.content.as_deref()));
        let mut message = json!(Message::of(&given, cleaner));
        insert_body(&mut message, &body, URI, &self.id, self.offset);
        Ok(Answer::json(message))
    }
}

impl Message {
    /// The message without its body, which this cleaner has seen already.
    fn of(given: &GraphMessage, mut cleaner: Cleaner) -> Self {
        let (to, rest_of_to) = recipients(given.to_recipients.as_deref(), &mut cleaner);
        let (cc, rest_of_cc) = recipients(given.cc_recipients.as_deref(), &mut cleaner);
        Self {
            untrusted: true,
            id: shape::id(given.id.as_deref()),
            subject: cleaner.line(given.subject.as_deref(), SUBJECT_MAX),
            from: Correspondent::of(given.from.as_ref(), &mut cleaner),
            to,
            cc,
            more_recipients: rest_of_to + rest_of_cc,
            received: shape::id(given.received_date_time.as_deref()),
            sent: shape::id(given.sent_date_time.as_deref()),
            has_attachments: given.has_attachments.unwrap_or_default(),
            importance: shape::id(given.importance.as_deref()),
            conversation_id: shape::id(given.conversation_id.as_deref()),
            web_link: shape::link(given.web_link.as_deref()),
            hidden_characters_removed: cleaner.hidden(),
        }
    }
}

/// The first recipients, and how many there are besides.
fn recipients(given: Option<&[Recipient]>, cleaner: &mut Cleaner) -> (Vec<Correspondent>, usize) {
    let given = given.unwrap_or_default();
    let named = given.iter().take(RECIPIENTS_MAX).filter_map(|one| Correspondent::of(Some(one), cleaner));
    (named.collect(), given.len().saturating_sub(RECIPIENTS_MAX))
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
