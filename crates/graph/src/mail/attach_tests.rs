use bytes::Bytes;
use m365_types::Scope;
use serde_json::{Value, json};

use crate::testing::{Scripted, World, accepted, answer, arguments, effect, json_of, ok};

fn item(size: u64) -> Scripted {
    ok(&json!({ "id": "I", "name": "Plan.docx", "size": size, "file": { "mimeType": "application/msword" } }))
}

fn bytes(count: usize) -> Scripted {
    Scripted::Answer(answer(200, Bytes::from(vec![7; count])))
}

fn refusal(given: Value) -> String {
    let parsed = crate::find_tool("addDraftAttachment").unwrap().parse(&arguments(given));
    parsed.err().map_or("accepted".to_owned(), |errors| errors.to_string())
}

#[test]
fn text_becomes_a_file_of_the_draft() {
    let world = World::with_json(&json!({ "id": "AT=" }));
    let given = json!({ "id": "A/=", "name": "data.csv", "content": "a;b\n1;2", "contentType": "text/csv" });
    let answer = world.run("addDraftAttachment", given).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/me/messages/A%2F%3D/attachments");
    assert_eq!(
        json_of(request),
        &json!({
            "@odata.type": "#microsoft.graph.fileAttachment", "name": "data.csv", "contentType": "text/csv",
            "contentBytes": "YTtiCjE7Mg==",
        })
    );
    assert_eq!(answer.text, "Attached to the draft: data.csv, 7 bytes.");
    assert_eq!(answer.structured, json!({ "id": "AT=", "name": "data.csv", "size": 7 }));
}

#[test]
fn a_file_is_fetched_from_where_it_lies() {
    for (drive, paths) in [
        (None, ["/me/drive/items/I", "/me/drive/items/I/content"]),
        (Some("b!x"), ["/drives/b%21x/items/I", "/drives/b%21x/items/I/content"]),
    ] {
        let world = World::answering([item(5), bytes(5), ok(&json!({ "id": "AT=" }))]);
        world.run("addDraftAttachment", json!({ "id": "A", "driveItemId": "I", "driveId": drive })).unwrap();
        let requests = world.requests();
        assert_eq!([&requests[0].path, &requests[1].path], paths);
        let sent = json_of(&requests[2]);
        assert_eq!(
            (&sent["name"], &sent["contentType"]),
            (&json!("Plan.docx"), &json!("application/msword"))
        );
    }
}

#[test]
fn from_three_mebibytes_on_a_session_takes_it_in_parts() {
    for (size, parts) in [(3 << 20, vec![3 << 20]), ((8 << 20) - 1, vec![4_000_000, 4_000_000, 388_607])] {
        let session = ok(&json!({ "uploadUrl": "https://outlook.office.com/upload?authtoken=secret" }));
        let mut answers = vec![item(size as u64), bytes(size), session];
        answers.extend(parts.iter().map(|_| accepted()));
        let world = World::answering(answers);
        let answer = world
            .run("addDraftAttachment", json!({ "id": "A", "driveItemId": "I", "name": "p.docx" }))
            .unwrap();
        let request = &world.requests()[2];
        assert_eq!(request.path, "/me/messages/A/attachments/createUploadSession");
        assert_eq!(
            json_of(request),
            &json!({ "AttachmentItem": { "attachmentType": "file", "name": "p.docx", "size": size, "contentType": "application/msword" } })
        );
        let transfers = world.transfers.lock().unwrap();
        let sent: Vec<usize> = transfers.iter().map(|one| one.upload.as_ref().unwrap().bytes.len()).collect();
        assert_eq!(sent, parts);
        assert_eq!(
            answer.structured,
            json!({ "untrusted": true, "name": "p.docx", "size": size, "hiddenCharactersRemoved": 0 })
        );
        assert!(!answer.text.contains("secret"));
    }
}

#[test]
fn what_is_too_large_or_no_file_is_never_fetched() {
    for (described, code) in [
        (item((8 << 20) + 1), "attachment_too_large"),
        (ok(&json!({ "id": "I", "name": "Contracts", "size": 0, "folder": {} })), "attachment_not_a_file"),
    ] {
        let world = World::answering([described]);
        let error = world.run("addDraftAttachment", json!({ "id": "A", "driveItemId": "I" })).unwrap_err();
        assert_eq!((error.code(), world.requests().len()), (code, 1));
    }
}

