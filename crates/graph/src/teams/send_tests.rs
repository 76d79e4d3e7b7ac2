use m365_types::{Members, Standing};
use serde_json::{Value, json};

use crate::testing::{OID, TENANT, World, arguments, json_of, ok, refused, throttled};

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

/// Everything that tells who reads a channel.
const SEES_CHANNELS: &str =
    "ChannelMessage.Send ChannelMember.Read.All Channel.ReadBasic.All Team.ReadBasic.All";
const MEGAN: &str = "ef1c916a-3135-4417-ba27-8eb7bd084193";

fn channel_member(id: &str, email: &str, role: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.aadUserConversationMember", "userId": id, "displayName": id,
        "email": email, "tenantId": TENANT, "roles": [role],
    })
}

fn channel(members: &[Value]) -> World {
    World::answering([
        ok(&json!({ "displayName": "Launch" })),
        ok(&json!({ "displayName": "Press\u{202e}", "membershipType": "standard" })),
        ok(&json!({ "value": members })),
    ])
    .allowed(SEES_CHANNELS)
}

fn post() -> Value {
    json!({
        "teamId": TEAM, "channelId": CHANNEL, "subject": "Plan", "message": "a <b> @Megan",
        "mentions": [{ "name": "Megan", "userId": MEGAN }],
    })
}

#[test]
fn a_post_reaches_everybody_of_the_channel() {
    let members = [
        channel_member(OID, "alex@contoso.example", "owner"),
        channel_member(MEGAN, "megan@contoso.example", ""),
        channel_member("g1", "guus@fabrikam.example", "guest"),
    ];
    let world = channel(&members);
    let effect = world.look("sendTeamsMessage", post()).unwrap();
    let requests = world.requests();
    let asked: Vec<_> = requests.iter().map(|one| (one.path.as_str(), one.query.clone())).collect();
    let at = format!("/teams/{TEAM}/channels/19%3A56%40thread.tacv2");
    assert_eq!(asked[0], (format!("/teams/{TEAM}").as_str(), vec![("$select", "displayName".to_owned())]));
    assert_eq!(asked[1], (at.as_str(), vec![("$select", "displayName,membershipType".to_owned())]));
    assert_eq!(asked[2], (format!("{at}/allMembers").as_str(), vec![("$top", "999".to_owned())]));
    let [everybody] = effect.recipients.as_slice() else { panic!("{effect:?}") };
    assert_eq!(
        (everybody.said, everybody.members),
        (Standing::Outside, Some(Members { total: 2, outside: 1 }))
    );
    let facts: Vec<_> = effect.facts.iter().map(|fact| (fact.name.as_str(), fact.value.as_str())).collect();
    assert_eq!(
        facts,
        [
            ("Team", "Launch"),
            ("Channel", "Press"),
            ("Kind of channel", "standard"),
            ("Not of the organisation", "g1 <guus@fabrikam.example>"),
            ("Title", "Plan"),
            ("Mentions", format!("@Megan ({MEGAN}): {MEGAN} <megan@contoso.example>").as_str()),
        ]
    );
    let body = effect.body.clone().unwrap();
    assert_eq!((body.html, body.text.as_str()), (true, "a &lt;b&gt; <at id=\"0\">Megan</at>"));
    assert_eq!(effect, channel(&members).look("sendTeamsMessage", post()).unwrap());
    let inside = channel(&members[..2]).look("sendTeamsMessage", post()).unwrap();
    assert_eq!(inside.recipients[0].said, Standing::Inside);
    assert_ne!(effect, inside);
}

#[test]
fn without_a_permission_to_see_members_a_channel_may_have_anybody() {
    for (scopes, names, facts) in [
        ("ChannelMessage.Send", 0, 0),
        ("ChannelMessage.Send Team.ReadBasic.All", 1, 1),
        ("ChannelMessage.Send Channel.ReadBasic.All", 1, 2),
    ] {
        let answer = || ok(&json!({ "displayName": "x", "membershipType": "private" }));
        let world = World::answering(std::iter::repeat_with(answer).take(names)).allowed(scopes);
        let given = json!({ "teamId": TEAM, "channelId": CHANNEL, "messageId": "1", "message": "x" });
        let effect = world.look("replyToChannelMessage", given).unwrap();
        assert_eq!(effect.recipients.len(), 1, "{scopes}");
        assert_eq!(
            (effect.recipients[0].said, effect.facts.len()),
            (Standing::Unknown, facts + 1),
            "{scopes}"
        );
    }
}

#[test]
fn what_is_said_where_and_to_whom_makes_the_effect() {
    let base = post();
    let of = |tool: &str, more: Value| {
        let mut given = base.clone();
        given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        crate::testing::effect(tool, given)
    };
    let first = of("sendTeamsMessage", json!({}));
    assert_eq!(first, of("sendTeamsMessage", json!({})));
    for more in [
        json!({ "channelId": "19:57@thread.tacv2" }),
        json!({ "subject": "Plan B" }),
        json!({ "message": "b @Megan" }),
        json!({ "mentions": [{ "name": "Megan", "userId": "other" }] }),
    ] {
        assert_ne!(first, of("sendTeamsMessage", more.clone()), "{more}");
    }
    // Nobody asked yet who reads it, so it may be anybody.
    assert_eq!(first.recipients[0].said, Standing::Unknown);
    let reply = |post: &str| of("replyToChannelMessage", json!({ "messageId": post }));
    assert_ne!(reply("1"), reply("2"));
}

#[test]
fn a_chat_message_reaches_each_of_the_chat() {
    let world = World::answering([
        ok(&json!({ "topic": "Lunch", "chatType": "group" })),
        ok(&json!({ "value": [channel_member(OID, "alex@contoso.example", "owner"),
                                  channel_member("m", "megan@contoso.example", "owner"),
                                  channel_member("f", "fay@fabrikam.example", "guest")] })),
    ])
    .allowed("ChatMessage.Send Chat.ReadBasic");
    let effect = world.look("sendChatMessage", json!({ "chatId": CHAT, "message": "ok" })).unwrap();
    let paths: Vec<_> = world.requests().iter().map(|one| one.path.clone()).collect();
    assert_eq!(paths, ["/chats/19%3A2da4%40thread.v2", "/chats/19%3A2da4%40thread.v2/members"]);
    let reached: Vec<_> =
        effect.recipients.iter().map(|one| (one.address.as_ref().unwrap().as_str(), one.said)).collect();
    assert_eq!(
        reached,
        [("fay@fabrikam.example", Standing::Outside), ("megan@contoso.example", Standing::Inside)]
    );
    assert_eq!((effect.facts[0].value.as_str(), effect.facts[1].value.as_str()), ("Lunch", "group"));
}

#[test]
fn a_chat_that_may_not_be_looked_at_may_have_anybody() {
    let world = World::default().allowed("ChatMessage.Send");
    let effect = world.look("sendChatMessage", json!({ "chatId": CHAT, "message": "ok" })).unwrap();
    assert_eq!((effect.recipients[0].said, world.requests().len()), (Standing::Unknown, 0));
}
