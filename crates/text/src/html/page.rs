//! What a reader sees of a page, as a list.
//!
//! Nodes stand in the order of the document; each knows where what is in it ends, so that nobody has to recurse. Hidden
//! text is not in the list, it is counted.

use html5ever::tendril::TendrilSink as _;
use html5ever::{Attribute, ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

use super::elements::{self, Kind};
use super::marks::{self, Mark};
use super::picture::{self, Picture};
use crate::bounds::readable_bytes;
use crate::style::{Display, Look, Named, Sheet, Styles};

/// A page without what its reader does not see.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) nodes: Vec<Node>,
    /// Characters that are not in it because they are hidden, white space aside.
    pub(crate) hidden: usize,
    /// Pictures that only track.
    pub(crate) trackers: usize,
    /// Bytes of the source that were not read.
    pub(crate) unread: usize,
}

/// A text or an element.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) role: Role,
    /// The element it is in.
    parent: usize,
    /// Behind the last node in it.
    pub(crate) end: usize,
    pub(crate) breaks: Breaks,
    pub(crate) mark: Option<Mark>,
    named: Named,
}

/// Whether an element stands on lines of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breaks {
    No,
    Line,
    Gap,
}

/// What a node is for the text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Bold,
    Box,
    Break,
    Cell {
        header: bool,
    },
    Code,
    Heading(u8),
    Italic,
    Item,
    Link(String),
    List {
        ordered: bool,
        start: usize,
    },
    /// A picture, and what it stands for.
    Picture(Option<String>),
    /// Preformatted, which is code or a text that came without markup.
    Pre {
        is_code: bool,
    },
    Quote {
        is_cited: bool,
    },
    Row,
    Rule,
    Strike,
    Table {
        is_presentation: bool,
        is_bordered: bool,
    },
    Text {
        text: String,
        keeps_space: bool,
    },
    /// A list item of Word, on this level from 1.
    WordItem(usize),
    /// What Word draws before it.
    WordMarker,
}

impl Node {
    /// The text of a text.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.role {
            Role::Text { text, .. } => Some(text),
            _ => None,
        }
    }
}

impl Page {
    /// Reads a page. What is behind more markup than is read is told in bytes.
    pub(crate) fn read(html: &str) -> Self {
        let (source, behind) = html.split_at(readable_bytes(html));
        let dom = parse_document(RcDom::default(), ParseOpts::default()).one(source);
        let mut walk = Walk { page: Self::default(), sheet: Sheet::default(), todo: Vec::new() };
        walk.page.unread = behind.len();
        walk.read_sheet(&dom.document);
        let root = walk.add(Role::Box, Breaks::Line, None, Named::default(), 0);
        walk.todo.push(Step { node: dom.document.clone(), parent: root, look: Look::page() });
        while let Some(step) = walk.todo.pop() {
            walk.visit(&step);
        }
        walk.page.close();
        walk.page
    }

    /// Finds where each node ends, from the last to the first.
    fn close(&mut self) {
        for at in (1..self.nodes.len()).rev() {
            let Some((parent, end)) = self.nodes.get(at).map(|node| (node.parent, node.end)) else { return };
            if let Some(parent) = self.nodes.get_mut(parent) {
                parent.end = parent.end.max(end);
            }
        }
    }
}

