//! Posting to a channel, replying in one, writing in a chat.
//!
//! Source: Graph, `chatMessage` resource. None of them has an idempotency key. Whoever is in the channel or chat reads it.

use async_trait::async_trait;
use m365_types::{Reach, ResolvedEffect, Role};
use serde::Deserialize;
use serde_json::{Value, json};

use super::channels::{CHANNEL_ID, TEAM_ID};
use super::mention::{Content, read_content};
use super::messages::CHAT_ID;
use super::readers::{Place, Readers};
use crate::action::{Answer, Context, Invocation, at};
use crate::arguments::Given;
use crate::effect;
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
    let place = Place::Channel { team: team?, channel: channel?, post: None };
    Some(Box::new(Send { place, subject: subject?, content: content?, done: "Teams message sent" }))
}

pub(crate) fn reply_to_channel_message(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let team = given.read(&TEAM_ID);
    let channel = given.read(&CHANNEL_ID);
    let post = given.read(&POST_ID);
    let content = read_content(given);
    let place = Place::Channel { team: team?, channel: channel?, post: Some(post?) };
    Some(Box::new(Send { place, subject: None, content: content?, done: "Reply sent" }))
}

pub(crate) fn send_chat_message(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let chat = given.read(&CHAT_ID);
    let content = read_content(given);
    let place = Place::Chat(chat?);
    Some(Box::new(Send { place, subject: None, content: content?, done: "Chat message sent" }))
}

/// A message on its way to the row's call.
struct Send {
    place: Place,
    subject: Option<String>,
    content: Content,
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
        at(self.place.target())
    }

    fn effect(&self) -> ResolvedEffect {
        self.effect_on(&Readers::unknown(&self.place))
    }

    fn must_look(&self) -> bool {
        true
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        Ok(self.effect_on(&Readers::of(context, &self.place).await?))
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&self.place.segments())?;
        let mut message = self.content.to_graph();
        if let Some(subject) = &self.subject {
            message.insert("subject".to_owned(), subject.as_str().into());
        }
        request.body = Some(Value::Object(message).into());
        let sent: Sent = context.graph.fetch(request).await?;
        Ok(with_link(
            self.done.to_owned(),
            json!({ "id": shape::id(sent.id.as_deref()) }),
            sent.web_url.as_deref(),
        ))
    }
}

impl Send {
    /// What it does where these people read along.
    fn effect_on(&self, readers: &Readers) -> ResolvedEffect {
        let mut effect = ResolvedEffect::of(self.reach(), Role::Member);
        effect.recipients.clone_from(&readers.recipients);
        effect.facts.clone_from(&readers.facts);
        effect::say(&mut effect, "Title", self.subject.clone().unwrap_or_default());
        if let Place::Channel { post: Some(post), .. } = &self.place {
            effect::say(&mut effect, "Reply to the post", post.as_str());
        }
        effect::say(&mut effect, "Mentions", self.content.mentioned(readers.circle.as_ref()));
        effect.with_body(self.content.html.as_str(), true)
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
