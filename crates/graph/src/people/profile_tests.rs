use serde_json::{Value, json};

use crate::testing::World;

#[test]
fn a_profile_is_cleaned_json_of_the_selected_fields() {
    let world = World::with_json(&json!({
        "@odata.context": "x", "id": "87d349ed", "displayName": "Adele\u{200b} Vance", "mail": null,
        "userPrincipalName": "adele@contoso.example", "jobTitle": "Retail Manager", "department": null, "companyName": "Contoso",
    }));
    let answer = world.run("microsoft://profile", json!({})).unwrap();
    let request = &world.requests()[0];
    assert_eq!((request.path.as_str(), request.query.len()), ("/me", 1));
    assert_eq!(
        request.query[0],
        ("$select", "id,displayName,mail,userPrincipalName,jobTitle,department,companyName".to_owned())
    );
    assert_eq!(serde_json::from_str::<Value>(&answer.text).unwrap(), answer.structured);
    assert_eq!(answer.structured["displayName"], "Adele Vance");
    assert_eq!(answer.structured["mail"], "");
}
