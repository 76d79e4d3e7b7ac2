//! Client ID metadata documents: clients whose identifier is the address of what describes them.
//!
//! Sources: draft-ietf-oauth-client-id-metadata-document (identifier, document, discovery, caching, and its security
//! considerations on server-side request forgery and size), MCP 2026-07-28 (authorization, client registration),
//! RFC 7591 section 2 (metadata).
//!
//! In scope: which identifiers are addresses we would dial, what a document must say, how long it is believed. Out of
//! scope: consent; where a connection may lead, which egress and the host decide once more.
//!
//! Invariants: only an address in canonical form at a host on the operator's list is dialled; a document speaks for its
//! own address alone; document clients are public, so a document that holds or announces a secret is refused; a redirect
//! URI of a document is believed only where its host owns it, the operator lists it, or it is loopback. Values alone are
//! remembered, never work under way, and no lock is held while waiting.

mod cache;
mod fetch;

use std::sync::{Arc, Mutex, PoisonError};

use m365_ports::{Clock, Outbound};
use m365_types::{ClientId, UnixMillis};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::{Host, Url};

use super::metadata::Metadata;
use super::{AuthMethod, Client, Vouched};
use crate::oauth::redirect::{RedirectPolicy, RedirectUri, has_hidden_segment};

use cache::{Cache, Look};

/// Why a metadata document does not make a client. Strangers are told nothing of it; the record says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentRefusal {
    /// More documents of this host were asked for in a minute than we fetch.
    #[error("too many documents of this host were asked for in one minute")]
    Busy,
    /// No code grant, or another response type than code.
    #[error("the document does not offer the authorization code grant")]
    Capability,
    /// Not JSON by its content type.
    #[error("the document is not sent as JSON")]
    ContentType,
    /// The host is not on the operator's list.
    #[error("the host of the document is not on the operator's list")]
    Host,
    /// `client_id` is another than the document's address.
    #[error("the document names another client than its address")]
    Identity,
    /// A link that is not a plain http or https URL.
    #[error("a link in the document is not a plain http or https URL")]
    Link,
    /// Not a JSON object of the expected shape.
    #[error("the document is not a JSON object of client metadata")]
    Malformed,
    /// A client authentication other than `none`.
    #[error("the document announces a client authentication; clients with a document are public here")]
    Method,
    /// A private key in `jwks`.
    #[error("the document publishes a private key")]
    PrivateKey,
    /// No redirect URI that can be believed.
    #[error("the document has no redirect URI at its own host, on the operator's list or on loopback")]
    Redirects,
    /// A secret, which everybody can read there.
    #[error("the document publishes a client secret")]
    Secret,
    /// Another status than 200; redirects are not followed.
    #[error("the document's host did not answer with status 200")]
    Status,
    /// Five seconds have passed.
    #[error("the document did not come in time")]
    Timeout,
    /// More than five kilobytes.
    #[error("the document is too long")]
    TooLarge,
    /// No connection, or one that broke.
    #[error("the document's host could not be reached")]
    Unreachable,
    /// Not the address of a document in canonical form.
    #[error("the client identifier is not the address of a metadata document in canonical form")]
    Url,
}

impl DocumentRefusal {
    /// Code of the record.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Busy => "client_document_busy",
            Self::Capability => "client_document_capability",
            Self::ContentType => "client_document_type",
            Self::Host => "client_document_host",
            Self::Identity => "client_document_identity",
            Self::Link => "client_document_link",
            Self::Malformed => "client_document_malformed",
            Self::Method => "client_document_method",
            Self::PrivateKey => "client_document_private_key",
            Self::Redirects => "client_document_redirects",
            Self::Secret => "client_document_secret",
            Self::Status => "client_document_status",
            Self::Timeout => "client_document_timeout",
            Self::TooLarge => "client_document_too_large",
            Self::Unreachable => "client_document_unreachable",
            Self::Url => "client_document_url",
        }
    }

    /// Whether this says nothing about the client, only that its document could not be had just now.
    #[must_use]
    pub const fn is_momentary(self) -> bool {
        match self {
            Self::Busy
            | Self::ContentType
            | Self::Status
            | Self::Timeout
            | Self::TooLarge
            | Self::Unreachable => true,
            Self::Capability
            | Self::Host
            | Self::Identity
            | Self::Link
            | Self::Malformed
            | Self::Method
            | Self::PrivateKey
            | Self::Redirects
            | Self::Secret
            | Self::Url => false,
        }
    }
}

