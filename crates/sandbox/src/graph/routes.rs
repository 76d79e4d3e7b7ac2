//! The table of what the simulated tenant answers, and the parsing of a path into a row of it.
//!
//! Source: Microsoft's v1.0 paths and its permissions map. In scope: which path and method exist, which query options
//! and which delegated scopes each takes. Invariants: a path segment is percent-decoded exactly once, after the path
//! has been split, so a decoded `/` or `..` inside an id is part of the id and never a step.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::errors::{GraphError, Workload};

/// What a matched request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Batch,
    CalendarView,
    Calendars,
    ChannelMessages,
    Channels,
    Contacts,
    CreateDraft,
    CreateEvent,
    CreateMeeting,
    DriveItem,
    DriveRootChildren,
    Event,
    Events,
    Folder,
    FolderMessages,
    Folders,
    JoinedTeams,
    Me,
    Message,
    Messages,
    People,
    Person,
    PostChannelMessage,
    SendMail,
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
}

const MAIL_READ: &[&str] = &["Mail.ReadBasic", "Mail.Read", "Mail.ReadWrite"];
const CALENDAR_READ: &[&str] = &["Calendars.ReadBasic", "Calendars.Read", "Calendars.ReadWrite"];
const MAIL_LIST: &[&str] = &["top", "skip", "select", "orderby", "filter", "search", "count", "skiptoken"];
const LIST: &[&str] = &["top", "skip", "select", "orderby", "filter", "count"];
const VIEW: &[&str] = &["top", "skip", "select", "orderby", "count", "startdatetime", "enddatetime"];
const SELECT: &[&str] = &["select"];
const FOLDERS: &[&str] = &["top", "skip", "select", "orderby", "filter", "count", "includehiddenfolders"];
/// The drive pages by the links it gives and by nothing else.
const CHILDREN: &[&str] = &["top", "select", "orderby", "filter", "skiptoken"];
const PEOPLE_READ: &[&str] = &["People.Read", "People.Read.All"];

use Operation as O;
use Workload::{Directory, Drive, Exchange, Teams};

/// Every request the tenant answers.
pub(super) const ROUTES: [Route; 24] = [
    row("POST", "/$batch", O::Batch, Directory, "batch", &[], &[]),
    row(
        "GET",
        "/me",
        O::Me,
        Directory,
        "user",
        SELECT,
        &["User.Read", "User.ReadWrite", "User.Read.All", "User.ReadBasic.All"],
    ),
    row("GET", "/me/calendarView", O::CalendarView, Exchange, "event", VIEW, CALENDAR_READ),
    row(
        "GET",
        "/me/calendars",
        O::Calendars,
        Exchange,
        "calendar",
        LIST,
        &["Calendars.ReadBasic", "Calendars.Read", "Calendars.ReadWrite", "Calendars.Read.Shared"],
    ),
    row(
        "GET",
        "/me/contacts",
        O::Contacts,
        Exchange,
        "contact",
        LIST,
        &["Contacts.Read", "Contacts.ReadWrite"],
    ),
    row(
        "GET",
        "/me/drive/items/{id}",
        O::DriveItem,
        Drive,
        "driveItem",
        SELECT,
        &[
            "Files.Read",
            "Files.ReadWrite",
            "Files.Read.All",
            "Sites.Read.All",
            "Files.ReadWrite.All",
            "Group.Read.All",
            "Group.ReadWrite.All",
        ],
    ),
    row(
        "GET",
        "/me/drive/root/children",
        O::DriveRootChildren,
        Drive,
        "driveItem",
        CHILDREN,
        &[
            "Files.Read",
            "Files.ReadWrite",
            "Files.Read.All",
            "Sites.Read.All",
            "Files.ReadWrite.All",
            "Sites.ReadWrite.All",
        ],
    ),
    row("GET", "/me/events", O::Events, Exchange, "event", LIST, CALENDAR_READ),
    row("POST", "/me/events", O::CreateEvent, Exchange, "event", &[], &["Calendars.ReadWrite"]),
    row("GET", "/me/events/{id}", O::Event, Exchange, "event", SELECT, CALENDAR_READ),
    row(
        "GET",
        "/me/joinedTeams",
        O::JoinedTeams,
        Teams,
        "team",
        &[],
        &[
            "Team.ReadBasic.All",
            "User.Read.All",
            "Directory.Read.All",
            "TeamSettings.ReadWrite.All",
            "User.ReadWrite.All",
            "Directory.ReadWrite.All",
            "TeamSettings.Read.All",
        ],
    ),
    row("GET", "/me/mailFolders", O::Folders, Exchange, "mailFolder", FOLDERS, MAIL_READ),
    row(
        "GET",
        "/me/mailFolders/{id}",
        O::Folder,
        Exchange,
        "mailFolder",
        &["select", "includehiddenfolders"],
        MAIL_READ,
    ),
    row("GET", "/me/mailFolders/{id}/messages", O::FolderMessages, Exchange, "message", MAIL_LIST, MAIL_READ),
    row("GET", "/me/messages", O::Messages, Exchange, "message", MAIL_LIST, MAIL_READ),
    row("POST", "/me/messages", O::CreateDraft, Exchange, "message", &[], &["Mail.ReadWrite"]),
    row("GET", "/me/messages/{id}", O::Message, Exchange, "message", SELECT, MAIL_READ),
    row(
        "POST",
        "/me/onlineMeetings",
        O::CreateMeeting,
        Teams,
        "onlineMeeting",
        &[],
        &["OnlineMeetings.ReadWrite"],
    ),
    row(
        "GET",
        "/me/people",
        O::People,
        Exchange,
        "person",
        &["top", "select", "search", "filter", "orderby"],
        PEOPLE_READ,
    ),
    row("GET", "/me/people/{id}", O::Person, Exchange, "person", SELECT, PEOPLE_READ),
    row("POST", "/me/sendMail", O::SendMail, Exchange, "message", &[], &["Mail.Send"]),
    row(
        "GET",
        "/teams/{id}/channels",
        O::Channels,
        Teams,
        "channel",
        &["select", "filter"],
        &[
            "Channel.ReadBasic.All",
            "Group.Read.All",
            "Directory.Read.All",
            "ChannelSettings.Read.All",
            "ChannelSettings.ReadWrite.All",
            "Group.ReadWrite.All",
            "Directory.ReadWrite.All",
        ],
    ),
    row(
        "GET",
        "/teams/{id}/channels/{id}/messages",
        O::ChannelMessages,
        Teams,
        "chatMessage",
        &["top", "skiptoken"],
        &["ChannelMessage.Read.All"],
    ),
    row(
        "POST",
        "/teams/{id}/channels/{id}/messages",
        O::PostChannelMessage,
        Teams,
        "chatMessage",
        &[],
        &["ChannelMessage.Send"],
    ),
];

