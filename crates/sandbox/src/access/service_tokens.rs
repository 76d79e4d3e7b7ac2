//! Service tokens: how a program passes Access.
//!
//! Source: Cloudflare's documentation of service tokens (`CF-Access-Client-Id`, `CF-Access-Client-Secret`; new secrets
//! begin with `cfast_`). Out of scope: their expiry, and policies that name single tokens: every one may pass.

use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use crate::entropy;

/// An Access service token.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceToken {
    /// `CF-Access-Client-Id`.
    pub client_id: String,
    /// `CF-Access-Client-Secret`.
    pub client_secret: String,
}

/// Every service token of the team.
pub struct ServiceTokens {
    known: RwLock<Vec<ServiceToken>>,
}

impl ServiceTokens {
    /// Those there are at the start.
    #[must_use]
    pub const fn new(known: Vec<ServiceToken>) -> Self {
        Self { known: RwLock::new(known) }
    }

    /// Makes one.
    #[must_use]
    pub fn create(&self) -> ServiceToken {
        let token = ServiceToken {
            client_id: format!("{}.access", entropy::uuid().simple()),
            client_secret: format!("cfast_{}", entropy::secret()),
        };
        self.known.write().unwrap_or_else(PoisonError::into_inner).push(token.clone());
        token
    }

    /// The one with this client id.
    #[must_use]
    pub fn find(&self, client_id: &str) -> Option<ServiceToken> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|token| token.client_id == client_id).cloned()
    }

    /// All of them, the first made first.
    #[must_use]
    pub fn all(&self) -> Vec<ServiceToken> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
