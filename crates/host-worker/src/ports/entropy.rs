//! The runtime's randomness, `crypto.getRandomValues`.

use getrandom_02 as getrandom;
use m365_ports::Entropy;

/// Web Crypto.
#[derive(Clone, Copy, Debug)]
pub struct CryptoEntropy;

impl Entropy for CryptoEntropy {
    #[expect(clippy::disallowed_methods, reason = "the adapter of the entropy port")]
    fn fill(&self, buffer: &mut [u8]) {
        if getrandom::getrandom(buffer).is_err() {
            // Without randomness nothing here is safe: the instance ends and the request fails.
            std::process::abort();
        }
    }
}
