//! Text laid out in lines, and how they are written as markdown.
//!
//! Source: CommonMark 0.31 (blocks and inlines), GitHub Flavored Markdown (tables, strikethrough).

mod address;
mod inline;

use std::rc::Rc;

use crate::html::holds_html_at;
pub(crate) use address::looks_like_one as looks_like_address;
use inline::Place;

/// A line, or a row of a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    pub(crate) kind: LineKind,
    /// How many quotes it stands in.
    pub(crate) quotes: usize,
    /// How many columns the lists around it take.
    pub(crate) indent: usize,
    /// Whether an empty line goes before it.
    pub(crate) gap: bool,
    pub(crate) zone: Zone,
    /// Whether a mail program has marked this line and all that follow as earlier messages.
    pub(crate) starts_history: bool,
    pub(crate) spans: Vec<Span>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum LineKind {
    Code,
    Heading(u8),
    /// An item of a list, with its marker.
    Item(String),
    /// Words of ours, which stand for so many characters.
    Note {
        words: String,
        folded: usize,
    },
    Row(Row),
    Rule,
    #[default]
    Text,
}

/// A row of a table of data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) cells: Vec<Vec<Span>>,
    pub(crate) columns: usize,
    /// Whether the table begins here.
    pub(crate) is_first: bool,
    /// Whether it names the columns.
    pub(crate) is_header: bool,
}

/// Which part of a mail a line belongs to, as far as its markup tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Zone {
    Attribution,
    #[default]
    Own,
    Quoted,
    Signature,
}

/// A piece of text of one look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) text: String,
    pub(crate) style: Style,
    /// Where it leads.
    pub(crate) link: Option<Rc<str>>,
}

/// How text is set off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Style(u8);

impl Style {
    pub(crate) const STRUCK: Self = Self(1);
    pub(crate) const BOLD: Self = Self(2);
    pub(crate) const ITALIC: Self = Self(4);
    pub(crate) const CODE: Self = Self(8);

    /// Both.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This without the other.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether it has all of the other.
    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl Line {
    /// A line of plain text.
    pub(crate) fn text(text: String) -> Self {
        Self { spans: vec![Span { text, ..Span::default() }], ..Self::default() }
    }

    /// A line of our own, which stands for so many characters.
    pub(crate) fn note(words: String, folded: usize) -> Self {
        Self { kind: LineKind::Note { words, folded }, gap: true, ..Self::default() }
    }

    /// How many characters it stands for.
    pub(crate) const fn folded(&self) -> Option<usize> {
        match self.kind {
            LineKind::Note { folded, .. } => Some(folded),
            _ => None,
        }
    }

    /// What it says, without any formatting.
    pub(crate) fn plain(&self) -> String {
        let spans: Box<dyn Iterator<Item = &Span>> = match &self.kind {
            LineKind::Row(row) => Box::new(row.cells.iter().flatten()),
            _ => Box::new(self.spans.iter()),
        };
        spans.map(|span| span.text.as_str()).collect()
    }

    /// Whether it begins with this sign.
    pub(crate) fn starts_with(&self, sign: char) -> bool {
        self.spans.first().is_some_and(|span| span.text.starts_with(sign))
    }

    /// How many characters it says.
    pub(crate) fn characters(&self) -> usize {
        self.plain().chars().count()
    }

    const fn is_in_list(&self) -> bool {
        matches!(self.kind, LineKind::Item(_)) || self.indent > 0
    }
}

/// Writes lines as markdown.
pub(crate) fn write(lines: &[Line]) -> String {
    let mut writer = Writer { out: String::new(), code: None };
    let mut before: Option<&Line> = None;
    for line in lines {
        writer.line(before, line);
        before = Some(line);
    }
    writer.end_code();
    without_tags(writer.out.trim_end())
}

struct Writer {
    out: String,
    /// How many quotes the code stands in that is being written.
    code: Option<usize>,
}

impl Writer {
    fn line(&mut self, before: Option<&Line>, line: &Line) {
        let is_code = line.kind == LineKind::Code;
        if self.code.is_some_and(|quotes| !is_code || quotes != line.quotes) {
            self.end_code();
        }
        if let Some(before) = before
            && self.code.is_none()
            && needs_gap(before, line)
        {
            let quotes = before.quotes.min(line.quotes);
            self.out.push_str("> ".repeat(quotes).trim_end());
            self.out.push('\n');
        }
        if is_code && self.code.is_none() {
            self.start(line.quotes, 0);
            self.out.push_str("```\n");
            self.code = Some(line.quotes);
        }
        match &line.kind {
            LineKind::Row(row) => self.row(line, row),
            LineKind::Code => {
                self.start(line.quotes, 0);
                self.out.push_str(&line.plain().replace("```", "'''"));
            }
            LineKind::Rule => {
                self.start(line.quotes, 0);
                self.out.push_str("---");
            }
            LineKind::Note { words, .. } => {
                self.start(line.quotes, 0);
                self.out.push_str(words);
            }
            LineKind::Heading(level) => {
                self.start(line.quotes, 0);
                self.out.push_str(&"#".repeat(usize::from(*level)));
                self.out.push(' ');
                let plain = without_bold(&line.spans);
                let text = inline::write(&plain, Place::Within);
                self.out.push_str(&text);
            }
            LineKind::Item(marker) => {
                self.start(line.quotes, line.indent);
                self.out.push_str(marker);
                self.out.push(' ');
                let text = inline::write(&line.spans, Place::Start);
                self.out.push_str(&text);
            }
            LineKind::Text => {
                self.start(line.quotes, line.indent);
                let text = inline::write(&line.spans, Place::Start);
                self.out.push_str(&text);
            }
        }
        while self.out.ends_with(' ') {
            self.out.pop();
        }
        self.out.push('\n');
    }

