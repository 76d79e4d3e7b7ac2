//! Forwarding to the origin: a plain HTTP/1.1 reverse proxy that streams both ways.
//!
//! Source: RFC 9110 section 7.6.1 (hop-by-hop fields); Cloudflare's request headers. Bodies pass chunk by chunk, so
//! server-sent events arrive as they are sent, and a client that goes away is noticed by the origin. The client's
//! `Host` stays. Out of scope: caching, compression, upgrades.

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    CONNECTION, COOKIE, EXPECT, HeaderName, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use hyper_util::client::legacy::Builder;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connector::ResettingConnector;
use super::{SERVICE_ID, SERVICE_SECRET};
use crate::access::without_cookie;
use crate::entropy;
use crate::estate::Estate;
use crate::server::Peer;

const ASSERTION: &str = "cf-access-jwt-assertion";
const USER_EMAIL: &str = "cf-access-authenticated-user-email";
const SANDBOX_TIME: &str = "x-sandbox-time";

#[expect(
    clippy::disallowed_types,
    reason = "the edge is an outside system: it dials the server under test, never for it"
)]
type Client = hyper_util::client::legacy::Client<ResettingConnector, Body>;

/// Connections to the server behind the edge.
pub(super) struct Origin {
    client: Client,
}

impl Default for Origin {
    fn default() -> Self {
        let mut pool = Builder::new(TokioExecutor::new());
        Self { client: pool.pool_timer(TokioTimer::new()).build(ResettingConnector::default()) }
    }
}

impl Origin {
    /// Sends a request on, with the assertion on protected paths, and its answer back.
    pub(super) async fn forward(
        &self,
        estate: &Estate,
        request: Request,
        assertion: Option<String>,
    ) -> Response {
        let origin_url = estate.origin_url();
        let wanted = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let Ok(uri) = format!("{origin_url}{wanted}").parse::<Uri>() else {
            return unreachable_origin(&origin_url);
        };
        let (mut parts, body) = request.into_parts();
        let peer = parts.extensions.get::<Peer>().copied();
        rewrite(&mut parts.headers, estate, assertion.as_deref(), peer);
        let mut onward = Request::new(body);
        *onward.method_mut() = parts.method;
        *onward.uri_mut() = uri;
        *onward.headers_mut() = parts.headers;
        match self.client.request(onward).await {
            Ok(answer) => {
                let mut answer = answer.map(Body::new);
                strip_hop_by_hop(answer.headers_mut());
                answer
            }
            Err(failed) => {
                tracing::debug!(error = %failed, "the origin did not answer");
                unreachable_origin(&origin_url)
            }
        }
    }
}

fn unreachable_origin(origin_url: &str) -> Response {
    let sentence = if origin_url.is_empty() {
        "The edge has no origin yet: start the server and try again.\n".to_owned()
    } else {
        format!(
            "The edge got no answer from the server at {origin_url}. Check that it runs, then try again.\n"
        )
    };
    (StatusCode::BAD_GATEWAY, sentence).into_response()
}

/// Removes what the client may not say, adds what the edge says.
fn rewrite(headers: &mut HeaderMap, estate: &Estate, assertion: Option<&str>, peer: Option<Peer>) {
    strip_hop_by_hop(headers);
    for forged in [ASSERTION, USER_EMAIL, SANDBOX_TIME, SERVICE_ID, SERVICE_SECRET] {
        headers.remove(forged);
    }
    let cookies: Vec<String> = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .filter_map(without_cookie)
        .collect();
    headers.remove(COOKIE);
    let client_ip = peer.map_or_else(|| "127.0.0.1".to_owned(), |Peer(address)| address.ip().to_string());
    let ray = u64::from_be_bytes(entropy::bytes());
    let scheme = estate.config.edge_url.split(':').next().unwrap_or("http").to_owned();
    let added = [
        (SANDBOX_TIME, Some(estate.clock.now_ms().to_string())),
        ("cf-ray", Some(format!("{ray:016x}-SIM"))),
        ("cf-connecting-ip", Some(client_ip)),
        ("x-forwarded-proto", Some(scheme)),
        (ASSERTION, assertion.map(str::to_owned)),
        ("cookie", (!cookies.is_empty()).then(|| cookies.join("; "))),
    ];
    for (name, value) in added {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    // `Expect` is answered by this server when the body is read, and an interim answer would not pass.
    let fixed = [
        CONNECTION,
        EXPECT,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
    ];
    for name in named.iter().chain(&fixed) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_for_one_hop_are_removed_and_so_are_those_the_connection_names() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("x-kept", "1"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        strip_hop_by_hop(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-kept"]);
    }
}
