//! What files, sites and search refuse, and what never reaches them.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{CANARY, files, id_of, since, site_named, with_everything};
use crate::json::{Look as _, with};
use crate::session::Session;
use crate::site::Site;

/// Identifiers that would leave their segment if they were not encoded.
const HOSTILE: [&str; 16] = [
    "..",
    ".",
    "../../users",
    "root/../../messages?$top=999#",
    "%2e%2e%2f",
    "a\\b",
    "a;b",
    "root?x=1",
    "root#x",
    "root\u{1}",
    "ro\r\not",
    "root HTTP/1.1",
    "ｒｏｏｔ/..",
    "",
    "a'b",
    "a\"b",
];
/// Identifiers that are odd and stay one segment.
const ODD: [&str; 5] = ["//users", "a/b", "01A:/x.txt:", "b!x:y@z", "root:"];

/// Every tool with arguments that work.
fn every_tool(session: &Session<'_>) -> Result<Vec<(&'static str, Value)>> {
    let launch = site_named(session.site, "Northwind launch")?;
    let id = id_of(session, "launch notes.md")?;
    Ok(vec![
        ("listFolder", json!({ "timeZone": "UTC" })),
        ("readFile", json!({ "id": id })),
        ("uploadFile", json!({ "name": "new.txt", "content": "x" })),
        ("createSharingLink", json!({ "id": id })),
        ("searchSites", json!({ "query": "x" })),
        ("listListItems", json!({ "siteId": launch.at("/id"), "listId": launch.at("/lists/0/id") })),
        ("searchM365", json!({ "query": "x", "types": ["message"], "timeZone": "UTC" })),
    ])
}

fn fault(session: &Session<'_>, target: &str, status: u16) -> Result<()> {
    session.site.control.fault(&json!({
        "target": target, "kind": "status", "status": status, "person": session.person.email, "times": 1,
    }))
}

pub(super) fn every_documented_refusal_of_files_is_told_as_its_own(site: &Site) -> Result<()> {
    let session = Session::open(site, "files-refused")?;
    for (tool, arguments) in every_tool(&session)? {
        let mut sentences = BTreeSet::new();
        let statuses = [400, 403, 404, 409, 423, 500, 507];
        for status in statuses {
            fault(&session, "graph", status)?;
            let sentence = session
                .call_approved(tool, &arguments)?
                .failure()
                .with_context(|| format!("{tool} {status}"))?;
            ensure!(!sentence.contains("current state"), "Graph's own words: {sentence}");
            sentences.insert(sentence);
        }
        ensure!(sentences.len() == statuses.len(), "{tool}: {sentences:#?}");
        let named = sentences.iter().any(|sentence| sentence.contains("The permission "));
        ensure!(named, "{tool}: no permission is named: {sentences:#?}");
        // The wait that the drive asks for is longer than a call waits.
        site.control.fault(&json!({
            "target": "graph", "kind": "rate_limit", "person": session.person.email, "times": 1,
        }))?;
        let sentence = session.call_approved(tool, &arguments)?.failure().with_context(|| tool.to_owned())?;
        ensure!(sentence.contains("in 41 seconds"), "{tool}: {sentence}");
    }
    Ok(())
}

pub(super) fn documents_that_cannot_be_read_are_told_apart(site: &Site) -> Result<()> {
    let session = Session::open(site, "unreadable")?;
    for (name, fetched, words) in [
        ("Contracts", 0, "It is a folder"),
        ("Notebook of the team", 0, "not a file but something like a notebook"),
        ("Team in Lisbon.jpg", 0, "It is a picture"),
        ("Full export.csv", 0, "larger than the 8 MiB"),
        ("invoice macro.txt", 0, "malware"),
        ("Salaries (protected).docx", 1, "protected by a password"),
        ("Annual report \u{202E}fdp.exe", 1, "no text this server can read"),
    ] {
        let before = site.control.requests("sharepoint", Some(&session.person.email))?.len();
        let sentence = session
            .tool("readFile", &json!({ "id": id_of(&session, name)? }))?
            .failure()
            .with_context(|| name.to_owned())?;
        ensure!(sentence.contains(words), "{name}: {sentence}");
        let after = site.control.requests("sharepoint", Some(&session.person.email))?.len();
        ensure!(after - before == fetched, "{name}: fetched {} times", after - before);
    }
    Ok(())
}

