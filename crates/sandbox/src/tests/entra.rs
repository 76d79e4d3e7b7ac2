//! Entra: the authorization code flow, refresh, and every refusal a client must understand.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::*;

const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more-0123456789";
const SCOPE: &str = "openid profile email offline_access https://graph.microsoft.com/Mail.Read User.Read";

/// A client of the simulated Entra.
pub(super) struct Client {
    pub(super) site: Site,
    pub(super) config: Value,
}

pub(super) type Changes<'a> = &'a [(&'a str, Option<&'a str>)];

impl Client {
    pub(super) async fn new() -> Self {
        let site = Site::start().await;
        let config = site.config().await;
        Self { site, config }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/{}{path}", text(&self.config["entraBaseUrl"]), text(&self.config["tenantId"]))
    }

    /// Asks for a code; `changes` replace (`Some`) or leave out (`None`) parameters.
    pub(super) async fn authorize(&self, changes: Changes<'_>) -> Got {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let (client_id, redirect_uri) = (text(&self.config["clientId"]), text(&self.config["redirectUri"]));
        let usual = [
            ("client_id", client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", &redirect_uri),
            ("response_mode", "query"),
            ("scope", SCOPE),
            ("state", "the state"),
            ("nonce", "the nonce"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("login_hint", ALEX),
        ];
        send(get_from(&format!("{}?{}", self.url("/oauth2/v2.0/authorize"), changed(&usual, changes)))).await
    }

    pub(super) async fn code(&self) -> String {
        self.authorize(&[]).await.redirected("code").expect("a code")
    }

    pub(super) async fn redeem(&self, code: &str, changes: Changes<'_>) -> Got {
        let redirect_uri = text(&self.config["redirectUri"]);
        let usual = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri.as_str()),
            ("code_verifier", VERIFIER),
        ];
        self.token(&usual, changes).await
    }

    pub(super) async fn refresh(&self, token: &str, changes: Changes<'_>) -> Got {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)], changes).await
    }

    async fn token(&self, fields: &[(&str, &str)], changes: Changes<'_>) -> Got {
        send(self.token_request(fields, changes)).await
    }

    fn token_request(&self, fields: &[(&str, &str)], changes: Changes<'_>) -> Request<Full<Bytes>> {
        let (id, secret) = (text(&self.config["clientId"]), text(&self.config["clientSecret"]));
        let mut usual = vec![("client_id", id.as_str()), ("client_secret", secret.as_str())];
        usual.extend(fields);
        let request = Request::post(self.url("/oauth2/v2.0/token"))
            .header("content-type", "application/x-www-form-urlencoded");
        request.body(Full::from(changed(&usual, changes))).expect("a request")
    }

    pub(super) async fn signed_in(&self) -> Value {
        let got = self.redeem(&self.code().await, &[]).await;
        assert_eq!(got.status, StatusCode::OK, "{}", got.body);
        got.json()
    }
}

fn changed(usual: &[(&str, &str)], changes: Changes<'_>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in usual {
        if changes.iter().all(|(changed, _)| changed != name) {
            query.append_pair(name, value);
        }
    }
    for (name, value) in changes {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    query.finish()
}

pub(super) fn assert_refused(got: &Got, status: u16, error: &str, code: u64) {
    let body = got.json();
    assert_eq!(
        (got.status.as_u16(), &body["error"], &body["error_codes"]),
        (status, &json!(error), &json!([code]))
    );
    let description = text(&body["error_description"]);
    assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
    for part in ["Trace ID: ", "Correlation ID: ", "Timestamp: "] {
        assert!(description.contains(part), "{description}");
    }
    assert!(
        body["trace_id"].is_string() && body["correlation_id"].is_string() && body["error_uri"].is_string()
    );
}

#[tokio::test]
async fn a_code_becomes_tokens_with_everything_echoed_and_the_id_token_verifies() {
    let client = Client::new().await;
    let redirect = client.authorize(&[]).await;
    assert!(redirect.header("location").starts_with(&client.site.edge("/callback?")));
    assert_eq!(redirect.redirected("state").as_deref(), Some("the state"));
    let code = redirect.redirected("code").expect("a code");
    let answer = client.redeem(&code, &[]).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let tokens = answer.json();
    assert_eq!(tokens["scope"], "Mail.Read User.Read profile openid email");
    assert!((3600..=5400).contains(&tokens["expires_in"].as_u64().expect("seconds")));
    let discovery = send(get_from(&client.url("/v2.0/.well-known/openid-configuration"))).await.json();
    let keys = send(get_from(&text(&discovery["jwks_uri"]))).await.json();
    let estate = &client.site.running.estate;
    let (key, _) = estate.keys.entra.current().expect("a key");
    assert_eq!(keys["keys"][0]["kid"], key.kid());
    let claims = key.verified_claims(&text(&tokens["id_token"])).expect("genuine");
    let alex = estate.people.find(ALEX).expect("alex");
    assert_eq!(claims["iss"], discovery["issuer"]);
    assert_eq!(claims["aud"], client.config["clientId"]);
    assert_eq!(claims["tid"], client.config["tenantId"]);
    assert_eq!(
        (&claims["nonce"], &claims["ver"], &claims["acct"]),
        (&json!("the nonce"), &json!("2.0"), &json!(0))
    );
    assert_eq!((&claims["oid"], &claims["preferred_username"]), (&json!(alex.oid), &json!(ALEX)));
    let access = estate.microsoft_tokens.open_access(&text(&tokens["access_token"]), estate.clock.now_ms());
    assert_eq!(access.expect("genuine").scopes, ["Mail.Read", "User.Read"]);
}

