//! Serving HTTP/1.1: bounded connections, bounded headers, a drain that ends.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use m365_ports::Timer as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tower_service::Service as _;

use crate::ports::timer::TokioTimer as Pause;

/// Connections open at once; more wait in the kernel's queue. Together with the files of open cells this stays below
/// the usual limit of 1,024 open files.
const CONNECTIONS: usize = 512;
/// From the first byte of a request to the end of its headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may leave an answer unread.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of request line and headers.
const HEADER_BYTES: usize = 32 * 1024;
/// Pause after a connection that could not be accepted. Out of file handles, the next try fails at once as well:
/// without a pause the loop would spin and fill the log.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// Requests under way at the stop may take this long to end.
const DRAIN: Duration = Duration::from_secs(20);

/// A bound address that is not served yet.
pub(crate) struct Listener {
    socket: TcpListener,
    /// The address, its port resolved.
    pub(crate) address: SocketAddr,
}

impl Listener {
    /// Binds the address; port 0 takes a free one.
    ///
    /// # Errors
    /// Where the address is taken or not ours.
    pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<Self> {
        let socket = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}; another program may be using it, so choose another port")
        })?;
        let address = socket.local_addr().context("the listener has no address")?;
        Ok(Self { socket, address })
    }

    /// Serves the router until `stop` completes, then lets requests under way end.
    pub(crate) async fn serve(self, router: Router, stop: impl Future<Output = ()>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let graceful = GracefulShutdown::new();
        let mut stop = pin!(stop);
        loop {
            let next = async {
                let place = places.clone().acquire_owned().await;
                (place, self.socket.accept().await)
            };
            let (place, stream) = tokio::select! {
                (place, accepted) = next => match accepted {
                    Ok((stream, _)) => (place, stream),
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::select! {
                            () = Pause.sleep(ACCEPT_PAUSE) => continue,
                            () = &mut stop => break,
                        }
                    }
                },
                () = &mut stop => break,
            };
            let connection = graceful.watch(connection(stream, router.clone()));
            tokio::spawn(async move {
                let _place = place;
                // A broken connection is the other side's matter; what it asked for has its own record.
                drop(connection.await);
            });
        }
        if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests were still under way and were cut off");
        }
    }
}

fn connection(
    stream: TcpStream,
    router: Router,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + Send {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps Nagle's delay");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let service = service_fn(move |request: Request<Incoming>| {
        let mut router = router.clone();
        async move { router.call(request.map(Body::new)).await.map_err(|never: Infallible| match never {}) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
}
