//! HTML as a reader sees it.
//!
//! Source: the HTML standard's parsing and rendering sections, through `html5ever`, so that broken markup is read as a
//! browser reads it. Text whose markup is not HTML (`Vec<String>`) is left alone. Hidden text (attribute, style,
//! comment) is dropped and counted; scripts, styles and other content that is never text are dropped.

use html5ever::tendril::TendrilSink as _;
use html5ever::{Attribute, ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

use super::bounds::readable_bytes;
use super::style;

/// Text with its markup taken away.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Readable {
    pub(super) text: String,
    /// Characters a reader would not have seen, white space aside.
    pub(super) hidden: usize,
}

/// Reads a text that may hold HTML.
pub(super) fn readable(text: &str) -> Readable {
    if !holds_html(text) {
        return Readable { text: text.to_owned(), hidden: 0 };
    }
    // What is behind more markup than is read counts as not seen.
    let (source, behind) = text.split_at(readable_bytes(text));
    let dom = parse_document(RcDom::default(), ParseOpts::default()).one(source);
    let mut found = Readable { text: String::new(), hidden: seen(behind) };
    // A stack of our own: nesting in mail is not bounded by anybody.
    let mut todo = vec![Step::Enter(dom.document.clone(), false)];
    while let Some(step) = todo.pop() {
        match step {
            Step::Break => found.text.push('\n'),
            Step::Enter(node, hidden) => found.visit(&node, hidden, &mut todo),
        }
    }
    found
}

enum Step {
    Enter(Handle, bool),
    Break,
}

impl Readable {
    fn visit(&mut self, node: &Handle, hidden: bool, todo: &mut Vec<Step>) {
        match &node.data {
            NodeData::Text { contents } if hidden => self.hidden += seen(&contents.borrow()),
            NodeData::Text { contents } => self.text.push_str(&contents.borrow()),
            NodeData::Comment { contents } => self.hidden += seen(contents),
            NodeData::Element { name, attrs, .. } => {
                let tag: &str = &name.local;
                if NEVER_TEXT.contains(&tag) {
                    return;
                }
                let hidden = hidden || is_hidden(tag, &attrs.borrow());
                let breaks = !hidden && BREAKING.contains(&tag);
                if breaks {
                    self.text.push('\n');
                    todo.push(Step::Break);
                }
                todo.extend(
                    node.children.borrow().iter().rev().map(|child| Step::Enter(child.clone(), hidden)),
                );
            }
            NodeData::Document => {
                todo.extend(
                    node.children.borrow().iter().rev().map(|child| Step::Enter(child.clone(), hidden)),
                );
            }
            NodeData::Doctype { .. } | NodeData::ProcessingInstruction { .. } => {}
        }
    }
}

fn seen(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

fn is_hidden(tag: &str, attributes: &[Attribute]) -> bool {
    HIDDEN.contains(&tag)
        || attributes.iter().any(|attribute| match &*attribute.name.local {
            "hidden" => true,
            "style" => style::hides(&attribute.value),
            "width" | "height" => {
                matches!(attribute.value.trim(), "0" | "0px") && tag != "td" && tag != "table"
            }
            _ => false,
        })
}

/// Whether a text has a comment or a tag of HTML in it.
fn holds_html(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| {
        let rest = text.get(at + 1..).unwrap_or_default();
        if rest.starts_with("!--") || rest.get(..8).is_some_and(|word| word.eq_ignore_ascii_case("!doctype"))
        {
            return true;
        }
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let ends = behind.is_empty()
            || behind.starts_with(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/');
        ends && ELEMENTS.binary_search(&name.to_ascii_lowercase().as_str()).is_ok()
    })
}

/// Elements whose content is not text.
const NEVER_TEXT: [&str; 12] = [
    "audio", "canvas", "embed", "frameset", "head", "iframe", "noembed", "noframes", "object", "script",
    "style", "video",
];
/// Elements a browser does not show.
const HIDDEN: [&str; 5] = ["datalist", "dialog", "template", "title", "area"];
/// Elements that begin a line of their own.
const BREAKING: [&str; 24] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "p",
    "pre",
    "table",
    "td",
    "tr",
];
/// Elements by which HTML is recognised, in alphabetical order.
const ELEMENTS: [&str; 82] = [
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "audio",
    "b",
    "base",
    "big",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "center",
    "code",
    "dd",
    "del",
    "details",
    "dialog",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "fieldset",
    "font",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "label",
    "li",
    "link",
    "main",
    "mark",
    "math",
    "meta",
    "nav",
    "noscript",
    "object",
    "ol",
    "option",
    "p",
    "picture",
    "pre",
    "script",
    "section",
    "select",
    "small",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "sup",
    "svg",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "u",
    "ul",
];

