//! Planner: the tasks assigned to the person, and progress on one of them.
//!
//! Source: Graph `plannerTask`. Planner neither filters nor sorts, so what is open is picked here. A change must name the
//! version it is made to (`If-Match`): the one the caller read, or else the newest, which is asked for first. Planner
//! answers nothing to a change unless it is asked for the task (`Prefer: return=representation`), and refuses another
//! version with 412, whose code is empty. A plan is seen by the members of the group it belongs to, guests too; of one
//! that belongs to anything else it is not known who sees it.

use async_trait::async_trait;
use jiff::civil;
use m365_ports::GraphHeader;
use m365_types::{Method, Reach, Recipient, ResolvedEffect, Role, Scope, Standing};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::day::{self, Day, Due};
use super::todo::{SHOW, Show, titled};
use crate::action::{Answer, Context, Invocation, own, shared, untrusted};
use crate::arguments::Given;
use crate::effect;
use crate::error::ActionError;
use crate::listing::{Bounds, Listed, Wording, gather};
use crate::members::{Circle, GROUP_SELECT};
use crate::param::{Identifier, Integer, Kind, Optional, Param, Required, Text, optional, required};
use crate::shape::{self, Cleaner};
use crate::zone::{TIME_ZONE, Zone};

pub(crate) const MINE: &str = "/me/planner/tasks";
pub(crate) const TASK: &str = "/planner/tasks/{task}";
pub(crate) const PLAN: &str = "/planner/plans/{plan}";
pub(crate) const GROUP_MEMBERS: &str = "/groups/{group}/members";

pub(crate) static ID: Param<Identifier, Required> = required("id", "The task's id", Identifier);
pub(crate) static PERCENT: Param<Integer, Optional> =
    optional("percentComplete", "0 not started, 50 in progress, 100 completed", Integer { min: 0, max: 100 });
pub(crate) static DUE: Param<Day, Optional> = optional("due", "Day, such as 2026-11-24", Day);
pub(crate) static TITLE: Param<Text, Optional> =
    optional("title", "New title", Text { min: 1, max: TITLE_MAX, lines: false });
pub(crate) static ETAG: Param<EntityTag, Optional> =
    optional("etag", "As listed: change only that version", EntityTag);

/// Properties that every task has.
pub(crate) const FIELDS: &[&str] = &["id", "title", "planId", "percentComplete", "etag"];
/// Properties that are always told of a changed task.
pub(crate) const CHANGED: &[&str] = &["id", "title", "percentComplete", "etag"];
const SELECT: &str = "id,title,planId,bucketId,percentComplete,dueDateTime";
const TITLE_MAX: usize = 255;
const TASKS_MAX: usize = 100;
const PAGES_MAX: usize = 5;
const TAG_MAX: usize = 256;
/// The largest page of members.
const MEMBERS_PAGE: &str = "999";

/// The version of a resource (RFC 9110 section 8.8.3).
pub(crate) struct EntityTag;

