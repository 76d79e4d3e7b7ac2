//! Connections to the origin that end as a client's leaving does at Cloudflare: at once, and so that the origin notices.
//!
//! A connection that is closed in order says nothing to an origin that is still working on its answer: it may be about
//! to be read to its end. Cloudflare cancels the request; over HTTP/1.1 a reset is the word for that.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

/// Opens connections that are reset where others are closed.
#[derive(Clone)]
pub(super) struct ResettingConnector(HttpConnector);

impl Default for ResettingConnector {
    fn default() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self(connector)
    }
}

impl Service<Uri> for ResettingConnector {
    type Response = TokioIo<TcpStream>;
    type Error = <HttpConnector as Service<Uri>>::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, origin: Uri) -> Self::Future {
        let connecting = self.0.call(origin);
        Box::pin(async move {
            let connection = connecting.await?;
            if let Err(error) = connection.inner().set_zero_linger() {
                tracing::debug!(%error, "a connection to the origin is closed in order");
            }
            Ok(connection)
        })
    }
}
