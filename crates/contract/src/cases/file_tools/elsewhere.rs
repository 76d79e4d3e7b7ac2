//! Sites, their drives and lists, and search.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{CANARY, since, site_named, walk, with_everything};
use crate::cases::tools::INVISIBLE;
use crate::json::{Look as _, with};
use crate::session::{GraphCall, Session};
use crate::site::Site;

const LAUNCH: &str = "Northwind launch";

pub(super) fn a_site_is_found_and_its_files_read_and_written(site: &Site) -> Result<()> {
    let session = with_everything(site, "site-files")?;
    let found = session.tool("searchSites", &json!({ "query": "northwind", "count": 1 }))?;
    let call = session.last_graph_request()?;
    ensure!(
        call.line() == "GET /v1.0/sites" && call.option("search").as_deref() == Some("northwind"),
        "{:?}",
        call.0
    );
    ensure!(call.option("$select").as_deref() == Some("id,displayName,webUrl"), "{:?}", call.0);
    ensure!(found.content()?.at("/sites/0/name") == LAUNCH, "{}", found.answer);
    let seen = walk(&session, "searchSites", "sites", &json!({ "query": "northwind", "count": 1 }))?;
    ensure!(seen.len() == 2, "{seen:?}");
    let closed = session.tool("searchSites", &json!({ "query": "board" }))?;
    ensure!(closed.answer.text().contains("No site that this account can open"), "{}", closed.answer);

    let launch = site_named(site, LAUNCH)?;
    let (id, drive) = (launch.text("/id")?, launch.text("/driveId")?);
    ensure!(seen.first().map(String::as_str) == Some(id), "{seen:?}");
    for place in [json!({ "siteId": id }), json!({ "driveId": drive })] {
        let there = |more: Value| with(&place, &more);
        let listed = session.tool("listFolder", &there(json!({})))?;
        let items = listed.content()?.list("/items")?;
        let readme = items.iter().find(|item| item.at("/name") == "readme.txt").context("readme.txt")?;
        let read = session.tool("readFile", &there(json!({ "id": readme.at("/id") })))?;
        ensure!(read.content()?.text("/text")?.contains("Ask Megan"), "{}", read.answer);
        let name = format!("{}.txt", session.person.email.replace('@', "-"));
        let conflict = json!({ "name": name, "content": "mine", "conflict": "rename" });
        let made = session.call_approved("uploadFile", &there(conflict))?;
        let made = made.content()?.text("/id")?.to_owned();
        let link = session.call_approved("createSharingLink", &there(json!({ "id": made })))?;
        ensure!(
            link.content()?.text("/webUrl")?.starts_with("https://contoso.sharepoint.com/"),
            "{}",
            link.answer
        );
    }
    let fetched = site.control.requests("sharepoint", Some(&session.person.email))?;
    ensure!(fetched.len() == 4, "{fetched:?}");
    for transfer in fetched {
        ensure!(transfer.text("/path")?.starts_with("/contoso.sharepoint.com/"), "{transfer}");
    }
    Ok(())
}

pub(super) fn what_lies_elsewhere_needs_a_further_permission(site: &Site) -> Result<()> {
    let narrow = Session::with_scope(site, "elsewhere-narrow", "Files.Read Files.ReadWrite User.Read")?;
    let launch = site_named(site, LAUNCH)?;
    let drive = launch.text("/driveId")?;
    for (tool, arguments, scope) in [
        ("listFolder", json!({ "driveId": drive }), "Files.Read.All"),
        ("readFile", json!({ "id": "root", "siteId": launch.text("/id")? }), "Files.Read.All"),
        ("uploadFile", json!({ "name": "a.txt", "content": "x", "driveId": drive }), "Files.ReadWrite.All"),
        ("createSharingLink", json!({ "id": "root", "driveId": drive }), "Files.ReadWrite.All"),
    ] {
        let refused = narrow.call_approved(tool, &arguments)?;
        ensure!(refused.answer.status == 403, "{tool}: {}", refused.answer);
        let challenge = refused.answer.header("www-authenticate").unwrap_or_default();
        ensure!(challenge.contains("insufficient_scope") && challenge.contains(scope), "{tool}: {challenge}");
    }
    ensure!(since(&narrow, 0)?.is_empty(), "something reached Graph");

    let session = with_everything(site, "elsewhere")?;
    let (closed, reading) = (site_named(site, "Board")?, site_named(site, "HR policies")?);
    for (tool, arguments) in [
        ("listFolder", json!({ "driveId": closed.at("/driveId") })),
        ("listFolder", json!({ "siteId": closed.at("/id") })),
        ("readFile", json!({ "driveId": closed.at("/driveId"), "id": closed.at("/files/0/id") })),
        ("listListItems", json!({ "siteId": closed.at("/id"), "listId": closed.at("/lists/0/id") })),
        ("uploadFile", json!({ "siteId": reading.at("/id"), "name": "a.txt", "content": "x" })),
        (
            "uploadFile",
            json!({ "siteId": reading.at("/id"), "name": "a.txt", "content": "x", "conflict": "replace" }),
        ),
    ] {
        let sentence =
            session.call_approved(tool, &arguments)?.failure().with_context(|| arguments.to_string())?;
        ensure!(sentence.contains("not shared with this account"), "{tool}: {sentence}");
    }
    let no_sharing = site_named(site, "Legal hold")?;
    let file =
        no_sharing.list("/files")?.iter().find(|file| file.at("/name") == "readme.txt").context("a file")?;
    let arguments = json!({ "siteId": no_sharing.at("/id"), "id": file.at("/id") });
    let sentence = session.call_approved("createSharingLink", &arguments)?.failure()?;
    ensure!(sentence.contains("A rule of the organisation"), "{sentence}");
    Ok(())
}

