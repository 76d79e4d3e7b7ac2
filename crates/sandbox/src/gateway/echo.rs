//! The custom provider in front of the server under test: what is sent there goes through the edge, as any request does.
//!
//! Its configured headers are those of a service token, so that it gets through Access where that guards every path.

use axum::body::Body;
use http::{HeaderValue, Request};
use http_body_util::{BodyExt as _, Limited};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::MAX_BODY_BYTES;
use crate::estate::Estate;
use crate::graph::{GraphRequest, GraphResponse, Unreachable};

#[expect(
    clippy::disallowed_types,
    reason = "the gateway is an outside system: it dials the server under test, never for it"
)]
type Client = hyper_util::client::legacy::Client<HttpConnector, Body>;

/// Connections to the edge.
pub(super) struct Edge(Client);

impl Default for Edge {
    fn default() -> Self {
        Self(hyper_util::client::legacy::Builder::new(TokioExecutor::new()).build_http())
    }
}

impl Edge {
    /// Sends a request on to the public address of the server and reads the answer.
    pub(super) async fn pass(
        &self,
        estate: &Estate,
        request: GraphRequest,
    ) -> Result<GraphResponse, Unreachable> {
        let mut onward = Request::new(Body::from(request.body));
        let address = format!("{}{}", estate.config.edge_url, request.path);
        *onward.uri_mut() = address.parse().map_err(|_| Unreachable)?;
        *onward.method_mut() = request.method;
        *onward.headers_mut() = request.headers;
        for token in estate.service_tokens.all().iter().take(1) {
            for (name, text) in
                [("cf-access-client-id", &token.client_id), ("cf-access-client-secret", &token.client_secret)]
            {
                onward.headers_mut().insert(name, HeaderValue::try_from(text).map_err(|_| Unreachable)?);
            }
        }
        let answer = self.0.request(onward).await.map_err(|_| Unreachable)?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MAX_BODY_BYTES).collect().await.map_err(|_| Unreachable)?;
        let mut headers = head.headers;
        for name in ["connection", "transfer-encoding", "content-length"] {
            headers.remove(name);
        }
        Ok(GraphResponse { status: head.status, headers, body: body.to_bytes() })
    }
}
