//! `kill -9` and Ctrl-C: acknowledged state stays, and what was half done is visible.

use std::thread;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::json::Look as _;
use crate::oauth::{Discovered, Tokens};
use crate::process::Process;
use crate::session::{Session, bounded};
use crate::site::Site;

table! { "crash":
    process a_send_cut_by_kill_9_is_an_intent_closed_as_unknown,
    process tokens_and_registrations_survive_kill_9,
    process what_was_spent_or_revoked_stays_so_after_kill_9,
    process ctrl_c_lets_running_calls_end_and_stops,
}

fn send_arguments() -> serde_json::Value {
    json!({ "to": "blair@contoso.example", "subject": "s", "body": "b" })
}

fn a_send_cut_by_kill_9_is_an_intent_closed_as_unknown(site: &Site) -> Result<()> {
    let session = Session::open(site, "cut")?;
    site.control.fault(&json!({ "target": "graph", "person": session.person.email, "kind": "delay", "ms": 60_000, "times": 1 }))?;
    thread::scope(|scope| {
        let sending = scope.spawn(|| session.tool("sendEmail", &send_arguments()));
        let arrived = session.await_graph_request();
        site.with_process(Process::kill)?;
        arrived?;
        let cut = sending.join().map_err(|_| anyhow::anyhow!("the sending thread ended"))?;
        ensure!(cut.is_err(), "a killed server answered");
        Ok(())
    })?;
    site.start_again()?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content().context("tokens work after the crash")?;
    let records = session.records()?.context("a journal")?;
    let of_send: Vec<_> = records.iter().filter(|record| record.field("tool") == "sendEmail").collect();
    let [intent, outcome] = of_send.as_slice() else {
        anyhow::bail!("not an intent and its end: {of_send:?}")
    };
    ensure!(intent.field("phase") == "intent" && outcome.is("outcome", "unknown"), "{of_send:?}");
    ensure!(intent.field("requestId") == outcome.field("requestId"), "{of_send:?}");
    site.journal().context("a journal")?.verify()
}

fn tokens_and_registrations_survive_kill_9(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "survive")?;
    site.kill_and_start_again()?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    let answer = session.client.refresh(&session.tokens.refresh)?;
    session.renew(&answer)?;
    site.kill_and_start_again()?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    session.sign_in_again()?;
    let attempt = session.client.attempt()?;
    session.client.grant(&mut session.browser, &attempt)?;
    site.journal().context("a journal")?.verify()
}

fn what_was_spent_or_revoked_stays_so_after_kill_9(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "spent")?;
    let client = Discovered::at(&site.mcp)?.client()?;
    let attempt = client.attempt()?;
    let code = client.authorize(&mut session.browser, &attempt)?.code(&attempt, &client.discovered)?;
    let tokens = Tokens::read(&client.redeem(&code, &attempt.verifier)?)?;
    session.client.revoke(&session.tokens.refresh)?.expect(&[200])?;
    site.kill_and_start_again()?;
    client.redeem(&code, &attempt.verifier)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    client.refresh(&tokens.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    session.client.refresh(&session.tokens.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    session.tool("getEmails", &json!({}))?.answer.expect(&[401])?;
    Ok(())
}

fn ctrl_c_lets_running_calls_end_and_stops(site: &Site) -> Result<()> {
    let session = Session::open(site, "drain")?;
    site.control.fault(&json!({ "target": "graph", "person": session.person.email, "kind": "delay", "ms": 1000, "times": 1 }))?;
    thread::scope(|scope| {
        let sending = scope.spawn(|| session.tool("sendEmail", &send_arguments()));
        session.await_graph_request()?;
        site.with_process(|process| process.interrupt())?;
        let reply = sending.join().map_err(|_| anyhow::anyhow!("the sending thread ended"))?;
        reply.context("the running call was cut")?.content()?;
        let ended = site.with_process(Process::wait)?;
        ensure!(ended.success(), "the host ended with {ended}");
        Ok(())
    })?;
    site.start_again()?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    bounded("the send is recorded as done", || {
        let records = session.records()?.context("a journal")?;
        Ok(records.iter().any(|record| record.is("outcome", "done") && record.0.at("/tool") == "sendEmail"))
    })
}
