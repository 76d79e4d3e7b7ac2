//! HTML as markdown.
//!
//! Source: the HTML standard's parsing and rendering sections, through `html5ever`, so that broken markup is read as a
//! browser reads it; CommonMark and GitHub's tables for what is written.
//!
//! [`page`] keeps of a document what a reader sees, [`flow`] lays it out in lines, and [`crate::line`] writes them.

mod bare;
mod elements;
mod flow;
mod link;
mod marks;
mod page;
mod picture;
mod plain;
mod repeats;
mod social;
mod table;

pub use bare::{Bare, BareLine, Piece, PieceKind, Shape, html_laid_bare, text_laid_bare};
pub(crate) use flow::{Laid, lines};
pub(crate) use link::clean as clean_link;
pub(crate) use page::Page;
pub(crate) use plain::{holds_html_at, readable};
pub(crate) use repeats::is_drawn_rule;

use crate::line;

/// A page in markdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Markdown {
    /// What a reader of the rendered page sees: headings, paragraphs, lists, tables, quotes, links, and what pictures
    /// are called where that says something.
    pub text: String,
    /// Characters a reader of the rendered page would not have seen, white space aside: they were removed. Counted are
    /// text that a style, an attribute or its colour hides, text in elements that are not shown, comments (their
    /// markup aside), long descriptions of pictures, and invisible characters; not counted are the contents of the
    /// head, of scripts and of styles, which are no text.
    pub hidden: usize,
    /// Pictures that only tell the sender of the reading, and links freed of what tells who follows them.
    pub trackers: usize,
    /// Bytes of markup that were not read, because there is more of it than is worth reading; zero for any real mail.
    pub unread: usize,
}

/// Reads a page as a browser does, and writes what it shows as markdown.
///
/// Text of the page that could pass for structure of the markdown is escaped. Links are `https`, `http` and `mailto`
/// only, without tracking and without the redirects that mail gateways put around them. Time and memory grow with the
/// input and no faster.
#[must_use]
pub fn html_to_markdown(html: &str) -> Markdown {
    let page = Page::read(html);
    let unread = page.unread;
    let laid = lines(&page);
    let text = line::write(&laid.lines);
    Markdown { text, hidden: laid.hidden, trackers: laid.trackers, unread }
}

#[cfg(test)]
mod tests;
