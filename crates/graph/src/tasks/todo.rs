//! To Do: the tasks of a list.
//!
//! Source: Graph `todoTaskList` and `todoTask`. Tasks live in lists; the one that every mailbox has is found by its
//! well-known name, which no path takes, so it is looked up each time. Titles can be
//! those of mails that were flagged, and lists can be shared, so they count as text of others.

use async_trait::async_trait;
use jiff::civil;
use m365_types::{Method, Reach};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::day::{self, Due};
use crate::action::{Answer, Context, Invocation, at, own};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::listing::{Bounds, Listed, Wording, gather};
use crate::param::{Choice, Default as Otherwise, Identifier, Optional, Param, defaulted, optional};
use crate::shape::{self, Cleaner, framed};
use crate::wire::{NAME_MAX, Page};
use crate::zone::{TIME_ZONE, Zone};

pub(crate) const LISTS: &str = "/me/todo/lists";
pub(crate) const A_LIST: &str = "/me/todo/lists/{list}";
pub(crate) const TASKS: &str = "/me/todo/lists/{list}/tasks";

pub(crate) static LIST: Param<Identifier, Optional> =
    optional("listId", "List; default: the person's Tasks", Identifier);
pub(crate) static SHOW: Param<Choice<Show>, Otherwise> = defaulted(
    "show",
    "Which",
    Choice { options: &[("open", Show::Open), ("completed", Show::Completed), ("all", Show::All)] },
    Otherwise::Text("open"),
);

/// Properties that every task has.
pub(crate) const FIELDS: &[&str] = &["id", "title", "status"];
const SELECT: &str = "id,title,status,dueDateTime,importance";
pub(super) const TITLE_MAX: usize = 255;
const TASKS_MAX: usize = 50;
/// Lists that are looked at and named at most; the one everybody has comes first.
const LISTS_MAX: usize = 100;
const NAMED_MAX: usize = 20;
const DEFAULT_LIST: &str = "defaultList";

/// Which tasks are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    All,
    Completed,
    Open,
}

