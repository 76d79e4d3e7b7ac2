//! `$search`: the KQL subset of mail search and the plain search of people.
//!
//! Source: Graph's search-query-parameter page. The whole expression stands in one pair of double quotes, inner quotes
//! are written `\"`. Terms are joined by an implied AND; `OR` separates alternatives; `NOT` or `-` negates; a word in
//! front of `:` limits a term to that property. Anything that is not closed is refused, as Graph does.

use super::errors::GraphError;

/// Alternatives, each a list of terms that must all match.
#[derive(Debug)]
pub(super) struct Query {
    alternatives: Vec<Vec<Term>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    negated: bool,
    /// Lower-case property; empty for the default properties.
    property: String,
    /// `:`, `>=`, `<=`, `>`, `<` or `=`.
    operator: &'static str,
    /// Lower-case text.
    text: String,
}

/// What a query is matched against; texts may be in any letter case.
pub(super) trait Searchable {
    /// Whether the named property (empty: the default ones) holds the text.
    fn holds(&self, property: &str, text: &str) -> bool;
    /// The moment the named property compares by, as RFC 3339 or a prefix of it.
    fn date(&self, property: &str) -> Option<&str>;
}

const PROPERTIES: [&str; 17] = [
    "",
    "attachment",
    "bcc",
    "body",
    "cc",
    "from",
    "hasattachment",
    "hasattachments",
    "importance",
    "kind",
    "participants",
    "received",
    "recipients",
    "sent",
    "size",
    "subject",
    "to",
];

impl Query {
    /// Parses the value of `$search`.
    ///
    /// # Errors
    /// 400 with Graph's syntax message.
    pub(super) fn parse(search: &str) -> Result<Self, GraphError> {
        Self::read(&unquote(search)?, &PROPERTIES)
    }

    /// Parses KQL as it is, with these properties.
    ///
    /// # Errors
    /// 400 with Graph's syntax message.
    pub(super) fn read(kql: &str, properties: &[&str]) -> Result<Self, GraphError> {
        let mut alternatives = vec![Vec::new()];
        let mut negated = false;
        for word in words(kql) {
            match word.as_str() {
                "OR" => alternatives.push(Vec::new()),
                "AND" => {}
                "NOT" => negated = true,
                word => {
                    let term = Term::parse(word, negated, properties)?;
                    negated = false;
                    if let Some(last) = alternatives.last_mut() {
                        last.push(term);
                    }
                }
            }
        }
        alternatives.retain(|terms| !terms.is_empty());
        Ok(Self { alternatives })
    }

    /// The texts that are looked for, for marking them where they are found.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.alternatives.iter().flatten().filter(|term| !term.negated).map(|term| term.text.as_str())
    }

    pub(super) fn matches(&self, item: &impl Searchable) -> bool {
        self.alternatives.iter().any(|terms| terms.iter().all(|term| term.matches(item) != term.negated))
    }
}

impl Term {
    fn parse(word: &str, negated: bool, properties: &[&str]) -> Result<Self, GraphError> {
        let (negated, word) = match word.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (negated, word),
        };
        let quoted = word.starts_with('"');
        for operator in [">=", "<=", ":", ">", "<", "="] {
            if let Some((property, text)) = word.split_once(operator)
                && !quoted
                && property.chars().all(char::is_alphabetic)
            {
                let property = property.to_lowercase();
                if !properties.contains(&property.as_str()) {
                    return Err(syntax(&format!("the property '{property}' is not searchable")));
                }
                return Ok(Self { negated, property, operator, text: bare(text) });
            }
        }
        Ok(Self { negated, property: String::new(), operator: ":", text: bare(word) })
    }

    fn matches(&self, item: &impl Searchable) -> bool {
        let Some(date) = item.date(&self.property) else { return item.holds(&self.property, &self.text) };
        let date = date.get(..self.text.len()).unwrap_or(date).to_lowercase();
        match self.operator {
            ">=" => date >= self.text,
            "<=" => date <= self.text,
            ">" => date > self.text,
            "<" => date < self.text,
            _ => date == self.text,
        }
    }
}

fn bare(text: &str) -> String {
    text.trim_matches('"').trim_end_matches('*').to_lowercase()
}

fn syntax(what: &str) -> GraphError {
    GraphError::bad_request(format!("Syntax error: {what} in the $search expression."))
}

/// Takes the outer quotes off and resolves `\"`; a single bare word needs none.
pub(super) fn unquote(search: &str) -> Result<String, GraphError> {
    let Some(rest) = search.strip_prefix('"') else {
        if let Some(position) = search.find(|sign: char| !sign.is_alphanumeric()) {
            let sign = search.get(position..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
            return Err(GraphError::bad_request(format!(
                "Syntax error: character '{sign}' is not valid at position {position} in '{search}'."
            )));
        }
        return Ok(search.to_owned());
    };
    let inner = rest.strip_suffix('"').ok_or_else(|| syntax("an unterminated string literal"))?;
    let mut plain = String::with_capacity(inner.len());
    let mut signs = inner.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => plain.push(signs.next().ok_or_else(|| syntax("a backslash at the end"))?),
            '"' => return Err(syntax("a quote that is not escaped")),
            sign => plain.push(sign),
        }
    }
    Ok(plain)
}

/// Splits at spaces outside quotes; quotes stay part of their word, parentheses are dropped.
/// A quote that is not closed holds to the end.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for sign in text.chars() {
        match sign {
            '"' => {
                quoted = !quoted;
                words.last_mut().into_iter().for_each(|word| word.push(sign));
            }
            '(' | ')' if !quoted => {}
            sign if sign.is_whitespace() && !quoted => words.push(String::new()),
            sign => words.last_mut().into_iter().for_each(|word| word.push(sign)),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Mail;

    impl Searchable for Mail {
        fn holds(&self, property: &str, text: &str) -> bool {
            match property {
                "" => "budget review megan".contains(text),
                "subject" => "budget review".contains(text),
                "from" => "megan".contains(text),
                _ => false,
            }
        }
        fn date(&self, property: &str) -> Option<&str> {
            (property == "received").then_some("2026-11-02T10:00:00Z")
        }
    }

    fn found(search: &str) -> bool {
        Query::parse(search).unwrap().matches(&Mail)
    }

    #[test]
    fn terms_phrases_properties_dates_and_connectives_decide() {
        assert!(found("budget"));
        assert!(found("\"subject:budget from:megan\""));
        assert!(found("\"subject:\\\"budget review\\\"\""));
        assert!(found("\"received>=2026-11-01 received<2026-11-03\""));
        assert!(
            found("\"holiday OR budget\"") && found("\"budget NOT holiday\"") && found("\"budget -holiday\"")
        );
        assert!(
            !found("\"subject:megan\"") && !found("\"budget holiday\"") && !found("\"received<2026-11-01\"")
        );
    }

    #[test]
    fn what_is_not_closed_or_not_known_is_refused() {
        for search in ["from:megan", "\"open", "\"a \"b\" c\"", "\"flavour:sweet\"", "\"end\\\""] {
            assert_eq!(Query::parse(search).unwrap_err().status, 400, "{search}");
        }
    }
}
