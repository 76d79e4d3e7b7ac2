//! Changing what is marked on a message, and moving it.
//!
//! Source: Outlook's message update and `move` action. What is moved gets a new default id and keeps its immutable one.
//! A sent or received message keeps its text: only drafts can be rewritten.

use serde_json::Value;

use super::call::{Answer, Call};
use super::errors::GraphError;
use super::ids::change_key;
use super::mail;
use super::schema;
use super::send;
use super::zones::rfc3339;

/// Properties that can be changed of every message.
const MARKS: [&str; 5] = ["categories", "flag", "importance", "inferenceClassification", "isRead"];

/// `PATCH /me/messages/{id}`.
pub(super) fn update(call: &Call<'_>) -> Result<Answer, GraphError> {
    schema::check_body("message", &call.body)?;
    for name in ["toRecipients", "ccRecipients", "bccRecipients", "replyTo"] {
        send::parties(&call.body, name)?;
    }
    let mut content = call.mailbox.write();
    let item = content.message_mut(call.id(0))?;
    let is_draft = item.fields.get("isDraft") == Some(&Value::Bool(true));
    if !is_draft && call.body.keys().any(|name| !MARKS.contains(&name.as_str())) {
        return Err(GraphError::new(
            400,
            "ErrorInvalidPropertyUpdateSentMessage",
            "Update operation is invalid for property of a sent message.",
        ));
    }
    for (name, value) in &call.body {
        item.fields.insert(name.clone(), value.clone());
    }
    let key = change_key(&format!("{}{}", item.id.default, call.now_ms));
    item.fields.insert("changeKey".to_owned(), key.into());
    item.fields.insert("lastModifiedDateTime".to_owned(), rfc3339(call.now_ms).into());
    let answer = mail::view(call, item).context(call.context("messages") + "/$entity");
    Ok(Answer::json(200, &answer))
}

/// `POST /me/messages/{id}/move`.
pub(super) fn relocate(call: &Call<'_>) -> Result<Answer, GraphError> {
    let mut destination = None;
    for (name, value) in &call.body {
        match (name.to_ascii_lowercase().as_str(), value.as_str()) {
            ("destinationid", Some(id)) => destination = Some(id),
            ("destinationid", None) => return Err(GraphError::wrong_value(name)),
            _ => return Err(send::unknown_parameter(name, "move")),
        }
    }
    let destination =
        destination.ok_or_else(|| GraphError::bad_request("The parameter 'DestinationId' is required."))?;
    let mut content = call.mailbox.write();
    let item = content.relocate(call.id(0), destination)?;
    let answer = mail::view(call, item).context(call.context("messages") + "/$entity");
    Ok(Answer::json(201, &answer))
}
