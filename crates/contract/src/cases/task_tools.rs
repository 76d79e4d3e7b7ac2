//! The tools of To Do and Planner.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::tools::INVISIBLE;
use crate::json::{Look as _, with};
use crate::oauth::challenge;
use crate::session::{GraphCall, Session, at_once};
use crate::site::Site;

table! { "task_tools":
    shared list_tasks_finds_the_list_everybody_has_and_names_the_others,
    shared list_tasks_reads_another_list_and_other_states,
    shared every_open_task_is_seen_once,
    shared create_task_keeps_its_day_in_its_zone,
    shared a_task_is_not_created_twice_when_its_fate_is_unknown,
    shared planner_tasks_are_those_of_the_person_and_the_open_ones_first,
    shared every_planner_task_is_seen_once,
    shared a_planner_task_is_changed_in_its_newest_version,
    shared a_change_to_an_older_version_is_refused_and_changes_nothing,
    shared tasks_of_somebody_else_are_out_of_reach,
    shared titles_that_others_wrote_are_cleaned_and_framed,
    shared each_task_tool_needs_its_own_permission,
    shared what_tasks_run_into_is_told_with_its_remedy,
    shared no_argument_of_a_task_tool_leaves_its_segment_or_its_range,
}

/// Graph requests of a session about tasks: which zone the mailbox has is another matter.
fn requests(session: &Session<'_>) -> Result<Vec<GraphCall>> {
    let mut calls: Vec<GraphCall> = session.graph_requests()?.into_iter().map(GraphCall).collect();
    calls.retain(|call| !call.path().ends_with("/mailboxSettings"));
    Ok(calls)
}

fn lines(session: &Session<'_>) -> Result<Vec<String>> {
    Ok(requests(session)?.iter().map(GraphCall::line).collect())
}

fn collection(session: &Session<'_>, name: &str) -> Result<Vec<Value>> {
    session.site.control.graph(name, &session.person.email)
}

fn default_list(session: &Session<'_>) -> Result<String> {
    let lists = collection(session, "todo-lists")?;
    let is_it = |list: &&Value| list.at("/wellknownListName") == "defaultList";
    Ok(lists.iter().find(is_it).context("the list everybody has")?.text("/id")?.to_owned())
}

fn segment(id: &str) -> String {
    id.replace('=', "%3D").replace('+', "%2B").replace('/', "%2F")
}

fn ids(list: &[Value]) -> Result<Vec<String>> {
    list.iter().map(|item| Ok(item.text("/id")?.to_owned())).collect()
}

fn walk(session: &Session<'_>, tool: &str, arguments: &Value) -> Result<Vec<String>> {
    let mut seen = Vec::new();
    let mut arguments = arguments.clone();
    for _ in 0..20 {
        let reply = session.call_approved(tool, &arguments)?;
        seen.extend(ids(reply.content()?.list("/tasks")?)?);
        match reply.content()?.get("nextCursor") {
            Some(next) => arguments = json!({ "cursor": next }),
            None => return Ok(seen),
        }
    }
    anyhow::bail!("{tool} never ends: {} items", seen.len())
}

fn expect_each_once(seen: &[String], known: &[String], page: usize) -> Result<()> {
    let distinct: BTreeSet<&String> = seen.iter().collect();
    ensure!(distinct.len() == seen.len(), "{} of {} came again", seen.len() - distinct.len(), seen.len());
    ensure!(distinct == known.iter().collect(), "{} were seen of {}", seen.len(), known.len());
    ensure!(known.len() > page, "{} fit on one page", known.len());
    Ok(())
}

fn list_tasks_finds_the_list_everybody_has_and_names_the_others(site: &Site) -> Result<()> {
    let session = Session::open(site, "tasks")?;
    let list = default_list(&session)?;
    let reply = session.tool("listTasks", &json!({ "timeZone": "UTC" }))?;
    let tasks = collection(&session, "todo-tasks")?;
    let open =
        tasks.iter().filter(|task| task.at("/listId") == list.as_str() && task.at("/status") != "completed");
    let open: Vec<Value> = open.take(50).cloned().collect();
    let shown = reply.content()?.list("/tasks")?;
    ensure!(ids(shown)? == ids(&open)?, "{}", reply.answer);
    for (shown, task) in shown.iter().zip(&open) {
        let due = task.at("/dueDateTime/dateTime").as_str().and_then(|due| due.get(..10));
        ensure!(
            shown.at("/due").as_str() == due && shown.at("/status") == task.at("/status"),
            "{shown} of {task}"
        );
        ensure!(
            (shown.at("/importance") == "high") == (task.at("/importance") == "high"),
            "{shown} of {task}"
        );
    }
    let others = reply.content()?.list("/otherLists")?;
    ensure!(others.len() == 3 && others.iter().all(|other| other.at("/id") != list.as_str()), "{others:?}");
    let tasks_of = format!("GET /v1.0/me/todo/lists/{}/tasks", segment(&list));
    ensure!(lines(&session)? == ["GET /v1.0/me/todo/lists", &tasks_of], "{:?}", lines(&session)?);
    let call = requests(&session)?.pop().context("a request")?;
    for (option, value) in [
        ("$filter", "status ne 'completed'"),
        ("$top", "50"),
        ("$select", "id,title,status,dueDateTime,importance"),
    ] {
        ensure!(call.option(option).as_deref() == Some(value), "{option}: {:?}", call.0);
    }
    Ok(())
}