    fn start(&mut self, quotes: usize, indent: usize) {
        self.out.push_str(&"> ".repeat(quotes));
        self.out.push_str(&" ".repeat(indent));
    }

    fn end_code(&mut self) {
        if let Some(quotes) = self.code.take() {
            self.start(quotes, 0);
            self.out.push_str("```\n");
        }
    }

    fn row(&mut self, line: &Line, row: &Row) {
        if row.is_first && !row.is_header {
            self.start(line.quotes, 0);
            self.out.push_str(&"| ".repeat(row.columns));
            self.out.push_str("|\n");
            self.rule_of(line, row);
        }
        self.start(line.quotes, 0);
        for at in 0..row.columns {
            let cell = row.cells.get(at).map(Vec::as_slice).unwrap_or_default();
            let cell = if row.is_header { without_bold(cell) } else { cell.to_vec() };
            let text = inline::write(&cell, Place::Cell);
            self.out.push_str("| ");
            self.out.push_str(&text);
            if !text.is_empty() {
                self.out.push(' ');
            }
        }
        self.out.push('|');
        if row.is_first && row.is_header {
            self.out.push('\n');
            self.rule_of(line, row);
            self.out.pop();
        }
    }

    fn rule_of(&mut self, line: &Line, row: &Row) {
        self.start(line.quotes, 0);
        self.out.push_str(&"|---".repeat(row.columns));
        self.out.push_str("|\n");
    }
}

/// Whether an empty line must or should stand between two lines.
fn needs_gap(before: &Line, line: &Line) -> bool {
    match (&before.kind, &line.kind) {
        (LineKind::Row(_), LineKind::Row(row)) => row.is_first,
        (LineKind::Heading(_), LineKind::Heading(_)) | (LineKind::Code, LineKind::Code) => line.gap,
        // One of the two would be read into the other.
        (LineKind::Row(_) | LineKind::Rule | LineKind::Note { .. }, _)
        | (_, LineKind::Row(_) | LineKind::Rule | LineKind::Note { .. } | LineKind::Heading(_)) => true,
        _ if before.quotes > line.quotes => true,
        _ if before.is_in_list() => !line.is_in_list(),
        _ => line.gap,
    }
}

/// A heading and a row of names are set off already.
fn without_bold(spans: &[Span]) -> Vec<Span> {
    let plain = |span: &Span| Span { style: span.style.without(Style::BOLD), ..span.clone() };
    spans.iter().map(plain).collect()
}

/// Text that could be taken for HTML becomes text in every reader.
fn without_tags(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('<') {
        safe.push_str(before);
        safe.push_str(if holds_html_at(behind) { "&lt;" } else { "<" });
        rest = behind;
    }
    safe.push_str(rest);
    safe
}
