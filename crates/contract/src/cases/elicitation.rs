//! A call that needs its person at Microsoft first: the client is sent there in the form it declared, and what it brings
//! back counts for this very call, once.
//!
//! Source: MCP 2026-07-28, "Multi Round-Trip Requests"; MCP 2025-11-25, "Elicitation", URL mode.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::managed::{MANAGED, vouched};
use super::me::page_and_form;
use super::microsoft::outlive_microsoft_token;
use crate::json::Look as _;
use crate::mcp::{LEGACY, MODERN, Mcp, Reply};
use crate::session::Session;
use crate::site::Site;

table! { "elicitation":
    shared a_client_that_can_is_sent_to_connect_and_its_retry_runs_the_call,
    shared who_declines_gets_an_error_and_no_effect,
    shared who_accepts_and_does_not_sign_in_gets_no_effect,
    shared a_client_that_cannot_be_asked_gets_the_link,
    shared a_client_of_2025_11_25_that_can_is_told_by_its_own_error,
    shared a_session_id_is_a_statement_of_its_own_client_only,
    shared earlier_revisions_get_the_link_whatever_they_declare,
    shared whoever_is_signed_in_is_never_asked,
    shared nothing_but_a_call_is_answered_with_a_question,
    own a_link_that_microsoft_ended_asks_again,
    shared(MANAGED) a_person_who_never_linked_is_asked_in_a_managed_deployment_too,
}

/// What a client declares that opens addresses.
pub(super) fn able() -> Value {
    json!({ "elicitation": { "url": {} } })
}

/// A new person who has a grant and is signed out of Microsoft.
pub(super) fn signed_out<'a>(site: &'a Site, name: &str) -> Result<Session<'a>> {
    let mut session = Session::open(site, name)?;
    sign_out(&mut session)?;
    session.mcp = session.mcp.declaring(able());
    Ok(session)
}

pub(super) fn sign_out(session: &mut Session<'_>) -> Result<()> {
    let (page, form) = page_and_form(session, "/me/sign-out")?;
    session.browser.submit(&page, &form, None)?.page()?.answer.expect(&[200]).map(drop)
}

pub(super) fn link(session: &mut Session<'_>) -> Result<()> {
    let url = session.site.edge("/connect")?;
    session.browser.page(&url)?.answer.expect(&[200]).map(drop)
}

/// A call with an effect that stays with the person, so it waits for nobody's approval.
pub(super) fn writing() -> Value {
    let arguments = json!({ "to": ["blair@contoso.example"], "subject": "s", "body": "b" });
    json!({ "name": "createDraft", "arguments": arguments })
}

/// What the server asked for.
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) state: String,
}

/// Expects that the client is asked to send its person to the page that links Microsoft, and for nothing else.
fn asked(site: &Site, reply: &Reply) -> Result<Asked> {
    let result = reply.result()?;
    ensure!(result.text("/resultType")? == "input_required", "{}", reply.answer);
    ensure!(result.get("content").is_none() && result.get("isError").is_none(), "{}", reply.answer);
    let requests = result.at("/inputRequests").as_object().with_context(|| reply.answer.to_string())?;
    let (name, request) = requests.iter().next().with_context(|| reply.answer.to_string())?;
    ensure!(requests.len() == 1, "more than one question: {}", reply.answer);
    ensure!(request.text("/method")? == "elicitation/create", "{}", reply.answer);
    ensure!(request.text("/params/mode")? == "url", "{}", reply.answer);
    ensure!(request.text("/params/url")? == site.edge("/connect")?.as_str(), "{}", reply.answer);
    ensure!(request.text("/params/message")?.len() > 20, "{}", reply.answer);
    ensure!(request.at("/params/elicitationId").is_null(), "2026-07-28 has no such id: {}", reply.answer);
    Ok(Asked { name: name.clone(), state: result.text("/requestState")?.to_owned() })
}

/// The call again, with this action and state.
pub(super) fn retried(params: &Value, asked: &Asked, action: &str) -> Value {
    let mut params = params.clone();
    if let Some(fields) = params.as_object_mut() {
        fields.insert("inputResponses".to_owned(), json!({ &asked.name: { "action": action } }));
        fields.insert("requestState".to_owned(), json!(asked.state));
    }
    params
}

/// Asks with a call, and returns what the server asks back.
pub(super) fn ask(session: &Session<'_>, params: &Value) -> Result<Asked> {
    asked(session.site, &session.mcp.send("tools/call", params)?)
}

