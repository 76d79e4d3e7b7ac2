use m365_types::{Email, ResolvedEffect, Role};
use serde_json::{Value, json};

use crate::testing::{World, effect, ok};

fn who(address: &str) -> Value {
    json!({ "emailAddress": { "name": "", "address": address }, "type": "required" })
}

fn event() -> Value {
    json!({
        "id": "E", "changeKey": "K", "subject": "Sync\u{202e}", "isAllDay": false,
        "start": { "dateTime": "2026-11-24T09:00:00.0000000", "timeZone": "UTC" },
        "end": { "dateTime": "2026-11-24T09:30:00.0000000", "timeZone": "UTC" },
        "location": { "displayName": "Berlin" }, "organizer": who("megan@contoso.example"),
        "attendees": [who("a@contoso.example"), who("b@x.example"), { "emailAddress": { "address": "room@contoso.example" }, "type": "resource" }],
        "body": { "contentType": "html", "content": "<p>Agenda</p>" }, "isOnlineMeeting": true,
        "recurrence": { "pattern": { "type": "daily", "interval": 1 }, "range": { "type": "noEnd" } },
    })
}

fn changed(name: &str, value: Value) -> Value {
    let mut event = event();
    event[name] = value;
    event
}

fn look(tool: &str, event: &Value, given: Value) -> ResolvedEffect {
    World::answering([ok(event), ok(&json!({ "value": [] }))]).look(tool, given).unwrap()
}

fn reached(effect: &ResolvedEffect) -> Vec<(&str, Role)> {
    effect.recipients.iter().map(|one| (one.address.as_ref().map_or("", Email::as_str), one.role)).collect()
}

fn facts(effect: &ResolvedEffect) -> Vec<(&str, &str, Option<&str>)> {
    effect.facts.iter().map(|fact| (fact.name.as_str(), fact.value.as_str(), fact.was.as_deref())).collect()
}

const START: &str = "Tue 2026-11-24 09:00 UTC (2026-11-24T09:00:00Z)";
const END: &str = "Tue 2026-11-24 09:30 UTC (2026-11-24T09:30:00Z)";

