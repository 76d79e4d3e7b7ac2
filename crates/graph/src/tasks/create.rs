//! A new task of To Do.
//!
//! Source: Graph, "Create todoTask" and `todoTaskList`. A new task has no idempotency key. Everybody who uses a shared list
//! reads what is new in it, and Graph names nobody of them.

use async_trait::async_trait;
use jiff::civil;
use m365_types::{Method, Reach, Recipient, ResolvedEffect, Role, Standing};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::day::{self, Day};
use super::todo::{A_LIST, GraphList, LIST, TASKS, TITLE_MAX, default_list, reach_of};
use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::effect;
use crate::error::ActionError;
use crate::param::{Choice, Optional, Param, Required, Text, optional, required};
use crate::shape::{self, Cleaner};
use crate::zone::{Zone, ZoneName};

pub(crate) static TITLE: Param<Text, Required> =
    required("title", "What to do", Text { min: 1, max: TITLE_MAX, lines: false });
pub(crate) static DUE: Param<Day, Optional> = optional("due", "Day, such as 2026-11-24", Day);
pub(crate) static DUE_ZONE: Param<ZoneName, Optional> =
    optional("timeZone", "IANA zone of due; default: the mailbox's", ZoneName);
pub(crate) static BODY: Param<Text, Optional> =
    optional("body", "Notes, plain text", Text { min: 0, max: 100_000, lines: true });
pub(crate) static IMPORTANCE: Param<Choice<&'static str>, Optional> = optional(
    "importance",
    "Default: normal",
    Choice { options: &[("low", "low"), ("normal", "normal"), ("high", "high")] },
);

pub(crate) fn create_task(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let title = given.read(&TITLE);
    let due = given.read(&DUE);
    let zone = given.read(&DUE_ZONE);
    let body = given.read(&BODY);
    let importance = given.read(&IMPORTANCE);
    let list = given.read(&LIST);
    Some(Box::new(CreateTask {
        title: title?,
        due: due?,
        zone: zone?,
        body: body?,
        importance: importance?,
        list: list?,
    }))
}

struct CreateTask {
    title: String,
    due: Option<civil::Date>,
    zone: Option<Zone>,
    body: Option<String>,
    importance: Option<&'static str>,
    list: Option<String>,
}

#[derive(Deserialize)]
struct Created {
    id: String,
    title: Option<String>,
    status: Option<String>,
}

#[async_trait]
impl Invocation for CreateTask {
    fn reach(&self) -> Reach {
        reach_of(self.list.as_deref())
    }

    fn effect(&self) -> ResolvedEffect {
        self.effect_in(None, self.zone.as_ref())
    }

    fn must_look(&self) -> bool {
        true
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        let list = if let Some(list) = &self.list {
            let request = context.graph.request_to(Method::Get, A_LIST, None, &[list])?;
            context.graph.fetch::<GraphList>(request).await?
        } else {
            let found = default_list(context).await?.1.into_iter().find(GraphList::is_default);
            found.ok_or_else(|| context.graph.unreadable())?
        };
        // As for the call itself, a zone is asked for only where there is a day.
        let zone = match self.due {
            Some(_) => Some(Zone::of(context, self.zone.as_ref()).await),
            None => None,
        };
        Ok(self.effect_in(Some(&list), zone.as_ref()))
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut task = Map::new();
        task.insert("title".to_owned(), self.title.as_str().into());
        let mut due_words = String::new();
        if let Some(due) = self.due {
            let zone = Zone::of(context, self.zone.as_ref()).await;
            due_words = format!("\nDue {} in {}.", day::words(due), zone.name());
            task.insert("dueDateTime".to_owned(), day::to_do(due, &zone));
        }
        if let Some(body) = &self.body {
            task.insert("body".to_owned(), json!({ "contentType": "text", "content": body }));
        }
        if let Some(importance) = self.importance {
            task.insert("importance".to_owned(), importance.into());
        }
        let list = match &self.list {
            Some(list) => list.clone(),
            None => default_list(context).await?.0,
        };
        let mut request = context.graph.request_to(Method::Post, TASKS, None, &[&list])?;
        request.body = Some(Value::Object(task).into());
        let created: Created = context.graph.fetch(request).await?;
        let id = shape::id(Some(&created.id));
        let mut cleaner = Cleaner::default();
        let text = format!("Task created: {id}{due_words}");
        let structured = json!({
            "id": id,
            "title": cleaner.line(created.title.as_deref(), TITLE_MAX),
            "status": shape::id(created.status.as_deref()),
        });
        Ok(Answer::whole(text, structured))
    }
}

impl CreateTask {
    /// What it does in this list, with the day in this zone.
    fn effect_in(&self, list: Option<&GraphList>, zone: Option<&Zone>) -> ResolvedEffect {
        let mut effect = ResolvedEffect::of(self.reach(), Role::Member);
        if let Some(list) = list {
            let name = effect::line(list.display_name.as_deref());
            effect.target = reach_of(list.id.as_deref()).target;
            effect.shared = list.is_used_by_others();
            if effect.shared {
                let readers = format!("everybody who uses the list {name}");
                effect.recipients.push(Recipient::everybody(readers, Role::Member, Standing::Unknown));
            }
            effect::say(&mut effect, "List", name.as_str());
            effect.folder = Some(name);
        }
        effect::say(&mut effect, "Title", self.title.as_str());
        if let Some(due) = self.due {
            let zone = zone.map_or_else(String::new, |zone| format!(" in {}", zone.name()));
            effect::say(&mut effect, "Due", format!("{}{zone}", day::words(due)));
        }
        effect::say(&mut effect, "Importance", self.importance.unwrap_or_default());
        match &self.body {
            Some(body) => effect.with_body(body.as_str(), false),
            None => effect,
        }
    }
}

#[cfg(test)]
#[path = "create_tests.rs"]
mod tests;
