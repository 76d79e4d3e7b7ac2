//! Teams: the three teams of the tenant and their channels.
//!
//! Source: Teams' joinedTeams and channels APIs, which take hardly any query options. Everybody who is not a guest is a
//! member of every team.

use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::chat_message::encode;
use super::errors::{GraphError, Workload};
use super::ids::guid;
use super::message::object;
use super::threads::Posts;
use super::view::{Page, View};
use crate::people::Person;

/// A team and its channels: (display name, description).
pub(super) struct Team {
    name: &'static str,
    description: Option<&'static str>,
    visibility: &'static str,
    channels: &'static [(&'static str, &'static str)],
}

const TEAMS: [Team; 3] = [
    Team {
        name: "Northwind Launch",
        description: Some("Everything for the Northwind product launch"),
        visibility: "private",
        channels: &[
            ("General", "Welcome to the launch team"),
            ("Design reviews", "Screens, copy and open questions"),
            ("Press & partners", "Embargoes, quotes and contacts"),
        ],
    },
    Team {
        name: "Operations",
        description: None,
        visibility: "public",
        channels: &[("General", "Day-to-day operations"), ("Incidents", "One thread per incident")],
    },
    Team {
        name: "Finance & Controlling",
        description: Some("Forecasts, month-end and audits"),
        visibility: "private",
        channels: &[
            ("General", "Announcements"),
            ("Month-end", "Checklists and blockers"),
            ("Übersetzungen", "Texte für die Niederlassungen"),
        ],
    },
];

impl Team {
    pub(super) fn id(&self) -> String {
        guid(&format!("team/{}", self.name))
    }

    fn fields(&self, tenant: &str) -> Value {
        json!({"id": self.id(), "createdDateTime": null, "displayName": self.name,
            "description": self.description, "internalId": null, "classification": null,
            "specialization": null, "visibility": self.visibility, "webUrl": null, "isArchived": false,
            "tenantId": tenant, "memberSettings": null, "guestSettings": null, "messagingSettings": null,
            "funSettings": null})
    }

    fn channel_id(&self, channel: &str) -> String {
        let hex = guid(&format!("channel/{}/{channel}", self.name)).replace('-', "");
        format!("19:{hex}@thread.tacv2")
    }
}

/// The teams a person is in.
pub(super) fn of_member(person: &Person, tenant: &str) -> Vec<Value> {
    TEAMS.iter().filter(|_| !person.guest).map(|team| team.fields(tenant)).collect()
}

/// The channels of the teams a person is in, each with the `teamId` that Graph leaves to the path.
pub(super) fn channels_of_member(person: &Person, tenant: &str) -> Vec<Value> {
    let member = TEAMS.iter().filter(|_| !person.guest);
    let channel = |team: &Team, name: &str, about: &str| {
        let mut fields = channel_fields(tenant, team, name, about);
        fields.insert("teamId".to_owned(), Value::String(team.id()));
        Value::Object(fields)
    };
    member
        .flat_map(|team| team.channels.iter().map(move |(name, about)| channel(team, name, about)))
        .collect()
}

/// Everything that stands in the channels of a person, oldest first in each.
pub(super) fn history(posts: &Posts, person: &Person, tenant: &str, now_ms: i64) -> Vec<Value> {
    let member = TEAMS.iter().filter(|_| !person.guest);
    let channels =
        member.flat_map(|team| team.channels.iter().map(move |(name, _)| (team, team.channel_id(name))));
    channels.flat_map(|(team, channel)| posts.history(team, &channel, tenant, now_ms)).collect()
}

/// `GET /me/joinedTeams`.
pub(super) fn joined(call: &Call<'_>) -> Answer {
    let teams = of_member(&call.mailbox.owner, &call.estate.config.tenant_id);
    Answer::json(
        200,
        &json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#teams", "@odata.count": teams.len(), "value": teams}),
    )
}

/// `GET /teams/{id}/channels`.
pub(super) fn channels(call: &Call<'_>) -> Result<Answer, GraphError> {
    let team = team(call)?;
    let tenant = &call.estate.config.tenant_id;
    let mut channels: Vec<Map<String, Value>> =
        team.channels.iter().map(|(name, about)| channel_fields(tenant, team, name, about)).collect();
    channels.retain(|channel| call.options.filter.passes(channel));
    let list = Page {
        context: format!("https://graph.microsoft.com/v1.0/$metadata#teams('{}')/channels", team.id()),
        count: Some(channels.len()),
        value: channels.iter().map(|channel| View::new(channel, call.select())).collect(),
        next: None,
    };
    Ok(Answer::json(200, &list))
}

/// `GET /teams/{id}`.
pub(super) fn one(call: &Call<'_>) -> Result<Answer, GraphError> {
    let fields = object(team(call)?.fields(&call.estate.config.tenant_id));
    let context = "https://graph.microsoft.com/v1.0/$metadata#teams/$entity".to_owned();
    Ok(Answer::json(200, &View::new(&fields, call.select()).context(context)))
}

/// `GET /teams/{id}/channels/{id}`.
pub(super) fn one_channel(call: &Call<'_>) -> Result<Answer, GraphError> {
    let team = team(call)?;
    let wanted = channel(call, team)?;
    let about = team.channels.iter().find(|(name, _)| *name == wanted).map_or("", |(_, about)| *about);
    let fields = channel_fields(&call.estate.config.tenant_id, team, wanted, about);
    let context =
        format!("https://graph.microsoft.com/v1.0/$metadata#teams('{}')/channels/$entity", team.id());
    Ok(Answer::json(200, &View::new(&fields, call.select()).context(context)))
}

/// The team in the path, if the caller is in it.
///
/// # Errors
/// 403 for a guest, 400 for what cannot be a team, 404 for none.
pub(super) fn team(call: &Call<'_>) -> Result<&'static Team, GraphError> {
    let id = call.id(0);
    let found = TEAMS.iter().find(|team| team.id().eq_ignore_ascii_case(id));
    match found {
        Some(_) if call.mailbox.owner.guest => {
            Err(GraphError::new(403, "Forbidden", "The user is not a member of the team."))
        }
        Some(team) => Ok(team),
        None if uuid::Uuid::try_parse(id).is_err() => {
            Err(GraphError::bad_request(format!("teamId needs to be a valid GUID: '{id}'.")))
        }
        None => Err(GraphError::not_found(Workload::Teams, id)),
    }
}

/// The channel in the path.
///
/// # Errors
/// 404 where the team has none such.
pub(super) fn channel(call: &Call<'_>, team: &'static Team) -> Result<&'static str, GraphError> {
    let id = call.id(1);
    let found = team.channels.iter().find(|(name, _)| team.channel_id(name) == id).map(|(name, _)| *name);
    found.ok_or_else(|| GraphError::not_found(Workload::Teams, id))
}

fn channel_fields(tenant: &str, team: &Team, name: &str, about: &str) -> Map<String, Value> {
    let id = team.channel_id(name);
    let shown = encode(&id);
    object(json!({
        "id": id, "createdDateTime": "2025-05-27T19:22:25.692Z", "displayName": name, "description": about,
        "isFavoriteByDefault": null, "email": "", "tenantId": tenant, "membershipType": "standard",
        "isArchived": false,
        "webUrl": format!("https://teams.microsoft.com/l/channel/{shown}/{}?groupId={}&tenantId={tenant}", encode(name), team.id()),
    }))
}
