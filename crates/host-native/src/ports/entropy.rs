//! Randomness of the operating system.

use m365_ports::Entropy;

/// `getrandom(2)` and its equivalents.
#[derive(Debug)]
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "the adapter of the entropy port")]
    fn fill(&self, buffer: &mut [u8]) {
        if getrandom::fill(buffer).is_err() {
            // Without randomness no token, nonce or id may exist: stopping is the only closed failure.
            std::process::abort();
        }
    }
}

#[cfg(test)]
#[path = "entropy_tests.rs"]
mod tests;
