//! What the application supplies: who it is, what it offers, and what happens when that is used.
//!
//! Source: MCP, "Tools", "Resources", "Prompts", "Completion" and "Logging" of each revision.
//!
//! Invariant: what a model reads before a call (names, titles, descriptions, instructions) is `'static`, a
//! compile-time constant; only results carry text from elsewhere.

use std::sync::Arc;

use async_trait::async_trait;
use futures_channel::oneshot;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::client::{CallKey, Client, ClientCapabilities, Session};
use crate::content::{Completion, PromptResult, ResourceContents, ToolResult};
use crate::input::{Answered, RequestState};
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
    /// What it looks like, told once, where the client gets to know the server.
    pub icons: &'static [Icon],
    /// How a model uses the server well; at most [`MAX_INSTRUCTIONS_CHARS`], none where empty.
    pub instructions: &'static str,
}

/// A picture that stands for something.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Icon {
    /// Its URL; a `data:` URL needs no request, and so no way past a perimeter.
    pub src: &'static str,
    /// Media type.
    pub mime_type: &'static str,
    /// The sizes it is for, such as `48x48` or `any`.
    pub sizes: &'static [&'static str],
}

/// What is offered beside tools and resources. What is not is not declared, and its methods do not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the independent capabilities of the specification")]
pub struct Offers {
    /// Completions of arguments.
    pub completions: bool,
    /// Log messages, in the revisions with `initialize`.
    pub logging: bool,
    /// Prompts.
    pub prompts: bool,
    /// Subscriptions to resources, in the revisions with `initialize`.
    pub subscriptions: bool,
}

/// Hints to the client about what a tool does to the world. They promise nothing to a client that does not trust us.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ToolAnnotations {
    /// Changes nothing.
    #[serde(rename = "readOnlyHint")]
    pub read_only: bool,
    /// May remove or overwrite.
    #[serde(rename = "destructiveHint")]
    pub destructive: bool,
    /// Calling again with the same arguments adds no effect. Says nothing of a tool that only reads.
    #[serde(rename = "idempotentHint", skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
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
    /// What it looks like.
    pub icons: &'static [Icon],
}

/// One template of resources in the list.
#[derive(Clone, Copy, Debug)]
pub struct TemplateDescriptor {
    /// URI template (RFC 6570).
    pub uri_template: &'static str,
    /// Name for programs.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// What such a resource holds, for the model.
    pub description: &'static str,
    /// Media type of their contents.
    pub mime_type: &'static str,
    /// What they look like.
    pub icons: &'static [Icon],
}

/// One prompt in the list.
#[derive(Clone, Debug)]
pub struct PromptDescriptor {
    /// Name to get it by.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// What it takes.
    pub arguments: Vec<PromptArgumentDescriptor>,
    /// What it looks like.
    pub icons: &'static [Icon],
}

/// One argument of a prompt.
#[derive(Clone, Copy, Debug)]
pub struct PromptArgumentDescriptor {
    /// Name to give it by.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// What it means.
    pub description: &'static str,
    /// Whether it must be given.
    pub required: bool,
}

/// A call of a tool. Name and arguments are as the client sent them: read under limits, not yet checked.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// Which tool.
    pub name: String,
    /// Its arguments, empty where none were sent.
    pub arguments: Map<String, Value>,
}

/// What an argument to be completed belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompletionReference {
    /// A prompt, by name.
    Prompt(String),
    /// A template of resources, by its text.
    Template(String),
}

/// A request for completions, as the client sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct CompletionCall {
    /// What the argument belongs to.
    pub reference: CompletionReference,
    /// The argument.
    pub argument: String,
    /// What was typed so far.
    pub value: String,
    /// Arguments that are filled in already.
    pub context: Map<String, Value>,
}

/// The application, for one authenticated caller.
#[async_trait]
pub trait Server: Send + Sync {
    /// Who the server is.
    fn info(&self) -> ServerInfo;

    /// What it offers beside tools and resources.
    fn offers(&self) -> Offers {
        Offers::default()
    }

    /// Items on one page of a list.
    fn page_size(&self) -> usize {
        100
    }

    /// The tools this caller may see, always in the same order.
    fn tools(&self) -> Vec<ToolDescriptor>;

    /// The resources this caller may see, always in the same order.
    fn resources(&self) -> Vec<ResourceDescriptor>;

    /// The templates of resources this caller may see, always in the same order.
    fn resource_templates(&self) -> Vec<TemplateDescriptor> {
        Vec::new()
    }

    /// The prompts this caller may see, always in the same order.
    fn prompts(&self) -> Vec<PromptDescriptor> {
        Vec::new()
    }

    /// Runs a tool. The client may go away while it runs; whoever implements this sees to it that an effect is
    /// recorded all the same.
    ///
    /// # Errors
    /// [`Refusal`], already recorded.
    async fn call_tool(&self, call: ToolCall, client: Arc<Client>) -> Result<Answered<ToolResult>, Refusal>;

    /// Reads a resource.
    ///
    /// # Errors
    /// [`Refusal`], already recorded.
    async fn read_resource(
        &self,
        uri: &str,
        client: Arc<Client>,
    ) -> Result<Answered<ResourceContents>, Refusal>;

    /// Fills in a prompt.
    ///
    /// # Errors
    /// [`Refusal`], already recorded.
    async fn prompt(
        &self,
        _name: &str,
        _arguments: Map<String, Value>,
        _client: Arc<Client>,
    ) -> Result<Answered<PromptResult>, Refusal> {
        Err(Refusal::UnknownPrompt)
    }

    /// Completes an argument.
    ///
    /// # Errors
    /// [`Refusal`], already recorded.
    async fn complete(&self, _call: CompletionCall, _client: Arc<Client>) -> Result<Completion, Refusal> {
        Err(Refusal::UnknownReference)
    }

    /// Opens a session for a client that declared this, and gives its id; none where there are no sessions.
    fn open_session(&self, _declared: ClientCapabilities) -> Option<String> {
        None
    }

    /// The session of this id, as the client sent it: an id that is not one of ours opens nothing.
    fn session(&self, _id: Option<&str>) -> Session {
        Session::default()
    }

    /// The client no longer wants this call.
    fn cancel(&self, _call: &CallKey) {}

    /// Seals a state so that it counts for this caller, for a while, once.
    ///
    /// # Errors
    /// [`Refusal`] where that cannot be done.
    fn seal_state(&self, _state: &RequestState) -> Result<String, Refusal> {
        Err(Refusal::Fault { sentence: "This server keeps no state between requests.".to_owned() })
    }

    /// Opens a state that came back, and spends it; `None` for whatever does not count or no longer does.
    ///
    /// # Errors
    /// [`Refusal`] where that cannot be found out.
    async fn spend_state(&self, _state: &str) -> Result<Option<RequestState>, Refusal> {
        Ok(None)
    }

    /// A fresh, unguessable id for a request of ours, and where its answer will come; none where clients are not asked.
    fn question(&self) -> Option<(String, oneshot::Receiver<Value>)> {
        None
    }

    /// The client's answer to a request of ours; no result where it answered with an error. Whoever waits for that gets
    /// none either: drop its sender.
    fn answered(&self, _id: &str, _result: Option<Value>) {}

    /// Sets the lowest level of log messages. Called only where logging is offered.
    fn set_log_level(&self, _level: &str) {}

    /// Told once for every message that was refused before it reached one of the methods above.
    async fn refused(&self, refusal: ProtocolRefusal);
}
