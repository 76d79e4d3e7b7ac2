//! The runtime's clock, which stands still while code runs and moves with every exchange (Workers, "Web standards").

use m365_ports::Clock;
use m365_types::UnixMillis;
use worker::js_sys::Date;

/// `Date.now()`.
#[derive(Clone, Copy, Debug)]
pub struct WorkerClock;

impl Clock for WorkerClock {
    #[expect(clippy::disallowed_methods, reason = "the adapter of the clock port")]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "milliseconds since 1970, far below 2^53"
    )]
    fn now(&self) -> UnixMillis {
        UnixMillis::from_millis(Date::now() as u64)
    }
}
