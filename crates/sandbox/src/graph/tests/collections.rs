//! What a test driver learns of the tenant before and after anybody used it.

use super::*;

#[tokio::test]
async fn ids_of_a_person_are_known_before_the_first_request_and_lead_to_the_items() {
    let caller = Caller::new();
    let of = |name: &str| caller.estate.graph.collection(&caller.estate, name, Some(ALEX)).unwrap();
    for (name, path) in [
        ("messages", "/me/messages"),
        ("folders", "/me/mailFolders"),
        ("people", "/me/people"),
        ("files", "/me/drive/items"),
        ("calendar", "/me/events"),
    ] {
        let items = of(name);
        assert!(items.len() > 5, "{name}");
        for item in items.iter().take(20) {
            let url = format!("{path}/{}", segment(item["id"].as_str().unwrap()));
            assert_eq!(caller.get(&url).await.0, 200, "{url}");
        }
    }
    assert!(of("files").iter().any(|file| file["name"] == "Litware 2024.pdf"), "also what lies deep");
    assert!(of("files").iter().any(|file| file["@microsoft.graph.downloadUrl"].is_string()));
    assert_eq!(of("folders")[0]["wellKnownName"], "inbox");
    assert!(of("sent").is_empty());
}

#[tokio::test]
async fn channels_name_their_team_and_a_guest_has_none() {
    let caller = Caller::new();
    let guest = "kim@fabrikam.example";
    let entry = serde_json::from_value(json!({"email": guest, "guest": true})).unwrap();
    caller.estate.people.add(entry).unwrap();
    let of = |name: &str, person| caller.estate.graph.collection(&caller.estate, name, Some(person)).unwrap();
    let teams = ids(&of("teams", ALEX));
    assert_eq!(teams.len(), 3);
    for channel in of("channels", ALEX) {
        let team = channel["teamId"].as_str().unwrap();
        assert!(teams.contains(team));
        let (_, list) = caller.get(&format!("/teams/{team}/channels")).await;
        assert!(ids(list["value"].as_array().unwrap()).contains(channel["id"].as_str().unwrap()));
    }
    assert!(of("teams", guest).is_empty() && of("channels", guest).is_empty());
    assert!(of("files", "nobody@contoso.example").is_empty());
}
