//! The gate: who a request comes from, and the only place where a principal is issued.
//!
//! Source: Cloudflare Access, "Validate JWTs" and "Application token"; RFC 7519 section 4.1 for the claims.
//!
//! In scope: the `Cf-Access-Jwt-Assertion` header, its claims, users told from services. Out of scope: which
//! route asks for which evidence. Unsigned identity headers and the Access cookie are never read.
//!
//! Steps of a verification, each refusing: exactly one header; form and algorithm; a published key; signature;
//! `iss` exact; `aud` contains ours; `exp`, `nbf`, `iat` with 60 s of leeway; `type` is `app`; a person or a
//! service, never both and never neither.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Uri};
use m365_ports::{Clock, Outbound};
use m365_types::{AccessSubject, Identity, Principal, UnixMillis};
use sha2::{Digest as _, Sha256};

use crate::claims::{TimeRule, Times};
use crate::context::Vouched;
use crate::jwt::{JwtError, UnverifiedToken};
use crate::key_cache::{KeyAges, KeyCache, KeyError};
use crate::oauth::store::LiveToken;

mod identity;

use identity::AssertionClaims;

/// The header Access puts its assertion in.
pub const ASSERTION_HEADER: &str = "cf-access-jwt-assertion";
const TIMES: TimeRule = TimeRule { leeway: Duration::from_mins(1) };
/// How long a verified assertion is believed without verifying its signature again.
const REMEMBER: Duration = Duration::from_mins(1);
const MAX_REMEMBERED: usize = 1024;

/// Where assertions come from and for whom they are.
#[derive(Clone, Debug)]
pub struct AccessSettings {
    /// `https://{team}.cloudflareaccess.com`, without a trailing slash: the exact `iss`.
    pub issuer: String,
    /// The application's AUD tag.
    pub audience: String,
    /// URL of the team's key set.
    pub keys_url: Uri,
}

/// Why a caller is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PerimeterRefusal {
    /// The assertion is for another application.
    #[error(
        "The Cloudflare Access assertion is for another application. Check ACCESS_AUD and how the request came here."
    )]
    Audience,
    /// Neither a person nor a service, or both, or an identity that cannot be read.
    #[error("The Cloudflare Access assertion does not name exactly one person or service. Sign in again.")]
    Claims,
    /// More than one assertion.
    #[error(
        "The request carries more than one Cloudflare Access assertion. Send it through Access, unaltered."
    )]
    Duplicate,
    /// Past `exp`.
    #[error("The Cloudflare Access sign-in has expired. Sign in again.")]
    Expired,
    /// Another team's assertion.
    #[error("The assertion was not issued by this organisation's Cloudflare Access. Sign in there.")]
    Issuer,
    /// The keys of Access are not known and cannot be fetched.
    #[error("Cloudflare Access cannot be asked for its keys at the moment. Try again in a minute.")]
    KeysUnavailable,
    /// Not a signed token of the right form.
    #[error("The Cloudflare Access assertion is malformed. Send the request through Access.")]
    Malformed,
    /// No assertion.
    #[error("The request did not come through Cloudflare Access. Use the public address of this server.")]
    Missing,
    /// Before `nbf` or `iat`.
    #[error("The Cloudflare Access assertion is not valid yet. Check the clock of this server.")]
    NotYetValid,
    /// The assertion beside a token names somebody else than the token's person.
    #[error("The Cloudflare Access sign-in and the token belong to different people. Sign in again.")]
    OtherPerson,
    /// The signature is not that of the key.
    #[error("The Cloudflare Access assertion does not verify. Sign in again.")]
    Signature,
    /// A key that Access does not publish.
    #[error("The Cloudflare Access assertion names a key that Access does not publish. Sign in again.")]
    UnknownKey,
}

impl PerimeterRefusal {
    /// Code of the errors table.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Audience => "assertion_audience",
            Self::Claims => "assertion_claims",
            Self::Duplicate => "assertion_duplicate",
            Self::Expired => "assertion_expired",
            Self::Issuer => "assertion_issuer",
            Self::KeysUnavailable => "access_keys_unavailable",
            Self::Malformed => "assertion_malformed",
            Self::Missing => "assertion_missing",
            Self::NotYetValid => "assertion_not_yet_valid",
            Self::OtherPerson => "assertion_other_person",
            Self::Signature => "assertion_signature",
            Self::UnknownKey => "assertion_unknown_key",
        }
    }

    /// Whether trying again later may help (503) rather than signing in again (403).
    #[must_use]
    pub const fn is_unavailable(self) -> bool {
        matches!(self, Self::KeysUnavailable)
    }
}

/// An identity that Access vouched for, verified here.
#[derive(Clone, Debug)]
pub struct VerifiedAssertion {
    identity: Identity,
    asserted_at: UnixMillis,
}

impl VerifiedAssertion {
    /// Who it is.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    #[cfg(test)]
    pub(crate) const fn for_test(identity: Identity, asserted_at: UnixMillis) -> Self {
        Self { identity, asserted_at }
    }

    /// When Access issued the assertion; never in the future.
    #[must_use]
    pub const fn asserted_at(&self) -> UnixMillis {
        self.asserted_at
    }
}

/// Verifies assertions of one Access application.
pub struct Perimeter {
    settings: AccessSettings,
    keys: KeyCache,
    clock: Arc<dyn Clock>,
    remembered: Mutex<HashMap<[u8; 32], Remembered>>,
}

struct Remembered {
    assertion: VerifiedAssertion,
    kid: String,
    times: Times,
    until: UnixMillis,
}

