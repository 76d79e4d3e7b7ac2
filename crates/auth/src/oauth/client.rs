//! OAuth clients: dynamic registration and authentication.
//!
//! Sources: RFC 7591 (registration), RFC 6749 sections 2.3 and 3.2.1 (client authentication), RFC 9700 section 2.5.
//!
//! In scope: what a client may register, finding it again, proving it is the same at `/token` and `/revoke`. Out of
//! scope: consent, which every registered client must ask for each time.
//!
//! Invariants: a name is shown only after cleaning; a secret is kept as a hash and shown once; a client
//! authenticates by exactly the method it registered; registration is counted in the directory before it is kept.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use m365_ports::{
    ClientRegistry, Clock, Directory, Entropy, EntropyExt as _, PerimeterRecord, RegistrationOutcome,
    RegistryError,
};
use m365_types::{AuditKind, ClientId, RequestId, Secret, UnixMillis};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::redirect::{RedirectPolicy, RedirectUri};

mod authentication;
mod registration;

pub use authentication::BASIC_CHALLENGE;
pub use registration::{MAX_REGISTRATION_BYTES, Registered, RegistrationRefusal};

use registration::Request;

/// How long registrations live.
#[derive(Clone, Copy, Debug)]
pub struct ClientLives {
    /// Until somebody has allowed the client: short, so that a flood of registrations passes.
    pub unused: Duration,
    /// From the last time somebody allowed it.
    pub used: Duration,
}

impl Default for ClientLives {
    fn default() -> Self {
        Self { unused: Duration::from_hours(24), used: Duration::from_hours(90 * 24) }
    }
}

/// `token_endpoint_auth_method` (RFC 7591 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// HTTP Basic; the default of RFC 7591.
    ClientSecretBasic,
    /// `client_secret` in the form.
    ClientSecretPost,
    /// A public client.
    None,
}

/// A registered client. Its registry record is this type as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    id: ClientId,
    name: String,
    redirect_uris: Vec<RedirectUri>,
    auth_method: AuthMethod,
    secret_hash: Option<[u8; 32]>,
    registered_at: UnixMillis,
    expires: UnixMillis,
}

impl Client {
    /// Its identifier.
    #[must_use]
    pub const fn id(&self) -> &ClientId {
        &self.id
    }

    /// The name it claims, cleaned: without control, direction and invisible characters, at most 60 characters.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it registered.
    #[must_use]
    pub const fn registered_at(&self) -> UnixMillis {
        self.registered_at
    }

    /// The redirect URI of a request, where a registered one admits it.
    pub(super) fn redirect(&self, asked: &str) -> Option<RedirectUri> {
        let asked = RedirectUri::parse(asked).ok()?;
        self.redirect_uris.iter().any(|registered| registered.admits(&asked)).then_some(asked)
    }
}

/// Why a client is not known or not proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientRefusal {
    /// The registry is overloaded.
    #[error("The client registry is busy. Try again in a minute.")]
    Busy,
    /// Another authentication method than the registered one.
    #[error("The client must authenticate with the method it registered.")]
    Method,
    /// No client named, or credentials that cannot be read.
    #[error("The request does not identify a client. Send client_id or HTTP Basic credentials.")]
    Missing,
    /// Credentials in more than one place, or contradicting each other.
    #[error("The client must authenticate in one way only.")]
    Mixed,
    /// Wrong secret.
    #[error("The client's credentials are wrong.")]
    Secret,
    /// The registry did not answer.
    #[error("The client registry did not answer. Try again in a minute.")]
    Unavailable,
    /// No such client, or its registration has expired.
    #[error("The client is not registered, or its registration has expired. Register it again.")]
    Unknown,
}

impl ClientRefusal {
    /// Code of the errors table.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Busy => "client_registry_busy",
            Self::Method => "client_auth_method",
            Self::Missing => "client_missing",
            Self::Mixed => "client_auth_mixed",
            Self::Secret => "client_secret_wrong",
            Self::Unavailable => "client_registry_unavailable",
            Self::Unknown => "client_unknown",
        }
    }

    /// Error word (RFC 6749 section 5.2). `invalid_client` is a 401 with [`BASIC_CHALLENGE`]; `temporarily_unavailable`
    /// a 429 ([`ClientRefusal::Busy`]) or 503.
    #[must_use]
    pub const fn oauth_error(self) -> &'static str {
        match self {
            Self::Busy | Self::Unavailable => "temporarily_unavailable",
            Self::Method | Self::Missing | Self::Mixed | Self::Secret | Self::Unknown => "invalid_client",
        }
    }
}

