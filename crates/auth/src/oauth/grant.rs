//! The life of a grant as a machine of values: what a presented code or refresh token leads to.
//!
//! Sources: RFC 6749 sections 4.1.2, 5.2 and 6, RFC 7636 section 4.6, RFC 9700 section 4.14 (rotation).
//!
//! In scope: the decision, from what is stored and what was presented. Out of scope: reading and writing it, which
//! `store` does around it in one transaction.
//!
//! ```text
//! Offered --redeem--> Live --refresh--> Live
//! Offered, Live --any Ending--> Ended
//! ```
//!
//! Invariants: a transition consumes the state it starts from; an ended grant has no transition; a token presented
//! by another client changes nothing; a code or refresh token that failed a check stays what it was.

use std::time::Duration;

use m365_ports::{SqlError, Verdict};
use m365_types::{AuditKind, ClientId, ScopeSet, UnixMillis};

use super::metadata::covers;
use super::pkce::Challenge;
use super::redirect::RedirectUri;
use super::token::{Redemption, RefreshRequest};

/// How long things live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// An authorization code.
    pub code: Duration,
    /// An access token, at most.
    pub access: Duration,
    /// A refresh token that is not used.
    pub refresh_idle: Duration,
    /// A grant, however often it is refreshed.
    pub refresh_absolute: Duration,
    /// `ACCESS_REAUTH`: how long an Access sign-in carries tokens.
    pub reauth: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        const HOUR: u64 = 60 * 60;
        Self {
            code: Duration::from_mins(1),
            access: Duration::from_secs(HOUR),
            refresh_idle: Duration::from_secs(30 * 24 * HOUR),
            refresh_absolute: Duration::from_secs(90 * 24 * HOUR),
            reauth: Duration::from_secs(12 * HOUR),
        }
    }
}

/// A token with less left than this is not worth giving out or taking in: it would end on its way.
pub(super) const LEAST_LEFT: Duration = Duration::from_mins(1);
/// How long a client whose answer was lost may present its previous refresh token again.
pub(super) const REPEAT_WINDOW: Duration = Duration::from_secs(10);

/// Why a grant gives no tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantRefusal {
    /// The code or token belongs to another client.
    #[error("The code or token was issued to another client.")]
    Client,
    /// Past its end, or too close to it.
    #[error("The code or token has expired. Authorize the application again.")]
    Expired,
    /// Not a code or token of this server, or no longer one.
    #[error("The code or token is not valid. Authorize the application again.")]
    Invalid,
    /// The Access sign-in behind it is too old.
    #[error(
        "The sign-in with Cloudflare Access is older than this server accepts. Sign out of Access, then authorize the application again."
    )]
    ReauthNeeded,
    /// Another redirect URI than in the authorization request.
    #[error("The redirect URI is not the one of the authorization request.")]
    RedirectUri,
    /// A code or refresh token that was used before; its grant has ended.
    #[error(
        "The code or token was used before. For safety all tokens of this grant have ended; authorize again."
    )]
    Reused,
    /// More scope than was granted, or none of it.
    #[error("The scope is not part of what was granted. Authorize the application again to ask for more.")]
    Scope,
    /// The sign-in or consent was completed before.
    #[error("This page was answered before. If the application does not go on, start again from there.")]
    Spent,
    /// The cell's database did not answer.
    #[error("The server could not store the change; nothing was granted. Try again in a minute.")]
    Store(#[from] SqlError),
    /// Another resource than was granted.
    #[error("The resource is not the one of the authorization request.")]
    Target,
    /// The verifier does not fit the challenge.
    #[error("The code verifier does not fit the code challenge.")]
    Verifier,
}

impl GrantRefusal {
    /// Code of the errors table.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Client => "grant_other_client",
            Self::Expired => "grant_expired",
            Self::Invalid => "grant_invalid",
            Self::ReauthNeeded => "grant_reauth_needed",
            Self::RedirectUri => "grant_redirect",
            Self::Reused => "grant_reused",
            Self::Scope => "grant_scope",
            Self::Spent => "transaction_spent",
            Self::Store(_) => "store_unavailable",
            Self::Target => "grant_target",
            Self::Verifier => "grant_verifier",
        }
    }

    /// Error word (RFC 6749 section 5.2, RFC 8707 section 2). `server_error` is a 503.
    #[must_use]
    pub const fn oauth_error(self) -> &'static str {
        match self {
            Self::Client
            | Self::Expired
            | Self::Invalid
            | Self::ReauthNeeded
            | Self::RedirectUri
            | Self::Reused
            | Self::Verifier => "invalid_grant",
            Self::Scope => "invalid_scope",
            Self::Spent => "invalid_request",
            Self::Store(_) => "server_error",
            Self::Target => "invalid_target",
        }
    }
}

