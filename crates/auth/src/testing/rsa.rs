//! RSA keys of a simulated issuer, generated once per test run.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};

pub(crate) struct TestKey {
    kid: String,
    signing: EncodingKey,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// One of two keys.
pub(crate) fn key(index: usize) -> &'static TestKey {
    static KEYS: [OnceLock<TestKey>; 2] = [const { OnceLock::new() }; 2];
    KEYS[index].get_or_init(|| TestKey::generate(&format!("key-{index}")))
}

pub(crate) fn key_set(keys: &[&TestKey]) -> String {
    json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()}).to_string()
}

impl TestKey {
    fn generate(kid: &str) -> Self {
        let pair = RsaPrivateKey::new(&mut rand_core::OsRng, 2048).unwrap();
        Self {
            kid: kid.to_owned(),
            signing: EncodingKey::from_rsa_der(pair.to_pkcs1_der().unwrap().as_bytes()),
            modulus: pair.n().to_bytes_be(),
            exponent: pair.e().to_bytes_be(),
        }
    }

    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    pub(crate) fn jwk(&self) -> Value {
        let (n, e) = (URL_SAFE_NO_PAD.encode(&self.modulus), URL_SAFE_NO_PAD.encode(&self.exponent));
        json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": n, "e": e})
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    pub(crate) fn sign_text(&self, header: &str, claims: &str) -> String {
        let message = message(header, claims);
        let signature = crypto::sign(message.as_bytes(), &self.signing, Algorithm::RS256).unwrap();
        format!("{message}.{signature}")
    }

    pub(crate) fn sign_with_public_key_as_hmac(&self, header: &Value, claims: &Value) -> String {
        let message = message(&header.to_string(), &claims.to_string());
        let secret = EncodingKey::from_secret(self.jwk().to_string().as_bytes());
        let signature = crypto::sign(message.as_bytes(), &secret, Algorithm::HS256).unwrap();
        format!("{message}.{signature}")
    }

    /// A token of the usual header.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&json!({"alg": "RS256", "kid": self.kid, "typ": "JWT"}), claims)
    }
}

fn message(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}
