//! Managed OAuth: Access as the authorization server of MCP clients.
//!
//! Source: Cloudflare's documentation of Managed OAuth (beta) and what was measured of it; RFC 6749, 7009, 7591, 7636,
//! 8414, 8707 and 9728. In scope: the challenge and both metadata documents at the edge, and on the team domain
//! registration of public clients, authorization with PKCE S256 and `resource`, opaque tokens, refresh, revocation.
//! Out of scope: confidential clients, portals, administration.
//!
//! Cloudflare's documents leave open, and this file decides: what tells a browser from a client (here: a GET or HEAD
//! whose `Accept` names `text/html`); the issuer (here: the protected host, where its metadata are); whether a page asks
//! for consent (here: no); that a refresh token rotates, and that reuse only fails; whether codes and grants outlive the
//! service (here: they end with the process); `iss` in the authorization response (here: none, and not announced);
//! whether a valid token goes on to the origin (here: it does not, as the secrets of service tokens do not).
//!
//! Invariant: a token is worth something at the edge alone, and no token is kept after its grant has ended.

mod authorization;
mod grants;
mod registration;
mod token;

use std::sync::Arc;

use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, PRAGMA, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use super::ManagedOauth;
use crate::estate::Estate;

pub(crate) use grants::Grants;

const AUTHORIZATION_PATH: &str = "/cdn-cgi/access/oauth/authorization";
const REGISTRATION_PATH: &str = "/cdn-cgi/access/oauth/registration";
const REVOKE_PATH: &str = "/cdn-cgi/access/oauth/revoke";
const TOKEN_PATH: &str = "/cdn-cgi/access/oauth/token";

const SERVER_METADATA_PATH: &str = "/.well-known/oauth-authorization-server";
const RESOURCE_METADATA_PATH: &str = "/.well-known/cloudflare-access-protected-resource";
/// What every token begins with.
const TOKEN_PREFIX: &str = "oauth:";

/// The routes of the team domain.
pub(super) fn router() -> Router<Arc<Estate>> {
    Router::new()
        .route(AUTHORIZATION_PATH, get(authorization::ask).post(authorization::sign_in))
        .route(REGISTRATION_PATH, post(registration::register))
        .route(REVOKE_PATH, post(token::revoke))
        .route(TOKEN_PATH, post(token::token))
}

/// The documents the edge answers itself; `None` for every other path.
pub(crate) fn document(estate: &Estate, managed: &ManagedOauth, head: &Parts) -> Option<Response> {
    let path = head.uri.path();
    let document = if path == SERVER_METADATA_PATH {
        server_metadata(estate, managed)
    } else {
        let resource = path.strip_prefix(RESOURCE_METADATA_PATH)?;
        (resource.is_empty() || resource.starts_with('/')).then(|| resource_metadata(estate, resource))?
    };
    let readable = matches!(head.method, Method::GET | Method::HEAD);
    Some(if readable {
        Json(document).into_response()
    } else {
        StatusCode::METHOD_NOT_ALLOWED.into_response()
    })
}

fn server_metadata(estate: &Estate, managed: &ManagedOauth) -> Value {
    let at = |path: &str| format!("{}{path}", estate.config.sandbox_url);
    let mut metadata = json!({
        "issuer": estate.config.edge_url,
        "authorization_endpoint": at(AUTHORIZATION_PATH),
        "token_endpoint": at(TOKEN_PATH),
        "revocation_endpoint": at(REVOKE_PATH),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
    });
    if managed.registration
        && let Some(fields) = metadata.as_object_mut()
    {
        fields.insert("registration_endpoint".to_owned(), at(REGISTRATION_PATH).into());
    }
    metadata
}

fn resource_metadata(estate: &Estate, path: &str) -> Value {
    let host = &estate.config.edge_url;
    json!({
        "resource": format!("{host}{path}"),
        "authorization_servers": [host],
        "bearer_methods_supported": ["header"],
    })
}

/// Whether a browser asks, which can be sent to a login page.
pub(crate) fn is_browser(method: &Method, headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = accepted.flat_map(|value| value.split(','));
    matches!(*method, Method::GET | Method::HEAD)
        && kinds.any(|kind| kind.split(';').next().unwrap_or_default().trim() == "text/html")
}

/// The refusal that tells a client where to sign in.
pub(crate) fn challenge(estate: &Estate, path: &str, error: Option<&str>) -> Response {
    let host = &estate.config.edge_url;
    let error = error.map(|code| format!("error=\"{code}\", ")).unwrap_or_default();
    let challenge =
        format!("Bearer realm=\"OAuth\", {error}resource_metadata=\"{host}{RESOURCE_METADATA_PATH}{path}\"");
    let body =
        Json(json!({"error": "invalid_token", "error_description": "Missing or invalid access token"}));
    (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, challenge)], body).into_response()
}

/// What an `Authorization` header holds that is meant for the edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    /// No bearer token.
    Nothing,
    /// A live token of this person, by e-mail address.
    Person(String),
    /// Something else: expired, revoked, of another server, or more than one.
    Worthless,
}

/// Reads the bearer token of a request.
pub(crate) fn presented(estate: &Estate, headers: &HeaderMap) -> Presented {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Presented::Nothing };
    let token = value.to_str().ok().and_then(|text| text.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer") && values.next().is_none());
    token
        .and_then(|(_, token)| estate.access.oauth.holder(token, estate.clock.now_ms()))
        .map_or(Presented::Worthless, Presented::Person)
}

/// An error of RFC 6749 section 5.2 or RFC 7591 section 3.2.2.
fn error(code: &str, description: &str) -> Response {
    let body = json!({"error": code, "error_description": description});
    (StatusCode::BAD_REQUEST, [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")], Json(body)).into_response()
}

/// Where Managed OAuth is not enabled there are no such endpoints.
fn not_enabled() -> Response {
    StatusCode::NOT_FOUND.into_response()
}