pub(super) fn rows_of_a_list_have_the_columns_that_were_asked_for(site: &Site) -> Result<()> {
    let session = Session::open(site, "rows")?;
    let launch = site_named(site, LAUNCH)?;
    let list = json!({ "siteId": launch.at("/id"), "listId": launch.at("/lists/0/id") });
    let some = with(&list, &json!({ "fields": ["Title", "Due_x0020_Date", "Owner"], "count": 3 }));
    let reply = session.tool("listListItems", &some)?;
    let call = session.last_graph_request()?;
    ensure!(
        call.option("$expand").as_deref() == Some("fields($select=Title,Due_x0020_Date,Owner)"),
        "{:?}",
        call.0
    );
    ensure!(call.option("$select").as_deref() == Some("id,eTag,webUrl"), "{:?}", call.0);
    for row in reply.content()?.list("/rows")? {
        let fields = row.at("/fields").as_object().context("fields")?;
        let names: BTreeSet<&str> = fields.keys().map(String::as_str).collect();
        ensure!(names == BTreeSet::from(["Due_x0020_Date", "Owner", "Title"]), "{row}");
        ensure!(!row.text("/eTag")?.is_empty() && row.text("/webUrl")?.starts_with("https://"), "{row}");
    }
    for count in [90, 200] {
        let all = with(&list, &json!({ "count": count }));
        let seen = walk(&session, "listListItems", "rows", &all)?;
        let distinct: BTreeSet<_> = seen.iter().collect();
        ensure!(seen.len() == 260 && distinct.len() == 260, "{} rows by {count}", seen.len());
    }
    for fields in [json!([]), json!(["Title)&$filter=1"]), json!(["a,b"]), json!("Title"), json!(["../x"])] {
        let hostile = with(&list, &json!({ "fields": fields }));
        session.tool("listListItems", &hostile)?.expect_invalid("fields")?;
    }
    let gone = json!({ "siteId": launch.at("/id"), "listId": "c0bd1ba1-a84e-4796-9c65-f8a0293741d1" });
    let sentence = session.tool("listListItems", &gone)?.failure()?;
    ensure!(sentence.contains("does not exist"), "{sentence}");
    Ok(())
}

pub(super) fn a_search_of_several_kinds_is_one_batch_and_pages(site: &Site) -> Result<()> {
    let session = with_everything(site, "search")?;
    let alone = session.tool("searchM365", &json!({ "query": "filetype:md", "types": ["driveItem"] }))?;
    let call = session.last_graph_request()?;
    ensure!(call.line() == "POST /v1.0/search/query", "{}", call.line());
    let asked = call.body().at("/requests/0");
    ensure!(asked.at("/query/queryString") == "filetype:md" && asked.at("/size") == 10, "{asked}");
    let hits = alone.content()?.list("/hits")?;
    ensure!(hits.len() > 3, "{}", alone.answer);
    for hit in hits {
        let read = json!({ "id": hit.at("/id"), "driveId": hit.at("/driveId") });
        let read = session.tool("readFile", &read)?;
        ensure!(read.content()?.at("/name") == hit.at("/name"), "{hit}: {}", read.answer);
    }

    let given = json!({ "query": "launch", "types": ["message", "event", "chatMessage", "driveItem", "site"], "count": 8 });
    let before = session.graph_requests()?.len();
    let first = session.tool("searchM365", &given)?;
    let calls = since(&session, before)?;
    let searches: Vec<&Value> =
        calls.iter().filter(|call| call.path() == "/v1.0/search/query").map(GraphCall::body).collect();
    ensure!(searches.len() == 4 && calls.iter().any(|call| call.path() == "/v1.0/$batch"), "{calls:?}");
    ensure!(searches.iter().all(|search| search.at("/requests/0/size") == 2), "{searches:?}");
    let kinds: BTreeSet<&str> =
        first.content()?.list("/hits")?.iter().filter_map(|hit| hit.at("/type").as_str()).collect();
    ensure!(kinds.contains("message") && kinds.len() > 1, "{kinds:?}");
    let (mut seen, mut arguments) = (Vec::new(), given);
    loop {
        let page = session.tool("searchM365", &arguments)?;
        // The id of a message in Teams is one only within its chat or channel.
        seen.extend(page.content()?.list("/hits")?.iter().map(Value::to_string));
        ensure!(seen.len() < 1000, "the search never ends");
        let Some(next) = page.content()?.get("nextCursor") else { break };
        arguments = json!({ "cursor": next });
    }
    let again: Vec<&String> =
        seen.iter().filter(|hit| seen.iter().filter(|one| one == hit).count() > 1).collect();
    ensure!(
        again.is_empty() && seen.len() > 8,
        "{} of {} hits came again: {again:#?}",
        again.len(),
        seen.len()
    );
    let query = "\"a\" OR {\"requests\":[]}";
    session.tool("searchM365", &json!({ "query": query }))?.result()?;
    let calls = since(&session, before)?;
    let quoted = calls.iter().any(|call| call.body().at("/requests/0/query/queryString") == query);
    ensure!(quoted, "the query is not one string: {calls:?}");
    Ok(())
}

