//! Registered claims of signed tokens (RFC 7519 section 4.1), checked against the clock port.

use std::time::Duration;

use m365_types::UnixMillis;
use serde::Deserialize;

/// `aud`: one string or several (RFC 7519 section 4.1.3). Access sends both forms.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    pub(crate) fn contains(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Many(many) => many.iter().any(|one| one == wanted),
        }
    }
}

/// `exp`, `nbf` and `iat` in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) exp: u64,
    pub(crate) nbf: Option<u64>,
    pub(crate) iat: u64,
}

impl Times {
    pub(crate) const fn issued_at(&self) -> UnixMillis {
        UnixMillis::from_secs(self.iat)
    }
}

/// Which side of its life a token is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeError {
    Expired,
    NotYetValid,
}

/// How far two clocks may differ.
pub(crate) struct TimeRule {
    pub(crate) leeway: Duration,
}

impl TimeRule {
    /// `exp` must lie after now minus the leeway; `nbf` and `iat` no later than now plus the leeway.
    pub(crate) fn check(&self, times: &Times, now: UnixMillis) -> Result<(), TimeError> {
        if now >= UnixMillis::from_secs(times.exp).plus(self.leeway) {
            return Err(TimeError::Expired);
        }
        let latest = now.plus(self.leeway);
        let begun = |secs: u64| UnixMillis::from_secs(secs) <= latest;
        if begun(times.iat) && times.nbf.is_none_or(begun) { Ok(()) } else { Err(TimeError::NotYetValid) }
    }
}
