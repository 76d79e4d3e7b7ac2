//! Documents are read by a second Worker that has no secrets and no bindings, reached by a service binding.
//!
//! Called by Workers RPC: the whole document arrives before the call begins, so what breaks the reader breaks one call.
//! Where the platform ends the whole isolate, calls beside it end too; so a call whose reader broke is tried once more,
//! and a document that breaks it again has only itself to blame.

use std::time::Duration;

use async_trait::async_trait;
use m365_ports::{DOCUMENT_BYTES_MAX, Document, DocumentError, DocumentReader, DocumentText};
use worker::js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use worker::send::SendFuture;
use worker::wasm_bindgen::{JsCast as _, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::{Env, Error};

use super::timer::within;

/// The service binding.
const BINDING: &str = "DOCUMENTS";
/// What is called there.
const METHOD: &str = "read_document";
/// Longest wait for an answer, a second try included.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How often a document is tried.
const TRIES: usize = 2;

/// The reader of a deployment.
pub struct ServiceReader {
    env: Env,
}

impl std::fmt::Debug for ServiceReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServiceReader(…)")
    }
}

impl ServiceReader {
    /// The reader bound as `DOCUMENTS`.
    #[must_use]
    pub const fn new(env: Env) -> Self {
        Self { env }
    }

    async fn read_apart(&self, document: &Document) -> Result<DocumentText, DocumentError> {
        for attempt in 1..=TRIES {
            match self.exchange(document).await {
                Ok(answer) => return answer,
                Err(error) => tracing::warn!(attempt, %error, "the document reader did not answer"),
            }
        }
        Err(DocumentError::Unavailable)
    }

    async fn exchange(&self, document: &Document) -> worker::Result<Result<DocumentText, DocumentError>> {
        let service: JsValue = self.env.service(BINDING)?.into_rpc();
        // A method of a stub is callable, and every property of it is again a stub: it is applied, not asked for `call`.
        let method: Function = Reflect::get(&service, &METHOD.into())?.unchecked_into();
        let arguments = Array::of3(
            &document.name.as_str().into(),
            &document.content_type.as_str().into(),
            &Uint8Array::from(&document.bytes[..]),
        );
        let answer = Promise::resolve(&Reflect::apply(&method, &service, &arguments)?);
        let answer = JsFuture::from(answer).await?.as_string();
        let answer = answer.ok_or_else(|| Error::RustError("the answer is no text".into()))?;
        Ok(serde_json::from_str(&answer)?)
    }
}

#[async_trait]
impl DocumentReader for ServiceReader {
    async fn read(&self, document: Document) -> Result<DocumentText, DocumentError> {
        if document.bytes.len() > DOCUMENT_BYTES_MAX {
            return Err(DocumentError::TooLarge);
        }
        let answer = SendFuture::new(within(TIMEOUT, self.read_apart(&document))).await;
        answer.unwrap_or(Err(DocumentError::TooSlow))
    }
}
