//! The body of a message as a model reads it.

use m365_text::html_to_markdown;
use serde::Deserialize;

use crate::shape::Cleaner;

/// Graph's `itemBody` with its type.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ItemBody {
    content_type: Option<String>,
    content: Option<String>,
}

/// A body as text, and what was taken out of it.
#[derive(Default)]
pub(crate) struct Reading {
    pub(crate) text: String,
    /// Characters that a reader of the message would not have seen.
    pub(crate) hidden: usize,
}

/// Reads a body.
pub(crate) fn read(body: Option<&ItemBody>) -> Reading {
    let Some(content) = body.and_then(|body| body.content.as_deref()) else { return Reading::default() };
    if body.is_some_and(|body| body.content_type.as_deref() == Some("text")) {
        let mut cleaner = Cleaner::default();
        let text = cleaner.lines(Some(content));
        return Reading { text, hidden: cleaner.hidden() };
    }
    let read = html_to_markdown(content);
    Reading { text: read.text, hidden: read.hidden }
}
