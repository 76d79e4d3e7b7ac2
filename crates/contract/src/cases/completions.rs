//! Completions of arguments: what is suggested, for whom, and that each is a governed and recorded look at one's own data.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::json::Look as _;
use crate::mcp::{LEGACY, MODERN, Mcp, Reply};
use crate::oauth::challenge;
use crate::session::Session;
use crate::site::Site;

table! { "completions":
    shared completions_are_declared_and_answered_in_every_revision,
    shared folders_come_by_well_known_name_or_with_their_id,
    shared teams_and_then_their_channels_come_with_their_ids,
    shared channels_without_a_team_that_exists_are_none,
    shared people_come_with_name_and_address,
    shared the_id_of_a_person_completes_the_template,
    shared what_is_typed_narrows_what_is_suggested_and_is_never_interpreted,
    shared at_most_a_hundred_values_come_and_what_is_more_is_said,
    shared an_unknown_reference_is_refused_and_an_argument_without_completions_has_none,
    shared a_malformed_completion_is_refused_and_asks_nobody,
    shared a_completion_goes_through_the_gateway_under_its_own_name,
    shared a_completion_is_recorded_before_and_after_it_is_made,
    shared a_narrow_grant_is_told_which_scope_is_missing,
    shared nobody_is_shown_what_is_another_s,
    shared a_completion_that_fails_is_an_error_and_suggests_nothing,
}

/// Completes an argument of a prompt.
fn complete(mcp: &Mcp, prompt: &str, name: &str, value: &str, context: &Value) -> Result<Reply> {
    let mut params = json!({ "ref": { "type": "ref/prompt", "name": prompt }, "argument": { "name": name, "value": value } });
    if let (Some(params), false) = (params.as_object_mut(), context.is_null()) {
        params.insert("context".to_owned(), json!({ "arguments": context }));
    }
    mcp.send("completion/complete", &params)
}

/// Completes the variable of a template.
fn complete_template(mcp: &Mcp, uri: &str, name: &str, value: &str) -> Result<Reply> {
    let params = json!({ "ref": { "type": "ref/resource", "uri": uri }, "argument": { "name": name, "value": value } });
    mcp.send("completion/complete", &params)
}

fn values(reply: &Reply) -> Result<Vec<String>> {
    let values = reply.result()?.list("/completion/values")?;
    let texts: Vec<String> = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    ensure!(texts.len() == values.len() && texts.len() <= 100, "values: {}", reply.answer);
    Ok(texts)
}

/// Whether nothing is suggested, or the parameters are refused as what they are.
fn suggests_nothing(reply: &Reply) -> Result<bool> {
    if reply.error_code().is_some() {
        reply.expect_error(&[200, 400], &[-32602])?;
        return Ok(true);
    }
    Ok(values(reply)?.is_empty())
}

/// What stands in the last parentheses or angle brackets.
fn inner(value: &str, open: char, close: char) -> Option<&str> {
    value.strip_suffix(close)?.rsplit_once(open).map(|(_, inner)| inner)
}

fn completions_are_declared_and_answered_in_every_revision(site: &Site) -> Result<()> {
    let session = Session::open(site, "complete")?;
    for version in [&[MODERN][..], &LEGACY].concat() {
        let mcp = session.mcp.speaking(version);
        let reply = complete(&mcp, "summarizeUnread", "folder", "", &Value::Null)?;
        ensure!(values(&reply)?.contains(&"inbox".to_owned()), "{version}: {}", reply.answer);
    }
    let discovered = session.mcp.send("server/discover", &Value::Null)?;
    ensure!(discovered.result()?.at("/capabilities/completions").is_object(), "{}", discovered.answer);
    let reply = complete(&session.mcp, "summarizeUnread", "folder", "inbox", &Value::Null)?;
    ensure!(reply.result()?.text("/resultType")? == "complete", "{}", reply.answer);
    Ok(())
}

