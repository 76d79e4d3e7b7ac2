//! Following lists: the position in a next link, put onto the same call again.
//!
//! Source: Graph's paging page. A next link is never dialled: `$skip` or `$skiptoken` is read out of it and added to
//! the request that gave it, so neither host nor path nor any other option can come from an answer. A link to another
//! host or path ends the list instead.

use m365_types::{UnixMillis, decode_segment};
use serde::{Deserialize, Serialize};
use url::Url;

/// Where a list goes on: a page of it, how many items of that page were shown, and when the list was first asked for.
///
/// Its names are short where it is sealed into a cursor, which a model reads twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    #[serde(rename = "p")]
    page: PageStart,
    #[serde(rename = "s")]
    shown: usize,
    #[serde(rename = "b")]
    began: UnixMillis,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PageStart {
    /// The first page.
    #[serde(rename = "f")]
    First,
    /// `$skip`
    #[serde(rename = "k")]
    Skip(String),
    /// `$skiptoken`
    #[serde(rename = "t")]
    SkipToken(String),
}

impl PageStart {
    /// The query option that asks for the page.
    pub(crate) fn option(&self) -> Option<(&'static str, String)> {
        match self {
            Self::First => None,
            Self::Skip(value) => Some(("$skip", value.clone())),
            Self::SkipToken(value) => Some(("$skiptoken", value.clone())),
        }
    }
}

impl Position {
    pub(crate) const fn at(page: PageStart, shown: usize, began: UnixMillis) -> Self {
        Self { page, shown, began }
    }

    pub(crate) const fn page(&self) -> &PageStart {
        &self.page
    }

    /// Items of the page that were shown already.
    pub(crate) const fn shown(&self) -> usize {
        self.shown
    }

    /// The same page, so many of its items shown.
    pub(crate) fn with_shown(&self, shown: usize) -> Self {
        Self { shown, ..self.clone() }
    }

    /// When the list was first asked for: what it depends on must not move while it is read.
    pub(crate) const fn began(&self) -> UnixMillis {
        self.began
    }
}

/// Hosts of Graph in the clouds it has.
const HOSTS: [&str; 4] = [
    "graph.microsoft.com",
    "graph.microsoft.us",
    "dod-graph.microsoft.us",
    "microsoftgraph.chinacloudapi.cn",
];
const TOKEN_MAX_BYTES: usize = 4096;
const SKIP_MAX_DIGITS: usize = 6;

/// The page that `next_link` asks for, if it continues the list at `path` (below the API version).
pub(crate) fn position(next_link: &str, path: &str) -> Option<PageStart> {
    let link = Url::parse(next_link).ok()?;
    let ours = link.scheme() == "https"
        && link.host_str().is_some_and(|host| HOSTS.contains(&host))
        && link.port().is_none()
        && link.username().is_empty()
        && link.password().is_none();
    let below_version =
        link.path().strip_prefix('/').and_then(|path| path.find('/').and_then(|at| path.get(at..)));
    if !ours || !below_version.is_some_and(|found| is_same(found, path)) {
        return None;
    }
    let mut found = link.query_pairs().filter_map(|(name, value)| match name.as_ref() {
        "$skip" if is_count(&value) => Some(PageStart::Skip(value.into_owned())),
        "$skiptoken" if is_token(&value) => Some(PageStart::SkipToken(value.into_owned())),
        _ => None,
    });
    let position = found.next();
    // Two positions would leave it to the server which one counts.
    position.filter(|_| found.next().is_none())
}

/// Whether two paths have the same segments. Teams leaves `:` and `@` in its links as they are.
fn is_same(one: &str, other: &str) -> bool {
    let segments =
        |path: &str| -> Option<Vec<String>> { path.split('/').skip(1).map(decode_segment).collect() };
    one == other || segments(one).is_some_and(|found| segments(other) == Some(found))
}

fn is_count(value: &str) -> bool {
    (1..=SKIP_MAX_DIGITS).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit())
}

fn is_token(value: &str) -> bool {
    (1..=TOKEN_MAX_BYTES).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/me/calendarView";

    fn found(link: &str) -> Option<(&'static str, String)> {
        position(link, PATH).and_then(|page| page.option())
    }

    #[test]
    fn a_position_is_read_from_a_link_to_the_same_list() {
        for (link, expected) in [
            ("https://graph.microsoft.com/v1.0/me/calendarView?%24top=50&%24skip=50", ("$skip", "50")),
            ("https://graph.microsoft.com/v1.0/me/calendarView?$skip=100&startDateTime=x", ("$skip", "100")),
            (
                "https://graph.microsoft.us/v1.0/me/calendarView?$skiptoken=X%27abc%3D%27",
                ("$skiptoken", "X'abc='"),
            ),
        ] {
            assert_eq!(found(link), Some((expected.0, expected.1.to_owned())), "{link}");
        }
    }

    #[test]
    fn a_link_elsewhere_is_not_followed() {
        for link in [
            "https://evil.example/v1.0/me/calendarView?$skip=50",
            "https://graph.microsoft.com.evil.example/v1.0/me/calendarView?$skip=50",
            "https://graph.microsoft.com@evil.example/v1.0/me/calendarView?$skip=50",
            "https://user@graph.microsoft.com/v1.0/me/calendarView?$skip=50",
            "https://graph.microsoft.com:8443/v1.0/me/calendarView?$skip=50",
            "http://graph.microsoft.com/v1.0/me/calendarView?$skip=50",
            "https://graph.microsoft.com/v1.0/me/messages?$skip=50",
            "https://graph.microsoft.com/v1.0/me/calendarView/../messages?$skip=50",
            "https://graph.microsoft.com/v1.0/users/x/calendarView?$skip=50",
            "https://graph.microsoft.com/me/calendarView?$skip=50",
            "//graph.microsoft.com/v1.0/me/calendarView?$skip=50",
            "not a link",
        ] {
            assert_eq!(found(link), None, "{link}");
        }
    }

    #[test]
    fn a_segment_may_be_encoded_otherwise_and_is_still_one_segment() {
        let chat = "/chats/19%3A2da4%40thread.v2/messages";
        for (path, same) in [
            ("/chats/19:2da4@thread.v2/messages", true),
            ("/chats/19%3a2da4%40thread.v2/messages", true),
            ("/chats/19:2da4@thread.v2/members", false),
            ("/chats/19:2DA4@thread.v2/messages", false),
            ("/chats/19%253A2da4%40thread.v2/messages", false),
            ("/chats/19:2da4@thread.v2/messages/", false),
            ("/chats/19:2da4%40thread.v2%2Fmessages", false),
        ] {
            let link = format!("https://graph.microsoft.com/v1.0{path}?$skiptoken=x");
            assert_eq!(position(&link, chat).is_some(), same, "{path}");
        }
    }

    #[test]
    fn only_one_well_formed_position_counts() {
        for query in [
            "",
            "$top=5",
            "$skip=-1",
            "$skip=1e3",
            "$skip=9999999",
            "$skip=",
            "$skiptoken=",
            "$skiptoken=a%0Ab",
            "$skip=1&$skip=2",
            "$skip=1&$skiptoken=x",
        ] {
            assert_eq!(
                found(&format!("https://graph.microsoft.com/v1.0/me/calendarView?{query}")),
                None,
                "{query}"
            );
        }
    }
}
