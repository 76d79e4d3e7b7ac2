//! Results through the gateway to our own echo route and back, so that its data loss prevention sees them in plain text.
//!
//! Source: Cloudflare AI Gateway, data loss prevention (text bodies of requests and answers are scanned) and custom
//! providers. The payload travels as it is: a sealed one could not be scanned. What proves that it is ours is a stamp in
//! a header.
//!
//! The stamp is `v1.<expires>.<request>.<tag of the body>.<tag of all that>`: an expiry in Unix seconds, the `requestId`,
//! and two tags under a subkey of their own. The second is checked before the body is read, so that a stranger has nothing
//! read; the first then ties the body to it.
//!
//! Invariants: a stamp is good for [`LIFE`] and for one body; a payload counts as inspected only where it comes back byte
//! for byte; every other end is an error.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use m365_ports::{
    Bounds, Clock, ECHO_BYTES_MAX, Echo, EchoError, Entropy, Inspection, Network, Outbound as _,
    OutboundError, Trace,
};
use m365_seal::Mac;
use m365_types::{Intent, RequestId, UnixMillis};

use crate::classify::{Word, is_flagged, trace_of, word};
use crate::door::Guard;
use crate::gateway::{AGENT, CLIENT_REQUEST_ID, JSON, fresh_id};
use crate::headers::Credential;
use crate::metadata::Metadata;

/// The header that carries the stamp.
pub const ECHO_HEADER: HeaderName = HeaderName::from_static("x-m365-echo");
/// How long a stamp is good.
const LIFE: Duration = Duration::from_secs(30);
/// How much the clocks of two instances may differ.
const SKEW: Duration = Duration::from_secs(5);
const VERSION: &str = "v1";
const BOUNDS: Bounds = Bounds {
    network: Network::Configured,
    timeout: Duration::from_secs(20),
    max_response_bytes: ECHO_BYTES_MAX + 1024,
};
const GATEWAY_TIMEOUT_MILLIS: &str = "18000";

/// Makes and checks stamps, with the subkey of that one purpose.
#[derive(Clone, Debug)]
pub struct EchoSeal(Mac);

/// A stamp of ours that has not expired, for a body that has still to be read.
#[derive(Clone, Debug)]
pub struct EchoStamp {
    request: RequestId,
    body: Vec<u8>,
}

impl EchoSeal {
    /// With the authenticator of `Purpose::Echo`.
    #[must_use]
    pub const fn new(mac: Mac) -> Self {
        Self(mac)
    }

    /// The header value for a body.
    #[must_use]
    pub fn stamp(&self, request: RequestId, now: UnixMillis, body: &[u8]) -> String {
        let expires = now.plus(LIFE).as_secs();
        let body = URL_SAFE_NO_PAD.encode(self.0.tag(&of_body(body)));
        let said = format!("{VERSION}.{expires}.{request}.{body}");
        format!("{said}.{}", URL_SAFE_NO_PAD.encode(self.0.tag(said.as_bytes())))
    }

    /// The stamp of a request, where it carries exactly one and that is ours and alive.
    #[must_use]
    pub fn open(&self, headers: &HeaderMap, now: UnixMillis) -> Option<EchoStamp> {
        let mut values = headers.get_all(ECHO_HEADER).iter();
        let text = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
        let (said, tag) = text.rsplit_once('.')?;
        if !self.0.verify(said.as_bytes(), &URL_SAFE_NO_PAD.decode(tag).ok()?) {
            return None;
        }
        let mut parts = said.split('.');
        let (version, expires) = (parts.next()?, parts.next()?.parse().ok()?);
        let (request, body) = (RequestId::parse(parts.next()?).ok()?, parts.next()?);
        let expires = UnixMillis::from_secs(expires);
        let alive = now < expires && expires <= now.plus(LIFE + SKEW);
        if version != VERSION || !alive || parts.next().is_some() {
            return None;
        }
        Some(EchoStamp { request, body: URL_SAFE_NO_PAD.decode(body).ok()? })
    }

