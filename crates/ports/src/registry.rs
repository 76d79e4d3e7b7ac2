//! Registered OAuth clients: written once, read often, expiring; no personal data.

use async_trait::async_trait;
use m365_types::{ClientId, UnixMillis};

/// Why the registry did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// It refuses for load (a key-value store answers 429): try again later.
    #[error("the client registry is busy")]
    Busy,
    /// It could not be read or written.
    #[error("the client registry did not answer")]
    Unavailable,
}

/// The registry. Consistency: eventual. A new client may be unknown elsewhere for a while, a deleted one known;
/// nothing that must be exact is kept here.
#[async_trait]
pub trait ClientRegistry: Send + Sync {
    /// Stores the client's metadata (JSON) until `expires`.
    ///
    /// # Errors
    /// [`RegistryError`]
    async fn put(&self, id: &ClientId, metadata: &str, expires: UnixMillis) -> Result<(), RegistryError>;

    /// The metadata, unless unknown or expired at `now`.
    ///
    /// # Errors
    /// [`RegistryError`]
    async fn find(&self, id: &ClientId, now: UnixMillis) -> Result<Option<String>, RegistryError>;

    /// Forgets the client. Whether it was known is not told.
    ///
    /// # Errors
    /// [`RegistryError`]
    async fn delete(&self, id: &ClientId) -> Result<(), RegistryError>;
}
