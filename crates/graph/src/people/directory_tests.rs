use m365_ports::GraphHeader;
use serde_json::{Value, json};

use crate::find_tool;
use crate::testing::{World, arguments, ok, refused};

fn refusal(tool: &str, given: Value) -> String {
    match find_tool(tool).unwrap().parse(&arguments(given)) {
        Ok(_) => "accepted".to_owned(),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn a_search_looks_at_names_and_addresses_with_the_header_the_directory_demands() {
    let world = World::with_json(&json!({ "@odata.count": 3, "value": [
        { "id": "11111111-2222-3333-4444-555555555555", "displayName": "Megan Bowen", "mail": "Megan.Bowen@contoso.example",
          "userPrincipalName": "megan.bowen@contoso.example" },
        { "id": "g", "displayName": "Guus \u{202e}Visser", "mail": "guus@fabrikam.example",
          "userPrincipalName": "guus_fabrikam.example#EXT#@contoso.example" },
        { "id": "n", "displayName": null, "mail": null, "userPrincipalName": "nobody@contoso.example" },
    ] }));
    let answer = world.run("searchUsers", json!({ "query": "me\" OR \"mail:ceo", "count": 3 })).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/users");
    assert_eq!(request.headers, [GraphHeader::ConsistencyLevelEventual]);
    assert_eq!(
        request.query,
        [
            ("$search", r#""displayName:me\" OR \"mail:ceo" OR "mail:me\" OR \"mail:ceo""#.to_owned()),
            ("$count", "true".to_owned()),
            ("$top", "3".to_owned()),
            ("$select", "id,displayName,mail,userPrincipalName".to_owned()),
        ]
    );
    assert_eq!(
        answer.structured["users"],
        json!([
            { "id": "11111111-2222-3333-4444-555555555555", "name": "Megan Bowen", "mail": "Megan.Bowen@contoso.example" },
            { "id": "g", "name": "Guus Visser", "mail": "guus@fabrikam.example",
              "userPrincipalName": "guus_fabrikam.example#EXT#@contoso.example" },
            { "id": "n", "name": "", "userPrincipalName": "nobody@contoso.example" },
        ])
    );
    insta::assert_snapshot!(answer.text);
}

#[test]
fn nothing_found_says_how_the_directory_compares() {
    let answer = World::with_json(&json!({ "value": [] })).run("searchUsers", json!({ "query": "egan" }));
    assert!(answer.unwrap().text.contains("never the middle of a word"));
}

#[test]
fn a_search_goes_on_with_the_same_header_and_the_next_token() {
    let link = "https://graph.microsoft.com/v1.0/users?$top=1&$skiptoken=RFNwdAIAAQ%3D%3D";
    let world = World::answering([
        ok(&json!({ "value": [{ "id": "a", "displayName": "A" }], "@odata.nextLink": link })),
        ok(&json!({ "value": [{ "id": "b", "displayName": "B" }] })),
    ]);
    let given = json!({ "query": "a", "count": 1 });
    let first = world.run("searchUsers", given.clone()).unwrap();
    let (second, _) = world.run_from("searchUsers", given, first.next.as_ref());
    assert_eq!(second.unwrap().structured["users"][0]["id"], "b");
    let request = &world.requests()[1];
    assert_eq!(request.headers, [GraphHeader::ConsistencyLevelEventual]);
    assert!(request.query.contains(&("$skiptoken", "RFNwdAIAAQ==".to_owned())), "{:?}", request.query);
}

#[test]
fn a_search_needs_something_to_search_for() {
    for query in ["\"", "  ", "'", "--"] {
        assert_eq!(
            refusal("searchUsers", json!({ "query": query })),
            "`query` must hold a letter or a digit.",
            "{query}"
        );
    }
    assert_eq!(refusal("searchUsers", json!({ "query": "Å" })), "accepted");
    assert_eq!(
        refusal("searchUsers", json!({ "query": "", "count": 51 })),
        "`query` must be one line of 1 to 120 characters; given: a string of 0 characters. \
         `count` must be a whole number from 1 to 50; given: 51."
    );
}

#[test]
fn one_person_is_found_by_id_or_principal_name_in_one_segment() {
    for (user, path) in [
        ("megan.bowen@contoso.example", "/users/megan.bowen%40contoso.example"),
        (
            "guus_fabrikam.example#EXT#@contoso.example",
            "/users/guus_fabrikam.example%23EXT%23%40contoso.example",
        ),
        ("p.o'neil@contoso.example", "/users/p.o%27neil%40contoso.example"),
        ("87d349ed-44d7-43e1-9a83-5f2406dee5bd", "/users/87d349ed-44d7-43e1-9a83-5f2406dee5bd"),
    ] {
        let world = World::with_json(&json!({
            "id": "87d349ed", "displayName": "Megan Bowen", "mail": "m@contoso.example", "officeLocation": "12/1110",
            "userPrincipalName": "m@contoso.example",
        }));
        let answer = world.run("getUser", json!({ "user": user })).unwrap();
        let request = &world.requests()[0];
        assert_eq!(request.path, path);
        let select = "id,displayName,mail,userPrincipalName,officeLocation".to_owned();
        assert_eq!(request.query, [("$select", select)]);
        assert_eq!(
            answer.structured,
            json!({ "id": "87d349ed", "name": "Megan Bowen", "mail": "m@contoso.example", "office": "12/1110",
                    "untrusted": true, "hiddenCharactersRemoved": 0 })
        );
        assert!(answer.text.contains("\nMegan Bowen <m@contoso.example>, 12/1110\n   id 87d349ed\n"));
    }
}

#[test]
fn what_could_leave_its_segment_is_nobody() {
    let long = "a".repeat(255);
    for user in [
        "",
        ".",
        "..",
        "../me",
        "a/b",
        "a\\b",
        "a?b",
        "a%2fb",
        "Megan Bowen",
        "müller@x.example",
        "a\nb",
        &long,
    ] {
        assert!(refusal("getUser", json!({ "user": user })).starts_with("`user` must be"), "{user}");
    }
}

#[test]
fn somebody_who_is_not_there_is_an_error() {
    let world = World::answering([refused(404, None, None)]);
    let error = world.run("getUser", json!({ "user": "nobody@contoso.example" })).unwrap_err();
    assert!(error.is_not_found());
}
