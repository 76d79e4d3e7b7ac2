//! Identifiers the simulated systems mint.
//!
//! Outlook ids come in two forms, default and immutable, and are unique to a mailbox because the owner is hashed into
//! them; the default form holds `/`, `+` and `=`, which is what makes path encoding matter, the immutable one and folder
//! ids only `-`, `_` and `=`. Request and log ids have the
//! shape of a UUID and are unique within and across runs: they count on from the clock.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// The two names of one Outlook item.
#[derive(Clone, Debug)]
pub(super) struct ItemId {
    pub(super) default: String,
    pub(super) immutable: String,
}

impl ItemId {
    /// The ids of the `kind` item called `name` in the mailbox of `owner`.
    pub(super) fn of(owner: &str, kind: &str, name: &str) -> Self {
        let first = Sha256::digest(format!("{owner}\n{kind}\n{name}"));
        let second = Sha256::digest(first);
        Self {
            default: format!("AAMkAD{}{}AAA=", STANDARD.encode(first), STANDARD.encode(second)),
            immutable: format!("AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A{}AAA=", URL_SAFE_NO_PAD.encode(second)),
        }
    }

    /// The form a caller with or without the immutable preference sees.
    pub(super) fn form(&self, immutable: bool) -> &str {
        if immutable { &self.immutable } else { &self.default }
    }
}

/// The id of a folder or calendar, which has one form only.
pub(super) fn constant_id(owner: &str, kind: &str, name: &str) -> String {
    format!("AAMkADg{}AAA=", URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{owner}\n{kind}\n{name}"))))
}

/// The id of a drive: `b!` and 64 characters.
pub(super) fn drive_id(owner: &str) -> String {
    let bytes =
        [Sha256::digest(format!("{owner}\ndrive")), Sha256::digest(format!("{owner}\nlist"))].concat();
    format!("b!{}", URL_SAFE_NO_PAD.encode(bytes.get(..48).unwrap_or_default()))
}

/// The id of the drive item at `path`: `01`, six characters of the drive, 26 of the item.
pub(super) fn drive_item_id(owner: &str, path: &str) -> String {
    let drive = base32(&Sha256::digest(format!("{owner}\ndrive")), 6);
    format!("01{drive}{}", base32(&Sha256::digest(format!("{owner}\nfile\n{path}")), 26))
}

/// An id in base64, as people have it who are in no directory.
pub(super) fn opaque_id(name: &str) -> String {
    URL_SAFE.encode(Sha256::digest(name).get(..16).unwrap_or_default())
}

/// Base32 (RFC 4648 section 6) of as many characters, five bits each.
fn base32(bytes: &[u8], characters: usize) -> String {
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect();
    let values = bits.chunks(5).map(|five| five.iter().fold(0, |value, bit| value << 1 | bit));
    values
        .map(|value| char::from(if value < 26 { b'A' + value } else { b'2' + value - 26 }))
        .take(characters)
        .collect()
}

/// The change key of an item: what its etag carries.
pub(super) fn change_key(seed: &str) -> String {
    format!("CQAAABYAAAC{}", STANDARD.encode(Sha256::digest(seed).get(..21).unwrap_or_default()))
}

/// A GUID that depends on nothing but `name`.
pub(super) fn guid(name: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(name).into();
    let mut bytes = [0_u8; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// Mints ids in the shape of UUID version 7: time first, then a counter spread over the rest.
#[derive(Debug, Default)]
pub(crate) struct Serial {
    next: AtomicU64,
}

impl Serial {
    /// An id never minted before by this process, and not by an earlier one unless the clock stood still.
    pub(crate) fn mint(&self, now_ms: u64) -> String {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        let spread = spread(count ^ now_ms.rotate_left(32)).to_be_bytes();
        let mut tail = [0_u8; 10];
        tail.iter_mut()
            .zip(count.to_be_bytes().into_iter().skip(6).chain(spread))
            .for_each(|(to, from)| *to = from);
        uuid::Builder::from_unix_timestamp_millis(now_ms, &tail).into_uuid().to_string()
    }
}

/// SplitMix64: spreads a counter over 64 bits without repeating.
pub(super) fn spread(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn two_owners_never_share_an_id_and_the_two_forms_differ() {
        let (a, b) = (ItemId::of("a", "message", "1"), ItemId::of("b", "message", "1"));
        assert_ne!(a.default, b.default);
        assert_ne!(a.immutable, b.immutable);
        assert_ne!(a.default, a.immutable);
        assert_eq!(a.default, ItemId::of("a", "message", "1").default);
    }

    #[test]
    fn minted_ids_do_not_repeat_while_the_clock_stands_still() {
        let serial = Serial::default();
        let ids: HashSet<String> = (0..10_000).map(|_| serial.mint(1_790_000_000_000)).collect();
        assert_eq!(ids.len(), 10_000);
    }
}