impl Kind for EntityTag {
    type Value = String;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "string".into());
    }

    fn allowed(&self) -> String {
        "an etag as an earlier result gave it, such as `W/\"…\"`".to_owned()
    }

    fn read(&self, given: &Value) -> Result<String, String> {
        let quoted = |text: &&str| {
            let inner = text.strip_prefix("W/").unwrap_or(text).strip_prefix('"');
            let inner = inner.and_then(|text| text.strip_suffix('"'));
            text.len() <= TAG_MAX
                && inner.is_some_and(|inner| inner.bytes().all(|b| b.is_ascii_graphic() && b != b'"'))
        };
        given.as_str().filter(quoted).map(str::to_owned).ok_or_else(|| "something else".to_owned())
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphTask {
    #[serde(rename = "@odata.etag")]
    etag: Option<String>,
    id: Option<String>,
    title: Option<String>,
    plan_id: Option<String>,
    bucket_id: Option<String>,
    percent_complete: Option<u32>,
    due_date_time: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    id: String,
    title: String,
    plan_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    bucket_id: String,
    percent_complete: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Due>,
    etag: String,
}

const COMPLETED: u32 = 100;

/// As Planner's clients show it.
fn progress(percent: u32) -> String {
    match percent {
        0 => "not started".to_owned(),
        50 => "in progress".to_owned(),
        1..COMPLETED => format!("in progress ({percent}%)"),
        _ => "completed".to_owned(),
    }
}

pub(crate) fn list_planner_tasks(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let show = given.read(&SHOW);
    let zone = given.read(&TIME_ZONE);
    Some(Box::new(ListPlannerTasks { show: show?, zone: zone? }))
}

struct ListPlannerTasks {
    show: Show,
    zone: Option<Zone>,
}

#[async_trait]
impl Invocation for ListPlannerTasks {
    fn reach(&self) -> Reach {
        own()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let zone = Zone::of(context, self.zone.as_ref()).await;
        let mut request = context.graph.request_to(Method::Get, MINE, None, &[])?;
        request.query = vec![("$select", SELECT.to_owned())];
        let bounds = Bounds { pages: PAGES_MAX, items: TASKS_MAX, linked: true };
        let tasks = gather::<GraphTask>(context, &request, bounds).await?;
        let tasks = tasks.filter_map(|task| {
            let completed = task.percent_complete.is_some_and(|percent| percent >= COMPLETED);
            let due = task.due_date_time.as_deref().and_then(|due| day::of_instant(due, &zone));
            self.show.admits(completed).then_some((task, due))
        });
        let head = |count: usize| format!("{}. Days are in {}.", self.show.count(count), zone.told());
        let wording = Wording { name: "tasks", none: self.show.none(), head: &head, more: "There are more." };
        Ok(tasks.answer::<Task>(context, &wording))
    }
}

impl Listed for Task {
    type Given = (GraphTask, Option<civil::Date>);

    fn of((given, due): &Self::Given, cleaner: &mut Cleaner) -> Self {
        Self {
            id: shape::id(given.id.as_deref()),
            title: cleaner.line(given.title.as_deref(), TITLE_MAX),
            plan_id: shape::id(given.plan_id.as_deref()),
            bucket_id: shape::id(given.bucket_id.as_deref()),
            percent_complete: given.percent_complete.unwrap_or_default(),
            due: due.map(Due),
            etag: shape::id(given.etag.as_deref()),
        }
    }

    fn words(&self, number: usize) -> String {
        let due = self.due.map_or_else(String::new, |due| format!(", due {}", day::words(due.0)));
        let bucket =
            if self.bucket_id.is_empty() { String::new() } else { format!(", bucket {}", self.bucket_id) };
        format!(
            "{number}. {}, {}{due}\n   id {}, plan {}{bucket}",
            titled(&self.title),
            progress(self.percent_complete),
            self.id,
            self.plan_id,
        )
    }
}

pub(crate) fn update_planner_task(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let percent = given.read(&PERCENT);
    let due = given.read(&DUE);
    let title = given.read(&TITLE);
    let etag = given.read(&ETAG);
    let (id, percent, due, title) = (id?, percent?, due?, title?);
    if percent.is_none() && due.is_none() && title.is_none() {
        given.refuse("percentComplete", "is needed, or `due` or `title`: one of them at least");
    }
    Some(Box::new(UpdatePlannerTask { id, percent, due, title, etag: etag? }))
}

/// The plan that a task is in.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Plan {
    title: Option<String>,
    container: Option<Container>,
    /// The group, as plans said it before they had containers.
    owner: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    container_id: Option<String>,
    r#type: Option<String>,
}

impl Plan {
    async fn of(context: &Context<'_>, task: &GraphTask) -> Result<Self, ActionError> {
        let plan = shape::id(task.plan_id.as_deref());
        if plan.is_empty() {
            return Err(context.graph.unreadable());
        }
        let mut request = context.graph.request_to(Method::Get, PLAN, None, &[&plan])?;
        request.query = vec![("$select", "title,container,owner".to_owned())];
        context.graph.fetch(request).await
    }

    /// The group whose members use it, where it belongs to one.
    fn group(&self) -> Option<String> {
        let group = match &self.container {
            Some(container) if container.r#type.as_deref() == Some("group") => &container.container_id,
            Some(_) => &None,
            None => &self.owner,
        };
        Some(shape::id(group.as_deref())).filter(|group| !group.is_empty())
    }

    /// Its members, where they may be asked for.
    async fn circle(&self, context: &Context<'_>) -> Result<Option<Circle>, ActionError> {
        let Some(group) = self.group() else { return Ok(None) };
        if !context.account.has_any(&[Scope::GroupMemberReadBasicAll]) {
            return Ok(None);
        }
        let mut request = context.graph.request_to(Method::Get, GROUP_MEMBERS, None, &[&group])?;
        request.query = vec![("$top", MEMBERS_PAGE.to_owned()), ("$select", GROUP_SELECT.to_owned())];
        Circle::of_group(context, &request).await
    }

    /// Everybody who sees it.
    fn readers(circle: Option<&Circle>) -> Recipient {
        const NAME: &str = "everybody who uses the plan";
        let unknown = || Recipient::everybody(NAME, Role::Member, Standing::Unknown);
        circle.map_or_else(unknown, |circle| circle.everybody(NAME, Role::Member))
    }
}

