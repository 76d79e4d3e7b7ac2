//! Outbound HTTP: hyper's pooled client over rustls. No redirects, no cookies, no proxy, no system roots.
//!
//! Where the name comes from a stranger ([`Network::PublicInternet`]) a second client dials: https alone, no connection
//! kept, and a resolver that refuses a name with any address that is not public.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::dns::GaiResolver;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use m365_ports::{Bounds, Network, Outbound, OutboundError};

use super::public_address::PublicResolver;

#[expect(clippy::disallowed_types, reason = "the adapter of the outbound port")]
type Client<R> = hyper_util::client::legacy::Client<HttpsConnector<HttpConnector<R>>, Full<Bytes>>;

/// The HTTP clients of the process.
#[derive(Clone, Debug)]
pub(crate) struct HyperOutbound {
    configured: Client<GaiResolver>,
    public: Client<PublicResolver>,
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const IDLE_TIMEOUT: Duration = Duration::from_secs(55);

impl HyperOutbound {
    /// Clients with empty pools. Plain http is possible for configured names because the destination table, not the
    /// client, decides where it is allowed (loopback in development).
    pub(crate) fn new() -> Self {
        let https = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1();
        let configured = client(https.wrap_connector(connector(GaiResolver::new())), usize::MAX);
        let https = HttpsConnectorBuilder::new().with_webpki_roots().https_only().enable_http1();
        let public = client(https.wrap_connector(connector(PublicResolver)), 0);
        Self { configured, public }
    }

    async fn exchange(
        &self,
        request: http::Request<Bytes>,
        bounds: Bounds,
    ) -> Result<http::Response<Bytes>, OutboundError> {
        let request = request.map(Full::new);
        let answer = match bounds.network {
            Network::Configured => self.configured.request(request).await,
            // The connector dials a number without asking the resolver.
            Network::PublicInternet if !names_host(request.uri()) => return Err(OutboundError::Destination),
            Network::PublicInternet => self.public.request(request).await,
        };
        let response = answer.map_err(|error| {
            if error.is_connect() { OutboundError::Connect } else { OutboundError::Protocol }
        })?;
        let (parts, body) = response.into_parts();
        let collected = Limited::new(body, bounds.max_response_bytes).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() { OutboundError::TooLarge } else { OutboundError::Protocol }
        })?;
        Ok(http::Response::from_parts(parts, collected.to_bytes()))
    }
}

fn connector<R>(resolver: R) -> HttpConnector<R> {
    let mut http = HttpConnector::new_with_resolver(resolver);
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(CONNECT_TIMEOUT));
    http
}

#[expect(clippy::disallowed_types, reason = "the adapter of the outbound port")]
fn client<R>(https: HttpsConnector<HttpConnector<R>>, idle_per_host: usize) -> Client<R>
where
    HttpsConnector<HttpConnector<R>>: Connect + Clone,
{
    hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(idle_per_host)
        .pool_timer(TokioTimer::new())
        // A request on a dead pooled connection is not repeated behind our back: retries are ours.
        .retry_canceled_requests(false)
        .build(https)
}

/// Whether the host is a name in the eyes of the parser that also knows numbers in disguise.
fn names_host(uri: &http::Uri) -> bool {
    uri.host().is_some_and(|host| matches!(url::Host::parse(host), Ok(url::Host::Domain(_))))
}

#[async_trait]
impl Outbound for HyperOutbound {
    async fn send(
        &self,
        request: http::Request<Bytes>,
        bounds: Bounds,
    ) -> Result<http::Response<Bytes>, OutboundError> {
        match tokio::time::timeout(bounds.timeout, self.exchange(request, bounds)).await {
            Ok(answer) => answer,
            Err(_) => Err(OutboundError::Timeout),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn ask(url: &str, network: Network) -> OutboundError {
        let request = http::Request::get(url).body(Bytes::new()).unwrap();
        let bounds = Bounds { network, timeout: Duration::from_secs(5), max_response_bytes: 1024 };
        HyperOutbound::new().send(request, bounds).await.unwrap_err()
    }

    /// A listener on this machine, and whether anybody came. Whoever was to come has been refused by then.
    fn visited(listener: TcpListener) -> bool {
        // Of a socket that does not block.
        listener.into_std().unwrap().accept().is_ok()
    }

    #[tokio::test]
    async fn a_stranger_s_name_for_this_machine_is_not_dialled() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = ask(&format!("https://localhost:{port}/client.json"), Network::PublicInternet).await;
        assert_eq!(error, OutboundError::Connect);
        assert!(!visited(listener));
    }

    #[tokio::test]
    async fn a_number_is_no_name_in_whatever_disguise() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in
            ["127.0.0.1", "[::1]", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]"]
        {
            let error = ask(&format!("https://{host}:{port}/client.json"), Network::PublicInternet).await;
            assert_eq!(error, OutboundError::Destination, "{host}");
        }
        assert!(!visited(listener));
    }

    #[tokio::test]
    async fn a_configured_name_may_lead_to_this_machine() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("http://localhost:{port}/");
        let asking = ask(&url, Network::Configured);
        // Whoever comes is hung up on.
        let (error, accepted) = tokio::join!(asking, async move { listener.accept().await.map(drop) });
        assert!(accepted.is_ok());
        assert_ne!(error, OutboundError::Destination);
    }
}
