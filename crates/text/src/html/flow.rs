//! From a page to lines.
//!
//! White space is collapsed as CSS does within a line; a no-break space counts as white space, because nothing here has
//! a margin. What nests deeper than [`QUOTES_MAX`] quotes or [`INDENT_MAX`] columns is written as deep as that, so that
//! no line grows with its depth.

use std::rc::Rc;

use super::link;
use super::marks::Mark;
use super::page::{Breaks, Node, Page, Role};
use super::social;
use super::table::{self, Tables};
use crate::clean::Sieve;
use crate::line::{Line, LineKind, Row, Span, Style, Zone};

const QUOTES_MAX: usize = 6;
const INDENT_MAX: usize = 24;

/// A page in lines.
#[derive(Debug)]
pub(crate) struct Laid {
    pub(crate) lines: Vec<Line>,
    /// Characters that were removed because a reader does not see them.
    pub(crate) hidden: usize,
    /// Pictures and links that tracked.
    pub(crate) trackers: usize,
}

/// Lays a page out.
pub(crate) fn lines(page: Page) -> Laid {
    let mut flow = Flow { tables: table::judge(&page.nodes), ..Flow::default() };
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(node) = page.nodes.get(at) {
        while let Some(index) = open.pop_if(|index| page.nodes.get(*index).is_some_and(|open| open.end <= at))
        {
            flow.leave(index, page.nodes.get(index));
        }
        if node.role == Role::WordMarker {
            flow.word_marker(page.nodes.get(at..node.end).unwrap_or_default());
            at = node.end;
            continue;
        }
        flow.enter(at, node);
        open.push(at);
        at += 1;
    }
    while let Some(index) = open.pop() {
        flow.leave(index, page.nodes.get(index));
    }
    flow.finish();
    Laid {
        lines: social::without_farms(flow.lines),
        hidden: page.hidden + flow.sieve.hidden,
        trackers: page.trackers + flow.trackers,
    }
}

#[derive(Default)]
struct Flow {
    tables: Tables,
    lines: Vec<Line>,
    spans: Vec<Span>,
    sieve: Sieve,
    trackers: usize,
    /// White space stands before the next word.
    space: bool,
    /// An empty line goes before the next one.
    gap: bool,
    /// A line that only holds white space which is drawn.
    is_blank_drawn: bool,
    bold: usize,
    italic: usize,
    struck: usize,
    code: usize,
    pre: usize,
    quotes: usize,
    cited: usize,
    attribution: usize,
    quoted: usize,
    signature: usize,
    starts_history: bool,
    heading: Option<u8>,
    lists: Vec<List>,
    marker: Option<String>,
    link: Option<Open>,
    /// Line breaks are white space: a cell of a table is being read.
    flat: usize,
    rows: Vec<Option<Vec<Vec<Span>>>>,
    data: Vec<Option<(table::Data, bool)>>,
}

#[derive(Debug)]
struct List {
    ordered: bool,
    next: usize,
    width: usize,
}

#[derive(Debug)]
struct Open {
    url: Rc<str>,
    /// The node that opened it.
    at: usize,
    has_text: bool,
    has_picture: bool,
}

impl Flow {
    fn enter(&mut self, at: usize, node: &Node) {
        self.enter_mark(node.mark);
        self.break_for(node.breaks);
        match &node.role {
            Role::Text { text, keeps_space } => self.text(text, *keeps_space),
            Role::Picture(says) => self.picture(says.as_deref()),
            Role::Break => self.line_break(),
            Role::Rule => self.rule(),
            Role::Bold => self.bold += 1,
            Role::Italic => self.italic += 1,
            Role::Strike => self.struck += 1,
            Role::Code => self.code += 1,
            Role::Heading(level) => self.heading = Some(*level),
            Role::Pre { is_code } => self.pre += usize::from(*is_code),
            Role::Quote { is_cited } => {
                self.quotes += 1;
                self.cited += usize::from(*is_cited);
            }
            Role::List { ordered, start } => {
                self.lists.push(List { ordered: *ordered, next: *start, width: 2 });
            }
            Role::Item => self.item(),
            Role::WordItem(level) => {
                self.lists.extend((0..*level).map(|_| List { ordered: false, next: 1, width: 2 }));
            }
            Role::Link(href) => self.open_link(at, href),
            Role::Table { .. } => self.data.push(self.tables.data.get(&at).map(|data| (*data, true))),
            Role::Row => self.open_row(at),
            Role::Cell { .. } => self.open_cell(),
            Role::Box | Role::WordMarker => {}
        }
    }

