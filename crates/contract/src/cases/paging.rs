//! Lists that go on: every item is seen once, and a cursor continues nothing but its own list.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::json::Look as _;
use crate::mcp::{LEGACY, MODERN, Reply};
use crate::oauth::challenge;
use crate::session::Session;
use crate::site::Site;

table! { "paging":
    shared every_message_of_the_inbox_is_seen_once,
    shared every_hit_of_a_search_is_seen_once,
    shared every_person_is_seen_once,
    shared every_event_is_seen_once,
    shared a_page_says_that_there_is_more_and_the_last_one_does_not,
    shared a_cursor_remembers_the_arguments_and_nothing_beside_it_counts,
    shared a_cursor_can_be_used_again_and_shows_nothing_of_what_it_remembers,
    shared a_cursor_of_another_person_is_refused,
    shared a_cursor_of_another_tool_is_refused,
    shared a_cursor_that_was_changed_or_made_up_is_refused,
    shared a_cursor_carries_no_scope,
    shared a_continued_list_is_recorded_like_its_beginning,
    own a_cursor_ends_after_an_hour,
    shared a_list_of_what_is_offered_has_one_page_and_takes_no_cursor_of_its_own_making,
}

/// The list in a structured result: its name is the tool's matter.
fn items(content: &Value) -> Result<&[Value]> {
    let fields = content.as_object().context("structured content is an object")?;
    let list = fields.values().find_map(Value::as_array);
    list.map(Vec::as_slice).with_context(|| format!("no list in {content}"))
}

fn ids(content: &Value) -> Result<Vec<String>> {
    items(content)?.iter().map(|item| Ok(item.text("/id")?.to_owned())).collect()
}

fn cursor(reply: &Reply) -> Result<String> {
    Ok(reply.content()?.text("/nextCursor")?.to_owned())
}

/// The ids on all pages, from the first on.
fn walk(session: &Session<'_>, tool: &str, arguments: &Value) -> Result<Vec<String>> {
    let mut seen = Vec::new();
    let mut arguments = arguments.clone();
    for _ in 0..100 {
        let reply = session.tool(tool, &arguments)?;
        seen.extend(ids(reply.content()?)?);
        match reply.content()?.get("nextCursor") {
            Some(next) => arguments = json!({ "cursor": next }),
            None => return Ok(seen),
        }
    }
    anyhow::bail!("{tool} never ends: {} items", seen.len())
}

/// Each once, more than one page of them, and as many as there are.
fn expect_all(seen: &[String], page: usize, known: usize) -> Result<()> {
    let distinct: BTreeSet<_> = seen.iter().collect();
    ensure!(
        distinct.len() == seen.len(),
        "{} of {} items came again",
        seen.len() - distinct.len(),
        seen.len()
    );
    ensure!(seen.len() == known, "{} items were seen of {known}", seen.len());
    ensure!(known > page, "{known} items fit on one page of {page}");
    Ok(())
}

fn every_message_of_the_inbox_is_seen_once(site: &Site) -> Result<()> {
    let session = Session::open(site, "pages")?;
    let email = &session.person.email;
    let folders = site.control.graph("folders", email)?;
    let inbox = folders.iter().find(|folder| folder.at("/wellKnownName") == "inbox").context("an inbox")?;
    let messages = site.control.graph("messages", email)?;
    let known = messages.iter().filter(|message| message.at("/parentFolderId") == inbox.at("/id")).count();
    for count in [7, 50] {
        expect_all(&walk(&session, "getEmails", &json!({ "count": count }))?, count, known)?;
    }
    Ok(())
}

fn every_hit_of_a_search_is_seen_once(site: &Site) -> Result<()> {
    let session = Session::open(site, "pages-search")?;
    let query = "received>=2000-01-01";
    let known = site.control.graph("messages", &session.person.email)?.len();
    let seen = walk(&session, "searchEmails", &json!({ "query": query, "count": 50 }))?;
    expect_all(&seen, 50, known)
}

