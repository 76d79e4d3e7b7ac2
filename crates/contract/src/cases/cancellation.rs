//! Cancelling: a call that has not had its effect yet has none, and only its own caller can do that.
//!
//! Up to 2025-11-25 a client says so; since 2026-07-28 it closes the answer. A call waits here because Graph asked it to
//! come again, or because four others of the person are on their way.

use std::thread;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::events::Events;
use crate::http::Answer;
use crate::json::Look as _;
use crate::mcp::{LEGACY, MODERN, Mcp, Reply};
use crate::raw;
use crate::session::{Session, at_once, bounded};
use crate::site::Site;

table! { "cancellation":
    files a_call_that_waits_for_a_retry_is_cancelled_by_a_notification,
    files a_call_that_waits_for_its_place_is_cancelled_by_a_notification,
    files a_call_is_cancelled_in_the_modern_revision_by_closing_its_answer,
    files a_call_is_cancelled_in_the_modern_revision_by_closing_its_stream,
    files leaving_cancels_nothing_in_the_revisions_with_a_handshake,
    shared a_notification_cancels_nothing_in_the_modern_revision,
    shared nobody_else_cancels_a_call,
    shared another_grant_of_the_person_cancels_nothing,
    shared an_effect_that_is_on_its_way_is_not_cancelled,
    shared a_cancelled_call_gives_its_place_back,
    shared a_cancellation_of_nothing_is_accepted_and_changes_nothing,
    shared a_read_that_waits_is_cancelled_too,
}

/// A call with an effect that stays with the person, so it waits for nobody's approval and asks Graph once.
fn writing(mcp: &Mcp) -> Value {
    let arguments = json!({ "subject": "s", "body": "b" });
    mcp.message("tools/call", &json!({ "name": "createDraft", "arguments": arguments }))
}

/// The next request of the person is told to come again in ten seconds.
fn throttle(session: &Session<'_>) -> Result<()> {
    let email = &session.person.email;
    session
        .site
        .control
        .fault(&json!({ "target": "graph", "person": email, "kind": "status", "status": 429, "times": 1 }))
}

fn cancel(mcp: &Mcp, id: &Value) -> Result<Answer> {
    let params = json!({ "requestId": id, "reason": "the person changed their mind" });
    mcp.request(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params })).send()
}

/// A notification is accepted and not answered.
fn said(answer: &Answer) -> Result<()> {
    answer.expect(&[202])?;
    ensure!(answer.body.is_empty(), "a body: {answer}");
    Ok(())
}

fn made(session: &Session<'_>) -> Result<usize> {
    Ok(session.site.control.graph("drafts", &session.person.email)?.len())
}

/// Makes the call, lets `act` happen when Graph was reached by it, and returns what is answered.
fn meanwhile(
    session: &Session<'_>,
    mcp: &Mcp,
    message: &Value,
    act: impl FnOnce() -> Result<()>,
) -> Result<Reply> {
    let before = session.graph_requests()?.len();
    thread::scope(|scope| {
        let calling = scope.spawn(|| mcp.deliver(message));
        let acted = bounded("the call reached Graph", || Ok(session.graph_requests()?.len() > before));
        let acted = acted.and_then(|()| act());
        let reply = calling.join().unwrap_or_else(|_| bail!("a thread ended"));
        acted.and(reply)
    })
}

/// The newest outcome of the tool; none as long as there is none.
fn outcome(session: &Session<'_>, tool: &str) -> Result<Option<crate::journal::Record>> {
    let records = session.records()?.context("the journal can be read")?;
    Ok(records.into_iter().rfind(|record| record.field("tool") == tool && record.field("phase") == "outcome"))
}

fn await_outcome(session: &Session<'_>, tool: &str, expected: &[&str]) -> Result<()> {
    bounded("the outcome is in the journal", || Ok(outcome(session, tool)?.is_some()))?;
    let outcome = outcome(session, tool)?.context("an outcome")?;
    let said = [outcome.field("verdict"), outcome.field("code")];
    ensure!(said.iter().any(|word| expected.contains(word)), "recorded as {outcome:?}");
    let journal = session.site.journal().context("the journal can be read")?;
    let of_call = journal.of_call(outcome.field("requestId"))?;
    ensure!(of_call.len() == 2, "not a pair of records: {of_call:?}");
    Ok(())
}

/// Whatever is answered to a cancelled request, it is not a success.
fn expect_cancelled(reply: &Reply) -> Result<()> {
    ensure!(reply.success().is_err(), "a cancelled call succeeded: {}", reply.answer);
    ensure!(reply.answer.status < 500, "{}", reply.answer);
    Ok(())
}

