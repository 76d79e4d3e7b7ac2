use serde_json::{Value, json};

use crate::testing::{World, arguments, json_of, refused, throttled};

const TEAM: &str = "893075dd-2487-4122-925f-022c42e20265";
const CHANNEL: &str = "19:56@thread.tacv2";
const CHAT: &str = "19:2da4@thread.v2";

fn posted() -> World {
    World::with_json(&json!({ "id": "1616990032035", "webUrl": "https://teams.microsoft.com/l/message/x" }))
}

fn target(tool: &str, given: Value) -> String {
    crate::find_tool(tool).unwrap().parse(&arguments(given)).unwrap().reach().target
}

#[test]
fn a_message_is_escaped_text_in_its_channel() {
    let world = posted();
    let given = json!({ "teamId": TEAM, "channelId": CHANNEL, "message": "a <b>\n& c" });
    let answer = world.run("sendTeamsMessage", given.clone()).unwrap();
    let request = world.requests().remove(0);
    assert_eq!(request.path, format!("/teams/{TEAM}/channels/19%3A56%40thread.tacv2/messages"));
    assert_eq!(
        *json_of(&request),
        json!({ "body": { "contentType": "html", "content": "a &lt;b&gt;<br>&amp; c" } })
    );
    assert!(request.query.is_empty());
    assert_eq!(answer.text, "Teams message sent\nSee https://teams.microsoft.com/l/message/x");
    assert_eq!(
        answer.structured,
        json!({ "id": "1616990032035", "webUrl": "https://teams.microsoft.com/l/message/x" })
    );
    assert_eq!(target("sendTeamsMessage", given), format!("teams/{TEAM}/channels/{CHANNEL}"));
}

#[test]
fn an_answer_without_a_link_still_says_that_it_was_sent() {
    let world = World::with_json(&json!({ "id": "1", "webUrl": null }));
    let given = json!({ "teamId": TEAM, "channelId": CHANNEL, "message": "x" });
    assert_eq!(world.run("sendTeamsMessage", given).unwrap().text, "Teams message sent");
}

#[test]
fn a_post_may_have_a_title_and_mention_people() {
    let world = posted();
    let given = json!({
        "teamId": TEAM, "channelId": CHANNEL, "message": "Hi @Megan Bowen", "subject": "Plan",
        "mentions": [{ "name": "Megan Bowen", "userId": "ef1c916a-3135-4417-ba27-8eb7bd084193" }],
    });
    world.run("sendTeamsMessage", given).unwrap();
    assert_eq!(
        *json_of(&world.requests()[0]),
        json!({
            "subject": "Plan",
            "body": { "contentType": "html", "content": "Hi <at id=\"0\">Megan Bowen</at>" },
            "mentions": [{ "id": 0, "mentionText": "Megan Bowen", "mentioned": { "user": {
                "id": "ef1c916a-3135-4417-ba27-8eb7bd084193", "displayName": "Megan Bowen",
                "userIdentityType": "aadUser" } } }],
        })
    );
}

#[test]
fn a_reply_goes_to_its_post() {
    let world = posted();
    let given =
        json!({ "teamId": TEAM, "channelId": CHANNEL, "messageId": "1616990032035", "message": "ok" });
    let answer = world.run("replyToChannelMessage", given.clone()).unwrap();
    let request = world.requests().remove(0);
    let path = format!("/teams/{TEAM}/channels/19%3A56%40thread.tacv2/messages/1616990032035/replies");
    assert_eq!(request.path, path);
    assert_eq!(*json_of(&request), json!({ "body": { "contentType": "html", "content": "ok" } }));
    assert_eq!(answer.text, "Reply sent\nSee https://teams.microsoft.com/l/message/x");
    assert_eq!(target("replyToChannelMessage", given), format!("teams/{TEAM}/channels/{CHANNEL}"));
}

#[test]
fn a_chat_message_goes_to_its_chat() {
    let world = World::with_json(&json!({ "id": "1", "webUrl": null }));
    let given = json!({ "chatId": CHAT, "message": "ok" });
    let answer = world.run("sendChatMessage", given.clone()).unwrap();
    assert_eq!(world.requests()[0].path, "/chats/19%3A2da4%40thread.v2/messages");
    assert_eq!((answer.text.as_str(), answer.structured), ("Chat message sent", json!({ "id": "1" })));
    assert_eq!(target("sendChatMessage", given), format!("chats/{CHAT}"));
}

#[test]
fn a_message_is_repeated_only_where_it_was_refused_for_load() {
    for tool in ["sendTeamsMessage", "replyToChannelMessage", "sendChatMessage"] {
        let given = || json!({ "teamId": TEAM, "channelId": CHANNEL, "messageId": "1", "chatId": CHAT, "message": "x" });
        let world = World::answering([refused(503, None, None)]);
        assert!(world.run(tool, given()).unwrap_err().maybe_done());
        assert_eq!(world.requests().len(), 1, "{tool}");
        let world = World::answering([throttled(Some(2.128)), crate::testing::ok(&json!({ "id": "1" }))]);
        world.run(tool, given()).unwrap();
        assert_eq!(world.requests().len(), 2, "{tool}");
    }
}
