//! Managed OAuth: what a client of it sees, and what the origin does.

use super::*;
use crate::access::ManagedOauth;

const REDIRECT: &str = "http://127.0.0.1:4711/callback";
/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

async fn start() -> Site {
    Site::start_behind(Perimeter::ManagedOauth(ManagedOauth::default()), None).await
}

fn with(mut request: Request<Full<Bytes>>, name: &'static str, value: &str) -> Request<Full<Bytes>> {
    request.headers_mut().append(name, value.parse().expect("a header value"));
    request
}

async fn register(site: &Site, redirect: &str) -> Got {
    let metadata = json!({"client_name": "Test", "redirect_uris": [redirect]});
    send(post_json(&site.sandbox("/cdn-cgi/access/oauth/registration"), &metadata)).await
}

fn authorization(site: &Site, client_id: &str, change: (&str, Option<&str>)) -> String {
    let resource = site.edge("/mcp");
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", REDIRECT),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("resource", &resource),
        ("state", "s"),
    ];
    parameters.retain(|(name, _)| *name != change.0);
    parameters.extend(change.1.map(|value| (change.0, value)));
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    site.sandbox(&format!("/cdn-cgi/access/oauth/authorization?{query}"))
}

/// The code for somebody with a session.
async fn code(site: &Site, client_id: &str) -> String {
    let cookie = site.cookie(&json!({"email": ALEX})).await;
    let asked = authorization(site, client_id, ("none", None));
    let sent = send(with(get_from(&asked), "cookie", &cookie)).await;
    assert_eq!(sent.status, StatusCode::FOUND, "{}", sent.body);
    assert_eq!(sent.redirected("state").as_deref(), Some("s"));
    sent.redirected("code").expect("a code")
}

async fn token(site: &Site, fields: &[(&str, &str)]) -> Got {
    send(post_form(&site.sandbox("/cdn-cgi/access/oauth/token"), fields)).await
}

async fn tokens(site: &Site) -> (String, Value) {
    let client_id = text(&register(site, REDIRECT).await.json()["client_id"]);
    let code = code(site, &client_id).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", &client_id),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let answer = token(site, &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(token(site, &fields).await.json()["error"], "invalid_grant", "a code is good once");
    (client_id, answer.json())
}

#[tokio::test]
async fn a_client_is_told_where_to_sign_in_and_a_browser_is_sent_there() {
    let site = start().await;
    for path in ["/mcp", "/healthz", "/.well-known/oauth-protected-resource"] {
        let refused = send(post_json(&site.edge(path), &json!({}))).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{path}");
        let named = format!(
            "resource_metadata=\"{}\"",
            site.edge(&format!("/.well-known/cloudflare-access-protected-resource{path}"))
        );
        let challenge = refused.header("www-authenticate");
        assert!(challenge.starts_with("Bearer realm=\"OAuth\"") && challenge.contains(&named), "{challenge}");
        assert!(!challenge.contains("error="), "{challenge}");
    }
    let events = send(with(get_from(&site.edge("/mcp")), "accept", "text/event-stream")).await;
    assert_eq!(events.status, StatusCode::UNAUTHORIZED);
    let page = send(with(get_from(&site.edge("/me")), "accept", "text/html,*/*;q=0.8")).await;
    assert_eq!(page.status, StatusCode::FOUND);
}

