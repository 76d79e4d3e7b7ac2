//! Reading documents: not on this host yet.

use async_trait::async_trait;
use m365_ports::{Document, DocumentError, DocumentReader, DocumentText};

/// Reads nothing.
pub(crate) struct NoReader;

#[async_trait]
impl DocumentReader for NoReader {
    async fn read(&self, _: Document) -> Result<DocumentText, DocumentError> {
        Err(DocumentError::Unavailable)
    }
}
