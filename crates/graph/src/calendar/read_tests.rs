use serde_json::{Value, json};

use crate::testing::{World, ok, refused};

const SELECT: &str = "id,subject,start,end,isAllDay,location,organizer,attendees,responseStatus,isCancelled,onlineMeeting,sensitivity,webLink,body,recurrence,seriesMasterId,hasAttachments";

fn review() -> Value {
    json!({
        "id": "E1", "subject": "Review", "isAllDay": false,
        "start": { "dateTime": "2026-11-24T09:00:00.0000000", "timeZone": "UTC" },
        "end": { "dateTime": "2026-11-24T09:30:00.0000000", "timeZone": "UTC" },
        "body": { "contentType": "html", "content": "<p>Agenda</p><p>1. Bud\u{200b}\u{200b}get</p>" },
        "onlineMeeting": { "joinUrl": "javascript:x" }, "attendees": null,
    })
}

#[test]
fn an_event_is_read_with_its_description() {
    let world = World::with_json(&review());
    let answer = world.run("microsoft://events/{id}", json!({ "id": "E1" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/me/events/E1");
    assert_eq!(request.prefer, ["IdType=\"ImmutableId\"", "outlook.body-content-type=\"html\""]);
    assert_eq!(request.query, [("$select", SELECT.to_owned())]);
    assert_eq!(serde_json::from_str::<Value>(&answer.text).unwrap(), answer.structured);
    assert_eq!(
        answer.structured,
        json!({
            "untrusted": true, "id": "E1", "subject": "Review", "isAllDay": false,
            "start": "2026-11-24T09:00:00+00:00", "end": "2026-11-24T09:30:00+00:00",
            "body": "Agenda\n\n1. Budget", "bodyLength": 17, "hiddenCharactersRemoved": 2,
        })
    );
}

#[test]
fn the_tool_tells_everything_in_the_zone_that_was_asked_for() {
    let mut event = review();
    event["organizer"] = json!({ "emailAddress": { "name": "Megan", "address": "megan@contoso.example" } });
    event["attendees"] = (0..12)
        .map(|number| {
            json!({
                "emailAddress": { "name": "", "address": format!("p{number}@x.example") },
                "status": { "response": if number == 0 { "declined" } else { "notResponded" } },
            })
        })
        .collect();
    event["responseStatus"] = json!({ "response": "accepted" });
    event["onlineMeeting"] = json!({ "joinUrl": "https://teams.microsoft.com/l/x" });
    event["recurrence"] =
        json!({ "pattern": { "type": "daily", "interval": 1 }, "range": { "type": "noEnd" } });
    event["seriesMasterId"] = json!("M1");
    let world = World::with_json(&event);
    let answer = world
        .run(
            "getEvent",
            json!({ "id": "E1", "timeZone": "Asia/Tokyo", "mailbox": "support@contoso.example" }),
        )
        .unwrap();
    assert_eq!(world.requests()[0].path, "/users/support%40contoso.example/events/E1");
    assert_eq!(answer.structured["start"], "2026-11-24T18:00:00+09:00");
    assert_eq!(answer.structured["attendees"].as_array().unwrap().len(), 12);
    insta::assert_snapshot!(answer.text);
}

#[test]
fn a_long_description_goes_on_where_it_ended() {
    let mut event = review();
    event["body"]["content"] = json!(format!("<p>{}</p>", "word ".repeat(1_200)));
    let world = World::answering([ok(&event), ok(&event)]);
    let first = world.run("getEvent", json!({ "id": "E1" })).unwrap();
    let next = first.next.unwrap();
    let second = world.run_from("getEvent", json!({ "id": "E1" }), Some(&next)).0.unwrap();
    let (one, other) = (&first.structured["body"], &second.structured["body"]);
    let whole = format!("{}{}", one.as_str().unwrap(), other.as_str().unwrap());
    assert_eq!(whole, "word ".repeat(1_200).trim_end());
    assert!(second.next.is_none() && second.structured.get("subject").is_none());
    assert!(second.text.contains("of 5999."), "{}", second.text);
}

#[test]
fn an_event_that_is_gone_is_said_to_be() {
    let world = World::answering([refused(404, None, None)]);
    assert!(world.run("getEvent", json!({ "id": "E1" })).unwrap_err().is_not_found());
}

#[test]
fn an_event_that_is_not_left_at_normal_is_confidential() {
    for (mark, confidential) in
        [("private", true), ("personal", true), ("Confidential", true), ("normal", false), ("Normal", false)]
    {
        let mut event = review();
        event["sensitivity"] = mark.into();
        for tool in ["getEvent", "microsoft://events/{id}"] {
            let answer = World::with_json(&event).run(tool, json!({ "id": "E1" })).unwrap();
            assert_eq!(answer.labels.has(m365_types::Label::Confidential), confidential, "{mark}");
        }
        let days = World::with_json(&json!({ "value": [review(), event] }));
        let answer = days.run("getCalendarEvents", json!({ "timeZone": "UTC" })).unwrap();
        assert_eq!(answer.labels.has(m365_types::Label::Confidential), confidential, "{mark}");
    }
}
