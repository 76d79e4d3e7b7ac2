//! The chats somebody is in.
//!
//! Source: Graph, "List chats": `$expand=members` gives at most 25 chats at once, whatever `$top` says; they can be ordered
//! by their last message, newest first, and by nothing else. `lastUpdatedDateTime` is when a chat or its members were last
//! changed, not when somebody wrote.

use async_trait::async_trait;
use m365_types::Reach;
use serde::{Deserialize, Serialize};

use crate::action::{Account, Answer, Context, Invocation, own};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::listing::{Bounds, Listed, Wording, gather};
use crate::param::{Default as Otherwise, Integer, Param, defaulted};
use crate::shape::{self, Cleaner};
use crate::wire::NAME_MAX;

pub(crate) static COUNT: Param<Integer, Otherwise> =
    defaulted("count", "Number of chats", Integer { min: 1, max: 50 }, Otherwise::Number(20));

/// Properties that every chat has.
pub(super) const FIELDS: &[&str] = &["id", "chatType", "members"];
const TOPIC_MAX: usize = 250;
/// Members of one chat that are named.
const MEMBERS_MAX: usize = 10;
const PAGES_MAX: usize = 3;

pub(crate) fn list_chats(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let count = given.read(&COUNT)?;
    Some(Box::new(ListChats { count }))
}

struct ListChats {
    count: u32,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphChat {
    id: Option<String>,
    topic: Option<String>,
    chat_type: Option<String>,
    last_updated_date_time: Option<String>,
    members: Option<Vec<GraphMember>>,
    web_url: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphMember {
    display_name: Option<String>,
    email: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Chat {
    id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    topic: String,
    #[serde(rename = "chatType")]
    kind: String,
    /// Names of the others.
    members: Vec<String>,
    #[serde(skip_serializing_if = "is_none")]
    more_members: usize,
    last_updated: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_url: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_none(count: &usize) -> bool {
    *count == 0
}

#[async_trait]
impl Invocation for ListChats {
    fn reach(&self) -> Reach {
        own()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[])?;
        request.query = vec![
            ("$top", self.count.to_string()),
            ("$expand", "members".to_owned()),
            ("$orderby", "lastMessagePreview/createdDateTime desc".to_owned()),
        ];
        let bounds = Bounds { pages: PAGES_MAX, items: self.count as usize, linked: true };
        let chats = gather::<GraphChat>(context, &request, bounds).await?;
        let chats = chats.filter_map(|chat| Some(chat.without(context.account)));
        let head = |count: usize| {
            let ending = if count == 1 { "" } else { "s" };
            format!("{count} chat{ending}, newest message first.")
        };
        let wording = Wording { name: "chats", none: "No chats.", head: &head, more: "There are more." };
        Ok(chats.answer::<Chat>(context, &wording))
    }
}

impl GraphChat {
    /// The chat with its other members alone.
    fn without(mut self, account: &Account) -> Self {
        let own = account.microsoft.as_deref().unwrap_or(account.email.as_str());
        let is_other = |member: &GraphMember| {
            !member.email.as_deref().is_some_and(|address| address.eq_ignore_ascii_case(own))
        };
        if let Some(members) = &mut self.members {
            members.retain(is_other);
        }
        self
    }
}

impl Listed for Chat {
    type Given = GraphChat;

    fn of(given: &GraphChat, cleaner: &mut Cleaner) -> Self {
        let members = given.members.as_deref().unwrap_or_default();
        let names = members.iter().map(|member| cleaner.line(member.display_name.as_deref(), NAME_MAX));
        let names: Vec<String> = names.filter(|name| !name.is_empty()).take(MEMBERS_MAX).collect();
        Self {
            id: shape::id(given.id.as_deref()),
            topic: cleaner.line(given.topic.as_deref(), TOPIC_MAX),
            kind: shape::id(given.chat_type.as_deref()),
            more_members: members.len().saturating_sub(names.len()),
            members: names,
            last_updated: shape::id(given.last_updated_date_time.as_deref()),
            web_url: shape::link(given.web_url.as_deref()),
        }
    }

    fn words(&self, number: usize) -> String {
        let more = match self.more_members {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let with = self.members.join(", ") + &more;
        let title = match (self.topic.as_str(), with.as_str()) {
            ("", "") => "(nobody else)".to_owned(),
            ("", with) => with.to_owned(),
            (topic, "") => topic.to_owned(),
            (topic, with) => format!("{topic}: {with}"),
        };
        format!("{number}. {title} ({})\n   id {}", self.kind, self.id)
    }
}

#[cfg(test)]
#[path = "chats_tests.rs"]
mod tests;
