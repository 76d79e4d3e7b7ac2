//! The one cleaner of strings that other people wrote.
//!
//! Source: Unicode 16 properties Default_Ignorable_Code_Point and Bidi_Control; UTS 39 on invisible characters. What a
//! person reading the same text would not see is removed and counted: control, bidi, zero-width and tag characters,
//! variation selectors, fillers, hidden markup. White space is collapsed and length is bounded.

use crate::html;

/// What ends a line. A carriage return before a line feed is white space at its end.
pub(crate) const BREAKS: [char; 6] = ['\n', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];

/// Cleans strings and counts what was hidden in them.
#[derive(Debug, Default)]
pub struct Cleaner {
    hidden: usize,
}

impl Cleaner {
    /// One line of at most `max` characters.
    pub fn line(&mut self, text: Option<&str>, max: usize) -> String {
        let Some(text) = text else { return String::new() };
        let readable = html::readable(text);
        self.hidden += readable.hidden;
        self.visible(&readable.text, max)
    }

    /// Several lines, without bound: runs of spaces become one, and no more than one empty line stays in a row.
    pub fn lines(&mut self, text: Option<&str>) -> String {
        let Some(text) = text else { return String::new() };
        let readable = html::readable(text);
        self.hidden += readable.hidden;
        let mut lines = String::with_capacity(readable.text.len());
        let mut empty = 0;
        for line in readable.text.split(BREAKS) {
            let line = self.visible(line, usize::MAX);
            if line.is_empty() {
                empty += 1;
                continue;
            }
            if !lines.is_empty() {
                lines.push_str(if empty > 0 { "\n\n" } else { "\n" });
            }
            lines.push_str(&line);
            empty = 0;
        }
        lines
    }

    /// Counts what another cleaner removed too.
    pub const fn count_in(&mut self, other: &Self) {
        self.hidden += other.hidden;
    }

    /// Counts characters that were removed elsewhere: from a page in markdown, from a document.
    pub const fn count(&mut self, hidden: usize) {
        self.hidden += hidden;
    }

    /// How many characters were removed that a reader would not have seen.
    #[must_use]
    pub const fn hidden(&self) -> usize {
        self.hidden
    }

    fn visible(&mut self, text: &str, max: usize) -> String {
        let mut line = String::with_capacity(text.len().min(max.saturating_mul(4)));
        let (mut length, mut gap, mut sieve) = (0, false, Sieve::default());
        for c in text.chars() {
            if !sieve.passes(c) {
                continue;
            }
            if c.is_whitespace() {
                gap = length > 0;
                continue;
            }
            if length + usize::from(gap) >= max {
                line.push('…');
                break;
            }
            if gap {
                line.push(' ');
                length += 1;
            }
            line.push(c);
            length += 1;
            gap = false;
        }
        self.hidden += sieve.hidden;
        line
    }
}

/// Lets through what a reader sees, white space included, and counts the rest.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sieve {
    /// Whether a visible character came last.
    is_behind_visible: bool,
    /// How many characters were held back that a reader would not have missed.
    pub(crate) hidden: usize,
}

impl Sieve {
    /// Whether the next character is seen.
    pub(crate) fn passes(&mut self, c: char) -> bool {
        if is_hidden(c) {
            // One joiner or emoji selector behind a visible character is ordinary typography, not smuggling.
            self.hidden += usize::from(!self.is_behind_visible || !is_typographic(c));
            self.is_behind_visible = false;
            return false;
        }
        self.is_behind_visible = !c.is_whitespace();
        true
    }
}

/// Whether a character shows nothing, or reorders what is shown. White space is not hidden.
#[must_use]
pub const fn is_hidden(c: char) -> bool {
    match c {
        // Nearly every character of a mail is one of the first range.
        ' '..='~' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' => false,
        _ => matches!(c,
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffc}' | '\u{fffe}' | '\u{ffff}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}'),
    }
}