/// Graph ranks people and does not say where their list goes on: it is continued all the same.
fn every_person_is_seen_once(site: &Site) -> Result<()> {
    let session = Session::open(site, "pages-people")?;
    let known = site.control.graph("people", &session.person.email)?.len();
    expect_all(&walk(&session, "getContacts", &json!({ "count": 100 }))?, 10, known)?;
    expect_all(&walk(&session, "getContacts", &json!({ "count": 10 }))?, 10, known)
}

fn every_event_is_seen_once(site: &Site) -> Result<()> {
    let session = Session::open(site, "pages-events")?;
    let first = session.tool("getCalendarEvents", &json!({ "days": 30 }))?;
    let (shown, more) = (ids(first.content()?)?, first.content()?.at("/more").clone());
    let seen = walk(&session, "getCalendarEvents", &json!({ "days": 30 }))?;
    let distinct: BTreeSet<_> = seen.iter().collect();
    ensure!(distinct.len() == seen.len() && seen.starts_with(&shown), "{seen:?} after {shown:?}");
    ensure!(more == json!(seen.len() > shown.len()), "{} events of {}: {more}", shown.len(), seen.len());
    Ok(())
}

fn a_page_says_that_there_is_more_and_the_last_one_does_not(site: &Site) -> Result<()> {
    let session = Session::open(site, "pages-more")?;
    for version in [MODERN, LEGACY[0], LEGACY[1]] {
        let mcp = session.mcp.speaking(version);
        let first = mcp.tool("getEmails", &json!({ "count": 5 }))?;
        let next = cursor(&first)?;
        ensure!(first.content()?.at("/more") == &Value::Bool(true), "{}", first.answer);
        let text = first.result()?.text("/content/0/text")?;
        ensure!(text.contains(&next), "the text does not say how to go on: {}", first.answer);
    }
    // Before there was structure, the text is all there is.
    let oldest = session.mcp.speaking(LEGACY[2]).tool("getEmails", &json!({ "count": 5 }))?;
    let text = oldest.success()?.text("/content/0/text")?;
    ensure!(text.contains("cursor"), "{}", oldest.answer);
    for (tool, arguments) in
        [("getContacts", json!({ "count": 100 })), ("getEmails", json!({ "folder": "drafts", "count": 50 }))]
    {
        let whole = session.tool(tool, &arguments)?;
        ensure!(whole.content()?.get("nextCursor").is_none(), "{}", whole.answer);
        ensure!(whole.content()?.at("/more") == &Value::Bool(false), "{}", whole.answer);
    }
    Ok(())
}

fn a_cursor_remembers_the_arguments_and_nothing_beside_it_counts(site: &Site) -> Result<()> {
    let session = Session::open(site, "pages-remember")?;
    let first = session.tool("getEmails", &json!({ "folder": "archive", "count": 3 }))?;
    let next = cursor(&first)?;
    let alone = ids(session.tool("getEmails", &json!({ "cursor": next }))?.content()?)?;
    ensure!(alone.len() == 3, "another count: {alone:?}");
    let call = session.last_graph_request()?;
    ensure!(call.line() == "GET /v1.0/me/mailFolders/archive/messages", "{}", call.line());
    for beside in [
        json!({ "cursor": next, "folder": "inbox", "count": 50 }),
        json!({ "cursor": next, "folder": "../../users", "count": -1 }),
        json!({ "cursor": next, "nobody": "knows" }),
    ] {
        let again = session.tool("getEmails", &beside)?;
        ensure!(ids(again.content()?)? == alone, "{beside} changed the page: {}", again.answer);
    }
    // What is required without a cursor is not with one.
    let hits = session.tool("searchEmails", &json!({ "query": "received>=2000-01-01", "count": 2 }))?;
    let next = session.tool("searchEmails", &json!({ "cursor": cursor(&hits)? }))?;
    ensure!(ids(next.content()?)?.len() == 2, "{}", next.answer);
    session.tool("searchEmails", &json!({ "count": 2 }))?.expect_invalid("query")
}

