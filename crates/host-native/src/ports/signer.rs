//! Signatures with private RSA keys, by ring: the library that rustls stands on, constant in time.

use async_trait::async_trait;
use m365_ports::{Signer, SignerError};
use m365_types::Secret;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PSS_SHA256;

/// Signs on the calling thread: a signature takes about a millisecond.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RingSigner;

#[async_trait]
impl Signer for RingSigner {
    async fn sign_ps256(&self, key: &Secret<Vec<u8>>, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let pair = KeyPair::from_pkcs8(key.expose()).map_err(|_| SignerError::Key)?;
        let mut signature = vec![0; pair.public().modulus_len()];
        // Its salt is as long as the digest, as PS256 wants it.
        pair.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| SignerError::Unavailable)?;
        Ok(signature)
    }
}

#[cfg(test)]
#[path = "signer_tests.rs"]
mod tests;
