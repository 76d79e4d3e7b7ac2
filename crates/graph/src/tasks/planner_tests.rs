use m365_ports::GraphHeader;
use m365_types::{Members, Method, ResolvedEffect, Standing};
use serde_json::{Value, json};

use crate::find_tool;
use crate::testing::{World, accepted, arguments, json_of, ok, refused};

const TAG: &str = "W/\"JzEtVGFzayAgQEBAQEBAQEBAQEBAQEBAWCc=\"";

fn task(id: &str, percent: u32) -> Value {
    json!({ "@odata.etag": TAG, "id": id, "title": format!("Task {id}"), "planId": "plan", "bucketId": "bucket",
            "percentComplete": percent, "dueDateTime": "2026-11-25T10:00:00Z" })
}

fn refusal(tool: &str, given: Value) -> String {
    match find_tool(tool).unwrap().parse(&arguments(given)) {
        Ok(_) => "accepted".to_owned(),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn what_is_open_is_picked_here_because_planner_does_not() {
    let page = json!({ "value": [task("a", 0), task("b", 50), task("c", 100), task("d", 30)] });
    for (show, shown) in
        [("open", &["a", "b", "d"][..]), ("completed", &["c"]), ("all", &["a", "b", "c", "d"])]
    {
        let world = World::with_json(&page);
        let answer = world.run("listPlannerTasks", json!({ "show": show })).unwrap();
        let request = &world.requests()[0];
        assert_eq!(request.path, "/me/planner/tasks");
        let select = "id,title,planId,bucketId,percentComplete,dueDateTime".to_owned();
        assert_eq!(request.query, [("$select", select)]);
        let tasks = answer.structured["tasks"].as_array().unwrap();
        let ids: Vec<&str> = tasks.iter().map(|task| task["id"].as_str().unwrap()).collect();
        assert_eq!(ids, shown);
    }
    let answer = World::with_json(&page).run("listPlannerTasks", json!({})).unwrap();
    assert_eq!(
        answer.structured["tasks"][1],
        json!({ "id": "b", "title": "Task b", "planId": "plan", "bucketId": "bucket", "percentComplete": 50,
                "due": "2026-11-25", "etag": TAG })
    );
    insta::assert_snapshot!(answer.text);
}

#[test]
fn pages_of_planner_are_followed_and_a_page_without_open_tasks_is_no_end() {
    let link = "https://graph.microsoft.com/v1.0/me/planner/tasks?$skiptoken=Zm9v";
    let full: Vec<Value> = (0..100).map(|at| task(&format!("c{at}"), 100)).collect();
    let world = World::answering([
        ok(&json!({ "value": full, "@odata.nextLink": link })),
        ok(&json!({ "value": [task("z", 0)] })),
    ]);
    let first = world.run("listPlannerTasks", json!({})).unwrap();
    assert_eq!(first.text, "These pages hold none. There are more.");
    let (second, _) = world.run_from("listPlannerTasks", json!({}), first.next.as_ref());
    assert_eq!(second.unwrap().structured["tasks"][0]["id"], "z");
    assert!(world.requests()[1].query.contains(&("$skiptoken", "Zm9v".to_owned())));
}

#[test]
fn a_change_without_a_version_asks_for_the_newest_first() {
    let world = World::answering([ok(&task("t1", 0)), ok(&task("t1", 50))]);
    let answer = world.run("updatePlannerTask", json!({ "id": "t1", "percentComplete": 50 })).unwrap();
    let requests = world.requests();
    assert_eq!((requests[0].call.method, requests[0].path.as_str()), (Method::Get, "/planner/tasks/t1"));
    assert_eq!(requests[0].query, [("$select", "id".to_owned())]);
    assert_eq!((requests[1].call.method, requests[1].path.as_str()), (Method::Patch, "/planner/tasks/t1"));
    assert_eq!(requests[1].headers, [GraphHeader::IfMatch(TAG.to_owned())]);
    assert_eq!(requests[1].prefer, ["return=representation"]);
    assert_eq!(json_of(&requests[1]), &json!({ "percentComplete": 50 }));
    assert_eq!(answer.text, "Task updated: in progress.");
    assert_eq!(
        answer.structured,
        json!({ "id": "t1", "title": "Task t1", "percentComplete": 50, "etag": TAG, "untrusted": true,
                "hiddenCharactersRemoved": 0 })
    );
}

#[test]
fn a_change_to_a_version_is_one_request() {
    let world = World::with_json(&task("t1", 100));
    let given = json!({ "id": "t1", "title": "New", "due": "2026-12-24", "etag": "W/\"old\"" });
    let answer = world.run("updatePlannerTask", given).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.headers, [GraphHeader::IfMatch("W/\"old\"".to_owned())]);
    assert_eq!(json_of(request), &json!({ "title": "New", "dueDateTime": "2026-12-24T10:00:00Z" }));
    assert_eq!(answer.text, "Task updated: completed, due Thu 2026-12-24.");
}

#[test]
fn another_version_is_told_and_nothing_is_tried_again() {
    let world = World::answering([refused(412, None, None)]);
    let given = json!({ "id": "t1", "percentComplete": 100, "etag": "W/\"old\"" });
    let error = world.run("updatePlannerTask", given).unwrap_err();
    assert_eq!(error.code(), "graph_conflict");
    assert_eq!(world.requests().len(), 1);
}

/// Without the preference Planner answers 204 and nothing: the change was made, and that is not hidden.
#[test]
fn an_answer_without_the_task_leaves_the_fate_open() {
    let world = World::answering([accepted()]);
    let given = json!({ "id": "t1", "percentComplete": 100, "etag": "W/\"old\"" });
    let error = world.run("updatePlannerTask", given).unwrap_err();
    assert!(error.maybe_done() && error.code() == "graph_unreadable");
}

#[test]
fn a_task_without_a_usable_version_is_not_changed() {
    for etag in [Value::Null, json!(""), json!("W/\"a\nb\""), json!("*")] {
        let world = World::with_json(&json!({ "@odata.etag": etag, "id": "t1" }));
        let error = world.run("updatePlannerTask", json!({ "id": "t1", "percentComplete": 0 })).unwrap_err();
        assert_eq!((error.code(), world.requests().len()), ("graph_unreadable", 1), "{etag}");
    }
}

#[test]
fn a_change_changes_something_and_names_a_version_as_it_was_given() {
    assert_eq!(
        refusal("updatePlannerTask", json!({ "id": "t1", "etag": TAG })),
        "`percentComplete` is needed, or `due` or `title`: one of them at least."
    );
    for etag in ["*", "abc", "W/abc", "W/\"a\"b\"", "\"a\r\nX: y\"", "W/\"\u{e4}\"", ""] {
        let given = json!({ "id": "t1", "percentComplete": 1, "etag": etag });
        assert!(refusal("updatePlannerTask", given).starts_with("`etag` must be an etag"), "{etag}");
    }
    for etag in [TAG, "\"x\"", "W/\"\""] {
        let given = json!({ "id": "t1", "percentComplete": 1, "etag": etag });
        assert_eq!(refusal("updatePlannerTask", given), "accepted");
    }
    for percent in [json!(-1), json!(101), json!(0.5), json!("50")] {
        let given = json!({ "id": "t1", "percentComplete": percent });
        assert!(refusal("updatePlannerTask", given).starts_with("`percentComplete` must be a whole number"));
    }
}

const SEES_GROUPS: &str = "Tasks.ReadWrite GroupMember.ReadBasic.All";

fn plan() -> Value {
    json!({ "id": "plan", "title": "Launch", "container": { "containerId": "g1", "type": "group" } })
}

fn look(task: &Value, plan: &Value, given: Value) -> (ResolvedEffect, World) {
    let member = json!({ "@odata.type": "#microsoft.graph.user", "id": "u", "userPrincipalName": "m@contoso.example" });
    let world =
        World::answering([ok(task), ok(plan), ok(&json!({ "value": [member] }))]).allowed(SEES_GROUPS);
    let effect = world.look("updatePlannerTask", given).unwrap();
    (effect, world)
}

#[test]
fn a_change_is_shown_beside_what_is_there_and_reaches_the_group_of_the_plan() {
    let given = || json!({ "id": "t1", "percentComplete": 100, "title": "New", "due": "2026-11-25" });
    let (effect, world) = look(&task("t1", 50), &plan(), given());
    let asked: Vec<_> =
        world.requests().iter().map(|one| (one.call.method, one.path.clone(), one.query.clone())).collect();
    assert_eq!(
        asked,
        [
            (
                Method::Get,
                "/planner/tasks/t1".to_owned(),
                vec![("$select", "id,title,planId,bucketId,percentComplete,dueDateTime".to_owned())]
            ),
            (
                Method::Get,
                "/planner/plans/plan".to_owned(),
                vec![("$select", "title,container,owner".to_owned())]
            ),
            (
                Method::Get,
                "/groups/g1/members".to_owned(),
                vec![
                    ("$top", "999".to_owned()),
                    ("$select", "id,displayName,mail,userPrincipalName,userType".to_owned())
                ],
            ),
        ]
    );
    assert_eq!((effect.shared, effect.version.as_deref()), (true, Some(TAG)));
    let [everybody] = effect.recipients.as_slice() else { panic!("{effect:?}") };
    assert_eq!(
        (everybody.said, everybody.members),
        (Standing::Inside, Some(Members { total: 1, outside: 0 }))
    );
    let facts: Vec<_> = effect
        .facts
        .iter()
        .map(|fact| (fact.name.as_str(), fact.value.as_str(), fact.was.as_deref()))
        .collect();
    assert_eq!(
        facts,
        [
            ("Plan", "Launch", None),
            ("Task", "Task t1", None),
            ("Title", "New", Some("Task t1")),
            ("Progress", "completed", Some("in progress")),
            // The day stays.
            ("Due", "Wed 2026-11-25", None),
        ]
    );
    assert_eq!(effect, look(&task("t1", 50), &plan(), given()).0);
    assert_ne!(effect, look(&task("t1", 0), &plan(), given()).0);
    let mut newer = task("t1", 50);
    newer["@odata.etag"] = "W/\"other\"".into();
    assert_ne!(effect, look(&newer, &plan(), given()).0);
    let with_tag =
        json!({ "id": "t1", "percentComplete": 100, "title": "New", "due": "2026-11-25", "etag": TAG });
    assert_eq!(look(&newer, &plan(), with_tag).0.version.as_deref(), Some(TAG));
}

#[test]
fn of_a_plan_whose_members_are_not_known_anybody_may_read() {
    let given = || json!({ "id": "t1", "percentComplete": 100 });
    let roster =
        json!({ "title": "x", "owner": "g1", "container": { "containerId": "r", "type": "roster" } });
    let world = World::answering([ok(&task("t1", 0)), ok(&roster)]).allowed(SEES_GROUPS);
    assert_eq!(world.look("updatePlannerTask", given()).unwrap().recipients[0].said, Standing::Unknown);
    let world = World::answering([ok(&task("t1", 0)), ok(&plan())]).allowed("Tasks.ReadWrite");
    assert_eq!(world.look("updatePlannerTask", given()).unwrap().recipients[0].said, Standing::Unknown);
    let world =
        World::answering([ok(&task("t1", 0)), ok(&plan()), refused(403, None, None)]).allowed(SEES_GROUPS);
    assert_eq!(world.look("updatePlannerTask", given()).unwrap().recipients[0].said, Standing::Unknown);
    assert_eq!(crate::testing::effect("updatePlannerTask", given()).recipients[0].said, Standing::Unknown);
    // A plan of before there were containers names its group alone.
    let (effect, _) = look(&task("t1", 0), &json!({ "title": "x", "owner": "g1" }), given());
    assert_eq!(effect.recipients[0].said, Standing::Inside);
}
