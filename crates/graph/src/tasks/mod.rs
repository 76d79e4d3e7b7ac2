//! Tasks in To Do and Planner.
//!
//! Source: Graph `todoTask` and `plannerTask` resources.

pub(crate) mod create;
mod day;
pub(crate) mod planner;
mod todo;

use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Scope};

use crate::action::{Action, Output};
use crate::zone;

/// The rows of this family, in the order clients see them.
pub(crate) static ROWS: [Action; 4] = [
    Action {
        spec: ActionSpec {
            name: "listTasks",
            kind: ActionKind::Tool,
            title: "List tasks",
            summary: "Tasks of a To Do list",
            effect: Effect::Read,
            scopes: &[Scope::TasksRead],
            further_scopes: &[Scope::MailboxSettingsRead],
            calls: &[Call::get(todo::TASKS), Call::get(todo::LISTS), Call::get(zone::SETTINGS)],
            untrusted: true,
            sensitivity: &[],
            audit: AuditKind::TasksRead,
        },
        paged: true,
        params: &[&todo::LIST, &todo::SHOW, &zone::TIME_ZONE],
        output: Output::List { name: "tasks", item: todo::FIELDS },
        parse: todo::list_tasks,
    },
    Action {
        spec: ActionSpec {
            name: "createTask",
            kind: ActionKind::Tool,
            title: "Create task",
            summary: "Add a task to a To Do list",
            effect: Effect::Write,
            scopes: &[Scope::TasksReadWrite],
            further_scopes: &[Scope::MailboxSettingsRead],
            calls: &[
                Call::post(todo::TASKS),
                Call::get(todo::LISTS),
                Call::get(todo::A_LIST),
                Call::get(zone::SETTINGS),
            ],
            untrusted: false,
            sensitivity: &[],
            audit: AuditKind::TasksWrite,
        },
        paged: false,
        params: &[
            &create::TITLE,
            &create::DUE,
            &create::DUE_ZONE,
            &create::BODY,
            &create::IMPORTANCE,
            &todo::LIST,
        ],
        output: Output::One(todo::FIELDS),
        parse: create::create_task,
    },
    Action {
        spec: ActionSpec {
            name: "listPlannerTasks",
            kind: ActionKind::Tool,
            title: "List Planner tasks",
            summary: "Planner tasks assigned to the person",
            effect: Effect::Read,
            scopes: &[Scope::TasksRead],
            further_scopes: &[Scope::MailboxSettingsRead],
            calls: &[Call::get(planner::MINE), Call::get(zone::SETTINGS)],
            untrusted: true,
            sensitivity: &[],
            audit: AuditKind::TasksRead,
        },
        paged: true,
        params: &[&todo::SHOW, &zone::TIME_ZONE],
        output: Output::List { name: "tasks", item: planner::FIELDS },
        parse: planner::list_planner_tasks,
    },
    Action {
        spec: ActionSpec {
            name: "updatePlannerTask",
            kind: ActionKind::Tool,
            title: "Update Planner task",
            summary: "Change a Planner task's progress, due day or title",
            effect: Effect::Write,
            scopes: &[Scope::TasksReadWrite],
            further_scopes: &[Scope::GroupMemberReadBasicAll],
            calls: &[
                Call::patch(planner::TASK),
                Call::get(planner::TASK),
                Call::get(planner::PLAN),
                Call::get(planner::GROUP_MEMBERS),
            ],
            untrusted: true,
            sensitivity: &[],
            audit: AuditKind::TasksWrite,
        },
        paged: false,
        params: &[&planner::ID, &planner::PERCENT, &planner::DUE, &planner::TITLE, &planner::ETAG],
        output: Output::One(planner::CHANGED),
        parse: planner::update_planner_task,
    },
];
