//! The second Worker: reads one document for each call, apart from everything that holds a secret.
//!
//! In scope: `read_document`, which the Worker that is bound to this one calls (Workers RPC). Out of scope: who asks; it
//! has no route, so nobody else can. It has no bindings, no secrets, no storage and sends nothing.
//!
//! Invariants
//! - A call is one piece: the document is here before it begins and nothing waits inside, so a document that ends the
//!   instance ends no other call. What a call leaves behind is nothing.
//! - How much memory the module may have is fixed when it is linked (`build.rs`), so that a document which asks for more
//!   fails its own call and not the whole isolate.

#![cfg(target_family = "wasm")]

use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::{Context, Env, Request, Response, event};

/// Reads a document; the answer is what it says, or why it says nothing, as JSON.
#[wasm_bindgen(wasm_bindgen = worker::wasm_bindgen)]
#[must_use]
pub fn read_document(name: &str, content_type: &str, bytes: &[u8]) -> String {
    let read = m365_documents::read(name, content_type, bytes);
    // Texts and numbers always become JSON; an empty answer would be none.
    serde_json::to_string(&read).unwrap_or_default()
}

/// There is nothing to fetch here.
///
/// # Errors
/// Where the runtime refuses the answer.
#[event(fetch)]
async fn fetch(_request: Request, _env: Env, _context: Context) -> worker::Result<Response> {
    Response::error("not found", 404)
}
