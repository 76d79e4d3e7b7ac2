//! Text on its way to other people.
//!
//! HTML mail keeps formatting, lists, tables and links; scripts, styles, event handlers, images (which track who
//! reads) and links other than web, mail and telephone never leave. Source: the HTML standard, through `ammonia`'s
//! allow-list. Teams messages are text: everything in them is escaped.

use std::collections::{HashMap, HashSet};

use ammonia::Builder;
use m365_text::readable_bytes;

const ELEMENTS: [&str; 40] = [
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "ins",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "tr",
    "ul",
];
const DROPPED_WITH_CONTENT: [&str; 8] =
    ["head", "iframe", "noscript", "object", "script", "style", "template", "title"];
const SCHEMES: [&str; 4] = ["http", "https", "mailto", "tel"];

/// Whether a text has more markup than is read.
pub(crate) fn is_too_much(content: &str) -> bool {
    readable_bytes(content) < content.len()
}

/// HTML that may be sent. Text without any markup keeps its line breaks.
pub(crate) fn html(content: &str) -> String {
    let marked = if content.contains('<') { content.to_owned() } else { breaks(content) };
    Builder::empty()
        .tags(ELEMENTS.into())
        .clean_content_tags(DROPPED_WITH_CONTENT.into())
        .tag_attributes(attributes())
        .url_schemes(SCHEMES.into())
        .link_rel(None)
        .strip_comments(true)
        .clean(&marked)
        .to_string()
}

/// Plain text as HTML: nothing in it is markup, and its lines stay lines.
pub(crate) fn escaped(content: &str) -> String {
    let mut safe = String::with_capacity(content.len());
    for c in content.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    breaks(&safe)
}

fn breaks(text: &str) -> String {
    text.replace("\r\n", "\n").replace(['\r', '\n'], "<br>")
}

fn attributes() -> HashMap<&'static str, HashSet<&'static str>> {
    let span: HashSet<&str> = ["colspan", "rowspan"].into();
    HashMap::from([("a", ["href"].into()), ("ol", ["start"].into()), ("td", span.clone()), ("th", span)])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use m365_text::TAGS_MAX;

    use super::*;

    #[test]
    fn formatting_stays() {
        for kept in [
            "<p>Hi <b>Megan</b></p>",
            "<a href=\"https://contoso.example/x\">x</a>",
            "<a href=\"mailto:a@contoso.example\">mail</a>",
            "<ul><li>one</li></ul>",
            "<table><tbody><tr><td colspan=\"2\">1</td></tr></tbody></table>",
        ] {
            assert_eq!(html(kept), kept);
        }
    }

    #[test]
    fn what_acts_or_tracks_never_leaves() {
        for (hostile, sent) in [
            ("<script>alert(1)</script>hi", "hi"),
            ("<p onclick=\"x()\" style=\"background:url(//t.example)\" class=\"c\">hi</p>", "<p>hi</p>"),
            ("<a href=\"javascript:alert(1)\">x</a>", "<a>x</a>"),
            ("<a href=\"JaVa&#x0A;Script:alert(1)\">x</a>", "<a>x</a>"),
            ("<a href=\"data:text/html,x\">x</a>", "<a>x</a>"),
            ("<img src=\"https://t.example/p.gif?who=megan\">hi", "hi"),
            ("<img src=\"cid:1\" onerror=x>hi", "hi"),
            ("<style>@import url(//t.example)</style>hi", "hi"),
            ("<svg onload=x><path/></svg>hi", "hi"),
            ("<iframe src=\"https://t.example\"></iframe>hi", "hi"),
            ("<form action=\"https://t.example\"><input name=pw></form>hi", "hi"),
            ("<!-- hidden -->hi", "hi"),
            ("<link rel=stylesheet href=//t.example><base href=//t.example>hi", "hi"),
        ] {
            assert_eq!(html(hostile), sent, "{hostile}");
        }
    }

    #[test]
    fn text_without_markup_keeps_its_lines() {
        assert_eq!(html("Hello\r\nTom & Jerry\n\nBye"), "Hello<br>Tom &amp; Jerry<br><br>Bye");
        assert_eq!(html("<p>a\nb</p>"), "<p>a\nb</p>");
    }

    #[test]
    fn a_teams_message_is_text() {
        assert_eq!(escaped("a <b> & \"c\"\nd"), "a &lt;b&gt; &amp; &quot;c&quot;<br>d");
    }

    #[test]
    fn markup_beyond_the_bound_is_too_much() {
        assert!(!is_too_much(&"<p>".repeat(TAGS_MAX)));
        assert!(is_too_much(&"<p>".repeat(TAGS_MAX + 1)));
    }

    proptest! {
        #[test]
        fn only_line_breaks_are_markup_in_a_teams_message(text in "(\\PC|[<>&\"'\n]){0,60}") {
            let sent = escaped(&text).replace("<br>", "");
            prop_assert!(!sent.contains(['<', '>', '"', '\'', '\n']));
        }

        #[test]
        fn sanitising_twice_changes_nothing(text in "(<(p|a|img|svg|script|math|style|table|/p|!--)|>|\"|x=|href=|javascript:|[a-z ]){0,30}") {
            let once = html(&text);
            prop_assert_eq!(html(&once), once);
        }
    }
}
