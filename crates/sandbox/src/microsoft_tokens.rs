//! Microsoft access and refresh tokens: opaque to clients, self-contained for the estate.
//!
//! A token is its claims and an HMAC-SHA-256 (RFC 2104) over them under a secret of the estate, so it survives a
//! restart with the same state folder and needs no table. Each token carries the session epoch of its account;
//! revoking the sessions of an account raises its epoch and so ends every token issued before. Invariant: claims
//! are read only after the HMAC matched.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::entra::Continuous;
use crate::entropy;

const ACCESS: &str = "EwB4A8l6";
const REFRESH: &str = "1.AXEA";

/// What a Microsoft access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Entra object id of the account.
    pub oid: String,
    /// Its e-mail address.
    pub email: String,
    /// Delegated Graph scopes, such as `Mail.Read`.
    pub scopes: Vec<String>,
    /// What the client asked of it.
    #[serde(default)]
    pub continuous: Continuous,
    /// End of validity, milliseconds since the Unix epoch.
    pub expires_ms: u64,
}

/// What a Microsoft refresh token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshClaims {
    /// Entra object id of the account.
    pub oid: String,
    /// Its e-mail address.
    pub email: String,
    /// Scopes of the grant, OpenID Connect scopes included.
    pub scopes: Vec<String>,
    /// End of validity when not used, milliseconds since the Unix epoch.
    pub expires_ms: u64,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Its time is over.
    #[error("The token has expired.")]
    Expired,
    /// It was not issued here, or not as this kind of token.
    #[error("The token was not issued by this estate.")]
    Invalid,
    /// The sessions of its account were revoked after it was issued.
    #[error("The token was revoked.")]
    Revoked,
}

#[derive(Serialize, Deserialize)]
struct Body<Claims> {
    claims: Claims,
    epoch: u64,
    /// Makes two tokens with the same claims different.
    unique: String,
}

/// Issues and opens Microsoft tokens.
pub struct MicrosoftTokens {
    keyed: Hmac<Sha256>,
    epochs: Mutex<BTreeMap<String, u64>>,
}

impl MicrosoftTokens {
    /// Tokens under `secret`; `epochs` are the session epochs by `oid`, as saved.
    #[must_use]
    pub fn new(secret: &[u8; 32], epochs: BTreeMap<String, u64>) -> Self {
        // RFC 2104 section 2: a key shorter than the block is filled up with zeros.
        let mut block = [0_u8; 64];
        for (byte, secret) in block.iter_mut().zip(secret) {
            *byte = *secret;
        }
        Self { keyed: Hmac::<Sha256>::new(&block.into()), epochs: Mutex::new(epochs) }
    }

    /// A new access token.
    #[must_use]
    pub fn issue_access(&self, claims: AccessClaims) -> String {
        let epoch = self.epoch(&claims.oid);
        self.seal(ACCESS, &Body { claims, epoch, unique: entropy::uuid().to_string() })
    }

    /// The claims of an access token.
    ///
    /// # Errors
    /// [`TokenFault`].
    pub fn open_access(&self, token: &str, now_ms: u64) -> Result<AccessClaims, TokenFault> {
        let body: Body<AccessClaims> = self.open(ACCESS, token)?;
        self.check(&body.claims.oid, body.epoch, body.claims.expires_ms, now_ms)?;
        Ok(body.claims)
    }

    /// A new refresh token; those before it stay valid, as Entra does it.
    #[must_use]
    pub fn issue_refresh(&self, claims: RefreshClaims) -> String {
        let epoch = self.epoch(&claims.oid);
        self.seal(REFRESH, &Body { claims, epoch, unique: entropy::uuid().to_string() })
    }

    /// The claims of a refresh token.
    ///
    /// # Errors
    /// [`TokenFault`].
    pub fn open_refresh(&self, token: &str, now_ms: u64) -> Result<RefreshClaims, TokenFault> {
        let body: Body<RefreshClaims> = self.open(REFRESH, token)?;
        self.check(&body.claims.oid, body.epoch, body.claims.expires_ms, now_ms)?;
        Ok(body.claims)
    }

    /// The account of a refresh token that was issued here, even if it is expired or revoked.
    #[must_use]
    pub fn account_of_refresh(&self, token: &str) -> Option<String> {
        self.open::<RefreshClaims>(REFRESH, token).ok().map(|body| body.claims.email)
    }

    /// Ends every token of this account issued so far.
    pub fn revoke_sessions(&self, oid: &str) {
        let mut epochs = self.epochs.lock().unwrap_or_else(PoisonError::into_inner);
        *epochs.entry(oid.to_owned()).or_default() += 1;
    }

