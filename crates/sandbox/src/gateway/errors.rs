//! Error answers of the gateway itself.
//!
//! Source: bodies observed on native endpoints: `error` is an array, the name is `AiGatewayError`, and a rate limit
//! carries no `Retry-After`. A caller tells a gateway error from the provider's by the name alone.

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;

use super::{Outbound, dlp};

/// One refusal of the gateway.
pub(super) struct GatewayError {
    status: u16,
    code: u32,
    message: &'static str,
}

impl GatewayError {
    const fn new(status: u16, code: u32, message: &'static str) -> Self {
        Self { status, code, message }
    }

    pub(super) fn no_gateway() -> Self {
        Self::new(400, 2001, "Please configure AI Gateway in the Cloudflare dashboard")
    }

    pub(super) fn no_provider() -> Self {
        Self::new(400, 2008, "Invalid provider")
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, 2009, "Unauthorized")
    }

    pub(super) fn no_model() -> Self {
        Self::new(404, 7003, "Could not find the requested model or route")
    }

    pub(super) fn guardrail_prompt() -> Self {
        Self::new(424, 2016, "Prompt blocked due to security configurations")
    }

    pub(super) fn guardrail_response() -> Self {
        Self::new(424, 2017, "Response blocked due to security configurations")
    }

    pub(super) fn spend_limited() -> Self {
        Self::new(429, 2045, "Spend limit exceeded")
    }

    pub(super) fn rate_limited() -> Self {
        Self::new(429, 2003, "Rate limited")
    }

    pub(super) fn unreachable() -> Self {
        Self::new(502, 2005, "Failed to get response from provider")
    }

    pub(super) fn timed_out() -> Self {
        Self::new(504, 2005, "The provider did not answer within the request timeout")
    }

    pub(super) fn dlp_request() -> Self {
        Self::new(400, 2029, "Request content blocked due to DLP policy violations")
    }

    pub(super) fn dlp_response() -> Self {
        Self::new(400, 2030, "Response content blocked due to DLP policy violations")
    }

    pub(super) fn too_large() -> Self {
        Self::new(413, 2002, "The request body is too large")
    }

    /// The gateway failing on its own with this status.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            401 => Self::unauthorized(),
            429 => Self::rate_limited(),
            500..=599 => Self::new(status, 2002, "Internal server error"),
            _ => Self::new(status, 2002, "The gateway refused the request"),
        }
    }

    /// The answer, with a finding where one led to it.
    pub(super) fn outbound(self, finding: Option<dlp::Finding>) -> Outbound {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let body = json!({
            "success": false, "result": [], "messages": [],
            "error": [{"code": self.code, "message": self.message}],
            "name": "AiGatewayError", "httpCode": self.status, "internalCode": self.code,
            "message": self.message, "description": "",
        });
        Outbound {
            status: StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers,
            body: Bytes::from(body.to_string()),
            cached: false,
            dlp: finding,
        }
    }

    /// The answer to a request that never became one of this gateway: no log, only a request id.
    pub(super) fn response(self, request_id: &str) -> Response {
        let outbound = self.outbound(None);
        let mut response = Response::new(Body::from(outbound.body));
        *response.status_mut() = outbound.status;
        *response.headers_mut() = outbound.headers;
        if let Ok(id) = HeaderValue::from_str(request_id) {
            response.headers_mut().insert("cf-aig-request-id", id);
        }
        response
    }
}
