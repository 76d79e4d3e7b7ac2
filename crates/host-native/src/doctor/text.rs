//! What a stranger said, made fit for a terminal and a log.
//!
//! Invariants: printable ASCII only, so that no escape sequence, direction mark or look-alike passes; bounded; known
//! secrets replaced before anything is cut off.

use m365_types::Secret;

/// Longest text shown of one finding, in characters.
const LONGEST: usize = 400;
/// Longest quotation of one value within it.
const QUOTED: usize = 120;
/// Around a quotation until it is cleaned.
const OPEN: char = '\u{1}';
const CLOSE: char = '\u{2}';
/// A secret shorter than this is not looked for: it would be found in ordinary words.
const SHORTEST_SECRET: usize = 8;

/// Cleans texts and hides the secrets it was told.
#[derive(Default)]
pub(super) struct Cleaner {
    secrets: Vec<Secret<String>>,
}

impl Cleaner {
    /// From now on this text is replaced wherever it stands.
    pub(super) fn hide(&mut self, secret: &Secret<String>) {
        if secret.expose().len() >= SHORTEST_SECRET {
            self.secrets.push(secret.clone());
        }
    }

    /// The text without secrets, as printable ASCII on one line, within bounds.
    pub(super) fn clean(&self, text: &str) -> String {
        let hidden = self
            .secrets
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret.expose().as_str(), "[secret]"));
        let mut parts = hidden.split(OPEN);
        let mut shown = printable(parts.next().unwrap_or_default(), LONGEST);
        for part in parts {
            let (quote, after) = part.split_once(CLOSE).unwrap_or((part, ""));
            shown = format!("{shown}\"{}\"{}", printable(quote, QUOTED), printable(after, LONGEST));
        }
        printable(&shown, LONGEST)
    }
}

/// A value of an answer as a quotation. It is bounded by [`Cleaner::clean`], after secrets were hidden: a secret that
/// was cut in two could not be found any more.
pub(super) fn quoted(value: &str) -> String {
    format!("{OPEN}{}{CLOSE}", value.replace([OPEN, CLOSE], "?"))
}

fn printable(text: &str, longest: usize) -> String {
    let shown: String = text.chars().take(longest).map(|c| if is_plain(c) { c } else { '?' }).collect();
    if text.chars().nth(longest).is_some() { format!("{shown}...") } else { shown }
}

const fn is_plain(c: char) -> bool {
    c.is_ascii_graphic() || c == ' '
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_or_a_reader_does_not_pass() {
        let hostile = "\u{1b}[2J\u{1b}]0;owned\u{7}a\r\nb\u{202e}c\u{200b}\u{9b}31m\u{0430}";
        let shown = Cleaner::default().clean(hostile);
        assert_eq!(shown, "?[2J?]0;owned?a??b?c??31m?");
        assert_eq!(
            Cleaner::default().clean(&format!("is {} here", quoted("a\n\u{1}b\u{2}"))),
            "is \"a??b?\" here"
        );
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(Cleaner::default().clean(&"a".repeat(LONGEST)), "a".repeat(LONGEST));
        assert_eq!(Cleaner::default().clean(&"a".repeat(LONGEST + 1)), "a".repeat(LONGEST) + "...");
        let long = Cleaner::default().clean(&format!("{} and", quoted(&"\u{1b}".repeat(100_000))));
        assert_eq!(long, format!("\"{}...\" and", "?".repeat(QUOTED)));
    }

    #[test]
    fn a_secret_is_hidden_even_where_the_text_is_cut_through_it() {
        let mut cleaner = Cleaner::default();
        cleaner.hide(&Secret::new("m365a_secret".to_owned()));
        cleaner.hide(&Secret::new("short".to_owned()));
        assert_eq!(cleaner.clean("x m365a_secret short"), "x [secret] short");
        let cut = cleaner.clean(&format!("{}m365a_secret", "a".repeat(LONGEST - 4)));
        assert!(!cut.contains("m365"), "{cut}");
        let cut = cleaner.clean(&quoted(&format!("{}m365a_secret", "a".repeat(QUOTED - 4))));
        assert!(!cut.contains("m365"), "{cut}");
    }
}