impl Perimeter {
    /// A perimeter that fetches keys through `outbound`.
    #[must_use]
    pub fn new(settings: AccessSettings, outbound: Arc<dyn Outbound>, clock: Arc<dyn Clock>) -> Self {
        let keys = KeyCache::new(settings.keys_url.clone(), KeyAges::ACCESS, outbound, Arc::clone(&clock));
        Self { settings, keys, clock, remembered: Mutex::default() }
    }

    /// Verifies the assertion of a request by the steps of this module's header.
    ///
    /// # Errors
    /// [`PerimeterRefusal`]
    pub async fn verify(&self, headers: &HeaderMap) -> Result<VerifiedAssertion, PerimeterRefusal> {
        self.verify_for(headers, &self.settings.audience).await
    }

    /// The same for another application of the team, by its AUD tag.
    ///
    /// # Errors
    /// [`PerimeterRefusal`]
    pub async fn verify_for(
        &self,
        headers: &HeaderMap,
        audience: &str,
    ) -> Result<VerifiedAssertion, PerimeterRefusal> {
        let mut given = headers.get_all(ASSERTION_HEADER).iter();
        let token = given.next().ok_or(PerimeterRefusal::Missing)?;
        if given.next().is_some() {
            return Err(PerimeterRefusal::Duplicate);
        }
        let token = token.to_str().map_err(|_| PerimeterRefusal::Malformed)?;
        // An assertion that was good for one application is not therefore good for another.
        let digest: [u8; 32] =
            Sha256::new().chain_update(audience).chain_update([0]).chain_update(token).finalize().into();
        if let Some(known) = self.recall(&digest) {
            return Ok(known);
        }
        let unverified = UnverifiedToken::parse(token)?;
        let kid = unverified.kid().to_owned();
        let key = self.keys.find(&kid).await?;
        let claims: AssertionClaims = unverified.verify(&key)?;
        let now = self.clock.now();
        let (assertion, times) = self.check(claims, audience, now)?;
        self.remember(
            digest,
            Remembered { assertion: assertion.clone(), kid, times, until: now.plus(REMEMBER) },
        );
        Ok(assertion)
    }

    fn check(
        &self,
        claims: AssertionClaims,
        audience: &str,
        now: UnixMillis,
    ) -> Result<(VerifiedAssertion, Times), PerimeterRefusal> {
        if claims.iss != self.settings.issuer {
            return Err(PerimeterRefusal::Issuer);
        }
        if !claims.aud.contains(audience) {
            return Err(PerimeterRefusal::Audience);
        }
        let times = claims.times();
        TIMES.check(&times, now)?;
        let asserted_at = times.issued_at().min(now);
        let identity = claims.into_identity().ok_or(PerimeterRefusal::Claims)?;
        Ok((VerifiedAssertion { identity, asserted_at }, times))
    }

    fn recall(&self, digest: &[u8; 32]) -> Option<VerifiedAssertion> {
        let now = self.clock.now();
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let known = remembered.get(digest)?;
        let good =
            now < known.until && TIMES.check(&known.times, now).is_ok() && self.keys.publishes(&known.kid);
        good.then(|| known.assertion.clone())
    }

    fn remember(&self, digest: [u8; 32], verified: Remembered) {
        let now = self.clock.now();
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MAX_REMEMBERED {
            remembered.retain(|_, known| now < known.until);
        }
        if remembered.len() < MAX_REMEMBERED {
            remembered.insert(digest, verified);
        }
    }
}

impl From<JwtError> for PerimeterRefusal {
    fn from(error: JwtError) -> Self {
        match error {
            JwtError::Malformed | JwtError::Header => Self::Malformed,
            JwtError::Signature => Self::Signature,
        }
    }
}

impl From<KeyError> for PerimeterRefusal {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Unknown => Self::UnknownKey,
            KeyError::Unavailable => Self::KeysUnavailable,
        }
    }
}

impl From<crate::claims::TimeError> for PerimeterRefusal {
    fn from(error: crate::claims::TimeError) -> Self {
        match error {
            crate::claims::TimeError::Expired => Self::Expired,
            crate::claims::TimeError::NotYetValid => Self::NotYetValid,
        }
    }
}

/// What an identity can be proven with. Each variant's content is made only by a verification of this crate.
#[derive(Debug)]
pub enum Evidence {
    /// An assertion verified in this request.
    Assertion(VerifiedAssertion),
    /// An identity that the front verified and sealed for this cell.
    Context(Vouched),
    /// A live access token of a grant that an assertion began.
    Grant(LiveToken),
}

/// Issues the principal. The only place that does.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the perimeter is the one issuer of principals")]
pub fn admit(evidence: Evidence) -> Principal {
    let (identity, asserted_at) = match evidence {
        Evidence::Assertion(verified) => (verified.identity, verified.asserted_at),
        Evidence::Context(vouched) => vouched.into_parts(),
        Evidence::Grant(live) => live.into_identity(),
    };
    Principal::issue(identity, asserted_at)
}

/// Beside a token, the assertion of a person must name the token's person; a service token is a perimeter pass.
///
/// # Errors
/// [`PerimeterRefusal::OtherPerson`]
pub fn accompany(owner: &AccessSubject, beside: &Vouched) -> Result<(), PerimeterRefusal> {
    match beside.identity() {
        Identity::Service(_) => Ok(()),
        Identity::Person(person) if person.subject == *owner => Ok(()),
        Identity::Person(_) => Err(PerimeterRefusal::OtherPerson),
    }
}

#[cfg(test)]
mod tests;
