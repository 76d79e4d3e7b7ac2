//! The simulated estate's time, as its edge tells it with every request.

use std::sync::atomic::{AtomicI64, Ordering};

use http::HeaderMap;
use m365_host_worker::ports::clock::WorkerClock;
use m365_ports::Clock;
use m365_types::UnixMillis;

/// The header in which the edge tells its time, in milliseconds since 1970.
const TIME: &str = "x-sandbox-time";

/// How far the estate's clock is ahead of the runtime's. One isolate: front and cells share it.
static AHEAD_MILLIS: AtomicI64 = AtomicI64::new(0);

/// The runtime's clock moved to the estate's time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EstateClock;

impl Clock for EstateClock {
    fn now(&self) -> UnixMillis {
        let real = WorkerClock.now().as_millis();
        UnixMillis::from_millis(real.saturating_add_signed(AHEAD_MILLIS.load(Ordering::Relaxed)))
    }
}

/// Takes the time from a request that has passed the edge.
pub(crate) fn observe(headers: &HeaderMap) {
    let told =
        headers.get(TIME).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<i64>().ok());
    if let (Some(told), Ok(real)) = (told, i64::try_from(WorkerClock.now().as_millis())) {
        AHEAD_MILLIS.store(told.saturating_sub(real), Ordering::Relaxed);
    }
}
