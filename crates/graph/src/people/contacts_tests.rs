use serde_json::json;

use crate::testing::World;

#[test]
fn contacts_have_names_addresses_and_every_phone() {
    let world = World::with_json(&json!({ "value": [
        {
            "id": "C0BD", "displayName": "Irene McGowan", "jobTitle": "Auditor", "department": "Finance",
            "userPrincipalName": "irenem@contoso.example",
            "scoredEmailAddresses": [{ "address": "irenem@contoso.example", "relevanceScore": -16.4 }, { "address": "irene@home.example" }],
            "phones": [{ "type": "Business", "number": "+1 412 555 0109" }, { "type": "mobile", "number": "+1 412 555 0110" }, { "type": "homeFax", "number": null }],
            "personType": { "class": "Person", "subclass": "OrganizationUser" },
        },
        { "id": "x", "displayName": null },
    ] }));
    let answer = world.run("getContacts", json!({ "search": "irene \"mc\"" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/me/people");
    assert_eq!(
        request.query,
        [
            ("$top", "50".to_owned()),
            (
                "$select",
                "id,displayName,scoredEmailAddresses,phones,jobTitle,department,userPrincipalName,personType"
                    .to_owned()
            ),
            ("$search", r#""irene \"mc\"""#.to_owned()),
        ]
    );
    insta::assert_snapshot!(answer.text);
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.structured["contacts"][0]).unwrap());
}

#[test]
fn without_a_term_nothing_is_searched() {
    let world = World::with_json(&json!({ "value": [] }));
    assert_eq!(
        world.run("getContacts", json!({ "count": 100, "search": null })).unwrap().text,
        "Nobody found."
    );
    assert!(world.requests()[0].query.iter().all(|(name, _)| *name != "$search"));
}

#[test]
fn one_person_is_read_with_the_same_fields() {
    let world = World::with_json(&json!({
        "id": "C0BD", "displayName": "Irene\u{200b}\u{200b} McGowan", "scoredEmailAddresses": [{ "address": "irenem@contoso.example" }],
        "phones": null, "personType": { "class": "Person", "subclass": "OrganizationUser" },
    }));
    let answer = world.run("microsoft://people/{id}", json!({ "id": "C0BD" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!((request.path.as_str(), request.query.len()), ("/me/people/C0BD", 1));
    assert_eq!(
        answer.structured,
        json!({
            "untrusted": true, "id": "C0BD", "name": "Irene McGowan", "addresses": ["irenem@contoso.example"], "phones": [],
            "jobTitle": "", "department": "", "userPrincipalName": "", "class": "Person", "subclass": "OrganizationUser",
            "hiddenCharactersRemoved": 2,
        })
    );
}

#[test]
fn of_many_addresses_the_most_relevant_are_kept() {
    let many: Vec<_> = (0..60)
        .map(|at| json!({ "address": format!("p{at}@x.example"), "number": format!("{at}") }))
        .collect();
    let person = json!({ "id": "p", "scoredEmailAddresses": many, "phones": many });
    let answer = World::with_json(&json!({ "value": [person] })).run("getContacts", json!({})).unwrap();
    let contact = &answer.structured["contacts"][0];
    assert_eq!(contact["addresses"].as_array().unwrap().len(), 20);
    assert_eq!(contact["phones"].as_array().unwrap().len(), 20);
}
