//! HTML as markdown.

use super::clean::Cleaner;

/// A page in markdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Markdown {
    /// What a reader of the rendered page sees.
    pub text: String,
    /// Characters a reader of the rendered page would not have seen, white space aside: they were removed.
    pub hidden: usize,
}

/// Reads a page as a browser does, and writes what it shows as markdown.
#[must_use]
pub fn html_to_markdown(html: &str) -> Markdown {
    let mut cleaner = Cleaner::default();
    let text = cleaner.lines(Some(html));
    Markdown { text, hidden: cleaner.hidden() }
}
