//! Chats: between two people, in groups, around meetings.
//!
//! Source: Graph, "List chats", "List messages in a chat", "Create chat", "Send chatMessage". A chat belongs to its members:
//! whoever is not in it gets 403, and nobody sees it in a list. Between two people there is one chat at most. A person's
//! chats with colleagues are there before anybody uses them, dated by the first use.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::chat_message::{DEFAULT_PAGE, Place, Said, check_top, encode, next_link};
use super::conversation_members::shown;
use super::errors::{GraphError, Workload};
use super::message::object;
use super::roster::Member;
use super::view::{Page, View};
use super::zones::rfc3339;
use super::{new_chat, seed};

/// The most chats on a page with their members.
const MOST_WITH_MEMBERS: usize = 25;
const LAST_MESSAGE: &str = "lastMessagePreview/createdDateTime";

/// Every chat of the tenant.
#[derive(Default)]
pub(super) struct Chats {
    kept: Mutex<Kept>,
}

#[derive(Default)]
pub(super) struct Kept {
    /// Object ids of those whose chats are there.
    seeded: HashSet<String>,
    pub(super) chats: Vec<Chat>,
}

pub(super) struct Chat {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) topic: Option<String>,
    pub(super) changed_ms: i64,
    pub(super) members: Vec<Member>,
    /// Oldest first.
    pub(super) messages: Vec<Written>,
}

pub(super) struct Written {
    /// E-mail address of the caller who wrote it.
    pub(super) by: Option<String>,
    pub(super) at_ms: i64,
    pub(super) fields: Map<String, Value>,
}

impl Chats {
    /// Looks at every chat; those of the person are filled at their first use.
    pub(super) fn with<T>(
        &self,
        person: &Member,
        tenant: &str,
        now_ms: i64,
        look: impl FnOnce(&mut Kept) -> T,
    ) -> T {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.seeded.insert(person.id.clone()) {
            let seeded = seed::chats(person, tenant, now_ms);
            kept.chats.extend(seeded);
        }
        look(&mut kept)
    }

    /// What callers wrote: one person, or everybody.
    pub(super) fn written(&self, person: Option<&str>) -> Vec<Value> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let by = |message: &&Written| {
            let by = message.by.as_deref();
            by.is_some_and(|by| person.is_none_or(|person| by.eq_ignore_ascii_case(person)))
        };
        let messages = kept.chats.iter().flat_map(|chat| &chat.messages);
        messages.filter(by).map(|message| Value::Object(message.fields.clone())).collect()
    }
}

impl Chat {
    pub(super) fn has(&self, id: &str) -> bool {
        self.members.iter().any(|member| member.id == id)
    }

    fn last_ms(&self) -> i64 {
        self.messages.last().map_or(self.changed_ms, |message| message.at_ms)
    }

    /// The resource, without what is given on request.
    pub(super) fn fields(&self, tenant: &str) -> Map<String, Value> {
        let at = rfc3339(self.changed_ms);
        let meeting = (self.kind == "meeting").then(|| {
            json!({"calendarEventId": null, "joinWebUrl": format!("https://teams.microsoft.com/l/meetup-join/{}/0", encode(&self.id)), "organizer": null})
        });
        object(json!({
            "id": self.id, "topic": self.topic, "createdDateTime": at, "lastUpdatedDateTime": at,
            "chatType": self.kind, "tenantId": tenant, "onlineMeetingInfo": meeting, "isHiddenForAllMembers": false,
            "viewpoint": {"isHidden": false, "lastMessageReadDateTime": "0001-01-01T00:00:00Z"},
            "webUrl": format!("https://teams.microsoft.com/l/chat/{}/0?tenantId={tenant}", encode(&self.id)),
        }))
    }

    fn members(&self, tenant: &str) -> Value {
        self.members.iter().map(|one| Value::Object(shown(&self.id, one, Some("owner"), tenant))).collect()
    }

