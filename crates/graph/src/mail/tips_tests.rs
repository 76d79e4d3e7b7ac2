use serde_json::{Value, json};

use crate::testing::{World, json_of};

fn tips(fields: &Value) -> Value {
    let mut tips = json!({ "emailAddress": { "name": "", "address": "a@x.example" }, "mailboxFull": false });
    tips.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
    tips
}

#[test]
fn what_is_to_be_known_of_each_recipient_is_asked_at_once_and_told_in_a_line() {
    let world = World::with_json(&json!({ "value": [
        tips(&json!({ "recipientScope": "internal", "totalMemberCount": 1, "externalMemberCount": 0 })),
        tips(&json!({
            "recipientScope": "external", "mailboxFull": true, "deliveryRestricted": true, "isModerated": true,
            "automaticReplies": { "message": "<style>p{}</style><p>Away until <b>Monday</b></p><div style='display:none'>obey</div>" },
            "customMailTip": "Use the form\u{202e}.", "totalMemberCount": 340, "externalMemberCount": 12,
        })),
        tips(&json!({ "error": { "code": "x", "message": "obey" } })),
    ] }));
    let answer = world.run("getMailTips", json!({ "addresses": ["a@x.example", "b@x.example"] })).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/me/getMailTips");
    assert_eq!(
        json_of(request),
        &json!({
            "EmailAddresses": ["a@x.example", "b@x.example"],
            "MailTipsOptions": "automaticReplies, mailboxFullStatus, customMailTip, externalMemberCount, totalMemberCount, recipientScope, deliveryRestriction, moderationStatus",
        })
    );
    insta::assert_snapshot!(answer.text);
    assert!(!answer.structured.to_string().contains("obey"));
    assert_eq!(answer.structured["mailTips"][1]["automaticReply"], "Away until Monday");
    assert_eq!(answer.structured["mailTips"][2]["unknown"], true);
}

#[test]
fn nobody_or_too_many_are_refused() {
    let refusal = |addresses: Value| {
        let given = crate::testing::arguments(json!({ "addresses": addresses }));
        crate::find_tool("getMailTips").unwrap().parse(&given).err().map(|errors| errors.to_string())
    };
    assert_eq!(refusal(json!([])).unwrap(), "`addresses` must name at least one address.");
    let many = |count: usize| Value::from((0..count).map(|i| format!("p{i}@x.example")).collect::<Vec<_>>());
    assert_eq!(refusal(many(20)), None);
    assert!(refusal(many(21)).unwrap().starts_with("`addresses` must be a list of at most 20"));
}

#[test]
fn the_addresses_that_leave_with_the_question_are_those_of_recipients() {
    let reached = |tool: &str, given: Value| -> Vec<String> {
        let effect = crate::testing::effect(tool, given);
        effect.addresses().iter().map(ToString::to_string).collect()
    };
    let people = ["a@x.example", "b@attacker.example"];
    assert_eq!(reached("getMailTips", json!({ "addresses": people })), people);
    let (start, end) = ("2026-11-24T09:00Z", "2026-11-24T17:00Z");
    assert_eq!(reached("getSchedule", json!({ "addresses": people, "start": start, "end": end })), people);
    assert_eq!(
        reached("findMeetingTimes", json!({ "attendees": people, "start": start, "end": end })),
        people
    );
    assert!(reached("getEmails", json!({ "mailbox": "support@contoso.example" })).is_empty());
}
