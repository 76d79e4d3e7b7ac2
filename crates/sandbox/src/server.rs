//! Listeners of the estate: HTTP/1.1 connections with a graceful stop and connections that break off on demand.
//!
//! In scope: accepting, serving, draining. Out of scope: TLS (everything is loopback). Invariant: an answer that
//! carries [`CloseConnection`] never reaches the client; the connection is closed instead.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower_service::Service as _;

/// How long open requests may take after the stop was asked for; streams are cut then.
const DRAIN: Duration = Duration::from_secs(3);
const HEADER_READ: Duration = Duration::from_secs(30);

/// Response extension: close the connection without an answer.
#[derive(Clone, Copy, Debug)]
pub struct CloseConnection;

/// Request extension: the address of the client.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// The answer to give for a [`crate::faults::Fault::Reset`]: the connection closes without one.
#[must_use]
pub fn closed_connection() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(CloseConnection);
    response
}

/// Serves `router` on `listener` until `stop` turns true, then drains.
pub(crate) async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    // Dropped at the end of this function, which ends the connections that are still open.
    let (cut, _) = watch::channel(());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stopped| *stopped) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = serve_connection(stream, peer, router.clone(), &graceful);
                let mut cut = cut.subscribe();
                tokio::spawn(async move {
                    tokio::select! {
                        () = connection => {}
                        _ = cut.changed() => {}
                    }
                });
            }
            // Out of file descriptors, or the client is gone already: others may still be served.
            Err(_) => tokio::task::yield_now().await,
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::debug!("streams were still open after the drain time and are cut");
    }
}

fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + use<> {
    // Without this, small answers wait for the other side's delayed acknowledgement.
    if let Err(failed) = stream.set_nodelay(true) {
        tracing::debug!(error = %failed, "TCP_NODELAY could not be set");
    }
    let service = service_fn(move |request| answer(router.clone(), peer, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ)
        .serve_connection(TokioIo::new(stream), service);
    let watched = graceful.watch(connection);
    async move {
        if let Err(ended) = watched.await {
            tracing::debug!(error = %ended, "a connection of the simulated estate ended early");
        }
    }
}

async fn answer(
    mut router: Router,
    peer: SocketAddr,
    request: hyper::Request<Incoming>,
) -> Result<Response, ClosedOnDemand> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Peer(peer));
    let response = router.call(request).await.unwrap_or_else(|never: Infallible| match never {});
    if response.extensions().get::<CloseConnection>().is_some() { Err(ClosedOnDemand) } else { Ok(response) }
}

/// Ends a connection: hyper closes it when the service fails.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed because a fault asks for it")]
struct ClosedOnDemand;
