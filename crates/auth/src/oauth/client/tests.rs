use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Value, json};

use super::*;
use crate::oauth::form::Form;
use crate::testing::{Fixture, block_on, client_rules};

const REQUEST: RequestId = RequestId::from_random([7; 16]);
const ROUTE: &str = "/register";

fn clients(fixture: &Fixture) -> Clients {
    Clients::new(fixture.client_ports(), client_rules())
}

fn register(clients: &Clients, metadata: &Value) -> Result<Value, RegistrationRefusal> {
    let registered = block_on(clients.register(REQUEST, ROUTE, metadata.to_string().as_bytes()))?;
    Ok(serde_json::from_str(registered.body().expose()).unwrap())
}

fn public() -> Value {
    json!({"redirect_uris": ["http://localhost/callback"], "token_endpoint_auth_method": "none", "client_name": "Tool"})
}

fn public_with(name: &str, value: Value) -> Value {
    let mut metadata = public();
    metadata[name] = value;
    metadata
}

#[test]
fn a_public_client_gets_an_identifier_and_no_secret() {
    let fixture = Fixture::new();
    let clients = clients(&fixture);
    let answer = register(&clients, &public()).unwrap();
    assert!(answer["client_id"].as_str().unwrap().starts_with("m365client_"));
    assert_eq!(answer["client_id_issued_at"], fixture.now().as_secs());
    assert!(answer.get("client_secret").is_none());
    let id = ClientId::parse(answer["client_id"].as_str().unwrap()).unwrap();
    assert_eq!(block_on(clients.find(&id)).unwrap().name(), "Tool");
}