fn folders_come_by_well_known_name_or_with_their_id(site: &Site) -> Result<()> {
    let session = Session::open(site, "complete-folder")?;
    let folders = site.control.graph("folders", &session.person.email)?;
    let shown = values(&complete(&session.mcp, "summarizeUnread", "folder", "", &Value::Null)?)?;
    let mut own = 0;
    for folder in folders.iter().filter(|folder| folder.at("/isHidden") != &Value::Bool(true)) {
        let (name, id) = (folder.text("/displayName")?, folder.text("/id")?);
        let known = folder.at("/wellKnownName").as_str();
        // Graph tells nobody which folder has which well-known name, so those with less common ones may come by id.
        let by_name = known.is_some_and(|known| shown.iter().any(|value| value == known));
        let by_id = shown.iter().find(|value| inner(value, '(', ')') == Some(id));
        ensure!(by_name || by_id.is_some(), "no {name}: {shown:?} of {folder}");
        if let Some(value) = by_id {
            ensure!(value.starts_with(name), "{value} is {name}");
            let read = session.tool("getEmails", &json!({ "folder": id, "count": 1 }))?;
            read.content().with_context(|| value.clone())?;
            own += 1;
        }
    }
    for known in ["inbox", "sentitems", "drafts", "archive", "deleteditems", "junkemail"] {
        ensure!(shown.iter().any(|value| value == known), "no {known}: {shown:?}");
    }
    ensure!(own > 0, "no folder of the person's own: {shown:?} of {folders:?}");
    // What is suggested is good as it is where it is a well-known name.
    session.tool("getEmails", &json!({ "folder": "inbox", "count": 1 }))?.content().map(drop)
}

fn teams_and_then_their_channels_come_with_their_ids(site: &Site) -> Result<()> {
    let session = Session::open(site, "complete-team")?;
    let email = &session.person.email;
    let teams = values(&complete(&session.mcp, "postUpdate", "team", "", &Value::Null)?)?;
    let known = site.control.graph("teams", email)?;
    ensure!(!teams.is_empty() && teams.len() == known.len(), "{teams:?} of {known:?}");
    let channels = site.control.graph("channels", email)?;
    for team in &teams {
        let id = inner(team, '(', ')').with_context(|| team.clone())?;
        ensure!(known.iter().any(|team| team.at("/id") == id), "no such team: {team}");
        let of_team: Vec<_> = channels.iter().filter(|channel| channel.at("/teamId") == id).collect();
        for given in [team.as_str(), id] {
            let reply = complete(&session.mcp, "postUpdate", "channel", "", &json!({ "team": given }))?;
            let shown = values(&reply)?;
            ensure!(shown.len() == of_team.len() && !shown.is_empty(), "{given}: {shown:?} of {of_team:?}");
            for channel in &shown {
                let id = inner(channel, '(', ')').with_context(|| channel.clone())?;
                ensure!(of_team.iter().any(|known| known.at("/id") == id), "{channel} is not of {team}");
            }
        }
    }
    let (team, channel) = (teams.first().context("a team")?, channels.first().context("a channel")?);
    let ids = [inner(team, '(', ')').context("an id")?, channel.text("/id")?];
    ensure!(ids.iter().all(|id| !id.is_empty()), "{ids:?}");
    Ok(())
}

fn channels_without_a_team_that_exists_are_none(site: &Site) -> Result<()> {
    let session = Session::open(site, "complete-channel")?;
    for context in [Value::Null, json!({}), json!({ "team": "" }), json!({ "channel": "General" })] {
        let reply = complete(&session.mcp, "postUpdate", "channel", "", &context)?;
        ensure!(suggests_nothing(&reply)?, "channels of no team for {context}: {}", reply.answer);
    }
    ensure!(session.graph_requests()?.is_empty(), "channels of no team were asked for");
    for team in
        ["nobody", "../users", "x (../../users)", "x (f9725686/../../me)", "x (%2e%2e%2fusers)", "x ()"]
    {
        // What Graph says of a team that it does not know is an error like any of Graph's.
        let reply = complete(&session.mcp, "postUpdate", "channel", "", &json!({ "team": team }))?;
        let none = reply.error_code().is_some() || values(&reply)?.is_empty();
        ensure!(none && reply.answer.status < 500, "channels for {team:?}: {}", reply.answer);
    }
    for request in session.graph_requests()? {
        let path = request.text("/path")?;
        let segments: Vec<_> = path.split('/').collect();
        let of_a_team = matches!(segments.as_slice(), ["", "v1.0", "teams", _, "channels"]);
        ensure!(of_a_team && !path.contains(".."), "Graph saw {request}");
    }
    Ok(())
}

