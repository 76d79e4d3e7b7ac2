//! RSA keys of the simulated issuers, generated once per run.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};

/// Name under which each issuer publishes its one key.
const KID: &str = "key-1";

/// Whose key it is.
#[derive(Clone, Copy)]
pub(crate) enum Signer {
    Access,
    Entra,
}

struct SigningKey {
    signing: EncodingKey,
    modulus: String,
    exponent: String,
}

impl Signer {
    fn key(self) -> &'static SigningKey {
        static KEYS: [OnceLock<SigningKey>; 2] = [const { OnceLock::new() }; 2];
        KEYS[self as usize].get_or_init(|| {
            let pair = RsaPrivateKey::new(&mut rand_core::OsRng, 2048).unwrap();
            SigningKey {
                signing: EncodingKey::from_rsa_der(pair.to_pkcs1_der().unwrap().as_bytes()),
                modulus: URL_SAFE_NO_PAD.encode(pair.n().to_bytes_be()),
                exponent: URL_SAFE_NO_PAD.encode(pair.e().to_bytes_be()),
            }
        })
    }

    /// The key set it publishes.
    pub(crate) fn key_set(self) -> Value {
        let key = self.key();
        json!({ "keys": [{ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KID, "n": key.modulus, "e": key.exponent }] })
    }

    /// A token that names the key every issuer names, so that one issuer's is a forgery of the other's.
    pub(crate) fn token(self, claims: &Value) -> String {
        let header = json!({ "alg": "RS256", "kid": KID, "typ": "JWT" });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(&header), encode(claims));
        let signature = crypto::sign(message.as_bytes(), &self.key().signing, Algorithm::RS256).unwrap();
        format!("{message}.{signature}")
    }
}
