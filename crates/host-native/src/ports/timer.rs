//! Waiting on the tokio timer.

use std::time::Duration;

use async_trait::async_trait;
use m365_ports::Timer;

/// The runtime's timer.
#[derive(Debug)]
pub(crate) struct TokioTimer;

#[async_trait]
impl Timer for TokioTimer {
    #[expect(clippy::disallowed_methods, reason = "the adapter of the timer port")]
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[cfg(test)]
#[path = "timer_tests.rs"]
mod tests;
