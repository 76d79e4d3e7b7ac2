use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderValue, Response};
use m365_ports::OutboundError;
use m365_types::{AccessSubject, Oid};
use serde_json::{Value, json};

use super::*;
use crate::testing::rsa::{self, TestKey};
use crate::testing::{Fixture, block_on};

const ISSUER: &str = "https://contoso.cloudflareaccess.com";
const AUD: &str = "aud-tag";
const OID: &str = "11111111-2222-4333-8444-555555555555";

fn perimeter(fixture: &Fixture) -> Perimeter {
    let settings = AccessSettings {
        issuer: ISSUER.into(),
        audience: AUD.into(),
        keys_url: Uri::from_static("https://contoso.cloudflareaccess.com/cdn-cgi/access/certs"),
    };
    publish(fixture, &[rsa::key(0)]);
    Perimeter::new(settings, Arc::clone(&fixture.outbound) as _, fixture.clock())
}

fn publish(fixture: &Fixture, keys: &[&TestKey]) {
    let body = rsa::key_set(keys);
    fixture.outbound.answer(move |_| Ok(Response::new(Bytes::from(body.clone()))));
}

fn claims(fixture: &Fixture) -> Value {
    let now = fixture.now().as_secs();
    json!({"iss": ISSUER, "aud": [AUD], "exp": now + 3600, "iat": now, "nbf": now, "type": "app",
        "sub": "alex", "email": "Alex@Contoso.Example", "identity_nonce": "n", "country": "DE"})
}

fn with(fixture: &Fixture, name: &str, value: Value) -> Value {
    let mut claims = claims(fixture);
    claims[name] = value;
    claims
}

fn service(fixture: &Fixture) -> Value {
    let now = fixture.now().as_secs();
    json!({"iss": ISSUER, "aud": AUD, "exp": now + 3600, "iat": now, "type": "app", "sub": "", "common_name": "id.access"})
}

fn headers(token: &str) -> HeaderMap {
    HeaderMap::from_iter([(
        http::HeaderName::from_static(ASSERTION_HEADER),
        HeaderValue::from_str(token).unwrap(),
    )])
}

fn verify(perimeter: &Perimeter, claims: &Value) -> Result<VerifiedAssertion, PerimeterRefusal> {
    block_on(perimeter.verify(&headers(&rsa::key(0).token(claims))))
}

fn refusal(fixture: &Fixture, claims: &Value) -> Option<PerimeterRefusal> {
    verify(&perimeter(fixture), claims).err()
}

#[test]
fn a_person_is_admitted_with_the_time_of_the_assertion() {
    let fixture = Fixture::new();
    let verified = verify(&perimeter(&fixture), &with(&fixture, "groups", json!(["staff"]))).unwrap();
    let principal = admit(Evidence::Assertion(verified));
    let person = principal.person().unwrap();
    assert_eq!((person.subject.as_str(), person.email.as_str()), ("alex", "alex@contoso.example"));
    assert_eq!((person.oid, person.groups.as_slice()), (None, &["staff".to_owned()][..]));
    assert_eq!(principal.asserted_at().as_secs(), fixture.now().as_secs());
}

#[test]
fn a_service_token_is_a_service_and_no_person() {
    let fixture = Fixture::new();
    let principal = admit(Evidence::Assertion(verify(&perimeter(&fixture), &service(&fixture)).unwrap()));
    assert!(principal.person().is_none());
    let Identity::Service(service) = principal.identity() else { panic!("a service") };
    assert_eq!(service.client_id.as_str(), "id.access");
}

