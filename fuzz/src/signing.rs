//! The key of the simulated Access: RSA by the book (RFC 8017 section 8.2.1), and worthless as a secret.
//!
//! Its modulus is the product of the thirty-three largest fitting primes below 2^63, so that it costs nothing to make, no
//! key lies in the repository, and a signature is a few hundred small multiplications instead of one huge power: the
//! engine gets through more inputs. Verification sees an ordinary key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::BigUint;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const PRIMES: usize = 33;
const EXPONENT: u64 = 65_537;
/// `DigestInfo` of SHA-256 before the digest (RFC 8017 section 9.2, note 1).
const DIGEST_INFO: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];

/// A key that signs what it is given, sensible or not.
pub struct SigningKey {
    modulus: BigUint,
    parts: Vec<Part>,
}

/// What one prime adds to a signature.
struct Part {
    prime: u64,
    exponent: u64,
    /// 1 modulo this prime, 0 modulo the others.
    basis: BigUint,
}

impl SigningKey {
    /// The name it is published under.
    pub const KID: &str = "key-0";

    pub(crate) fn new() -> Self {
        let fits = |candidate: &u64| is_prime(*candidate) && candidate % EXPONENT != 1;
        let primes: Vec<u64> = (0..1 << 63).rev().filter(fits).take(PRIMES).collect();
        let modulus = primes.iter().fold(BigUint::from(1_u8), |product, prime| product * *prime);
        let part = |prime: u64| {
            let others = &modulus / prime;
            let inverse = power(remainder(&others, prime), prime - 2, prime);
            Part { prime, exponent: inverse_of_exponent(prime - 1), basis: others * inverse }
        };
        Self { parts: primes.iter().copied().map(part).collect(), modulus }
    }

    pub(crate) fn key_set(&self) -> String {
        let (n, e) = (self.modulus.to_bytes_be(), BigUint::from(EXPONENT).to_bytes_be());
        let encode = |bytes: Vec<u8>| URL_SAFE_NO_PAD.encode(bytes);
        let jwk: Value = json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": Self::KID, "n": encode(n), "e": encode(e)});
        json!({"keys": [jwk]}).to_string()
    }

    /// A compact JWS of these two texts.
    pub fn sign(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let length = self.modulus.to_bytes_be().len();
        let mut padded = vec![0xff; length];
        let hash = Sha256::digest(message.as_bytes());
        let tail = [&[0][..], &DIGEST_INFO, hash.as_slice()].concat();
        padded.truncate(length - tail.len());
        padded.extend_from_slice(&tail);
        padded.iter_mut().zip([0, 1]).for_each(|(to, from)| *to = from);
        let signature = self.raise(&BigUint::from_bytes_be(&padded)).to_bytes_be();
        // A signature is as long as the modulus, whatever it begins with.
        let signature = [vec![0; length - signature.len()], signature].concat();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A compact JWS of these claims under the header that Access writes.
    pub fn sign_claims(&self, claims: &str) -> String {
        let header = json!({"alg": "RS256", "kid": Self::KID, "typ": "JWT"});
        self.sign(&header.to_string(), claims)
    }

    fn raise(&self, message: &BigUint) -> BigUint {
        let add = |sum: BigUint, part: &Part| {
            sum + &part.basis * power(remainder(message, part.prime), part.exponent, part.prime)
        };
        self.parts.iter().fold(BigUint::from(0_u8), add) % &self.modulus
    }
}

fn remainder(number: &BigUint, by: u64) -> u64 {
    let digits = (number % by).to_bytes_be();
    digits.into_iter().fold(0, |value, digit| (value << 8) | u64::from(digit))
}

fn multiply(left: u64, right: u64, modulus: u64) -> u64 {
    let product = u128::from(left) * u128::from(right) % u128::from(modulus);
    u64::try_from(product).expect("below the modulus")
}

fn power(base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let (mut result, mut square) = (1, base % modulus);
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = multiply(result, square, modulus);
        }
        square = multiply(square, square, modulus);
        exponent /= 2;
    }
    result
}

/// The `d` with `65537 * d = 1` modulo this number: `(1 + k * modulus) / 65537` for the one `k` that divides.
fn inverse_of_exponent(modulus: u64) -> u64 {
    let whole = (1..EXPONENT).map(|k| u128::from(k) * u128::from(modulus) + 1);
    let fits = whole.into_iter().find(|number| number % u128::from(EXPONENT) == 0).expect("coprime");
    u64::try_from(fits / u128::from(EXPONENT)).expect("below the modulus")
}

/// Miller and Rabin's test with the bases that decide every number of 64 bits.
fn is_prime(candidate: u64) -> bool {
    const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if candidate < 64 || BASES.iter().any(|base| candidate.is_multiple_of(*base)) {
        return BASES.contains(&candidate);
    }
    let twos = (candidate - 1).trailing_zeros();
    let odd = (candidate - 1) >> twos;
    BASES.iter().all(|base| {
        let mut value = power(*base, odd, candidate);
        value == 1
            || (0..twos).any(|_| {
                let minus_one = value == candidate - 1;
                value = multiply(value, value, candidate);
                minus_one
            })
    })
}
