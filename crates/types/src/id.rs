//! Typed identifiers: one cannot be passed where another is meant.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is not an identifier of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Empty, too long, or with characters the kind does not have.
    #[error("the identifier is malformed")]
    Malformed,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            #[doc = concat!("Accepts 1 to ", stringify!($max), " bytes of printable ASCII without spaces.")]
            ///
            /// # Errors
            /// [`IdError::Malformed`] otherwise.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let fits = (1..=$max).contains(&text.len());
                if fits && text.bytes().all(|b| b.is_ascii_graphic()) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(IdError::Malformed)
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

text_id! {
    /// Subject of a Cloudflare Access identity (`sub` of the assertion), or a service token's client id.
    AccessSubject, 255
}
text_id! {
    /// OAuth client identifier (RFC 6749 section 2.2), or the URL of a client metadata document.
    ClientId, 512
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID.
            #[must_use]
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Makes a version 4 UUID (RFC 9562 section 5.4) of sixteen random bytes.
            #[must_use]
            pub const fn from_random(bytes: [u8; 16]) -> Self {
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
            }

            /// Parses the hyphenated form.
            ///
            /// # Errors
            /// [`IdError::Malformed`] for anything else.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                if text.len() == 36 { Uuid::try_parse(text).map(Self).map_err(|_| IdError::Malformed) } else { Err(IdError::Malformed) }
            }

            /// The UUID.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    };
}

uuid_id! {
    /// One MCP call: journal, gateway metadata and logs carry the same value as `requestId`.
    RequestId
}
uuid_id! {
    /// One question to a person whether a call may have its effect.
    ApprovalId
}
uuid_id! {
    /// One grant: a person's consent for one client.
    GrantId
}
uuid_id! {
    /// Microsoft Entra object id of a user (`oid`).
    Oid
}
uuid_id! {
    /// Microsoft Entra tenant id (`tid`).
    TenantId
}
uuid_id! {
    /// One event of a webhook, the same in every attempt to deliver it (Standard Webhooks, `webhook-id`).
    WebhookId
}

/// An e-mail address or user principal name, lower-cased, for comparison and display. Never an authorization key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// Accepts `local@domain` of at most 254 bytes without spaces or control characters.
    ///
    /// # Errors
    /// [`IdError::Malformed`] otherwise.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(IdError::Malformed)?;
        let plain =
            |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | ',' | ';' | '"');
        let domain_ok = domain
            .split('.')
            .all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-'));
        if local.is_empty()
            || text.len() > 254
            || !text.chars().all(plain)
            || local.contains('@')
            || !domain_ok
        {
            return Err(IdError::Malformed);
        }
        Ok(Self(text.to_lowercase()))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part behind the last `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Email {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

/// Name of a person's cell: base32 (RFC 4648 section 6, lower case, no padding) of 20 bytes. Grants nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CellId(String);

impl CellId {
    const ALPHABET: &'static [u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

    /// Names the cell for 20 bytes of a digest.
    #[must_use]
    pub fn from_digest(digest: [u8; 20]) -> Self {
        let mut text = String::with_capacity(32);
        for group in digest.chunks(5) {
            let bits = group.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
            for shift in (0..8).rev() {
                let symbol = usize::try_from((bits >> (shift * 5)) & 31).unwrap_or(0);
                text.push(char::from(Self::ALPHABET.get(symbol).copied().unwrap_or(b'a')));
            }
        }
        Self(text)
    }

    /// Parses the 32 symbols.
    ///
    /// # Errors
    /// [`IdError::Malformed`] for anything else, so a cell id is always safe as a file name.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if text.len() == 32 && text.bytes().all(|b| Self::ALPHABET.contains(&b)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError::Malformed)
        }
    }

    /// The 32 symbols.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for CellId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<CellId> for String {
    fn from(id: CellId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_matches_rfc_4648_vector() {
        // "foobarfoobarfoobarfo" is 20 bytes; RFC 4648 section 10 gives MZXW6YTB for "fooba".
        let id = CellId::from_digest(*b"foobarfoobarfoobarfo");
        assert!(id.as_str().starts_with("mzxw6ytb"));
        assert_eq!(CellId::parse(id.as_str()), Ok(id));
    }

    #[test]
    fn a_cell_id_is_never_a_path() {
        for text in ["", "..", "../../../../../../etc/passwd00000", "MZXW6YTBMZXW6YTBMZXW6YTBMZXW6YTB"] {
            assert_eq!(CellId::parse(text), Err(IdError::Malformed), "{text}");
        }
    }

    #[test]
    fn emails_are_lower_cased_and_bounded() {
        assert_eq!(Email::parse("Alex@Contoso.Example").map(String::from), Ok("alex@contoso.example".into()));
        for text in [
            "",
            "alex",
            "@x.example",
            "a@",
            "a b@x.example",
            "a@x..example",
            "a@b@x.example",
            "a<b>@x.example",
            "a@x.example\n,b@y",
        ] {
            assert_eq!(Email::parse(text), Err(IdError::Malformed), "{text}");
        }
    }
}
