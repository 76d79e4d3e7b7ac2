//! Time, randomness and scheduling.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use m365_types::UnixMillis;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The wall clock. May jump; code that measures uses differences and tolerates zero.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> UnixMillis;
}

/// Cryptographically secure randomness. A host that cannot supply it ends the process rather than return.
pub trait Entropy: Send + Sync {
    /// Fills the whole buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// Arrays of random bytes for any [`Entropy`].
pub trait EntropyExt {
    /// `N` random bytes.
    fn bytes<const N: usize>(&self) -> [u8; N];
}

impl<E: Entropy + ?Sized> EntropyExt for E {
    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut buffer = [0; N];
        self.fill(&mut buffer);
        buffer
    }
}

/// Waiting. The only way to let time pass.
#[async_trait]
pub trait Timer: Send + Sync {
    /// Completes after the duration.
    async fn sleep(&self, duration: Duration);
}

/// Work that outlives the request that began it. A host drains it before it stops.
pub trait Background: Send + Sync {
    /// Runs the future to its end, whatever becomes of the caller.
    fn spawn(&self, work: BoxFuture<'static, ()>);
}

/// The alarm of one cell. One moment is pending at a time: the earliest asked for wins. When it comes, the host calls
/// the cell once; a host that was away calls late. Consistency: a moment asked for is not lost where the cell's database
/// is not, except by a host that rings every cell it opens.
pub trait Alarm: Send + Sync {
    /// Asks to be called at this moment or soon after it.
    fn ring_at(&self, at: UnixMillis);
}
