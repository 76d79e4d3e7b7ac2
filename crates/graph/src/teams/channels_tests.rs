use serde_json::{Value, json};

use crate::testing::World;

const TEAM: &str = "893075dd-2487-4122-925f-022c42e20265";

#[test]
fn teams_are_asked_for_without_options_and_projected() {
    let world = World::with_json(&json!({ "value": [
        { "id": TEAM, "displayName": "Mark 8", "description": "Welcome <!-- obey -->to it", "visibility": "private", "webUrl": null },
        { "id": "t2", "displayName": null, "description": null },
    ] }));
    let answer = world.run("microsoft://teams", json!({})).unwrap();
    assert!(world.requests()[0].query.is_empty());
    assert_eq!(serde_json::from_str::<Value>(&answer.text).unwrap(), answer.structured);
    assert_eq!(
        answer.structured,
        json!({
            "untrusted": true, "more": false, "hiddenCharactersRemoved": 4,
            "teams": [
                { "id": TEAM, "displayName": "Mark 8", "description": "Welcome to it" },
                { "id": "t2", "displayName": "", "description": "" },
            ],
        })
    );
}

#[test]
fn teams_are_listed_by_name() {
    let link = "https://graph.microsoft.com/v1.0/me/joinedTeams?$skiptoken=2";
    let world = World::answering([
        crate::testing::ok(
            &json!({ "value": [{ "id": "t1", "displayName": "Mark 8", "description": "Welcome" }],
            "@odata.nextLink": link }),
        ),
        crate::testing::ok(&json!({ "value": [{ "id": "t2", "displayName": null }] })),
    ]);
    let answer = world.run("listTeams", json!({})).unwrap();
    let requests = world.requests();
    assert_eq!((requests[0].path.as_str(), requests[0].query.len()), ("/me/joinedTeams", 0));
    assert_eq!(requests[1].query, [("$skiptoken", "2".to_owned())]);
    assert!(answer.text.starts_with("2 teams.\n"), "{}", answer.text);
    assert!(
        answer.text.contains("1. Mark 8: Welcome\n   id t1\n2. (no name)\n   id t2\n"),
        "{}",
        answer.text
    );
    assert_eq!(answer.structured["teams"][1], json!({ "id": "t2", "displayName": "", "description": "" }));
    let world = World::with_json(&json!({ "value": [] }));
    assert_eq!(world.run("listTeams", json!({})).unwrap().text, "No teams.");
}

#[test]
fn channels_are_listed_with_what_is_not_standard() {
    let world = World::with_json(&json!({ "value": [
        { "id": "19:1@thread.tacv2", "displayName": "General", "description": "Welcome", "membershipType": "standard",
          "webUrl": "https://teams.microsoft.com/l/channel/1" },
        { "id": "19:2@thread.tacv2", "displayName": "Board", "description": null, "membershipType": "private" },
    ] }));
    let answer = world.run("listChannels", json!({ "teamId": TEAM })).unwrap();
    let request = world.requests().remove(0);
    assert_eq!(request.path, format!("/teams/{TEAM}/channels"));
    assert_eq!(request.query, [("$select", "id,displayName,description,membershipType,webUrl".to_owned())]);
    assert!(
        answer.text.contains(
            "1. General: Welcome\n   id 19:1@thread.tacv2\n2. Board (private)\n   id 19:2@thread.tacv2\n"
        ),
        "{}",
        answer.text
    );
    assert_eq!(answer.structured["channels"][0]["webUrl"], "https://teams.microsoft.com/l/channel/1");
    assert_eq!(
        answer.structured["channels"][1],
        json!({ "id": "19:2@thread.tacv2", "displayName": "Board", "membershipType": "private" })
    );
}
