//! Writing files, and links to them.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{CANARY, files, id_of, since};
use crate::json::{Look as _, with};
use crate::session::{GraphCall, Session};
use crate::site::Site;

/// The item of this name in the simulated drive.
fn item(session: &Session<'_>, name: &str) -> Result<Option<Value>> {
    Ok(files(session)?.into_iter().find(|file| file.at("/name") == name))
}

pub(super) fn a_new_file_is_created_once_and_never_over_another(site: &Site) -> Result<()> {
    let session = Session::open(site, "upload")?;
    let folder = id_of(&session, "Empty")?;
    let text = "# Plan\n\nGrüße & \"mehr\"\n";
    let arguments = json!({ "name": "Plan #1.md", "content": text, "folderId": folder });
    let reply = session.call_approved("uploadFile", &arguments)?;
    let made = item(&session, "Plan #1.md")?.context("it was not written")?;
    ensure!(reply.content()?.at("/id") == made.at("/id"), "{}", reply.answer);
    ensure!(made.at("/parentReference/id") == folder.as_str(), "{made}");
    ensure!(made.at("/size") == text.len() && reply.content()?.at("/eTag") == made.at("/eTag"), "{made}");
    let call = session.last_graph_request()?;
    let below = format!("/v1.0/me/drive/items/{folder}:/Plan%20%231.md:");
    ensure!(call.line() == format!("POST {below}/createUploadSession"), "{}", call.line());
    ensure!(call.body().at("/item/@microsoft.graph.conflictBehavior") == "fail", "{}", call.body());
    let parts = site.control.requests("sharepoint", Some(&session.person.email))?;
    let [part] = parts.as_slice() else { anyhow::bail!("not one part: {parts:?}") };
    ensure!(part.text("/method")? == "PUT" && part.at("/headers").get("authorization").is_none(), "{part}");
    let range = part.at("/headers/content-range");
    ensure!(*range == format!("bytes 0-{}/{}", text.len() - 1, text.len()), "{part}");

    let sentence = session.call_approved("uploadFile", &arguments)?.failure()?;
    ensure!(sentence.contains("already holds something of that name"), "{sentence}");
    ensure!(!sentence.contains(CANARY) && !sentence.contains("sharepoint.com"), "{sentence}");
    ensure!(item(&session, "Plan #1.md")?.as_ref() == Some(&made), "it was changed all the same");

    let renamed = with(&arguments, &json!({ "conflict": "rename" }));
    let other = session.call_approved("uploadFile", &renamed)?;
    ensure!(other.content()?.at("/id") != made.at("/id"), "{}", other.answer);
    ensure!(other.content()?.text("/name")?.starts_with("Plan #1"), "{}", other.answer);

    let replaced = with(&arguments, &json!({ "conflict": "replace", "content": "new" }));
    let before = session.graph_requests()?.len();
    let again = session.call_approved("uploadFile", &replaced)?;
    ensure!(
        again.content()?.at("/id") == made.at("/id") && again.content()?.at("/size") == 3,
        "{}",
        again.answer
    );
    let lines: Vec<String> = since(&session, before)?.iter().map(GraphCall::line).collect();
    // What would be replaced is looked at, and who sees it.
    let expected = [
        format!("GET {}", below.trim_end_matches(':')),
        format!("GET /v1.0/me/drive/items/{}/permissions", made.text("/id")?),
        format!("PUT {below}/content"),
    ];
    ensure!(lines == expected, "{lines:?}");
    ensure!(session.last_graph_request()?.header("content-type") == Some("text/markdown"), "{lines:?}");
    Ok(())
}

pub(super) fn a_file_is_replaced_in_the_version_that_was_read_only(site: &Site) -> Result<()> {
    let session = Session::open(site, "upload-version")?;
    let made = session.call_approved("uploadFile", &json!({ "name": "counted.txt", "content": "one" }))?;
    let (id, tag) = (made.content()?.text("/id")?, made.content()?.text("/eTag")?);
    let replace = |text: &str, tag: &str| {
        session.call_approved("uploadFile", &json!({ "id": id, "content": text, "ifMatch": tag }))
    };
    let second = replace("two!", tag)?;
    ensure!(
        second.content()?.at("/size") == 4 && second.content()?.text("/eTag")? != tag,
        "{}",
        second.answer
    );
    let call = session.last_graph_request()?;
    ensure!(call.line() == format!("PUT /v1.0/me/drive/items/{id}/content"), "{}", call.line());
    ensure!(call.header("if-match") == Some(tag), "{:?}", call.0);
    let sentence = replace("three", tag)?.failure()?;
    ensure!(sentence.contains("Read it again"), "{sentence}");
    ensure!(item(&session, "counted.txt")?.context("it")?.at("/size") == 4, "an old version was written");
    session.call_approved("uploadFile", &json!({ "id": id, "content": "free" }))?.content()?;

    let word = id_of(&session, "Northwind launch plan.docx")?;
    let sentence = session.call_approved("uploadFile", &json!({ "id": word, "content": "x" }))?.failure()?;
    ensure!(sentence.contains("not a file of text"), "{sentence}");
    let locked = id_of(&session, "roadmap.md")?;
    let sentence =
        session.call_approved("uploadFile", &json!({ "id": locked, "content": "x" }))?.failure()?;
    ensure!(sentence.contains("locked by somebody"), "{sentence}");
    Ok(())
}

