//! The estate over loopback: a real start on free ports, an origin that tells what it received, and a plain client.

mod access;
mod client_documents;
mod continuous;
mod control;
mod credentials;
mod edge;
mod entra;
mod managed_oauth;

use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Json;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

use super::*;

pub(super) const ALEX: &str = "alex@contoso.example";

/// A running estate with an origin behind its edge.
pub(super) struct Site {
    pub(super) running: Running,
}

impl Site {
    pub(super) async fn start() -> Self {
        Self::start_in(None).await
    }

    pub(super) async fn start_in(state_dir: Option<&Path>) -> Self {
        let bypassed = vec!["/mcp".to_owned(), "/.well-known/*".to_owned()];
        Self::start_behind(Perimeter::Bypassing(bypassed), state_dir).await
    }

    pub(super) async fn start_behind(perimeter: Perimeter, state_dir: Option<&Path>) -> Self {
        let local: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        let bound = Bound::bind(local, local).await.expect("bound");
        let options = SandboxOptions {
            origin_url: start_origin().await,
            state_dir: state_dir.map(Path::to_owned),
            perimeter,
            journal: None,
        };
        Self { running: bound.start(options).expect("started") }
    }

    pub(super) fn sandbox(&self, path: &str) -> String {
        format!("{}{path}", self.running.sandbox_url)
    }

    pub(super) fn edge(&self, path: &str) -> String {
        format!("{}{path}", self.running.edge_url)
    }

    /// Asks a control for something it must grant.
    pub(super) async fn control(&self, path: &str, order: &Value) -> Value {
        let got = send(post_json(&self.sandbox(&format!("/_control/{path}")), order)).await;
        assert_eq!(got.status, StatusCode::OK, "{path} {order}: {}", got.body);
        got.json()
    }

    pub(super) async fn config(&self) -> Value {
        send(get_from(&self.sandbox("/_control/config"))).await.json()
    }

    pub(super) async fn cookie(&self, order: &Value) -> String {
        text(&self.control("assert", order).await["cookie"])
    }
}

/// What came back.
pub(super) struct Got {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Got {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// A parameter in the query of the redirect.
    pub(super) fn redirected(&self, name: &str) -> Option<String> {
        let location = url::Url::parse(self.header("location")).expect("a redirect");
        location.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

pub(super) fn get_from(url: &str) -> Request<Full<Bytes>> {
    Request::get(url).body(Full::default()).expect("a request")
}

pub(super) fn post_json(url: &str, body: &Value) -> Request<Full<Bytes>> {
    let request = Request::post(url).header("content-type", "application/json");
    request.body(Full::from(body.to_string())).expect("a request")
}

pub(super) fn post_form(url: &str, fields: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post(url).header("content-type", "application/x-www-form-urlencoded");
    request.body(Full::from(form)).expect("a request")
}

/// Sends a request on a connection of its own; `Err` when the connection ends without an answer.
#[expect(clippy::disallowed_methods, reason = "this client stands outside and dials the estate under test")]
pub(super) async fn open(request: Request<Full<Bytes>>) -> Result<Response<Incoming>, hyper::Error> {
    let authority = request.uri().authority().expect("an absolute address").to_string();
    let stream = tokio::net::TcpStream::connect(&authority).await.expect("connected");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a connection");
    tokio::spawn(connection);
    let (mut parts, body) = request.into_parts();
    parts.headers.entry("host").or_insert(authority.parse().expect("a host"));
    parts.uri = parts.uri.path_and_query().map_or_else(|| Uri::from_static("/"), |p| p.clone().into());
    sender.send_request(Request::from_parts(parts, body)).await
}

pub(super) async fn send(request: Request<Full<Bytes>>) -> Got {
    let (head, body) = open(request).await.expect("an answer").into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    Got { status: head.status, headers: head.headers, body: String::from_utf8_lossy(&body).into_owned() }
}

/// An origin that answers with what it received; `/events` sends one event and then stays open.
async fn start_origin() -> String {
    async fn echo(method: Method, uri: Uri, headers: HeaderMap, body: String) -> Json<Value> {
        let headers: Vec<(String, String)> = headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        Json(json!({"method": method.as_str(), "uri": uri.to_string(), "body": body,
            "headers": headers.into_iter().collect::<std::collections::BTreeMap<_, _>>()}))
    }
    let router =
        Router::new().fallback(echo).route("/.well-known/events", get(async || Body::new(OneEvent(false))));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        server::serve(listener, router, stopped).await;
        drop(stop);
    });
    url
}

struct OneEvent(bool);

impl hyper::body::Body for OneEvent {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.0 {
            return Poll::Pending;
        }
        self.0 = true;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"data: one\n\n")))))
    }
}

#[tokio::test]
async fn secrets_keys_and_people_survive_a_restart_with_the_same_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Site::start_in(Some(folder.path())).await;
    first.control("person", &json!({"email": "kim@contoso.example", "groups": ["g"]})).await;
    first.control("clock", &json!({"advance_secs": 7200})).await;
    first.control("service", &json!({})).await;
    let assertion = text(&first.control("assert", &json!({"email": ALEX})).await["assertion"]);
    let config = first.config().await;
    first.running.shutdown().await.expect("stopped");

    let second = Site::start_in(Some(folder.path())).await;
    let again = second.config().await;
    for field in ["clientSecret", "gatewayToken", "serviceTokens", "tenantId"] {
        assert_eq!(config[field], again[field], "{field}");
    }
    let estate = &second.running.estate;
    assert!(estate.keys.access.verified_claims(&assertion).expect("keys").is_some());
    assert_eq!(estate.people.find("kim@contoso.example").expect("kim").groups, ["g"]);
    assert_eq!(estate.clock.offset_ms(), 7_200_000);
}

#[cfg(unix)]
#[tokio::test]
async fn the_state_file_is_for_its_owner_only_and_a_broken_one_stops_the_start() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let site = Site::start_in(Some(folder.path())).await;
    site.running.shutdown().await.expect("stopped");
    let file = folder.path().join("estate.json");
    let mode = std::fs::metadata(&file).expect("the state file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::write(&file, "{").expect("written");
    let local: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    let options = SandboxOptions { state_dir: Some(folder.path().to_owned()), ..SandboxOptions::default() };
    let started = Bound::bind(local, local).await.expect("bound").start(options);
    assert!(matches!(started.err(), Some(StateFault::Format { .. })));
}

#[tokio::test]
async fn two_estates_have_different_secrets_and_keys() {
    let (one, other) = (Site::start().await, Site::start().await);
    let (config, other_config) = (one.config().await, other.config().await);
    assert_ne!(config["clientSecret"], other_config["clientSecret"]);
    let assertion = text(&one.control("assert", &json!({"email": ALEX})).await["assertion"]);
    let foreign = other.running.estate.keys.access.verified_claims(&assertion).expect("keys");
    assert_eq!(foreign, None);
}
