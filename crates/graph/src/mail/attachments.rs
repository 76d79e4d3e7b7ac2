//! What is attached to a message.
//!
//! Source: Graph `attachment` resource: files, items of a mailbox (`itemAttachment`) and links (`referenceAttachment`).
//! Only what describes them is listed; [`super::attachment_text`] reads one.

use async_trait::async_trait;
use m365_types::Email;
use serde::{Deserialize, Serialize};

use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::listing::{Bounds, Listed, Wording, gather};
use crate::mail::list::IMMUTABLE_ID;
use crate::mail::param::ID;
use crate::param::MAILBOX;
use crate::shape::{self, Cleaner};
use crate::wire::NAME_MAX;

pub(crate) const SELECT: &str = "id,name,contentType,size,isInline,lastModifiedDateTime";
pub(crate) const FIELDS: &[&str] = &["id", "name", "contentType", "size"];
const PAGE: usize = 50;

pub(crate) fn list_attachments(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let mailbox = given.read(&MAILBOX);
    Some(Box::new(ListAttachments { id: id?, mailbox: mailbox? }))
}

struct ListAttachments {
    id: String,
    mailbox: Option<Email>,
}

/// What describes an attachment, as Graph gives it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GraphAttachment {
    #[serde(rename = "@odata.type")]
    kind: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) size: Option<u64>,
    is_inline: Option<bool>,
    last_modified_date_time: Option<String>,
}

/// What an attachment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    /// A file.
    File,
    /// A message, event or contact.
    Item,
    /// A link to a file elsewhere.
    Reference,
}

impl GraphAttachment {
    /// What tells one version of it from another without its bytes.
    pub(crate) fn version(&self) -> String {
        let (id, at) = (shape::id(self.id.as_deref()), shape::id(self.last_modified_date_time.as_deref()));
        format!("{id} {} {at}", self.size.unwrap_or_default())
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.kind.as_deref().unwrap_or_default().trim_start_matches('#') {
            "microsoft.graph.itemAttachment" => Kind::Item,
            "microsoft.graph.referenceAttachment" => Kind::Reference,
            _ => Kind::File,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attachment {
    id: String,
    name: String,
    content_type: String,
    size: u64,
    /// Told where it is no file.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_inline: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    last_modified: String,
}

#[async_trait]
impl Invocation for ListAttachments {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request_in(self.mailbox.as_ref(), &[&self.id])?;
        request.prefer = vec![IMMUTABLE_ID.to_owned()];
        request.query = vec![("$top", PAGE.to_string()), ("$select", SELECT.to_owned())];
        let bounds = Bounds { pages: 2, items: PAGE, linked: true };
        let attachments = gather::<GraphAttachment>(context, &request, bounds).await?;
        let head = |count: usize| format!("{count} attachment{}.", if count == 1 { "" } else { "s" });
        let wording = Wording {
            name: "attachments",
            none: "No attachments.",
            head: &head,
            more: "There are more attachments.",
        };
        Ok(attachments.answer::<Attachment>(context, &wording))
    }
}

impl Listed for Attachment {
    type Given = GraphAttachment;

    fn of(given: &GraphAttachment, cleaner: &mut Cleaner) -> Self {
        Self {
            id: shape::id(given.id.as_deref()),
            name: cleaner.line(given.name.as_deref(), NAME_MAX),
            content_type: cleaner.line(given.content_type.as_deref(), NAME_MAX),
            size: given.size.unwrap_or_default(),
            kind: Some(given.kind()).filter(|kind| *kind != Kind::File),
            is_inline: given.is_inline.unwrap_or_default(),
            last_modified: shape::id(given.last_modified_date_time.as_deref()),
        }
    }

    fn words(&self, number: usize) -> String {
        let mut text = format!("{number}. {}", self.name);
        for word in [
            self.content_type.as_str(),
            &size_words(self.size),
            match self.kind {
                None | Some(Kind::File) => "",
                Some(Kind::Item) => "an item of a mailbox",
                Some(Kind::Reference) => "a link to a file",
            },
            if self.is_inline { "shown in the text" } else { "" },
        ] {
            if !word.is_empty() {
                text.push_str(", ");
                text.push_str(word);
            }
        }
        text + "\nid " + &self.id
    }
}

/// A size in the unit that people read it in.
pub(crate) fn size_words(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

#[cfg(test)]
#[path = "attachments_tests.rs"]
mod tests;
