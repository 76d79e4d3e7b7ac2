//! The transport of MCP 2024-11-05 for clients that know no other: who may open a stream, what comes into it, and how it
//! ends.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use url::Url;

use super::elicitation::{able, sign_out};
use super::mcp_protocol::TOOLS;
use crate::browser::Browser;
use crate::events::Events;
use crate::http::{Answer, Request};
use crate::json::Look as _;
use crate::mcp::{LEGACY, MODERN, Reply};
use crate::oauth::{Callback, Client, Discovered, REDIRECT, Tokens, challenge};
use crate::raw;
use crate::session::{Session, bounded};
use crate::site::Site;
use crate::sse::{Sse, VERSION};

table! { "sse_transport":
    shared a_client_of_2024_11_05_initializes_lists_calls_and_reads,
    shared a_session_is_named_in_the_first_event_and_cannot_be_guessed,
    shared without_a_token_there_is_no_stream_and_the_challenge_names_its_own_metadata,
    shared a_token_counts_at_the_endpoint_it_was_given_for_and_at_no_other,
    shared a_token_is_given_for_an_endpoint_there_is_and_for_no_other,
    shared a_client_that_names_no_resource_gets_a_token_for_both,
    shared a_message_is_checked_before_it_is_accepted,
    shared answers_and_errors_come_through_the_stream,
    shared progress_comes_through_the_stream,
    shared what_a_client_declares_in_its_stream_counts_for_its_calls,
    files a_call_is_cancelled_through_the_session,
    shared posts_to_the_address_of_the_stream_are_answered_as_at_mcp,
    shared other_methods_foreign_origins_and_foreign_hosts_are_refused,
    shared calls_of_a_session_are_governed_and_recorded_like_any,
}

pub(super) fn sse_url(site: &Site) -> Result<Url> {
    site.edge("/sse")
}

/// A new person with a token for the stream.
pub(super) fn streaming<'a>(site: &'a Site, name: &str) -> Result<Session<'a>> {
    let client = Discovered::at(&sse_url(site)?)?.client()?;
    Session::by(site, site.person(name)?, client, None)
}

pub(super) fn open(session: &Session<'_>) -> Result<Sse> {
    Sse::open(&sse_url(session.site)?, &session.tokens.access)
}

pub(super) fn ping(id: i64) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "ping" })
}

fn a_client_of_2024_11_05_initializes_lists_calls_and_reads(site: &Site) -> Result<()> {
    let session = streaming(site, "sse")?;
    let mut sse = open(&session)?;
    let initialized = sse.initialize()?;
    ensure!(initialized.text("/protocolVersion")? == VERSION, "{initialized}");
    ensure!(initialized.at("/capabilities/tools").is_object(), "{initialized}");
    let tools = sse.result("tools/list", &json!({}))?;
    ensure!(tools.list("/tools")?.len() == TOOLS.len(), "{tools}");
    let called = sse.result("tools/call", &json!({ "name": "getEmails", "arguments": { "count": 2 } }))?;
    ensure!(
        called.at("/isError") != &Value::Bool(true) && called.at("/content/0/text").is_string(),
        "{called}"
    );
    ensure!(called.get("structuredContent").is_none(), "2024-11-05 has no structure: {called}");
    let profile = sse.result("resources/read", &json!({ "uri": "microsoft://profile" }))?;
    ensure!(profile.text("/contents/0/text")?.contains(&session.person.email), "another person: {profile}");
    let prompts = sse.result("prompts/list", &json!({}))?;
    ensure!(!prompts.list("/prompts")?.is_empty(), "{prompts}");
    sse.expect_silence()
}