impl Show {
    /// The `$filter` of To Do.
    const fn filter(self) -> Option<&'static str> {
        match self {
            Self::All => None,
            Self::Completed => Some("status eq 'completed'"),
            Self::Open => Some("status ne 'completed'"),
        }
    }

    /// Whether a task that is completed or not is shown.
    pub(crate) const fn admits(self, completed: bool) -> bool {
        match self {
            Self::All => true,
            Self::Completed => completed,
            Self::Open => !completed,
        }
    }

    /// `3 open tasks`
    pub(crate) fn count(self, count: usize) -> String {
        let tasks = if count == 1 { "task" } else { "tasks" };
        match self {
            Self::All => format!("{count} {tasks}"),
            Self::Completed => format!("{count} completed {tasks}"),
            Self::Open => format!("{count} open {tasks}"),
        }
    }

    /// The text where there is none.
    pub(crate) const fn none(self) -> &'static str {
        match self {
            Self::All => "No tasks.",
            Self::Completed => "No completed tasks.",
            Self::Open => "No open tasks.",
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GraphList {
    pub(super) id: Option<String>,
    pub(super) display_name: Option<String>,
    wellknown_list_name: Option<String>,
    is_owner: Option<bool>,
    is_shared: Option<bool>,
}

impl GraphList {
    pub(super) fn is_default(&self) -> bool {
        self.wellknown_list_name.as_deref() == Some(DEFAULT_LIST)
    }

    /// Whether others use it too; so it is unless Graph says the opposite.
    pub(super) fn is_used_by_others(&self) -> bool {
        self.is_shared != Some(false) || self.is_owner == Some(false)
    }
}

/// The id of the list everybody has, and every list.
pub(super) async fn default_list(context: &Context<'_>) -> Result<(String, Vec<GraphList>), ActionError> {
    let mut request = context.graph.request_to(Method::Get, LISTS, None, &[])?;
    request.query = vec![("$top", LISTS_MAX.to_string())];
    let page: Page<GraphList> = context.graph.fetch(request).await?;
    let found = page.value.iter().find(|list| list.is_default());
    let id = found.map(|list| shape::id(list.id.as_deref()));
    let id = id.filter(|id| !id.is_empty()).ok_or_else(|| context.graph.unreadable())?;
    Ok((id, page.value))
}

pub(crate) fn list_tasks(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let list = given.read(&LIST);
    let show = given.read(&SHOW);
    let zone = given.read(&TIME_ZONE);
    Some(Box::new(ListTasks { list: list?, show: show?, zone: zone? }))
}

struct ListTasks {
    list: Option<String>,
    show: Show,
    zone: Option<Zone>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphTask {
    id: Option<String>,
    title: Option<String>,
    status: Option<String>,
    due_date_time: Option<LocalTime>,
    importance: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LocalTime {
    date_time: Option<String>,
    time_zone: Option<String>,
}

#[derive(Serialize)]
struct Task {
    id: String,
    title: String,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Due>,
    /// Where it is not the usual.
    #[serde(skip_serializing_if = "String::is_empty")]
    importance: String,
}

#[async_trait]
impl Invocation for ListTasks {
    fn reach(&self) -> Reach {
        reach_of(self.list.as_deref())
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let zone = Zone::of(context, self.zone.as_ref()).await;
        let (list, lists) = match &self.list {
            Some(list) => (list.clone(), Vec::new()),
            None => default_list(context).await?,
        };
        let mut request = context.graph.request_to(Method::Get, TASKS, None, &[&list])?;
        request.query = vec![("$top", TASKS_MAX.to_string()), ("$select", SELECT.to_owned())];
        request.query.extend(self.show.filter().map(|filter| ("$filter", filter.to_owned())));
        let bounds = Bounds { pages: 1, items: TASKS_MAX, linked: true };
        let tasks = gather::<GraphTask>(context, &request, bounds).await?;
        let tasks = tasks.filter_map(|task| {
            let due = task.due_date_time.as_ref();
            let due = due.and_then(|due| {
                day::of_local(due.date_time.as_deref()?, due.time_zone.as_deref().unwrap_or_default(), &zone)
            });
            Some((task, due))
        });
        let head = |count: usize| format!("{}. Days are in {}.", self.show.count(count), zone.told());
        let wording = Wording { name: "tasks", none: self.show.none(), head: &head, more: "There are more." };
        let mut answer = tasks.answer::<Task>(context, &wording);
        if context.position.is_none() {
            add_lists(context, &mut answer, &list, &lists);
        }
        Ok(answer)
    }
}

/// Names the other lists, which nothing else does.
fn add_lists(context: &Context<'_>, answer: &mut Answer, shown: &str, lists: &[GraphList]) {
    let mut cleaner = Cleaner::default();
    let named: Vec<(String, String)> = lists
        .iter()
        .map(|list| (shape::id(list.id.as_deref()), cleaner.line(list.display_name.as_deref(), NAME_MAX)))
        .filter(|(id, _)| !id.is_empty() && id != shown)
        .take(NAMED_MAX)
        .collect();
    let Some(structured) = answer.structured.as_object_mut().filter(|_| !named.is_empty()) else { return };
    let lines: Vec<String> = named.iter().map(|(id, name)| format!("{name}\n   listId {id}")).collect();
    let text = framed(context.request, "\nOther lists:", &lines.join("\n"), &cleaner);
    answer.text.push_str(&text);
    let lists: Value = named.into_iter().map(|(id, name)| json!({ "id": id, "name": name })).collect();
    structured.insert("otherLists".to_owned(), lists);
    if let Some(hidden) = structured.get("hiddenCharactersRemoved").and_then(Value::as_u64) {
        let all = hidden.saturating_add(cleaner.hidden() as u64);
        structured.insert("hiddenCharactersRemoved".to_owned(), all.into());
    }
}

impl Listed for Task {
    type Given = (GraphTask, Option<civil::Date>);

    fn of((given, due): &Self::Given, cleaner: &mut Cleaner) -> Self {
        let importance = shape::id(given.importance.as_deref());
        Self {
            id: shape::id(given.id.as_deref()),
            title: cleaner.line(given.title.as_deref(), TITLE_MAX),
            status: shape::id(given.status.as_deref()),
            due: due.map(Due),
            importance: if importance == "normal" { String::new() } else { importance },
        }
    }

    fn words(&self, number: usize) -> String {
        let status = match self.status.as_str() {
            "notStarted" => "",
            "inProgress" => ", in progress",
            "waitingOnOthers" => ", waiting on others",
            "completed" => ", completed",
            "deferred" => ", deferred",
            _ => ", in an unknown state",
        };
        let due = self.due.map_or_else(String::new, |due| format!(", due {}", day::words(due.0)));
        let importance = match self.importance.as_str() {
            "high" => ", high importance",
            "low" => ", low importance",
            _ => "",
        };
        format!("{number}. {}{status}{due}{importance}\n   id {}", titled(&self.title), self.id)
    }
}

/// A title for people.
pub(crate) fn titled(title: &str) -> &str {
    if title.is_empty() { "(no title)" } else { title }
}

pub(super) fn reach_of(list: Option<&str>) -> Reach {
    list.map_or_else(own, |list| at(format!("todo/lists/{list}")))
}

#[cfg(test)]
#[path = "todo_tests.rs"]
mod tests;