const fn is_typographic(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | '\u{ad}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cleaned(text: &str) -> (String, usize) {
        let mut cleaner = Cleaner::default();
        (cleaner.line(Some(text), 100), cleaner.hidden())
    }

    #[test]
    fn what_a_reader_would_not_see_is_removed_and_counted() {
        for (text, shown, hidden) in [
            ("plain", "plain", 0),
            ("Grüße, 你好, שלום", "Grüße, 你好, שלום", 0),
            ("a\0b\u{7}c\u{9b}d", "abcd", 3),
            ("pay \u{202e}fdp.exe\u{202c}", "pay fdp.exe", 2),
            ("\u{2066}x\u{2069}\u{200f}", "x", 3),
            ("i\u{200b}g\u{200b}n\u{2060}o\u{feff}re", "ignore", 4),
            ("hi\u{e0001}\u{e0069}\u{e0067}\u{e006e}", "hi", 4),
            ("v\u{fe00}\u{fe01}\u{e0100}\u{e01ef}", "v", 4),
            ("\u{3164}\u{ffa0}\u{115f}a", "a", 3),
            ("private \u{e000}\u{f0000}use", "private use", 2),
        ] {
            assert_eq!(cleaned(text), (shown.to_owned(), hidden), "{text:?}");
        }
    }

    #[test]
    fn one_joiner_is_typography_and_two_are_not() {
        assert_eq!(cleaned("👩\u{200d}💻 ❤\u{fe0f} co\u{ad}op"), ("👩💻 ❤ coop".to_owned(), 0));
        assert_eq!(cleaned("a\u{200d}\u{200d}\u{200c}b"), ("ab".to_owned(), 2));
        assert_eq!(cleaned("\u{200c}b"), ("b".to_owned(), 1));
    }

    #[test]
    fn white_space_is_collapsed_to_one_line() {
        assert_eq!(cleaned("  a\r\n\r\n b\t\u{a0}\u{2003}c\u{2028}d "), ("a b c d".to_owned(), 0));
    }

    #[test]
    fn lines_are_kept_where_they_are_asked_for() {
        let mut cleaner = Cleaner::default();
        for (text, lines) in [
            ("", ""),
            (" \r\n\n ", ""),
            ("a\r\nb", "a\nb"),
            ("\na  b\t\n\n\n\n c\n", "a b\n\nc"),
            ("a\u{2028}b\u{2029}c\u{85}d", "a\nb\nc\nd"),
            ("<p>a</p><p>b<br>c</p>", "a\n\nb\nc"),
        ] {
            assert_eq!(cleaner.lines(Some(text)), lines, "{text:?}");
        }
        assert_eq!((cleaner.lines(None), cleaner.hidden()), (String::new(), 0));
        assert_eq!(cleaner.lines(Some("a\u{200b}\n\u{202e}\nb")), "a\n\nb");
        assert_eq!(cleaner.hidden(), 2);
    }

    #[test]
    fn length_is_bounded_with_an_ellipsis() {
        let mut cleaner = Cleaner::default();
        assert_eq!(cleaner.line(Some("abcdef"), 3), "abc…");
        assert_eq!(cleaner.line(Some("ab ef"), 3), "ab…");
        assert_eq!(cleaner.line(Some("abc \u{200b}"), 3), "abc");
        assert_eq!(cleaner.line(None, 3), "");
    }

    #[test]
    fn hidden_markup_counts_too() {
        assert_eq!(cleaned("<p>Hi</p><div style=\"display:none\">wire money</div>"), ("Hi".to_owned(), 9));
    }

    proptest! {
        #[test]
        fn nothing_hidden_passes_in_lines_and_cleaning_twice_changes_nothing(text in "(\\PC|\n|\r|\u{2028}|\u{202e}| ){0,60}") {
            let lines = Cleaner::default().lines(Some(&text));
            prop_assert!(!lines.chars().any(|c| is_hidden(c) || (c != '\n' && c != ' ' && c.is_whitespace())));
            prop_assert!(!lines.contains("\n\n\n"));
            if !lines.contains('<') {
                prop_assert_eq!(Cleaner::default().lines(Some(&lines)), lines);
            }
        }

        #[test]
        fn nothing_hidden_passes_and_length_holds(text in proptest::collection::vec(any::<char>(), 0..80), max in 1_usize..40) {
            let text: String = text.into_iter().collect();
            let line = Cleaner::default().line(Some(&text), max);
            prop_assert!(!line.chars().any(is_hidden));
            prop_assert!(!line.contains(['\n', '\r', '\t']));
            prop_assert!(line.chars().count() <= max + 1);
        }
    }
}
