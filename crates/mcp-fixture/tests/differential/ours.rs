//! The table behind the dispatcher of this project.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::Request;
use m365_mcp::{
    Answered, Client, Completion, CompletionCall, CompletionReference, Content, Offers,
    PromptArgumentDescriptor, PromptDescriptor, PromptResult, ProtocolRefusal, Refusal, ResourceBody,
    ResourceContents, ResourceDescriptor, Server, ServerInfo, TemplateDescriptor, ToolAnnotations, ToolCall,
    ToolDescriptor, ToolResult,
};
use serde_json::{Map, Value};

use crate::reply::Reply;
use crate::table;

/// The server.
pub(crate) struct Ours;

impl Ours {
    /// Sends one request.
    pub(crate) async fn send(request: Request<Bytes>) -> Reply {
        Reply::read(m365_mcp::handle(Arc::new(Self), request).await).await
    }
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else { panic!("an object") };
    members
}

#[async_trait]
impl Server for Ours {
    fn info(&self) -> ServerInfo {
        ServerInfo {
            name: "table",
            title: "Table",
            version: "1",
            website_url: None,
            icons: &[],
            instructions: "Use the table.",
        }
    }

    fn offers(&self) -> Offers {
        Offers { completions: true, logging: false, prompts: true, subscriptions: false }
    }

    fn tools(&self) -> Vec<ToolDescriptor> {
        let describe = |tool: &table::Tool| ToolDescriptor {
            name: tool.name,
            title: tool.title,
            description: tool.description,
            input_schema: object((tool.input_schema)()),
            output_schema: tool.output_schema.map(|schema| object(schema())),
            annotations: ToolAnnotations {
                read_only: true,
                destructive: false,
                idempotent: Some(true),
                open_world: false,
            },
        };
        table::TOOLS.iter().map(describe).collect()
    }

    fn resources(&self) -> Vec<ResourceDescriptor> {
        let describe = |[uri, name, title, description, mime_type]: [&'static str; 5]| ResourceDescriptor {
            uri,
            name,
            title,
            description,
            mime_type,
            icons: &[],
        };
        table::RESOURCES.map(describe).into()
    }

    fn resource_templates(&self) -> Vec<TemplateDescriptor> {
        let [uri_template, name, title, description, mime_type] = table::TEMPLATE;
        vec![TemplateDescriptor { uri_template, name, title, description, mime_type, icons: &[] }]
    }

    fn prompts(&self) -> Vec<PromptDescriptor> {
        let [name, title, description] = table::ARGUMENT;
        let arguments = vec![PromptArgumentDescriptor { name, title, description, required: true }];
        let [name, title, description] = table::PROMPT;
        vec![PromptDescriptor { name, title, description, arguments, icons: &[] }]
    }

    async fn call_tool(&self, call: ToolCall, _: Arc<Client>) -> Result<Answered<ToolResult>, Refusal> {
        let tool = table::TOOLS.iter().find(|tool| tool.name == call.name).ok_or(Refusal::UnknownTool)?;
        let answer = (tool.run)(&call.arguments);
        Ok(Answered::Complete(ToolResult {
            structured: answer.structured.map(object),
            is_error: answer.is_error,
            ..ToolResult::text(answer.text)
        }))
    }

    async fn read_resource(&self, uri: &str, _: Arc<Client>) -> Result<Answered<ResourceContents>, Refusal> {
        let (mime_type, held) = table::held(uri).ok_or(Refusal::UnknownResource)?;
        let body = match held {
            table::Held::Blob(base64) => ResourceBody::Blob(base64.to_owned()),
            table::Held::Text(text) => ResourceBody::Text(text),
        };
        Ok(Answered::Complete(ResourceContents { mime_type, body, meta: None }))
    }

    async fn prompt(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        _: Arc<Client>,
    ) -> Result<Answered<PromptResult>, Refusal> {
        if name != table::PROMPT[0] {
            return Err(Refusal::UnknownPrompt);
        }
        let sentence = "whom is missing".to_owned();
        let whom =
            arguments.get("whom").and_then(Value::as_str).ok_or(Refusal::InvalidParams { sentence })?;
        let messages = vec![Content::Text(table::greeting(whom))];
        Ok(Answered::Complete(PromptResult { description: table::PROMPT[2], messages }))
    }

    async fn complete(&self, call: CompletionCall, _: Arc<Client>) -> Result<Completion, Refusal> {
        if call.reference != CompletionReference::Prompt(table::PROMPT[0].to_owned()) {
            return Err(Refusal::UnknownReference);
        }
        let values = table::people(&call.value);
        Ok(Completion { total: u64::try_from(values.len()).ok(), values, has_more: false })
    }

    async fn refused(&self, _: ProtocolRefusal) {}
}
