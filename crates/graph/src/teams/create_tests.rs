use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::find_tool;
use crate::testing::{World, arguments, json_of};

fn created(given: Value) -> Value {
    let world = World::with_json(&json!({ "id": "19:x@thread.v2", "chatType": "group" }));
    world.run("createChat", given).unwrap();
    let request = world.requests().remove(0);
    assert_eq!((request.path.as_str(), request.query.len()), ("/chats", 0));
    json_of(&request).clone()
}

fn bound(principal: &str, role: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.aadUserConversationMember", "roles": [role],
        "user@odata.bind": format!("https://graph.microsoft.com/v1.0/users('{principal}')"),
    })
}

fn refusal(given: Value) -> String {
    match find_tool("createChat").unwrap().parse(&arguments(given)) {
        Ok(_) => "accepted".to_owned(),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn a_chat_with_one_other_is_between_two() {
    assert_eq!(
        created(json!({ "members": ["Megan.O'Neil@contoso.example", "alex@contoso.example"] })),
        json!({ "chatType": "oneOnOne", "members": [
            bound("alex@contoso.example", "owner"), bound("megan.o''neil@contoso.example", "owner"),
        ] })
    );
}

#[test]
fn a_chat_with_several_or_with_a_topic_is_a_group() {
    let chat = created(json!({ "members": ["a@contoso.example", "b@contoso.example"] }));
    assert_eq!((&chat["chatType"], chat.get("topic")), (&json!("group"), None));
    assert_eq!(chat["members"].as_array().unwrap().len(), 3);
    let chat = created(json!({ "members": ["a@contoso.example"], "topic": "Plan" }));
    assert_eq!((&chat["chatType"], &chat["topic"]), (&json!("group"), &json!("Plan")));
}

#[test]
fn a_guest_is_one() {
    let chat = created(json!({ "members": ["kim_fabrikam.example#EXT#@contoso.example"] }));
    assert_eq!(chat["members"][1], bound("kim_fabrikam.example%23ext%23@contoso.example", "guest"));
}

#[test]
fn the_answer_has_the_chat_and_the_decision_everybody_in_it() {
    let world = World::with_json(
        &json!({ "id": "19:x@thread.v2", "chatType": "oneOnOne", "webUrl": "https://teams.microsoft.com/l/chat/x" }),
    );
    let given = json!({ "members": ["a@contoso.example", "A@contoso.example"] });
    let answer = world.run("createChat", given.clone()).unwrap();
    assert_eq!(answer.text, "Chat open: 19:x@thread.v2\nSee https://teams.microsoft.com/l/chat/x");
    assert_eq!(answer.structured["chatType"], "oneOnOne");
    let reach = find_tool("createChat").unwrap().parse(&arguments(given)).unwrap().reach();
    assert_eq!(reach.target, "chats");
    assert_eq!(reach.recipients.iter().map(Email::as_str).collect::<Vec<_>>(), ["a@contoso.example"]);
}

#[test]
fn members_are_addresses_and_a_topic_is_what_teams_takes() {
    assert_eq!(refusal(json!({ "members": [] })), "`members` must name somebody.");
    assert_eq!(
        refusal(json!({ "members": ["a@contoso.example"], "topic": "Re: plan" })),
        "`topic` must have no colon, which Teams does not take."
    );
    for bad in [json!("a@contoso.example"), json!(["nobody"]), json!(["19:x@thread.v2'); x"])] {
        assert!(refusal(json!({ "members": bad })).starts_with("`members` must be a list"), "{bad}");
    }
}

/// Reads a key back as OData does: escapes first, then doubled quotes, of which a single one would end it.
fn read_back(key: &str) -> Option<String> {
    let decoded = m365_types::decode_segment(&m365_types::encode_segment(key))?;
    let plain = decoded
        .replace("%23", "#")
        .replace("%3F", "?")
        .replace("%2F", "/")
        .replace("%5C", "\\")
        .replace("%25", "%");
    plain.replace("''", "").find('\'').is_none().then(|| plain.replace("''", "'"))
}

proptest! {
    #[test]
    fn a_principal_name_cannot_leave_its_key(name in "[a-z'%#?/\\\\.+]{1,30}@[a-z]{1,8}\\.example") {
        let key = key(&name);
        prop_assert!(!key.contains(['#', '?', '/', '\\']));
        prop_assert_eq!(read_back(&key), Some(name));
    }
}
