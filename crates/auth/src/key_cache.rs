//! The key set of an issuer, kept in memory.
//!
//! In scope: how old keys may be, and how often an unknown key id may cause a fetch.
//!
//! A set is fresh for a while; then it is fetched again, and the old one serves until its maximum age while fetches
//! fail; after that there are no keys and callers are refused. A token that names an unknown key causes one fetch
//! per interval at most, so strangers cannot make this server hammer the issuer. A fetch that fails does not use up the
//! interval: else a key that was rotated in at that moment would be unknown for as long.
//!
//! Only values are kept, never a future or a lock across one: where the host drops a request, everything that
//! waited for that request's fetch would hang. The right to fetch is therefore claimed by a timestamp: the first
//! caller fetches, the others use what is there. Callers that find no set at all each fetch for themselves.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use m365_ports::{Bounds, Clock, Network, Outbound};
use m365_types::UnixMillis;

use crate::jwt::{KeySet, MAX_KEY_SET_BYTES, VerifyingKey};

/// Ages and intervals.
#[derive(Clone, Copy, Debug)]
pub struct KeyAges {
    /// Until this age the set is used without asking again.
    pub fresh: Duration,
    /// Past this age the set is not used at all.
    pub maximum: Duration,
    /// Least time between two fetches caused by unknown key ids.
    pub unknown_interval: Duration,
}

impl KeyAges {
    /// For Access: keys rotate every six weeks, the previous one stays valid for seven days.
    pub const ACCESS: Self = Self {
        fresh: Duration::from_hours(1),
        maximum: Duration::from_hours(24),
        unknown_interval: Duration::from_secs(30),
    };
    /// For Entra: keys may roll without notice; unknown ids at most every five minutes.
    pub const ENTRA: Self = Self {
        fresh: Duration::from_hours(1),
        maximum: Duration::from_hours(24),
        unknown_interval: Duration::from_mins(5),
    };
}

/// How long a failed fetch keeps the next one from starting.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);
const BOUNDS: Bounds = Bounds {
    network: Network::Configured,
    timeout: Duration::from_secs(5),
    max_response_bytes: MAX_KEY_SET_BYTES,
};

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The issuer publishes no key of that name, as far as this server may ask.
    #[error("the issuer publishes no key of that name")]
    Unknown,
    /// No set young enough is there, and none could be fetched.
    #[error("the issuer's keys could not be fetched")]
    Unavailable,
}

/// The cache.
pub struct KeyCache {
    url: Uri,
    ages: KeyAges,
    outbound: Arc<dyn Outbound>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// A fetch that is under way, by when it began.
    claimed: Option<UnixMillis>,
    unknown_at: Option<UnixMillis>,
    failed_at: Option<UnixMillis>,
}

#[derive(Clone)]
struct Held {
    keys: Arc<KeySet>,
    fetched_at: UnixMillis,
}

impl KeyCache {
    /// An empty cache for the key set at this absolute URL.
    #[must_use]
    pub fn new(url: Uri, ages: KeyAges, outbound: Arc<dyn Outbound>, clock: Arc<dyn Clock>) -> Self {
        Self { url, ages, outbound, clock, state: Mutex::default() }
    }

    /// The key of this name, fetching where the rules above allow it.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn find(&self, kid: &str) -> Result<VerifyingKey, KeyError> {
        let (keys, just_fetched) = self.usable().await?;
        if let Some(key) = keys.find(kid) {
            return Ok(key.clone());
        }
        if just_fetched {
            return Err(KeyError::Unknown);
        }
        if !self.claim_for_unknown()? {
            return Err(KeyError::Unknown);
        }
        let keys = self.fetch().await.ok_or(KeyError::Unavailable)?;
        keys.find(kid).cloned().ok_or(KeyError::Unknown)
    }

    /// Whether a key of this name is held in a set that may still be used. Never fetches.
    #[must_use]
    pub fn publishes(&self, kid: &str) -> bool {
        let now = self.clock.now();
        let state = self.lock();
        state.held.as_ref().is_some_and(|held| self.is_usable(held, now) && held.keys.find(kid).is_some())
    }

    /// The set to use, and whether it was fetched for this very call.
    async fn usable(&self) -> Result<(Arc<KeySet>, bool), KeyError> {
        let now = self.clock.now();
        let (held, fetch) = {
            let mut state = self.lock();
            let held = state.held.clone().filter(|held| self.is_usable(held, now));
            let is_old = held.as_ref().is_none_or(|held| now.since(held.fetched_at) >= self.ages.fresh);
            let paused = state.is_paused(now);
            let claimed = state.is_claimed(now) && held.is_some();
            let fetch = is_old && !paused && !claimed;
            if fetch {
                state.claimed = Some(now);
            }
            (held, fetch)
        };
        let fetched = if fetch { self.fetch().await } else { None };
        match (fetched, held) {
            (Some(keys), _) => Ok((keys, true)),
            (None, Some(held)) => Ok((held.keys, false)),
            (None, None) => Err(KeyError::Unavailable),
        }
    }

    fn is_usable(&self, held: &Held, now: UnixMillis) -> bool {
        now.since(held.fetched_at) < self.ages.maximum
    }

    /// Whether this caller may fetch for an unknown key. While another one fetches, it may not: a forger must not be
    /// able to tell that moment from any other, and whoever holds a brand-new key succeeds at the next try.
    ///
    /// # Errors
    /// [`KeyError::Unavailable`] just after a fetch has failed.
    fn claim_for_unknown(&self) -> Result<bool, KeyError> {
        let now = self.clock.now();
        let mut state = self.lock();
        if state.is_paused(now) {
            return Err(KeyError::Unavailable);
        }
        let recently = state.unknown_at.is_some_and(|at| now.since(at) < self.ages.unknown_interval);
        let granted = !recently && !state.is_claimed(now);
        if granted {
            state.unknown_at = Some(now);
            state.claimed = Some(now);
        }
        Ok(granted)
    }

    async fn fetch(&self) -> Option<Arc<KeySet>> {
        let began = self.clock.now();
        let keys = self.request().await;
        let mut state = self.lock();
        state.claimed = None;
        if let Some(keys) = keys {
            let keys = Arc::new(keys);
            state.failed_at = None;
            // The age counts from before the exchange, so that a slow answer is not taken for a young one.
            state.held = Some(Held { keys: Arc::clone(&keys), fetched_at: began });
            return Some(keys);
        }
        state.failed_at = Some(self.clock.now());
        state.unknown_at = None;
        None
    }

    async fn request(&self) -> Option<KeySet> {
        let request = Request::get(self.url.clone())
            .header(header::ACCEPT, "application/json")
            .body(Bytes::new())
            .ok()?;
        let answer = self.outbound.send(request, BOUNDS).await;
        let keys = match &answer {
            Ok(answer) if answer.status() == StatusCode::OK => KeySet::parse(answer.body()).ok(),
            _ => None,
        };
        if keys.is_none() {
            tracing::warn!(host = self.url.host().unwrap_or("-"), "a key set could not be fetched");
        }
        keys
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_paused(&self, now: UnixMillis) -> bool {
        self.failed_at.is_some_and(|at| now.since(at) < FAILURE_PAUSE)
    }

    /// A claim older than a fetch may take belongs to a caller that was dropped.
    fn is_claimed(&self, now: UnixMillis) -> bool {
        self.claimed.is_some_and(|at| now.since(at) <= BOUNDS.timeout)
    }
}

#[cfg(test)]
mod tests;
