//! Changing, cancelling and answering events; free and busy times; rooms.

use super::*;

const SCOPES: [&str; 6] = [
    "Calendars.Read",
    "Calendars.ReadWrite",
    "Calendars.Read.Shared",
    "Calendars.ReadWrite.Shared",
    "Place.Read.All",
    "User.Read",
];

fn caller() -> Caller {
    Caller::at(&estate(), ALEX, &SCOPES)
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["error"]["code"].as_str().unwrap_or_default())
}

impl Caller {
    async fn change(&self, url: &str, body: Value) -> (u16, Value) {
        shown(&self.send(Method::PATCH, url, Some(&body)).await.unwrap())
    }

    /// The path of the first event of which this holds.
    fn event(&self, holds: impl Fn(&Value) -> bool) -> String {
        let items = self.estate.graph.collection(&self.estate, "calendar", Some(ALEX)).unwrap();
        let found = items.iter().find(|item| holds(item)).unwrap();
        format!("/me/events/{}", segment(found["id"].as_str().unwrap()))
    }

    fn kept(&self, collection: &str) -> Vec<Value> {
        self.estate.graph.collection(&self.estate, collection, Some(ALEX)).unwrap()
    }
}

fn single(item: &Value) -> bool {
    item["type"] == "singleInstance" && item["isAllDay"] == false
}

