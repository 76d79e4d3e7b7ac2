//! Parts that the resolved effects of several families are made of.
//!
//! What comes from the arguments stands in an effect as it goes out; what comes from Graph is cleaned first, because a
//! person is to read it, and the version of the item tells apart what cleaning makes alike.

use std::fmt::Write as _;

use bytes::Bytes;
use m365_ports::Document;
use m365_types::{EffectBody, EffectFile, Email, Fact, Recipient, ResolvedEffect, Role, Standing};
use sha2::{Digest as _, Sha256};

use crate::action::Context;
use crate::shape::Cleaner;
use crate::wire::{self, ADDRESS_MAX, NAME_MAX};

/// Longest text of one fact that Graph gave, in characters.
pub(crate) const FACT_MAX: usize = 1_000;
/// Longest text of an effect, in bytes: with its escapes, below what one value of a Durable Object's database holds (2 MB).
const TEXT_MAX_BYTES: usize = 900_000;

/// One thing to see that changes from `was`; what stays as it was is no change.
pub(crate) fn changed(name: &str, value: impl Into<String>, was: Option<String>) -> Fact {
    let value = value.into();
    let was = was.filter(|was| *was != value);
    Fact { name: name.to_owned(), value, was }
}

/// Adds a fact where there is something to say.
pub(crate) fn say(effect: &mut ResolvedEffect, name: &str, value: impl Into<String>) {
    let value = value.into();
    if !value.is_empty() {
        effect.facts.push(changed(name, value, None));
    }
}

/// A line of Graph's for a person to read.
pub(crate) fn line(text: Option<&str>) -> String {
    Cleaner::default().line(text, FACT_MAX)
}

/// A text that one record of an approval can hold. Where it is longer, what was cut off is told apart by the digest of all.
pub(crate) fn bounded(text: String) -> String {
    if text.len() <= TEXT_MAX_BYTES {
        return text;
    }
    let end = text.floor_char_boundary(TEXT_MAX_BYTES);
    format!(
        "{}…\nThe rest is not shown. SHA-256 of all: {}",
        text.get(..end).unwrap_or_default(),
        sha256(text.as_bytes())
    )
}

/// A body of an effect.
pub(crate) fn body(html: bool, text: impl Into<String>) -> EffectBody {
    EffectBody { html, text: bounded(text.into()), was: None }
}

/// SHA-256 in lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a `String` cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// A file whose bytes were read.
pub(crate) fn file(name: &str, bytes: &[u8]) -> EffectFile {
    EffectFile { name: name.to_owned(), size: bytes.len() as u64, digest: sha256(bytes), text: None }
}

/// The same with what it says, so that data loss prevention sees the words and not their encoding. A file of a kind that
/// nobody reads goes without.
pub(crate) async fn read(
    context: &Context<'_>,
    name: &str,
    content_type: Option<&str>,
    bytes: Bytes,
) -> EffectFile {
    let file = file(name, &bytes);
    let content_type = content_type.unwrap_or_default().to_owned();
    let document = Document { name: name.to_owned(), content_type, bytes };
    EffectFile { text: context.documents.read(document).await.ok().map(|read| read.text), ..file }
}

/// Somebody whom Graph names. One whose address is no e-mail address (that of a directory, as old messages have them) is
/// kept by it as a name, so that nobody who is reached is missing.
pub(crate) fn person(given: &wire::Recipient, role: Role) -> Option<Recipient> {
    let given = given.email_address.as_ref()?;
    let mut cleaner = Cleaner::default();
    let name = cleaner.line(given.name.as_deref(), NAME_MAX);
    let address = given.address.as_deref().unwrap_or_default();
    match Email::parse(address) {
        Ok(address) => {
            let name = Some(name).filter(|name| !name.is_empty() && name != address.as_str());
            Some(Recipient { name, ..Recipient::at(address, role) })
        }
        Err(_) if address.is_empty() && name.is_empty() => None,
        Err(_) => {
            let address = cleaner.line(Some(address), ADDRESS_MAX);
            let words = format!("{name} {address}");
            Some(Recipient::everybody(words.trim(), role, Standing::Unknown))
        }
    }
}

/// Several of them.
pub(crate) fn people<'a>(
    given: impl IntoIterator<Item = &'a wire::Recipient>,
    role: Role,
) -> impl Iterator<Item = Recipient> {
    given.into_iter().filter_map(move |one| person(one, role))
}

/// Somebody for people to read.
pub(crate) fn words(one: &Recipient) -> String {
    match (&one.name, &one.address) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (None, Some(address)) => address.to_string(),
        (name, None) => name.clone().unwrap_or_default(),
    }
}

/// Whoever uses the other mailbox: what happens there reaches them.
pub(crate) fn users_of(mailbox: Option<&Email>) -> Vec<Recipient> {
    mailbox.map(|mailbox| Recipient::at(mailbox.clone(), Role::Member)).into_iter().collect()
}

/// Adds somebody who is not among them yet; the first way in which somebody is reached counts.
pub(crate) fn add(recipients: &mut Vec<Recipient>, one: Recipient) {
    let same = |other: &Recipient| match (&one.address, &other.address) {
        (Some(one), Some(other)) => one == other,
        (None, None) => one.name == other.name,
        _ => false,
    };
    if !recipients.iter().any(same) {
        recipients.push(one);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::EmailAddress;

    fn given(name: &str, address: &str) -> wire::Recipient {
        let email_address = EmailAddress { name: Some(name.to_owned()), address: Some(address.to_owned()) };
        wire::Recipient { email_address: Some(email_address) }
    }

    #[test]
    fn nobody_who_is_named_is_missing_whatever_the_address_looks_like() {
        let megan = person(&given("Megan\u{202e}", "Megan@X.example"), Role::Cc).unwrap();
        assert_eq!(megan.address.as_ref().map(Email::as_str), Some("megan@x.example"));
        assert_eq!(
            (megan.name.as_deref(), megan.role, megan.said),
            (Some("Megan"), Role::Cc, Standing::Unknown)
        );
        let old = person(&given("Old", "/O=EXCHANGELABS/CN=OLD"), Role::To).unwrap();
        assert_eq!((old.address, old.name.as_deref()), (None, Some("Old /O=EXCHANGELABS/CN=OLD")));
        assert_eq!(person(&given("", ""), Role::To), None);
        assert_eq!(person(&wire::Recipient::default(), Role::To), None);
    }

    #[test]
    fn somebody_reached_twice_is_there_once() {
        let mut all = Vec::new();
        for (name, address, role) in
            [("a", "a@x.example", Role::To), ("A", "A@x.example", Role::Cc), ("b", "b@x.example", Role::Cc)]
        {
            add(&mut all, person(&given(name, address), role).unwrap());
        }
        assert_eq!(all.iter().map(|one| one.role).collect::<Vec<_>>(), [Role::To, Role::Cc]);
    }

    #[test]
    fn a_digest_is_that_of_the_bytes() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_ne!(file("a", b"x"), file("a", b"y"));
    }

    #[test]
    fn a_long_text_is_cut_and_still_told_apart() {
        let long = "ü".repeat(TEXT_MAX_BYTES);
        let (one, other) = (bounded(long.clone() + "a"), bounded(long + "b"));
        assert_ne!(one, other);
        assert!(one.len() < TEXT_MAX_BYTES + 200);
        assert_eq!(bounded("short".to_owned()), "short");
    }

    #[test]
    fn what_stays_is_no_change() {
        assert_eq!(changed("Subject", "a", Some("a".to_owned())).was, None);
        assert_eq!(changed("Subject", "a", Some("b".to_owned())).was.as_deref(), Some("b"));
    }
}
