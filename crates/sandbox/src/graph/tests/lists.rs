//! Lists that are longer than a page, for everybody; folders, people and teams by their ids.

use super::*;

/// Two of the first three people, and one who is added.
fn everybody(estate: &Arc<Estate>) -> Vec<Caller> {
    let kim = "kim@contoso.example";
    let entry = serde_json::from_value(json!({"email": kim})).unwrap();
    estate.people.add(entry).unwrap();
    [ALEX, BLAIR, kim].map(|email| Caller::at(estate, email, &ALL_SCOPES)).into()
}

#[tokio::test]
async fn everybody_has_more_mail_people_and_events_than_fit_a_page() {
    let estate = estate();
    let now = super::super::signed(estate.clock.now_ms());
    let window = format!(
        "startDateTime={}&endDateTime={}",
        super::super::zones::rfc3339(now),
        super::super::zones::rfc3339(now + 30 * 86_400_000)
    );
    for caller in everybody(&estate) {
        let inbox = caller.walk("/me/mailFolders/inbox/messages?$top=50&$select=id").await;
        assert!(inbox.len() > 60, "{} messages", inbox.len());
        let (_, people) = caller.get("/me/people?$top=1000&$select=id").await;
        assert!(people["value"].as_array().unwrap().len() > 30, "too few people");
        let events = caller.walk(&format!("/me/calendarView?{window}&$select=id")).await;
        assert!(events.len() > 20, "{} events", events.len());
        assert_eq!(ids(&events).len(), events.len());
    }
}

#[tokio::test]
async fn folders_page_by_ten_and_hidden_ones_come_on_request() {
    let caller = Caller::new();
    let (_, page) = caller.get("/me/mailFolders?$count=true").await;
    assert_eq!(page["value"].as_array().unwrap().len(), 10);
    let next = page["@odata.nextLink"].as_str().unwrap();
    assert_eq!(next, "https://graph.microsoft.com/v1.0/me/mailFolders?%24count=true&%24skip=10");
    let all = caller.walk("/me/mailFolders").await;
    assert_eq!(page["@odata.count"].as_u64(), u64::try_from(all.len()).ok());
    assert!(all.iter().all(|folder| folder["isHidden"] == false));
    let own = |name: &str| all.iter().any(|folder| folder["displayName"] == name);
    assert!(own("Newsletters") && own("Projects (2026)") && own("sentitems"));
    let more = caller.walk("/me/mailFolders?includeHiddenFolders=true&$top=5").await;
    assert_eq!(more.len(), all.len() + 1);
    let one = caller.walk("/me/mailFolders?$filter=displayName%20eq%20'Travel'&$select=displayName").await;
    assert_eq!(one.len(), 1);
}

#[tokio::test]
async fn a_folder_keeps_its_id_under_the_immutable_preference() {
    let plain = Caller::new();
    let immutable = Caller::at(&plain.estate, ALEX, &ALL_SCOPES).prefer("IdType=\"ImmutableId\"");
    let folders = plain.walk("/me/mailFolders").await;
    assert_eq!(folders, immutable.walk("/me/mailFolders").await);
    for folder in &folders {
        let id = segment(folder["id"].as_str().unwrap());
        let (status, one) = immutable.get(&format!("/me/mailFolders/{id}?$select=displayName")).await;
        assert_eq!((status, &one["displayName"]), (200, &folder["displayName"]));
    }
    let basic = Caller::at(&plain.estate, ALEX, &["Mail.ReadBasic"]);
    assert_eq!(basic.get("/me/mailFolders/inbox").await.0, 200);
    let without = Caller::at(&plain.estate, ALEX, &["Calendars.Read"]);
    assert_eq!(without.refusal("/me/mailFolders").await, (403, "ErrorAccessDenied".to_owned()));
    assert_eq!(plain.refusal("/me/mailFolders/nofolder").await, (400, "ErrorInvalidIdMalformed".to_owned()));
}

