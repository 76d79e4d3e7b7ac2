//! The Access assertion: from header bytes to an identity.
//!
//! The first byte says what the rest is: `c` claims, signed as Access signs; `h` a header line and claims, signed;
//! `k` a key set; anything else header values, one per line, that nobody signed.

#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use m365_auth::jwt::KeySet;
use m365_auth::perimeter::{ASSERTION_HEADER, PerimeterRefusal, VerifiedAssertion};
use m365_fuzz::{AUDIENCE, CANARY, Estate, SigningKey, TEAM, now, planted};
use m365_types::Identity;
use serde_json::Value;

/// How far the two clocks may differ, in seconds.
const LEEWAY: u64 = 60;

fuzz_target!(|input: &[u8]| {
    let input = planted(input);
    let Some((kind, rest)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return unsigned(rest) };
    let access = &Estate::get().access;
    match kind {
        b'c' => check_claims(verify_twice(&[access.sign_claims(text)]), text),
        b'h' => {
            let (header, claims) = text.split_once('\n').unwrap_or((text, "{}"));
            let answer = verify_twice(&[access.sign(header, claims)]);
            if answer.is_ok() {
                check_header(header);
            }
            check_claims(answer, claims);
        }
        b'k' => check_keys(rest),
        _ => unsigned(rest),
    }
});

/// Nothing opens the gate that was not signed.
fn unsigned(bytes: &[u8]) {
    let values: Vec<HeaderValue> =
        bytes.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok()).collect();
    let refusal = verify(values.clone()).expect_err("nobody signed this");
    match values.len() {
        0 => assert_eq!(refusal, PerimeterRefusal::Missing),
        1 => assert!(!matches!(refusal, PerimeterRefusal::Missing | PerimeterRefusal::Duplicate)),
        _ => assert_eq!(refusal, PerimeterRefusal::Duplicate),
    }
    assert!(!format!("{refusal} {refusal:?} {}", refusal.code()).contains(CANARY));
}

fn verify(values: Vec<HeaderValue>) -> Result<VerifiedAssertion, PerimeterRefusal> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(HeaderName::from_static(ASSERTION_HEADER), value);
    }
    now(Estate::get().perimeter.verify(&headers))
}

/// Asked again, the gate answers the same: what it remembers is what it verified.
fn verify_twice(tokens: &[String]) -> Result<VerifiedAssertion, PerimeterRefusal> {
    let values = || tokens.iter().map(|token| HeaderValue::from_str(token).expect("base64url")).collect();
    let (first, second) = (verify(values()), verify(values()));
    let parts = |answer: &VerifiedAssertion| (answer.identity().clone(), answer.asserted_at());
    assert_eq!(first.as_ref().map(parts), second.as_ref().map(parts));
    first
}

/// A token that was believed names our algorithm and a published key, and has no critical extension.
fn check_header(header: &str) {
    let header: Value = serde_json::from_str(header).expect("a believed header is JSON");
    assert_eq!(header.get("alg").and_then(Value::as_str), Some("RS256"));
    assert_eq!(header.get("kid").and_then(Value::as_str), Some(SigningKey::KID));
    assert!(header.get("crit").is_none_or(Value::is_null), "critical extensions are not understood");
    let kind = header.get("typ").filter(|kind| !kind.is_null()).map(|kind| kind.as_str().expect("a text"));
    assert!(kind.is_none_or(|kind| kind.eq_ignore_ascii_case("JWT")));
}

/// Claims that were believed say, read by somebody else, what was concluded from them.
fn check_claims(answer: Result<VerifiedAssertion, PerimeterRefusal>, text: &str) {
    let Ok(answer) = answer else { return };
    let now = Estate::get().now.as_secs();
    let claims: Value = serde_json::from_str(text).expect("believed claims are JSON");
    let word = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| claims.get(name).and_then(Value::as_u64);
    assert_eq!((word("iss"), word("type")), (TEAM, "app"));
    let audience = claims.get("aud").expect("an audience");
    let ours =
        audience.as_array().map_or(audience == AUDIENCE, |list| list.iter().any(|one| one == AUDIENCE));
    assert!(ours, "for another application: {audience}");
    assert!(number("exp").expect("an end").saturating_add(LEEWAY) > now);
    assert!(number("iat").expect("a beginning") <= now + LEEWAY);
    assert!(number("nbf").is_none_or(|begins| begins <= now + LEEWAY));
    assert!(answer.asserted_at() <= Estate::get().now, "asserted in the future");
    match answer.identity() {
        Identity::Person(person) => {
            assert_eq!((word("sub"), word("common_name")), (person.subject.as_str(), ""));
            assert_eq!(word("email").trim().to_lowercase(), person.email.to_string());
        }
        Identity::Service(service) => {
            assert_eq!((word("sub"), word("email")), ("", ""));
            assert_eq!(word("common_name"), service.client_id.as_str());
        }
    }
}

/// A usable set has its keys under names that lead to them, each name once.
fn check_keys(bytes: &[u8]) {
    let Ok(keys) = KeySet::parse(bytes) else { return };
    let set: Value = serde_json::from_slice(bytes).expect("a usable set is JSON");
    let published = set.get("keys").and_then(Value::as_array).expect("keys");
    let names = published.iter().filter_map(|key| key.get("kid").and_then(Value::as_str));
    assert!(names.clone().any(|name| keys.find(name).is_some()), "a set without a usable key");
    for name in names.filter(|name| keys.find(name).is_some()) {
        let key = |key: &&Value| key.get("kid").and_then(Value::as_str) == Some(name);
        assert!(published.iter().filter(key).any(|key| key.get("kty").is_some_and(|kind| kind == "RSA")));
    }
    assert!(keys.find("").is_none());
}
