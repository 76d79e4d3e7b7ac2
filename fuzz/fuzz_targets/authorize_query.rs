//! The query of `GET /authorize`. `{METHOD.id}` is the id of a registered client.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use m365_auth::oauth::authorize::{AuthorizationRequest, AuthorizeRefusal, check};
use m365_auth::oauth::transaction::{CSRF_FIELD, TRANSACTION_FIELD};
use m365_fuzz::{Estate, PUBLIC_URL, REDIRECTS, form_of, now};
use url::{Url, form_urlencoded};

/// Parameters, as another reader sees them.
type Pairs = BTreeMap<String, String>;

fuzz_target!(|text: &str| {
    let estate = Estate::get();
    let query = estate.fill_in(text);
    let asked: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let pairs: Pairs = asked.iter().cloned().collect();
    match now(check(&query, &estate.clients, &estate.server)) {
        Ok(request) => {
            assert_eq!(pairs.len(), asked.len(), "a parameter stood twice");
            check_request(&request, &pairs);
            check_consent(&request);
        }
        Err(AuthorizeRefusal::Redirect { client, location, .. }) => {
            assert_eq!(pairs.len(), asked.len(), "a parameter stood twice");
            assert_eq!(pairs.get("client_id").map(String::as_str), Some(client.as_str()));
            check_redirect(&location, &pairs);
        }
        Err(AuthorizeRefusal::Local(_)) => {}
    }
});

fn check_request(request: &AuthorizationRequest, pairs: &Pairs) {
    let word = |name: &str| pairs.get(name).map(String::as_str).filter(|value| !value.is_empty());
    assert_eq!(word("client_id"), Some(request.client().id().as_str()));
    assert_eq!(word("redirect_uri"), Some(request.redirect_uri().as_str()));
    assert!(is_registered(request.redirect_uri().as_str()));
    assert_eq!((word("response_type"), word("code_challenge_method")), (Some("code"), Some("S256")));
    assert_eq!(word("code_challenge").map(str::len), Some(43));
    assert!(word("response_mode").is_none_or(|mode| mode == "query"));
    assert!(word("resource").is_none_or(is_ours));
    let offered = &Estate::get().server.scopes;
    assert!(offered.contains_all(request.scopes()) && !request.scopes().is_empty());
    let asked = word("scope").unwrap_or_default().split_ascii_whitespace();
    let named: Vec<&str> = asked.filter(|name| *name != "offline_access").collect();
    assert!(named.is_empty() || request.scopes().iter().all(|scope| named.contains(&scope.as_str())));
}

/// One of the two resources of this server, or the same with a slash; never the server as a whole.
fn is_ours(resource: &str) -> bool {
    let path = resource.strip_suffix('/').unwrap_or(resource).strip_prefix(PUBLIC_URL);
    matches!(path, Some("/mcp" | "/sse"))
}

/// What was checked survives the way through the browser.
fn check_consent(request: &AuthorizationRequest) {
    let Estate { transactions, principal, browser, .. } = Estate::get();
    let fields =
        transactions.begin_consent(principal, &transactions.cookie(browser), request).expect("a person");
    let posted = form_of(&[(TRANSACTION_FIELD, &fields.transaction), (CSRF_FIELD, &fields.csrf)]);
    let posted = posted.expect("a form");
    let consent = transactions.open_consent(principal, browser, &posted).expect("our own form");
    assert_eq!((consent.client(), consent.scopes()), (request.client().id(), request.scopes()));
}

/// A refusal goes to a registered redirect only, with `error`, `iss`, and the client's `state` unless it is refused.
fn check_redirect(location: &str, pairs: &Pairs) {
    let asked = pairs.get("redirect_uri").expect("a redirect");
    assert!(is_registered(asked) && location.starts_with(asked.as_str()), "{location}");
    let url = Url::parse(location).expect("a URL");
    assert!(url.fragment().is_none());
    let answered: Pairs = url.query_pairs().into_owned().collect();
    assert!(answered.contains_key("error") && !answered.contains_key("code"));
    assert_eq!(answered.get("iss").map(String::as_str), Some(PUBLIC_URL));
    let state = pairs.get("state").filter(|state| !state.is_empty());
    let returned = answered.get("state");
    assert!(returned == state || (returned.is_none() && state.is_some_and(|state| state.len() > 2048)));
}

/// One of those registered, or the loopback one with another port.
fn is_registered(uri: &str) -> bool {
    let at_home = Url::parse(uri).is_ok_and(|url| {
        (url.scheme(), url.host_str(), url.path(), url.query())
            == ("http", Some("127.0.0.1"), "/callback", None)
    });
    at_home || REDIRECTS.contains(&uri)
}
