//! HTML laid bare: everything a page says, for a person who decides whether it may go out.
//!
//! [`super::html_to_markdown`] keeps what a reader sees. Here nothing is kept back: what a style hides is there and marked
//! as hidden, so are comments and invisible characters, and every link and picture says where it leads. The result is
//! text in lines; who shows it needs no markup of the page's own.

use html5ever::tendril::TendrilSink as _;
use html5ever::{Attribute, ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

use super::elements::{self, Kind};
use crate::bounds::readable_bytes;
use crate::clean::{BREAKS, is_hidden};
use crate::style::{Look, Named, Sheet, Styles};

/// A text in lines, with nothing kept back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bare {
    /// The lines; none is empty.
    pub lines: Vec<BareLine>,
    /// Bytes of markup that were not read, because there is more of it than is worth reading.
    pub unread: usize,
}

/// One line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BareLine {
    /// What it is.
    pub shape: Shape,
    /// Whether it begins a paragraph.
    pub gap: bool,
    /// What stands in it, in order.
    pub pieces: Vec<Piece>,
}

/// What a line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shape {
    /// A heading.
    Heading,
    /// An item of a list.
    Item,
    /// A line of something quoted.
    Quote,
    /// Anything else.
    #[default]
    Text,
}

/// A run of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is to a reader.
    pub kind: PieceKind,
    /// The characters.
    pub text: String,
}

/// What a run of characters is to a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceKind {
    /// Stands out.
    Bold,
    /// There, and not shown: hidden text, a comment, an invisible character by its number.
    Hidden,
    /// Leaning.
    Italic,
    /// Where the link before it leads.
    Link,
    /// A picture: what it is called and where it is fetched.
    Picture,
    /// Nothing particular.
    Plain,
}

/// Lays HTML bare. Time and memory grow with the input and no faster.
#[must_use]
pub fn html_laid_bare(html: &str) -> Bare {
    let (source, behind) = html.split_at(readable_bytes(html));
    let dom = parse_document(RcDom::default(), ParseOpts::default()).one(source);
    let mut walk = Walk { sheet: sheet_of(&dom.document), ..Walk::default() };
    walk.todo.push(Step::Enter(dom.document.clone(), State::page()));
    while let Some(step) = walk.todo.pop() {
        match step {
            Step::Enter(node, state) => walk.enter(&node, state),
            Step::Leave(kind, address) => walk.leave(kind, address),
        }
    }
    walk.break_line(false);
    Bare { lines: walk.lines, unread: behind.len() }
}

/// Lays plain text bare: its lines, with invisible characters by their numbers.
#[must_use]
pub fn text_laid_bare(text: &str) -> Bare {
    let mut walk = Walk::default();
    for line in text.split(BREAKS) {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.trim().is_empty() {
            walk.break_line(true);
        } else {
            walk.add(line, PieceKind::Plain);
            walk.break_line(false);
        }
    }
    Bare { lines: walk.lines, unread: 0 }
}

#[derive(Clone, Copy)]
struct State {
    look: Look,
    kind: PieceKind,
    shape: Shape,
    /// The element it is in, among [`Walk::elements`].
    parent: Option<usize>,
}

impl State {
    const fn page() -> Self {
        Self { look: Look::page(), kind: PieceKind::Plain, shape: Shape::Text, parent: None }
    }
}

enum Step {
    Enter(Handle, State),
    Leave(Kind, Option<String>),
}

#[derive(Default)]
struct Walk {
    sheet: Sheet,
    /// The elements so far, and which each is in: rules name ancestors.
    elements: Vec<(Named, Option<usize>)>,
    lines: Vec<BareLine>,
    line: Vec<Piece>,
    shape: Shape,
    /// The next line begins a paragraph.
    gap: bool,
    /// White space waits for a word.
    space: bool,
    /// A stack of our own: nesting is not bounded by anybody.
    todo: Vec<Step>,
}

struct Ancestors<'a> {
    elements: &'a [(Named, Option<usize>)],
    next: Option<usize>,
}

impl<'a> Iterator for Ancestors<'a> {
    type Item = &'a Named;

    fn next(&mut self) -> Option<Self::Item> {
        let (named, parent) = self.elements.get(self.next?)?;
        self.next = *parent;
        Some(named)
    }
}

fn sheet_of(document: &Handle) -> Sheet {
    let (mut sheet, mut todo) = (Sheet::default(), vec![document.clone()]);
    while let Some(node) = todo.pop() {
        let is_style = matches!(&node.data, NodeData::Element { name, .. } if &*name.local == "style");
        for child in node.children.borrow().iter().rev() {
            match &child.data {
                NodeData::Text { contents } if is_style => sheet.read(&contents.borrow()),
                _ => todo.push(child.clone()),
            }
        }
    }
    sheet
}

