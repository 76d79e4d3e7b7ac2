use serde_json::json;

use crate::testing::World;

#[test]
fn words_of_a_site_s_name_travel_as_one_option() {
    let world = World::with_json(&json!({ "value": [
        { "id": "contoso.sharepoint.com,1,2", "displayName": "Team\u{200b} A", "webUrl": "https://contoso.sharepoint.com/sites/a" },
        { "id": "contoso.sharepoint.com,3,4", "displayName": "Team B", "webUrl": "http://contoso.sharepoint.com/sites/b" },
    ], "@odata.nextLink": "https://graph.microsoft.com/v1.0/sites?search=team&$skiptoken=abc" }));
    let answer = world.run("searchSites", json!({ "query": "team' & $top=9", "count": 2 })).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/sites");
    assert_eq!(
        request.query,
        [
            ("search", "team' & $top=9".to_owned()),
            ("$top", "2".to_owned()),
            ("$select", "id,displayName,webUrl".to_owned())
        ]
    );
    assert_eq!(
        answer.structured,
        json!({ "untrusted": true, "more": true, "hiddenCharactersRemoved": 1, "sites": [
            { "id": "contoso.sharepoint.com,1,2", "name": "Team A", "webUrl": "https://contoso.sharepoint.com/sites/a" },
            { "id": "contoso.sharepoint.com,3,4", "name": "Team B" },
        ] })
    );
    assert!(answer.next.is_some());
    insta::assert_snapshot!(answer.text);
}

#[test]
fn nothing_found_is_told() {
    let answer =
        World::with_json(&json!({ "value": [] })).run("searchSites", json!({ "query": "x" })).unwrap();
    assert_eq!(answer.text, "No site that this account can open matches.");
}