pub(super) fn made(session: &Session<'_>) -> Result<usize> {
    Ok(session.site.control.graph("drafts", &session.person.email)?.len())
}

pub(super) fn refused(reply: &Reply, about: &str) -> Result<()> {
    reply.expect_error(&[200, 400], &[-32602]).with_context(|| about.to_owned()).map(drop)
}

/// A tool error that names the page.
fn told_the_link(site: &Site, reply: &Reply, about: &str) -> Result<()> {
    ensure!(reply.error_code().is_none(), "{about}: {}", reply.answer);
    ensure!(reply.message.at("/result/resultType") != "input_required", "{about}: {}", reply.answer);
    let sentence = reply.failure()?;
    ensure!(sentence.contains(site.edge("/connect")?.as_str()), "{about}: no link in {sentence}");
    Ok(())
}

fn a_client_that_can_is_sent_to_connect_and_its_retry_runs_the_call(site: &Site) -> Result<()> {
    let mut session = signed_out(site, "asked")?;
    let before = session.graph_requests()?.len();
    let asked = ask(&session, &writing())?;
    ensure!(made(&session)? == 0 && session.graph_requests()?.len() == before, "an effect before the answer");
    link(&mut session)?;
    let reply = session.mcp.send("tools/call", &retried(&writing(), &asked, "accept"))?;
    reply.content()?;
    ensure!(made(&session)? == 1, "{} drafts were made", made(&session)?);
    // A read goes the same way.
    sign_out(&mut session)?;
    let read = json!({ "name": "getEmails", "arguments": { "count": 1 } });
    let asked = ask(&session, &read)?;
    link(&mut session)?;
    session.mcp.send("tools/call", &retried(&read, &asked, "accept"))?.content()?;
    let Some(records) = session.records()? else { return Ok(()) };
    let done = records.iter().filter(|record| record.field("tool") == "createDraft");
    let done = done.filter(|record| record.is("outcome", "done")).count();
    ensure!(done == 1, "{done} outcomes of one message: {records:?}");
    ensure!(!format!("{records:?}").contains(&asked.state), "a state is in the records");
    Ok(())
}

fn who_declines_gets_an_error_and_no_effect(site: &Site) -> Result<()> {
    for action in ["decline", "cancel"] {
        let mut session = signed_out(site, "asked-declined")?;
        let asked = ask(&session, &writing())?;
        let retry = retried(&writing(), &asked, action);
        let reply = session.mcp.send("tools/call", &retry)?;
        let sentence = reply.failure().with_context(|| action.to_owned())?;
        ensure!(reply.error_code().is_none() && sentence.len() > 20, "{action}: {}", reply.answer);
        // That answer was the last word: the state is spent, whatever happens later.
        link(&mut session)?;
        let changed = retried(&writing(), &asked, "accept");
        refused(&session.mcp.send("tools/call", &changed)?, "accepted after all")?;
        ensure!(made(&session)? == 0, "{action} had an effect");
    }
    Ok(())
}

fn who_accepts_and_does_not_sign_in_gets_no_effect(site: &Site) -> Result<()> {
    let session = signed_out(site, "asked-in-vain")?;
    let first = ask(&session, &writing())?;
    let again = session.mcp.send("tools/call", &retried(&writing(), &first, "accept"))?;
    ensure!(
        again.success().is_err() || again.message.at("/result/resultType") == "input_required",
        "{}",
        again.answer
    );
    for responses in [json!({}), json!({ "nobody": { "action": "accept" } }), json!({ &first.name: {} })] {
        let asked = ask(&session, &writing())?;
        let mut params = retried(&writing(), &asked, "accept");
        *params.pointer_mut("/inputResponses").context("answers")? = responses.clone();
        let reply = session.mcp.send("tools/call", &params)?;
        ensure!(reply.answer.status < 500, "{responses}: {}", reply.answer);
    }
    for responses in [json!([]), json!("accept"), json!(7), Value::Null] {
        let asked = ask(&session, &writing())?;
        let mut params = retried(&writing(), &asked, "accept");
        *params.pointer_mut("/inputResponses").context("answers")? = responses.clone();
        refused(&session.mcp.send("tools/call", &params)?, &responses.to_string())?;
    }
    ensure!(made(&session)? == 0, "something was made without a sign-in");
    Ok(())
}

