use serde_json::{Value, json};

use crate::find_tool;
use crate::testing::{World, arguments};

const JOIN: &str = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_M2Iz%40thread.v2/0?context=%7b%22Tid%22%3a%22x%22%7d";

fn refusal(link: &Value) -> bool {
    find_tool("findOnlineMeeting").unwrap().parse(&arguments(json!({ "joinUrl": link }))).is_err()
}

#[test]
fn the_link_is_the_filter_exactly_as_it_is() {
    let world = World::with_json(&json!({ "value": [{
        "id": "MSpk", "subject": "Review\u{202e}", "startDateTime": "2026-10-26T09:00:00Z",
        "endDateTime": "2026-10-26T09:30:00.5Z", "joinWebUrl": JOIN, "chatInfo": { "threadId": "19:meeting_M2Iz@thread.v2" },
    }] }));
    let answer =
        world.run("findOnlineMeeting", json!({ "joinUrl": JOIN, "timeZone": "Europe/Berlin" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/me/onlineMeetings");
    assert_eq!(
        request.query,
        [
            ("$filter", format!("JoinWebUrl eq '{JOIN}'")),
            ("$select", "id,subject,startDateTime,endDateTime,joinWebUrl,chatInfo".to_owned()),
        ]
    );
    assert!(answer.text.contains("1. Review\nMon 2026-10-26 10:00–10:30\nid MSpk"), "{}", answer.text);
    assert_eq!(
        answer.structured["meetings"],
        json!([{
            "id": "MSpk", "subject": "Review", "start": "2026-10-26T10:00:00+01:00", "end": "2026-10-26T10:30:00+01:00",
            "joinUrl": JOIN, "chatId": "19:meeting_M2Iz@thread.v2",
        }])
    );
}

#[test]
fn a_quote_does_not_end_the_filter() {
    let world = World::with_json(&json!({ "value": [] }));
    world.run("findOnlineMeeting", json!({ "joinUrl": "https://x.example/'or'1'eq'1" })).unwrap();
    assert_eq!(world.requests()[0].query[0].1, "JoinWebUrl eq 'https://x.example/''or''1''eq''1'");
}

#[test]
fn nothing_found_is_explained() {
    let answer = World::with_json(&json!({ "value": [] }))
        .run("findOnlineMeeting", json!({ "joinUrl": JOIN }))
        .unwrap();
    assert!(answer.text.contains("exactly as the event's `joinUrl` has it"), "{}", answer.text);
    assert_eq!(answer.structured["meetings"], json!([]));
}

#[test]
fn what_is_no_whole_link_is_refused() {
    let long = format!("https://x.example/{}", "a".repeat(2048));
    for link in [
        "",
        "teams.microsoft.com/l/x",
        "http://teams.microsoft.com/l/x",
        "https://",
        "https://x.example/a b",
        "https://x.example/\n",
        "HTTPS://x.example/ü",
        &long,
    ] {
        assert!(refusal(&json!(link)), "{link}");
    }
    assert!(refusal(&json!(7)) && !refusal(&json!(JOIN)));
}
