//! The control plane under `/_control`: how tests and people drive the estate.
//!
//! Every answer is JSON and not to be stored; a mistake is answered with `{"error": sentence}`. Requests from web
//! pages of other sites, and requests under another host name, are refused: the answers hold secrets, and a page
//! somebody visits must not be able to reach them (DNS rebinding included).

mod assert;
mod change;
mod clients;
mod entra;
mod read;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::{CACHE_CONTROL, HOST, ORIGIN};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::estate::Estate;

/// The routes under `/_control`.
pub fn router(estate: &Arc<Estate>) -> Router<Arc<Estate>> {
    Router::new()
        .route("/assert", post(assert::assert))
        .route("/certificate", post(entra::certificate))
        .route("/challenge", post(entra::challenge))
        .route("/client_document", post(clients::document))
        .route("/clock", post(change::clock))
        .route("/config", get(read::config))
        .route("/entra", post(entra::entra))
        .route("/fault", post(change::fault).delete(change::clear_faults))
        .route("/federated_token", post(entra::federated_token))
        .route("/gateway/logs", get(read::gateway_logs))
        .route("/graph/{collection}", get(read::graph))
        .route("/person", post(change::person))
        .route("/requests", get(read::requests).delete(read::forget))
        .route("/revoke", post(change::revoke))
        .route("/rotate", post(change::rotate))
        .route("/service", post(change::service))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(estate), guard))
}

/// Why a control request is refused.
#[derive(Debug)]
struct Refused {
    status: StatusCode,
    sentence: String,
}

impl Refused {
    fn bad(sentence: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, sentence: sentence.into() }
    }
}

impl axum::response::IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, Json(json!({"error": self.sentence}))).into_response()
    }
}

impl From<crate::state::StateFault> for Refused {
    fn from(fault: crate::state::StateFault) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, sentence: fault.to_string() }
    }
}

type Answer = Result<Json<Value>, Refused>;

/// Reads a request body; unknown and missing fields are named in the refusal.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body)
        .map_err(|wrong| Refused::bad(format!("The body is not what this control takes: {wrong}.")))
}

/// Keeps other web sites and other names for this machine away: what is behind hands out secrets and data.
pub(crate) async fn guard(State(estate): State<Arc<Estate>>, request: Request, next: Next) -> Response {
    let mut response = if admitted(&estate, request.headers()) {
        next.run(request).await
    } else {
        let sentence = "The control plane answers only on this machine's own address, and no other web site.";
        Refused { status: StatusCode::FORBIDDEN, sentence: sentence.to_owned() }.into_response()
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn admitted(estate: &Estate, headers: &HeaderMap) -> bool {
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned).unwrap_or_default();
    let same_origin = headers.get(ORIGIN).is_none_or(|origin| text(origin) == estate.config.sandbox_url);
    let host = headers.get(HOST).map(text).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    same_origin && (address.is_ok() || name == "localhost")
}

async fn unknown() -> Refused {
    Refused { status: StatusCode::NOT_FOUND, sentence: "There is no such control.".to_owned() }
}

async fn wrong_method() -> Refused {
    let sentence = "This control does not take that method.".to_owned();
    Refused { status: StatusCode::METHOD_NOT_ALLOWED, sentence }
}