fn list_tasks_reads_another_list_and_other_states(site: &Site) -> Result<()> {
    let session = Session::open(site, "other-list")?;
    let lists = collection(&session, "todo-lists")?;
    let travel = lists.iter().find(|list| list.at("/displayName") == "Travel items").context("a list")?;
    let all = session.tool("listTasks", &json!({ "listId": travel.at("/id"), "show": "all" }))?;
    ensure!(all.content()?.list("/tasks")?.len() == 3, "{}", all.answer);
    ensure!(lines(&session)?.len() == 1, "a named list was looked up: {:?}", lines(&session)?);
    let list = default_list(&session)?;
    let completed = session.tool("listTasks", &json!({ "listId": list, "show": "completed" }))?;
    let done = completed.content()?.list("/tasks")?;
    ensure!(
        !done.is_empty() && done.iter().all(|task| task.at("/status") == "completed"),
        "{}",
        completed.answer
    );
    Ok(())
}

fn every_open_task_is_seen_once(site: &Site) -> Result<()> {
    let session = Session::open(site, "pages-tasks")?;
    let list = default_list(&session)?;
    let tasks = collection(&session, "todo-tasks")?;
    let open =
        tasks.iter().filter(|task| task.at("/listId") == list.as_str() && task.at("/status") != "completed");
    let known = ids(&open.cloned().collect::<Vec<_>>())?;
    expect_each_once(&walk(&session, "listTasks", &json!({}))?, &known, 50)
}

fn create_task_keeps_its_day_in_its_zone(site: &Site) -> Result<()> {
    let session = Session::open(site, "create-task")?;
    let arguments = json!({
        "title": "Send <invoice> & \"smile\"", "due": "2030-03-04", "timeZone": "Europe/Berlin", "body": "Line 1\nLine 2",
        "importance": "high",
    });
    let reply = session.call_approved("createTask", &arguments)?;
    let id = reply.content()?.text("/id")?.to_owned();
    let call = requests(&session)?.pop().context("a request")?;
    let list = default_list(&session)?;
    ensure!(call.line() == format!("POST /v1.0/me/todo/lists/{}/tasks", segment(&list)), "{}", call.line());
    let sent = json!({
        "title": arguments.at("/title"), "importance": "high",
        "dueDateTime": { "dateTime": "2030-03-04T00:00:00", "timeZone": "Europe/Berlin" },
        "body": { "contentType": "text", "content": "Line 1\nLine 2" },
    });
    ensure!(call.body() == &sent, "{}", call.body());
    let tasks = collection(&session, "todo-tasks")?;
    let made = tasks.iter().find(|task| task.at("/id") == id.as_str()).context("the task")?;
    ensure!(made.at("/title") == arguments.at("/title") && made.at("/listId") == list.as_str(), "{made}");
    let shown =
        session.tool("listTasks", &json!({ "timeZone": "Europe/Berlin", "listId": list, "show": "all" }))?;
    let seen = walk(&session, "listTasks", &json!({ "listId": list }))?;
    ensure!(seen.contains(&id), "the new task is not listed: {}", shown.answer);
    let least = session.call_approved("createTask", &json!({ "title": "t", "listId": list }))?;
    least.content()?;
    ensure!(
        requests(&session)?.pop().context("a request")?.body() == &json!({ "title": "t" }),
        "{}",
        least.answer
    );
    Ok(())
}

