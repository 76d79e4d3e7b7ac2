//! To Do: `GET /me/todo/lists`, the tasks of a list, and a new task.
//!
//! Source: Graph's `todoTaskList` and `todoTask` resources, which Outlook keeps: its ids, its limits, its refusals. Ids have
//! one form. A due day is kept as midnight of the zone it was given in, and given back in UTC.

use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::errors::GraphError;
use super::ids::change_key;
use super::mailbox::{Content, absent};
use super::message::object;
use super::odata::next_link;
use super::schema;
use super::view::{Page, View};
use super::zones;

const PAGE: usize = 10;

/// A list and its tasks, oldest first.
pub(super) struct TaskList {
    pub(super) id: String,
    pub(super) name: &'static str,
    /// `defaultList`, `flaggedEmails` or `none`.
    pub(super) well_known: &'static str,
    pub(super) shared: bool,
    /// Each with its `id`.
    pub(super) tasks: Vec<Map<String, Value>>,
}

impl TaskList {
    fn fields(&self) -> Map<String, Value> {
        object(json!({
            "displayName": self.name, "isOwner": true, "isShared": self.shared,
            "wellknownListName": self.well_known, "id": self.id,
        }))
    }

    /// For the control interface.
    pub(super) fn shown(&self) -> Value {
        Value::Object(self.fields())
    }

    /// Its tasks for the control interface.
    pub(super) fn shown_tasks(&self) -> Vec<Value> {
        let shown = |task: &Map<String, Value>| {
            let mut task = task.clone();
            task.insert("listId".to_owned(), self.id.clone().into());
            Value::Object(task)
        };
        self.tasks.iter().map(shown).collect()
    }
}

/// A task as Graph gives it.
pub(super) fn task(id: &str, title: &str, at_ms: i64) -> Map<String, Value> {
    let at = zones::rfc3339(at_ms);
    object(json!({
        "importance": "normal", "isReminderOn": false, "status": "notStarted", "title": title,
        "createdDateTime": at, "lastModifiedDateTime": at, "hasAttachments": false, "categories": [], "id": id,
        "body": {"content": "", "contentType": "text"},
    }))
}

/// `2026-11-24T23:00:00.0000000` in UTC.
pub(super) fn utc(at_ms: i64) -> Value {
    json!({"dateTime": format!("{}.0000000", zones::rfc3339(at_ms).trim_end_matches('Z')), "timeZone": "UTC"})
}

/// `GET /me/todo/lists`.
pub(super) fn lists(call: &Call<'_>) -> Result<Answer, GraphError> {
    call.options.check_efficiency()?;
    let content = call.mailbox.read();
    let all: Vec<Map<String, Value>> = content.todo.iter().map(TaskList::fields).collect();
    let mut found: Vec<&Map<String, Value>> =
        all.iter().filter(|list| call.options.filter.passes(list)).collect();
    call.options.sort(&mut found, |list| list);
    let (range, next) = call.options.page(found.len(), PAGE);
    let list = Page {
        context: call.context("todo/lists"),
        count: call.options.count.then_some(found.len()),
        value: found
            .get(range)
            .unwrap_or_default()
            .iter()
            .map(|list| View::new(list, call.select()))
            .collect(),
        next: next.map(|at| next_link(&call.request.path, &call.request.query, "$skip", at)),
    };
    Ok(Answer::json(200, &list))
}

/// `GET /me/todo/lists/{id}`.
pub(super) fn list(call: &Call<'_>) -> Result<Answer, GraphError> {
    let content = call.mailbox.read();
    let fields = find(&content, call.id(0))?.fields();
    let entity = call.context("todo/lists") + "/$entity";
    Ok(Answer::json(200, &View::new(&fields, call.select()).context(entity)))
}

/// `GET /me/todo/lists/{id}/tasks`.
pub(super) fn tasks(call: &Call<'_>) -> Result<Answer, GraphError> {
    call.options.check_efficiency()?;
    let content = call.mailbox.read();
    let list = find(&content, call.id(0))?;
    let mut found: Vec<&Map<String, Value>> =
        list.tasks.iter().filter(|task| call.options.filter.passes(task)).collect();
    call.options.sort(&mut found, |task| task);
    let (range, next) = call.options.page(found.len(), PAGE);
    let page = Page {
        context: call.context(&format!("todo/lists('{}')/tasks", list.id)),
        count: call.options.count.then_some(found.len()),
        value: found.get(range).unwrap_or_default().iter().map(|task| view(task, call.select())).collect(),
        next: next.map(|at| next_link(&call.request.path, &call.request.query, "$skip", at)),
    };
    Ok(Answer::json(200, &page))
}

/// `POST /me/todo/lists/{id}/tasks`.
pub(super) fn create(call: &Call<'_>) -> Result<Answer, GraphError> {
    schema::check_body("todoTask", &call.body)?;
    let title = call.body.get("title").and_then(Value::as_str).filter(|title| !title.trim().is_empty());
    let title = title.ok_or_else(|| GraphError::bad_request("The property 'title' is required."))?;
    let mut content = call.mailbox.write();
    let list = find(&content, call.id(0))?.id.clone();
    let name = call.tenant.serial.mint(call.now_ms.unsigned_abs());
    let id = super::ids::constant_id(&call.mailbox.owner.oid, "task", &name);
    let mut made = task(&id, title, call.now_ms);
    for name in ["body", "importance", "status", "categories", "isReminderOn"] {
        if let Some(value) = call.body.get(name).filter(|value| !value.is_null()) {
            made.insert(name.to_owned(), value.clone());
        }
    }
    for name in ["dueDateTime", "startDateTime", "reminderDateTime"] {
        if let Some(value) = call.body.get(name).filter(|value| !value.is_null()) {
            made.insert(name.to_owned(), in_utc(value)?);
        }
    }
    let answer = View::new(&made, None).always("@odata.etag", etag(&made));
    let answer = Answer::json(201, &answer.context(call.context("todo/lists('…')/tasks") + "/$entity"));
    if let Some(list) = content.todo.iter_mut().find(|one| one.id == list) {
        list.tasks.push(made);
    }
    Ok(answer)
}

fn in_utc(value: &Value) -> Result<Value, GraphError> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let refused =
        || GraphError::bad_request("The value of a property of type 'dateTimeTimeZone' is not valid.");
    let zone = zones::zone(text("timeZone"))?;
    let civil = text("dateTime").parse::<jiff::civil::DateTime>().map_err(|_| refused())?;
    zones::instant(civil, &zone).map(utc).ok_or_else(refused)
}

fn find<'a>(content: &'a Content, id: &str) -> Result<&'a TaskList, GraphError> {
    content.todo.iter().find(|list| list.id == id).ok_or_else(|| absent(id))
}

fn view<'a>(task: &'a Map<String, Value>, select: Option<&'a [String]>) -> View<'a> {
    View::new(task, select).always("@odata.etag", etag(task))
}

fn etag(task: &Map<String, Value>) -> String {
    let id = task.get("id").and_then(Value::as_str).unwrap_or_default();
    format!("W/\"{}\"", change_key(id))
}
