//! The second Worker: reads one document for each request, apart from everything that holds a secret.
//!
//! In scope: `POST /` with a document as its body, answered with what it says as JSON. Out of scope: who asks; it has no
//! route, so only the Worker that is bound to it can. It has no bindings, no secrets, no storage and sends nothing.
//!
//! Invariants
//! - What a request leaves behind is nothing: no state outlives it.
//! - How much memory the module may have is fixed when it is linked (`build.rs`), so that a document which asks for more
//!   fails its own request and not the whole isolate.

#![cfg(target_family = "wasm")]

use m365_ports::{DOCUMENT_BYTES_MAX, DocumentError};
use percent_encoding::percent_decode_str;
use worker::{Context, Env, Method, Request, Response, event};

/// The header with the percent-encoded name of the document.
const NAME: &str = "x-document-name";
/// The header with its type.
const TYPE: &str = "content-type";

/// Answers a request.
///
/// # Errors
/// Where the body cannot be had; the runtime then answers 500 by itself.
#[event(fetch)]
async fn fetch(mut request: Request, _env: Env, _context: Context) -> worker::Result<Response> {
    if request.method() != Method::Post {
        return Response::error("POST a document", 405);
    }
    let header = |name| request.headers().get(name).ok().flatten().unwrap_or_default();
    let name = header(NAME);
    let name = percent_decode_str(&name).decode_utf8_lossy().into_owned();
    let content_type = header(TYPE);
    let length = header("content-length").parse::<usize>();
    if length.is_ok_and(|length| length > DOCUMENT_BYTES_MAX) {
        return Response::from_json(&Err::<(), _>(DocumentError::TooLarge));
    }
    let bytes = request.bytes().await?;
    Response::from_json(&m365_documents::read(&name, &content_type, &bytes))
}
