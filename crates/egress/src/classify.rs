//! What an answer means: one pure function of status, headers and body.
//!
//! Source: Cloudflare AI Gateway, error codes, caching and DLP; Microsoft Graph, error responses and throttling.
//!
//! Order: (1) a cached copy is nobody's answer; (2) a success must prove it came through the gateway; (3) what is
//! neither success nor error is not followed: a 302 is an answer that says where content lies; (4) the gateway's own refusals; (5) answers of neither gateway nor
//! Graph; (6) Graph's refusals.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, StatusCode};
use m365_ports::{GraphAnswer, LlmRefusal, Trace, UpstreamError};
use m365_types::Secret;
use serde_json::Value;

use crate::challenge;
use crate::graph_error::GraphError;

const LOG_ID: HeaderName = HeaderName::from_static("cf-aig-log-id");
const CACHE_STATUS: HeaderName = HeaderName::from_static("cf-aig-cache-status");
const DLP: HeaderName = HeaderName::from_static("cf-aig-dlp");
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// The gateway's internal codes that mean something else than "refused".
const RATE_LIMIT: u32 = 2003;
const UPSTREAM_UNREACHABLE: u32 = 2005;
const GUARDRAIL_RESPONSE: u32 = 2017;
const DLP_REQUEST: u32 = 2029;
const DLP_RESPONSE: u32 = 2030;

/// Foreign identifiers are opaque, but not longer than this.
const ID_MAX_BYTES: usize = 128;
/// No service asks for more patience than a day.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);

/// Classifies the answer of the gateway to the exchange named by `client_request_id`.
///
/// # Errors
/// [`UpstreamError`]; every variant but `Forbidden` and `GatewayUnreachable` with `maybe_sent` false is possible.
/// A policy of the gateway that gives no code is reported as `Gateway` with the HTTP status as its code.
pub fn classify(
    client_request_id: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<GraphAnswer, UpstreamError> {
    let mut trace = Trace {
        client_request_id: client_request_id.to_owned(),
        ai_gateway_log_id: identifier(headers, &LOG_ID),
        graph_request_id: graph_request_id(headers),
        status: Some(status.as_u16()),
    };
    // 1. and 2.
    let unproven = (status.is_success() || status == StatusCode::FOUND) && trace.ai_gateway_log_id.is_none();
    if is_cached(headers) || unproven {
        return Err(UpstreamError::Malformed { trace });
    }
    // 3.
    if !is_error(status) {
        return classify_graph(trace, status, headers, body);
    }
    let json = serde_json::from_slice(body).unwrap_or(Value::Null);
    // 4.
    if let Some(code) = gateway_code(status, &json) {
        return Err(gateway_error(code, trace));
    }
    let envelope = GraphError::of(&json);
    if envelope.is_none()
        && let Some(error) = dlp_block(headers, &trace)
    {
        return Err(error);
    }
    if let Some(id) = envelope.as_ref().and_then(GraphError::request_id) {
        trace.graph_request_id.get_or_insert_with(|| bounded(id));
    }
    // 5.
    let anonymous = trace.ai_gateway_log_id.is_none() && trace.graph_request_id.is_none();
    if anonymous && envelope.is_none() {
        return Err(edge_error(status, trace));
    }
    // 6.
    Err(graph_refusal(trace, status, headers, envelope.as_ref()))
}

/// Classifies what is certainly Graph's own word: the answer inside a batch.
///
/// # Errors
/// `Malformed`, `GraphRateLimited` or `Graph`.
pub(crate) fn classify_graph(
    mut trace: Trace,
    status: StatusCode,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<GraphAnswer, UpstreamError> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::to_owned);
    let location = text(LOCATION).filter(|_| status == StatusCode::FOUND).map(Secret::new);
    if status.is_success() || location.is_some() {
        let (status, media_type) = (status.as_u16(), text(CONTENT_TYPE));
        return Ok(GraphAnswer { status, body: body.clone(), media_type, location, trace });
    }
    if !is_error(status) {
        return Err(UpstreamError::Malformed { trace });
    }
    let json = serde_json::from_slice(body).unwrap_or(Value::Null);
    let envelope = GraphError::of(&json);
    if let Some(id) = envelope.as_ref().and_then(GraphError::request_id) {
        trace.graph_request_id.get_or_insert_with(|| bounded(id));
    }
    Err(graph_refusal(trace, status, headers, envelope.as_ref()))
}