fn a_task_is_not_created_twice_when_its_fate_is_unknown(site: &Site) -> Result<()> {
    for kind in [
        json!({ "kind": "status", "status": 503 }),
        json!({ "kind": "status", "status": 504 }),
        json!({ "kind": "malformed" }),
    ] {
        let session = Session::open(site, "task-fate")?;
        let list = default_list(&session)?;
        // The list is looked at before, and that goes well.
        let path = format!("/v1.0/me/todo/lists/{}/tasks", segment(&list));
        fault(&session, &with(&kind, &json!({ "match": path })))?;
        let sentence =
            session.call_approved("createTask", &json!({ "title": "once", "listId": list }))?.failure()?;
        ensure!(sentence.contains("may have happened"), "{kind} is told as: {sentence}");
        let tried = requests(&session)?.iter().filter(|call| call.path() == path).count();
        ensure!(tried == 1, "{kind}: tried {tried} times");
    }
    Ok(())
}

fn planner_tasks_are_those_of_the_person_and_the_open_ones_first(site: &Site) -> Result<()> {
    let session = Session::open(site, "planner")?;
    let known = collection(&session, "planner-tasks")?;
    let reply = session.tool("listPlannerTasks", &json!({ "timeZone": "UTC" }))?;
    let shown = reply.content()?.list("/tasks")?;
    ensure!(shown.iter().all(|task| task.at("/percentComplete").as_i64() < Some(100)), "{}", reply.answer);
    for task in shown.iter().take(5) {
        let given =
            known.iter().find(|one| one.at("/id") == task.at("/id")).context("a task of the person")?;
        for (name, value) in [
            ("/planId", given.at("/planId")),
            ("/bucketId", given.at("/bucketId")),
            ("/percentComplete", given.at("/percentComplete")),
            ("/etag", given.at("/@odata.etag")),
        ] {
            ensure!(task.at(name) == value, "{name}: {task} of {given}");
        }
        let due = given.at("/dueDateTime").as_str().and_then(|due| due.get(..10));
        ensure!(task.at("/due").as_str() == due, "{task} of {given}");
    }
    let first = requests(&session)?.into_iter().next().context("a request")?;
    ensure!(first.line() == "GET /v1.0/me/planner/tasks", "{}", first.line());
    ensure!(first.option("$filter").is_none() && first.option("$top").is_none(), "{:?}", first.0);
    Ok(())
}

fn every_planner_task_is_seen_once(site: &Site) -> Result<()> {
    let session = Session::open(site, "pages-planner")?;
    let known = collection(&session, "planner-tasks")?;
    expect_each_once(&walk(&session, "listPlannerTasks", &json!({ "show": "all" }))?, &ids(&known)?, 100)?;
    let completed: Vec<Value> =
        known.iter().filter(|task| task.at("/percentComplete") == 100).cloned().collect();
    expect_each_once(
        &walk(&session, "listPlannerTasks", &json!({ "show": "completed" }))?,
        &ids(&completed)?,
        20,
    )
}

fn planner_task(session: &Session<'_>, at: usize) -> Result<Value> {
    collection(session, "planner-tasks")?.get(at).cloned().context("a planner task")
}

fn a_planner_task_is_changed_in_its_newest_version(site: &Site) -> Result<()> {
    let session = Session::open(site, "planner-change")?;
    let before = planner_task(&session, 0)?;
    let id = before.text("/id")?;
    let reply = session.call_approved("updatePlannerTask", &json!({ "id": id, "percentComplete": 100 }))?;
    let after = planner_task(&session, 0)?;
    ensure!(after.at("/percentComplete") == 100 && after.at("/title") == before.at("/title"), "{after}");
    ensure!(reply.content()?.at("/etag") == after.at("/@odata.etag"), "{}", reply.answer);
    ensure!(after.at("/@odata.etag") != before.at("/@odata.etag"), "{after}");
    let line = |method: &str| format!("{method} /v1.0/planner/tasks/{id}");
    let plan = format!("GET /v1.0/planner/plans/{}", before.text("/planId")?);
    // Each look reads the task once and then its plan; the change itself asks for the newest version.
    let read = |lines: &[String]| {
        let of = |wanted: &str| lines.iter().filter(|line| *line == wanted).count();
        (of(&line("GET")).abs_diff(of(&plan)), of(&line("PATCH")))
    };
    let first = lines(&session)?;
    ensure!(first.ends_with(&[line("GET"), line("PATCH")]) && read(&first) == (1, 1), "{first:?}");
    let patch = requests(&session)?.pop().context("a request")?;
    ensure!(patch.header("if-match") == before.at("/@odata.etag").as_str(), "{:?}", patch.0);
    ensure!(
        patch.header("prefer").is_some_and(|prefer| prefer.contains("return=representation")),
        "{:?}",
        patch.0
    );
    ensure!(patch.body() == &json!({ "percentComplete": 100 }), "{}", patch.body());
    let given =
        json!({ "id": id, "title": "Renamed", "due": "2030-03-04", "etag": after.at("/@odata.etag") });
    session.call_approved("updatePlannerTask", &given)?.content()?;
    let second = lines(&session)?.split_off(first.len());
    ensure!(read(&second) == (0, 1), "a named version was asked for: {second:?}");
    let renamed = planner_task(&session, 0)?;
    ensure!(
        renamed.at("/title") == "Renamed" && renamed.at("/dueDateTime") == "2030-03-04T10:00:00Z",
        "{renamed}"
    );
    Ok(())
}

