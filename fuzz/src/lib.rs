//! What the fuzz targets share: an estate of fixed time and known secrets, and a few words to write inputs with.
//!
//! In scope: ports that answer at once and never fail. Out of scope: properties, which stand in the targets.
//!
//! Invariant: nothing is random, so every run of an input is the same.

mod documents;
mod estate;
mod ports;
mod signing;

pub use documents::{check_document, office};
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

/// A secret that inputs plant, as `{canary}`, and that nothing may repeat.
pub const CANARY: &str = "canary-4f8a1c6e2b";

/// The input with its canaries.
pub fn planted(input: &[u8]) -> Vec<u8> {
    estate::replaced(input, b"{canary}", CANARY.as_bytes())
}
