use serde_json::{Value, json};

use crate::testing::{World, ok};

fn event(number: usize) -> Value {
    json!({
        "id": format!("E{number}"), "subject": "Stand-up", "isAllDay": false, "isCancelled": false,
        "start": { "dateTime": "2026-11-24T09:00:00.0000000", "timeZone": "UTC" },
        "end": { "dateTime": "2026-11-24T09:30:00.0000000", "timeZone": "UTC" },
        "location": { "displayName": "Room 1" },
        "organizer": { "emailAddress": { "name": "Megan Bowen", "address": "megan@contoso.example" } },
        "attendees": [{ "type": "required", "status": { "response": "accepted" }, "emailAddress": { "name": "Alex", "address": "alex@contoso.example" } }],
        "responseStatus": { "response": "accepted" }, "onlineMeeting": { "joinUrl": "https://teams.microsoft.com/l/x" },
        "webLink": "https://outlook.office365.com/owa/?itemid=A",
    })
}

fn page(from: usize, count: usize, next: Option<&str>) -> Value {
    let value: Vec<Value> = (from..from + count).map(event).collect();
    next.map_or_else(|| json!({ "value": value }), |next| json!({ "value": value, "@odata.nextLink": next }))
}

#[test]
fn the_days_ahead_are_asked_for_from_now() {
    let world = World::with_json(&page(0, 1, None));
    let answer = world.run("getCalendarEvents", json!({})).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/me/calendarView");
    assert_eq!(request.prefer, ["IdType=\"ImmutableId\""]);
    assert_eq!(
        request.query,
        [
            ("startDateTime", "2026-11-22T12:00:00Z".to_owned()),
            ("endDateTime", "2026-11-29T12:00:00Z".to_owned()),
            ("$select", "id,subject,start,end,isAllDay,location,organizer,attendees,responseStatus,isCancelled,onlineMeeting,sensitivity".to_owned()),
            ("$orderby", "start/dateTime".to_owned()),
            ("$top", "50".to_owned()),
        ]
    );
    insta::assert_snapshot!(answer.text);
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.structured).unwrap());
}

#[test]
fn pages_are_followed_on_the_same_call() {
    let next =
        "https://graph.microsoft.com/v1.0/me/calendarView?startDateTime=1999-01-01&%24skip=50&$filter=x";
    let world = World::answering([ok(&page(0, 50, Some(next))), ok(&page(50, 7, None))]);
    let answer = world.run("getCalendarEvents", json!({})).unwrap();
    let requests = world.requests();
    let mut expected = requests[0].query.clone();
    expected.push(("$skip", "50".to_owned()));
    assert_eq!((requests[1].path.as_str(), &requests[1].query), ("/me/calendarView", &expected));
    assert_eq!(requests[1].prefer, requests[0].prefer);
    assert_eq!(answer.structured["events"].as_array().unwrap().len(), 57);
    assert_eq!(answer.structured["more"], false);
}

#[test]
fn a_link_to_another_host_or_path_ends_the_list_and_says_so() {
    for next in [
        "https://evil.example/v1.0/me/calendarView?$skip=50",
        "https://graph.microsoft.com/v1.0/me/messages?$skip=50",
    ] {
        let world = World::with_json(&page(0, 2, Some(next)));
        let answer = world.run("getCalendarEvents", json!({})).unwrap();
        assert_eq!(world.requests().len(), 1);
        assert_eq!(answer.structured["more"], true);
        assert!(answer.text.contains("There are more; ask for fewer days."));
    }
}

#[test]
fn a_hundred_events_are_the_most_and_empty_pages_end() {
    let next = "https://graph.microsoft.com/v1.0/me/calendarView?$skip=50";
    let world = World::answering([ok(&page(0, 60, Some(next))), ok(&page(60, 60, Some(next)))]);
    let answer = world.run("getCalendarEvents", json!({ "days": 30 })).unwrap();
    assert_eq!(answer.structured["events"].as_array().unwrap().len(), 100);
    assert_eq!(answer.structured["more"], true);
    let world = World::answering((0..5).map(|_| ok(&page(0, 0, Some(next)))));
    assert_eq!(world.run("getCalendarEvents", json!({})).unwrap().structured["more"], true);
    assert_eq!(world.requests().len(), 5);
}

