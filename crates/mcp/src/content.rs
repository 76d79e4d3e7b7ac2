//! What results are made of: blocks of content, contents of resources, messages of prompts.
//!
//! Source: MCP, `ContentBlock`, `ResourceContents` and `PromptMessage` of each revision.

use serde_json::{Map, Value};

/// One block of content in a tool result or a prompt message.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Sound.
    Audio(Media),
    /// A picture.
    Image(Media),
    /// A resource, whole.
    Resource {
        /// Its URI.
        uri: String,
        /// Media type.
        mime_type: &'static str,
        /// What it holds.
        body: ResourceBody,
    },
    /// Text.
    Text(String),
}

/// Bytes of a medium.
#[derive(Clone, Debug, PartialEq)]
pub struct Media {
    /// Media type.
    pub mime_type: &'static str,
    /// The bytes in Base64.
    pub base64: String,
}

/// What a resource holds.
#[derive(Clone, Debug, PartialEq)]
pub enum ResourceBody {
    /// Bytes in Base64.
    Blob(String),
    /// Text.
    Text(String),
}

/// What a tool answers, success and failure alike: a failure the model can act on is a result with `is_error`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolResult {
    /// The answer. It must stand alone: revisions before 2025-06-18 and some clients see nothing else.
    pub content: Vec<Content>,
    /// The answer as data, following the output schema.
    pub structured: Option<Map<String, Value>>,
    /// The call failed, and the text says why.
    pub is_error: bool,
    /// Metadata of the result, under keys with a prefix of our own.
    pub meta: Option<Map<String, Value>>,
}

impl ToolResult {
    /// A success of one text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { content: vec![Content::Text(text.into())], ..Self::default() }
    }

    /// A failure that the model can act on.
    #[must_use]
    pub fn error(sentence: impl Into<String>) -> Self {
        Self { is_error: true, ..Self::text(sentence) }
    }
}

/// What reading a resource gives.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceContents {
    /// Media type.
    pub mime_type: &'static str,
    /// The contents.
    pub body: ResourceBody,
    /// Metadata of the result, under keys with a prefix of our own.
    pub meta: Option<Map<String, Value>>,
}

/// A prompt with its arguments filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptResult {
    /// What it does, for people.
    pub description: &'static str,
    /// What is said to the model, in order, by the person.
    pub messages: Vec<Content>,
}

/// Values that would complete an argument, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// At most [`Completion::MAX_VALUES`] of them; what is beyond is cut off when written.
    pub values: Vec<String>,
    /// How many there are, where that is known.
    pub total: Option<u64>,
    /// Whether there are more than are given.
    pub has_more: bool,
}

impl Completion {
    /// The most values an answer may have (MCP, "Completion").
    pub const MAX_VALUES: usize = 100;
}
