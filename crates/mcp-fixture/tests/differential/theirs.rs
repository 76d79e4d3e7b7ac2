//! The table behind the official SDK's own server: what it says is the other opinion.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
    ErrorData, GetPromptRequestParams, GetPromptResponse, GetPromptResult, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, ServerConfig,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::reply::Reply;
use crate::table;

/// The server.
pub(crate) struct Theirs;

impl Theirs {
    /// Sends one request.
    pub(crate) async fn send(request: Request<Bytes>) -> Reply {
        let config =
            StreamableHttpServerConfig::default().with_legacy_session_mode(false).with_json_response(true);
        let service =
            StreamableHttpService::new(|| Ok(Self), Arc::new(NeverSessionManager::default()), config);
        Reply::read(service.handle(request.map(Full::new)).await).await
    }
}

type Context = RequestContext<RoleServer>;

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a value of the SDK's model")
}

/// A result as the SDK's own constructors make it: final. It leaves the word out where the revision has none.
fn result<T: DeserializeOwned>(mut value: Value) -> T {
    value["resultType"] = json!("complete");
    read(value)
}

fn resource([uri, name, title, description, mime_type]: [&str; 5], key: &str) -> Value {
    json!({ key: uri, "name": name, "title": title, "description": description, "mimeType": mime_type })
}

fn tool(tool: &table::Tool) -> Value {
    let mut written = json!({
        "name": tool.name, "title": tool.title, "description": tool.description,
        "inputSchema": (tool.input_schema)(),
        "annotations": {
            "title": tool.title, "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true,
            "openWorldHint": false,
        },
    });
    if let Some(schema) = tool.output_schema {
        written["outputSchema"] = schema();
    }
    written
}

impl ServerHandler for Theirs {
    fn get_info(&self) -> ServerConfig {
        read(json!({
            "protocolVersion": "2025-11-25",
            "capabilities": { "completions": {}, "prompts": {}, "resources": {}, "tools": {} },
            "serverInfo": { "name": "table", "title": "Table", "version": "1" },
            "instructions": "Use the table.",
        }))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(result(json!({ "tools": table::TOOLS.iter().map(tool).collect::<Vec<_>>() })))
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListPromptsResult, ErrorData> {
        let [name, title, description] = table::ARGUMENT;
        let argument = json!({ "name": name, "title": title, "description": description, "required": true });
        let [name, title, description] = table::PROMPT;
        let prompt =
            json!({ "name": name, "title": title, "description": description, "arguments": [argument] });
        Ok(result(json!({ "prompts": [prompt] })))
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(result(json!({ "resources": table::RESOURCES.map(|row| resource(row, "uri")) })))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(result(json!({ "resourceTemplates": [resource(table::TEMPLATE, "uriTemplate")] })))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        let tool = table::TOOLS.iter().find(|tool| tool.name == request.name);
        let tool = tool.ok_or_else(|| ErrorData::invalid_params("no such tool", None))?;
        let answer = (tool.run)(&request.arguments.unwrap_or_default());
        let mut answered = json!({ "content": [{ "type": "text", "text": answer.text }] });
        if let Some(structured) = answer.structured {
            answered["structuredContent"] = structured;
        }
        if answer.is_error {
            answered["isError"] = json!(true);
        }
        Ok(result::<CallToolResult>(answered).into())
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri;
        let Some((mime_type, held)) = table::held(&uri) else {
            return Err(ErrorData::resource_not_found("no such resource", Some(json!({ "uri": uri }))));
        };
        let contents = match held {
            table::Held::Blob(base64) => json!({ "uri": uri, "mimeType": mime_type, "blob": base64 }),
            table::Held::Text(text) => json!({ "uri": uri, "mimeType": mime_type, "text": text }),
        };
        Ok(result::<ReadResourceResult>(json!({ "contents": [contents] })).into())
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        if request.name != table::PROMPT[0] {
            return Err(ErrorData::invalid_params("no such prompt", None));
        }
        let arguments = request.arguments.unwrap_or_default();
        let whom = arguments.get("whom").and_then(Value::as_str);
        let whom = whom.ok_or_else(|| ErrorData::invalid_params("whom is missing", None))?;
        let message = json!({ "role": "user", "content": { "type": "text", "text": table::greeting(whom) } });
        let said = json!({ "description": table::PROMPT[2], "messages": [message] });
        Ok(result::<GetPromptResult>(said).into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: Context,
    ) -> Result<CompleteResult, ErrorData> {
        let reference = serde_json::to_value(&request.r#ref).expect("a reference");
        if reference["name"] != table::PROMPT[0] {
            return Err(ErrorData::invalid_params("no such reference", None));
        }
        let values = table::people(&request.argument.value);
        let completion = json!({ "total": values.len(), "values": values, "hasMore": false });
        Ok(result(json!({ "completion": completion })))
    }
}