#[test]
fn text_or_a_file_is_given_and_not_both() {
    for (given, told) in [
        (json!({ "id": "A" }), "`content` or `driveItemId` is required."),
        (json!({ "id": "A", "content": "x", "driveItemId": "I" }), "`content` or `driveItemId`, not both."),
        (json!({ "id": "A", "content": "x" }), "`name` is required with `content`."),
        (
            json!({ "id": "A", "content": "x", "name": "n", "driveId": "D" }),
            "`driveId` goes with `driveItemId` only.",
        ),
        (json!({ "id": "A", "content": "x", "name": "n" }), "accepted"),
        (json!({ "id": "A", "driveItemId": "I", "driveId": "D" }), "accepted"),
    ] {
        assert_eq!(refusal(given.clone()), told, "{given}");
    }
}

#[test]
fn a_file_needs_the_permission_for_where_it_lies() {
    let scopes = |given: Value| {
        let tool = crate::find_tool("addDraftAttachment").unwrap();
        tool.parse(&arguments(given)).unwrap().scopes(&tool.spec)
    };
    let text = json!({ "id": "A", "content": "x", "name": "n", "mailbox": "support@contoso.example" });
    assert_eq!(scopes(text), [Scope::MailReadWriteShared]);
    assert_eq!(scopes(json!({ "id": "A", "driveItemId": "I" })), [Scope::MailReadWrite, Scope::FilesRead]);
    assert_eq!(
        scopes(json!({ "id": "A", "driveItemId": "I", "driveId": "D" })),
        [Scope::MailReadWrite, Scope::FilesReadAll]
    );
}

#[test]
fn what_is_attached_is_told_by_its_digest_where_its_bytes_are_known() {
    let text = |content: &str| {
        effect("addDraftAttachment", json!({ "id": "A", "name": "a.txt", "content": content }))
    };
    let file = &text("abc").files[0];
    assert_eq!((file.name.as_str(), file.size), ("a.txt", 3));
    assert_eq!(file.digest, crate::effect::sha256(b"abc"));
    assert_ne!(text("abc"), text("abd"));
    let item = |drive: Option<&str>| {
        effect("addDraftAttachment", json!({ "id": "A", "driveItemId": "I", "driveId": drive }))
    };
    assert_eq!(item(None), item(None));
    assert_ne!(item(None), item(Some("D")));
    assert!(item(None).recipients.is_empty());
}

#[test]
fn in_another_mailbox_the_draft_and_the_file_are_looked_at() {
    let given = json!({ "id": "A", "driveItemId": "I", "mailbox": "support@contoso.example" });
    let look = |length: usize| {
        let draft = ok(&json!({ "id": "A", "changeKey": "K", "subject": "Q3" }));
        let world =
            World::answering([draft, item(length as u64), bytes(length), ok(&json!({ "value": [] }))]);
        let seen = world.look("addDraftAttachment", given.clone()).unwrap();
        assert_eq!(world.requests()[0].path, "/users/support%40contoso.example/messages/A");
        seen
    };
    let seen = look(5);
    assert_eq!((seen.files[0].name.as_str(), seen.files[0].size), ("Plan.docx", 5));
    assert_eq!((seen.version.as_deref(), seen.shared, seen.recipients.len()), (Some("K"), true, 1));
    assert_eq!(look(5), seen);
    assert_ne!(look(6), seen);
}

#[test]
fn the_name_of_a_drive_item_stands_in_a_frame() {
    let world = World::answering([item(5), bytes(5), ok(&json!({ "id": "AT=" }))]);
    let answer = world.run("addDraftAttachment", json!({ "id": "A", "driveItemId": "I" })).unwrap();
    assert!(
        answer.text.starts_with("Attached to the draft: a file, 5 bytes.\nThe lines between"),
        "{}",
        answer.text
    );
    assert_eq!(answer.structured["untrusted"], true);
    assert!(crate::find_tool("addDraftAttachment").unwrap().spec.untrusted);
}
