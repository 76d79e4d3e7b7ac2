//! What detectors look at: the text as a reader understands it, with every position leading back to the original.
//!
//! Source: UAX 15 (NFKC) for full-width, styled and composed characters; Unicode general category Nd for the digits of
//! other scripts. Hidden characters are those of [`m365_text::is_hidden`]. Text of plain ASCII is looked at as it is.
//! Out of scope: look-alike letters of other scripts, and what a program would have to decode first.

use std::borrow::Cow;
use std::ops::Range;

use icu_normalizer::ComposingNormalizerBorrowed;

/// Zero of every decimal script outside ASCII that NFKC leaves alone, in order; nine digits follow each.
const ZEROS: [u32; 48] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0,
    0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0x104A0, 0x11066, 0x110F0,
    0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x1E950,
];

/// A stretch of the view and where it comes from.
struct Run {
    /// Where it begins in the view.
    view: usize,
    /// Where it begins in the original.
    start: usize,
    /// Where it ends in the original if it was rewritten; a copied stretch keeps its length.
    rewritten: Option<usize>,
}

/// A text as detectors see it.
pub(super) struct View<'a> {
    text: Cow<'a, str>,
    runs: Vec<Run>,
}

impl<'a> View<'a> {
    /// Of an original text.
    pub(super) fn of(original: &'a str) -> Self {
        let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t');
        if original.as_bytes().iter().all(is_plain) {
            return Self { text: Cow::Borrowed(original), runs: Vec::new() };
        }
        Self::rewritten(original)
    }

    /// What to search.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The span of the original that a span of the view stands for.
    pub(super) fn original(&self, span: &Range<usize>) -> Range<usize> {
        self.place(span.start, false)..self.place(span.end, true)
    }

    fn place(&self, at: usize, is_end: bool) -> usize {
        // An end belongs to the stretch before it: hidden characters behind a finding are not part of it.
        let count = self.runs.partition_point(|run| run.view < at + usize::from(!is_end));
        let Some(run) = count.checked_sub(1).and_then(|last| self.runs.get(last)) else { return at };
        match run.rewritten {
            Some(end) if is_end => end,
            Some(_) => run.start,
            None => run.start + (at - run.view),
        }
    }

    fn rewritten(original: &str) -> Self {
        let nfkc = ComposingNormalizerBorrowed::new_nfkc();
        let mut view = String::with_capacity(original.len());
        let mut runs: Vec<Run> = Vec::new();
        let mut chars = original.char_indices().peekable();
        while let Some((start, c)) = chars.next() {
            if m365_text::is_hidden(c) {
                // What follows no longer stands where a copied stretch says.
                runs.push(Run { view: view.len(), start: start + c.len_utf8(), rewritten: None });
                continue;
            }
            let mut end = start + c.len_utf8();
            while let Some((at, mark)) = chars.next_if(|(_, next)| is_mark(*next)) {
                end = at + mark.len_utf8();
            }
            if c.is_ascii() && end == start + 1 {
                if runs.last().is_none_or(|run| run.rewritten.is_some()) {
                    runs.push(Run { view: view.len(), start, rewritten: None });
                }
                view.push(c);
                continue;
            }
            runs.push(Run { view: view.len(), start, rewritten: Some(end) });
            let letters = original.get(start..end).unwrap_or_default().chars();
            let mut is_behind_ascii = false;
            for folded in nfkc.normalize_iter(letters).map(fold) {
                // A stroke through a digit does not make it another digit.
                if !(is_behind_ascii && is_mark(folded)) {
                    view.push(folded);
                    is_behind_ascii = folded.is_ascii_alphanumeric();
                }
            }
        }
        Self { text: Cow::Owned(view), runs }
    }
}

/// Digits, dashes and spaces in their plain form.
fn fold(c: char) -> char {
    match c {
        _ if c.is_ascii() => c,
        '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
        '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{FE58}' | '\u{30FB}' => '-',
        '\u{B7}' | '\u{2022}' | '\u{2027}' | '\u{2219}' | '\u{22C5}' | '\u{3002}' => '.',
        _ if c.is_whitespace() => ' ',
        _ => digit(c).unwrap_or(c),
    }
}

fn digit(c: char) -> Option<char> {
    let code = u32::from(c);
    let zero = ZEROS.get(ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?)?;
    char::from_digit(code - zero, 10)
}

/// Combining marks that sit on the character before.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}'
        | '\u{3099}' | '\u{309A}' | '\u{FE20}'..='\u{FE2F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_sees_as_digits_is_digits() {
        for text in ["４１１１", "𝟒𝟏𝟏𝟏", "4\u{200b}1\u{2060}1\u{ad}1", "٤١١١", "4\u{336}1\u{336}11", "④①①①"]
        {
            assert_eq!(View::of(text).text(), "4111", "{text:?}");
        }
        assert_eq!(View::of("a\u{a0}b\u{2013}c\u{2007}d").text(), "a b-c d");
        assert_eq!(View::of("u\u{308}ber").text(), "über");
    }

    #[test]
    fn positions_lead_back_to_the_original() {
        let text = "ü 4\u{200b}1 １２\u{200b} end";
        let view = View::of(text);
        assert_eq!(view.text(), "ü 41 12 end");
        for (seen, expected) in
            [("41", "4\u{200b}1"), ("12", "１２"), ("end", "end"), ("ü", "ü"), ("1 1", "1 １")]
        {
            let at = view.text().find(seen).unwrap();
            let span = view.original(&(at..at + seen.len()));
            assert_eq!(&text[span], expected, "{seen}");
        }
    }

    #[test]
    fn the_table_of_zeros_is_sorted_and_holds_zeros() {
        assert!(ZEROS.is_sorted());
        for zero in ZEROS {
            let c = char::from_u32(zero).unwrap();
            assert!(c.is_numeric() && digit(c) == Some('0'), "{zero:x}");
        }
        assert_eq!(digit('é'), None);
        assert_eq!(digit('\u{66a}'), None);
    }
}
