//! The journal beside the gateway's log, and what neither may hold.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::http::Request;
use crate::json::Look as _;
use crate::session::Session;
use crate::site::Site;

table! { "journal":
    files every_call_is_an_intent_then_an_outcome_with_the_gateway_s_ids,
    files a_sign_in_leaves_its_records_in_order,
    files a_denial_is_a_record_without_an_effect,
    files the_chain_verifies_and_records_are_numbered,
    files an_anonymous_refusal_reaches_no_person_s_journal,
    process no_token_secret_or_content_is_anywhere,
    files the_live_page_joins_gateway_and_journal,
}

fn every_call_is_an_intent_then_an_outcome_with_the_gateway_s_ids(site: &Site) -> Result<()> {
    let session = Session::open(site, "ids")?;
    let journal = site.journal().context("a hosted site has a journal")?;
    for (tool, arguments) in [
        ("getEmails", json!({ "count": 2 })),
        ("getCalendarEvents", json!({ "days": 30 })),
        ("createDraft", json!({ "subject": "s", "body": "b" })),
    ] {
        session.tool(tool, &arguments)?.content()?;
        let mut logs = site.control.gateway_logs_of(&session.person.email)?;
        logs.retain(|log| log.at("/metadata/mcpTool") == tool);
        let first = logs.first().with_context(|| format!("{tool} did not pass the gateway"))?;
        let request_id = first.text("/metadata/requestId")?.to_owned();
        let records = journal.of_call(&request_id)?;
        let [intent, outcome] = records.as_slice() else {
            anyhow::bail!("not two records of {tool}: {records:?}")
        };
        ensure!(intent.field("phase") == "intent" && outcome.is("outcome", "done"), "{records:?}");
        ensure!(intent.field("tool") == tool && outcome.field("tool") == tool, "{records:?}");
        ensure!(intent.0.at("/actor/subject") == session.person.subject.as_str(), "the actor: {intent:?}");
        let mut in_journal: Vec<_> =
            outcome.traces().iter().map(|trace| trace.at("/aiGatewayLogId").to_string()).collect();
        let mut in_gateway: Vec<_> = logs
            .iter()
            .filter(|log| log.at("/metadata/requestId") == request_id.as_str())
            .map(|log| log.at("/id").to_string())
            .collect();
        in_journal.sort_unstable();
        in_gateway.sort_unstable();
        ensure!(in_journal == in_gateway, "{tool}: journal {in_journal:?}, gateway {in_gateway:?}");
        let graph_ids: Vec<_> =
            outcome.traces().iter().map(|trace| trace.text("/graphRequestId")).collect::<Result<_>>()?;
        let client_ids: Vec<_> = session
            .graph_requests()?
            .iter()
            .map(|request| request.at("/headers/client-request-id").to_string())
            .collect();
        for trace in outcome.traces() {
            ensure!(
                client_ids.contains(&trace.at("/clientRequestId").to_string()),
                "client-request-id: {trace}"
            );
        }
        ensure!(graph_ids.iter().all(|id| !id.is_empty()), "no request-id of Graph: {outcome:?}");
    }
    Ok(())
}

fn a_sign_in_leaves_its_records_in_order(site: &Site) -> Result<()> {
    let session = Session::open(site, "story")?;
    session.client.refresh(&session.tokens.refresh)?.expect(&[200])?;
    let records = session.records()?.context("a journal")?;
    let kinds: Vec<&str> = records.iter().map(|record| record.field("kind")).collect();
    let mut rest = kinds.iter();
    for kind in ["consent.given", "microsoft.linked", "token.issued", "token.refreshed"] {
        ensure!(rest.any(|found| *found == kind), "{kind} is missing or out of order: {kinds:?}");
    }
    Ok(())
}

fn a_denial_is_a_record_without_an_effect(site: &Site) -> Result<()> {
    let session = Session::with_scope(site, "denial", "Mail.Read")?;
    let before = session.records()?.context("a journal")?.len();
    session
        .tool("sendEmail", &json!({ "to": "blair@contoso.example", "subject": "s", "body": "b" }))?
        .answer
        .expect(&[403])?;
    let records = session.records()?.context("a journal")?;
    ensure!(records.len() == before + 1, "not one record: {records:?}");
    let denied = records
        .iter()
        .find(|record| record.field("tool") == "sendEmail")
        .context("a record of the denial")?;
    ensure!(denied.is("event", "denied") || denied.field("decision") == "deny", "{denied:?}");
    ensure!(session.graph_requests()?.is_empty(), "a denied call reached Graph");
    Ok(())
}