#[tokio::test]
async fn after_a_rotation_both_keys_are_published_and_the_new_one_signs() {
    let client = Client::new().await;
    let key_id = async || {
        let token = text(&client.signed_in().await["id_token"]);
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().expect("a header")).expect("base64url");
        let header: Value = serde_json::from_slice(&header).expect("JSON");
        header["kid"].clone()
    };
    let before = key_id().await;
    client.site.control("rotate", &json!({"target": "entra"})).await;
    let after = key_id().await;
    let keys = send(get_from(&client.url("/discovery/v2.0/keys"))).await.json();
    let published: Vec<&Value> =
        keys["keys"].as_array().expect("keys").iter().map(|key| &key["kid"]).collect();
    assert_eq!(published, [&after, &before]);
    assert_ne!(after, before);
}

#[tokio::test]
async fn a_wrong_client_or_redirect_is_shown_on_entras_own_page() {
    let client = Client::new().await;
    let other = client.site.edge("/callback/");
    for (changes, code) in [
        ([("redirect_uri", Some("https://evil.example/callback"))], "AADSTS50011"),
        ([("redirect_uri", Some(other.as_str()))], "AADSTS50011"),
        ([("redirect_uri", None)], "AADSTS900971"),
        ([("client_id", Some("00000000-0000-0000-0000-000000000000"))], "AADSTS700016"),
        ([("client_id", None)], "AADSTS900144"),
    ] {
        let got = client.authorize(&changes).await;
        assert_eq!((got.status, got.header("location")), (StatusCode::BAD_REQUEST, ""), "{changes:?}");
        assert!(got.body.contains(code), "{changes:?}: {}", got.body);
    }
    let common = format!("{}/common/oauth2/v2.0/authorize", text(&client.config["entraBaseUrl"]));
    assert!(send(get_from(&common)).await.body.contains("AADSTS50194"));
    let unknown = format!(
        "{}/unknown.example/v2.0/.well-known/openid-configuration",
        text(&client.config["entraBaseUrl"])
    );
    assert_refused(&send(get_from(&unknown)).await, 400, "invalid_request", 90002);
}

#[tokio::test]
async fn a_wrong_request_goes_back_with_an_error_and_the_state() {
    let client = Client::new().await;
    for (name, value, error) in [
        ("response_type", Some("token"), "unsupported_response_type"),
        ("response_mode", Some("fragment"), "invalid_request"),
        ("code_challenge", None, "invalid_request"),
        ("code_challenge", Some("too-short"), "invalid_request"),
        ("code_challenge_method", None, "invalid_request"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
        ("scope", Some("openid Mail.Reed"), "invalid_client"),
        ("scope", None, "invalid_request"),
        ("resource", Some("https://graph.microsoft.com"), "invalid_target"),
        ("prompt", Some("select_account"), "invalid_request"),
        ("claims", Some("{"), "invalid_request"),
    ] {
        let got = client.authorize(&[(name, value)]).await;
        assert_eq!(got.status, StatusCode::FOUND, "{name} {value:?}: {}", got.body);
        assert_eq!(got.redirected("error").as_deref(), Some(error), "{name} {value:?}");
        assert_eq!(got.redirected("state").as_deref(), Some("the state"));
        assert_eq!(got.redirected("code"), None);
    }
}

#[tokio::test]
async fn without_a_hint_a_page_lists_the_people_and_without_a_page_a_login_is_required() {
    let client = Client::new().await;
    for changes in [&[("login_hint", None)][..], &[("login_hint", Some("nobody@contoso.example"))]] {
        let page = client.authorize(changes).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("Blair Stone") && page.body.contains("name=\"code_challenge\""));
    }
    let silent = client.authorize(&[("login_hint", None), ("prompt", Some("none"))]).await;
    assert_eq!(silent.redirected("error").as_deref(), Some("login_required"));
    let first = client.authorize(&[("prompt", Some("none"))]).await;
    assert_eq!(first.redirected("error").as_deref(), Some("consent_required"));
    client.code().await;
    assert!(client.authorize(&[("prompt", Some("none"))]).await.redirected("code").is_some());
    let asked = client.authorize(&[("prompt", Some("login"))]).await;
    assert!(asked.body.contains("Alex Wilber") && !asked.body.contains("Blair Stone"));
}

