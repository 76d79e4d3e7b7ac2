//! Signed tokens of Access and Entra: compact JWS with RS256, and the key sets that verify them.
//!
//! Sources: RFC 7515 (JWS compact form), RFC 7517 (JWK), RFC 7518 section 3.3 (RS256), RFC 8725 (best practice).
//!
//! In scope: form, algorithm, key and signature. Out of scope: the meaning of claims, which the caller checks
//! against the clock port after the signature.
//!
//! Invariants: the algorithm is ours, never the token's; claims are readable only after the signature verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Longest token accepted, in bytes. Access and Entra tokens with many groups stay below it.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// Longest key set accepted, in bytes.
pub const MAX_KEY_SET_BYTES: usize = 64 * 1024;
/// Most keys a set may publish.
pub const MAX_KEYS: usize = 16;
const MIN_MODULUS_BITS: usize = 2048;
/// Larger moduli only cost time: 4096 bits is the largest in use.
const MAX_MODULUS_BITS: usize = 4096;

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Not a compact JWS of JSON objects, or too long.
    #[error("the token is not a signed token of the expected form")]
    Malformed,
    /// Another algorithm than RS256, no key id, critical extensions, or another type of token.
    #[error("the token's header is not one this server accepts")]
    Header,
    /// The signature is not the key's.
    #[error("the token's signature does not verify")]
    Signature,
}

/// Why a key set is not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Not a JSON Web Key Set, or beyond the limits.
    #[error("the key set is malformed or too large")]
    Malformed,
    /// No key in it can verify RS256.
    #[error("the key set holds no RSA key for signatures")]
    Empty,
}

#[derive(Deserialize)]
struct Header<'a> {
    alg: &'a str,
    kid: &'a str,
    #[serde(default)]
    typ: Option<&'a str>,
    #[serde(default)]
    crit: Option<serde::de::IgnoredAny>,
}

/// A token of the right form. Nothing in it is believed yet.
#[derive(Debug)]
pub struct UnverifiedToken<'a> {
    kid: String,
    message: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> UnverifiedToken<'a> {
    /// Splits the compact form and checks the header: `alg` RS256, `kid` present, no `crit`, `typ` JWT or absent.
    ///
    /// # Errors
    /// [`JwtError::Malformed`], [`JwtError::Header`]
    pub fn parse(token: &'a str) -> Result<Self, JwtError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(JwtError::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(JwtError::Malformed)?;
        if payload.contains('.') || signature.is_empty() {
            return Err(JwtError::Malformed);
        }
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| JwtError::Malformed)?;
        // Escaped member names and values do not borrow, so they are refused as well: no issuer writes them.
        let header: Header<'_> = serde_json::from_slice(&header).map_err(|_| JwtError::Header)?;
        let typed = header.typ.is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
        let named = (1..=256).contains(&header.kid.len());
        if header.alg != "RS256" || header.crit.is_some() || !typed || !named {
            return Err(JwtError::Header);
        }
        Ok(Self { kid: header.kid.to_owned(), message, payload, signature })
    }

    /// The key the token says it was signed with.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The claims, once the signature verified.
    ///
    /// # Errors
    /// [`JwtError::Signature`]; [`JwtError::Malformed`] where the claims are not of type `T`.
    pub fn verify<T: DeserializeOwned>(self, key: &VerifyingKey) -> Result<T, JwtError> {
        let verified =
            crypto::verify(self.signature, self.message.as_bytes(), &key.decoding, Algorithm::RS256);
        if !matches!(verified, Ok(true)) {
            return Err(JwtError::Signature);
        }
        let claims = URL_SAFE_NO_PAD.decode(self.payload).map_err(|_| JwtError::Malformed)?;
        serde_json::from_slice(&claims).map_err(|_| JwtError::Malformed)
    }
}

/// One published RSA key, parsed once.
#[derive(Clone, Debug)]
pub struct VerifyingKey {
    kid: String,
    issuer: Option<String>,
    decoding: DecodingKey,
}

impl VerifyingKey {
    /// The issuer the key may be used for, where its publisher restricts it (Entra does).
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }
}

/// A published set of keys.
#[derive(Clone, Debug)]
pub struct KeySet(Vec<VerifyingKey>);

