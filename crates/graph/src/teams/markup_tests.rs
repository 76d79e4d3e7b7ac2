use proptest::prelude::*;

use super::*;
use crate::shape::Cleaner;

fn shown(html: &str) -> String {
    let name = |id: &str| {
        if id == "1" { "[file <Budget> & more.docx]".to_owned() } else { "[attachment]".to_owned() }
    };
    Cleaner::default().lines(Some(&format!("<div>{}</div>", readable(html, &name))))
}

#[test]
fn mentions_attachments_emoji_and_pictures_become_words_where_they_stand() {
    for (html, text) in [
        ("Hi <at id=\"0\">Megan Bowen</at>, look", "Hi @Megan Bowen, look"),
        ("Hi <AT id='0'>Megan</AT>", "Hi @Megan"),
        ("See <attachment id=\"1\"></attachment>!", "See [file <Budget> & more.docx]!"),
        ("<attachment id=\"2\"></attachment><attachment></attachment>", "[attachment][attachment]"),
        ("<img src=\"../hostedContents/1/$value\" width=\"10\">", "[image]"),
        ("<img alt=\"a > b\" src='x>y'/>z", "[image]z"),
        ("<emoji id=\"smile\" alt=\"🙂\" title=\"Smile\"></emoji>", "🙂"),
        ("<img itemtype=\"http://schema.skype.com/Emoji\" alt=\"👍\">", "👍"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("1 &lt; 2 &amp; 3", "1 < 2 & 3"),
    ] {
        assert_eq!(shown(html), text, "{html}");
    }
}

#[test]
fn what_only_begins_like_one_of_them_is_left_to_the_reader_of_html() {
    for html in ["<attic>x</attic>", "<imgx>x", "a < at b", "<at", "<img alt=\"never closed>", "</", "<"] {
        assert_eq!(readable(html, &|_| "!".to_owned()), html, "{html}");
    }
    let long = format!("<img alt=\"{}\">x", "a".repeat(TAG_MAX_BYTES));
    assert_eq!(readable(&long, &|_| "!".to_owned()), long);
}

#[test]
fn a_name_or_an_alternative_text_is_never_markup() {
    let name = |_: &str| "<script>x</script>".to_owned();
    assert_eq!(readable("<attachment id=\"1\"></attachment>", &name), "&lt;script&gt;x&lt;/script&gt;");
    assert_eq!(readable("<emoji alt=\"<b>x\">", &name), "&lt;b>x");
}

#[test]
fn what_hides_around_them_hides_them_too() {
    assert_eq!(shown("a<span style=\"display:none\">b <img src=x> <at id=\"0\">c</at></span>"), "a");
    assert_eq!(shown("a<!-- <attachment id=\"1\"> -->"), "a");
}

proptest! {
    #[test]
    fn other_markup_stays_as_it_was(text in "([a-z &;]|<p>|<b a='1'>|</p>|<!-- x -->|<atx>){0,30}") {
        prop_assert_eq!(readable(&text, &|_| "!".to_owned()), text);
    }

    #[test]
    fn nothing_of_teams_stays_markup(text in "(<at id=\"0\">|</at>|<img src='x'>|<attachment id=\"1\"/>|</attachment>|[a-z\"'= ]){0,30}") {
        let read = readable(&text, &|_| "[x]".to_owned());
        prop_assert!(!read.contains(['<', '>']), "{}", read);
    }

    #[test]
    fn whatever_is_read_grows_no_faster_than_it_is_long(text in "(\\PC|<at|<img|<emoji|<attachment| alt=| id=|\"|'|>|/){0,60}") {
        let read = readable(&text, &|_| "[attachment]".to_owned());
        prop_assert!(read.len() <= text.len() * 4, "{}", read);
    }
}
