use serde_json::json;

use crate::find_tool;
use crate::testing::{World, arguments};

const LINK: &str = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0?context=%7b%22Oid%22%3a%22o%22%7d";

#[test]
fn a_meeting_is_asked_for_by_its_whole_link() {
    let world = World::with_json(&json!({ "value": [{
        "id": "MSo1", "subject": "Sync\u{200b}", "startDateTime": "2026-11-24T09:00:00Z",
        "endDateTime": "2026-11-24T09:30:00Z", "joinWebUrl": LINK, "chatInfo": { "threadId": "19:m@thread.v2" },
    }] }));
    let answer =
        world.run("findOnlineMeeting", json!({ "joinUrl": LINK, "timeZone": "Europe/Berlin" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/me/onlineMeetings");
    assert_eq!(request.query, [("$filter", format!("JoinWebUrl eq '{LINK}'"))]);
    assert_eq!(answer.structured["found"], true);
    assert_eq!(answer.structured["meetings"][0]["chatId"], "19:m@thread.v2");
    assert!(answer.text.contains("Sync, Tue 2026-11-24 10:00 to Tue 2026-11-24 10:30"), "{}", answer.text);
}

#[test]
fn a_quote_in_a_link_stays_inside_and_nothing_found_is_an_answer() {
    let world = World::with_json(&json!({ "value": [] }));
    let answer = world.run("findOnlineMeeting", json!({ "joinUrl": "https://x.example/a'b" })).unwrap();
    assert_eq!(world.requests()[0].query[0].1, "JoinWebUrl eq 'https://x.example/a''b'");
    assert_eq!(answer.structured["found"], false);
    assert!(answer.text.contains("No meeting has this link"));
}

#[test]
fn what_is_no_link_is_refused() {
    for bad in
        ["", "teams", "http://x.example/", "javascript:alert(1)", "https://x.example/ a", &"h".repeat(3000)]
    {
        let parsed = find_tool("findOnlineMeeting").unwrap().parse(&arguments(json!({ "joinUrl": bad })));
        assert!(parsed.is_err(), "{bad}");
    }
}
