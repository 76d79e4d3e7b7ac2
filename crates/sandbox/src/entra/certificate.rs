//! Certificates of the app registration: made, read, and asked whether they signed an assertion.
//!
//! Source: RFC 5280 (X.509), RFC 7468 (PEM), RFC 7515 section 4.1.8 (`x5t#S256`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use rsa::pkcs1::DecodeRsaPublicKey as _;
use rsa::traits::PublicKeyParts as _;
use sha2::{Digest as _, Sha256};
use x509_cert::Certificate;
use x509_cert::der::asn1::{BitString, UtcTime};
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::pem::LineEnding;
use x509_cert::der::{Any, Decode as _, DecodePem as _, Encode as _, EncodePem as _};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{TbsCertificate, Version};

use crate::entropy;
use crate::keys::{KeyFault, SigningKey};

/// sha256WithRSAEncryption (RFC 4055).
const SHA256_WITH_RSA: &str = "1.2.840.113549.1.1.11";

/// A certificate cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum CertificateFault {
    /// Not X.509, or a part of it out of range.
    #[error("This is no certificate: give PEM text with one CERTIFICATE block.")]
    Form(#[from] x509_cert::der::Error),
    /// Not an RSA certificate.
    #[error("This certificate is of another key than RSA.")]
    Key(#[from] rsa::pkcs1::Error),
    /// Its key could not be made.
    #[error(transparent)]
    Made(#[from] KeyFault),
}

/// A registered certificate.
#[derive(Clone)]
pub(super) struct Registered {
    thumbprint: String,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    not_before_secs: u64,
    not_after_secs: u64,
}

impl Registered {
    /// Reads the first certificate in PEM text.
    pub(super) fn read(pem: &str) -> Result<Self, CertificateFault> {
        let begin = pem.find("-----BEGIN CERTIFICATE-----").unwrap_or_default();
        let certificate = Certificate::from_pem(pem.get(begin..).unwrap_or_default().as_bytes())?;
        let tbs = &certificate.tbs_certificate;
        let public =
            rsa::RsaPublicKey::from_pkcs1_der(tbs.subject_public_key_info.subject_public_key.raw_bytes())?;
        Ok(Self {
            thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(certificate.to_der()?)),
            modulus: public.n().to_bytes_be(),
            exponent: public.e().to_bytes_be(),
            not_before_secs: tbs.validity.not_before.to_unix_duration().as_secs(),
            not_after_secs: tbs.validity.not_after.to_unix_duration().as_secs(),
        })
    }

    /// `x5t#S256`.
    pub(super) fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    pub(super) fn is_in_its_time(&self, now_secs: u64) -> bool {
        (self.not_before_secs..=self.not_after_secs).contains(&now_secs)
    }

    /// Whether its key signed the message with PS256.
    pub(super) fn signed(&self, message: &str, signature: &str) -> bool {
        let key = DecodingKey::from_rsa_raw_components(&self.modulus, &self.exponent);
        crypto::verify(signature, message.as_bytes(), &key, Algorithm::PS256).unwrap_or(false)
    }
}

/// A new key and its self-signed certificate as PEM text, valid from now on.
pub(super) fn make(now_secs: u64, days: u32) -> Result<String, CertificateFault> {
    let key = SigningKey::generate()?;
    let time = |secs: u64| -> Result<Time, CertificateFault> {
        Ok(Time::UtcTime(UtcTime::from_unix_duration(std::time::Duration::from_secs(secs))?))
    };
    let algorithm = AlgorithmIdentifierOwned {
        oid: ObjectIdentifier::new(SHA256_WITH_RSA).map_err(x509_cert::der::Error::from)?,
        parameters: Some(Any::null()),
    };
    let (_, public) =
        x509_cert::der::pem::decode_vec(key.public_pem().as_bytes()).map_err(x509_cert::der::Error::from)?;
    let name: x509_cert::name::Name = "CN=m365-mcp".parse()?;
    let tbs_certificate = TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(&entropy::bytes::<8>())?,
        signature: algorithm.clone(),
        issuer: name.clone(),
        validity: Validity {
            not_before: time(now_secs)?,
            not_after: time(now_secs.saturating_add(u64::from(days) * 86_400))?,
        },
        subject: name,
        subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(&public)?,
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: None,
    };
    let signature = key.sign_bytes(&tbs_certificate.to_der()?)?;
    let certificate = Certificate {
        tbs_certificate,
        signature_algorithm: algorithm,
        signature: BitString::from_bytes(&signature)?,
    };
    Ok(format!("{}{}", key.pkcs8_pem(), certificate.to_pem(LineEnding::LF)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_certificate_is_read_back_with_its_time() {
        let made = make(1_800_000_000, 2).expect("made");
        assert!(made.starts_with("-----BEGIN PRIVATE KEY-----"));
        let read = Registered::read(&made).expect("read");
        for (now, inside) in
            [(1_799_999_999, false), (1_800_000_000, true), (1_800_172_800, true), (1_800_172_801, false)]
        {
            assert_eq!(read.is_in_its_time(now), inside, "{now}");
        }
        assert_eq!(read.thumbprint().len(), 43);
        assert!(!read.signed("message", "AAAA"));
        assert!(Registered::read("").is_err() && Registered::read("-----BEGIN CERTIFICATE-----").is_err());
    }
}
