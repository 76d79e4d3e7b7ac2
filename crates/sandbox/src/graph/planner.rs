//! Planner: `GET /me/planner/tasks`, one task, and changes to it.
//!
//! Source: Graph's `plannerTask` resource. Planner pages by itself and neither filters nor sorts; every task has an entity
//! tag, and a change must name it in `If-Match`: without one it is refused with 400, with another one with 412. A change
//! is answered with 204, or with the task where `Prefer: return=representation` asks for it. Refusals name no code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::errors::{GraphError, Workload};
use super::message::object;
use super::odata::next_link;
use super::view::{Page, View};
use super::{schema, seed};

/// Tasks of one page.
const PAGE: usize = 40;
/// Properties that a change may carry and that are kept.
const CHANGED: [&str; 6] =
    ["bucketId", "dueDateTime", "percentComplete", "priority", "startDateTime", "title"];

/// A task and how often it was changed.
pub(super) struct PlannerTask {
    pub(super) fields: Map<String, Value>,
    pub(super) version: u32,
}

impl PlannerTask {
    fn id(&self) -> &str {
        self.fields.get("id").and_then(Value::as_str).unwrap_or_default()
    }

    fn etag(&self) -> String {
        let opaque =
            format!("1-Task  @@@@@@@@@@@@@@{}@{}", self.id().get(..4).unwrap_or_default(), self.version);
        format!("W/\"{}\"", STANDARD.encode(opaque))
    }

    fn view<'a>(&'a self, select: Option<&'a [String]>) -> View<'a> {
        View::new(&self.fields, select).always("@odata.etag", self.etag())
    }

    /// For the control interface.
    pub(super) fn shown(&self) -> Value {
        let mut fields = self.fields.clone();
        fields.insert("@odata.etag".to_owned(), self.etag().into());
        Value::Object(fields)
    }
}

/// `GET /me/planner/tasks`.
#[expect(clippy::unnecessary_wraps, reason = "the table holds functions of one type")]
pub(super) fn mine(call: &Call<'_>) -> Result<Answer, GraphError> {
    let content = call.mailbox.read();
    let (range, next) = call.options.page(content.planner.len(), PAGE);
    let page = Page {
        context: call.context("planner/tasks"),
        count: None,
        value: content
            .planner
            .get(range)
            .unwrap_or_default()
            .iter()
            .map(|task| task.view(call.select()))
            .collect(),
        next: next.map(|at| next_link(&call.request.path, &call.request.query, "$skiptoken", at)),
    };
    Ok(Answer::json(200, &page))
}

/// `GET /planner/tasks/{id}`.
pub(super) fn task(call: &Call<'_>) -> Result<Answer, GraphError> {
    let content = call.mailbox.read();
    let found = content.planner.iter().find(|task| task.id() == call.id(0));
    let task = found.ok_or_else(|| GraphError::not_found(Workload::Planner, call.id(0)))?;
    Ok(Answer::json(200, &task.view(call.select()).context(entity())))
}

/// `GET /planner/plans/{id}`: the one plan there is, of the group that is the team of its name.
pub(super) fn plan(call: &Call<'_>) -> Result<Answer, GraphError> {
    let (id, group) = seed::plan();
    if call.id(0) != id {
        return Err(GraphError::not_found(Workload::Planner, call.id(0)));
    }
    let url = format!("https://graph.microsoft.com/v1.0/groups/{group}");
    let fields = object(json!({
        "id": id, "title": "Northwind Launch", "owner": group, "createdDateTime": "2026-01-12T09:00:00Z",
        "createdBy": {"user": {"displayName": null, "id": call.person.oid}},
        "container": {"containerId": group, "type": "group", "url": url},
    }));
    let context = "https://graph.microsoft.com/v1.0/$metadata#planner/plans/$entity".to_owned();
    let view =
        View::new(&fields, call.select()).always("@odata.etag", "W/\"JzEtUGxhbiAgQEBAQEBAQEBAQEBAQEBAUCc=\"");
    Ok(Answer::json(200, &view.context(context)))
}

/// `PATCH /planner/tasks/{id}`.
pub(super) fn update(call: &Call<'_>) -> Result<Answer, GraphError> {
    schema::check_body("plannerTask", &call.body)?;
    let wanted = super::header(&call.request.headers, "if-match").ok_or_else(|| {
        GraphError::new(400, "", "The If-Match header must be specified for this type of request.")
    })?;
    let mut content = call.mailbox.write();
    let found = content.planner.iter_mut().find(|task| task.id() == call.id(0));
    let task = found.ok_or_else(|| GraphError::not_found(Workload::Planner, call.id(0)))?;
    if task.etag() != wanted {
        return Err(GraphError::other_version(412));
    }
    check(&call.body)?;
    for name in CHANGED {
        if let Some(value) = call.body.get(name) {
            task.fields.insert(name.to_owned(), value.clone());
        }
    }
    task.version += 1;
    let represented = super::header(&call.request.headers, "prefer")
        .is_some_and(|prefer| prefer.split(',').any(|one| one.trim() == "return=representation"));
    if !represented {
        return Ok(Answer::raw(204, Vec::new()));
    }
    let mut answer = Answer::json(200, &task.view(None).context(entity()));
    answer.headers.push(("preference-applied", "return=representation".to_owned()));
    Ok(answer)
}

fn check(body: &Map<String, Value>) -> Result<(), GraphError> {
    let refused = |name: &str| Err(GraphError::new(400, "", format!("The value of '{name}' is invalid.")));
    if body
        .get("percentComplete")
        .and_then(Value::as_i64)
        .is_some_and(|percent| !(0..=100).contains(&percent))
    {
        return refused("percentComplete");
    }
    if body.get("title").and_then(Value::as_str).is_some_and(|title| title.trim().is_empty()) {
        return refused("title");
    }
    let due = body.get("dueDateTime").and_then(Value::as_str);
    if due.is_some_and(|due| due.parse::<jiff::Timestamp>().is_err()) {
        return refused("dueDateTime");
    }
    Ok(())
}

fn entity() -> String {
    "https://graph.microsoft.com/v1.0/$metadata#planner/tasks/$entity".to_owned()
}
