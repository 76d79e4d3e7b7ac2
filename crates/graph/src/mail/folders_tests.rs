use serde_json::{Value, json};

use crate::testing::World;

fn folder(name: &str, unread: u64, below: u64) -> Value {
    json!({
        "id": "AAMkAD=", "displayName": name, "unreadItemCount": unread, "totalItemCount": 7, "childFolderCount": below,
    })
}

#[test]
fn folders_are_told_by_name_with_their_counts() {
    let world =
        World::with_json(&json!({ "value": [folder("In\u{200b}box", 2, 0), folder("Projects", 0, 3)] }));
    let answer = world.run("listMailFolders", json!({})).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/me/mailFolders");
    assert_eq!(
        request.query,
        [
            ("$top", "100".to_owned()),
            ("$select", "id,displayName,unreadItemCount,totalItemCount,childFolderCount".to_owned())
        ]
    );
    insta::assert_snapshot!(answer.text);
    assert_eq!(
        answer.structured["folders"],
        json!([
            { "id": "AAMkAD=", "name": "Inbox", "unread": 2, "total": 7 },
            { "id": "AAMkAD=", "name": "Projects", "unread": 0, "total": 7, "childFolders": 3 },
        ])
    );
}

#[test]
fn a_folder_without_anything_is_no_failure_and_another_mailbox_is_named() {
    let world = World::with_json(&json!({ "value": [{}, { "displayName": null }] }));
    let answer = world.run("listMailFolders", json!({ "mailbox": "support@contoso.example" })).unwrap();
    assert_eq!(world.requests()[0].path, "/users/support%40contoso.example/mailFolders");
    assert_eq!(answer.structured["folders"].as_array().unwrap().len(), 2);
}
