//! The edge: Cloudflare in front of the server under test, with Access on every path that is not bypassed.
//!
//! Source: Cloudflare's documentation of Access for self-hosted applications and of Managed OAuth. For every request, in
//! this order:
//! 1. `/cdn-cgi/` is answered here and never reaches the origin; with Managed OAuth so are its two metadata documents.
//! 2. Identity headers the client made up are removed, and `x-sandbox-time` is set, on every path.
//! 3. A bypassed path is forwarded without an assertion, whatever the request carries.
//! 4. Every other path needs the `CF_Authorization` cookie, a service token, or with Managed OAuth a token of Access,
//!    which is taken off; then the assertion is added.
//! 5. Without one, a browser is sent to the login page; anything else is refused, with Managed OAuth by a challenge.
//!
//! Which of a cookie, a service token and a token of Access counts where a request carries several is not documented;
//! here it is the first in this order.
//!
//! Invariant: an assertion at the origin was verified or issued by this file for that very request.

mod connector;
mod forward;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

use crate::access::assertion::{self, Identity};
use crate::access::oauth::Presented;
use crate::access::{
    AUTHORIZED_PATH, IDENTITY_PATH, LOGIN_PATH, LOGOUT_PATH, authorized, cookie_assertion, identity,
    keys_unavailable, logged_out, login_url, oauth, redirect,
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
    if estate.access.perimeter.bypasses(path) {
        return edge.origin.forward(estate, request, None).await;
    }
    if let Some(managed) = estate.access.perimeter.managed_oauth() {
        let (head, body) = request.into_parts();
        if let Some(answer) = oauth::document(estate, managed, &head) {
            return answer;
        }
        return guarded(&edge, Request::from_parts(head, body)).await;
    }
    guarded(&edge, request).await
}

async fn guarded(edge: &Edge, mut request: Request) -> Response {
    match admit(&edge.estate, request.headers()) {
        Ok(admitted) => {
            if admitted.by_token {
                request.headers_mut().remove(AUTHORIZATION);
            }
            edge.origin.forward(&edge.estate, request, Some(admitted.assertion)).await
        }
        Err(refusal) => refused(&edge.estate, &request, refusal),
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

/// What goes on to the origin.
struct Admitted {
    assertion: String,
    /// Whether a token of Access was worth it.
    by_token: bool,
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
    /// A token that is none of Access, or no longer.
    TokenInvalid,
    /// The signing key is not available.
    KeysUnavailable,
}

/// Who gets through, by what the request carries.
fn admit(estate: &Estate, headers: &HeaderMap) -> Result<Admitted, Refusal> {
    if let Some(cookie) = cookie_assertion(headers)
        && assertion::verified(estate, cookie).is_some()
    {
        return Ok(Admitted { assertion: cookie.to_owned(), by_token: false });
    }
    let sent = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (sent(SERVICE_ID), sent(SERVICE_SECRET)) {
        (None, None) => by_token(estate, headers),
        (Some(client_id), Some(secret)) => {
            let token = estate.service_tokens.find(client_id).filter(|token| token.client_secret == secret);
            let token = token.ok_or(Refusal::ServiceTokenInvalid)?;
            issue(estate, Identity::Service(&token.client_id))
                .map(|assertion| Admitted { assertion, by_token: false })
        }
        _ => Err(Refusal::ServiceTokenIncomplete),
    }
}

fn by_token(estate: &Estate, headers: &HeaderMap) -> Result<Admitted, Refusal> {
    if estate.access.perimeter.managed_oauth().is_none() {
        return Err(Refusal::NoSession);
    }
    let email = match oauth::presented(estate, headers) {
        Presented::Nothing => return Err(Refusal::NoSession),
        Presented::Worthless => return Err(Refusal::TokenInvalid),
        Presented::Person(email) => email,
    };
    let person = estate.people.find(&email).ok_or(Refusal::TokenInvalid)?;
    issue(estate, Identity::Person(&person)).map(|assertion| Admitted { assertion, by_token: true })
}

fn issue(estate: &Estate, identity: Identity<'_>) -> Result<String, Refusal> {
    assertion::issue(estate, identity).map_err(|_| Refusal::KeysUnavailable)
}

fn refused(estate: &Estate, request: &Request, refusal: Refusal) -> Response {
    let managed = estate.access.perimeter.managed_oauth().is_some();
    let path = request.uri().path();
    match refusal {
        Refusal::TokenInvalid => oauth::challenge(estate, path, Some("invalid_token")),
        Refusal::NoSession if managed && !oauth::is_browser(request.method(), request.headers()) => {
            oauth::challenge(estate, path, None)
        }
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
