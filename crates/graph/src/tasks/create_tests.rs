use m365_types::{ResolvedEffect, Standing};
use serde_json::{Value, json};

use crate::testing::{World, ok, refused};

fn list(shared: &Value, owner: &Value) -> Value {
    json!({ "id": "AAx=", "displayName": "Chores\u{202e}", "isShared": shared, "isOwner": owner,
            "wellknownListName": "none" })
}

fn in_list(list: &Value, given: Value) -> ResolvedEffect {
    let mut arguments = json!({ "title": "Call", "listId": "AAx=" });
    let Value::Object(given) = given else { panic!("{given} is no object") };
    arguments.as_object_mut().unwrap().extend(given);
    World::with_json(list).look("createTask", arguments).unwrap()
}

#[test]
fn a_list_of_ones_own_reaches_nobody_and_a_shared_one_may_reach_anybody() {
    for (shared, owner, reached) in [
        (json!(false), json!(true), false),
        (json!(false), Value::Null, false),
        (json!(true), json!(true), true),
        (json!(false), json!(false), true),
        (Value::Null, json!(true), true),
    ] {
        let effect = in_list(&list(&shared, &owner), json!({}));
        assert_eq!((effect.shared, !effect.recipients.is_empty()), (reached, reached), "{shared} {owner}");
        assert!(effect.recipients.iter().all(|one| one.said == Standing::Unknown));
        assert_eq!((effect.facts[0].name.as_str(), effect.facts[0].value.as_str()), ("List", "Chores"));
    }
}

#[test]
fn the_list_is_looked_up_as_the_call_itself_finds_it() {
    let world = World::with_json(&list(&json!(false), &json!(true)));
    let effect = world.look("createTask", json!({ "title": "Call", "listId": "AAx=" })).unwrap();
    assert_eq!(world.requests()[0].path, "/me/todo/lists/AAx%3D");
    assert_eq!(effect.target, "todo/lists/AAx=");
    let lists = json!({ "value": [
        { "id": "AA1=", "displayName": "Other", "isShared": true, "wellknownListName": "none" },
        { "id": "AA2=", "displayName": "Tasks", "isShared": false, "wellknownListName": "defaultList" },
    ] });
    let world = World::with_json(&lists);
    let effect = world.look("createTask", json!({ "title": "Call" })).unwrap();
    assert_eq!(world.requests()[0].path, "/me/todo/lists");
    assert_eq!((effect.target.as_str(), effect.shared), ("todo/lists/AA2=", false));
    assert!(
        World::answering([refused(404, None, None)])
            .look("createTask", json!({ "title": "x", "listId": "gone" }))
            .unwrap_err()
            .is_not_found()
    );
}

#[test]
fn a_day_is_shown_in_the_zone_that_the_call_takes() {
    let own = list(&json!(false), &json!(true));
    let named = in_list(&own, json!({ "due": "2026-11-25", "timeZone": "Europe/Berlin" }));
    assert_eq!(named.facts[2].value, "Wed 2026-11-25 in Europe/Berlin");
    let world = World::answering([ok(&own), ok(&json!({ "timeZone": "Pacific Standard Time" }))])
        .allowed("Tasks.ReadWrite MailboxSettings.Read");
    let mailbox =
        world.look("createTask", json!({ "title": "Call", "listId": "AAx=", "due": "2026-11-25" })).unwrap();
    assert_eq!(mailbox.facts[2].value, "Wed 2026-11-25 in America/Los_Angeles");
}

#[test]
fn whatever_the_task_holds_makes_its_effect() {
    let own = list(&json!(false), &json!(true));
    let base = in_list(&own, json!({ "body": "notes" }));
    assert_eq!(base, in_list(&own, json!({ "body": "notes" })));
    assert_eq!(base.body.as_ref().map(|body| (body.html, body.text.as_str())), Some((false, "notes")));
    for other in [
        json!({ "body": "other" }),
        json!({ "body": "notes", "title": "Call them" }),
        json!({ "body": "notes", "importance": "high" }),
        json!({ "body": "notes", "due": "2026-11-25" }),
    ] {
        assert_ne!(base, in_list(&own, other.clone()), "{other}");
    }
}
