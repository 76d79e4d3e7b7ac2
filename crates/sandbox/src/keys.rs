//! RSA signing keys of Access and Entra: generated late, rotated on demand, published as JWKS.
//!
//! Source: RFC 7517 (JWK), RFC 7515 (JWS compact form). Cloudflare publishes the current key and, for seven days,
//! the previous one; here the previous one stays until the next rotation. Generation takes a noticeable time, so a
//! key is made when first needed, and a background thread asks for it at start. Invariant: a private key leaves
//! this module only towards the state file.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::traits::PublicKeyParts as _;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const BITS: usize = 2048;

/// A key could not be made, read or used; the cause is in the source.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// Generating or encoding an RSA key failed.
    #[error("An RSA key of the simulated estate could not be made.")]
    Generate(#[from] rsa::Error),
    /// The state file holds a key that is none.
    #[error("A signing key in the state file cannot be read: remove the file to start with new keys.")]
    Pkcs8(#[from] rsa::pkcs8::Error),
    /// Encoding the private key for signing failed.
    #[error("An RSA key of the simulated estate could not be encoded.")]
    Pkcs1(#[from] rsa::pkcs1::Error),
    /// Encoding the public key failed.
    #[error("A public key of the simulated estate could not be encoded.")]
    Public(#[from] rsa::pkcs8::spki::Error),
    /// Signing failed.
    #[error("A token could not be signed.")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

/// One RSA key pair with its key id.
pub struct SigningKey {
    kid: String,
    pkcs8: String,
    public_pem: String,
    signing: EncodingKey,
    verifying: DecodingKey,
    modulus: String,
    exponent: String,
}

impl SigningKey {
    /// Makes a new key pair; takes tens to hundreds of milliseconds.
    ///
    /// # Errors
    /// [`KeyFault::Generate`] or an encoding fault.
    pub fn generate() -> Result<Self, KeyFault> {
        Self::from_pair(&RsaPrivateKey::new(&mut rand_core::OsRng, BITS)?)
    }

    fn from_pkcs8(pem: &str) -> Result<Self, KeyFault> {
        Self::from_pair(&RsaPrivateKey::from_pkcs8_pem(pem)?)
    }

    fn from_pair(pair: &RsaPrivateKey) -> Result<Self, KeyFault> {
        let public = RsaPublicKey::from(pair);
        let modulus = URL_SAFE_NO_PAD.encode(public.n().to_bytes_be());
        let exponent = URL_SAFE_NO_PAD.encode(public.e().to_bytes_be());
        let digest = Sha256::digest(modulus.as_bytes());
        Ok(Self {
            kid: URL_SAFE_NO_PAD.encode(digest),
            pkcs8: pair.to_pkcs8_pem(LineEnding::LF)?.to_string(),
            public_pem: public.to_public_key_pem(LineEnding::LF)?,
            signing: EncodingKey::from_rsa_der(pair.to_pkcs1_der()?.as_bytes()),
            verifying: DecodingKey::from_rsa_components(&modulus, &exponent)?,
            modulus,
            exponent,
        })
    }

    /// Key id: the SHA-256 of the modulus, base64url.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key as PEM (SubjectPublicKeyInfo).
    #[must_use]
    pub fn public_pem(&self) -> &str {
        &self.public_pem
    }

    /// The private key as PEM (PKCS#8).
    pub(crate) fn pkcs8_pem(&self) -> &str {
        &self.pkcs8
    }

    /// An RS256 signature over any bytes.
    ///
    /// # Errors
    /// [`KeyFault::Sign`].
    pub(crate) fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, KeyFault> {
        let signature = crypto::sign(message, &self.signing, Algorithm::RS256)?;
        Ok(URL_SAFE_NO_PAD.decode(signature).unwrap_or_default())
    }

    /// The public key as a JWK for RS256 signatures.
    #[must_use]
    pub fn jwk(&self) -> Value {
        json!({
            "kid": self.kid, "kty": "RSA", "alg": "RS256", "use": "sig", "n": self.modulus, "e": self.exponent
        })
    }

    /// The JWS compact form of `claims` under `header`, signed with RS256 whatever the header says.
    ///
    /// # Errors
    /// [`KeyFault::Sign`].
    pub fn sign(&self, header: &Value, claims: &Value) -> Result<String, KeyFault> {
        let message = unsigned(header, claims);
        let signature = crypto::sign(message.as_bytes(), &self.signing, Algorithm::RS256)?;
        Ok(format!("{message}.{signature}"))
    }

    /// The claims of a token that this key signed with RS256; `None` for every other token. Times are not checked.
    #[must_use]
    pub fn verified_claims(&self, token: &str) -> Option<Value> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        if header.get("alg")?.as_str()? != "RS256" || header.get("kid")?.as_str()? != self.kid {
            return None;
        }
        let genuine = crypto::verify(signature, message.as_bytes(), &self.verifying, Algorithm::RS256);
        if !genuine.unwrap_or(false) {
            return None;
        }
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }
}

/// Header and claims in JWS compact form, without a signature and without the last full stop.
#[must_use]
pub fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// The current key of one system and the one before it.
#[derive(Default)]
pub struct KeyRing {
    /// Newest first; at most two.
    keys: Mutex<Vec<Arc<SigningKey>>>,
}

impl KeyRing {
    fn restored(pems: &[String]) -> Result<Self, KeyFault> {
        let keys: Result<Vec<_>, _> =
            pems.iter().map(|pem| SigningKey::from_pkcs8(pem).map(Arc::new)).collect();
        Ok(Self { keys: Mutex::new(keys?) })
    }

    /// The key that signs now, and whether it was made just now because there was none.
    ///
    /// # Errors
    /// [`KeyFault`] when generation fails.
    pub fn current(&self) -> Result<(Arc<SigningKey>, bool), KeyFault> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(current) = keys.first() {
            return Ok((Arc::clone(current), false));
        }
        let made = Arc::new(SigningKey::generate()?);
        keys.push(Arc::clone(&made));
        Ok((made, true))
    }

    /// The key before the current one; `None` before the first rotation.
    #[must_use]
    pub fn previous(&self) -> Option<Arc<SigningKey>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(1).cloned()
    }

    /// The published keys, newest first.
    ///
    /// # Errors
    /// [`KeyFault`] when the first key has to be generated and that fails.
    pub fn published(&self) -> Result<Vec<Arc<SigningKey>>, KeyFault> {
        let (current, _) = self.current()?;
        Ok(std::iter::once(current).chain(self.previous()).collect())
    }

    /// Puts a new key in front; the current one becomes the previous, the previous one goes.
    ///
    /// # Errors
    /// [`KeyFault`] when generation fails.
    pub fn rotate(&self) -> Result<(), KeyFault> {
        self.current()?;
        let made = Arc::new(SigningKey::generate()?);
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(0, made);
        keys.truncate(2);
        Ok(())
    }

    /// The claims of a token signed by a published key; `None` for every other token. Times are not checked.
    ///
    /// # Errors
    /// [`KeyFault`] when the first key has to be generated and that fails.
    pub fn verified_claims(&self, token: &str) -> Result<Option<Value>, KeyFault> {
        Ok(self.published()?.iter().find_map(|key| key.verified_claims(token)))
    }

    fn pems(&self) -> Vec<String> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().map(|key| key.pkcs8.clone()).collect()
    }
}