fn people_come_with_name_and_address(site: &Site) -> Result<()> {
    let session = Session::open(site, "complete-person")?;
    let people = site.control.graph("people", &session.person.email)?;
    let shown = values(&complete(&session.mcp, "draftReply", "person", "", &Value::Null)?)?;
    ensure!(!shown.is_empty(), "nobody is suggested");
    for value in &shown {
        let address = inner(value, '<', '>').with_context(|| format!("no address in {value}"))?;
        let (name, _) = value.rsplit_once(" <").with_context(|| format!("no name in {value}"))?;
        let known = people.iter().any(|person| {
            person.at("/displayName") == name && person.at("/scoredEmailAddresses/0/address") == address
        });
        ensure!(known, "{value} is nobody of the person's");
    }
    Ok(())
}

fn the_id_of_a_person_completes_the_template(site: &Site) -> Result<()> {
    let session = Session::open(site, "complete-id")?;
    let people = site.control.graph("people", &session.person.email)?;
    let first = people.first().context("somebody")?;
    let name = first.text("/displayName")?;
    let reply = complete_template(&session.mcp, "microsoft://people/{id}", "id", name)?;
    let shown = values(&reply)?;
    ensure!(shown.iter().any(|id| first.at("/id") == id.as_str()), "not {first}: {}", reply.answer);
    for id in &shown {
        let read = session.mcp.resource(&format!("microsoft://people/{id}"))?;
        read.result().with_context(|| id.clone())?;
    }
    Ok(())
}

fn what_is_typed_narrows_what_is_suggested_and_is_never_interpreted(site: &Site) -> Result<()> {
    let session = Session::open(site, "complete-typed")?;
    let all = values(&complete(&session.mcp, "summarizeUnread", "folder", "", &Value::Null)?)?;
    let some = values(&complete(&session.mcp, "summarizeUnread", "folder", "in", &Value::Null)?)?;
    ensure!(some.len() < all.len() && some.contains(&"inbox".to_owned()), "{some:?} of {all:?}");
    ensure!(some.iter().all(|value| value.to_lowercase().contains("in")), "{some:?}");
    let none = complete(&session.mcp, "summarizeUnread", "folder", "no folder is called so", &Value::Null)?;
    ensure!(values(&none)?.is_empty(), "{}", none.answer);
    let people = values(&complete(&session.mcp, "draftReply", "person", "", &Value::Null)?)?;
    for typed in
        ["\" OR \"", "a' or 1 eq 1", "*", "$top=999", "..", "a&$select=mail", "😀".repeat(40).as_str()]
    {
        let reply = complete(&session.mcp, "draftReply", "person", typed, &Value::Null)?;
        let fine = suggests_nothing(&reply)? || values(&reply)?.len() <= people.len();
        ensure!(fine, "{typed:?} suggests more: {}", reply.answer);
    }
    for request in session.graph_requests()? {
        ensure!(request.text("/method")? == "GET" && !request.text("/path")?.contains(".."), "{request}");
        ensure!(
            !request.text("/query")?.contains("999&") && !request.text("/query")?.ends_with("=999"),
            "{request}"
        );
    }
    let long = complete(&session.mcp, "draftReply", "person", &"x".repeat(20_000), &Value::Null)?;
    ensure!(suggests_nothing(&long)?, "{}", long.answer);
    Ok(())
}

fn at_most_a_hundred_values_come_and_what_is_more_is_said(site: &Site) -> Result<()> {
    let session = Session::open(site, "complete-many")?;
    for (prompt, argument) in
        [("draftReply", "person"), ("summarizeUnread", "folder"), ("postUpdate", "team")]
    {
        let reply = complete(&session.mcp, prompt, argument, "", &Value::Null)?;
        let (shown, completion) = (values(&reply)?, reply.result()?.at("/completion"));
        let distinct: std::collections::BTreeSet<_> = shown.iter().collect();
        ensure!(distinct.len() == shown.len(), "a value stands twice: {}", reply.answer);
        if let Some(total) = completion.at("/total").as_u64() {
            ensure!(total >= shown.len() as u64, "{}", reply.answer);
            let more = completion.at("/hasMore") == &Value::Bool(true);
            ensure!(more == (total > shown.len() as u64), "{}", reply.answer);
        }
    }
    Ok(())
}