/// The hosts whose documents are believed.
#[derive(Clone, Debug, Default)]
pub struct MetadataHosts(Vec<String>);

impl MetadataHosts {
    /// The operator's list without this server's own hosts: nobody may make the server describe its own clients.
    #[must_use]
    pub fn new(listed: &[String], own: &[&str]) -> Self {
        Self(listed.iter().filter(|host| !own.contains(&host.as_str())).cloned().collect())
    }

    /// Whether no document is accepted at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether a client identifier is the address of a document, if anything; registered ones never look so.
pub(super) fn is_address(id: &str) -> bool {
    id.starts_with("https://")
}

/// The address of a document at a listed host, in the one form that every parser reads alike.
#[derive(Clone, Debug)]
struct DocumentUrl {
    id: ClientId,
    host: String,
}

impl DocumentUrl {
    fn parse(id: &ClientId, hosts: &MetadataHosts) -> Result<Self, DocumentRefusal> {
        let text = id.as_str();
        let url = Url::parse(text).map_err(|_| DocumentRefusal::Url)?;
        let Some(Host::Domain(host)) = url.host() else { return Err(DocumentRefusal::Url) };
        // Equality with what the parser writes rules out capitals, a default port, dot segments and stray characters.
        let canonical = is_address(text) && url.as_str() == text && url.port().is_none();
        let bare = url.query().is_none() && url.fragment().is_none() && !text.contains('@');
        let has_path = url.path() != "/" && !has_hidden_segment(url.path());
        if !canonical || !bare || !has_path {
            return Err(DocumentRefusal::Url);
        }
        if !hosts.0.iter().any(|listed| listed == host) {
            return Err(DocumentRefusal::Host);
        }
        Ok(Self { id: id.clone(), host: host.to_owned() })
    }

    /// A redirect URI of this document, where it is one to believe.
    fn redirect(&self, uri: &str, policy: &RedirectPolicy) -> Option<RedirectUri> {
        let own = |uri: &RedirectUri| !uri.is_loopback() && uri.is_at(&self.host);
        policy.admit(uri).ok().or_else(|| RedirectUri::parse(uri).ok().filter(own))
    }
}

/// What a look for a document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// The fresh copy lacks what the request names: it may be outdated, or somebody has planted it.
    Newer,
    /// Somebody asks to be authorized.
    Now,
    /// A client presents what it was granted: an outage of its host must not end that at once.
    Standing,
}

/// Fetches documents and remembers them.
pub(super) struct Documents {
    outbound: Arc<dyn Outbound>,
    clock: Arc<dyn Clock>,
    hosts: MetadataHosts,
    cache: Mutex<Cache>,
}

impl Documents {
    pub(super) fn new(outbound: Arc<dyn Outbound>, clock: Arc<dyn Clock>, hosts: MetadataHosts) -> Self {
        Self { outbound, clock, hosts, cache: Mutex::default() }
    }

    /// The client that this address describes.
    pub(super) async fn client(
        &self,
        id: &ClientId,
        policy: &RedirectPolicy,
        need: Need,
    ) -> Result<Client, DocumentRefusal> {
        let url = DocumentUrl::parse(id, &self.hosts)?;
        match self.with_cache(|cache| cache.look(&url, need, self.clock.now())) {
            Look::Known(client) => Ok(*client),
            Look::Refused(refusal) => Err(refusal),
            Look::Fetch => {
                let fetched = fetch::document(&*self.outbound, &url).await;
                let now = self.clock.now();
                let read = fetched.and_then(|fetched| {
                    read(&url, &fetched.body, policy, now).map(|client| (client, fetched.fresh))
                });
                self.with_cache(|cache| cache.keep(&url, read, need, now))
            }
        }
    }

