//! XML parts, an event at a time: no document types, no entities of a document's own, bounded depth.

use std::borrow::Cow;
use std::io::BufReader;

use m365_ports::DocumentError;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesEnd, BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use crate::Result;
use crate::archive::{Budget, Unfolding};

/// Deepest nesting of elements.
const DEPTH_MAX: usize = 256;

/// A part that is being read.
pub(crate) struct Xml<'a> {
    reader: Reader<BufReader<Unfolding<'a>>>,
    buffer: Vec<u8>,
    depth: usize,
    budget: &'a Budget,
}

/// What comes next in a part.
pub(crate) enum Node<'b> {
    /// An element begins.
    Open(Element<'b>),
    /// An element ends.
    Close(Ended<'b>),
    /// Text between them.
    Text(Cow<'b, str>),
    /// The part ends.
    End,
}

/// The beginning of an element.
pub(crate) struct Element<'b>(BytesStart<'b>);

/// The end of an element.
pub(crate) struct Ended<'b>(BytesEnd<'b>);

impl Element<'_> {
    /// Its name without prefix.
    pub(crate) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// The value of an attribute, named without prefix.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        let found =
            attributes.with_checks(false).flatten().find(|found| found.key.local_name().as_ref() == name)?;
        Some(found.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
    }

    /// The value of an attribute whose name with prefix ends so; for the two kinds of `id` in presentations.
    pub(crate) fn prefixed(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        let found = attributes.with_checks(false).flatten().find(|found| {
            let key = found.key;
            key.prefix().is_some() && key.local_name().as_ref() == name
        })?;
        Some(found.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
    }

    /// An attribute that switches something: absent, `0`, `false` and `off` are not the same.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.attribute(name).is_none_or(|value| !matches!(value.as_str(), "0" | "false" | "off" | "none"))
    }
}

impl Ended<'_> {
    /// The name of the element without prefix.
    pub(crate) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }
}

impl<'a> Xml<'a> {
    /// Begins to read.
    pub(crate) fn new(from: BufReader<Unfolding<'a>>, budget: &'a Budget) -> Self {
        let mut reader = Reader::from_reader(from);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        Self { reader, buffer: Vec::new(), depth: 0, budget }
    }

    /// What comes next.
    pub(crate) fn next(&mut self) -> Result<Node<'_>> {
        self.buffer.clear();
        let event = self.reader.read_event_into(&mut self.buffer).map_err(|_| self.budget.cause())?;
        match event {
            Event::Start(start) => {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err(DocumentError::Damaged);
                }
                Ok(Node::Open(Element(start)))
            }
            Event::End(end) => {
                self.depth = self.depth.saturating_sub(1);
                Ok(Node::Close(Ended(end)))
            }
            Event::Text(text) => Ok(Node::Text(text.into_inner())),
            Event::CData(data) => Ok(Node::Text(data.into_inner())),
            Event::GeneralRef(reference) => Ok(Node::Text(Cow::Owned(character(&reference)))),
            Event::Eof if self.depth > 0 => Err(DocumentError::Damaged),
            Event::Eof => Ok(Node::End),
            // Only a document type could define entities, and Office files have none.
            Event::DocType(_) => Err(DocumentError::Damaged),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {
                Ok(Node::Text(Cow::Borrowed("")))
            }
        }
    }

    /// The next element of that name; nothing where the part ends before.
    pub(crate) fn next_open(&mut self, name: &str) -> Result<Option<Element<'static>>> {
        loop {
            match self.next()? {
                Node::Open(element) if element.name() == name => {
                    return Ok(Some(Element(element.0.into_owned())));
                }
                Node::End => return Ok(None),
                _ => {}
            }
        }
    }

    /// Passes over the element that was just opened, with all that is in it.
    pub(crate) fn skip(&mut self) -> Result<()> {
        self.inside(|_, _| ()).map(drop)
    }

    /// The text inside the element that was just opened.
    pub(crate) fn text(&mut self) -> Result<String> {
        let mut collected = String::new();
        self.inside(|_, text| collected.push_str(text))?;
        Ok(collected)
    }

    /// Reads to the end of the element that was just opened, and tells of each text the element it stands in.
    fn inside(&mut self, mut tell: impl FnMut(usize, &str)) -> Result<()> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            let depth = self.depth;
            match self.next()? {
                Node::Text(text) => tell(depth, &text),
                Node::End => return Err(DocumentError::Damaged),
                Node::Open(_) | Node::Close(_) => {}
            }
        }
        Ok(())
    }
}

/// A character by number, or one of the five that XML names; nothing for any other entity.
fn character(reference: &BytesRef<'_>) -> String {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return character.to_string();
    }
    match reference.xml10_content().as_ref() {
        "lt" => "<",
        "gt" => ">",
        "amp" => "&",
        "apos" => "'",
        "quot" => "\"",
        _ => "",
    }
    .to_owned()
}