    fn leave(&mut self, at: usize, node: Option<&Node>) {
        let Some(node) = node else { return };
        match &node.role {
            Role::Cell { .. } => self.close_cell(),
            Role::Link(_) => self.close_link(at),
            _ => {}
        }
        self.break_for(node.breaks);
        match &node.role {
            Role::Bold => self.bold -= 1,
            Role::Italic => self.italic -= 1,
            Role::Strike => self.struck -= 1,
            Role::Code => self.code -= 1,
            Role::Heading(_) => self.heading = None,
            Role::Pre { is_code } => self.pre -= usize::from(*is_code),
            Role::Quote { is_cited } => {
                self.quotes -= 1;
                self.cited -= usize::from(*is_cited);
            }
            Role::List { .. } => drop(self.lists.pop()),
            Role::Item => self.marker = None,
            Role::WordItem(level) => {
                self.lists.truncate(self.lists.len().saturating_sub(*level));
                self.marker = None;
            }
            Role::Table { .. } => drop(self.data.pop()),
            Role::Row => self.close_row(),
            _ => {}
        }
        self.leave_mark(node.mark);
    }

    fn enter_mark(&mut self, mark: Option<Mark>) {
        match mark {
            Some(Mark::Attribution) => self.attribution += 1,
            Some(Mark::HistoryBelow) => {
                self.finish();
                self.starts_history = true;
            }
            Some(Mark::Quoted) => self.quoted += 1,
            Some(Mark::Signature) => self.signature += 1,
            None => {}
        }
    }

    const fn leave_mark(&mut self, mark: Option<Mark>) {
        match mark {
            Some(Mark::Attribution) => self.attribution -= 1,
            Some(Mark::Quoted) => self.quoted -= 1,
            Some(Mark::Signature) => self.signature -= 1,
            Some(Mark::HistoryBelow) | None => {}
        }
    }

    /// Ends the line, where an element stands on lines of its own.
    fn break_for(&mut self, breaks: Breaks) {
        if breaks == Breaks::No {
            return;
        }
        if self.flat > 0 {
            self.space = true;
            return;
        }
        let ended = self.finish();
        // Nested lists and paragraphs in items stand close.
        self.gap |= (breaks == Breaks::Gap && self.lists.len() < 2) || (!ended && self.is_blank_drawn);
        self.is_blank_drawn = false;
    }

    fn line_break(&mut self) {
        if self.flat > 0 || self.heading.is_some() {
            self.space = true;
        } else if !self.finish() {
            self.gap = true;
        }
    }

    /// Ends the line, and tells whether there was one.
    fn finish(&mut self) -> bool {
        self.space = false;
        if self.spans.is_empty() {
            return false;
        }
        let width: usize = self.lists.iter().map(|list| list.width).sum();
        let own = self.lists.last().map_or(0, |list| list.width);
        let marker = self.marker.take();
        let (kind, indent) = match (self.heading, marker) {
            (_, Some(marker)) => (LineKind::Item(marker), width - own),
            (Some(level), None) => (LineKind::Heading(level), 0),
            (None, None) if self.pre > 0 => (LineKind::Code, 0),
            (None, None) => (LineKind::Text, width),
        };
        let spans = std::mem::take(&mut self.spans);
        self.push(Line { kind, indent: indent.min(INDENT_MAX), spans, ..Line::default() });
        true
    }

    /// Adds a line where things stand.
    fn push(&mut self, line: Line) {
        let zone = if self.signature > 0 {
            Zone::Signature
        } else if self.attribution > 0 {
            Zone::Attribution
        } else if self.quoted > 0 || self.cited > 0 {
            Zone::Quoted
        } else {
            Zone::Own
        };
        self.lines.push(Line {
            quotes: self.quotes.min(QUOTES_MAX),
            gap: std::mem::take(&mut self.gap),
            zone,
            starts_history: std::mem::take(&mut self.starts_history),
            ..line
        });
        self.is_blank_drawn = false;
    }

    fn rule(&mut self) {
        let is_wanted = self.lines.last().is_some_and(|line| line.kind != LineKind::Rule);
        if self.flat == 0 && is_wanted {
            self.push(Line { kind: LineKind::Rule, ..Line::default() });
        }
        self.gap = true;
    }