#[tokio::test]
async fn the_documents_come_from_the_edge_and_name_the_team_domain() {
    let site = start().await;
    let path = "/.well-known/cloudflare-access-protected-resource/mcp";
    let resource = send(get_from(&site.edge(path))).await.json();
    assert_eq!(resource["resource"], site.edge("/mcp"));
    assert_eq!(resource["authorization_servers"], json!([site.edge("")]));
    let server = send(get_from(&site.edge("/.well-known/oauth-authorization-server"))).await.json();
    assert_eq!(server["issuer"], site.edge(""));
    assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
    for (name, end) in [
        ("authorization_endpoint", "authorization"),
        ("token_endpoint", "token"),
        ("registration_endpoint", "registration"),
        ("revocation_endpoint", "revoke"),
    ] {
        assert_eq!(server[name], site.sandbox(&format!("/cdn-cgi/access/oauth/{end}")), "{name}");
    }
    let other = "/.well-known/cloudflare-access-protected-resource-other";
    assert_eq!(send(post_json(&site.edge(other), &json!({}))).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn without_managed_oauth_there_is_none_of_it() {
    let site = Site::start().await;
    let registered = register(&site, REDIRECT).await;
    assert_eq!(registered.status, StatusCode::NOT_FOUND);
    for path in ["token", "revoke"] {
        let url = site.sandbox(&format!("/cdn-cgi/access/oauth/{path}"));
        assert_eq!(send(post_form(&url, &[])).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let asked = authorization(&site, "x", ("none", None));
    assert_eq!(send(get_from(&asked)).await.status, StatusCode::NOT_FOUND);
    let forwarded = send(get_from(&site.edge("/.well-known/oauth-authorization-server"))).await.json();
    assert_eq!(forwarded["uri"], "/.well-known/oauth-authorization-server");
}

#[tokio::test]
async fn a_redirect_that_is_not_allowed_is_refused_in_cloudflares_words() {
    let site = start().await;
    let refused = register(&site, "https://evil.example/callback").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let expected = json!({
        "error": "invalid_client_metadata",
        "error_description": "redirect_uri is not allowed by the account configuration",
    });
    assert_eq!(refused.json(), expected);
    assert_eq!(register(&site, REDIRECT).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn an_authorization_request_that_is_not_whole_gets_no_code() {
    let site = start().await;
    let client_id = text(&register(&site, REDIRECT).await.json()["client_id"]);
    let cookie = site.cookie(&json!({"email": ALEX})).await;
    for (name, value, error) in [
        ("response_type", Some("token"), "unsupported_response_type"),
        ("code_challenge", None, "invalid_request"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
        ("resource", None, "invalid_target"),
        ("resource", Some("https://other.example/mcp"), "invalid_target"),
    ] {
        let asked = authorization(&site, &client_id, (name, value));
        let sent = send(with(get_from(&asked), "cookie", &cookie)).await;
        assert_eq!(sent.redirected("error").as_deref(), Some(error), "{name}");
        assert_eq!(sent.redirected("code"), None);
    }
    for (name, value) in [("client_id", "nobody"), ("redirect_uri", "http://127.0.0.1:4712/callback")] {
        let asked = authorization(&site, &client_id, (name, Some(value)));
        let page = send(with(get_from(&asked), "cookie", &cookie)).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{name}");
    }
}

#[tokio::test]
async fn without_a_session_the_login_page_asks_who_signs_in() {
    let site = start().await;
    let client_id = text(&register(&site, REDIRECT).await.json()["client_id"]);
    let asked = authorization(&site, &client_id, ("none", None));
    let page = send(get_from(&asked)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains(ALEX), "{}", page.body);
    let url = url::Url::parse(&asked).expect("a URL");
    let mut fields: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    fields.push(("email".to_owned(), ALEX.to_owned()));
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let chosen = send(post_form(&site.sandbox("/cdn-cgi/access/oauth/authorization"), &fields)).await;
    assert!(chosen.redirected("code").is_some());
}

#[tokio::test]
async fn the_origin_sees_the_persons_assertion_and_no_token() {
    let site = start().await;
    let (_, tokens) = tokens(&site).await;
    let bearer = format!("Bearer {}", text(&tokens["access_token"]));
    let seen = send(with(post_json(&site.edge("/mcp"), &json!({})), "authorization", &bearer)).await.json();
    let assertion = text(&seen["headers"]["cf-access-jwt-assertion"]);
    let claims = site.running.estate.keys.access.verified_claims(&assertion).expect("keys").expect("genuine");
    assert_eq!(claims["email"], ALEX);
    assert!(seen["headers"].get("authorization").is_none());
    let refresh = format!("Bearer {}", text(&tokens["refresh_token"]));
    for worthless in ["Bearer oauth:x", "Bearer m365a_x", "Basic eDp5", refresh.as_str()] {
        let refused = with(post_json(&site.edge("/mcp"), &json!({})), "authorization", worthless);
        let refused = send(refused).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{worthless}");
        assert!(refused.header("www-authenticate").contains("error=\"invalid_token\""), "{worthless}");
    }
}

#[tokio::test]
async fn a_token_ends_after_its_minutes_and_is_renewed_until_it_is_revoked() {
    let site = start().await;
    let (client_id, first) = tokens(&site).await;
    let ask = async |tokens: &Value| {
        let bearer = format!("Bearer {}", text(&tokens["access_token"]));
        send(with(post_json(&site.edge("/mcp"), &json!({})), "authorization", &bearer)).await.status
    };
    assert_eq!(first["expires_in"], 900);
    site.control("clock", &json!({"advance_secs": 870})).await;
    assert_eq!(ask(&first).await, StatusCode::OK);
    site.control("clock", &json!({"advance_secs": 30})).await;
    assert_eq!(ask(&first).await, StatusCode::UNAUTHORIZED);
    let refresh = text(&first["refresh_token"]);
    let fields = [("grant_type", "refresh_token"), ("client_id", &client_id), ("refresh_token", &refresh)];
    let second = token(&site, &fields).await.json();
    assert_eq!(ask(&second).await, StatusCode::OK);
    let refresh = text(&second["refresh_token"]);
    let fields = [("client_id", client_id.as_str()), ("token", &refresh)];
    send(post_form(&site.sandbox("/cdn-cgi/access/oauth/revoke"), &fields)).await;
    assert_eq!(ask(&second).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_service_token_made_on_demand_passes_and_an_assertion_can_be_ordered_for_it() {
    for perimeter in [Perimeter::ManagedOauth(ManagedOauth::default()), Perimeter::default()] {
        let site = Site::start_behind(perimeter, None).await;
        let made = site.control("service", &json!({})).await;
        let (id, secret) = (text(&made["clientId"]), text(&made["clientSecret"]));
        assert!(secret.starts_with("cfast_"));
        let request = with(post_json(&site.edge("/mcp"), &json!({})), "cf-access-client-id", &id);
        let seen = send(with(request, "cf-access-client-secret", &secret)).await.json();
        let assertion = text(&seen["headers"]["cf-access-jwt-assertion"]);
        let keys = &site.running.estate.keys.access;
        assert_eq!(keys.verified_claims(&assertion).expect("keys").expect("genuine")["common_name"], id);
        site.control("assert", &json!({"service": id})).await;
    }
}