pub(super) fn names_of_files_lead_nowhere_else(site: &Site) -> Result<()> {
    let session = Session::open(site, "upload-names")?;
    let before = files(&session)?;
    for name in [
        "",
        ".",
        "..",
        "../plan.txt",
        "a/b.txt",
        "a\\b.txt",
        "a:b.txt",
        "%2e%2e/x.txt/",
        "a?.txt",
        "a#b",
        "plan",
        "plan.docx",
        "run.exe",
        "a\r\n.txt",
        "a\u{1}.txt",
        "a\u{202e}txt.md",
        "~$a.txt",
        "x:/children?.txt",
    ] {
        session
            .call_approved("uploadFile", &json!({ "name": name, "content": "x" }))?
            .expect_invalid("name")
            .with_context(|| format!("{name:?}"))?;
    }
    for (arguments, named) in [
        (json!({ "content": "x" }), "name"),
        (json!({ "name": "a.txt" }), "content"),
        (json!({ "name": "a.txt", "content": "" }), "content"),
        (json!({ "name": "a.txt", "content": 7 }), "content"),
        (json!({ "name": "a.txt", "content": "x\u{1}" }), "content"),
        (json!({ "name": "a.txt", "content": "x", "id": "01A" }), "name"),
        (json!({ "name": "a.txt", "content": "x", "conflict": "merge" }), "conflict"),
        (json!({ "id": "01A", "content": "x", "ifMatch": "1\r\nX-Evil: 1" }), "ifMatch"),
        (json!({ "name": "a.txt", "content": "x", "driveId": "a", "siteId": "b" }), "siteId"),
    ] {
        session
            .call_approved("uploadFile", &arguments)?
            .expect_invalid(named)
            .with_context(|| arguments.to_string())?;
    }
    ensure!(session.graph_requests()?.is_empty(), "a refused upload reached Graph");
    ensure!(files(&session)?.len() == before.len(), "something was written");
    // What is only unusual is taken as it is.
    let name = "100% Maße & 'Größen' (דוח) +1.csv";
    session.call_approved("uploadFile", &json!({ "name": name, "content": "a,b" }))?.content()?;
    ensure!(item(&session, name)?.is_some(), "{:?}", session.last_graph_request()?.0);
    Ok(())
}

pub(super) fn a_link_is_for_the_organisation_and_kept(site: &Site) -> Result<()> {
    let session = Session::open(site, "link")?;
    let id = id_of(&session, "launch notes.md")?;
    let reply = session.call_approved("createSharingLink", &json!({ "id": id }))?;
    let call = session.last_graph_request()?;
    ensure!(call.line() == format!("POST /v1.0/me/drive/items/{id}/createLink"), "{}", call.line());
    ensure!(*call.body() == json!({ "type": "view", "scope": "organization" }), "{}", call.body());
    ensure!(reply.content()?.text("/scope")? == "organization", "{}", reply.answer);
    ensure!(reply.answer.text().contains("Everybody in the organisation"), "{}", reply.answer);
    let ends = "2030-01-01T09:00:00+02:00";
    let edit = json!({ "id": id, "type": "edit", "expirationDateTime": ends });
    session.call_approved("createSharingLink", &edit)?.content()?;
    let links = site.control.graph("links", &session.person.email)?;
    let [first, second] = links.as_slice() else { anyhow::bail!("not two links: {links:?}") };
    ensure!(first.at("/itemId") == id.as_str() && first.at("/permission/link/type") == "view", "{first}");
    ensure!(second.at("/permission/expirationDateTime") == "2030-01-01T07:00:00Z", "{second}");
    for (arguments, named) in [
        (json!({}), "id"),
        (json!({ "id": id, "type": "embed" }), "type"),
        (json!({ "id": id, "expirationDateTime": "tomorrow" }), "expirationDateTime"),
    ] {
        session.call_approved("createSharingLink", &arguments)?.expect_invalid(named)?;
    }
    // Whom it is for cannot be widened.
    session.call_approved("createSharingLink", &json!({ "id": id, "scope": "anonymous" }))?.content()?;
    ensure!(session.last_graph_request()?.body().at("/scope") == "organization", "an anonymous link");
    Ok(())
}
