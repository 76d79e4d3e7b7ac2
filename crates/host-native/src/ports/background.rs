//! Detached work that the host waits for before it stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use m365_ports::{Background, BoxFuture};
use tokio::sync::Notify;

/// Spawns on the runtime and counts what is still running.
#[derive(Clone, Debug, Default)]
pub(crate) struct TokioBackground {
    running: Arc<AtomicUsize>,
    finished: Arc<Notify>,
}

impl TokioBackground {
    /// Completes when nothing spawned is running any more.
    pub(crate) async fn drained(&self) {
        loop {
            let finished = self.finished.notified();
            if self.running.load(Ordering::Acquire) == 0 {
                return;
            }
            finished.await;
        }
    }
}

/// Counts down even when the work panics.
struct Running(TokioBackground);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
        self.0.finished.notify_waiters();
    }
}

impl Background for TokioBackground {
    fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.running.fetch_add(1, Ordering::AcqRel);
        let running = Running(self.clone());
        tokio::spawn(async move {
            let _running = running;
            work.await;
        });
    }
}

#[cfg(test)]
mod tests {
    use m365_port_suite::BACKGROUND;

    use super::*;

    #[tokio::test]
    async fn tokio_keeps_the_promises_of_detached_work() {
        for case in BACKGROUND {
            (case.run)(&TokioBackground::default()).await.unwrap_or_else(|e| panic!("{}: {e:#}", case.name));
        }
    }

    #[tokio::test]
    async fn work_that_panics_does_not_hold_up_the_drain() {
        let background = TokioBackground::default();
        background.spawn(Box::pin(async { std::panic::resume_unwind(Box::new("meant")) }));
        background.drained().await;
        assert_eq!(background.running.load(Ordering::Acquire), 0);
    }

    #[tokio::test]
    async fn draining_waits_for_work_and_for_nothing_else() {
        let background = TokioBackground::default();
        background.drained().await;
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        background.spawn(Box::pin(async move {
            drop(receiver.await);
        }));
        assert_eq!(background.running.load(Ordering::Acquire), 1);
        sender.send(()).unwrap();
        background.drained().await;
        assert_eq!(background.running.load(Ordering::Acquire), 0);
    }
}
