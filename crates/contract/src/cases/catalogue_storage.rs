//! The catalogue of attacks on what is kept and on the way out: other keys, altered journals, answers of other people,
//! and systems beyond that fail.
//!
//! What is done to files is done to those of the native host: the storage of a Durable Object is Cloudflare's, and there is
//! no file of it that anybody could alter. The verifier is the same.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::http::Request;
use crate::json::Look as _;
use crate::rule::Rule;
use crate::session::{Session, at_once};
use crate::site::Site;

table! { "catalogue_storage":
    own answers_of_a_gateway_that_fails_are_not_asked_for_elsewhere,
    own a_throttled_write_is_told_and_done_at_most_once,
    own answers_of_one_person_never_reach_another,
    own every_call_carries_five_facts_and_not_one_more,
    process other_keys_open_nothing_and_the_right_ones_everything,
    native an_altered_record_is_named_by_the_verifier,
    native a_journal_put_back_in_time_is_found,
    native a_deleted_journal_is_missed,
}

fn fault(session: &Session<'_>, fields: Value) -> Result<()> {
    let mut fields = fields;
    fields.as_object_mut().context("a fault")?.insert("person".to_owned(), json!(session.person.email));
    session.site.control.fault(&fields)
}

fn answers_of_a_gateway_that_fails_are_not_asked_for_elsewhere(site: &Site) -> Result<()> {
    let session = Session::open(site, "gateway-down")?;
    let before = session.graph_requests()?.len();
    for kind in [
        json!({ "target": "gateway", "kind": "reset" }),
        json!({ "target": "gateway", "kind": "status", "status": 500 }),
        json!({ "target": "gateway", "kind": "status", "status": 502 }),
        json!({ "target": "gateway", "kind": "malformed" }),
    ] {
        fault(&session, kind.clone())?;
        let reply = session.tool("getEmails", &json!({ "count": 1 }))?;
        reply.failure().with_context(|| kind.to_string())?;
        ensure!(
            kind.at("/kind") == "malformed" || session.graph_requests()?.len() == before,
            "{kind}: Graph was reached"
        );
        session.site.control.clear_faults()?;
        one_call(&session, &reply)?;
    }
    session.tool("getEmails", &json!({ "count": 1 }))?.content().map(drop)
}

/// An intent and its outcome, under the id that the answer names.
fn one_call(session: &Session<'_>, reply: &crate::mcp::Reply) -> Result<()> {
    let Some(records) = session.records()? else { return Ok(()) };
    let id = reply.answer.header("x-request-id").context("an id")?;
    let of_it: Vec<_> = records.iter().filter(|record| record.field("requestId") == id).collect();
    let phases: Vec<_> = of_it.iter().map(|record| record.field("phase")).collect();
    ensure!(phases == ["intent", "outcome"], "not an intent and its outcome: {of_it:?}");
    Ok(())
}

fn a_throttled_write_is_told_and_done_at_most_once(site: &Site) -> Result<()> {
    let session = Session::open(site, "throttled")?;
    let send = || session.tool("createDraft", &json!({ "subject": "s", "body": "b" }));
    fault(&session, json!({ "target": "graph", "kind": "status", "status": 429 }))?;
    let refused = send()?;
    refused.failure()?;
    one_call(&session, &refused)?;
    ensure!(site.control.graph("drafts", &session.person.email)?.is_empty(), "a throttled draft was made");
    site.control.clear_faults()?;
    send()?.content()?;
    ensure!(site.control.graph("drafts", &session.person.email)?.len() == 1, "not one draft");
    Ok(())
}