impl From<RegistryError> for ClientRefusal {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Busy => Self::Busy,
            RegistryError::Unavailable => Self::Unavailable,
        }
    }
}

/// What client handling needs from the host.
#[derive(Clone)]
pub struct ClientPorts {
    /// Keeps the records.
    pub registry: Arc<dyn ClientRegistry>,
    /// Counts registrations.
    pub directory: Arc<dyn Directory>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// Registers, finds and authenticates clients.
pub struct Clients {
    ports: ClientPorts,
    policy: RedirectPolicy,
    lives: ClientLives,
}

impl Clients {
    /// Over the registry.
    #[must_use]
    pub const fn new(ports: ClientPorts, policy: RedirectPolicy, lives: ClientLives) -> Self {
        Self { ports, policy, lives }
    }

    /// Registers a client (RFC 7591 section 3): checks the metadata, counts the registration, keeps the client. The
    /// directory writes the perimeter record of `request_id` and `route` as it counts.
    ///
    /// # Errors
    /// [`RegistrationRefusal`]; then nothing was kept.
    pub async fn register(
        &self,
        request_id: RequestId,
        route: &str,
        body: &[u8],
    ) -> Result<Registered, RegistrationRefusal> {
        let request = Request::parse(body, &self.policy)?;
        let now = self.ports.clock.now();
        let expires = now.plus(self.lives.unused);
        let id = format!("m365client_{}", URL_SAFE_NO_PAD.encode(self.ports.entropy.bytes::<16>()));
        let id = ClientId::parse(&id).map_err(|_| RegistrationRefusal::Unavailable)?;
        let record = PerimeterRecord {
            at: now,
            kind: AuditKind::ClientRegistered,
            request_id: request_id.to_string(),
            route: route.to_owned(),
            code: "registered".to_owned(),
            status: StatusCode::CREATED.as_u16(),
            client: Some(id.clone()),
        };
        match self.ports.directory.count_registration(now, expires, Some(record)).await {
            Ok(RegistrationOutcome::Counted) => {}
            Ok(RegistrationOutcome::QuotaReached) => return Err(RegistrationRefusal::Quota),
            Err(_) => return Err(RegistrationRefusal::Unavailable),
        }
        let secret = (request.auth_method != AuthMethod::None).then(|| {
            Secret::new(format!("m365s_{}", URL_SAFE_NO_PAD.encode(self.ports.entropy.bytes::<32>())))
        });
        let client = Client {
            id,
            name: request.name,
            redirect_uris: request.redirect_uris,
            auth_method: request.auth_method,
            secret_hash: secret.as_ref().map(|secret| Sha256::digest(secret.expose().as_bytes()).into()),
            registered_at: now,
            expires,
        };
        let metadata = serde_json::to_string(&client).map_err(|_| RegistrationRefusal::Unavailable)?;
        self.ports.registry.put(&client.id, &metadata, expires).await?;
        Ok(Registered::new(client, secret, now.plus(self.lives.used)))
    }

    /// Keeps a client that somebody has just allowed: its registration lives on from now.
    ///
    /// # Errors
    /// As [`Clients::find`]; then it expires as before.
    pub async fn keep(&self, id: &ClientId) -> Result<(), ClientRefusal> {
        let expires = self.ports.clock.now().plus(self.lives.used);
        let client = Client { expires, ..self.find(id).await? };
        let metadata = serde_json::to_string(&client).map_err(|_| ClientRefusal::Unavailable)?;
        Ok(self.ports.registry.put(id, &metadata, expires).await?)
    }

    /// The client of this identifier.
    ///
    /// # Errors
    /// [`ClientRefusal::Unknown`], [`ClientRefusal::Busy`], [`ClientRefusal::Unavailable`]
    pub async fn find(&self, id: &ClientId) -> Result<Client, ClientRefusal> {
        let now = self.ports.clock.now();
        let record = self.ports.registry.find(id, now).await?.ok_or(ClientRefusal::Unknown)?;
        let client: Client = serde_json::from_str(&record).map_err(|_| ClientRefusal::Unavailable)?;
        if client.id == *id && now < client.expires { Ok(client) } else { Err(ClientRefusal::Unknown) }
    }
}

#[cfg(test)]
mod tests;
