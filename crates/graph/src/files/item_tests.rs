use serde_json::{Value, json};

use crate::testing::World;

#[test]
fn a_file_is_what_is_known_about_it_and_never_its_download_address() {
    let world = World::with_json(&json!({
        "@odata.context": "x", "@microsoft.graph.downloadUrl": "https://contoso.sharepoint.com/download?tempauth=secret",
        "id": "01BYE5RZ", "name": "Bud\u{202e}get.xlsx", "size": 4_294_967_296_u64,
        "file": { "mimeType": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "hashes": {} },
        "createdDateTime": "2026-11-01T10:00:00Z", "lastModifiedDateTime": "2026-11-20T08:12:08Z",
        "lastModifiedBy": { "user": { "displayName": "Megan Bowen", "id": "u" } },
        "webUrl": "https://contoso.sharepoint.com/Budget.xlsx",
    }));
    let answer = world.run("microsoft://files/{id}", json!({ "id": "01BYE5RZ" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/me/drive/items/01BYE5RZ");
    assert_eq!(
        request.query,
        [(
            "$select",
            "id,name,size,file,folder,createdDateTime,lastModifiedDateTime,lastModifiedBy,webUrl".to_owned()
        )]
    );
    assert!(!answer.text.contains("tempauth"));
    assert_eq!(serde_json::from_str::<Value>(&answer.text).unwrap(), answer.structured);
    assert_eq!(
        answer.structured,
        json!({
            "untrusted": true, "id": "01BYE5RZ", "name": "Budget.xlsx", "isFolder": false, "size": 4_294_967_296_u64,
            "mimeType": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "created": "2026-11-01T10:00:00Z", "modified": "2026-11-20T08:12:08Z", "modifiedBy": "Megan Bowen",
            "webUrl": "https://contoso.sharepoint.com/Budget.xlsx", "hiddenCharactersRemoved": 1,
        })
    );
}

#[test]
fn a_folder_changed_by_an_application_says_so_and_a_bad_link_is_dropped() {
    let world = World::with_json(&json!({
        "id": "F1", "name": "Reports", "folder": { "childCount": 2 }, "size": null,
        "lastModifiedBy": { "user": null, "application": { "displayName": "Backup" } }, "webUrl": "http://contoso.example/",
    }));
    let answer = world.run("microsoft://files/{id}", json!({ "id": "F1" })).unwrap();
    assert_eq!(answer.structured["isFolder"], true);
    assert_eq!(answer.structured["modifiedBy"], "Backup");
    assert_eq!(answer.structured.get("webUrl"), None);
}