impl Walk {
    fn enter(&mut self, node: &Handle, state: State) {
        match &node.data {
            NodeData::Text { contents } => self.text(&contents.borrow(), state),
            NodeData::Comment { contents } => self.words(contents, PieceKind::Hidden),
            NodeData::Element { name, attrs, .. } => {
                self.element(node, &name.local, &attrs.borrow(), state);
            }
            NodeData::Document => self.children(node, state),
            NodeData::Doctype { .. } | NodeData::ProcessingInstruction { .. } => {}
        }
    }

    fn children(&mut self, node: &Handle, state: State) {
        let children = node.children.borrow();
        self.todo.extend(children.iter().rev().map(|child| Step::Enter(child.clone(), state)));
    }

    fn element(&mut self, node: &Handle, tag: &str, attributes: &[Attribute], state: State) {
        let attribute = |name: &str| {
            attributes.iter().find(|attribute| &*attribute.name.local == name).map(|found| &*found.value)
        };
        let kind = elements::kind(tag);
        // Formatting is not text; whatever else a browser does not show is.
        if matches!(tag, "style" | "head") {
            return;
        }
        let text_of = |name: &str| attribute(name).unwrap_or_default().to_owned();
        let named = Named { tag: tag.to_owned(), id: text_of("id"), classes: text_of("class") };
        let elements = &self.elements;
        let rules = self.sheet.of(&named, || Ancestors { elements, next: state.parent });
        let mut look = state.look.of(tag, &Styles::of(rules, attribute("style")), attribute);
        if matches!(kind, Kind::NotShown | Kind::NoText) {
            look = look.gone();
        }
        if kind == Kind::Picture {
            self.picture(attribute("alt"), attribute("src"), look.is_shown());
            return;
        }
        self.begin(kind);
        let shape = match kind {
            Kind::Heading(_) => Shape::Heading,
            Kind::Item => Shape::Item,
            Kind::Quote => Shape::Quote,
            _ => state.shape,
        };
        self.shape = shape;
        let of_kind = match kind {
            Kind::Bold | Kind::Cell { header: true } => PieceKind::Bold,
            Kind::Italic => PieceKind::Italic,
            _ => state.kind,
        };
        let address = (kind == Kind::Link).then(|| attribute("href").map(str::to_owned)).flatten();
        self.todo.push(Step::Leave(kind, address));
        self.elements.push((named, state.parent));
        let parent = self.elements.len().checked_sub(1);
        self.children(node, State { look, kind: of_kind, shape, parent });
    }

    fn begin(&mut self, kind: Kind) {
        match kind {
            Kind::Block { gap } => self.break_line(gap),
            Kind::Heading(_) | Kind::List { .. } | Kind::Pre | Kind::Quote | Kind::Rule | Kind::Table => {
                self.break_line(true);
            }
            Kind::Break | Kind::Item | Kind::Row => self.break_line(false),
            Kind::Cell { .. } if !self.line.is_empty() => self.add(" | ", PieceKind::Plain),
            _ => {}
        }
    }

    fn leave(&mut self, kind: Kind, address: Option<String>) {
        match kind {
            Kind::Block { .. } | Kind::Item | Kind::Row => self.break_line(false),
            Kind::Heading(_) | Kind::List { .. } | Kind::Pre | Kind::Quote | Kind::Table => {
                self.break_line(true);
                self.shape = Shape::Text;
            }
            _ => {}
        }
        if let Some(address) = address.filter(|address| !address.trim().is_empty()) {
            self.space = true;
            self.words(&address, PieceKind::Link);
        }
    }

    fn picture(&mut self, alt: Option<&str>, source: Option<&str>, is_shown: bool) {
        let words = [alt, source].into_iter().flatten().map(str::trim).filter(|part| !part.is_empty());
        let words = words.collect::<Vec<_>>().join(", ");
        self.space = true;
        self.words(
            if words.is_empty() { "picture" } else { &words },
            if is_shown { PieceKind::Picture } else { PieceKind::Hidden },
        );
        self.space = true;
    }

    fn text(&mut self, text: &str, state: State) {
        let kind = if state.look.is_seen() { state.kind } else { PieceKind::Hidden };
        if self.line.is_empty() {
            self.shape = state.shape;
        }
        if !state.look.keeps_space {
            self.words(text, kind);
            return;
        }
        for (number, line) in text.split(BREAKS).enumerate() {
            if number > 0 {
                self.break_line(false);
                self.shape = state.shape;
            }
            self.add(line, kind);
        }
    }

    /// Text whose white space says nothing but that words end.
    fn words(&mut self, text: &str, kind: PieceKind) {
        self.space |= text.starts_with(char::is_whitespace);
        for word in text.split_whitespace() {
            if self.space && !self.line.is_empty() {
                self.add(" ", if self.ends_with(kind) { kind } else { PieceKind::Plain });
            }
            self.add(word, kind);
            self.space = true;
        }
        if !text.is_empty() && !text.ends_with(char::is_whitespace) {
            self.space = false;
        }
    }

