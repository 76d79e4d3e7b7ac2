//! The operator's signed policy set in Workers KV.
//!
//! Consistency: KV's own: a new set is known where it was written at once and elsewhere within a minute or so. What lies
//! there counts for nothing before its signature is checked, so whoever can write to the namespace can at most keep a
//! newer set away.

use std::time::Duration;

use async_trait::async_trait;
use m365_ports::{PolicyDocument, PolicySource, PolicySourceError};
use worker::send::SendFuture;
use worker::{Env, KvError};

use super::timer::within;

/// The KV namespace.
const BINDING: &str = "OAUTH_KV";
/// The key of the set.
const KEY: &str = "policy";
/// How soon a change is noticed; KV itself is no faster (Workers KV, "How KV works").
const INTERVAL: Duration = Duration::from_mins(1);
/// Longest wait for KV.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The set of a deployment.
pub struct KvPolicy {
    env: Env,
}

impl std::fmt::Debug for KvPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KvPolicy(…)")
    }
}

impl KvPolicy {
    /// The set under `policy` in the namespace bound as `OAUTH_KV`.
    #[must_use]
    pub const fn new(env: Env) -> Self {
        Self { env }
    }

    async fn stored(&self) -> Result<Option<Vec<u8>>, KvError> {
        let missing = |_| KvError::InvalidKvStore(BINDING.to_owned());
        self.env.kv(BINDING).map_err(missing)?.get(KEY).bytes().await
    }
}

#[async_trait]
impl PolicySource for KvPolicy {
    async fn read(&self) -> Result<Option<PolicyDocument>, PolicySourceError> {
        let stored = SendFuture::new(within(TIMEOUT, self.stored())).await;
        match stored {
            Some(Ok(bytes)) => Ok(bytes.map(|bytes| PolicyDocument::Signed(bytes.into()))),
            Some(Err(error)) => {
                // What follows the first line is a stack.
                let text = error.to_string();
                Err(PolicySourceError::Unavailable(text.lines().next().unwrap_or_default().to_owned()))
            }
            None => Err(PolicySourceError::Unavailable("Workers KV did not answer in time".to_owned())),
        }
    }

    fn is_signed(&self) -> bool {
        true
    }

    fn interval(&self) -> Duration {
        INTERVAL
    }
}
