use m365_ports::{Content, GraphHeader, UpstreamError};
use m365_types::Scope;
use serde_json::{Value, json};

use crate::find_tool;
use crate::testing::{Scripted, World, arguments, json_of, ok, refused, trace};

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

const SELECTED: &str = "id,name,size,eTag,folder,root,parentReference,shared";

fn there() -> Value {
    json!({ "id": "01A", "name": "Notes.txt", "size": 2048, "eTag": "\"{1D2B},3\"",
            "parentReference": { "path": "/drives/b!1/root:/Contracts/Old%20ones" } })
}

fn nobody() -> Scripted {
    ok(&json!({ "value": [] }))
}

#[test]
fn what_is_replaced_is_looked_at_and_so_is_who_shares_it() {
    let look = |item: &Value| {
        let world = World::answering([ok(item), nobody()]);
        let effect = world.look("uploadFile", json!({ "id": "01A", "content": "# Ü" })).unwrap();
        (effect, world)
    };
    let (effect, world) = look(&there());
    let requests = world.requests();
    assert_eq!(requests[0].path, "/me/drive/items/01A");
    assert_eq!(requests[0].query, [("$select", SELECTED.to_owned())]);
    assert_eq!((requests[1].path.as_str(), requests[1].query.len()), ("/me/drive/items/01A/permissions", 0));
    assert_eq!((effect.shared, effect.recipients.len()), (false, 0));
    assert_eq!(
        (effect.version.as_deref(), effect.folder.as_deref()),
        (Some("\"{1D2B},3\""), Some("/Contracts/Old ones"))
    );
    let facts: Vec<_> = effect
        .facts
        .iter()
        .map(|fact| (fact.name.as_str(), fact.value.as_str(), fact.was.as_deref()))
        .collect();
    assert_eq!(
        facts,
        [
            ("Folder", "/Contracts/Old ones", None),
            ("Replaces", "Notes.txt", None),
            ("Size", "4 bytes", Some("3 kB")),
        ]
    );
    assert_eq!((effect.files[0].name.as_str(), effect.files[0].size), ("Notes.txt", 4));
    assert_eq!(effect.body.as_ref().unwrap().text, "# Ü");
    assert_eq!(effect, look(&there()).0);
    let mut newer = there();
    newer["eTag"] = "\"{1D2B},4\"".into();
    assert_ne!(effect, look(&newer).0);
}

#[test]
fn what_is_no_text_file_is_refused_when_it_is_looked_at() {
    let world = World::answering([ok(&json!({ "name": "Plan.docx" }))]);
    let error = world.look("uploadFile", json!({ "id": "01A", "content": "x" })).unwrap_err();
    assert_eq!((error.code(), world.requests().len()), ("file_not_text", 1));
}

#[test]
fn a_name_that_is_taken_decides_what_replacing_by_name_does() {
    let given = || json!({ "name": "notes.txt", "content": "x", "folderId": "01F", "conflict": "replace" });
    let world = World::answering([ok(&there()), nobody()]);
    let over = world.look("uploadFile", given()).unwrap();
    let paths: Vec<_> = world.requests().iter().map(|one| one.path.clone()).collect();
    assert_eq!(paths, ["/me/drive/items/01F:/notes.txt", "/me/drive/items/01A/permissions"]);
    assert_eq!(over.facts[1].name, "Replaces");

    let folder = || {
        ok(
            &json!({ "id": "01F", "name": "Plans", "folder": {}, "parentReference": { "path": "/drive/root:" } }),
        )
    };
    let world = World::answering([refused(404, None, None), folder(), nobody()]);
    let new = world.look("uploadFile", given()).unwrap();
    let paths: Vec<_> = world.requests().iter().map(|one| one.path.clone()).collect();
    assert_eq!(
        paths,
        ["/me/drive/items/01F:/notes.txt", "/me/drive/items/01F", "/me/drive/items/01F/permissions"]
    );
    assert_eq!((new.folder.as_deref(), new.version.as_deref()), (Some("/Plans"), None));
    assert_eq!(new.facts[1].value, "that file is replaced");
    assert_ne!(over, new);
}

#[test]
fn a_folder_shared_with_somebody_outside_reaches_them() {
    let root =
        ok(&json!({ "id": "01R", "name": "root", "root": {}, "folder": {}, "shared": { "scope": "users" } }));
    let guest = json!({ "grantedToV2": { "user": { "id": "g", "email": "guus@fabrikam.example" } } });
    let world = World::answering([root, ok(&json!({ "value": [guest] }))]);
    let effect = world.look("uploadFile", json!({ "name": "a.txt", "content": "x" })).unwrap();
    assert!(effect.shared);
    assert_eq!(effect.addresses()[0].as_str(), "guus@fabrikam.example");
    assert_eq!(effect.folder.as_deref(), Some("/"));
    assert_eq!(world.requests()[1].path, "/me/drive/items/01R/permissions");
    // It says itself that it is shared, whoever is named.
    let root = ok(&json!({ "id": "01R", "root": {}, "folder": {}, "shared": {} }));
    let effect = World::answering([root, nobody()])
        .look("uploadFile", json!({ "name": "a.txt", "content": "x" }))
        .unwrap();
    assert!(effect.shared && effect.recipients.len() == 1);
}

#[test]
fn the_bytes_bind_a_text_that_is_too_long_to_show() {
    let long = "é".repeat(30_000);
    let effect = |last: &str| {
        crate::testing::effect("uploadFile", json!({ "name": "a.txt", "content": format!("{long}{last}") }))
    };
    let (one, other) = (effect("a"), effect("b"));
    assert_eq!(one.body, other.body);
    assert_eq!(one.body.as_ref().unwrap().text.chars().count(), 20_001);
    assert_ne!(one, other);
}
