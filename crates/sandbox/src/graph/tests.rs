//! The tenant as a caller sees it, request by request.

mod calendar;
mod collections;
mod directory;
mod drive;
mod files;
mod lists;
mod mail_writes;
mod tasks;
mod teams;

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::{GraphRequest, GraphResponse, Unreachable};
use crate::estate::{Estate, EstatePlace};
use crate::faults::{Fault, Rule, Target};
use crate::microsoft_tokens::AccessClaims;
use crate::recorder::Recorder;

const ALEX: &str = "alex@contoso.example";
const BLAIR: &str = "blair@contoso.example";

/// Every delegated scope the simulated operations know.
pub(crate) const ALL_SCOPES: [&str; 13] = [
    "User.Read",
    "Mail.Read",
    "Mail.ReadWrite",
    "Mail.Send",
    "Calendars.Read",
    "Calendars.ReadWrite",
    "Contacts.Read",
    "People.Read",
    "Team.ReadBasic.All",
    "Channel.ReadBasic.All",
    "ChannelMessage.Send",
    "OnlineMeetings.ReadWrite",
    "Files.Read",
];

/// An estate in memory.
pub(crate) fn estate() -> Arc<Estate> {
    let place = EstatePlace {
        sandbox_url: "http://127.0.0.1:1".to_owned(),
        edge_url: "http://127.0.0.1:2".to_owned(),
        origin_url: String::new(),
        state_dir: None,
        perimeter: crate::access::Perimeter::default(),
    };
    Arc::new(Estate::open(place, None).unwrap())
}

/// A Microsoft access token of a person.
pub(crate) fn token(estate: &Estate, email: &str, scopes: &[&str]) -> String {
    let person = estate.people.find(email).unwrap();
    estate.microsoft_tokens.issue_access(AccessClaims {
        oid: person.oid.clone(),
        email: email.to_owned(),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        continuous: crate::entra::Continuous::default(),
        expires_ms: estate.clock.now_ms() + 3_600_000,
    })
}

/// A caller with a token.
struct Caller {
    estate: Arc<Estate>,
    token: String,
    prefer: Vec<&'static str>,
}

impl Caller {
    fn new() -> Self {
        Self::at(&estate(), ALEX, &ALL_SCOPES)
    }

    fn at(estate: &Arc<Estate>, email: &str, scopes: &[&str]) -> Self {
        Self { estate: Arc::clone(estate), token: token(estate, email, scopes), prefer: Vec::new() }
    }

    fn prefer(mut self, value: &'static str) -> Self {
        self.prefer.push(value);
        self
    }

    fn request(&self, method: Method, url: &str, body: Option<&Value>) -> GraphRequest {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("Bearer {}", self.token).parse().unwrap());
        for value in &self.prefer {
            headers.append("prefer", value.parse().unwrap());
        }
        if body.is_some() {
            headers.insert("content-type", "application/json".parse().unwrap());
        }
        let body = body.map_or(Bytes::new(), |body| Bytes::from(body.to_string()));
        GraphRequest { method, path: format!("/v1.0{path}"), query: query.to_owned(), headers, body }
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        body: Option<&Value>,
    ) -> Result<GraphResponse, Unreachable> {
        self.estate.graph.handle(&self.estate, self.request(method, url, body)).await
    }

    async fn get(&self, url: &str) -> (u16, Value) {
        shown(&self.send(Method::GET, url, None).await.unwrap())
    }

    async fn post(&self, url: &str, body: Value) -> (u16, Value) {
        shown(&self.send(Method::POST, url, Some(&body)).await.unwrap())
    }

    async fn refusal(&self, url: &str) -> (u16, String) {
        let (status, body) = self.get(url).await;
        (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
    }

    /// The next requests to Graph run into a fault.
    fn fail(&self, fault: Fault, times: u32) {
        let rule = Rule { target: Target::Graph, path_prefix: None, person: None, fault, times: Some(times) };
        self.estate.faults.add(rule);
    }

    /// Follows next links from the first page and returns every item.
    async fn walk(&self, first: &str) -> Vec<Value> {
        let mut url = first.to_owned();
        let mut items = Vec::new();
        loop {
            let (status, page) = self.get(&url).await;
            assert_eq!(status, 200, "{url}: {page}");
            items.extend(page["value"].as_array().unwrap().iter().cloned());
            let Some(next) = page["@odata.nextLink"].as_str() else { return items };
            next.strip_prefix("https://graph.microsoft.com/v1.0").unwrap().clone_into(&mut url);
        }
    }
}

