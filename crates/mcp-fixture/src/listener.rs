//! The listener: HTTP/1.1 on the loopback interface, one endpoint.
//!
//! What is not meant for this machine (403), not for the endpoint (404) or too large (413) never reaches the
//! dispatcher.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use m365_mcp::{Body, MAX_BODY_BYTES, handle, whole};
use tokio::net::TcpListener;

use crate::fixture::Fixture;
use crate::loopback;

/// Serves until the program ends.
pub(crate) async fn serve(listener: TcpListener, fixture: Arc<Fixture>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, or the client is gone already: others may still be served.
            tokio::task::yield_now().await;
            continue;
        };
        let fixture = Arc::clone(&fixture);
        let service = service_fn(move |request| answer(Arc::clone(&fixture), request));
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            // A connection that ends early is the client's own affair.
            drop(connection.await);
        });
    }
}

async fn answer(fixture: Arc<Fixture>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    if !loopback::is_meant(request.headers()) {
        return Ok(refused(StatusCode::FORBIDDEN));
    }
    if request.uri().path() != "/mcp" {
        return Ok(refused(StatusCode::NOT_FOUND));
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY_BYTES).collect().await else {
        return Ok(refused(StatusCode::PAYLOAD_TOO_LARGE));
    };
    Ok(handle(fixture, Request::from_parts(parts, body.to_bytes())).await)
}

fn refused(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(whole(Bytes::new()));
    *response.status_mut() = status;
    response
}
