//! The rows of To Do and Planner.

use super::super::errors::Workload;
use super::super::{planner, todo};
use super::{Route, row};

const TODO_READ: &[&str] = &["Tasks.Read", "Tasks.ReadWrite"];
const PLANNER_READ: &[&str] = &["Tasks.Read", "Tasks.ReadWrite", "Group.Read.All", "Group.ReadWrite.All"];
const LIST: &[&str] = &["top", "skip", "select", "orderby", "filter", "count"];

pub(super) static ROWS: [Route; 8] = [
    row("GET", "/me/todo/lists", todo::lists, Workload::Exchange, "todoTaskList", LIST, TODO_READ),
    row("GET", "/me/todo/lists/{id}", todo::list, Workload::Exchange, "todoTaskList", &["select"], TODO_READ),
    row(
        "GET",
        "/planner/plans/{id}",
        planner::plan,
        Workload::Planner,
        "plannerPlan",
        &["select"],
        PLANNER_READ,
    ),
    row("GET", "/me/todo/lists/{id}/tasks", todo::tasks, Workload::Exchange, "todoTask", LIST, TODO_READ),
    row(
        "POST",
        "/me/todo/lists/{id}/tasks",
        todo::create,
        Workload::Exchange,
        "todoTask",
        &[],
        &["Tasks.ReadWrite"],
    ),
    row(
        "GET",
        "/me/planner/tasks",
        planner::mine,
        Workload::Planner,
        "plannerTask",
        &["select", "skiptoken"],
        PLANNER_READ,
    ),
    row(
        "GET",
        "/planner/tasks/{id}",
        planner::task,
        Workload::Planner,
        "plannerTask",
        &["select"],
        PLANNER_READ,
    ),
    row(
        "PATCH",
        "/planner/tasks/{id}",
        planner::update,
        Workload::Planner,
        "plannerTask",
        &[],
        &["Tasks.ReadWrite", "Group.ReadWrite.All"],
    ),
];