fn a_session_is_named_in_the_first_event_and_cannot_be_guessed(site: &Site) -> Result<()> {
    let session = streaming(site, "sse-endpoint")?;
    let mut events = Events::open(&Sse::request(&sse_url(site)?, &session.tokens.access))?;
    ensure!(events.is_stream(), "{}", events.answer);
    events.answer.expect_not_stored()?;
    let first = events.event()?.context("an event")?;
    ensure!(first.kind == "endpoint" && first.data.starts_with("/messages?sessionId="), "{first:?}");
    let mut ids: Vec<String> = Vec::new();
    for _ in 0..5 {
        let sse = open(&session)?;
        ensure!(sse.endpoint.origin() == site.mcp.origin(), "elsewhere: {}", sse.endpoint);
        let id = sse.id()?;
        ensure!(id.len() >= 22 && !id.contains(&session.person.subject), "an id to be guessed: {id}");
        ids.push(id);
    }
    ids.sort_unstable();
    ids.dedup();
    ensure!(ids.len() == 5, "ids repeat: {ids:?}");
    Ok(())
}

fn without_a_token_there_is_no_stream_and_the_challenge_names_its_own_metadata(site: &Site) -> Result<()> {
    for (path, metadata) in [
        ("/sse", "/.well-known/oauth-protected-resource/sse"),
        ("/messages?sessionId=x", "/.well-known/oauth-protected-resource/sse"),
        ("/mcp", "/.well-known/oauth-protected-resource/mcp"),
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let answer =
                Request::new(method, site.edge(path)?).header("accept", "text/event-stream").send()?;
            answer.expect(&[401])?.expect_not_stored()?;
            let named = challenge(&answer, "resource_metadata");
            ensure!(named.as_deref() == Some(site.edge(metadata)?.as_str()), "{path}: {answer}");
            ensure!(!challenge(&answer, "scope").unwrap_or_default().is_empty(), "{path}: {answer}");
        }
    }
    let body = Request::get(site.edge("/.well-known/oauth-protected-resource/sse")?)
        .send()?
        .expect(&[200])?
        .json()?;
    ensure!(body.text("/resource")? == sse_url(site)?.as_str(), "{body}");
    let other = Request::get(site.edge("/.well-known/oauth-protected-resource/mcp")?).send()?.json()?;
    ensure!(body.strings("/scopes_supported") == other.strings("/scopes_supported"), "{body} {other}");
    ensure!(
        body.strings("/authorization_servers") == other.strings("/authorization_servers"),
        "{body} {other}"
    );
    // A path that only begins so has no metadata.
    for path in
        ["/.well-known/oauth-protected-resource/messages", "/.well-known/oauth-protected-resource/sse/x"]
    {
        Request::get(site.edge(path)?).send()?.expect(&[404])?;
    }
    Ok(())
}

fn a_token_counts_at_the_endpoint_it_was_given_for_and_at_no_other(site: &Site) -> Result<()> {
    let (of_mcp, of_sse) = (Session::open(site, "audience-mcp")?, streaming(site, "audience-sse")?);
    let sse = open(&of_sse)?;
    for answer in [
        Events::open(&Sse::request(&sse_url(site)?, &of_mcp.tokens.access))?.answer,
        Request::post(sse_url(site)?).bearer(&of_mcp.tokens.access).json(&ping(1)).send()?,
        sse.post_with(&of_mcp.tokens.access, &ping(1))?,
        Request::post(&site.mcp).bearer(&of_sse.tokens.access).json(&ping(1)).send()?,
    ] {
        answer.expect(&[401])?;
        ensure!(challenge(&answer, "error").as_deref() == Some("invalid_token"), "{answer}");
    }
    // A refresh keeps the audience, and cannot change it.
    let wrong = of_sse.client.refresh_with(&of_sse.tokens.refresh, &[("resource", site.mcp.as_str())])?;
    wrong.expect_oauth_error(&[400], &["invalid_target", "invalid_grant", "invalid_request"])?;
    Ok(())
}

fn a_token_is_given_for_an_endpoint_there_is_and_for_no_other(site: &Site) -> Result<()> {
    let client = Discovered::at(&site.mcp)?.client()?;
    let person = site.person("audience-none")?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    browser.stop_at(REDIRECT);
    for resource in ["/", "/messages", "/SSE", "/sse?x=1", "/sse/x", "https://evil.example/sse"] {
        let attempt = client.attempt()?.with("resource", site.mcp.join(resource)?.as_str());
        let callback = Callback(browser.open(&attempt.url()?)?.stop().with_context(|| resource.to_owned())?);
        callback.expect_error(&attempt, &client.discovered, &["invalid_target"])?;
    }
    // The audience is what was asked for, and not where the client learnt of us.
    let discovered = Discovered::at(&sse_url(site)?)?;
    let session = Session::by(site, person, Client { discovered, ..client }, None)?;
    open(&session)?.initialize()?;
    let answer = session.client.refresh(&session.tokens.refresh)?;
    let renewed = Tokens::read(&answer)?;
    Sse::open(&sse_url(site)?, &renewed.access)?.initialize().map(drop)
}

