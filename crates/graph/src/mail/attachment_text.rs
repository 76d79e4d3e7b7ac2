//! An attached file as text.
//!
//! Source: Graph `attachment` get and its `$value`. What an attachment is, is asked before its bytes are: items of a
//! mailbox, links, pictures and what is too large have no text here, and are never fetched. The document reader turns the
//! bytes into text; a long one is read in parts. It is as confidential as the message that it is attached to.

use async_trait::async_trait;
use m365_ports::Document;
use m365_types::{Email, Labels, Method};
use serde::Deserialize;
use serde_json::json;

use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::document;
use crate::error::ActionError;
use crate::excerpt::Part;
use crate::lesson::Lesson;
use crate::mail::attachments::{GraphAttachment, Kind, SELECT, size_words};
use crate::mail::confidential::{self, HEADERS, Header};
use crate::mail::list::IMMUTABLE_ID;
use crate::mail::param::ID;
use crate::mail::seen::MESSAGE;
use crate::paging::{PageStart, Position};
use crate::param::{Identifier, MAILBOX, Param, Required, required};
use crate::shape::{Cleaner, framed};
use crate::wire::NAME_MAX;

pub(crate) static ATTACHMENT: Param<Identifier, Required> =
    required("attachmentId", "Its id, by listAttachments", Identifier);

pub(crate) const DESCRIBED: &str = "/me/messages/{message}/attachments/{attachment}";
pub(crate) const CONTENT: &str = "/me/messages/{message}/attachments/{attachment}/$value";
/// What one part of the text costs at most, in bytes of JSON.
const PART_BYTES: usize = 12_000;

/// What can go wrong here besides what every call meets.
pub(crate) static LESSONS: [&Lesson; 2] = [&ITEM, &REFERENCE];

static ITEM: Lesson = Lesson {
    code: "attachment_item",
    why: "It is a message, event or contact that is attached as an item of a mailbox, not as a file.",
    next: "The person must open it in Outlook. Repeating will not help.",
};
static REFERENCE: Lesson = Lesson {
    code: "attachment_reference",
    why: "It is a link to a file in OneDrive or SharePoint, not a copy of one.",
    next: "Find the file with searchM365 or listFolder and read it with readFile.",
};

pub(crate) fn read_attachment(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let attachment = given.read(&ATTACHMENT);
    let mailbox = given.read(&MAILBOX);
    Some(Box::new(ReadAttachment { id: id?, attachment: attachment?, mailbox: mailbox? }))
}

struct ReadAttachment {
    id: String,
    attachment: String,
    mailbox: Option<Email>,
}

#[async_trait]
impl Invocation for ReadAttachment {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let (graph, mailbox) = (context.graph, self.mailbox.as_ref());
        let segments = [self.id.as_str(), self.attachment.as_str()];
        let mut described = graph.request_to(Method::Get, DESCRIBED, mailbox, &segments)?;
        described.prefer = vec![IMMUTABLE_ID.to_owned()];
        described.query = vec![("$select", SELECT.to_owned())];
        let given: GraphAttachment = graph.fetch(described).await?;
        match given.kind() {
            Kind::File => {}
            Kind::Item => return Err(graph.taught(&ITEM)),
            Kind::Reference => return Err(graph.taught(&REFERENCE)),
        }
        let mut cleaner = Cleaner::default();
        let content_type = cleaner.line(given.content_type.as_deref(), NAME_MAX);
        document::refuse_unreadable(context, &content_type, given.size.unwrap_or_default())?;
        let mut value = graph.request_to(Method::Get, CONTENT, mailbox, &segments)?;
        value.prefer = vec![IMMUTABLE_ID.to_owned()];
        let bytes = graph.content(value).await?.body;
        let size = bytes.len();
        let name = cleaner.line(given.name.as_deref(), NAME_MAX);
        let document = Document { name: name.clone(), content_type: content_type.clone(), bytes };
        let read = document::read(context, document).await?;
        let labels = document::labels(&read).union(self.labels(context).await?);
        cleaner.count(read.hidden);
        let part = Part::of(&read.text, context.position.map_or(0, Position::shown), PART_BYTES);
        let cut = if read.truncated && !part.goes_on() { " What follows was not read." } else { "" };
        let head = format!("One attachment, {}.{}{cut}", size_words(size as u64), part.words());
        let body = format!("{name}, {content_type}\n\n{}", part.text);
        let text = framed(context.request, &head, &body, &cleaner);
        let next = part.goes_on().then(|| {
            let first_asked = context.position.map_or(context.now, Position::began);
            Position::at(PageStart::First, part.end, first_asked)
        });
        let structured = json!({
            "untrusted": true, "name": name, "contentType": content_type, "size": size, "text": part.text,
            "textLength": part.length, "truncated": read.truncated, "more": part.goes_on(),
            "hiddenCharactersRemoved": cleaner.hidden(),
        });
        Ok(Answer { text, structured, next, labels })
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Headed {
    internet_message_headers: Option<Vec<Header>>,
}

impl ReadAttachment {
    /// What the message says of itself.
    async fn labels(&self, context: &Context<'_>) -> Result<Labels, ActionError> {
        let mailbox = self.mailbox.as_ref();
        let mut request = context.graph.request_to(Method::Get, MESSAGE, mailbox, &[&self.id])?;
        request.prefer = vec![IMMUTABLE_ID.to_owned()];
        request.query = vec![("$select", format!("id,{HEADERS}"))];
        let headed: Headed = context.graph.fetch(request).await?;
        Ok(confidential::labels(headed.internet_message_headers.as_deref()))
    }
}

#[cfg(test)]
#[path = "attachment_text_tests.rs"]
mod tests;
