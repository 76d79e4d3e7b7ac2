//! Lists, contents and completions as each revision writes them.
//!
//! Source: `schema.ts` of each revision.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::content::{Completion, Content, Media, PromptResult, ResourceBody, ResourceContents, ToolResult};
use crate::input::{InputRequest, InputRequired};
use crate::revision::Revision;
use crate::server::{
    Icon, PromptArgumentDescriptor, PromptDescriptor, ResourceDescriptor, TemplateDescriptor,
    ToolAnnotations, ToolDescriptor,
};
use crate::wire::icons;

/// One page of a list, under the name of the list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<T> {
    #[serde(flatten)]
    items: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl<T> Page<T> {
    pub(crate) const fn new(items: T, next_cursor: Option<String>) -> Self {
        Self { items, next_cursor }
    }
}

/// The items of `tools/list`.
#[derive(Serialize)]
pub(crate) struct Tools {
    tools: Vec<Tool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tool {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    description: &'static str,
    input_schema: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_schema: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<Annotations>,
}

#[derive(Serialize)]
struct Annotations {
    /// Where the tool itself has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    #[serde(flatten)]
    hints: ToolAnnotations,
}

impl Tools {
    pub(crate) fn new(revision: Revision, tools: Vec<ToolDescriptor>) -> Self {
        let write = |tool: ToolDescriptor| Tool {
            name: tool.name,
            title: revision.has_structure().then_some(tool.title),
            description: tool.description,
            input_schema: tool.input_schema,
            output_schema: tool.output_schema.filter(|_| revision.has_structure()),
            annotations: revision.has_annotations().then_some(Annotations {
                title: Some(tool.title).filter(|_| !revision.has_structure()),
                hints: tool.annotations,
            }),
        };
        Self { tools: tools.into_iter().map(write).collect() }
    }
}

/// The items of `resources/list`.
#[derive(Serialize)]
pub(crate) struct Resources {
    resources: Vec<Resource>,
}

/// The items of `resources/templates/list`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourceTemplates {
    resource_templates: Vec<Resource>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_template: Option<&'static str>,
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    description: &'static str,
    mime_type: &'static str,
    #[serde(skip_serializing_if = "<[Icon]>::is_empty")]
    icons: &'static [Icon],
}

impl Resources {
    pub(crate) fn new(revision: Revision, resources: Vec<ResourceDescriptor>) -> Self {
        let write = |resource: ResourceDescriptor| Resource {
            uri: Some(resource.uri),
            uri_template: None,
            name: resource.name,
            title: revision.has_structure().then_some(resource.title),
            description: resource.description,
            mime_type: resource.mime_type,
            icons: icons(revision, resource.icons),
        };
        Self { resources: resources.into_iter().map(write).collect() }
    }
}

impl ResourceTemplates {
    pub(crate) fn new(revision: Revision, templates: Vec<TemplateDescriptor>) -> Self {
        let write = |template: TemplateDescriptor| Resource {
            uri: None,
            uri_template: Some(template.uri_template),
            name: template.name,
            title: revision.has_structure().then_some(template.title),
            description: template.description,
            mime_type: template.mime_type,
            icons: icons(revision, template.icons),
        };
        Self { resource_templates: templates.into_iter().map(write).collect() }
    }
}

/// The items of `prompts/list`.
#[derive(Serialize)]
pub(crate) struct Prompts {
    prompts: Vec<Prompt>,
}

#[derive(Serialize)]
struct Prompt {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    description: &'static str,
    arguments: Vec<PromptArgument>,
    #[serde(skip_serializing_if = "<[Icon]>::is_empty")]
    icons: &'static [Icon],
}

#[derive(Serialize)]
struct PromptArgument {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    description: &'static str,
    required: bool,
}

