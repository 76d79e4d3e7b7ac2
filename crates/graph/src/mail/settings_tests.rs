use m365_types::{Label, Role, Standing};
use serde_json::{Value, json};

use crate::testing::{World, arguments, effect, json_of};

fn replies(status: &str) -> Value {
    json!({ "automaticRepliesSetting": {
        "status": status, "externalAudience": "contactsOnly",
        "scheduledStartDateTime": { "dateTime": "2026-12-01T08:00:00.0000000", "timeZone": "UTC" },
        "scheduledEndDateTime": { "dateTime": "2026-12-05T16:30:00.0000000", "timeZone": "UTC" },
        "internalReplyMessage": "<html><body><p>I am <b>away</b>.</p></body></html>", "externalReplyMessage": "",
    } })
}

#[test]
fn settings_are_told_in_words() {
    let mut given = replies("scheduled");
    given.as_object_mut().unwrap().extend(
        json!({
            "timeZone": "W. Europe Standard Time", "dateFormat": "dd.MM.yyyy", "timeFormat": "HH:mm",
            "language": { "locale": "de-DE", "displayName": "German" },
            "workingHours": {
                "daysOfWeek": ["monday", "friday"], "startTime": "08:00:00.0000000", "endTime": "17:30:00.0000000",
                "timeZone": { "name": "W. Europe Standard Time" },
            },
        })
        .as_object()
        .cloned()
        .unwrap(),
    );
    let world = World::with_json(&given);
    let answer = world.run("getMailboxSettings", json!({})).unwrap();
    assert_eq!(world.requests()[0].path, "/me/mailboxSettings");
    insta::assert_snapshot!(answer.text);
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.structured).unwrap());
}

#[test]
fn missing_settings_are_no_failure() {
    let answer = World::with_json(&json!({ "timeZone": null })).run("getMailboxSettings", json!({})).unwrap();
    assert_eq!(answer.structured["timeZone"], "");
}

#[test]
fn a_schedule_is_sent_with_its_zone_and_its_texts_are_safe() {
    let world = World::with_json(&replies("scheduled"));
    let answer = world
        .run(
            "setAutomaticReplies",
            json!({
                "status": "scheduled", "audience": "contactsOnly", "internalMessage": "I am away.\nBye",
                "externalMessage": "<p onclick=x>Away</p><script>x</script>",
                "start": "2026-12-01T09:00[Europe/Berlin]", "end": "2026-12-05T17:30[Europe/Berlin]",
            }),
        )
        .unwrap();
    let request = &world.requests()[0];
    assert_eq!((request.call.method.as_str(), request.path.as_str()), ("PATCH", "/me/mailboxSettings"));
    assert_eq!(
        json_of(request),
        &json!({ "automaticRepliesSetting": {
            "status": "scheduled", "externalAudience": "contactsOnly", "internalReplyMessage": "I am away.<br>Bye",
            "externalReplyMessage": "<p>Away</p>",
            "scheduledStartDateTime": { "dateTime": "2026-12-01T09:00:00", "timeZone": "W. Europe Standard Time" },
            "scheduledEndDateTime": { "dateTime": "2026-12-05T17:30:00", "timeZone": "W. Europe Standard Time" },
        } })
    );
    assert_eq!(
        answer.text,
        "Automatic replies: scheduled from 2026-12-01T08:00 UTC to 2026-12-05T16:30 UTC; outside the organisation: \
         contactsOnly\nTo colleagues: I am away."
    );
}

#[test]
fn ending_replies_needs_nothing_else() {
    let world = World::with_json(&replies("disabled"));
    let answer = world.run("setAutomaticReplies", json!({ "status": "disabled" })).unwrap();
    assert_eq!(
        json_of(&world.requests()[0]),
        &json!({ "automaticRepliesSetting": { "status": "disabled" } })
    );
    assert_eq!(answer.structured.get("start"), None, "an old schedule is none");
}

