//! What a deployment offers, and which permissions it asks for: profiles, lists of names, step-up.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::json::Look as _;
use crate::mcp::Reply;
use crate::oauth::{Discovered, challenge};
use crate::session::Session;
use crate::site::Site;

const READ_ONLY: &[(&str, &str)] = &[("PROFILE", "read-only"), ("SCOPES_AT_SIGN_IN", "least")];
const STANDARD: &[(&str, &str)] = &[("PROFILE", "standard"), ("SCOPES_AT_SIGN_IN", "least")];
const FULL: &[(&str, &str)] = &[("SCOPES_AT_SIGN_IN", "least")];
const NARROWED: &[(&str, &str)] = &[
    ("TOOLS_ALLOW", "getEmails sendEmail listRooms authenticate microsoft://profile"),
    ("TOOLS_DENY", "sendEmail"),
];
const ROOMS: &[(&str, &str)] = &[("PROFILE", "read-only"), ("TOOLS_ALLOW", "listRooms getEmails")];

table! { "toolsets":
    shared(READ_ONLY) read_only_offers_thirty_reads_that_people_can_consent_to,
    shared(STANDARD) standard_offers_reads_and_writes_that_stay_with_the_person,
    shared(STANDARD) standard_writes_nothing_that_others_use_too,
    shared(FULL) full_offers_all_sixty,
    shared(FULL) a_sign_in_asks_for_nothing_that_an_administrator_must_grant,
    shared(FULL) a_call_that_needs_more_names_it_and_works_once_it_is_given,
    shared(FULL) what_an_administrator_has_not_granted_is_explained_at_the_sign_in,
    shared(NARROWED) what_is_not_named_is_neither_listed_nor_done,
    shared(ROOMS) a_name_brings_an_administrator_s_read_to_read_only,
    shared every_tool_is_offered_once_and_described_within_its_budget,
}

/// Reads that need an administrator's consent, by their permission.
const ADMINISTERED: [(&str, &str); 6] = [
    ("getChannelMessages", "ChannelMessage.Read.All"),
    ("getManager", "User.Read.All"),
    ("getTranscript", "OnlineMeetingTranscript.Read.All"),
    ("listGroupMembers", "GroupMember.ReadBasic.All"),
    ("listRooms", "Place.Read.All"),
    ("listTranscripts", "OnlineMeetingTranscript.Read.All"),
];

/// The most that one tool may take of a model's context, in bytes.
const TOOL_BYTES: usize = 2_400;

fn listed(session: &Session<'_>) -> Result<Vec<Value>> {
    let (mut tools, mut params) = (Vec::new(), json!({}));
    loop {
        let page = session.mcp.send("tools/list", &params)?;
        tools.extend(page.result()?.list("/tools")?.iter().cloned());
        let Some(cursor) = page.result()?.at("/nextCursor").as_str() else { return Ok(tools) };
        params = json!({ "cursor": cursor });
    }
}

fn names(tools: &[Value]) -> Vec<&str> {
    tools.iter().filter_map(|tool| tool.at("/name").as_str()).collect()
}

/// What the token endpoint said was granted.
fn granted(session: &Session<'_>) -> Result<String> {
    Ok(session.tokens.answer.text("/scope")?.to_owned())
}

fn expect_step_up(reply: &Reply, scope: &str) -> Result<()> {
    ensure!(reply.answer.status == 403, "not a refusal: {}", reply.answer);
    ensure!(challenge(&reply.answer, "error").as_deref() == Some("insufficient_scope"), "{}", reply.answer);
    let named = challenge(&reply.answer, "scope").context("no scope in the challenge")?;
    ensure!(named.split(' ').any(|one| one == scope), "{scope} is not named: {named}");
    Ok(())
}

fn read_only_offers_thirty_reads_that_people_can_consent_to(site: &Site) -> Result<()> {
    let session = Session::open(site, "reads")?;
    let tools = listed(&session)?;
    ensure!(tools.len() == 30, "{} tools: {:?}", tools.len(), names(&tools));
    for tool in &tools {
        ensure!(tool.at("/annotations/readOnlyHint") == &Value::Bool(true), "{tool}");
    }
    for (name, _) in ADMINISTERED {
        ensure!(!names(&tools).contains(&name), "{name} is offered");
    }
    let text =
        session.tool("sendEmail", &json!({ "to": "b@contoso.example", "subject": "s", "body": "b" }))?;
    ensure!(text.failure()?.contains("read-only"), "{}", text.answer);
    let rooms = session.tool("listRooms", &json!({}))?.failure()?;
    ensure!(rooms.contains("does not offer"), "{rooms}");
    ensure!(session.graph_requests()?.is_empty(), "something reached Graph");
    Ok(())
}

fn standard_offers_reads_and_writes_that_stay_with_the_person(site: &Site) -> Result<()> {
    let session = Session::open(site, "standard")?;
    let tools = listed(&session)?;
    ensure!(tools.len() == 36 + 9, "{} tools: {:?}", tools.len(), names(&tools));
    ensure!(names(&tools).contains(&"createDraft") && !names(&tools).contains(&"sendDraft"));
    ensure!(!names(&tools).contains(&"trashEmail"), "a destructive tool is offered");
    let draft = json!({ "to": ["blair@contoso.example"], "subject": "s", "body": "b" });
    session.tool("createDraft", &draft)?.content()?;
    Ok(())
}

