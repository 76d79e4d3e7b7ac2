//! What people and models are asked: the parameters of elicitations and samplings.
//!
//! Source: MCP 2025-11-25, "Elicitation" (default values, lists to choose from) and "Sampling".

use serde_json::{Map, Value, json};

/// A form of this one field.
pub(crate) fn of_one(message: &str, field: &str, kind: &str) -> Value {
    json!({
        "message": message,
        "requestedSchema": { "type": "object", "properties": { field: { "type": kind } }, "required": [field] },
    })
}

/// A model is to say something to this text.
pub(crate) fn sampling(text: &str, most_tokens: u32) -> Value {
    let content = json!({ "type": "text", "text": text });
    json!({ "messages": [{ "role": "user", "content": content }], "maxTokens": most_tokens })
}

/// Name and address of a person.
pub(crate) fn person(arguments: &Map<String, Value>) -> Value {
    let message = arguments.get("message").and_then(Value::as_str).unwrap_or("Who are you?");
    json!({
        "message": message,
        "requestedSchema": {
            "type": "object",
            "properties": {
                "username": { "type": "string", "description": "User's response" },
                "email": { "type": "string", "description": "User's email address" },
            },
            "required": ["username", "email"],
        },
    })
}

/// A field of every simple kind, with a value to begin with.
pub(crate) fn defaults(_: &Map<String, Value>) -> Value {
    json!({
        "message": "Look at these values",
        "requestedSchema": {
            "type": "object",
            "properties": {
                "name": { "type": "string", "default": "John Doe" },
                "age": { "type": "integer", "default": 30 },
                "score": { "type": "number", "default": 95.5 },
                "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
                "verified": { "type": "boolean", "default": true },
            },
        },
    })
}

/// A list to choose from of every kind.
pub(crate) fn choices(_: &Map<String, Value>) -> Value {
    let plain = json!(["option1", "option2", "option3"]);
    let titled = |noun: &str| {
        let choice =
            |value: &str, ordinal: &str| json!({ "const": value, "title": format!("{ordinal} {noun}") });
        json!([choice("value1", "First"), choice("value2", "Second"), choice("value3", "Third")])
    };
    json!({
        "message": "Choose",
        "requestedSchema": {
            "type": "object",
            "properties": {
                "untitledSingle": { "type": "string", "enum": plain },
                "titledSingle": { "type": "string", "oneOf": titled("Option") },
                "legacyEnum": {
                    "type": "string",
                    "enum": ["opt1", "opt2", "opt3"],
                    "enumNames": ["Option One", "Option Two", "Option Three"],
                },
                "untitledMulti": { "type": "array", "items": { "type": "string", "enum": plain } },
                "titledMulti": { "type": "array", "items": { "anyOf": titled("Choice") } },
            },
        },
    })
}
