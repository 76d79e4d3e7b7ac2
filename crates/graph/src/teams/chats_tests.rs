use serde_json::{Value, json};

use crate::testing::{World, ok};

fn member(name: &str, email: &Value) -> Value {
    json!({ "@odata.type": "#microsoft.graph.aadUserConversationMember", "displayName": name, "email": email })
}

fn chat(id: &str, kind: &str, topic: &Value, members: Vec<Value>) -> Value {
    let mut members = members;
    members.push(member("Alex Wilber", &json!("Alex@contoso.example")));
    json!({ "id": id, "chatType": kind, "topic": topic, "lastUpdatedDateTime": "2026-11-20T09:00:00Z", "members": members })
}

#[test]
fn chats_are_named_by_their_topic_and_the_others_in_them() {
    let megan = || member("Megan Bowen", &json!("megan.bowen@contoso.example"));
    let crowd = (0..12).map(|number| member(&format!("P{number}"), &json!(null))).collect();
    let world = World::with_json(&json!({ "value": [
        chat("19:a_b@unq.gbl.spaces", "oneOnOne", &json!(null), vec![megan()]),
        chat("19:g@thread.v2", "group", &json!("Launch <b>plan</b>"), vec![megan(), member("Zoë", &json!(null))]),
        chat("19:m@thread.v2", "meeting", &json!("All hands"), crowd),
        chat("19:me@thread.v2", "group", &json!(null), vec![]),
    ] }));
    let answer = world.run("listChats", json!({})).unwrap();
    let request = world.requests().remove(0);
    assert_eq!(request.path, "/me/chats");
    assert_eq!(
        request.query,
        [
            ("$top", "20".to_owned()),
            ("$expand", "members".to_owned()),
            ("$orderby", "lastMessagePreview/createdDateTime desc".to_owned()),
        ]
    );
    for line in [
        "4 chats, newest message first.\n",
        "1. Megan Bowen (oneOnOne)\n   id 19:a_b@unq.gbl.spaces\n",
        "2. Launch plan: Megan Bowen, Zoë (group)\n   id 19:g@thread.v2\n",
        "3. All hands: P0, P1, P2, P3, P4, P5, P6, P7, P8, P9 and 2 more (meeting)\n",
        "4. (nobody else) (group)\n",
    ] {
        assert!(answer.text.contains(line), "{line}: {}", answer.text);
    }
    assert_eq!(
        answer.structured["chats"][0],
        json!({
            "id": "19:a_b@unq.gbl.spaces", "chatType": "oneOnOne", "members": ["Megan Bowen"],
            "lastUpdated": "2026-11-20T09:00:00Z",
        })
    );
    assert_eq!(answer.structured["chats"][2]["moreMembers"], 2);
}

#[test]
fn a_page_of_chats_may_be_shorter_than_asked_for() {
    let page = |from: u32| -> Vec<Value> {
        (from..from + 25).map(|id| json!({ "id": id.to_string(), "chatType": "group" })).collect()
    };
    let link = "https://graph.microsoft.com/v1.0/me/chats?$expand=members&$skiptoken=";
    let world = World::answering([
        ok(&json!({ "value": page(0), "@odata.nextLink": format!("{link}25") })),
        ok(&json!({ "value": page(25), "@odata.nextLink": format!("{link}50") })),
    ]);
    let answer = world.run("listChats", json!({ "count": 30 })).unwrap();
    assert_eq!(answer.structured["chats"].as_array().unwrap().len(), 30);
    let world = World::with_json(&json!({ "value": page(25) }));
    let (rest, _) = world.run_from("listChats", json!({ "count": 30 }), answer.next.as_ref());
    assert_eq!(rest.unwrap().structured["chats"][0]["id"], "30");
    assert!(world.requests()[0].query.contains(&("$skiptoken", "25".to_owned())));
}
