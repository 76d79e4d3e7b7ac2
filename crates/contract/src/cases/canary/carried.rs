//! What clients carry for us or type into their applications: cursors, states, ids of sessions, arguments of prompts, what
//! is to be completed, and the address that downloads a file without a token.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{Day, PIECE_OF_MAIL, strings};
use crate::cases::me::page_and_form;
use crate::http::Request;
use crate::json::Look as _;
use crate::mcp::{LEGACY, Mcp};
use crate::oauth::Discovered;
use crate::session::Session;
use crate::sse::Sse;

/// What the address that downloads a file holds, for every file of every person.
const DOWNLOAD: &str = "eyJjYW5hcnkiOiJkb3dubG9hZFVy";

pub(super) fn carry(day: &mut Day<'_>, session: &mut Session<'_>) -> Result<()> {
    typed(day, session)?;
    read(day, session)?;
    continued(day, session)?;
    asked(day, session)?;
    streamed(day)
}

/// Arguments of prompts, and what was typed so far.
fn typed(day: &mut Day<'_>, session: &Session<'_>) -> Result<()> {
    day.plant("an argument of a prompt", "canary argument of a prompt 71c4")?;
    day.plant("what was typed", "canary-typed-so-far-c0d9")?;
    let meeting = json!({ "meeting": "canary argument of a prompt 71c4" });
    session.mcp.prompt("prepareForMeeting", &meeting)?.result()?;
    let complete = json!({ "ref": { "type": "ref/prompt", "name": "draftReply" }, "argument": { "name": "person", "value": "canary-typed-so-far-c0d9" } });
    session.mcp.send("completion/complete", &complete)?.result()?;
    let wrong = json!({ "meeting": ["canary argument of a prompt 71c4"] });
    let refused = session.mcp.prompt("prepareForMeeting", &wrong)?;
    ensure!(refused.error_code().is_some(), "{}", refused.answer);
    day.saw("a prompt that was refused", &refused.answer);
    Ok(())
}

/// A message with its body, and a file without what downloads it.
fn read(day: &mut Day<'_>, session: &Session<'_>) -> Result<()> {
    day.plant("the address that downloads a file", DOWNLOAD)?;
    let email = &session.person.email;
    for (collection, path) in [("messages", "messages"), ("files", "files")] {
        let items = day.site.control.graph(collection, email)?;
        let id = items.last().context("an item")?.text("/id")?;
        let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
        let reply = session.mcp.resource(&format!("microsoft://{path}/{id}"))?;
        let data: Value = serde_json::from_str(reply.result()?.text("/contents/0/text")?)?;
        let texts =
            strings(&data).into_iter().filter(|text| text.contains(' ') && text.len() > PIECE_OF_MAIL);
        texts.take(5).try_for_each(|text| day.plant("what a template read", text.trim()))?;
        if path == "files" {
            day.saw("the reading of a file", &reply.answer);
        }
    }
    Ok(())
}

/// A cursor, and cursors that are none.
fn continued(day: &mut Day<'_>, session: &Session<'_>) -> Result<()> {
    let first = session.tool("getEmails", &json!({ "count": 2 }))?;
    let cursor = first.content()?.text("/nextCursor")?.to_owned();
    day.plant("a cursor", &cursor)?;
    session.tool("getEmails", &json!({ "cursor": cursor }))?.content()?;
    for (tool, cursor) in [("getContacts", cursor.clone()), ("getEmails", format!("{cursor}x"))] {
        let refused = session.tool(tool, &json!({ "cursor": cursor }))?;
        refused.expect_invalid("cursor")?;
        day.saw("a cursor that counts for nothing", &refused.answer);
    }
    Ok(())
}

/// The state of a call that waited for its person, and the id of a session.
fn asked(day: &mut Day<'_>, session: &mut Session<'_>) -> Result<()> {
    let (page, form) = page_and_form(session, "/me/sign-out")?;
    session.browser.submit(&page, &form, None)?.page()?.answer.expect(&[200])?;
    let able = json!({ "elicitation": { "url": {} } });
    let mcp = session.mcp.declaring(able.clone());
    let call = json!({ "name": "getEmails", "arguments": { "count": 1 } });
    let reply = mcp.send("tools/call", &call)?;
    let state = reply.result()?.text("/requestState")?.to_owned();
    day.plant("the state of a call", &state)?;
    let initialize = json!({ "protocolVersion": LEGACY[0], "capabilities": able, "clientInfo": { "name": "contract", "version": "1" } });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize });
    let opened = session.mcp.bare().json(&message).send()?;
    let id = opened.header("mcp-session-id").with_context(|| opened.to_string())?.to_owned();
    day.plant("the id of a session", &id)?;
    let legacy = Mcp { headers: vec![("mcp-session-id".to_owned(), id)], ..session.mcp.speaking(LEGACY[0]) };
    day.saw("a call without a sign-in", &legacy.send("tools/call", &call)?.answer);
    session.browser.page(&day.site.edge("/connect")?)?.answer.expect(&[200])?;
    let mut retry = call;
    let fields = retry.as_object_mut().context("an object")?;
    fields.insert("requestState".to_owned(), json!(state));
    let name =
        reply.result()?.at("/inputRequests").as_object().and_then(|asked| asked.keys().next().cloned());
    fields
        .insert("inputResponses".to_owned(), json!({ name.context("a question")?: { "action": "accept" } }));
    mcp.send("tools/call", &retry)?.content()?;
    let replayed = mcp.send("tools/call", &retry)?;
    replayed.expect_error(&[200, 400], &[-32602])?;
    day.saw("a state that came twice", &replayed.answer);
    day.plant_cookies(&mut session.browser)
}

/// The id of a stream, in its address and where it does not count.
fn streamed(day: &mut Day<'_>) -> Result<()> {
    let (site, url) = (day.site, day.site.edge("/sse")?);
    let client = Discovered::at(&url)?.client()?;
    let mut session = Session::by(site, site.person("canary-stream")?, client, None)?;
    day.plant_tokens(&session.tokens)?;
    day.plant_cookies(&mut session.browser)?;
    let mut sse = Sse::open(&url, &session.tokens.access)?;
    day.plant("the id of a stream", &sse.id()?)?;
    sse.initialize()?;
    sse.result("tools/call", &json!({ "name": "getEmails", "arguments": { "count": 1 } }))?;
    let ping = json!({ "jsonrpc": "2.0", "id": 9, "method": "ping" });
    day.saw("a message without a token", &Request::post(&sse.endpoint).json(&ping).send()?);
    let foreign = Session::by(site, site.person("canary-foreign")?, session.client.clone(), None)?;
    day.plant_tokens(&foreign.tokens)?;
    day.saw("a message of somebody else", &sse.post_with(&foreign.tokens.access, &ping)?);
    Ok(())
}
