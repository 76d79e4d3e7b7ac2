//! The signature of a policy set (Ed25519, RFC 8032): whoever can write to the place it lies in cannot make one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use m365_types::Secret;

use crate::{Key, KeyError};

/// The half of the key that stays with the operator.
pub struct PolicySigner(SigningKey);

/// The half of the key that the server knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVerifier(VerifyingKey);

impl std::fmt::Debug for PolicySigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PolicySigner(…)")
    }
}

impl PolicySigner {
    /// Reads a key file: 32 bytes as [`Key::parse`] reads them (RFC 8032 section 5.1.5, the private key).
    ///
    /// # Errors
    /// [`KeyError`]
    pub fn parse(text: &Secret<String>) -> Result<Self, KeyError> {
        Ok(Self(SigningKey::from_bytes(Key::parse(text)?.bytes())))
    }

    /// The half that the server is told.
    #[must_use]
    pub fn verifier(&self) -> PolicyVerifier {
        PolicyVerifier(self.0.verifying_key())
    }

    /// The signature as text: base64url without padding.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.0.sign(message).to_bytes())
    }
}

impl PolicyVerifier {
    /// Reads base64url without padding of 32 bytes.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] where it is not that, or not a point of the curve of full order.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).map_err(|_| KeyError::Malformed)?;
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| KeyError::Malformed)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Malformed)?;
        if key.is_weak() { Err(KeyError::Malformed) } else { Ok(Self(key)) }
    }

    /// The text that [`PolicyVerifier::parse`] reads.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.as_bytes())
    }

    /// Whether the signature over this message is the operator's.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &str) -> bool {
        let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        Signature::from_slice(&bytes).is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032 section 7.1, test 2.
    #[test]
    fn the_vector_of_the_rfc_is_signed_and_verified() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
        };
        let seed: [u8; 32] =
            hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").try_into().unwrap();
        let signer = PolicySigner::parse(&Key::from_bytes(seed).encode()).unwrap();
        let public = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        assert_eq!(signer.verifier().0.as_bytes().as_slice(), public);
        let signature = hex(concat!(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ));
        assert_eq!(signer.sign(&[0x72]), URL_SAFE_NO_PAD.encode(&signature));
        let verifier = PolicyVerifier::parse(&signer.verifier().encode()).unwrap();
        assert!(verifier.verifies(&[0x72], &signer.sign(&[0x72])));
        assert!(!verifier.verifies(&[0x73], &signer.sign(&[0x72])));
        assert!(!verifier.verifies(&[0x72], "AA") && !verifier.verifies(&[0x72], "not base64"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "AAAA", "not a key", &URL_SAFE_NO_PAD.encode([0; 32])] {
            assert!(PolicyVerifier::parse(text).is_err(), "{text}");
        }
    }
}
