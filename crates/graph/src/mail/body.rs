//! The body of a message as a model reads it: markdown, and what was taken out of it.

use m365_text::mail::{self, Body, Format, History, MailText, Reading};
use m365_types::EffectBody;
use serde::Deserialize;

use crate::effect;
use crate::shape::outgoing;

/// Graph's `itemBody` with its type.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ItemBody {
    content_type: Option<String>,
    content: Option<String>,
}

impl ItemBody {
    fn is_text(&self) -> bool {
        self.content_type.as_deref() == Some("text")
    }

    /// The body as it is.
    pub(crate) fn to_effect(&self) -> EffectBody {
        effect::body(!self.is_text(), self.content.clone().unwrap_or_default())
    }

    /// The body as HTML, as it is quoted below an answer.
    pub(crate) fn quoted(&self) -> String {
        let content = self.content.as_deref().unwrap_or_default();
        if self.is_text() { outgoing::escaped(content) } else { content.to_owned() }
    }
}

/// Reads the body of a message with this subject, with the earlier messages below it or without.
pub(crate) fn read(body: Option<&ItemBody>, subject: Option<&str>, history: bool) -> MailText {
    let content = body.and_then(|body| body.content.as_deref()).unwrap_or_default();
    let is_text = body.is_some_and(ItemBody::is_text);
    let format = if is_text { Format::Text } else { Format::Html };
    let forwarded = mail::is_forward(subject.unwrap_or_default());
    let history = if history { History::Keep } else { History::Fold };
    mail::read(&Body { content, format }, Reading { history, forwarded })
}

/// What was taken out, as sentences with a space before each.
pub(crate) fn words(read: &MailText) -> String {
    let mut words = String::new();
    if read.folded > 0 {
        words.push_str(" Quoted earlier mail is folded; `history` shows it.");
    }
    if read.signature || read.footer {
        words.push_str(" Signature or footer left out.");
    }
    if read.trackers > 0 {
        words.push_str(" Trackers removed.");
    }
    if read.unread > 0 {
        words.push_str(" Part of the markup was not read.");
    }
    words
}
