//! Words of a text: where they stand, and whether a phrase of them stands there.

use std::ops::Range;

/// Bytes between the words of one phrase.
const GAP_BYTES_MAX: usize = 3;

/// How words are parted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parting {
    /// By what is neither letter nor digit; every sign of a script without spaces is a word.
    Plain,
    /// Besides, where a capital follows a small letter, as in names of fields.
    CamelCase,
}

/// Every word of a text, in order.
pub(super) fn words(text: &str, parting: Parting) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut before: Option<char> = None;
    for (at, c) in text.char_indices() {
        let joins = before.is_some_and(|before| {
            let is_hump = parting == Parting::CamelCase && before.is_lowercase() && c.is_uppercase();
            !(is_hump || is_spaceless(before) || is_spaceless(c))
        });
        before = c.is_alphanumeric().then_some(c);
        let end = at + c.len_utf8();
        match (before.is_some(), joins, words.last_mut()) {
            (true, true, Some(word)) => word.end = end,
            (true, _, _) => words.push(at..end),
            (false, ..) => {}
        }
    }
    words
}

/// Whether the words that begin at this index are those of a phrase, one after another; `is` compares one.
pub(super) fn phrase(
    words: &[Range<usize>],
    phrase: &[String],
    is: impl Fn(&Range<usize>, &str) -> bool,
) -> bool {
    let is_close = |pair: &[Range<usize>]| match pair {
        [left, right] => right.start - left.end <= GAP_BYTES_MAX,
        _ => false,
    };
    words.get(..phrase.len()).is_some_and(|words| {
        words.iter().zip(phrase).all(|(word, part)| is(word, part)) && words.windows(2).all(is_close)
    })
}

/// Scripts that put no spaces between words: Han, kana, Thai, Lao, Khmer, Myanmar.
const fn is_spaceless(c: char) -> bool {
    matches!(c, '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3005}'..='\u{30FF}'
        | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// A word as it is compared.
pub(super) fn folded(word: &str) -> String {
    word.chars().flat_map(folded_char).collect()
}

/// A character as it is compared.
pub(super) fn folded_char(c: char) -> impl Iterator<Item = char> {
    // The sigma at the end of a Greek word is the same letter.
    c.to_lowercase().map(|c| if c == 'ς' { 'σ' } else { c })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, parting: Parting) -> Vec<&str> {
        words(text, parting).into_iter().map(|word| &text[word]).collect()
    }

    #[test]
    fn words_are_parted_as_readers_part_them() {
        assert_eq!(split("Projekt „Größe“, 2nd-try", Parting::Plain), ["Projekt", "Größe", "2nd", "try"]);
        assert_eq!(split("機密 abc機", Parting::Plain), ["機", "密", "abc", "機"]);
        assert_eq!(split("taxIdNumber SSN", Parting::CamelCase), ["tax", "Id", "Number", "SSN"]);
        assert_eq!(split("taxIdNumber", Parting::Plain), ["taxIdNumber"]);
        assert!(split("", Parting::Plain).is_empty());
    }

    #[test]
    fn words_of_a_phrase_stand_close_together() {
        let found = |text: &str| {
            let parts = ["project".to_owned(), "falcon".to_owned()];
            phrase(&words(text, Parting::Plain), &parts, |word, part| text[word.clone()] == *part)
        };
        assert!(found("project falcon") && found("project -falcon"));
        assert!(!found("project     falcon") && !found("project") && !found("project of falcon"));
    }
}
