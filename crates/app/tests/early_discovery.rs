//! Discovery before sign-in: what a caller whom Access vouches for is told without a token, and everything else.

use axum::body::Body;
use http::Request;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use m365_types::{Profile, Scope};
use serde_json::{Value, json};

use crate::callers::every_scope;
use crate::harness::{ALEX, ASSERTION, Answer, Message, SAM, Site, asking, service_assertion};

const EVERYWHERE: (&str, &str) = ("ACCESS_EVERYWHERE", "true");
const EARLY: (&str, &str) = ("DISCOVERY_BEFORE_SIGN_IN", "true");

/// Methods that tell what there is, and the answer's member that does. Those of the first list exist in every revision.
const LISTS: [(&str, &str); 4] = [
    ("tools/list", "tools"),
    ("prompts/list", "prompts"),
    ("resources/list", "resources"),
    ("resources/templates/list", "resourceTemplates"),
];

/// What does something, with parameters that would do.
fn needing() -> Vec<Message> {
    let completion = json!({
        "ref": { "type": "ref/prompt", "name": "summarizeUnread" },
        "argument": { "name": "folder", "value": "" },
    });
    vec![
        Message::tool("getEmails", &json!({})),
        Message::tool("authenticate", &json!({})),
        Message::resource("microsoft://profile"),
        Message::resource("microsoft://messages/message-1"),
        Message::prompt("weeklyReview", &json!({})),
        Message::new("completion/complete", completion),
        Message::new("ping", json!({})),
        Message::new("logging/setLevel", json!({ "level": "info" })),
        Message::new("subscriptions/listen", json!({})),
        Message::new("tools/none", json!({})),
    ]
}

fn early() -> Site {
    Site::new(Profile::Full).with(&[EVERYWHERE, EARLY])
}

/// The assertions that vouch for somebody.
fn vouchers(site: &Site) -> [String; 3] {
    let now = site.now();
    [ALEX.assertion(now), SAM.operator_assertion(now), service_assertion(now)]
}

fn vouched(mut request: Request<Body>, assertion: &str) -> Request<Body> {
    request.headers_mut().insert(ASSERTION, assertion.parse().unwrap());
    request
}

fn legacy(site: &Site, message: &Value) -> Request<Body> {
    let mut request = site.posting("/mcp", None, message);
    request.headers_mut().insert("mcp-protocol-version", "2025-11-25".parse().unwrap());
    request
}

/// Asks, and fails unless nothing came of it but one record.
fn refused(site: &Site, request: Request<Body>, (status, code): (u16, &str), about: &str) -> Answer {
    let (records, cells) = (site.records().len(), site.cells());
    let answer = site.ask(request);
    assert_eq!(answer.status.as_u16(), status, "{about}: {}", answer.text());
    let of_request = site.records_of(&answer);
    assert_eq!(of_request.len(), 1, "{about}: {of_request:?}");
    assert_eq!(of_request[0]["code"], code, "{about}");
    assert_eq!((site.records().len(), site.cells()), (records + 1, cells), "{about}");
    answer
}

#[test]
fn whomever_access_vouches_for_is_told_what_there_is_and_no_cell_comes_to_be() {
    let site = early();
    for assertion in vouchers(&site) {
        for (method, member) in LISTS {
            let modern = site.message(None, method, None, json!({}));
            for request in [modern, legacy(&site, &asking(1, method, &json!({})))] {
                let answer = site.ask(vouched(request, &assertion));
                let list = answer.json()["result"][member].as_array().map(Vec::len);
                assert!(list.is_some_and(|length| length > 0), "{method}: {}", answer.text());
                assert_eq!(answer.header("cache-control"), Some("no-store"), "{method}");
            }
        }
        let discovered =
            site.ask(vouched(site.message(None, "server/discover", None, json!({})), &assertion));
        assert!(discovered.json()["result"]["capabilities"]["tools"].is_object(), "{}", discovered.text());
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {} });
        let opened = site.ask(vouched(legacy(&site, &asking(1, "initialize", &params)), &assertion));
        assert_eq!(opened.json()["result"]["protocolVersion"], "2025-11-25", "{}", opened.text());
        assert_eq!(opened.header("mcp-session-id"), None, "nobody is there whose session it could be");
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(site.ask(vouched(legacy(&site, &initialized), &assertion)).status, 202);
    }
    assert_eq!((site.cells(), site.records().len()), (0, 0));
}

#[test]
fn what_a_visitor_is_told_is_what_the_holder_of_a_token_is_told() {
    for profile in Profile::ALL {
        let site = Site::new(*profile).with(&[EVERYWHERE, EARLY]);
        let assertion = ALEX.assertion(site.now());
        // Registration asks for an assertion here too, so the grant is made where it does not.
        let plain = site.again(*profile);
        let token = plain.grant(&ALEX, &plain.register(), Scope::UserRead.as_str()).access;
        for (method, _) in LISTS.iter().chain(&[("server/discover", "")]) {
            let told = |token: Option<&str>| {
                site.ask(vouched(site.message(token, method, None, json!({})), &assertion)).json()
            };
            assert_eq!(told(None), told(Some(&token)), "{method} under {profile}");
        }
    }
}

#[test]
fn whatever_does_something_is_asked_for_a_token_and_recorded() {
    let site = early();
    for assertion in vouchers(&site) {
        for message in needing() {
            let about = format!("{message:?}");
            let request = vouched(site.saying(None, message, &json!({})), &assertion);
            let answer = refused(&site, request, (401, "token.missing"), &about);
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(
                challenge.contains("/oauth-protected-resource/mcp\"") && !challenge.contains("error="),
                "{challenge}"
            );
        }
    }
    assert_eq!(site.cells(), 0);
}

