//! Deployments whose answers are broken: headers, refusals, limits, health, clock.

use super::broken::{ALLOW_ORIGIN, Broken, answers, changes, refusal};
use crate::proxy::Outbound;

/// Every row.
pub(super) const ROWS: &[Broken] = &[
    changes("reachable", "the health page tells the version", |request, answer| {
        if request.path() == "/healthz" {
            answer.change_body("{", r#"{"version":"1.2.3","#);
        }
    }),
    changes("clock", "the clock is months behind", |_, answer| {
        answer.set_header("date", "Thu, 01 Jan 2026 00:00:00 GMT");
    }),
    changes("clock", "there is no date", |_, answer| answer.drop_header("date")),
    changes("headers.cors", "the page may be read from anywhere", |request, answer| {
        if request.path() == "/me" {
            answer.set_header(ALLOW_ORIGIN, "*");
        }
    }),
    changes("headers.cors", "every origin may use the token endpoint", |request, answer| {
        if let Some(origin) = request.header("origin").filter(|_| request.is("OPTIONS", "/token")) {
            answer.set_header(ALLOW_ORIGIN, origin);
        }
    }),
    changes("headers.refusals", "types may be guessed", |_, answer| {
        answer.drop_header("x-content-type-options");
    }),
    changes("headers.refusals", "a refusal may be stored", |request, answer| {
        if request.path() == "/token" {
            answer.set_header("cache-control", "max-age=60");
        }
    }),
    changes("headers.request-id", "answers do not name their request", |_, answer| {
        answer.drop_header("x-request-id");
    }),
    changes("headers.request-id", "every answer names the same request", |_, answer| {
        if answer.headers.iter().any(|(name, _)| name == "x-request-id") {
            answer.set_header("x-request-id", "7e9f4253-1437-45e7-a9e8-be1db711cc3c");
        }
    }),
    changes("headers.software", "the software names itself", |_, answer| {
        answer.set_header("server", "nginx/1.25.3");
    }),
    answers("errors.discreet", "half a document breaks the server", |request, _| {
        let trace = "thread 'main' panicked at src/front.rs:12:5\nstack backtrace:\n   0: core::panicking";
        request.body.ends_with(b"\"redirect_uris\":").then(|| Outbound::new(500, "text/plain", trace))
    }),
    changes("errors.discreet", "a refusal shows where it was made", |request, answer| {
        if request.says("%ff") {
            answer.change_body("\"error\"", "\"at\":\"/home/build/token.rs:17\",\"error\"");
        }
    }),
    answers("limits.size", "a long body is read", |request, _| {
        (request.body.len() > 30_000).then(|| refusal(400))
    }),
    answers("limits.type", "any type is read", |request, _| {
        (request.header("content-type") == Some("text/plain")).then(|| refusal(400))
    }),
    answers("limits.method", "any method is answered", |request, _| {
        (request.method == "DELETE").then(|| Outbound::new(200, "application/json", "{}"))
    }),
    changes("limits.method", "nobody is told which method to use", |request, answer| {
        if request.method == "DELETE" {
            answer.drop_header("allow");
        }
    }),
];
