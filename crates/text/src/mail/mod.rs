//! Mails as a person reads them: what this message says, without the earlier ones below it.
//!
//! Source: RFC 3676 (quoting and signatures of plain text) and what mail programs send, for which no specification
//! exists. Everything is recognised by tables; what no table knows is kept.
//!
//! In scope: folding earlier messages of a reply, taking away signatures, disclaimers and the ends of newsletters. Out
//! of scope: headers, attachments, who wrote what.
//!
//! Invariants: a forwarded message and answers between quoted lines are never folded; what is folded is told in the
//! text; a mail is never left without a line of its own.

mod closing;
mod header;
mod history;
mod plain;
mod signature;
mod words;

use crate::html::{self, Page};
use crate::line;
use header::Beginning;

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// HTML, as Graph's `contentType` `html` says.
    Html,
    /// Plain text, as Graph's `contentType` `text` says: nothing in it is markup.
    Text,
}

/// A body as it came.
#[derive(Debug, Clone, Copy)]
pub struct Body<'a> {
    /// The whole body.
    pub content: &'a str,
    /// How it is written.
    pub format: Format,
}

/// What becomes of earlier messages in a mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum History {
    /// One line says how much was left out.
    #[default]
    Fold,
    /// They stay.
    Keep,
}

/// How a mail is to be read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reading {
    /// What becomes of earlier messages.
    pub history: History,
    /// Whether its subject says that it was forwarded ([`is_forward`]): then what is below is what it is about.
    pub forwarded: bool,
}

/// A mail made readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailText {
    /// What it says, in markdown.
    pub text: String,
    /// Characters of earlier messages that were folded, white space included.
    pub folded: usize,
    /// Whether a signature or a disclaimer was taken away.
    pub signature: bool,
    /// Whether the lines were taken away by which a newsletter can be left and shown in a browser.
    pub footer: bool,
    /// Pictures and links that tracked: the pictures are gone, the links lead straight where they lead.
    pub trackers: usize,
    /// Characters that a reader of the mail would not have seen; counted as in [`crate::Markdown`].
    pub hidden: usize,
    /// Bytes of markup that were not read; zero for any real mail.
    pub unread: usize,
}

/// Reads a mail. Time and memory grow with the body and no faster.
#[must_use]
pub fn read(body: &Body<'_>, reading: Reading) -> MailText {
    let (mut laid, unread) = match body.format {
        Format::Html => {
            let page = Page::read(body.content);
            let unread = page.unread;
            let mut laid = html::lines(&page);
            laid.lines = plain::quoted_by_signs(laid.lines);
            history::mark_attributed(&mut laid.lines);
            (laid, unread)
        }
        Format::Text => (plain::lines(body.content), 0),
    };
    let mut own = std::mem::take(&mut laid.lines);
    let mut closing = Closing::default();
    let begins = history::beginning(&own);
    let is_forward = reading.forwarded || matches!(begins, Some((_, Beginning::Forwarded)));
    let mut earlier = match begins {
        Some((at, Beginning::Answered)) if !is_forward => own.split_off(at),
        _ => Vec::new(),
    };
    closing.cut(&mut own);
    if !is_forward {
        let mut quoted = own.split_off(history::trailing_quotes(&own));
        quoted.append(&mut earlier);
        if history::says_something(&own) {
            closing.cut(&mut own);
            earlier = quoted;
        } else {
            // Nothing is said but by those who are quoted: then it is what the mail is about.
            own.append(&mut quoted);
        }
        if reading.history == History::Fold {
            earlier = history::folded(&own, earlier);
            own = history::without_nested(own);
        }
    }
    own.append(&mut earlier);
    MailText {
        text: line::write(&own),
        folded: own.iter().filter_map(line::Line::folded).sum(),
        signature: closing.signature,
        footer: closing.footer,
        trackers: laid.trackers,
        hidden: laid.hidden,
        unread,
    }
}

/// What was taken from the end of a message.
#[derive(Debug, Default)]
struct Closing {
    signature: bool,
    footer: bool,
}

impl Closing {
    fn cut(&mut self, lines: &mut Vec<line::Line>) {
        self.footer |= closing::without_footer(lines);
        self.signature |= signature::without(lines);
        // Whatever stood above a signature may end like a newsletter too.
        self.footer |= closing::without_footer(lines);
    }
}

/// Whether a subject is that of a forwarded message, in the languages that mail programs write it in.
#[must_use]
pub fn is_forward(subject: &str) -> bool {
    let mut rest = subject.trim_start();
    // A reply to a forwarded message is a reply, and a forwarded reply is a forward: the first prefix counts.
    if let Some(tagged) = rest.strip_prefix('[') {
        rest = tagged.split_once(']').map_or(rest, |(_, behind)| behind.trim_start());
    }
    let Some((prefix, _)) = rest.split_once([':', '\u{ff1a}']) else { return false };
    let prefix = prefix.trim().to_lowercase();
    words::FORWARD_PREFIXES.contains(&prefix.as_str())
}

#[cfg(test)]
mod tests;
