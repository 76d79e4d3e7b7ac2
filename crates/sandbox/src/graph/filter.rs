//! The `$filter` subset: comparisons of properties with literals, and two text functions, joined by `and`.
//!
//! Source: OData 4.01 part 2, 5.1.1. Out of scope: `or`, `not`, lambda operators and arithmetic, which Outlook
//! either does not support on messages or no caller needs; they are refused as Graph words it.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::errors::GraphError;
use super::odata::{compare, lookup};
use super::schema;

/// All clauses must hold; no clause means everything passes.
#[derive(Debug, Default)]
pub(super) struct Filter {
    clauses: Vec<Clause>,
}

#[derive(Debug)]
struct Clause {
    path: String,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Compare(Comparison, Value),
    Contains(String),
    StartsWith(String),
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Eq,
    Ge,
    Gt,
    Le,
    Lt,
    Ne,
}

impl Filter {
    /// Parses `isRead eq false and receivedDateTime ge 2026-11-01T00:00:00Z`.
    ///
    /// # Errors
    /// 400 for an unknown property, or for what is outside the subset.
    pub(super) fn parse(text: &str, entity: &'static str) -> Result<Self, GraphError> {
        let tokens = tokens(text)?;
        let mut clauses = Vec::new();
        for words in tokens.split(|token| token == "and") {
            let clause = Clause::parse(words)?;
            schema::known_property(entity, &clause.path)?;
            clauses.push(clause);
        }
        Ok(Self { clauses })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }

    /// The filtered properties in the order they are written.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.clauses.iter().map(|clause| clause.path.as_str())
    }

    /// Whether an item passes.
    pub(super) fn passes(&self, fields: &Map<String, Value>) -> bool {
        self.clauses.iter().all(|clause| clause.holds(lookup(fields, &clause.path)))
    }
}

impl Clause {
    fn parse(words: &[String]) -> Result<Self, GraphError> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            [path, operator, value] => {
                let comparison = match *operator {
                    "eq" => Comparison::Eq,
                    "ge" => Comparison::Ge,
                    "gt" => Comparison::Gt,
                    "le" => Comparison::Le,
                    "lt" => Comparison::Lt,
                    "ne" => Comparison::Ne,
                    _ => return Err(invalid()),
                };
                Ok(Self { path: (*path).to_owned(), test: Test::Compare(comparison, literal(value)?) })
            }
            [function, "(", path, ",", value, ")"] => {
                let Value::String(wanted) = literal(value)? else { return Err(invalid()) };
                let wanted = wanted.to_lowercase();
                let test = match *function {
                    "contains" => Test::Contains(wanted),
                    "startswith" => Test::StartsWith(wanted),
                    _ => return Err(invalid()),
                };
                Ok(Self { path: (*path).to_owned(), test })
            }
            _ => Err(invalid()),
        }
    }

    fn holds(&self, found: &Value) -> bool {
        match &self.test {
            Test::Contains(text) => found.as_str().is_some_and(|found| found.to_lowercase().contains(text)),
            Test::StartsWith(text) => {
                found.as_str().is_some_and(|found| found.to_lowercase().starts_with(text))
            }
            Test::Compare(comparison, wanted) => {
                let order = compare(found, wanted);
                match comparison {
                    Comparison::Eq => order == Ordering::Equal,
                    Comparison::Ge => order != Ordering::Less,
                    Comparison::Gt => order == Ordering::Greater,
                    Comparison::Le => order != Ordering::Greater,
                    Comparison::Lt => order == Ordering::Less,
                    Comparison::Ne => order != Ordering::Equal,
                }
            }
        }
    }
}

fn invalid() -> GraphError {
    GraphError::new(400, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes.")
}

fn literal(text: &str) -> Result<Value, GraphError> {
    if let Some(inner) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Ok(Value::String(inner.replace("''", "'")));
    }
    match text {
        "true" => Ok(Value::Bool(true)),
        "false" => Ok(Value::Bool(false)),
        "null" => Ok(Value::Null),
        _ => match text.parse::<jiff::Timestamp>() {
            // Stored dates are whole seconds in UTC, so text order is time order once both look alike.
            Ok(at) => Ok(Value::String(super::zones::rfc3339(at.as_millisecond()))),
            Err(_) => text.parse::<i64>().map(Value::from).map_err(|_| invalid()),
        },
    }
}

/// Words, quoted strings (kept with their quotes) and the signs `(`, `)`, `,`.
fn tokens(text: &str) -> Result<Vec<String>, GraphError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' => quoted_length(rest).ok_or_else(invalid)?,
            '(' | ')' | ',' => 1,
            _ => rest.find([' ', '(', ')', ',', '\'']).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token.to_owned());
        rest = after.trim_start();
    }
    Ok(tokens)
}

/// Length in bytes of the quoted string at the start, doubled quotes included.
fn quoted_length(text: &str) -> Option<usize> {
    let mut position = 1;
    loop {
        position += text.get(position..)?.find('\'')? + 1;
        if !text.get(position..)?.starts_with('\'') {
            return Some(position);
        }
        position += 1;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn passes(filter: &str, fields: &Value) -> bool {
        Filter::parse(filter, "message").unwrap().passes(fields.as_object().unwrap())
    }

    #[test]
    fn comparisons_and_functions_decide_by_property() {
        let message = || {
            json!({"isRead": false, "receivedDateTime": "2026-11-02T10:00:00Z", "subject": "It's late",
                   "from": {"emailAddress": {"address": "Megan@contoso.example"}}})
        };
        assert!(passes("isRead eq false and receivedDateTime ge 2026-11-01T00:00:00Z", &message()));
        assert!(!passes("receivedDateTime lt 2026-11-02T10:00:00Z", &message()));
        assert!(passes("receivedDateTime le 2026-11-02T11:00:00+01:00", &message()));
        assert!(passes("from/emailAddress/address eq 'megan@contoso.example'", &message()));
        assert!(passes("subject eq 'It''s late'", &message()));
        assert!(passes("contains(subject,'LATE') and startswith(subject, 'it')", &message()));
    }

    #[test]
    fn what_is_outside_the_subset_is_refused() {
        let code = |filter| Filter::parse(filter, "message").unwrap_err().code;
        assert_eq!(code("isRaed eq true"), "RequestBroker--ParseUri");
        for filter in [
            "isRead eq true or isDraft eq true",
            "not isRead",
            "subject eq 'open",
            "subject like 'x'",
            "",
            "and",
        ] {
            assert_eq!(code(filter), "ErrorInvalidUrlQueryFilter", "{filter}");
        }
    }
}
