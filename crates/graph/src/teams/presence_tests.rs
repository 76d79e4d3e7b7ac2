use m365_types::Scope;
use serde_json::{Value, json};

use crate::find_tool;
use crate::testing::{Scripted, World, arguments, json_of, ok, refused};

const MEGAN: &str = "fa8bf3dc-eca7-46b7-bad1-db199b62afc3";
const ADELE: &str = "66825e03-7ef5-42da-9069-724602c31f6b";

fn user(id: &str, name: &str) -> Scripted {
    ok(&json!({ "id": id, "displayName": name }))
}

fn presences(of: &[Value]) -> Scripted {
    ok(&json!({ "value": of }))
}

fn presence(id: &str, availability: &str, activity: &str) -> Value {
    json!({ "id": id, "availability": availability, "activity": activity })
}

#[test]
fn people_by_address_are_looked_up_and_asked_for_by_id() {
    let mut megan = presence(MEGAN, "Busy", "InAMeeting");
    megan["statusMessage"] =
        json!({ "message": { "content": "Back\u{200b} at <b>3</b>", "contentType": "text" } });
    let world = World::answering([
        user(MEGAN, "Megan Bowen"),
        refused(404, None, None),
        presences(&[presence(ADELE, "Away", "Away"), megan]),
    ]);
    let people = json!(["megan.bowen@contoso.example", ADELE, "nobody@contoso.example"]);
    let answer = world.run("getPresence", json!({ "people": people })).unwrap();
    let requests = world.requests();
    assert_eq!(requests[0].path, "/users/megan.bowen%40contoso.example");
    assert_eq!(requests[0].query, [("$select", "id,displayName".to_owned())]);
    assert_eq!(requests[1].path, "/users/nobody%40contoso.example");
    assert_eq!(requests[2].path, "/communications/getPresencesByUserId");
    assert_eq!(*json_of(&requests[2]), json!({ "ids": [MEGAN, ADELE] }));
    assert!(
        answer.text.starts_with("Presence of 2. Not known to the organisation: nobody@contoso.example.\n"),
        "{}",
        answer.text
    );
    let lines = format!("1. Megan Bowen: Busy, InAMeeting; status: Back at 3\n2. {ADELE}: Away\n");
    assert!(answer.text.contains(&lines), "{}", answer.text);
    assert_eq!(
        answer.structured,
        json!({
            "untrusted": true, "hiddenCharactersRemoved": 1, "unknown": ["nobody@contoso.example"],
            "people": [
                { "name": "Megan Bowen", "id": MEGAN, "availability": "Busy", "activity": "InAMeeting",
                  "statusMessage": "Back at 3" },
                { "id": ADELE, "availability": "Away", "activity": "Away" },
            ],
        })
    );
}

#[test]
fn people_by_id_need_no_lookup_and_no_permission_for_it() {
    let world = World::answering([presences(&[presence(MEGAN, "Available", "Available")])]);
    let answer = world.run("getPresence", json!({ "people": [MEGAN, MEGAN, ADELE] })).unwrap();
    assert_eq!(*json_of(&world.requests()[0]), json!({ "ids": [MEGAN, ADELE] }));
    assert_eq!(answer.structured["unknown"], json!([ADELE]));
    let row = find_tool("getPresence").unwrap();
    let scopes =
        |people: Value| row.parse(&arguments(json!({ "people": people }))).unwrap().scopes(&row.spec);
    assert_eq!(scopes(json!([MEGAN])), [Scope::PresenceReadAll]);
    assert_eq!(scopes(json!([MEGAN, "a@b.example"])), [Scope::PresenceReadAll, Scope::UserReadBasicAll]);
}

#[test]
fn nobody_known_is_an_answer_and_asks_for_no_presence() {
    let world = World::answering([refused(404, None, None)]);
    let answer = world.run("getPresence", json!({ "people": ["a@b.example"] })).unwrap();
    assert_eq!(answer.text, "Not known to the organisation: a@b.example.");
    assert_eq!((world.requests().len(), &answer.structured["people"]), (1, &json!([])));
}

#[test]
fn a_refused_lookup_is_a_failure_and_not_an_unknown_person() {
    let world = World::answering([refused(403, None, None)]);
    let error = world.run("getPresence", json!({ "people": ["a@b.example"] })).unwrap_err();
    assert_eq!(error.code(), "graph_permission");
}

#[test]
fn people_are_addresses_or_ids_and_few() {
    for (bad, given) in [
        (json!([]), "something else, none or more"),
        (json!(vec![MEGAN; 21]), "something else, none or more"),
        (json!(MEGAN), "something else, none or more"),
        (json!([MEGAN, "a@b"]), "accepted"),
        (json!([MEGAN, "a b@c.example"]), "as entry 2 a string of 13 characters"),
        (json!(["../me"]), "as entry 1 a string of 5 characters"),
        (json!([7]), "as entry 1 7"),
    ] {
        let sentence = match find_tool("getPresence").unwrap().parse(&arguments(json!({ "people": bad }))) {
            Ok(_) => "accepted".to_owned(),
            Err(errors) => errors.to_string(),
        };
        let wanted =
            format!("`people` must be a list of 1 to 20 e-mail addresses or user ids; given: {given}.");
        assert!(sentence == wanted || sentence == given, "{bad}: {sentence}");
    }
}