    /// The session epochs by `oid`, for the state file.
    #[must_use]
    pub fn epochs(&self) -> BTreeMap<String, u64> {
        self.epochs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn epoch(&self, oid: &str) -> u64 {
        let epochs = self.epochs.lock().unwrap_or_else(PoisonError::into_inner);
        epochs.get(oid).copied().unwrap_or_default()
    }

    fn check(&self, oid: &str, epoch: u64, expires_ms: u64, now_ms: u64) -> Result<(), TokenFault> {
        if epoch < self.epoch(oid) {
            return Err(TokenFault::Revoked);
        }
        if now_ms >= expires_ms { Err(TokenFault::Expired) } else { Ok(()) }
    }

    fn seal<Claims: Serialize>(&self, kind: &str, body: &Body<Claims>) -> String {
        // Claims are strings and numbers only, which always serialise; an empty body opens as invalid.
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(body).unwrap_or_default());
        let tag = URL_SAFE_NO_PAD.encode(self.mac(kind, &body).finalize().into_bytes());
        format!("{kind}{body}.{tag}")
    }

    fn open<Claims: DeserializeOwned>(&self, kind: &str, token: &str) -> Result<Body<Claims>, TokenFault> {
        let rest = token.strip_prefix(kind).ok_or(TokenFault::Invalid)?;
        let (body, tag) = rest.split_once('.').ok_or(TokenFault::Invalid)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| TokenFault::Invalid)?;
        self.mac(kind, body).verify_slice(&tag).map_err(|_| TokenFault::Invalid)?;
        let body = URL_SAFE_NO_PAD.decode(body).map_err(|_| TokenFault::Invalid)?;
        serde_json::from_slice(&body).map_err(|_| TokenFault::Invalid)
    }

    fn mac(&self, kind: &str, body: &str) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        mac.update(kind.as_bytes());
        mac.update(b"|");
        mac.update(body.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(expires_ms: u64) -> AccessClaims {
        AccessClaims {
            oid: "o".to_owned(),
            email: "alex@contoso.example".to_owned(),
            scopes: vec!["Mail.Read".to_owned()],
            continuous: Continuous::default(),
            expires_ms,
        }
    }

    fn tokens() -> MicrosoftTokens {
        MicrosoftTokens::new(&[7; 32], BTreeMap::new())
    }

    #[test]
    fn an_access_token_opens_until_its_last_millisecond() {
        let tokens = tokens();
        let token = tokens.issue_access(claims(1000));
        assert_eq!(tokens.open_access(&token, 999), Ok(claims(1000)));
        assert_eq!(tokens.open_access(&token, 1000), Err(TokenFault::Expired));
    }

    #[test]
    fn a_token_survives_a_restart_with_the_same_secret_only() {
        let token = tokens().issue_access(claims(1000));
        assert!(tokens().open_access(&token, 1).is_ok());
        let other = MicrosoftTokens::new(&[8; 32], BTreeMap::new());
        assert_eq!(other.open_access(&token, 1), Err(TokenFault::Invalid));
    }

    #[test]
    fn a_refresh_token_is_no_access_token_and_the_other_way_round() {
        let tokens = tokens();
        let access = tokens.issue_access(claims(1000));
        let AccessClaims { oid, email, scopes, expires_ms, .. } = claims(1000);
        let refresh = tokens.issue_refresh(RefreshClaims { oid, email, scopes, expires_ms });
        assert!(tokens.open_refresh(&refresh, 1).is_ok());
        assert_eq!(tokens.open_refresh(&access, 1), Err(TokenFault::Invalid));
        assert_eq!(tokens.open_access(&refresh, 1), Err(TokenFault::Invalid));
        let relabelled = refresh.replacen(REFRESH, ACCESS, 1);
        assert_eq!(tokens.open_access(&relabelled, 1), Err(TokenFault::Invalid));
        assert_eq!(tokens.account_of_refresh(&refresh).as_deref(), Some("alex@contoso.example"));
    }

    #[test]
    fn revoking_ends_earlier_tokens_of_that_account_and_no_later_ones() {
        let tokens = tokens();
        let before = tokens.issue_access(claims(1000));
        let of_other = tokens.issue_access(AccessClaims { oid: "p".to_owned(), ..claims(1000) });
        tokens.revoke_sessions("o");
        let after = tokens.issue_access(claims(1000));
        assert_eq!(tokens.open_access(&before, 1), Err(TokenFault::Revoked));
        assert!(tokens.open_access(&of_other, 1).is_ok());
        assert!(tokens.open_access(&after, 1).is_ok());
        let restarted = MicrosoftTokens::new(&[7; 32], tokens.epochs());
        assert_eq!(restarted.open_access(&before, 1), Err(TokenFault::Revoked));
    }

    #[test]
    fn a_token_with_any_character_changed_is_invalid() {
        let tokens = tokens();
        let token = tokens.issue_access(claims(1000));
        for index in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            let refused = tokens.open_access(&changed, 1);
            // The last character of a base64 text carries bits that decode to nothing and are refused too.
            assert_eq!(refused, Err(TokenFault::Invalid), "at {index}");
        }
    }
}
