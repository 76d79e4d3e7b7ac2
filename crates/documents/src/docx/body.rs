//! Paragraphs, runs and tables.

use std::collections::BTreeMap;

use crate::Result;
use crate::output::Output;
use crate::xml::{Element, Node, Xml};

use super::lists::Lists;
use super::styles::Styles;

/// Text of this size or smaller cannot be seen, in half points.
const INVISIBLE_HALF_POINTS: f32 = 4.0;
/// Longest paragraph, in bytes.
const PARAGRAPH_MAX: usize = 1 << 20;
/// Elements that are passed over with all that is in them: text that was moved away, placeholders, and the older
/// of two forms of the same thing.
const PASSED_OVER: [&str; 6] = ["Fallback", "moveFrom", "del", "sdtPr", "sectPr", "tblGrid"];

/// What is being read.
pub(super) struct Body<'o> {
    output: &'o mut Output,
    styles: &'o Styles,
    lists: &'o Lists,
    links: BTreeMap<String, String>,
    paragraphs: Vec<Paragraph>,
    tables: Vec<Table>,
    run: Option<Run>,
    is_text: bool,
    properties: usize,
    note: Option<Note>,
    was_item: bool,
}

#[derive(Default)]
struct Paragraph {
    text: String,
    style: Option<String>,
    outline: Option<usize>,
    list: Option<String>,
    level: usize,
    is_shaded: bool,
    link: Option<(usize, String)>,
}

#[derive(Default)]
struct Table {
    is_shaded: bool,
    row: Vec<String>,
    cell: String,
}

#[derive(Default)]
struct Run {
    text: String,
    is_hidden: bool,
    is_white: bool,
    is_shaded: bool,
}

/// Notes come one after the other, each with a mark.
struct Note {
    heading: &'static str,
    element: &'static str,
    mark: String,
}

impl<'o> Body<'o> {
    /// Nothing yet.
    pub(super) fn new(
        output: &'o mut Output,
        styles: &'o Styles,
        lists: &'o Lists,
        links: BTreeMap<String, String>,
    ) -> Self {
        Self {
            output,
            styles,
            lists,
            links,
            paragraphs: Vec::new(),
            tables: Vec::new(),
            run: None,
            is_text: false,
            properties: 0,
            note: None,
            was_item: false,
        }
    }

    /// What comes now are notes.
    pub(super) fn notes(&mut self, heading: &'static str, element: &'static str) {
        self.note = Some(Note { heading, element, mark: String::new() });
    }

    /// Reads a part to its end, or until nothing more fits.
    pub(super) fn read(&mut self, mut xml: Xml<'_>) -> Result<()> {
        while !self.output.is_full() {
            let skipped = match xml.next()? {
                Node::Open(element) if PASSED_OVER.contains(&element.name()) => true,
                Node::Open(element) if self.is_separator(&element) => true,
                Node::Open(element) => {
                    self.open(&element);
                    false
                }
                Node::Close(ended) => {
                    self.close(ended.name());
                    false
                }
                Node::Text(text) => {
                    self.text(&text);
                    false
                }
                Node::End => break,
            };
            if skipped {
                xml.skip()?;
            }
        }
        Ok(())
    }

    fn is_separator(&self, element: &Element<'_>) -> bool {
        let is_note = self.note.as_ref().is_some_and(|note| note.element == element.name());
        is_note && element.attribute("type").is_some_and(|kind| kind != "normal")
    }

    fn open(&mut self, element: &Element<'_>) {
        match element.name() {
            "p" => self.paragraphs.push(Paragraph::default()),
            "pPr" => self.properties += 1,
            "r" => self.run = Some(Run::default()),
            "t" => self.is_text = self.run.is_some(),
            "br" | "cr" | "tab" if self.properties == 0 => self.append(" "),
            "noBreakHyphen" => self.append("-"),
            "footnoteReference" | "endnoteReference" => {
                let mark = element.attribute("id").unwrap_or_default();
                self.append(&format!("[^{mark}]"));
            }
            "hyperlink" => self.open_link(element),
            "tbl" => self.tables.push(Table::default()),
            name if self.properties > 0 => self.paragraph_property(name, element),
            name if self.run.is_some() => self.run_property(name, element),
            name if self.note.as_ref().is_some_and(|note| note.element == name) => self.open_note(element),
            name => self.table_property(name, element),
        }
    }

    fn paragraph_property(&mut self, name: &str, element: &Element<'_>) {
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        let value = element.attribute("val");
        let number = || value.as_ref().and_then(|value| value.parse().ok());
        match name {
            "pStyle" => paragraph.style = value,
            "outlineLvl" => paragraph.outline = number().map(|level: usize| level + 1),
            "ilvl" => paragraph.level = number().unwrap_or(0).min(8),
            "numId" => paragraph.list = value,
            "shd" => paragraph.is_shaded |= is_shading(element),
            _ => {}
        }
    }

    fn run_property(&mut self, name: &str, element: &Element<'_>) {
        let styles = self.styles;
        let Some(run) = &mut self.run else { return };
        let value = || element.attribute("val").unwrap_or_default();
        match name {
            "vanish" | "webHidden" => run.is_hidden = element.is_on("val"),
            "rStyle" => run.is_hidden |= styles.is_hidden(&value()),
            "color" => run.is_white = value().eq_ignore_ascii_case("ffffff"),
            "sz" => run.is_hidden |= value().parse().is_ok_and(|size: f32| size <= INVISIBLE_HALF_POINTS),
            "shd" => run.is_shaded |= is_shading(element),
            "highlight" => run.is_shaded |= element.is_on("val"),
            _ => {}
        }
    }