fn the_chain_verifies_and_records_are_numbered(site: &Site) -> Result<()> {
    let (one, other) = (Session::open(site, "chain-one")?, Session::open(site, "chain-other")?);
    for session in [&one, &other] {
        session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
        let records = session.records()?.context("a journal")?;
        let numbers: Vec<_> =
            records.iter().map(|record| record.0.integer("/sequence")).collect::<Result<_>>()?;
        let expected: Vec<_> = (1..).take(numbers.len()).collect();
        ensure!(numbers == expected, "sequence numbers: {numbers:?}");
    }
    site.journal().context("a journal")?.verify()
}

fn an_anonymous_refusal_reaches_no_person_s_journal(site: &Site) -> Result<()> {
    let session = Session::open(site, "anonymous")?;
    let before = session.records()?.context("a journal")?.len();
    Request::post(&site.mcp).json(&json!({})).send()?.expect(&[401])?;
    let forged =
        format!("{}AAAA", session.tokens.access.get(..session.tokens.access.len() - 4).context("ASCII")?);
    Request::post(&site.mcp).bearer(&forged).json(&json!({})).send()?.expect(&[401])?;
    let after = session.records()?.context("a journal")?.len();
    ensure!(after <= before + 1, "{} records of refusals nobody signed for", after - before);
    Ok(())
}

fn no_token_secret_or_content_is_anywhere(site: &Site) -> Result<()> {
    let session = Session::open(site, "canary")?;
    let (subject, body) = ("canary-subject-77c1", "canary-body-77c1");
    session
        .tool("sendEmail", &json!({ "to": "blair@contoso.example", "subject": subject, "body": body }))?
        .content()?;
    session.tool("searchEmails", &json!({ "query": "canary-query-77c1" }))?.content()?;
    let renewed = session.client.refresh(&session.tokens.refresh)?;
    let renewed = crate::oauth::Tokens::read(&renewed)?;
    let assertion = site.control.assertion(&json!({ "email": session.person.email }))?.jwt;
    Request::get(site.behind("/me")?).header("cf-access-jwt-assertion", &assertion).send()?.expect(&[200])?;
    let canaries: [&str; 8] = [
        &session.tokens.access,
        &session.tokens.refresh,
        &renewed.access,
        &renewed.refresh,
        &assertion,
        subject,
        body,
        "canary-query-77c1",
    ];
    let journal = site
        .journal()
        .context("a journal")?
        .records()?
        .into_iter()
        .map(|record| record.0.to_string())
        .collect::<String>();
    let gateway = Value::from(site.control.gateway_logs()?).to_string();
    let output = site.output()?;
    for canary in canaries {
        let shown = canary.chars().take(24).collect::<String>();
        for (place, text) in [("journal", &journal), ("gateway log", &gateway), ("output", &output)] {
            ensure!(!text.contains(canary), "{shown}… is in the {place}");
        }
    }
    if let Some((file, canary)) = file_with(site.data_dir()?, &canaries)? {
        anyhow::bail!("{}… is in {file}", canary.chars().take(24).collect::<String>());
    }
    ensure!(!output.contains("eyJ") && !output.contains("m365r_"), "a token is in the output: {output}");
    Ok(())
}

fn the_live_page_joins_gateway_and_journal(site: &Site) -> Result<()> {
    let session = Session::open(site, "live")?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    let page = Request::get(&site.sandbox).send()?;
    page.expect(&[200])?;
    ensure!(
        page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")),
        "not a page: {page}"
    );
    let foreign =
        Request::get(site.sandbox.join("/_control/requests")?).header("host", "evil.example").send()?;
    foreign.expect(&[403]).context("the control plane answers for any host name")?;
    Ok(())
}

/// The first file below the folder that holds one of the texts, and which.
fn file_with<'a>(folder: &Path, texts: &[&'a str]) -> Result<Option<(String, &'a str)>> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if let Some(found) = file_with(&path, texts)? {
                return Ok(Some(found));
            }
            continue;
        }
        // A running host removes files of its own.
        let Some(bytes) = present(std::fs::read(&path))? else { continue };
        let content = String::from_utf8_lossy(&bytes);
        if let Some(text) = texts.iter().find(|text| content.contains(**text)) {
            return Ok(Some((path.display().to_string(), text)));
        }
    }
    Ok(None)
}

fn present(read: std::io::Result<Vec<u8>>) -> std::io::Result<Option<Vec<u8>>> {
    match read {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
