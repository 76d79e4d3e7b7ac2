use serde_json::{Value, json};

use crate::testing::{World, arguments, json_of};

const TEAM: &str = "893075dd-2487-4122-925f-022c42e20265";

#[test]
fn a_message_is_escaped_text_in_its_channel() {
    let world = World::with_json(
        &json!({ "id": "1616990032035", "webUrl": "https://teams.microsoft.com/l/message/x" }),
    );
    let given = json!({ "teamId": TEAM, "channelId": "19:56@thread.tacv2", "message": "a <b>\n& c" });
    let answer = world.run("sendTeamsMessage", given.clone()).unwrap();
    let request = world.requests().remove(0);
    assert_eq!(request.path, format!("/teams/{TEAM}/channels/19%3A56%40thread.tacv2/messages"));
    assert_eq!(
        *json_of(&request),
        json!({ "body": { "contentType": "html", "content": "a &lt;b&gt;<br>&amp; c" } })
    );
    assert!(request.query.is_empty());
    assert_eq!(answer.text, "Teams message sent\nSee https://teams.microsoft.com/l/message/x");
    let reach = crate::find_tool("sendTeamsMessage").unwrap().parse(&arguments(given)).unwrap().reach();
    assert_eq!(reach.target, format!("teams/{TEAM}/channels/19:56@thread.tacv2"));
}

#[test]
fn an_answer_without_a_link_still_says_that_it_was_sent() {
    let world = World::with_json(&json!({ "id": "1", "webUrl": null }));
    let given = json!({ "teamId": TEAM, "channelId": "19:56@thread.tacv2", "message": "x" });
    assert_eq!(world.run("sendTeamsMessage", given).unwrap().text, "Teams message sent");
}

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
