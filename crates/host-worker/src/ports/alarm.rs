//! The alarm of a Durable Object, kept by the runtime and set again by it after a restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use m365_ports::{Alarm, Clock};
use m365_types::UnixMillis;
use worker::Storage;
use worker::send::SendWrapper;
use worker::wasm_bindgen_futures::spawn_local;

use super::clock::WorkerClock;

/// No moment is known to be pending.
const NONE: u64 = u64::MAX;

/// The alarm of the object this code runs in.
pub struct DurableAlarm {
    storage: Arc<SendWrapper<Storage>>,
    clock: Arc<dyn Clock>,
    pending: AtomicU64,
}

impl std::fmt::Debug for DurableAlarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DurableAlarm(…)")
    }
}

impl DurableAlarm {
    /// Over the object's storage, told the time by the cell's clock.
    #[must_use]
    pub fn new(storage: Storage, clock: Arc<dyn Clock>) -> Self {
        Self { storage: Arc::new(SendWrapper::new(storage)), clock, pending: AtomicU64::new(NONE) }
    }

    /// The runtime has rung: nothing is pending any more.
    pub fn rang(&self) {
        self.pending.store(NONE, Ordering::Relaxed);
    }
}

impl Alarm for DurableAlarm {
    fn ring_at(&self, at: UnixMillis) {
        if self.pending.fetch_min(at.as_millis(), Ordering::Relaxed) <= at.as_millis() {
            return;
        }
        // The runtime rings by its own clock.
        let wait = at.since(self.clock.now());
        let at = WorkerClock.now().plus(wait).as_millis();
        let storage = self.storage.clone();
        spawn_local(async move {
            // Setting replaces: one that is stored already and earlier stays.
            let stored = storage.get_alarm().await.ok().flatten().and_then(|at| u64::try_from(at).ok());
            if stored.is_some_and(|stored| stored <= at) {
                return;
            }
            if let Err(error) = storage.set_alarm(wait).await {
                tracing::warn!(%error, "an alarm could not be set");
            }
        });
    }
}