fn standard_writes_nothing_that_others_use_too(site: &Site) -> Result<()> {
    let every = Discovered::at(&site.mcp)?.server.list("/scopes_supported")?.to_vec();
    let every: Vec<&str> = every.iter().filter_map(Value::as_str).collect();
    let session = Session::with_scope(site, "standard-shared", &every.join(" "))?;
    let draft = json!({ "to": ["blair@contoso.example"], "subject": "s", "body": "b", "mailbox": "support@contoso.example" });
    let refused = session.tool("createDraft", &draft)?.failure()?;
    ensure!(refused.contains("`standard`"), "{refused}");
    ensure!(session.graph_requests()?.is_empty(), "something reached Graph");
    Ok(())
}

fn full_offers_all_sixty(site: &Site) -> Result<()> {
    let session = Session::open(site, "sixty")?;
    let tools = listed(&session)?;
    ensure!(tools.len() == 60, "{} tools: {:?}", tools.len(), names(&tools));
    for (name, _) in ADMINISTERED {
        ensure!(names(&tools).contains(&name), "{name} is not offered");
    }
    Ok(())
}

fn a_sign_in_asks_for_nothing_that_an_administrator_must_grant(site: &Site) -> Result<()> {
    let discovered = Discovered::at(&site.mcp)?;
    let asked = discovered.resource.strings("/scopes_supported").join(" ");
    let every = discovered.server.strings("/scopes_supported").join(" ");
    for (tool, scope) in ADMINISTERED {
        ensure!(!asked.contains(scope), "{scope} of {tool} is asked for: {asked}");
        ensure!(every.contains(scope), "{scope} of {tool} cannot be asked for: {every}");
    }
    ensure!(!asked.contains(".Shared") || asked.contains("Calendars.Read.Shared"), "{asked}");
    ensure!(!asked.contains("Mail.Read.Shared") && every.contains("Mail.Read.Shared"), "{asked}");
    let session = Session::open(site, "asked")?;
    let granted = granted(&session)?;
    ensure!(granted.split(' ').all(|scope| asked.contains(scope)), "{granted} is more than {asked}");
    Ok(())
}

fn a_call_that_needs_more_names_it_and_works_once_it_is_given(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "step-up")?;
    for (tool, arguments, scope) in [
        ("listRooms", json!({}), "Place.Read.All"),
        ("getEmails", json!({ "mailbox": "support@contoso.example" }), "Mail.Read.Shared"),
    ] {
        let refused = session.tool(tool, &arguments)?;
        expect_step_up(&refused, scope)?;
        ensure!(session.graph_requests()?.is_empty(), "something reached Graph for {tool}");
        let wanted = challenge(&refused.answer, "scope").context("no scope in the challenge")?;
        let more = format!("{} {wanted}", granted(&session)?);
        session = Session::of(site, session.person.clone(), Some(&more))?;
        session.tool(tool, &arguments)?.content().with_context(|| format!("{tool} after the step"))?;
        session = Session::of(site, site.person("step-up-next")?, None)?;
    }
    Ok(())
}

fn what_an_administrator_has_not_granted_is_explained_at_the_sign_in(site: &Site) -> Result<()> {
    let person = site.person_with("unadministered", &json!({ "adminConsent": false }))?;
    let session = Session::of(site, person.clone(), None)?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content().context("the rest works")?;
    expect_step_up(&session.tool("listRooms", &json!({}))?, "Place.Read.All")?;
    let more = format!("{} Place.Read.All", granted(&session)?);
    let refused = Session::of(site, person, Some(&more));
    let told = refused.err().map(|error| format!("{error:#}")).context("it was granted all the same")?;
    ensure!(told.contains("administrator"), "{told}");
    Ok(())
}

fn what_is_not_named_is_neither_listed_nor_done(site: &Site) -> Result<()> {
    let session = Session::open(site, "narrowed")?;
    let tools = listed(&session)?;
    let mut offered = names(&tools);
    offered.sort_unstable();
    ensure!(offered == ["authenticate", "getEmails", "listRooms"], "{offered:?}");
    for (tool, arguments) in [
        ("sendEmail", json!({ "to": "b@contoso.example", "subject": "s", "body": "b" })),
        ("searchEmails", json!({ "query": "x" })),
    ] {
        let refused = session.tool(tool, &arguments)?.failure()?;
        ensure!(refused.contains("does not offer this tool"), "{tool}: {refused}");
    }
    let resources = session.mcp.send("resources/list", &Value::Null)?;
    let resources: Vec<&str> =
        resources.result()?.list("/resources")?.iter().map(|one| one.text("/uri")).collect::<Result<_>>()?;
    ensure!(resources == ["microsoft://profile"], "{resources:?}");
    ensure!(session.mcp.resource("microsoft://calendars")?.error_code().is_some(), "a resource was read");
    ensure!(session.graph_requests()?.is_empty(), "something reached Graph");
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    Ok(())
}

fn a_name_brings_an_administrator_s_read_to_read_only(site: &Site) -> Result<()> {
    let session = Session::open(site, "rooms")?;
    let tools = listed(&session)?;
    ensure!(names(&tools).contains(&"listRooms"), "{:?}", names(&tools));
    session.tool("listRooms", &json!({}))?.content()?;
    Ok(())
}

fn every_tool_is_offered_once_and_described_within_its_budget(site: &Site) -> Result<()> {
    let session = Session::open(site, "budget")?;
    let tools = listed(&session)?;
    for tool in &tools {
        let name = tool.text("/name")?;
        ensure!(names(&tools).iter().filter(|other| **other == name).count() == 1, "{name} is there twice");
        let bytes = tool.to_string().len();
        ensure!(bytes <= TOOL_BYTES, "{name} takes {bytes} bytes");
        ensure!(!tool.to_string().contains("$ref"), "{name} refers to another schema");
    }
    Ok(())
}
