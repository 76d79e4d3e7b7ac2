use serde_json::{Value, json};

use crate::find_tool;
use crate::testing::{World, arguments};

fn given() -> Value {
    json!({ "siteId": "contoso.sharepoint.com,1,2", "listId": "b57af081-936c" })
}

#[test]
fn rows_show_their_columns_and_not_the_service_s_own() {
    let world = World::with_json(&json!({ "value": [{
        "@odata.etag": "x", "id": "2", "eTag": "\"7,1\"", "webUrl": "https://contoso.sharepoint.com/Lists/1/2_.000",
        "fields@odata.context": "x",
        "fields": {
            "@odata.etag": "\"7,1\"", "id": "2", "Title": "Gad\u{200b}get", "Quantity": 503, "Done": false, "Empty": null,
            "Owner@odata.type": "x", "_UIVersionString": "1.0", "LinkTitle": "Gadget", "Edit": "",
            "Owner": [{ "LookupId": 7, "LookupValue": "Megan\nBowen", "_x": 1 }],
            "Deep": { "a": { "b": { "c": { "d": 1 } } } },
        },
    }] }));
    let answer = world.run("listListItems", given()).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/sites/contoso.sharepoint.com%2C1%2C2/lists/b57af081-936c/items");
    assert_eq!(
        request.query,
        [
            ("$expand", "fields".to_owned()),
            ("$select", "id,eTag,webUrl".to_owned()),
            ("$top", "50".to_owned())
        ]
    );
    assert_eq!(
        answer.structured,
        json!({ "untrusted": true, "more": false, "hiddenCharactersRemoved": 1, "rows": [{
            "id": "2", "eTag": "\"7,1\"", "webUrl": "https://contoso.sharepoint.com/Lists/1/2_.000",
            "fields": { "Title": "Gadget", "Quantity": 503, "Done": false,
                        "Owner": [{ "LookupId": 7, "LookupValue": "Megan Bowen" }], "Deep": { "a": { "b": {} } } },
        }] })
    );
    insta::assert_snapshot!(answer.text);
}

#[test]
fn columns_are_asked_for_by_name_once() {
    let world = World::with_json(&json!({ "value": [] }));
    let mut given = given();
    given["fields"] = json!(["Title", "Due_x0020_Date", "Title"]);
    let answer = world.run("listListItems", given).unwrap();
    assert_eq!(world.requests()[0].query[0], ("$expand", "fields($select=Title,Due_x0020_Date)".to_owned()));
    assert_eq!(answer.text, "The list is empty.");
}

#[test]
fn a_column_s_name_cannot_become_another_option() {
    for fields in [
        json!([]),
        json!(["Title)&$filter=x"]),
        json!(["a,b"]),
        json!(["a b"]),
        json!([""]),
        json!([7]),
        json!("Title"),
        json!(vec!["a"; 31]),
    ] {
        let mut given = given();
        given["fields"] = fields.clone();
        let refused = find_tool("listListItems").unwrap().parse(&arguments(given)).err().unwrap();
        assert!(refused.to_string().starts_with("`fields` must be a list of"), "{fields}: {refused}");
    }
}
