//! A page that says what happened, why, and what to do next, and always leaves a way on.

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
    let (why, next) = why_and_next(problem.sentence);
    let body = html! {
        h1 { (problem.title) }
        section aria-labelledby="why" {
            h2 #why { "Why" }
            p { (why) }
            h2 #next { "What to do next" }
            p { (next) }
            p .ways {
                @match problem.onward {
                    Some(Onward::Application(location)) => a .button .primary href=(location) { "Return to the application" },
                    Some(Onward::SignInAgain(logout)) => a .button .primary href=(logout) { "Sign out of Cloudflare Access" },
                    None => {}
                }
                a .button href="/me" { "See your connections" }
            }
        }
        section aria-labelledby="help" {
            h2 #help { "If you ask for help" }
            p { "Send these two to the operator of this server. They lead to the record of what happened, and hold nothing secret." }
            dl {
                dt { "Problem" } dd { code .copy { (problem.code) } }
                dt { "Request" } dd { code .copy { (problem.request_id) } }
            }
        }
    };
    page(problem.status, problem.title, &[], &body)
}

/// The sentences of a problem: by the rule for errors the last says what to do. A single one says only why.
fn why_and_next(sentence: &str) -> (&str, &str) {
    const GENERAL: &str =
        "Start again from where you came. If it happens again, tell the operator of this server.";
    sentence.rsplit_once(". ").map_or((sentence, GENERAL), |(why, next)| {
        let end = why.len() + 1;
        (sentence.get(..end).unwrap_or(why), next)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::ERRORS;

    fn shown(sentence: &str, onward: Option<&Onward>) -> String {
        let problem = Problem {
            status: StatusCode::BAD_REQUEST,
            title: "It did not work",
            sentence,
            code: "a.code",
            request_id: "an-id",
            onward,
        };
        String::from_utf8(super::problem(&problem).into_body().to_vec()).unwrap()
    }

    #[test]
    fn the_last_sentence_says_what_to_do() {
        assert_eq!(why_and_next("It is late. It is dark. Go home."), ("It is late. It is dark.", "Go home."));
        let (why, next) = why_and_next("It is late.");
        assert!(why == "It is late." && next.starts_with("Start again"));
        for row in ERRORS {
            let (why, next) = why_and_next(row.sentence);
            assert!(why.ends_with('.') && next.ends_with('.'), "{}", row.code);
        }
    }

    #[test]
    fn every_problem_has_a_way_on_and_what_support_needs() {
        for onward in [
            None,
            Some(Onward::Application("https://claude.ai/?error=x&a=b".into())),
            Some(Onward::SignInAgain("https://team.example/logout".into())),
        ] {
            let page = shown("Why. Do.", onward.as_ref());
            assert!(
                page.contains(r#"href="/me""#) && page.contains("a.code") && page.contains("an-id"),
                "{page}"
            );
        }
        let back = shown("Why. Do.", Some(&Onward::Application("https://claude.ai/?error=x&a=b".into())));
        assert!(back.contains(r#"href="https://claude.ai/?error=x&amp;a=b""#), "{back}");
    }
}
