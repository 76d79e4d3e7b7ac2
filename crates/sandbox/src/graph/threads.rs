//! The messages of channels: posts, and the replies below each.
//!
//! Source: Graph, "List channel messages", "List replies", "Send chatMessage". A channel's list has no replies. Everything
//! that was there before anybody used a channel is dated by its first use. Posts have no idempotency key.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};

use super::call::{Answer, Call};
use super::chat_message::{DEFAULT_PAGE, Place, Said, check_top, encode, next_link};
use super::errors::{GraphError, Workload};
use super::seed;
use super::teams::{Team, channel, team};
use super::view::{Page, View};

const MINUTE_MS: i64 = 60_000;

/// What stands in channels, by channel, oldest first.
#[derive(Default)]
pub(super) struct Posts {
    kept: Mutex<HashMap<String, Vec<Post>>>,
}

struct Post {
    /// E-mail address of the caller who wrote it.
    by: Option<String>,
    parent: Option<String>,
    fields: Map<String, Value>,
}

impl Post {
    fn id(&self) -> &str {
        self.fields.get("id").and_then(Value::as_str).unwrap_or_default()
    }
}

impl Posts {
    /// What one person posted and replied, or everybody.
    pub(super) fn of(&self, person: Option<&str>) -> Vec<Value> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let by = |post: &&Post| {
            let by = post.by.as_deref();
            by.is_some_and(|by| person.is_none_or(|person| by.eq_ignore_ascii_case(person)))
        };
        let mut found: Vec<&Post> = kept.values().flatten().filter(by).collect();
        found.sort_by(|one, other| one.id().cmp(other.id()));
        found.into_iter().map(|post| Value::Object(post.fields.clone())).collect()
    }

    /// Everything in a channel.
    pub(super) fn history(&self, team: &Team, channel: &str, tenant: &str, now_ms: i64) -> Vec<Value> {
        self.with(team, channel, tenant, now_ms, |posts| {
            posts.iter().map(|post| Value::Object(post.fields.clone())).collect()
        })
    }

    /// Looks at a channel, which is filled at its first use.
    fn with<T>(
        &self,
        team: &Team,
        channel: &str,
        tenant: &str,
        now_ms: i64,
        look: impl FnOnce(&mut Vec<Post>) -> T,
    ) -> T {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let posts =
            kept.entry(channel.to_owned()).or_insert_with(|| seeded(&team.id(), channel, tenant, now_ms));
        look(posts)
    }
}

fn seeded(team: &str, channel: &str, tenant: &str, now_ms: i64) -> Vec<Post> {
    let mut posts = Vec::new();
    let threads = seed::threads(channel);
    let count = i64::try_from(threads.len()).unwrap_or_default();
    for ((said, replies), number) in threads.into_iter().zip(0_i64..) {
        let began_ms = now_ms - (count - number) * 190 * MINUTE_MS;
        let id = began_ms.to_string();
        let place = Place::Channel { team, channel, parent: None };
        posts.push(Post { by: None, parent: None, fields: said.fields(place, tenant, &id, began_ms) });
        for (reply, later) in replies.into_iter().zip(1_i64..) {
            let at_ms = began_ms + later * MINUTE_MS;
            let place = Place::Channel { team, channel, parent: Some(&id) };
            let fields = reply.fields(place, tenant, &at_ms.to_string(), at_ms);
            posts.push(Post { by: None, parent: Some(id.clone()), fields });
        }
    }
    posts
}

/// `GET /teams/{id}/channels/{id}/messages`: posts, newest first.
pub(super) fn messages(call: &Call<'_>) -> Result<Answer, GraphError> {
    list(call, None, "")
}

/// `GET /teams/{id}/channels/{id}/messages/{id}/replies`, newest first.
pub(super) fn replies(call: &Call<'_>) -> Result<Answer, GraphError> {
    list(call, Some(call.id(2)), "/replies")
}

fn list(call: &Call<'_>, parent: Option<&str>, below: &str) -> Result<Answer, GraphError> {
    check_top(call)?;
    within(call, |posts| {
        check_parent(posts, parent)?;
        let found = posts.iter().rev().filter(|post| post.parent.as_deref() == parent);
        let found: Vec<_> = found.map(|post| &post.fields).collect();
        let (range, next) = call.options.page(found.len(), DEFAULT_PAGE);
        let list = Page {
            context: context(call) + below,
            count: Some(range.len()),
            value: found.get(range).unwrap_or_default().iter().map(|post| View::whole(post)).collect(),
            next: next.map(|at| next_link(call, at)),
        };
        Ok(Answer::json(200, &list))
    })
}

/// `POST /teams/{id}/channels/{id}/messages`.
pub(super) fn post(call: &Call<'_>) -> Result<Answer, GraphError> {
    write(call, None)
}

/// `POST /teams/{id}/channels/{id}/messages/{id}/replies`.
pub(super) fn reply(call: &Call<'_>) -> Result<Answer, GraphError> {
    write(call, Some(call.id(2)))
}

fn write(call: &Call<'_>, parent: Option<&str>) -> Result<Answer, GraphError> {
    within(call, |posts| {
        check_parent(posts, parent)?;
        let said = Said::read(call)?;
        // No two messages of a channel are of the same millisecond, which is their id.
        let newest = posts.iter().filter_map(|post| post.id().parse::<i64>().ok()).max();
        let id = newest.map_or(call.now_ms, |newest| call.now_ms.max(newest + 1)).to_string();
        let (team, channel) = (call.id(0), call.id(1));
        let place = Place::Channel { team, channel, parent };
        let fields = said.fields(place, &call.estate.config.tenant_id, &id, call.now_ms);
        let view = View::whole(&fields).context(context(call) + "/$entity");
        let answer = Answer::json(201, &view);
        posts.push(Post { by: Some(call.person.email.clone()), parent: parent.map(str::to_owned), fields });
        Ok(answer)
    })
}

/// The posts of the channel in the path.
fn within<T>(
    call: &Call<'_>,
    look: impl FnOnce(&mut Vec<Post>) -> Result<T, GraphError>,
) -> Result<T, GraphError> {
    let team = team(call)?;
    channel(call, team)?;
    call.tenant.posts.with(team, call.id(1), &call.estate.config.tenant_id, call.now_ms, look)
}

/// Whether there is such a post; a reply is none.
fn check_parent(posts: &[Post], parent: Option<&str>) -> Result<(), GraphError> {
    let Some(parent) = parent else { return Ok(()) };
    if parent.is_empty() || !parent.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(GraphError::bad_request(format!("Invalid message id '{parent}'.")));
    }
    if posts.iter().any(|post| post.parent.is_none() && post.id() == parent) {
        return Ok(());
    }
    Err(GraphError::not_found(Workload::Teams, parent))
}

fn context(call: &Call<'_>) -> String {
    format!(
        "https://graph.microsoft.com/v1.0/$metadata#teams('{}')/channels('{}')/messages",
        call.id(0),
        encode(call.id(1))
    )
}
