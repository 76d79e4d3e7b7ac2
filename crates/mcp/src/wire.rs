//! Results as each revision writes them: a revision gets the fields it knows and no others.
//!
//! Source: `schema.ts` of each revision.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::message::Id;
use crate::revision::{Era, Revision};
use crate::server::{
    ResourceContents, ResourceDescriptor, ServerInfo, ToolAnnotations, ToolDescriptor, ToolResult,
};

const META_SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// How long a client may keep lists and discovery: they change with a release or a new grant only.
pub(crate) const LIST_TTL_MS: u32 = 300_000;
/// Contents are mail, calendar and people: stale at once.
pub(crate) const CONTENTS_TTL_MS: u32 = 0;

/// A JSON-RPC answer.
#[derive(Serialize)]
pub(crate) struct Answer<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Id>,
    #[serde(flatten)]
    body: AnswerBody<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum AnswerBody<'a> {
    Result(&'a RawValue),
    Error(&'a ErrorObject),
}

/// The error of an answer.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorObject {
    pub(crate) code: i32,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<Value>,
}

impl<'a> Answer<'a> {
    pub(crate) fn result(id: Option<&'a Id>, result: &'a RawValue) -> Self {
        Self { jsonrpc: "2.0", id, body: AnswerBody::Result(result) }
    }

    pub(crate) fn error(id: Option<&'a Id>, error: &'a ErrorObject) -> Self {
        Self { jsonrpc: "2.0", id, body: AnswerBody::Error(error) }
    }
}

/// A result with what its revision puts around every result.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    result_type: Option<&'static str>,
    #[serde(flatten)]
    result: T,
    #[serde(flatten)]
    caching: Option<Caching>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Meta>,
}

/// `private`: a shared cache must not serve one person's answer to another.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Caching {
    ttl_ms: u32,
    cache_scope: &'static str,
}

#[derive(Serialize)]
struct Meta {
    #[serde(flatten)]
    own: Map<String, Value>,
    #[serde(rename = "io.modelcontextprotocol/serverInfo", skip_serializing_if = "Option::is_none")]
    server_info: Option<Implementation>,
}

impl<T: Serialize> Outcome<T> {
    pub(crate) fn new(revision: Revision, info: ServerInfo, result: T) -> Self {
        let modern = revision.era() == Era::Modern;
        let meta =
            modern.then(|| Meta { own: Map::new(), server_info: Some(Implementation::new(revision, info)) });
        Self { result_type: modern.then_some("complete"), result, caching: None, meta }
    }

    /// Says how long the result may be kept, where the revision has a place for it.
    pub(crate) fn cached(mut self, ttl_ms: u32) -> Self {
        self.caching = self.result_type.map(|_| Caching { ttl_ms, cache_scope: "private" });
        self
    }

    /// Adds the application's metadata; the reserved key stays ours.
    pub(crate) fn with_meta(mut self, own: Option<Map<String, Value>>) -> Self {
        if let Some(mut own) = own {
            own.remove(META_SERVER_INFO);
            let server_info = self.meta.take().and_then(|meta| meta.server_info);
            self.meta = Some(Meta { own, server_info });
        }
        self
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Implementation {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    website_url: Option<&'static str>,
}

impl Implementation {
    fn new(revision: Revision, info: ServerInfo) -> Self {
        Self {
            name: info.name,
            title: revision.has_structure().then_some(info.title),
            version: info.version,
            website_url: info.website_url.filter(|_| revision.has_website()),
        }
    }
}

/// An empty object: the capability without its options, and the answer to `ping`.
#[derive(Serialize)]
pub(crate) struct Empty {}

#[derive(Serialize)]
struct Capabilities {
    tools: Empty,
    resources: Empty,
}

const CAPABILITIES: Capabilities = Capabilities { tools: Empty {}, resources: Empty {} };

/// The answer to `initialize`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Initialized {
    protocol_version: &'static str,
    capabilities: Capabilities,
    server_info: Implementation,
    #[serde(skip_serializing_if = "str::is_empty")]
    instructions: &'static str,
}

impl Initialized {
    pub(crate) fn new(revision: Revision, info: ServerInfo) -> Self {
        Self {
            protocol_version: revision.as_str(),
            capabilities: CAPABILITIES,
            server_info: Implementation::new(revision, info),
            instructions: info.instructions,
        }
    }
}

/// The answer to `server/discover`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Discovered {
    supported_versions: [&'static str; 4],
    capabilities: Capabilities,
    #[serde(skip_serializing_if = "str::is_empty")]
    instructions: &'static str,
}

impl Discovered {
    pub(crate) fn new(info: ServerInfo) -> Self {
        let supported_versions = Revision::ADVERTISED.map(Revision::as_str);
        Self { supported_versions, capabilities: CAPABILITIES, instructions: info.instructions }
    }
}

/// The answer to `tools/list`.
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
    title: &'static str,
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
            annotations: revision
                .has_annotations()
                .then_some(Annotations { title: tool.title, hints: tool.annotations }),
        };
        Self { tools: tools.into_iter().map(write).collect() }
    }
}

/// The answer to `tools/call`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Called {
    content: [Text; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_error: bool,
}

#[derive(Serialize)]
struct Text {
    r#type: &'static str,
    text: String,
}

impl Called {
    pub(crate) fn new(revision: Revision, result: ToolResult) -> Self {
        Self {
            content: [Text { r#type: "text", text: result.text }],
            structured_content: result.structured.filter(|_| revision.has_structure()),
            is_error: result.is_error,
        }
    }
}

/// The answer to `resources/list`.
#[derive(Serialize)]
pub(crate) struct Resources {
    resources: Vec<Resource>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    uri: &'static str,
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    description: &'static str,
    mime_type: &'static str,
}

impl Resources {
    pub(crate) fn new(revision: Revision, resources: Vec<ResourceDescriptor>) -> Self {
        let write = |resource: ResourceDescriptor| Resource {
            uri: resource.uri,
            name: resource.name,
            title: revision.has_structure().then_some(resource.title),
            description: resource.description,
            mime_type: resource.mime_type,
        };
        Self { resources: resources.into_iter().map(write).collect() }
    }
}

/// The answer to `resources/templates/list`: there are none.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourceTemplates {
    resource_templates: [Empty; 0],
}

impl ResourceTemplates {
    pub(crate) const NONE: Self = Self { resource_templates: [] };
}

/// The answer to `resources/read`.
#[derive(Serialize)]
pub(crate) struct Contents<'a> {
    contents: [Content<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    uri: &'a str,
    mime_type: &'static str,
    text: String,
}

impl<'a> Contents<'a> {
    pub(crate) fn new(uri: &'a str, contents: ResourceContents) -> Self {
        Self { contents: [Content { uri, mime_type: contents.mime_type, text: contents.text }] }
    }
}