#[test]
fn who_hears_of_a_cancellation_is_everybody_invited() {
    let world = World::answering([ok(&event()), ok(&json!({ "value": [] }))]);
    let seen = world.look("cancelEvent", json!({ "id": "E", "comment": "Sorry" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!((request.call.method.as_str(), request.path.as_str()), ("GET", "/me/events/E"));
    let select = "id,changeKey,subject,start,end,isAllDay,location,organizer,attendees,body,recurrence,seriesMasterId,isOnlineMeeting";
    assert_eq!(request.query, [("$select", select.to_owned())]);
    assert_eq!(request.prefer, ["IdType=\"ImmutableId\""]);
    assert_eq!(
        reached(&seen),
        [
            ("a@contoso.example", Role::Attendee),
            ("b@x.example", Role::Attendee),
            ("room@contoso.example", Role::Attendee)
        ]
    );
    assert_eq!(
        facts(&seen),
        [
            ("Subject", "Sync", None),
            ("Start", START, None),
            ("End", END, None),
            ("Where", "Berlin", None),
            ("Repeats", "every day", None),
            ("Online", "a Teams meeting", None),
        ]
    );
    let body = seen.body.unwrap();
    assert_eq!((body.html, body.text.as_str(), seen.version.as_deref()), (false, "Sorry", Some("K")));
}

#[test]
fn an_event_that_changed_has_another_effect_and_an_unchanged_one_the_same() {
    for (tool, given) in [
        ("cancelEvent", json!({ "id": "E" })),
        ("updateEvent", json!({ "id": "E", "location": "Bonn" })),
        ("respondToEvent", json!({ "id": "E", "response": "accept" })),
    ] {
        let seen = look(tool, &event(), given.clone());
        assert_eq!(look(tool, &event(), given.clone()), seen);
        let mut grown = event()["attendees"].clone();
        grown.as_array_mut().unwrap().push(who("new@attacker.example"));
        let mut others = vec![
            changed("changeKey", json!("L")),
            changed("subject", json!("Other")),
            changed("start", json!({ "dateTime": "2026-11-24T08:00:00", "timeZone": "UTC" })),
            changed("recurrence", Value::Null),
        ];
        if tool == "respondToEvent" {
            others.push(changed("organizer", who("other@x.example")));
        } else {
            others.push(changed("attendees", grown));
        }
        for other in others {
            assert_ne!(look(tool, &other, given.clone()), seen, "{tool}: {other}");
        }
    }
}

#[test]
fn an_event_without_anybody_reaches_nobody() {
    let alone = changed("attendees", json!([]));
    for tool in ["cancelEvent", "updateEvent"] {
        let given =
            if tool == "updateEvent" { json!({ "id": "E", "subject": "x" }) } else { json!({ "id": "E" }) };
        let world = World::with_json(&alone);
        assert!(world.look(tool, given).unwrap().recipients.is_empty());
        assert_eq!(world.requests().len(), 1, "nobody to ask about");
    }
}

#[test]
fn a_change_tells_what_was_and_reaches_the_new_and_the_old() {
    let given = json!({
        "id": "E", "subject": "Moved", "start": "2026-11-25T09:00Z", "end": "2026-11-25T09:30Z",
        "attendees": ["a@contoso.example", "new@x.example"], "body": "<p onclick=x>New</p>",
    });
    let seen = look("updateEvent", &event(), given.clone());
    assert_eq!(
        facts(&seen),
        [
            ("Subject", "Moved", Some("Sync")),
            ("Start", "Wed 2026-11-25 09:00 UTC (2026-11-25T09:00:00Z)", Some(START)),
            ("End", "Wed 2026-11-25 09:30 UTC (2026-11-25T09:30:00Z)", Some(END)),
            ("Where", "Berlin", None),
            ("Newly invited", "new@x.example", None),
            ("No longer invited", "b@x.example, room@contoso.example", None),
            ("Repeats", "every day", None),
            ("Online", "a Teams meeting", None),
        ]
    );
    let addresses: Vec<_> = reached(&seen).into_iter().map(|(address, _)| address).collect();
    assert_eq!(addresses, ["a@contoso.example", "b@x.example", "room@contoso.example", "new@x.example"]);
    let body = seen.body.as_ref().unwrap();
    assert_eq!((body.text.as_str(), body.was.as_deref()), ("<p>New</p>", Some("<p>Agenda</p>")));
    for (name, value) in [
        ("subject", json!("x")),
        ("end", json!("2026-11-25T10:30Z")),
        ("attendees", json!([])),
        ("body", json!("x")),
    ] {
        let mut other = given.clone();
        other[name] = value;
        assert_ne!(look("updateEvent", &event(), other), seen, "{name}");
    }
}

#[test]
fn an_all_day_event_is_told_in_days() {
    let mut all_day = changed("isAllDay", json!(true));
    all_day["start"] = json!({ "dateTime": "2026-11-24T00:00:00.0000000", "timeZone": "UTC" });
    let seen = look("cancelEvent", &all_day, json!({ "id": "E" }));
    assert_eq!(facts(&seen)[1], ("Start", "2026-11-24, all day", None));
}

#[test]
fn the_organiser_hears_of_an_answer_unless_that_is_not_wanted() {
    let given = |send: bool| json!({ "id": "E", "response": "decline", "sendResponse": send });
    let told = look("respondToEvent", &event(), given(true));
    assert_eq!(reached(&told), [("megan@contoso.example", Role::To)]);
    assert_eq!(facts(&told)[..2], [("Answer", "declined", None), ("Organiser is told", "yes", None)]);
    let silent = World::with_json(&event()).look("respondToEvent", given(false)).unwrap();
    assert!(silent.recipients.is_empty());
    let accepted = look("respondToEvent", &event(), json!({ "id": "E", "response": "accept" }));
    assert_ne!(accepted, told);
    let commented =
        look("respondToEvent", &event(), json!({ "id": "E", "response": "decline", "comment": "<b>No</b>" }));
    assert_eq!(commented.body.unwrap().text, "<b>No</b>");
}

#[test]
fn in_another_calendar_whoever_uses_it_is_reached_too() {
    let seen = look("cancelEvent", &event(), json!({ "id": "E", "mailbox": "support@contoso.example" }));
    assert_eq!(reached(&seen)[3], ("support@contoso.example", Role::Member));
    assert_eq!((seen.shared, seen.target.as_str()), (true, "users/support@contoso.example/events/E"));
}

#[test]
fn an_event_without_a_version_is_not_acted_on() {
    let world = World::with_json(&changed("changeKey", Value::Null));
    let error = world.look("cancelEvent", json!({ "id": "E" })).unwrap_err();
    assert!(!error.maybe_done());
}

#[test]
fn what_arguments_say_is_told_before_the_look() {
    let told = effect("updateEvent", json!({ "id": "E", "location": "Bonn", "attendees": ["a@x.example"] }));
    assert_eq!(facts(&told), [("Where", "Bonn", None), ("Newly invited", "a@x.example", None)]);
    assert_eq!(reached(&told), [("a@x.example", Role::Attendee)]);
}
