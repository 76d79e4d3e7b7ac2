//! The runtime's randomness, `crypto.getRandomValues`.

use m365_ports::Entropy;

/// Web Crypto.
#[derive(Clone, Copy, Debug)]
pub struct CryptoEntropy;

impl Entropy for CryptoEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        if getrandom_02::getrandom(buffer).is_err() {
            // Without randomness nothing here is safe: the instance ends and the request fails.
            std::process::abort();
        }
    }
}
