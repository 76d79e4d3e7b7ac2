//! Authenticated encryption of small values.
//!
//! Layout: version (1 byte) | key id (4) | nonce (24) | ciphertext and tag (16). The key id is derived from the
//! subkey, so a reader knows at once which key to use and a rotation can count what is left.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use m365_types::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

/// Bytes of randomness each sealing takes.
pub const NONCE_BYTES: usize = 24;
const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const HEADER_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_BYTES;

/// Why a value does not open. Deliberately without detail: the value is the caller's, and may be an attacker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Malformed, altered, sealed for another place or under an unknown key.
    #[error("the sealed value does not open")]
    Invalid,
}

/// Which key opened a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The current one.
    Current,
    /// The previous one: the value should be sealed again.
    Previous,
}

/// Where a sealed value belongs. Parts are length-prefixed, so no two lists of parts give the same bytes.
#[derive(Clone, Debug)]
pub struct AssociatedData(Vec<u8>);

impl AssociatedData {
    /// Binds to these parts, in this order: for a column, table, column, row and cell.
    #[must_use]
    pub fn of(parts: &[&str]) -> Self {
        let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        Self(bytes)
    }
}

#[derive(Clone)]
struct Subkey {
    id: [u8; KEY_ID_BYTES],
    cipher: XChaCha20Poly1305,
}

/// Seals under the current subkey of one purpose, opens under the current or previous one.
#[derive(Clone)]
pub struct Sealer {
    current: Subkey,
    previous: Option<Subkey>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(…)")
    }
}

impl Sealer {
    pub(crate) fn new(current: &Secret<[u8; 32]>, previous: Option<&Secret<[u8; 32]>>) -> Self {
        Self { current: Subkey::new(current), previous: previous.map(Subkey::new) }
    }

    /// Seals the bytes. `nonce` must be fresh randomness.
    #[must_use]
    pub fn seal(&self, nonce: [u8; NONCE_BYTES], place: &AssociatedData, plain: &[u8]) -> Vec<u8> {
        let payload = Payload { msg: plain, aad: &place.0 };
        let ciphertext = self.current.cipher.encrypt(&nonce.into(), payload);
        debug_assert!(ciphertext.is_ok(), "sealing fails only beyond 256 GiB");
        let ciphertext = ciphertext.unwrap_or_default();
        let mut sealed = Vec::with_capacity(HEADER_BYTES + ciphertext.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.current.id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        sealed
    }

    /// Opens the bytes for the same place.
    ///
    /// # Errors
    /// [`OpenError`]
    pub fn open(&self, place: &AssociatedData, sealed: &[u8]) -> Result<(Secret<Vec<u8>>, Which), OpenError> {
        let (header, ciphertext) = sealed.split_at_checked(HEADER_BYTES).ok_or(OpenError::Invalid)?;
        let (version, rest) = header.split_first().ok_or(OpenError::Invalid)?;
        let (id, nonce) = rest.split_at_checked(KEY_ID_BYTES).ok_or(OpenError::Invalid)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| OpenError::Invalid)?;
        let (subkey, which) = self.subkey(id).filter(|_| *version == VERSION).ok_or(OpenError::Invalid)?;
        let payload = Payload { msg: ciphertext, aad: &place.0 };
        let plain = subkey.cipher.decrypt(&nonce.into(), payload).map_err(|_| OpenError::Invalid)?;
        Ok((Secret::new(plain), which))
    }

    /// Seals a value as JSON.
    #[must_use]
    pub fn seal_json<T: Serialize>(
        &self,
        nonce: [u8; NONCE_BYTES],
        place: &AssociatedData,
        value: &T,
    ) -> Vec<u8> {
        let plain = serde_json::to_vec(value);
        debug_assert!(plain.is_ok(), "sealed types have string keys only");
        self.seal(nonce, place, Secret::new(plain.unwrap_or_default()).expose())
    }

    /// Opens a value sealed with [`Sealer::seal_json`].
    ///
    /// # Errors
    /// [`OpenError`], also where the type does not fit.
    pub fn open_json<T: DeserializeOwned>(
        &self,
        place: &AssociatedData,
        sealed: &[u8],
    ) -> Result<T, OpenError> {
        let (plain, _) = self.open(place, sealed)?;
        serde_json::from_slice(plain.expose()).map_err(|_| OpenError::Invalid)
    }

    fn subkey(&self, id: &[u8]) -> Option<(&Subkey, Which)> {
        if self.current.id == id {
            return Some((&self.current, Which::Current));
        }
        self.previous.as_ref().filter(|subkey| subkey.id == id).map(|subkey| (subkey, Which::Previous))
    }
}

impl Subkey {
    fn new(key: &Secret<[u8; 32]>) -> Self {
        let digest = Sha256::new_with_prefix(b"m365-mcp/key-id").chain_update(key.expose()).finalize();
        let mut id = [0; KEY_ID_BYTES];
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self { id, cipher: XChaCha20Poly1305::new(key.expose().into()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealer(current: u8, previous: Option<u8>) -> Sealer {
        Sealer::new(&Secret::new([current; 32]), previous.map(|byte| Secret::new([byte; 32])).as_ref())
    }

    #[test]
    fn a_rotated_key_opens_old_values_and_says_so() {
        let place = AssociatedData::of(&["table", "column"]);
        let sealed = sealer(1, None).seal([9; NONCE_BYTES], &place, b"value");
        let (plain, which) = sealer(2, Some(1)).open(&place, &sealed).unwrap();
        assert_eq!((plain.expose().as_slice(), which), (&b"value"[..], Which::Previous));
        assert_eq!(sealer(2, None).open(&place, &sealed).unwrap_err(), OpenError::Invalid);
    }

    proptest! {
        #[test]
        fn a_value_opens_only_unaltered_and_only_in_its_place(
            plain in proptest::collection::vec(any::<u8>(), 0..200), nonce in any::<[u8; NONCE_BYTES]>(),
            flip in any::<prop::sample::Index>(), bit in 0_u8..8,
        ) {
            let here = AssociatedData::of(&["ab", "c"]);
            let sealed = sealer(1, None).seal(nonce, &here, &plain);
            let (opened, _) = sealer(1, None).open(&here, &sealed).unwrap();
            prop_assert_eq!(opened.expose(), &plain);
            prop_assert!(sealer(1, None).open(&AssociatedData::of(&["a", "bc"]), &sealed).is_err());
            let mut altered = sealed.clone();
            altered[flip.index(sealed.len())] ^= 1 << bit;
            prop_assert!(sealer(1, None).open(&here, &altered).is_err());
            prop_assert!(sealer(1, None).open(&here, &sealed[..flip.index(sealed.len())]).is_err());
        }
    }
}
