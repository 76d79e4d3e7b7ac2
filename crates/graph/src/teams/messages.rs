//! The messages of a channel, of one of its threads, and of a chat.
//!
//! Source: Graph, "List channel messages", "List replies" and "List messages in a chat": at most 50 at once, no `$select`.
//! A channel's list has the posts that begin a thread; the replies to one are another list. The list of a chat can be
//! ordered by creation, newest first, and by nothing else.

use async_trait::async_trait;
use m365_ports::GraphRequest;
use m365_types::{Method, Reach};

use super::channels::{CHANNEL_ID, TEAM_ID};
use super::message::{GraphMessage, Message, Told};
use crate::action::{Answer, Context, Invocation, at};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::listing::{Bounds, Wording, gather};
use crate::param::{
    Default as Otherwise, Identifier, Integer, Optional, Param, Required, defaulted, optional, required,
};
use crate::zone::{TIME_ZONE, Zone};

pub(crate) static CHAT_ID: Param<Identifier, Required> = required("chatId", "Chat ID", Identifier);
pub(crate) static THREAD: Param<Identifier, Optional> =
    optional("messageId", "A post: list its replies", Identifier);
pub(crate) static COUNT: Param<Integer, Otherwise> =
    defaulted("count", "Number of messages", Integer { min: 1, max: 50 }, Otherwise::Number(20));

/// Path of a channel's posts.
pub(super) const POSTS: &str = "/teams/{team}/channels/{channel}/messages";
/// Path of the replies to a post.
pub(super) const REPLIES: &str = "/teams/{team}/channels/{channel}/messages/{message}/replies";

pub(crate) fn get_channel_messages(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let team = given.read(&TEAM_ID);
    let channel = given.read(&CHANNEL_ID);
    let thread = given.read(&THREAD);
    let count = given.read(&COUNT);
    let zone = given.read(&TIME_ZONE);
    Some(Box::new(ChannelMessages {
        team: team?,
        channel: channel?,
        thread: thread?,
        count: count?,
        zone: zone?,
    }))
}

struct ChannelMessages {
    team: String,
    channel: String,
    thread: Option<String>,
    count: u32,
    zone: Option<Zone>,
}

#[async_trait]
impl Invocation for ChannelMessages {
    fn reach(&self) -> Reach {
        at(format!("teams/{}/channels/{}", self.team, self.channel))
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let (team, channel) = (self.team.as_str(), self.channel.as_str());
        let (mut request, what) = match &self.thread {
            None => (context.graph.request(&[team, channel])?, "post"),
            Some(post) => {
                (context.graph.request_to(Method::Get, REPLIES, None, &[team, channel, post])?, "reply")
            }
        };
        request.query = vec![("$top", self.count.to_string())];
        answer(context, &request, self.count, self.zone.as_ref(), what).await
    }
}

pub(crate) fn get_chat_messages(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let chat = given.read(&CHAT_ID);
    let count = given.read(&COUNT);
    let zone = given.read(&TIME_ZONE);
    Some(Box::new(ChatMessages { chat: chat?, count: count?, zone: zone? }))
}

struct ChatMessages {
    chat: String,
    count: u32,
    zone: Option<Zone>,
}

#[async_trait]
impl Invocation for ChatMessages {
    fn reach(&self) -> Reach {
        at(format!("chats/{}", self.chat))
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[&self.chat])?;
        request.query =
            vec![("$top", self.count.to_string()), ("$orderby", "createdDateTime desc".to_owned())];
        answer(context, &request, self.count, self.zone.as_ref(), "message").await
    }
}

async fn answer(
    context: &Context<'_>,
    request: &GraphRequest,
    count: u32,
    asked: Option<&Zone>,
    what: &str,
) -> Result<Answer, ActionError> {
    let zone = Zone::of(context, asked).await;
    let bounds = Bounds { pages: 1, items: count as usize, linked: true };
    let found = gather::<GraphMessage>(context, request, bounds).await?;
    let found = found.filter_map(|message| Told::of(message, &zone));
    let many = what.strip_suffix('y').map_or_else(|| format!("{what}s"), |stem| format!("{stem}ies"));
    let head = |count: usize| {
        let what = if count == 1 { what } else { &many };
        format!("{count} {what}, newest first. {}", zone.sentence())
    };
    let wording =
        Wording { name: "messages", none: &format!("No {many}."), head: &head, more: "There are more." };
    Ok(found.answer::<Message>(context, &wording))
}

#[cfg(test)]
#[path = "messages_tests.rs"]
mod tests;
