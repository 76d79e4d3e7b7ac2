//! A page that says what happened, why, and what to do next.

use bytes::Bytes;
use http::{Response, StatusCode};
use maud::html;

use super::page;

/// What went wrong, in words.
pub(crate) struct Problem<'a> {
    /// HTTP status.
    pub status: StatusCode,
    /// What happened, as a heading.
    pub title: &'a str,
    /// Why, and what to do next.
    pub sentence: &'a str,
    /// The code of the errors table, for support.
    pub code: &'a str,
    /// `requestId`, to find the record.
    pub request_id: &'a str,
    /// Where the person can go on.
    pub onward: Option<&'a Onward>,
}

/// A way on from a page that tells of a failure.
#[derive(Clone, Debug)]
pub(crate) enum Onward {
    /// To the application that waits: a redirect that tells it.
    Application(String),
    /// To a fresh sign-in: the address where Access ends its session.
    SignInAgain(String),
}

/// The page.
pub(crate) fn problem(problem: &Problem<'_>) -> Response<Bytes> {
    let body = html! {
        h1 { (problem.title) }
        section {
            p { (problem.sentence) }
            @match problem.onward {
                Some(Onward::Application(location)) => p { a .button href=(location) { "Return to the application" } },
                Some(Onward::SignInAgain(logout)) => p { a .button href=(logout) { "Sign out of Cloudflare Access" } },
                None => {}
            }
            p .soft { "If you ask for help, mention " code { (problem.code) } " and request " code { (problem.request_id) } "." }
        }
    };
    page(problem.status, problem.title, &[], &body)
}