fn a_cursor_can_be_used_again_and_shows_nothing_of_what_it_remembers(site: &Site) -> Result<()> {
    let session = Session::open(site, "pages-sealed")?;
    let query = "received>=2000-01-01";
    let reply = session.tool("searchEmails", &json!({ "query": query, "count": 2 }))?;
    let next = cursor(&reply)?;
    let pages: Vec<_> = (0..3)
        .map(|_| ids(session.tool("searchEmails", &json!({ "cursor": next }))?.content()?))
        .collect::<Result<_>>()?;
    ensure!(
        pages.windows(2).all(|two| two.first() == two.last()),
        "one cursor gives several pages: {pages:?}"
    );
    for part in next.split(['.', '_', '-', '~']).chain([next.as_str()]) {
        for bytes in [URL_SAFE_NO_PAD.decode(part), STANDARD_NO_PAD.decode(part)].into_iter().flatten() {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            for secret in [query, "searchEmails", "skip", &session.person.email, &session.person.subject] {
                ensure!(!text.contains(secret), "the cursor shows {secret}: {text}");
            }
        }
    }
    Ok(())
}

fn a_cursor_of_another_person_is_refused(site: &Site) -> Result<()> {
    let (one, other) = (Session::open(site, "pages-one")?, Session::open(site, "pages-other")?);
    let next = cursor(&one.tool("getEmails", &json!({ "count": 2 }))?)?;
    let reply = other.tool("getEmails", &json!({ "cursor": next }))?;
    reply.expect_invalid("cursor")?;
    ensure!(other.graph_requests()?.is_empty(), "a foreign cursor reached Graph");
    one.tool("getEmails", &json!({ "cursor": next }))?.content().map(drop)
}

fn a_cursor_of_another_tool_is_refused(site: &Site) -> Result<()> {
    let session = Session::open(site, "pages-tool")?;
    let next = cursor(&session.tool("getEmails", &json!({ "count": 2 }))?)?;
    let before = session.graph_requests()?.len();
    for (tool, arguments) in [
        ("searchEmails", json!({ "cursor": next })),
        ("searchEmails", json!({ "cursor": next, "query": "report" })),
        ("getContacts", json!({ "cursor": next })),
        ("getCalendarEvents", json!({ "cursor": next })),
    ] {
        session.tool(tool, &arguments)?.expect_invalid("cursor").with_context(|| tool.to_owned())?;
    }
    ensure!(session.graph_requests()?.len() == before, "a foreign cursor reached Graph");
    // Where a tool has no pages, the word means nothing.
    session.tool("authenticate", &json!({ "cursor": next }))?.content().map(drop)
}

fn a_cursor_that_was_changed_or_made_up_is_refused(site: &Site) -> Result<()> {
    let session = Session::open(site, "pages-forged")?;
    let next = cursor(&session.tool("getEmails", &json!({ "count": 2 }))?)?;
    let before = session.graph_requests()?.len();
    let half = next.get(..next.len() / 2).context("ASCII")?;
    let swapped: String = next.chars().rev().collect();
    let mut changed: Vec<String> = [0, next.len() / 2, next.len() - 1]
        .into_iter()
        .map(|at| {
            let flip =
                |(index, c): (usize, char)| if index == at { if c == 'A' { 'B' } else { 'A' } } else { c };
            next.chars().enumerate().map(flip).collect()
        })
        .collect();
    changed.retain(|text| text != &next);
    changed.extend([half.to_owned(), swapped, format!("{next}A"), format!("{next}.{next}"), String::new()]);
    changed.extend(
        ["2", "https://graph.microsoft.com/v1.0/users", "eyJza2lwIjoyfQ", "../../users"].map(str::to_owned),
    );
    changed.push("A".repeat(100_000));
    for forged in &changed {
        let reply = session.tool("getEmails", &json!({ "cursor": forged }))?;
        reply.expect_invalid("cursor").with_context(|| forged.chars().take(200).collect::<String>())?;
    }
    for wrong in [json!(2), json!(true), json!([next]), json!({ "cursor": next })] {
        session.tool("getEmails", &json!({ "cursor": wrong }))?.expect_invalid("cursor")?;
    }
    ensure!(session.graph_requests()?.len() == before, "a forged cursor reached Graph");
    session.tool("getEmails", &json!({ "cursor": next }))?.content().map(drop)
}

