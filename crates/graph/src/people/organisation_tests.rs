use m365_types::ActionSpec;
use serde_json::{Value, json};

use crate::find_tool;
use crate::testing::{World, arguments, ok, refused};

fn spec(tool: &str) -> &'static ActionSpec {
    &find_tool(tool).unwrap().spec
}

#[test]
fn one_s_own_manager_is_asked_for_without_naming_anybody() {
    let world = World::with_json(&json!({
        "@odata.type": "#microsoft.graph.user", "id": "m", "displayName": "Sara Davis", "jobTitle": "Finance VP",
        "mail": "sara@contoso.example", "userPrincipalName": "sara@contoso.example",
    }));
    let answer = world.run("getManager", json!({})).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/me/manager");
    assert_eq!(request.query, [("$select", "id,displayName,mail,userPrincipalName,jobTitle".to_owned())]);
    assert_eq!(
        answer.structured["manager"],
        json!({ "id": "m", "name": "Sara Davis", "mail": "sara@contoso.example", "jobTitle": "Finance VP" })
    );
    assert!(answer.text.contains("Sara Davis <sara@contoso.example>, Finance VP"), "{}", answer.text);
    assert_eq!(world.requests().len(), 1);
}

#[test]
fn who_has_no_manager_is_told_apart_from_who_does_not_exist() {
    let none = World::answering([refused(404, None, None)]).run("getManager", json!({})).unwrap();
    assert_eq!((&none.structured["manager"], none.text.starts_with("No manager")), (&Value::Null, true));

    let world = World::answering([refused(404, None, None), ok(&json!({ "id": "top" }))]);
    let none = world.run("getManager", json!({ "user": "top@contoso.example" })).unwrap();
    assert_eq!(none.structured["manager"], Value::Null);
    let paths: Vec<_> = world.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/users/top%40contoso.example/manager", "/users/top%40contoso.example"]);
    assert_eq!(world.requests()[1].query, [("$select", "id".to_owned())]);

    let world = World::answering([refused(404, None, None), refused(404, None, None)]);
    assert!(world.run("getManager", json!({ "user": "nobody" })).unwrap_err().is_not_found());
}

#[test]
fn a_refused_manager_is_not_a_missing_one() {
    let world = World::answering([refused(403, None, None)]);
    let error = world.run("getManager", json!({ "user": "x" })).unwrap_err();
    assert!(error.sentence().contains("Only an administrator of the organisation can grant User.Read.All"));
    assert_eq!(world.requests().len(), 1);
}

#[test]
fn a_manager_needs_an_administrator_and_reports_do_not() {
    assert!(spec("getManager").needs_administrator() && spec("listGroupMembers").needs_administrator());
    assert!(!spec("listDirectReports").needs_administrator());
}

#[test]
fn reports_are_one_s_own_or_somebody_else_s() {
    for (given, path) in
        [(json!({}), "/me/directReports"), (json!({ "user": "lead" }), "/users/lead/directReports")]
    {
        let world = World::with_json(&json!({ "value": [
            { "@odata.type": "#microsoft.graph.user", "id": "a", "displayName": "Adele Vance", "mail": "a@contoso.example" },
        ] }));
        let answer = world.run("listDirectReports", given).unwrap();
        let request = &world.requests()[0];
        assert_eq!(request.path, path);
        let select = "id,displayName,mail,userPrincipalName,jobTitle".to_owned();
        assert_eq!(request.query, [("$top", "50".to_owned()), ("$select", select)]);
        assert!(answer.text.starts_with("1 person reports directly.\n"), "{}", answer.text);
        assert!(!answer.text.contains("User.ReadBasic.All"), "{}", answer.text);
    }
}

/// Whom a sign-in may not read, Graph shows with an id alone.
#[test]
fn names_that_are_not_shown_are_explained() {
    let world = World::with_json(&json!({ "value": [
        { "@odata.type": "#microsoft.graph.user", "id": "a", "displayName": null, "mail": null },
    ] }));
    let answer = world.run("listDirectReports", json!({})).unwrap();
    assert!(answer.text.contains("(no name shown)\n   id a"), "{}", answer.text);
    assert!(answer.text.ends_with("the permission User.ReadBasic.All shows them."), "{}", answer.text);
}

#[test]
fn guests_and_what_is_no_person_are_marked_in_a_group() {
    let world = World::with_json(&json!({ "value": [
        { "@odata.type": "#microsoft.graph.user", "id": "a", "displayName": "Adele", "mail": "a@contoso.example", "userType": "Member" },
        { "@odata.type": "#microsoft.graph.user", "id": "g", "displayName": "Guus", "mail": "g@fabrikam.example", "userType": "Guest" },
        { "@odata.type": "#microsoft.graph.group", "id": "n", "displayName": "Night shift" },
    ] }));
    let answer =
        world.run("listGroupMembers", json!({ "groupId": "f9725686-65c0-4611-9d50-98d0157826e7" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/groups/f9725686-65c0-4611-9d50-98d0157826e7/members");
    let select = "id,displayName,mail,userPrincipalName,userType".to_owned();
    assert_eq!(request.query, [("$top", "50".to_owned()), ("$select", select)]);
    assert_eq!(
        answer.structured["members"],
        json!([
            { "id": "a", "name": "Adele", "mail": "a@contoso.example" },
            { "id": "g", "name": "Guus", "mail": "g@fabrikam.example", "guest": true },
            { "id": "n", "name": "Night shift", "kind": "group" },
        ])
    );
    insta::assert_snapshot!(answer.text);
}

#[test]
fn a_group_is_an_id_in_one_segment() {
    for hostile in ["../users", "", "a b", "%2e%2e", "a?b"] {
        let refused = find_tool("listGroupMembers").unwrap().parse(&arguments(json!({ "groupId": hostile })));
        assert!(refused.err().unwrap().to_string().starts_with("`groupId` must be"), "{hostile}");
    }
}
