use m365_types::{Effect, ResolvedEffect, Role, Standing};
use serde_json::{Value, json};

use crate::testing::{World, arguments, effect, json_of, ok};

#[test]
fn an_update_changes_what_was_given_and_nothing_else() {
    for (given, sent, structured) in [
        (json!({ "isRead": false }), json!({ "isRead": false }), json!({ "id": "A=", "isRead": false })),
        (
            json!({ "flag": "complete" }),
            json!({ "flag": { "flagStatus": "complete" } }),
            json!({ "id": "A=", "flag": "complete" }),
        ),
        (
            json!({ "categories": [], "importance": "low", "flag": null }),
            json!({ "categories": [], "importance": "low" }),
            json!({ "id": "A=", "categories": [], "importance": "low" }),
        ),
    ] {
        let world = World::with_json(&json!({ "id": "A=", "isRead": true, "subject": "of others" }));
        let mut given = given;
        given["id"] = "A/=".into();
        let answer = world.run("updateEmail", given).unwrap();
        let request = &world.requests()[0];
        assert_eq!((request.path.as_str(), json_of(request)), ("/me/messages/A%2F%3D", &sent));
        assert_eq!(request.prefer, ["IdType=\"ImmutableId\""]);
        assert_eq!(answer.structured, structured);
    }
}

#[test]
fn an_update_of_nothing_is_refused() {
    let errors =
        crate::find_tool("updateEmail").unwrap().parse(&arguments(json!({ "id": "A" }))).err().unwrap();
    assert_eq!(
        errors.to_string(),
        "`isRead` or another of `flag`, `categories`, `importance` must be given."
    );
}

#[test]
fn what_is_moved_or_thrown_away_says_its_new_id() {
    for (tool, given, folder) in [
        ("moveEmail", json!({ "id": "A/=", "folder": "archive" }), "archive"),
        ("trashEmail", json!({ "id": "A/=" }), "deleteditems"),
    ] {
        let world = World::with_json(&json!({ "id": "B=", "parentFolderId": "F=" }));
        let answer = world.run(tool, given).unwrap();
        let request = &world.requests()[0];
        assert_eq!(request.path, "/me/messages/A%2F%3D/move");
        assert_eq!(json_of(request), &json!({ "destinationId": folder }));
        assert!(answer.text.ends_with("its id is B="), "{}", answer.text);
        assert_eq!(answer.structured, json!({ "id": "B=", "parentFolderId": "F=" }));
    }
}

#[test]
fn throwing_away_is_destructive_and_moving_is_not() {
    let effect = |tool: &str| crate::find_tool(tool).unwrap().spec.effect.as_str();
    assert_eq!((effect("trashEmail"), effect("moveEmail")), ("destroy", "write"));
}

#[test]
fn an_answer_without_an_id_cannot_be_used() {
    let error =
        World::with_json(&Value::Object(serde_json::Map::new())).run("trashEmail", json!({ "id": "A" }));
    assert_eq!(error.unwrap_err().code(), "graph_unreadable");
}

fn message() -> Value {
    json!({
        "id": "A", "changeKey": "K", "subject": "Q3", "from": { "emailAddress": { "address": "megan@x.example" } },
        "receivedDateTime": "2026-11-20T08:12:08Z", "isRead": false, "importance": "normal", "categories": ["Red", "Blue"],
        "flag": { "flagStatus": "notFlagged" }, "parentFolderId": "F=",
    })
}

fn facts(effect: &ResolvedEffect) -> Vec<(&str, &str, Option<&str>)> {
    effect.facts.iter().map(|fact| (fact.name.as_str(), fact.value.as_str(), fact.was.as_deref())).collect()
}

