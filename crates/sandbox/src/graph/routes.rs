//! The table of what the simulated tenant answers, and the parsing of a path into a row of it.
//!
//! Source: Microsoft's v1.0 paths and its permissions map. In scope: which path and method exist, which query options
//! and which delegated scopes each takes. Invariants: a path segment is percent-decoded exactly once, after the path
//! has been split, so a decoded `/` or `..` inside an id is part of the id and never a step.

mod calendar;
mod files;
mod mail;
mod meetings;
mod people;
mod tasks;
mod teams;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::call::{Answer, Call};
use super::errors::{GraphError, Workload};

/// What a matched request does.
#[derive(Clone, Copy)]
pub(super) enum Operation {
    /// The requests inside it.
    Batch,
    /// An answer at once.
    Answer(fn(&Call<'_>) -> Result<Answer, GraphError>),
}

/// What a request may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carries {
    /// Bytes of any kind.
    Bytes,
    /// A JSON object, where the method writes.
    Json,
}

/// One row: a method on a path template.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) template: &'static str,
    pub(super) operation: Operation,
    pub(super) workload: Workload,
    /// Resource type of the answer, which decides the names `$select` knows.
    pub(super) entity: &'static str,
    /// Query options in lower case without `$`.
    pub(super) options: &'static [&'static str],
    /// One of these delegated scopes is needed; none means any valid token will do.
    pub(super) scopes: &'static [&'static str],
    pub(super) carries: Carries,
    /// Whether `/users/{id}` may stand for `/me`; one of the scopes with `.Shared` behind it is needed then.
    pub(super) mailbox: bool,
}

static BATCH: [Route; 1] = [Route {
    operation: Operation::Batch,
    ..row(
        "POST",
        "/$batch",
        |_| Err(GraphError::method_not_allowed()),
        Workload::Directory,
        "batch",
        &[],
        &[],
    )
}];

/// Every request the tenant answers.
static FAMILIES: [&[Route]; 8] = [
    &BATCH,
    &mail::ROWS,
    &calendar::ROWS,
    &teams::ROWS,
    &meetings::ROWS,
    &people::ROWS,
    &files::ROWS,
    &tasks::ROWS,
];

#[expect(clippy::too_many_arguments, reason = "one argument per column of the table")]
const fn row(
    method: &'static str,
    template: &'static str,
    answer: fn(&Call<'_>) -> Result<Answer, GraphError>,
    workload: Workload,
    entity: &'static str,
    options: &'static [&'static str],
    scopes: &'static [&'static str],
) -> Route {
    let (operation, carries) = (Operation::Answer(answer), Carries::Json);
    Route { method, template, operation, workload, entity, options, scopes, carries, mailbox: false }
}

impl Route {
    /// The same in another mailbox too.
    const fn or_mailbox(self) -> Self {
        Self { mailbox: true, ..self }
    }
}

/// A matched row and the ids of its `{id}` segments, decoded, in order.
pub(super) struct Matched {
    pub(super) route: &'static Route,
    pub(super) ids: Vec<String>,
    /// Whose mailbox, where the path names one.
    pub(super) mailbox: Option<String>,
}

/// Finds the row for a method and a raw path such as `/v1.0/me/messages/AAMk%2F1`.
///
/// # Errors
/// 400 for another version or an unknown segment, 405 where only the method is wrong.
pub(super) fn find(method: &str, raw_path: &str) -> Result<Matched, GraphError> {
    let segments = split(raw_path)?;
    let mut deepest = 0;
    let mut path_exists = false;
    for route in FAMILIES.iter().flat_map(|family| family.iter()) {
        let (depth, ids) = walk(route.template, &segments);
        let elsewhere = route.template.strip_prefix("/me").filter(|_| route.mailbox).map(|below| {
            let (depth, ids) = walk(&format!("/users/{{id}}{below}"), &segments);
            (depth, ids.map(|mut ids| (ids.remove(0), ids)))
        });
        deepest = deepest.max(depth).max(elsewhere.as_ref().map_or(0, |(depth, _)| *depth));
        let own = ids.map(|ids| (None, ids));
        let found = own.or_else(|| elsewhere?.1.map(|(mailbox, ids)| (Some(mailbox), ids)));
        let Some((mailbox, ids)) = found else { continue };
        if route.method == method {
            return Ok(Matched { route, ids, mailbox });
        }
        path_exists = true;
    }
    if path_exists {
        return Err(GraphError::method_not_allowed());
    }
    Err(GraphError::unknown_segment(segments.get(deepest).map_or("", String::as_str)))
}