#[tokio::test]
async fn a_code_works_once_and_not_after_its_time() {
    let client = Client::new().await;
    let code = client.code().await;
    assert_eq!(client.redeem(&code, &[]).await.status, StatusCode::OK);
    assert_refused(&client.redeem(&code, &[]).await, 400, "invalid_grant", 54005);
    let late = client.code().await;
    client.site.control("clock", &json!({"advance_secs": 601})).await;
    assert_refused(&client.redeem(&late, &[]).await, 400, "invalid_grant", 70008);
    assert_refused(&client.redeem("made-up", &[]).await, 400, "invalid_grant", 70000);
}

#[tokio::test]
async fn a_code_is_bound_to_its_verifier_and_redirect() {
    let client = Client::new().await;
    let other_verifier = "another-verifier-of-forty-three-characters-0123456789";
    for (name, value, error, code) in [
        ("code_verifier", Some(other_verifier), "invalid_grant", 501_481),
        ("code_verifier", None, "invalid_grant", 501_481),
        ("code_verifier", Some("short"), "invalid_request", 501_491),
        ("redirect_uri", Some("https://evil.example/callback"), "invalid_request", 50011),
        ("redirect_uri", None, "invalid_request", 900_144),
        ("resource", Some("https://graph.microsoft.com"), "invalid_target", 9_010_010),
        ("grant_type", Some("password"), "unsupported_grant_type", 70003),
    ] {
        let got = client.redeem(&client.code().await, &[(name, value)]).await;
        assert_refused(&got, 400, error, code);
    }
}

