//! Sessions of the transport of MCP 2024-11-05: whose they are, and how they end.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::me::page_and_form;
use super::operators::{by_person, operate};
use super::sse_transport::{open, ping, sse_url, streaming};
use crate::events::Events;
use crate::http::Request;
use crate::json::Look as _;
use crate::process::Process;
use crate::rule::Rule;
use crate::session::{Session, at_once, bounded};
use crate::site::Site;
use crate::sse::Sse;

table! { "sse_sessions":
    shared another_persons_message_is_not_taken_and_nothing_comes_of_it,
    shared another_grants_message_is_not_taken_and_nothing_comes_of_it,
    shared an_unknown_session_takes_no_message,
    own a_message_that_is_not_taken_is_recorded_once_and_names_no_session,
    shared a_ninth_session_ends_the_oldest,
    shared a_session_ends_with_its_stream,
    shared ending_the_connection_ends_the_stream,
    shared an_order_of_an_operator_ends_the_stream,
    own a_session_that_nobody_uses_ends_after_a_quarter_of_an_hour,
    own a_stream_lives_as_long_as_the_newest_token_that_was_used_with_it,
    shared a_comment_keeps_a_quiet_stream_alive,
    own a_stream_is_kept_however_many_others_come,
    process open_streams_do_not_keep_the_server_from_stopping,
}

/// Nobody but its owner puts anything into a stream.
fn expect_not_taken(sse: &mut Sse, token: &str) -> Result<()> {
    let call = json!({ "jsonrpc": "2.0", "id": 77, "method": "tools/call", "params": { "name": "sendEmail", "arguments": { "to": "blair@contoso.example", "subject": "s", "body": "b" } } });
    for message in [
        &call,
        &ping(78),
        &json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } }),
    ] {
        let refused = sse.post_with(token, message)?;
        refused.expect(&[404])?;
    }
    sse.expect_silence()
}

fn another_persons_message_is_not_taken_and_nothing_comes_of_it(site: &Site) -> Result<()> {
    let (one, other) = (streaming(site, "sse-one")?, streaming(site, "sse-other")?);
    let (mut mine, mut theirs) = (open(&one)?, open(&other)?);
    expect_not_taken(&mut mine, &other.tokens.access)?;
    theirs.expect_silence()?;
    for session in [&one, &other] {
        ensure!(session.graph_requests()?.is_empty(), "a foreign message had an effect");
    }
    // Both said the same ids, and each has heard its own only.
    let profile = mine.result("resources/read", &json!({ "uri": "microsoft://profile" }))?;
    ensure!(profile.text("/contents/0/text")?.contains(&one.person.email), "{profile}");
    Ok(())
}

fn another_grants_message_is_not_taken_and_nothing_comes_of_it(site: &Site) -> Result<()> {
    let session = streaming(site, "sse-grant")?;
    let client = session.client.discovered.client()?;
    let second = Session::by(site, session.person.clone(), client, Some("User.Read"))?;
    let mut mine = open(&session)?;
    expect_not_taken(&mut mine, &second.tokens.access)?;
    let mut theirs = open(&second)?;
    expect_not_taken(&mut theirs, &session.tokens.access)?;
    ensure!(session.graph_requests()?.is_empty(), "a foreign message had an effect");
    Ok(())
}

fn an_unknown_session_takes_no_message(site: &Site) -> Result<()> {
    let session = streaming(site, "sse-unknown")?;
    let mut sse = open(&session)?;
    let id = sse.id()?;
    let half = id.get(..id.len() / 2).context("ASCII")?.to_owned();
    let long = "a".repeat(5000);
    let message = |query: &str| {
        let url = site.edge(&format!("/messages{query}"))?;
        Request::post(&url).bearer(&session.tokens.access).json(&ping(1)).send()
    };
    for unknown in ["x", "", &half, &format!("{id}A"), &id.to_uppercase(), "%00", "..%2f..", &long] {
        let answer = message(&format!("?sessionId={unknown}"))?;
        answer.expect(&[400, 404, 414]).with_context(|| unknown.chars().take(80).collect::<String>())?;
    }
    for query in [
        "",
        &format!("?sessionid={id}"),
        &format!("?session_id={id}"),
        &format!("?sessionId=x&sessionId={id}"),
    ] {
        message(query)?.expect(&[400, 404]).with_context(|| query.to_owned())?;
    }
    sse.expect_silence()
}

fn a_message_that_is_not_taken_is_recorded_once_and_names_no_session(site: &Site) -> Result<()> {
    let (one, other) = (streaming(site, "sse-rule")?, streaming(site, "sse-rule-other")?);
    let of_mcp = Session::open(site, "sse-rule-mcp")?;
    let mut rule = Rule::on(site)?;
    let mut sse = open(&one)?;
    let id = sse.id()?;
    rule.hide(&id);
    rule.refused("another person's message", &sse.post_with(&other.tokens.access, &ping(1))?, &[404])?;
    let unknown = Request::post(site.edge("/messages?sessionId=nobody")?).bearer(&one.tokens.access);
    rule.refused("an unknown session", &unknown.json(&ping(1)).send()?, &[404])?;
    rule.refused("a token of /mcp", &sse.post_with(&of_mcp.tokens.access, &ping(1))?, &[401])?;
    rule.refused("no token", &Request::post(&sse.endpoint).json(&ping(1)).send()?, &[401])?;
    let stream = Request::get(sse_url(site)?).header("accept", "text/event-stream");
    rule.refused("a stream without a token", &stream.send()?, &[401])?;
    rule.hold()?;
    sse.expect_silence()
}

