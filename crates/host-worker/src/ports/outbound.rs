//! Outbound HTTP with `fetch`: redirects are answers, nothing is cached, a call that takes too long is aborted.
//!
//! Every `Network` is the public Internet here: `fetch` leaves from Cloudflare's edge, has no route into a private network,
//! and this Worker has no binding that leads into one. In workerd on a developer's machine the operator of that machine
//! says what may be reached (`outboundService` of `dev.mjs`).
//!
//! The runtime tells a refused connection and a broken one apart in words only, so every failure counts as one after
//! which the other side may have acted.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use m365_ports::{Bounds, Outbound, OutboundError};
use worker::js_sys::{Function, Reflect};
use worker::send::SendFuture;
use worker::wasm_bindgen::{JsCast as _, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::{AbortController, js_sys, web_sys};

use super::timer::within;
use crate::message;

/// The runtime's `fetch`.
#[derive(Clone, Copy, Debug)]
pub struct FetchOutbound;

#[async_trait]
impl Outbound for FetchOutbound {
    async fn send(&self, request: Request<Bytes>, bounds: Bounds) -> Result<Response<Bytes>, OutboundError> {
        let work = async {
            let controller = AbortController::default();
            let signal = controller.signal();
            let answer = within(bounds.timeout, exchange(&request, &signal, bounds.max_response_bytes)).await;
            answer.unwrap_or_else(|| {
                controller.abort();
                Err(OutboundError::Timeout)
            })
        };
        SendFuture::new(work).await
    }
}

async fn exchange(
    request: &Request<Bytes>,
    signal: &web_sys::AbortSignal,
    max_bytes: usize,
) -> Result<Response<Bytes>, OutboundError> {
    let response = fetch(request, signal).await.map_err(|error| {
        tracing::warn!(
            host = request.uri().host().unwrap_or("-"),
            error = reason(&error),
            "an outbound call failed"
        );
        OutboundError::Protocol
    })?;
    let status = http::StatusCode::from_u16(response.status()).map_err(|_| OutboundError::Protocol)?;
    let headers = message::headers_in(&response.headers()).map_err(|_| OutboundError::Protocol)?;
    let body = match response.body() {
        Some(stream) => {
            Limited::new(worker::Body::new(stream), max_bytes).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() { OutboundError::TooLarge } else { OutboundError::Protocol }
            })?
        }
        None => http_body_util::Collected::default(),
    };
    let mut answer = Response::new(body.to_bytes());
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(answer)
}

async fn fetch(
    request: &Request<Bytes>,
    signal: &web_sys::AbortSignal,
) -> Result<web_sys::Response, JsValue> {
    let init = web_sys::RequestInit::new();
    init.set_signal(Some(signal));
    // The colo's cache must never hold an answer of Microsoft.
    Reflect::set(&init, &"cache".into(), &"no-store".into())?;
    let request = message::request_out(&request.uri().to_string(), request, &init)?;
    let global = js_sys::global();
    let fetch: Function = Reflect::get(&global, &"fetch".into())?.dyn_into()?;
    let promise: js_sys::Promise = fetch.call1(&global, &request)?.dyn_into()?;
    JsFuture::from(promise).await?.dyn_into()
}

/// The runtime's words for a failure; it names no secret, at most a host.
fn reason(error: &JsValue) -> String {
    let message = Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
    message.unwrap_or_else(|| "unknown".to_owned())
}
