//! What goes wrong outside: each fault has its own message, nothing is repeated that must not be, nothing goes around.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::http::Request;
use crate::json::Look as _;
use crate::process::Start;
use crate::session::{Session, at_once};
use crate::site::Site;

table! { "faults":
    shared every_gateway_fault_is_told_and_nothing_goes_around_the_gateway,
    shared every_graph_status_has_its_own_message,
    shared a_read_is_repeated_after_a_passing_fault,
    shared a_write_is_never_repeated_when_its_fate_is_unknown,
    shared a_blocked_answer_to_a_write_says_the_effect_may_stand,
    shared dlp_blocks_without_showing_content,
    shared a_cached_answer_is_not_passed_on,
    shared a_truncated_or_foreign_answer_is_not_passed_on,
    shared calls_of_one_person_beyond_a_bound_are_refused_before_their_effect,
    shared a_client_that_leaves_does_not_cut_an_effect_from_its_record,
    own an_expired_microsoft_token_is_renewed_unseen,
    native a_journal_that_cannot_be_written_stops_calls_and_not_the_server,
}

fn fault(session: &Session<'_>, fields: Value) -> Result<()> {
    let mut fields = fields;
    let entry = fields.as_object_mut().context("a fault is an object")?;
    entry.insert("person".to_owned(), json!(session.person.email));
    session.site.control.fault(&fields)
}

/// A call with an effect that stays with the person, so it waits for nobody's approval and asks Graph once.
fn write(session: &Session<'_>) -> Result<crate::mcp::Reply> {
    session.tool("createDraft", &json!({ "subject": "s", "body": "b" }))
}

fn made(session: &Session<'_>) -> Result<usize> {
    Ok(session.site.control.graph("drafts", &session.person.email)?.len())
}

fn attempts(session: &Session<'_>) -> Result<usize> {
    Ok(session.site.control.requests("gateway", Some(&session.person.email))?.len())
}

/// The newest outcome of the person says that the call failed, or that its effect is unknown.
fn recorded_as_failed(session: &Session<'_>) -> Result<()> {
    let Some(records) = session.records()? else { return Ok(()) };
    let outcome = records.iter().rfind(|record| record.field("phase") == "outcome");
    let outcome = outcome.with_context(|| format!("no outcome: {records:?}"))?;
    ensure!(
        ["failed", "unknown"].contains(&outcome.field("verdict")) && !outcome.field("code").is_empty(),
        "{outcome:?}"
    );
    Ok(())
}

fn every_gateway_fault_is_told_and_nothing_goes_around_the_gateway(site: &Site) -> Result<()> {
    for (kind, words) in [
        (json!({ "kind": "reset" }), &["gateway"][..]),
        (json!({ "kind": "status", "status": 500 }), &["gateway", "microsoft"]),
        (json!({ "kind": "status", "status": 401 }), &["gateway", "operator"]),
        (json!({ "kind": "rate_limit" }), &["limit"]),
    ] {
        let session = Session::open(site, "gateway-fault")?;
        let mut fields = kind.clone();
        fields.as_object_mut().context("an object")?.insert("target".to_owned(), json!("gateway"));
        fault(&session, fields)?;
        let sentence = session.tool("getEmails", &json!({}))?.failure()?.to_lowercase();
        ensure!(words.iter().any(|word| sentence.contains(word)), "{kind} is told as: {sentence}");
        ensure!(session.graph_requests()?.is_empty(), "{kind}: Graph was reached all the same");
        recorded_as_failed(&session)?;
    }
    Ok(())
}

fn every_graph_status_has_its_own_message(site: &Site) -> Result<()> {
    let statuses = [400, 401, 403, 404, 409, 429, 500];
    // At once, because the server waits before it asks again where that is allowed.
    let sentences = at_once(statuses.len(), |number| {
        let session = Session::open(site, "graph-status")?;
        let status = statuses.get(number).context("a status")?;
        fault(&session, json!({ "target": "graph", "kind": "status", "status": status }))?;
        let sentence = write(&session)?.failure()?;
        ensure!(sentence.len() > 20, "{status} is told as: {sentence}");
        ensure!(made(&session)? == 0, "{status}: something was made");
        recorded_as_failed(&session)?;
        Ok(sentence)
    })?;
    let distinct: std::collections::BTreeSet<_> = sentences.iter().collect();
    ensure!(distinct.len() == statuses.len(), "different faults are told alike: {sentences:#?}");
    Ok(())
}

