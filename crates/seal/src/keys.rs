//! The three configured keys and what each is for.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use m365_types::Secret;
use sha2::Sha256;

use crate::Sealer;

/// Why a text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 32 bytes in base64.
    #[error("the key is not 32 random bytes in base64; make a fresh one with `m365-mcp keygen`")]
    Malformed,
    /// All bytes are the same: a placeholder, not a key.
    #[error("the key is a placeholder; make a fresh one with `m365-mcp keygen`")]
    Placeholder,
}

/// 256 bits of key material as configured.
#[derive(Clone, Debug)]
pub struct Key(Secret<[u8; 32]>);

impl Key {
    /// From random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    /// Reads base64 (RFC 4648 section 4 or 5) of 32 bytes; surrounding white space is ignored.
    ///
    /// # Errors
    /// [`KeyError`]
    pub fn parse(text: &Secret<String>) -> Result<Self, KeyError> {
        let text = text.expose().trim().trim_end_matches('=');
        let url_safe: Secret<String> = Secret::new(text.replace('+', "-").replace('/', "_"));
        let bytes = Secret::new(URL_SAFE_NO_PAD.decode(url_safe.expose()).map_err(|_| KeyError::Malformed)?);
        let bytes: [u8; 32] = bytes.expose().as_slice().try_into().map_err(|_| KeyError::Malformed)?;
        if bytes.iter().all(|byte| Some(byte) == bytes.first()) {
            return Err(KeyError::Placeholder);
        }
        Ok(Self::from_bytes(bytes))
    }

    /// The text form that [`Key::parse`] reads, for a key file.
    #[must_use]
    pub fn encode(&self) -> Secret<String> {
        Secret::new(STANDARD.encode(self.0.expose()))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        self.0.expose()
    }

    fn subkey(&self, purpose: Purpose) -> Secret<[u8; 32]> {
        let mut okm = [0; 32];
        let expanded = Hkdf::<Sha256>::new(Some(b"m365-mcp/1"), self.0.expose())
            .expand(purpose.label().as_bytes(), &mut okm);
        debug_assert!(expanded.is_ok(), "32 bytes are within HKDF's limit");
        Secret::new(okm)
    }
}

/// A key and the one it replaced, which still opens what it sealed.
#[derive(Clone, Debug)]
pub struct KeyRing {
    /// Seals and opens.
    pub current: Key,
    /// Opens only.
    pub previous: Option<Key>,
}

/// The configured keys.
#[derive(Clone, Debug)]
pub struct Keys {
    /// `ENCRYPTION_KEY`
    pub encryption: KeyRing,
    /// `COOKIE_ENCRYPTION_KEY`
    pub cookie_encryption: KeyRing,
    /// `COOKIE_SECRET`
    pub cookie: KeyRing,
}

/// Which configured key a purpose derives from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Master {
    /// `ENCRYPTION_KEY`
    Encryption,
    /// `COOKIE_ENCRYPTION_KEY`
    CookieEncryption,
    /// `COOKIE_SECRET`
    Cookie,
}

