//! Access: keys, assertions to order, login.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};

use super::*;

/// The claims of an assertion if a published key verifies it, with nothing but what the key set says.
async fn verified(site: &Site, assertion: &str) -> Option<Value> {
    let keys = send(get_from(&site.sandbox("/cdn-cgi/access/certs"))).await.json();
    let header = part(assertion, 0);
    assert_eq!(header["alg"], "RS256");
    let jwk = keys["keys"].as_array().expect("keys").iter().find(|jwk| jwk["kid"] == header["kid"])?;
    let key = DecodingKey::from_rsa_components(&text(&jwk["n"]), &text(&jwk["e"])).expect("a key");
    let (message, signature) = assertion.rsplit_once('.').expect("three parts");
    let genuine = crypto::verify(signature, message.as_bytes(), &key, Algorithm::RS256).expect("checked");
    genuine.then(|| part(assertion, 1))
}

fn part(assertion: &str, index: usize) -> Value {
    let part = assertion.split('.').nth(index).expect("a part");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

async fn ordered(site: &Site, order: &Value) -> String {
    text(&site.control("assert", order).await["assertion"])
}

#[tokio::test]
async fn an_assertion_verifies_with_the_published_keys_until_the_second_rotation() {
    let site = Site::start().await;
    let assertion = ordered(&site, &json!({"email": ALEX})).await;
    assert!(verified(&site, &assertion).await.is_some());
    site.control("rotate", &json!({"target": "access"})).await;
    assert!(verified(&site, &assertion).await.is_some(), "the previous key stays published");
    let by_previous = ordered(&site, &json!({"email": ALEX, "key": "previous"})).await;
    assert_eq!(part(&assertion, 0), part(&by_previous, 0));
    site.control("rotate", &json!({"target": "access"})).await;
    assert_eq!(verified(&site, &assertion).await, None);
}

#[tokio::test]
async fn the_claims_of_a_person_are_those_of_an_application_token() {
    let site = Site::start().await;
    let assertion = ordered(&site, &json!({"email": "morgan@contoso.example", "ttl": 60})).await;
    let claims = verified(&site, &assertion).await.expect("genuine");
    let morgan = site.running.estate.people.find("morgan@contoso.example").expect("morgan");
    assert_eq!(claims["aud"], json!([site.config().await["accessAud"]]));
    assert_eq!(claims["iss"], site.running.sandbox_url);
    assert_eq!(claims["type"], "app");
    assert_eq!(claims["sub"], morgan.access_subject);
    assert_eq!(claims["oid"], morgan.oid);
    assert_eq!(claims["groups"], json!(["m365-operators", "m365-auditors"]));
    let number = |name: &str| claims[name].as_u64().expect("a number");
    assert_eq!(number("exp") - number("iat"), 60);
    assert_eq!(number("iat"), number("nbf"));
}

#[tokio::test]
async fn a_service_token_has_a_common_name_and_no_person() {
    let site = Site::start().await;
    let client_id = text(&site.config().await["serviceTokens"][0]["clientId"]);
    let claims = part(&ordered(&site, &json!({"service": client_id})).await, 1);
    assert_eq!(claims["common_name"], client_id);
    assert_eq!(claims["sub"], "");
    assert!(claims["aud"].is_string());
    assert!(claims.get("email").is_none() && claims.get("oid").is_none());
}

#[tokio::test]
async fn claims_can_be_replaced_and_removed_and_the_time_can_be_over() {
    let site = Site::start().await;
    let order = json!({"email": ALEX, "ttl": -10, "claims": {"aud": "other", "oid": null}, "kid": "unknown"});
    let assertion = ordered(&site, &order).await;
    let claims = part(&assertion, 1);
    assert_eq!(claims["aud"], "other");
    assert!(claims.get("oid").is_none());
    assert!(claims["exp"].as_u64().expect("exp") < site.running.estate.clock.now_secs());
    assert_eq!(part(&assertion, 0)["kid"], "unknown");
}

#[tokio::test]
async fn wrong_algorithms_and_keys_are_really_what_they_say() {
    let site = Site::start().await;
    let none = ordered(&site, &json!({"email": ALEX, "alg": "none"})).await;
    assert_eq!(part(&none, 0)["alg"], "none");
    assert!(none.ends_with('.'));

    let hs256 = ordered(&site, &json!({"email": ALEX, "alg": "HS256"})).await;
    assert_eq!(part(&hs256, 0)["alg"], "HS256");
    let (key, _) = site.running.estate.keys.access.current().expect("a key");
    let (message, signature) = hs256.rsplit_once('.').expect("three parts");
    let secret = EncodingKey::from_secret(key.public_pem().as_bytes());
    let expected = crypto::sign(message.as_bytes(), &secret, Algorithm::HS256).expect("signed");
    assert_eq!(signature, expected);

    let foreign = ordered(&site, &json!({"email": ALEX, "key": "foreign"})).await;
    assert_eq!(verified(&site, &foreign).await, None, "its key is not published");
    let disguised = ordered(&site, &json!({"email": ALEX, "key": "foreign", "kid": key.kid()})).await;
    assert_eq!(verified(&site, &disguised).await, None, "a known key id, another signature");
}

#[tokio::test]
async fn a_browser_signs_in_once_per_code_and_gets_the_page_it_wanted() {
    let site = Site::start().await;
    let turned_away = send(get_from(&site.edge("/consent?x=1"))).await;
    assert_eq!(turned_away.status, StatusCode::FOUND);
    let page = send(get_from(turned_away.header("location"))).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Alex Wilber") && page.body.contains("blair@contoso.example"));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    let wanted = turned_away.redirected("redirect_url").expect("where to return");
    let fields = [("email", ALEX), ("redirect_url", wanted.as_str())];
    let chosen = send(post_form(&site.sandbox("/cdn-cgi/access/login"), &fields)).await;
    let finish = chosen.header("location").to_owned();
    assert!(finish.starts_with(&site.edge("/cdn-cgi/access/authorized?")));
    let finished = send(get_from(&finish)).await;
    assert_eq!(finished.header("location"), site.edge("/consent?x=1"));
    let cookie = finished.header("set-cookie");
    for attribute in ["CF_Authorization=", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{attribute}");
    }
    let pair = cookie.split(';').next().expect("the pair");
    let mut identity = get_from(&site.sandbox("/cdn-cgi/access/get-identity"));
    identity.headers_mut().insert("cookie", pair.parse().expect("a cookie"));
    assert_eq!(send(identity).await.json()["email"], ALEX);
    let replayed = send(get_from(&finish)).await;
    assert_eq!(replayed.status, StatusCode::FORBIDDEN);
    assert_eq!(replayed.header("set-cookie"), "");
}

#[tokio::test]
async fn a_login_leads_to_the_edge_only() {
    let site = Site::start().await;
    for foreign in ["https://evil.example/", "//evil.example/", "http://127.0.0.1:1/", "javascript:alert(1)"]
    {
        let encoded: String = url::form_urlencoded::byte_serialize(foreign.as_bytes()).collect();
        let asked =
            send(get_from(&site.sandbox(&format!("/cdn-cgi/access/login?redirect_url={encoded}")))).await;
        assert_eq!(asked.status, StatusCode::BAD_REQUEST, "{foreign}");
        let fields = [("email", ALEX), ("redirect_url", foreign)];
        let chosen = send(post_form(&site.sandbox("/cdn-cgi/access/login"), &fields)).await;
        assert_eq!(chosen.status, StatusCode::BAD_REQUEST, "{foreign}");
    }
}

#[tokio::test]
async fn the_identity_needs_a_genuine_cookie() {
    let site = Site::start().await;
    let forged = site.cookie(&json!({"email": ALEX, "key": "foreign"})).await;
    let mut asked = get_from(&site.sandbox("/cdn-cgi/access/get-identity"));
    asked.headers_mut().insert("cookie", forged.parse().expect("a cookie"));
    assert_eq!(send(asked).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        send(get_from(&site.sandbox("/cdn-cgi/access/get-identity"))).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn faults_hit_the_published_keys() {
    let site = Site::start().await;
    let certs = site.sandbox("/cdn-cgi/access/certs");
    let fault = |kind: &str| json!({"target": "access", "kind": kind, "times": 1});
    site.control("fault", &json!({"target": "access", "kind": "status", "status": 503, "times": 1})).await;
    assert_eq!(send(get_from(&certs)).await.status, StatusCode::SERVICE_UNAVAILABLE);
    site.control("fault", &fault("malformed")).await;
    assert!(serde_json::from_str::<Value>(&send(get_from(&certs)).await.body).is_err());
    site.control("fault", &fault("reset")).await;
    assert!(open(get_from(&certs)).await.is_err(), "the connection ends without an answer");
    assert_eq!(send(get_from(&certs)).await.status, StatusCode::OK);
}
