//! Deployments whose gates are broken: the bearer gate, and Access in front.

use super::broken::{Broken, answers, changes, page, refusal};
use crate::proxy::{KEYS, Outbound};

fn rpc() -> Outbound {
    Outbound::new(200, "application/json", r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#)
}

/// Every row.
pub(super) const ROWS: &[Broken] = &[
    answers("mcp.closed", "MCP is answered without a token", |request, _| {
        let anonymous = request.header("authorization").is_none() && request.header("origin").is_none();
        (request.target == "/mcp" && request.says("jsonrpc") && anonymous).then(rpc)
    }),
    changes("mcp.closed", "a 401 carries the list of tools", |request, answer| {
        if request.says("jsonrpc")
            && answer.status == 401
            && request.header("authorization").is_none()
            && request.target == "/mcp"
        {
            answer.body = rpc().body;
        }
    }),
    answers("mcp.made-up-token", "any token is good enough", |request, _| {
        let listed = request.is("POST", "/mcp") && request.says("tools/list");
        (listed && request.header("authorization").is_some()).then(rpc)
    }),
    answers("mcp.made-up-token", "a JWT without a signature is taken", |request, _| {
        request.header("authorization").is_some_and(|value| value.starts_with("Bearer eyJ")).then(rpc)
    }),
    answers("mcp.made-up-token", "a token in the query is taken", |request, _| {
        request.target.contains("access_token=").then(rpc)
    }),
    changes("mcp.challenge", "the challenge is dropped", |_, answer| answer.drop_header("www-authenticate")),
    changes("mcp.challenge", "the challenge names another server", |_, answer| {
        answer.change_header("www-authenticate", "http://127.0.0.1", "https://evil.example");
    }),
    changes("mcp.challenge", "there are two challenges", |request, answer| {
        if request.path() == "/mcp" {
            answer.headers.push(("www-authenticate".to_owned(), "Basic realm=\"a\"".to_owned()));
        }
    }),
    answers("access.guards", "a page is open", |request, _| {
        (request.is("GET", "/me") && request.header("cookie").is_none()).then(page)
    }),
    changes("access.guards", "a page is answered by the server itself", |request, answer| {
        if request.path() == "/callback" {
            *answer = refusal(403);
            answer.set_header("x-request-id", "7e9f4253-1437-45e7-a9e8-be1db711cc3c");
        }
    }),
    changes("access.guards", "a page leads to a login of somebody else", |request, answer| {
        if request.path() == "/connect" {
            answer.set_header("location", "https://evil.example/cdn-cgi/access/login");
        }
    }),
    answers("access.forged", "an assertion of a foreign key opens the page", |request, _| {
        let forged = request.header("cf-access-jwt-assertion").is_some_and(|token| !token.ends_with('.'));
        (request.path() == "/me" && forged).then(page)
    }),
    answers("access.forged", "an assertion without a signature opens the page", |request, _| {
        let forged = request.header("cf-access-jwt-assertion").is_some_and(|token| token.ends_with('.'));
        (request.path() == "/authorize" && forged).then(|| refusal(400))
    }),
    answers("access.forged", "a cookie that Access did not make opens the page", |request, _| {
        (request.path() == "/me/journal" && request.header("cookie").is_some()).then(page)
    }),
    answers("access.unsigned", "an e-mail address in a header opens the page", |request, _| {
        let named = request.header("cf-access-authenticated-user-email").is_some();
        (request.path() == "/me" && named).then(page)
    }),
    answers("access.bypass", "documents that do not exist lead to the login", |request, _| {
        let mut answer = Outbound::new(302, "text/plain", "");
        answer.set_header("location", "https://team.cloudflareaccess.com/cdn-cgi/access/login");
        (request.path() == "/.well-known/doctor-probe").then_some(answer)
    }),
    answers("access.keys", "the team publishes no key", |request, _| {
        (request.path() == KEYS).then(|| Outbound::new(200, "application/json", r#"{"keys":[]}"#))
    }),
    changes("access.keys", "the team's keys are not RSA", |request, answer| {
        if request.path() == KEYS {
            answer.change_body("\"RSA\"", "\"oct\"");
        }
    }),
];
