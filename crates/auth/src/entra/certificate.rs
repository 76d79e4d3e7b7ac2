//! The certificate of the app registration, and the assertion signed with its key.
//!
//! Source: Microsoft identity platform, "Certificate credentials"; RFC 7523 section 2.2; RFC 7515 section 4.1.8 for
//! `x5t#S256`; RFC 5208 (PKCS#8), RFC 5280 (X.509) and RFC 7468 (PEM) for the form.
//!
//! In scope: reading the pair, whether its halves belong together, the assertion. Out of scope: the signature, which the
//! host makes ([`Signer`]); trust in the certificate, which is Entra's matter. Invariant: a value of
//! [`ClientCertificate`] holds an RSA key that can sign and the certificate of that very key.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use m365_ports::{SIGNING_KEY_MAX_BITS, SIGNING_KEY_MIN_BITS, Signer, SignerError};
use m365_types::{Secret, UnixMillis};
use pkcs1::{RsaPrivateKey, RsaPublicKey};
use pkcs8::PrivateKeyInfo;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, pem};

use crate::jwt::bit_length;

/// How long an assertion can be used.
const ASSERTION_LIFE: Duration = Duration::from_mins(5);
/// Key and certificate of the largest size take a quarter of it.
const MAX_PEM_BYTES: usize = 32 * 1024;
/// rsaEncryption (RFC 8017, appendix A.1).
const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

/// Why a text is not the pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The certificate is not X.509 in DER inside PEM.
    #[error("holds a certificate that cannot be read")]
    Certificate,
    /// Not one key and one certificate.
    #[error("must be PEM text with one PRIVATE KEY block and one CERTIFICATE block")]
    Form,
    /// Not RSA, or too small, or too large.
    #[error("must hold an RSA key of 2048 to 4096 bits")]
    Key,
    /// Encrypted, or in an older form.
    #[error(
        "holds a private key that is not plain PKCS#8; convert it with `openssl pkcs8 -topk8 -nocrypt -in KEY`"
    )]
    KeyFormat,
    /// Key and certificate are of different pairs.
    #[error("holds a certificate that does not belong to the private key beside it")]
    Mismatch,
}

/// A private key and its certificate.
#[derive(Clone)]
pub struct ClientCertificate {
    key: Secret<Vec<u8>>,
    thumbprint: String,
    not_before: UnixMillis,
    not_after: UnixMillis,
}

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClientCertificate({})", self.thumbprint)
    }
}

/// What an assertion says besides whose it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct AssertionTerms<'a> {
    /// The token endpoint.
    pub(super) audience: &'a str,
    pub(super) client_id: &'a str,
    /// Unique.
    pub(super) id: &'a str,
    pub(super) now: UnixMillis,
}

