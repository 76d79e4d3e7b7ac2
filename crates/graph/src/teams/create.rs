//! Opening a chat.
//!
//! Source: Graph, "Create chat". Everybody in it is named, the person too, each with a role: an in-tenant guest, whose
//! principal name holds `#EXT#`, is a guest, everybody else an owner. Between two people there is one chat, and Graph gives
//! the one there is. A topic is a group's, without a colon.

use async_trait::async_trait;
use m365_types::{Email, Reach};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::send::with_link;
use crate::action::{Answer, Context, Invocation, at};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::param::{Addresses, Optional, Param, Required, Text, optional, required};
use crate::shape;

pub(crate) static MEMBERS: Param<Addresses, Required> =
    required("members", "E-mail addresses of the others", Addresses { max: 50 });
pub(crate) static TOPIC: Param<Text, Optional> =
    optional("topic", "Group name; makes even two people a group", Text { min: 1, max: 250, lines: false });

/// Marks the principal name of a guest.
const GUEST: &str = "#ext#";

pub(crate) fn create_chat(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let members = given.read(&MEMBERS);
    let topic = given.read(&TOPIC);
    if members.as_ref().is_some_and(Vec::is_empty) {
        given.refuse("members", "must name somebody");
    }
    if topic.as_ref().and_then(Option::as_ref).is_some_and(|topic| topic.contains(':')) {
        given.refuse("topic", "must have no colon, which Teams does not take");
    }
    Some(Box::new(CreateChat { members: members?, topic: topic? }))
}

struct CreateChat {
    members: Vec<Email>,
    topic: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Created {
    id: Option<String>,
    chat_type: Option<String>,
    web_url: Option<String>,
}

#[async_trait]
impl Invocation for CreateChat {
    fn reach(&self) -> Reach {
        Reach { recipients: self.members.clone(), ..at("chats") }
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let account = context.account;
        let own = account.microsoft.as_deref().unwrap_or(account.email.as_str());
        let mut request = context.graph.request(&[])?;
        request.body = Some(Value::Object(self.to_graph(own)).into());
        let created: Created = context.graph.fetch(request).await?;
        let id = shape::id(created.id.as_deref());
        let structured = json!({ "id": id, "chatType": shape::id(created.chat_type.as_deref()) });
        Ok(with_link(format!("Chat open: {id}"), structured, created.web_url.as_deref()))
    }
}

impl CreateChat {
    fn to_graph(&self, own: &str) -> Map<String, Value> {
        let others =
            || self.members.iter().map(Email::as_str).filter(|other| !other.eq_ignore_ascii_case(own));
        let is_group = self.topic.is_some() || others().count() > 1;
        let members: Vec<Value> = std::iter::once(own).chain(others()).map(member).collect();
        let mut chat = Map::from_iter([
            ("chatType".to_owned(), if is_group { "group" } else { "oneOnOne" }.into()),
            ("members".to_owned(), members.into()),
        ]);
        if let Some(topic) = &self.topic {
            chat.insert("topic".to_owned(), topic.as_str().into());
        }
        chat
    }
}

fn member(principal: &str) -> Value {
    let is_guest = principal.to_ascii_lowercase().contains(GUEST);
    json!({
        "@odata.type": "#microsoft.graph.aadUserConversationMember",
        "roles": [if is_guest { "guest" } else { "owner" }],
        "user@odata.bind": format!("https://graph.microsoft.com/v1.0/users('{}')", key(principal)),
    })
}

/// A principal name as the key in an address (OData 4.01 part 2, section 4.3.1): a quote is doubled, and what would end the
/// path or begin an escape is encoded.
fn key(principal: &str) -> String {
    let mut key = String::with_capacity(principal.len() + 8);
    for c in principal.chars() {
        match c {
            '\'' => key.push_str("''"),
            '%' => key.push_str("%25"),
            '#' => key.push_str("%23"),
            '?' => key.push_str("%3F"),
            '/' => key.push_str("%2F"),
            '\\' => key.push_str("%5C"),
            c => key.push(c),
        }
    }
    key
}

#[cfg(test)]
#[path = "create_tests.rs"]
mod tests;
