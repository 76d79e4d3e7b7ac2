//! The token and revocation endpoints, for public clients.
//!
//! Source: RFC 6749 sections 4.1.3, 5 and 6, RFC 7009, RFC 7636 section 4.6.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, PRAGMA};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::json;

use super::grants::Redemption;
use super::{REVOKE_PATH, TOKEN_PATH, error, not_enabled};
use crate::access::{injected, record};
use crate::estate::Estate;

type Form = BTreeMap<String, String>;

pub(super) async fn token(
    State(estate): State<Arc<Estate>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    record(&estate, &Method::POST, &uri, &headers, None);
    let Some(managed) = estate.access.perimeter.managed_oauth() else { return not_enabled() };
    if let Some(answer) = injected(&estate, TOKEN_PATH, None).await {
        return answer;
    }
    let form = read(&body);
    let value = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let now_ms = estate.clock.now_ms();
    if estate.access.oauth.client(value("client_id")).is_none() {
        return error("invalid_client", "The client is not known");
    }
    let issued = match value("grant_type") {
        "authorization_code" => {
            let presented = Redemption {
                code: value("code"),
                client_id: value("client_id"),
                redirect_uri: value("redirect_uri"),
                verifier: value("code_verifier"),
            };
            estate.access.oauth.redeem(&presented, managed, now_ms)
        }
        "refresh_token" => {
            estate.access.oauth.refresh(value("refresh_token"), value("client_id"), managed, now_ms)
        }
        _ => return error("unsupported_grant_type", "The grant type is not supported"),
    };
    let Some(issued) = issued else {
        return error("invalid_grant", "The grant is invalid, expired or was used before");
    };
    let answer = json!({
        "access_token": issued.access,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "refresh_token": issued.refresh,
    });
    ([(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")], Json(answer)).into_response()
}

/// Answers 200 whatever the token was (RFC 7009 section 2.2).
pub(super) async fn revoke(
    State(estate): State<Arc<Estate>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    record(&estate, &Method::POST, &uri, &headers, None);
    if estate.access.perimeter.managed_oauth().is_none() {
        return not_enabled();
    }
    if let Some(answer) = injected(&estate, REVOKE_PATH, None).await {
        return answer;
    }
    let form = read(&body);
    let value = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    estate.access.oauth.revoke(value("token"), value("client_id"));
    (StatusCode::OK, [(CACHE_CONTROL, "no-store")]).into_response()
}

fn read(body: &[u8]) -> Form {
    url::form_urlencoded::parse(body).into_owned().collect()
}
