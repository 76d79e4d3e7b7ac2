//! Posting to a channel, replying in one, writing in a chat.
//!
//! Source: Graph, `chatMessage` resource. None of them has an idempotency key.

use async_trait::async_trait;
use m365_types::Reach;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::channels::{CHANNEL_ID, TEAM_ID};
use super::mention::read_content;
use super::messages::CHAT_ID;
use crate::action::{Answer, Context, Invocation, at};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::param::{Identifier, Optional, Param, Required, Text, optional, required};
use crate::shape;

pub(crate) static SUBJECT: Param<Text, Optional> =
    optional("subject", "Title of the post", Text { min: 1, max: 255, lines: false });
pub(crate) static POST_ID: Param<Identifier, Required> =
    required("messageId", "The post to reply to", Identifier);

pub(crate) fn send_teams_message(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let team = given.read(&TEAM_ID);
    let channel = given.read(&CHANNEL_ID);
    let content = read_content(given);
    let subject = given.read(&SUBJECT);
    let (team, channel, mut content) = (team?, channel?, content?);
    if let Some(subject) = subject? {
        content.insert("subject".to_owned(), subject.into());
    }
    let target = in_channel(&team, &channel);
    Some(Box::new(Send { ids: vec![team, channel], target, content, done: "Teams message sent" }))
}

pub(crate) fn reply_to_channel_message(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let team = given.read(&TEAM_ID);
    let channel = given.read(&CHANNEL_ID);
    let post = given.read(&POST_ID);
    let content = read_content(given);
    let (team, channel, post) = (team?, channel?, post?);
    let target = in_channel(&team, &channel);
    Some(Box::new(Send { ids: vec![team, channel, post], target, content: content?, done: "Reply sent" }))
}

pub(crate) fn send_chat_message(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let chat = given.read(&CHAT_ID);
    let content = read_content(given);
    let chat = chat?;
    let target = format!("chats/{chat}");
    Some(Box::new(Send { ids: vec![chat], target, content: content?, done: "Chat message sent" }))
}

fn in_channel(team: &str, channel: &str) -> String {
    format!("teams/{team}/channels/{channel}")
}

/// A message on its way to the row's call.
struct Send {
    ids: Vec<String>,
    target: String,
    content: Map<String, Value>,
    /// What the answer says.
    done: &'static str,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Sent {
    id: Option<String>,
    web_url: Option<String>,
}

#[async_trait]
impl Invocation for Send {
    fn reach(&self) -> Reach {
        at(&self.target)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let ids: Vec<&str> = self.ids.iter().map(String::as_str).collect();
        let mut request = context.graph.request(&ids)?;
        request.body = Some(Value::Object(self.content.clone()).into());
        let sent: Sent = context.graph.fetch(request).await?;
        Ok(with_link(
            self.done.to_owned(),
            json!({ "id": shape::id(sent.id.as_deref()) }),
            sent.web_url.as_deref(),
        ))
    }
}

/// An answer that ends with a link, where there is one.
pub(super) fn with_link(mut text: String, mut structured: Value, link: Option<&str>) -> Answer {
    if let (Some(link), Some(object)) = (shape::link(link), structured.as_object_mut()) {
        text.push_str("\nSee ");
        text.push_str(&link);
        object.insert("webUrl".to_owned(), link.into());
    }
    Answer::whole(text, structured)
}

#[cfg(test)]
#[path = "send_tests.rs"]
mod tests;
