//! OData query options: reading them, and what a list does with them.
//!
//! Source: OData 4.01 part 2 and Graph's query-parameter pages; Outlook's own limits. In scope: `$top`, `$skip`,
//! `$select`, `$orderby`, `$filter` (comparisons joined by `and`), `$count`, `$search`, next links. Invariants: an
//! option, property or operator the tenant does not know is refused, never ignored; following next links from the
//! first page visits every item once as long as nothing is added.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::errors::GraphError;
use super::filter::Filter;
use super::routes::Route;
use super::schema;

/// Largest page any Outlook list gives.
const MAX_TOP: usize = 1000;

/// The options of one request, checked against its row.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) top: Option<usize>,
    pub(super) skip: usize,
    /// Selected names; none means the default set.
    pub(super) select: Option<Vec<String>>,
    pub(super) order: Vec<OrderBy>,
    pub(super) filter: Filter,
    /// Names of `$expand`, which the operation checks.
    pub(super) expand: Vec<String>,
    pub(super) search: Option<String>,
    pub(super) count: bool,
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
    /// Whether a list of mail folders shows the hidden ones too.
    pub(super) hidden: bool,
}

/// One `$orderby` term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OrderBy {
    pub(super) path: String,
    pub(super) descending: bool,
}

impl Options {
    /// Parses a raw query string.
    ///
    /// # Errors
    /// Graph's 400 for an option this row does not take, a repeated one, or a value that does not parse.
    pub(super) fn parse(query: &str, route: &Route) -> Result<Self, GraphError> {
        let mut options = Self::default();
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let key = name.strip_prefix('$').unwrap_or(&name).to_ascii_lowercase();
            if !route.options.contains(&key.as_str()) {
                return Err(GraphError::option_not_allowed(route.workload, &name));
            }
            if seen.contains(&key) {
                return Err(GraphError::bad_request(format!(
                    "Query option '{name}' was specified more than once."
                )));
            }
            options.take(&key, &value, route)?;
            seen.push(key);
        }
        options.check_combination()?;
        Ok(options)
    }

    fn take(&mut self, key: &str, value: &str, route: &Route) -> Result<(), GraphError> {
        let entity = route.entity;
        match key {
            "top" => self.top = Some(top(value)?),
            "skip" => self.skip = number("$skip", value)?,
            "skiptoken" => {
                self.skip =
                    value.parse().map_err(|_| GraphError::bad_request("The skip token is malformed."))?;
            }
            "select" => self.select = select(value, entity)?,
            "orderby" => self.order = order(value, entity)?,
            "filter" => self.filter = Filter::parse(value, entity)?,
            "expand" => self.expand = value.split(',').map(|name| name.trim().to_owned()).collect(),
            "search" => self.search = Some(value.to_owned()),
            "count" => self.count = value.eq_ignore_ascii_case("true"),
            "startdatetime" => self.start = Some(value.to_owned()),
            "enddatetime" => self.end = Some(value.to_owned()),
            "includehiddenfolders" => self.hidden = value.eq_ignore_ascii_case("true"),
            _ => return Err(GraphError::option_not_allowed(route.workload, key)),
        }
        Ok(())
    }

    fn check_combination(&self) -> Result<(), GraphError> {
        let refused = |code, option: &str| {
            Err(GraphError::new(
                400,
                code,
                format!("The query parameter '{option}' is not supported with '$search'."),
            ))
        };
        match &self.search {
            Some(_) if !self.filter.is_empty() => refused("SearchWithFilter", "$filter"),
            Some(_) if !self.order.is_empty() => refused("SearchWithOrderBy", "$orderby"),
            _ => Ok(()),
        }
    }

    /// Outlook's rule: ordered properties must come first in the filter, in the same order.
    ///
    /// # Errors
    /// 400 `InefficientFilter`.
    pub(super) fn check_efficiency(&self) -> Result<(), GraphError> {
        let mut filtered = self.filter.paths();
        let inefficient = !self.filter.is_empty()
            && self.order.iter().any(|term| filtered.next() != Some(term.path.as_str()));
        if inefficient {
            return Err(GraphError::new(
                400,
                "InefficientFilter",
                "The restriction or sort order is too complex for this operation.",
            ));
        }
        Ok(())
    }

    /// Sorts by the `$orderby` terms; ties keep their order.
    pub(super) fn sort<T>(&self, items: &mut [T], fields: impl Fn(&T) -> &Map<String, Value>) {
        if self.order.is_empty() {
            return;
        }
        items.sort_by(|a, b| {
            self.order.iter().fold(Ordering::Equal, |so_far, term| {
                so_far.then_with(|| {
                    let order = compare(lookup(fields(a), &term.path), lookup(fields(b), &term.path));
                    if term.descending { order.reverse() } else { order }
                })
            })
        });
    }

    /// The part of `total` items this page shows, and where the next page starts if there is one.
    pub(super) fn page(&self, total: usize, default_top: usize) -> (std::ops::Range<usize>, Option<usize>) {
        let start = self.skip.min(total);
        let end = start.saturating_add(self.top.unwrap_or(default_top)).min(total);
        (start..end, (end < total && end > start).then_some(end))
    }
}