    /// Whether a document at this address could have this redirect URI: if not, looking again is of no use.
    pub(super) fn could_redirect(&self, id: &ClientId, uri: &str, policy: &RedirectPolicy) -> bool {
        DocumentUrl::parse(id, &self.hosts).is_ok_and(|url| url.redirect(uri, policy).is_some())
    }

    fn with_cache<T>(&self, work: impl FnOnce(&mut Cache) -> T) -> T {
        work(&mut self.cache.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads a document. In this order:
/// 1. it is a JSON object of client metadata and names its own address;
/// 2. it holds no secret and no private key, and announces no client authentication;
/// 3. it offers the code grant; what else it lists is for other servers;
/// 4. its links are plain;
/// 5. at least one of its redirect URIs can be believed; the others are left out.
fn read(
    url: &DocumentUrl,
    body: &[u8],
    policy: &RedirectPolicy,
    now: UnixMillis,
) -> Result<Client, DocumentRefusal> {
    let metadata: Metadata = serde_json::from_slice(body).map_err(|_| DocumentRefusal::Malformed)?;
    if metadata.rest.get("client_id").and_then(Value::as_str) != Some(url.id.as_str()) {
        return Err(DocumentRefusal::Identity);
    }
    check_secrets(&metadata)?;
    let lists = |types: &Option<Vec<String>>, wanted: &str| {
        types.as_ref().is_none_or(|types| types.iter().any(|listed| listed == wanted))
    };
    if !lists(&metadata.grant_types, "authorization_code") || !lists(&metadata.response_types, "code") {
        return Err(DocumentRefusal::Capability);
    }
    if !metadata.links_are_plain() {
        return Err(DocumentRefusal::Link);
    }
    let redirect_uris: Vec<_> =
        metadata.redirect_uris.iter().filter_map(|uri| url.redirect(uri, policy)).collect();
    if redirect_uris.is_empty() {
        return Err(DocumentRefusal::Redirects);
    }
    let vouched = Vouched { host: url.host.clone(), digest: Sha256::digest(body).into() };
    Ok(Client {
        id: url.id.clone(),
        name: metadata.name(),
        redirect_uris,
        auth_method: AuthMethod::None,
        secret_hash: None,
        registered_at: now,
        expires: now.plus(cache::KEEP),
        vouched: Some(vouched),
    })
}

/// What everybody can read cannot prove who a client is.
fn check_secrets(metadata: &Metadata) -> Result<(), DocumentRefusal> {
    if ["client_secret", "client_secret_expires_at"].iter().any(|name| metadata.rest.contains_key(*name)) {
        return Err(DocumentRefusal::Secret);
    }
    if metadata.rest.get("jwks").is_some_and(|keys| !keys.is_null() && !is_public_key_set(keys)) {
        return Err(DocumentRefusal::PrivateKey);
    }
    match metadata.token_endpoint_auth_method.as_deref() {
        None | Some("none") => Ok(()),
        Some(_) => Err(DocumentRefusal::Method),
    }
}

/// Whether a JWK set (RFC 7517 section 5) holds public keys alone: no symmetric one, and none of the private parameters
/// of RFC 7518 sections 6.2.2, 6.3.2 and 6.4.
fn is_public_key_set(keys: &Value) -> bool {
    let is_public = |key: &Value| {
        let kind = key.get("kty").and_then(Value::as_str);
        let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
        kind.is_some_and(|kind| kind != "oct") && private.iter().all(|name| key.get(*name).is_none())
    };
    keys.get("keys").and_then(Value::as_array).is_some_and(|keys| keys.iter().all(is_public))
}

#[cfg(test)]
mod tests;