/// All signing keys of the estate.
#[derive(Default)]
pub struct Keys {
    /// Keys of the Access team domain.
    pub access: KeyRing,
    /// Keys of the Entra tenant.
    pub entra: KeyRing,
    /// A key nobody publishes, for forged assertions.
    pub foreign: KeyRing,
    /// Keys of the platform whose tokens the app registration trusts; they do not outlive the process.
    pub platform: KeyRing,
}

/// The private keys as the state file holds them: PKCS#8 in PEM, newest first.
#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedKeys {
    access: Vec<String>,
    entra: Vec<String>,
}

impl Keys {
    /// The keys of a state file.
    ///
    /// # Errors
    /// [`KeyFault::Pkcs8`] when one of them is no key.
    pub fn restored(saved: &SavedKeys) -> Result<Self, KeyFault> {
        Ok(Self {
            access: KeyRing::restored(&saved.access)?,
            entra: KeyRing::restored(&saved.entra)?,
            foreign: KeyRing::default(),
            platform: KeyRing::default(),
        })
    }

    /// The keys made so far, for the state file.
    #[must_use]
    pub fn saved(&self) -> SavedKeys {
        SavedKeys { access: self.access.pems(), entra: self.entra.pems() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(key: &SigningKey) -> Value {
        json!({"alg": "RS256", "kid": key.kid()})
    }

    #[test]
    fn a_token_verifies_until_its_key_is_rotated_out() {
        let ring = KeyRing::default();
        let (key, _) = ring.current().expect("a key");
        let token = key.sign(&header(&key), &json!({"a": 1})).expect("signed");
        assert_eq!(ring.verified_claims(&token).expect("verified"), Some(json!({"a": 1})));
        ring.rotate().expect("rotated");
        assert_eq!(ring.published().expect("keys").len(), 2);
        assert_eq!(ring.verified_claims(&token).expect("verified"), Some(json!({"a": 1})));
        ring.rotate().expect("rotated");
        assert_eq!(ring.published().expect("keys").len(), 2);
        assert_eq!(ring.verified_claims(&token).expect("verified"), None);
    }

    #[test]
    fn a_changed_or_differently_labelled_token_does_not_verify() {
        let key = SigningKey::generate().expect("a key");
        let token = key.sign(&header(&key), &json!({"a": 1})).expect("signed");
        let (_, signature) = token.rsplit_once('.').expect("three parts");
        let changed = format!("{}.{signature}", unsigned(&header(&key), &json!({"a": 2})));
        assert_eq!(key.verified_claims(&changed), None);
        let none = json!({"alg": "none", "kid": key.kid()});
        assert_eq!(key.verified_claims(&key.sign(&none, &json!({})).expect("signed")), None);
        for malformed in ["", ".", "..", "a.b", "a.b.c", "é.é.é"] {
            assert_eq!(key.verified_claims(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn saved_keys_come_back_the_same() {
        let keys = Keys::default();
        keys.access.rotate().expect("rotated");
        let restored = Keys::restored(&keys.saved()).expect("restored");
        let kids = |ring: &KeyRing| -> Vec<String> {
            ring.published().expect("keys").iter().map(|key| key.kid().to_owned()).collect()
        };
        assert_eq!(kids(&keys.access), kids(&restored.access));
        let broken = SavedKeys { access: vec!["no key".to_owned()], entra: Vec::new() };
        assert!(matches!(Keys::restored(&broken), Err(KeyFault::Pkcs8(_))));
    }
}
