//! Whoever waits for a running call: told how far it is, asked whether it is still wanted.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use async_trait::async_trait;

/// The caller's side of a running call.
#[async_trait]
pub trait Watch: Send + Sync {
    /// The call came further. `done` begins at 0 and grows with every report of a call.
    fn progress(&self, done: u32, message: &'static str);

    /// Whether the caller no longer wants the call. Once true, it stays true.
    fn is_cancelled(&self) -> bool;

    /// Completes when the caller no longer wants the call; otherwise never.
    async fn cancelled(&self);
}

/// Completes with whichever of the two completes first.
pub(crate) async fn either(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| {
        let ready = one.as_mut().poll(context).is_ready() || other.as_mut().poll(context).is_ready();
        if ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
