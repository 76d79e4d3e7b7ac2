//! The strings that cells of all sheets share.

use crate::Result;
use crate::archive::Archive;
use crate::output::Output;
use crate::xml::{Node, Xml};

/// Most bytes of all strings together; what comes later is left out.
const BYTES_MAX: usize = 16 << 20;
/// Most strings.
const STRINGS_MAX: usize = 1_000_000;

/// Reads the part.
pub(super) fn read(archive: &Archive<'_>, part: &str, output: &mut Output) -> Result<Vec<String>> {
    let mut strings = Vec::new();
    let Some(mut xml) = archive.xml(part)? else { return Ok(strings) };
    let mut bytes = 0;
    while xml.next_open("si")?.is_some() {
        if bytes > BYTES_MAX || strings.len() == STRINGS_MAX {
            output.truncate();
            break;
        }
        let string = rich_text(&mut xml, "si")?;
        bytes += string.len();
        strings.push(string);
    }
    Ok(strings)
}

/// The text up to the end of an element that was just opened, without readings of Asian characters.
pub(super) fn rich_text(xml: &mut Xml<'_>, element: &str) -> Result<String> {
    let (mut text, mut is_text) = (String::new(), false);
    loop {
        let is_reading = match xml.next()? {
            Node::Open(opened) => {
                is_text = opened.name() == "t";
                opened.name() == "rPh"
            }
            Node::Text(part) => {
                if is_text {
                    text.push_str(&part);
                }
                false
            }
            Node::Close(ended) if ended.name() == element => return Ok(text),
            Node::Close(_) => {
                is_text = false;
                false
            }
            Node::End => return Ok(text),
        };
        if is_reading {
            xml.skip()?;
            is_text = false;
        }
    }
}
