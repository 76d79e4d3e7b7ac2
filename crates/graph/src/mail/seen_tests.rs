use bytes::Bytes;
use m365_types::{Email, Recipient, ResolvedEffect, Role};
use serde_json::{Value, json};

use crate::effect::sha256;
use crate::testing::{Scripted, World, answer, ok, refused};

fn who(address: &str) -> Value {
    json!({ "emailAddress": { "name": "", "address": address } })
}

fn draft() -> Value {
    json!({
        "id": "A", "changeKey": "K1", "subject": "Q3", "from": who("alex@contoso.example"),
        "toRecipients": [who("to@x.example")], "ccRecipients": [who("cc@x.example")],
        "bccRecipients": [who("bcc@x.example"), who("to@x.example")], "replyTo": [],
        "body": { "contentType": "html", "content": "<p>Hi</p>" }, "importance": "normal", "parentFolderId": "F",
    })
}

fn attachment(fields: &Value) -> Value {
    let mut attachment = json!({
        "@odata.type": "#microsoft.graph.fileAttachment", "id": "AT/1", "name": "plan\u{202e}.pdf",
        "contentType": "application/pdf", "size": 3, "isInline": false, "lastModifiedDateTime": "2026-11-20T08:12:05Z",
    });
    attachment.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
    attachment
}

fn list(all: &[Value]) -> Scripted {
    ok(&json!({ "value": all }))
}

fn content(bytes: &'static [u8]) -> Scripted {
    Scripted::Answer(answer(200, Bytes::from_static(bytes)))
}

fn tips() -> Scripted {
    ok(&json!({ "value": [] }))
}

fn addresses(recipients: &[Recipient]) -> Vec<(&str, Role)> {
    recipients.iter().map(|one| (one.address.as_ref().map_or("", Email::as_str), one.role)).collect()
}

/// The effect of sending a draft that is so and has one attachment of these bytes.
fn sending(draft: &Value, bytes: &'static [u8]) -> ResolvedEffect {
    let world = World::answering([ok(draft), list(&[attachment(&json!({}))]), content(bytes), tips()]);
    world.look("sendDraft", json!({ "id": "A" })).unwrap()
}

#[test]
fn a_draft_is_read_with_its_attachments_before_it_is_sent() {
    let world = World::answering([ok(&draft()), list(&[attachment(&json!({}))]), content(b"abc"), tips()]);
    let seen = world.look("sendDraft", json!({ "id": "A/=" })).unwrap();
    let requests = world.requests();
    let asked: Vec<_> = requests.iter().map(|one| (one.call.method.as_str(), one.path.as_str())).collect();
    assert_eq!(
        asked,
        [
            ("GET", "/me/messages/A%2F%3D"),
            ("GET", "/me/messages/A%2F%3D/attachments"),
            ("GET", "/me/messages/A%2F%3D/attachments/AT%2F1/$value"),
            ("POST", "/me/getMailTips"),
        ]
    );
    let select = "id,changeKey,subject,from,replyTo,toRecipients,ccRecipients,bccRecipients,body,importance,parentFolderId";
    assert_eq!(requests[0].query, [("$select", select.to_owned())]);
    assert_eq!(
        requests[1].query,
        [
            ("$top", "250".to_owned()),
            ("$select", "id,name,contentType,size,isInline,lastModifiedDateTime".to_owned())
        ]
    );
    assert!(requests[..3].iter().all(|one| one.prefer == ["IdType=\"ImmutableId\""]));
    assert_eq!(
        addresses(&seen.recipients),
        [("to@x.example", Role::To), ("cc@x.example", Role::Cc), ("bcc@x.example", Role::Bcc)]
    );
    assert_eq!((seen.target.as_str(), seen.version.as_deref()), ("me/messages/A/=", Some("K1")));
    let body = seen.body.unwrap();
    assert_eq!((body.html, body.text.as_str()), (true, "<p>Hi</p>"));
    let file = &seen.files[0];
    assert_eq!(
        (file.name.as_str(), file.size, file.digest.as_str()),
        ("plan.pdf", 3, sha256(b"abc").as_str())
    );
}

