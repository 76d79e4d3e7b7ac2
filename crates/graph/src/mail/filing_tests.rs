use serde_json::{Value, json};

use crate::testing::{World, arguments, json_of};

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
