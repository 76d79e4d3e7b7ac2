//! What an answer may look like: its headers from a list, a refusal's body in the documented form and no more.

use m365_app::errors::ERRORS;
use m365_app::routes::Face;
use serde_json::Value;

use crate::harness::Answer;

/// Headers that any answer may carry.
const ANYWHERE: &[&str] =
    &["cache-control", "content-length", "content-type", "x-content-type-options", "x-request-id"];
/// Headers of pages and of redirects of a browser.
const PAGES: &[&str] = &[
    "content-security-policy",
    "cross-origin-opener-policy",
    "location",
    "permissions-policy",
    "referrer-policy",
    "set-cookie",
    "x-frame-options",
];
/// Headers of answers to machines.
const MACHINES: &[&str] =
    &["access-control-allow-origin", "mcp-session-id", "pragma", "www-authenticate", "x-accel-buffering"];
/// Headers that go with a status.
const BY_STATUS: &[(u16, &str)] =
    &[(401, "www-authenticate"), (405, "allow"), (429, "retry-after"), (503, "retry-after")];

/// Fails on a header that is not listed for this kind of answer.
pub(crate) fn assert_headers(face: Face, answer: &Answer, about: &str) {
    let kind = if face == Face::Page { PAGES } else { MACHINES };
    for name in answer.headers.keys() {
        let with_status =
            BY_STATUS.iter().any(|(status, with)| *status == answer.status.as_u16() && name == with);
        let listed = ANYWHERE.iter().chain(kind).any(|listed| name == listed);
        assert!(listed || with_status, "{about}: the header {name} is on no list of tests/shape.rs");
    }
    if face == Face::Page && answer.status != 303 {
        assert!(answer.header("content-security-policy").is_some(), "{about}: a page without a policy");
    }
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{about}");
}

/// Fails where a refusal says anything beyond its documented form, or repeats a credential.
pub(crate) fn assert_refusal(face: Face, answer: &Answer, credentials: &[String], about: &str) {
    let rows: Vec<_> = ERRORS.iter().filter(|row| row.status == answer.status).collect();
    match face {
        Face::Page => {
            let row = rows
                .iter()
                .find(|row| answer.text().contains(&format!("<code class=\"copy\">{}</code>", row.code)));
            let row = row.unwrap_or_else(|| panic!("{about}: the page names no row of the errors table"));
            assert!(answer.text().contains(row.title), "{about}: the page lacks the title of {}", row.code);
            assert!(answer.text().contains(answer.request_id()), "{about}: the page lacks the request id");
        }
        Face::Bearer | Face::OAuth => {
            let body = answer.json();
            let body = body.as_object().unwrap_or_else(|| panic!("{about}: {}", answer.text()));
            if body.contains_key("jsonrpc") {
                assert_rpc(body, about);
            } else {
                assert_oauth(body, answer, about);
            }
        }
    }
    for credential in credentials {
        let secret = credential.strip_prefix("Bearer ").unwrap_or(credential);
        assert!(!answer.text().contains(secret), "{about}: the refusal repeats a credential");
    }
}

fn assert_oauth(body: &serde_json::Map<String, Value>, answer: &Answer, about: &str) {
    let keys: Vec<&str> = body.keys().map(String::as_str).collect();
    assert_eq!(body["request_id"], answer.request_id(), "{about}");
    // RFC 6750 section 3.1: without a token there is no error word.
    if keys == ["request_id"] {
        assert!(!answer.header("www-authenticate").unwrap().contains("error="), "{about}");
        return;
    }
    assert_eq!(keys, ["error", "error_description", "request_id"], "{about}");
    let known = ERRORS.iter().any(|row| row.status == answer.status && body["error"] == row.oauth);
    assert!(known, "{about}: {} {} is no row of the errors table", answer.status, body["error"]);
}

fn assert_rpc(body: &serde_json::Map<String, Value>, about: &str) {
    assert!(body.keys().all(|key| matches!(key.as_str(), "error" | "id" | "jsonrpc")), "{about}: {body:?}");
    let error = body["error"].as_object().unwrap();
    assert!(error.keys().all(|key| matches!(key.as_str(), "code" | "message")), "{about}: {error:?}");
}