#[test]
fn what_is_thrown_away_is_looked_at_before() {
    let world = World::with_json(&message());
    let seen = world.look("trashEmail", json!({ "id": "A/=" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!((request.call.method.as_str(), request.path.as_str()), ("GET", "/me/messages/A%2F%3D"));
    let select =
        "id,changeKey,subject,from,receivedDateTime,isRead,importance,flag,categories,parentFolderId";
    assert_eq!(request.query, [("$select", select.to_owned())]);
    assert_eq!(
        facts(&seen),
        [
            ("Subject", "Q3", None),
            ("From", "megan@x.example", None),
            ("Received", "2026-11-20T08:12:08Z", None),
            ("Folder", "deleteditems", Some("F=")),
        ]
    );
    assert_eq!((seen.version.as_deref(), seen.folder.as_deref()), (Some("K"), Some("F=")));
    assert!(seen.recipients.is_empty() && !seen.shared);
    let mut moved = message();
    moved["parentFolderId"] = "G=".into();
    let moved = World::with_json(&moved).look("trashEmail", json!({ "id": "A/=" })).unwrap();
    assert_ne!(moved, seen);
}

#[test]
fn in_one_s_own_mailbox_arguments_say_all_of_a_mark_or_a_move() {
    for (tool, given) in [
        ("updateEmail", json!({ "id": "A", "isRead": true })),
        ("moveEmail", json!({ "id": "A", "folder": "archive" })),
    ] {
        let invocation = crate::find_tool(tool).unwrap().parse(&arguments(given.clone())).unwrap();
        assert!(!invocation.must_look() && invocation.effect().recipients.is_empty());
    }
    let moved = effect("moveEmail", json!({ "id": "A", "folder": "archive" }));
    assert_eq!((moved.target.as_str(), moved.folder.as_deref()), ("me/messages/A", Some("archive")));
    let marked = effect("updateEmail", json!({ "id": "A", "flag": "flagged", "categories": ["Red"] }));
    assert_eq!(facts(&marked), [("flag", "flagged", None), ("categories", "Red", None)]);
    assert_ne!(moved, effect("moveEmail", json!({ "id": "B", "folder": "archive" })));
    assert_ne!(moved, effect("moveEmail", json!({ "id": "A", "folder": "junkemail" })));
}

#[test]
fn in_another_mailbox_whoever_uses_it_is_reached_and_what_changes_is_told() {
    let tips = json!({ "value": [
        { "emailAddress": { "address": "support@contoso.example" }, "recipientScope": "internal" }
    ] });
    let world = World::answering([ok(&message()), ok(&tips)]);
    let given = json!({
        "id": "A", "isRead": true, "flag": "flagged", "categories": [], "importance": "normal",
        "mailbox": "support@contoso.example",
    });
    let seen = world.look("updateEmail", given).unwrap();
    assert_eq!(world.requests()[0].path, "/users/support%40contoso.example/messages/A");
    assert_eq!(
        facts(&seen)[3..],
        [
            ("isRead", "true", Some("false")),
            ("flag", "flagged", Some("notFlagged")),
            ("categories", "", Some("Red, Blue")),
            ("importance", "normal", None),
        ]
    );
    assert!(seen.shared);
    let one = &seen.recipients[0];
    assert_eq!((one.role, one.said), (Role::Member, Standing::Inside));
    assert_eq!(seen.recipients.len(), 1);
}

#[test]
fn a_move_to_what_is_thrown_away_removes_whatever_the_folder_is_called() {
    let message = || ok(&json!({ "id": "A", "changeKey": "K", "parentFolderId": "F" }));
    let folder = |id: &str, parent: &str| ok(&json!({ "id": id, "parentFolderId": parent }));
    for (name, class) in [
        ("archive", None),
        ("Inbox", None),
        ("deleteditems", Some(Effect::Destroy)),
        ("DeletedItems", Some(Effect::Destroy)),
        ("recoverableitemsdeletions", Some(Effect::Destroy)),
    ] {
        assert_eq!(effect("moveEmail", json!({ "id": "A", "folder": name })).class, class, "{name}");
    }
    for (id, parent, class) in
        [("D", "ROOT", Some(Effect::Destroy)), ("X", "D", Some(Effect::Destroy)), ("X", "ROOT", None)]
    {
        let world = World::answering([message(), folder(id, parent), folder("D", "ROOT")]);
        let seen = world.look("moveEmail", json!({ "id": "A", "folder": "AAMk=" })).unwrap();
        assert_eq!(seen.class, class, "{id} in {parent}");
    }
}
