//! Microsoft Entra: which cloud, which registration, and the one credential of it.

use std::sync::Arc;

use m365_auth::entra::ClientCertificate;
use m365_auth::entra::cloud::Cloud;
use m365_auth::entra::credential::{ClientCredential, is_federated_token};
use m365_ports::RotatingSecret;
use m365_types::TenantId;
use url::Url;

use super::parse::{Reader, wrong};
use super::{ConfigError, Mode};

const SECRET: &str = "MICROSOFT_CLIENT_SECRET";
const CERTIFICATE: &str = "MICROSOFT_CLIENT_CERTIFICATE";
const FEDERATED: &str = "MICROSOFT_FEDERATED_TOKEN";

/// Microsoft Entra.
#[derive(Clone, Debug)]
pub struct Entra {
    /// The cloud the tenant is in.
    pub cloud: Cloud,
    /// Sign-in host: the cloud's own, or in development what stands in for it.
    pub base_url: Url,
    /// The one tenant.
    pub tenant: TenantId,
    /// The app registration.
    pub client_id: String,
    /// How the server proves to be that registration.
    pub credential: ClientCredential,
}

impl Entra {
    pub(super) fn parse(reader: &Reader<'_>) -> Result<Self, ConfigError> {
        let clouds = Cloud::ALL.map(|cloud| (cloud.name, cloud));
        let cloud = reader.choice("CLOUD", &clouds)?;
        Ok(Self {
            cloud,
            base_url: base_url(reader, &cloud)?,
            tenant: reader.secret_uuid("MICROSOFT_TENANT_ID")?,
            client_id: reader.secret("MICROSOFT_CLIENT_ID")?.expose().clone(),
            credential: credential(reader)?,
        })
    }
}

/// The cloud's sign-in host. Another one would be sent the credential, so only development may name it.
fn base_url(reader: &Reader<'_>, cloud: &Cloud) -> Result<Url, ConfigError> {
    const NAME: &str = "ENTRA_BASE_URL";
    let Ok(own) = Url::parse(&cloud.login_base()) else { return wrong(NAME, "is not a URL") };
    match reader.optional_base_url(NAME)? {
        None => Ok(own),
        Some(named) if named == own || reader.mode == Mode::Development => Ok(named),
        Some(_) => wrong(NAME, format!("must be {} for this CLOUD; leave it out", cloud.login_base())),
    }
}

/// Exactly one of three.
fn credential(reader: &Reader<'_>) -> Result<ClientCredential, ConfigError> {
    let secret = reader.optional_word_secret(SECRET)?;
    let certificate = reader.optional_secret(CERTIFICATE)?;
    let federated = reader.rotating_secret(FEDERATED)?;
    match (secret, certificate, federated) {
        (Some(secret), None, None) => Ok(ClientCredential::Secret(secret)),
        (None, Some(pem), None) => ClientCertificate::parse(&pem)
            .map(|certificate| ClientCredential::Certificate(Box::new(certificate)))
            .or_else(|error| wrong(CERTIFICATE, error.to_string())),
        (None, None, Some(source)) => federated_token(source),
        (None, None, None) => wrong(
            SECRET,
            format!("has no value, and neither have {CERTIFICATE} and {FEDERATED}; give one of them"),
        ),
        _ => wrong(
            SECRET,
            format!("{SECRET}, {CERTIFICATE} and {FEDERATED} exclude one another; give exactly one"),
        ),
    }
}

/// Read once here, so that a wrong place is noticed at the start.
fn federated_token(source: Arc<dyn RotatingSecret>) -> Result<ClientCredential, ConfigError> {
    let token = source.current().or_else(|problem| wrong(FEDERATED, problem))?;
    if is_federated_token(token.expose().trim()) {
        Ok(ClientCredential::Federated(source))
    } else {
        wrong(FEDERATED, "is not a token of three parts, as the platform issues it")
    }
}