/// What ends a grant. Ended grants have no tokens, and no way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The person allowed the same client again.
    AuthorizedAgain,
    /// The client revoked its refresh token or code (RFC 7009).
    ByClient,
    /// An operator ended it.
    ByOperator,
    /// The person ended it.
    ByPerson,
    /// A code or refresh token was used a second time.
    Reused,
}

impl Ending {
    /// The fixed word in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizedAgain => "authorized_again",
            Self::ByClient => "by_client",
            Self::ByOperator => "by_operator",
            Self::ByPerson => "by_person",
            Self::Reused => GrantRefusal::Reused.code(),
        }
    }

    /// Kind and verdict of its record.
    pub(super) const fn record(self) -> (AuditKind, Verdict) {
        match self {
            Self::AuthorizedAgain | Self::ByClient | Self::ByOperator | Self::ByPerson => {
                (AuditKind::GrantRevoked, Verdict::Done)
            }
            Self::Reused => (AuditKind::TokenReused, Verdict::Denied),
        }
    }
}

/// What a grant keeps through all its states.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) client: ClientId,
    pub(super) resource: String,
    pub(super) scopes: ScopeSet,
    pub(super) asserted_at: UnixMillis,
    pub(super) created: UnixMillis,
}

/// A grant.
#[derive(Debug)]
pub(super) enum Grant {
    /// Its code waits.
    Offered(Offered),
    /// Its tokens work.
    Live(Live),
}

/// A grant whose code waits.
#[derive(Debug)]
pub(super) struct Offered {
    pub(super) terms: Terms,
    pub(super) redirect_uri: RedirectUri,
    pub(super) challenge: Challenge,
    pub(super) code_expires: UnixMillis,
}

/// A grant whose code was redeemed.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) terms: Terms,
}

/// What a presented code leads to.
#[derive(Debug)]
pub(super) enum CodeStep {
    /// Tokens are issued.
    Redeem(Live),
    /// The code was redeemed before: the grant ends.
    Replay,
    /// Nothing changes.
    Refuse(GrantRefusal),
}

/// Where a refresh token stands in its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefreshState {
    /// The newest.
    Current {
        /// Its end.
        expires: UnixMillis,
    },
    /// Replaced.
    Superseded {
        /// When.
        at: UnixMillis,
        /// Whether its successor is still the newest.
        successor_is_current: bool,
    },
}

/// What a presented refresh token leads to.
#[derive(Debug)]
pub(super) enum RefreshStep {
    /// It is replaced, and access renewed for these scopes.
    Rotate(Live, ScopeSet),
    /// The answer given before is given again.
    Repeat,
    /// It was replaced before and its successor used, or the time to repeat is over: the grant ends.
    Reuse,
    /// Nothing changes.
    Refuse(GrantRefusal),
}

impl Grant {
    /// Decides about a presented code.
    pub(super) fn present_code(
        self,
        client: &ClientId,
        presented: &Redemption,
        now: UnixMillis,
        lives: &Lifetimes,
    ) -> CodeStep {
        match self {
            Self::Offered(offered) => match offered.redeem(client, presented, now, lives) {
                Ok(live) => CodeStep::Redeem(live),
                Err(refusal) => CodeStep::Refuse(refusal),
            },
            Self::Live(live) if live.terms.client != *client => CodeStep::Refuse(GrantRefusal::Client),
            Self::Live(_) => CodeStep::Replay,
        }
    }

    /// Decides about a presented refresh token.
    pub(super) fn present_refresh(
        self,
        state: RefreshState,
        client: &ClientId,
        presented: &RefreshRequest,
        now: UnixMillis,
        lives: &Lifetimes,
    ) -> RefreshStep {
        match self {
            Self::Offered(_) => RefreshStep::Refuse(GrantRefusal::Invalid),
            Self::Live(live) => live.refresh(state, client, presented, now, lives),
        }
    }
}