    /// Everything about it, for the control interface.
    pub(super) fn shown(&self, tenant: &str) -> Value {
        let mut fields = self.fields(tenant);
        fields.insert("members".to_owned(), self.members(tenant));
        Value::Object(fields)
    }
}

/// `GET /me/chats`.
pub(super) fn list(call: &Call<'_>) -> Result<Answer, GraphError> {
    check_top(call)?;
    let expand = &call.options.expand;
    if let Some(unknown) =
        expand.iter().find(|name| !["members", "lastMessagePreview"].contains(&name.as_str()))
    {
        return Err(GraphError::bad_request(format!("The expand property '{unknown}' is not supported.")));
    }
    let by_message = !call.options.order.is_empty();
    check_order(call, &[LAST_MESSAGE])?;
    let tenant = &call.estate.config.tenant_id;
    within(call, |kept| {
        let mut chats: Vec<&Chat> = kept.chats.iter().filter(|chat| chat.has(&call.person.oid)).collect();
        let at = |chat: &&Chat| if by_message { chat.last_ms() } else { chat.changed_ms };
        chats.sort_by_key(|chat| std::cmp::Reverse(at(chat)));
        let with_members = expand.iter().any(|name| name == "members");
        let most = if with_members { MOST_WITH_MEMBERS } else { usize::MAX };
        let start = call.options.skip.min(chats.len());
        let end = start.saturating_add(call.options.top.unwrap_or(DEFAULT_PAGE).min(most)).min(chats.len());
        let fields: Vec<Map<String, Value>> = chats
            .get(start..end)
            .unwrap_or_default()
            .iter()
            .map(|chat| {
                let mut fields = chat.fields(tenant);
                if with_members {
                    fields.insert("members".to_owned(), chat.members(tenant));
                }
                if expand.iter().any(|name| name == "lastMessagePreview") {
                    fields.insert("lastMessagePreview".to_owned(), preview(chat));
                }
                fields
            })
            .collect();
        let list = Page {
            context: "https://graph.microsoft.com/v1.0/$metadata#chats".to_owned(),
            count: Some(fields.len()),
            value: fields.iter().map(View::whole).collect(),
            next: (end < chats.len()).then(|| next_link(call, end)),
        };
        Ok(Answer::json(200, &list))
    })
}

fn preview(chat: &Chat) -> Value {
    let Some(last) = chat.messages.last() else { return Value::Null };
    let kept = ["id", "createdDateTime", "messageType", "eventDetail", "body", "from"];
    let mut preview = last.fields.clone();
    preview.retain(|name, _| kept.contains(&name.as_str()));
    preview.insert(
        "isDeleted".to_owned(),
        json!(!last.fields.get("deletedDateTime").is_none_or(Value::is_null)),
    );
    Value::Object(preview)
}

/// `GET /chats/{id}`.
pub(super) fn one(call: &Call<'_>) -> Result<Answer, GraphError> {
    let tenant = &call.estate.config.tenant_id;
    within(call, |kept| {
        let fields = chat(kept, call)?.fields(tenant);
        let context = "https://graph.microsoft.com/v1.0/$metadata#chats/$entity".to_owned();
        Ok(Answer::json(200, &View::whole(&fields).context(context)))
    })
}

/// `GET /chats/{id}/members`: everybody at once.
pub(super) fn members(call: &Call<'_>) -> Result<Answer, GraphError> {
    let tenant = &call.estate.config.tenant_id;
    within(call, |kept| {
        let chat = chat(kept, call)?;
        let members: Vec<Map<String, Value>> =
            chat.members.iter().map(|one| shown(&chat.id, one, Some("owner"), tenant)).collect();
        let list = Page {
            context: format!(
                "https://graph.microsoft.com/v1.0/$metadata#chats('{}')/members",
                encode(&chat.id)
            ),
            count: Some(members.len()),
            value: members.iter().map(View::whole).collect(),
            next: None,
        };
        Ok(Answer::json(200, &list))
    })
}

