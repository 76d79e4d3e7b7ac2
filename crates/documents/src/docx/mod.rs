//! Word documents (ECMA-376 part 1, chapter 17).
//!
//! Read: the body, footnotes, endnotes and comments. Text that was deleted, moved away or hidden is not.

mod body;
mod lists;
mod styles;

use crate::Result;
use crate::archive::{Archive, first};
use crate::output::Output;

use body::Body;
use lists::Lists;
use styles::Styles;

/// Parts behind the body, with the heading they get and the element that holds one note.
const NOTES: [(&str, &str, &str); 3] = [
    ("footnotes", "Footnotes", "footnote"),
    ("endnotes", "Endnotes", "endnote"),
    ("comments", "Comments", "comment"),
];

/// Reads a document.
pub(crate) fn read(archive: &Archive<'_>, output: &mut Output) -> Result<()> {
    let main = archive.main_part()?;
    let targets = archive.targets(&main)?;
    let styles = match first(&targets, "styles") {
        Some(part) => Styles::read(archive, part)?,
        None => Styles::default(),
    };
    let lists = match first(&targets, "numbering") {
        Some(part) => Lists::read(archive, part)?,
        None => Lists::default(),
    };
    let links = targets.iter().filter(|target| target.kind == "hyperlink" && target.is_external);
    let links = links.map(|target| (target.id.clone(), target.place.clone())).collect();
    let mut body = Body::new(output, &styles, &lists, links);
    if let Some(xml) = archive.xml(&main)? {
        body.read(xml)?;
    }
    for (kind, heading, element) in NOTES {
        if let Some(part) = first(&targets, kind)
            && let Some(xml) = archive.xml(part)?
        {
            body.notes(heading, element);
            body.read(xml)?;
        }
    }
    Ok(())
}