#[tokio::test]
async fn messages_and_events_are_read_by_either_id_and_answer_in_the_preferred_one() {
    let plain = Caller::new();
    let immutable = Caller::at(&plain.estate, ALEX, &ALL_SCOPES).prefer("IdType=\"ImmutableId\"");
    for (list, one) in [("/me/messages?$top=1", "/me/messages"), ("/me/events?$top=1", "/me/events")] {
        let id = |page: Value| page["value"][0]["id"].as_str().unwrap().to_owned();
        let forms = [id(plain.get(list).await.1), id(immutable.get(list).await.1)];
        assert_ne!(forms[0], forms[1]);
        for form in &forms {
            let url = format!("{one}/{}?$select=subject", segment(form));
            assert_eq!(plain.get(&url).await.1["id"], forms[0], "{url}");
            assert_eq!(immutable.get(&url).await.1["id"], forms[1], "{url}");
        }
        let foreign = Caller::at(&plain.estate, BLAIR, &ALL_SCOPES);
        let url = format!("{one}/{}", segment(&forms[1]));
        assert_eq!(foreign.refusal(&url).await, (404, "ErrorItemNotFound".to_owned()));
        assert_eq!(plain.refusal(&format!("{one}/1?$expand=attachments")).await.0, 400);
    }
}

#[tokio::test]
async fn a_person_is_read_by_id_whether_in_the_directory_or_not() {
    let caller = Caller::new();
    let (_, people) = caller.get("/me/people?$top=100").await;
    let people = people["value"].as_array().unwrap();
    for person in people {
        let id = person["id"].as_str().unwrap();
        let (status, found) = caller.get(&format!("/me/people/{}", segment(id))).await;
        assert_eq!((status, &found["displayName"]), (200, &person["displayName"]));
        let internal = person["personType"]["subclass"] == "OrganizationUser";
        assert_eq!(uuid::Uuid::try_parse(id).is_ok(), internal, "{id}");
    }
    let first = segment(people[0]["id"].as_str().unwrap());
    let (_, narrow) = caller.get(&format!("/me/people/{first}?$select=displayName")).await;
    assert_eq!(narrow.as_object().unwrap().len(), 2, "{narrow}");
    for (url, status, code) in [
        ("/me/people/c0bd1ba1-a84e-4796-9c65-f8a0293741d1", 404, "ErrorItemNotFound"),
        ("/me/people/..%2F..%2Fusers", 400, "ErrorInvalidIdMalformed"),
        ("/me/people/c0bd1ba1?$top=1", 400, "BadRequest"),
        ("/me/people/c0bd1ba1?$select=nme", 400, "RequestBroker--ParseUri"),
    ] {
        assert_eq!(caller.refusal(url).await, (status, code.to_owned()), "{url}");
    }
    let without = Caller::at(&caller.estate, ALEX, &["Contacts.Read"]);
    assert_eq!(without.refusal("/me/people/c0bd1ba1").await, (403, "ErrorAccessDenied".to_owned()));
}

#[tokio::test]
async fn everybody_is_in_two_teams_of_two_channels_and_wider_scopes_read_them() {
    let estate = estate();
    for caller in everybody(&estate) {
        let (_, teams) = caller.get("/me/joinedTeams").await;
        let teams = teams["value"].as_array().unwrap();
        assert!(teams.len() >= 2);
        for team in teams {
            let url = format!("/teams/{}/channels", team["id"].as_str().unwrap());
            assert!(caller.walk(&url).await.len() >= 2);
            assert_eq!(caller.walk(&format!("{url}?$filter=displayName%20eq%20'General'")).await.len(), 1);
            assert_eq!(caller.refusal(&format!("{url}?$top=1")).await.0, 400);
        }
    }
    let directory = Caller::at(&estate, ALEX, &["Directory.Read.All"]);
    let (_, teams) = directory.get("/me/joinedTeams").await;
    let team = teams["value"][0]["id"].as_str().unwrap();
    assert_eq!(directory.get(&format!("/teams/{team}/channels")).await.0, 200);
    let basic = Caller::at(&estate, ALEX, &["Team.ReadBasic.All"]);
    assert_eq!(basic.refusal(&format!("/teams/{team}/channels")).await, (403, "Forbidden".to_owned()));
}
