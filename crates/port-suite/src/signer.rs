//! What a [`Signer`] promises. Keys and the check of a signature are the host's, made by something else than its signer.

use anyhow::{Result, ensure};
use m365_ports::{BoxFuture, Signer, SignerError};
use m365_types::Secret;

use super::AsyncPortCase;

/// A kind of private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA over P-256.
    EllipticCurve,
    /// RSA with a modulus of this many bits.
    Rsa(u32),
}

/// A fresh pair.
#[derive(Debug)]
pub struct SigningPair {
    /// PKCS#8 in DER.
    pub private: Secret<Vec<u8>>,
    /// SubjectPublicKeyInfo in DER.
    pub public: Vec<u8>,
}

/// A signer, and what a host lends to try it.
pub trait SignerBench: Send + Sync {
    /// The signer.
    fn signer(&self) -> &dyn Signer;

    /// A fresh pair of this kind.
    fn pair(&self, kind: KeyKind) -> BoxFuture<'_, Result<SigningPair>>;

    /// Whether this is a PS256 signature over the message by the private half of `public`.
    fn verifies<'a>(
        &'a self,
        public: &'a [u8],
        message: &'a [u8],
        signature: &'a [u8],
    ) -> BoxFuture<'a, Result<bool>>;
}

/// The promises.
pub const SIGNER: &[AsyncPortCase<dyn SignerBench>] = &[
    AsyncPortCase {
        name: "a signature is good for its key and message and for no other",
        run: |bench| Box::pin(signature_is_of_key_and_message(bench)),
    },
    AsyncPortCase {
        name: "two signatures of one message differ and are both good",
        run: |bench| Box::pin(signatures_are_salted(bench)),
    },
    AsyncPortCase {
        name: "an empty and a long message are signed",
        run: |bench| Box::pin(any_length_is_signed(bench)),
    },
    AsyncPortCase {
        name: "a key that is too small, of another kind or none at all is refused",
        run: |bench| Box::pin(other_keys_are_refused(bench)),
    },
];

const KEY: KeyKind = KeyKind::Rsa(2048);

async fn signature_is_of_key_and_message(bench: &dyn SignerBench) -> Result<()> {
    let (pair, other) = (bench.pair(KEY).await?, bench.pair(KEY).await?);
    let signature = bench.signer().sign_ps256(&pair.private, b"message").await?;
    ensure!(signature.len() == 256, "a signature has {} bytes", signature.len());
    ensure!(bench.verifies(&pair.public, b"message", &signature).await?, "the signature does not verify");
    ensure!(!bench.verifies(&pair.public, b"massage", &signature).await?, "good for another message");
    ensure!(!bench.verifies(&other.public, b"message", &signature).await?, "good for another key");
    Ok(())
}

async fn signatures_are_salted(bench: &dyn SignerBench) -> Result<()> {
    let pair = bench.pair(KEY).await?;
    let first = bench.signer().sign_ps256(&pair.private, b"message").await?;
    let second = bench.signer().sign_ps256(&pair.private, b"message").await?;
    ensure!(first != second, "two signatures are the same: no salt");
    for signature in [first, second] {
        ensure!(bench.verifies(&pair.public, b"message", &signature).await?, "one of them does not verify");
    }
    Ok(())
}

async fn any_length_is_signed(bench: &dyn SignerBench) -> Result<()> {
    let pair = bench.pair(KEY).await?;
    for message in [Vec::new(), vec![7; 100_000]] {
        let signature = bench.signer().sign_ps256(&pair.private, &message).await?;
        let good = bench.verifies(&pair.public, &message, &signature).await?;
        ensure!(good, "a message of {} bytes is not signed", message.len());
    }
    Ok(())
}

async fn other_keys_are_refused(bench: &dyn SignerBench) -> Result<()> {
    let good = bench.pair(KEY).await?;
    let mut cut = good.private.expose().clone();
    cut.truncate(cut.len() / 2);
    let others = [
        bench.pair(KeyKind::Rsa(1024)).await?.private,
        bench.pair(KeyKind::EllipticCurve).await?.private,
        Secret::new(good.public),
        Secret::new(cut),
        Secret::new(b"no key".to_vec()),
        Secret::new(Vec::new()),
    ];
    for (number, key) in others.iter().enumerate() {
        let signed = bench.signer().sign_ps256(key, b"message").await;
        ensure!(signed == Err(SignerError::Key), "key {number} gave {signed:?}");
    }
    Ok(())
}