/// What an answer says of the gateway, where somebody else than Graph stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// A success from behind the gateway.
    Passed,
    /// An answer from behind the gateway that is no success, with its HTTP status.
    Behind(u16),
    /// The gateway's own refusal, with its code, or its HTTP status where a policy gave none.
    Gateway(u32),
    DlpRequest,
    DlpResponse,
    RateLimited,
    Unreachable,
    /// A cached copy, or one that does not prove it came through the gateway.
    Unusable,
}

/// Reads the gateway's word, in the order that the head of this file gives.
pub(crate) fn word(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Word {
    let proven = identifier(headers, &LOG_ID).is_some();
    if is_cached(headers) || (status.is_success() && !proven) {
        return Word::Unusable;
    }
    if status.is_success() {
        return Word::Passed;
    }
    if is_error(status) {
        let json = serde_json::from_slice(body).unwrap_or(Value::Null);
        match gateway_code(status, &json) {
            Some(DLP_REQUEST) => return Word::DlpRequest,
            Some(DLP_RESPONSE) => return Word::DlpResponse,
            Some(RATE_LIMIT) => return Word::RateLimited,
            Some(UPSTREAM_UNREACHABLE) => return Word::Unreachable,
            Some(code) => return Word::Gateway(code),
            None => {}
        }
        match dlp_block(headers, &Trace::default()) {
            Some(UpstreamError::DlpResponse { .. }) => return Word::DlpResponse,
            Some(_) => return Word::DlpRequest,
            None => {}
        }
    }
    match status.as_u16() {
        status if proven => Word::Behind(status),
        429 => Word::RateLimited,
        500.. => Word::Unreachable,
        _ => Word::Unusable,
    }
}

/// Whether data loss prevention flagged what it let pass.
pub(crate) fn is_flagged(headers: &HeaderMap) -> bool {
    let verdict = headers.get(DLP).and_then(|value| serde_json::from_slice::<Value>(value.as_bytes()).ok());
    verdict.is_some_and(|verdict| verdict.get("action").and_then(Value::as_str) == Some("FLAG"))
}

/// What a model's route answered in place of a stream of chunks; nothing where it answered one.
///
/// Source: Cloudflare AI Gateway, error codes, guardrails, spend limits, policies, dynamic routes.
pub(crate) fn llm_refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<LlmRefusal> {
    Some(match word(status, headers, body) {
        Word::Passed => return None,
        Word::Behind(status) if is_error(StatusCode::from_u16(status).unwrap_or_default()) => {
            LlmRefusal::Model { status }
        }
        Word::Behind(_) | Word::Unusable => LlmRefusal::Malformed,
        Word::DlpRequest => LlmRefusal::DlpRequest,
        Word::DlpResponse => LlmRefusal::DlpResponse,
        Word::RateLimited => LlmRefusal::RateLimited,
        Word::Unreachable => LlmRefusal::Unreachable,
        Word::Gateway(code) => match code {
            // Without a code: a policy, or its cap.
            403 => LlmRefusal::Policy,
            429 | 2041 | 2045 => LlmRefusal::SpendLimit,
            2001 | 2008 | 2009 | 2040 | 7003 => LlmRefusal::Configuration { code },
            2016 => LlmRefusal::GuardrailPrompt,
            GUARDRAIL_RESPONSE => LlmRefusal::GuardrailAnswer,
            2021 => LlmRefusal::NoCredits,
            7013 => LlmRefusal::GuardrailsDown,
            code => LlmRefusal::Gateway { code },
        },
    })
}

/// The identifiers of an exchange in which Graph has no part.
pub(crate) fn trace_of(client_request_id: &str, status: StatusCode, headers: &HeaderMap) -> Trace {
    Trace {
        client_request_id: client_request_id.to_owned(),
        ai_gateway_log_id: identifier(headers, &LOG_ID),
        graph_request_id: None,
        status: Some(status.as_u16()),
    }
}

/// Whether Microsoft may have acted although there is no usable answer: then the outcome is not known.
#[must_use]
pub const fn may_have_acted(error: &UpstreamError) -> bool {
    match error {
        UpstreamError::GatewayUnreachable { maybe_sent, .. } => *maybe_sent,
        UpstreamError::Gateway { code, .. } => matches!(*code, UPSTREAM_UNREACHABLE | GUARDRAIL_RESPONSE),
        UpstreamError::Graph { status, .. } => *status >= 500,
        UpstreamError::DlpResponse { .. } | UpstreamError::Malformed { .. } => true,
        UpstreamError::DlpRequest { .. }
        | UpstreamError::Forbidden
        | UpstreamError::GatewayRateLimited { .. }
        | UpstreamError::GraphRateLimited { .. }
        | UpstreamError::UnlistedHost { .. } => false,
    }
}

/// Graph's id of the exchange, from its headers.
pub(crate) fn graph_request_id(headers: &HeaderMap) -> Option<String> {
    identifier(headers, &REQUEST_ID)
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// The gateway caches across people unless told not to: a hit may hold somebody else's answer.
fn is_cached(headers: &HeaderMap) -> bool {
    headers
        .get_all(CACHE_STATUS)
        .iter()
        .any(|value| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"hit"))
}

/// The code of a refusal that is the gateway's own. Its errors have an array `error` and a name; its policies an
/// object `error` without code beside `success: false`, which Graph never sends.
fn gateway_code(status: StatusCode, body: &Value) -> Option<u32> {
    let error = body.get("error");
    if body.get("name").and_then(Value::as_str) == Some("AiGatewayError") {
        let first = || error?.get(0)?.get("code")?.as_u64();
        let code = body.get("internalCode").and_then(Value::as_u64).or_else(first);
        return Some(code.and_then(|code| u32::try_from(code).ok()).unwrap_or(u32::from(status.as_u16())));
    }
    let refused = body.get("success") == Some(&Value::Bool(false));
    let policy = error.is_some_and(|error| error.get("message").is_some_and(Value::is_string))
        && error.is_some_and(|error| error.get("code").is_none());
    (refused && policy).then_some(u32::from(status.as_u16()))
}

const fn gateway_error(code: u32, trace: Trace) -> UpstreamError {
    match code {
        DLP_REQUEST => UpstreamError::DlpRequest { trace },
        DLP_RESPONSE => UpstreamError::DlpResponse { trace },
        RATE_LIMIT => UpstreamError::GatewayRateLimited { trace },
        _ => UpstreamError::Gateway { code, trace },
    }
}

/// A block that only the header tells of. A flag is no block.
fn dlp_block(headers: &HeaderMap, trace: &Trace) -> Option<UpstreamError> {
    let verdict: Value = serde_json::from_slice(headers.get(DLP)?.as_bytes()).ok()?;
    if verdict.get("action")?.as_str()? != "BLOCK" {
        return None;
    }
    let findings = verdict.get("findings").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let of_response = |finding: &Value| finding.get("check").and_then(Value::as_str) == Some("RESPONSE");
    let trace = trace.clone();
    Some(if findings.iter().any(of_response) {
        UpstreamError::DlpResponse { trace }
    } else {
        UpstreamError::DlpRequest { trace }
    })
}

/// An error with neither a log id of the gateway nor a word of Graph comes from what stands before the gateway.
const fn edge_error(status: StatusCode, trace: Trace) -> UpstreamError {
    match status.as_u16() {
        429 => UpstreamError::GatewayRateLimited { trace },
        500.. => UpstreamError::GatewayUnreachable { maybe_sent: true, trace },
        _ => UpstreamError::Malformed { trace },
    }
}

fn graph_refusal(
    trace: Trace,
    status: StatusCode,
    headers: &HeaderMap,
    envelope: Option<&GraphError<'_>>,
) -> UpstreamError {
    let retry_after = retry_after(headers);
    if status == StatusCode::TOO_MANY_REQUESTS {
        return UpstreamError::GraphRateLimited { retry_after, trace };
    }
    let challenged = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    UpstreamError::Graph {
        status: status.as_u16(),
        code: envelope.map(GraphError::code).unwrap_or_default(),
        retry_after,
        claims: challenged.then(|| challenge::claims(headers)).flatten(),
        trace,
    }
}

/// `Retry-After` in seconds, which Graph may give with a fraction. It sends no dates; one is not understood.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds = text.parse().ok().filter(|_| digits)?;
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(RETRY_AFTER_MAX).min(RETRY_AFTER_MAX))
}

fn identifier(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(bounded).filter(|id| !id.is_empty())
}

fn bounded(id: &str) -> String {
    id.chars().filter(char::is_ascii_graphic).take(ID_MAX_BYTES).collect()
}

#[cfg(test)]
mod tests;
