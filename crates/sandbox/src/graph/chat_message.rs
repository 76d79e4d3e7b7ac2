//! Messages of chats and channels: what one looks like, and what Teams takes of a caller.
//!
//! Source: Graph `chatMessage` and `chatMessageMention` resources; Teams' limits page. A mention is an `<at>` in HTML and an
//! entry of `mentions` under the same number: one without the other is refused.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::call::Call;
use super::errors::GraphError;
use super::message::object;
use super::odata::lookup;
use super::roster::Member;
use super::schema;
use super::zones::rfc3339;

/// Largest message, in bytes of content.
const MAX_CONTENT_BYTES: usize = 28 * 1024;
/// Messages on a page that asks for no number, and the most that one may ask for.
pub(super) const DEFAULT_PAGE: usize = 20;
pub(super) const MOST_ON_PAGE: usize = 50;

/// Where a message stands.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Channel { team: &'a str, channel: &'a str, parent: Option<&'a str> },
    Chat(&'a str),
}

/// What a message says, wherever it stands.
pub(super) struct Said {
    /// `None`: Teams itself says it.
    pub(super) from: Option<Member>,
    pub(super) body: Value,
    pub(super) subject: Value,
    pub(super) importance: String,
    pub(super) attachments: Value,
    pub(super) mentions: Value,
    pub(super) deleted: bool,
}

impl Said {
    pub(super) fn new(from: Option<Member>, content_type: &str, content: &str) -> Self {
        Self {
            from,
            body: json!({"contentType": content_type, "content": content}),
            subject: Value::Null,
            importance: "normal".to_owned(),
            attachments: json!([]),
            mentions: json!([]),
            deleted: false,
        }
    }

    /// What the caller says, if Teams takes it.
    ///
    /// # Errors
    /// 400 for what is not a message, 413 for one that is too long.
    pub(super) fn read(call: &Call<'_>) -> Result<Self, GraphError> {
        schema::check_body("chatMessage", &call.body)?;
        let content = lookup(&call.body, "body/content").as_str().unwrap_or_default();
        if content.is_empty() {
            return Err(GraphError::bad_request("Missing body content"));
        }
        if content.len() > MAX_CONTENT_BYTES {
            return Err(GraphError::new(413, "RequestEntityTooLarge", "The message is too large."));
        }
        let kind = lookup(&call.body, "body/contentType").as_str().unwrap_or("text").to_lowercase();
        let listed = |name: &str| {
            call.body.get(name).filter(|value| value.is_array()).cloned().unwrap_or_else(|| json!([]))
        };
        let mentions = listed("mentions");
        check_mentions(mentions.as_array().map_or(&[], Vec::as_slice), &kind, content)?;
        let importance = lookup(&call.body, "importance").as_str().unwrap_or("normal").to_lowercase();
        Ok(Self {
            subject: lookup(&call.body, "subject").clone(),
            importance,
            attachments: listed("attachments"),
            mentions,
            ..Self::new(Some(Member::of(call.person)), &kind, content)
        })
    }

    /// The whole resource.
    pub(super) fn fields(self, place: Place<'_>, tenant: &str, id: &str, at_ms: i64) -> Map<String, Value> {
        let at = rfc3339(at_ms);
        let from = self.from.as_ref().map(|member| {
            json!({"application": null, "device": null, "user": {
                "@odata.type": "#microsoft.graph.teamworkUserIdentity", "id": member.id,
                "displayName": member.name, "userIdentityType": "aadUser", "tenantId": tenant}})
        });
        // Without the preference for unknown values, Graph writes what Teams says itself this way.
        let kind = if from.is_some() { "message" } else { "unknownFutureValue" };
        let event = json!({"@odata.type": "#microsoft.graph.membersAddedEventMessageDetail",
            "visibleHistoryStartDateTime": "0001-01-01T00:00:00Z", "members": []});
        let body = if self.deleted { json!({"contentType": "html", "content": ""}) } else { self.body };
        let mut fields = object(json!({
            "id": id, "replyToId": null, "etag": id, "messageType": kind, "createdDateTime": at,
            "lastModifiedDateTime": at, "lastEditedDateTime": null,
            "deletedDateTime": self.deleted.then_some(&at), "subject": self.subject, "summary": null,
            "chatId": null, "importance": self.importance, "locale": "en-us", "webUrl": null,
            "channelIdentity": null, "policyViolation": null,
            "eventDetail": from.is_none().then_some(event), "from": from, "body": body,
            "attachments": self.attachments, "mentions": self.mentions, "reactions": [],
        }));
        let own = match place {
            Place::Chat(chat) => json!({"chatId": chat}),
            Place::Channel { team, channel, parent } => json!({
                "replyToId": parent, "channelIdentity": {"teamId": team, "channelId": channel},
                "webUrl": format!("https://teams.microsoft.com/l/message/{}/{id}?groupId={team}&tenantId={tenant}&createdTime={id}&parentMessageId={}", encode(channel), parent.unwrap_or(id)),
            }),
        };
        fields.extend(object(own));
        fields
    }
}

/// Every mention has its place in the content, and every place its mention.
fn check_mentions(mentions: &[Value], kind: &str, content: &str) -> Result<(), GraphError> {
    let mut listed = BTreeSet::new();
    for mention in mentions {
        let id = mention.get("id").and_then(Value::as_u64);
        let user = mention.pointer("/mentioned/user");
        let is_user = user.is_none_or(|user| {
            let id = user.get("id").and_then(Value::as_str).unwrap_or_default();
            uuid::Uuid::try_parse(id).is_ok() && user.get("userIdentityType") == Some(&json!("aadUser"))
        });
        let named = mention.get("mentionText").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        let (Some(id), true, true) = (id, is_user, named) else {
            return Err(GraphError::bad_request("Invalid mention in the request body."));
        };
        if !listed.insert(id.to_string()) {
            return Err(GraphError::bad_request("Mention ids must be unique."));
        }
    }
    let placed: BTreeSet<String> = if kind == "html" { marks(content) } else { BTreeSet::new() };
    match listed.symmetric_difference(&placed).next() {
        None => Ok(()),
        Some(id) => Err(GraphError::bad_request(format!(
            "Neither Body nor adaptive card content contains marker for mention with Id '{id}', or there is no such mention."
        ))),
    }
}

/// The numbers of the `<at>` elements.
fn marks(content: &str) -> BTreeSet<String> {
    let behind = content.split("<at id=\"").skip(1);
    behind.filter_map(|rest| rest.split_once('"').map(|(id, _)| id.to_owned())).collect()
}

pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// What stands in a path as it is, in links of Teams.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':').remove(b'@');

/// The next link of a list of Teams: `:` and `@` stand in its path as they are.
pub(super) fn next_link(call: &Call<'_>, at: usize) -> String {
    let segments = call.request.path.split('/').map(|segment| {
        utf8_percent_encode(&percent_decode_str(segment).decode_utf8_lossy(), PLAIN).to_string()
    });
    let path = segments.collect::<Vec<_>>().join("/");
    super::odata::next_link(&path, &call.request.query, "$skiptoken", at)
}

/// # Errors
/// 400 for more than Teams gives at once.
pub(super) fn check_top(call: &Call<'_>) -> Result<(), GraphError> {
    if call.options.top.is_some_and(|top| top > MOST_ON_PAGE) {
        return Err(GraphError::bad_request("The value of $top must be at most 50."));
    }
    Ok(())
}
