use m365_types::{Role, Standing};
use serde_json::{Value, json};

use crate::testing::{REQUEST, World, arguments, effect, json_of, ok};
use crate::{Answer, find_tool};

fn created(given: Value) -> (Value, Answer) {
    let world = World::with_json(&json!({ "id": "AAMk=", "webLink": "https://outlook.office365.com/x" }));
    let answer = world.run("createCalendarEvent", given).unwrap();
    let request = world.requests().remove(0);
    assert_eq!(request.path, "/me/events");
    (json_of(&request).clone(), answer)
}

#[test]
fn an_event_carries_real_zones_and_its_key() {
    let (body, answer) = created(json!({
        "subject": "Sync", "start": "2026-11-24T10:00:00+01:00", "end": "2026-11-24T10:30[Europe/Berlin]",
        "attendees": ["megan@contoso.example"], "body": "Agenda\n<b>none</b><script>x</script>",
    }));
    assert_eq!(
        body,
        json!({
            "subject": "Sync",
            "start": { "dateTime": "2026-11-24T09:00:00", "timeZone": "UTC" },
            "end": { "dateTime": "2026-11-24T10:30:00", "timeZone": "W. Europe Standard Time" },
            "attendees": [{ "emailAddress": { "address": "megan@contoso.example" }, "type": "required" }],
            "isOnlineMeeting": false,
            "transactionId": REQUEST.to_string(),
            "body": { "contentType": "html", "content": "Agenda\n<b>none</b>" },
        })
    );
    assert_eq!(
        answer.text,
        "Event created: AAMk=\nFrom Tue 2026-11-24 09:00 UTC to Tue 2026-11-24 10:30 Europe/Berlin. An invitation was sent to 1 person."
    );
    assert_eq!(
        answer.structured,
        json!({
            "id": "AAMk=", "start": "2026-11-24T09:00:00+00:00", "end": "2026-11-24T10:30:00+01:00",
            "invited": ["megan@contoso.example"], "webLink": "https://outlook.office365.com/x",
        })
    );
}

#[test]
fn a_time_without_a_zone_is_utc_where_the_mailbox_may_not_be_asked() {
    let (body, answer) =
        created(json!({ "subject": "Sync", "start": "2026-11-24T10:00:00", "end": "2026-11-24T11:00:00" }));
    assert_eq!(body["start"], json!({ "dateTime": "2026-11-24T10:00:00", "timeZone": "UTC" }));
    assert!(
        answer.text.ends_with("\n`start` and `end` named no time zone and were taken as UTC."),
        "{}",
        answer.text
    );
}

#[test]
fn a_time_without_a_zone_is_the_mailbox_s_where_that_is_known() {
    let mut world =
        World::answering([ok(&json!({ "timeZone": "W. Europe Standard Time" })), ok(&json!({ "id": "E" }))]);
    world.scopes = Some("Calendars.ReadWrite MailboxSettings.Read");
    let answer = world
        .run(
            "createCalendarEvent",
            json!({ "subject": "Sync", "start": "2026-10-26T09:00", "end": "2026-10-26T09:00:00Z" }),
        )
        .unwrap();
    let body = json_of(&world.requests()[1]).clone();
    assert_eq!(
        body["start"],
        json!({ "dateTime": "2026-10-26T09:00:00", "timeZone": "W. Europe Standard Time" })
    );
    assert_eq!(body["end"], json!({ "dateTime": "2026-10-26T09:00:00", "timeZone": "UTC" }));
    let note = "\n`start` named no time zone and was taken as Europe/Berlin, the mailbox's own.";
    assert!(answer.text.ends_with(note), "{}", answer.text);
    assert_eq!(answer.structured["start"], "2026-10-26T09:00:00+01:00");
}

#[test]
fn the_zone_of_the_call_counts_and_no_mailbox_is_asked() {
    let (body, answer) = created(json!({
        "subject": "Sync", "start": "2026-10-26T09:00", "end": "2026-10-26T14:00:00Z", "timeZone": "America/New_York",
    }));
    let eastern = |time: &str| json!({ "dateTime": time, "timeZone": "Eastern Standard Time" });
    assert_eq!(body["start"], eastern("2026-10-26T09:00:00"));
    assert_eq!(body["end"], eastern("2026-10-26T10:00:00"));
    assert!(!answer.text.contains("named no"), "{}", answer.text);
}

#[test]
fn a_local_time_that_the_clocks_skip_or_show_twice_is_refused_before_anything_is_made() {
    for start in ["2026-03-29T02:30", "2026-10-25T02:30"] {
        let given =
            json!({ "subject": "s", "start": start, "end": "2026-12-01T09:00", "timeZone": "Europe/Berlin" });
        let errors = find_tool("createCalendarEvent").unwrap().parse(&arguments(given)).err().unwrap();
        assert!(errors.to_string().starts_with("`start` is a time in an unknown zone, or one"), "{errors}");
        let mut world = World::answering([ok(&json!({ "timeZone": "W. Europe Standard Time" }))]);
        world.scopes = Some("Calendars.ReadWrite MailboxSettings.Read");
        let given = json!({ "subject": "s", "start": start, "end": "2026-12-01T09:00" });
        let error = world.run("createCalendarEvent", given).unwrap_err();
        assert_eq!((error.code(), error.maybe_done()), ("time_clock_changes", false));
        assert_eq!(world.requests().len(), 1);
    }
}

