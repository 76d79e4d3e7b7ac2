//! A message and its attachments as a call finds them that looks before it acts on them.
//!
//! Source: Graph `message` and `attachment` resources, `replyTo` by RFC 5322 section 3.6.2. The body is asked for in the
//! form it is stored in. Graph leaves scripts out of what it gives; what it leaves out does not stay unseen, because the
//! change key tells versions apart by everything.

use m365_types::{EffectFile, Email, Method, Reach, Recipient, ResolvedEffect, Role};
use serde::Deserialize;

use crate::action::{Context, at, in_mailbox, shared};
use crate::effect::{self, people, say};
use crate::error::ActionError;
use crate::mail::attach::ADD;
use crate::mail::attachment_text::CONTENT;
use crate::mail::attachments::{GraphAttachment, Kind, SELECT as ATTACHMENT_SELECT};
use crate::mail::body::ItemBody;
use crate::mail::list::IMMUTABLE_ID;
use crate::wire::{self, NAME_MAX, Page};

pub(crate) const MESSAGE: &str = "/me/messages/{message}";
pub(crate) const ATTACHMENTS: &str = ADD;
/// What is asked of a message that goes out, or is answered.
pub(crate) const WHOLE: &str = "id,changeKey,subject,from,replyTo,toRecipients,ccRecipients,bccRecipients,body,importance,parentFolderId";
/// What is asked of a message that is filed.
pub(crate) const MARKS: &str =
    "id,changeKey,subject,from,receivedDateTime,isRead,importance,flag,categories,parentFolderId";

/// Attachments of one message that are looked at; Outlook takes fewer.
const ATTACHMENTS_MAX: usize = 250;
/// Bytes of all attachments that are read, and of one: what one answer of Graph may hold here.
const READ_MAX: u64 = 25 << 20;
const READ_ONE_MAX: u64 = 8 << 20;

/// A message, as far as an effect tells of it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Seen {
    change_key: Option<String>,
    subject: Option<String>,
    from: Option<wire::Recipient>,
    reply_to: Option<Vec<wire::Recipient>>,
    to_recipients: Option<Vec<wire::Recipient>>,
    cc_recipients: Option<Vec<wire::Recipient>>,
    bcc_recipients: Option<Vec<wire::Recipient>>,
    pub(crate) body: Option<ItemBody>,
    received_date_time: Option<String>,
    is_read: Option<bool>,
    importance: Option<String>,
    flag: Option<Flag>,
    categories: Option<Vec<String>>,
    parent_folder_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Flag {
    flag_status: Option<String>,
}

/// The reach of a call on one message.
pub(crate) fn message_reach(mailbox: Option<&Email>, id: &str) -> Reach {
    let target = format!("{}/messages/{id}", in_mailbox(mailbox).target);
    if mailbox.is_some() { shared(target) } else { at(target) }
}

/// Reads a message. One without a version could change unseen, so it is not acted on.
pub(crate) async fn message(
    context: &Context<'_>,
    mailbox: Option<&Email>,
    id: &str,
    select: &str,
) -> Result<Seen, ActionError> {
    let mut request = context.graph.request_to(Method::Get, MESSAGE, mailbox, &[id])?;
    request.prefer = vec![IMMUTABLE_ID.to_owned()];
    request.query = vec![("$select", select.to_owned())];
    let seen: Seen = context.graph.fetch(request).await?;
    if seen.version().is_none() { Err(context.graph.unreadable()) } else { Ok(seen) }
}

impl Seen {
    pub(crate) fn subject(&self) -> String {
        effect::line(self.subject.as_deref())
    }

    /// Those in these lines of the message.
    pub(crate) fn to(&self, role: Role) -> Vec<Recipient> {
        let given = match role {
            Role::Cc => &self.cc_recipients,
            Role::Bcc => &self.bcc_recipients,
            _ => &self.to_recipients,
        };
        people(given.iter().flatten(), role).collect()
    }

    pub(crate) fn from(&self) -> Option<Recipient> {
        self.from.as_ref().and_then(|from| effect::person(from, Role::To))
    }

    /// Where whoever wrote it wants answers to go, where that is said.
    pub(crate) fn reply_to(&self) -> Vec<Recipient> {
        people(self.reply_to.iter().flatten(), Role::To).collect()
    }

    pub(crate) fn folder(&self) -> Option<String> {
        Some(crate::shape::id(self.parent_folder_id.as_deref())).filter(|id| !id.is_empty())
    }

    pub(crate) fn version(&self) -> Option<String> {
        Some(crate::shape::id(self.change_key.as_deref())).filter(|key| !key.is_empty())
    }

    /// What a mark is now, by the name of the property.
    pub(crate) fn mark(&self, name: &str) -> Option<String> {
        match name {
            "isRead" => self.is_read.map(|is_read| is_read.to_string()),
            "flag" => self.flag.as_ref().map(|flag| effect::line(flag.flag_status.as_deref())),
            "categories" => self.categories.as_ref().map(|all| effect::line(Some(&all.join(", ")))),
            "importance" => self.importance.as_deref().map(|importance| effect::line(Some(importance))),
            _ => None,
        }
    }

    /// Which message it is, for people.
    pub(crate) fn describe(&self, effect: &mut ResolvedEffect) {
        say(effect, "Subject", self.subject());
        say(effect, "From", self.from().map(|from| effect::words(&from)).unwrap_or_default());
        say(effect, "Received", crate::shape::id(self.received_date_time.as_deref()));
    }

    /// Says that it is marked as important.
    pub(crate) fn say_importance(&self, effect: &mut ResolvedEffect) {
        let importance = self.importance.as_deref().filter(|one| *one != "normal");
        say(effect, "Importance", effect::line(importance));
    }
}

/// The attachments of a message, each with the digest of its bytes. What is no file has no bytes that are the same twice,
/// and what is too large is not read: both are told apart by id, size and time of the last change, which Exchange changes
/// with the content.
pub(crate) async fn files(
    context: &Context<'_>,
    mailbox: Option<&Email>,
    id: &str,
) -> Result<Vec<EffectFile>, ActionError> {
    let graph = context.graph;
    let mut request = graph.request_to(Method::Get, ATTACHMENTS, mailbox, &[id])?;
    request.prefer = vec![IMMUTABLE_ID.to_owned()];
    request.query = vec![("$top", ATTACHMENTS_MAX.to_string()), ("$select", ATTACHMENT_SELECT.to_owned())];
    let page: Page<GraphAttachment> = graph.fetch(request).await?;
    // Nobody can say yes to what was not looked at.
    if page.next_link.is_some() {
        return Err(graph.unreadable());
    }
    let (mut files, mut read) = (Vec::new(), 0_u64);
    for attachment in &page.value {
        let name = crate::shape::Cleaner::default().line(attachment.name.as_deref(), NAME_MAX);
        let size = attachment.size.unwrap_or_default();
        let fits = size <= READ_ONE_MAX && read.saturating_add(size) <= READ_MAX;
        if attachment.kind() == Kind::File && fits {
            let segments = [id, attachment.id.as_deref().unwrap_or_default()];
            let mut value = graph.request_to(Method::Get, CONTENT, mailbox, &segments)?;
            value.prefer = vec![IMMUTABLE_ID.to_owned()];
            let bytes = graph.content(value).await?.body;
            read = read.saturating_add(bytes.len() as u64);
            files.push(effect::read(context, &name, attachment.content_type.as_deref(), bytes).await);
        } else {
            files.push(EffectFile { name, size, digest: attachment.version(), text: None });
        }
    }
    Ok(files)
}

#[cfg(test)]
#[path = "seen_tests.rs"]
mod tests;
