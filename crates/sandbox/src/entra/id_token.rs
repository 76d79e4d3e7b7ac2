//! The id token of a sign-in.
//!
//! Source: Microsoft's id token reference; OpenID Connect Core section 2. `oid`, `name` and `preferred_username`
//! need the scope `profile`, `email` needs `email`; `sub` is pairwise; `acct` is 1 for guests.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::issuer;
use super::scopes::Scopes;
use crate::entropy;
use crate::estate::Estate;
use crate::people::Person;
use crate::state::StateFault;

/// Validity, in seconds.
const LIFETIME_SECS: u64 = 3600;

/// A signed id token for this account.
pub(super) fn issue(
    estate: &Estate,
    account: &Person,
    scopes: &Scopes,
    nonce: Option<&str>,
) -> Result<String, StateFault> {
    let key = estate.signing_key(&estate.keys.entra)?;
    let now = estate.clock.now_secs();
    let subject = Sha256::digest(format!("{}|{}", estate.config.client_id, account.oid));
    let mut claims = json!({
        "aud": estate.config.client_id,
        "iss": issuer(estate),
        "iat": now,
        "nbf": now,
        "exp": now.saturating_add(LIFETIME_SECS),
        "tid": estate.config.tenant_id,
        "sub": URL_SAFE_NO_PAD.encode(subject),
        "acct": u8::from(account.guest),
        "uti": entropy::secret().chars().take(22).collect::<String>(),
        "ver": "2.0",
    });
    let mut add = |name: &str, value: &str| {
        if let Some(fields) = claims.as_object_mut() {
            fields.insert(name.to_owned(), Value::String(value.to_owned()));
        }
    };
    if scopes.has("profile") {
        add("oid", &account.oid);
        add("name", &account.display_name);
        add("preferred_username", &account.email);
    }
    if scopes.has("email") {
        add("email", &account.email);
    }
    if let Some(nonce) = nonce {
        add("nonce", nonce);
    }
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": key.kid()});
    Ok(key.sign(&header, &claims)?)
}