fn answers_of_one_person_never_reach_another(site: &Site) -> Result<()> {
    let people = ["cache-one", "cache-two", "cache-three"].map(|name| Session::open(site, name));
    let people: Vec<Session<'_>> = people.into_iter().collect::<Result<_>>()?;
    for round in 0..4 {
        let answers = at_once(people.len(), |number| {
            let session = people.get(number).context("a person")?;
            session.mcp.resource("microsoft://profile")?.result()?.text("/contents/0/text").map(str::to_owned)
        })?;
        for (session, answer) in people.iter().zip(&answers) {
            ensure!(answer.contains(&session.person.email), "round {round}: not their own profile: {answer}");
            let others = people.iter().filter(|other| other.person.email != session.person.email);
            for other in others {
                ensure!(
                    !answer.contains(&other.person.email),
                    "round {round}: somebody else's profile: {answer}"
                );
            }
        }
    }
    for session in &people {
        for request in site.control.requests("gateway", Some(&session.person.email))? {
            ensure!(request.at("/headers/cf-aig-skip-cache") == "true", "a cache may answer: {request}");
        }
    }
    Ok(())
}

fn every_call_carries_five_facts_and_not_one_more(site: &Site) -> Result<()> {
    let session = Session::open(site, "five")?;
    for (tool, arguments) in [
        ("getEmails", json!({ "count": 1 })),
        ("searchEmails", json!({ "query": "report" })),
        ("sendEmail", json!({ "to": "blair@contoso.example", "subject": "s", "body": "b" })),
    ] {
        session.call_approved(tool, &arguments)?.content()?;
    }
    let logs = site.control.gateway_logs_of(&session.person.email)?;
    ensure!(!logs.is_empty(), "nothing passed the gateway");
    for log in logs {
        let metadata = log.at("/metadata").as_object().context("metadata")?;
        let names: Vec<_> = metadata.keys().map(String::as_str).collect();
        ensure!(names.len() == 5, "not five facts: {names:?}");
        ensure!(metadata.values().all(|value| !value.is_object() && !value.is_array()), "not scalars: {log}");
    }
    Ok(())
}

/// The folder with the keys, put aside or back.
fn exchange(site: &Site, from: &str, to: &str) -> Result<()> {
    let folder = site.data_dir()?;
    Ok(fs::rename(folder.join(from), folder.join(to))?)
}

fn other_keys_open_nothing_and_the_right_ones_everything(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "other-keys")?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    let known = session.graph_requests()?.len();
    site.kill()?;
    exchange(site, "keys", "keys-aside")?;
    site.start_again()?;
    let mut rule = Rule::on(site)?;
    rule.refused("a token", &session.tool("getEmails", &json!({ "count": 1 }))?.answer, &[401])?;
    rule.refused("a refresh token", &session.client.refresh(&session.tokens.refresh)?, &[400])?;
    rule.hold()?;
    session.sign_in_again()?;
    let page = session.browser.page(&site.me)?;
    page.answer.expect(&[200, 503])?;
    let attempt = session.client.attempt()?;
    if let Ok(tokens) = session.client.grant(&mut session.browser, &attempt) {
        // Whoever signs in again gets a working connection, never the one that was sealed under the other key.
        let mut mcp = session.mcp.clone();
        mcp.token = tokens.access;
        mcp.tool("getEmails", &json!({ "count": 1 }))?;
    }
    ensure!(session.graph_requests()?.len() <= known + 1, "what another key sealed was used");
    site.kill()?;
    fs::remove_dir_all(site.data_dir()?.join("keys"))?;
    exchange(site, "keys-aside", "keys")?;
    site.start_again()?;
    Session::open(site, "right-keys")?.tool("getEmails", &json!({ "count": 1 }))?.content().map(drop)
}

/// Every file below a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

/// Puts other bytes of the same length into every file of the cells that holds them; how many places that were.
fn replace(site: &Site, old: &str, new: &str) -> Result<usize> {
    ensure!(old.len() == new.len(), "not of one length");
    let mut places = 0;
    for file in files(&site.data_dir()?.join("cells"))? {
        let mut bytes = fs::read(&file)?;
        let found: Vec<usize> = bytes
            .windows(old.len())
            .enumerate()
            .filter(|(_, window)| *window == old.as_bytes())
            .map(|(at, _)| at)
            .collect();
        for at in &found {
            bytes
                .get_mut(*at..at + new.len())
                .context("a place in the file")?
                .copy_from_slice(new.as_bytes());
        }
        places += found.len();
        if !found.is_empty() {
            fs::write(&file, bytes)?;
        }
    }
    Ok(places)
}