fn a_call_that_waits_for_a_retry_is_cancelled_by_a_notification(site: &Site) -> Result<()> {
    for version in [LEGACY[0], LEGACY[2]] {
        let session = Session::open(site, "cancel-retry")?;
        let mcp = session.mcp.speaking(version);
        throttle(&session)?;
        let message = writing(&mcp);
        let reply = meanwhile(&session, &mcp, &message, || said(&cancel(&mcp, message.at("/id"))?))?;
        expect_cancelled(&reply)?;
        await_outcome(&session, "createDraft", &["cancelled"])?;
        ensure!(made(&session)? == 0 && session.graph_requests()?.len() == 1, "the effect came all the same");
    }
    Ok(())
}

fn a_call_that_waits_for_its_place_is_cancelled_by_a_notification(site: &Site) -> Result<()> {
    let session = Session::open(site, "cancel-place")?;
    let (mcp, message) = queued(&session)?;
    let reply = thread::scope(|scope| {
        let slow = scope
            .spawn(|| at_once(4, |_| session.tool("getEmails", &json!({ "count": 1 }))?.success().map(drop)));
        let outcome = (|| {
            bounded("four calls are on their way", || Ok(session.graph_requests()?.len() == 4))?;
            let calling = scope.spawn(|| mcp.deliver(&message));
            // Before it has come, there is nothing to cancel; so it is said until the call has ended.
            bounded("the call has ended", || {
                cancel(&mcp, message.at("/id"))?.expect(&[202])?;
                Ok(calling.is_finished())
            })?;
            calling.join().unwrap_or_else(|_| bail!("a thread ended"))
        })();
        slow.join().unwrap_or_else(|_| bail!("a thread ended"))?;
        outcome
    })?;
    expect_cancelled(&reply)?;
    await_outcome(&session, "createDraft", &["cancelled"])?;
    ensure!(made(&session)? == 0, "the effect came all the same");
    let posts = session.graph_requests()?.iter().filter(|request| request.at("/method") == "POST").count();
    ensure!(posts == 0, "a cancelled call reached Graph");
    Ok(())
}

/// Four calls that take their time, and one that must wait for them.
fn queued(session: &Session<'_>) -> Result<(Mcp, Value)> {
    let email = &session.person.email;
    session
        .site
        .control
        .fault(&json!({ "target": "graph", "person": email, "kind": "delay", "ms": 4000, "times": 4 }))?;
    let mcp = session.mcp.speaking(LEGACY[0]);
    let message = writing(&mcp);
    Ok((mcp, message))
}

fn a_call_is_cancelled_in_the_modern_revision_by_closing_its_answer(site: &Site) -> Result<()> {
    let session = Session::open(site, "leave-answer")?;
    throttle(&session)?;
    leave(&session, &session.mcp, &writing(&session.mcp))?;
    await_outcome(&session, "createDraft", &["cancelled"])?;
    ensure!(made(&session)? == 0 && session.graph_requests()?.len() == 1, "the effect came all the same");
    Ok(())
}

/// Asks, and closes the connection when Graph has been reached and before there is an answer.
fn leave(session: &Session<'_>, mcp: &Mcp, message: &Value) -> Result<()> {
    let (url, bytes) = mcp.request(message).on_the_wire()?;
    raw::send_after(&url, &bytes, || session.await_graph_request())
}

fn a_call_is_cancelled_in_the_modern_revision_by_closing_its_stream(site: &Site) -> Result<()> {
    let session = Session::open(site, "leave-stream")?;
    throttle(&session)?;
    let mut message = writing(&session.mcp);
    let meta = message.pointer_mut("/params/_meta").and_then(Value::as_object_mut).context("metadata")?;
    meta.insert("progressToken".to_owned(), json!(1));
    let mut events: Events = session.mcp.listen(&message)?;
    ensure!(events.is_stream(), "not an event stream: {}", events.answer);
    ensure!(events.message()?.text("/method")? == "notifications/progress", "{}", events.answer);
    session.await_graph_request()?;
    drop(events);
    await_outcome(&session, "createDraft", &["cancelled"])?;
    ensure!(made(&session)? == 0 && session.graph_requests()?.len() == 1, "the effect came all the same");
    Ok(())
}

fn leaving_cancels_nothing_in_the_revisions_with_a_handshake(site: &Site) -> Result<()> {
    let session = Session::open(site, "leave-legacy")?;
    throttle(&session)?;
    let mcp = session.mcp.speaking(LEGACY[0]);
    leave(&session, &mcp, &writing(&mcp))?;
    await_outcome(&session, "createDraft", &["done"])?;
    ensure!(made(&session)? == 1, "the effect did not come: the client only left");
    Ok(())
}

/// Sends the call, lets `act` happen when Graph was reached, and expects that the call succeeds all the same.
fn expect_uncancelled(
    session: &Session<'_>,
    mcp: &Mcp,
    act: impl FnOnce(&Value) -> Result<()>,
) -> Result<()> {
    throttle(session)?;
    let message = writing(mcp);
    meanwhile(session, mcp, &message, || act(message.at("/id")))?.success()?;
    ensure!(made(session)? == 1, "{} drafts", made(session)?);
    Ok(())
}

