use serde_json::{Value, json};

use crate::testing::{World, ok};

fn room(number: usize, building: &str, capacity: &Value) -> Value {
    json!({
        "id": format!("R{number}"), "displayName": format!("Room {number}"), "building": building, "capacity": capacity,
        "emailAddress": format!("room{number}@contoso.example"), "floorNumber": 2,
    })
}

#[test]
fn rooms_are_listed_with_their_addresses() {
    let world = World::with_json(
        &json!({ "value": [room(1, "Aalto", &json!(8)), { "displayName": "Bare", "emailAddress": "bare@contoso.example" }] }),
    );
    let answer = world.run("listRooms", json!({})).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/places/microsoft.graph.room");
    assert_eq!(
        request.query,
        [
            ("$top", "100".to_owned()),
            ("$select", "id,displayName,emailAddress,capacity,building,floorNumber".to_owned()),
        ]
    );
    for words in
        ["1. Room 1 <room1@contoso.example>, 8 seats, Aalto, floor 2", "2. Bare <bare@contoso.example>"]
    {
        assert!(answer.text.contains(words), "{}", answer.text);
    }
    assert_eq!(
        answer.structured["rooms"],
        json!([
            { "name": "Room 1", "address": "room1@contoso.example", "capacity": 8, "building": "Aalto", "floor": 2 },
            { "name": "Bare", "address": "bare@contoso.example" },
        ])
    );
}

#[test]
fn rooms_are_narrowed_here_on_every_page() {
    let next = "https://graph.microsoft.com/v1.0/places/microsoft.graph.room?$top=100&$skip=100";
    let pages = || {
        World::answering([
            ok(
                &json!({ "value": [room(1, "Aalto House", &json!(8)), room(2, "Aalto House", &json!(3))], "@odata.nextLink": next }),
            ),
            ok(&json!({ "value": [room(3, "Bauhaus", &json!("20")), room(4, "AALTO HOUSE", &json!(null))] })),
        ])
    };
    let names = |given: Value| -> Vec<String> {
        let answer = pages().run("listRooms", given).unwrap();
        let rooms = answer.structured["rooms"].as_array().unwrap().clone();
        rooms.iter().map(|room| room["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(json!({ "building": "aalto" })), ["Room 1", "Room 2", "Room 4"]);
    assert_eq!(names(json!({ "capacity": 8 })), ["Room 1", "Room 3"]);
    assert_eq!(names(json!({ "building": "aalto", "capacity": 4 })), ["Room 1"]);
    let none = pages().run("listRooms", json!({ "building": "Castle" })).unwrap();
    assert!(none.text.contains("ask without `building` and `capacity`"), "{}", none.text);
}