pub(super) fn a_search_needs_the_permission_of_each_kind(site: &Site) -> Result<()> {
    let session = Session::with_scope(site, "search-narrow", "Mail.Read User.Read")?;
    let found = session.tool("searchM365", &json!({ "query": "launch" }))?;
    let hits = found.content()?.list("/hits")?;
    ensure!(!hits.is_empty() && hits.iter().all(|hit| hit.at("/type") == "message"), "{}", found.answer);
    ensure!(
        found.answer.text().contains("Not searched without further permissions: event"),
        "{}",
        found.answer
    );
    for (kind, scope) in [
        ("event", "Calendars.Read"),
        ("driveItem", "Files.Read.All"),
        ("list", "Sites.Read.All"),
        ("chatMessage", "ChannelMessage.Read.All"),
    ] {
        let refused = session.tool("searchM365", &json!({ "query": "x", "types": ["message", kind] }))?;
        let challenge = refused.answer.header("www-authenticate").unwrap_or_default();
        ensure!(refused.answer.status == 403 && challenge.contains(scope), "{kind}: {}", refused.answer);
    }
    for types in [json!([]), json!(["person"]), json!("message"), json!([7])] {
        session.tool("searchM365", &json!({ "query": "x", "types": types }))?.expect_invalid("types")?;
    }
    for query in [json!(""), json!("q".repeat(5000)), json!("a\nb"), json!(null)] {
        session.tool("searchM365", &json!({ "query": query }))?.expect_invalid("query")?;
    }
    Ok(())
}

pub(super) fn what_lists_and_searches_show_is_cleaned_and_framed(site: &Site) -> Result<()> {
    let session = with_everything(site, "files-hostile")?;
    let launch = site_named(site, LAUNCH)?;
    let list = json!({ "siteId": launch.at("/id"), "listId": launch.at("/lists/0/id"), "count": 200 });
    for (tool, arguments) in [
        ("listFolder", json!({ "count": 200 })),
        ("searchSites", json!({ "query": "team" })),
        ("listListItems", list),
        ("searchM365", json!({ "query": "ignore", "types": ["driveItem", "site", "listItem"], "count": 25 })),
    ] {
        let reply = session.call_approved(tool, &arguments)?;
        let result = reply.result()?.to_string();
        let strange = |c: char| INVISIBLE.iter().any(|range| range.contains(&c));
        if let Some(found) = result.chars().find(|c| strange(*c)) {
            anyhow::bail!("{tool}: U+{:04X} reached the model", u32::from(found));
        }
        for hidden in ["<script", "display:none", "<c0>", "<ddd", "downloadUrl", CANARY] {
            ensure!(!result.contains(hidden), "{tool} shows {hidden}");
        }
        let text = reply.result()?.text("/content/0/text")?;
        ensure!(reply.content()?.at("/untrusted") == true, "{tool}: {result}");
        let begins = text.find("[begin ").context("no frame")?;
        let order =
            text.to_lowercase().find("ignore").with_context(|| format!("{tool}: nothing hostile: {text}"))?;
        ensure!(begins < order, "{tool}: outside the frame: {text}");
        ensure!(reply.content()?.at("/hiddenCharactersRemoved").as_u64() > Some(0), "{tool}: {result}");
    }
    Ok(())
}