fn a_notification_cancels_nothing_in_the_modern_revision(site: &Site) -> Result<()> {
    let session = Session::open(site, "cancel-modern")?;
    expect_uncancelled(&session, &session.mcp, |id| {
        cancel(&session.mcp, id)?.expect(&[202, 400, 404]).map(drop)
    })
}

fn nobody_else_cancels_a_call(site: &Site) -> Result<()> {
    let (one, other) = (Session::open(site, "cancel-one")?, Session::open(site, "cancel-other")?);
    let (mine, foreign) = (one.mcp.speaking(LEGACY[0]), other.mcp.speaking(LEGACY[0]));
    let mut stranger = mine.clone();
    stranger.token = String::new();
    expect_uncancelled(&one, &mine, |id| {
        said(&cancel(&foreign, id)?)?;
        cancel(&stranger, id)?.expect(&[401]).map(drop)
    })
}

fn another_grant_of_the_person_cancels_nothing(site: &Site) -> Result<()> {
    let session = Session::open(site, "cancel-grant")?;
    let client = session.client.discovered.client()?;
    let second = Session::by(site, session.person.clone(), client, None)?;
    let (mine, other) = (session.mcp.speaking(LEGACY[0]), second.mcp.speaking(LEGACY[0]));
    expect_uncancelled(&session, &mine, |id| said(&cancel(&other, id)?))
}

fn an_effect_that_is_on_its_way_is_not_cancelled(site: &Site) -> Result<()> {
    for version in [MODERN, LEGACY[0]] {
        let session = Session::open(site, "cancel-late")?;
        let mcp = session.mcp.speaking(version);
        let delay = json!({ "target": "graph", "person": session.person.email, "kind": "delay", "ms": 1500, "times": 1 });
        site.control.fault(&delay)?;
        let message = writing(&mcp);
        if version == MODERN {
            leave(&session, &mcp, &message)?;
        } else {
            let reply = meanwhile(&session, &mcp, &message, || said(&cancel(&mcp, message.at("/id"))?))?;
            // The truth is told: it was made.
            reply.success()?;
        }
        bounded("the draft is made", || Ok(made(&session)? == 1))?;
        if session.records()?.is_some() {
            await_outcome(&session, "createDraft", &["done"])?;
        }
    }
    Ok(())
}

fn a_cancelled_call_gives_its_place_back(site: &Site) -> Result<()> {
    let session = Session::open(site, "cancel-place-back")?;
    let mcp = session.mcp.speaking(LEGACY[0]);
    for _ in 0..6 {
        throttle(&session)?;
        let message = writing(&mcp);
        let reply = meanwhile(&session, &mcp, &message, || said(&cancel(&mcp, message.at("/id"))?))?;
        expect_cancelled(&reply)?;
    }
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    ensure!(made(&session)? == 0, "a cancelled draft was made");
    Ok(())
}

fn a_cancellation_of_nothing_is_accepted_and_changes_nothing(site: &Site) -> Result<()> {
    let session = Session::open(site, "cancel-nothing")?;
    let mcp = session.mcp.speaking(LEGACY[0]);
    expect_uncancelled(&session, &mcp, |id| {
        let text = json!(id.to_string());
        for wrong in
            [&text, &json!(999_999_999), &json!(""), &Value::Null, &json!([id]), &json!({}), &json!(true)]
        {
            cancel(&mcp, wrong)?.expect(&[202, 400]).with_context(|| wrong.to_string())?;
        }
        let bare = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled" });
        mcp.request(&bare).send()?.expect(&[202, 400])?;
        // As a request it is no notification.
        mcp.send("notifications/cancelled", &json!({ "requestId": id }))?
            .expect_error(&[200, 404], &[-32601])?;
        Ok(())
    })?;
    // An id that was used up may be used again, and an earlier cancellation is not remembered for it.
    let mut message = mcp.message("tools/call", &json!({ "name": "getEmails", "arguments": { "count": 1 } }));
    *message.pointer_mut("/id").context("an id")? = json!(999_999_999);
    mcp.deliver(&message)?.success().map(drop)
}

fn a_read_that_waits_is_cancelled_too(site: &Site) -> Result<()> {
    let session = Session::open(site, "cancel-read")?;
    let mcp = session.mcp.speaking(LEGACY[0]);
    throttle(&session)?;
    let message = mcp.message("tools/call", &json!({ "name": "getEmails", "arguments": { "count": 1 } }));
    let reply = meanwhile(&session, &mcp, &message, || said(&cancel(&mcp, message.at("/id"))?))?;
    expect_cancelled(&reply)?;
    ensure!(session.graph_requests()?.len() == 1, "a cancelled read was made again");
    Ok(())
}
