use http::{HeaderName, HeaderValue};

use super::*;

/// Asks with `ConsistencyLevel: eventual`.
async fn eventual(caller: &Caller, url: &str) -> (u16, Value) {
    let mut request = caller.request(Method::GET, url, None);
    request.headers.insert(HeaderName::from_static("consistencylevel"), HeaderValue::from_static("eventual"));
    shown(&caller.estate.graph.handle(&caller.estate, request).await.unwrap())
}

fn of(estate: &Arc<Estate>, scopes: &[&str]) -> Caller {
    Caller::at(estate, ALEX, scopes)
}

const TRAINEES: &str = "/users?$search=%22displayName%3Atrainee%22&$select=id,displayName";

#[tokio::test]
async fn a_search_needs_its_header_and_a_count_without_it_is_left_out() {
    let caller = of(&estate(), &["User.ReadBasic.All"]);
    assert_eq!(caller.refusal(TRAINEES).await, (400, "Request_UnsupportedQuery".to_owned()));
    let (status, page) = eventual(&caller, &format!("{TRAINEES}&$count=true&$top=50")).await;
    assert_eq!((status, &page["@odata.count"]), (200, &json!(110)), "{page}");
    assert_eq!(page["value"].as_array().unwrap().len(), 50);
    assert!(page["@odata.nextLink"].as_str().unwrap().contains("skiptoken=50"), "{page}");
    let (_, uncounted) = caller.get("/users?$count=true&$top=1").await;
    assert!(uncounted.get("@odata.count").is_none() && uncounted["value"][0]["id"].is_string());
    for wrong in ["/users?$top=1000", "/users?$filter=startswith(displayName,'a')", "/users?$select=salary"] {
        assert_eq!(caller.get(wrong).await.0, 400, "{wrong}");
    }
    let (status, refused) = eventual(&caller, "/users?$search=trainee").await;
    assert_eq!((status, &refused["error"]["code"]), (400, &json!("Request_BadRequest")));
}

#[tokio::test]
async fn the_basic_permission_shows_a_basic_set_and_one_s_own_profile_is_whole() {
    let estate = estate();
    let basic = of(&estate, &["User.ReadBasic.All"]);
    let url = "/users/megan.bowen@contoso.example?$select=displayName,jobTitle,officeLocation";
    let (_, megan) = basic.get(url).await;
    assert_eq!((&megan["displayName"], &megan["jobTitle"]), (&json!("Megan Bowen"), &Value::Null));
    assert_eq!(megan["officeLocation"], "12/1110");
    let (_, whole) = of(&estate, &["User.Read.All"]).get(url).await;
    assert!(whole["jobTitle"].is_string(), "{whole}");
    let (_, alex) = basic.get("/users/Alex@contoso.example?$select=jobTitle").await;
    assert!(alex["jobTitle"].is_string(), "{alex}");
    let own = of(&estate, &["User.Read"]);
    assert_eq!(own.get("/users/alex@contoso.example").await.0, 200);
    assert_eq!(own.refusal(url).await, (403, "Authorization_RequestDenied".to_owned()));
    for nobody in
        ["nobody@contoso.example", "Megan%20Bowen", "..%2Fme", "00000000-0000-0000-0000-000000000000"]
    {
        let refused = basic.refusal(&format!("/users/{nobody}")).await;
        assert_eq!(refused, (404, "Request_ResourceNotFound".to_owned()), "{nobody}");
    }
}

#[tokio::test]
async fn managers_and_reports_agree_and_the_head_has_none() {
    let estate = estate();
    let entry = crate::people::PersonEntry {
        email: ALEX.to_owned(),
        manager: Some("Blair@contoso.example".to_owned()),
        ..crate::people::PersonEntry::default()
    };
    estate.people.add(entry).unwrap();
    let alex = of(&estate, &["User.Read.All", "User.Read"]);
    let (_, manager) = alex.get("/me/manager").await;
    assert_eq!(manager["mail"], BLAIR);
    assert_eq!(manager["@odata.type"], "#microsoft.graph.user");
    let blair = Caller::at(&estate, BLAIR, &["User.Read"]);
    let (_, reports) = blair.get("/me/directReports?$select=id,displayName").await;
    let alex_id = &estate.people.find(ALEX).unwrap().oid;
    assert_eq!(
        reports["value"],
        json!([{ "@odata.type": "#microsoft.graph.user", "id": alex_id, "displayName": null }]),
        "without a permission on people there is an id alone"
    );
    assert_eq!(blair.refusal("/me/manager").await, (403, "Authorization_RequestDenied".to_owned()));
    let lead = Caller::at(&estate, BLAIR, &["User.Read.All"]);
    assert_eq!(lead.refusal("/me/manager").await, (404, "Request_ResourceNotFound".to_owned()));
    for (who, code) in [("megan.bowen@contoso.example", 404), ("adele.vance@contoso.example", 200)] {
        assert_eq!(lead.get(&format!("/users/{who}/manager")).await.0, code, "{who}");
    }
    let reports = lead.walk("/users/grady.archie@contoso.example/directReports?$top=50").await;
    assert_eq!(reports.len(), 110);
}

#[tokio::test]
async fn a_group_shows_guests_and_groups_in_it() {
    let estate = estate();
    let caller = of(&estate, &["GroupMember.ReadBasic.All", "User.ReadBasic.All"]);
    let groups = estate.graph.collection(&estate, "groups", None).unwrap();
    let launch = groups[0]["id"].as_str().unwrap();
    let teams = estate.graph.collection(&estate, "teams", Some(ALEX)).unwrap();
    let team = teams.iter().find(|team| team["displayName"] == groups[0]["displayName"]).unwrap();
    assert_eq!(launch, team["id"], "a team's id is its group's");
    let members =
        caller.walk(&format!("/groups/{launch}/members?$select=id,displayName,userType&$top=5")).await;
    assert_eq!(members.len(), groups[0]["memberIds"].as_array().unwrap().len());
    let guests: Vec<_> = members.iter().filter(|member| member["userType"] == "Guest").collect();
    assert_eq!(guests.len(), 2);
    assert!(members.iter().any(|member| member["@odata.type"] == "#microsoft.graph.group"));
    assert_eq!(caller.refusal("/groups/nonsense/members").await, (400, "Request_BadRequest".to_owned()));
    let nobody = "/groups/00000000-0000-0000-0000-000000000000/members";
    assert_eq!(caller.refusal(nobody).await, (404, "Request_ResourceNotFound".to_owned()));
}

#[tokio::test]
async fn every_user_has_an_id_and_an_address_of_their_own() {
    let estate = estate();
    let users = estate.graph.collection(&estate, "users", None).unwrap();
    let ids: HashSet<&str> = users.iter().filter_map(|user| user["id"].as_str()).collect();
    let names: HashSet<&str> = users.iter().filter_map(|user| user["userPrincipalName"].as_str()).collect();
    assert_eq!((ids.len(), names.len()), (users.len(), users.len()));
    assert!(users.len() > 150, "{}", users.len());
}

#[tokio::test]
async fn a_guest_may_not_look_people_up() {
    let estate = estate();
    let guest = crate::people::PersonEntry {
        email: "guest@fabrikam.example".to_owned(),
        guest: Some(true),
        ..crate::people::PersonEntry::default()
    };
    estate.people.add(guest).unwrap();
    let caller = Caller::at(&estate, "guest@fabrikam.example", &["User.ReadBasic.All"]);
    assert_eq!(caller.refusal("/users").await, (403, "Authorization_RequestDenied".to_owned()));
}
