//! Cells as Durable Objects, one per person, named by the cell's id.

use std::convert::Infallible;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use m365_ports::{CellAccess, CellError, CellTransport};
use m365_types::CellId;
use worker::send::SendFuture;
use worker::{Env, web_sys};

use crate::message;

/// The Durable Object namespace.
const BINDING: &str = "CELL";
/// Which cell a request is for; a Durable Object is not told its own name by an alarm.
pub(crate) const CELL: HeaderName = HeaderName::from_static("m365-cell");
/// `create` where the request may bring the cell into being.
pub(crate) const ACCESS: HeaderName = HeaderName::from_static("m365-cell-access");
/// Marks the answer of a cell that is not there.
pub(crate) const ABSENT: HeaderName = HeaderName::from_static("m365-cell-absent");

/// The cells of a deployment.
pub struct DurableCells {
    env: Env,
}

impl std::fmt::Debug for DurableCells {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DurableCells(…)")
    }
}

impl DurableCells {
    /// The cells in the namespace bound as `CELL`.
    #[must_use]
    pub const fn new(env: Env) -> Self {
        Self { env }
    }

    async fn exchange(
        &self,
        cell: &CellId,
        request: &Request<Bytes>,
    ) -> worker::Result<Response<UnsyncBoxBody<Bytes, Infallible>>> {
        let stub = self.env.durable_object(BINDING)?.get_by_name(cell.as_str())?;
        // The host name means nothing: the request goes to the object, whatever it says.
        let url = format!("https://cell{}", request.uri());
        let request = message::request_out(&url, request, &web_sys::RequestInit::new())?;
        let response = stub.fetch_with_request(request.into()).await?;
        message::response_in(&response.into()).await
    }
}

#[async_trait]
impl CellTransport for DurableCells {
    async fn send(
        &self,
        cell: &CellId,
        access: CellAccess,
        mut request: Request<Bytes>,
    ) -> Result<Response<UnsyncBoxBody<Bytes, Infallible>>, CellError> {
        let id = HeaderValue::from_str(cell.as_str()).map_err(|_| CellError::Unavailable)?;
        request.headers_mut().insert(CELL, id);
        if access == CellAccess::Create {
            request.headers_mut().insert(ACCESS, HeaderValue::from_static("create"));
        }
        let response = SendFuture::new(self.exchange(cell, &request)).await.map_err(|error| {
            // Overloaded, reset or gone: whether it acted is not known.
            tracing::error!(%cell, %error, "a cell did not answer");
            CellError::Unavailable
        })?;
        if response.headers().contains_key(ABSENT) {
            return Err(CellError::Absent);
        }
        Ok(response)
    }
}