/// Characters of a text, white space aside.
pub(crate) fn seen(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

struct Step {
    node: Handle,
    parent: usize,
    look: Look,
}

struct Walk {
    page: Page,
    sheet: Sheet,
    /// A stack of our own: nesting in mail is not bounded by anybody.
    todo: Vec<Step>,
}

impl Walk {
    /// Reads the style elements, wherever they are: they hold for the whole page.
    fn read_sheet(&mut self, document: &Handle) {
        let mut todo = vec![document.clone()];
        while let Some(node) = todo.pop() {
            let is_style = matches!(&node.data, NodeData::Element { name, .. } if &*name.local == "style");
            for child in node.children.borrow().iter().rev() {
                match &child.data {
                    NodeData::Text { contents } if is_style => self.sheet.read(&contents.borrow()),
                    _ => todo.push(child.clone()),
                }
            }
        }
    }

    fn add(&mut self, role: Role, breaks: Breaks, mark: Option<Mark>, named: Named, parent: usize) -> usize {
        let at = self.page.nodes.len();
        self.page.nodes.push(Node { role, parent, end: at + 1, breaks, mark, named });
        at
    }

    fn enter(&mut self, node: &Handle, parent: usize, look: Look) {
        let children = node.children.borrow();
        self.todo.extend(children.iter().rev().map(|child| Step { node: child.clone(), parent, look }));
    }

    fn visit(&mut self, step: &Step) {
        match &step.node.data {
            NodeData::Text { contents } if step.look.is_seen() => {
                let role =
                    Role::Text { text: contents.borrow().to_string(), keeps_space: step.look.keeps_space };
                self.add(role, Breaks::No, None, Named::default(), step.parent);
            }
            NodeData::Text { contents } => self.page.hidden += seen(&contents.borrow()),
            NodeData::Comment { contents } => self.page.hidden += seen_in_comment(contents),
            NodeData::Element { name, attrs, .. } => self.visit_element(step, &name.local, &attrs.borrow()),
            NodeData::Document => self.enter(&step.node, step.parent, step.look),
            NodeData::Doctype { .. } | NodeData::ProcessingInstruction { .. } => {}
        }
    }

    fn visit_element(&mut self, step: &Step, tag: &str, attributes: &[Attribute]) {
        let kind = elements::kind(tag);
        if kind == Kind::NoText {
            return;
        }
        let attribute = |name: &str| {
            attributes.iter().find(|attribute| &*attribute.name.local == name).map(|found| &*found.value)
        };
        let text_of = |name: &str| attribute(name).unwrap_or_default().to_owned();
        let named = Named { tag: tag.to_owned(), id: text_of("id"), classes: text_of("class") };
        let styles = if step.look.is_gone() {
            Styles::default()
        } else {
            let nodes = &self.page.nodes;
            let rules = self.sheet.of(&named, || Ancestors { nodes, next: Some(step.parent) });
            Styles::of(rules, attribute("style"))
        };
        let mut look = step.look.of(tag, &styles, attribute);
        let is_empty = |name: &str| attribute(name).is_some_and(|size| matches!(size.trim(), "0" | "0px"));
        let sized = matches!(kind, Kind::Block { .. } | Kind::Inline | Kind::Link);
        if kind == Kind::NotShown || (sized && (is_empty("width") || is_empty("height"))) {
            look = look.gone();
        }
        if kind == Kind::Picture {
            self.picture(step.parent, look, &styles, &attribute);
            return;
        }
        if look.is_gone() {
            self.enter(&step.node, step.parent, look);
            return;
        }
        let role = role(kind, &named, &styles, &attribute);
        let breaks = breaks(kind, &role, &named, &styles);
        let mark = marks::mark(&named.id, &named.classes);
        let own = self.add(role, breaks, mark, named, step.parent);
        self.enter(&step.node, own, look);
    }

    fn picture<'a>(
        &mut self,
        parent: usize,
        look: Look,
        styles: &Styles,
        attribute: &impl Fn(&str) -> Option<&'a str>,
    ) {
        let source = attribute("src").unwrap_or_default();
        let alt = attribute("alt").unwrap_or_default();
        let size = |name: &str| {
            let pixels = |value: &str| value.trim().trim_end_matches("px").parse::<f32>().ok();
            attribute(name).and_then(pixels).or_else(|| styles.find(name, pixels))
        };
        let judged = if look.is_shown() {
            picture::judge(size("width"), size("height"), source, alt)
        } else {
            // A hidden picture from outside is fetched all the same.
            picture::judge(Some(0.0), Some(0.0), source, alt)
        };
        if picture::is_too_long(alt) || !look.is_shown() {
            self.page.hidden += seen(alt);
        }
        let says = match judged {
            Picture::Tracks => {
                self.page.trackers += 1;
                return;
            }
            Picture::IsSign(text) => {
                self.add(Role::Text { text, keeps_space: false }, Breaks::No, None, Named::default(), parent);
                return;
            }
            Picture::Says(words) => Some(words),
            Picture::Silent if look.is_shown() => None,
            Picture::Silent => return,
        };
        self.add(Role::Picture(says), Breaks::No, None, Named::default(), parent);
    }
}

struct Ancestors<'a> {
    nodes: &'a [Node],
    next: Option<usize>,
}

impl<'a> Iterator for Ancestors<'a> {
    type Item = &'a Named;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.next?;
        let node = self.nodes.get(at)?;
        // The root is in itself.
        self.next = (node.parent < at).then_some(node.parent);
        Some(&node.named)
    }
}

