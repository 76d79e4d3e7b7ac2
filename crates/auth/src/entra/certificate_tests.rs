use std::sync::OnceLock;

use async_trait::async_trait;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::traits::PublicKeyParts as _;
use rsa::{RsaPrivateKey, RsaPublicKey};
use x509_cert::TbsCertificate;
use x509_cert::der::asn1::{BitString, UtcTime};
use x509_cert::der::{Any, Encode as _, EncodePem as _};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

use super::*;
use crate::testing::block_on;

/// 2026-01-01 and 2027-01-01.
const FROM: u64 = 1_767_225_600;
const UNTIL: u64 = 1_798_761_600;

/// Signs with the code that the core must not sign with, which is what a test may do.
struct TestSigner;

#[async_trait]
impl Signer for TestSigner {
    async fn sign_ps256(&self, key: &Secret<Vec<u8>>, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let pair = RsaPrivateKey::from_pkcs8_der(key.expose()).map_err(|_| SignerError::Key)?;
        let key = EncodingKey::from_rsa_der(pair.to_pkcs1_der().unwrap().as_bytes());
        Ok(URL_SAFE_NO_PAD.decode(crypto::sign(message, &key, Algorithm::PS256).unwrap()).unwrap())
    }
}

fn pair(index: usize) -> &'static RsaPrivateKey {
    static PAIRS: [OnceLock<RsaPrivateKey>; 2] = [const { OnceLock::new() }; 2];
    PAIRS[index].get_or_init(|| RsaPrivateKey::new(&mut rand_core::OsRng, 2048).unwrap())
}

fn key_pem(pair: &RsaPrivateKey) -> String {
    pair.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
}

/// A certificate over this key; nobody looks at its signature.
fn certificate_der(pair: &RsaPrivateKey) -> Certificate {
    let time = |secs| Time::UtcTime(UtcTime::from_unix_duration(Duration::from_secs(secs)).unwrap());
    let algorithm = AlgorithmIdentifierOwned {
        oid: "1.2.840.113549.1.1.11".parse().unwrap(),
        parameters: Some(Any::null()),
    };
    let public = RsaPublicKey::from(pair).to_public_key_der().unwrap();
    let name: x509_cert::name::Name = "CN=m365-mcp".parse().unwrap();
    Certificate {
        tbs_certificate: TbsCertificate {
            version: x509_cert::Version::V3,
            serial_number: x509_cert::serial_number::SerialNumber::new(&[7]).unwrap(),
            signature: algorithm.clone(),
            issuer: name.clone(),
            validity: Validity { not_before: time(FROM), not_after: time(UNTIL) },
            subject: name,
            subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(public.as_bytes()).unwrap(),
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: None,
        },
        signature_algorithm: algorithm,
        signature: BitString::from_bytes(&[0; 256]).unwrap(),
    }
}

fn certificate_pem(pair: &RsaPrivateKey) -> String {
    certificate_der(pair).to_pem(x509_cert::der::pem::LineEnding::LF).unwrap()
}

fn parse(text: &str) -> Result<ClientCertificate, CertificateError> {
    ClientCertificate::parse(&Secret::new(text.to_owned()))
}

fn working() -> String {
    key_pem(pair(0)) + &certificate_pem(pair(0))
}

#[test]
fn a_pair_is_read_in_either_order_and_with_text_around_its_blocks() {
    let (key, certificate) = (key_pem(pair(0)), certificate_pem(pair(0)));
    let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(certificate_der(pair(0)).to_der().unwrap()));
    for text in [
        format!("{key}{certificate}"),
        format!("{certificate}{key}"),
        format!("Bag Attributes\n  name: x\n{key}\nsubject=CN = m365-mcp\n\n{certificate}\n\n"),
        format!("{key}{certificate}").replace('\n', "\r\n"),
    ] {
        assert_eq!(parse(&text).unwrap().thumbprint(), thumbprint, "{}", text.len());
    }
}

