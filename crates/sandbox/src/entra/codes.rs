//! Authorization codes: ten minutes, single use, bound to redirect and challenge.
//!
//! Source: RFC 6749 section 4.1.2, RFC 7636. Invariant: of any number of simultaneous redemptions exactly one gets
//! the grant; a code stays known as used until its time is over.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Continuous;
use crate::entropy;

/// How long a code lives, in milliseconds.
pub(super) const CODE_MS: u64 = 600_000;
const MOST_KEPT: usize = 10_000;

/// What a code stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CodeGrant {
    /// E-mail address of the account that signed in.
    pub(super) email: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) nonce: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) continuous: Continuous,
    /// End of validity, milliseconds since the Unix epoch.
    pub(super) expires_ms: u64,
}

/// What came of presenting a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Redemption {
    /// Its time was over.
    Expired,
    /// Now used; here is what it stands for.
    Granted(CodeGrant),
    /// It was used before.
    Replayed,
    /// No such code.
    Unknown,
}

#[derive(Default)]
pub(super) struct Codes {
    kept: Mutex<BTreeMap<String, Kept>>,
}

struct Kept {
    grant: CodeGrant,
    used: bool,
}

impl Codes {
    /// A new code for a grant.
    pub(super) fn issue(&self, grant: CodeGrant, now_ms: u64) -> String {
        let code = format!("1.AXEA{}", entropy::secret());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // A used or expired code is remembered for as long again, so that a late replay is told apart.
        kept.retain(|_, kept| kept.grant.expires_ms.saturating_add(CODE_MS) > now_ms);
        if kept.len() >= MOST_KEPT {
            kept.pop_first();
        }
        kept.insert(code.clone(), Kept { grant, used: false });
        code
    }

    /// The account a code belongs to, whatever its state.
    pub(super) fn account(&self, code: &str) -> Option<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(code).map(|kept| kept.grant.email.clone())
    }

    /// Presents a code; it is used afterwards.
    pub(super) fn redeem(&self, code: &str, now_ms: u64) -> Redemption {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.get_mut(code) {
            None => Redemption::Unknown,
            Some(kept) if kept.used => Redemption::Replayed,
            Some(kept) if kept.grant.expires_ms <= now_ms => Redemption::Expired,
            Some(kept) => {
                kept.used = true;
                Redemption::Granted(kept.grant.clone())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> CodeGrant {
        CodeGrant {
            email: "alex@contoso.example".to_owned(),
            redirect_uri: "http://127.0.0.1/callback".to_owned(),
            challenge: "c".to_owned(),
            nonce: None,
            scopes: Vec::new(),
            continuous: Continuous::default(),
            expires_ms: 1000,
        }
    }

    #[test]
    fn a_code_is_redeemed_once() {
        let codes = Codes::default();
        let code = codes.issue(grant(), 0);
        assert_eq!(codes.redeem(&code, 999), Redemption::Granted(grant()));
        assert_eq!(codes.redeem(&code, 999), Redemption::Replayed);
        assert_eq!(codes.redeem("other", 0), Redemption::Unknown);
        assert_eq!(codes.account(&code).as_deref(), Some("alex@contoso.example"));
    }

    #[test]
    fn a_code_ends_with_its_time() {
        let codes = Codes::default();
        let code = codes.issue(grant(), 0);
        assert_eq!(codes.redeem(&code, 1000), Redemption::Expired);
    }
}