fn a_ninth_session_ends_the_oldest(site: &Site) -> Result<()> {
    let session = streaming(site, "sse-nine")?;
    let other = streaming(site, "sse-nine-other")?;
    let mut theirs = open(&other)?;
    let mut held = (0..8).map(|_| open(&session)).collect::<Result<Vec<_>>>()?;
    for sse in &mut held {
        sse.expect_silence()?;
    }
    let mut ninth = open(&session)?;
    let oldest = held.first_mut().context("the oldest")?;
    oldest.events.ended()?;
    oldest.post(&ping(1))?.expect(&[404])?;
    for sse in held.iter_mut().skip(1) {
        sse.expect_silence()?;
    }
    ninth.expect_silence()?;
    // Everybody has eight of their own.
    theirs.expect_silence()
}

fn a_session_ends_with_its_stream(site: &Site) -> Result<()> {
    let session = streaming(site, "sse-left")?;
    let sse = open(&session)?;
    let (endpoint, token) = (sse.endpoint.clone(), session.tokens.access.clone());
    drop(sse);
    bounded("the session is gone", || {
        let answer = Request::post(&endpoint).bearer(&token).json(&ping(1)).send()?;
        answer.expect(&[202, 404])?;
        Ok(answer.status == 404)
    })
}

fn ending_the_connection_ends_the_stream(site: &Site) -> Result<()> {
    let mut session = streaming(site, "sse-ended")?;
    let bystander = streaming(site, "sse-ended-not")?;
    let (mut sse, mut other) = (open(&session)?, open(&bystander)?);
    sse.initialize()?;
    let (page, form) = page_and_form(&mut session, "/me/revoke")?;
    session.browser.submit(&page, &form, None)?.page()?.answer.expect(&[200])?;
    sse.events.ended()?;
    sse.post(&ping(1))?.expect(&[401])?;
    let again = Events::open(&Sse::request(&sse_url(site)?, &session.tokens.access))?;
    again.answer.expect(&[401])?;
    other.expect_silence()
}

fn a_session_that_nobody_uses_ends_after_a_quarter_of_an_hour(site: &Site) -> Result<()> {
    let session = streaming(site, "sse-idle")?;
    let (mut used, mut idle) = (open(&session)?, open(&session)?);
    site.advance(600)?;
    used.expect_silence()?;
    site.advance(400)?;
    used.expect_silence()?;
    idle.post(&ping(1))?.expect(&[404])?;
    idle.events.ended()?;
    used.expect_silence()
}

fn an_order_of_an_operator_ends_the_stream(site: &Site) -> Result<()> {
    let (session, bystander) = (streaming(site, "sse-killed")?, streaming(site, "sse-spared")?);
    let (mut sse, mut other) = (open(&session)?, open(&bystander)?);
    sse.initialize()?;
    operate(site, "/operator/kill", &by_person(&session.person.email))?.expect(&[200])?;
    sse.events.ended()?;
    sse.post(&ping(1))?.expect(&[401])?;
    other.expect_silence()
}

fn a_stream_lives_as_long_as_the_newest_token_that_was_used_with_it(site: &Site) -> Result<()> {
    let mut session = streaming(site, "sse-token")?;
    let (mut renewed, mut old) = (open(&session)?, open(&session)?);
    for _ in 0..4 {
        site.advance(840)?;
        renewed.expect_silence()?;
        old.expect_silence()?;
    }
    let answer = session.client.refresh(&session.tokens.refresh)?;
    session.renew(&answer)?;
    renewed.use_token(&session.tokens.access);
    renewed.expect_silence()?;
    site.advance(600)?;
    old.events.ended()?;
    renewed.expect_silence()?;
    // It is no session of anybody any more, whatever token comes.
    old.use_token(&session.tokens.access);
    old.post(&ping(1))?.expect(&[404]).map(drop)
}

/// Proxies cut what is silent; this one waits as long as a sign of life takes.
fn a_comment_keeps_a_quiet_stream_alive(site: &Site) -> Result<()> {
    let session = streaming(site, "sse-alive")?;
    let mut sse = open(&session)?;
    sse.events.sign_of_life()?;
    sse.expect_silence()
}

/// More people than a host keeps at hand.
fn a_stream_is_kept_however_many_others_come(site: &Site) -> Result<()> {
    let session = streaming(site, "sse-kept")?;
    let mut sse = open(&session)?;
    at_once(4, |_| {
        for _ in 0..35 {
            Session::open(site, "sse-passing")?.mcp.send("ping", &Value::Null)?;
        }
        Ok(())
    })?;
    sse.expect_silence()
}

fn open_streams_do_not_keep_the_server_from_stopping(site: &Site) -> Result<()> {
    let session = streaming(site, "sse-stop")?;
    let mut held = (0..3).map(|_| open(&session)).collect::<Result<Vec<_>>>()?;
    site.with_process(|process| process.signal("TERM"))?;
    for sse in &mut held {
        sse.events.ended()?;
    }
    let status = site.with_process(Process::wait)?;
    ensure!(status.success(), "the host ended with {status}");
    site.start_again()?;
    // A session is of one life of the server.
    let sse = held.first_mut().context("a stream")?;
    sse.post(&ping(1))?.expect(&[404])?;
    open(&session)?.expect_silence()
}