fn an_unknown_reference_is_refused_and_an_argument_without_completions_has_none(site: &Site) -> Result<()> {
    let session = Session::open(site, "complete-unknown")?;
    for version in [MODERN, LEGACY[0]] {
        let mcp = session.mcp.speaking(version);
        for prompt in ["nobody", "", "SummarizeUnread", "getEmails"] {
            let reply = complete(&mcp, prompt, "folder", "", &Value::Null)?;
            reply.expect_error(&[200, 400], &[-32602]).with_context(|| prompt.to_owned())?;
        }
        for uri in ["microsoft://nothing/{id}", "microsoft://people/{ID}", "microsoft://people/1", ""] {
            let reply = complete_template(&mcp, uri, "id", "")?;
            reply.expect_error(&[200, 400], &[-32602]).with_context(|| uri.to_owned())?;
        }
        for (prompt, argument) in
            [("postUpdate", "about"), ("weeklyReview", "days"), ("prepareForMeeting", "meeting")]
        {
            let reply = complete(&mcp, prompt, argument, "", &Value::Null)?;
            ensure!(values(&reply)?.is_empty(), "{argument}: {}", reply.answer);
        }
        let reply = complete_template(&mcp, "microsoft://messages/{id}", "id", "")?;
        ensure!(values(&reply)?.is_empty(), "ids of messages: {}", reply.answer);
    }
    ensure!(session.graph_requests()?.is_empty(), "Graph was asked for nothing");
    Ok(())
}

fn a_malformed_completion_is_refused_and_asks_nobody(site: &Site) -> Result<()> {
    let session = Session::open(site, "complete-malformed")?;
    let prompt = json!({ "type": "ref/prompt", "name": "summarizeUnread" });
    let argument = json!({ "name": "folder", "value": "" });
    for params in [
        json!({}),
        json!({ "ref": prompt }),
        json!({ "argument": argument }),
        json!({ "ref": "summarizeUnread", "argument": argument }),
        json!({ "ref": { "type": "ref/tool", "name": "getEmails" }, "argument": argument }),
        json!({ "ref": { "type": "ref/prompt" }, "argument": argument }),
        json!({ "ref": { "type": "ref/resource", "name": "summarizeUnread" }, "argument": argument }),
        json!({ "ref": prompt, "argument": { "name": "folder" } }),
        json!({ "ref": prompt, "argument": { "name": "folder", "value": 7 } }),
        json!({ "ref": prompt, "argument": ["folder", ""] }),
        json!({ "ref": prompt, "argument": argument, "context": "team" }),
        json!({ "ref": prompt, "argument": argument, "context": { "arguments": ["team"] } }),
    ] {
        for version in [MODERN, LEGACY[0]] {
            let reply = session.mcp.speaking(version).send("completion/complete", &params)?;
            reply.expect_error(&[200, 400], &[-32602]).with_context(|| params.to_string())?;
        }
    }
    ensure!(session.graph_requests()?.is_empty(), "a malformed completion reached Graph");
    Ok(())
}

fn a_completion_goes_through_the_gateway_under_its_own_name(site: &Site) -> Result<()> {
    let session = Session::open(site, "complete-gateway")?;
    let oid = site.control.object_id(&session.person.email)?;
    for (prompt, argument, name) in [
        ("summarizeUnread", "folder", "completion://folders"),
        ("postUpdate", "team", "completion://teams"),
        ("draftReply", "person", "completion://people"),
    ] {
        let before = site.control.gateway_logs_of(&session.person.email)?.len();
        complete(&session.mcp, prompt, argument, "", &Value::Null)?.result()?;
        let logs = site.control.gateway_logs_of(&session.person.email)?;
        ensure!(logs.len() > before, "{name} went around the gateway");
        for log in logs.iter().skip(before) {
            let metadata = log.at("/metadata");
            let mut keys: Vec<_> =
                metadata.as_object().context("metadata")?.keys().map(String::as_str).collect();
            keys.sort_unstable();
            ensure!(keys == ["mcpClient", "mcpTool", "requestId", "userEmail", "userId"], "{metadata}");
            ensure!(metadata.text("/mcpTool")? == name && metadata.text("/userId")? == oid, "{metadata}");
            ensure!(metadata.text("/mcpClient")? == session.client.id, "{metadata}");
        }
    }
    let graph = session.graph_requests()?.len();
    ensure!(site.control.gateway_logs_of(&session.person.email)?.len() == graph, "{graph} requests of Graph");
    Ok(())
}

