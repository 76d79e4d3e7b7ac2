//! Documents are read by a second Worker that has no secrets and no bindings, reached by a service binding.
//!
//! What breaks it breaks one call. It may serve another call in the same moment, which then breaks too; so a call whose
//! reader broke is tried once more, and a document that breaks it again has only itself to blame.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode};
use m365_ports::{DOCUMENT_BYTES_MAX, Document, DocumentError, DocumentReader, DocumentText};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use worker::send::SendFuture;
use worker::{Env, web_sys};

use super::timer::within;
use crate::message;

/// The service binding.
const BINDING: &str = "DOCUMENTS";
/// The header with the percent-encoded name of the document.
const NAME: HeaderName = HeaderName::from_static("x-document-name");
/// Longest name that is told, in bytes.
const NAME_BYTES_MAX: usize = 1024;
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
        let mut request = Request::new(document.bytes.clone());
        *request.method_mut() = Method::POST;
        let name = utf8_percent_encode(head(&document.name), NON_ALPHANUMERIC).to_string();
        for (header, value) in [(NAME, name.as_str()), (CONTENT_TYPE, document.content_type.as_str())] {
            // Both are hints: what cannot be a header is left out.
            if let Ok(value) = HeaderValue::from_str(value) {
                request.headers_mut().insert(header, value);
            }
        }
        let answer = self.send(&request).await?;
        if answer.status() != StatusCode::OK {
            return Err(worker::Error::RustError(format!("status {}", answer.status().as_u16())));
        }
        Ok(serde_json::from_slice(answer.body())?)
    }

    async fn send(&self, request: &Request<Bytes>) -> worker::Result<http::Response<Bytes>> {
        let service = self.env.service(BINDING)?;
        let request = message::request_out("https://documents/", request, &web_sys::RequestInit::new())?;
        let response: worker::Response =
            service.fetch_request(worker::Request::from(request)).await?.try_into()?;
        message::whole_response_in(&response.into()).await
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

/// As much of a name as is told; its end is where the extension is.
fn head(name: &str) -> &str {
    let from = (name.len().saturating_sub(NAME_BYTES_MAX)..name.len()).find(|at| name.is_char_boundary(*at));
    from.and_then(|from| name.get(from..)).unwrap_or_default()
}
