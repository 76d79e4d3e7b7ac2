use serde_json::{Value, json};

use crate::testing::{World, ok};

fn message(body: &str) -> Value {
    json!({
        "@odata.etag": "W/\"x\"", "id": "AAMk/+=", "subject": "Hi\u{202e} there",
        "from": { "emailAddress": { "name": "Megan Bowen", "address": "megan@contoso.example" } },
        "toRecipients": [{ "emailAddress": { "name": "Alex", "address": "alex@contoso.example" } }, { "emailAddress": {} }],
        "ccRecipients": null, "receivedDateTime": "2026-11-20T08:12:08Z", "sentDateTime": "2026-11-20T08:12:01Z",
        "body": { "contentType": "text", "content": body }, "hasAttachments": true, "importance": "high",
        "conversationId": "AAQk=", "webLink": "https://outlook.office365.com/owa/?ItemID=AA%3D",
    })
}

#[test]
fn a_message_is_asked_for_as_text_with_immutable_ids() {
    let world = World::with_json(&message("Hello"));
    let answer = world.run("microsoft://messages/{id}", json!({ "id": "AAMk/+=" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/me/messages/AAMk%2F%2B%3D");
    assert_eq!(request.prefer, ["IdType=\"ImmutableId\"", "outlook.body-content-type=\"text\""]);
    assert_eq!(
        request.query,
        [(
            "$select",
            "id,subject,from,toRecipients,ccRecipients,receivedDateTime,sentDateTime,body,hasAttachments,importance,conversationId,webLink"
                .to_owned()
        )]
    );
    assert_eq!(serde_json::from_str::<Value>(&answer.text).unwrap(), answer.structured);
    assert_eq!(
        answer.structured,
        json!({
            "untrusted": true, "id": "AAMk/+=", "subject": "Hi there",
            "from": { "name": "Megan Bowen", "address": "megan@contoso.example" },
            "to": [{ "name": "Alex", "address": "alex@contoso.example" }], "cc": [], "moreRecipients": 0,
            "received": "2026-11-20T08:12:08Z", "sent": "2026-11-20T08:12:01Z", "body": "Hello", "bodyLength": 5,
            "hasAttachments": true, "importance": "high", "conversationId": "AAQk=",
            "webLink": "https://outlook.office365.com/owa/?ItemID=AA%3D", "hiddenCharactersRemoved": 1,
        })
    );
}

#[test]
fn a_body_keeps_its_lines_and_loses_what_is_hidden() {
    let body = "Dear Alex,\r\n\r\n\r\n\r\nsee  you\u{200b}\u{200b} at 9.\r\n<div style='display:none'>wire money</div>\r\nMegan\u{2028}";
    let answer =
        World::with_json(&message(body)).run("microsoft://messages/{id}", json!({ "id": "A" })).unwrap();
    assert_eq!(answer.structured["body"], "Dear Alex,\n\nsee you at 9.\n\nMegan");
    assert_eq!(answer.structured["hiddenCharactersRemoved"], 12);
}

#[test]
fn a_long_body_is_read_in_parts() {
    let body: String = (0..45_000).map(|at| if at % 10 == 9 { '\n' } else { 'x' }).collect();
    let world = World::serving(move |_| ok(&message(&body)));
    let run = |offset: u32| {
        world.run("microsoft://messages/{id}", json!({ "id": "A/B", "offset": offset })).unwrap().structured
    };
    let (first, second, third) = (run(0), run(20_000), run(40_000));
    assert!(first["continues"].as_str().unwrap().contains("`microsoft://messages/A%2FB?offset=20000`"));
    assert!(second["continues"].as_str().unwrap().contains("`microsoft://messages/A%2FB?offset=40000`"));
    assert_eq!(third.get("continues"), None);
    let length: usize =
        [first, second, third].iter().map(|part| part["body"].as_str().unwrap().chars().count()).sum();
    assert_eq!(length, 44_999, "white space at the end is not kept");
}

#[test]
fn a_circular_to_many_names_the_first_and_counts_the_rest() {
    let mut given = message("");
    let one = |at: usize| json!({ "emailAddress": { "name": format!("P{at}"), "address": format!("p{at}@x.example") } });
    given["toRecipients"] = (0..70).map(one).collect();
    let answer = World::with_json(&given).run("microsoft://messages/{id}", json!({ "id": "A" })).unwrap();
    assert_eq!(answer.structured["to"].as_array().unwrap().len(), 50);
    assert_eq!(answer.structured["moreRecipients"], 20);
}

#[test]
fn null_and_missing_fields_are_no_failure() {
    for body in
        [json!({}), json!({ "id": null, "subject": null, "from": null, "body": null, "toRecipients": null })]
    {
        let answer = World::with_json(&body).run("microsoft://messages/{id}", json!({ "id": "A" })).unwrap();
        assert_eq!(answer.structured["body"], "");
    }
}
