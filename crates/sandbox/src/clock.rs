//! The clock of the simulated systems: the machine's clock plus an offset that tests move.
//!
//! Every simulated system and the edge's `x-sandbox-time` header read this clock, so that a whole estate can be
//! moved forward (token expiry, key ages) without waiting. In scope: reading and moving. Out of scope: timers;
//! moving the clock fires nothing by itself.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::UNIX_EPOCH;

/// Milliseconds since the Unix epoch, movable.
#[derive(Debug, Default)]
pub struct Clock {
    offset_ms: AtomicI64,
}

impl Clock {
    /// A clock that runs `offset_ms` milliseconds ahead of the machine's (negative: behind).
    #[must_use]
    pub fn with_offset_ms(offset_ms: i64) -> Self {
        Self { offset_ms: AtomicI64::new(offset_ms) }
    }

    /// Now, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        wall_ms().saturating_add_signed(self.offset_ms())
    }

    /// Now, in whole seconds since the Unix epoch.
    #[must_use]
    pub fn now_secs(&self) -> u64 {
        self.now_ms() / 1000
    }

    /// Now, as RFC 3339 in UTC, for example `2026-11-22T10:00:00.123Z`.
    #[must_use]
    pub fn rfc3339(&self) -> String {
        let now_ms = i64::try_from(self.now_ms()).unwrap_or(i64::MAX);
        jiff::Timestamp::from_millisecond(now_ms).unwrap_or(jiff::Timestamp::MAX).to_string()
    }

    /// Moves the clock by `secs` seconds (negative: back).
    pub fn advance_secs(&self, secs: i64) {
        let step_ms = secs.saturating_mul(1000);
        let moved = |offset_ms: i64| Some(offset_ms.saturating_add(step_ms));
        // The closure always answers `Some`, so there is no failed update to handle.
        let _ = self.offset_ms.fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
    }

    /// How far this clock is ahead of the machine's, in milliseconds.
    #[must_use]
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the estate stands outside the server under test and has a movable clock of its own"
)]
fn wall_ms() -> u64 {
    let since_epoch = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advancing_moves_the_clock_forward_and_back() {
        let clock = Clock::default();
        let before = clock.now_ms();
        clock.advance_secs(3600);
        assert!(clock.now_ms() >= before + 3_600_000);
        clock.advance_secs(-3600);
        assert_eq!(clock.offset_ms(), 0);
    }

    #[test]
    fn a_step_beyond_the_range_of_time_stops_at_its_end() {
        let clock = Clock::default();
        clock.advance_secs(i64::MAX);
        clock.advance_secs(i64::MAX);
        assert!(clock.rfc3339().starts_with("9999-"));
    }
}