/// What `audit verify --json` says of the cells that are not intact.
fn broken(site: &Site) -> Result<Vec<Value>> {
    let output = site.command(&["audit", "verify", "--json"])?;
    let text = String::from_utf8(output.stdout)?;
    let lines = text.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
    let broken: Vec<_> = lines.into_iter().filter(|line| line.at("/intact") != &Value::Bool(true)).collect();
    ensure!(output.status.success() == broken.is_empty(), "the exit status says otherwise: {broken:?}");
    Ok(broken)
}

fn an_altered_record_is_named_by_the_verifier(site: &Site) -> Result<()> {
    let session = Session::open(site, "altered")?;
    let reply =
        session.tool("sendEmail", &json!({ "to": "blair@contoso.example", "subject": "s", "body": "b" }))?;
    reply.content()?;
    let id = reply.answer.header("x-request-id").context("an id")?.to_owned();
    ensure!(broken(site)?.is_empty(), "broken before it was touched");
    // Ended in order, so that the journal is in the file and no log of changes beside it puts it back.
    end(site)?;
    let other = format!("{}0000", id.get(..id.len() - 4).context("ASCII")?);
    ensure!(replace(site, &id, &other)? > 0, "the record is in no file");
    let found = broken(site)?;
    let [one] = found.as_slice() else { anyhow::bail!("not one broken journal: {found:?}") };
    ensure!(one.at("/sequence").as_u64().is_some_and(|sequence| sequence > 0), "no record is named: {one}");
    ensure!(replace(site, &other, &id)? > 0, "the record is gone");
    ensure!(broken(site)?.is_empty(), "broken though it is as it was");
    site.start_again()
}

/// The files of the cells, with their contents.
fn kept(site: &Site) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let files = files(&site.data_dir()?.join("cells"))?;
    files.into_iter().map(|file| Ok((file.clone(), fs::read(&file)?))).collect()
}

fn end(site: &Site) -> Result<()> {
    site.with_process(|process| process.signal("TERM"))?;
    site.with_process(crate::process::Process::wait).map(drop)
}

fn a_journal_put_back_in_time_is_found(site: &Site) -> Result<()> {
    let session = Session::open(site, "put-back")?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    end(site)?;
    let earlier = kept(site)?;
    site.start_again()?;
    for _ in 0..3 {
        session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    }
    // The directory hears of a journal's progress a few seconds later, at the latest when the host ends.
    site.advance(30)?;
    crate::session::bounded("the directory has heard of the calls", || {
        Request::get(site.edge("/healthz")?).send()?.expect(&[200])?;
        Ok(session.records()?.is_some_and(|records| records.len() > 6))
    })?;
    end(site)?;
    let newest = kept(site)?;
    ensure!(broken(site)?.is_empty(), "broken before it was touched");
    for (file, _) in &newest {
        fs::remove_file(file)?;
    }
    for (file, bytes) in &earlier {
        fs::write(file, bytes)?;
    }
    ensure!(!broken(site)?.is_empty(), "an older copy of a journal passes");
    for (file, _) in &earlier {
        fs::remove_file(file)?;
    }
    for (file, bytes) in &newest {
        fs::write(file, bytes)?;
    }
    ensure!(broken(site)?.is_empty(), "broken though it is as it was");
    site.start_again()
}

fn a_deleted_journal_is_missed(site: &Site) -> Result<()> {
    let session = Session::open(site, "deleted")?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    end(site)?;
    let cells = kept(site)?;
    for (file, _) in &cells {
        fs::remove_file(file)?;
    }
    ensure!(!broken(site)?.is_empty(), "a deleted journal is not missed");
    for (file, bytes) in &cells {
        fs::write(file, bytes)?;
    }
    ensure!(broken(site)?.is_empty(), "broken though it is as it was");
    site.start_again()
}