#[test]
fn the_defaults_are_those_of_rfc_7591() {
    let fixture = Fixture::new();
    let clients = clients(&fixture);
    let answer = register(&clients, &json!({"redirect_uris": ["http://localhost/callback"]})).unwrap();
    assert_eq!(answer["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(answer["response_types"], json!(["code"]));
    assert!(answer["grant_types"].as_array().unwrap().contains(&json!("authorization_code")));
    assert!(answer["client_secret"].as_str().unwrap().len() > 40);
    let stored = fixture.registry.records();
    assert!(!stored.concat().contains(answer["client_secret"].as_str().unwrap()), "only a hash is stored");
}

#[test]
fn a_registration_expires() {
    let fixture = Fixture::new();
    let clients = clients(&fixture);
    let answer = register(&clients, &public()).unwrap();
    let id = ClientId::parse(answer["client_id"].as_str().unwrap()).unwrap();
    fixture.advance(ClientLives::default().unused.checked_sub(Duration::from_millis(1)).unwrap());
    assert!(block_on(clients.find(&id)).is_ok());
    fixture.advance(Duration::from_millis(1));
    assert_eq!(block_on(clients.find(&id)), Err(ClientRefusal::Unknown));
    assert_eq!(block_on(clients.keep(&id)), Err(ClientRefusal::Unknown), "what has expired is not revived");
}

#[test]
fn a_client_somebody_allowed_lives_on() {
    let fixture = Fixture::new();
    let clients = clients(&fixture);
    let answer = register(&clients, &public()).unwrap();
    let id = ClientId::parse(answer["client_id"].as_str().unwrap()).unwrap();
    block_on(clients.keep(&id)).unwrap();
    fixture.advance(ClientLives::default().used.checked_sub(Duration::from_millis(1)).unwrap());
    assert!(block_on(clients.find(&id)).is_ok());
    fixture.advance(Duration::from_millis(1));
    assert_eq!(block_on(clients.find(&id)), Err(ClientRefusal::Unknown));
}

#[test]
fn unoffered_grants_responses_and_methods_are_refused() {
    for metadata in [
        public_with("grant_types", json!(["password"])),
        public_with("grant_types", json!(["refresh_token"])),
        public_with("grant_types", json!(["authorization_code", "implicit"])),
        public_with("grant_types", json!([])),
        public_with("response_types", json!(["token"])),
        public_with("response_types", json!(["code", "token"])),
        public_with("response_types", json!([])),
        public_with("token_endpoint_auth_method", json!("private_key_jwt")),
    ] {
        let fixture = Fixture::new();
        assert_eq!(
            register(&clients(&fixture), &metadata),
            Err(RegistrationRefusal::Capability),
            "{metadata}"
        );
        assert!(fixture.registry.records().is_empty());
    }
}

#[test]
fn unsafe_redirects_are_refused() {
    for uris in [
        json!([]),
        json!(["javascript:alert(1)"]),
        json!(["http://localhost/callback", "data:text/html,x"]),
        json!([" http://localhost/callback"]),
        json!(["https://evil.example/callback"]),
        json!(vec!["http://localhost/callback"; 11]),
    ] {
        let fixture = Fixture::new();
        let refused = register(&clients(&fixture), &public_with("redirect_uris", uris));
        assert_eq!(refused, Err(RegistrationRefusal::RedirectUri));
    }
    let fixture = Fixture::new();
    let missing = json!({"token_endpoint_auth_method": "none"});
    assert_eq!(register(&clients(&fixture), &missing), Err(RegistrationRefusal::RedirectUri));
}

#[test]
fn unsafe_links_are_refused_in_every_language() {
    for (name, value) in [
        ("client_uri", json!("javascript:alert(1)")),
        ("logo_uri", json!("data:image/svg+xml,x")),
        ("tos_uri#de", json!("JAVASCRIPT:alert(1)")),
        ("policy_uri#fr", json!(" https://a.example/")),
        ("client_uri#de", json!("https://user:pass@a.example/")),
        ("client_uri", json!("java\nscript:alert(1)")),
        ("client_uri", json!("//a.example")),
        ("client_uri", json!(7)),
    ] {
        let fixture = Fixture::new();
        assert_eq!(
            register(&clients(&fixture), &public_with(name, value)),
            Err(RegistrationRefusal::Link),
            "{name}"
        );
    }
    let fixture = Fixture::new();
    let harmless = public_with("client_uri#de", json!("https://a.example/de"));
    assert!(register(&clients(&fixture), &harmless).is_ok());
}

#[test]
fn other_shapes_are_malformed_and_unknown_fields_are_ignored() {
    let fixture = Fixture::new();
    let clients = clients(&fixture);
    let twice = br#"{"redirect_uris":["http://localhost/a"],"redirect_uris":["https://evil.example/"]}"#;
    let long = vec![b' '; MAX_REGISTRATION_BYTES + 1];
    for body in [&b""[..], b"[]", b"null", b"{\"redirect_uris\":7}", twice, &long] {
        assert_eq!(
            block_on(clients.register(REQUEST, ROUTE, body)).unwrap_err(),
            RegistrationRefusal::Malformed
        );
    }
    assert!(register(&clients, &public_with("software_id", json!({"deep": [1]}))).is_ok());
}

#[test]
fn a_name_is_shown_without_what_hides_or_turns_it() {
    let name = |text: &str| {
        let fixture = Fixture::new();
        register(&clients(&fixture), &public_with("client_name", json!(text))).unwrap()["client_name"].clone()
    };
    assert_eq!(name("Cla\u{202e}ude\u{200b} \u{e0041}\n\tDesk\u{0}top "), "Claude Desktop");
    assert_eq!(name("\u{2066}\u{feff}"), "Unnamed application");
    let cut = "l".repeat(59);
    assert_eq!(name(&format!("{cut} more")), cut, "no space is left where the name is cut");
    assert_eq!(name(&"x".repeat(500)).as_str().unwrap().len(), 60);
}

#[test]
fn the_quota_and_a_failing_registry_refuse_without_keeping_anything() {
    let fixture = Fixture::new();
    let clients = clients(&fixture);
    fixture.directory.set_quota(1);
    assert!(register(&clients, &public()).is_ok());
    assert_eq!(register(&clients, &public()), Err(RegistrationRefusal::Quota));
    assert_eq!(fixture.registry.records().len(), 1);
    fixture.directory.set_quota(10);
    fixture.registry.fail(Some(RegistryError::Busy));
    assert_eq!(register(&clients, &public()), Err(RegistrationRefusal::Busy));
    let id = ClientId::parse("m365client_x").unwrap();
    assert_eq!(block_on(clients.find(&id)), Err(ClientRefusal::Busy));
    fixture.registry.fail(Some(RegistryError::Unavailable));
    assert_eq!(block_on(clients.find(&id)), Err(ClientRefusal::Unavailable));
}

struct Registration {
    id: String,
    secret: String,
}

fn confidential(clients: &Clients, method: &str) -> Registration {
    let answer = register(clients, &public_with("token_endpoint_auth_method", json!(method))).unwrap();
    Registration {
        id: answer["client_id"].as_str().unwrap().into(),
        secret: answer["client_secret"].as_str().unwrap_or_default().into(),
    }
}

fn basic_header(id: &str, secret: &str) -> HeaderMap {
    let value = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(&value).unwrap())])
}

