//! The Access team domain: keys, login, identity, logout, and the assertions Access signs.
//!
//! Source: Cloudflare's documentation of Access application tokens and of the `/cdn-cgi/access/` endpoints. In
//! scope: the self-hosted application shape with a login page, Managed OAuth, service tokens, key rotation and custom
//! OIDC claims of the tenant's identity provider (`oid`, `groups`). Out of scope: portals, device posture.

pub mod assertion;
mod login;
pub(crate) mod oauth;
mod perimeter;
mod service_tokens;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{CACHE_CONTROL, RETRY_AFTER};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};

use crate::estate::Estate;
use crate::faults::{Fault, Target, wait_ms};
use crate::recorder::{Recorded, shown_headers};
use crate::server::closed_connection;

pub(crate) use assertion::{cookie_assertion, without_cookie};
pub(crate) use login::{authorized, logged_out, login_url, redirect};
pub use perimeter::{ManagedOauth, Perimeter};
pub use service_tokens::{ServiceToken, ServiceTokens};

/// Path of the published keys.
pub const CERTS_PATH: &str = "/cdn-cgi/access/certs";
/// Path of the login page.
pub const LOGIN_PATH: &str = "/cdn-cgi/access/login";
/// Path on the edge that finishes a login.
pub const AUTHORIZED_PATH: &str = "/cdn-cgi/access/authorized";
/// Path of the full identity behind a cookie, on both hosts.
pub const IDENTITY_PATH: &str = "/cdn-cgi/access/get-identity";
/// Path that ends the session, on both hosts.
pub const LOGOUT_PATH: &str = "/cdn-cgi/access/logout";

/// Open logins and how Access stands before the server.
pub(crate) struct AccessState {
    pub(crate) perimeter: Perimeter,
    pub(crate) oauth: oauth::Grants,
    logins: login::Logins,
}

impl AccessState {
    pub(crate) fn new(perimeter: Perimeter) -> Self {
        Self { perimeter, oauth: oauth::Grants::default(), logins: login::Logins::default() }
    }
}

/// The routes of the team domain.
pub fn router() -> Router<Arc<Estate>> {
    Router::new()
        .route(CERTS_PATH, get(certs))
        .route(LOGIN_PATH, get(login::ask).post(login::sign_in))
        .route(IDENTITY_PATH, get(team_identity))
        .route(LOGOUT_PATH, get(logged_out))
        .merge(oauth::router())
}

async fn certs(State(estate): State<Arc<Estate>>, uri: Uri, headers: HeaderMap) -> Response {
    record(&estate, &Method::GET, &uri, &headers, None);
    if let Some(answer) = injected(&estate, CERTS_PATH, None).await {
        return answer;
    }
    // The first request may have to wait for the key to be made, which must not hold up other requests.
    let published = tokio::task::spawn_blocking(move || {
        estate.signing_key(&estate.keys.access)?;
        Ok::<_, crate::state::StateFault>(estate.keys.access.published()?)
    });
    match published.await {
        Ok(Ok(keys)) => {
            let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
            Json(json!({ "keys": keys })).into_response()
        }
        _ => keys_unavailable(),
    }
}

async fn team_identity(State(estate): State<Arc<Estate>>, uri: Uri, headers: HeaderMap) -> Response {
    record(&estate, &Method::GET, &uri, &headers, None);
    match injected(&estate, IDENTITY_PATH, None).await {
        Some(answer) => answer,
        None => identity(&estate, &headers),
    }
}

/// The full identity behind the cookie of a request.
pub(crate) fn identity(estate: &Estate, headers: &HeaderMap) -> Response {
    let claims = cookie_assertion(headers).and_then(|cookie| assertion::verified(estate, cookie));
    let Some(claims) = claims else {
        let refused = json!({"err": "no app token set"});
        return (StatusCode::BAD_REQUEST, [(CACHE_CONTROL, "no-store")], Json(refused)).into_response();
    };
    let email = claims.get("email").and_then(Value::as_str).unwrap_or_default();
    let person = estate.people.find(email);
    let body = json!({
        "id": claims.get("sub"),
        "user_uuid": claims.get("sub"),
        "email": email,
        "name": person.as_ref().map(|person| person.display_name.clone()),
        "groups": person.as_ref().map(|person| person.groups.clone()).unwrap_or_default(),
        "amr": ["pwd", "mfa"],
        "idp": {"id": "7f0c5a1e-5c1d-4d63-8a4c-0f5d7f2f6b10", "type": "azureAD"},
        "oidc_fields": {"oid": claims.get("oid"), "groups": claims.get("groups")},
        "geo": {"country": claims.get("country")},
        "iat": claims.get("iat"),
        "devicePosture": {},
        "device_sessions": {},
        "is_warp": false,
        "is_gateway": false,
        "service_token_status": claims.get("common_name").is_some(),
    });
    ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// Keeps a request to Access.
fn record(estate: &Estate, method: &Method, uri: &Uri, headers: &HeaderMap, person: Option<&str>) {
    estate.recorder.record(Recorded {
        target: Target::Access,
        person: person.map(str::to_owned),
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers: shown_headers(headers),
        body: Value::Null,
    });
}

/// The answer a fault asks for; `None` when there is none or it only delays.
pub(crate) async fn injected(estate: &Estate, path: &str, person: Option<&str>) -> Option<Response> {
    match estate.faults.take(Target::Access, path, person)? {
        Fault::Delay { ms } => {
            wait_ms(ms).await;
            None
        }
        Fault::Malformed => Some("{\"keys\":[{\"kty\":\"RSA\",".into_response()),
        Fault::RateLimit => {
            let answer = (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "1")], "error code: 1015");
            Some(answer.into_response())
        }
        Fault::Reset => Some(closed_connection()),
        Fault::Status { status } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            Some((status, format!("error code: {}", status.as_u16())).into_response())
        }
        // The control plane accepts these for other systems only.
        Fault::Aadsts { .. }
        | Fault::CacheHit
        | Fault::ClaimsChallenge { .. }
        | Fault::DlpRequest
        | Fault::DlpResponse
        | Fault::GuardrailPrompt
        | Fault::GuardrailResponse
        | Fault::SpendLimit => None,
    }
}

pub(crate) fn keys_unavailable() -> Response {
    let sentence = "The simulated Access could not make or save its signing key. Check the state folder.";
    (StatusCode::INTERNAL_SERVER_ERROR, sentence).into_response()
}
