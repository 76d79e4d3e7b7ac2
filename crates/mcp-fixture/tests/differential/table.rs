//! What both servers offer, as one table, and what each item answers.

use serde_json::{Map, Value, json};

/// One tool.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    pub(crate) input_schema: fn() -> Value,
    pub(crate) output_schema: Option<fn() -> Value>,
    pub(crate) run: fn(&Map<String, Value>) -> Answer,
}

/// What a tool answers.
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) structured: Option<Value>,
    pub(crate) is_error: bool,
}

/// Every tool.
pub(crate) const TOOLS: [Tool; 3] = [
    Tool {
        name: "add",
        title: "Add",
        description: "Adds two numbers.",
        input_schema: || {
            let number = json!({ "type": "integer" });
            json!({ "type": "object", "properties": { "a": number, "b": number }, "required": ["a", "b"] })
        },
        output_schema: Some(|| json!({ "type": "object", "properties": { "sum": { "type": "integer" } } })),
        run: |arguments| {
            let number = |name: &str| arguments.get(name).and_then(Value::as_i64).unwrap_or_default();
            let sum = number("a") + number("b");
            Answer { text: sum.to_string(), structured: Some(json!({ "sum": sum })), is_error: false }
        },
    },
    Tool {
        name: "say",
        title: "Say",
        description: "Says a text.",
        input_schema: || json!({ "type": "object", "properties": { "text": { "type": "string" } } }),
        output_schema: None,
        run: |arguments| Answer {
            text: arguments.get("text").and_then(Value::as_str).unwrap_or("nothing").to_owned(),
            structured: None,
            is_error: false,
        },
    },
    Tool {
        name: "fail",
        title: "Fail",
        description: "Always fails.",
        input_schema: || json!({ "type": "object" }),
        output_schema: None,
        run: |_| Answer { text: "It failed.".to_owned(), structured: None, is_error: true },
    },
];

/// The prompt: its name, title, description and argument.
pub(crate) const PROMPT: [&str; 3] = ["greet", "Greet", "Greets somebody."];
/// Name, title and description of the prompt's argument.
pub(crate) const ARGUMENT: [&str; 3] = ["whom", "Whom", "Who is greeted."];

/// What the prompt says.
pub(crate) fn greeting(whom: &str) -> String {
    format!("Hello, {whom}.")
}

/// URI, name, title, description and media type of each resource.
pub(crate) const RESOURCES: [[&str; 5]; 2] = [
    ["table://text", "text", "Text", "A text.", "text/plain"],
    ["table://bytes", "bytes", "Bytes", "A byte.", "application/octet-stream"],
];
/// The same of the template.
pub(crate) const TEMPLATE: [&str; 5] = ["table://items/{id}", "item", "Item", "An item.", "text/plain"];

/// What a resource holds.
pub(crate) enum Held {
    Blob(&'static str),
    Text(String),
}

/// Media type and contents of a resource.
pub(crate) fn held(uri: &str) -> Option<(&'static str, Held)> {
    match uri {
        "table://text" => Some(("text/plain", Held::Text("A text.".to_owned()))),
        "table://bytes" => Some(("application/octet-stream", Held::Blob("AA=="))),
        _ => uri.strip_prefix("table://items/").map(|id| ("text/plain", Held::Text(format!("Item {id}.")))),
    }
}

/// The people that an argument of the prompt can name.
pub(crate) fn people(typed: &str) -> Vec<String> {
    ["Adele", "Alex", "Megan"].into_iter().filter(|name| name.starts_with(typed)).map(str::to_owned).collect()
}