fn a_completion_is_recorded_before_and_after_it_is_made(site: &Site) -> Result<()> {
    let session = Session::open(site, "complete-record")?;
    complete(&session.mcp, "draftReply", "person", "canary-typed-3380", &Value::Null)?.result()?;
    let Some(records) = session.records()? else { return Ok(()) };
    let of_it: Vec<_> =
        records.iter().filter(|record| record.field("tool") == "completion://people").collect();
    let [intent, outcome] = of_it.as_slice() else { anyhow::bail!("not a pair of records: {records:?}") };
    ensure!(intent.field("phase") == "intent" && outcome.is("outcome", "done"), "{of_it:?}");
    ensure!(intent.field("requestId") == outcome.field("requestId"), "{of_it:?}");
    ensure!(!format!("{records:?}").contains("canary-typed-3380"), "what was typed is recorded: {of_it:?}");
    Ok(())
}

fn a_narrow_grant_is_told_which_scope_is_missing(site: &Site) -> Result<()> {
    let session = Session::with_scope(site, "complete-narrow", "User.Read")?;
    for (prompt, argument, context, scope) in [
        ("summarizeUnread", "folder", Value::Null, "Mail.Read"),
        ("draftReply", "person", Value::Null, "People.Read"),
        ("postUpdate", "team", Value::Null, "Team.ReadBasic.All"),
        (
            "postUpdate",
            "channel",
            json!({ "team": "f9725686-65c0-4611-9d50-98d0157826e7" }),
            "Channel.ReadBasic.All",
        ),
    ] {
        let reply = complete(&session.mcp, prompt, argument, "", &context)?;
        reply.answer.expect(&[403])?;
        ensure!(
            challenge(&reply.answer, "error").as_deref() == Some("insufficient_scope"),
            "{}",
            reply.answer
        );
        let named = challenge(&reply.answer, "scope").unwrap_or_default();
        ensure!(named.split(' ').any(|one| one == scope), "{scope} is not named: {}", reply.answer);
        ensure!(reply.message.get("result").is_none(), "a refusal with a result: {}", reply.answer);
    }
    ensure!(session.graph_requests()?.is_empty(), "Graph was called without the scope");
    let Some(records) = session.records()? else { return Ok(()) };
    let denied = records.iter().filter(|record| record.field("tool").starts_with("completion://"));
    let denied: Vec<_> = denied.collect();
    ensure!(
        denied.len() == 4 && denied.iter().all(|record| record.field("verdict") == "denied"),
        "{denied:?}"
    );
    Ok(())
}

fn nobody_is_shown_what_is_another_s(site: &Site) -> Result<()> {
    let (one, other) = (Session::open(site, "complete-one")?, Session::open(site, "complete-other")?);
    let folders = |session: &Session<'_>| {
        values(&complete(&session.mcp, "summarizeUnread", "folder", "", &Value::Null)?)
    };
    let with_id = |values: Vec<String>| values.into_iter().filter(|value| value.ends_with(')'));
    let (mine, first) = (folders(&one)?, folders(&other)?);
    let foreign: Vec<String> = with_id(first).collect();
    ensure!(!foreign.is_empty() && foreign.iter().all(|value| !mine.contains(value)), "{mine:?} {foreign:?}");
    ensure!(folders(&one)? == mine, "the same person sees other folders");
    for value in foreign {
        let id = inner(&value, '(', ')').context("an id")?;
        one.tool("getEmails", &json!({ "folder": id, "count": 1 }))?.failure()?;
    }
    Ok(())
}

fn a_completion_that_fails_is_an_error_and_suggests_nothing(site: &Site) -> Result<()> {
    for fault in [
        json!({ "target": "graph", "kind": "status", "status": 403 }),
        json!({ "target": "gateway", "kind": "dlp_response" }),
        json!({ "target": "gateway", "kind": "reset" }),
    ] {
        // Somebody for each, and not once: a connection that breaks before anything was said may be tried again below us.
        let session = Session::open(site, "complete-fault")?;
        let mut fault = fault.clone();
        let fields = fault.as_object_mut().context("an object")?;
        fields.insert("person".to_owned(), json!(session.person.email));
        site.control.fault(&fault)?;
        let reply = complete(&session.mcp, "summarizeUnread", "folder", "", &Value::Null)?;
        ensure!(reply.message.get("result").is_none(), "{fault} came as a result: {}", reply.answer);
        ensure!(!reply.failure()?.is_empty(), "{}", reply.answer);
    }
    let session = Session::open(site, "complete-well")?;
    let reply = complete(&session.mcp, "summarizeUnread", "folder", "", &Value::Null)?;
    ensure!(!values(&reply)?.is_empty(), "{}", reply.answer);
    Ok(())
}