impl ClientCertificate {
    /// Reads PEM text; what stands outside of its blocks is not looked at.
    ///
    /// # Errors
    /// [`CertificateError`]
    pub fn parse(text: &Secret<String>) -> Result<Self, CertificateError> {
        let blocks = Blocks::split(text.expose())?;
        let (key, key_numbers) = private_key(blocks.key)?;
        let (_, der) =
            pem::decode_vec(blocks.certificate.as_bytes()).map_err(|_| CertificateError::Certificate)?;
        let certificate =
            Certificate::from_der(&der).map_err(|_| CertificateError::Certificate)?.tbs_certificate;
        let public = &certificate.subject_public_key_info;
        if public.algorithm.oid.to_string() != RSA_ENCRYPTION {
            return Err(CertificateError::Mismatch);
        }
        let public = RsaPublicKey::from_der(public.subject_public_key.raw_bytes())
            .map_err(|_| CertificateError::Certificate)?;
        if key_numbers != (public.modulus.as_bytes().to_vec(), public.public_exponent.as_bytes().to_vec()) {
            return Err(CertificateError::Mismatch);
        }
        let moment = |time: x509_cert::time::Time| {
            UnixMillis::from_millis(time.to_unix_duration().as_secs().saturating_mul(1000))
        };
        Ok(Self {
            key,
            thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(&der)),
            not_before: moment(certificate.validity.not_before),
            not_after: moment(certificate.validity.not_after),
        })
    }

    /// SHA-256 of the DER certificate, base64url: `x5t#S256`. Not secret.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Whether its time has not begun yet.
    pub(super) fn is_early(&self, now: UnixMillis) -> bool {
        now < self.not_before
    }

    /// What is left of its time; zero where it is over.
    pub(super) fn left(&self, now: UnixMillis) -> Duration {
        self.not_after.since(now)
    }

    /// A client assertion (RFC 7523) for one request.
    pub(super) async fn assertion(
        &self,
        terms: &AssertionTerms<'_>,
        signer: &dyn Signer,
    ) -> Result<Secret<String>, SignerError> {
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let now = terms.now.as_secs();
        let claims = json!({
            "aud": terms.audience, "iss": terms.client_id, "sub": terms.client_id, "jti": terms.id,
            "nbf": now, "iat": now, "exp": now + ASSERTION_LIFE.as_secs(),
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(&claims));
        let signature = signer.sign_ps256(&self.key, message.as_bytes()).await?;
        Ok(Secret::new(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

/// The two blocks, boundaries included.
struct Blocks<'a> {
    key: &'a str,
    certificate: &'a str,
}

impl<'a> Blocks<'a> {
    fn split(text: &'a str) -> Result<Self, CertificateError> {
        if text.len() > MAX_PEM_BYTES {
            return Err(CertificateError::Form);
        }
        let (mut key, mut certificate, mut rest) = (None, None, text);
        while let Some((_, from)) = rest.find(BEGIN).map(|at| rest.split_at(at)) {
            let after = from.get(BEGIN.len()..).and_then(|label| label.split_once("-----"));
            let (label, _) = after.ok_or(CertificateError::Form)?;
            let end = format!("{END}{label}-----");
            let length = from.find(&end).ok_or(CertificateError::Form)? + end.len();
            let (block, behind) = from.split_at(length);
            let place = match label {
                "CERTIFICATE" => &mut certificate,
                "PRIVATE KEY" => &mut key,
                other if other.ends_with("PRIVATE KEY") => return Err(CertificateError::KeyFormat),
                _ => return Err(CertificateError::Form),
            };
            if place.replace(block).is_some() {
                return Err(CertificateError::Form);
            }
            rest = behind;
        }
        match (key, certificate) {
            (Some(key), Some(certificate)) => Ok(Self { key, certificate }),
            _ => Err(CertificateError::Form),
        }
    }
}

type Numbers = (Vec<u8>, Vec<u8>);

/// The key in PKCS#8 DER, and its modulus and public exponent.
fn private_key(block: &str) -> Result<(Secret<Vec<u8>>, Numbers), CertificateError> {
    let (_, der) = pem::decode_vec(block.as_bytes()).map_err(|_| CertificateError::KeyFormat)?;
    let der = Secret::new(der);
    let numbers = {
        let info =
            PrivateKeyInfo::try_from(der.expose().as_slice()).map_err(|_| CertificateError::KeyFormat)?;
        if info.algorithm.oid.to_string() != RSA_ENCRYPTION {
            return Err(CertificateError::Key);
        }
        let key = RsaPrivateKey::from_der(info.private_key).map_err(|_| CertificateError::KeyFormat)?;
        (key.modulus.as_bytes().to_vec(), key.public_exponent.as_bytes().to_vec())
    };
    let (modulus, exponent) = &numbers;
    // Small exponents are refused by every signer of ours; 65537 is what keys have.
    let exponent_ok = (3..=4).contains(&exponent.len()) && exponent.last().is_some_and(|byte| byte % 2 == 1);
    if !(SIGNING_KEY_MIN_BITS..=SIGNING_KEY_MAX_BITS).contains(&bit_length(modulus)) || !exponent_ok {
        return Err(CertificateError::Key);
    }
    Ok((der, numbers))
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