/// Clients as old as this transport know no `resource` (RFC 8707).
fn a_client_that_names_no_resource_gets_a_token_for_both(site: &Site) -> Result<()> {
    let client = Discovered::at(&sse_url(site)?)?.client()?;
    let person = site.person("audience-both")?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    let attempt = client.attempt()?.without("resource");
    let code = client.authorize(&mut browser, &attempt)?.code(&attempt, &client.discovered)?;
    let tokens = Tokens::read(&client.token(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("client_id", &client.id),
        ("code_verifier", &attempt.verifier),
    ])?)?;
    Sse::open(&sse_url(site)?, &tokens.access)?.initialize()?;
    crate::mcp::Mcp::new(&site.mcp, &tokens.access).send("tools/list", &Value::Null)?.result().map(drop)
}

fn a_message_is_checked_before_it_is_accepted(site: &Site) -> Result<()> {
    let session = streaming(site, "sse-checked")?;
    let mut sse = open(&session)?;
    let post = || Request::post(&sse.endpoint).bearer(&session.tokens.access);
    // What is wrong with a message is told by the POST, or in the stream.
    post().body("application/json", "{").send()?.expect(&[202, 400])?;
    post().body("text/plain", ping(1).to_string()).send()?.expect(&[415])?;
    post().json(&json!({ "id": 1, "method": "ping" })).send()?.expect(&[202, 400])?;
    let large = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping", "params": { "pad": "x".repeat(8 * 1024 * 1024) } });
    let headers = format!("Authorization: Bearer {}\nContent-Type: application/json", session.tokens.access);
    let path = format!("{}?{}", sse.endpoint.path(), sse.endpoint.query().unwrap_or_default());
    raw::post(site, &path, &headers, large.to_string().as_bytes())?.expect(&[413])?;
    // A ping comes through in any case.
    let message = sse.message("ping", &json!({}));
    sse.post(&message)?.expect(&[202])?;
    for _ in 0..3 {
        let said = sse.events.message()?;
        if said.at("/id") == message.at("/id") && said.get("result").is_some() {
            return Ok(());
        }
        ensure!(said.get("error").is_some(), "{said}");
    }
    bail!("the ping was not answered")
}

fn answers_and_errors_come_through_the_stream(site: &Site) -> Result<()> {
    let session = streaming(site, "sse-errors")?;
    let mut sse = open(&session)?;
    sse.initialize()?;
    for (method, params, code) in [
        ("tools/destroy", json!({}), -32601),
        ("server/discover", json!({}), -32601),
        ("tools/call", json!({ "name": "nobody" }), -32602),
        ("prompts/get", json!({ "name": "nobody" }), -32602),
        ("resources/read", json!({ "uri": "microsoft://nothing" }), -32002),
    ] {
        let response = sse.ask(method, &params)?;
        ensure!(response.at("/error/code") == &json!(code), "{method}: {response}");
    }
    let failed = sse.result("tools/call", &json!({ "name": "getEmails", "arguments": { "count": 0 } }))?;
    ensure!(failed.at("/isError") == &Value::Bool(true), "{failed}");
    for id in [json!("text"), json!(0), json!("7")] {
        sse.post(&json!({ "jsonrpc": "2.0", "id": id, "method": "ping" }))?.expect(&[202])?;
        let response = sse.events.message()?;
        ensure!(response.at("/id") == &id, "id {id} came back in {response}");
    }
    let narrow = Session::by(
        site,
        site.person("sse-narrow")?,
        session.client.discovered.client()?,
        Some("User.Read"),
    )?;
    let mut sse = open(&narrow)?;
    // Where the transport leaves it open: a scope that is missing is told by the POST, or in the stream.
    let message = sse.message("tools/call", &json!({ "name": "getEmails", "arguments": {} }));
    let answer = sse.post(&message)?;
    answer.expect(&[202, 403])?;
    if answer.status == 202 {
        let response = sse.events.message()?;
        let failed = response.get("error").is_some() || response.at("/result/isError") == &Value::Bool(true);
        ensure!(failed, "{response}");
    }
    ensure!(narrow.graph_requests()?.is_empty(), "Graph was called without the scope");
    Ok(())
}

