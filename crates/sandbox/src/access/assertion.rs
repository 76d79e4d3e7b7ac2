//! Assertions: what Access says about the caller, signed with RS256.
//!
//! Source: Cloudflare's documentation of the application token. Claims for a person: `aud` (array), `email`, `exp`,
//! `iat`, `nbf`, `iss`, `type`, `identity_nonce`, `sub`, `country`, and the tenant's custom claims `oid`,
//! `groups` and `amr`. For a service token: `aud` (string), `common_name`, an empty `sub`, no `email`. The same token is the
//! `CF_Authorization` cookie in the browser and the header the origin gets.

use http::HeaderMap;
use http::header::COOKIE;
use serde_json::{Value, json};

use crate::entropy;
use crate::estate::Estate;
use crate::people::Person;
use crate::state::StateFault;

/// Name of the cookie that carries the assertion.
pub const COOKIE_NAME: &str = "CF_Authorization";
/// How long a session lasts, in seconds.
pub const SESSION_SECS: i64 = 24 * 3600;

/// Who an assertion is about.
#[derive(Clone, Copy, Debug)]
pub enum Identity<'a> {
    /// A person who signed in.
    Person(&'a Person),
    /// A service token, by its client id.
    Service(&'a str),
}

/// The claims of an assertion that is valid for `ttl_secs` from now; a negative time makes one that has expired.
#[must_use]
pub fn claims(estate: &Estate, identity: Identity<'_>, ttl_secs: i64) -> Value {
    let now = i64::try_from(estate.clock.now_secs()).unwrap_or(i64::MAX);
    let expires = now.saturating_add(ttl_secs);
    let issued = if expires > now { now } else { expires.saturating_sub(SESSION_SECS) };
    let audience = &estate.config.access_aud;
    match identity {
        Identity::Person(person) => json!({
            "aud": [audience],
            "email": person.email,
            "exp": expires,
            "iat": issued,
            "nbf": issued,
            "iss": estate.config.sandbox_url,
            "type": "app",
            "identity_nonce": entropy::secret().chars().take(16).collect::<String>(),
            "sub": person.access_subject,
            "country": "NL",
            "oid": person.oid,
            "groups": person.groups,
            "amr": ["pwd", "mfa"],
        }),
        Identity::Service(client_id) => json!({
            "aud": audience,
            "common_name": client_id,
            "exp": expires,
            "iat": issued,
            "nbf": issued,
            "iss": estate.config.sandbox_url,
            "type": "app",
            "sub": "",
        }),
    }
}

/// An assertion as Access issues it.
///
/// # Errors
/// [`StateFault`] when the signing key cannot be made, saved or used.
pub fn issue(estate: &Estate, identity: Identity<'_>) -> Result<String, StateFault> {
    let key = estate.signing_key(&estate.keys.access)?;
    let header = json!({"alg": "RS256", "kid": key.kid(), "typ": "JWT"});
    Ok(key.sign(&header, &claims(estate, identity, SESSION_SECS))?)
}

/// The claims of an assertion the edge accepts now: signed by a published key, for this application, within its time.
#[must_use]
pub fn verified(estate: &Estate, assertion: &str) -> Option<Value> {
    let claims = estate.keys.access.verified_claims(assertion).ok()??;
    let now = estate.clock.now_secs();
    let number = |name: &str| claims.get(name).and_then(Value::as_u64);
    let audience = claims.get("aud")?;
    let ours = |value: &Value| value.as_str() == Some(estate.config.access_aud.as_str());
    let for_us = ours(audience) || audience.as_array().is_some_and(|list| list.iter().any(ours));
    let issued_here = claims.get("iss").and_then(Value::as_str) == Some(estate.config.sandbox_url.as_str());
    let in_time = number("exp")? > now && number("nbf").is_none_or(|not_before| not_before <= now);
    (for_us && issued_here && in_time).then_some(claims)
}

/// The assertion in the cookie of a request.
#[must_use]
pub fn cookie_assertion(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('='))
}

/// A `Cookie` header without the assertion; `None` when nothing else is in it.
#[must_use]
pub fn without_cookie(value: &str) -> Option<String> {
    let ours = |pair: &&str| pair.split('=').next().is_some_and(|name| name.trim() == COOKIE_NAME);
    let rest: Vec<&str> =
        value.split(';').map(str::trim).filter(|pair| !pair.is_empty() && !ours(pair)).collect();
    (!rest.is_empty()).then(|| rest.join("; "))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_assertion_is_found_among_other_cookies_and_only_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; XCF_Authorization=no; CF_AuthorizationX=no"));
        assert_eq!(cookie_assertion(&headers), None);
        headers.append(COOKIE, HeaderValue::from_static("b=2; CF_Authorization=yes"));
        assert_eq!(cookie_assertion(&headers), Some("yes"));
    }

    #[test]
    fn the_assertion_is_taken_out_of_the_cookies_and_the_rest_stays() {
        assert_eq!(without_cookie("a=1; CF_Authorization=x; b=2").as_deref(), Some("a=1; b=2"));
        assert_eq!(without_cookie("CF_Authorization=x"), None);
        assert_eq!(without_cookie("CF_Authorization=x;CF_Authorization=y;"), None);
        assert_eq!(without_cookie("CF_Authorization_2=x").as_deref(), Some("CF_Authorization_2=x"));
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_cookies_are_none_carries_the_assertion_afterwards(
            pairs in proptest::collection::vec("[a-zA-Z_]{0,18} ?(=[a-z=;]{0,8})?|CF_Authorization ?=[a-z]{0,4}", 0..6),
        ) {
            let mut headers = HeaderMap::new();
            if let Some(rest) = without_cookie(&pairs.join(";")) {
                headers.insert(COOKIE, HeaderValue::try_from(rest).expect("a cookie header"));
            }
            proptest::prop_assert_eq!(cookie_assertion(&headers), None);
        }
    }
}
