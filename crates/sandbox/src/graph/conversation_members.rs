//! Who is in a channel.
//!
//! Source: Graph, "List allMembers" and `aadUserConversationMember`: a guest of the tenant has the role `guest`, an owner
//! `owner`, everybody else none; the address is the one of the person's own organisation. The members of a team that is a
//! group with guests are those of the group; in every other team are the colleagues that mailboxes are full of. Whoever asks
//! is one of them. Who else is registered is in no team, so that who a post reaches does not change while others are added.

use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::chat_message::{encode, next_link};
use super::errors::GraphError;
use super::message::object;
use super::roster::{self, Member};
use super::seed;
use super::seed::directory::groups;
use super::teams::{channel, team};
use super::view::{Page, View};

/// Members on a page where nothing is said, and at most.
const PAGE: usize = 100;
const PAGE_MAX: usize = 999;

/// A member of a conversation, with this role besides that of a guest.
pub(super) fn shown(
    conversation: &str,
    member: &Member,
    role: Option<&str>,
    tenant: &str,
) -> Map<String, Value> {
    let role = if member.guest { Some("guest") } else { role };
    let roles: Vec<&str> = role.into_iter().collect();
    object(json!({
        "@odata.type": "#microsoft.graph.aadUserConversationMember",
        "id": encode(&format!("{conversation}/{}", member.id)), "roles": roles, "displayName": member.name,
        "visibleHistoryStartDateTime": "0001-01-01T00:00:00Z", "userId": member.id, "email": member.email,
        "tenantId": tenant,
    }))
}

/// `GET /teams/{id}/channels/{id}/allMembers`.
pub(super) fn of_channel(call: &Call<'_>) -> Result<Answer, GraphError> {
    let team = team(call)?;
    let name = channel(call, team)?;
    let tenant = &call.estate.config.tenant_id;
    let members = match groups().into_iter().find(|group| group.id() == team.id()) {
        Some(group) => group.members,
        None => seed::staff().map(|member| member.id).collect(),
    };
    let is_in = |member: &Member| members.contains(&member.id) || member.id == call.person.oid;
    let members: Vec<Map<String, Value>> = roster::everybody(call.estate)
        .filter(is_in)
        .enumerate()
        .map(|(place, member)| {
            shown(&format!("{}/{name}", team.id()), &member, (place == 0).then_some("owner"), tenant)
        })
        .collect();
    if call.options.top.is_some_and(|top| !(1..=PAGE_MAX).contains(&top)) {
        return Err(GraphError::bad_request("The limit of '999' for Top query has been exceeded."));
    }
    let (range, next) = call.options.page(members.len(), PAGE);
    let list = Page {
        context: format!(
            "https://graph.microsoft.com/v1.0/$metadata#teams('{}')/channels('{}')/allMembers",
            team.id(),
            encode(call.id(1))
        ),
        count: Some(range.len()),
        value: members.get(range).unwrap_or_default().iter().map(View::whole).collect(),
        next: next.map(|at| next_link(call, at)),
    };
    Ok(Answer::json(200, &list))
}
