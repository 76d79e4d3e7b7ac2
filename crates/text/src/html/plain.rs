//! Text that may hold HTML, as a reader sees it, without any formatting.
//!
//! For strings that should be plain and may not be: subjects, names, previews. Text whose markup is not HTML
//! (`Vec<String>`) is left alone.

use super::page::{Breaks, Page, Role, seen};

/// Text with its markup taken away.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Readable {
    pub(crate) text: String,
    /// Characters a reader would not have seen, white space aside.
    pub(crate) hidden: usize,
}

/// Reads a text that may hold HTML.
pub(crate) fn readable(text: &str) -> Readable {
    if !holds_html(text) {
        return Readable { text: text.to_owned(), hidden: 0 };
    }
    let page = Page::read(text);
    // What is behind more markup than is read counts as not seen.
    let behind = text.get(text.len() - page.unread..).unwrap_or_default();
    let mut found = Readable { text: String::new(), hidden: page.hidden + seen(behind) };
    let mut open: Vec<usize> = Vec::new();
    for (at, node) in page.nodes.iter().enumerate() {
        while open.pop_if(|end| *end <= at).is_some() {
            found.text.push('\n');
        }
        match &node.role {
            Role::Text { text, .. } => found.text.push_str(text),
            Role::Break => found.text.push('\n'),
            _ if node.breaks != Breaks::No => {
                found.text.push('\n');
                open.push(node.end);
            }
            _ => {}
        }
    }
    found
}

/// Whether a text has a comment or a tag of HTML in it.
fn holds_html(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| holds_html_at(text.get(at + 1..).unwrap_or_default()))
}

/// Whether what stands behind a `<` makes it a comment or a tag of HTML.
pub(crate) fn holds_html_at(rest: &str) -> bool {
    if rest.starts_with("!--") || rest.get(..8).is_some_and(|word| word.eq_ignore_ascii_case("!doctype")) {
        return true;
    }
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    let (name, behind) = rest.split_at(end);
    let ends =
        behind.is_empty() || behind.starts_with(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/');
    ends && ELEMENTS.binary_search(&name.to_ascii_lowercase().as_str()).is_ok()
}

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
    use super::*;
    use crate::bounds::TAGS_MAX;

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
