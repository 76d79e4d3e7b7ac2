//! Revisions, handshake, discovery, lists, and JSON-RPC errors.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::json::Look as _;
use crate::mcp::{LEGACY, META_CAPABILITIES, META_VERSION, MODERN, Mcp, Reply, sentinel};
use crate::session::Session;
use crate::site::Site;

table! { "mcp_protocol":
    shared every_legacy_revision_is_negotiated_by_initialize,
    shared the_modern_revision_is_discovered_without_a_handshake,
    shared methods_of_the_other_era_are_unknown,
    shared the_modern_revision_needs_its_metadata,
    shared headers_must_repeat_the_body,
    shared an_unknown_revision_is_refused_with_those_supported,
    shared unknown_methods_tools_and_resources_have_their_codes,
    shared notifications_are_accepted_without_an_answer,
    shared ids_come_back_as_they_were,
    shared lists_are_private_and_complete,
    shared every_tool_describes_itself,
    shared what_is_not_advertised_does_not_exist,
}

/// Every tool, the nine of the original among them, by name.
pub(super) const TOOLS: [&str; 60] = [
    "addDraftAttachment",
    "authenticate",
    "cancelEvent",
    "createCalendarEvent",
    "createChat",
    "createDraft",
    "createReplyDraft",
    "createSharingLink",
    "createTask",
    "createTeamsMeeting",
    "findMeetingTimes",
    "findOnlineMeeting",
    "forwardEmail",
    "getCalendarEvents",
    "getChannelMessages",
    "getChatMessages",
    "getContacts",
    "getEmail",
    "getEmails",
    "getEvent",
    "getMailTips",
    "getMailboxSettings",
    "getManager",
    "getPresence",
    "getSchedule",
    "getTranscript",
    "getUser",
    "listAttachments",
    "listChannels",
    "listChats",
    "listDirectReports",
    "listFolder",
    "listGroupMembers",
    "listListItems",
    "listMailFolders",
    "listPlannerTasks",
    "listRooms",
    "listTasks",
    "listTeams",
    "listTranscripts",
    "moveEmail",
    "readAttachment",
    "readFile",
    "replyEmail",
    "replyToChannelMessage",
    "respondToEvent",
    "searchEmails",
    "searchM365",
    "searchSites",
    "searchUsers",
    "sendChatMessage",
    "sendDraft",
    "sendEmail",
    "sendTeamsMessage",
    "setAutomaticReplies",
    "trashEmail",
    "updateEmail",
    "updateEvent",
    "updatePlannerTask",
    "uploadFile",
];

fn initialize(mcp: &Mcp, version: &str) -> Result<Reply> {
    let params = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "contract", "version": "1" } });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
    Reply::read(mcp.bare().json(&message).send()?)
}

fn every_legacy_revision_is_negotiated_by_initialize(site: &Site) -> Result<()> {
    let session = Session::open(site, "initialize")?;
    for version in LEGACY {
        let reply = initialize(&session.mcp, version)?;
        let result = reply.result()?;
        ensure!(result.text("/protocolVersion")? == version, "negotiated: {}", reply.answer);
        ensure!(!result.text("/serverInfo/name")?.is_empty(), "serverInfo: {}", reply.answer);
        ensure!(
            ["tools", "resources", "prompts", "completions"]
                .iter()
                .all(|offered| result.at("/capabilities").get(offered).is_some_and(Value::is_object)),
            "capabilities: {}",
            reply.answer
        );
        let legacy = session.mcp.speaking(version);
        let done = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        legacy.request(&done).send()?.expect(&[202])?;
        ensure!(legacy.send("ping", &Value::Null)?.result()? == &json!({}), "ping");
        legacy.tool("getEmails", &json!({ "count": 1 }))?.success()?;
    }
    for unknown in ["2099-01-01", "1.0", "", MODERN] {
        let reply = initialize(&session.mcp, unknown)?;
        ensure!(reply.result()?.text("/protocolVersion")? == LEGACY[0], "for {unknown}: {}", reply.answer);
    }
    let assumed = session.mcp.bare().json(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }));
    Reply::read(assumed.send()?)?.result()?.list("/tools")?;
    Ok(())
}

fn the_modern_revision_is_discovered_without_a_handshake(site: &Site) -> Result<()> {
    let session = Session::open(site, "discover")?;
    let reply = session.mcp.send("server/discover", &Value::Null)?;
    let result = reply.result()?;
    let versions = result.strings("/supportedVersions");
    ensure!(versions.contains(&MODERN), "supportedVersions: {}", reply.answer);
    ensure!(result.text("/cacheScope")? == "private", "cacheScope: {}", reply.answer);
    result.integer("/ttlMs")?;
    ensure!(result.at("/capabilities").is_object(), "capabilities: {}", reply.answer);
    ensure!(result.text("/resultType")? == "complete", "resultType: {}", reply.answer);
    let instructions = result.at("/instructions").as_str().unwrap_or_default();
    ensure!(instructions.chars().count() <= 2048, "clients cut instructions at 2,048 characters");
    Ok(())
}

