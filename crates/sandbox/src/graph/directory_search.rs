//! `$search` of the directory.
//!
//! Source: Graph's pages on `$search` and on advanced queries. Clauses `"property:text"` joined by `AND` or `OR`, each in
//! double quotes of its own, `\` before a quote or backslash inside. The words of a display name are compared one by one,
//! from their beginning; other properties from theirs. Anything else is refused.

use serde_json::{Map, Value};

use super::errors::GraphError;

/// Properties of a user that can be searched.
const PROPERTIES: [&str; 5] = ["displayName", "givenName", "mail", "surname", "userPrincipalName"];

/// Alternatives, each a list of clauses that must all hold.
#[derive(Debug)]
pub(super) struct Search(Vec<Vec<Clause>>);

#[derive(Debug)]
struct Clause {
    property: String,
    /// Lower-case text.
    text: String,
}

impl Search {
    /// Parses the value of `$search`.
    ///
    /// # Errors
    /// 400 `Request_BadRequest` for what is no such expression.
    pub(super) fn parse(search: &str) -> Result<Self, GraphError> {
        let mut alternatives = vec![Vec::new()];
        let mut rest = search;
        loop {
            let (text, after) = quoted(rest).ok_or_else(malformed)?;
            let clause = Clause::parse(&text)?;
            if let Some(last) = alternatives.last_mut() {
                last.push(clause);
            }
            if after.is_empty() {
                return Ok(Self(alternatives));
            }
            if let Some(next) = after.strip_prefix(" OR ") {
                alternatives.push(Vec::new());
                rest = next;
            } else {
                rest = after.strip_prefix(" AND ").ok_or_else(malformed)?;
            }
        }
    }

    /// Whether a user is found.
    pub(super) fn finds(&self, fields: &Map<String, Value>) -> bool {
        self.0.iter().any(|clauses| clauses.iter().all(|clause| clause.holds(fields)))
    }
}

impl Clause {
    fn parse(text: &str) -> Result<Self, GraphError> {
        let (property, text) = text.split_once(':').ok_or_else(malformed)?;
        if !PROPERTIES.contains(&property) || text.trim().is_empty() {
            return Err(malformed());
        }
        Ok(Self { property: property.to_owned(), text: text.to_lowercase() })
    }

    fn holds(&self, fields: &Map<String, Value>) -> bool {
        let found = fields.get(&self.property).and_then(Value::as_str).unwrap_or_default().to_lowercase();
        if self.property != "displayName" {
            return found.starts_with(&self.text);
        }
        let (known, wanted) = (words(&found), words(&self.text));
        !wanted.is_empty() && wanted.iter().all(|word| known.iter().any(|known| known.starts_with(word)))
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

/// The text of the quoted string at the start, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut signs = text.strip_prefix('"')?.char_indices();
    let mut inner = String::new();
    loop {
        match signs.next()? {
            (_, '\\') => inner.push(signs.next()?.1),
            (at, '"') => return Some((inner, text.get(at + 2..)?)),
            (_, sign) => inner.push(sign),
        }
    }
}

fn malformed() -> GraphError {
    GraphError::new(
        400,
        "Request_BadRequest",
        "Invalid $search clause: it is not of the form '\"property:text\"'.",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn finds(search: &str) -> bool {
        let user = json!({"displayName": "Patrick \"Paddy\" O'Neil", "mail": "p.o'neil@contoso.example"});
        Search::parse(search).unwrap().finds(user.as_object().unwrap())
    }

    #[test]
    fn words_are_found_from_their_beginning_and_never_from_their_middle() {
        for search in [
            r#""displayName:pat""#,
            r#""displayName:neil paddy""#,
            r#""displayName:\"Paddy\"""#,
            r#""mail:P.O'""#,
            r#""displayName:nobody" OR "mail:p""#,
            r#""displayName:pat" AND "mail:p""#,
        ] {
            assert!(finds(search), "{search}");
        }
        for search in [
            r#""displayName:atrick""#,
            r#""mail:neil""#,
            r#""displayName:pat" AND "mail:x""#,
            r#""displayName:--""#,
        ] {
            assert!(!finds(search), "{search}");
        }
    }

    #[test]
    fn what_is_no_clause_is_refused() {
        for search in [
            "",
            "pat",
            "displayName:pat",
            r#""pat""#,
            r#""jobTitle:x""#,
            r#""displayName:pat"#,
            r#""displayName:pat" or "mail:p""#,
            r#""displayName:pat"x"#,
            r#""displayName: ""#,
            r#""displayName:pat" OR "#,
        ] {
            assert_eq!(Search::parse(search).unwrap_err().code, "Request_BadRequest", "{search}");
        }
    }
}
