//! Tools: fixed answers of every kind of content, and what is said on the way to one. Those that ask are in `asking`.

use m365_mcp::{Client, Content, Refusal, ResourceBody, ToolAnnotations, ToolDescriptor, ToolResult};
use serde_json::{Map, Value, json};

use crate::fixture::Fixture;
use crate::input::Inquiry;
use crate::{asking, media};

/// One tool.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) input_schema: fn() -> Value,
    pub(crate) run: Run,
}

/// How a tool answers.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// After the client was asked.
    Asks(&'static Asking),
    /// With the same every time.
    Gives(fn() -> ToolResult),
    /// With the same every time, to a client that can be asked for samplings.
    NeedsSampling(fn() -> ToolResult),
    /// With something after what is said on the way.
    Tells(fn(&Fixture, &Client) -> ToolResult),
}

/// What is asked, and what is made of the answers.
pub(crate) struct Asking {
    pub(crate) inquiry: Inquiry,
    pub(crate) say: fn(&Map<String, Value>) -> String,
}

const fn row(name: &'static str, description: &'static str, run: Run) -> Tool {
    Tool { name, description, input_schema: no_arguments, run }
}

const TOOLS: [Tool; 11] = [
    row(
        "test_simple_text",
        "Gives a text.",
        Run::Gives(|| ToolResult::text("This is a simple text response for testing.")),
    ),
    row(
        "test_image_content",
        "Gives a picture.",
        Run::Gives(|| blocks(vec![Content::Image(media::picture())])),
    ),
    row("test_audio_content", "Gives a sound.", Run::Gives(|| blocks(vec![Content::Audio(media::sound())]))),
    row(
        "test_embedded_resource",
        "Gives a resource.",
        Run::Gives(|| {
            let text = "This is an embedded resource content.";
            blocks(vec![resource("test://embedded-resource", "text/plain", text)])
        }),
    ),
    row(
        "test_multiple_content_types",
        "Gives a text, a picture and a resource.",
        Run::Gives(|| {
            let data = r#"{"test":"data","value":123}"#;
            blocks(vec![
                Content::Text("Multiple content types test:".to_owned()),
                Content::Image(media::picture()),
                resource("test://mixed-content-resource", "application/json", data),
            ])
        }),
    ),
    row(
        "test_error_handling",
        "Always fails.",
        Run::Gives(|| ToolResult::error("This tool intentionally returns an error for testing")),
    ),
    row("test_tool_with_progress", "Tells how far it has come.", Run::Tells(with_progress)),
    row("test_tool_with_logging", "Writes three log messages.", Run::Tells(with_logging)),
    row("test_logging_tool", "Writes log messages where the client wants them.", Run::Tells(with_logging)),
    row(
        "test_missing_capability",
        "Needs a client that can be asked for samplings.",
        Run::NeedsSampling(|| ToolResult::text("The client can be asked.")),
    ),
    Tool {
        input_schema: every_keyword,
        ..row(
            "json_schema_2020_12_tool",
            "Tool with JSON Schema 2020-12 features",
            Run::Gives(|| ToolResult::text("The arguments are not looked at.")),
        )
    },
];

/// The list.
pub(crate) fn list() -> Vec<ToolDescriptor> {
    let describe = |tool: &Tool| ToolDescriptor {
        name: tool.name,
        title: tool.name,
        description: tool.description,
        input_schema: match (tool.input_schema)() {
            Value::Object(schema) => schema,
            _ => Map::new(),
        },
        output_schema: None,
        annotations: ToolAnnotations {
            read_only: true,
            destructive: false,
            idempotent: Some(true),
            open_world: false,
        },
    };
    TOOLS.iter().chain(&asking::TOOLS).map(describe).collect()
}

/// How the tool of that name answers.
pub(crate) fn find(name: &str) -> Option<Run> {
    TOOLS.iter().chain(&asking::TOOLS).find(|tool| tool.name == name).map(|tool| tool.run)
}

/// The schema of a tool without arguments.
pub(crate) fn no_arguments() -> Value {
    json!({ "type": "object", "properties": {}, "additionalProperties": false })
}

fn with_progress(_: &Fixture, client: &Client) -> ToolResult {
    for done in [0, 50, 100] {
        client.progress(done, Some(100), "Working");
    }
    ToolResult::text("The work is done.")
}

fn with_logging(fixture: &Fixture, client: &Client) -> ToolResult {
    for text in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
        fixture.log(client, "info", text);
    }
    ToolResult::text("The work is done.")
}

/// What a client that cannot be asked for samplings is told.
pub(crate) fn missing_sampling() -> Refusal {
    Refusal::MissingClientCapability { required: Map::from_iter([("sampling".to_owned(), json!({}))]) }
}

fn blocks(content: Vec<Content>) -> ToolResult {
    ToolResult { content, ..ToolResult::default() }
}

fn resource(uri: &str, mime_type: &'static str, text: &str) -> Content {
    Content::Resource { uri: uri.to_owned(), mime_type, body: ResourceBody::Text(text.to_owned()) }
}

fn every_keyword() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
            },
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}