/// The link to the page that starts at `position`: the request's own URL on Graph's public host.
pub(super) fn next_link(raw_path: &str, query: &str, token: &str, position: usize) -> String {
    let mut link = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if !name.eq_ignore_ascii_case("$skip") && !name.eq_ignore_ascii_case("$skiptoken") {
            link.append_pair(&name, &value);
        }
    }
    link.append_pair(token, &position.to_string());
    format!("https://graph.microsoft.com{raw_path}?{}", link.finish())
}

/// The value at a `/`-separated path.
pub(super) fn lookup<'a>(fields: &'a Map<String, Value>, path: &str) -> &'a Value {
    let mut steps = path.split('/');
    let first = steps.next().and_then(|step| fields.get(step)).unwrap_or(&Value::Null);
    steps.fold(first, |at, step| at.get(step).unwrap_or(&Value::Null))
}

/// Orders two JSON scalars: null first, then by kind; text without regard to letter case.
pub(super) fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.to_lowercase().cmp(&b.to_lowercase()),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => {
            a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal)
        }
        (a, b) => b.is_null().cmp(&a.is_null()),
    }
}

fn number(option: &str, value: &str) -> Result<usize, GraphError> {
    value.parse().map_err(|_| {
        GraphError::bad_request(format!(
            "Invalid value '{value}' for {option} query option found. The {option} query option requires a \
             non-negative integer value."
        ))
    })
}

fn top(value: &str) -> Result<usize, GraphError> {
    match number("$top", value)? {
        0 => Err(GraphError::bad_request("The value of $top must be at least 1.")),
        asked if asked > MAX_TOP => Err(GraphError::bad_request(format!(
            "The limit of '{MAX_TOP}' for Top query has been exceeded. The value from the incoming request is '{asked}'."
        ))),
        asked => Ok(asked),
    }
}

fn select(value: &str, entity: &'static str) -> Result<Option<Vec<String>>, GraphError> {
    let mut names = Vec::new();
    for name in value.split(',').map(str::trim) {
        if name == "*" {
            return Ok(None);
        }
        schema::known_property(entity, name)?;
        names.push(name.to_owned());
    }
    Ok(Some(names))
}

fn order(value: &str, entity: &'static str) -> Result<Vec<OrderBy>, GraphError> {
    value
        .split(',')
        .map(|term| {
            let mut words = term.split_whitespace();
            let path = words.next().unwrap_or_default();
            schema::known_property(entity, path)?;
            let descending = match (words.next(), words.next()) {
                (None | Some("asc"), None) => false,
                (Some("desc"), None) => true,
                _ => return Err(GraphError::bad_request(format!("Syntax error in $orderby: '{term}'."))),
            };
            Ok(OrderBy { path: path.to_owned(), descending })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::routes::find;
    use super::*;

    fn parse(path: &str, query: &str) -> Result<Options, GraphError> {
        Options::parse(query, find("GET", path).unwrap().route)
    }

    #[test]
    fn unknown_repeated_or_foreign_options_are_refused() {
        assert!(parse("/v1.0/me/messages", "$top=5&$select=id,subject").is_ok());
        for query in [
            "$expnad=x",
            "$expand=attachments",
            "foo=bar",
            "$top=1&$top=2",
            "$top=-1",
            "$top=1.5",
            "$top=1001",
            "$top=0",
        ] {
            assert_eq!(parse("/v1.0/me/messages", query).unwrap_err().status, 400, "{query}");
        }
        assert!(parse("/v1.0/me/joinedTeams", "$select=id").is_err());
        assert!(parse("/v1.0/me/people", "$skip=10").is_err());
    }

    #[test]
    fn an_unknown_selected_property_is_named() {
        let refused = parse("/v1.0/me/messages", "$select=id,subjct").unwrap_err();
        assert_eq!(refused.code, "RequestBroker--ParseUri");
        assert_eq!(
            refused.message,
            "Could not find a property named 'subjct' on type 'microsoft.graph.message'."
        );
        assert!(parse("/v1.0/me/messages", "$orderby=recieved").is_err());
    }

    #[test]
    fn search_stands_alone() {
        assert_eq!(
            parse("/v1.0/me/messages", "$search=\"a\"&$filter=isRead eq true").unwrap_err().code,
            "SearchWithFilter"
        );
        assert_eq!(
            parse("/v1.0/me/messages", "$search=\"a\"&$orderby=subject").unwrap_err().code,
            "SearchWithOrderBy"
        );
    }

    #[test]
    fn an_ordered_property_must_lead_the_filter() {
        let good = "$filter=receivedDateTime ge 2026-01-01T00:00:00Z and isRead eq false&$orderby=receivedDateTime desc";
        assert!(parse("/v1.0/me/messages", good).unwrap().check_efficiency().is_ok());
        let bad =
            parse("/v1.0/me/messages", "$filter=isRead eq false&$orderby=receivedDateTime desc").unwrap();
        assert_eq!(bad.check_efficiency().unwrap_err().code, "InefficientFilter");
    }

    #[test]
    fn a_next_link_keeps_every_option_but_the_position() {
        let link = next_link("/v1.0/me/messages", "$top=2&$skip=2&$select=id%2Csubject", "$skip", 4);
        assert_eq!(
            link,
            "https://graph.microsoft.com/v1.0/me/messages?%24top=2&%24select=id%2Csubject&%24skip=4"
        );
    }
}
