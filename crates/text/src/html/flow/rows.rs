//! Rows of tables that are written as rows.

use super::Flow;
use crate::line::{Line, LineKind, Row, Span};

impl Flow {
    pub(super) fn open_row(&mut self, at: usize) {
        let is_data = self.data.last().is_some_and(Option::is_some);
        let is_line = self.tables.lines.contains(&at);
        self.rows.push((self.flat == 0 && (is_data || is_line)).then(Vec::new));
    }

    pub(super) fn open_cell(&mut self) {
        if self.rows.last().is_some_and(Option::is_some) {
            self.flat += 1;
            self.pending.space = false;
        }
    }

    pub(super) fn close_cell(&mut self) {
        if let Some(Some(cells)) = self.rows.last_mut() {
            self.flat -= 1;
            self.pending.space = false;
            cells.push(std::mem::take(&mut self.spans));
        }
    }

    pub(super) fn close_row(&mut self) {
        let Some(Some(cells)) = self.rows.pop() else { return };
        let mut filled = cells.iter().filter(|cell| !cell.is_empty());
        if filled.clone().next().is_none() {
            return;
        }
        if let Some(Some((data, is_first))) = self.data.last_mut() {
            let is_first = std::mem::take(is_first);
            let row = Row { cells, columns: data.columns, is_first, is_header: is_first && data.has_header };
            self.push(Line { kind: LineKind::Row(row), ..Line::default() });
            return;
        }
        let mut spans = filled.next().cloned().unwrap_or_default();
        for cell in filled {
            spans.push(Span { text: " | ".to_owned(), ..Span::default() });
            spans.extend(cell.iter().cloned());
        }
        self.push(Line { spans, ..Line::default() });
    }
}