struct UpdatePlannerTask {
    id: String,
    percent: Option<u32>,
    due: Option<civil::Date>,
    title: Option<String>,
    etag: Option<String>,
}

#[async_trait]
impl Invocation for UpdatePlannerTask {
    fn reach(&self) -> Reach {
        shared(format!("planner/tasks/{}", self.id))
    }

    fn effect(&self) -> ResolvedEffect {
        let effect = self.effect_on(&GraphTask::default());
        ResolvedEffect { recipients: vec![Plan::readers(None)], ..effect }
    }

    fn must_look(&self) -> bool {
        true
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        let mut request = context.graph.request_to(Method::Get, TASK, None, &[&self.id])?;
        request.query = vec![("$select", SELECT.to_owned())];
        let task: GraphTask = context.graph.fetch(request).await?;
        let plan = Plan::of(context, &task).await?;
        let circle = plan.circle(context).await?;
        let mut effect = self.effect_on(&task);
        let title = effect::line(plan.title.as_deref());
        effect.facts.insert(0, effect::changed("Plan", title.as_str(), None));
        effect.folder = Some(title).filter(|title| !title.is_empty());
        effect::say(
            &mut effect,
            "Not of the organisation",
            circle.as_ref().map_or_else(String::new, Circle::outsiders),
        );
        effect.recipients = vec![Plan::readers(circle.as_ref())];
        Ok(effect)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let etag = match &self.etag {
            Some(etag) => etag.clone(),
            None => self.newest(context).await?,
        };
        let mut request = context.graph.request_to(Method::Patch, TASK, None, &[&self.id])?;
        request.headers = vec![GraphHeader::IfMatch(etag)];
        request.prefer = vec!["return=representation".to_owned()];
        request.body = Some(self.changes().into());
        let given: GraphTask = context.graph.fetch(request).await?;
        let due = self.due.map_or_else(String::new, |due| format!(", due {}", day::words(due)));
        let percent = given.percent_complete.unwrap_or_default();
        let text = format!("Task updated: {}{due}.", progress(percent));
        let mut cleaner = Cleaner::default();
        let structured = json!({
            "id": self.id,
            "title": cleaner.line(given.title.as_deref(), TITLE_MAX),
            "percentComplete": percent,
            "etag": shape::id(given.etag.as_deref()),
        });
        Ok(Answer::whole(text, untrusted(structured, &cleaner)))
    }
}

impl UpdatePlannerTask {
    /// What it changes of this task.
    fn effect_on(&self, task: &GraphTask) -> ResolvedEffect {
        let mut effect = ResolvedEffect::of(self.reach(), Role::Member);
        // An etag that is given decides which version is changed, whatever is there now.
        effect.version = self.etag.clone().or_else(|| task.etag.clone());
        effect::say(&mut effect, "Task", effect::line(task.title.as_deref()));
        if let Some(title) = &self.title {
            let was = task.title.as_deref().map(|title| effect::line(Some(title)));
            effect.facts.push(effect::changed("Title", title.as_str(), was));
        }
        if let Some(percent) = self.percent {
            let was = task.percent_complete.map(progress);
            effect.facts.push(effect::changed("Progress", progress(percent), was));
        }
        if let Some(due) = self.due {
            // Planner keeps a day as an instant of it in UTC.
            let was = task.due_date_time.as_deref().and_then(|due| day::of_instant(due, &Zone::utc()));
            effect.facts.push(effect::changed("Due", day::words(due), was.map(day::words)));
        }
        effect
    }

    /// The version that is there now.
    async fn newest(&self, context: &Context<'_>) -> Result<String, ActionError> {
        let mut request = context.graph.request_to(Method::Get, TASK, None, &[&self.id])?;
        request.query = vec![("$select", "id".to_owned())];
        let given: GraphTask = context.graph.fetch(request).await?;
        let etag = given.etag.map(Value::from).and_then(|etag| EntityTag.read(&etag).ok());
        etag.ok_or_else(|| context.graph.unreadable())
    }

    fn changes(&self) -> Value {
        let mut changes = Map::new();
        if let Some(percent) = self.percent {
            changes.insert("percentComplete".to_owned(), percent.into());
        }
        if let Some(due) = self.due {
            changes.insert("dueDateTime".to_owned(), day::to_planner(due).into());
        }
        if let Some(title) = &self.title {
            changes.insert("title".to_owned(), title.as_str().into());
        }
        Value::Object(changes)
    }
}

#[cfg(test)]
#[path = "planner_tests.rs"]
mod tests;