fn split(raw_path: &str) -> Result<Vec<String>, GraphError> {
    let mut raw = raw_path.trim_start_matches('/').split('/');
    let version = raw.next().unwrap_or_default();
    if !version.eq_ignore_ascii_case("v1.0") {
        return Err(GraphError::bad_request(format!("Invalid version: {version}.")));
    }
    raw.map(|segment| {
        percent_decode_str(segment)
            .decode_utf8()
            .map(Cow::into_owned)
            .map_err(|_| GraphError::bad_request("The request URI is not valid UTF-8."))
    })
    .collect()
}

/// How many segments fit the template, and the ids if all do and none is left over.
fn walk(template: &str, segments: &[String]) -> (usize, Option<Vec<String>>) {
    let mut ids = Vec::new();
    let mut depth = 0;
    for wanted in template.split('/').skip(1) {
        match segments.get(depth) {
            Some(found) if wanted == "{id}" && !found.is_empty() => ids.push(found.clone()),
            Some(found) if wanted == "{id}:" => match found.strip_suffix(':') {
                Some(id) if !id.is_empty() => ids.push(id.to_owned()),
                _ => return (depth, None),
            },
            Some(found) if !wanted.starts_with("{id}") && found.eq_ignore_ascii_case(wanted) => {}
            _ => return (depth, None),
        }
        depth += 1;
    }
    (depth, (depth == segments.len()).then_some(ids))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_slash_or_dot_segment_is_an_id_and_never_a_step() {
        let matched = find("GET", "/v1.0/me/messages/AA%2FBB%3D").unwrap();
        assert_eq!(matched.ids, ["AA/BB="]);
        let climbing = find("GET", "/v1.0/me/mailFolders/%2E%2E%2F%2E%2E%2Fusers/messages").unwrap();
        assert_eq!(
            (climbing.route.template, climbing.ids),
            ("/me/mailFolders/{id}/messages", vec!["../../users".to_owned()])
        );
        assert_eq!(find("GET", "/v1.0/me/mailFolders/%252F/messages").unwrap().ids, ["%2F"]);
    }

    #[test]
    fn unknown_segments_methods_and_versions_are_refused_each_in_its_own_way() {
        let code =
            |method, path| find(method, path).err().map(|error| (error.status, error.message)).unwrap();
        assert_eq!(code("GET", "/v1.0/me/mesages").1, "Resource not found for the segment 'mesages'.");
        assert_eq!(code("GET", "/v1.0/nobody/x").1, "Resource not found for the segment 'nobody'.");
        assert_eq!(code("DELETE", "/v1.0/me/sendMail").0, 405);
        assert_eq!(code("GET", "/beta/me").1, "Invalid version: beta.");
        assert_eq!(code("GET", "/v1.0/me/messages/a/b").0, 400);
        assert_eq!(code("GET", "/v1.0/me/messages/").0, 400);
    }

    #[test]
    fn another_mailbox_is_named_in_the_path_where_the_row_allows_it() {
        let matched = find("GET", "/v1.0/users/b%40contoso.example/messages/AA%2F").unwrap();
        assert_eq!(matched.mailbox.as_deref(), Some("b@contoso.example"));
        assert_eq!((matched.route.template, matched.ids), ("/me/messages/{id}", vec!["AA/".to_owned()]));
        assert_eq!(find("GET", "/v1.0/me/messages/AA").unwrap().mailbox, None);
        assert!(find("GET", "/v1.0/users/b%40contoso.example/joinedTeams").is_err());
    }

    #[test]
    fn a_path_below_an_item_stands_between_colons() {
        let matched = find("PUT", "/v1.0/me/drive/items/01A:/a%2Fb%3A.txt:/content").unwrap();
        assert_eq!(
            (matched.route.template, matched.ids),
            ("/me/drive/items/{id}:/{id}:/content", vec!["01A".to_owned(), "a/b:.txt".to_owned()])
        );
        for path in [
            "01A/a.txt:/content",
            "01A:/a.txt/content",
            ":/a.txt:/content",
            "01A:/:/content",
            "01A:/a/b:/content",
        ] {
            assert!(find("PUT", &format!("/v1.0/me/drive/items/{path}")).is_err(), "{path}");
        }
    }

    #[test]
    fn literal_segments_match_in_any_letter_case() {
        assert_eq!(find("GET", "/v1.0/ME/CalendarView").unwrap().route.template, "/me/calendarView");
    }
}
