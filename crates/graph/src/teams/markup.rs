//! The elements that Teams adds to HTML: mentions, attachments, emoji; and pictures, which stand in a text as a word.
//!
//! Source: Graph, `chatMessage` resource. They are rewritten before the HTML is read, so that what a reader would not see
//! stays unseen. Source of how a tag ends: the HTML standard, sections 13.2.5.6 to 13.2.5.39.

use crate::shape::outgoing::escaped;

/// A longer tag is left to the reader of HTML, which drops it.
const TAG_MAX_BYTES: usize = 8192;

/// HTML in which the elements of Teams are text. `attachment` gives the word for the attachment with an id.
pub(super) fn readable(html: &str, attachment: &dyn Fn(&str) -> String) -> String {
    let mut text = String::with_capacity(html.len() + 16);
    let mut rest = html;
    while let Some((before, behind)) = rest.split_once('<') {
        text.push_str(before);
        let Some((tag, after)) = Tag::read(behind) else {
            text.push('<');
            rest = behind;
            continue;
        };
        text.push_str(&tag.shown(attachment));
        rest = after;
    }
    text.push_str(rest);
    text
}

/// A tag of one of the elements meant here.
struct Tag<'a> {
    element: Element,
    ends: bool,
    attributes: &'a str,
}

#[derive(Clone, Copy)]
enum Element {
    Attachment,
    Emoji,
    Mention,
    Picture,
}

const ELEMENTS: [(&str, Element); 4] = [
    ("at", Element::Mention),
    ("attachment", Element::Attachment),
    ("emoji", Element::Emoji),
    ("img", Element::Picture),
];

impl<'a> Tag<'a> {
    /// The tag behind a `<`, and what follows it.
    fn read(behind: &'a str) -> Option<(Self, &'a str)> {
        let (ends, named) = behind.strip_prefix('/').map_or((false, behind), |named| (true, named));
        let length = named.find(|c: char| !c.is_ascii_alphanumeric())?;
        let (name, attributes) = named.split_at(length);
        let (_, element) = ELEMENTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        if !attributes.starts_with(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>') {
            return None;
        }
        let (attributes, after) = attributes.split_at(end_of_tag(attributes)?);
        Some((Self { element: *element, ends, attributes }, after.strip_prefix('>')?))
    }

    fn shown(&self, attachment: &dyn Fn(&str) -> String) -> String {
        if self.ends {
            return String::new();
        }
        let alternative = || self.attribute("alt").unwrap_or_default().to_owned();
        let drawn = || self.attribute("itemtype").is_some_and(|kind| kind.ends_with("/Emoji"));
        let text = match self.element {
            Element::Attachment => escaped(&attachment(self.attribute("id").unwrap_or_default())),
            Element::Emoji => alternative(),
            Element::Mention => "@".to_owned(),
            Element::Picture if drawn() => alternative(),
            Element::Picture => "[image]".to_owned(),
        };
        // An attribute's value may hold what would be markup elsewhere.
        text.replace('<', "&lt;")
    }

    /// The value of an attribute with quotes, as it stands there.
    fn attribute(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.attributes;
        loop {
            let (before, behind) = rest.split_once('=')?;
            let behind = behind.trim_start();
            let quote = behind.chars().next().filter(|c| matches!(c, '"' | '\''));
            let Some(quote) = quote else {
                rest = behind;
                continue;
            };
            let (value, after) = behind.get(1..)?.split_once(quote)?;
            let found = before.rsplit(|c: char| c.is_ascii_whitespace() || c == '/').next();
            if found.is_some_and(|found| found.eq_ignore_ascii_case(name)) {
                return Some(value);
            }
            rest = after;
        }
    }
}

/// Where the `>` is that ends a tag: one in a value between quotes does not.
fn end_of_tag(attributes: &str) -> Option<usize> {
    let mut quote = None;
    let mut valued = false;
    for (at, byte) in attributes.bytes().enumerate().take(TAG_MAX_BYTES) {
        match (quote, byte) {
            (Some(open), byte) if open == byte => (quote, valued) = (None, false),
            (Some(_), _) => {}
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') if valued => quote = Some(byte),
            (None, b'=') => valued = true,
            (None, byte) if byte.is_ascii_whitespace() => {}
            (None, _) => valued = false,
        }
    }
    None
}

#[cfg(test)]
#[path = "markup_tests.rs"]
mod tests;
