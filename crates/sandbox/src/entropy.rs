//! Randomness of the estate: secrets, codes, nonces and request ids.
//!
//! Invariant: every random value of this crate comes from here, except RSA primes, which `keys` draws from the
//! same operating-system generator.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_core::{OsRng, RngCore as _};
use uuid::Uuid;

/// `N` random bytes.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut drawn = [0_u8; N];
    OsRng.fill_bytes(&mut drawn);
    drawn
}

/// A random secret of 32 bytes, base64url without padding (43 characters).
#[must_use]
pub fn secret() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// A random UUID (version 4).
#[must_use]
pub fn uuid() -> Uuid {
    uuid::Builder::from_random_bytes(bytes::<16>()).into_uuid()
}