    fn table_property(&mut self, name: &str, element: &Element<'_>) {
        let Some(table) = self.tables.last_mut() else { return };
        match name {
            "tblStyle" => table.is_shaded = true,
            "shd" => table.is_shaded |= is_shading(element),
            _ => {}
        }
    }

    fn open_note(&mut self, element: &Element<'_>) {
        let Some(note) = &mut self.note else { return };
        let mark = element.attribute("author").or_else(|| element.attribute("id")).unwrap_or_default();
        if !note.heading.is_empty() {
            self.output.block("## ", note.heading);
            note.heading = "";
        }
        note.mark = if note.element == "comment" { format!("{mark}: ") } else { format!("[^{mark}]: ") };
    }

    fn open_link(&mut self, element: &Element<'_>) {
        let url = element.attribute("id").and_then(|id| self.links.get(&id).cloned());
        if let (Some(paragraph), Some(url)) = (self.paragraphs.last_mut(), url) {
            paragraph.link = Some((paragraph.text.len(), url));
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "pPr" => self.properties = self.properties.saturating_sub(1),
            "t" => self.is_text = false,
            "r" => self.close_run(),
            "hyperlink" => self.close_link(),
            "p" => self.close_paragraph(),
            "tc" => self.close_cell(),
            "tr" => self.close_row(),
            "tbl" => self.close_table(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.is_text {
            self.append(text);
        }
    }

    fn append(&mut self, text: &str) {
        let Some(run) = &mut self.run else { return };
        if run.text.len() < PARAGRAPH_MAX {
            run.text.push_str(text);
        } else {
            self.output.truncate();
        }
    }

    fn close_run(&mut self) {
        let (Some(run), Some(paragraph)) = (self.run.take(), self.paragraphs.last_mut()) else { return };
        let of_paragraph = paragraph.style.as_deref().is_some_and(|style| self.styles.is_hidden(style));
        let behind = run.is_shaded || paragraph.is_shaded || self.tables.iter().any(|table| table.is_shaded);
        if run.is_hidden || of_paragraph || (run.is_white && !behind) {
            self.output.hide(&run.text);
        } else if paragraph.text.len() < PARAGRAPH_MAX {
            paragraph.text.push_str(&run.text);
        } else {
            self.output.truncate();
        }
    }

    fn close_link(&mut self) {
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        let Some((start, url)) = paragraph.link.take() else { return };
        let shown = paragraph.text.get(start..).unwrap_or_default().trim().to_owned();
        let is_web = ["http://", "https://", "mailto:"].iter().any(|scheme| url.starts_with(scheme));
        if is_web && !shown.is_empty() && !url.ends_with(&shown) {
            paragraph.text.truncate(start);
            let link = format!("[{shown}]({})", url.replace(' ', "%20"));
            paragraph.text.push_str(&link);
        }
    }

    fn close_paragraph(&mut self) {
        let Some(paragraph) = self.paragraphs.pop() else { return };
        if let Some(table) = self.tables.last_mut() {
            join(&mut table.cell, &paragraph.text);
            return;
        }
        let style = paragraph.style.as_deref();
        let heading = paragraph
            .outline
            .filter(|level| *level <= 9)
            .or_else(|| style.and_then(|id| self.styles.heading(id)));
        let list = paragraph.list.as_deref().or_else(|| style.and_then(|id| self.styles.list(id)));
        let list = list.filter(|list| *list != "0");
        if let Some(note) = &mut self.note {
            let mark = self.output.clean(&std::mem::take(&mut note.mark));
            let space = if mark.is_empty() { "" } else { " " };
            self.output.line("", &format!("{mark}{space}{}", paragraph.text));
        } else if let Some(level) = heading {
            self.output.block(&format!("{} ", "#".repeat(level.min(6))), &paragraph.text);
        } else if let Some(list) = list {
            let mark = if self.lists.is_numbered(list, paragraph.level) { "1. " } else { "- " };
            let prefix = format!("{}{mark}", "  ".repeat(paragraph.level));
            if self.was_item {
                self.output.line(&prefix, &paragraph.text);
            } else {
                self.output.block(&prefix, &paragraph.text);
            }
        } else {
            self.output.block("", &paragraph.text);
        }
        self.was_item = list.is_some() && heading.is_none();
    }

    fn close_cell(&mut self) {
        let Some(table) = self.tables.last_mut() else { return };
        let cell = std::mem::take(&mut table.cell);
        if table.row.len() < 1024 {
            table.row.push(cell);
        }
    }

    fn close_row(&mut self) {
        let outermost = self.tables.len() == 1;
        let Some(table) = self.tables.last_mut() else { return };
        let row = std::mem::take(&mut table.row);
        if outermost {
            self.output.row(row.iter().map(String::as_str));
        } else {
            join(&mut table.cell, &row.join("; "));
        }
    }

    /// A table inside a cell becomes the text of that cell.
    fn close_table(&mut self) {
        let Some(table) = self.tables.pop() else { return };
        if let Some(outer) = self.tables.last_mut() {
            join(&mut outer.cell, &table.cell);
        }
        self.output.table();
        self.was_item = false;
    }
}

fn join(cell: &mut String, text: &str) {
    if cell.len() < PARAGRAPH_MAX && !text.trim().is_empty() {
        if !cell.is_empty() {
            cell.push(' ');
        }
        cell.push_str(text);
    }
}

/// Whether something lies behind the text that white letters can be read on.
fn is_shading(element: &Element<'_>) -> bool {
    let fill = element.attribute("fill").unwrap_or_default().to_ascii_lowercase();
    element.attribute("themeFill").is_some() || !matches!(fill.as_str(), "" | "auto" | "ffffff")
}