macro_rules! purposes {
    ($($variant:ident $master:ident $label:literal $meaning:literal,)*) => {
        /// What a subkey is for; each has its own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Purpose {
            $(#[doc = $meaning] $variant,)*
        }

        impl Purpose {
            /// Every purpose.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The key it derives from.
            #[must_use]
            pub const fn master(self) -> Master {
                match self { $(Self::$variant => Master::$master,)* }
            }

            /// The HKDF `info`.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }
    };
}

purposes! {
    Approval Encryption "approval" "Effects that wait for a person's approval, and the links to them.",
    BrowserState CookieEncryption "browser-state" "Authorization and sign-in transactions carried by the browser.",
    Carried Encryption "carried" "What MCP clients carry from one request to the next: cursors, session ids, request states.",
    CellContext Cookie "cell-context" "The context the front hands to a cell.",
    Column Encryption "column" "Columns at rest: Microsoft tokens.",
    CookieMac Cookie "cookie-mac" "The browser-binding cookie.",
    Csrf Cookie "csrf" "The token in a form.",
    Echo Cookie "echo" "The stamp on results that the gateway brings back for inspection.",
    JournalDigest Encryption "journal-digest" "Keyed digests of arguments and recipients.",
    TokenHandle Encryption "token-handle" "The handle inside our own OAuth tokens.",
}

impl Keys {
    fn ring(&self, master: Master) -> &KeyRing {
        match master {
            Master::Encryption => &self.encryption,
            Master::CookieEncryption => &self.cookie_encryption,
            Master::Cookie => &self.cookie,
        }
    }

    /// The sealer of a purpose.
    #[must_use]
    pub fn sealer(&self, purpose: Purpose) -> Sealer {
        let ring = self.ring(purpose.master());
        Sealer::new(
            &ring.current.subkey(purpose),
            ring.previous.as_ref().map(|key| key.subkey(purpose)).as_ref(),
        )
    }

    /// The authenticator of a purpose.
    #[must_use]
    pub fn mac(&self, purpose: Purpose) -> Mac {
        let ring = self.ring(purpose.master());
        Mac {
            current: ring.current.subkey(purpose),
            previous: ring.previous.as_ref().map(|key| key.subkey(purpose)),
        }
    }
}

/// HMAC-SHA-256 under the subkey of one purpose.
#[derive(Clone, Debug)]
pub struct Mac {
    current: Secret<[u8; 32]>,
    previous: Option<Secret<[u8; 32]>>,
}

impl Mac {
    /// The tag of a message under the current key.
    #[must_use]
    pub fn tag(&self, message: &[u8]) -> [u8; 32] {
        tag(self.current.expose(), message)
    }

    /// Whether the tag is the message's, under the current or the previous key. Constant time.
    #[must_use]
    pub fn verify(&self, message: &[u8], given: &[u8]) -> bool {
        let fits = |key: &Secret<[u8; 32]>| Secret::new(tag(key.expose(), message)).matches(given);
        fits(&self.current) || self.previous.as_ref().is_some_and(fits)
    }
}

/// HMAC-SHA-256 of a message under a key of at most one block, 64 bytes.
pub(crate) fn tag(key: &[u8], message: &[u8]) -> [u8; 32] {
    debug_assert!(key.len() <= 64, "a longer key would be cut");
    // RFC 2104 section 2: a key shorter than the block is padded with zeros; doing it here cannot fail.
    let mut block = Secret::new([0; 64]);
    block.expose_mut().iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mut mac = Hmac::<Sha256>::new(block.expose().into());
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(seed: u8) -> Keys {
        let ring = |offset: u8| {
            let mut bytes = [seed; 32];
            bytes[0] = offset;
            KeyRing { current: Key::from_bytes(bytes), previous: None }
        };
        Keys { encryption: ring(1), cookie_encryption: ring(2), cookie: ring(3) }
    }

    #[test]
    fn a_key_round_trips_through_its_text_and_placeholders_are_refused() {
        let key = Key::from_bytes(std::array::from_fn(|i| u8::try_from(i * 7 % 251).unwrap()));
        assert!(Key::parse(&key.encode()).unwrap().0.matches(key.0.expose()));
        for (text, error) in [
            (STANDARD.encode([0; 32]), KeyError::Placeholder),
            (STANDARD.encode([7; 16]), KeyError::Malformed),
            ("not base64!".into(), KeyError::Malformed),
            (String::new(), KeyError::Malformed),
        ] {
            assert_eq!(Key::parse(&Secret::new(text)).unwrap_err(), error);
        }
    }

    #[test]
    fn every_configured_key_serves_a_purpose_and_no_two_purposes_share_a_subkey() {
        for master in [Master::Encryption, Master::CookieEncryption, Master::Cookie] {
            assert!(Purpose::ALL.iter().any(|purpose| purpose.master() == master), "{master:?} is unused");
        }
        let mut tags: Vec<_> = Purpose::ALL.iter().map(|purpose| keys(9).mac(*purpose).tag(b"x")).collect();
        tags.sort_unstable();
        tags.dedup();
        assert_eq!(tags.len(), Purpose::ALL.len());
    }

    #[test]
    fn a_tag_verifies_under_the_previous_key_and_under_no_other() {
        let old = keys(1);
        let mut new = keys(2);
        let tag = old.mac(Purpose::Csrf).tag(b"message");
        assert!(!new.mac(Purpose::Csrf).verify(b"message", &tag));
        new.cookie.previous = Some(old.cookie.current.clone());
        assert!(new.mac(Purpose::Csrf).verify(b"message", &tag));
        assert!(!new.mac(Purpose::Csrf).verify(b"Message", &tag));
        assert!(!new.mac(Purpose::CookieMac).verify(b"message", &tag));
    }
}
