//! Graph through the AI Gateway: one exchange for one recorded intent.
//!
//! Source: Cloudflare AI Gateway, custom providers and request headers; Microsoft Graph best practices
//! (`client-request-id`, decorated `User-Agent`).
//!
//! Steps of an exchange, in this order:
//! 1. the call is one of the permitted row, and the path one that call can make;
//! 2. the gateway is told who and what (`cf-aig-metadata`), and to keep, repeat and remember nothing;
//! 3. the answer is classified; nothing is followed, nothing retried.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, IF_MATCH, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use m365_ports::{
    Bounds, Content, Entropy, EntropyExt as _, GraphAnswer, GraphHeader, GraphRequest, Network,
    Outbound as _, OutboundError, Trace, Transfer, Upstream, UpstreamError,
};
use m365_types::{Intent, Method, Secret, Stage};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::batch;
use crate::classify::classify;
use crate::destination::{Base, DestinationError};
use crate::door::Guard;
use crate::headers::{Credential, bearer};
use crate::metadata::Metadata;
use crate::transfer::TransferHosts;

const BOUNDS: Bounds = Bounds {
    network: Network::Configured,
    timeout: Duration::from_secs(30),
    max_response_bytes: 8 * 1024 * 1024,
};
/// The gateway gives up before we do, so that we hear its reason.
const GATEWAY_TIMEOUT_MILLIS: &str = "28000";
/// Microsoft's form for software of no independent vendor: `NONISV|Company|App/Version`.
pub(crate) const AGENT: &str = concat!("NONISV|m365-mcp|m365-mcp/", env!("CARGO_PKG_VERSION"));
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(crate) const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
const PREFER: HeaderName = HeaderName::from_static("prefer");
const CONSISTENCY_LEVEL: HeaderName = HeaderName::from_static("consistencylevel");
/// Requests of one batch (Graph, "JSON batching").
const BATCH_MAX: usize = 20;

/// RFC 3986 section 2.3: unreserved characters stay, all else is encoded.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How a Graph request travels through the gateway (`GRAPH_TRANSPORT`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// As it is, with its own method.
    Direct,
    /// Inside `POST /$batch`, one request per batch: for a gateway that passes nothing but POST.
    Batch,
}

impl Transport {
    /// Reads `GRAPH_TRANSPORT`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "batch" => Some(Self::Batch),
            "direct" => Some(Self::Direct),
            _ => None,
        }
    }
}

/// How the gateway is used.
#[derive(Clone, Debug)]
pub struct GatewayAccess {
    /// `AI_GATEWAY_SERVICE_TOKEN`; may be absent only where the gateway is on this machine.
    pub token: Option<Secret<String>>,
    /// `GRAPH_TRANSPORT`
    pub transport: Transport,
}

pub(crate) struct GatewayUpstream {
    door: Guard,
    base: String,
    transfers: TransferHosts,
    credential: Credential,
    transport: Transport,
    entropy: Arc<dyn Entropy>,
}

/// A Graph request that its row may make, on its way.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    /// Path and query below the API version, encoded.
    pub(crate) target: String,
    /// The headers of its own, `Accept` and `Content-Type` among them.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Content>,
    pub(crate) client_request_id: String,
}

