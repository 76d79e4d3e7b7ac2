//! Opening a chat.
//!
//! Source: Graph, "Create chat". Everybody in it is named, the person too, each with a role: an in-tenant guest, whose
//! principal name holds `#EXT#`, is a guest, everybody else an owner. Between two people there is one chat, and Graph gives
//! the one there is. A topic is a group's, without a colon. Whether somebody is a guest is asked of the directory.

use async_trait::async_trait;
use m365_types::{Email, Method, Reach, Recipient, ResolvedEffect, Role, Scope, Standing};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::presence::USER;
use super::send::with_link;
use crate::action::{Answer, Context, Invocation, at};
use crate::arguments::Given;
use crate::effect;
use crate::error::ActionError;
use crate::members::is_guest_name;
use crate::param::{Addresses, Optional, Param, Required, Text, optional, required};
use crate::shape;

pub(crate) static MEMBERS: Param<Addresses, Required> =
    required("members", "E-mail addresses of the others", Addresses { max: 50 });
pub(crate) static TOPIC: Param<Text, Optional> =
    optional("topic", "Group name; makes even two people a group", Text { min: 1, max: 250, lines: false });

/// As many people as one batch asks for.
const BATCH: usize = 20;
const USER_SELECT: &str = "displayName,userPrincipalName,userType";

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

/// Somebody as the directory shows them to the basic permission.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphUser {
    display_name: Option<String>,
    user_principal_name: Option<String>,
    user_type: Option<String>,
}

#[async_trait]
impl Invocation for CreateChat {
    fn reach(&self) -> Reach {
        Reach { recipients: self.members.clone(), ..at("chats") }
    }

    fn effect(&self) -> ResolvedEffect {
        self.effect_on(None)
    }

    fn must_look(&self) -> bool {
        true
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        let mut effect = self.effect_on(Some(own(context)));
        if !context.account.has_any(&[Scope::UserReadBasicAll]) {
            return Ok(effect);
        }
        for some in effect.recipients.chunks_mut(BATCH) {
            let mut requests = Vec::with_capacity(some.len());
            for recipient in some.iter() {
                let address = recipient.address.as_ref().map_or("", Email::as_str);
                let mut request = context.graph.request_to(Method::Get, USER, None, &[address])?;
                request.query = vec![("$select", USER_SELECT.to_owned())];
                requests.push(request);
            }
            for (recipient, answer) in some.iter_mut().zip(context.graph.batch(requests).await?) {
                match answer {
                    Ok(answer) => {
                        let given: GraphUser =
                            serde_json::from_slice(&answer.body).map_err(|_| context.graph.unreadable())?;
                        given.tell(recipient);
                    }
                    // Nobody of the organisation has this name; rules look at its domain.
                    Err(error) if error.is_not_found() || error.is_forbidden() => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(effect)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[])?;
        request.body = Some(Value::Object(self.to_graph(own(context))).into());
        let created: Created = context.graph.fetch(request).await?;
        let id = shape::id(created.id.as_deref());
        let structured = json!({ "id": id, "chatType": shape::id(created.chat_type.as_deref()) });
        Ok(with_link(format!("Chat open: {id}"), structured, created.web_url.as_deref()))
    }
}

impl GraphUser {
    /// Inside is whom the directory knows by a principal name that is no guest's.
    fn tell(&self, recipient: &mut Recipient) {
        let name = effect::line(self.display_name.as_deref());
        recipient.name = Some(name).filter(|name| !name.is_empty());
        let is_guest = self.user_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("guest"));
        recipient.said = match self.user_principal_name.as_deref() {
            Some(name) if is_guest || is_guest_name(name) => Standing::Outside,
            Some(_) => Standing::Inside,
            None if is_guest => Standing::Outside,
            None => Standing::Unknown,
        };
    }
}

/// The principal name of whoever is signed in.
fn own<'a>(context: &Context<'a>) -> &'a str {
    let account = context.account;
    account.microsoft.as_deref().unwrap_or(account.email.as_str())
}

impl CreateChat {
    /// What it does; the person is left out where it is known who they are.
    fn effect_on(&self, own: Option<&str>) -> ResolvedEffect {
        let mut effect = ResolvedEffect::of(self.reach(), Role::Member);
        let is_other = |one: &Recipient| {
            let address = one.address.as_ref().map_or("", Email::as_str);
            own.is_none_or(|own| !address.eq_ignore_ascii_case(own))
        };
        effect.recipients.retain(is_other);
        let is_group = self.is_group(effect.recipients.len());
        effect::say(&mut effect, "Chat", if is_group { "a group" } else { "with one other person" });
        effect::say(&mut effect, "Name of the group", self.topic.clone().unwrap_or_default());
        effect
    }

    fn is_group(&self, others: usize) -> bool {
        self.topic.is_some() || others > 1
    }

    fn to_graph(&self, own: &str) -> Map<String, Value> {
        let others =
            || self.members.iter().map(Email::as_str).filter(|other| !other.eq_ignore_ascii_case(own));
        let is_group = self.is_group(others().count());
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
    let is_guest = is_guest_name(principal);
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
