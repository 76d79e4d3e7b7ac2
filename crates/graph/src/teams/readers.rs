//! Who reads what is written in a channel or a chat.
//!
//! Source: Graph, "Get team", "Get channel", "List allMembers", "Get chat", "List members of a chat". Names and members are
//! asked for as far as the client and the Microsoft token have the permissions; who cannot be found out may be anybody. A
//! channel's `membershipType` says nothing of guests: a standard and a private one may have some, and a shared one is made
//! for people of other organisations.

use m365_ports::GraphRequest;
use m365_types::{Fact, Method, Recipient, Role, Scope, Standing};
use serde::Deserialize;

use crate::action::Context;
use crate::effect;
use crate::error::ActionError;
use crate::members::Circle;

pub(super) const TEAM: &str = "/teams/{team}";
pub(super) const CHANNEL: &str = "/teams/{team}/channels/{channel}";
pub(super) const CHANNEL_MEMBERS: &str = "/teams/{team}/channels/{channel}/allMembers";
pub(super) const CHAT: &str = "/chats/{chat}";
pub(super) const CHAT_MEMBERS: &str = "/chats/{chat}/members";
/// Any of these opens what is known of a chat and its members.
pub(super) const CHAT_SCOPES: [Scope; 2] = [Scope::ChatReadBasic, Scope::ChatRead];
/// The largest page of members of a channel.
const PAGE: &str = "999";

/// Where a message goes.
pub(super) enum Place {
    /// A channel, or a post in it.
    Channel { team: String, channel: String, post: Option<String> },
    /// The chat with this id.
    Chat(String),
}

impl Place {
    pub(super) fn target(&self) -> String {
        match self {
            Self::Channel { team, channel, .. } => format!("teams/{team}/channels/{channel}"),
            Self::Chat(chat) => format!("chats/{chat}"),
        }
    }

    /// The identifiers of the call that writes.
    pub(super) fn segments(&self) -> Vec<&str> {
        match self {
            Self::Channel { team, channel, post } => {
                [team, channel].into_iter().chain(post).map(String::as_str).collect()
            }
            Self::Chat(chat) => vec![chat],
        }
    }
}

/// Who reads along, and what is known of the place.
pub(super) struct Readers {
    pub(super) recipients: Vec<Recipient>,
    pub(super) facts: Vec<Fact>,
    /// Those who are there, where that could be found out.
    pub(super) circle: Option<Circle>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphPlace {
    display_name: Option<String>,
    membership_type: Option<String>,
    topic: Option<String>,
    chat_type: Option<String>,
}

impl Readers {
    /// Where nothing was asked.
    pub(super) fn unknown(place: &Place) -> Self {
        let name = match place {
            Place::Channel { .. } => "everybody in the channel",
            Place::Chat(_) => "everybody in the chat",
        };
        let recipients = vec![Recipient::everybody(name, Role::Member, Standing::Unknown)];
        Self { recipients, facts: Vec::new(), circle: None }
    }

    /// As Graph says it is now.
    ///
    /// # Errors
    /// What does not exist, and whatever may be otherwise a moment later.
    pub(super) async fn of(context: &Context<'_>, place: &Place) -> Result<Self, ActionError> {
        match place {
            Place::Channel { team, channel, .. } => Self::of_channel(context, place, [team, channel]).await,
            Place::Chat(chat) => Self::of_chat(context, place, chat).await,
        }
    }

    async fn of_channel(
        context: &Context<'_>,
        place: &Place,
        [team, channel]: [&str; 2],
    ) -> Result<Self, ActionError> {
        let mut readers = Self::unknown(place);
        if context.account.has_any(&[Scope::TeamReadBasicAll]) {
            let mut request = context.graph.request_to(Method::Get, TEAM, None, &[team])?;
            request.query = vec![("$select", "displayName".to_owned())];
            let given = known(context, request).await?;
            readers.say("Team", given.display_name.as_deref());
        }
        if context.account.has_any(&[Scope::ChannelReadBasicAll]) {
            let mut request = context.graph.request_to(Method::Get, CHANNEL, None, &[team, channel])?;
            request.query = vec![("$select", "displayName,membershipType".to_owned())];
            let given = known(context, request).await?;
            readers.say("Channel", given.display_name.as_deref());
            readers.say("Kind of channel", given.membership_type.as_deref());
        }
        if context.account.has_any(&[Scope::ChannelMemberReadAll]) {
            let segments = [team, channel];
            let mut request = context.graph.request_to(Method::Get, CHANNEL_MEMBERS, None, &segments)?;
            request.query = vec![("$top", PAGE.to_owned())];
            if let Some(circle) = Circle::of_conversation(context, &request).await? {
                readers.recipients = vec![circle.everybody("everybody in the channel", Role::Member)];
                readers.say("Not of the organisation", Some(&circle.outsiders()));
                readers.circle = Some(circle);
            }
        }
        Ok(readers)
    }

    async fn of_chat(context: &Context<'_>, place: &Place, chat: &str) -> Result<Self, ActionError> {
        let mut readers = Self::unknown(place);
        if !context.account.has_any(&CHAT_SCOPES) {
            return Ok(readers);
        }
        let given = known(context, context.graph.request_to(Method::Get, CHAT, None, &[chat])?).await?;
        readers.say("Chat", given.topic.as_deref());
        readers.say("Kind of chat", given.chat_type.as_deref());
        let request = context.graph.request_to(Method::Get, CHAT_MEMBERS, None, &[chat])?;
        if let Some(circle) = Circle::of_conversation(context, &request).await? {
            readers.recipients = circle.each(Role::Member);
            readers.circle = Some(circle);
        }
        Ok(readers)
    }

    fn say(&mut self, name: &str, value: Option<&str>) {
        let value = effect::line(value);
        if !value.is_empty() {
            self.facts.push(effect::changed(name, value, None));
        }
    }
}

/// What is known of a place; nothing where Graph does not let the person see it.
async fn known(context: &Context<'_>, request: GraphRequest) -> Result<GraphPlace, ActionError> {
    match context.graph.fetch(request).await {
        Err(error) if error.is_forbidden() => Ok(GraphPlace::default()),
        given => given,
    }
}