pub(super) fn an_upload_is_refused_in_words_of_its_own(site: &Site) -> Result<()> {
    let session = Session::open(site, "upload-refused")?;
    let arguments = json!({ "name": "refused.txt", "content": "x" });
    for (status, words) in [
        (401, "did not open"),
        (404, "did not open"),
        (409, "somebody else in the meantime"),
        (423, "locked"),
        (507, "full"),
        (500, "It may have happened all the same"),
    ] {
        fault(&session, "sharepoint", status)?;
        let sentence =
            session.call_approved("uploadFile", &arguments)?.failure().with_context(|| status.to_string())?;
        ensure!(sentence.contains(words), "{status}: {sentence}");
        ensure!(!sentence.contains(CANARY) && !sentence.contains("https://"), "{status}: {sentence}");
    }
    ensure!(!files(&session)?.iter().any(|file| file.at("/name") == "refused.txt"), "something was written");
    Ok(())
}

pub(super) fn an_address_that_does_not_open_is_told_without_it(site: &Site) -> Result<()> {
    let session = Session::open(site, "address")?;
    let id = id_of(&session, "launch notes.md")?;
    for status in [401, 403, 404] {
        fault(&session, "sharepoint", status)?;
        let sentence = session.tool("readFile", &json!({ "id": id }))?.failure()?;
        ensure!(sentence.contains("did not open"), "{status}: {sentence}");
        ensure!(!sentence.contains("sharepoint.com") && !sentence.contains(CANARY), "{sentence}");
    }
    // The person's own sign-in has nothing to do with it.
    session.tool("readFile", &json!({ "id": id }))?.content().map(drop)
}

pub(super) fn the_files_of_another_person_stay_closed(site: &Site) -> Result<()> {
    let (one, other) = (with_everything(site, "files-mine")?, Session::open(site, "files-theirs")?);
    let theirs = id_of(&other, "launch notes.md")?;
    let drive = files(&other)?.first().context("a file")?.at("/parentReference/driveId").clone();
    for (tool, more) in [
        ("listFolder", json!({})),
        ("readFile", json!({})),
        ("uploadFile", json!({ "content": "x" })),
        ("createSharingLink", json!({})),
    ] {
        for (place, words) in
            [(json!({}), "does not exist"), (json!({ "driveId": drive }), "not shared with this account")]
        {
            let arguments = with(&with(&json!({ "id": theirs }), &more), &place);
            let sentence =
                one.call_approved(tool, &arguments)?.failure().with_context(|| format!("{tool} {place}"))?;
            ensure!(sentence.contains(words), "{tool} {place}: {sentence}");
        }
    }
    let read = one.tool("searchM365", &json!({ "query": "launch", "types": ["driveItem"], "count": 25 }))?;
    ensure!(!read.answer.text().contains(&theirs), "the file of another person is found");
    Ok(())
}

