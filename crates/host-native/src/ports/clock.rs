//! Wall clocks: the system's, and the simulated estate's, which tests move.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use m365_ports::Clock;
use m365_sandbox::estate::Estate;
use m365_types::UnixMillis;

/// The system clock.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the adapter of the clock port")]
    fn now(&self) -> UnixMillis {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMillis::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The clock of the simulated estate in the same process. Used by `demo` only.
pub(crate) struct EstateClock(pub(crate) Arc<Estate>);

impl Clock for EstateClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::from_millis(self.0.clock.now_ms())
    }
}

#[cfg(test)]
#[path = "clock_tests.rs"]
mod tests;
