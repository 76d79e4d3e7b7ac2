//! What holds for every mail.

use m365_text::mail::{Body, Format, History, Reading, read};
use m365_text::{Cleaner, html_to_markdown, is_hidden};
use proptest::prelude::*;

/// Pieces of markup as mails hold them.
const TAGS: [&str; 42] = [
    "<p>",
    "</p>",
    "<div style=\"font-size:14px\">",
    "</div>",
    "<br>",
    "<b>",
    "</b>",
    "<i>",
    "</i>",
    "<code>",
    "</code>",
    "<pre>",
    "</pre>",
    "<ul><li>",
    "<ol start=9><li>",
    "</li>",
    "</ul>",
    "</ol>",
    "<table border=1><tr><td>",
    "<table role=presentation><tr><td>",
    "<td>",
    "<th>",
    "<tr>",
    "</table>",
    "<blockquote type=cite>",
    "<blockquote>",
    "</blockquote>",
    "<h2>",
    "</h2>",
    "<hr>",
    "<a href='https://c.example/a(b)'>",
    "<a href='https://www.facebook.com/c'>",
    "<a href=mailto:a@c.example>",
    "</a>",
    "<img alt='Chart of sales' src=cid:1>",
    "<img width=1 height=1 src=https://t.example>",
    "<div id=Signature>",
    "<div class=gmail_attr>",
    "<div id=appendonsend></div>",
    "<!--x-->",
    "<style>.x{display:none}</style>",
    "<p class=x>",
];

/// What hides, and what could become structure.
const SIGNS: [&str; 22] = [
    "&lt;div hidden&gt;",
    "&lt;!--",
    "<",
    "&lt;",
    "](",
    "[",
    "`",
    "> ",
    "# ",
    "-- \n",
    "From: A\nSent: B\nTo: C\n",
    "On 1 May A <a@c.example> wrote:\n",
    "\u{200b}",
    "\u{202e}",
    "\u{e0041}",
    "\u{fe0f}",
    "\u{ad}",
    "\u{a0}",
    "\n",
    "```",
    "|",
    "*",
];

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::sample::select(&TAGS[..]).prop_map(str::to_owned),
        2 => proptest::sample::select(&SIGNS[..]).prop_map(str::to_owned),
        3 => "[a-zäあ ]{1,8}",
        1 => "\\PC{0,4}",
    ]
}

fn soup() -> impl Strategy<Value = String> {
    proptest::collection::vec(piece(), 0..60).prop_map(|pieces| pieces.concat())
}

/// Openings of elements in which nothing is seen, and what ends them.
fn hiding() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop_oneof![
        Just(("<div style='display:none'>", "</div>")),
        Just(("<span style='color:white'>", "</span>")),
        Just(("<div style='background:#0078d4'><b style='color:#0079d5'>", "</b></div>")),
        Just(("<span style='font-size:1px'>", "</span>")),
        Just(("<p style='position:absolute;left:-9999px'>", "</p>")),
        Just(("<div hidden>", "</div>")),
        Just(("<style>.h{visibility:hidden}</style><span class='a h'>", "</span>")),
        Just(("<!--", "-->")),
        Just(("<table style='opacity:0'><tr><td>", "</td></tr></table>")),
        Just(("<title>", "</title>")),
    ]
}

fn readings(content: &str) -> Vec<m365_text::mail::MailText> {
    let mut mails = Vec::new();
    for format in [Format::Html, Format::Text] {
        for history in [History::Fold, History::Keep] {
            let body = Body { content, format };
            mails.push(read(&body, Reading { history, forwarded: false }));
        }
    }
    mails
}

proptest! {
    #[test]
    fn nothing_hidden_is_in_a_text_and_cleaning_it_again_removes_nothing(content in soup()) {
        for mail in readings(&content) {
            prop_assert!(!mail.text.chars().any(is_hidden));
            let mut cleaner = Cleaner::default();
            let _ = cleaner.lines(Some(&mail.text));
            prop_assert_eq!(cleaner.hidden(), 0, "{}", mail.text);
            prop_assert!(!mail.text.contains("\n\n\n") || content.contains("<pre>"));
        }
    }

    #[test]
    fn a_text_is_no_longer_than_its_mail_allows(content in soup()) {
        for mail in readings(&content) {
            prop_assert!(mail.text.len() <= content.len() * 40 + 256);
        }
    }

    #[test]
    fn what_is_planted_where_nobody_looks_is_not_read(
        before in "[a-z ]{0,20}", (open, close) in hiding(), after in "[a-z ]{0,20}",
    ) {
        let html = format!("<p>{before}</p>{open}ZQXJ{close}<p>{after}</p>");
        let markdown = html_to_markdown(&html);
        prop_assert!(!markdown.text.contains("ZQXJ"), "{}", markdown.text);
        prop_assert!(markdown.hidden >= 4, "{}", markdown.hidden);
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(words(&markdown.text), words(&format!("{before} {after}")));
    }

    #[test]
    fn plain_words_come_through(paragraphs in proptest::collection::vec("[a-zäöü]{1,9}( [a-zäöü]{1,9}){0,6}", 1..8)) {
        let html = format!("<p>{}</p>", paragraphs.join("</p><p>"));
        prop_assert_eq!(html_to_markdown(&html).text, paragraphs.join("\n\n"));
    }
}
