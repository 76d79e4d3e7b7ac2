use serde_json::json;

use crate::testing::{World, arguments, effect, json_of, ok};

#[test]
fn a_meeting_names_attendees_by_upn_and_times_in_utc() {
    let world = World::with_json(&json!({
        "id": "MSpk", "joinWebUrl": "https://teams.microsoft.com/l/meetup-join/19%3ameeting",
        "joinMeetingIdSettings": { "joinMeetingId": "1234567890", "passcode": null, "isPasscodeRequired": false },
    }));
    let answer = world
        .run("createTeamsMeeting", json!({
            "subject": "Review", "startTime": "2026-11-24T10:00:00+01:00", "endTime": "2026-11-24T09:30:00",
            "attendees": ["Megan@contoso.example", "megan@contoso.example"],
        }))
        .unwrap();
    let request = world.requests().remove(0);
    assert_eq!(request.path, "/me/onlineMeetings");
    assert_eq!(
        *json_of(&request),
        json!({
            "subject": "Review", "startDateTime": "2026-11-24T09:00:00Z", "endDateTime": "2026-11-24T09:30:00Z",
            "participants": { "attendees": [{ "upn": "megan@contoso.example", "role": "attendee" }] },
        })
    );
    insta::assert_snapshot!(answer.text);
    assert_eq!(answer.structured["joinMeetingId"], "1234567890");
    assert!(answer.structured.get("passcode").is_none());
}

#[test]
fn a_time_without_a_zone_is_the_mailbox_s_where_that_is_known() {
    let mut world = World::answering([
        ok(&json!({ "timeZone": "Eastern Standard Time" })),
        ok(&json!({ "id": "MSpk", "joinWebUrl": "https://teams.microsoft.com/l/x" })),
    ]);
    world.scopes = Some("OnlineMeetings.ReadWrite MailboxSettings.Read");
    let given = json!({ "subject": "s", "startTime": "2026-11-24T10:00", "endTime": "2026-11-24T11:00" });
    let answer = world.run("createTeamsMeeting", given).unwrap();
    assert_eq!(json_of(&world.requests()[1])["startDateTime"], "2026-11-24T15:00:00Z");
    let note =
        "`startTime` and `endTime` named no time zone and were taken as America/New_York, the mailbox's own.";
    assert!(answer.text.ends_with(note), "{}", answer.text);
}

#[test]
fn a_meeting_without_a_usable_link_is_an_unknown_outcome() {
    for link in [json!(null), json!("javascript:x")] {
        let world = World::with_json(&json!({ "id": "MSpk", "joinWebUrl": link }));
        let error = world
            .run(
                "createTeamsMeeting",
                json!({ "subject": "", "startTime": "2026-11-24T09:00Z", "endTime": "2026-11-24T10:00Z" }),
            )
            .unwrap_err();
        assert!(error.maybe_done());
    }
}

#[test]
fn the_effect_is_whom_the_meeting_lets_in_and_when() {
    let given = json!({
        "subject": "Review", "startTime": "2026-11-24T10:00:00+01:00", "endTime": "2026-11-24T09:30:00Z",
        "attendees": ["megan@contoso.example"],
    });
    let told = effect("createTeamsMeeting", given.clone());
    let facts: Vec<_> = told.facts.iter().map(|fact| (fact.name.as_str(), fact.value.as_str())).collect();
    assert_eq!(
        facts,
        [
            ("Subject", "Review"),
            ("Start", "Tue 2026-11-24 09:00 UTC (2026-11-24T09:00:00Z)"),
            ("End", "Tue 2026-11-24 09:30 UTC (2026-11-24T09:30:00Z)"),
        ]
    );
    assert_eq!((told.recipients.len(), told.recipients[0].role), (1, m365_types::Role::Attendee));
    for (name, value) in
        [("subject", json!("x")), ("attendees", json!([])), ("endTime", json!("2026-11-24T09:31:00Z"))]
    {
        let mut other = given.clone();
        other[name] = value;
        assert_ne!(effect("createTeamsMeeting", other), told, "{name}");
    }
    let must_look =
        |given| crate::find_tool("createTeamsMeeting").unwrap().parse(&arguments(given)).unwrap().must_look();
    assert!(must_look(given.clone()));
    let mut alone = given.clone();
    alone["attendees"] = json!([]);
    assert!(!must_look(alone));
    let tips = json!({ "value": [
        { "emailAddress": { "address": "megan@contoso.example" }, "recipientScope": "internal" },
    ] });
    let mut world = World::with_json(&tips);
    world.scopes = Some("OnlineMeetings.ReadWrite Mail.Read");
    let seen = world.look("createTeamsMeeting", given).unwrap();
    assert_eq!(seen.recipients[0].said, m365_types::Standing::Inside);
    assert_eq!(world.requests()[0].path, "/me/getMailTips");
    let mut world = World::with_json(&json!({ "timeZone": "Eastern Standard Time" }));
    world.scopes = Some("OnlineMeetings.ReadWrite MailboxSettings.Read");
    let floating = json!({ "subject": "s", "startTime": "2026-11-24T10:00", "endTime": "2026-11-24T11:00" });
    assert_eq!(effect("createTeamsMeeting", floating.clone()).facts.len(), 1);
    let seen = world.look("createTeamsMeeting", floating).unwrap();
    assert_eq!(seen.facts[1].value, "Tue 2026-11-24 10:00 America/New_York (2026-11-24T15:00:00Z)");
}
