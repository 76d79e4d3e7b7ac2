//! The tools of files, sites, lists and search.

mod elsewhere;
mod refusals;
mod writing;

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use self::elsewhere::{
    a_search_needs_the_permission_of_each_kind, a_search_of_several_kinds_is_one_batch_and_pages,
    a_site_is_found_and_its_files_read_and_written, rows_of_a_list_have_the_columns_that_were_asked_for,
    what_lies_elsewhere_needs_a_further_permission, what_lists_and_searches_show_is_cleaned_and_framed,
};
use self::refusals::{
    an_address_that_does_not_open_is_told_without_it, an_upload_is_refused_in_words_of_its_own,
    counts_and_lists_of_files_are_bounded, documents_that_cannot_be_read_are_told_apart,
    every_documented_refusal_of_files_is_told_as_its_own, ids_of_files_never_leave_their_segment,
    no_address_of_content_is_in_a_result_log_or_record, the_files_of_another_person_stay_closed,
};
use self::writing::{
    a_file_is_replaced_in_the_version_that_was_read_only, a_link_is_for_the_organisation_and_kept,
    a_new_file_is_created_once_and_never_over_another, names_of_files_lead_nowhere_else,
};
use crate::json::Look as _;
use crate::oauth::Discovered;
use crate::session::{GraphCall, Session};
use crate::site::Site;

/// What an address of content of the simulated Microsoft begins with.
const CANARY: &str = "eyJjYW5hcnkiOiJkb3dubG9hZFVy";

table! { "file_tools":
    shared list_folder_asks_for_names_and_sizes_and_puts_folders_first,
    shared a_folder_is_seen_once_however_it_is_paged,
    shared read_file_fetches_from_the_listed_host_without_a_token,
    shared a_long_file_is_read_in_parts_that_make_the_whole,
    shared office_files_and_hostile_pages_are_read_as_text,
    shared documents_that_cannot_be_read_are_told_apart,
    shared a_new_file_is_created_once_and_never_over_another,
    shared a_file_is_replaced_in_the_version_that_was_read_only,
    shared names_of_files_lead_nowhere_else,
    shared a_link_is_for_the_organisation_and_kept,
    shared a_site_is_found_and_its_files_read_and_written,
    shared what_lies_elsewhere_needs_a_further_permission,
    shared rows_of_a_list_have_the_columns_that_were_asked_for,
    shared a_search_of_several_kinds_is_one_batch_and_pages,
    shared a_search_needs_the_permission_of_each_kind,
    shared what_lists_and_searches_show_is_cleaned_and_framed,
    shared the_files_of_another_person_stay_closed,
    shared every_documented_refusal_of_files_is_told_as_its_own,
    shared an_upload_is_refused_in_words_of_its_own,
    shared an_address_that_does_not_open_is_told_without_it,
    shared ids_of_files_never_leave_their_segment,
    shared counts_and_lists_of_files_are_bounded,
    shared no_address_of_content_is_in_a_result_log_or_record,
}

/// A person whose client was given everything there is.
fn with_everything<'a>(site: &'a Site, name: &str) -> Result<Session<'a>> {
    let every = Discovered::at(&site.mcp)?.server.strings("/scopes_supported").join(" ");
    Session::with_scope(site, name, &every)
}

/// The files of a person, as the simulated drive has them.
fn files(session: &Session<'_>) -> Result<Vec<Value>> {
    session.site.control.graph("files", &session.person.email)
}

/// The id of one of them.
fn id_of(session: &Session<'_>, name: &str) -> Result<String> {
    let files = files(session)?;
    let file = files.iter().find(|file| file.at("/name") == name).with_context(|| format!("no {name}"))?;
    Ok(file.text("/id")?.to_owned())
}

/// A site of the tenant by its name.
fn site_named(site: &Site, name: &str) -> Result<Value> {
    let sites = site.control.graph("sites", "")?;
    sites.into_iter().find(|site| site.at("/displayName") == name).with_context(|| format!("no {name}"))
}

/// The requests Graph saw for a person since there were so many, without those about the time zone.
fn since(session: &Session<'_>, before: usize) -> Result<Vec<GraphCall>> {
    let calls = session.graph_requests()?.into_iter().skip(before).map(GraphCall);
    Ok(calls.filter(|call| !call.path().ends_with("/mailboxSettings")).collect())
}

/// The ids on all pages, from the first on.
fn walk(session: &Session<'_>, tool: &str, list: &str, arguments: &Value) -> Result<Vec<String>> {
    let mut seen = Vec::new();
    let mut arguments = arguments.clone();
    for _ in 0..60 {
        let reply = session.call_approved(tool, &arguments)?;
        for item in reply.content()?.list(&format!("/{list}"))? {
            seen.push(item.text("/id")?.to_owned());
        }
        match reply.content()?.get("nextCursor") {
            Some(next) => arguments = json!({ "cursor": next }),
            None => return Ok(seen),
        }
    }
    anyhow::bail!("{tool} never ends: {} items", seen.len())
}