fn role<'a>(
    kind: Kind,
    named: &Named,
    styles: &Styles,
    attribute: &impl Fn(&str) -> Option<&'a str>,
) -> Role {
    let word = styles.find("mso-list", |value| Some(value.to_owned()));
    let is_normal = || styles.find("font-weight", |v| matches!(v, "normal" | "400").then_some(())).is_some();
    match (kind, word) {
        (Kind::Inline, Some(word)) if word.starts_with("ignore") => Role::WordMarker,
        (Kind::Block { .. }, Some(word)) if word.contains("level") => {
            let digits = word.split("level").nth(1).and_then(|rest| rest.split_whitespace().next());
            Role::WordItem(digits.and_then(|digits| digits.parse().ok()).unwrap_or(1).clamp(1, 9))
        }
        (Kind::Bold, _) if is_normal() => Role::Box,
        (Kind::Bold, _) => Role::Bold,
        (Kind::Break, _) => Role::Break,
        (Kind::Cell { header }, _) => Role::Cell { header },
        (Kind::Code, _) => Role::Code,
        (Kind::Heading(level), _) => Role::Heading(level),
        (Kind::Italic, _) => Role::Italic,
        (Kind::Item, _) => Role::Item,
        (Kind::Link, _) => Role::Link(attribute("href").unwrap_or_default().to_owned()),
        (Kind::List { ordered }, _) => {
            let start = attribute("start").and_then(|start| start.trim().parse().ok());
            Role::List { ordered, start: start.unwrap_or(1) }
        }
        (Kind::Pre, _) => {
            let is_code = attribute("wrap").is_none() && !named.classes.contains("moz-quote-pre");
            Role::Pre { is_code }
        }
        (Kind::Quote, _) => {
            Role::Quote { is_cited: marks::is_cited(attribute("type"), &named.id, &named.classes) }
        }
        (Kind::Row, _) => Role::Row,
        (Kind::Rule, _) => Role::Rule,
        (Kind::Strike, _) => Role::Strike,
        (Kind::Table, _) => {
            let is_drawn = |value: &str| !matches!(value.trim(), "" | "0" | "none" | "0px");
            let drawn =
                styles.find("border", |value| Some(!value.contains("none") && !value.starts_with('0')));
            Role::Table {
                is_presentation: attribute("role")
                    .is_some_and(|role| matches!(role, "presentation" | "none")),
                is_bordered: attribute("border").is_some_and(is_drawn)
                    || drawn == Some(true)
                    || named.classes.contains("MsoTableGrid"),
            }
        }
        (Kind::Block { .. } | Kind::Inline | Kind::NoText | Kind::NotShown | Kind::Picture, _) => Role::Box,
    }
}

/// Paragraphs that Outlook writes without a gap between them.
const DENSE_CLASSES: [&str; 4] = ["MsoNormal", "MsoPlainText", "MsoListParagraph", "MsoNoSpacing"];

fn breaks(kind: Kind, role: &Role, named: &Named, styles: &Styles) -> Breaks {
    let own = match kind {
        Kind::Block { gap: true } => {
            let is_dense =
                DENSE_CLASSES.iter().any(|class| named.classes.contains(class)) || styles.is_dense();
            if is_dense { Breaks::Line } else { Breaks::Gap }
        }
        Kind::Block { gap: false } | Kind::Cell { .. } | Kind::Item | Kind::Row | Kind::Rule => Breaks::Line,
        Kind::Heading(_) | Kind::List { .. } | Kind::Pre | Kind::Quote | Kind::Table => Breaks::Gap,
        _ => Breaks::No,
    };
    // Outlook draws a line over the head of a message that is answered, and has no other gap there.
    let is_framed = styles.find("border-top", |value| Some(!value.starts_with("none"))) == Some(true);
    let own = if own == Breaks::Line && is_framed && *role == Role::Box { Breaks::Gap } else { own };
    let is_box = matches!(role, Role::Box | Role::Link(_) | Role::Bold | Role::Italic);
    match styles.display() {
        Some(Display::Inline) if is_box => Breaks::No,
        Some(Display::Block | Display::Table) if own == Breaks::No && is_box => Breaks::Line,
        _ => own,
    }
}

/// Characters of the text in a comment: Outlook keeps markup for itself there, which says nothing.
fn seen_in_comment(comment: &str) -> usize {
    let trimmed = comment.trim_start();
    let text = match trimmed.strip_prefix('[') {
        Some(condition) if condition.starts_with("if") || condition.starts_with("endif") => {
            condition.split_once(']').map_or("", |(_, text)| text)
        }
        _ => trimmed,
    };
    let mut is_markup = false;
    let mut count = 0;
    for c in text.strip_prefix('>').unwrap_or(text).chars() {
        match c {
            '<' => is_markup = true,
            '>' if is_markup => is_markup = false,
            _ if is_markup || c.is_whitespace() => {}
            _ => count += 1,
        }
    }
    count
}