#[derive(Deserialize)]
struct PublishedSet {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct PublishedKey {
    kty: String,
    kid: String,
    n: String,
    e: String,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    usage: Option<String>,
    #[serde(default)]
    issuer: Option<String>,
}

impl KeySet {
    /// Parses a JWK set. Keys of other types or for other uses are left out; a repeated `kid` refuses the set.
    ///
    /// # Errors
    /// [`KeySetError`]
    pub fn parse(body: &[u8]) -> Result<Self, KeySetError> {
        if body.len() > MAX_KEY_SET_BYTES {
            return Err(KeySetError::Malformed);
        }
        let set: PublishedSet = serde_json::from_slice(body).map_err(|_| KeySetError::Malformed)?;
        if set.keys.len() > MAX_KEYS {
            return Err(KeySetError::Malformed);
        }
        let mut keys: Vec<VerifyingKey> = Vec::with_capacity(set.keys.len());
        for key in set.keys.into_iter().filter_map(verifying_key) {
            if keys.iter().any(|known| known.kid == key.kid) {
                return Err(KeySetError::Malformed);
            }
            keys.push(key);
        }
        if keys.is_empty() { Err(KeySetError::Empty) } else { Ok(Self(keys)) }
    }

    /// The key of this name.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        self.0.iter().find(|key| key.kid == kid)
    }
}

fn verifying_key(value: serde_json::Value) -> Option<VerifyingKey> {
    let key: PublishedKey = serde_json::from_value(value).ok()?;
    let fits = key.kty == "RSA"
        && key.alg.as_deref().is_none_or(|alg| alg == "RS256")
        && key.usage.as_deref().is_none_or(|usage| usage == "sig");
    if !fits || key.kid.is_empty() {
        return None;
    }
    let modulus = URL_SAFE_NO_PAD.decode(&key.n).ok()?;
    let exponent = URL_SAFE_NO_PAD.decode(&key.e).ok()?;
    let bits = bit_length(&modulus);
    // 3 and the even exponents are refused; 65537 is what both issuers use.
    let exponent_ok =
        exponent.len() <= 4 && exponent.len() >= 3 && exponent.last().is_some_and(|e| e % 2 == 1);
    if !(MIN_MODULUS_BITS..=MAX_MODULUS_BITS).contains(&bits) || !exponent_ok {
        return None;
    }
    let decoding = DecodingKey::from_rsa_raw_components(&modulus, &exponent);
    Some(VerifyingKey { kid: key.kid, issuer: key.issuer, decoding })
}

