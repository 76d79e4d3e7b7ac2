//! The echo route: a result that this server sent through the gateway comes by here and goes back as it is.
//!
//! Whoever has no stamp of ours finds nothing, as at an address that does not exist, and nothing of what they send is
//! read. A stamp that is presented again within its half minute brings back nothing but what was sent with it.

use axum::body::Body;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response};

use super::{Arrival, Front};
use crate::errors;
use crate::respond::Failure;

impl Front {
    /// Gives a stamped body back.
    pub(super) async fn echo(&self, arrival: &Arrival, body: Body) -> Result<Response<Bytes>, Failure> {
        let nothing = || Failure::of(&errors::NOT_FOUND);
        let seal = self.core.echo_seal.as_ref().ok_or_else(nothing)?;
        let stamp = seal.open(&arrival.head.headers, self.core.ports.clock.now()).ok_or_else(nothing)?;
        let body = self.read_body(arrival, body).await?;
        if !seal.covers(&stamp, &body) {
            return Err(nothing());
        }
        tracing::debug!(requestId = %stamp.request(), bytes = body.len(), "a result passed by for inspection");
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        Ok(response)
    }
}
