//! How much markup is read: parsing HTML can cost far more than its length.
//!
//! Source: the HTML standard, sections 13.2.4.3 (list of active formatting elements), 13.2.5.6 to 13.2.5.39 (tags and
//! attributes) and 13.2.6.1 (reconstruction). Three inputs grow faster than themselves, and each has its bound:
//! deep nesting (time by its square); formatting elements with attributes, each of which is copied into every later
//! block (memory by the product); attributes of one tag, each compared with all before it (time by the square).
//!
//! Invariant: every tag the parser may see starts at some `<`, and is measured from there as the parser would read it;
//! what only looks like a tag is measured too.

/// Most tags of one text.
pub const TAGS_MAX: usize = 5000;
/// Most attributes of one tag.
const ATTRIBUTES_MAX: usize = 256;
/// Most copies of formatting elements that a text can make the parser create.
const COPIES_MAX: usize = 200_000;
/// What looks like a tag may be measured again inside another; altogether this many times the text.
const MEASURED_MAX: usize = 4;
/// The formatting elements, but `a`, of which one at a time is active.
const FORMATTING: [&str; 13] =
    ["b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// The bytes at the start of a text within all bounds: its length, or where the first tag beyond one begins.
#[must_use]
pub fn readable_bytes(text: &str) -> usize {
    let (mut tags, mut formatting, mut measured) = (0_usize, 0_usize, 0_usize);
    for (at, _) in text.match_indices('<') {
        let tag = Tag::measure(text.get(at + 1..).unwrap_or_default());
        tags += 1;
        measured = measured.saturating_add(tag.bytes);
        formatting += usize::from(tag.is_formatting && tag.attributes > 0);
        if tags > TAGS_MAX
            || tag.attributes > ATTRIBUTES_MAX
            || formatting.saturating_mul(tags) > COPIES_MAX
            || measured > text.len().saturating_mul(MEASURED_MAX)
        {
            return at;
        }
    }
    text.len()
}

#[derive(Default)]
struct Tag {
    is_formatting: bool,
    attributes: usize,
    bytes: usize,
}

/// Where the reader of a tag is.
#[derive(Clone, Copy)]
enum Part {
    /// Between attributes.
    Between,
    /// In an attribute's name.
    Name,
    /// Behind an attribute's name.
    Named,
    /// Behind an equals sign.
    Equals,
    /// In a value without quotes.
    Bare,
    /// In a value with these quotes.
    Quoted(u8),
}

impl Tag {
    /// Measures the tag behind a `<`; nothing where none starts there.
    fn measure(text: &str) -> Self {
        let text = text.strip_prefix('/').unwrap_or(text);
        if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Self::default();
        }
        let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>');
        let (name, behind) = text.split_at(text.find(ends).unwrap_or(text.len()));
        let is_formatting = FORMATTING.iter().any(|known| known.eq_ignore_ascii_case(name));
        let mut tag = Self { is_formatting, attributes: 0, bytes: name.len() };
        let mut part = Part::Between;
        for byte in behind.bytes() {
            tag.bytes += 1;
            part = match (part, byte) {
                (Part::Quoted(quote), byte) if quote == byte => Part::Between,
                (Part::Quoted(_), _) => part,
                (_, b'>') => break,
                (Part::Equals, b'"' | b'\'') => Part::Quoted(byte),
                (Part::Name, byte) if byte.is_ascii_whitespace() => Part::Named,
                (Part::Bare, byte) if byte.is_ascii_whitespace() => Part::Between,
                (_, byte) if byte.is_ascii_whitespace() => part,
                (Part::Name | Part::Named, b'=') => Part::Equals,
                (Part::Between | Part::Name | Part::Named, b'/') => Part::Between,
                (Part::Between | Part::Named, _) => {
                    tag.attributes += 1;
                    Part::Name
                }
                (Part::Equals, _) => Part::Bare,
                (Part::Name | Part::Bare, _) => part,
            };
            if tag.attributes > ATTRIBUTES_MAX {
                break;
            }
        }
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_within(text: &str) -> bool {
        readable_bytes(text) == text.len()
    }

    #[test]
    fn ordinary_mail_is_within_all_bounds() {
        let row = "<tr><td style=\"color: red; margin: 0\"><b class='x'>a > b</b> <a href=\"https://a.example/?q=>\">x</a></td></tr>";
        let picture = format!("<img src=\"data:image/png;base64,{}\">", "QUJD".repeat(50_000));
        for text in
            ["no markup, 1 < 2", &row.repeat(100), &picture, &("<p>".to_owned() + &"word ".repeat(9000))]
        {
            assert!(is_within(text), "{}", text.get(..40).unwrap_or(text));
        }
    }

    #[test]
    fn formatting_that_is_copied_into_every_block_is_bounded() {
        let open = |tags: usize| (0..tags).fold(String::new(), |open, number| format!("{open}<b i{number}>"));
        assert!(is_within(&(open(100) + &"<p>x".repeat(100))));
        assert!(!is_within(&(open(1200) + &"<p>x".repeat(1200))));
        assert!(!is_within(&(open(1200).to_uppercase() + &"<p>x".repeat(1200))));
        assert!(is_within(&("<b>x</b>".repeat(1200) + &"<p>x".repeat(1200))), "alike without attributes");
    }

    #[test]
    fn the_attributes_of_one_tag_are_bounded_however_they_are_written() {
        let with = |separator: &str, count: usize| {
            (0..count).fold("<p".to_owned(), |tag, number| format!("{tag}{separator}a{number}")) + ">x"
        };
        for separator in [" ", "/", "\n", " q=\">\" ", " q='\"'", " < ", " q=b\t"] {
            assert!(is_within(&with(separator, 100)), "{separator:?}");
            assert!(!is_within(&with(separator, 300)), "{separator:?}");
        }
        assert!(!is_within(&format!("<!-- <i a=\" -->{}", with(" ", 300))), "behind what is no tag");
        assert!(!is_within(&format!("</{}", with(" ", 300).trim_start_matches('<'))), "an end tag");
    }

    #[test]
    fn measuring_costs_no_more_than_the_text_is_worth() {
        assert!(!is_within(&("<b a=\"".to_owned() + &"<b a='".repeat(4000) + &"x".repeat(100_000))));
    }
}
