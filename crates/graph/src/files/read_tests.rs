use bytes::Bytes;
use m365_ports::{DocumentError, GraphAnswer, UpstreamError};
use m365_types::Secret;
use serde_json::{Value, json};

use crate::testing::{Scripted, World, answer, ok};

const ADDRESS: &str = "https://contoso-my.sharepoint.com/d.aspx?tempauth=secret";

fn described(fields: &Value) -> Scripted {
    let mut described = json!({
        "@microsoft.graph.downloadUrl": ADDRESS, "id": "01A", "name": "notes\u{202e}.txt", "size": 30,
        "eTag": "\"{1D2B},3\"", "file": { "mimeType": "text/plain" },
    });
    described.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
    ok(&described)
}

fn elsewhere() -> Scripted {
    let location = Some(Secret::new(ADDRESS.to_owned()));
    Scripted::Answer(GraphAnswer { location, ..answer(302, Bytes::new()) })
}

fn content(text: &str) -> Scripted {
    Scripted::Answer(answer(200, Bytes::from(text.to_owned())))
}

#[test]
fn what_it_is_is_asked_first_and_its_bytes_come_from_elsewhere() {
    let world = World::answering([described(&json!({})), elsewhere(), content("Line one\nLine two")]);
    let answer = world.run("readFile", json!({ "id": "01A!" })).unwrap();
    let paths: Vec<String> = world.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/me/drive/items/01A%21", "/me/drive/items/01A%21/content"]);
    assert_eq!(world.requests()[0].query, [("$select", "id,name,size,file,folder,eTag".to_owned())]);
    let transfers = world.transfers.lock().unwrap();
    assert_eq!((transfers[0].url.expose().as_str(), transfers[0].upload.is_none()), (ADDRESS, true));
    insta::assert_snapshot!(answer.text);
    assert_eq!(
        answer.structured,
        json!({
            "untrusted": true, "name": "notes.txt", "mimeType": "text/plain", "size": 17, "eTag": "\"{1D2B},3\"",
            "text": "Line one\nLine two", "textLength": 17, "truncated": false, "more": false,
            "hiddenCharactersRemoved": 1,
        })
    );
}

#[test]
fn what_has_no_text_is_never_fetched_and_said_so() {
    for (fields, code) in [
        (json!({ "folder": { "childCount": 1 }, "file": null }), "file_is_folder"),
        (json!({ "file": null }), "file_is_none"),
        (json!({ "file": { "mimeType": "image/jpeg" } }), "document_picture"),
        (json!({ "file": { "mimeType": "video/mp4" } }), "document_recording"),
        (json!({ "size": (8 << 20) + 1 }), "document_too_large"),
    ] {
        let world = World::answering([described(&fields)]);
        let error = world.run("readFile", json!({ "id": "01A" })).unwrap_err();
        assert_eq!((error.code(), error.maybe_done()), (code, false), "{fields}");
        assert_eq!(world.requests().len(), 1, "{fields}");
    }
}

#[test]
fn a_host_that_is_not_listed_and_an_address_that_does_not_open_are_told_without_the_address() {
    let unlisted = UpstreamError::UnlistedHost { host: "contoso-my.sharepoint.com".into() };
    let expired = UpstreamError::Graph {
        status: 401,
        code: String::new(),
        retry_after: None,
        claims: None,
        trace: crate::testing::trace(401),
    };
    for (refusal, code) in [(unlisted, "egress_unlisted_host"), (expired, "graph_content_refused")] {
        let world = World::answering([described(&json!({})), elsewhere(), Scripted::Refusal(refusal)]);
        let error = world.run("readFile", json!({ "id": "01A" })).unwrap_err();
        assert_eq!(error.code(), code);
        assert!(!error.sentence().contains("tempauth") && !error.sentence().contains("sharepoint.com"));
        assert!(world.replaced.lock().unwrap().is_empty(), "the person's token has nothing to do with it");
    }
}

#[test]
fn a_document_that_cannot_be_read_fails_its_own_call() {
    let mut world = World::answering([described(&json!({})), content("x")]);
    world.unread = Some(DocumentError::Encrypted);
    assert_eq!(world.run("readFile", json!({ "id": "01A" })).unwrap_err().code(), "document_encrypted");
}

#[test]
fn a_long_text_goes_on_where_its_part_ended() {
    let text = (0..2_000).map(|line| format!("row {line};é")).collect::<Vec<_>>().join("\n");
    let (mut whole, mut position) = (String::new(), None);
    for parts in 1.. {
        let world = World::answering([described(&json!({})), content(&text)]);
        let answer = world.run_from("readFile", json!({ "id": "01A" }), position.as_ref()).0.unwrap();
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
fn a_file_elsewhere_is_asked_for_there_each_time() {
    let world = World::answering([described(&json!({})), content("x")]);
    world.run("readFile", json!({ "id": "01A", "driveId": "b!1" })).unwrap();
    assert!(world.requests().iter().all(|request| request.path.starts_with("/drives/b%211/items/01A")));
    let world = World::answering([described(&json!({})), content("x")]);
    world.run("readFile", json!({ "id": "01A", "siteId": "h,1,2" })).unwrap();
    assert!(
        world.requests().iter().all(|request| request.path.starts_with("/sites/h%2C1%2C2/drive/items/01A"))
    );
}

#[test]
fn a_sensitivity_label_makes_the_answer_confidential() {
    for (sensitivity, confidential) in [
        (vec![], false),
        (vec!["General", "public"], false),
        (vec!["Highly Confidential"], true),
        (vec!["General", "2096f6a2-d2f7-48be-b329-b73aaa526e5d"], true),
    ] {
        let described = ok(&json!({ "name": "a.txt", "size": 1, "file": { "mimeType": "text/plain" } }));
        let content = Scripted::Answer(crate::testing::answer(200, Bytes::from_static(b"x")));
        let mut world = World::answering([described, content]);
        world.sensitivity = sensitivity.iter().map(|name| (*name).to_owned()).collect();
        let answer = world.run("readFile", json!({ "id": "01A" })).unwrap();
        assert_eq!(answer.labels.has(m365_types::Label::Confidential), confidential, "{sensitivity:?}");
        assert!(!answer.text.contains("Confidential"));
    }
}