#[test]
fn a_draft_that_changed_in_any_way_has_another_effect() {
    let unchanged = sending(&draft(), b"abc");
    assert_eq!(sending(&draft(), b"abc"), unchanged);
    assert_ne!(sending(&draft(), b"abd"), unchanged);
    for (name, value) in [
        ("changeKey", json!("K2")),
        ("subject", json!("Q4")),
        ("toRecipients", json!([who("other@x.example")])),
        ("ccRecipients", json!([])),
        ("bccRecipients", json!([who("spy@x.example")])),
        ("replyTo", json!([who("elsewhere@x.example")])),
        ("from", who("boss@contoso.example")),
        ("importance", json!("high")),
        ("body", json!({ "contentType": "html", "content": "<p>Ho</p>" })),
        ("body", json!({ "contentType": "text", "content": "<p>Hi</p>" })),
    ] {
        let mut changed = draft();
        changed[name] = value;
        assert_ne!(sending(&changed, b"abc"), unchanged, "{name}");
    }
}

#[test]
fn what_is_no_file_or_too_large_is_told_apart_by_its_description() {
    let look = |given: Value| {
        let world = World::answering([ok(&draft()), list(&[attachment(&given)]), tips()]);
        world.look("sendDraft", json!({ "id": "A" })).unwrap().files.remove(0)
    };
    let large = |more: Value| {
        let mut given = json!({ "size": (8 << 20) + 1 });
        given.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        look(given)
    };
    assert_eq!(large(json!({})).digest, "AT/1 8388609 2026-11-20T08:12:05Z");
    assert_eq!(large(json!({})), large(json!({})));
    assert_ne!(large(json!({})), large(json!({ "lastModifiedDateTime": "2026-11-20T08:12:06Z" })));
    assert_ne!(large(json!({})), large(json!({ "id": "AT2" })));
    for kind in ["itemAttachment", "referenceAttachment"] {
        let given = json!({ "@odata.type": format!("#microsoft.graph.{kind}"), "size": 9 });
        assert_eq!(look(given).digest, "AT/1 9 2026-11-20T08:12:05Z", "{kind}");
    }
}

#[test]
fn bytes_are_read_up_to_a_bound_of_all_together() {
    const SIZE: usize = 8 << 20;
    static BYTES: [u8; SIZE] = [7; SIZE];
    let all: Vec<Value> =
        (0..4).map(|index| attachment(&json!({ "id": format!("AT{index}"), "size": SIZE }))).collect();
    let mut answers = vec![ok(&draft()), list(&all)];
    answers.extend((0..3).map(|_| content(&BYTES)));
    answers.push(tips());
    let files = World::answering(answers).look("sendDraft", json!({ "id": "A" })).unwrap().files;
    assert_eq!(files.iter().filter(|file| file.digest == sha256(&BYTES)).count(), 3);
    assert_eq!(files[3].digest, format!("AT3 {SIZE} 2026-11-20T08:12:05Z"));
}

#[test]
fn what_cannot_be_looked_at_is_not_sent_and_nothing_has_happened() {
    let mut unversioned = draft();
    unversioned["changeKey"] = Value::Null;
    let endless = json!({ "value": [], "@odata.nextLink": "https://graph.microsoft.com/v1.0/me/messages/A/attachments?$skip=250" });
    for answers in [
        vec![refused(500, None, None)],
        vec![ok(&unversioned)],
        vec![ok(&draft()), ok(&endless)],
        vec![ok(&draft()), list(&[attachment(&json!({}))]), refused(404, None, None)],
    ] {
        let error = World::answering(answers).look("sendDraft", json!({ "id": "A" })).unwrap_err();
        assert!(!error.maybe_done(), "{error}");
    }
}