#[test]
fn all_day_and_long_events_read_well() {
    let mut all_day = event(1);
    all_day["isAllDay"] = json!(true);
    all_day["start"]["dateTime"] = json!("2026-11-24T00:00:00.0000000");
    all_day["end"]["dateTime"] = json!("2026-11-26T00:00:00.0000000");
    let mut night = event(2);
    night["end"]["dateTime"] = json!("2026-11-25T01:00:00.0000000");
    night["isCancelled"] = json!(true);
    let mut odd = event(3);
    odd["start"] = json!({ "dateTime": "soon", "timeZone": "Europe/Berlin" });
    let answer = World::with_json(&json!({ "value": [all_day, night, odd] }))
        .run("getCalendarEvents", json!({ "timeZone": "Europe/Berlin" }))
        .unwrap();
    for words in [
        "Tue 2026-11-24 to Wed 2026-11-25, all day",
        "Stand-up (cancelled)\nTue 2026-11-24 10:00–Wed 2026-11-25 02:00, online",
        "soon to 2026-11-24T09:30:00",
    ] {
        assert!(answer.text.contains(words), "{}", answer.text);
    }
    let events = answer.structured["events"].as_array().unwrap();
    assert_eq!((&events[0]["start"], &events[0]["end"]), (&json!("2026-11-24"), &json!("2026-11-26")));
    assert_eq!((&events[0]["isAllDay"], &events[1]["isCancelled"]), (&json!(true), &json!(true)));
}

/// An event made in New York at nine, a week before and a day after Europe changed its clocks.
#[test]
fn times_are_told_in_the_zone_of_the_mailbox_on_both_sides_of_a_clock_change() {
    let at = |number: usize, start: &str, end: &str| {
        let mut event = event(number);
        event["start"]["dateTime"] = json!(start);
        event["end"]["dateTime"] = json!(end);
        event
    };
    let events = [
        at(1, "2026-10-24T13:00:00.0000000", "2026-10-24T13:30:00.0000000"),
        at(2, "2026-10-26T13:00:00.0000000", "2026-10-26T13:30:00.0000000"),
    ];
    let mut world = World::answering([
        ok(&json!({ "timeZone": "W. Europe Standard Time" })),
        ok(&json!({ "value": events })),
    ]);
    world.scopes = Some("Calendars.Read MailboxSettings.Read");
    let answer = world.run("getCalendarEvents", json!({})).unwrap();
    assert!(answer.text.contains("Times are Europe/Berlin."), "{}", answer.text);
    assert!(answer.text.contains("Sat 2026-10-24 15:00–15:30"), "{}", answer.text);
    assert!(answer.text.contains("Mon 2026-10-26 14:00–14:30"), "{}", answer.text);
    assert_eq!(answer.structured["events"][0]["start"], "2026-10-24T15:00:00+02:00");
    assert_eq!(answer.structured["events"][1]["start"], "2026-10-26T14:00:00+01:00");
}

#[test]
fn a_zone_of_the_mailbox_that_is_not_known_is_said_to_be_utc() {
    let mut world =
        World::answering([ok(&json!({ "timeZone": "Customized Time Zone" })), ok(&page(0, 1, None))]);
    world.scopes = Some("Calendars.Read MailboxSettings.Read");
    let answer = world.run("getCalendarEvents", json!({})).unwrap();
    let said = "Times are UTC: the mailbox's own zone has a name that is not known here.";
    assert!(answer.text.contains(said) && answer.text.contains("09:00–09:30"), "{}", answer.text);
}

#[test]
fn another_calendar_is_read_in_its_mailbox_and_the_mailbox_s_zone_stays_the_person_s() {
    let mut world = World::answering([ok(&json!({ "timeZone": "UTC" })), ok(&page(0, 1, None))]);
    world.scopes = Some("Calendars.Read.Shared MailboxSettings.Read");
    world.run("getCalendarEvents", json!({ "mailbox": "support@contoso.example" })).unwrap();
    let paths: Vec<String> = world.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/me/mailboxSettings", "/users/support%40contoso.example/calendarView"]);
}

#[test]
fn calendars_are_cleaned_json() {
    let world = World::with_json(&json!({ "value": [{
        "id": "C1", "name": "Cal\u{202e}endar", "color": "auto", "canEdit": true,
        "owner": { "name": "Alex", "address": "alex@contoso.example" },
    }] }));
    let answer = world.run("microsoft://calendars", json!({})).unwrap();
    assert_eq!(
        world.requests()[0].query,
        [("$select", "id,name,color,canEdit,owner".to_owned()), ("$top", "100".to_owned())]
    );
    assert_eq!(serde_json::from_str::<Value>(&answer.text).unwrap(), answer.structured);
    assert_eq!(
        answer.structured,
        json!({
            "untrusted": true, "more": false, "hiddenCharactersRemoved": 1,
            "calendars": [{ "id": "C1", "name": "Calendar", "color": "auto", "canEdit": true, "owner": { "name": "Alex", "address": "alex@contoso.example" } }],
        })
    );
}
