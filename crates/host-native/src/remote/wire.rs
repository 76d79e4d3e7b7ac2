//! Asking the deployment over the outbound port: one request, one answer, no redirect followed.
//!
//! Everything goes to an address that the caller of the program named, or to the Access team domain that passed
//! `doctor`'s rules. Bounds: twenty seconds and a mebibyte for each answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use m365_ports::{Bounds, Network, Outbound, OutboundError};
use serde_json::Value;
use url::Url;
use url::form_urlencoded::Serializer;

const BOUNDS: Bounds = Bounds {
    network: Network::Configured,
    timeout: Duration::from_secs(20),
    max_response_bytes: 1024 * 1024,
};
const AGENT: &str = concat!("m365-mcp-doctor/", env!("CARGO_PKG_VERSION"));

/// A request to be sent. Not `Debug`: it may hold a credential.
#[derive(Clone)]
pub(crate) struct Ask {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Ask {
    /// A request without a body.
    pub(crate) fn new(method: &Method, url: impl Into<String>) -> Self {
        Self { method: method.clone(), url: url.into(), headers: Vec::new(), body: Bytes::new() }
    }

    /// GET
    pub(crate) fn get(url: impl Into<String>) -> Self {
        Self::new(&Method::GET, url)
    }

    /// POST
    pub(crate) fn post(url: impl Into<String>) -> Self {
        Self::new(&Method::POST, url)
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Sets the body.
    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header(CONTENT_TYPE.as_str(), content_type)
    }

    /// Sets a JSON body.
    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Sets a form body.
    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        self.body("application/x-www-form-urlencoded", encoded(fields))
    }
}

/// Fields in the form encoding, for bodies and queries.
pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// An answer, read to its end.
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Headers.
    pub(crate) headers: HeaderMap,
    /// Body, at most a mebibyte.
    pub(crate) body: Bytes,
    asked: String,
}

impl Answer {
    /// The first header of this name, where it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Every header of this name that is text.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `null` where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Where a redirect leads, resolved against what was asked; `None` where it is no redirect.
    pub(crate) fn redirect(&self) -> Option<Url> {
        let redirects = matches!(self.status, 301 | 302 | 303 | 307 | 308);
        let location = self.header(LOCATION.as_str()).filter(|_| redirects)?;
        Url::parse(&self.asked).ok()?.join(location).ok()
    }
}

/// The way to the deployment.
pub(crate) struct Wire {
    outbound: Arc<dyn Outbound>,
}

impl Wire {
    /// Over this port.
    pub(crate) const fn new(outbound: Arc<dyn Outbound>) -> Self {
        Self { outbound }
    }

    /// Sends the request and reads the answer.
    ///
    /// # Errors
    /// [`OutboundError`]; [`OutboundError::Destination`] also for a request that cannot be written.
    pub(crate) async fn send(&self, ask: Ask) -> Result<Answer, OutboundError> {
        let asked = ask.url.clone();
        let request = written(ask).ok_or(OutboundError::Destination)?;
        let (parts, body) = self.outbound.send(request, BOUNDS).await?.into_parts();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body, asked })
    }
}

fn written(ask: Ask) -> Option<Request<Bytes>> {
    let mut request = Request::new(ask.body);
    *request.method_mut() = ask.method;
    *request.uri_mut() = ask.url.parse::<Uri>().ok()?;
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    for (name, value) in ask.headers {
        headers.append(name.parse::<HeaderName>().ok()?, value.try_into().ok()?);
    }
    Some(request)
}
