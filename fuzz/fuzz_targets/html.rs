//! Bodies of mails, read as HTML and as plain text, and as a string that should be plain and is not.

#![no_main]

use libfuzzer_sys::fuzz_target;
use m365_text::mail::{Body, Format, History, Reading, read};
use m365_text::{Cleaner, Markdown, html_to_markdown, is_hidden};

/// No markup makes more text than so many times itself, and what stands for what was left out.
const GROWTH_MAX: usize = 40;
const NOTES_MAX: usize = 256;

fuzz_target!(|content: &str| {
    let characters = content.chars().count();
    for format in [Format::Html, Format::Text] {
        let mail = read(&Body { content, format }, Reading::default());
        check(content, &mail.text);
        assert!(mail.hidden <= characters, "more is hidden than there is");
    }
    let whole = Reading { history: History::Keep, forwarded: false };
    let kept = read(&Body { content, format: Format::Text }, whole);
    assert_eq!(kept.folded, 0, "what was to be kept was folded");
    let Markdown { text, hidden, unread, .. } = html_to_markdown(content);
    check(content, &text);
    assert!(hidden <= characters && unread <= content.len());
    let line = Cleaner::default().line(Some(content), 80);
    assert!(!line.chars().any(is_hidden) && line.chars().count() <= 81);
});

/// Nothing hidden is left, reading it again takes nothing away, and it is bounded.
fn check(content: &str, text: &str) {
    assert!(!text.chars().any(is_hidden), "a hidden character is left in {text:?}");
    assert!(text.len() <= content.len() * GROWTH_MAX + NOTES_MAX, "{} bytes of text", text.len());
    let mut cleaner = Cleaner::default();
    let again = cleaner.lines(Some(text));
    assert_eq!(cleaner.hidden(), 0, "cleaning again took something away from {text:?}");
    let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    assert_eq!(letters(&again), letters(text), "cleaning again changed {text:?}");
}
