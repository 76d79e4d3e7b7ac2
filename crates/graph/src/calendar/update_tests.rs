use serde_json::{Value, json};

use crate::find_tool;
use crate::testing::{World, arguments, json_of, ok};

fn refusal(given: Value) -> String {
    let parsed = find_tool("updateEvent").unwrap().parse(&arguments(given));
    parsed.err().map_or_else(|| "accepted".to_owned(), |errors| errors.to_string())
}

#[test]
fn only_what_is_given_is_changed() {
    let world = World::with_json(&json!({ "id": "E", "attendees": [{}, {}] }));
    let answer = world.run("updateEvent", json!({ "id": "E", "subject": "New", "location": "" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!((request.call.method.as_str(), request.path.as_str()), ("PATCH", "/me/events/E"));
    assert_eq!(json_of(request), &json!({ "subject": "New", "location": { "displayName": "" } }));
    assert_eq!(answer.text, "Event changed: subject, location. Microsoft 365 tells the 2 people invited.");
    assert_eq!(answer.structured, json!({ "id": "E", "changed": ["subject", "location"], "invited": 2 }));
}

#[test]
fn a_new_time_is_sent_in_the_mailbox_s_zone_so_that_no_series_drifts() {
    for (start, end) in [
        ("2026-10-24T07:00:00Z", "2026-10-24T08:00:00Z"),
        ("2026-10-24T09:00", "2026-10-24T10:00"),
        ("2026-10-24T09:00[Europe/Berlin]", "2026-10-24T10:00+02:00"),
    ] {
        let mut world = World::answering([
            ok(&json!({ "timeZone": "W. Europe Standard Time" })),
            ok(&json!({ "id": "E", "attendees": [] })),
        ]);
        world.scopes = Some("Calendars.ReadWrite MailboxSettings.Read");
        let answer = world.run("updateEvent", json!({ "id": "E", "start": start, "end": end })).unwrap();
        let zone = "W. Europe Standard Time";
        assert_eq!(
            json_of(&world.requests()[1]),
            &json!({
                "start": { "dateTime": "2026-10-24T09:00:00", "timeZone": zone },
                "end": { "dateTime": "2026-10-24T10:00:00", "timeZone": zone },
            }),
            "{start}"
        );
        let told = "From Sat 2026-10-24 09:00 Europe/Berlin to Sat 2026-10-24 10:00 Europe/Berlin. Nobody is invited";
        assert!(answer.text.contains(told), "{}", answer.text);
        assert_eq!(answer.structured["start"], "2026-10-24T09:00:00+02:00");
    }
}

#[test]
fn new_attendees_take_the_place_of_the_old_and_are_whom_the_call_reaches() {
    let action = find_tool("updateEvent").unwrap();
    let given = json!({ "id": "E", "attendees": ["a@x.example", "b@x.example"], "mailbox": "support@contoso.example" });
    let invocation = action.parse(&arguments(given.clone())).unwrap();
    let reach = invocation.reach();
    assert_eq!(
        reach.recipients.iter().map(m365_types::Email::as_str).collect::<Vec<_>>(),
        ["a@x.example", "b@x.example"]
    );
    assert_eq!((reach.target.as_str(), reach.shared), ("users/support@contoso.example/events/E", true));
    let world = World::with_json(&json!({ "id": "E", "attendees": [{}] }));
    world.run("updateEvent", given).unwrap();
    assert_eq!(
        json_of(&world.requests()[0])["attendees"],
        json!([
            { "emailAddress": { "address": "a@x.example" }, "type": "required" },
            { "emailAddress": { "address": "b@x.example" }, "type": "required" },
        ])
    );
}

#[test]
fn the_description_of_a_teams_meeting_is_left_alone() {
    let world = World::with_json(&json!({ "id": "E", "isOnlineMeeting": true }));
    let error = world.run("updateEvent", json!({ "id": "E", "body": "x" })).unwrap_err();
    assert_eq!((error.code(), error.maybe_done()), ("event_body_online", false));
    assert_eq!(world.requests().len(), 1);
    let world = World::answering([ok(&json!({ "isOnlineMeeting": false })), ok(&json!({ "id": "E" }))]);
    world.run("updateEvent", json!({ "id": "E", "body": "<i>x</i><script>y</script>" })).unwrap();
    let requests = world.requests();
    assert_eq!(requests[0].query, [("$select", "id,isOnlineMeeting".to_owned())]);
    assert_eq!(json_of(&requests[1]), &json!({ "body": { "contentType": "html", "content": "<i>x</i>" } }));
}

#[test]
fn half_a_time_and_no_change_at_all_are_refused() {
    assert_eq!(
        refusal(json!({ "id": "E", "start": "2026-10-24T07:00:00Z" })),
        "`end` is required where `start` is given."
    );
    assert_eq!(
        refusal(json!({ "id": "E", "end": "2026-10-24T07:00:00Z" })),
        "`start` is required where `end` is given."
    );
    let nothing = "`id` says which event, and another argument must say what to change.";
    assert_eq!(refusal(json!({ "id": "E" })), nothing);
    assert_eq!(refusal(json!({ "id": "E", "timeZone": "UTC" })), nothing);
    let backwards = json!({ "id": "E", "start": "2026-10-24T07:00:00Z", "end": "2026-10-24T07:00:00Z" });
    assert_eq!(refusal(backwards), "`end` must be later than `start`.");
}