fn shown(response: &GraphResponse) -> (u16, Value) {
    (response.status.as_u16(), serde_json::from_slice(&response.body).unwrap_or(Value::Null))
}

/// An id as it stands in a path.
fn segment(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn ids(items: &[Value]) -> HashSet<String> {
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn paging_walks_a_folder_exactly_once_and_newest_first() {
    let caller = Caller::new();
    let (_, folder) = caller.get("/me/mailFolders/inbox").await;
    let items = caller.walk("/me/mailFolders/inbox/messages?$top=7&$select=subject,receivedDateTime").await;
    assert_eq!(items.len(), usize::try_from(folder["totalItemCount"].as_u64().unwrap()).unwrap());
    assert_eq!(ids(&items).len(), items.len());
    assert!(
        items.is_sorted_by_key(|item| std::cmp::Reverse(
            item["receivedDateTime"].as_str().unwrap().to_owned()
        ))
    );
    let (_, first) = caller.get("/me/mailFolders/inbox/messages").await;
    assert_eq!(first["value"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn only_selected_properties_are_answered() {
    let (_, page) = Caller::new().get("/me/messages?$top=1&$select=subject,isRead").await;
    let names: Vec<&str> = page["value"][0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["@odata.etag", "id", "subject", "isRead"]);
    assert!(page["@odata.context"].as_str().unwrap().ends_with("/messages(subject,isRead)"));
}

#[tokio::test]
async fn what_graph_does_not_know_is_refused() {
    let caller = Caller::new();
    for (url, code) in [
        ("/me/messages?$select=subjct", "RequestBroker--ParseUri"),
        ("/me/messages?$filter=subjct eq 'x'", "RequestBroker--ParseUri"),
        ("/me/messages?$expand=attachments", "BadRequest"),
        ("/me/mesages", "BadRequest"),
        ("/users/x/messages/y/z", "BadRequest"),
        ("/me/joinedTeams?$select=id", "BadRequest"),
        ("/me/calendarView", "ErrorInvalidParameter"),
        ("/me/mailFolders/..%2F..%2Fusers/messages", "ErrorInvalidIdMalformed"),
        ("/me/mailFolders/%2E%2E/messages", "ErrorInvalidIdMalformed"),
    ] {
        assert_eq!(caller.refusal(url).await, (400, code.to_owned()), "{url}");
    }
    let (status, body) = shown(&caller.send(Method::DELETE, "/me/sendMail", None).await.unwrap());
    assert_eq!((status, body["error"]["code"].as_str()), (405, Some("Request_BadRequest")));
}

#[tokio::test]
async fn unknown_body_properties_are_refused_at_any_depth() {
    let caller = Caller::new();
    let deep = json!({"message": {"toRecipients": [{"emailAddress": {"adress": "x@y.example"}}]}});
    for (url, body) in [
        ("/me/sendMail", json!({"message": {"subjct": "x"}})),
        ("/me/sendMail", deep),
        ("/me/sendMail", json!({"message": {}, "saveToSent": true})),
        ("/me/events", json!({"subjct": "x"})),
        ("/me/onlineMeetings", json!({"topic": "x"})),
    ] {
        let (status, answer) = caller.post(url, body).await;
        assert_eq!((status, answer["error"]["code"].as_str()), (400, Some("RequestBodyRead")), "{url}");
    }
}

#[tokio::test]
async fn every_answer_carries_ids_and_the_preferences_it_honoured() {
    let caller = Caller::new().prefer("IdType=\"ImmutableId\"").prefer("outlook.body-content-type=\"text\"");
    let response = caller.send(Method::GET, "/me/messages?$top=1", None).await.unwrap();
    let header = |name: &str| response.headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert!(uuid::Uuid::try_parse(&header("request-id")).is_ok());
    assert_eq!(header("client-request-id"), header("request-id"));
    assert_eq!(header("preference-applied"), "IdType=\"ImmutableId\", outlook.body-content-type=\"text\"");
    assert!(header("date").ends_with("GMT"));
    let mut request = caller.request(Method::GET, "/me/nothing", None);
    request.headers.insert("client-request-id", "mine".parse().unwrap());
    let (_, body) = shown(&caller.estate.graph.handle(&caller.estate, request).await.unwrap());
    assert_eq!(body["error"]["innerError"]["client-request-id"], "mine");
}

#[tokio::test]
async fn immutable_and_default_ids_differ_and_lead_to_the_same_message() {
    let plain = Caller::new();
    let immutable = Caller {
        prefer: vec!["IdType=\"ImmutableId\""],
        token: plain.token.clone(),
        estate: Arc::clone(&plain.estate),
    };
    let first = |page: Value| page["value"][0]["id"].as_str().unwrap().to_owned();
    let one = first(plain.get("/me/messages?$top=1").await.1);
    let other = first(immutable.get("/me/messages?$top=1").await.1);
    assert_ne!(one, other);
    for id in [one, other] {
        let url = format!("/me/messages/{}?$select=subject", segment(&id));
        assert_eq!(plain.get(&url).await.0, 200, "{id}");
    }
}

#[tokio::test]
async fn text_bodies_come_on_request_only() {
    let body = |page: Value| page["value"][0]["body"]["contentType"].as_str().unwrap().to_owned();
    let url = "/me/mailFolders/junkemail/messages?$top=1&$select=body";
    assert_eq!(body(Caller::new().get(url).await.1), "html");
    assert_eq!(body(Caller::new().prefer("outlook.body-content-type=\"text\"").get(url).await.1), "text");
}

#[tokio::test]
async fn search_finds_by_word_property_and_phrase_and_pages_by_token() {
    let caller = Caller::new();
    let found = caller
        .walk("/me/messages?$search=%22subject:newsletter%20OR%20subject:budget%22&$top=2&$select=subject")
        .await;
    assert!(!found.is_empty());
    assert!(
        found.iter().all(|item| item["subject"].as_str().unwrap().to_lowercase().contains("budget")),
        "{found:?}"
    );
    let (_, page) = caller.get("/me/messages?$search=%22budget%22&$top=1").await;
    assert!(page["@odata.nextLink"].as_str().unwrap().contains("%24skiptoken="));
    assert_eq!(caller.refusal("/me/messages?$search=from:megan").await.0, 400);
    assert_eq!(
        caller.refusal("/me/messages?$search=%22a%22&$filter=isRead%20eq%20true").await.1,
        "SearchWithFilter"
    );
}

#[tokio::test]
async fn filters_hold_and_inefficient_ones_are_refused() {
    let caller = Caller::new();
    let unread = caller.walk("/me/mailFolders/inbox/messages?$filter=isRead%20eq%20false&$top=100").await;
    assert!(!unread.is_empty() && unread.iter().all(|item| item["isRead"] == false));
    let (_, folder) = caller.get("/me/mailFolders/inbox?$select=unreadItemCount").await;
    assert_eq!(folder["unreadItemCount"].as_u64(), u64::try_from(unread.len()).ok());
    let url = "/me/messages?$filter=isRead%20eq%20false&$orderby=subject";
    assert_eq!(caller.refusal(url).await.1, "InefficientFilter");
}

#[tokio::test]
async fn a_mail_sent_twice_is_two_mails_and_reaches_colleagues() {
    let caller = Caller::new();
    let mail = json!({"message": {"subject": "Lunch", "body": {"contentType": "text", "content": "12:30?"},
        "toRecipients": [{"emailAddress": {"address": BLAIR}}]}, "saveToSentItems": true});
    for _ in 0..2 {
        assert_eq!(caller.post("/me/sendMail", mail.clone()).await, (202, Value::Null));
    }
    assert_eq!(caller.estate.graph.collection(&caller.estate, "sent", Some(ALEX)).unwrap().len(), 2);
    let (_, newest) = caller.get("/me/mailFolders/sentitems/messages?$top=1").await;
    assert_eq!(newest["value"][0]["subject"], "Lunch");
    let blair = Caller::at(&caller.estate, BLAIR, &ALL_SCOPES);
    assert_eq!(blair.get("/me/messages?$top=1").await.1["value"][0]["subject"], "Lunch");
    let nobody = json!({"message": {"subject": "x", "toRecipients": []}});
    assert_eq!(caller.post("/me/sendMail", nobody).await.1["error"]["code"], "ErrorInvalidRecipients");
    assert!(caller.estate.graph.collection(&caller.estate, "nothing", None).is_none());
}

#[tokio::test]
async fn the_same_transaction_id_makes_one_event() {
    let caller = Caller::new();
    let event = |subject: &str, transaction: &str| {
        json!({"subject": subject, "transactionId": transaction,
            "start": {"dateTime": "2026-11-24T10:00:00", "timeZone": "W. Europe Standard Time"},
            "end": {"dateTime": "2026-11-24T10:30:00", "timeZone": "W. Europe Standard Time"}})
    };
    let (status, first) = caller.post("/me/events", event("Sync", "t-1")).await;
    let (_, again) = caller.post("/me/events", event("Sync", "t-1")).await;
    let (_, other) = caller.post("/me/events", event("Sync", "t-2")).await;
    assert_eq!((status, &first["id"]), (201, &again["id"]));
    assert_ne!(first["id"], other["id"]);
    assert_eq!(first["start"], json!({"dateTime": "2026-11-24T09:00:00.0000000", "timeZone": "UTC"}));
    assert_eq!(caller.estate.graph.collection(&caller.estate, "events", Some(ALEX)).unwrap().len(), 2);
}

#[tokio::test]
async fn a_view_shows_the_preferred_zone_across_a_clock_change() {
    let caller = Caller::new().prefer("outlook.timezone=\"Europe/Berlin\"");
    for (at, expected) in [("2026-10-23", "+02:00"), ("2026-10-26", "+01:00")] {
        let body = json!({"subject": format!("DST {at}"), "start": {"dateTime": format!("{at}T09:00:00"), "timeZone": "Europe/Berlin"},
            "end": {"dateTime": format!("{at}T10:00:00"), "timeZone": "Europe/Berlin"}});
        assert_eq!(caller.post("/me/events", body).await.0, 201);
        let offset = expected.replace('+', "%2B");
        let url = format!(
            "/me/calendarView?startDateTime={at}T08:59:00{offset}&endDateTime={at}T09:01:00{offset}&$top=50"
        );
        let found = caller.walk(&url).await;
        let event = found.iter().find(|event| event["subject"] == format!("DST {at}")).unwrap();
        assert_eq!(
            event["start"],
            json!({"dateTime": format!("{at}T09:00:00.0000000"), "timeZone": "Europe/Berlin"})
        );
    }
}

#[tokio::test]
async fn a_view_expands_series_pages_by_ten_and_is_ordered_by_start() {
    let caller = Caller::new();
    let now = caller.estate.clock.now_ms();
    let day = |days: i64| super::zones::rfc3339(super::signed(now) + days * 86_400_000);
    let url = format!("/me/calendarView?startDateTime={}&endDateTime={}", day(-7), day(14));
    assert_eq!(caller.get(&url).await.1["value"].as_array().unwrap().len(), 10);
    let found = caller.walk(&url).await;
    assert_eq!(ids(&found).len(), found.len());
    assert!(found.is_sorted_by_key(|event| event["start"]["dateTime"].as_str().unwrap().to_owned()));
    let stand_ups: Vec<_> = found.iter().filter(|event| event["subject"] == "Stand-up").collect();
    assert!((13..=16).contains(&stand_ups.len()), "{}", stand_ups.len());
    assert!(
        stand_ups.iter().all(|event| event["type"] == "occurrence" && event["seriesMasterId"].is_string())
    );
    let id = segment(stand_ups[0]["id"].as_str().unwrap());
    assert_eq!(caller.get(&format!("/me/events/{id}")).await.1["start"], stand_ups[0]["start"]);
}

#[tokio::test]
async fn a_fifth_request_at_the_same_time_is_over_the_mailbox_limit() {
    let caller = Caller::new();
    caller.fail(Fault::Delay { ms: 60_000 }, 4);
    let estate = Arc::clone(&caller.estate);
    let slow = |caller: &Caller| {
        let (estate, request) = (Arc::clone(&estate), caller.request(Method::GET, "/me/messages", None));
        tokio::spawn(async move { estate.graph.handle(&estate, request).await })
    };
    let inside: Vec<_> = (0..4).map(|_| slow(&caller)).collect();
    while busy(&caller) < 4 {
        tokio::task::yield_now().await;
    }
    let fifth = caller.send(Method::GET, "/me/messages", None).await.unwrap();
    assert_eq!(fifth.status, 429);
    assert_eq!(fifth.headers["retry-after"], "10");
    assert_eq!(shown(&fifth).1["error"]["code"], "ApplicationThrottled");
    let blair = Caller::at(&caller.estate, BLAIR, &ALL_SCOPES);
    assert_eq!(blair.get("/me/messages").await.0, 200, "another mailbox is not affected");
    inside.iter().for_each(tokio::task::JoinHandle::abort);
}

fn busy(caller: &Caller) -> usize {
    caller.estate.recorder.matching(Some(Target::Graph), Some(ALEX)).len()
}

#[tokio::test]
async fn each_operation_needs_one_of_its_scopes() {
    let estate = estate();
    for (scope, url, code) in [
        ("User.Read", "/me/messages", "ErrorAccessDenied"),
        ("Mail.Read", "/me", "Authorization_RequestDenied"),
        ("Mail.Read", "/me/joinedTeams", "Forbidden"),
        ("Mail.Read", "/me/people", "ErrorAccessDenied"),
    ] {
        let caller = Caller::at(&estate, ALEX, &[scope]);
        assert_eq!(caller.refusal(url).await, (403, code.to_owned()), "{url}");
    }
    let (_, teams) = Caller::at(&estate, ALEX, &["Mail.Read"]).get("/me/joinedTeams").await;
    let message = teams["error"]["message"].as_str().unwrap();
    assert!(message.contains("'Team.ReadBasic.All, ") && message.ends_with("'Mail.Read'"), "{message}");
    let basic = Caller::at(&estate, ALEX, &["Mail.ReadBasic"])
        .get("/me/messages?$top=1&$select=subject,bodyPreview")
        .await
        .1;
    assert!(basic["value"][0]["bodyPreview"].is_null() && basic["value"][0]["subject"].is_string());
}

#[tokio::test]
async fn a_missing_foreign_expired_or_revoked_token_is_refused_with_a_challenge() {
    let caller = Caller::new();
    let mut request = caller.request(Method::GET, "/me", None);
    request.headers.remove("authorization");
    let missing = caller.estate.graph.handle(&caller.estate, request).await.unwrap();
    assert_eq!(shown(&missing).1["error"]["message"], "Access token is empty.");
    assert!(missing.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer realm=\"\""));
    let foreign = Caller {
        token: "EwB4A8l6.made.up".to_owned(),
        estate: Arc::clone(&caller.estate),
        prefer: Vec::new(),
    };
    assert_eq!(foreign.refusal("/me").await, (401, "InvalidAuthenticationToken".to_owned()));
    caller.estate.microsoft_tokens.revoke_sessions(&caller.estate.people.find(ALEX).unwrap().oid);
    let revoked = caller.send(Method::GET, "/me", None).await.unwrap();
    assert!(revoked.headers["www-authenticate"].to_str().unwrap().contains("insufficient_claims"));
    let late = Caller::at(&caller.estate, BLAIR, &ALL_SCOPES);
    caller.estate.clock.advance_secs(7200);
    let (status, body) = late.get("/me").await;
    assert_eq!(
        (status, body["error"]["message"].as_str()),
        (401, Some("Lifetime validation failed, the token is expired."))
    );
}

#[tokio::test]
async fn a_batch_answers_each_part_like_a_request_of_its_own() {
    let caller = Caller::new();
    let batch = json!({"requests": [
        {"id": "1", "method": "GET", "url": "/me?$select=displayName"},
        {"id": "2", "method": "GET", "url": "/me/mesages"},
        {"id": "3", "method": "GET", "url": "/me/calendars", "dependsOn": ["2"]},
        {"id": "4", "method": "POST", "url": "/me/sendMail", "headers": {"Content-Type": "application/json"},
         "body": {"message": {"subject": "b", "toRecipients": [{"emailAddress": {"address": "x@y.example"}}]}}},
    ]});
    let (status, answer) = caller.post("/$batch", batch).await;
    let statuses: Vec<_> =
        answer["responses"].as_array().unwrap().iter().map(|one| one["status"].as_u64().unwrap()).collect();
    assert_eq!((status, statuses), (200, vec![200, 400, 424, 202]));
    assert_eq!(answer["responses"][0]["body"]["displayName"], "Alex Wilber");
    let part = json!({"id": "1", "method": "GET", "url": "/me"});
    for broken in [
        json!({"requests": []}),
        json!({"requests": vec![part.clone(); 2]}),
        json!({"request": [part]}),
        json!({"requests": [{"id": "1", "method": "POST", "url": "/$batch"}]}),
        json!({"requests": [{"id": "1", "method": "GET", "url": "https://evil.example/me"}]}),
    ] {
        assert_eq!(caller.post("/$batch", broken.clone()).await.0, 400, "{broken}");
    }
}

#[tokio::test]
async fn teams_channels_and_posts_belong_together() {
    let caller = Caller::new();
    let (_, teams) = caller.get("/me/joinedTeams").await;
    assert_eq!(teams["value"].as_array().unwrap().len(), 3);
    let team = teams["value"][0]["id"].as_str().unwrap();
    let (_, channels) = caller.get(&format!("/teams/{team}/channels?$select=id,displayName")).await;
    assert_eq!(channels["value"][0]["displayName"], "General");
    let channel = segment(channels["value"][0]["id"].as_str().unwrap());
    let url = format!("/teams/{team}/channels/{channel}/messages");
    let (status, post) =
        caller.post(&url, json!({"body": {"contentType": "html", "content": "<p>hi</p>"}})).await;
    assert_eq!((status, post["body"]["content"].as_str()), (201, Some("<p>hi</p>")));
    assert_eq!(
        caller.estate.graph.collection(&caller.estate, "channel-messages", Some(ALEX)).unwrap().len(),
        1
    );
    assert_eq!(caller.post(&url, json!({"body": {"content": ""}})).await.0, 400);
    let (status, _) = caller
        .post(
            &format!("/teams/{team}/channels/19%3Anone%40thread.tacv2/messages"),
            json!({"body": {"content": "x"}}),
        )
        .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_meeting_names_people_by_upn_and_refuses_an_address_as_object_id() {
    let caller = Caller::new();
    let meeting = |attendee: Value| {
        json!({"subject": "Design", "startDateTime": "2026-11-24T10:00:00+01:00", "endDateTime": "2026-11-24T10:30:00+01:00",
               "participants": {"attendees": [attendee]}})
    };
    let (status, made) =
        caller.post("/me/onlineMeetings", meeting(json!({"upn": BLAIR, "role": "attendee"}))).await;
    assert_eq!((status, made["startDateTime"].as_str()), (201, Some("2026-11-24T09:00:00Z")));
    assert!(made["joinWebUrl"].as_str().unwrap().starts_with("https://teams.microsoft.com/"));
    let wrong = meeting(json!({"identity": {"user": {"id": BLAIR}}}));
    assert_eq!(caller.post("/me/onlineMeetings", wrong).await.0, 400);
}

#[tokio::test]
async fn people_are_found_by_the_start_of_a_name_and_cannot_be_skipped() {
    let caller = Caller::new();
    let (_, found) = caller.get("/me/people?$search=%22meg%22&$top=5").await;
    assert_eq!(found["value"][0]["displayName"], "Megan Bowen");
    assert!(found["value"][0]["scoredEmailAddresses"][0].get("displayName").is_none());
    assert_eq!(caller.get("/me/people?$top=100").await.1["value"].as_array().unwrap().len(), 60);
    assert_eq!(caller.refusal("/me/people?$skip=1").await.0, 400);
}

#[tokio::test]
async fn injected_faults_answer_as_graph_fails() {
    let caller = Caller::new();
    let add = |fault| caller.fail(fault, 1);
    add(Fault::Status { status: 503 });
    let down = caller.send(Method::GET, "/me", None).await.unwrap();
    assert_eq!((down.status.as_u16(), down.headers["retry-after"].to_str().unwrap()), (503, "30"));
    add(Fault::RateLimit);
    assert_eq!(caller.refusal("/me/messages").await, (429, "ApplicationThrottled".to_owned()));
    add(Fault::Reset);
    assert_eq!(caller.send(Method::GET, "/me", None).await.unwrap_err(), Unreachable);
    add(Fault::Malformed);
    let (status, body) = caller.get("/me").await;
    assert_eq!((status, body), (200, Value::Null));
    assert_eq!(caller.get("/me").await.0, 200);
}

#[tokio::test]
async fn requests_are_recorded_without_their_token() {
    let caller = Caller::new();
    caller.get("/me?$select=id").await;
    let recorder: &Recorder = &caller.estate.recorder;
    let seen = recorder.matching(Some(Target::Graph), Some(ALEX));
    assert_eq!((seen[0].path.as_str(), seen[0].query.as_str()), ("/v1.0/me", "$select=id"));
    assert_eq!(seen[0].headers["authorization"], "Bearer <microsoft access token>");
}