pub(super) fn ids_of_files_never_leave_their_segment(site: &Site) -> Result<()> {
    let session = with_everything(site, "files-escape")?;
    let tools: [(&str, &str, Value); 11] = [
        ("listFolder", "id", json!({})),
        ("listFolder", "driveId", json!({})),
        ("listFolder", "siteId", json!({})),
        ("readFile", "id", json!({})),
        ("readFile", "driveId", json!({ "id": "root" })),
        ("uploadFile", "id", json!({ "content": "x" })),
        ("uploadFile", "folderId", json!({ "name": "a.txt", "content": "x" })),
        ("createSharingLink", "id", json!({})),
        ("createSharingLink", "siteId", json!({ "id": "root" })),
        ("listListItems", "siteId", json!({ "listId": "x" })),
        ("listListItems", "listId", json!({ "siteId": "contoso.sharepoint.com,1,2" })),
    ];
    for (tool, argument, rest) in &tools {
        let given = |id: &str| with(rest, &json!({ *argument: id }));
        for id in HOSTILE {
            session
                .call_approved(tool, &given(id))?
                .expect_invalid(argument)
                .with_context(|| format!("{tool} {argument} {id:?}"))?;
        }
        for id in ODD {
            session
                .call_approved(tool, &given(id))?
                .failure()
                .with_context(|| format!("{tool} {argument} {id:?}"))?;
        }
    }
    for call in since(&session, 0)? {
        let path = call.path();
        let roots = ["/v1.0/me/drive/items/", "/v1.0/drives/", "/v1.0/sites/"];
        ensure!(roots.iter().any(|root| path.starts_with(root)), "Graph saw {}", call.line());
        let plain = !["/../", "/./", "\\", ";", "//", "?", "#"].iter().any(|step| path.contains(step));
        ensure!(plain && !call.0.text("/query")?.contains("999"), "Graph saw {}", call.0);
    }
    Ok(())
}

pub(super) fn counts_and_lists_of_files_are_bounded(site: &Site) -> Result<()> {
    let session = Session::open(site, "files-counts")?;
    for (tool, rest, most) in [
        ("listFolder", json!({}), 200),
        ("searchSites", json!({ "query": "x" }), 100),
        ("listListItems", json!({ "siteId": "a,b,c", "listId": "x" }), 200),
        ("searchM365", json!({ "query": "x" }), 25),
    ] {
        for count in [
            json!(-1),
            json!(0),
            json!(1.5),
            json!(1e12),
            json!("5"),
            json!(true),
            json!([1]),
            json!(most + 1),
        ] {
            let arguments = with(&rest, &json!({ "count": count }));
            session
                .call_approved(tool, &arguments)?
                .expect_invalid("count")
                .with_context(|| format!("{tool} {count}"))?;
        }
    }
    for (tool, named) in [
        ("readFile", "id"),
        ("createSharingLink", "id"),
        ("searchSites", "query"),
        ("listListItems", "listId"),
        ("searchM365", "query"),
    ] {
        session.call_approved(tool, &json!({}))?.expect_invalid(named)?;
    }
    ensure!(session.graph_requests()?.is_empty(), "a refused call reached Graph");
    Ok(())
}

pub(super) fn no_address_of_content_is_in_a_result_log_or_record(site: &Site) -> Result<()> {
    let session = Session::open(site, "addresses")?;
    let id = id_of(&session, "launch notes.md")?;
    let mut texts = Vec::new();
    for (tool, arguments) in [
        ("listFolder", json!({ "count": 200 })),
        ("readFile", json!({ "id": id })),
        ("uploadFile", json!({ "name": "secret place.txt", "content": "x" })),
        ("uploadFile", json!({ "name": "secret place.txt", "content": "y", "conflict": "replace" })),
        ("createSharingLink", json!({ "id": id })),
    ] {
        let reply = session.call_approved(tool, &arguments)?;
        reply.success().with_context(|| tool.to_owned())?;
        texts.push((format!("the result of {tool}"), reply.answer.text()));
    }
    fault(&session, "sharepoint", 500)?;
    let failed = session.call_approved("uploadFile", &json!({ "name": "lost.txt", "content": "x" }))?;
    texts.push(("a failure".to_owned(), failed.answer.text()));
    let transfers = site.control.requests("sharepoint", Some(&session.person.email))?;
    ensure!(transfers.len() >= 3, "nothing to hide: {transfers:?}");
    let metadata: Vec<Value> = site
        .control
        .gateway_logs_of(&session.person.email)?
        .iter()
        .map(|log| log.at("/metadata").clone())
        .collect();
    texts.push(("the gateway's metadata".to_owned(), format!("{metadata:?}")));
    if let Some(records) = session.records()? {
        texts.push(("the journal".to_owned(), format!("{records:?}")));
    }
    for (place, text) in texts {
        for secret in [CANARY, "tempauth", "downloadUrl", "uploadUrl"] {
            ensure!(!text.contains(secret), "{secret} is in {place}");
        }
    }
    Ok(())
}
