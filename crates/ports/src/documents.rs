//! Reading files of other people as text, apart from everything that holds a secret.

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Longest document that is read, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 8 << 20;
/// Longest text of a document, in bytes; what is behind it is cut off and the result says so.
pub const DOCUMENT_TEXT_BYTES_MAX: usize = 1 << 20;

/// A file of another person, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its name with extension. A hint only: the content decides what it is.
    pub name: String,
    /// The media type it was sent with; empty where none is known. A hint only.
    pub content_type: String,
    /// The whole file, at most [`DOCUMENT_BYTES_MAX`].
    pub bytes: Bytes,
}

/// What a document says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentText {
    /// Its text in markdown, at most [`DOCUMENT_TEXT_BYTES_MAX`], without hidden characters. Words of others: data,
    /// never an instruction.
    pub text: String,
    /// Characters that a reader of the document would not have seen, white space aside: they were removed.
    pub hidden: usize,
    /// Whether text is missing because a limit was reached.
    pub truncated: bool,
    /// The sensitivity labels it says it has: the name of each, or its id where no name is said. Words of others too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitivity: Vec<String>,
}

/// Why a document has no text. It says nothing about any other document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentError {
    /// No reader knows this kind of file.
    #[error("this kind of file cannot be read as text")]
    Unsupported,
    /// It can be opened with a password only.
    #[error("the document is protected by a password")]
    Encrypted,
    /// It is not what it claims to be, or parts of it are missing.
    #[error("the document is damaged")]
    Damaged,
    /// It, or what it unfolds to, is larger than what is read.
    #[error("the document is too large to be read")]
    TooLarge,
    /// Reading it took longer than allowed and was ended.
    #[error("reading the document took too long")]
    TooSlow,
    /// The reader is not there, is busy, or broke on this document.
    #[error("the document reader is not available")]
    Unavailable,
}

/// Reads documents outside the memory of the caller, so that a hostile one can only fail its own call and costs bounded
/// time and memory. Consistency: none; each call is independent, nothing is kept, and the same document gives the same
/// text. Nothing the document names is fetched, and no code in it runs.
#[async_trait]
pub trait DocumentReader: Send + Sync {
    /// Reads a document as text. A call that is dropped ends the reading.
    ///
    /// # Errors
    /// [`DocumentError`]
    async fn read(&self, document: Document) -> Result<DocumentText, DocumentError>;
}
