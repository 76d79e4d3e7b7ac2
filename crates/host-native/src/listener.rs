//! Serving HTTP/1.1: bounded connections, bounded headers, a drain that ends.
//!
//! A connection that is not saying a request ends: idle, between two requests or within headers, after
//! [`HEADER_TIMEOUT`]; within a body when the front's time for it is over; with an unread answer after
//! [`WRITE_TIMEOUT`]. One connection too many is told so (503) and closed, and never waited for: who holds places and is
//! silent must not be able to keep others waiting.

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
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tower_service::Service as _;

use crate::places::{LIMITS, Limits, Places};
use crate::ports::timer::TokioTimer as Pause;

/// Connections beyond the limits that are being told so; more are closed without a word.
const REFUSING: usize = 64;
/// What they are told. No request was read, so there is none to be recorded.
const NO_PLACE: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 10\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// How long they may take to hear it.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
/// From the end of one request, or the start of the connection, to the end of the next one's headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may leave an answer unread.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes read ahead, and so the most of request line and headers; the front's limit, which has an answer and a record,
/// is lower.
const READ_AHEAD_BYTES: usize = 64 * 1024;
/// Header fields; the front's limit is the same.
const HEADER_FIELDS: usize = 100;
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
        self.serve_within(LIMITS, router, stop).await;
    }

    async fn serve_within(self, limits: Limits, router: Router, stop: impl Future<Output = ()>) {
        let places = Places::new(limits);
        let refusing = Arc::new(Semaphore::new(REFUSING));
        let graceful = GracefulShutdown::new();
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                () = &mut stop => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::select! {
                        () = Pause.sleep(ACCEPT_PAUSE) => continue,
                        () = &mut stop => break,
                    }
                }
            };
            match places.take(peer.ip()) {
                Ok(place) => {
                    let connection = graceful.watch(connection(stream, router.clone()));
                    tokio::spawn(async move {
                        let _place = place;
                        // A broken connection is the other side's matter; what it asked for has its own record.
                        drop(connection.await);
                    });
                }
                Err(full) => {
                    // Each doubling is a line: a flood is seen and fills no log.
                    if full.0.is_power_of_two() {
                        tracing::warn!(refused = full.0, "all places for connections are taken");
                    }
                    if let Ok(turn) = refusing.clone().try_acquire_owned() {
                        tokio::spawn(async move {
                            let _turn = turn;
                            drop(tokio::time::timeout(REFUSAL_TIMEOUT, refuse(stream)).await);
                        });
                    }
                }
            }
        }
        if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests were still under way and were cut off");
        }
    }
}

/// Says that there is no place and closes, after what the other side still sends has been thrown away: closing on unread
/// bytes would take the answer back.
async fn refuse(mut stream: TcpStream) -> std::io::Result<()> {
    stream.write_all(NO_PLACE).await?;
    stream.shutdown().await?;
    let mut unread = [0; 4096];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
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
        .max_buf_size(READ_AHEAD_BYTES)
        .max_headers(HEADER_FIELDS)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use axum::routing::get;
    use tokio::net::TcpSocket;
    use tokio::sync::oneshot;

    use super::*;

    const SMALL: Limits = Limits { all: 4, near: 3, far: 1 };
    const ASKED: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

    /// A connection from the loopback address with this last number.
    async fn connect(server: SocketAddr, from: u8) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, from)), 0)).unwrap();
        socket.connect(server).await.unwrap()
    }

    async fn answer(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    async fn ask(server: SocketAddr, from: u8) -> String {
        let mut stream = connect(server, from).await;
        stream.write_all(ASKED).await.unwrap();
        answer(&mut stream).await
    }

    #[tokio::test]
    async fn who_holds_connections_and_says_nothing_keeps_nobody_else_out() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let server = listener.address;
        let (stop, stopped) = oneshot::channel::<()>();
        let router = Router::new().route("/", get(|| async { "hello" }));
        let serving = tokio::spawn(listener.serve_within(SMALL, router, async { drop(stopped.await) }));

        let mut silent = Vec::new();
        for _ in 0..SMALL.near {
            silent.push(connect(server, 2).await);
        }
        let refused = ask(server, 2).await;
        assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("retry-after:"), "{refused}");
        assert!(ask(server, 3).await.ends_with("hello"));
        silent.push(connect(server, 3).await);
        assert!(ask(server, 4).await.starts_with("HTTP/1.1 503 "), "more than all places");
        drop(silent);
        while !ask(server, 2).await.ends_with("hello") {
            tokio::task::yield_now().await;
        }
        stop.send(()).unwrap();
        serving.await.unwrap();
    }
}