#[test]
fn an_order_that_only_the_mailbox_s_zone_shows_is_refused_too() {
    let mut world = World::answering([ok(&json!({ "timeZone": "Eastern Standard Time" }))]);
    world.scopes = Some("Calendars.ReadWrite MailboxSettings.Read");
    let given = json!({ "subject": "s", "start": "2026-11-24T10:00", "end": "2026-11-24T12:00Z" });
    let error = world.run("createCalendarEvent", given).unwrap_err();
    assert_eq!((error.code(), world.requests().len()), ("time_order", 1));
}

#[test]
fn a_teams_meeting_and_a_place_are_asked_for_in_the_event() {
    let world = World::with_json(&json!({
        "id": "E", "onlineMeeting": { "joinUrl": "https://teams.microsoft.com/l/meetup-join/19%3ameeting" },
    }));
    let given = json!({
        "subject": "Sync", "start": "2026-11-24T09:00Z", "end": "2026-11-24T10:00Z", "location": "Room 1",
        "onlineMeeting": true, "mailbox": "support@contoso.example",
    });
    let answer = world.run("createCalendarEvent", given).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/users/support%40contoso.example/events");
    let body = json_of(request);
    assert_eq!(
        (&body["isOnlineMeeting"], &body["onlineMeetingProvider"]),
        (&json!(true), &json!("teamsForBusiness"))
    );
    assert_eq!(body["location"], json!({ "displayName": "Room 1" }));
    assert_eq!(answer.structured["joinUrl"], "https://teams.microsoft.com/l/meetup-join/19%3ameeting");
    assert!(answer.text.contains("\nTeams meeting: https://teams.microsoft.com/"), "{}", answer.text);
}

#[test]
fn a_link_that_has_not_come_yet_is_said_to_come() {
    let given = json!({ "subject": "s", "start": "2026-11-24T09:00Z", "end": "2026-11-24T10:00Z", "onlineMeeting": true });
    for meeting in [json!(null), json!({ "joinUrl": "javascript:x" })] {
        let world = World::with_json(&json!({ "id": "E", "onlineMeeting": meeting }));
        let answer = world.run("createCalendarEvent", given.clone()).unwrap();
        assert!(answer.text.contains("getEvent will show it") && answer.structured.get("joinUrl").is_none());
    }
}

const START: &str = "2026-11-24T10:00:00+01:00";

fn event(more: &Value) -> Value {
    let mut event = json!({ "subject": "Sync", "start": START, "end": "2026-11-24T10:30[Europe/Berlin]" });
    event.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    event
}

#[test]
fn the_effect_of_a_new_event_is_whom_it_invites_to_what_when_and_where() {
    let full = event(&json!({
        "attendees": ["megan@contoso.example", "room@contoso.example"], "body": "Agenda\n<b>none</b><script>x</script>",
        "location": "Berlin", "onlineMeeting": true,
    }));
    let told = effect("createCalendarEvent", full.clone());
    let facts: Vec<_> = told.facts.iter().map(|fact| (fact.name.as_str(), fact.value.as_str())).collect();
    assert_eq!(
        facts,
        [
            ("Subject", "Sync"),
            ("Start", "Tue 2026-11-24 09:00 UTC (2026-11-24T09:00:00Z)"),
            ("End", "Tue 2026-11-24 10:30 Europe/Berlin (2026-11-24T09:30:00Z)"),
            ("Where", "Berlin"),
            ("Online", "a Teams meeting"),
        ]
    );
    assert!(told.recipients.iter().all(|one| one.role == Role::Attendee) && told.recipients.len() == 2);
    assert_eq!(told.body.as_ref().unwrap().text, "Agenda\n<b>none</b>");
    for (name, value) in [
        ("attendees", json!(["megan@contoso.example"])),
        ("body", json!("x")),
        ("location", json!("Bonn")),
        ("onlineMeeting", json!(false)),
        ("subject", json!("sync")),
        ("start", json!("2026-11-24T10:00:01+01:00")),
        ("mailbox", json!("support@contoso.example")),
    ] {
        let mut other = full.clone();
        other[name] = value;
        assert_ne!(effect("createCalendarEvent", other), told, "{name}");
    }
}

#[test]
fn an_event_of_one_s_own_reaches_nobody_and_needs_no_look() {
    let parsed = find_tool("createCalendarEvent").unwrap().parse(&arguments(event(&json!({})))).unwrap();
    assert!(!parsed.must_look() && parsed.effect().recipients.is_empty());
    let seen = World::with_json(&json!({ "value": [] }))
        .look("createCalendarEvent", event(&json!({ "mailbox": "support@contoso.example" })))
        .unwrap();
    assert_eq!((seen.shared, seen.recipients[0].role), (true, Role::Member));
}

#[test]
fn who_is_invited_is_asked_about_and_local_time_is_settled() {
    let mut world = World::answering([
        ok(&json!({ "timeZone": "W. Europe Standard Time" })),
        ok(
            &json!({ "value": [{ "emailAddress": { "address": "megan@contoso.example" }, "recipientScope": "internal" }] }),
        ),
    ]);
    world.scopes = Some("Calendars.ReadWrite Mail.Read MailboxSettings.Read");
    let given = event(&json!({
        "start": "2026-11-24T10:00", "end": "2026-11-24T10:30", "attendees": ["megan@contoso.example", "x@x.example"],
    }));
    let seen = world.look("createCalendarEvent", given).unwrap();
    assert_eq!(seen.facts[1].value, "Tue 2026-11-24 10:00 Europe/Berlin (2026-11-24T09:00:00Z)");
    let said: Vec<_> = seen.recipients.iter().map(|one| one.said).collect();
    assert_eq!(said, [Standing::Inside, Standing::Unknown]);
    assert_eq!(world.requests()[1].path, "/me/getMailTips");
}
