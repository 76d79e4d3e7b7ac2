//! Time, randomness and scheduling that a test decides.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use async_trait::async_trait;
use m365_ports::{Background, BoxFuture, Clock, Entropy, Signer, SignerError, Timer};
use m365_types::{Secret, UnixMillis};
use sha2::{Digest as _, Sha256};

/// Stands still until it is moved.
pub(crate) struct FrozenClock(AtomicU64);

impl Default for FrozenClock {
    fn default() -> Self {
        Self(AtomicU64::new(1_795_000_000_000))
    }
}

impl FrozenClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for FrozenClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Signs nothing: the registration of these sites has a secret.
pub(crate) struct NoSigner;

#[async_trait]
impl Signer for NoSigner {
    async fn sign_ps256(&self, _: &Secret<Vec<u8>>, _: &[u8]) -> Result<Vec<u8>, SignerError> {
        Err(SignerError::Unavailable)
    }
}

/// The same bytes in the same order in every run.
#[derive(Default)]
pub(crate) struct SeededEntropy(AtomicU64);

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            let block = Sha256::digest(self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes());
            chunk.iter_mut().zip(block).for_each(|(to, from)| *to = from);
        }
    }
}

/// Waits up to a length that a test sets pass at once; longer ones never end. It starts at nothing.
#[derive(Default)]
pub(crate) struct SettableTimer(AtomicU64);

impl SettableTimer {
    pub(crate) fn let_pass(&self, up_to: Duration) {
        self.0.store(u64::try_from(up_to.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

#[async_trait]
impl Timer for SettableTimer {
    async fn sleep(&self, duration: Duration) {
        if duration.as_millis() > u128::from(self.0.load(Ordering::SeqCst)) {
            std::future::pending::<()>().await;
        }
    }
}

/// Runs work to its end before it returns.
pub(crate) struct InlineBackground;

impl Background for InlineBackground {
    fn spawn(&self, work: BoxFuture<'static, ()>) {
        block_on(work);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Drives a future to its end on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