    /// Whether the body is the one that was stamped.
    #[must_use]
    pub fn covers(&self, stamp: &EchoStamp, body: &[u8]) -> bool {
        self.0.verify(&of_body(body), &stamp.body)
    }
}

impl EchoStamp {
    /// The request whose result it is.
    #[must_use]
    pub const fn request(&self) -> RequestId {
        self.request
    }
}

/// What the tag of a body is of; a stamp's text never begins so.
fn of_body(body: &[u8]) -> Vec<u8> {
    [b"body:", body].concat()
}

pub(crate) struct GatewayEcho {
    door: Guard,
    address: String,
    credential: Credential,
    seal: EchoSeal,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl GatewayEcho {
    pub(crate) fn new(
        door: Guard,
        address: String,
        credential: Credential,
        seal: EchoSeal,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
    ) -> Self {
        Self { door, address, credential, seal, clock, entropy }
    }

    fn request(&self, intent: &Intent, id: &str, payload: &Bytes) -> Option<Request<Bytes>> {
        let mut headers = self.credential.headers(&Metadata::of(intent), GATEWAY_TIMEOUT_MILLIS)?;
        let stamp = self.seal.stamp(intent.permit().actor().request, self.clock.now(), payload);
        headers.insert(ACCEPT, JSON);
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(CLIENT_REQUEST_ID, HeaderValue::try_from(id).ok()?);
        headers.insert(ECHO_HEADER, HeaderValue::try_from(stamp).ok()?);
        let mut request = Request::new(payload.clone());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.address.parse().ok()?;
        *request.headers_mut() = headers;
        Some(request)
    }

    async fn exchange(&self, intent: &Intent, payload: Bytes) -> Result<Inspection, EchoError> {
        if payload.len() > ECHO_BYTES_MAX {
            return Err(EchoError::TooLarge);
        }
        let id = fresh_id(&*self.entropy);
        let lost = || Trace { client_request_id: id.clone(), ..Trace::default() };
        let request = self.request(intent, &id, &payload);
        let request = request.ok_or_else(|| EchoError::Unreachable { trace: lost() })?;
        match self.door.send(request, BOUNDS).await {
            Ok(answer) => inspected(&id, payload, &answer),
            Err(OutboundError::TooLarge) => Err(EchoError::Altered { trace: lost() }),
            Err(_) => Err(EchoError::Unreachable { trace: lost() }),
        }
    }
}

fn inspected(id: &str, payload: Bytes, answer: &Response<Bytes>) -> Result<Inspection, EchoError> {
    let (status, headers, body) = (answer.status(), answer.headers(), answer.body());
    let trace = trace_of(id, status, headers);
    match word(status, headers, body) {
        Word::Passed if *body == payload => Ok(Inspection { payload, flagged: is_flagged(headers), trace }),
        Word::Passed | Word::Unusable => Err(EchoError::Altered { trace }),
        Word::Behind(status) => Err(EchoError::Gateway { code: u32::from(status), trace }),
        Word::Gateway(code) => Err(EchoError::Gateway { code, trace }),
        Word::RateLimited => Err(EchoError::Gateway { code: u32::from(status.as_u16()), trace }),
        Word::DlpRequest | Word::DlpResponse => Err(EchoError::DlpBlocked { trace }),
        Word::Unreachable => Err(EchoError::Unreachable { trace }),
    }
}

#[async_trait]
impl Echo for GatewayEcho {
    async fn inspect(&self, intent: &Intent, payload: Bytes) -> Result<Inspection, EchoError> {
        let result = self.exchange(intent, payload).await;
        let (trace, error) = match &result {
            Ok(inspection) => (Some(&inspection.trace), None),
            Err(error) => (error.trace(), Some(error)),
        };
        tracing::info!(
            requestId = %intent.permit().actor().request,
            mcpTool = intent.permit().action().name,
            aiGatewayLogId = trace.and_then(|trace| trace.ai_gateway_log_id.as_deref()),
            status = trace.and_then(|trace| trace.status),
            error = error.map(tracing::field::display),
            "result inspected"
        );
        result
    }
}

#[cfg(test)]
mod tests;