#[test]
fn exactly_one_assertion_header_is_needed_and_nothing_else_counts() {
    let fixture = Fixture::new();
    let perimeter = perimeter(&fixture);
    let token = rsa::key(0).token(&claims(&fixture));
    let mut twice = headers(&token);
    twice.append(ASSERTION_HEADER, HeaderValue::from_str(&token).unwrap());
    let mut elsewhere = HeaderMap::new();
    elsewhere.insert("cookie", HeaderValue::from_str(&format!("CF_Authorization={token}")).unwrap());
    elsewhere.insert("authorization", HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
    elsewhere.insert("cf-access-authenticated-user-email", HeaderValue::from_static("alex@contoso.example"));
    for (headers, refusal) in [
        (HeaderMap::new(), PerimeterRefusal::Missing),
        (elsewhere, PerimeterRefusal::Missing),
        (twice, PerimeterRefusal::Duplicate),
        (headers(""), PerimeterRefusal::Malformed),
        (headers(&format!("{token}, {token}")), PerimeterRefusal::Malformed),
    ] {
        assert_eq!(block_on(perimeter.verify(&headers)).unwrap_err(), refusal);
    }
}

#[test]
fn issuer_and_audience_must_be_ours() {
    let fixture = Fixture::new();
    for (claims, wanted) in [
        (with(&fixture, "aud", json!(AUD)), None),
        (with(&fixture, "aud", json!(["other", AUD])), None),
        (with(&fixture, "aud", json!("other")), Some(PerimeterRefusal::Audience)),
        (with(&fixture, "aud", json!([])), Some(PerimeterRefusal::Audience)),
        (with(&fixture, "aud", json!("aud-tag ")), Some(PerimeterRefusal::Audience)),
        (with(&fixture, "aud", json!(7)), Some(PerimeterRefusal::Malformed)),
        (with(&fixture, "iss", json!("https://evil.cloudflareaccess.com")), Some(PerimeterRefusal::Issuer)),
        (with(&fixture, "iss", json!(format!("{ISSUER}/"))), Some(PerimeterRefusal::Issuer)),
        (with(&fixture, "type", json!("org")), Some(PerimeterRefusal::Claims)),
        (with(&fixture, "type", Value::Null), Some(PerimeterRefusal::Claims)),
    ] {
        assert_eq!(refusal(&fixture, &claims), wanted, "{claims}");
    }
}

#[test]
fn times_hold_to_the_second_with_a_minute_of_leeway() {
    let fixture = Fixture::new();
    let now = fixture.now().as_secs();
    for (name, secs, wanted) in [
        ("exp", now - 59, None),
        ("exp", now - 60, Some(PerimeterRefusal::Expired)),
        ("nbf", now + 60, None),
        ("nbf", now + 61, Some(PerimeterRefusal::NotYetValid)),
        ("iat", now + 60, None),
        ("iat", now + 61, Some(PerimeterRefusal::NotYetValid)),
        ("exp", u64::MAX, None),
    ] {
        assert_eq!(refusal(&fixture, &with(&fixture, name, json!(secs))), wanted, "{name} {secs}");
    }
    for name in ["exp", "iat"] {
        assert_eq!(refusal(&fixture, &with(&fixture, name, Value::Null)), Some(PerimeterRefusal::Malformed));
        assert_eq!(refusal(&fixture, &with(&fixture, name, json!("1"))), Some(PerimeterRefusal::Malformed));
    }
    let early = verify(&perimeter(&fixture), &with(&fixture, "iat", json!(now + 60))).unwrap();
    assert_eq!(early.asserted_at(), fixture.now(), "a sign-in is never in the future");
}

#[test]
fn both_and_neither_of_person_and_service_are_refused() {
    let fixture = Fixture::new();
    let mut service_with_email = service(&fixture);
    service_with_email["email"] = json!("alex@contoso.example");
    let mut neither = service(&fixture);
    neither["common_name"] = json!("");
    for claims in [
        with(&fixture, "common_name", json!("id.access")),
        with(&fixture, "sub", json!("")),
        with(&fixture, "sub", Value::Null),
        with(&fixture, "sub", json!("with space")),
        with(&fixture, "email", Value::Null),
        with(&fixture, "email", json!("")),
        with(&fixture, "email", json!("nobody")),
        service_with_email,
        neither,
    ] {
        assert_eq!(refusal(&fixture, &claims), Some(PerimeterRefusal::Claims), "{claims}");
    }
}

#[test]
fn the_object_id_may_stand_in_two_places_but_not_differ() {
    let fixture = Fixture::new();
    let other = "99999999-2222-4333-8444-555555555555";
    let oid = |top: Value, custom: Value| {
        let mut claims = claims(&fixture);
        claims["oid"] = top;
        claims["custom"] = json!({"oid": custom});
        verify(&perimeter(&fixture), &claims).map(|verified| {
            let Identity::Person(person) = verified.identity().clone() else { panic!("a person") };
            person.oid.map(|oid: Oid| oid.to_string())
        })
    };
    assert_eq!(oid(json!(OID), Value::Null).unwrap().as_deref(), Some(OID));
    assert_eq!(oid(Value::Null, json!(OID)).unwrap().as_deref(), Some(OID));
    assert_eq!(oid(json!(OID), json!(OID)).unwrap().as_deref(), Some(OID));
    assert_eq!(oid(json!(OID), json!(other)).unwrap_err(), PerimeterRefusal::Claims);
    assert_eq!(oid(json!("not an id"), Value::Null).unwrap_err(), PerimeterRefusal::Malformed);
    let mut groups = with(&fixture, "groups", json!(["a"]));
    groups["custom"] = json!({"groups": ["b"]});
    assert_eq!(refusal(&fixture, &groups), Some(PerimeterRefusal::Claims));
    assert_eq!(refusal(&fixture, &with(&fixture, "groups", json!("a"))), Some(PerimeterRefusal::Malformed));
}

#[test]
fn forged_tokens_are_refused() {
    let fixture = Fixture::new();
    let perimeter = perimeter(&fixture);
    let key = rsa::key(0);
    let claims = claims(&fixture);
    let none = format!(
        "{}.",
        key.sign(&json!({"alg": "none", "kid": key.kid()}), &claims).rsplit_once('.').unwrap().0
    );
    let real = key.token(&claims);
    let mut parts: Vec<String> = real.split('.').map(str::to_owned).collect();
    parts[1] = URL_SAFE_NO_PAD.encode(with(&fixture, "sub", json!("blair")).to_string());
    let header = json!({"alg": "RS256", "kid": key.kid()});
    let text = claims.to_string();
    let twice = format!("{},\"sub\":\"blair\"}}", &text[..text.len() - 1]);
    for (token, refusal) in [
        (none, PerimeterRefusal::Malformed),
        (
            key.sign_with_public_key_as_hmac(&json!({"alg": "HS256", "kid": key.kid()}), &claims),
            PerimeterRefusal::Malformed,
        ),
        (rsa::key(1).sign(&header, &claims), PerimeterRefusal::Signature),
        (parts.join("."), PerimeterRefusal::Signature),
        (key.sign_text(&header.to_string(), &twice), PerimeterRefusal::Malformed),
        (rsa::key(1).token(&claims), PerimeterRefusal::UnknownKey),
    ] {
        assert_eq!(block_on(perimeter.verify(&headers(&token))).unwrap_err(), refusal);
    }
    assert_eq!(fixture.outbound.count("/certs"), 2, "one fetch at first, one for the unknown key");
}

#[test]
fn a_rotated_key_verifies_in_the_overlap_and_not_after() {
    let fixture = Fixture::new();
    let perimeter = perimeter(&fixture);
    let claims = claims(&fixture);
    let old = headers(&rsa::key(0).token(&claims));
    let new = headers(&rsa::key(1).token(&claims));
    assert!(block_on(perimeter.verify(&old)).is_ok());
    publish(&fixture, &[rsa::key(1), rsa::key(0)]);
    assert!(block_on(perimeter.verify(&new)).is_ok());
    assert!(block_on(perimeter.verify(&old)).is_ok());
    publish(&fixture, &[rsa::key(1)]);
    fixture.advance(Duration::from_hours(1));
    assert!(block_on(perimeter.verify(&headers(&rsa::key(1).token(&self::claims(&fixture))))).is_ok());
    let late = headers(&rsa::key(0).token(&self::claims(&fixture)));
    assert_eq!(block_on(perimeter.verify(&late)).unwrap_err(), PerimeterRefusal::UnknownKey);
}

#[test]
fn a_remembered_assertion_is_forgotten_with_its_key_its_time_and_after_a_minute() {
    let fixture = Fixture::new();
    let perimeter = perimeter(&fixture);
    let now = fixture.now().as_secs();
    let remembered = || perimeter.remembered.lock().unwrap().len();
    let short = headers(&rsa::key(0).token(&with(&fixture, "exp", json!(now - 30))));
    assert!(block_on(perimeter.verify(&short)).is_ok());
    assert_eq!(remembered(), 1);
    fixture.advance(Duration::from_secs(30));
    assert_eq!(block_on(perimeter.verify(&short)).unwrap_err(), PerimeterRefusal::Expired);

    let long = headers(&rsa::key(0).token(&claims(&fixture)));
    assert!(block_on(perimeter.verify(&long)).is_ok());
    publish(&fixture, &[rsa::key(1)]);
    assert!(block_on(perimeter.verify(&headers(&rsa::key(1).token(&claims(&fixture))))).is_ok());
    assert_eq!(block_on(perimeter.verify(&long)).unwrap_err(), PerimeterRefusal::UnknownKey);
}

#[test]
fn without_keys_a_warm_cache_serves_to_its_maximum_age_and_then_the_gate_closes() {
    let fixture = Fixture::new();
    let perimeter = perimeter(&fixture);
    assert!(verify(&perimeter, &claims(&fixture)).is_ok());
    fixture.outbound.answer(|_| Err(OutboundError::Connect));
    fixture.advance(Duration::from_secs(24 * 3600 - 1));
    assert!(verify(&perimeter, &claims(&fixture)).is_ok());
    fixture.advance(Duration::from_secs(1));
    let closed = verify(&perimeter, &claims(&fixture)).unwrap_err();
    assert_eq!(closed, PerimeterRefusal::KeysUnavailable);
    assert!(closed.is_unavailable() && !PerimeterRefusal::Missing.is_unavailable());
}

#[test]
fn the_memory_of_assertions_is_bounded() {
    let fixture = Fixture::new();
    let perimeter = perimeter(&fixture);
    let verified = verify(&perimeter, &claims(&fixture)).unwrap();
    for index in 0..2 * MAX_REMEMBERED {
        let times = Times { exp: u64::MAX, nbf: None, iat: 0 };
        let until = fixture.now().plus(REMEMBER);
        let entry = Remembered { assertion: verified.clone(), kid: "key-0".into(), times, until };
        perimeter.remember(Sha256::digest(index.to_be_bytes()).into(), entry);
    }
    assert_eq!(perimeter.remembered.lock().unwrap().len(), MAX_REMEMBERED);
}

#[test]
fn refusals_name_no_identity() {
    for refusal in
        [PerimeterRefusal::Missing, PerimeterRefusal::OtherPerson, PerimeterRefusal::KeysUnavailable]
    {
        assert!(!refusal.to_string().contains('@') && refusal.to_string().ends_with('.'));
        assert!(AccessSubject::parse(refusal.code()).is_ok());
    }
}
