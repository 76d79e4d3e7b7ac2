//! PowerPoint presentations (ECMA-376 part 1, chapters 19 and 21): one section for each slide, with its notes.
//!
//! Hidden slides are named and their content is left out.

use m365_ports::DocumentError;

use crate::Result;
use crate::archive::{Archive, first};
use crate::output::Output;
use crate::xml::{Node, Xml};

/// Most slides of a presentation.
const SLIDES_MAX: usize = 2000;
/// Placeholders whose text says nothing about the slide: numbers, dates, running titles, the picture of a slide.
const SILENT: [&str; 5] = ["sldNum", "dt", "ftr", "hdr", "sldImg"];

/// What a slide shows.
#[derive(Default)]
struct Slide {
    title: String,
    parts: Vec<Part>,
    is_hidden: bool,
}

enum Part {
    Paragraph(usize, String),
    Row(Vec<String>),
    TableEnd,
}

/// Reads a presentation.
pub(crate) fn read(archive: &Archive<'_>, output: &mut Output) -> Result<()> {
    let main = archive.main_part()?;
    let targets = archive.targets(&main)?;
    let mut xml = archive.xml(&main)?.ok_or(DocumentError::Damaged)?;
    let mut number = 0;
    while let Some(listed) = xml.next_open("sldId")? {
        if output.is_full() || number == SLIDES_MAX {
            output.truncate();
            break;
        }
        number += 1;
        let id = listed.prefixed("id").unwrap_or_default();
        let Some(target) = targets.iter().find(|target| target.id == id && !target.is_external) else {
            continue;
        };
        read_slide(archive, output, &target.place, number)?;
    }
    Ok(())
}

fn read_slide(archive: &Archive<'_>, output: &mut Output, part: &str, number: usize) -> Result<()> {
    let Some(xml) = archive.xml(part)? else { return Ok(()) };
    let slide = Slide::read(xml, false)?;
    let targets = archive.targets(part)?;
    let notes = match first(&targets, "notesSlide") {
        Some(notes) => archive.xml(notes)?.map(|xml| Slide::read(xml, true)).transpose()?.unwrap_or_default(),
        None => Slide::default(),
    };
    if slide.is_hidden {
        output.block("## ", &format!("Slide {number} (hidden, left out)"));
        for text in std::iter::once(&slide.title).chain(slide.texts()).chain(notes.texts()) {
            output.hide(text);
        }
        return Ok(());
    }
    let colon = if slide.title.trim().is_empty() { "" } else { ": " };
    output.block("## ", &format!("Slide {number}{colon}{}", slide.title));
    slide.write(output);
    if notes.texts().any(|text| !text.trim().is_empty()) {
        output.block("### ", "Notes");
        notes.write(output);
    }
    Ok(())
}

impl Slide {
    /// Reads a slide, or only the notes of a notes page.
    fn read(mut xml: Xml<'_>, is_notes: bool) -> Result<Self> {
        let mut slide = Self::default();
        let mut reader = Shapes {
            kind: String::new(),
            level: 0,
            text: String::new(),
            cell: None,
            row: Vec::new(),
            is_text: false,
        };
        loop {
            let is_skipped = match xml.next()? {
                Node::Open(element) => {
                    if element.name() == "sld" {
                        slide.is_hidden = !element.is_on("show");
                    }
                    match element.name() {
                        "sp" => reader.kind.clear(),
                        "ph" => reader.kind = element.attribute("type").unwrap_or_default(),
                        "p" => (reader.level, reader.text) = (0, String::new()),
                        "pPr" => {
                            let level = element.attribute("lvl").and_then(|level| level.parse().ok());
                            reader.level = level.unwrap_or(0).min(8);
                        }
                        "t" => reader.is_text = true,
                        "br" => reader.text.push(' '),
                        "tc" => reader.cell = Some(String::new()),
                        _ => {}
                    }
                    element.name() == "Fallback"
                }
                Node::Text(text) => {
                    if reader.is_text {
                        reader.text.push_str(&text);
                    }
                    false
                }
                Node::Close(ended) => {
                    reader.close(ended.name(), &mut slide, is_notes);
                    false
                }
                Node::End => return Ok(slide),
            };
            if is_skipped {
                xml.skip()?;
            }
        }
    }

    fn texts(&self) -> impl Iterator<Item = &String> {
        self.parts.iter().flat_map(|part| match part {
            Part::Paragraph(_, text) => std::slice::from_ref(text),
            Part::Row(cells) => cells.as_slice(),
            Part::TableEnd => &[],
        })
    }

    fn write(&self, output: &mut Output) {
        output.table();
        for part in &self.parts {
            match part {
                Part::Paragraph(level, text) => output.line(&format!("{}- ", "  ".repeat(*level)), text),
                Part::Row(cells) => output.row(cells.iter().map(String::as_str)),
                Part::TableEnd => output.table(),
            }
        }
    }
}

/// Where the reading of shapes is.
struct Shapes {
    /// What placeholder the shape is.
    kind: String,
    level: usize,
    text: String,
    cell: Option<String>,
    row: Vec<String>,
    is_text: bool,
}

impl Shapes {
    fn close(&mut self, name: &str, slide: &mut Slide, is_notes: bool) {
        match name {
            "t" => self.is_text = false,
            "p" => self.close_paragraph(slide, is_notes),
            "tc" => self.row.extend(self.cell.take()),
            "tr" => slide.parts.push(Part::Row(std::mem::take(&mut self.row))),
            "tbl" => slide.parts.push(Part::TableEnd),
            "sp" => self.kind.clear(),
            _ => {}
        }
    }

    fn close_paragraph(&mut self, slide: &mut Slide, is_notes: bool) {
        let text = std::mem::take(&mut self.text);
        if text.trim().is_empty() || SILENT.contains(&self.kind.as_str()) {
            return;
        }
        if let Some(cell) = &mut self.cell {
            if !cell.is_empty() {
                cell.push(' ');
            }
            cell.push_str(&text);
        } else if matches!(self.kind.as_str(), "title" | "ctrTitle") && !is_notes {
            if !slide.title.is_empty() {
                slide.title.push(' ');
            }
            slide.title.push_str(&text);
        } else {
            slide.parts.push(Part::Paragraph(self.level, text));
        }
    }
}
