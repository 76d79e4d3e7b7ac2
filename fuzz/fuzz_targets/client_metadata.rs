//! Client metadata: after `d` those of a document, else those of a registration request.

#![no_main]

use bytes::Bytes;
use http::{HeaderMap, Response, header};
use libfuzzer_sys::fuzz_target;
use m365_auth::oauth::authorize::check;
use m365_auth::oauth::client::{Client, MAX_REGISTRATION_BYTES, Registered};
use m365_auth::oauth::redirect::{RedirectPolicy, RedirectUri, WELL_KNOWN_REDIRECTS};
use m365_fuzz::{DOCUMENT_HOST, Estate, form_of, now};
use m365_types::ClientId;
use serde_json::Value;
use url::{Url, form_urlencoded};

/// Longest name shown, in characters.
const MAX_NAME_CHARS: usize = 60;
/// The address of the document.
const DOCUMENT: &str = "https://client.example/oauth/client.json";

fuzz_target!(|input: &[u8]| match input.split_first() {
    Some((b'd', document)) => published(document),
    _ => registered(input),
});

/// A document makes a client of its own address, without a secret, that is answered where its host may send people.
fn published(document: &[u8]) {
    let estate = Estate::get();
    let json = "application/json";
    let answer =
        Response::builder().header(header::CONTENT_TYPE, json).body(Bytes::copy_from_slice(document));
    let clients = estate.clients_with(answer.expect("an answer"));
    let id = ClientId::parse(DOCUMENT).expect("an address");
    let found = now(clients.find(&id));
    assert_eq!(now(clients.find(&id)), found, "asked again, another answer");
    let Ok(client) = found else { return };
    check_name(&client);
    assert_eq!((client.id(), client.document_host()), (&id, Some(DOCUMENT_HOST)));
    let document: Value = serde_json::from_slice(document).expect("a believed document is JSON");
    assert_eq!(document.get("client_id").and_then(Value::as_str), Some(DOCUMENT));
    assert!(document.get("client_secret").is_none(), "everybody can read this secret");
    let listed = document.get("redirect_uris").and_then(Value::as_array).expect("redirects");
    let mut believed = 0;
    for uri in listed.iter().map(|uri| uri.as_str().expect("a text")) {
        let (_, redirect) = now(clients.find_with_redirect(&id, Some(uri))).expect("the same client");
        let Some(redirect) = redirect else { continue };
        assert_eq!(redirect.as_str(), uri);
        assert!(is_believable(&redirect), "{uri}");
        believed += 1;
    }
    assert!(believed > 0, "a client that can be answered nowhere");
    let posted = form_of(&[("client_id", DOCUMENT), ("client_secret", "guess")]).expect("a form");
    assert!(
        now(clients.authenticate(&HeaderMap::new(), &posted)).is_err(),
        "a secret proved a public client"
    );
}

/// At home, on the operator's list, or at the host that publishes the document.
fn is_believable(redirect: &RedirectUri) -> bool {
    let policy = RedirectPolicy::parse(WELL_KNOWN_REDIRECTS).expect("the list of the product");
    let own = Url::parse(redirect.as_str())
        .is_ok_and(|url| (url.scheme(), url.host_str(), url.port()) == ("https", Some(DOCUMENT_HOST), None));
    redirect.is_loopback() || own || policy.admit(redirect.as_str()).is_ok()
}

fn registered(body: &[u8]) {
    let estate = Estate::get();
    let before = estate.kept_clients();
    match now(estate.clients.register(estate.request(), "/register", body)) {
        Err(refusal) => {
            assert_eq!(estate.kept_clients(), before, "{refusal}, yet something was kept");
        }
        Ok(registered) => {
            let answer = check_registered(&registered);
            check_again(&answer, &registered);
            estate.forget(registered.client().id());
            assert_eq!(estate.kept_clients(), before);
        }
    }
}

fn check_name(client: &Client) {
    assert!((1..=MAX_NAME_CHARS).contains(&client.name().chars().count()), "{:?}", client.name());
    assert!(!client.name().chars().any(changes_what_is_seen), "{:?}", client.name());
    assert_eq!(client.name(), client.name().trim());
}

/// A client that was taken is shown by a harmless name, leads where the operator allows, and is found again.
fn check_registered(registered: &Registered) -> Value {
    let estate = Estate::get();
    let client = registered.client();
    check_name(client);
    assert_eq!(now(estate.clients.find(client.id())).as_ref(), Ok(client));
    let answer: Value = serde_json::from_str(registered.body().expose()).expect("JSON");
    let method = answer.get("token_endpoint_auth_method").and_then(Value::as_str).expect("a method");
    assert_eq!(method != "none", answer.get("client_secret").is_some(), "{method}");
    assert!(!format!("{registered:?}").contains("m365s_"), "a secret is printed");
    let redirects = answer.get("redirect_uris").and_then(Value::as_array).expect("redirects");
    assert!((1..=10).contains(&redirects.len()));
    let policy = RedirectPolicy::parse(WELL_KNOWN_REDIRECTS).expect("the list of the product");
    for uri in redirects.iter().map(|uri| uri.as_str().expect("a text")) {
        assert_eq!(policy.admit(uri).map(String::from), RedirectUri::parse(uri).map(String::from));
        check_authorize(client.id().as_str(), uri);
    }
    answer
}

/// Every registered redirect can be asked for, and then the refusal goes there.
fn check_authorize(id: &str, uri: &str) {
    let pairs = [("client_id", id), ("redirect_uri", uri)];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let refusal =
        now(check(&query, &Estate::get().clients, &Estate::get().server)).expect_err("no challenge");
    assert_eq!(refusal.code(), "authorize_response_type");
}

/// What the server says of a client registers the same client.
fn check_again(answer: &Value, first: &Registered) {
    let estate = Estate::get();
    let printed = answer.to_string();
    let registration = estate.clients.register(estate.request(), "/register", printed.as_bytes());
    // The answer may be longer than the request, and so beyond the limit.
    let Ok(second) = now(registration) else {
        assert!(printed.len() > MAX_REGISTRATION_BYTES);
        return;
    };
    let again: Value = serde_json::from_str(second.body().expose()).expect("JSON");
    for name in
        ["client_name", "redirect_uris", "token_endpoint_auth_method", "grant_types", "response_types"]
    {
        assert_eq!(again.get(name), answer.get(name), "{name}");
    }
    assert_ne!(second.client().id(), first.client().id());
    assert_eq!(second.client().name(), first.client().name());
    estate.forget(second.client().id());
}

/// Control characters, and characters that turn the reading direction.
fn changes_what_is_seen(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