fn authenticate(clients: &Clients, headers: &HeaderMap, form: &str) -> Result<String, ClientRefusal> {
    let form = Form::parse(form.as_bytes()).unwrap();
    block_on(clients.authenticate(headers, &form)).map(|client| client.id().to_string())
}

#[test]
fn each_method_proves_its_client_and_no_other_method_does() {
    let fixture = Fixture::new();
    let clients = clients(&fixture);
    let none = confidential(&clients, "none");
    let basic = confidential(&clients, "client_secret_basic");
    let post = confidential(&clients, "client_secret_post");
    let bare = HeaderMap::new();
    let in_form = |r: &Registration| format!("client_id={}&client_secret={}", r.id, r.secret);
    assert_eq!(authenticate(&clients, &bare, &format!("client_id={}", none.id)), Ok(none.id.clone()));
    assert_eq!(authenticate(&clients, &basic_header(&basic.id, &basic.secret), ""), Ok(basic.id.clone()));
    assert_eq!(authenticate(&clients, &bare, &in_form(&post)), Ok(post.id.clone()));
    for refused in [
        authenticate(&clients, &bare, &format!("client_id={}", basic.id)),
        authenticate(&clients, &bare, &format!("client_id={}", post.id)),
        authenticate(&clients, &bare, &in_form(&basic)),
        authenticate(&clients, &basic_header(&post.id, &post.secret), ""),
        authenticate(&clients, &basic_header(&none.id, ""), ""),
        authenticate(&clients, &bare, &format!("client_id={}&client_secret=x", none.id)),
    ] {
        assert_eq!(refused, Err(ClientRefusal::Method));
    }
}

#[test]
fn wrong_mixed_and_missing_credentials_are_refused() {
    let fixture = Fixture::new();
    let clients = clients(&fixture);
    let basic = confidential(&clients, "client_secret_basic");
    let post = confidential(&clients, "client_secret_post");
    let good = basic_header(&basic.id, &basic.secret);
    let mut twice = good.clone();
    twice.append(header::AUTHORIZATION, good[header::AUTHORIZATION].clone());
    let bearer = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"))]);
    let bare = HeaderMap::new();
    for (headers, form, refusal) in [
        (&basic_header(&basic.id, "wrong"), String::new(), ClientRefusal::Secret),
        (&bare, format!("client_id={}&client_secret=wrong", post.id), ClientRefusal::Secret),
        (&good, format!("client_secret={}", basic.secret), ClientRefusal::Mixed),
        (&good, format!("client_id={}", post.id), ClientRefusal::Mixed),
        (&twice, String::new(), ClientRefusal::Mixed),
        (&bearer, String::new(), ClientRefusal::Missing),
        (&bare, String::new(), ClientRefusal::Missing),
        (&bare, "client_id=m365client_nobody".into(), ClientRefusal::Unknown),
        (&bare, "client_id=a%20b".into(), ClientRefusal::Unknown),
    ] {
        assert_eq!(authenticate(&clients, headers, &form), Err(refusal), "{form}");
    }
    assert_eq!(authenticate(&clients, &good, &format!("client_id={}", basic.id)), Ok(basic.id));
}

#[test]
fn refusals_speak_the_words_of_the_standards() {
    assert_eq!(ClientRefusal::Secret.oauth_error(), "invalid_client");
    assert_eq!(ClientRefusal::Busy.oauth_error(), "temporarily_unavailable");
    assert_eq!(RegistrationRefusal::RedirectUri.oauth_error(), "invalid_redirect_uri");
    assert_eq!(RegistrationRefusal::Link.oauth_error(), "invalid_client_metadata");
}