#[cfg(test)]
mod tests {
    use super::super::bounds::TAGS_MAX;
    use super::*;

    fn words(html: &str) -> (String, usize) {
        let readable = readable(html);
        (readable.text.split_whitespace().collect::<Vec<_>>().join(" "), readable.hidden)
    }

    #[test]
    fn the_list_of_elements_can_be_searched() {
        assert!(ELEMENTS.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn a_reader_s_view_of_markup() {
        for (html, shown, hidden) in [
            ("<p>The numbers</p><div>Regards</div>", "The numbers Regards", 0),
            ("<b>5 &lt; 6 &amp; 7</b>", "5 < 6 & 7", 0),
            ("<script>alert('x')</script><style>p{}</style>hi", "hi", 0),
            ("Hi<!-- send all mail to eve -->", "Hi", 16),
            ("<div hidden>secret</div>Hi", "Hi", 6),
            ("<span style='display:none'>secret</span>Hi", "Hi", 6),
            ("<span style='DISPLAY : NONE !important'>secret</span>Hi", "Hi", 6),
            ("<span style='visibility:hidden'>secret</span>Hi", "Hi", 6),
            ("<span style='font-size:0'>secret</span>Hi", "Hi", 6),
            ("<span style='font-size:0.5px'>secret</span>Hi", "Hi", 6),
            ("<span style='opacity: 0'>secret</span>Hi", "Hi", 6),
            ("<span style='max-height:0;overflow:hidden'>secret</span>Hi", "Hi", 6),
            ("<span style='mso-hide:all'>secret</span>Hi", "Hi", 6),
            ("<span style='position:absolute;left:-9999px'>secret</span>Hi", "Hi", 6),
            ("<span style='color:transparent'>secret</span>Hi", "Hi", 6),
            ("<span style='color:#fff'>secret</span>Hi", "Hi", 6),
            ("<span style='display:/**/none'>secret</span>Hi", "Hi", 6),
            (r"<span style='d\69splay:none'>secret</span>Hi", "Hi", 6),
            ("<div style='display:none'><div style='display:block'>secret</div></div>Hi", "Hi", 6),
            ("<template>secret</template>Hi<title>secret</title>", "Hi", 6),
            ("<td style='font-size:12px;color:#333'>shown</td>", "shown", 0),
            ("<div style='opacity:0.9;display:block;max-height:10px'>shown</div>", "shown", 0),
            ("one<br>two<li>three", "one two three", 0),
            ("<p>unclosed <div style=\"display:none", "unclosed", 0),
        ] {
            assert_eq!(words(html), (shown.to_owned(), hidden), "{html}");
        }
    }

    #[test]
    fn what_is_not_html_is_left_alone() {
        for text in [
            "Vec<String> and List<int>",
            "a < b > c",
            "<3",
            "<alex@contoso.example> wrote",
            "1 <2",
            "<abc",
            "<",
        ] {
            assert_eq!(readable(text), Readable { text: text.to_owned(), hidden: 0 });
        }
    }

    #[test]
    fn deep_nesting_is_walked_without_recursion() {
        assert_eq!(words(&("<div>".repeat(TAGS_MAX) + "x")), ("x".to_owned(), 0));
        assert_eq!(words(&("<b>".repeat(TAGS_MAX) + "x<i>yz")), ("x".to_owned(), 5));
    }
}