fn a_change_to_an_older_version_is_refused_and_changes_nothing(site: &Site) -> Result<()> {
    let session = Session::open(site, "planner-stale")?;
    let first = planner_task(&session, 0)?;
    let change = |percent: u32| json!({ "id": first.at("/id"), "percentComplete": percent, "etag": first.at("/@odata.etag") });
    session.call_approved("updatePlannerTask", &change(50))?.content()?;
    let sentence = session.call_approved("updatePlannerTask", &change(100))?.failure()?;
    ensure!(sentence.contains("Read it again") && !sentence.contains("latest version"), "{sentence}");
    ensure!(planner_task(&session, 0)?.at("/percentComplete") == 50, "a refused change was made");
    Ok(())
}

fn tasks_of_somebody_else_are_out_of_reach(site: &Site) -> Result<()> {
    let (one, other) = (Session::open(site, "own-tasks")?, Session::open(site, "foreign-tasks")?);
    let (list, task) = (default_list(&other)?, planner_task(&other, 0)?);
    for (tool, arguments) in [
        ("listTasks", json!({ "listId": list })),
        ("createTask", json!({ "listId": list, "title": "foreign" })),
        ("updatePlannerTask", json!({ "id": task.at("/id"), "percentComplete": 100 })),
        (
            "updatePlannerTask",
            json!({ "id": task.at("/id"), "percentComplete": 100, "etag": task.at("/@odata.etag") }),
        ),
    ] {
        let sentence = one.call_approved(tool, &arguments)?.failure()?;
        ensure!(sentence.contains("may not see it"), "{tool}: {sentence}");
    }
    ensure!(planner_task(&other, 0)? == task, "the task of somebody else was changed");
    let titles = collection(&other, "todo-tasks")?;
    ensure!(!titles.iter().any(|task| task.at("/title") == "foreign"), "a task was put into another's list");
    Ok(())
}

fn titles_that_others_wrote_are_cleaned_and_framed(site: &Site) -> Result<()> {
    let session = Session::open(site, "odd-tasks")?;
    for tool in ["listTasks", "listPlannerTasks"] {
        let reply = session.call_approved(tool, &json!({}))?;
        ensure!(reply.content()?.at("/untrusted") == true, "{}", reply.answer);
        let text = reply.result()?.text("/content/0/text")?;
        let (before, framed) = text.split_once("[begin ").context("a frame")?;
        ensure!(!before.contains("Ignore previous") && framed.contains("Ignore previous"), "{text}");
        let strange = |c: char| INVISIBLE.iter().any(|range| range.contains(&c));
        ensure!(
            !reply.result()?.to_string().contains(strange),
            "a hidden character reached the model: {text:?}"
        );
    }
    Ok(())
}

/// Graph fails so for this person from now on.
fn fault(session: &Session<'_>, kind: &Value) -> Result<()> {
    let mut fault = kind.as_object().cloned().context("a fault is an object")?;
    fault.insert("target".to_owned(), "graph".into());
    fault.insert("person".to_owned(), session.person.email.as_str().into());
    session.site.control.fault(&Value::Object(fault))
}

const ROWS: usize = 4;

/// What each tool of this family is called with, and the permission it needs.
fn rows(list: &str, task: &Value) -> [(&'static str, Value, &'static str); ROWS] {
    let change = json!({ "id": task.at("/id"), "percentComplete": 50, "etag": task.at("/@odata.etag") });
    [
        ("listTasks", json!({ "listId": list, "timeZone": "UTC" }), "Tasks.Read"),
        ("createTask", json!({ "listId": list, "title": "t" }), "Tasks.ReadWrite"),
        ("listPlannerTasks", json!({ "timeZone": "UTC" }), "Tasks.Read"),
        ("updatePlannerTask", change, "Tasks.ReadWrite"),
    ]
}

