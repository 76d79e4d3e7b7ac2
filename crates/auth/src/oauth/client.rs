//! OAuth clients of both kinds: registered ones, and those that a metadata document at a listed host describes.
//!
//! Sources: RFC 7591 (registration), RFC 6749 sections 2.3 and 3.2.1 (client authentication), RFC 9700 section 2.5;
//! for documents see `metadata_document`.
//!
//! In scope: what a client may register or publish, finding it again, proving it is the same at `/token` and `/revoke`.
//! Out of scope: consent, which every registered client must ask for each time.
//!
//! Invariants: an identifier that begins with `https://` is an address and never looked up among the registered ones; a
//! name is shown only after cleaning; a secret is kept as a hash and shown once; a client authenticates by exactly the
//! method it registered; registration is counted in the directory before it is kept.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use m365_ports::{
    ClientRegistry, Clock, Directory, Entropy, EntropyExt as _, Outbound, PerimeterRecord,
    RegistrationOutcome, RegistryError,
};
use m365_types::{AuditKind, ClientId, RequestId, Secret, UnixMillis};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::redirect::{RedirectPolicy, RedirectUri};

mod authentication;
mod deletion;
mod metadata;
mod metadata_document;
mod registration;

pub use authentication::{BASIC_CHALLENGE, names_document};
pub use metadata_document::{DocumentRefusal, MetadataHosts};
pub use registration::{MAX_REGISTRATION_BYTES, Registered, RegistrationRefusal};

use metadata_document::{Documents, Need, is_address};
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

/// Who vouches for a client that was not registered here.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Vouched {
    /// The host of its metadata document.
    host: String,
    /// SHA-256 of the document.
    digest: [u8; 32],
}

/// A client. The registry record of a registered one is this type as JSON.
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
    #[serde(skip)]
    vouched: Option<Vouched>,
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

    /// When it registered, or its document was read.
    #[must_use]
    pub const fn registered_at(&self) -> UnixMillis {
        self.registered_at
    }

    /// The host that publishes its metadata document, and so vouches for it; none where it registered itself.
    #[must_use]
    pub fn document_host(&self) -> Option<&str> {
        self.vouched.as_ref().map(|vouched| vouched.host.as_str())
    }

    /// SHA-256 of its metadata document.
    pub(super) fn document_digest(&self) -> Option<[u8; 32]> {
        self.vouched.as_ref().map(|vouched| vouched.digest)
    }

    /// Whether it can be answered on the person's own machine alone, where any program can claim to be it.
    #[must_use]
    pub fn is_loopback_only(&self) -> bool {
        self.redirect_uris.iter().all(RedirectUri::is_loopback)
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
    /// Its metadata document makes no client, or could not be had. What exactly is wrong is for the record alone.
    #[error("The metadata document of the client could not be used.")]
    Document(DocumentRefusal),
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
            Self::Document(refusal) => refusal.code(),
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
            Self::Document(refusal) if refusal.is_momentary() => "temporarily_unavailable",
            Self::Document(_) | Self::Method | Self::Missing | Self::Mixed | Self::Secret | Self::Unknown => {
                "invalid_client"
            }
        }
    }
}

impl From<DocumentRefusal> for ClientRefusal {
    fn from(refusal: DocumentRefusal) -> Self {
        Self::Document(refusal)
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
    /// The way to metadata documents.
    pub documents: Arc<dyn Outbound>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// Which clients are accepted.
#[derive(Clone, Debug)]
pub struct ClientRules {
    /// Where a client may be answered, besides loopback and the host of its document.
    pub redirects: RedirectPolicy,
    /// How long registrations live.
    pub lives: ClientLives,
    /// Whether clients may register themselves.
    pub registration: bool,
    /// Whose metadata documents are believed.
    pub metadata_hosts: MetadataHosts,
}

/// Registers, finds and authenticates clients: the one entrance for both kinds.
pub struct Clients {
    ports: ClientPorts,
    documents: Documents,
    policy: RedirectPolicy,
    lives: ClientLives,
    registration: bool,
}

impl Clients {
    /// Over the registry, and over the hosts of documents.
    #[must_use]
    pub fn new(ports: ClientPorts, rules: ClientRules) -> Self {
        let ClientRules { redirects: policy, lives, registration, metadata_hosts } = rules;
        let documents = Documents::new(ports.documents.clone(), ports.clock.clone(), metadata_hosts);
        Self { ports, documents, policy, lives, registration }
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
        if !self.registration {
            return Err(RegistrationRefusal::Off);
        }
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
            vouched: None,
        };
        let metadata = serde_json::to_string(&client).map_err(|_| RegistrationRefusal::Unavailable)?;
        self.ports.registry.put(&client.id, &metadata, expires).await?;
        Ok(Registered::new(client, secret, now.plus(self.lives.used)))
    }

    /// Keeps a client that somebody has just allowed: its registration lives on from now. One with a metadata document
    /// has none to keep.
    ///
    /// # Errors
    /// As [`Clients::find`]; then it expires as before.
    pub async fn keep(&self, id: &ClientId) -> Result<(), ClientRefusal> {
        if is_address(id.as_str()) {
            return Ok(());
        }
        let expires = self.ports.clock.now().plus(self.lives.used);
        let client = Client { expires, ..self.registered(id).await? };
        let metadata = serde_json::to_string(&client).map_err(|_| ClientRefusal::Unavailable)?;
        Ok(self.ports.registry.put(id, &metadata, expires).await?)
    }

    /// The client of this identifier, as somebody who is asked to allow it must see it.
    ///
    /// # Errors
    /// [`ClientRefusal::Unknown`], [`ClientRefusal::Busy`], [`ClientRefusal::Document`], [`ClientRefusal::Unavailable`]
    pub async fn find(&self, id: &ClientId) -> Result<Client, ClientRefusal> {
        self.look(id, Need::Now).await
    }

    /// The client, and the redirect URI asked for where it is one of the client's. A metadata document that lacks it is
    /// read again, for it may be outdated or planted: once, and not more often than every thirty seconds.
    ///
    /// # Errors
    /// As [`Clients::find`].
    pub async fn find_with_redirect(
        &self,
        id: &ClientId,
        asked: Option<&str>,
    ) -> Result<(Client, Option<RedirectUri>), ClientRefusal> {
        let client = self.find(id).await?;
        let Some(asked) = asked else { return Ok((client, None)) };
        if let Some(redirect) = client.redirect(asked) {
            return Ok((client, Some(redirect)));
        }
        if client.vouched.is_none() || !self.documents.could_redirect(id, asked, &self.policy) {
            return Ok((client, None));
        }
        let newer = self.look(id, Need::Newer).await?;
        let redirect = newer.redirect(asked);
        Ok((newer, redirect))
    }

    /// Both kinds: an address is never a registered client's identifier, and no other identifier is dialled.
    async fn look(&self, id: &ClientId, need: Need) -> Result<Client, ClientRefusal> {
        if is_address(id.as_str()) {
            return Ok(self.documents.client(id, &self.policy, need).await?);
        }
        self.registered(id).await
    }

    async fn registered(&self, id: &ClientId) -> Result<Client, ClientRefusal> {
        let now = self.ports.clock.now();
        let record = self.ports.registry.find(id, now).await?.ok_or(ClientRefusal::Unknown)?;
        let client: Client = serde_json::from_str(&record).map_err(|_| ClientRefusal::Unavailable)?;
        if client.id == *id && now < client.expires { Ok(client) } else { Err(ClientRefusal::Unknown) }
    }
}

#[cfg(test)]
mod tests;
