//! One message of a chat or channel, as a list shows it.
//!
//! Source: Graph, `chatMessage` resource. What Teams itself says in a conversation (somebody joined, a call ended) has
//! another `messageType` than `message`, and is left out.

use m365_text::html_to_markdown;
use serde::{Deserialize, Serialize};

use super::markup;
use crate::listing::Listed;
use crate::shape::{self, Cleaner};
use crate::wire::NAME_MAX;
use crate::zone::Zone;

/// Properties that every message has.
pub(super) const FIELDS: &[&str] = &["id", "from", "created", "body"];
const SUBJECT_MAX: usize = 255;
/// Most characters of one body in a list.
const BODY_MAX: usize = 4000;
/// Most attachments of one message that are named.
const ATTACHMENTS_MAX: usize = 20;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GraphMessage {
    id: Option<String>,
    message_type: Option<String>,
    created_date_time: Option<String>,
    deleted_date_time: Option<String>,
    subject: Option<String>,
    importance: Option<String>,
    from: Option<GraphSender>,
    body: Option<GraphBody>,
    attachments: Option<Vec<GraphAttachment>>,
    web_url: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphSender {
    user: Option<GraphIdentity>,
    application: Option<GraphIdentity>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphIdentity {
    id: Option<String>,
    display_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphBody {
    content_type: Option<String>,
    content: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphAttachment {
    id: Option<String>,
    content_type: Option<String>,
    name: Option<String>,
}

/// A message that somebody wrote, and when that was in the zone of the answer.
pub(super) struct Told {
    message: GraphMessage,
    when: String,
}

impl Told {
    /// Nothing for what Teams itself says.
    pub(super) fn of(message: GraphMessage, zone: &Zone) -> Option<Self> {
        if message.message_type.as_deref().is_some_and(|kind| kind != "message") {
            return None;
        }
        let when = zone.words(message.created_date_time.as_deref().unwrap_or_default());
        Some(Self { message, when })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    id: String,
    from: Sender,
    created: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    subject: String,
    body: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    importance: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_url: Option<String>,
    #[serde(skip)]
    when: String,
}

/// Who wrote it; a person with the id that a mention of them takes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sender {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    user_id: String,
}

impl Listed for Message {
    type Given = Told;

    fn of(given: &Told, cleaner: &mut Cleaner) -> Self {
        let Told { message, when } = given;
        let attachments = message.attachments.as_deref().unwrap_or_default();
        let importance = shape::id(message.importance.as_deref());
        Self {
            id: shape::id(message.id.as_deref()),
            from: Sender::of(message.from.as_ref(), cleaner),
            created: shape::id(message.created_date_time.as_deref()),
            subject: cleaner.line(message.subject.as_deref(), SUBJECT_MAX),
            body: body(message, attachments, cleaner),
            attachments: attachments
                .iter()
                .map(|attachment| cleaner.line(attachment.name.as_deref(), NAME_MAX))
                .filter(|name| !name.is_empty())
                .take(ATTACHMENTS_MAX)
                .collect(),
            importance: if importance == "normal" { String::new() } else { importance },
            web_url: shape::link(message.web_url.as_deref()),
            when: when.clone(),
        }
    }

    fn words(&self, number: usize) -> String {
        let from = if self.from.name.is_empty() { "unknown sender" } else { &self.from.name };
        let mut text = format!("{number}. {from}, {}", self.when);
        for part in [&self.importance, &self.subject] {
            if !part.is_empty() {
                text.push_str(", ");
                text.push_str(part);
            }
        }
        text.push_str(" (id ");
        text.push_str(&self.id);
        text.push(')');
        for line in self.body.lines().filter(|line| !line.is_empty()) {
            text.push_str("\n   ");
            text.push_str(line);
        }
        text
    }
}

impl Sender {
    fn of(given: Option<&GraphSender>, cleaner: &mut Cleaner) -> Self {
        let user = given.and_then(|from| from.user.as_ref());
        let application = given.and_then(|from| from.application.as_ref());
        let name = user.or(application).and_then(|one| one.display_name.as_deref());
        Self {
            name: cleaner.line(name, NAME_MAX),
            user_id: shape::id(user.and_then(|user| user.id.as_deref())),
        }
    }
}

/// The body as text: attachments by name where they stand, those that stand nowhere at its end.
fn body(message: &GraphMessage, attachments: &[GraphAttachment], cleaner: &mut Cleaner) -> String {
    if message.deleted_date_time.is_some() {
        return "(deleted)".to_owned();
    }
    let body = message.body.as_ref();
    let content = body.and_then(|body| body.content.as_deref()).unwrap_or_default();
    let is_html = body
        .and_then(|body| body.content_type.as_deref())
        .is_some_and(|kind| kind.eq_ignore_ascii_case("html"));
    let mut text = if is_html {
        let named = |id: &str| {
            let found = attachments.iter().find(|attachment| attachment.id.as_deref() == Some(id));
            found.map_or_else(|| "[attachment]".to_owned(), GraphAttachment::word)
        };
        // Whatever Teams calls HTML is read as HTML, entities included.
        let read = html_to_markdown(&format!("<div>{}</div>", markup::readable(content, &named)));
        cleaner.count(read.hidden);
        read.text
    } else {
        cleaner.lines(Some(content))
    };
    let stands = |attachment: &GraphAttachment| {
        attachment.id.as_deref().is_some_and(|id| !id.is_empty() && content.contains(id))
    };
    for attachment in attachments.iter().filter(|attachment| !stands(attachment)).take(ATTACHMENTS_MAX) {
        text.push_str(if text.is_empty() { "" } else { "\n" });
        text.push_str(&cleaner.line(Some(&attachment.word()), NAME_MAX));
    }
    bounded(text)
}

impl GraphAttachment {
    /// What stands for it in a text.
    fn word(&self) -> String {
        match (self.name.as_deref(), self.content_type.as_deref()) {
            (Some(name), _) if !name.is_empty() => format!("[file {name}]"),
            (_, Some("messageReference")) => "[quote]".to_owned(),
            (_, Some(kind)) if kind.starts_with("application/vnd.microsoft.card.") => "[card]".to_owned(),
            _ => "[attachment]".to_owned(),
        }
    }
}

fn bounded(mut text: String) -> String {
    if let Some((at, _)) = text.char_indices().nth(BODY_MAX) {
        text.truncate(at);
        text.push('…');
    }
    text
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