fn methods_of_the_other_era_are_unknown(site: &Site) -> Result<()> {
    let session = Session::open(site, "era")?;
    for method in ["initialize", "ping", "logging/setLevel", "notifications/unknown-request"] {
        let message = session.mcp.message(method, &Value::Null);
        if method.starts_with("notifications/") {
            continue;
        }
        Reply::read(session.mcp.request(&message).send()?)?.expect_error(&[404], &[-32601])?;
    }
    let legacy = session.mcp.speaking(LEGACY[0]);
    legacy.send("server/discover", &Value::Null)?.expect_error(&[200, 404], &[-32601])?;
    Ok(())
}

fn the_modern_revision_needs_its_metadata(site: &Site) -> Result<()> {
    let session = Session::open(site, "metadata")?;
    for meta in [
        Value::Null,
        json!({}),
        json!({ META_VERSION: MODERN }),
        json!({ META_CAPABILITIES: {} }),
        json!({ META_VERSION: 7, META_CAPABILITIES: {} }),
        json!({ META_VERSION: MODERN, META_CAPABILITIES: [] }),
        json!("text"),
    ] {
        let mut message = session.mcp.message("tools/list", &Value::Null);
        let params = message.pointer_mut("/params").and_then(Value::as_object_mut).context("params")?;
        if meta.is_null() {
            params.remove("_meta")
        } else {
            params.insert("_meta".to_owned(), meta.clone())
        };
        let reply = Reply::read(session.mcp.request(&message).send()?)?;
        reply.expect_error(&[400], &[-32602, -32600, -32020]).with_context(|| meta.to_string())?;
    }
    Ok(())
}

fn headers_must_repeat_the_body(site: &Site) -> Result<()> {
    let session = Session::open(site, "mirror")?;
    let message = session
        .mcp
        .message("tools/call", &json!({ "name": "getEmails", "arguments": { "timeZone": "UTC" } }));
    let sent = |headers: &[(&str, &str)]| {
        let mut request = session.mcp.bare();
        for (name, value) in headers {
            request = request.header(name, value);
        }
        Reply::read(request.json(&message).send()?)
    };
    let version = ("mcp-protocol-version", MODERN);
    let method = ("mcp-method", "tools/call");
    let name = ("mcp-name", "getEmails");
    sent(&[version, method, name])?.content()?;
    sent(&[version, method, ("mcp-name", &sentinel("getEmails"))])?.content()?;
    for headers in [
        &[("mcp-protocol-version", LEGACY[0]), method, name][..],
        &[version, ("mcp-method", "tools/list"), name],
        &[version, method, ("mcp-name", "sendEmail")],
        &[version, method, ("mcp-name", "getemails")],
        &[version, method, ("mcp-name", &sentinel("sendEmail"))],
        &[version, method, ("mcp-name", "=?base64?!!!?=")],
        &[version, method],
        &[version, name],
        &[version, method, name, ("mcp-name", "sendEmail")],
        &[version, method, ("mcp-method", "tools/list"), name],
    ] {
        let reply = sent(headers)?;
        reply.expect_error(&[400], &[-32020]).with_context(|| format!("{headers:?}"))?;
    }
    ensure!(session.graph_requests()?.len() == 2, "a refused call reached Graph");
    Ok(())
}

fn an_unknown_revision_is_refused_with_those_supported(site: &Site) -> Result<()> {
    let session = Session::open(site, "revision")?;
    let mut message = session.mcp.message("tools/list", &Value::Null);
    *message.pointer_mut("/params/_meta").context("_meta")? =
        json!({ META_VERSION: "2099-01-01", META_CAPABILITIES: {} });
    let request =
        session.mcp.bare().header("mcp-protocol-version", "2099-01-01").header("mcp-method", "tools/list");
    let reply = Reply::read(request.json(&message).send()?)?;
    reply.expect_error(&[400], &[-32022])?;
    ensure!(reply.message.strings("/error/data/supported").contains(&MODERN), "supported: {}", reply.answer);
    ensure!(reply.message.at("/error/data/requested") == "2099-01-01", "requested: {}", reply.answer);
    Ok(())
}

fn unknown_methods_tools_and_resources_have_their_codes(site: &Site) -> Result<()> {
    let session = Session::open(site, "unknown")?;
    let legacy = session.mcp.speaking(LEGACY[0]);
    session.mcp.send("tools/destroy", &Value::Null)?.expect_error(&[404], &[-32601])?;
    legacy.send("tools/destroy", &Value::Null)?.expect_error(&[200, 404], &[-32601])?;
    for tool in ["deleteEmail", "GETEMAILS", "", "getEmails ", "../getEmails"] {
        session
            .tool(tool, &json!({}))?
            .expect_error(&[200, 400, 404], &[-32602])
            .with_context(|| tool.to_owned())?;
        legacy
            .tool(tool, &json!({}))?
            .expect_error(&[200, 400, 404], &[-32602])
            .with_context(|| tool.to_owned())?;
    }
    for uri in
        ["microsoft://nothing", "MICROSOFT://profile", "microsoft://profile/", "file:///etc/passwd", ""]
    {
        session
            .mcp
            .resource(uri)?
            .expect_error(&[200, 400, 404], &[-32602])
            .with_context(|| uri.to_owned())?;
        legacy
            .resource(uri)?
            .expect_error(&[200, 400, 404], &[-32602, -32002])
            .with_context(|| uri.to_owned())?;
    }
    ensure!(session.graph_requests()?.is_empty(), "an unknown name reached Graph");
    Ok(())
}