impl Offered {
    fn redeem(
        self,
        client: &ClientId,
        presented: &Redemption,
        now: UnixMillis,
        lives: &Lifetimes,
    ) -> Result<Live, GrantRefusal> {
        if self.terms.client != *client {
            return Err(GrantRefusal::Client);
        }
        if now >= self.code_expires {
            return Err(GrantRefusal::Expired);
        }
        if self.redirect_uri.as_str() != presented.redirect_uri {
            return Err(GrantRefusal::RedirectUri);
        }
        if !self.challenge.is_met_by(&presented.verifier) {
            return Err(GrantRefusal::Verifier);
        }
        if !self.terms.admits(presented.resource.as_deref()) {
            return Err(GrantRefusal::Target);
        }
        self.terms.check_sign_in(now, lives)?;
        Ok(Live { terms: self.terms })
    }
}

impl Live {
    fn refresh(
        self,
        state: RefreshState,
        client: &ClientId,
        presented: &RefreshRequest,
        now: UnixMillis,
        lives: &Lifetimes,
    ) -> RefreshStep {
        if self.terms.client != *client {
            return RefreshStep::Refuse(GrantRefusal::Client);
        }
        match state {
            RefreshState::Superseded { at, successor_is_current } => {
                let in_time = now.since(at) <= REPEAT_WINDOW;
                if successor_is_current && in_time { RefreshStep::Repeat } else { RefreshStep::Reuse }
            }
            RefreshState::Current { expires } => match self.renewed_scopes(expires, presented, now, lives) {
                Ok(scopes) => RefreshStep::Rotate(self, scopes),
                Err(refusal) => RefreshStep::Refuse(refusal),
            },
        }
    }

    fn renewed_scopes(
        &self,
        expires: UnixMillis,
        presented: &RefreshRequest,
        now: UnixMillis,
        lives: &Lifetimes,
    ) -> Result<ScopeSet, GrantRefusal> {
        self.terms.check_sign_in(now, lives)?;
        if expires.since(now) < LEAST_LEFT {
            return Err(GrantRefusal::Expired);
        }
        if !self.terms.admits(presented.resource.as_deref()) {
            return Err(GrantRefusal::Target);
        }
        let granted = &self.terms.scopes;
        match &presented.scopes {
            None => Ok(granted.clone()),
            Some(asked) if asked.known.is_empty() && !asked.has_unknown => Ok(granted.clone()),
            Some(asked) if !asked.has_unknown && granted.contains_all(&asked.known) => {
                Ok(asked.known.clone())
            }
            Some(_) => Err(GrantRefusal::Scope),
        }
    }

    /// When an access token issued now ends.
    pub(super) fn access_end(&self, now: UnixMillis, lives: &Lifetimes) -> UnixMillis {
        now.plus(lives.access).min(self.terms.end(lives))
    }

    /// When a refresh token issued now ends if it is not used.
    pub(super) fn refresh_end(&self, now: UnixMillis, lives: &Lifetimes) -> UnixMillis {
        now.plus(lives.refresh_idle).min(self.terms.end(lives))
    }
}

impl Terms {
    /// When no token of the grant works any more.
    pub(super) fn end(&self, lives: &Lifetimes) -> UnixMillis {
        end(self.created, self.asserted_at, lives)
    }

    /// Whether the request stays with the audience that was granted.
    fn admits(&self, resource: Option<&str>) -> bool {
        resource.is_none_or(|asked| covers(&self.resource, asked))
    }

    fn check_sign_in(&self, now: UnixMillis, lives: &Lifetimes) -> Result<(), GrantRefusal> {
        check_sign_in(self.asserted_at, now, lives)
    }
}

/// When no token of a grant of these times works any more.
pub(super) fn end(created: UnixMillis, asserted_at: UnixMillis, lives: &Lifetimes) -> UnixMillis {
    created.plus(lives.refresh_absolute).min(asserted_at.plus(lives.reauth))
}

/// Whether an Access sign-in of that time may still carry a new token.
pub(super) fn check_sign_in(
    asserted_at: UnixMillis,
    now: UnixMillis,
    lives: &Lifetimes,
) -> Result<(), GrantRefusal> {
    if asserted_at.plus(lives.reauth).since(now) < LEAST_LEFT {
        Err(GrantRefusal::ReauthNeeded)
    } else {
        Ok(())
    }
}
