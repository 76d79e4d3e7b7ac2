//! Values of OData query options.
//!
//! Source: Graph's query-parameters page: the whole `$search` expression stands in one pair of double quotes, and a
//! quote inside is written `\"`. Percent-encoding is the transport's work.

/// A `$search` value: what was typed, inside one phrase it cannot leave.
pub(crate) fn search_phrase(text: &str) -> String {
    let mut phrase = String::with_capacity(text.len() + 2);
    phrase.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            phrase.push('\\');
        }
        phrase.push(c);
    }
    phrase.push('"');
    phrase
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::search_phrase;

    /// Reads a phrase back as Graph does: ends at the first quote that is not escaped.
    fn read_back(phrase: &str) -> Option<String> {
        let mut signs = phrase.strip_prefix('"')?.chars();
        let mut text = String::new();
        loop {
            match signs.next()? {
                '\\' => text.push(signs.next()?),
                '"' => return signs.next().is_none().then_some(text),
                c => text.push(c),
            }
        }
    }

    #[test]
    fn quotes_and_backslashes_stay_inside() {
        assert_eq!(search_phrase(r#"subject:"quarterly report""#), r#""subject:\"quarterly report\"""#);
        assert_eq!(search_phrase(r#"x" OR from:"ceo"#), r#""x\" OR from:\"ceo""#);
        assert_eq!(search_phrase(r"a\"), r#""a\\""#);
        assert_eq!(read_back("\"a\" b\""), None);
    }

    proptest! {
        #[test]
        fn a_phrase_reads_back_as_what_was_typed(text in "(\\PC|\"|\\\\){0,60}") {
            prop_assert_eq!(read_back(&search_phrase(&text)), Some(text));
        }
    }
}
