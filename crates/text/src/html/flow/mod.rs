//! From a page to lines.
//!
//! White space is collapsed as CSS does within a line; a no-break space counts as white space, because nothing here has
//! a margin. What nests deeper than [`QUOTES_MAX`] quotes or [`INDENT_MAX`] columns is written as deep as that, so that
//! no line grows with its depth.

use std::rc::Rc;

use super::link;
use super::marks::Mark;
use super::page::{Breaks, Node, Page, Role};
use super::repeats::{self, is_drawn_rule};
use super::social;
use super::table::{self, Tables};
use crate::clean::Sieve;
use crate::line::{Line, LineKind, Span, Zone};

mod rows;
mod text;

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
pub(crate) fn lines(page: &Page) -> Laid {
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
        lines: repeats::without(social::without_farms(flow.lines)),
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
    pending: Pending,
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
    /// The zone in which the line began.
    zone: Zone,
    heading: Option<u8>,
    lists: Vec<List>,
    marker: Option<String>,
    link: Option<Open>,
    /// Line breaks are white space: a cell of a table is being read.
    flat: usize,
    rows: Vec<Option<Vec<Vec<Span>>>>,
    data: Vec<Option<(table::Data, bool)>>,
}

/// What goes before the next word or line, if one comes.
#[derive(Default)]
struct Pending {
    space: bool,
    /// An empty line.
    gap: bool,
    /// Whether the line that is empty so far holds white space which is drawn.
    is_drawn: bool,
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
                // Wide enough for items of a numbered list around it.
                self.lists.extend((0..*level).map(|_| List { ordered: false, next: 1, width: 3 }));
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
            self.pending.space = true;
            return;
        }
        let ended = self.finish();
        // Nested lists and paragraphs in items stand close.
        self.pending.gap |=
            (breaks == Breaks::Gap && self.lists.len() < 2) || (!ended && self.pending.is_drawn);
        self.pending.is_drawn = false;
    }

    fn line_break(&mut self) {
        if self.flat > 0 || self.heading.is_some() {
            self.pending.space = true;
        } else if !self.finish() {
            self.pending.gap = true;
        }
    }

    /// Ends the line, and tells whether there was one.
    fn finish(&mut self) -> bool {
        self.pending.space = false;
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
        let kind = if kind == LineKind::Text && is_drawn_rule(&spans) { LineKind::Rule } else { kind };
        self.push(Line { kind, indent: indent.min(INDENT_MAX), spans, ..Line::default() });
        true
    }

    /// Adds a line where things stand.
    fn push(&mut self, line: Line) {
        let zone = if line.spans.is_empty() { self.current_zone() } else { self.zone };
        self.lines.push(Line {
            quotes: self.quotes.min(QUOTES_MAX),
            gap: std::mem::take(&mut self.pending.gap),
            zone,
            starts_history: std::mem::take(&mut self.starts_history),
            ..line
        });
        self.pending.is_drawn = false;
    }

    const fn current_zone(&self) -> Zone {
        if self.signature > 0 {
            Zone::Signature
        } else if self.attribution > 0 {
            Zone::Attribution
        } else if self.quoted > 0 || self.cited > 0 {
            Zone::Quoted
        } else {
            Zone::Own
        }
    }

    fn rule(&mut self) {
        let is_wanted = self.lines.last().is_some_and(|line| line.kind != LineKind::Rule);
        if self.flat == 0 && is_wanted {
            self.push(Line { kind: LineKind::Rule, ..Line::default() });
        }
        self.pending.gap = true;
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
            None if link.has_picture => repeats::PICTURE,
            None => return,
        };
        self.link = Some(link);
        self.pending.space = true;
        self.words(label);
        self.link = None;
        self.pending.space = true;
    }
}