    fn text(&mut self, text: &str, keeps_space: bool) {
        for c in text.chars() {
            if !self.sieve.passes(c) {
                continue;
            }
            match c {
                '\n' if keeps_space && self.flat == 0 && self.pre > 0 => self.code_line(),
                '\n' if keeps_space => self.line_break(),
                ' ' | '\t' if self.pre > 0 && self.flat == 0 => {
                    self.sign(if c == '\t' { "    " } else { " " })
                }
                c if c.is_whitespace() => {
                    self.is_blank_drawn |= c == '\u{a0}' && self.spans.is_empty();
                    self.space = true;
                }
                c => self.word(c),
            }
        }
    }

    /// Ends a line of code, which may be empty.
    fn code_line(&mut self) {
        if self.spans.is_empty() {
            self.spans.push(Span::default());
        }
        self.finish();
    }

    fn word(&mut self, c: char) {
        if self.space && !self.spans.is_empty() {
            self.sign(" ");
        }
        self.space = false;
        self.sign(c.encode_utf8(&mut [0; 4]));
        if let Some(link) = &mut self.link {
            link.has_text = true;
        }
    }

    /// Adds to the span of this style, or begins one.
    fn sign(&mut self, text: &str) {
        let style = if self.pre > 0 {
            Style::default()
        } else {
            Style {
                is_bold: self.bold > 0 && self.code == 0,
                is_italic: self.italic > 0 && self.code == 0,
                is_struck: self.struck > 0 && self.code == 0,
                is_code: self.code > 0,
            }
        };
        let link = self.link.as_ref().map(|open| &open.url);
        match self.spans.last_mut() {
            Some(last) if last.style == style && last.link.as_ref() == link => last.text.push_str(text),
            _ => self.spans.push(Span { text: text.to_owned(), style, link: link.cloned() }),
        }
    }

    fn words(&mut self, words: &str) {
        self.text(words, false);
    }

    fn picture(&mut self, says: Option<&str>) {
        if let Some(link) = &mut self.link {
            link.has_picture = true;
        }
        match says {
            Some(words) if self.link.is_some() => {
                self.space = true;
                self.words(words);
                self.space = true;
            }
            Some(words) => {
                self.space = true;
                self.words("[Image:");
                self.space = true;
                self.words(words);
                self.space = false;
                self.words("]");
                self.space = true;
            }
            None => {}
        }
    }

    fn item(&mut self) {
        let Some(list) = self.lists.last_mut() else {
            // An item without a list.
            self.marker = Some("-".to_owned());
            return;
        };
        let marker = if list.ordered { format!("{}.", list.next) } else { "-".to_owned() };
        list.next = list.next.saturating_add(1);
        list.width = marker.len() + 1;
        self.marker = Some(marker);
    }

    /// Numbers and letters are kept, bullets of whatever font become a dash.
    fn word_marker(&mut self, nodes: &[Node]) {
        let text: String = nodes.iter().filter_map(Node::as_text).collect();
        let text = text.trim();
        let is_number = text.ends_with(['.', ')']) && text.len() <= 6 && text.is_ascii();
        let marker = if is_number { text } else { "-" };
        if let Some(list) = self.lists.last_mut() {
            list.width = marker.len() + 1;
        }
        self.marker = Some(marker.to_owned());
    }

    fn open_link(&mut self, at: usize, href: &str) {
        if self.link.is_some() {
            return;
        }
        let Some(link) = link::clean(href) else { return };
        self.trackers += usize::from(link.was_tracked);
        self.link = Some(Open { url: link.url.into(), at, has_text: false, has_picture: false });
    }

    fn close_link(&mut self, at: usize) {
        let Some(link) = self.link.take_if(|link| link.at == at) else { return };
        if link.has_text {
            return;
        }
        // A picture that says nothing: a network's sign can be told, and anything else is at least a way on.
        let label = match social::network(&link.url, "") {
            Some(network) => network,
            None if link.has_picture => "picture",
            None => return,
        };
        self.link = Some(link);
        self.space = true;
        self.words(label);
        self.link = None;
        self.space = true;
    }

    fn open_row(&mut self, at: usize) {
        let is_data = self.data.last().is_some_and(Option::is_some);
        let is_line = self.tables.lines.contains(&at);
        self.rows.push((self.flat == 0 && (is_data || is_line)).then(Vec::new));
    }

    fn open_cell(&mut self) {
        if self.rows.last().is_some_and(Option::is_some) {
            self.flat += 1;
            self.space = false;
        }
    }

    fn close_cell(&mut self) {
        if let Some(Some(cells)) = self.rows.last_mut() {
            self.flat -= 1;
            self.space = false;
            cells.push(std::mem::take(&mut self.spans));
        }
    }

    fn close_row(&mut self) {
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
