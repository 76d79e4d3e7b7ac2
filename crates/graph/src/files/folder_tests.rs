use m365_types::Scope;
use serde_json::{Value, json};

use crate::find_tool;
use crate::testing::{World, arguments};

fn child(id: &str, fields: &Value) -> Value {
    let mut child = json!({
        "@microsoft.graph.downloadUrl": "https://contoso.sharepoint.com/d?tempauth=secret",
        "id": id, "name": id, "size": 4096, "lastModifiedDateTime": "2026-11-20T08:12:08Z",
        "lastModifiedBy": { "user": { "displayName": "Megan Bowen" } },
    });
    child.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
    child
}

fn page() -> Value {
    json!({ "value": [
        child("b.txt", &json!({ "file": { "mimeType": "text/plain" }, "webUrl": "https://contoso.sharepoint.com/b.txt" })),
        child("Old", &json!({ "folder": { "childCount": 1 } })),
        child("a.txt", &json!({ "file": { "mimeType": "text/plain" }, "name": "a\u{200b}.txt", "size": 12 })),
        child("New", &json!({ "folder": {}, "lastModifiedBy": { "application": { "displayName": "Backup" } } })),
    ] })
}

#[test]
fn folders_come_first_and_no_download_address_is_in_the_answer() {
    let world = World::with_json(&page());
    let answer = world.run("listFolder", json!({})).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/me/drive/items/root/children");
    assert_eq!(
        request.query,
        [
            ("$top", "50".to_owned()),
            ("$select", "id,name,size,file,folder,lastModifiedDateTime,lastModifiedBy,webUrl".to_owned())
        ]
    );
    assert!(!answer.text.contains("tempauth") && !answer.structured.to_string().contains("tempauth"));
    insta::assert_snapshot!(answer.text);
    assert_eq!(
        answer.structured,
        json!({
            "untrusted": true, "more": false, "hiddenCharactersRemoved": 1, "items": [
                { "id": "Old", "name": "Old", "isFolder": true, "children": 1, "modified": "2026-11-20T08:12:08Z" },
                { "id": "New", "name": "New", "isFolder": true, "modified": "2026-11-20T08:12:08Z" },
                { "id": "b.txt", "name": "b.txt", "isFolder": false, "size": 4096, "mimeType": "text/plain",
                  "modified": "2026-11-20T08:12:08Z", "webUrl": "https://contoso.sharepoint.com/b.txt" },
                { "id": "a.txt", "name": "a.txt", "isFolder": false, "size": 12, "mimeType": "text/plain",
                  "modified": "2026-11-20T08:12:08Z" },
            ],
        })
    );
}

#[test]
fn a_page_that_is_cut_goes_on_in_the_same_order() {
    let many: Vec<Value> = (0..80)
        .map(|number| {
            let facet = if number % 2 == 0 { json!({ "file": {} }) } else { json!({ "folder": {} }) };
            let mut child = child(&format!("i{number}"), &facet);
            child["webUrl"] = format!("https://contoso.sharepoint.com/{}", "w".repeat(1900)).into();
            child
        })
        .collect();
    let page = json!({ "value": many });
    let (mut ids, mut position) = (Vec::new(), None);
    for calls in 1.. {
        let world = World::with_json(&page);
        let answer = world.run_from("listFolder", json!({ "count": 80 }), position.as_ref()).0.unwrap();
        let items = answer.structured["items"].as_array().unwrap();
        ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        position = answer.next;
        if position.is_none() {
            assert!(calls > 1, "nothing was cut");
            break;
        }
    }
    let folders = (0..80).filter(|number| number % 2 == 1);
    let files = (0..80).filter(|number| number % 2 == 0);
    assert_eq!(ids, folders.chain(files).map(|number| format!("i{number}")).collect::<Vec<_>>());
}

#[test]
fn an_empty_folder_is_told() {
    let answer = World::with_json(&json!({ "value": [] })).run("listFolder", json!({ "id": "01A" })).unwrap();
    assert_eq!(answer.text, "The folder is empty.");
}

#[test]
fn elsewhere_has_its_own_path_permission_and_reach() {
    let row = &find_tool("listFolder").unwrap();
    for (given, path, scope, target, shared) in [
        (json!({ "id": "01A!" }), "/me/drive/items/01A%21/children", Scope::FilesRead, "me", false),
        (
            json!({ "id": "01A", "driveId": "b!x/y" }),
            "/drives/b%21x%2Fy/items/01A/children",
            Scope::FilesReadAll,
            "drives/b!x/y",
            true,
        ),
        (
            json!({ "siteId": "contoso.sharepoint.com,1,2" }),
            "/sites/contoso.sharepoint.com%2C1%2C2/drive/items/root/children",
            Scope::FilesReadAll,
            "sites/contoso.sharepoint.com,1,2/drive",
            true,
        ),
    ] {
        let invocation = row.parse(&arguments(given.clone())).unwrap();
        let reach = invocation.reach();
        assert_eq!((reach.target.as_str(), reach.shared), (target, shared), "{given}");
        assert_eq!(invocation.scopes(&row.spec), [scope], "{given}");
        let world = World::with_json(&page());
        world.run("listFolder", given).unwrap();
        assert_eq!(world.requests()[0].path, path);
    }
    let both = row.parse(&arguments(json!({ "driveId": "a", "siteId": "b" }))).err().unwrap();
    assert_eq!(both.to_string(), "`siteId` cannot be given together with `driveId`: leave one of them out.");
}

#[test]
fn the_next_page_of_another_drive_is_followed_where_its_link_encodes_otherwise() {
    let path = "https://graph.microsoft.com/v1.0/drives/b!x/items/01A/children?$top=1&$skiptoken=UGFn";
    let first = json!({ "value": [child("a", &json!({ "file": {} }))], "@odata.nextLink": path });
    let world = World::with_json(&first);
    let given = json!({ "id": "01A", "driveId": "b!x", "count": 1 });
    let answer = world.run("listFolder", given.clone()).unwrap();
    let world = World::with_json(&json!({ "value": [] }));
    world.run_from("listFolder", given, answer.next.as_ref()).0.unwrap();
    assert_eq!(world.requests()[0].query.last().unwrap(), &("$skiptoken", "UGFn".to_owned()));
}