#[expect(clippy::too_many_arguments, reason = "one argument per column of the table")]
const fn row(
    method: &'static str,
    template: &'static str,
    operation: Operation,
    workload: Workload,
    entity: &'static str,
    options: &'static [&'static str],
    scopes: &'static [&'static str],
) -> Route {
    Route { method, template, operation, workload, entity, options, scopes }
}

/// A matched row and the ids of its `{id}` segments, decoded, in order.
pub(super) struct Matched {
    pub(super) route: &'static Route,
    pub(super) ids: Vec<String>,
}

/// Finds the row for a method and a raw path such as `/v1.0/me/messages/AAMk%2F1`.
///
/// # Errors
/// 400 for another version or an unknown segment, 405 where only the method is wrong.
pub(super) fn find(method: &str, raw_path: &str) -> Result<Matched, GraphError> {
    let segments = split(raw_path)?;
    let mut deepest = 0;
    let mut path_exists = false;
    for route in &ROUTES {
        let (depth, ids) = walk(route.template, &segments);
        deepest = deepest.max(depth);
        let Some(ids) = ids else { continue };
        if route.method == method {
            return Ok(Matched { route, ids });
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
            Some(found) if wanted != "{id}" && found.eq_ignore_ascii_case(wanted) => {}
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
            (climbing.route.operation, climbing.ids),
            (O::FolderMessages, vec!["../../users".to_owned()])
        );
        assert_eq!(find("GET", "/v1.0/me/mailFolders/%252F/messages").unwrap().ids, ["%2F"]);
    }

    #[test]
    fn unknown_segments_methods_and_versions_are_refused_each_in_its_own_way() {
        let code =
            |method, path| find(method, path).err().map(|error| (error.status, error.message)).unwrap();
        assert_eq!(code("GET", "/v1.0/me/mesages").1, "Resource not found for the segment 'mesages'.");
        assert_eq!(code("GET", "/v1.0/users/x").1, "Resource not found for the segment 'users'.");
        assert_eq!(code("DELETE", "/v1.0/me/sendMail").0, 405);
        assert_eq!(code("GET", "/beta/me").1, "Invalid version: beta.");
        assert_eq!(code("GET", "/v1.0/me/messages/a/b").0, 400);
        assert_eq!(code("GET", "/v1.0/me/messages/").0, 400);
    }

    #[test]
    fn literal_segments_match_in_any_letter_case() {
        assert_eq!(find("GET", "/v1.0/ME/CalendarView").unwrap().route.operation, O::CalendarView);
    }
}
