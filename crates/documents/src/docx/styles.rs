//! What paragraph and character styles say about the text they apply to.

use std::collections::BTreeMap;

use crate::Result;
use crate::archive::Archive;
use crate::xml::Node;

/// Longest chain of styles that build on each other.
const CHAIN_MAX: usize = 12;
/// Most styles of a document.
const STYLES_MAX: usize = 20_000;

/// The styles of a document, by id.
#[derive(Debug, Default)]
pub(super) struct Styles(BTreeMap<String, Style>);

#[derive(Debug, Default)]
struct Style {
    name: String,
    based_on: Option<String>,
    outline: Option<usize>,
    list: Option<String>,
    is_hidden: Option<bool>,
}

impl Styles {
    /// Reads the part.
    pub(super) fn read(archive: &Archive<'_>, part: &str) -> Result<Self> {
        let mut styles = Self::default();
        let Some(mut xml) = archive.xml(part)? else { return Ok(styles) };
        let (mut id, mut style) = (String::new(), Style::default());
        while styles.0.len() < STYLES_MAX {
            match xml.next()? {
                Node::Open(element) => {
                    let value = || element.attribute("val");
                    match element.name() {
                        "style" => {
                            id = element.attribute("styleId").unwrap_or_default();
                            style = Style::default();
                        }
                        "name" => style.name = value().unwrap_or_default(),
                        "basedOn" => style.based_on = value(),
                        "outlineLvl" => style.outline = value().and_then(|level| level.parse().ok()),
                        "numId" => style.list = value(),
                        "vanish" => style.is_hidden = Some(element.is_on("val")),
                        _ => {}
                    }
                }
                Node::Close(ended) if ended.name() == "style" => {
                    styles.0.insert(std::mem::take(&mut id), std::mem::take(&mut style));
                }
                Node::End => break,
                Node::Close(_) | Node::Text(_) => {}
            }
        }
        Ok(styles)
    }

    /// The level of a heading, from 1; nothing for other paragraphs.
    pub(super) fn heading(&self, id: &str) -> Option<usize> {
        self.chain(id).find_map(|style| {
            let name = style.name.to_ascii_lowercase();
            if name == "title" {
                return Some(1);
            }
            let level = name.strip_prefix("heading ").and_then(|level| level.parse::<usize>().ok());
            level.or_else(|| style.outline.map(|level| level + 1)).filter(|level| (1..=9).contains(level))
        })
    }

    /// The list its paragraphs belong to.
    pub(super) fn list(&self, id: &str) -> Option<&str> {
        self.chain(id).find_map(|style| style.list.as_deref())
    }

    /// Whether its text is hidden.
    pub(super) fn is_hidden(&self, id: &str) -> bool {
        self.chain(id).find_map(|style| style.is_hidden).unwrap_or(false)
    }

    fn chain(&self, id: &str) -> impl Iterator<Item = &Style> {
        let first = self.0.get(id);
        std::iter::successors(first, |style| self.0.get(style.based_on.as_ref()?)).take(CHAIN_MAX)
    }
}