impl GatewayUpstream {
    pub(crate) fn new(
        door: Guard,
        base: &Base,
        transfers: TransferHosts,
        access: GatewayAccess,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, DestinationError> {
        let credential = Credential::new(access.token, base)?;
        Ok(Self { door, base: base.text(), transfers, credential, transport: access.transport, entropy })
    }

    fn client_request_id(&self) -> String {
        fresh_id(&*self.entropy)
    }

    /// The request as it is sent by itself.
    fn direct(&self, intent: &Intent, token: &Secret<String>, graph: &Outgoing) -> Option<Request<Bytes>> {
        let mut headers = self.graph_headers(intent, token, &graph.client_request_id)?;
        headers.extend(graph.headers.clone());
        let body = match &graph.body {
            None => Bytes::new(),
            Some(Content::Json(value)) => serde_json::to_vec(value).ok()?.into(),
            Some(Content::Bytes { bytes, .. }) => bytes.clone(),
        };
        self.message(graph.method, &graph.target, headers, body)
    }

    /// Several requests in one.
    fn batched(
        &self,
        intent: &Intent,
        token: &Secret<String>,
        id: &str,
        graph: &[Outgoing],
    ) -> Option<Request<Bytes>> {
        let mut headers = self.graph_headers(intent, token, id)?;
        headers.insert(ACCEPT, JSON);
        headers.insert(CONTENT_TYPE, JSON);
        let body = serde_json::to_vec(&batch::wrap(graph)).ok()?;
        self.message(Method::Post, batch::TARGET, headers, body.into())
    }

    fn message(
        &self,
        method: Method,
        target: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Option<Request<Bytes>> {
        let mut request = Request::new(body);
        *request.method_mut() = http::Method::try_from(method.as_str()).ok()?;
        *request.uri_mut() = format!("{}{target}", self.base).parse().ok()?;
        *request.headers_mut() = headers;
        Some(request)
    }

    fn graph_headers(&self, intent: &Intent, token: &Secret<String>, id: &str) -> Option<HeaderMap> {
        let mut headers = self.gateway_headers(intent)?;
        headers.insert(AUTHORIZATION, bearer(token)?);
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(CLIENT_REQUEST_ID, HeaderValue::try_from(id).ok()?);
        Some(headers)
    }

    /// Sends, and reads the answer as the gateway's word on one exchange.
    async fn exchange(&self, id: &str, request: Request<Bytes>) -> Result<GraphAnswer, UpstreamError> {
        match self.door.send(request, BOUNDS).await {
            Ok(answer) => {
                let (parts, body) = answer.into_parts();
                classify(id, parts.status, &parts.headers, &body)
            }
            Err(error) => Err(unanswered(error, id.to_owned())),
        }
    }

    fn gateway_headers(&self, intent: &Intent) -> Option<HeaderMap> {
        self.credential.headers(&Metadata::of(intent), GATEWAY_TIMEOUT_MILLIS)
    }
}

#[async_trait]
impl Upstream for GatewayUpstream {
    async fn call(
        &self,
        intent: &Intent,
        token: &Secret<String>,
        request: GraphRequest,
    ) -> Result<GraphAnswer, UpstreamError> {
        let id = self.client_request_id();
        let outgoing = checked(intent, request, id.clone()).ok_or(UpstreamError::Forbidden)?;
        let result = match self.transport {
            Transport::Direct => {
                let request = self.direct(intent, token, &outgoing).ok_or(UpstreamError::Forbidden)?;
                self.exchange(&id, request).await
            }
            Transport::Batch => {
                let only = std::slice::from_ref(&outgoing);
                let request = self.batched(intent, token, &id, only).ok_or(UpstreamError::Forbidden)?;
                let answered = self.exchange(&id, request).await;
                answered
                    .and_then(|answer| batch::unwrap(&answer, only).pop().ok_or(UpstreamError::Forbidden)?)
            }
        };
        log(intent, &result);
        result
    }

    async fn batch(
        &self,
        intent: &Intent,
        token: &Secret<String>,
        requests: Vec<GraphRequest>,
    ) -> Result<Vec<Result<GraphAnswer, UpstreamError>>, UpstreamError> {
        if !(1..=BATCH_MAX).contains(&requests.len()) {
            return Err(UpstreamError::Forbidden);
        }
        let outgoing: Option<Vec<Outgoing>> =
            requests.into_iter().map(|request| checked(intent, request, self.client_request_id())).collect();
        let outgoing = outgoing.ok_or(UpstreamError::Forbidden)?;
        let id = self.client_request_id();
        let request = self.batched(intent, token, &id, &outgoing).ok_or(UpstreamError::Forbidden)?;
        let answered = self.exchange(&id, request).await;
        log(intent, &answered);
        Ok(batch::unwrap(&answered?, &outgoing))
    }

    async fn transfer(&self, intent: &Intent, transfer: Transfer) -> Result<GraphAnswer, UpstreamError> {
        let id = self.client_request_id();
        let headers = self.gateway_headers(intent).ok_or(UpstreamError::Forbidden)?;
        let request = self.transfers.request(transfer, headers)?;
        let result = self.exchange(&id, request).await;
        log(intent, &result);
        result
    }
}

/// What the row may make of the request; nothing else leaves.
fn checked(intent: &Intent, request: GraphRequest, client_request_id: String) -> Option<Outgoing> {
    let GraphRequest { call, path, query, prefer, headers, body } = request;
    let of_row = intent.permit().action().calls.iter().any(|admitted| admitted == call);
    let bodiless = matches!(call.method, Method::Get | Method::Delete);
    let only_looks = intent.permit().terms().stage == Stage::Look;
    let changes = only_looks && !call.safe;
    if !of_row || changes || !call.admits(call.method, &path) || (bodiless && body.is_some()) {
        return None;
    }
    let mut target = path;
    for (index, (name, value)) in query.iter().enumerate() {
        if !is_option_name(name) {
            return None;
        }
        target.push(if index == 0 { '?' } else { '&' });
        target.push_str(name);
        target.push('=');
        target.extend(utf8_percent_encode(value, QUERY));
    }
    let headers = own_headers(&prefer, headers, body.as_ref())?;
    Some(Outgoing { method: call.method, target, headers, body, client_request_id })
}

/// The headers of the request itself. What is no header value leaves no request.
fn own_headers(prefer: &[String], further: Vec<GraphHeader>, body: Option<&Content>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(ACCEPT, JSON);
    if !prefer.is_empty() {
        headers.insert(PREFER, HeaderValue::try_from(prefer.join(", ")).ok()?);
    }
    for header in further {
        match header {
            GraphHeader::Accept(kind) => headers.insert(ACCEPT, HeaderValue::from_static(kind)),
            GraphHeader::ConsistencyLevelEventual => {
                headers.insert(CONSISTENCY_LEVEL, HeaderValue::from_static("eventual"))
            }
            GraphHeader::IfMatch(tag) => headers.insert(IF_MATCH, HeaderValue::try_from(tag).ok()?),
        };
    }
    match body {
        None => {}
        Some(Content::Json(_)) => drop(headers.insert(CONTENT_TYPE, JSON)),
        Some(Content::Bytes { media_type, .. }) => {
            headers.insert(CONTENT_TYPE, HeaderValue::try_from(media_type).ok()?);
        }
    }
    Some(headers)
}

/// `$select` and the like, or a plain parameter such as `startDateTime`.
fn is_option_name(name: &str) -> bool {
    let plain = name.strip_prefix('$').unwrap_or(name);
    !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A fresh `client-request-id`.
pub(crate) fn fresh_id(entropy: &dyn Entropy) -> String {
    uuid::Builder::from_random_bytes(entropy.bytes()).into_uuid().hyphenated().to_string()
}

fn unanswered(error: OutboundError, client_request_id: String) -> UpstreamError {
    let trace = Trace { client_request_id, ..Trace::default() };
    match error {
        OutboundError::Destination => UpstreamError::Forbidden,
        OutboundError::Connect => UpstreamError::GatewayUnreachable { maybe_sent: false, trace },
        OutboundError::Protocol | OutboundError::Timeout => {
            UpstreamError::GatewayUnreachable { maybe_sent: true, trace }
        }
        OutboundError::TooLarge => UpstreamError::Malformed { trace },
    }
}

fn log(intent: &Intent, result: &Result<GraphAnswer, UpstreamError>) {
    let (trace, error) = match result {
        Ok(answer) => (Some(&answer.trace), None),
        Err(error) => (error.trace(), Some(error)),
    };
    tracing::info!(
        requestId = %intent.permit().actor().request,
        mcpTool = intent.permit().action().name,
        clientRequestId = trace.map(|trace| trace.client_request_id.as_str()),
        aiGatewayLogId = trace.and_then(|trace| trace.ai_gateway_log_id.as_deref()),
        graphRequestId = trace.and_then(|trace| trace.graph_request_id.as_deref()),
        status = trace.and_then(|trace| trace.status),
        error = error.map(tracing::field::display),
        "graph exchange"
    );
}

#[cfg(test)]
mod tests;