fn a_read_is_repeated_after_a_passing_fault(site: &Site) -> Result<()> {
    let session = Session::open(site, "passing")?;
    fault(&session, json!({ "target": "graph", "kind": "status", "status": 503, "times": 1 }))?;
    // Whether the wait that Graph asks for fits into the call is the server's choice; a repeat must then succeed.
    let arguments = json!({ "count": 1, "timeZone": "UTC" });
    let first = session.tool("getEmails", &arguments)?;
    if first.content().is_err() {
        first.failure()?;
        session.tool("getEmails", &arguments)?.content()?;
    }
    let mut ids: Vec<_> = session
        .graph_requests()?
        .iter()
        .map(|request| request.at("/headers/client-request-id").to_string())
        .collect();
    let calls = ids.len();
    ids.sort_unstable();
    ids.dedup();
    ensure!(calls == 2 && ids.len() == 2, "{calls} calls with {} client-request-ids", ids.len());
    Ok(())
}

fn a_write_is_never_repeated_when_its_fate_is_unknown(site: &Site) -> Result<()> {
    for kind in [
        json!({ "target": "graph", "kind": "status", "status": 503 }),
        json!({ "target": "graph", "kind": "status", "status": 504 }),
        json!({ "target": "graph", "kind": "status", "status": 500 }),
        json!({ "target": "graph", "kind": "reset" }),
        json!({ "target": "graph", "kind": "malformed" }),
        json!({ "target": "gateway", "kind": "reset" }),
    ] {
        let session = Session::open(site, "unknown-fate")?;
        fault(&session, kind.clone())?;
        write(&session)?.failure().with_context(|| kind.to_string())?;
        let tried = attempts(&session)?;
        ensure!(tried <= 1, "{kind}: a message was tried {tried} times");
        recorded_as_failed(&session)?;
    }
    Ok(())
}

fn a_blocked_answer_to_a_write_says_the_effect_may_stand(site: &Site) -> Result<()> {
    let session = Session::open(site, "dlp-write")?;
    fault(&session, json!({ "target": "gateway", "kind": "dlp_response" }))?;
    let sentence = write(&session)?.failure()?.to_lowercase();
    ensure!(attempts(&session)? == 1, "a blocked write was repeated");
    let warned =
        ["may have", "sent", "happened", "check", "before"].iter().any(|word| sentence.contains(word));
    ensure!(warned, "that the effect may stand is not said: {sentence}");
    Ok(())
}

fn dlp_blocks_without_showing_content(site: &Site) -> Result<()> {
    for kind in ["dlp_request", "dlp_response"] {
        let session = Session::open(site, "dlp")?;
        fault(&session, json!({ "target": "gateway", "kind": kind }))?;
        let reply = session.tool("searchEmails", &json!({ "query": "canary-query-4711" }))?;
        let sentence = reply.failure()?;
        ensure!(
            sentence.to_lowercase().contains("data loss") || sentence.contains("DLP"),
            "{kind} is told as: {sentence}"
        );
        ensure!(!sentence.contains("canary-query-4711"), "the blocked content is shown: {sentence}");
        recorded_as_failed(&session)?;
    }
    Ok(())
}

fn a_cached_answer_is_not_passed_on(site: &Site) -> Result<()> {
    let session = Session::open(site, "cache-hit")?;
    session.tool("getEmails", &json!({ "count": 2 }))?.content()?;
    fault(&session, json!({ "target": "gateway", "kind": "cache_hit" }))?;
    session.tool("getEmails", &json!({ "count": 2 }))?.failure()?;
    recorded_as_failed(&session)
}

