//! Proof Key for Code Exchange (RFC 7636), S256 only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use m365_types::Secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Why a verifier or challenge is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PkceError {
    /// Wrong length or characters (RFC 7636 sections 4.1 and 4.2).
    #[error("the PKCE value is malformed")]
    Malformed,
}

/// `code_challenge` of method S256: base64url of a SHA-256 digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Challenge([u8; 32]);

impl Challenge {
    /// Parses the 43 characters.
    ///
    /// # Errors
    /// [`PkceError::Malformed`]
    pub fn parse(text: &str) -> Result<Self, PkceError> {
        let digest = URL_SAFE_NO_PAD.decode(text).map_err(|_| PkceError::Malformed)?;
        Ok(Self(digest.try_into().map_err(|_| PkceError::Malformed)?))
    }

    /// Whether the verifier hashes to this challenge (section 4.6). Constant time.
    #[must_use]
    pub fn is_met_by(&self, verifier: &Verifier) -> bool {
        self.0.ct_eq(&verifier.digest()).into()
    }
}

impl TryFrom<String> for Challenge {
    type Error = PkceError;
    fn try_from(text: String) -> Result<Self, PkceError> {
        Self::parse(&text)
    }
}

impl From<Challenge> for String {
    fn from(challenge: Challenge) -> Self {
        URL_SAFE_NO_PAD.encode(challenge.0)
    }
}

/// `code_verifier`: 43 to 128 unreserved characters (section 4.1).
#[derive(Clone, Debug)]
pub struct Verifier(Secret<String>);

impl Verifier {
    /// Parses what a client sent.
    ///
    /// # Errors
    /// [`PkceError::Malformed`]
    pub fn parse(text: &str) -> Result<Self, PkceError> {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if (43..=128).contains(&text.len()) && text.bytes().all(unreserved) {
            Ok(Self(Secret::new(text.to_owned())))
        } else {
            Err(PkceError::Malformed)
        }
    }

    /// A verifier of 32 random bytes, as section 4.1 recommends.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Its S256 challenge.
    #[must_use]
    pub fn challenge(&self) -> Challenge {
        Challenge(self.digest())
    }

    pub(crate) const fn secret(&self) -> &Secret<String> {
        &self.0
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.expose().as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_rfc_7636_appendix_b_holds() {
        let octets = [
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105,
            214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
        ];
        let verifier = Verifier::from_random(octets);
        assert_eq!(verifier.secret().expose(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert_eq!(verifier.challenge(), challenge);
        assert!(challenge.is_met_by(&verifier));
        assert!(!challenge.is_met_by(&Verifier::from_random([7; 32])));
        // A challenge presented as its own verifier is what method `plain` would accept.
        assert!(!challenge.is_met_by(&Verifier::parse(&String::from(challenge.clone())).unwrap()));
    }

    #[test]
    fn verifiers_have_43_to_128_unreserved_characters() {
        for good in ["a".repeat(43), "~".repeat(128), format!("-._~{}", "0".repeat(39))] {
            assert!(Verifier::parse(&good).is_ok(), "{good}");
        }
        for bad in
            ["a".repeat(42), "a".repeat(129), format!("{}+", "a".repeat(43)), format!("{}é", "a".repeat(42))]
        {
            assert!(Verifier::parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn challenges_are_exactly_a_digest_in_base64url() {
        for bad in
            ["", "a", &"a".repeat(42), &"a".repeat(44), &"+".repeat(43), &format!("{}=", "A".repeat(43))]
        {
            assert!(Challenge::parse(bad).is_err(), "{bad}");
        }
    }
}
