//! Which tables hold data, and which only arrange a page.
//!
//! Source: the HTML standard, section 4.9.1, on telling them apart; mail, where nearly all tables arrange.

use std::collections::{HashMap, HashSet};

use super::page::{Breaks, Node, Role, seen};

const COLUMNS_MAX: usize = 30;
/// Longest cell of a table of data, and of a row that becomes one line, in characters.
const DATA_CELL_MAX: usize = 400;
const LINE_CELL_MAX: usize = 60;
/// Lines within a cell.
const DATA_LINES_MAX: usize = 5;
const LINE_LINES_MAX: usize = 2;

/// A table of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Data {
    pub(crate) columns: usize,
    /// Whether its first row names the columns.
    pub(crate) has_header: bool,
}

/// What the tables of a page are, by the index of their node.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) data: HashMap<usize, Data>,
    /// Rows of other tables that are short enough to be one line.
    pub(crate) lines: HashSet<usize>,
}

/// Judges every table of a page.
pub(crate) fn judge(nodes: &[Node]) -> Tables {
    let mut judge = Judge::default();
    for (at, node) in nodes.iter().enumerate() {
        judge.close_before(at);
        judge.visit(at, node);
    }
    judge.close_before(usize::MAX);
    judge.tables
}

#[derive(Default)]
struct Judge {
    tables: Tables,
    open: Vec<Open>,
}

struct Open {
    at: usize,
    end: usize,
    part: Part,
}

enum Part {
    Table(TableFacts),
    Row(RowFacts),
    Cell(CellFacts),
}

#[derive(Default)]
struct TableFacts {
    is_presentation: bool,
    is_bordered: bool,
    /// Whether it holds what a table of markdown cannot.
    is_unfit: bool,
    first_row: FirstRow,
    rows: usize,
    /// Rows with text in two cells or more.
    full_rows: usize,
    columns: usize,
    cells: usize,
    filled: usize,
}

#[derive(Default, PartialEq, Eq)]
enum FirstRow {
    Bold,
    Header,
    #[default]
    Plain,
}

#[derive(Default)]
struct RowFacts {
    cells: usize,
    filled: usize,
    headers: usize,
    bold: usize,
    is_unfit_for_data: bool,
    is_unfit_for_line: bool,
}

#[derive(Default)]
struct CellFacts {
    is_header: bool,
    characters: usize,
    bold: usize,
    bold_ends: usize,
    lines: usize,
    /// Whether it holds what a cell of markdown cannot.
    is_blocky: bool,
}

impl Judge {
    fn visit(&mut self, at: usize, node: &Node) {
        match &node.role {
            Role::Table { is_presentation, is_bordered } => {
                // The cell around it cannot be a cell of markdown.
                if let Some(Open { part: Part::Cell(cell), .. }) = self.open.last_mut() {
                    cell.is_blocky = true;
                }
                let outer = self.open.iter_mut().rev().find_map(|open| match &mut open.part {
                    Part::Table(table) => Some(table),
                    Part::Row(_) | Part::Cell(_) => None,
                });
                if let Some(outer) = outer {
                    outer.is_unfit = true;
                }
                let facts = TableFacts {
                    is_presentation: *is_presentation,
                    is_bordered: *is_bordered,
                    ..TableFacts::default()
                };
                self.open.push(Open { at, end: node.end, part: Part::Table(facts) });
            }
            Role::Row => self.open.push(Open { at, end: node.end, part: Part::Row(RowFacts::default()) }),
            Role::Cell { header } => {
                let facts = CellFacts { is_header: *header, ..CellFacts::default() };
                self.open.push(Open { at, end: node.end, part: Part::Cell(facts) });
            }
            _ => {
                if let Some(Open { part: Part::Cell(cell), .. }) = self.open.last_mut() {
                    cell.visit(at, node);
                }
            }
        }
    }

    fn close_before(&mut self, at: usize) {
        while let Some(open) = self.open.pop_if(|open| open.end <= at) {
            let parent = self.open.last_mut().map(|open| &mut open.part);
            match (open.part, parent) {
                (Part::Cell(cell), Some(Part::Row(row))) => row.add(&cell),
                (Part::Row(row), Some(Part::Table(table))) => {
                    if row.filled >= 2 && !row.is_unfit_for_line {
                        self.tables.lines.insert(open.at);
                    }
                    table.add(&row);
                }
                (Part::Table(table), _) => {
                    if let Some(data) = table.judged() {
                        self.tables.data.insert(open.at, data);
                    }
                }
                _ => {}
            }
        }
    }
}

impl CellFacts {
    fn visit(&mut self, at: usize, node: &Node) {
        match &node.role {
            Role::Text { text, .. } => {
                let count = seen(text);
                self.characters += count;
                if at < self.bold_ends {
                    self.bold += count;
                }
            }
            Role::Picture(Some(words)) => self.characters += seen(words),
            Role::Bold => self.bold_ends = self.bold_ends.max(node.end),
            Role::Break => self.lines += 1,
            Role::Heading(_)
            | Role::Item
            | Role::List { .. }
            | Role::Pre { .. }
            | Role::Quote { .. }
            | Role::Rule
            | Role::WordItem(_) => self.is_blocky = true,
            _ => self.lines += usize::from(node.breaks != Breaks::No),
        }
    }
}

impl RowFacts {
    fn add(&mut self, cell: &CellFacts) {
        self.cells += 1;
        self.filled += usize::from(cell.characters > 0);
        self.headers += usize::from(cell.is_header && cell.characters > 0);
        self.bold += usize::from(cell.characters > 0 && cell.bold == cell.characters);
        self.is_unfit_for_data |=
            cell.is_blocky || cell.characters > DATA_CELL_MAX || cell.lines > DATA_LINES_MAX;
        self.is_unfit_for_line |=
            cell.is_blocky || cell.characters > LINE_CELL_MAX || cell.lines > LINE_LINES_MAX;
    }
}

impl TableFacts {
    fn add(&mut self, row: &RowFacts) {
        if row.filled > 0 {
            if self.rows == 0 {
                self.first_row = if row.headers >= 2 || (row.headers > 0 && row.headers == row.filled) {
                    FirstRow::Header
                } else if row.filled >= 2 && row.bold == row.filled {
                    FirstRow::Bold
                } else {
                    FirstRow::Plain
                };
            }
            self.rows += 1;
        }
        self.full_rows += usize::from(row.filled >= 2);
        self.columns = self.columns.max(row.cells);
        self.cells += row.cells;
        self.filled += row.filled;
        self.is_unfit |= row.is_unfit_for_data;
    }

    fn judged(&self) -> Option<Data> {
        let is_told = self.first_row == FirstRow::Header || self.is_bordered;
        let is_table = !self.is_unfit
            && self.rows >= 2
            && (2..=COLUMNS_MAX).contains(&self.columns)
            && self.filled * 2 >= self.cells
            && (is_told || !self.is_presentation)
            && self.full_rows * 3 >= self.rows * 2;
        is_table.then_some(Data { columns: self.columns, has_header: self.first_row != FirstRow::Plain })
    }
}
