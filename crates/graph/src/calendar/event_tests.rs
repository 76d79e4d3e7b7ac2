use serde_json::{Value, json};

use crate::testing::World;

#[test]
fn an_event_is_read_with_its_description() {
    let world = World::with_json(&json!({
        "id": "E1", "subject": "Review", "isAllDay": false,
        "start": { "dateTime": "2026-11-24T09:00:00.0000000", "timeZone": "UTC" },
        "end": { "dateTime": "2026-11-24T09:30:00.0000000", "timeZone": "UTC" },
        "body": { "contentType": "text", "content": "Agenda\r\n1. Bud\u{200b}\u{200b}get" },
        "onlineMeeting": { "joinUrl": "javascript:x" }, "attendees": null,
    }));
    let answer = world.run("microsoft://events/{id}", json!({ "id": "E1" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/me/events/E1");
    assert_eq!(request.prefer, ["IdType=\"ImmutableId\"", "outlook.body-content-type=\"text\""]);
    assert_eq!(
        request.query,
        [(
            "$select",
            "id,subject,start,end,isAllDay,location,organizer,attendees,responseStatus,isCancelled,onlineMeeting,webLink,body"
                .to_owned()
        )]
    );
    assert_eq!(serde_json::from_str::<Value>(&answer.text).unwrap(), answer.structured);
    assert_eq!(
        answer.structured,
        json!({
            "untrusted": true, "id": "E1", "subject": "Review", "isAllDay": false, "isCancelled": false,
            "start": { "dateTime": "2026-11-24T09:00:00", "timeZone": "UTC" },
            "end": { "dateTime": "2026-11-24T09:30:00", "timeZone": "UTC" },
            "location": "", "attendees": [], "response": "", "body": "Agenda\n1. Budget", "bodyLength": 16,
            "hiddenCharactersRemoved": 2,
        })
    );
}
