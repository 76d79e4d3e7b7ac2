//! How this server proves to Entra that it is the registered application.
//!
//! Source: Microsoft identity platform, "Certificate credentials" and "Workload identity federation"; RFC 6749 section
//! 2.3.1 (secret), RFC 7521 section 4.2 (assertion). Invariant: exactly one kind is configured; none has a `Debug`,
//! message or log that shows its value.

use std::sync::Arc;
use std::time::Duration;

use m365_ports::{RotatingSecret, Signer};
use m365_types::{Secret, UnixMillis};

use super::certificate::{AssertionTerms, ClientCertificate};

/// RFC 7523 section 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// From here on the log tells that the certificate will expire.
const RENEW_WITHIN: Duration = Duration::from_hours(30 * 24);
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The credential of the app registration.
#[derive(Clone)]
pub enum ClientCredential {
    /// `MICROSOFT_CLIENT_CERTIFICATE`: assertions signed with its key.
    Certificate(Box<ClientCertificate>),
    /// `MICROSOFT_FEDERATED_TOKEN`: the platform's own token, read anew for every use.
    Federated(Arc<dyn RotatingSecret>),
    /// `MICROSOFT_CLIENT_SECRET`
    Secret(Secret<String>),
}

impl std::fmt::Debug for ClientCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Certificate(certificate) => certificate.fmt(f),
            Self::Federated(_) => f.write_str("Federated(…)"),
            Self::Secret(_) => f.write_str("Secret(…)"),
        }
    }
}

/// The credential cannot be used at the moment; the log has been told why.
#[derive(Clone, Copy, Debug)]
pub(super) struct CredentialFault;

/// Whether a text has the form of a JWT, which is what platforms issue: three parts of base64url, of bounded length.
#[must_use]
pub fn is_federated_token(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=');
    let parts: Vec<&str> = text.split('.').collect();
    text.len() <= MAX_TOKEN_BYTES
        && parts.len() == 3
        && parts.iter().all(|part| !part.is_empty() && part.bytes().all(plain))
}

impl ClientCredential {
    /// The form fields of one request.
    pub(super) async fn fields(
        &self,
        terms: &AssertionTerms<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(&'static str, Secret<String>)>, CredentialFault> {
        let assertion = match self {
            Self::Secret(secret) => return Ok(vec![("client_secret", secret.clone())]),
            Self::Certificate(certificate) => {
                certificate.assertion(terms, signer).await.map_err(|error| {
                    tracing::error!(%error, "MICROSOFT_CLIENT_CERTIFICATE: no assertion could be signed");
                    CredentialFault
                })?
            }
            Self::Federated(source) => federated_token(&**source)?,
        };
        let kind = Secret::new(ASSERTION_TYPE.to_owned());
        Ok(vec![("client_assertion_type", kind), ("client_assertion", assertion)])
    }

    /// Whether it is a certificate whose time is over.
    pub(super) fn is_expired(&self, now: UnixMillis) -> bool {
        matches!(self, Self::Certificate(certificate) if certificate.left(now).is_zero())
    }

    /// Tells the log where the certificate is not in its time, or will not be soon.
    pub(super) fn warn_of_its_time(&self, now: UnixMillis) {
        let Self::Certificate(certificate) = self else { return };
        let (left, thumbprint) = (certificate.left(now), certificate.thumbprint());
        let what = if certificate.is_early(now) {
            "MICROSOFT_CLIENT_CERTIFICATE: the certificate is not valid yet; Microsoft will refuse it"
        } else if left.is_zero() {
            "MICROSOFT_CLIENT_CERTIFICATE: the certificate has expired; register a new one at Microsoft and set it here"
        } else if left <= RENEW_WITHIN {
            "MICROSOFT_CLIENT_CERTIFICATE: the certificate expires within 30 days; register a new one at Microsoft"
        } else {
            return;
        };
        tracing::warn!(thumbprint, days_left = left.as_secs() / 86_400, "{what}");
    }
}

fn federated_token(source: &dyn RotatingSecret) -> Result<Secret<String>, CredentialFault> {
    let fault = |problem: &str| {
        tracing::error!(problem, "MICROSOFT_FEDERATED_TOKEN: the platform's token cannot be used");
        CredentialFault
    };
    let text = source.current().map_err(|problem| fault(&problem))?;
    let token = Secret::new(text.expose().trim().to_owned());
    if is_federated_token(token.expose()) { Ok(token) } else { Err(fault("it is not a token")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_federated_token_has_three_parts_and_a_bound() {
        assert!(is_federated_token("eyJh.eyJi.c2ln"));
        let long = format!("{}.b.c", "a".repeat(MAX_TOKEN_BYTES));
        for text in ["", "a", "a.b", "a.b.", "a..c", "a.b.c.d", "a.b.c d", "a.b.c\n", "a.b.\u{e9}", &long] {
            assert!(!is_federated_token(text), "{text}");
        }
    }
}
