//! Whether a list has numbers or bullets.

use std::collections::{BTreeMap, BTreeSet};

use crate::Result;
use crate::archive::Archive;
use crate::xml::Node;

/// Most lists of a document.
const LISTS_MAX: usize = 20_000;

/// The lists of a document.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Definition of each list.
    definitions: BTreeMap<String, String>,
    /// Definitions and levels with bullets, or nothing, in front of their items.
    bullets: BTreeSet<(String, usize)>,
}

impl Lists {
    /// Reads the part.
    pub(super) fn read(archive: &Archive<'_>, part: &str) -> Result<Self> {
        let mut lists = Self::default();
        let Some(mut xml) = archive.xml(part)? else { return Ok(lists) };
        let (mut definition, mut level, mut list) = (String::new(), 0, String::new());
        while lists.definitions.len() < LISTS_MAX && lists.bullets.len() < LISTS_MAX {
            let Node::Open(element) = (match xml.next()? {
                Node::End => break,
                node => node,
            }) else {
                continue;
            };
            let value = || element.attribute("val").unwrap_or_default();
            match element.name() {
                "abstractNum" => definition = element.attribute("abstractNumId").unwrap_or_default(),
                "lvl" => level = element.attribute("ilvl").and_then(|level| level.parse().ok()).unwrap_or(0),
                "numFmt" if matches!(value().as_str(), "bullet" | "none") => {
                    lists.bullets.insert((definition.clone(), level));
                }
                "num" => list = element.attribute("numId").unwrap_or_default(),
                "abstractNumId" => {
                    lists.definitions.insert(list.clone(), value());
                }
                _ => {}
            }
        }
        Ok(lists)
    }

    /// Whether the items of a list are numbered at that level.
    pub(super) fn is_numbered(&self, list: &str, level: usize) -> bool {
        let definition = self.definitions.get(list);
        definition.is_some_and(|definition| !self.bullets.contains(&(definition.clone(), level)))
    }
}
