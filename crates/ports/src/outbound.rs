//! Raw outbound HTTP. Only `egress` (Graph) and the Entra and Access key clients composed in `app` hold it, each
//! behind its own destination check.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

/// Whose machine may be at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Whatever the operator's settings name, on this machine and in private networks too.
    Configured,
    /// The public Internet alone: the name comes from a stranger. A host that resolves names itself dials only where
    /// every address of the name is public, and exactly what it has checked.
    PublicInternet,
}

/// Limits of one exchange.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Where the connection may lead.
    pub network: Network,
    /// From the first byte sent to the last received.
    pub timeout: Duration,
    /// Longest body accepted, in bytes.
    pub max_response_bytes: usize,
}

/// Why there is no answer. Whether the other side acted is unknown unless stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// No connection: the other side did not see the request.
    #[error("no connection could be made")]
    Connect,
    /// The destination is not in the table: nothing was sent.
    #[error("the destination is not allowed")]
    Destination,
    /// The connection broke, or the answer was not HTTP.
    #[error("the connection broke before the answer was complete")]
    Protocol,
    /// The time limit passed.
    #[error("no answer came within the time limit")]
    Timeout,
    /// The answer was longer than allowed.
    #[error("the answer was too long")]
    TooLarge,
}

/// One HTTP exchange. Redirects are never followed; no cookies, no proxy from the environment; TLS is verified.
/// Consistency: none; every call is independent, and a lost answer says nothing about the effect.
#[async_trait]
pub trait Outbound: Send + Sync {
    /// Sends the request, whose URI is absolute, and reads the whole answer.
    ///
    /// # Errors
    /// [`OutboundError`]
    async fn send(
        &self,
        request: http::Request<Bytes>,
        bounds: Bounds,
    ) -> Result<http::Response<Bytes>, OutboundError>;
}
