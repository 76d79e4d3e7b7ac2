//! The hosts of client metadata documents: `GET /_clients/HOST/PATH` stands for `https://HOST/PATH`.
//!
//! Source: draft-ietf-oauth-client-id-metadata-document, and what the vendors of MCP clients publish of their client
//! identifiers and redirect URIs. In scope: the documents of well-known clients in our own words, documents that a test
//! puts in place, and answers as bad as the Internet's. Out of scope: their other pages. Nothing here survives a restart.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use hyper::body::Frame;
use serde_json::{Value, json};

use crate::estate::Estate;
use crate::faults::{Fault, Target, wait_ms};
use crate::recorder::{Recorded, shown_headers};
use crate::server::closed_connection;

/// An answer of one of those hosts.
#[derive(Clone, Debug)]
pub struct Document {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers, `Content-Type` among them.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// How long nothing comes, in milliseconds.
    pub delay_ms: u64,
    /// How long the second half of the body is waited for, in milliseconds. A body that comes so has no length.
    pub body_delay_ms: Option<u64>,
}

impl Document {
    /// A document as it should be.
    #[must_use]
    pub fn json(body: &Value) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let body = Bytes::from(body.to_string());
        Self { status: StatusCode::OK, headers, body, delay_ms: 0, body_delay_ms: None }
    }

    /// The same as a redirect.
    #[must_use]
    pub fn redirecting(mut self, to: HeaderValue) -> Self {
        self.status = StatusCode::FOUND;
        self.headers.insert(LOCATION, to);
        self
    }
}

/// What stands where, by `HOST/PATH`.
#[derive(Debug)]
pub struct Documents(Mutex<BTreeMap<String, Document>>);

impl Documents {
    /// The documents of well-known clients.
    #[must_use]
    pub fn well_known() -> Self {
        let known =
            WELL_KNOWN.iter().map(|client| (client.place.to_owned(), Document::json(&client.document())));
        Self(Mutex::new(known.collect()))
    }

    /// Puts an answer in the place of what stood there.
    pub fn put(&self, place: String, document: Document) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(place, document);
    }

    fn at(&self, place: &str) -> Option<Document> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(place).cloned()
    }
}

/// What a vendor publishes of its client.
struct WellKnown {
    place: &'static str,
    name: &'static str,
    redirects: &'static [&'static str],
}

impl WellKnown {
    fn document(&self) -> Value {
        json!({
            "client_id": format!("https://{}", self.place),
            "client_name": self.name,
            "redirect_uris": self.redirects,
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        })
    }
}

const WELL_KNOWN: [WellKnown; 4] = [
    WellKnown {
        place: "claude.ai/oauth/mcp-oauth-client-metadata",
        name: "Claude",
        redirects: &["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"],
    },
    WellKnown {
        place: "claude.ai/oauth/claude-code-client-metadata",
        name: "Claude Code",
        redirects: &["http://localhost/callback", "http://127.0.0.1/callback"],
    },
    WellKnown {
        place: "vscode.dev/oauth/client-metadata.json",
        name: "Visual Studio Code",
        redirects: &[
            "https://vscode.dev/redirect",
            "https://insiders.vscode.dev/redirect",
            "http://127.0.0.1/",
        ],
    },
    WellKnown {
        place: "chatgpt.com/oauth/codex/client.json",
        name: "Codex",
        redirects: &["http://127.0.0.1/callback", "http://localhost/callback"],
    },
];

/// The routes below `/_clients`.
pub fn router() -> Router<Arc<Estate>> {
    Router::new().fallback(serve)
}

async fn serve(State(estate): State<Arc<Estate>>, request: Request) -> Response {
    let (uri, method) = (request.uri(), request.method());
    estate.recorder.record(Recorded {
        target: Target::Clients,
        person: None,
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers: shown_headers(request.headers()),
        body: Value::Null,
    });
    match estate.faults.take(Target::Clients, uri.path(), None) {
        None => {}
        Some(Fault::Delay { ms }) => wait_ms(ms).await,
        Some(Fault::Reset) => return closed_connection(),
        Some(Fault::RateLimit) => return plain(StatusCode::TOO_MANY_REQUESTS),
        Some(Fault::Status { status }) => {
            return plain(StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE));
        }
        Some(_) => return plain(StatusCode::SERVICE_UNAVAILABLE),
    }
    let document = uri.path().strip_prefix('/').and_then(|place| estate.client_documents.at(place));
    let Some(document) = document else { return plain(StatusCode::NOT_FOUND) };
    wait_ms(document.delay_ms).await;
    let body = match document.body_delay_ms {
        Some(ms) => Body::new(Halves::of(document.body, ms)),
        None => Body::from(document.body),
    };
    let mut response = Response::new(body);
    *response.status_mut() = document.status;
    *response.headers_mut() = document.headers;
    response
}

fn plain(status: StatusCode) -> Response {
    let mut response = Response::new(Body::from("Nothing here."));
    *response.status_mut() = status;
    response
}

/// The place of an address: `HOST/PATH`.
#[must_use]
pub fn place_of(url: &str) -> Option<String> {
    url.strip_prefix("https://").filter(|place| place.contains('/')).map(str::to_owned)
}

/// Headers of a control's order.
#[must_use]
pub fn headers_of(named: &BTreeMap<String, String>) -> Option<HeaderMap> {
    named
        .iter()
        .map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?)))
        .collect()
}

/// A body of unknown length: one half, a pause, the other.
struct Halves {
    first: Option<Bytes>,
    pause: Pin<Box<dyn Future<Output = ()> + Send>>,
    second: Option<Bytes>,
}

impl Halves {
    fn of(mut body: Bytes, pause_ms: u64) -> Self {
        let first = body.split_to(body.len() / 2);
        Self { first: Some(first), pause: Box::pin(wait_ms(pause_ms)), second: Some(body) }
    }
}

impl hyper::body::Body for Halves {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if self.second.is_some() {
            ready!(self.pause.as_mut().poll(context));
        }
        Poll::Ready(self.second.take().map(|second| Ok(Frame::data(second))))
    }
}