fn progress_comes_through_the_stream(site: &Site) -> Result<()> {
    let session = streaming(site, "sse-progress")?;
    let mut sse = open(&session)?;
    sse.initialize()?;
    let call = json!({ "name": "getEmails", "arguments": { "count": 1 }, "_meta": { "progressToken": "p" } });
    let message = sse.message("tools/call", &call);
    sse.post(&message)?.expect(&[202])?;
    let mut told = 0;
    loop {
        let said = sse.events.message()?;
        if said.at("/id") == message.at("/id") {
            ensure!(said.at("/result/content/0/text").is_string(), "{said}");
            break;
        }
        ensure!(said.text("/method")? == "notifications/progress", "{said}");
        ensure!(said.at("/params/progressToken") == "p", "{said}");
        told += 1;
    }
    ensure!(told > 0, "nothing was told on the way");
    sse.expect_silence()
}

fn what_a_client_declares_in_its_stream_counts_for_its_calls(site: &Site) -> Result<()> {
    let mut session = streaming(site, "sse-declared")?;
    sign_out(&mut session)?;
    let call = json!({ "name": "getEmails", "arguments": { "count": 1 } });
    let newest = LEGACY[0];
    for (declared, asked) in [(able(), true), (json!({}), false)] {
        let mut sse = open(&session)?;
        sse.version = Some(newest);
        let hello = json!({ "protocolVersion": newest, "capabilities": declared, "clientInfo": { "name": "contract", "version": "1" } });
        ensure!(sse.result("initialize", &hello)?.text("/protocolVersion")? == newest, "another revision");
        let response = sse.ask("tools/call", &call)?;
        let link = site.edge("/connect")?;
        if asked {
            ensure!(response.at("/error/code") == &json!(-32042), "{response}");
            ensure!(response.text("/error/data/elicitations/0/url")? == link.as_str(), "{response}");
        } else {
            ensure!(response.at("/result/isError") == &Value::Bool(true), "{response}");
            ensure!(response.text("/result/content/0/text")?.contains(link.as_str()), "{response}");
        }
    }
    Ok(())
}

fn a_call_is_cancelled_through_the_session(site: &Site) -> Result<()> {
    let session = streaming(site, "sse-cancel")?;
    let email = &session.person.email;
    let (mut sse, mut beside) = (open(&session)?, open(&session)?);
    site.control
        .fault(&json!({ "target": "graph", "person": email, "kind": "status", "status": 429, "times": 1 }))?;
    let call = json!({ "name": "sendEmail", "arguments": { "to": "blair@contoso.example", "subject": "s", "body": "b" } });
    let message = sse.message("tools/call", &call);
    sse.post(&message)?.expect(&[202])?;
    session.await_graph_request()?;
    let cancelled = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": message.at("/id") } });
    // Another session of the same grant has calls of its own.
    beside.post(&cancelled)?.expect(&[202])?;
    beside.expect_silence()?;
    ensure!(session.graph_requests()?.len() == 1, "the wait is over already");
    sse.post(&cancelled)?.expect(&[202])?;
    bounded("the outcome is in the journal", || {
        let records = session.records()?.context("the journal can be read")?;
        let outcome = records.iter().find(|record| record.field("phase") == "outcome");
        let Some(outcome) = outcome else { return Ok(false) };
        ensure!([outcome.field("verdict"), outcome.field("code")].contains(&"cancelled"), "{outcome:?}");
        Ok(true)
    })?;
    ensure!(site.control.graph("sent", email)?.is_empty(), "the effect came all the same");
    Ok(())
}

