//! What the application supplies: who it is, what it offers, and what happens when that is used.
//!
//! Source: MCP, "Tools" and "Resources" of each revision.
//!
//! Invariant: what a model reads before a call (names, titles, descriptions, instructions) is `'static`, a
//! compile-time constant; only results carry text from elsewhere.

use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::refusal::{ProtocolRefusal, Refusal};

/// Clients cut instructions off after this many characters.
pub const MAX_INSTRUCTIONS_CHARS: usize = 2_048;

/// Who the server is.
#[derive(Clone, Copy, Debug)]
pub struct ServerInfo {
    /// Name for programs.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// Version of the software.
    pub version: &'static str,
    /// Where people read about it.
    pub website_url: Option<&'static str>,
    /// How a model uses the server well; at most [`MAX_INSTRUCTIONS_CHARS`], none where empty.
    pub instructions: &'static str,
}

/// Hints to the client about what a tool does to the world. They promise nothing to a client that does not trust us.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the four independent hints of the specification")]
pub struct ToolAnnotations {
    /// Changes nothing.
    #[serde(rename = "readOnlyHint")]
    pub read_only: bool,
    /// May remove or overwrite.
    #[serde(rename = "destructiveHint")]
    pub destructive: bool,
    /// Calling again with the same arguments adds no effect.
    #[serde(rename = "idempotentHint")]
    pub idempotent: bool,
    /// Reaches beyond the person's own data.
    #[serde(rename = "openWorldHint")]
    pub open_world: bool,
}

/// One tool in the list.
#[derive(Clone, Debug)]
pub struct ToolDescriptor {
    /// Name to call it by.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// What it does, for the model.
    pub description: &'static str,
    /// JSON Schema 2020-12 of the arguments, of type object.
    pub input_schema: Map<String, Value>,
    /// JSON Schema 2020-12 of [`ToolResult::structured`], of type object.
    pub output_schema: Option<Map<String, Value>>,
    /// Hints.
    pub annotations: ToolAnnotations,
}

/// One resource in the list.
#[derive(Clone, Copy, Debug)]
pub struct ResourceDescriptor {
    /// URI to read it by.
    pub uri: &'static str,
    /// Name for programs.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// What it holds, for the model.
    pub description: &'static str,
    /// Media type of its contents.
    pub mime_type: &'static str,
}

/// A call of a tool. Name and arguments are as the client sent them: read under limits, not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// Which tool.
    pub name: String,
    /// Its arguments, empty where none were sent.
    pub arguments: Map<String, Value>,
    /// What the client declared in this request; empty in revisions before 2026-07-28.
    pub client_capabilities: Map<String, Value>,
}

/// What a tool answers, success and failure alike: a failure the model can act on is a result with `is_error`.
#[derive(Clone, Debug, Default)]
pub struct ToolResult {
    /// The answer as text. It must stand alone: revisions before 2025-06-18 and some clients see nothing else.
    pub text: String,
    /// The answer as data, following the output schema.
    pub structured: Option<Map<String, Value>>,
    /// The call failed, and the text says why.
    pub is_error: bool,
    /// Metadata of the result, under keys with a prefix of our own.
    pub meta: Option<Map<String, Value>>,
}

/// What a resource holds.
#[derive(Clone, Debug)]
pub struct ResourceContents {
    /// Media type of the text.
    pub mime_type: &'static str,
    /// The contents.
    pub text: String,
    /// Metadata of the result, under keys with a prefix of our own.
    pub meta: Option<Map<String, Value>>,
}

/// The application, for one authenticated caller.
#[async_trait]
pub trait Server: Send + Sync {
    /// Who the server is.
    fn info(&self) -> ServerInfo;

    /// The tools this caller may see, always in the same order.
    fn tools(&self) -> Vec<ToolDescriptor>;

    /// The resources this caller may see, always in the same order.
    fn resources(&self) -> Vec<ResourceDescriptor>;

    /// Runs a tool. The client may go away while it runs; whoever implements this sees to it that an effect is
    /// recorded all the same.
    ///
    /// # Errors
    /// [`Refusal`], already recorded.
    async fn call_tool(&self, call: ToolCall) -> Result<ToolResult, Refusal>;

    /// Reads a resource.
    ///
    /// # Errors
    /// [`Refusal`], already recorded.
    async fn read_resource(&self, uri: &str) -> Result<ResourceContents, Refusal>;

    /// Told once for every message that was refused before it reached one of the two methods above.
    async fn refused(&self, refusal: ProtocolRefusal);
}
