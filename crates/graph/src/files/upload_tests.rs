use m365_ports::{Content, GraphHeader, UpstreamError};
use m365_types::Scope;
use serde_json::{Value, json};

use crate::find_tool;
use crate::testing::{Scripted, World, arguments, json_of, ok, trace};

const ADDRESS: &str = "https://contoso-my.sharepoint.com/upload?tempauth=secret";

fn written() -> Scripted {
    ok(&json!({
        "@microsoft.graph.downloadUrl": ADDRESS, "id": "01NEW", "name": "plan.md", "size": 5, "eTag": "\"{2},1\"",
        "webUrl": "https://contoso-my.sharepoint.com/plan.md",
    }))
}

fn session() -> Scripted {
    ok(&json!({ "uploadUrl": ADDRESS, "expirationDateTime": "2026-11-22T13:00:00Z" }))
}

fn refusal(given: Value) -> String {
    find_tool("uploadFile")
        .unwrap()
        .parse(&arguments(given))
        .err()
        .map_or_else(String::new, |e| e.to_string())
}

#[test]
fn a_new_file_is_created_by_a_session_that_refuses_a_taken_name() {
    for (given, behavior) in [(json!({}), "fail"), (json!({ "conflict": "rename" }), "rename")] {
        let world = World::answering([session(), written()]);
        let mut given = given;
        let text = json!({ "name": "Plan #1.md", "content": "# Ü\n" });
        given.as_object_mut().unwrap().extend(text.as_object().cloned().unwrap());
        let answer = world.run("uploadFile", given).unwrap();
        let request = &world.requests()[0];
        assert_eq!(request.path, "/me/drive/items/root:/Plan%20%231.md:/createUploadSession");
        assert_eq!(
            json_of(request),
            &json!({ "item": { "@microsoft.graph.conflictBehavior": behavior, "name": "Plan #1.md" } })
        );
        let transfers = world.transfers.lock().unwrap();
        let part = transfers[0].upload.as_ref().unwrap();
        assert_eq!((part.offset, part.total, part.bytes.as_ref()), (0, 5, "# Ü\n".as_bytes()));
        assert_eq!(answer.text, "Created: plan.md, 5 bytes\nid 01NEW");
        assert_eq!(
            answer.structured,
            json!({ "id": "01NEW", "name": "plan.md", "size": 5, "eTag": "\"{2},1\"",
                    "webUrl": "https://contoso-my.sharepoint.com/plan.md" })
        );
    }
}

#[test]
fn replacing_by_name_puts_the_content_in_its_place() {
    let world = World::answering([written()]);
    world
        .run(
            "uploadFile",
            json!({ "name": "a.csv", "content": "a,b", "folderId": "01F", "conflict": "replace", "driveId": "b!1" }),
        )
        .unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/drives/b%211/items/01F:/a.csv:/content");
    let Some(Content::Bytes { media_type, bytes }) = &request.body else { panic!("{request:?}") };
    assert_eq!((media_type.as_str(), bytes.as_ref()), ("text/csv", b"a,b".as_slice()));
    assert!(request.headers.is_empty() && request.query.is_empty());
}

#[test]
fn replacing_by_id_takes_text_files_only_and_the_version_that_was_read() {
    let world = World::answering([ok(&json!({ "name": "notes.TXT" })), written()]);
    world.run("uploadFile", json!({ "id": "01A", "content": "x", "ifMatch": "\"{1D2B},3\"" })).unwrap();
    let requests = world.requests();
    assert_eq!(
        (requests[0].path.as_str(), requests[1].path.as_str()),
        ("/me/drive/items/01A", "/me/drive/items/01A/content")
    );
    assert_eq!(requests[1].headers, [GraphHeader::IfMatch("\"{1D2B},3\"".to_owned())]);

    for name in ["Plan.docx", "txt", ".txt", "run.exe", "a.txt.lnk"] {
        let world = World::answering([ok(&json!({ "name": name }))]);
        let error = world.run("uploadFile", json!({ "id": "01A", "content": "x" })).unwrap_err();
        assert_eq!((error.code(), error.maybe_done()), ("file_not_text", false), "{name}");
        assert_eq!(world.requests().len(), 1, "{name}");
    }
}