#[test]
fn what_is_no_discovery_is_asked_for_a_token_in_every_form() {
    let site = early();
    let list = asking(1, "tools/list", &json!({}));
    let call = asking(2, "tools/call", &json!({ "name": "authenticate" }));
    for message in [
        json!([]),
        json!([list, call]),
        json!([list, 1]),
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } }),
        json!({ "jsonrpc": "2.0", "id": 1, "result": {} }),
        json!("tools/list"),
        json!({ "jsonrpc": "2.0", "method": "tools/list" }),
    ] {
        let request = vouched(legacy(&site, &message), &ALEX.assertion(site.now()));
        refused(&site, request, (401, "token.missing"), &message.to_string());
    }
    for method in ["GET", "DELETE", "PUT", "OPTIONS", "HEAD"] {
        let mut request = vouched(legacy(&site, &list), &ALEX.assertion(site.now()));
        *request.method_mut() = method.parse().unwrap();
        refused(&site, request, (401, "token.missing"), method);
    }
}

#[test]
fn a_batch_of_discovery_is_answered_where_the_revision_has_batches() {
    let site = early();
    let batch = json!([asking(1, "tools/list", &json!({})), asking(2, "prompts/list", &json!({}))]);
    let request = vouched(site.posting("/mcp", None, &batch), &ALEX.assertion(site.now()));
    assert_eq!(site.ask(request).json().as_array().map(Vec::len), Some(2));
    let request = vouched(legacy(&site, &batch), &ALEX.assertion(site.now()));
    refused(&site, request, (400, "mcp.batch-in-revision"), "a batch in 2025-11-25");
}

#[test]
fn a_visitor_s_discovery_in_bad_form_is_refused_and_recorded_like_anybody_s() {
    let site = early();
    let list = || vouched(site.message(None, "tools/list", None, json!({})), &ALEX.assertion(site.now()));
    for (header, value, status, code) in [
        (ACCEPT.as_str(), "text/html", 406, "mcp.not-acceptable"),
        (CONTENT_TYPE.as_str(), "text/plain", 415, "mcp.unsupported-media-type"),
        ("mcp-method", "tools/call", 400, "mcp.method-header"),
    ] {
        let mut request = list();
        request.headers_mut().insert(header, value.parse().unwrap());
        refused(&site, request, (status, code), header);
    }
    let cursor = site.message(None, "tools/list", None, json!({ "cursor": "none" }));
    refused(&site, vouched(cursor, &ALEX.assertion(site.now())), (200, "mcp.cursor"), "a cursor of nobody");
}

#[test]
fn without_a_good_assertion_a_visitor_is_told_nothing() {
    let site = early();
    let list = || site.message(None, "tools/list", None, json!({}));
    refused(&site, list(), (403, "assertion_missing"), "without an assertion");
    let forged = ALEX.forged_assertion(site.now());
    refused(&site, vouched(list(), &forged), (403, "assertion_signature"), "with a forged assertion");
    let over = ALEX.assertion(site.now() - 2 * 3600);
    refused(&site, vouched(list(), &over), (403, "assertion_expired"), "with an assertion of yesterday");
}

#[test]
fn a_token_that_counts_for_nothing_is_refused_and_never_taken_for_none() {
    let site = early();
    let assertion = ALEX.assertion(site.now());
    for token in ["Bearer none", "Bearer", "Basic YTpi", ""] {
        let mut request = vouched(site.message(None, "tools/list", None, json!({})), &assertion);
        request.headers_mut().insert(AUTHORIZATION, token.parse().unwrap());
        refused(&site, request, (401, "token.invalid"), token);
    }
    let plain = site.again(Profile::Full);
    let ended = plain.grant(&ALEX, &plain.register(), &every_scope()).access;
    plain.send_own_form(&ALEX, "/me/revoke-all", &[]);
    let request = site.message(Some(&ended), "tools/list", None, json!({}));
    let answer = site.ask(vouched(request, &ALEX.assertion(site.now())));
    assert_eq!(
        (answer.status.as_u16(), &site.records_of(&answer)[0]["code"]),
        (401, &json!("token_unknown"))
    );
}

#[test]
fn the_address_of_the_stream_is_discovered_too_but_opens_no_stream_and_takes_no_message() {
    let site = early();
    let assertion = ALEX.assertion(site.now());
    let list = asking(1, "tools/list", &json!({}));
    let answer = site.ask(vouched(site.posting("/sse", None, &list), &assertion));
    assert!(answer.json()["result"]["tools"].is_array(), "{}", answer.text());
    let get = site.request("GET", "/sse").header(ASSERTION, &assertion).body(Body::empty()).unwrap();
    let answer = refused(&site, get, (401, "token.missing"), "GET /sse");
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.contains("/oauth-protected-resource/sse\""), "{challenge}");
    let message = vouched(site.posting("/messages?sessionId=none", None, &list), &assertion);
    refused(&site, message, (401, "token.missing"), "POST /messages");
}

#[test]
fn it_is_off_unless_it_was_turned_on() {
    let open = Site::new(Profile::Full);
    for site in [open.again(Profile::Full), open.with(&[EVERYWHERE])] {
        for assertion in vouchers(&site) {
            for (method, _) in LISTS.iter().chain(&[("server/discover", "")]) {
                let request = vouched(site.message(None, method, None, json!({})), &assertion);
                refused(&site, request, (401, "token.missing"), method);
            }
        }
    }
}
