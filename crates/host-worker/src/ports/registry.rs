//! Registered clients in Workers KV.
//!
//! Consistency: a new client is known at once where it registered and elsewhere within a minute or so; an expired one
//! is never answered, whatever KV still holds.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use m365_ports::{ClientRegistry, Clock as _, RegistryError};
use m365_types::{ClientId, UnixMillis};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use worker::send::SendFuture;
use worker::{Env, KvError};

use super::clock::WorkerClock;
use super::timer::within;

/// The KV namespace.
const BINDING: &str = "OAUTH_KV";
/// KV refuses an expiry nearer than this (Workers KV, "Expiring keys").
const LEAST_TTL_SECS: u64 = 60;
/// The runtime takes the expiry for a 32-bit number of seconds.
const LATEST_EXPIRY_SECS: u64 = i32::MAX as u64;
/// Longest wait for KV.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The registry of a deployment.
pub struct KvRegistry {
    env: Env,
}

/// What is stored: the expiry beside the metadata, since KV forgets late and by another clock.
#[derive(Serialize, Deserialize)]
struct Stored {
    expires: u64,
    metadata: String,
}

impl std::fmt::Debug for KvRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KvRegistry(…)")
    }
}

impl KvRegistry {
    /// The registry in the namespace bound as `OAUTH_KV`.
    #[must_use]
    pub const fn new(env: Env) -> Self {
        Self { env }
    }

    async fn write(&self, id: &ClientId, stored: &Stored) -> Result<(), KvError> {
        let text = serde_json::to_string(stored)?;
        // KV counts by the runtime's clock.
        let soonest = WorkerClock.now().as_secs() + LEAST_TTL_SECS;
        let expires = (stored.expires / 1_000).max(soonest).min(LATEST_EXPIRY_SECS);
        self.env.kv(BINDING).map_err(missing)?.put(&key(id), text)?.expiration(expires).execute().await
    }

    async fn forget(&self, id: &ClientId) -> Result<(), KvError> {
        self.env.kv(BINDING).map_err(missing)?.delete(&key(id)).await
    }

    async fn read(&self, id: &ClientId) -> Result<Option<String>, KvError> {
        self.env.kv(BINDING).map_err(missing)?.get(&key(id)).text().await
    }
}

#[async_trait]
impl ClientRegistry for KvRegistry {
    async fn put(&self, id: &ClientId, metadata: &str, expires: UnixMillis) -> Result<(), RegistryError> {
        let stored = Stored { expires: expires.as_millis(), metadata: metadata.to_owned() };
        SendFuture::new(within(TIMEOUT, self.write(id, &stored)))
            .await
            .ok_or_else(slow)?
            .map_err(|error| classify(&error))
    }

    async fn find(&self, id: &ClientId, now: UnixMillis) -> Result<Option<String>, RegistryError> {
        let text = SendFuture::new(within(TIMEOUT, self.read(id)))
            .await
            .ok_or_else(slow)?
            .map_err(|error| classify(&error))?;
        let Some(text) = text else { return Ok(None) };
        let stored: Stored = serde_json::from_str(&text).map_err(|_| {
            tracing::error!("a registered client is not stored as it was written");
            RegistryError::Unavailable
        })?;
        Ok((stored.expires > now.as_millis()).then_some(stored.metadata))
    }

    async fn delete(&self, id: &ClientId) -> Result<(), RegistryError> {
        SendFuture::new(within(TIMEOUT, self.forget(id)))
            .await
            .ok_or_else(slow)?
            .map_err(|error| classify(&error))
    }
}

/// A key of fixed length: KV takes 512 bytes, as long as an identifier alone may be.
fn key(id: &ClientId) -> String {
    format!("client/{}", URL_SAFE_NO_PAD.encode(Sha256::digest(id.as_str())))
}

fn missing(_: worker::Error) -> KvError {
    KvError::InvalidKvStore(BINDING.to_owned())
}

fn slow() -> RegistryError {
    tracing::error!(timeout_secs = TIMEOUT.as_secs(), "Workers KV did not answer in time");
    RegistryError::Unavailable
}

/// KV says in its message with which status it refused ("KV PUT failed: 429 Too Many Requests").
fn classify(error: &KvError) -> RegistryError {
    let text = error.to_string();
    // What follows the first line is a stack, in which any number may stand.
    let said = text.lines().next().unwrap_or_default();
    tracing::error!(error = said, "Workers KV failed");
    if said.contains("failed: 429 ") { RegistryError::Busy } else { RegistryError::Unavailable }
}