fn notifications_are_accepted_without_an_answer(site: &Site) -> Result<()> {
    let session = Session::open(site, "notification")?;
    let legacy = session.mcp.speaking(LEGACY[0]);
    for method in ["notifications/initialized", "notifications/cancelled", "notifications/nobody-knows"] {
        let message = json!({ "jsonrpc": "2.0", "method": method, "params": { "requestId": 99 } });
        let answer = legacy.request(&message).send()?;
        answer.expect(&[202])?;
        ensure!(answer.body.is_empty(), "a body: {answer}");
    }
    Ok(())
}

fn ids_come_back_as_they_were(site: &Site) -> Result<()> {
    let session = Session::open(site, "ids")?;
    for id in [json!(0), json!(-7), json!(9_007_199_254_740_991_i64), json!(""), json!("ä\"\\"), json!("7")]
    {
        let mut message = session.mcp.message("tools/list", &Value::Null);
        *message.pointer_mut("/id").context("an id")? = id.clone();
        let reply = Reply::read(session.mcp.request(&message).send()?)?;
        reply.result()?;
        ensure!(reply.message.at("/id") == &id, "id {id} came back as {}", reply.message.at("/id"));
    }
    for id in [json!(null), json!({}), json!([]), json!(true)] {
        let mut message = session.mcp.message("tools/list", &Value::Null);
        *message.pointer_mut("/id").context("an id")? = id.clone();
        let reply = Reply::read(session.mcp.request(&message).send()?)?;
        reply.expect_error(&[400], &[-32600]).with_context(|| id.to_string())?;
    }
    Ok(())
}

fn lists_are_private_and_complete(site: &Site) -> Result<()> {
    let session = Session::open(site, "lists")?;
    for method in ["tools/list", "prompts/list", "resources/list", "resources/templates/list"] {
        let reply = session.mcp.send(method, &Value::Null)?;
        let result = reply.result()?;
        ensure!(result.text("/cacheScope")? == "private", "cacheScope of {method}: {}", reply.answer);
        result.integer("/ttlMs")?;
        ensure!(result.text("/resultType")? == "complete", "resultType: {}", reply.answer);
    }
    let tools = session.mcp.send("tools/list", &Value::Null)?;
    let mut names: Vec<_> =
        tools.result()?.list("/tools")?.iter().filter_map(|tool| tool.at("/name").as_str()).collect();
    names.sort_unstable();
    ensure!(names == TOOLS, "tools: {names:?}");
    Ok(())
}

fn every_tool_describes_itself(site: &Site) -> Result<()> {
    let session = Session::open(site, "describe")?;
    for version in [MODERN, LEGACY[0]] {
        let reply = session.mcp.speaking(version).send("tools/list", &Value::Null)?;
        for tool in reply.result()?.list("/tools")? {
            let name = tool.text("/name")?;
            ensure!(
                !tool.text("/title")?.is_empty() && tool.text("/description")?.len() > 10,
                "{name} says little: {tool}"
            );
            ensure!(tool.text("/inputSchema/type")? == "object", "{name}: {tool}");
            ensure!(tool.text("/outputSchema/type")? == "object", "{name}: {tool}");
            let reads = ["authenticate", "find", "get", "list", "read", "search"];
            let reads = reads.iter().any(|verb| name.starts_with(verb));
            ensure!(
                tool.at("/annotations/readOnlyHint") == &Value::Bool(reads),
                "{name} annotations: {tool}"
            );
            if let Some(properties) = tool.at("/inputSchema/properties").as_object() {
                for (property, schema) in properties {
                    ensure!(!schema.text("/description")?.is_empty(), "{name}.{property} is not described");
                }
            }
        }
    }
    let oldest = session.mcp.speaking(LEGACY[2]).send("tools/list", &Value::Null)?;
    ensure!(oldest.result()?.list("/tools")?.len() == TOOLS.len(), "tools: {}", oldest.answer);
    Ok(())
}

fn what_is_not_advertised_does_not_exist(site: &Site) -> Result<()> {
    let session = Session::open(site, "advertised")?;
    let discovered = session.mcp.send("server/discover", &Value::Null)?;
    let capabilities = discovered.result()?.at("/capabilities").clone();
    for (capability, method) in
        [("prompts", "prompts/list"), ("completions", "completion/complete"), ("logging", "logging/setLevel")]
    {
        if capabilities.get(capability).is_none() {
            session.mcp.send(method, &Value::Null)?.expect_error(&[404], &[-32601])?;
            let legacy = session.mcp.speaking(LEGACY[0]);
            legacy.send(method, &Value::Null)?.expect_error(&[200, 404], &[-32601])?;
        }
    }
    Ok(())
}
