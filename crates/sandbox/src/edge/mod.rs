//! The edge: Cloudflare in front of the server under test, with Access on every path that is not bypassed.
//!
//! Source: Cloudflare's documentation of Access for self-hosted applications. For every request, in this order:
//! 1. `/cdn-cgi/` is answered here and never reaches the origin.
//! 2. Identity headers the client made up are removed, and `x-sandbox-time` is set, on every path.
//! 3. A bypassed path is forwarded without an assertion.
//! 4. Every other path needs the `CF_Authorization` cookie or a service token; then the assertion is added.
//! 5. Without one, a browser is sent to the login page; anything else is refused.
//!
//! Invariant: an assertion at the origin was verified or issued by this file for that very request.

mod forward;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

use crate::access::assertion::{self, Identity};
use crate::access::{
    AUTHORIZED_PATH, IDENTITY_PATH, LOGIN_PATH, LOGOUT_PATH, authorized, cookie_assertion, identity,
    keys_unavailable, logged_out, login_url, redirect,
};
use crate::estate::Estate;
use forward::Origin;

/// `CF-Access-Client-Id`.
const SERVICE_ID: &str = "cf-access-client-id";
/// `CF-Access-Client-Secret`.
const SERVICE_SECRET: &str = "cf-access-client-secret";

struct Edge {
    estate: Arc<Estate>,
    origin: Origin,
}

/// Everything on the edge port.
pub fn router(estate: Arc<Estate>) -> Router {
    let edge = Edge { estate, origin: Origin::default() };
    Router::new().fallback(handle).with_state(Arc::new(edge))
}

async fn handle(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let estate = &edge.estate;
    let path = request.uri().path();
    if path.starts_with("/cdn-cgi/") {
        // Only the head is needed; a body cannot be held across a wait.
        let (head, _) = request.into_parts();
        return answer_at_the_edge(estate, &head).await;
    }
    if estate.access.bypasses(path) {
        return edge.origin.forward(estate, request, None).await;
    }
    match admit(estate, request.headers()) {
        Ok(assertion) => edge.origin.forward(estate, request, Some(assertion)).await,
        Err(refusal) => refused(estate, &request, refusal),
    }
}

async fn answer_at_the_edge(estate: &Estate, head: &Parts) -> Response {
    match head.uri.path() {
        AUTHORIZED_PATH => authorized(estate, head.uri.query().unwrap_or_default()).await,
        IDENTITY_PATH => identity(estate, &head.headers),
        LOGIN_PATH => redirect(&login_url(estate, "/")),
        LOGOUT_PATH => logged_out().await,
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Why a request does not get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// No session: sign in.
    NoSession,
    /// Half a service token.
    ServiceTokenIncomplete,
    /// A service token that is none.
    ServiceTokenInvalid,
    /// The signing key is not available.
    KeysUnavailable,
}

/// The assertion to hand to the origin.
fn admit(estate: &Estate, headers: &HeaderMap) -> Result<String, Refusal> {
    if let Some(cookie) = cookie_assertion(headers)
        && assertion::verified(estate, cookie).is_some()
    {
        return Ok(cookie.to_owned());
    }
    let sent = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (sent(SERVICE_ID), sent(SERVICE_SECRET)) {
        (None, None) => Err(Refusal::NoSession),
        (Some(client_id), Some(secret)) => {
            let known = |token: &&crate::estate::ServiceToken| {
                token.client_id == client_id && token.client_secret == secret
            };
            let token =
                estate.config.service_tokens.iter().find(known).ok_or(Refusal::ServiceTokenInvalid)?;
            assertion::issue(estate, Identity::Service(&token.client_id))
                .map_err(|_| Refusal::KeysUnavailable)
        }
        _ => Err(Refusal::ServiceTokenIncomplete),
    }
}

fn refused(estate: &Estate, request: &Request, refusal: Refusal) -> Response {
    match refusal {
        Refusal::NoSession if matches!(*request.method(), Method::GET | Method::HEAD) => {
            let wanted = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
            redirect(&login_url(estate, wanted))
        }
        Refusal::NoSession => {
            let sentence = "Cloudflare Access needs a sign-in for this path. Sign in with a browser first.\n";
            (StatusCode::FORBIDDEN, sentence).into_response()
        }
        Refusal::ServiceTokenIncomplete => {
            let sentence = "A service token needs both CF-Access-Client-Id and CF-Access-Client-Secret.\n";
            (StatusCode::UNAUTHORIZED, sentence).into_response()
        }
        Refusal::ServiceTokenInvalid => {
            let sentence = "Cloudflare Access does not know this service token, or its secret is wrong.\n";
            (StatusCode::FORBIDDEN, sentence).into_response()
        }
        Refusal::KeysUnavailable => keys_unavailable(),
    }
}
