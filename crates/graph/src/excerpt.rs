//! Long texts in parts: what one read of a resource shows and the URI that reads on, or what one answer of a tool shows
//! and where its cursor goes on.
//!
//! Offsets count characters of the cleaned text, so the parts of one text put together are that text.

use serde_json::{Map, Value};

use crate::param::{Kind, Optional, Param, optional};
use crate::template;

/// Most characters of one part.
pub(crate) const PART_MAX: usize = 20_000;

/// Where the read goes on.
pub(crate) static OFFSET: Param<Offset, Optional> =
    optional(template::OFFSET, "Where in the body to go on, in characters", Offset);

/// A number of characters.
pub(crate) struct Offset;

impl Kind for Offset {
    type Value = u32;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "integer".into());
        schema.insert("minimum".to_owned(), 0.into());
    }

    fn allowed(&self) -> String {
        format!("a whole number from 0 to {}", u32::MAX)
    }

    fn read(&self, given: &Value) -> Result<u32, String> {
        given
            .as_u64()
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(|| "something else".to_owned())
    }
}

/// Puts the part of a body that begins at this offset into the data of a resource, with a sentence on how to read on.
pub(crate) fn insert_body(data: &mut Value, body: &str, template: &str, identifier: &str, offset: u32) {
    let Some(data) = data.as_object_mut() else { return };
    let begin = offset as usize;
    let part: String = body.chars().skip(begin).take(PART_MAX).collect();
    let length = body.chars().count();
    let end = begin.saturating_add(PART_MAX);
    data.insert("body".to_owned(), part.into());
    data.insert("bodyLength".to_owned(), length.into());
    if let (true, Ok(next)) = (end < length, u32::try_from(end)) {
        let uri = template::uri(template, identifier, next);
        let sentence = format!("The body goes on after {end} of {length} characters: read `{uri}`.");
        data.insert("continues".to_owned(), sentence.into());
    }
}

/// What one answer shows of a text.
pub(crate) struct Part<'a> {
    /// The part itself.
    pub(crate) text: &'a str,
    /// Where it begins, in characters.
    pub(crate) begin: usize,
    /// Where it ends, in characters.
    pub(crate) end: usize,
    /// Characters of the whole.
    pub(crate) length: usize,
}

impl<'a> Part<'a> {
    /// The part from this character on that costs at most so many bytes in JSON, and at least one character where there
    /// is one. It ends with a line where one ends in its last quarter.
    pub(crate) fn of(text: &'a str, begin: usize, bytes: usize) -> Self {
        let length = text.chars().count();
        let begin = begin.min(length);
        let (mut cost, mut count) = (0, 0);
        let rest = text.char_indices().nth(begin).map_or("", |(at, _)| text.get(at..).unwrap_or_default());
        let (mut cut, mut line) = (rest.len(), None);
        for (at, c) in rest.char_indices() {
            cost += c.len_utf8() + usize::from(matches!(c, '\n' | '"' | '\\'));
            if cost > bytes && count > 0 {
                cut = at;
                break;
            }
            count += 1;
            if c == '\n' && cost > bytes / 4 * 3 {
                line = Some((at + 1, count));
            }
        }
        if let (true, Some((at, until))) = (cut < rest.len(), line) {
            (cut, count) = (at, until);
        }
        Self { text: rest.get(..cut).unwrap_or_default(), begin, end: begin + count, length }
    }

    /// Whether anything follows.
    pub(crate) const fn goes_on(&self) -> bool {
        self.end < self.length
    }

    /// `Characters 1 to 4000 of 23000.`, with a space before it; nothing where the part is the whole.
    pub(crate) fn words(&self) -> String {
        if self.begin == 0 && !self.goes_on() {
            return String::new();
        }
        format!(" Characters {} to {} of {}.", self.begin + 1, self.end, self.length)
    }
}

#[cfg(test)]
#[path = "excerpt_tests.rs"]
mod tests;