fn posts_to_the_address_of_the_stream_are_answered_as_at_mcp(site: &Site) -> Result<()> {
    let session = streaming(site, "sse-streamable")?;
    ensure!(session.mcp.url == sse_url(site)?, "{}", session.mcp.url);
    for version in [&[MODERN][..], &LEGACY].concat() {
        let mcp = session.mcp.speaking(version);
        mcp.tool("getEmails", &json!({ "count": 1 }))?.success()?;
        mcp.send("prompts/list", &Value::Null)?.result()?;
    }
    let initialize = json!({ "protocolVersion": LEGACY[0], "capabilities": {}, "clientInfo": { "name": "contract", "version": "1" } });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize });
    let reply = Reply::read(session.mcp.bare().json(&message).send()?)?;
    ensure!(reply.result()?.text("/protocolVersion")? == LEGACY[0], "{}", reply.answer);
    session.mcp.send("initialize", &initialize)?.expect_error(&[404], &[-32601])?;
    let mut narrow = session.mcp.clone();
    narrow.token = String::new();
    narrow.tool("getEmails", &json!({}))?.answer.expect(&[401])?;
    Ok(())
}

fn other_methods_foreign_origins_and_foreign_hosts_are_refused(site: &Site) -> Result<()> {
    let session = streaming(site, "sse-methods")?;
    let sse = open(&session)?;
    let token = &session.tokens.access;
    for (method, url) in [
        ("DELETE", sse_url(site)?),
        ("PUT", sse_url(site)?),
        ("GET", sse.endpoint.clone()),
        ("DELETE", sse.endpoint.clone()),
    ] {
        Request::new(method, &url)
            .bearer(token)
            .send()?
            .expect(&[405])
            .with_context(|| format!("{method} {url}"))?;
    }
    for origin in ["https://evil.example", "null"] {
        let stream = Sse::request(&sse_url(site)?, token).header("origin", origin);
        Events::open(&stream)?.answer.expect(&[403])?;
        let post = Request::post(&sse.endpoint).bearer(token).header("origin", origin);
        post.json(&ping(1)).send()?.expect(&[403])?;
    }
    for path in ["/sse", sse.endpoint.path()] {
        let head = format!(
            "GET {path} HTTP/1.1\nHost: evil.example\nAuthorization: Bearer {token}\nAccept: text/event-stream\nConnection: close"
        );
        let answer: Answer = raw::request(&site.origin, &head, b"")?;
        answer.expect(&[400, 403, 421])?;
    }
    // A token in the address is none, and the id of a session is no credential.
    let mut url = sse_url(site)?;
    url.query_pairs_mut().append_pair("access_token", token);
    Request::get(&url).header("accept", "text/event-stream").send()?.expect(&[401])?;
    Request::post(&sse.endpoint).json(&ping(1)).send()?.expect(&[401])?;
    Ok(())
}

fn calls_of_a_session_are_governed_and_recorded_like_any(site: &Site) -> Result<()> {
    let session = streaming(site, "sse-governed")?;
    let mut sse = open(&session)?;
    sse.initialize()?;
    // It stays with the person, so it waits for nobody's approval and asks Graph once.
    let draft = json!({ "name": "createDraft", "arguments": { "subject": "s", "body": "b" } });
    let drafted = sse.result("tools/call", &draft)?;
    ensure!(drafted.at("/isError") != &Value::Bool(true), "{drafted}");
    let logs = site.control.gateway_logs_of(&session.person.email)?;
    ensure!(logs.len() == 1, "{logs:?}");
    ensure!(logs.iter().all(|log| log.at("/metadata/mcpTool") == "createDraft"), "{logs:?}");
    ensure!(logs.iter().all(|log| log.at("/metadata/mcpClient") == session.client.id.as_str()), "{logs:?}");
    let Some(records) = session.records()? else { return Ok(()) };
    let of_call: Vec<_> = records.iter().filter(|record| record.field("tool") == "createDraft").collect();
    ensure!(of_call.len() == 2 && of_call.iter().any(|record| record.is("outcome", "done")), "{of_call:?}");
    ensure!(!format!("{records:?}").contains(&sse.id()?), "the id of a session is in the records");
    Ok(())
}
