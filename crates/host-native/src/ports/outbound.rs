//! Outbound HTTP: hyper's pooled client over rustls. No redirects, no cookies, no proxy, no system roots.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use m365_ports::{Bounds, Outbound, OutboundError};

#[expect(clippy::disallowed_types, reason = "the adapter of the outbound port")]
type Client = hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The one HTTP client of the process.
#[derive(Clone, Debug)]
pub(crate) struct HyperOutbound {
    client: Client,
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const IDLE_TIMEOUT: Duration = Duration::from_secs(55);

impl HyperOutbound {
    /// A client with an empty pool. Plain http is possible here because the destination table, not the client,
    /// decides where it is allowed (loopback in development).
    #[expect(clippy::disallowed_types, reason = "the adapter of the outbound port")]
    pub(crate) fn new() -> Self {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let https = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_timer(TokioTimer::new())
            // A request on a dead pooled connection is not repeated behind our back: retries are ours.
            .retry_canceled_requests(false)
            .build(https);
        Self { client }
    }

    async fn exchange(
        &self,
        request: http::Request<Bytes>,
        max_bytes: usize,
    ) -> Result<http::Response<Bytes>, OutboundError> {
        let response = self.client.request(request.map(Full::new)).await.map_err(|error| {
            if error.is_connect() { OutboundError::Connect } else { OutboundError::Protocol }
        })?;
        let (parts, body) = response.into_parts();
        let collected = Limited::new(body, max_bytes).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() { OutboundError::TooLarge } else { OutboundError::Protocol }
        })?;
        Ok(http::Response::from_parts(parts, collected.to_bytes()))
    }
}

#[async_trait]
impl Outbound for HyperOutbound {
    async fn send(
        &self,
        request: http::Request<Bytes>,
        bounds: Bounds,
    ) -> Result<http::Response<Bytes>, OutboundError> {
        match tokio::time::timeout(bounds.timeout, self.exchange(request, bounds.max_response_bytes)).await {
            Ok(answer) => answer,
            Err(_) => Err(OutboundError::Timeout),
        }
    }
}
