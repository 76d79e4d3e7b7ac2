use serde_json::{Value, json};

use crate::testing::{World, arguments};

const TEAM: &str = "893075dd-2487-4122-925f-022c42e20265";
const CHANNEL: &str = "19:56@thread.tacv2";
const CHAT: &str = "19:2da4@thread.v2";

fn message(id: u32, kind: &str) -> Value {
    json!({
        "id": id.to_string(), "messageType": kind, "createdDateTime": "2026-11-20T09:12:44Z",
        "from": { "user": { "id": "u", "displayName": "Megan" } }, "body": { "contentType": "text", "content": "hi" },
    })
}

fn channel(more: Value) -> Value {
    let mut given = json!({ "teamId": TEAM, "channelId": CHANNEL });
    given.as_object_mut().unwrap().extend(arguments(more));
    given
}

#[test]
fn posts_of_a_channel_are_asked_for_with_nothing_but_their_number() {
    let world = World::with_json(&json!({ "value": [message(1, "message")] }));
    let answer = world.run("getChannelMessages", channel(json!({ "timeZone": "Europe/Berlin" }))).unwrap();
    let request = world.requests().remove(0);
    assert_eq!(request.path, format!("/teams/{TEAM}/channels/19%3A56%40thread.tacv2/messages"));
    assert_eq!(request.query, [("$top", "20".to_owned())]);
    let head = answer.text.lines().next().unwrap();
    assert_eq!(head, "1 post, newest first. Times are Europe/Berlin.");
    assert!(answer.text.contains("1. Megan, Fri 2026-11-20 10:12 (id 1)\n   hi\n"), "{}", answer.text);
    assert_eq!((&answer.structured["more"], &answer.structured["untrusted"]), (&json!(false), &json!(true)));
}

#[test]
fn replies_to_a_post_are_another_list() {
    let world = World::with_json(&json!({ "value": [message(2, "message"), message(3, "message")] }));
    let answer = world
        .run("getChannelMessages", channel(json!({ "messageId": "1616990032035", "count": 5 })))
        .unwrap();
    let request = world.requests().remove(0);
    assert!(request.path.ends_with("/messages/1616990032035/replies"), "{}", request.path);
    assert_eq!(request.query, [("$top", "5".to_owned())]);
    assert!(answer.text.starts_with("2 replies, newest first."), "{}", answer.text);
    let world = World::with_json(&json!({ "value": [] }));
    let none = world.run("getChannelMessages", channel(json!({ "messageId": "1" }))).unwrap();
    assert_eq!(none.text, "No replies.");
}

#[test]
fn messages_of_a_chat_come_by_creation() {
    let world = World::with_json(&json!({ "value": [message(1, "message")] }));
    let answer = world.run("getChatMessages", json!({ "chatId": CHAT })).unwrap();
    let request = world.requests().remove(0);
    assert_eq!(request.path, "/chats/19%3A2da4%40thread.v2/messages");
    assert_eq!(request.query, [("$top", "20".to_owned()), ("$orderby", "createdDateTime desc".to_owned())]);
    assert!(answer.text.starts_with("1 message, newest first. Times are UTC, because"), "{}", answer.text);
}

#[test]
fn what_teams_says_is_left_out_and_the_list_goes_on_behind_it() {
    let link = "https://graph.microsoft.com/v1.0/chats/19:2da4@thread.v2/messages?$top=3&$skiptoken=abc%3d";
    let world = World::with_json(&json!({
        "value": [message(1, "message"), message(2, "systemEventMessage"), message(3, "unknownFutureValue")],
        "@odata.nextLink": link,
    }));
    let (first, _) = world.run_from("getChatMessages", json!({ "chatId": CHAT, "count": 3 }), None);
    let first = first.unwrap();
    assert_eq!(first.structured["messages"].as_array().unwrap().len(), 1);
    assert_eq!(first.structured["more"], true);
    let world = World::with_json(&json!({ "value": [message(4, "message")] }));
    let position = first.next.unwrap();
    let (second, _) =
        world.run_from("getChatMessages", json!({ "chatId": CHAT, "count": 3 }), Some(&position));
    assert_eq!(second.unwrap().structured["messages"][0]["id"], "4");
    let asked = world.requests().remove(0).query;
    assert!(asked.contains(&("$skiptoken", "abc=".to_owned())), "{asked:?}");
}

#[test]
fn the_reach_of_a_read_is_what_is_read() {
    let reach =
        |tool: &str, given: Value| crate::find_tool(tool).unwrap().parse(&arguments(given)).unwrap().reach();
    assert_eq!(
        reach("getChannelMessages", channel(json!({}))).target,
        format!("teams/{TEAM}/channels/{CHANNEL}")
    );
    assert_eq!(reach("getChatMessages", json!({ "chatId": CHAT })).target, format!("chats/{CHAT}"));
}
