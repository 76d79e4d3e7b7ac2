use m365_ports::RegistryError;

use super::*;
use crate::testing::flow::{Flow, encode, parameter};
use crate::testing::{PUBLIC_URL, block_on};

fn with(
    query: &[(&'static str, String)],
    name: &'static str,
    value: Option<&str>,
) -> Vec<(&'static str, String)> {
    let mut query: Vec<_> = query.iter().filter(|(key, _)| *key != name).cloned().collect();
    query.extend(value.map(|value| (name, value.to_owned())));
    query
}

#[test]
fn a_complete_request_is_granted_what_is_asked_and_offered() {
    let flow = Flow::new();
    let client = flow.register();
    let query = Flow::query(&client);
    let request = flow.authorize(&query).unwrap();
    assert_eq!(request.client().id(), &client);
    assert_eq!(request.redirect_uri().host(), "localhost");
    for (scope, granted) in [
        (Some("Mail.Read"), "Mail.Read"),
        (Some("Mail.Read Calendars.Read Mail.Send anything"), "Mail.Read Mail.Send"),
        (Some("offline_access"), "Mail.Read Mail.Send User.Read"),
        (Some("offline_access User.Read"), "User.Read"),
        (None, "Mail.Read Mail.Send User.Read"),
    ] {
        let request = flow.authorize(&with(&query, "scope", scope)).unwrap();
        assert_eq!(request.scopes().to_string(), granted);
    }
    for (resource, granted) in [
        (None, PUBLIC_URL.to_owned()),
        (Some(format!("{PUBLIC_URL}/mcp")), format!("{PUBLIC_URL}/mcp")),
        (Some(format!("{PUBLIC_URL}/sse/")), format!("{PUBLIC_URL}/sse")),
    ] {
        let asked = with(&query, "resource", resource.as_deref());
        assert_eq!(flow.authorize(&asked).unwrap().resource, granted);
    }
}

#[test]
fn an_unproven_client_or_redirect_is_told_on_our_own_page() {
    let flow = Flow::new();
    let query = Flow::query(&flow.register());
    for (name, value, refusal) in [
        ("client_id", None, LocalRefusal::Client),
        ("client_id", Some("m365client_nobody"), LocalRefusal::Client),
        ("client_id", Some("a b"), LocalRefusal::Client),
        ("redirect_uri", None, LocalRefusal::RedirectUri),
        ("redirect_uri", Some("https://evil.example/callback"), LocalRefusal::RedirectUri),
        ("redirect_uri", Some("http://localhost/callback/.."), LocalRefusal::RedirectUri),
        ("redirect_uri", Some("http://localhost/callback#x"), LocalRefusal::RedirectUri),
        ("redirect_uri", Some("http://localhost/other"), LocalRefusal::RedirectUri),
        ("redirect_uri", Some("http://[::1]/callback"), LocalRefusal::RedirectUri),
        ("redirect_uri", Some("javascript:alert(1)"), LocalRefusal::RedirectUri),
    ] {
        let refused = flow.authorize(&with(&query, name, value)).unwrap_err();
        assert_eq!(refused, AuthorizeRefusal::Local(refusal), "{name} {value:?}");
    }
    assert!(flow.authorize(&with(&query, "redirect_uri", Some("http://localhost:4711/callback"))).is_ok());
}

#[test]
fn duplicate_parameters_are_told_on_our_own_page() {
    let flow = Flow::new();
    let client = flow.register();
    for (name, value) in
        [("redirect_uri", "https://evil.example/"), ("client_id", "x"), ("state", "x"), ("scope", "x")]
    {
        let mut query = Flow::query(&client);
        query.push((name, value.into()));
        let refused = flow.authorize(&query).unwrap_err();
        assert_eq!(refused, AuthorizeRefusal::Local(LocalRefusal::Parameters(FormError::Duplicate)));
    }
}

#[test]
fn every_later_error_goes_back_with_state_and_issuer() {
    let flow = Flow::new();
    let query = Flow::query(&flow.register());
    for (name, value, error) in [
        ("response_type", None, AuthorizationError::ResponseType),
        ("response_type", Some("token"), AuthorizationError::ResponseType),
        ("response_type", Some("code token"), AuthorizationError::ResponseType),
        ("response_mode", Some("fragment"), AuthorizationError::ResponseMode),
        ("code_challenge", None, AuthorizationError::Pkce),
        ("code_challenge", Some("short"), AuthorizationError::Pkce),
        ("code_challenge_method", None, AuthorizationError::Pkce),
        ("code_challenge_method", Some("plain"), AuthorizationError::Pkce),
        ("code_challenge_method", Some("s256"), AuthorizationError::Pkce),
        ("resource", Some("https://mcp.contoso.example/mcp#x"), AuthorizationError::Target),
        ("resource", Some("/mcp"), AuthorizationError::Target),
        ("resource", Some("javascript:alert(1)"), AuthorizationError::Target),
        ("resource", Some("https://mcp.contoso.example/MCP"), AuthorizationError::Target),
        ("resource", Some("https://graph.microsoft.com"), AuthorizationError::Target),
        ("scope", Some("Mail.ReadAnything"), AuthorizationError::Scope),
    ] {
        let Err(AuthorizeRefusal::Redirect { error: told, location, .. }) =
            flow.authorize(&with(&query, name, value))
        else {
            panic!("{name} {value:?} is told by redirect")
        };
        assert_eq!(told, error, "{name} {value:?}");
        assert!(location.starts_with("http://localhost/callback?error="));
        assert_eq!(parameter(&location, "error").as_deref(), Some(error.oauth_error()));
        assert_eq!(parameter(&location, "state").as_deref(), Some("s t&a=te"));
        assert_eq!(parameter(&location, "iss").as_deref(), Some(PUBLIC_URL));
        assert_eq!(parameter(&location, "code"), None);
    }
    assert_eq!(flow.fixture.database.integer("SELECT COUNT(*) FROM auth_grant"), 0);
}

#[test]
fn a_state_that_is_too_long_is_refused_and_not_repeated() {
    let flow = Flow::new();
    let query = Flow::query(&flow.register());
    let state = |length: usize| flow.authorize(&with(&query, "state", Some(&"s".repeat(length))));
    assert!(state(MAX_STATE_BYTES).is_ok());
    let Err(AuthorizeRefusal::Redirect { error, location, .. }) = state(MAX_STATE_BYTES + 1) else {
        panic!("a redirect")
    };
    assert_eq!((error, parameter(&location, "state")), (AuthorizationError::State, None));
}

#[test]
fn a_failing_registry_is_told_on_our_own_page() {
    let flow = Flow::new();
    let query = Flow::query(&flow.register());
    flow.fixture.registry.fail(Some(RegistryError::Unavailable));
    let refused = flow.authorize(&query).unwrap_err();
    assert_eq!(refused, AuthorizeRefusal::Local(LocalRefusal::Unavailable));
}

#[test]
fn a_query_that_cannot_be_read_is_told_on_our_own_page() {
    let flow = Flow::new();
    let query = format!("{}&x=%ff", encode(&Flow::query(&flow.register())));
    let refused = block_on(check(&query, &flow.clients, &flow.server)).unwrap_err();
    assert_eq!(refused.code(), "parameter_encoding");
}
