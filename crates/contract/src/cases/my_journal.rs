//! `/me/journal`: what was recorded of a person, for that person alone, in the form the auditor reads.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use url::Url;

use crate::browser::Browser;
use crate::http::{Answer, Request};
use crate::json::Look as _;
use crate::session::Session;
use crate::site::Site;

table! { "my_journal":
    shared a_call_is_found_by_its_request_id_with_the_gateway_s_and_graph_s_ids,
    shared records_come_newest_first_and_hold_no_content,
    shared nobody_reads_the_records_of_somebody_else,
    shared without_an_assertion_of_a_person_nothing_is_shown,
    shared only_pages_of_the_site_itself_may_ask,
    files the_records_are_those_the_auditor_reads,
}

fn journal(site: &Site, browser: &mut Browser, query: &str) -> Result<Answer> {
    let url = site.edge(&format!("/me/journal{query}"))?;
    browser.send(Request::get(&url), &url)
}

fn records(answer: &Answer) -> Result<Vec<Value>> {
    let document = answer.expect(&[200])?.expect_not_stored()?.json()?;
    Ok(document.list("/records")?.to_vec())
}

/// Reads one message, and returns the request id of the call.
fn call(session: &Session<'_>) -> Result<String> {
    let reply = session.tool("getEmails", &json!({ "count": 1 }))?;
    Ok(reply
        .success()?
        .pointer("/_meta/m365-mcp~1requestId")
        .and_then(Value::as_str)
        .context("an id")?
        .to_owned())
}

fn a_call_is_found_by_its_request_id_with_the_gateway_s_and_graph_s_ids(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "own-call")?;
    let request_id = call(&session)?;
    call(&session)?;
    let found = records(&journal(site, &mut session.browser, &format!("?requestId={request_id}"))?)?;
    let [outcome, intent] = found.as_slice() else { anyhow::bail!("not two records: {found:?}") };
    ensure!(intent.at("/phase") == "intent" && outcome.at("/phase") == "outcome", "{found:?}");
    ensure!(found.iter().all(|record| record.at("/requestId") == request_id.as_str()), "{found:?}");
    let known: Vec<Value> = site
        .control
        .gateway_logs_of(&session.person.email)?
        .into_iter()
        .filter(|log| log.at("/metadata/requestId") == request_id.as_str())
        .map(|log| log.at("/id").clone())
        .collect();
    for trace in outcome.list("/traces")? {
        ensure!(known.contains(trace.at("/aiGatewayLogId")), "not in the gateway's log {known:?}: {trace}");
        ensure!(!trace.text("/graphRequestId")?.is_empty(), "{trace}");
    }
    Ok(())
}

fn records_come_newest_first_and_hold_no_content(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "own-order")?;
    session
        .tool(
            "sendEmail",
            &json!({ "to": session.person.email, "subject": "canary-4d1e", "body": "canary-4d1e" }),
        )?
        .content()?;
    let answer = journal(site, &mut session.browser, "")?;
    let found = records(&answer)?;
    let numbers: Vec<_> = found.iter().map(|record| record.integer("/sequence")).collect::<Result<_>>()?;
    let expected: Vec<_> = (1..).take(numbers.len()).collect::<Vec<_>>().into_iter().rev().collect();
    ensure!(numbers == expected, "not newest first: {numbers:?}");
    for record in &found {
        ensure!(record.text("/hash")?.len() == 64 && record.integer("/atMs")? > 0, "{record}");
        ensure!(record.text("/at")?.ends_with('Z'), "{record}");
    }
    let text = answer.text();
    ensure!(!text.contains("canary-4d1e") && !text.contains(&session.tokens.access), "{answer}");
    ensure!(!text.contains('@'), "an address: {answer}");
    Ok(())
}

fn nobody_reads_the_records_of_somebody_else(site: &Site) -> Result<()> {
    let session = Session::open(site, "own-mine")?;
    let request_id = call(&session)?;
    // One who has records of their own, and one who was never here.
    let mut other = Session::open(site, "own-other")?;
    let stranger = site.person("own-stranger")?;
    let mut fresh = Browser::signed_in(&site.control, &site.mcp, &stranger.email)?;
    for browser in [&mut other.browser, &mut fresh] {
        let found = records(&journal(site, browser, &format!("?requestId={request_id}"))?)?;
        ensure!(found.is_empty(), "{found:?}");
    }
    ensure!(records(&journal(site, &mut fresh, "")?)?.is_empty(), "a stranger has records");
    let own = records(&journal(site, &mut other.browser, "")?)?;
    let subject = other.person.subject.as_str();
    ensure!(own.iter().all(|record| record.at("/actor/subject") == subject), "{own:?}");
    for query in ["?requestId=x", "?requestId=a&requestId=b", "?requestId=%27%20OR%201%3D1"] {
        journal(site, &mut other.browser, query)?.expect_oauth_error(&[400], &["invalid_request"])?;
    }
    Ok(())
}

fn without_an_assertion_of_a_person_nothing_is_shown(site: &Site) -> Result<()> {
    let session = Session::open(site, "own-closed")?;
    let at_edge = Request::get(site.edge("/me/journal")?).bearer(&session.tokens.access).send()?;
    at_edge.expect(&[302, 401, 403])?;
    let behind = site.behind("/me/journal")?;
    let service = site.control.assertion(&json!({ "service": site.control.service()? }))?.jwt;
    let foreign = site.control.assertion(&json!({ "email": session.person.email, "key": "foreign" }))?.jwt;
    for (name, value) in [
        ("cf-access-jwt-assertion", service.as_str()),
        ("cf-access-jwt-assertion", &foreign),
        ("cf-access-authenticated-user-email", &session.person.email),
        ("authorization", &format!("Bearer {}", session.tokens.access)),
    ] {
        let refused = Request::get(&behind).header(name, value).send()?;
        refused.expect_oauth_error(&[403], &["access_denied"])?;
    }
    Ok(())
}

fn only_pages_of_the_site_itself_may_ask(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "own-origin")?;
    let url: Url = site.edge("/me/journal")?;
    for (origin, statuses) in [
        ("https://evil.example", &[403][..]),
        ("null", &[403]),
        (&url.origin().ascii_serialization(), &[200]),
    ] {
        let answer = session.browser.send(Request::get(&url).header("origin", origin), &url)?;
        answer.expect(statuses).with_context(|| origin.to_owned())?;
        ensure!(answer.header("access-control-allow-origin").is_none(), "CORS: {answer}");
    }
    session.browser.send(Request::post(&url).form(&[]), &url)?.expect(&[405])?;
    Ok(())
}

fn the_records_are_those_the_auditor_reads(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "own-auditor")?;
    call(&session)?;
    let mut of_auditor = session.records()?.context("a journal")?;
    of_auditor.reverse();
    let own = records(&journal(site, &mut session.browser, "")?)?;
    ensure!(own.len() == of_auditor.len(), "{} records, the auditor has {}", own.len(), of_auditor.len());
    for (own, auditor) in own.iter().zip(&of_auditor) {
        ensure!(*own == auditor.0, "{own} is not {}", auditor.0);
    }
    Ok(())
}
