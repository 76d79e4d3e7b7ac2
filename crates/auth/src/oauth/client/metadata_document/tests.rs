use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, COOKIE};
use http::{HeaderMap, Response};
use m365_ports::OutboundError;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::oauth::client::{ClientRefusal, Clients};
use crate::oauth::form::Form;
use crate::testing::{Fixture, block_on, client_rules};

const ADDRESS: &str = "https://client.example/oauth/client.json";
const REDIRECT: &str = "https://client.example/callback";

fn hosts() -> MetadataHosts {
    client_rules().metadata_hosts
}

fn address(text: &str) -> Result<DocumentUrl, DocumentRefusal> {
    DocumentUrl::parse(&ClientId::parse(text).unwrap(), &hosts())
}

fn id() -> ClientId {
    ClientId::parse(ADDRESS).unwrap()
}

fn document() -> Value {
    json!({
        "client_id": ADDRESS, "client_name": "Client", "redirect_uris": [REDIRECT, "http://localhost/callback"],
        "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    })
}

fn document_with(name: &str, value: Value) -> Value {
    let mut document = document();
    document[name] = value;
    document
}

fn parsed(document: &Value) -> Result<Client, DocumentRefusal> {
    let url = address(ADDRESS).unwrap();
    read(&url, document.to_string().as_bytes(), &client_rules().redirects, UnixMillis::from_secs(1))
}

fn served(document: &Value) -> Response<Bytes> {
    let body = Bytes::from(document.to_string());
    Response::builder().header(CONTENT_TYPE, "application/json").body(body).unwrap()
}

/// A server whose client publishes this.
fn serving(document: &Value) -> (Fixture, Clients) {
    let fixture = Fixture::new();
    serve(&fixture, document);
    let clients = Clients::new(fixture.client_ports(), client_rules());
    (fixture, clients)
}

fn serve(fixture: &Fixture, document: &Value) {
    let document = document.clone();
    fixture.outbound.answer(move |_| Ok(served(&document)));
}

fn fetches(fixture: &Fixture) -> usize {
    fixture.outbound.count("")
}

/// At the token endpoint.
fn presented(clients: &Clients) -> Result<Client, ClientRefusal> {
    let form =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("client_id", ADDRESS).finish();
    block_on(clients.authenticate(&HeaderMap::new(), &Form::parse(form.as_bytes()).unwrap()))
}

fn found(clients: &Clients) -> Result<Client, ClientRefusal> {
    block_on(clients.find(&id()))
}

fn redirected(clients: &Clients, uri: &str) -> Result<Option<RedirectUri>, ClientRefusal> {
    block_on(clients.find_with_redirect(&id(), Some(uri))).map(|(_, redirect)| redirect)
}

fn secs(secs: u64) -> std::time::Duration {
    std::time::Duration::from_secs(secs)
}

#[test]
fn the_address_of_a_document_has_one_form() {
    for text in [
        ADDRESS,
        "https://client.example/a",
        "https://client.example/a/",
        "https://client.example/a.b~c/d-e_f",
    ] {
        assert_eq!(address(text).map(|url| url.host), Ok("client.example".to_owned()), "{text}");
    }
    for text in [
        "http://client.example/a",
        "HTTPS://client.example/a",
        "https://client.example",
        "https://client.example/",
        "https://client.example//",
        "https://client.example//a",
        "https://client.example/a?b",
        "https://client.example/a?",
        "https://client.example/a#b",
        "https://client.example/a#",
        "https://user@client.example/a",
        "https://:pass@client.example/a",
        "https://@client.example/a",
        "https://client.example/a/../b",
        "https://client.example/a/./b",
        "https://client.example/..",
        "https://client.example/a/%2e%2e/b",
        "https://client.example/a/%2E/b",
        "https://client.example/a/.%2e/b",
        "https://client.example/a%2fb",
        "https://client.example/a%5cb",
        "https://client.example/a%25b",
        "https://client.example/a;b",
        "https://client.example\\a",
        "https://client.example/a\\b",
        "https://Client.example/a",
        "https://client.example:443/a",
        "https://client.example:8443/a",
        "https:client.example/a",
        "https:///client.example/a",
        "https://127.0.0.1/a",
        "https://2130706433/a",
        "https://0x7f.1/a",
        "https://[::1]/a",
        "https://[::ffff:127.0.0.1]/a",
        "https://",
    ] {
        assert_eq!(address(text).map(|url| url.host), Err(DocumentRefusal::Url), "{text}");
    }
    for text in [
        "https://evil.example/a",
        "https://sub.client.example/a",
        "https://client.example.evil.example/a",
        "https://client.example./a",
        "https://xn--e1awd7f.example/a",
        "https://localhost/a",
        "https://mcp.contoso.example/a",
    ] {
        assert_eq!(address(text).map(|url| url.host), Err(DocumentRefusal::Host), "{text}");
    }
}

#[test]
fn a_host_of_our_own_is_never_one_of_documents() {
    let listed = ["mcp.contoso.example".to_owned()];
    assert!(MetadataHosts::new(&listed, &["mcp.contoso.example"]).is_empty());
    assert!(!MetadataHosts::new(&listed, &["other.example"]).is_empty());
}

#[test]
fn a_document_makes_a_public_client_that_its_host_vouches_for() {
    let client = parsed(&document()).unwrap();
    assert_eq!((client.id().as_str(), client.name()), (ADDRESS, "Client"));
    assert_eq!((client.auth_method, client.secret_hash), (AuthMethod::None, None));
    assert_eq!(client.document_host(), Some("client.example"));
    assert!(client.redirect(REDIRECT).is_some() && !client.is_loopback_only());
    assert!(client.redirect("http://localhost:51234/callback").is_some(), "the port of loopback is free");
    assert!(client.redirect("https://client.example/callback/").is_none());
    for without in ["token_endpoint_auth_method", "grant_types", "response_types", "client_name"] {
        let mut document = document();
        document.as_object_mut().unwrap().remove(without);
        assert!(parsed(&document).is_ok(), "{without}");
    }
    // A document is written for every server; what we do not offer is not asked of us.
    let grants =
        json!(["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]);
    assert!(parsed(&document_with("grant_types", grants)).is_ok());
}

#[test]
fn whatever_a_document_must_not_say_makes_no_client() {
    use DocumentRefusal as R;
    let key = |extra: Value| {
        let mut key = json!({"kty": "RSA", "n": "x", "e": "AQAB"});
        key.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({"keys": [key]})
    };
    for (name, value, refusal) in [
        ("client_id", json!("https://client.example/oauth/other.json"), R::Identity),
        ("client_id", json!("https://client.example:443/oauth/client.json"), R::Identity),
        ("client_id", json!("HTTPS://client.example/oauth/client.json"), R::Identity),
        ("client_id", json!([ADDRESS]), R::Identity),
        ("client_id", Value::Null, R::Identity),
        ("client_secret", json!("s"), R::Secret),
        ("client_secret", Value::Null, R::Secret),
        ("client_secret_expires_at", json!(0), R::Secret),
        ("token_endpoint_auth_method", json!("client_secret_basic"), R::Method),
        ("token_endpoint_auth_method", json!("client_secret_post"), R::Method),
        ("token_endpoint_auth_method", json!("client_secret_jwt"), R::Method),
        ("token_endpoint_auth_method", json!("private_key_jwt"), R::Method),
        ("token_endpoint_auth_method", json!(""), R::Method),
        ("token_endpoint_auth_method", json!(["none"]), R::Malformed),
        ("jwks", key(json!({"d": "x"})), R::PrivateKey),
        ("jwks", key(json!({"kty": "oct", "k": "x"})), R::PrivateKey),
        ("jwks", key(json!({"kty": "oct"})), R::PrivateKey),
        ("jwks", json!({"keys": [{}]}), R::PrivateKey),
        ("jwks", json!({"keys": "x"}), R::PrivateKey),
        ("jwks", json!("x"), R::PrivateKey),
        ("grant_types", json!(["client_credentials"]), R::Capability),
        ("grant_types", json!([]), R::Capability),
        ("response_types", json!(["token"]), R::Capability),
        ("client_uri", json!("javascript:alert(1)"), R::Link),
        ("logo_uri#de", json!("data:text/html,x"), R::Link),
        ("jwks_uri", json!("file:///etc/passwd"), R::Link),
        ("redirect_uris", json!([]), R::Redirects),
        ("redirect_uris", json!("x"), R::Malformed),
        ("redirect_uris", json!(["https://evil.example/callback", "client://callback"]), R::Redirects),
        ("client_name", json!(7), R::Malformed),
    ] {
        assert_eq!(parsed(&document_with(name, value.clone())).map(drop), Err(refusal), "{name}: {value}");
    }
    assert!(parsed(&document_with("jwks", key(json!({})))).is_ok(), "a public key means nothing here");
    let url = address(ADDRESS).unwrap();
    for body in [&b""[..], b"[]", b"null", b"{", b"\"x\"", b"\xff", b"<html>"] {
        let read = read(&url, body, &client_rules().redirects, UnixMillis::from_secs(1));
        assert_eq!(read.map(drop), Err(R::Malformed));
    }
}

#[test]
fn redirects_that_nobody_vouches_for_are_left_out() {
    let uris = [
        REDIRECT,
        "https://claude.ai/api/mcp/auth_callback",
        "http://127.0.0.1/callback",
        "https://evil.example/callback",
        "https://sub.client.example/callback",
        "https://client.example:8443/callback",
        "https://client.example@evil.example/callback",
        "http://client.example/callback",
        "https://client.example/a/../callback",
        "https://client.example/callback#x",
        "claude://callback",
        "javascript:alert(1)",
        "",
    ];
    let client = parsed(&document_with("redirect_uris", json!(uris))).unwrap();
    for (index, uri) in uris.iter().enumerate() {
        assert_eq!(client.redirect(uri).is_some(), index < 3, "{uri}");
    }
    assert_eq!(client.redirect_uris.len(), 3);
}

#[test]
fn only_loopback_redirects_make_a_client_that_anybody_here_can_claim_to_be() {
    let client =
        parsed(&document_with("redirect_uris", json!(["http://localhost/callback", "http://[::1]/"])));
    assert!(client.unwrap().is_loopback_only());
}

#[test]
fn a_name_is_cleaned() {
    let client = parsed(&document_with("client_name", json!("A\u{202e}B\n\u{200b}C"))).unwrap();
    assert_eq!(client.name(), "AB C");
}

#[test]
fn the_fetch_carries_nothing_but_what_it_accepts() {
    let fixture = Fixture::new();
    fixture.outbound.answer(|request| {
        assert_eq!((request.method(), request.uri().to_string().as_str()), (&http::Method::GET, ADDRESS));
        assert_eq!(request.headers().get("accept").unwrap(), "application/json");
        assert_eq!(request.headers().len(), 1);
        assert!(!request.headers().contains_key(COOKIE) && !request.headers().contains_key(AUTHORIZATION));
        Ok(served(&document()))
    });
    assert!(found(&Clients::new(fixture.client_ports(), client_rules())).is_ok());
}

#[test]
fn an_identifier_that_is_no_listed_address_is_never_dialled() {
    let (fixture, clients) = serving(&document());
    for text in
        ["https://evil.example/client.json", "https://client.example/", "http://client.example/a", "x"]
    {
        assert!(block_on(clients.find(&ClientId::parse(text).unwrap())).is_err(), "{text}");
    }
    assert_eq!(fetches(&fixture), 0);
}

#[test]
fn a_copy_is_used_while_it_is_fresh() {
    let (fixture, clients) = serving(&document());
    for (advance, fetched) in [(0, 1), (0, 1), (599, 1), (1, 2)] {
        fixture.advance(secs(advance));
        assert!(found(&clients).is_ok());
        assert_eq!(fetches(&fixture), fetched);
    }
}

#[test]
fn a_host_can_shorten_freshness_but_not_below_a_minute() {
    let fixture = Fixture::new();
    fixture.outbound.answer(|_| {
        let mut response = served(&document());
        response.headers_mut().insert(CACHE_CONTROL, "no-store".parse().unwrap());
        Ok(response)
    });
    let clients = Clients::new(fixture.client_ports(), client_rules());
    for (advance, fetched) in [(0, 1), (59, 1), (1, 2)] {
        fixture.advance(secs(advance));
        assert!(found(&clients).is_ok());
        assert_eq!(fetches(&fixture), fetched);
    }
}

#[test]
fn every_failed_fetch_is_a_refusal_and_is_not_repeated_for_half_a_minute() {
    use DocumentRefusal as R;
    type Answer = fn() -> Result<Response<Bytes>, OutboundError>;
    let cases: [(Answer, R); 10] = [
        (|| Err(OutboundError::Connect), R::Unreachable),
        (|| Err(OutboundError::Protocol), R::Unreachable),
        (|| Err(OutboundError::Timeout), R::Timeout),
        (|| Err(OutboundError::TooLarge), R::TooLarge),
        (|| Err(OutboundError::Destination), R::Host),
        (
            || Ok(Response::builder().status(302).header("location", ADDRESS).body(Bytes::new()).unwrap()),
            R::Status,
        ),
        (|| Ok(Response::builder().status(404).body(Bytes::new()).unwrap()), R::Status),
        (|| Ok(Response::builder().status(203).body(Bytes::new()).unwrap()), R::Status),
        (|| Ok(Response::new(Bytes::from(document().to_string()))), R::ContentType),
        (|| Ok(served(&json!({}))), R::Identity),
    ];
    for (answer, refusal) in cases {
        let fixture = Fixture::new();
        fixture.outbound.answer(move |_| answer());
        let clients = Clients::new(fixture.client_ports(), client_rules());
        for (advance, fetched) in [(0, 1), (0, 1), (29, 1), (1, 2)] {
            fixture.advance(secs(advance));
            assert_eq!(found(&clients).map(drop), Err(ClientRefusal::Document(refusal)));
            assert_eq!(fetches(&fixture), fetched, "{refusal:?}");
        }
        serve(&fixture, &document());
        fixture.advance(secs(30));
        assert!(found(&clients).is_ok(), "{refusal:?} is forgiven");
    }
}

#[test]
fn a_redirect_that_the_copy_lacks_makes_us_look_once_more() {
    let (fixture, clients) =
        serving(&document_with("redirect_uris", json!(["https://client.example/planted"])));
    assert_eq!(redirected(&clients, REDIRECT), Ok(None), "fetched this moment: there is nothing newer");
    assert_eq!(fetches(&fixture), 1);
    serve(&fixture, &document());
    fixture.advance(secs(30));
    assert!(redirected(&clients, REDIRECT).unwrap().is_some());
    assert_eq!(fetches(&fixture), 2);
    fixture.advance(secs(31));
    assert_eq!(redirected(&clients, "https://client.example/planted"), Ok(None));
    for _ in 0..3 {
        assert_eq!(redirected(&clients, "https://client.example/other"), Ok(None));
        assert_eq!(fetches(&fixture), 3, "once in half a minute");
    }
    fixture.advance(secs(60));
    for hopeless in ["https://evil.example/callback", "javascript:x", ""] {
        assert_eq!(redirected(&clients, hopeless), Ok(None), "{hopeless}");
    }
    assert_eq!(fetches(&fixture), 3, "what no document could say is not looked for");
}

#[test]
fn what_was_granted_survives_an_outage_of_a_day_and_nothing_longer() {
    let (fixture, clients) = serving(&document());
    assert!(presented(&clients).is_ok());
    fixture.outbound.answer(|_| Err(OutboundError::Connect));
    for advance in [700, 31, 3600, 80_000] {
        fixture.advance(secs(advance));
        assert!(presented(&clients).is_ok());
        assert!(found(&clients).is_err(), "nobody new is let in");
    }
    fixture.advance(secs(3600));
    let refused = presented(&clients).unwrap_err();
    assert_eq!(refused, ClientRefusal::Document(DocumentRefusal::Unreachable));
    assert_eq!(refused.oauth_error(), "temporarily_unavailable");
}

#[test]
fn a_document_that_stops_making_a_client_ends_it_at_once() {
    let (fixture, clients) = serving(&document());
    assert!(presented(&clients).is_ok());
    serve(&fixture, &document_with("client_secret", json!("s")));
    fixture.advance(secs(601));
    let refused = presented(&clients).unwrap_err();
    assert_eq!(refused, ClientRefusal::Document(DocumentRefusal::Secret));
    assert_eq!(refused.oauth_error(), "invalid_client");
    fixture.outbound.answer(|_| Err(OutboundError::Timeout));
    fixture.advance(secs(31));
    assert!(presented(&clients).is_err(), "the copy before it is gone too");
}

#[test]
fn a_client_with_a_document_presents_no_secret() {
    let (fixture, clients) = serving(&document());
    let mut headers = HeaderMap::new();
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    let form = form.append_pair("client_id", ADDRESS).append_pair("client_secret", "s").finish();
    let form = Form::parse(form.as_bytes()).unwrap();
    assert_eq!(block_on(clients.authenticate(&headers, &form)).map(drop), Err(ClientRefusal::Method));
    headers.insert(AUTHORIZATION, "Basic aHR0cHMlM0EvL2NsaWVudC5leGFtcGxlL2E6cw==".parse().unwrap());
    let empty = Form::parse(b"").unwrap();
    assert_eq!(block_on(clients.authenticate(&headers, &empty)).map(drop), Err(ClientRefusal::Method));
    assert_eq!(fetches(&fixture), 0);
}

#[test]
fn there_is_no_registration_to_keep() {
    let (fixture, clients) = serving(&document());
    assert_eq!(block_on(clients.keep(&id())), Ok(()));
    assert_eq!(fetches(&fixture), 0);
}

#[test]
fn one_host_is_asked_so_often_in_a_minute_and_no_more() {
    let (fixture, clients) = serving(&document());
    let other = |number: usize| ClientId::parse(&format!("https://client.example/{number}")).unwrap();
    let refusals: Vec<_> =
        (0..130).map(|number| block_on(clients.find(&other(number))).unwrap_err()).collect();
    assert_eq!(fetches(&fixture), 120);
    assert_eq!(refusals.last(), Some(&ClientRefusal::Document(DocumentRefusal::Busy)));
    fixture.advance(secs(60));
    assert!(found(&clients).is_ok());
}

#[test]
fn a_flood_of_addresses_drives_out_no_good_copy() {
    let (fixture, clients) = serving(&document());
    assert!(found(&clients).is_ok());
    for number in 0..600 {
        fixture.advance(secs(1));
        drop(block_on(clients.find(&ClientId::parse(&format!("https://client.example/{number}")).unwrap())));
        if number == 500 {
            let fetched = fetches(&fixture);
            assert!(found(&clients).is_ok());
            assert_eq!(fetches(&fixture), fetched, "still fresh, still there");
        }
    }
}

#[test]
fn a_clock_that_is_set_back_makes_no_copy_live_longer() {
    let (fixture, clients) = serving(&document());
    assert!(found(&clients).is_ok());
    let mut cache = cache::Cache::default();
    let url = address(ADDRESS).unwrap();
    let later = UnixMillis::from_secs(1_000_000);
    let client = parsed(&document()).unwrap();
    drop(cache.keep(&url, Ok((client, secs(600))), Need::Now, later));
    assert!(matches!(cache.look(&url, Need::Now, later), Look::Known(_)));
    assert!(matches!(cache.look(&url, Need::Now, UnixMillis::from_secs(1)), Look::Fetch));
    assert_eq!(fetches(&fixture), 1);
}

proptest! {
    #[test]
    fn whatever_is_dialled_is_a_plain_path_of_a_listed_host(
        text in "(https|http|HTTPS)://(client\\.example|evil\\.example|[a-z0-9.@:\\[\\]-]{1,20})(:[0-9]{1,4})?[a-zA-Z0-9./%?#@;\\\\~_-]{0,30}",
    ) {
        let Ok(id) = ClientId::parse(&text) else { return Ok(()) };
        if let Ok(found) = DocumentUrl::parse(&id, &hosts()) {
            prop_assert!(text.starts_with("https://client.example/") && text.len() > 23);
            prop_assert_eq!(found.host.as_str(), "client.example");
            let url = Url::parse(&text).unwrap();
            prop_assert!(url.as_str() == text && url.query().is_none() && url.fragment().is_none());
            prop_assert!(!url.path().split('/').any(|segment| segment == "." || segment == ".."));
        }
    }

    #[test]
    fn whatever_a_document_says_its_redirects_are_vouched_for(
        uris in proptest::collection::vec("(https?|claude)://(client\\.example|localhost|evil\\.example|claude\\.ai|sub\\.client\\.example)(:[0-9]{1,4})?/[a-z/.@#]{0,10}", 0..6),
    ) {
        if let Ok(client) = parsed(&document_with("redirect_uris", json!(uris))) {
            for redirect in &client.redirect_uris {
                let url = Url::parse(redirect.as_str()).unwrap();
                let own = url.scheme() == "https" && url.host_str() == Some("client.example") && url.port().is_none();
                let listed = client_rules().redirects.admit(redirect.as_str()).is_ok();
                prop_assert!(own || listed, "{}", redirect.as_str());
            }
        }
    }
}