fn a_client_that_cannot_be_asked_gets_the_link(site: &Site) -> Result<()> {
    let session = signed_out(site, "asked-unable")?;
    for declared in [
        json!({}),
        json!({ "elicitation": {} }),
        json!({ "elicitation": { "form": {} } }),
        json!({ "elicitation": { "url": true } }),
        json!({ "elicitation": true }),
        json!({ "sampling": {}, "roots": {} }),
    ] {
        let mcp = session.mcp.declaring(declared.clone());
        told_the_link(site, &mcp.send("tools/call", &writing())?, &declared.to_string())?;
    }
    ensure!(made(&session)? == 0, "something was made without a sign-in");
    Ok(())
}

/// The session id that the server gives a client which declares this.
pub(super) fn session_id(mcp: &Mcp, version: &str, capabilities: &Value) -> Result<String> {
    let params = json!({ "protocolVersion": version, "capabilities": capabilities, "clientInfo": { "name": "contract", "version": "1" } });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
    let reply = Reply::read(mcp.bare().json(&message).send()?)?;
    reply.result()?;
    let id =
        reply.answer.header("mcp-session-id").with_context(|| format!("no session: {}", reply.answer))?;
    ensure!(id.bytes().all(|byte| byte.is_ascii_graphic()), "an id of strange characters: {}", reply.answer);
    Ok(id.to_owned())
}

pub(super) fn in_session(mcp: &Mcp, version: &'static str, id: &str) -> Mcp {
    let headers = vec![("mcp-session-id".to_owned(), id.to_owned())];
    Mcp { headers, ..mcp.speaking(version) }
}

fn a_client_of_2025_11_25_that_can_is_told_by_its_own_error(site: &Site) -> Result<()> {
    let mut session = signed_out(site, "asked-legacy")?;
    let id = session_id(&session.mcp, LEGACY[0], &able())?;
    let mcp = in_session(&session.mcp, LEGACY[0], &id);
    let reply = mcp.send("tools/call", &writing())?;
    reply.expect_error(&[200], &[-32042])?;
    let elicitations = reply.message.list("/error/data/elicitations")?;
    let [elicitation] = elicitations else { anyhow::bail!("not one elicitation: {}", reply.answer) };
    ensure!(elicitation.text("/mode")? == "url", "{}", reply.answer);
    ensure!(elicitation.text("/url")? == site.edge("/connect")?.as_str(), "{}", reply.answer);
    let (message, name) = (elicitation.text("/message")?, elicitation.text("/elicitationId")?);
    ensure!(!message.is_empty() && !name.is_empty(), "{}", reply.answer);
    ensure!(made(&session)? == 0, "something was made without a sign-in");
    link(&mut session)?;
    mcp.send("tools/call", &writing())?.content()?;
    ensure!(made(&session)? == 1, "{} drafts were made", made(&session)?);
    // Whoever declared nothing, or does not say who it is, gets the link.
    sign_out(&mut session)?;
    let quiet = session_id(&session.mcp, LEGACY[0], &json!({}))?;
    let quiet = in_session(&session.mcp, LEGACY[0], &quiet);
    told_the_link(site, &quiet.send("tools/call", &writing())?, "nothing declared")?;
    let unnamed = session.mcp.speaking(LEGACY[0]);
    told_the_link(site, &unnamed.send("tools/call", &writing())?, "no session id")
}

fn a_session_id_is_a_statement_of_its_own_client_only(site: &Site) -> Result<()> {
    let (session, other) = (signed_out(site, "statement")?, signed_out(site, "statement-other")?);
    let foreign = session_id(&other.mcp, LEGACY[0], &able())?;
    let own = session_id(&session.mcp, LEGACY[0], &able())?;
    let half = own.get(..own.len() / 2).context("ASCII")?;
    let long = "a".repeat(3000);
    for id in [foreign.as_str(), half, &format!("{own}A"), "1", &long] {
        let reply = in_session(&session.mcp, LEGACY[0], id).send("tools/call", &writing())?;
        told_the_link(site, &reply, id)?;
    }
    let mcp = in_session(&session.mcp, LEGACY[0], &own);
    mcp.send("tools/call", &writing())?.expect_error(&[200], &[-32042])?;
    // It opens nothing by itself, and nothing about it is kept: closing it is not offered.
    let mut stranger = mcp.clone();
    stranger.token = String::new();
    stranger.send("tools/call", &writing())?.answer.expect(&[401])?;
    let ended = crate::http::Request::new("DELETE", &site.mcp).bearer(&session.tokens.access);
    ended.header("mcp-session-id", &own).send()?.expect(&[405])?;
    mcp.send("tools/list", &Value::Null)?.result()?;
    // The revisions without sessions do not look at it.
    let modern = Mcp { capabilities: json!({}), ..in_session(&session.mcp, MODERN, &own) };
    told_the_link(site, &modern.send("tools/call", &writing())?, "a session in 2026-07-28")
}

