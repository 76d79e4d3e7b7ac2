//! The zip files that Office documents are (ECMA-376 part 2), under limits.
//!
//! Sizes a file claims are not believed: what counts is what is unfolded, all parts together.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};

use flate2::read::DeflateDecoder;
use m365_ports::DocumentError;
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipSliceArchive};

use crate::Result;
use crate::xml::Xml;

/// Most bytes all parts of a document may unfold to while it is read.
const UNFOLDED_MAX: usize = 64 << 20;
/// Most parts of a document.
const PARTS_MAX: usize = 8192;
/// Most targets one relationship part may name.
const TARGETS_MAX: usize = 20_000;

/// An Office document.
#[derive(Debug)]
pub(crate) struct Archive<'a> {
    zip: ZipSliceArchive<&'a [u8]>,
    parts: BTreeMap<String, Entry>,
    left: Budget,
}

#[derive(Debug)]
struct Entry {
    place: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
}

/// What may still be unfolded.
#[derive(Debug)]
pub(crate) struct Budget {
    left: Cell<usize>,
    spent: Cell<bool>,
}

impl Budget {
    /// Why reading ended: too much, or not what it claims to be.
    pub(crate) const fn cause(&self) -> DocumentError {
        if self.spent.get() { DocumentError::TooLarge } else { DocumentError::Damaged }
    }
}

/// A part as it is unfolded.
pub(crate) struct Unfolding<'a> {
    from: Source<'a>,
    budget: &'a Budget,
}

enum Source<'a> {
    Stored(&'a [u8]),
    Deflated(Box<DeflateDecoder<&'a [u8]>>),
}

impl Read for Unfolding<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = match &mut self.from {
            Source::Stored(bytes) => bytes.read(into)?,
            Source::Deflated(decoder) => decoder.read(into)?,
        };
        let Some(left) = self.budget.left.get().checked_sub(length) else {
            self.budget.spent.set(true);
            return Err(io::Error::other("the document unfolds to too much"));
        };
        self.budget.left.set(left);
        Ok(length)
    }
}

/// Where a relationship leads.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Its id, unique in the part.
    pub(crate) id: String,
    /// The last segment of its type.
    pub(crate) kind: String,
    /// The name of a part of the document, or an address outside of it.
    pub(crate) place: String,
    /// Whether it leads out of the document.
    pub(crate) is_external: bool,
}

impl<'a> Archive<'a> {
    /// Reads the directory.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self> {
        let zip = ZipArchive::from_slice(bytes).map_err(|_| DocumentError::Damaged)?;
        let mut parts = BTreeMap::new();
        for record in zip.entries() {
            let record = record.map_err(|_| DocumentError::Damaged)?;
            if record.flags().is_encrypted() {
                return Err(DocumentError::Encrypted);
            }
            if parts.len() == PARTS_MAX {
                return Err(DocumentError::TooLarge);
            }
            let entry = Entry { place: record.wayfinder(), method: record.compression_method() };
            let path = record.file_path();
            parts.entry(key(&String::from_utf8_lossy(path.as_bytes()))).or_insert(entry);
        }
        let left = Budget { left: Cell::new(UNFOLDED_MAX), spent: Cell::new(false) };
        Ok(Self { zip, parts, left })
    }

    /// Whether there is such a part.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.parts.contains_key(&key(name))
    }

    /// A part as XML; nothing where there is none.
    pub(crate) fn xml(&self, name: &str) -> Result<Option<Xml<'_>>> {
        let Some(entry) = self.parts.get(&key(name)) else { return Ok(None) };
        let found = self.zip.get_entry(entry.place).map_err(|_| DocumentError::Damaged)?;
        let from = match entry.method {
            CompressionMethod::STORE => Source::Stored(found.data()),
            CompressionMethod::DEFLATE => Source::Deflated(Box::new(DeflateDecoder::new(found.data()))),
            _ => return Err(DocumentError::Damaged),
        };
        let unfolding = Unfolding { from, budget: &self.left };
        Ok(Some(Xml::new(BufReader::new(unfolding), &self.left)))
    }

    /// The relationships of a part; of the whole document where the name is empty.
    pub(crate) fn targets(&self, part: &str) -> Result<Vec<Target>> {
        let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
        let slash = if folder.is_empty() { "" } else { "/" };
        let mut targets = Vec::new();
        let Some(mut xml) = self.xml(&format!("{folder}{slash}_rels/{name}.rels"))? else {
            return Ok(targets);
        };
        while let Some(element) = xml.next_open("Relationship")? {
            let attribute = |name| element.attribute(name).unwrap_or_default();
            let is_external = attribute("TargetMode").eq_ignore_ascii_case("external");
            let target = attribute("Target");
            let kind = attribute("Type");
            targets.push(Target {
                id: attribute("Id"),
                kind: kind.rsplit_once('/').map_or(kind.clone(), |(_, last)| last.to_owned()),
                place: if is_external { target } else { resolved(folder, &target) },
                is_external,
            });
            if targets.len() > TARGETS_MAX {
                return Err(DocumentError::TooLarge);
            }
        }
        Ok(targets)
    }

    /// The part the document begins with.
    pub(crate) fn main_part(&self) -> Result<String> {
        let targets = self.targets("")?;
        let main = targets.into_iter().find(|target| target.kind == "officeDocument" && !target.is_external);
        main.map(|target| target.place).ok_or(DocumentError::Damaged)
    }
}

/// The first target of a kind inside the document.
pub(crate) fn first<'t>(targets: &'t [Target], kind: &str) -> Option<&'t str> {
    let mut inside = targets.iter().filter(|target| !target.is_external);
    inside.find(|target| target.kind == kind).map(|target| target.place.as_str())
}

/// Part names are compared without case, and always begin at the root.
fn key(name: &str) -> String {
    name.replace('\\', "/").trim_start_matches('/').to_ascii_lowercase()
}

/// The part a target names, seen from a folder.
fn resolved(folder: &str, target: &str) -> String {
    let mut segments: Vec<&str> =
        if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for segment in target.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    segments.retain(|segment| !segment.is_empty());
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_resolved_inside_the_document() {
        for (folder, target, place) in [
            ("word", "styles.xml", "word/styles.xml"),
            ("ppt/slides", "../notesSlides/n1.xml", "ppt/notesSlides/n1.xml"),
            ("xl", "/xl/worksheets/a.xml", "xl/worksheets/a.xml"),
            ("", "word/document.xml", "word/document.xml"),
            ("word", "../../../etc/passwd", "etc/passwd"),
        ] {
            assert_eq!(resolved(folder, target), place);
        }
    }
}
