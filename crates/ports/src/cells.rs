//! Reaching a person's cell from the front.

use std::convert::Infallible;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use m365_types::CellId;

/// What the front may do to a cell that is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellAccess {
    /// Creates it: only for a route where Access has verified the person.
    Create,
    /// Leaves no trace where there is none: every other route.
    Existing,
}

/// Why a cell did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CellError {
    /// There is no such cell, and it was not to be created.
    #[error("there is no such cell")]
    Absent,
    /// It could not be opened or reached. Nothing is known about the effect.
    #[error("the cell did not answer")]
    Unavailable,
}

/// Hands a request to a cell. Consistency: a cell handles its requests concurrently; exactness comes from the
/// transactions inside. The request carries the sealed context and an allow-list of headers only.
#[async_trait]
pub trait CellTransport: Send + Sync {
    /// Sends the request and waits for the answer. Its body may still be coming; who drops it tells the cell that
    /// nobody listens any more.
    ///
    /// # Errors
    /// [`CellError`]
    async fn send(
        &self,
        cell: &CellId,
        access: CellAccess,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<UnsyncBoxBody<Bytes, Infallible>>, CellError>;
}