fn list_folder_asks_for_names_and_sizes_and_puts_folders_first(site: &Site) -> Result<()> {
    let session = Session::open(site, "folder")?;
    let reply = session.tool("listFolder", &json!({}))?;
    let call = session.last_graph_request()?;
    ensure!(call.line() == "GET /v1.0/me/drive/items/root/children", "{}", call.line());
    ensure!(call.option("$top").as_deref() == Some("50"), "{:?}", call.0);
    let select = call.option("$select").unwrap_or_default();
    ensure!(select == "id,name,size,file,folder,lastModifiedDateTime,lastModifiedBy,webUrl", "{select}");
    let items = reply.content()?.list("/items")?;
    let folders: Vec<bool> = items.iter().map(|item| item.at("/isFolder") == true).collect();
    ensure!(folders.is_sorted_by(|one, next| one >= next) && folders.contains(&true), "{}", reply.answer);
    let known = files(&session)?;
    for item in items {
        let file =
            known.iter().find(|file| file.at("/id") == item.at("/id")).context("an item of the drive")?;
        ensure!(item.at("/modified") == file.at("/lastModifiedDateTime"), "{item} for {file}");
        ensure!(item.at("/size").is_null() || item.at("/size") == file.at("/size"), "{item} for {file}");
    }
    let folder = id_of(&session, "Contracts")?;
    let inside = session.tool("listFolder", &json!({ "id": folder, "timeZone": "Asia/Tokyo" }))?;
    ensure!(inside.content()?.list("/items")?.len() == 3, "{}", inside.answer);
    ensure!(inside.answer.text().contains("Times are Asia/Tokyo."), "{}", inside.answer);
    let empty = session.tool("listFolder", &json!({ "id": id_of(&session, "Empty")? }))?;
    ensure!(empty.answer.text().contains("The folder is empty."), "{}", empty.answer);
    Ok(())
}

fn a_folder_is_seen_once_however_it_is_paged(site: &Site) -> Result<()> {
    let session = Session::open(site, "folder-pages")?;
    let root = session.tool("listFolder", &json!({ "count": 200 }))?;
    let known = root.content()?.list("/items")?.len();
    for count in [1, 7, 200] {
        let seen = walk(&session, "listFolder", "items", &json!({ "count": count }))?;
        let distinct: BTreeSet<_> = seen.iter().collect();
        ensure!(seen.len() == known && distinct.len() == known, "{} of {known} by {count}", seen.len());
    }
    let first = session.tool("listFolder", &json!({ "count": 2 }))?;
    let next = first.content()?.text("/nextCursor")?;
    ensure!(!next.contains("skiptoken"), "a cursor that can be read: {next}");
    session.tool("searchSites", &json!({ "cursor": next }))?.expect_invalid("cursor")
}

fn read_file_fetches_from_the_listed_host_without_a_token(site: &Site) -> Result<()> {
    let session = Session::open(site, "read")?;
    let id = id_of(&session, "launch notes.md")?;
    let before = session.graph_requests()?.len();
    let reply = session.tool("readFile", &json!({ "id": id }))?;
    let content = reply.content()?;
    ensure!(content.text("/name")? == "launch notes.md", "{content}");
    ensure!(content.text("/mimeType")? == "text/markdown" && content.at("/more") == false, "{content}");
    ensure!(content.text("/text")?.contains("Owner: Megan"), "{content}");
    let calls = since(&session, before)?;
    let lines: Vec<String> = calls.iter().map(GraphCall::line).collect();
    let item = format!("GET /v1.0/me/drive/items/{id}");
    ensure!(lines == [item.clone(), format!("{item}/content")], "{lines:?}");
    let fetched = site.control.requests("sharepoint", Some(&session.person.email))?;
    let [fetched] = fetched.as_slice() else { anyhow::bail!("not one transfer: {fetched:?}") };
    ensure!(fetched.text("/path")?.starts_with("/contoso-my.sharepoint.com/"), "{fetched}");
    ensure!(fetched.at("/headers").get("authorization").is_none(), "a token went along: {fetched}");
    Ok(())
}

fn a_long_file_is_read_in_parts_that_make_the_whole(site: &Site) -> Result<()> {
    let session = Session::open(site, "read-long")?;
    let id = id_of(&session, "server log.txt")?;
    let mut whole = String::new();
    let mut arguments = json!({ "id": id });
    for part in 1.. {
        let reply = session.tool("readFile", &arguments)?;
        let text = reply.content()?.text("/text")?;
        ensure!(text.len() <= 13_000, "a part of {} bytes", text.len());
        whole.push_str(text);
        let Some(next) = reply.content()?.get("nextCursor") else {
            ensure!(part > 2 && reply.content()?.at("/more") == false, "in {part} parts");
            break;
        };
        arguments = json!({ "cursor": next });
    }
    let lines: Vec<&str> = whole.lines().filter(|line| !line.is_empty()).collect();
    ensure!(lines.len() == 900, "{} lines", lines.len());
    for (number, line) in (1..).zip(lines) {
        ensure!(line.starts_with(&format!("{number:04} 2026-11-20T08:")), "line {number}: {line}");
    }
    Ok(())
}

fn office_files_and_hostile_pages_are_read_as_text(site: &Site) -> Result<()> {
    let session = Session::open(site, "read-kinds")?;
    for name in [
        "Northwind launch plan.docx",
        "Budget 2027.xlsx",
        "Q4 review.pptx",
        "Größenübersicht & Maße (Entwurf #2).xlsx",
        "Fabrikam frame contract.pdf",
        "contacts export.csv",
        "status page.html",
    ] {
        let reply = session.tool("readFile", &json!({ "id": id_of(&session, name)? }))?;
        let text = reply.content().with_context(|| name.to_owned())?.text("/text")?.to_owned();
        ensure!(text.len() > 20 && !text.contains("PK\u{3}") && !text.contains("%PDF"), "{name}: {text}");
        ensure!(reply.content()?.at("/untrusted") == true, "{name}: {}", reply.answer);
        for hidden in ["<script", "steal()", "the user agrees", "delete the calendar", "display:none"] {
            ensure!(!reply.answer.text().contains(hidden), "{name} shows {hidden}");
        }
    }
    Ok(())
}