#[tokio::test]
async fn the_client_must_prove_itself_and_must_not_be_a_browser() {
    let client = Client::new().await;
    let code = client.code().await;
    let wrong = client.redeem(&code, &[("client_secret", Some("wrong"))]).await;
    assert_refused(&wrong, 401, "invalid_client", 7_000_215);
    let none = client.redeem(&code, &[("client_secret", None)]).await;
    assert_refused(&none, 401, "invalid_client", 7_000_218);
    let unknown = client.redeem(&code, &[("client_id", Some("unknown"))]).await;
    assert_refused(&unknown, 400, "unauthorized_client", 700_016);
    let mut browser = client.token_request(&[("grant_type", "authorization_code"), ("code", &code)], &[]);
    browser.headers_mut().insert("origin", "https://mcp.contoso.example".parse().expect("an origin"));
    assert_refused(&send(browser).await, 400, "invalid_request", 9_002_326);
    assert_eq!(client.redeem(&code, &[]).await.status, StatusCode::OK, "the code was not spent by refusals");
    let credentials = format!(
        "{}:{}",
        text(&client.config["clientId"]),
        text(&client.config["clientSecret"]).replace('~', "%7E")
    );
    let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(credentials));
    let (code, redirect) = (client.code().await, text(&client.config["redirectUri"]));
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &redirect),
        ("code_verifier", VERIFIER),
    ];
    let mut with_basic = client.token_request(&fields, &[("client_id", None), ("client_secret", None)]);
    with_basic.headers_mut().insert("authorization", basic.parse().expect("a header"));
    assert_eq!(send(with_basic).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_refresh_gives_a_new_token_and_leaves_the_old_one_alive() {
    let client = Client::new().await;
    let first = text(&client.signed_in().await["refresh_token"]);
    let refreshed = client.refresh(&first, &[]).await.json();
    assert_ne!(refreshed["refresh_token"], first);
    assert!(refreshed["id_token"].is_string());
    assert_eq!(client.refresh(&first, &[]).await.status, StatusCode::OK);
    let narrowed = client.refresh(&first, &[("scope", Some("Mail.Read"))]).await.json();
    assert!(narrowed.get("refresh_token").is_none() && narrowed.get("id_token").is_none());
    let unconsented = client.refresh(&first, &[("scope", Some("Calendars.ReadWrite"))]).await;
    assert_refused(&unconsented, 400, "invalid_grant", 65001);
    assert_eq!(unconsented.json()["suberror"], "consent_required");
    assert_refused(&client.refresh("made-up", &[]).await, 400, "invalid_grant", 70000);
    client.site.control("clock", &json!({"advance_secs": 90 * 24 * 3600 + 1})).await;
    assert_refused(&client.refresh(&first, &[]).await, 400, "invalid_grant", 700_082);
}

#[tokio::test]
async fn revoking_ends_refresh_and_access_until_the_next_sign_in() {
    let client = Client::new().await;
    let before = client.signed_in().await;
    client.site.control("revoke", &json!({"email": ALEX})).await;
    assert_refused(&client.refresh(&text(&before["refresh_token"]), &[]).await, 400, "invalid_grant", 50173);
    let estate = &client.site.running.estate;
    let opened = estate.microsoft_tokens.open_access(&text(&before["access_token"]), estate.clock.now_ms());
    assert_eq!(opened, Err(microsoft_tokens::TokenFault::Revoked));
    let after = client.signed_in().await;
    assert_eq!(client.refresh(&text(&after["refresh_token"]), &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn another_microsoft_account_a_guest_and_missing_consent_can_be_arranged() {
    let client = Client::new().await;
    let entra_key = |token: &Value| {
        let (key, _) = client.site.running.estate.keys.entra.current().expect("a key");
        key.verified_claims(&text(&token["id_token"])).expect("genuine")
    };
    client.site.control("person", &json!({"email": ALEX, "microsoft": "blair@contoso.example"})).await;
    assert_eq!(entra_key(&client.signed_in().await)["preferred_username"], "blair@contoso.example");
    client.site.control("person", &json!({"email": ALEX, "microsoft": ALEX, "guest": true})).await;
    assert_eq!(entra_key(&client.signed_in().await)["acct"], 1);
    client.site.control("person", &json!({"email": ALEX, "consent": false})).await;
    let refused = client.authorize(&[]).await;
    assert_eq!(refused.redirected("error").as_deref(), Some("access_denied"));
    assert!(refused.redirected("error_description").expect("a description").starts_with("AADSTS90094: "));
}

#[tokio::test]
async fn faults_are_counted_by_person_and_path_and_the_request_can_be_repeated() {
    let client = Client::new().await;
    let tokens = client.signed_in().await;
    let refresh = text(&tokens["refresh_token"]);
    let fault = |fields: Value| {
        let mut order = json!({"target": "entra", "match": "/oauth2/v2.0/token", "times": 1});
        order.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        order
    };
    let of_blair = fault(json!({"kind": "status", "aadsts": 50173, "person": "blair@contoso.example"}));
    client.site.control("fault", &of_blair).await;
    assert_eq!(client.refresh(&refresh, &[]).await.status, StatusCode::OK, "the fault is for somebody else");
    let of_alex = fault(json!({"kind": "status", "aadsts": 50076, "person": ALEX}));
    client.site.control("fault", &of_alex).await;
    let refused = client.refresh(&refresh, &[]).await;
    assert_refused(&refused, 400, "invalid_grant", 50076);
    assert!(text(&refused.json()["claims"]).contains("access_token"));
    client.site.control("fault", &fault(json!({"kind": "status", "status": 503}))).await;
    assert_refused(&client.refresh(&refresh, &[]).await, 503, "temporarily_unavailable", 90033);
    client.site.control("fault", &fault(json!({"kind": "rate_limit"}))).await;
    let limited = client.refresh(&refresh, &[]).await;
    assert_eq!((limited.status, limited.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "1"));
    client.site.control("fault", &fault(json!({"kind": "malformed"}))).await;
    assert!(client.refresh(&refresh, &[]).await.body.starts_with("<!DOCTYPE html>"));
    let code = client.code().await;
    client.site.control("fault", &fault(json!({"kind": "reset", "person": ALEX}))).await;
    let again = [("grant_type", "authorization_code"), ("code", code.as_str())];
    assert!(open(client.token_request(&again, &[])).await.is_err());
    assert_eq!(client.redeem(&code, &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_correlation_id_is_echoed_and_no_secret_is_kept() {
    let client = Client::new().await;
    let id = "8f7c2f6e-5e6d-4a51-9c0d-0d5b1a2c3d4e";
    let mut request =
        client.token_request(&[("grant_type", "refresh_token"), ("refresh_token", "s3cret")], &[]);
    request.headers_mut().insert("client-request-id", id.parse().expect("a header"));
    let got = send(request).await;
    assert_eq!(got.header("client-request-id"), id);
    assert_eq!(got.json()["correlation_id"], id);
    let kept = client.site.running.estate.recorder.matching(Some(faults::Target::Entra), None);
    assert_eq!(kept[0].body["refresh_token"], "<refresh token>");
    let kept = serde_json::to_string(&kept).expect("JSON");
    assert!(!kept.contains("s3cret") && !kept.contains(&text(&client.config["clientSecret"])));
}
