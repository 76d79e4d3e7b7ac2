//! Where a policy set of the operator's own comes from.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

/// A policy set as it lies in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyDocument {
    /// The JSON form of a bundle, from a place that only the operator writes to.
    Plain(Bytes),
    /// The JSON form of a signed bundle, from a place that others may write to: it counts for nothing before its signature
    /// is checked.
    Signed(Bytes),
}

/// Why a source has nothing to say now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicySourceError {
    /// What lies there is no policy set, as the sentence says.
    #[error("{0}")]
    Malformed(String),
    /// The place does not answer.
    #[error("the place of the policy cannot be read ({0})")]
    Unavailable(String),
}

/// Reads the operator's policy set, whole, each time it is asked. Consistency: an answer may be as old as the place makes
/// it (Workers KV: a minute), and one answer may be older than the one before; who asks keeps the version that is in force
/// and refuses an older one. A failed read says nothing about what was read before.
#[async_trait]
pub trait PolicySource: Send + Sync {
    /// The set, or nothing where the place is empty.
    ///
    /// # Errors
    /// [`PolicySourceError`]
    async fn read(&self) -> Result<Option<PolicyDocument>, PolicySourceError>;

    /// Whether what it reads is signed. Such a source is asked only where the deployment has a key to check it with.
    fn is_signed(&self) -> bool;

    /// How long an answer is good for.
    fn interval(&self) -> Duration;
}