fn earlier_revisions_get_the_link_whatever_they_declare(site: &Site) -> Result<()> {
    let session = signed_out(site, "asked-earlier")?;
    for version in [LEGACY[1], LEGACY[2]] {
        let id = session_id(&session.mcp, version, &able())?;
        let reply = in_session(&session.mcp, version, &id).send("tools/call", &writing())?;
        told_the_link(site, &reply, version)?;
    }
    Ok(())
}

fn whoever_is_signed_in_is_never_asked(site: &Site) -> Result<()> {
    let session = Session::open(site, "never-asked")?;
    let mcp = session.mcp.declaring(able());
    mcp.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    // Answers to a question nobody asked change nothing; a state nobody gave is refused.
    let mut params = json!({ "name": "getEmails", "arguments": { "count": 1 }, "inputResponses": { "x": { "action": "decline" } } });
    mcp.send("tools/call", &params)?.content()?;
    let fields = params.as_object_mut().context("an object")?;
    fields.insert("requestState".to_owned(), json!("nobody"));
    refused(&mcp.send("tools/call", &params)?, "a state nobody gave")?;
    // What needs no Microsoft asks for none, signed in or not.
    let session = signed_out(site, "never-asked-out")?;
    session.tool("authenticate", &json!({}))?.content().map(drop)
}

fn nothing_but_a_call_is_answered_with_a_question(site: &Site) -> Result<()> {
    let session = signed_out(site, "no-question")?;
    for method in
        ["tools/list", "prompts/list", "resources/list", "resources/templates/list", "server/discover"]
    {
        let reply = session.mcp.send(method, &Value::Null)?;
        ensure!(reply.result()?.text("/resultType")? == "complete", "{method}: {}", reply.answer);
    }
    let complete = json!({ "ref": { "type": "ref/prompt", "name": "summarizeUnread" }, "argument": { "name": "folder", "value": "" } });
    let reply = session.mcp.send("completion/complete", &complete)?;
    ensure!(reply.message.get("result").is_none(), "a completion without a sign-in: {}", reply.answer);
    // What is refused anyway is refused, not asked about.
    let mut wrong = writing();
    *wrong.pointer_mut("/arguments/to").context("a recipient")? = json!("nobody");
    session.mcp.send("tools/call", &wrong)?.expect_invalid("to")?;
    session.tool("nobody", &json!({}))?.expect_error(&[200, 400, 404], &[-32602])?;
    ensure!(session.graph_requests()?.is_empty(), "Graph was called");
    Ok(())
}

fn a_link_that_microsoft_ended_asks_again(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "asked-revoked")?;
    session.mcp = session.mcp.declaring(able());
    site.control.revoke(&session.person.email)?;
    outlive_microsoft_token(&mut session)?;
    let asked = ask(&session, &writing())?;
    session.sign_in_again()?;
    link(&mut session)?;
    session.mcp.send("tools/call", &retried(&writing(), &asked, "accept"))?.content()?;
    ensure!(made(&session)? == 1, "{} drafts were made", made(&session)?);
    Ok(())
}

fn a_person_who_never_linked_is_asked_in_a_managed_deployment_too(site: &Site) -> Result<()> {
    let person = site.person("asked-managed")?;
    let jwt = site.control.assertion(&json!({ "email": person.email }))?.jwt;
    let plain = vouched(site, &jwt, "tools/call", &writing())?;
    told_the_link(site, &plain, "nothing declared")?;
    let mcp = Mcp::new(&site.behind("/mcp")?, "").declaring(able());
    let sent = |params: &Value| {
        let request = mcp.request(&mcp.message("tools/call", params)).header("cf-access-jwt-assertion", &jwt);
        Reply::read(request.send()?)
    };
    let asked = asked(site, &sent(&writing())?)?;
    let mut browser = crate::browser::Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    browser.page(&site.edge("/connect")?)?.answer.expect(&[200])?;
    sent(&retried(&writing(), &asked, "accept"))?.content()?;
    let delivered = site.control.graph("drafts", &person.email)?.len();
    ensure!(delivered == 1, "{delivered} drafts were made");
    Ok(())
}
