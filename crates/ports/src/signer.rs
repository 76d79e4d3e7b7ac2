//! Signatures with a private RSA key, made where the platform makes them in constant time.
//!
//! Source: RFC 8017 section 8.1 (RSASSA-PSS); RFC 7518 section 3.5 (PS256). The core verifies signatures by itself and
//! never computes with a private key: the RSA code it has is not proof against an observer with a clock.

use async_trait::async_trait;
use m365_types::Secret;

/// Fewest bits of the modulus of a key that signs.
pub const SIGNING_KEY_MIN_BITS: usize = 2048;
/// Most bits of the modulus of a key that signs.
pub const SIGNING_KEY_MAX_BITS: usize = 4096;

/// Why nothing was signed. Says nothing of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// Not an RSA key in PKCS#8, not of an accepted size, or one whose numbers do not fit together.
    #[error("the private key is not an RSA key of 2048 to 4096 bits that can sign")]
    Key,
    /// The platform did not sign, for a reason of its own.
    #[error("the platform did not make a signature")]
    Unavailable,
}

/// Signs with keys that the caller holds. Keeps no key beyond a call. Consistency: none; calls are independent.
#[async_trait]
pub trait Signer: Send + Sync {
    /// PS256 over the message: RSASSA-PSS with SHA-256, MGF1 over SHA-256 and a salt of 32 bytes. `key` is PKCS#8 in DER
    /// (RFC 5208). The signature is as long as the modulus; two of one message differ.
    ///
    /// # Errors
    /// [`SignerError`]
    async fn sign_ps256(&self, key: &Secret<Vec<u8>>, message: &[u8]) -> Result<Vec<u8>, SignerError>;
}

/// A secret that its platform replaces while the server runs.
pub trait RotatingSecret: Send + Sync {
    /// The value of this moment. Read it for every use, and do not keep it.
    ///
    /// # Errors
    /// A sentence about the place it is read from, never a value.
    fn current(&self) -> Result<Secret<String>, String>;
}
