use bytes::Bytes;
use m365_ports::DocumentError;
use m365_types::{Label, Labels};
use serde_json::{Value, json};

use crate::testing::{Scripted, World, answer, ok};

fn described(fields: &Value) -> Scripted {
    let mut described = json!({
        "@odata.type": "#microsoft.graph.fileAttachment", "id": "AT=", "name": "notes.txt",
        "contentType": "text/plain", "size": 30,
    });
    described.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
    ok(&described)
}

fn content(text: &str) -> Scripted {
    Scripted::Answer(answer(200, Bytes::from(text.to_owned())))
}

/// The headers of a message that says nothing of itself.
fn plain() -> Scripted {
    ok(&json!({ "id": "A/=", "internetMessageHeaders": [] }))
}

fn given() -> Value {
    json!({ "id": "A/=", "attachmentId": "AT/=" })
}

#[test]
fn what_it_is_is_asked_first_and_its_bytes_go_to_the_reader() {
    let world = World::answering([described(&json!({})), content("Line one\nLine two"), plain()]);
    let answer = world.run("readAttachment", given()).unwrap();
    let paths: Vec<String> = world.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(
        paths,
        [
            "/me/messages/A%2F%3D/attachments/AT%2F%3D",
            "/me/messages/A%2F%3D/attachments/AT%2F%3D/$value",
            "/me/messages/A%2F%3D"
        ]
    );
    assert_eq!(world.requests()[2].query, [("$select", "id,internetMessageHeaders".to_owned())]);
    assert_eq!(answer.labels, Labels::NONE);
    let documents = world.documents.lock().unwrap();
    assert_eq!((documents[0].name.as_str(), documents[0].content_type.as_str()), ("notes.txt", "text/plain"));
    insta::assert_snapshot!(answer.text);
    assert_eq!(
        answer.structured,
        json!({
            "untrusted": true, "name": "notes.txt", "contentType": "text/plain", "size": 17,
            "text": "Line one\nLine two", "textLength": 17, "truncated": false, "more": false,
            "hiddenCharactersRemoved": 0,
        })
    );
}

#[test]
fn what_has_no_text_is_never_fetched_and_said_so() {
    for (fields, code) in [
        (json!({ "@odata.type": "#microsoft.graph.itemAttachment", "contentType": null }), "attachment_item"),
        (json!({ "@odata.type": "#microsoft.graph.referenceAttachment" }), "attachment_reference"),
        (json!({ "contentType": "image/png" }), "document_picture"),
        (json!({ "contentType": "Image/JPEG; name=\"a b.jpg\"" }), "document_picture"),
        (json!({ "contentType": "video/mp4" }), "document_recording"),
        (json!({ "size": (8 << 20) + 1 }), "document_too_large"),
    ] {
        let world = World::answering([described(&fields)]);
        let error = world.run("readAttachment", given()).unwrap_err();
        assert_eq!((error.code(), error.maybe_done()), (code, false), "{fields}");
        assert_eq!(world.requests().len(), 1, "{fields}");
        assert!(world.documents.lock().unwrap().is_empty());
    }
}

#[test]
fn each_way_a_document_cannot_be_read_has_its_own_sentence() {
    let mut sentences = std::collections::BTreeSet::new();
    let errors = [
        DocumentError::Unsupported,
        DocumentError::Encrypted,
        DocumentError::Damaged,
        DocumentError::TooLarge,
        DocumentError::TooSlow,
        DocumentError::Unavailable,
    ];
    for error in errors {
        let mut world = World::answering([described(&json!({})), content("x"), plain()]);
        world.unread = Some(error);
        sentences.insert(world.run("readAttachment", given()).unwrap_err().sentence());
    }
    assert_eq!(sentences.len(), errors.len());
}

#[test]
fn a_size_that_was_a_lie_is_found_out() {
    let world = World::answering([described(&json!({ "size": 10 })), content(&"x".repeat((8 << 20) + 1))]);
    assert_eq!(world.run("readAttachment", given()).unwrap_err().code(), "document_too_large");
    assert!(world.documents.lock().unwrap().is_empty());
}

#[test]
fn a_long_text_goes_on_where_its_part_ended() {
    let text = (0..2_000).map(|line| format!("row {line};é\n")).collect::<Vec<_>>().concat();
    let (mut whole, mut position) = (String::new(), None);
    for parts in 1.. {
        let world = World::answering([described(&json!({})), content(&text), plain()]);
        let answer = world.run_from("readAttachment", given(), position.as_ref()).0.unwrap();
        whole.push_str(answer.structured["text"].as_str().unwrap());
        position = answer.next;
        if position.is_none() {
            assert!(parts > 1);
            break;
        }
    }
    assert_eq!(whole, text);
}

#[test]
fn another_mailbox_is_read_in_its_own_name() {
    let world = World::answering([described(&json!({})), content("x"), plain()]);
    let mut given = given();
    given["mailbox"] = "support@contoso.example".into();
    world.run("readAttachment", given).unwrap();
    assert!(
        world
            .requests()
            .iter()
            .all(|request| request.path.starts_with("/users/support%40contoso.example/messages/"))
    );
}

#[test]
fn an_attachment_is_as_confidential_as_its_message() {
    let marked = ok(&json!({ "internetMessageHeaders": [{ "name": "sensitivity", "value": "private" }] }));
    let world = World::answering([described(&json!({})), content("x"), marked]);
    assert!(world.run("readAttachment", given()).unwrap().labels.has(Label::Confidential));
}