    fn ends_with(&self, kind: PieceKind) -> bool {
        self.line.last().is_some_and(|last| last.kind == kind)
    }

    /// Adds characters; the invisible ones by their numbers.
    fn add(&mut self, text: &str, kind: PieceKind) {
        let mut rest = text;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_hidden(*c)) {
            self.push(rest.get(..at).unwrap_or_default(), kind);
            self.push(&format!("U+{:04X}", u32::from(c)), PieceKind::Hidden);
            rest = rest.get(at + c.len_utf8()..).unwrap_or_default();
        }
        self.push(rest, kind);
    }

    fn push(&mut self, text: &str, kind: PieceKind) {
        if text.is_empty() {
            return;
        }
        self.space = false;
        match self.line.last_mut().filter(|last| last.kind == kind) {
            Some(last) => last.text.push_str(text),
            None => self.line.push(Piece { kind, text: text.to_owned() }),
        }
    }

    fn break_line(&mut self, gap: bool) {
        self.space = false;
        let pieces = std::mem::take(&mut self.line);
        if pieces.iter().any(|piece| !piece.text.trim().is_empty()) {
            self.lines.push(BareLine { shape: self.shape, gap: self.gap, pieces });
            self.gap = false;
        }
        self.gap |= gap;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The lines with marks: `*` bold, `_` italic, `[…]` where a link leads, `{…}` a picture, `<…>` hidden.
    fn marked(bare: &Bare) -> Vec<String> {
        let piece = |piece: &Piece| match piece.kind {
            PieceKind::Bold => format!("*{}*", piece.text),
            PieceKind::Hidden => format!("<{}>", piece.text),
            PieceKind::Italic => format!("_{}_", piece.text),
            PieceKind::Link => format!("[{}]", piece.text),
            PieceKind::Picture => format!("{{{}}}", piece.text),
            PieceKind::Plain => piece.text.clone(),
        };
        bare.lines.iter().map(|line| line.pieces.iter().map(piece).collect()).collect()
    }

    fn html(html: &str) -> Vec<String> {
        marked(&html_laid_bare(html))
    }

    #[test]
    fn what_a_reader_sees_is_there_in_lines() {
        assert_eq!(
            html("<p>Hi <b>Megan</b>,</p><ul><li>one<li>two</ul><table><tr><td>1<td>2</table>"),
            ["Hi *Megan*,", "one", "two", "1 | 2"]
        );
        assert_eq!(html("a<br>b<pre>c\n  d</pre>"), ["a", "b", "c", "  d"]);
        assert_eq!(html(""), Vec::<String>::new());
    }

    #[test]
    fn a_link_and_a_picture_say_where_they_lead() {
        assert_eq!(
            html("<a href='https://evil.example/?q=1'>https://contoso.example</a> now"),
            ["https://contoso.example [https://evil.example/?q=1] now"]
        );
        assert_eq!(html("<img alt=logo src='https://x.example/p?d=1'>"), ["{logo, https://x.example/p?d=1}"]);
    }

    #[test]
    fn what_is_hidden_is_there_and_marked() {
        for (page, line) in [
            ("<p>Hi <span style='display:none'>code 4711</span></p>", "Hi <code 4711>"),
            ("<p style='color:#fff'>white</p>", "<white>"),
            ("<p style='font-size:0'>small</p>", "<small>"),
            ("<p hidden>gone</p>", "<gone>"),
            ("<style>.x{visibility:hidden}</style><p class=x>styled</p>", "<styled>"),
            ("<style>.y p{display:none}</style><div class=y><p>below</p></div>", "<below>"),
            ("<!-- a comment -->seen", "<a comment>seen"),
            ("<script>send(1)</script>", "<send(1)>"),
            ("a\u{200b}b", "a<U+200B>b"),
            ("<img style='display:none' src='https://x.example/t'>", "<https://x.example/t>"),
        ] {
            assert_eq!(html(page).concat(), line, "{page}");
        }
    }

    #[test]
    fn plain_text_keeps_its_lines_and_is_no_markup() {
        let bare = text_laid_bare("one\r\n\r\n<b>two</b>\u{202e}\nthree");
        assert_eq!(marked(&bare), ["one", "<b>two</b><U+202E>", "three"]);
        assert_eq!(bare.lines.iter().map(|line| line.gap).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn deep_nesting_is_no_danger() {
        let deep = "<div>".repeat(20_000) + "x";
        assert!(html_laid_bare(&deep).lines.len() <= 1);
    }

    proptest! {
        #[test]
        fn no_invisible_character_is_left_as_itself(text in "(\\PC|\u{200b}|\u{202e}|<b>|<p hidden>|</p>| |\n){0,60}") {
            for bare in [html_laid_bare(&text), text_laid_bare(&text)] {
                let pieces = bare.lines.iter().flat_map(|line| &line.pieces);
                let left = pieces.flat_map(|piece| piece.text.chars()).any(is_hidden);
                prop_assert!(!left);
            }
        }
    }
}