fn a_truncated_or_foreign_answer_is_not_passed_on(site: &Site) -> Result<()> {
    for target in ["gateway", "graph"] {
        let session = Session::open(site, "malformed-answer")?;
        fault(&session, json!({ "target": target, "kind": "malformed" }))?;
        let sentence = session.tool("getEmails", &json!({}))?.failure()?;
        ensure!(!sentence.contains("<html") && !sentence.contains("expected value"), "{target}: {sentence}");
        recorded_as_failed(&session)?;
    }
    Ok(())
}

fn calls_of_one_person_beyond_a_bound_are_refused_before_their_effect(site: &Site) -> Result<()> {
    let session = Session::open(site, "flood")?;
    fault(&session, json!({ "target": "graph", "kind": "delay", "ms": 250, "times": 1000 }))?;
    let replies = at_once(100, |_| write(&session))?;
    let (mut done, mut refused) = (0, 0);
    for reply in replies {
        if reply.answer.status == 503 {
            ensure!(reply.answer.header("retry-after").is_some(), "when to come back: {}", reply.answer);
            refused += 1;
        } else {
            reply.success()?;
            done += 1;
        }
    }
    ensure!(refused > 0 && done >= 64, "{done} calls done, {refused} refused");
    let made = made(&session)?;
    ensure!(made == done, "{done} calls done, {made} drafts made");
    Ok(())
}

fn a_client_that_leaves_does_not_cut_an_effect_from_its_record(site: &Site) -> Result<()> {
    let session = Session::open(site, "leaves")?;
    fault(&session, json!({ "target": "graph", "kind": "delay", "ms": 1500, "times": 1 }))?;
    let message = session.mcp.message(
        "tools/call",
        &json!({ "name": "createDraft", "arguments": { "subject": "s", "body": "b" } }),
    );
    let body = message.to_string();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: createDraft\r\nContent-Length: {}\r\n\r\n{body}",
        site.mcp.authority(),
        session.tokens.access,
        body.len()
    );
    crate::raw::send_after(&site.mcp, head.as_bytes(), || session.await_graph_request())?;
    // The next call of the person waits in the same cell; the delayed one has ended when the mailbox shows its draft.
    crate::session::bounded("the delayed draft is in the mailbox", || Ok(made(&session)? == 1))?;
    crate::session::bounded("the outcome is in the journal", || {
        let Some(records) = session.records()? else { return Ok(true) };
        Ok(records.iter().any(|record| record.is("outcome", "done") && record.field("tool") == "createDraft"))
    })
}

fn an_expired_microsoft_token_is_renewed_unseen(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "renewed")?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    site.control.advance(2 * 3600)?;
    let answer = session.client.refresh(&session.tokens.refresh)?;
    session.renew(&answer)?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    Ok(())
}

fn a_journal_that_cannot_be_written_stops_calls_and_not_the_server(_: &Site) -> Result<()> {
    // A limit on file sizes stands in for a full disk: writes beyond it fail, and the signal is ignored.
    let full = Site::start_as(Start { shell_prelude: "trap '' XFSZ; ulimit -f 2048;", ..Start::default() })?;
    let session = Session::open(&full, "full")?;
    let mut calls = 0;
    let refused = loop {
        let reply = session.tool("getEmails", &json!({ "count": 1 }))?;
        if reply.content().is_err() {
            break reply;
        }
        calls += 1;
        ensure!(calls < 3000, "the disk never became full");
    };
    let status = refused.answer.status;
    ensure!(matches!(status, 200 | 503), "a full disk is answered with {}", refused.answer);
    let text = refused.answer.text().to_lowercase();
    ensure!(text.contains("journal") || text.contains("record"), "the cause is not told: {}", refused.answer);
    let before = session.graph_requests()?.len();
    let again =
        session.tool("sendEmail", &json!({ "to": "blair@contoso.example", "subject": "s", "body": "b" }))?;
    ensure!(again.content().is_err(), "an effect without a record: {}", again.answer);
    ensure!(session.graph_requests()?.len() == before, "Graph was called without a record");
    Request::get(full.edge("/healthz")?).send()?.expect(&[200, 503])?;
    Ok(())
}
