//! Teams: the three teams of the tenant, their channels, and posts.
//!
//! Source: Teams' joinedTeams, channels and chatMessage APIs, which take hardly any query options. Everybody who is not
//! a guest is a member of every team. Posts have no idempotency key.

use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::errors::{GraphError, Workload};
use super::ids::guid;
use super::message::object;
use super::odata::{lookup, next_link};
use super::schema;
use super::view::{Page, View};
use super::zones::rfc3339;
use crate::people::Person;

/// Largest channel message, in bytes of content.
const MAX_CONTENT_BYTES: usize = 28 * 1024;
const DEFAULT_MESSAGES: usize = 20;
const MOST_MESSAGES: usize = 50;

/// A team and its channels: (display name, description).
struct Team {
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

/// What was posted to channels, oldest first.
#[derive(Default)]
pub(super) struct Posts {
    kept: Mutex<Vec<Post>>,
}

struct Post {
    person: String,
    channel: String,
    message: Value,
}

impl Posts {
    /// The posts of one person, or all.
    pub(super) fn of(&self, person: Option<&str>) -> Vec<Value> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = |post: &&Post| person.is_none_or(|person| post.person.eq_ignore_ascii_case(person));
        kept.iter().filter(wanted).map(|post| post.message.clone()).collect()
    }

    fn in_channel(&self, channel: &str) -> Vec<Map<String, Value>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .rev()
            .filter(|post| post.channel == channel)
            .map(|post| object(post.message.clone()))
            .collect()
    }
}

impl Team {
    fn id(&self) -> String {
        guid(&format!("team/{}", self.name))
    }

    fn channel_id(&self, channel: &str) -> String {
        let hex = guid(&format!("channel/{}/{channel}", self.name)).replace('-', "");
        format!("19:{hex}@thread.tacv2")
    }
}

/// The teams a person is in.
pub(super) fn of_member(person: &Person, tenant: &str) -> Vec<Value> {
    TEAMS
        .iter()
        .filter(|_| !person.guest)
        .map(|team| {
            json!({"id": team.id(), "createdDateTime": null, "displayName": team.name,
                "description": team.description, "internalId": null, "classification": null,
                "specialization": null, "visibility": team.visibility, "webUrl": null, "isArchived": false,
                "tenantId": tenant, "memberSettings": null, "guestSettings": null, "messagingSettings": null,
                "funSettings": null})
        })
        .collect()
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

/// `GET /me/joinedTeams`.
pub(super) fn joined(call: &Call<'_>) -> Result<Answer, GraphError> {
    let teams = of_member(&call.mailbox.owner, &call.estate.config.tenant_id);
    Ok(Answer::json(
        200,
        &json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#teams", "@odata.count": teams.len(), "value": teams}),
    ))
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

/// `GET /teams/{id}/channels/{id}/messages`: posts, newest first.
pub(super) fn messages(call: &Call<'_>) -> Result<Answer, GraphError> {
    let team = team(call)?;
    channel(call, team)?;
    if call.options.top.is_some_and(|top| top > MOST_MESSAGES) {
        return Err(GraphError::bad_request("The value of $top must be at most 50."));
    }
    let posts = call.tenant.posts.in_channel(call.id(1));
    let (range, next) = call.options.page(posts.len(), DEFAULT_MESSAGES);
    let list = Page {
        context: messages_context(call),
        count: Some(range.len()),
        value: posts.get(range).unwrap_or_default().iter().map(|post| View::new(post, None)).collect(),
        next: next.map(|at| next_link(&call.request.path, &call.request.query, "$skiptoken", at)),
    };
    Ok(Answer::json(200, &list))
}

/// `POST /teams/{id}/channels/{id}/messages`.
pub(super) fn post(call: &Call<'_>) -> Result<Answer, GraphError> {
    let team = team(call)?;
    channel(call, team)?;
    schema::check_body("chatMessage", &call.body)?;
    let content = lookup(&call.body, "body/content").as_str().unwrap_or_default();
    if content.is_empty() {
        return Err(GraphError::bad_request("Missing body content"));
    }
    if content.len() > MAX_CONTENT_BYTES {
        return Err(GraphError::new(413, "RequestEntityTooLarge", "The message is too large."));
    }
    let message = message_fields(call, team);
    let kept = Post {
        person: call.mailbox.owner.email.clone(),
        channel: call.id(1).to_owned(),
        message: Value::Object(message.clone()),
    };
    call.tenant.posts.kept.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
    let view = View::new(&message, None).context(messages_context(call) + "/$entity");
    Ok(Answer::json(201, &view))
}

fn team(call: &Call<'_>) -> Result<&'static Team, GraphError> {
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

fn channel(call: &Call<'_>, team: &'static Team) -> Result<&'static str, GraphError> {
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

fn message_fields(call: &Call<'_>, team: &Team) -> Map<String, Value> {
    let owner = &call.mailbox.owner;
    let tenant = &call.estate.config.tenant_id;
    let posts = call.tenant.posts.kept.lock().unwrap_or_else(PoisonError::into_inner).len();
    let id = (call.now_ms.unsigned_abs() + u64::try_from(posts).unwrap_or_default()).to_string();
    let at = rfc3339(call.now_ms);
    let mut body = object(lookup(&call.body, "body").clone());
    let kind = body.get("contentType").and_then(Value::as_str).unwrap_or("text").to_lowercase();
    body.insert("contentType".to_owned(), Value::String(kind));
    let listed = |name: &str| {
        call.body.get(name).filter(|value| value.is_array()).cloned().unwrap_or_else(|| json!([]))
    };
    object(json!({
        "id": id, "replyToId": null, "etag": id, "messageType": "message", "createdDateTime": at,
        "lastModifiedDateTime": at, "lastEditedDateTime": null, "deletedDateTime": null,
        "subject": lookup(&call.body, "subject"), "summary": null, "chatId": null,
        "importance": lookup(&call.body, "importance").as_str().unwrap_or("normal").to_lowercase(),
        "locale": "en-us", "policyViolation": null, "eventDetail": null, "body": body,
        "webUrl": format!("https://teams.microsoft.com/l/message/{}/{id}?groupId={}&tenantId={tenant}&createdTime={id}&parentMessageId={id}", encode(call.id(1)), team.id()),
        "from": {"application": null, "device": null, "user": {
            "@odata.type": "#microsoft.graph.teamworkUserIdentity", "id": owner.oid,
            "displayName": owner.display_name, "userIdentityType": "aadUser", "tenantId": tenant}},
        "channelIdentity": {"teamId": team.id(), "channelId": call.id(1)},
        "attachments": listed("attachments"), "mentions": listed("mentions"), "reactions": [],
    }))
}

fn messages_context(call: &Call<'_>) -> String {
    format!(
        "https://graph.microsoft.com/v1.0/$metadata#teams('{}')/channels('{}')/messages",
        call.id(0),
        encode(call.id(1))
    )
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
