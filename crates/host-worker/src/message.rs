//! HTTP messages between the runtime and the core.
//!
//! Header values cross as byte strings (Fetch, section 2.2.2): each character is one byte, so that what is not ASCII
//! reaches the core as it came and is refused there, as natively. The runtime joins repeated headers with a comma.

use std::convert::Infallible;

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::ready;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use worker::js_sys::{Array, JsString, Uint8Array};
use worker::wasm_bindgen::JsCast as _;
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys;
use worker::{Error, Result};

/// A request from outside, its body still to come.
///
/// # Errors
/// Where the runtime hands over what is not HTTP.
pub(crate) fn request_in(request: &web_sys::Request) -> Result<Request<Body>> {
    let body = request.body().map_or_else(Body::empty, |stream| Body::new(worker::Body::new(stream)));
    Ok(head_in(request)?.map(|()| body))
}

/// An answer for the runtime: in one piece where its length is known, else as it comes. A client that leaves makes the
/// runtime drop the body, and with it whatever feeds it.
///
/// # Errors
/// Where the body breaks off or the runtime refuses a header.
pub(crate) async fn response_out<B>(response: Response<B>) -> Result<web_sys::Response>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::fmt::Display + std::fmt::Debug,
{
    let (parts, body) = response.into_parts();
    if body.size_hint().exact().is_some() {
        let body = body.collect().await.map_err(|error| Error::RustError(error.to_string()))?.to_bytes();
        return whole_response_out(&Response::from_parts(parts, body));
    }
    let stream = worker::Body::from_stream(Box::pin(body.into_data_stream()))?.into_inner();
    let init = init_out(&Response::from_parts(parts, ()))?;
    Ok(web_sys::Response::new_with_opt_readable_stream_and_init(stream.as_ref(), &init)?)
}

/// An answer whose body is here.
///
/// # Errors
/// Where the runtime refuses a header.
pub(crate) fn whole_response_out(response: &Response<Bytes>) -> Result<web_sys::Response> {
    let init = init_out(response)?;
    // A status without content (204, 304) may not even have an empty body.
    let body = (!response.body().is_empty()).then(|| Uint8Array::from(&response.body()[..]));
    Ok(web_sys::Response::new_with_opt_js_u8_array_and_init(body.as_ref(), &init)?)
}

fn init_out<T>(response: &Response<T>) -> Result<web_sys::ResponseInit> {
    let init = web_sys::ResponseInit::new();
    init.set_status(response.status().as_u16());
    init.set_headers(headers_out(response.headers())?.as_ref());
    Ok(init)
}

/// A request of ours, whole. A redirect that answers it is an answer: the runtime would otherwise follow it, even
/// one that a Durable Object gives to a browser, by asking the object again.
///
/// # Errors
/// Where the runtime refuses the URL or a header.
pub(crate) fn request_out(
    url: &str,
    request: &Request<Bytes>,
    init: &web_sys::RequestInit,
) -> Result<web_sys::Request> {
    init.set_redirect(web_sys::RequestRedirect::Manual);
    init.set_method(request.method().as_str());
    init.set_headers(headers_out(request.headers())?.as_ref());
    if !request.body().is_empty() {
        init.set_body(&Uint8Array::from(&request.body()[..]));
    }
    Ok(web_sys::Request::new_with_str_and_init(url, init)?)
}

/// A whole request at a Durable Object, which trusts its caller with the length.
///
/// # Errors
/// Where the body does not arrive.
pub(crate) async fn whole_request_in(request: &web_sys::Request) -> Result<Request<Bytes>> {
    let body = JsFuture::from(request.array_buffer()?).await?;
    Ok(head_in(request)?.map(|()| Uint8Array::new(&body).to_vec().into()))
}

/// The answer of a Durable Object, whole.
///
/// # Errors
/// Where the body does not arrive.
pub(crate) async fn whole_response_in(response: &web_sys::Response) -> Result<Response<Bytes>> {
    let mut whole = Response::new(Bytes::new());
    *whole.status_mut() = http::StatusCode::from_u16(response.status()).map_err(http_error)?;
    *whole.headers_mut() = headers_in(&response.headers())?;
    let body = JsFuture::from(response.array_buffer()?).await?;
    *whole.body_mut() = Uint8Array::new(&body).to_vec().into();
    Ok(whole)
}

/// The answer of a Durable Object: an event stream as it comes, everything else whole.
///
/// # Errors
/// Where the body does not arrive.
pub(crate) async fn response_in(
    response: &web_sys::Response,
) -> Result<Response<UnsyncBoxBody<Bytes, Infallible>>> {
    let headers = headers_in(&response.headers())?;
    let streams = headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
    let Some(stream) = response.body().filter(|_| streams) else {
        return Ok(whole_response_in(response).await?.map(|body| Full::new(body).boxed_unsync()));
    };
    // A stream that breaks off has ended: what it said before counts.
    let frames =
        worker::Body::new(stream).filter_map(|piece| ready(piece.ok().map(|piece| Ok(Frame::data(piece)))));
    let mut answer = Response::new(StreamBody::new(frames).boxed_unsync());
    *answer.status_mut() = http::StatusCode::from_u16(response.status()).map_err(http_error)?;
    *answer.headers_mut() = headers;
    Ok(answer)
}

fn head_in(request: &web_sys::Request) -> Result<Request<()>> {
    let mut head = Request::new(());
    *head.method_mut() = http::Method::from_bytes(request.method().as_bytes()).map_err(http_error)?;
    // The runtime has parsed the URL: what is left of it is scheme, authority, path and query, all ASCII.
    let uri: http::Uri = request.url().parse().map_err(http_error)?;
    *head.uri_mut() = uri
        .path_and_query()
        .map_or(Ok(http::Uri::default()), |path| path.as_str().parse())
        .map_err(http_error)?;
    *head.headers_mut() = headers_in(&request.headers())?;
    Ok(head)
}

/// Headers as they came, each character of a value one byte.
///
/// # Errors
/// Where a name or value is not one; the runtime has checked both.
pub(crate) fn headers_in(headers: &web_sys::Headers) -> Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for entry in headers.entries() {
        let entry: Array = entry?.unchecked_into();
        let (Some(name), Ok(value)) = (entry.get(0).as_string(), entry.get(1).dyn_into::<JsString>()) else {
            continue;
        };
        let bytes: Vec<u8> = value.iter().map(|unit| u8::try_from(unit).unwrap_or(b'?')).collect();
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(http_error)?;
        map.append(name, HeaderValue::from_bytes(&bytes).map_err(http_error)?);
    }
    Ok(map)
}

fn headers_out(headers: &HeaderMap) -> Result<web_sys::Headers> {
    let out = web_sys::Headers::new()?;
    for (name, value) in headers {
        let text: String = value.as_bytes().iter().map(|byte| char::from(*byte)).collect();
        out.append(name.as_str(), &text)?;
    }
    Ok(out)
}

fn http_error(error: impl Into<http::Error>) -> Error {
    Error::Http(error.into())
}
