//! The control that puts client metadata documents in place.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Refused, parse};
use crate::client_documents::{Document, headers_of, place_of};
use crate::estate::Estate;

const LONGEST_DELAY_MS: u64 = 60_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentOrder {
    url: String,
    body: Value,
    status: Option<u16>,
    content_type: Option<String>,
    #[serde(default)]
    delay_ms: u64,
    body_delay_ms: Option<u64>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    redirect: Option<String>,
}

/// `POST /_control/client_document`: what stands at an address of a client's host from now on.
pub(super) async fn document(State(estate): State<Arc<Estate>>, body: Bytes) -> Answer {
    let order: DocumentOrder = parse(&body)?;
    let place =
        place_of(&order.url).ok_or_else(|| Refused::bad("\"url\" is an https URL of a host and a path."))?;
    if order.delay_ms.max(order.body_delay_ms.unwrap_or(0)) > LONGEST_DELAY_MS {
        return Err(Refused::bad("A delay is at most 60000 milliseconds."));
    }
    let mut document = Document::json(&order.body);
    if let Value::String(text) = order.body {
        document.body = Bytes::from(text);
    }
    let header = |text: &str| {
        HeaderValue::from_str(text).map_err(|_| Refused::bad("A header value has characters it cannot have."))
    };
    if let Some(kind) = &order.content_type {
        document.headers.insert(CONTENT_TYPE, header(kind)?);
    }
    let named = headers_of(&order.headers).ok_or_else(|| Refused::bad("A header is none of HTTP's."))?;
    document.headers.extend(named);
    if let Some(target) = &order.redirect {
        document = document.redirecting(header(target)?);
    }
    if let Some(status) = order.status {
        document.status =
            StatusCode::from_u16(status).map_err(|_| Refused::bad("\"status\" is none of HTTP's."))?;
    }
    document.delay_ms = order.delay_ms;
    document.body_delay_ms = order.body_delay_ms;
    estate.client_documents.put(place, document);
    Ok(Json(json!({})))
}
