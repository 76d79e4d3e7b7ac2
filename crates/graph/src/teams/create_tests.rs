use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::find_tool;
use crate::testing::{World, arguments, json_of, ok, refused};

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

fn found(principal: &str, more: Value) -> crate::testing::Scripted {
    let mut user = json!({ "displayName": "X", "userPrincipalName": principal });
    let Value::Object(more) = more else { panic!("{more} is no object") };
    user.as_object_mut().unwrap().extend(more);
    ok(&user)
}

#[test]
fn each_member_is_looked_up_and_a_guest_is_outside_whatever_the_address() {
    let world = World::answering([
        found("megan@contoso.example", json!({})),
        found("fay_x.example#EXT#@contoso.example", json!({})),
        found("gus@contoso.example", json!({ "userType": "Guest" })),
        refused(404, None, None),
    ])
    .allowed("Chat.Create User.ReadBasic.All");
    let members = [
        "megan@contoso.example",
        "fay_x.example#EXT#@contoso.example",
        "gus@contoso.example",
        "no@x.example",
    ];
    let effect = world.look("createChat", json!({ "members": members, "topic": "Lunch" })).unwrap();
    let requests = world.requests();
    assert_eq!(requests[1].path, "/users/fay_x.example%23ext%23%40contoso.example");
    assert_eq!(requests[0].query, [("$select", "displayName,userPrincipalName,userType".to_owned())]);
    let said: Vec<Standing> = effect.recipients.iter().map(|one| one.said).collect();
    assert_eq!(said, [Standing::Inside, Standing::Outside, Standing::Outside, Standing::Unknown]);
    assert_eq!(effect.facts[0].value, "a group");
    assert_eq!(effect.facts[1].value, "Lunch");
}

#[test]
fn more_people_than_one_batch_takes_are_looked_up_in_several() {
    let world =
        World::serving(|_| found("x@contoso.example", json!({}))).allowed("Chat.Create User.ReadBasic.All");
    let members: Vec<String> = (0..45).map(|number| format!("p{number}@contoso.example")).collect();
    let effect = world.look("createChat", json!({ "members": members })).unwrap();
    assert_eq!((effect.recipients.len(), world.requests().len()), (45, 45));
    assert!(effect.recipients.iter().all(|one| one.said == Standing::Inside));
}

#[test]
fn without_the_directory_nothing_is_said_of_anybody_and_a_busy_one_ends_the_look() {
    let given = || json!({ "members": ["megan@contoso.example"] });
    let world = World::default().allowed("Chat.Create");
    let effect = world.look("createChat", given()).unwrap();
    assert_eq!((effect.recipients[0].said, world.requests().len()), (Standing::Unknown, 0));
    let world = World::answering([refused(503, None, None)]).allowed("Chat.Create User.ReadBasic.All");
    assert!(world.look("createChat", given()).is_err());
}
