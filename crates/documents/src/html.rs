//! Pages.

use crate::output::Output;
use crate::plain;

/// Reads a page.
pub(crate) fn read(bytes: &[u8], output: &mut Output) {
    let markdown = m365_text::html_to_markdown(&plain::decode(bytes));
    output.count_hidden(markdown.hidden);
    output.cleaned(&markdown.text);
}
