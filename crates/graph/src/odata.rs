//! Values of OData query options.
//!
//! Source: Graph's query-parameters page: the whole `$search` expression stands in one pair of double quotes, and a
//! quote inside is written `\"`; in the directory each clause has its own pair and begins with a property.
//! Percent-encoding is the transport's work.

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

/// A `$search` value of the directory: what was typed, in any of these properties. It cannot leave its clause.
pub(crate) fn directory_search(text: &str, properties: &[&str]) -> String {
    let clauses: Vec<String> =
        properties.iter().map(|property| search_phrase(&format!("{property}:{text}"))).collect();
    clauses.join(" OR ")
}

/// A string literal of `$filter` (OData 4.01 part 2, 5.1.1.14.1): a quote inside is written twice.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{directory_search, literal, search_phrase};

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

    /// The clauses of an expression of the directory, read one after the other.
    fn clauses(expression: &str) -> Option<Vec<String>> {
        let mut found = Vec::new();
        let mut rest = expression;
        loop {
            let mut escaped = false;
            let end = rest.strip_prefix('"')?.find(|sign| {
                let ends = sign == '"' && !escaped;
                escaped = sign == '\\' && !escaped;
                ends
            })?;
            let (clause, after) = rest.split_at(end + 2);
            found.push(read_back(clause)?);
            if after.is_empty() {
                return Some(found);
            }
            rest = after.strip_prefix(" OR ")?;
        }
    }

    #[test]
    fn a_search_of_the_directory_names_each_property_once() {
        assert_eq!(
            directory_search(r#"x" OR "mail:ceo"#, &["displayName", "mail"]),
            r#""displayName:x\" OR \"mail:ceo" OR "mail:x\" OR \"mail:ceo""#
        );
        assert_eq!(clauses(r#""a" AND "b""#), None);
    }

    #[test]
    fn a_quote_does_not_end_a_literal() {
        assert_eq!(literal("https://x.example/'y"), "'https://x.example/''y'");
        assert_eq!(literal("' or 1 eq 1 or 'a"), "''' or 1 eq 1 or ''a'");
    }

    proptest! {
        #[test]
        fn a_literal_reads_back_as_what_was_typed(text in "(\\PC|'){0,60}") {
            let quoted = literal(&text);
            let inner = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap();
            prop_assert!(inner.split("''").all(|part| !part.contains('\'')));
            prop_assert_eq!(inner.replace("''", "'"), text);
        }

        #[test]
        fn what_is_searched_in_the_directory_stays_in_its_clauses(text in "(\\PC|\"|\\\\| OR ){0,60}") {
            let wanted = vec![format!("displayName:{text}"), format!("mail:{text}")];
            prop_assert_eq!(clauses(&directory_search(&text, &["displayName", "mail"])), Some(wanted));
        }

        #[test]
        fn a_phrase_reads_back_as_what_was_typed(text in "(\\PC|\"|\\\\){0,60}") {
            prop_assert_eq!(read_back(&search_phrase(&text)), Some(text));
        }
    }
}
