//! One sheet, a row at a time.

use crate::Result;
use crate::output::Output;
use crate::xml::{Element, Node, Xml};

use super::Shared;
use super::strings::rich_text;

/// Columns of a sheet.
const COLUMNS_MAX: usize = 16_384;
/// Most empty cells that are written between two others; a longer gap is one cell with an ellipsis.
const GAP_MAX: usize = 24;
/// Most ranges of columns.
const RANGES_MAX: usize = 1024;
/// Most bytes of one row; what comes later in it is left out.
const ROW_BYTES_MAX: usize = 1 << 20;

/// A sheet that is being read.
pub(super) struct Sheet<'o> {
    shared: &'o Shared,
    output: &'o mut Output,
    is_hidden: bool,
    hidden_columns: Vec<(usize, usize)>,
    row: Vec<(usize, String)>,
    row_bytes: usize,
    is_hidden_row: bool,
    column: usize,
}

/// What kind of value a cell holds, and how it is shown.
struct Cell {
    kind: String,
    style: usize,
}

impl<'o> Sheet<'o> {
    /// A sheet of a workbook.
    pub(super) fn new(shared: &'o Shared, output: &'o mut Output, is_hidden: bool) -> Self {
        Self {
            shared,
            output,
            is_hidden,
            hidden_columns: Vec::new(),
            row: Vec::new(),
            row_bytes: 0,
            is_hidden_row: false,
            column: 0,
        }
    }

    /// Reads the part to its end, or until nothing more fits.
    pub(super) fn read(mut self, mut xml: Xml<'_>) -> Result<()> {
        while !self.output.is_full() {
            let cell = match xml.next()? {
                Node::Open(element) => self.open(&element),
                Node::Close(ended) if ended.name() == "row" => {
                    self.close_row();
                    None
                }
                Node::Close(ended) if ended.name() == "sheetData" => break,
                Node::End => break,
                Node::Close(_) | Node::Text(_) => None,
            };
            if let Some(cell) = cell {
                let text = self.value(&mut xml, &cell)?;
                self.keep(text);
            }
        }
        Ok(())
    }

    fn open(&mut self, element: &Element<'_>) -> Option<Cell> {
        match element.name() {
            "col" if element.attribute("hidden").is_some() && element.is_on("hidden") => {
                let bound = |name| element.attribute(name).and_then(|bound| bound.parse::<usize>().ok());
                if let (Some(first), Some(last)) = (bound("min"), bound("max"))
                    && self.hidden_columns.len() < RANGES_MAX
                {
                    self.hidden_columns.push((first.saturating_sub(1), last.saturating_sub(1)));
                }
                None
            }
            "row" => {
                self.is_hidden_row = element.attribute("hidden").is_some() && element.is_on("hidden");
                (self.column, self.row_bytes) = (0, 0);
                self.row.clear();
                None
            }
            "c" => {
                let place = element.attribute("r").and_then(|place| column(&place));
                self.column = place.unwrap_or(self.column + usize::from(!self.row.is_empty()));
                let style = element.attribute("s").and_then(|style| style.parse().ok()).unwrap_or(0);
                Some(Cell { kind: element.attribute("t").unwrap_or_default(), style })
            }
            _ => None,
        }
    }

    /// The value of the cell that was just opened, as it is shown.
    fn value(&self, xml: &mut Xml<'_>, cell: &Cell) -> Result<String> {
        let mut written = String::new();
        loop {
            enum Found {
                Value,
                Inline,
                Other,
            }
            let found = match xml.next()? {
                Node::Open(element) => match element.name() {
                    "v" => Found::Value,
                    "is" => Found::Inline,
                    _ => Found::Other,
                },
                Node::Close(ended) if ended.name() == "c" => break,
                Node::End => break,
                Node::Close(_) | Node::Text(_) => continue,
            };
            match found {
                Found::Value => written = xml.text()?,
                Found::Inline => written = rich_text(xml, "is")?,
                Found::Other => xml.skip()?,
            }
        }
        Ok(self.shown(cell, written))
    }

    fn shown(&self, cell: &Cell, written: String) -> String {
        match cell.kind.as_str() {
            "s" => {
                let index = written.trim().parse::<usize>().ok();
                index.and_then(|index| self.shared.strings.get(index)).cloned().unwrap_or_default()
            }
            "b" => (if written.trim() == "1" { "TRUE" } else { "FALSE" }).to_owned(),
            "str" | "inlineStr" | "e" | "d" => written,
            _ if written.trim().is_empty() => String::new(),
            _ => {
                let format = self.shared.formats.get(cell.style).copied().unwrap_or_default();
                format.show(&written, self.shared.is_1904)
            }
        }
    }

    fn keep(&mut self, text: String) {
        let is_hidden_column =
            self.hidden_columns.iter().any(|(first, last)| (*first..=*last).contains(&self.column));
        if self.is_hidden || self.is_hidden_row || is_hidden_column {
            self.output.hide(&text);
        } else if self.row_bytes > ROW_BYTES_MAX || self.row.len() > COLUMNS_MAX {
            self.output.truncate();
        } else if !text.is_empty() {
            self.row_bytes += text.len();
            self.row.push((self.column, text));
        } else if self.row.is_empty() {
            // So that a cell without a place knows it is not the first.
            self.row.push((self.column, text));
        }
    }

    fn close_row(&mut self) {
        let row = std::mem::take(&mut self.row);
        let mut cells: Vec<&str> = Vec::with_capacity(row.len());
        let mut next = 0;
        for (column, text) in &row {
            let gap = column.saturating_sub(next);
            if gap > GAP_MAX {
                cells.push("…");
            } else {
                cells.extend(std::iter::repeat_n("", gap));
            }
            cells.push(text);
            next = column + 1;
        }
        if !cells.is_empty() {
            self.output.row(cells);
        }
    }
}

/// The column of a place such as `BC17`, from 0; nothing outside of a sheet.
fn column(place: &str) -> Option<usize> {
    let mut column = 0_usize;
    for letter in place.chars().take_while(char::is_ascii_alphabetic).take(4) {
        let digit = usize::from(u8::try_from(letter.to_ascii_uppercase()).ok()?.checked_sub(b'A')?) + 1;
        column = column * 26 + digit;
    }
    (1..=COLUMNS_MAX).contains(&column).then(|| column - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_from_places() {
        for (place, expected) in [
            ("A1", Some(0)),
            ("Z9", Some(25)),
            ("aa1", Some(26)),
            ("XFD1048576", Some(16_383)),
            ("XFE1", None),
            ("7", None),
        ] {
            assert_eq!(column(place), expected, "{place}");
        }
    }
}