fn time(text: &str, zone: &str) -> Value {
    json!({"dateTime": text, "timeZone": zone})
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name() {
    let caller = caller();
    let url =
        caller.event(|item| single(item) && item["isOrganizer"] == true && item["isOnlineMeeting"] == true);
    let (_, before) = caller.get(&url).await;
    let zone = "Tokyo Standard Time";
    let body = json!({
        "start": time("2026-12-01T09:00:00", zone), "end": time("2026-12-01T01:00:00", "UTC"),
        "location": {"displayName": "Annex"}, "attendees": [{"emailAddress": {"address": "new@fabrikam.example"}}],
    });
    let (status, after) = caller.change(&url, body).await;
    assert_eq!(status, 200, "{after}");
    for same in ["subject", "id", "onlineMeeting", "organizer", "body"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert_eq!(after["start"]["dateTime"], "2026-12-01T00:00:00.0000000");
    assert_eq!(after["end"]["dateTime"], "2026-12-01T01:00:00.0000000");
    assert_eq!(
        (&after["originalStartTimeZone"], &after["location"]["displayName"]),
        (&json!(zone), &json!("Annex"))
    );
    assert_eq!(after["attendees"].as_array().unwrap().len(), 1);
    let (_, after) = caller.change(&url, json!({"body": {"contentType": "text", "content": "new"}})).await;
    assert_eq!((&after["isOnlineMeeting"], &after["onlineMeeting"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn changes_that_cannot_be_are_refused() {
    let caller = caller();
    let url = caller.event(single);
    let whole_day = caller.event(|item| item["isAllDay"] == true);
    let zone = "W. Europe Standard Time";
    for (url, body, wanted) in [
        (&url, json!({"subjct": "x"}), (400, "RequestBodyRead")),
        (
            &url,
            json!({"start": time("2030-01-01T09:00:00", "Europe/Vienna")}),
            (400, "TimeZoneNotSupportedException"),
        ),
        (
            &url,
            json!({"end": time("2000-01-01T09:00:00", zone)}),
            (400, "ErrorCalendarEndDateIsEarlierThanStartDate"),
        ),
        (
            &url,
            json!({"attendees": [{"emailAddress": {"address": "nobody"}}]}),
            (400, "ErrorInvalidRecipients"),
        ),
        (
            &whole_day,
            json!({"start": time("2026-12-01T09:00:00", zone), "end": time("2026-12-02T09:00:00", zone)}),
            (400, "ErrorPropertyValidationFailure"),
        ),
    ] {
        let answer = caller.change(url, body.clone()).await;
        assert_eq!(code(&answer), wanted, "{body}");
    }
    let gone = format!("/me/events/{}", segment("AAMkADgone/gone/gone/gone+A="));
    assert_eq!(code(&caller.change(&gone, json!({"subject": "x"})).await), (404, "ErrorItemNotFound"));
    let reader = Caller::at(&caller.estate, ALEX, &["Calendars.Read"]);
    assert_eq!(code(&reader.change(&url, json!({"subject": "x"})).await), (403, "ErrorAccessDenied"));
}

#[tokio::test]
async fn one_occurrence_is_changed_and_cancelled_without_its_series() {
    let caller = caller();
    let now = super::super::signed(caller.estate.clock.now_ms());
    let window = format!(
        "/me/calendarView?startDateTime={}&endDateTime={}&$top=100",
        super::super::zones::rfc3339(now),
        super::super::zones::rfc3339(now + 14 * 86_400_000)
    );
    let stand_ups = |items: Vec<Value>| -> Vec<Value> {
        items
            .into_iter()
            .filter(|item| item["type"] == "occurrence" && item["subject"] == "Stand-up")
            .collect()
    };
    let before = stand_ups(caller.walk(&window).await);
    let url = |item: &Value| format!("/me/events/{}", segment(item["id"].as_str().unwrap()));
    let (status, changed) = caller.change(&url(&before[0]), json!({"subject": "Moved stand-up"})).await;
    assert_eq!((status, &changed["type"]), (200, &json!("exception")));
    assert_eq!((&changed["id"], &changed["start"]), (&before[0]["id"], &before[0]["start"]));
    assert_eq!(caller.post(&format!("{}/cancel", url(&before[1])), json!({})).await.0, 202);
    let after = stand_ups(caller.walk(&window).await);
    assert_eq!(after.len(), before.len() - 2);
    assert!(caller.walk(&window).await.iter().any(|item| item["subject"] == "Moved stand-up"));
    assert_eq!(caller.get(&url(&before[1])).await.0, 404);
    assert!(caller.kept("cancellations")[0]["occurrence"].is_string());
}

#[tokio::test]
async fn only_the_organizer_cancels_and_only_somebody_else_answers() {
    let caller = caller();
    let own = caller.event(|item| single(item) && item["isOrganizer"] == true);
    let invited = caller.event(|item| single(item) && item["isOrganizer"] == false);
    let refused = (400, "ErrorInvalidRequest");
    assert_eq!(code(&caller.post(&format!("{invited}/cancel"), json!({})).await), refused);
    for answer in ["accept", "tentativelyAccept", "decline"] {
        assert_eq!(code(&caller.post(&format!("{own}/{answer}"), json!({})).await), refused, "{answer}");
    }
    assert!(caller.kept("cancellations").is_empty() && caller.kept("responses").is_empty());
    let body = json!({"Comment": "later", "sendResponse": true});
    assert_eq!(caller.post(&format!("{invited}/tentativelyAccept"), body).await.0, 202);
    assert_eq!(caller.get(&invited).await.1["responseStatus"]["response"], "tentativelyAccepted");
    assert_eq!(caller.post(&format!("{invited}/decline"), json!({"sendResponse": false})).await.0, 202);
    assert_eq!(caller.get(&invited).await.0, 404);
    let responses = caller.kept("responses");
    assert_eq!((&responses[0]["comment"], &responses[1]["sent"]), (&json!("later"), &json!(false)));
    assert_eq!(caller.post(&format!("{own}/cancel"), json!({"comment": "x"})).await.0, 202);
    assert_eq!(caller.get(&own).await.0, 404);
    assert_eq!(
        code(&caller.post(&format!("{own}/cancel"), json!({"reason": "x"})).await),
        (400, "RequestBodyRead")
    );
}

fn window(address: &str) -> Value {
    json!({
        "schedules": [address], "availabilityViewInterval": 60,
        "startTime": time("2026-10-26T08:00:00", "W. Europe Standard Time"),
        "endTime": time("2026-10-26T18:00:00", "W. Europe Standard Time"),
    })
}

#[tokio::test]
async fn schedules_show_what_is_taken_and_who_is_not_known() {
    let caller = caller();
    let event = json!({
        "subject": "x", "showAs": "oof", "start": time("2026-10-26T10:30:00", "W. Europe Standard Time"),
        "end": time("2026-10-26T12:00:00", "W. Europe Standard Time"),
    });
    assert_eq!(caller.post("/me/events", event).await.0, 201);
    let schedule = async |address: &str| {
        let (status, answer) = caller.post("/me/calendar/getSchedule", window(address)).await;
        assert_eq!(status, 200, "{answer}");
        answer["value"][0].clone()
    };
    let view = schedule(ALEX).await["availabilityView"].as_str().unwrap().to_owned();
    assert_eq!((view.len(), &view[2..4]), (10, "33"), "{view}");
    for pattern in ["megan.bowen@contoso.example", "aalto1@contoso.example"] {
        let one = schedule(pattern).await;
        assert!(one["availabilityView"].as_str().unwrap().contains('2'), "{one}");
        assert_eq!(schedule(pattern).await, one);
    }
    for unknown in ["nobody@contoso.example", "carla.mendes@fabrikam.example"] {
        assert_eq!(schedule(unknown).await["error"]["responseCode"], "ErrorMailRecipientNotFound");
    }
    let mut long = window(ALEX);
    long["endTime"] = time("2027-10-26T18:00:00", "UTC");
    let mut fine = window(ALEX);
    fine["availabilityViewInterval"] = json!(4);
    for wrong in [long, fine, json!({"schedules": []})] {
        assert_eq!(
            code(&caller.post("/me/calendar/getSchedule", wrong).await),
            (400, "ErrorInvalidParameter")
        );
    }
}

#[tokio::test]
async fn suggestions_lie_in_working_hours_and_say_why_there_are_none() {
    let caller = caller();
    let ask = |attendees: &[&str], start: &str, end: &str| {
        let attendees: Vec<Value> = attendees
            .iter()
            .map(|one| json!({"type": "required", "emailAddress": {"address": one}}))
            .collect();
        json!({"attendees": attendees, "meetingDuration": "PT1H", "maxCandidates": 3, "timeConstraint": {
            "activityDomain": "work", "timeSlots": [{
                "start": time(start, "W. Europe Standard Time"), "end": time(end, "W. Europe Standard Time")}]}})
    };
    let megan = "megan.bowen@contoso.example";
    let (status, found) = caller
        .post("/me/findMeetingTimes", ask(&[megan], "2027-03-01T06:00:00", "2027-03-05T20:00:00"))
        .await;
    assert_eq!((status, &found["emptySuggestionsReason"]), (200, &json!("")));
    let suggestions = found["meetingTimeSuggestions"].as_array().unwrap();
    assert_eq!(suggestions.len(), 3);
    for one in suggestions {
        let start = one["meetingTimeSlot"]["start"]["dateTime"].as_str().unwrap();
        assert!(("07:00".."16:00").contains(&&start[11..16]), "{start}");
    }
    let reason = async |body: Value| {
        caller.post("/me/findMeetingTimes", body).await.1["emptySuggestionsReason"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(reason(ask(&[megan], "2027-03-06T08:00:00", "2027-03-07T17:00:00")).await, "Unknown");
    assert_eq!(
        reason(ask(&["x@fabrikam.example"], "2027-03-01T08:00:00", "2027-03-01T17:00:00")).await,
        "AttendeesUnavailableOrUnknown"
    );
    let busy = json!({
        "subject": "x", "start": time("2027-03-02T00:00:00", "UTC"), "end": time("2027-03-02T23:00:00", "UTC"),
    });
    assert_eq!(caller.post("/me/events", busy).await.0, 201);
    assert_eq!(
        reason(ask(&[megan], "2027-03-02T08:00:00", "2027-03-02T17:00:00")).await,
        "OrganizerUnavailable"
    );
    let reader = Caller::at(&caller.estate, ALEX, &["Calendars.Read"]);
    let answer = reader
        .post("/me/findMeetingTimes", ask(&[megan], "2027-03-01T08:00:00", "2027-03-01T17:00:00"))
        .await;
    assert_eq!(code(&answer), (403, "ErrorAccessDenied"));
}

#[tokio::test]
async fn rooms_page_by_a_hundred_and_need_an_administrator_s_permission() {
    let caller = caller();
    let (_, page) = caller.get("/places/microsoft.graph.room").await;
    assert_eq!(page["value"].as_array().unwrap().len(), 100);
    let all = caller.walk("/places/microsoft.graph.room?$select=displayName,emailAddress&$top=100").await;
    assert_eq!(all.len(), caller.estate.graph.collection(&caller.estate, "rooms", None).unwrap().len());
    let reader = Caller::at(&caller.estate, ALEX, &["Calendars.Read"]);
    assert_eq!(reader.refusal("/places/microsoft.graph.room").await, (403, "ErrorAccessDenied".to_owned()));
    assert_eq!(caller.refusal("/places/microsoft.graph.room?$search=x").await.0, 400);
}