/// `GET /chats/{id}/messages`, newest first.
pub(super) fn messages(call: &Call<'_>) -> Result<Answer, GraphError> {
    check_top(call)?;
    check_order(call, &["createdDateTime", "lastModifiedDateTime"])?;
    within(call, |kept| {
        let chat = chat(kept, call)?;
        let (range, next) = call.options.page(chat.messages.len(), DEFAULT_PAGE);
        let found: Vec<_> = chat.messages.iter().rev().map(|message| &message.fields).collect();
        let list = Page {
            context: context(call.id(0)),
            count: Some(range.len()),
            value: found.get(range).unwrap_or_default().iter().map(|fields| View::whole(fields)).collect(),
            next: next.map(|at| next_link(call, at)),
        };
        Ok(Answer::json(200, &list))
    })
}

/// `POST /chats/{id}/messages`.
pub(super) fn send(call: &Call<'_>) -> Result<Answer, GraphError> {
    within(call, |kept| {
        let chat = chat(kept, call)?;
        let said = Said::read(call)?;
        // No two messages of a chat are of the same millisecond, which is their id.
        let at_ms = chat.messages.last().map_or(call.now_ms, |last| call.now_ms.max(last.at_ms + 1));
        let tenant = &call.estate.config.tenant_id;
        let fields = said.fields(Place::Chat(&chat.id), tenant, &at_ms.to_string(), at_ms);
        let view = View::whole(&fields).context(context(&chat.id) + "/$entity");
        let answer = Answer::json(201, &view);
        chat.messages.push(Written { by: Some(call.person.email.clone()), at_ms, fields });
        Ok(answer)
    })
}

/// `POST /chats`.
pub(super) fn create(call: &Call<'_>) -> Result<Answer, GraphError> {
    let wanted = new_chat::read(call)?;
    let tenant = &call.estate.config.tenant_id;
    within(call, |kept| {
        let known = kept.chats.iter().find(|chat| chat.id == wanted.id);
        let fields = known.unwrap_or(&wanted).fields(tenant);
        let context = "https://graph.microsoft.com/v1.0/$metadata#chats/$entity".to_owned();
        let answer = Answer::json(201, &View::whole(&fields).context(context));
        if known.is_none() {
            kept.chats.push(wanted);
        }
        Ok(answer)
    })
}

fn within<T>(
    call: &Call<'_>,
    look: impl FnOnce(&mut Kept) -> Result<T, GraphError>,
) -> Result<T, GraphError> {
    call.tenant.chats.with(&Member::of(call.person), &call.estate.config.tenant_id, call.now_ms, look)
}

/// The chat in the path, if the caller is in it.
fn chat<'a>(kept: &'a mut Kept, call: &Call<'_>) -> Result<&'a mut Chat, GraphError> {
    let id = call.id(0);
    let shaped = id.strip_prefix("19:").and_then(|rest| rest.split_once('@'));
    if !shaped.is_some_and(|(_, kind)| ["thread.v2", "unq.gbl.spaces"].contains(&kind)) {
        return Err(GraphError::bad_request(format!("Invalid chat id '{id}'.")));
    }
    let found = kept.chats.iter_mut().find(|chat| chat.id == id);
    let found = found.ok_or_else(|| GraphError::not_found(Workload::Teams, id))?;
    if found.has(&call.person.oid) {
        Ok(found)
    } else {
        Err(GraphError::new(403, "Forbidden", "InsufficientPrivileges"))
    }
}

/// A list of Teams is ordered by one of these, newest first, and by nothing else.
fn check_order(call: &Call<'_>, known: &[&str]) -> Result<(), GraphError> {
    let fits = match call.options.order.as_slice() {
        [] => true,
        [one] => one.descending && known.contains(&one.path.as_str()),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err(GraphError::bad_request(format!(
        "Only '{} desc' is supported for $orderby.",
        known.join(" desc' and '")
    )))
}

fn context(chat: &str) -> String {
    format!("https://graph.microsoft.com/v1.0/$metadata#chats('{}')/messages", encode(chat))
}