#[test]
fn anything_but_one_key_and_one_certificate_is_refused() {
    let (key, certificate) = (key_pem(pair(0)), certificate_pem(pair(0)));
    let second = certificate_pem(pair(1));
    let pkcs1 = pair(0).to_pkcs1_pem(LineEnding::LF).unwrap().to_string();
    let cut = &certificate[..certificate.len() - 40];
    for (text, expected) in [
        (String::new(), CertificateError::Form),
        (key.clone(), CertificateError::Form),
        (certificate.clone(), CertificateError::Form),
        (format!("{key}{key}{certificate}"), CertificateError::Form),
        (format!("{key}{certificate}{second}"), CertificateError::Form),
        (format!("{key}{cut}"), CertificateError::Form),
        (format!("{key}{certificate}{}", " ".repeat(MAX_PEM_BYTES)), CertificateError::Form),
        (format!("{key}{certificate}-----BEGIN X-----\n-----END X-----"), CertificateError::Form),
        (format!("{pkcs1}{certificate}"), CertificateError::KeyFormat),
        (
            format!("{}{certificate}", key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")),
            CertificateError::KeyFormat,
        ),
        (
            format!("{key}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            CertificateError::Certificate,
        ),
        (
            format!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n{certificate}"),
            CertificateError::KeyFormat,
        ),
    ] {
        assert_eq!(parse(&text).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn a_certificate_of_another_key_is_refused() {
    let mixed = key_pem(pair(0)) + &certificate_pem(pair(1));
    assert_eq!(parse(&mixed).unwrap_err(), CertificateError::Mismatch);
}

#[test]
fn a_small_key_is_refused_and_a_large_one_too() {
    let small = RsaPrivateKey::new(&mut rand_core::OsRng, 1024).unwrap();
    assert_eq!(parse(&(key_pem(&small) + &certificate_pem(&small))).unwrap_err(), CertificateError::Key);
    let even = RsaPrivateKey::new_with_exp(&mut rand_core::OsRng, 2048, &rsa::BigUint::from(3_u8)).unwrap();
    assert_eq!(parse(&(key_pem(&even) + &certificate_pem(&even))).unwrap_err(), CertificateError::Key);
}

#[test]
fn neither_debug_nor_an_error_shows_the_key() {
    let certificate = parse(&working()).unwrap();
    assert_eq!(format!("{certificate:?}"), format!("ClientCertificate({})", certificate.thumbprint()));
}

#[test]
fn its_time_is_told_to_the_second() {
    let certificate = parse(&working()).unwrap();
    let at = |secs: u64| UnixMillis::from_millis(secs * 1000);
    assert!(certificate.is_early(at(FROM - 1)) && !certificate.is_early(at(FROM)));
    assert_eq!(certificate.left(at(UNTIL - 1)), Duration::from_secs(1));
    assert!(certificate.left(at(UNTIL)).is_zero() && certificate.left(at(UNTIL + 1)).is_zero());
}

#[test]
fn an_assertion_says_whose_it_is_for_whom_and_for_how_long_and_verifies() {
    let certificate = parse(&working()).unwrap();
    let terms = AssertionTerms {
        audience: "https://login.example/t/oauth2/v2.0/token",
        client_id: "app-1",
        id: "unique",
        now: UnixMillis::from_millis(1_790_000_000_123),
    };
    let assertion = block_on(certificate.assertion(&terms, &TestSigner)).unwrap();
    let (message, signature) = assertion.expose().rsplit_once('.').unwrap();
    let key = RsaPublicKey::from(pair(0));
    let key = DecodingKey::from_rsa_raw_components(&key.n().to_bytes_be(), &key.e().to_bytes_be());
    assert!(crypto::verify(signature, message.as_bytes(), &key, Algorithm::PS256).unwrap());
    let part = |index: usize| -> serde_json::Value {
        let text = URL_SAFE_NO_PAD.decode(message.split('.').nth(index).unwrap()).unwrap();
        serde_json::from_slice(&text).unwrap()
    };
    assert_eq!(part(0), json!({"alg": "PS256", "typ": "JWT", "x5t#S256": certificate.thumbprint()}));
    assert_eq!(
        part(1),
        json!({"aud": terms.audience, "iss": "app-1", "sub": "app-1", "jti": "unique",
            "nbf": 1_790_000_000, "iat": 1_790_000_000, "exp": 1_790_000_300})
    );
}
