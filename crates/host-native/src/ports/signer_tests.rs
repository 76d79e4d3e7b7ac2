use anyhow::{Context as _, Result};
use m365_port_suite::{KeyKind, SIGNER, SignerBench, SigningPair};
use m365_ports::BoxFuture;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use rsa::RsaPrivateKey;
use rsa::RsaPublicKey;
use rsa::pkcs8::{DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _};
use rsa::pss::{Signature, VerifyingKey};
use rsa::sha2::Sha256;
use rsa::signature::Verifier as _;

use super::*;

/// Keys and verification by the RSA code of the core, which shares nothing with the signer.
struct Bench;

impl SignerBench for Bench {
    fn signer(&self) -> &dyn Signer {
        &RingSigner
    }

    fn pair(&self, kind: KeyKind) -> BoxFuture<'_, Result<SigningPair>> {
        Box::pin(async move {
            match kind {
                KeyKind::Rsa(bits) => {
                    let pair = RsaPrivateKey::new(&mut rand_core::OsRng, usize::try_from(bits)?)?;
                    Ok(SigningPair {
                        private: Secret::new(pair.to_pkcs8_der()?.as_bytes().to_vec()),
                        public: RsaPublicKey::from(&pair).to_public_key_der()?.into_vec(),
                    })
                }
                KeyKind::EllipticCurve => {
                    let random = SystemRandom::new();
                    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random)
                        .ok()
                        .context("no key")?;
                    let pair =
                        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random)
                            .ok()
                            .context("no pair")?;
                    Ok(SigningPair {
                        private: Secret::new(document.as_ref().to_vec()),
                        public: pair.public_key().as_ref().to_vec(),
                    })
                }
            }
        })
    }

    fn verifies<'a>(
        &'a self,
        public: &'a [u8],
        message: &'a [u8],
        signature: &'a [u8],
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let key = VerifyingKey::<Sha256>::new(RsaPublicKey::from_public_key_der(public)?);
            Ok(key.verify(message, &Signature::try_from(signature)?).is_ok())
        })
    }
}

#[tokio::test]
async fn ring_keeps_the_promises_of_a_signer() {
    for case in SIGNER {
        (case.run)(&Bench).await.unwrap_or_else(|error| panic!("{}: {error:#}", case.name));
    }
}
