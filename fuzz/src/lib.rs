//! What the fuzz targets share: an estate of fixed time and known secrets, and a few words to write inputs with.
//!
//! In scope: ports that answer at once and never fail. Out of scope: properties, which stand in the targets.
//!
//! Invariant: nothing is random, so every run of an input is the same.

mod estate;
mod ports;
mod signing;

pub use estate::{AUDIENCE, DOCUMENT_HOST, Estate, PUBLIC_URL, REDIRECTS, RegisteredClient, TEAM, form_of};
pub use signing::SigningKey;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Drives a future that never waits.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("a port of the estate waited"),
    }
}

/// Asserts that nothing that was said of an input repeats one of its secrets. Secrets below twelve bytes are left out:
/// an English sentence may well contain them.
pub fn assert_silent_about<'a>(secrets: impl IntoIterator<Item = &'a str>, said: &str) {
    for secret in secrets.into_iter().filter(|secret| secret.len() >= 12) {
        assert!(!said.contains(secret), "a secret of the input is repeated: {said}");
    }
}
