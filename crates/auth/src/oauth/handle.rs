//! The form of our tokens: `m365a_` (access), `m365c_` (code), `m365r_` (refresh), then a sealed handle, a dot and
//! a random secret.
//!
//! The handle says which cell and grant the token belongs to, so that the front can route it without a look-up and a
//! forged name never reaches a cell. It proves nothing: the cell compares a hash of the whole token. Handles are
//! sealed with fresh randomness each, so two clients cannot tell that their tokens belong to one person.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use m365_ports::{Entropy, EntropyExt as _};
use m365_seal::{AssociatedData, Keys, Purpose, Sealer};
use m365_types::{CellId, GrantId, Secret, UnixMillis};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const MAX_TOKEN_BYTES: usize = 1024;
const SECRET_CHARS: usize = 43;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// Opens the MCP endpoint.
    Access,
    /// Authorization code.
    Code,
    /// Renews access.
    Refresh,
}

impl TokenKind {
    const ALL: [Self; 3] = [Self::Access, Self::Code, Self::Refresh];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Access => "m365a_",
            Self::Code => "m365c_",
            Self::Refresh => "m365r_",
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Code => "code",
            Self::Refresh => "refresh",
        }
    }
}

/// What a token says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handle {
    /// The person's cell.
    #[serde(rename = "c")]
    pub cell: CellId,
    /// The grant.
    #[serde(rename = "g")]
    pub grant: GrantId,
    /// What it is for.
    #[serde(rename = "k")]
    pub kind: TokenKind,
    /// The resource it is for.
    #[serde(rename = "a")]
    pub audience: String,
    /// When it ends.
    #[serde(rename = "e")]
    pub expires: UnixMillis,
}

/// SHA-256 of a whole token: all that a store keeps of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Of a token as presented.
    #[must_use]
    pub fn of(token: &Secret<String>) -> Self {
        Self(Sha256::digest(token.expose().as_bytes()).into())
    }

    pub(super) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Why a text is not one of our tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandleError {
    /// Of another form, or its handle does not open.
    #[error("the text is not a token of this server")]
    Foreign,
}

/// Makes tokens and reads their handles.
#[derive(Clone, Debug)]
pub struct Handles(Sealer);

impl Handles {
    /// Under the handle key.
    #[must_use]
    pub fn new(keys: &Keys) -> Self {
        Self(keys.sealer(Purpose::TokenHandle))
    }

    /// A new token with this handle.
    pub(super) fn mint(&self, entropy: &dyn Entropy, handle: &Handle) -> Secret<String> {
        let sealed = self.0.seal_json(entropy.bytes(), &place(handle.kind), handle);
        let secret = Secret::new(entropy.bytes::<32>());
        let (handle_text, secret) =
            (URL_SAFE_NO_PAD.encode(sealed), Secret::new(URL_SAFE_NO_PAD.encode(secret.expose())));
        Secret::new(format!("{}{handle_text}.{}", handle.kind.prefix(), secret.expose()))
    }

    /// Reads the handle of a token of any kind. Says nothing about whether the token is good.
    ///
    /// # Errors
    /// [`HandleError`]
    pub fn open(&self, token: &Secret<String>) -> Result<Handle, HandleError> {
        let token = token.expose();
        if token.len() > MAX_TOKEN_BYTES {
            return Err(HandleError::Foreign);
        }
        let (kind, rest) = TokenKind::ALL
            .into_iter()
            .find_map(|kind| Some((kind, token.strip_prefix(kind.prefix())?)))
            .ok_or(HandleError::Foreign)?;
        let (sealed, secret) = rest.split_once('.').ok_or(HandleError::Foreign)?;
        let secret_fits = secret.len() == SECRET_CHARS
            && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !secret_fits {
            return Err(HandleError::Foreign);
        }
        let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| HandleError::Foreign)?;
        let handle: Handle = self.0.open_json(&place(kind), &sealed).map_err(|_| HandleError::Foreign)?;
        if handle.kind == kind { Ok(handle) } else { Err(HandleError::Foreign) }
    }
}

fn place(kind: TokenKind) -> AssociatedData {
    AssociatedData::of(&["token-handle", kind.as_str()])
}

#[cfg(test)]
mod tests {
    use m365_seal::{CellKind, cell_id};
    use m365_types::AccessSubject;
    use proptest::prelude::*;

    use super::*;
    use crate::testing::Fixture;

    fn handle(kind: TokenKind, seed: u8, expires: u64) -> Handle {
        Handle {
            cell: cell_id("https://team.example", CellKind::User, &AccessSubject::parse("alex").unwrap()),
            grant: GrantId::from_random([seed; 16]),
            kind,
            audience: "https://mcp.contoso.example/mcp".into(),
            expires: UnixMillis::from_millis(expires),
        }
    }

    #[test]
    fn the_prefix_tells_the_kind_and_cannot_be_exchanged() {
        let fixture = Fixture::new();
        let handles = Handles::new(&fixture.keys);
        let token = handles.mint(&*fixture.entropy(), &handle(TokenKind::Refresh, 1, 5));
        assert!(token.expose().starts_with("m365r_"));
        let renamed = Secret::new(token.expose().replacen("m365r_", "m365a_", 1));
        assert_eq!(handles.open(&renamed), Err(HandleError::Foreign));
    }

    #[test]
    fn two_tokens_of_one_grant_share_no_text() {
        let fixture = Fixture::new();
        let handles = Handles::new(&fixture.keys);
        let mint = || handles.mint(&*fixture.entropy(), &handle(TokenKind::Access, 1, 5)).expose().clone();
        // Behind the prefix come version and key id, the same for all tokens of a deployment, then randomness.
        assert_ne!(mint()[13..], mint()[13..]);
        assert_ne!(mint()[13..29], mint()[13..29]);
    }

    #[test]
    fn foreign_texts_are_no_tokens() {
        let handles = Handles::new(&Fixture::new().keys);
        for text in ["", "m365a_", "m365a_.", "Bearer x", "eyJhbGciOiJub25lIn0.e30.", &"m365a_".repeat(400)] {
            assert_eq!(handles.open(&Secret::new(text.to_owned())), Err(HandleError::Foreign));
        }
    }

    proptest! {
        #[test]
        fn a_handle_survives_its_token_and_no_altered_token_opens(
            kind in 0..3_usize, seed: u8, expires in 0..(1_u64 << 53), at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]",
        ) {
            let fixture = Fixture::new();
            let handles = Handles::new(&fixture.keys);
            let original = handle(TokenKind::ALL[kind], seed, expires);
            let token = handles.mint(&*fixture.entropy(), &original);
            prop_assert_eq!(handles.open(&token), Ok(original.clone()));
            let dot = token.expose().find('.').unwrap();
            let at = at.index(dot);
            let mut altered = token.expose().clone();
            altered.replace_range(at..=at, &to);
            if altered != *token.expose() {
                prop_assert_eq!(handles.open(&Secret::new(altered)), Err(HandleError::Foreign));
            }
        }
    }
}