impl Prompts {
    pub(crate) fn new(revision: Revision, prompts: Vec<PromptDescriptor>) -> Self {
        let argument = |argument: PromptArgumentDescriptor| PromptArgument {
            name: argument.name,
            title: revision.has_structure().then_some(argument.title),
            description: argument.description,
            required: argument.required,
        };
        let write = |prompt: PromptDescriptor| Prompt {
            name: prompt.name,
            title: revision.has_structure().then_some(prompt.title),
            description: prompt.description,
            arguments: prompt.arguments.into_iter().map(argument).collect(),
            icons: icons(revision, prompt.icons),
        };
        Self { prompts: prompts.into_iter().map(write).collect() }
    }
}

/// The answer to `prompts/get`.
#[derive(Serialize)]
pub(crate) struct Got {
    description: &'static str,
    messages: Vec<Message>,
}

#[derive(Serialize)]
struct Message {
    role: &'static str,
    content: Block,
}

impl Got {
    pub(crate) fn new(prompt: PromptResult) -> Self {
        let write = |content| Message { role: "user", content: Block::new(content) };
        Self { description: prompt.description, messages: prompt.messages.into_iter().map(write).collect() }
    }
}

/// The answer to `tools/call`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Called {
    content: Vec<Block>,
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_error: bool,
}

impl Called {
    pub(crate) fn new(revision: Revision, result: ToolResult) -> Self {
        Self {
            content: result.content.into_iter().map(Block::new).collect(),
            structured_content: result.structured.filter(|_| revision.has_structure()),
            is_error: result.is_error,
        }
    }
}

/// A content block.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Block {
    Audio(Data),
    Image(Data),
    Resource { resource: Contents },
    Text { text: String },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    data: String,
    mime_type: &'static str,
}

impl Block {
    fn new(content: Content) -> Self {
        let data = |media: Media| Data { data: media.base64, mime_type: media.mime_type };
        match content {
            Content::Audio(media) => Self::Audio(data(media)),
            Content::Image(media) => Self::Image(data(media)),
            Content::Resource { uri, mime_type, body } => {
                Self::Resource { resource: Contents::new(uri, mime_type, body) }
            }
            Content::Text(text) => Self::Text { text },
        }
    }
}

/// The answer to `resources/read`.
#[derive(Serialize)]
pub(crate) struct Read {
    contents: [Contents; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Contents {
    uri: String,
    mime_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blob: Option<String>,
}

impl Contents {
    fn new(uri: String, mime_type: &'static str, body: ResourceBody) -> Self {
        let (text, blob) = match body {
            ResourceBody::Blob(blob) => (None, Some(blob)),
            ResourceBody::Text(text) => (Some(text), None),
        };
        Self { uri, mime_type, text, blob }
    }
}

impl Read {
    pub(crate) fn new(uri: String, contents: ResourceContents) -> Self {
        Self { contents: [Contents::new(uri, contents.mime_type, contents.body)] }
    }
}

/// The answer to `completion/complete`.
#[derive(Serialize)]
pub(crate) struct Completed {
    completion: Choices,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Choices {
    values: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    has_more: bool,
}

impl Completed {
    pub(crate) fn new(completion: Completion) -> Self {
        let Completion { mut values, total, has_more } = completion;
        let cut = values.len() > Completion::MAX_VALUES;
        values.truncate(Completion::MAX_VALUES);
        Self { completion: Choices { values, total, has_more: has_more || cut } }
    }
}

/// A result that asks the client for something first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked {
    /// Left out where there are none: then a client repeats the request at once.
    #[serde(skip_serializing_if = "Map::is_empty")]
    input_requests: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_state: Option<String>,
}

impl Asked {
    pub(crate) fn new<T>(required: &InputRequired<T>, request_state: Option<String>) -> Self {
        let write = |request: &InputRequest| {
            let body = serde_json::json!({ "method": request.kind.method(), "params": request.params });
            (request.name.to_owned(), body)
        };
        Self { input_requests: required.requests.iter().map(write).collect(), request_state }
    }
}