/// Bits of a big-endian number.
pub(crate) fn bit_length(number: &[u8]) -> usize {
    let significant = number.iter().skip_while(|byte| **byte == 0);
    let bytes = significant.clone().count();
    significant
        .clone()
        .next()
        .map_or(0, |first| bytes * 8 - usize::try_from(first.leading_zeros()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::rsa::{self, TestKey};

    fn claims_of(token: &str, key: &TestKey) -> Result<Value, JwtError> {
        let set = KeySet::parse(rsa::key_set(&[key]).as_bytes()).unwrap();
        let token = UnverifiedToken::parse(token)?;
        let key = set.find(token.kid()).ok_or(JwtError::Signature)?.clone();
        token.verify(&key)
    }

    #[test]
    fn a_token_of_the_published_key_yields_its_claims() {
        let key = rsa::key(0);
        let token = key.sign(&json!({"alg": "RS256", "kid": key.kid(), "typ": "JWT"}), &json!({"a": 1}));
        assert_eq!(claims_of(&token, key), Ok(json!({"a": 1})));
    }

    #[test]
    fn every_other_header_is_refused() {
        let key = rsa::key(0);
        let kid = key.kid();
        for header in [
            json!({"alg": "none", "kid": kid}),
            json!({"alg": "HS256", "kid": kid}),
            json!({"alg": "PS256", "kid": kid}),
            json!({"alg": "RS512", "kid": kid}),
            json!({"alg": "rs256", "kid": kid}),
            json!({"alg": "RS256"}),
            json!({"alg": "RS256", "kid": ""}),
            json!({"alg": "RS256", "kid": 7}),
            json!({"alg": "RS256", "kid": "k".repeat(257)}),
            json!({"alg": "RS256", "kid": kid, "crit": ["exp"]}),
            json!({"alg": "RS256", "kid": kid, "crit": []}),
            json!({"alg": "RS256", "kid": kid, "typ": "at+jwt"}),
            json!("RS256"),
        ] {
            let token = key.sign(&header, &json!({}));
            assert_eq!(claims_of(&token, key), Err(JwtError::Header), "{header}");
        }
        let twice = format!(r#"{{"alg":"none","alg":"RS256","kid":"{kid}"}}"#);
        assert_eq!(claims_of(&key.sign_text(&twice, "{}"), key), Err(JwtError::Header));
    }

    #[test]
    fn another_key_s_signature_and_an_altered_payload_are_refused() {
        let (key, other) = (rsa::key(0), rsa::key(1));
        let header = json!({"alg": "RS256", "kid": key.kid()});
        assert_eq!(claims_of(&other.sign(&header, &json!({"a": 1})), key), Err(JwtError::Signature));
        let token = key.sign(&header, &json!({"a": 1}));
        let parts: Vec<_> = token.split('.').collect();
        let forged = URL_SAFE_NO_PAD.encode(r#"{"a":2}"#);
        let altered = format!("{}.{forged}.{}", parts[0], parts[2]);
        assert_eq!(claims_of(&altered, key), Err(JwtError::Signature));
    }

    #[test]
    fn an_hmac_keyed_with_the_public_key_is_refused() {
        let key = rsa::key(0);
        let header = json!({"alg": "HS256", "kid": key.kid()});
        let token = key.sign_with_public_key_as_hmac(&header, &json!({"a": 1}));
        assert_eq!(claims_of(&token, key), Err(JwtError::Header));
        let pretending = json!({"alg": "RS256", "kid": key.kid()});
        let token = key.sign_with_public_key_as_hmac(&pretending, &json!({"a": 1}));
        assert_eq!(claims_of(&token, key), Err(JwtError::Signature));
    }

    #[test]
    fn the_form_is_three_parts_of_bounded_length() {
        for token in ["", ".", "..", "a.b", "a.b.c.d", "!!.e30.AA", "e30.e30."] {
            assert!(UnverifiedToken::parse(token).is_err(), "{token}");
        }
        let long = format!("e30.{}.AA", "A".repeat(MAX_TOKEN_BYTES));
        assert_eq!(UnverifiedToken::parse(&long).unwrap_err(), JwtError::Malformed);
    }

    #[test]
    fn a_key_set_keeps_only_rsa_signature_keys_of_enough_bits() {
        let good = rsa::key(0).jwk();
        let with = |name: &str, value: Value| {
            let mut key = good.clone();
            key[name] = value;
            json!({"keys": [key]}).to_string()
        };
        assert!(KeySet::parse(json!({"keys": [good]}).to_string().as_bytes()).is_ok());
        let short = URL_SAFE_NO_PAD.encode([0xff; 128]);
        let padded = URL_SAFE_NO_PAD.encode([vec![0; 128], vec![0xff; 128]].concat());
        for body in [
            with("kty", json!("EC")),
            with("use", json!("enc")),
            with("alg", json!("PS256")),
            with("n", json!(short)),
            with("n", json!(padded)),
            with("e", json!("Aw")),
            with("kid", json!("")),
            json!({"keys": []}).to_string(),
        ] {
            assert_eq!(KeySet::parse(body.as_bytes()).unwrap_err(), KeySetError::Empty, "{body}");
        }
    }

    #[test]
    fn a_key_set_beyond_the_limits_or_with_a_repeated_kid_is_refused() {
        let key = rsa::key(0).jwk();
        let many = json!({"keys": vec![key.clone(); MAX_KEYS + 1]}).to_string();
        let twice = json!({"keys": [key, key]}).to_string();
        let long = format!("{}{}", json!({"keys": [key]}), " ".repeat(MAX_KEY_SET_BYTES));
        for body in [many.as_str(), &twice, &long, "", "[]", "{}", "<html>"] {
            assert_eq!(KeySet::parse(body.as_bytes()).unwrap_err(), KeySetError::Malformed);
        }
    }
}