fn each_task_tool_needs_its_own_permission(site: &Site) -> Result<()> {
    for scope in ["Mail.Read", "Tasks.Read"] {
        let session = Session::with_scope(site, "no-tasks", scope)?;
        for (tool, arguments, needed) in rows(&default_list(&session)?, &planner_task(&session, 0)?) {
            let reply = session.call_approved(tool, &arguments)?;
            if needed == scope {
                reply.content()?;
                continue;
            }
            reply.answer.expect(&[403])?;
            let wanted = challenge(&reply.answer, "scope").unwrap_or_default();
            ensure!(wanted.split(' ').any(|one| one == needed), "{tool} asks for {wanted}");
        }
        ensure!(
            requests(&session)?.iter().all(|call| call.line().starts_with("GET ")),
            "something was written"
        );
    }
    Ok(())
}

fn what_tasks_run_into_is_told_with_its_remedy(site: &Site) -> Result<()> {
    let faults = [
        (json!({ "kind": "status", "status": 400 }), "Check that each id"),
        (json!({ "kind": "status", "status": 403 }), "permission Tasks."),
        (json!({ "kind": "status", "status": 404 }), "may not see it"),
        (json!({ "kind": "status", "status": 409 }), "Read it again"),
        (json!({ "kind": "status", "status": 412 }), "Read it again"),
        (json!({ "kind": "rate_limit" }), "Try again in"),
        (json!({ "kind": "malformed" }), "request id"),
    ];
    // At once, because the server waits before it asks again where that is allowed.
    at_once(faults.len() * ROWS, |number| {
        let (kind, words) = faults.get(number / ROWS).context("a fault")?;
        let session = Session::open(site, "task-fault")?;
        let rows = rows(&default_list(&session)?, &planner_task(&session, 0)?);
        let (tool, arguments, _) = rows.get(number % ROWS).context("a row")?;
        fault(&session, kind)?;
        let sentence =
            session.call_approved(tool, arguments)?.failure().with_context(|| format!("{tool}: {kind}"))?;
        ensure!(sentence.contains(words), "{tool}: {kind} is told as: {sentence}");
        Ok(())
    })
    .map(drop)
}

fn no_argument_of_a_task_tool_leaves_its_segment_or_its_range(site: &Site) -> Result<()> {
    let session = Session::open(site, "task-hostile")?;
    let long = "a".repeat(5000);
    for text in ["..", "../x", "a/../b", "a?b", "%2e%2e", "a'b", "a\"b", "a b", "a\r\nX: y", "", &long] {
        for (tool, argument, more) in [
            ("listTasks", "listId", json!({})),
            ("createTask", "listId", json!({ "title": "t" })),
            ("updatePlannerTask", "id", json!({ "percentComplete": 1 })),
        ] {
            let mut arguments = more.as_object().cloned().context("an object")?;
            arguments.insert(argument.to_owned(), text.into());
            session
                .call_approved(tool, &Value::Object(arguments))?
                .expect_invalid(argument)
                .with_context(|| format!("{tool} {text:?}"))?;
        }
    }
    for (tool, arguments, named) in [
        ("listTasks", json!({ "show": "mine" }), "show"),
        ("listTasks", json!({ "timeZone": "Mars/Olympus" }), "timeZone"),
        ("listPlannerTasks", json!({ "show": 1 }), "show"),
        ("createTask", json!({}), "title"),
        ("createTask", json!({ "title": "" }), "title"),
        ("createTask", json!({ "title": long }), "title"),
        ("createTask", json!({ "title": "a\r\nb" }), "title"),
        ("createTask", json!({ "title": "t", "due": "2026-02-30" }), "due"),
        ("createTask", json!({ "title": "t", "due": "2026-11-24T09:00:00Z" }), "due"),
        ("createTask", json!({ "title": "t", "importance": "urgent" }), "importance"),
        ("createTask", json!({ "title": "t", "body": "b".repeat(200_000) }), "body"),
        ("updatePlannerTask", json!({ "id": "x" }), "percentComplete"),
        ("updatePlannerTask", json!({ "id": "x", "percentComplete": -1 }), "percentComplete"),
        ("updatePlannerTask", json!({ "id": "x", "percentComplete": 1e9 }), "percentComplete"),
        ("updatePlannerTask", json!({ "id": "x", "percentComplete": 1, "etag": "*" }), "etag"),
        ("updatePlannerTask", json!({ "id": "x", "percentComplete": 1, "etag": "\"a\r\nX: y\"" }), "etag"),
        ("updatePlannerTask", json!({ "id": "x", "due": "tomorrow" }), "due"),
    ] {
        session
            .call_approved(tool, &arguments)?
            .expect_invalid(named)
            .with_context(|| format!("{tool} {named}"))?;
    }
    ensure!(session.graph_requests()?.is_empty(), "a refused argument reached Graph");
    Ok(())
}