/// A cursor says where to go on and not who may.
fn a_cursor_carries_no_scope(site: &Site) -> Result<()> {
    let session = Session::open(site, "pages-scope")?;
    let next = cursor(&session.tool("getEmails", &json!({ "count": 2 }))?)?;
    let client = session.client.discovered.client()?;
    let narrow = Session::by(site, session.person.clone(), client, Some("User.Read"))?;
    let before = session.graph_requests()?.len();
    let refused = narrow.tool("getEmails", &json!({ "cursor": next }))?;
    refused.answer.expect(&[403])?;
    ensure!(
        challenge(&refused.answer, "error").as_deref() == Some("insufficient_scope"),
        "{}",
        refused.answer
    );
    ensure!(session.graph_requests()?.len() == before, "Graph was called without the scope");
    session.tool("getEmails", &json!({ "cursor": next }))?.content().map(drop)
}

fn a_continued_list_is_recorded_like_its_beginning(site: &Site) -> Result<()> {
    let session = Session::open(site, "pages-record")?;
    let next = cursor(&session.tool("getEmails", &json!({ "count": 2, "timeZone": "UTC" }))?)?;
    session.tool("getEmails", &json!({ "cursor": next }))?.content()?;
    session.tool("getEmails", &json!({ "cursor": "made-up" }))?.expect_invalid("cursor")?;
    let logs = site.control.gateway_logs_of(&session.person.email)?;
    ensure!(logs.len() == 2 && logs.iter().all(|log| log.at("/metadata/mcpTool") == "getEmails"), "{logs:?}");
    let Some(records) = session.records()? else { return Ok(()) };
    let of_tool: Vec<_> = records.iter().filter(|record| record.field("tool") == "getEmails").collect();
    let done = of_tool.iter().filter(|record| record.is("outcome", "done")).count();
    let denied = of_tool.iter().filter(|record| record.field("verdict") == "denied").count();
    ensure!(of_tool.len() == 5 && done == 2 && denied == 1, "{of_tool:?}");
    ensure!(!format!("{records:?}").contains(&next), "a cursor is in the records");
    Ok(())
}

fn a_cursor_ends_after_an_hour(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "pages-late")?;
    let next = cursor(&session.tool("getEmails", &json!({ "count": 2 }))?)?;
    site.advance(3500)?;
    let answer = session.client.refresh(&session.tokens.refresh)?;
    session.renew(&answer)?;
    session.tool("getEmails", &json!({ "cursor": next }))?.content()?;
    site.advance(200)?;
    let reply = session.tool("getEmails", &json!({ "cursor": next }))?;
    reply.expect_invalid("cursor")?;
    session.tool("getEmails", &json!({ "count": 2 }))?.content().map(drop)
}

fn a_list_of_what_is_offered_has_one_page_and_takes_no_cursor_of_its_own_making(site: &Site) -> Result<()> {
    let session = Session::open(site, "pages-lists")?;
    for version in [&[MODERN][..], &LEGACY].concat() {
        let mcp = session.mcp.speaking(version);
        for method in ["tools/list", "resources/list", "resources/templates/list", "prompts/list"] {
            let whole = mcp.send(method, &json!({}))?;
            ensure!(whole.result()?.get("nextCursor").is_none(), "{method}: {}", whole.answer);
            for cursor in
                [json!("nobody"), json!(""), json!("dG9vbHMvbGlzdDoxMDA"), json!(100), json!({}), json!("0")]
            {
                let reply = mcp.send(method, &json!({ "cursor": cursor }))?;
                reply.expect_error(&[200, 400], &[-32602]).with_context(|| format!("{method} {cursor}"))?;
            }
        }
    }
    Ok(())
}
