//! Access tokens at the door.

use std::time::Duration;

use m365_ports::{Durability, SqlError, transact};
use m365_types::{ClientId, GrantId, Identity, ScopeSet, Secret, UnixMillis};

use super::{GrantStore, rows};
use crate::oauth::grant::Grant;
use crate::oauth::handle::{TokenHash, TokenKind};
use crate::oauth::metadata::covers;

/// How coarse the time of last use is.
const LAST_USED_STEP: Duration = Duration::from_mins(1);

/// Why an access token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// For another resource.
    #[error("The access token is for another resource. Authorize for this one.")]
    Audience,
    /// Past its end.
    #[error("The access token has expired. Refresh it.")]
    Expired,
    /// The cell's database did not answer.
    #[error("The server cannot look up the access token at the moment. Try again in a minute.")]
    Store(#[from] SqlError),
    /// Not an access token of this server, or its grant has ended.
    #[error("The access token is not valid. Authorize the application again.")]
    Unknown,
}

impl TokenRefusal {
    /// Code of the errors table.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Audience => "token_audience",
            Self::Expired => "token_expired",
            Self::Store(_) => "store_unavailable",
            Self::Unknown => "token_unknown",
        }
    }

    /// Error word (RFC 6750 section 3.1); `None` where the cause is ours and the answer a 503.
    #[must_use]
    pub const fn oauth_error(self) -> Option<&'static str> {
        match self {
            Self::Audience | Self::Expired | Self::Unknown => Some("invalid_token"),
            Self::Store(_) => None,
        }
    }
}

/// An access token that the cell knows, for this resource, not expired, of a live grant.
#[derive(Clone, Debug)]
pub struct LiveToken {
    grant: GrantId,
    client: ClientId,
    scopes: ScopeSet,
    identity: Identity,
    asserted_at: UnixMillis,
    expires: UnixMillis,
}

impl LiveToken {
    /// The grant.
    #[must_use]
    pub const fn grant(&self) -> GrantId {
        self.grant
    }

    /// The client it was issued to.
    #[must_use]
    pub const fn client(&self) -> &ClientId {
        &self.client
    }

    /// What it allows.
    #[must_use]
    pub const fn scopes(&self) -> &ScopeSet {
        &self.scopes
    }

    /// The person who granted it, as Access described them then.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// When Access last vouched for the person.
    #[must_use]
    pub const fn asserted_at(&self) -> UnixMillis {
        self.asserted_at
    }

    /// When it ends.
    #[must_use]
    pub const fn expires(&self) -> UnixMillis {
        self.expires
    }

    pub(crate) fn into_identity(self) -> (Identity, UnixMillis) {
        (self.identity, self.asserted_at)
    }
}

impl GrantStore {
    /// Checks an access token for a resource. Notes the use at most once a minute.
    ///
    /// # Errors
    /// [`TokenRefusal`]
    pub fn authenticate(&self, token: &Secret<String>, audience: &str) -> Result<LiveToken, TokenRefusal> {
        let handle = self.own_handle(token, TokenKind::Access).ok_or(TokenRefusal::Unknown)?;
        let now = self.now();
        transact(&*self.ports.database, Durability::Process, |sql| {
            let found = rows::find_token(sql, TokenHash::of(token), TokenKind::Access)?;
            let Some(rows::Found {
                grant: Grant::Live(live),
                grant_id,
                scopes,
                identity,
                expires,
                last_used,
                ..
            }) = found
            else {
                return Err(TokenRefusal::Unknown);
            };
            if grant_id != handle.grant {
                return Err(TokenRefusal::Unknown);
            }
            if handle.audience != live.terms.resource || !covers(&live.terms.resource, audience) {
                return Err(TokenRefusal::Audience);
            }
            // The end of the grant counts as well: a shortened ACCESS_REAUTH must reach tokens issued before.
            let expires = expires.min(live.terms.end(&self.lives));
            if now >= expires {
                return Err(TokenRefusal::Expired);
            }
            if last_used.is_none_or(|at| now.since(at) >= LAST_USED_STEP) {
                rows::note_use(sql, grant_id, now)?;
            }
            let asserted_at = live.terms.asserted_at;
            Ok(LiveToken {
                grant: grant_id,
                client: live.terms.client,
                scopes,
                identity,
                asserted_at,
                expires,
            })
        })
    }
}