#[test]
fn a_period_belongs_to_a_schedule_and_ends_after_it_began() {
    let refusal = |given: Value| {
        let parsed = crate::find_tool("setAutomaticReplies").unwrap().parse(&arguments(given));
        parsed.err().map_or("accepted".to_owned(), |errors| errors.to_string())
    };
    let (early, late) = ("2026-12-01T09:00Z", "2026-12-02T09:00Z");
    for (given, told) in [
        (
            json!({ "status": "scheduled" }),
            "`start` is required where `status` is scheduled. `end` is required where `status` is scheduled.",
        ),
        (json!({ "status": "scheduled", "start": early }), "`end` is required where `status` is scheduled."),
        (json!({ "status": "scheduled", "start": late, "end": early }), "`end` must be later than `start`."),
        (json!({ "status": "scheduled", "start": early, "end": early }), "`end` must be later than `start`."),
        (json!({ "status": "disabled", "start": early }), "`start` goes with `status` scheduled only."),
        (json!({ "status": "alwaysEnabled", "end": early }), "`end` goes with `status` scheduled only."),
        (json!({ "status": "scheduled", "start": early, "end": late }), "accepted"),
    ] {
        assert_eq!(refusal(given.clone()), told, "{given}");
    }
}

fn reached(effect: &m365_types::ResolvedEffect) -> Vec<(Standing, &str)> {
    assert!(effect.recipients.iter().all(|one| one.role == Role::Correspondent && one.address.is_none()));
    effect.recipients.iter().map(|one| (one.said, one.name.as_deref().unwrap())).collect()
}

#[test]
fn automatic_replies_reach_whoever_writes() {
    const COLLEAGUES: (Standing, &str) = (Standing::Inside, "colleagues who write");
    for (given, outside) in [
        (json!({ "status": "alwaysEnabled", "audience": "none" }), None),
        (
            json!({ "status": "alwaysEnabled", "audience": "all" }),
            Some("anybody outside the organisation who writes"),
        ),
        (json!({ "status": "alwaysEnabled" }), Some("contacts outside the organisation who write")),
    ] {
        let world = World::with_json(&replies("disabled"));
        let seen = world.look("setAutomaticReplies", given.clone()).unwrap();
        let request = &world.requests()[0];
        assert_eq!((request.call.method.as_str(), request.path.as_str()), ("GET", "/me/mailboxSettings"));
        let outside = outside.map(|words| (Standing::Outside, words));
        let wanted: Vec<_> = [COLLEAGUES].into_iter().chain(outside).collect();
        assert_eq!(reached(&seen), wanted, "{given}");
    }
    let ended = World::with_json(&replies("alwaysEnabled"));
    assert!(reached(&ended.look("setAutomaticReplies", json!({ "status": "disabled" })).unwrap()).is_empty());
    let unseen = effect("setAutomaticReplies", json!({ "status": "alwaysEnabled" }));
    assert_eq!(unseen.recipients[1].said, Standing::Unknown);
}

#[test]
fn both_texts_are_told_as_they_go_out_and_as_they_were() {
    let given = json!({
        "status": "scheduled", "audience": "all", "externalMessage": "Away <script>x</script>",
        "start": "2026-12-01T09:00[Europe/Berlin]", "end": "2026-12-05T17:30[Europe/Berlin]",
    });
    let look = |now: &Value| World::with_json(now).look("setAutomaticReplies", given.clone()).unwrap();
    let seen = look(&replies("disabled"));
    let told: Vec<_> = seen
        .facts
        .iter()
        .map(|fact| (fact.name.as_str(), fact.value.as_str(), fact.was.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("Automatic replies", "scheduled", Some("disabled")),
            ("To people outside", "all", Some("contactsOnly")),
            ("Reply to colleagues", "<html><body><p>I am <b>away</b>.</p></body></html>", None),
            ("Reply to others", "Away ", Some("")),
            ("Start", "Tue 2026-12-01 09:00 Europe/Berlin (2026-12-01T08:00:00Z)", None),
            ("End", "Sat 2026-12-05 17:30 Europe/Berlin (2026-12-05T16:30:00Z)", None),
        ]
    );
    assert_eq!(look(&replies("disabled")), seen);
    let mut other = replies("disabled");
    other["automaticRepliesSetting"]["internalReplyMessage"] = "Send all to x@x.example".into();
    assert_ne!(look(&other), seen);
}

#[test]
fn a_reply_that_is_told_is_text_that_others_may_have_set() {
    let answer = World::with_json(&replies("disabled")).run("getMailboxSettings", json!({})).unwrap();
    assert!(answer.labels.has(Label::Untrusted));
    let answer =
        World::with_json(&json!({ "timeZone": "UTC" })).run("getMailboxSettings", json!({})).unwrap();
    assert!(answer.labels.is_empty());
}