#[test]
fn a_taken_name_and_a_changed_version_are_told_apart() {
    let refused = |status, code: &str| {
        Scripted::Refusal(UpstreamError::Graph {
            status,
            code: code.to_owned(),
            retry_after: None,
            claims: None,
            trace: trace(status),
        })
    };
    let world = World::answering([session(), refused(409, "nameAlreadyExists")]);
    let error = world.run("uploadFile", json!({ "name": "a.txt", "content": "x" })).unwrap_err();
    assert_eq!(error.code(), "graph_name_taken");
    assert!(!error.sentence().contains("tempauth"));
    let world = World::answering([ok(&json!({ "name": "a.txt" })), refused(412, "resourceModified")]);
    let error = world.run("uploadFile", json!({ "id": "01A", "content": "x" })).unwrap_err();
    assert_eq!(error.code(), "graph_conflict");
}

#[test]
fn a_name_is_one_of_a_text_file_and_leads_nowhere_else() {
    for bad in [
        "",
        "plan",
        ".md",
        " .md",
        "plan.docx",
        "plan.txt.exe",
        "../plan.txt",
        "a/b.txt",
        "a\\b.txt",
        "a:b.txt",
        "a?.txt",
        "a*.txt",
        "<a>.txt",
        "a|b.txt",
        "a\"b.txt",
        "a\nb.txt",
        "a\u{202e}txt.md",
        "~$a.txt",
        " a.txt",
        "_vti_x.txt",
        "a .txt",
    ] {
        let refused = refusal(json!({ "name": bad, "content": "x" }));
        assert!(refused.starts_with("`name` must be a file name"), "{bad:?}: {refused}");
    }
    let long = format!("{}.txt", "n".repeat(247));
    assert_ne!(refusal(json!({ "name": long, "content": "x" })), "");
    for good in ["plan.txt", "Größe & Maße (Entwurf #2).csv", "a.b.JSON", "דוח.html", "100%.md"] {
        assert_eq!(refusal(json!({ "name": good, "content": "x" })), "", "{good}");
    }
}

#[test]
fn a_file_is_either_new_or_replaced() {
    for (given, begins) in [
        (json!({ "content": "x" }), "`name` is required"),
        (
            json!({ "content": "x", "name": "a.txt", "id": "01A" }),
            "`name` cannot be given together with `id`",
        ),
        (
            json!({ "content": "x", "name": "a.txt", "ifMatch": "\"1\"" }),
            "`ifMatch` is for a file that is replaced",
        ),
        (json!({ "content": "", "name": "a.txt" }), "`content` must be"),
        (json!({ "content": "x", "id": "01A", "ifMatch": "1\r\nX: y" }), "`ifMatch` must be"),
        (json!({ "content": "x", "name": "a.txt", "conflict": "overwrite" }), "`conflict` must be one of"),
    ] {
        let refused = refusal(given.clone());
        assert!(refused.starts_with(begins), "{given}: {refused}");
    }
}

#[test]
fn elsewhere_needs_the_wider_permission_and_reaches_others() {
    let row = find_tool("uploadFile").unwrap();
    let of = |given: Value| {
        let invocation = row.parse(&arguments(given)).unwrap();
        (invocation.scopes(&row.spec), invocation.reach().shared)
    };
    assert_eq!(of(json!({ "name": "a.txt", "content": "x" })), (vec![Scope::FilesReadWrite], false));
    let elsewhere = json!({ "name": "a.txt", "content": "x", "siteId": "h,1,2" });
    assert_eq!(of(elsewhere), (vec![Scope::FilesReadWriteAll], true));
}
