//! `DISCOVERY_BEFORE_SIGN_IN=true`: behind Access, a client without a token learns what there is, and nothing more.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::access_everywhere::{EVERYWHERE, session};
use super::managed::MANAGED;
use super::mcp_protocol::TOOLS;
use crate::json::Look as _;
use crate::mcp::{LEGACY, META_CAPABILITIES, META_VERSION, MODERN, Mcp, Reply};
use crate::oauth::challenge;
use crate::rule::Rule;
use crate::site::Site;

const EARLY: &[(&str, &str)] = &[("ACCESS_EVERYWHERE", "true"), ("DISCOVERY_BEFORE_SIGN_IN", "true")];
const HEADER: &str = "cf-access-jwt-assertion";

table! { "early_discovery":
    shared(EARLY) lists_and_discovery_answer_without_a_token,
    shared(EARLY) a_service_token_discovers_too,
    shared(EARLY) whatever_does_something_still_asks_for_a_token,
    shared(EARLY) without_an_assertion_nothing_is_told,
    shared(EARLY) a_token_that_is_none_is_refused_and_never_taken_for_none,
    shared(EARLY) a_batch_answers_only_where_all_of_it_discovers,
    shared(EARLY) what_is_told_is_what_everybody_is_told,
    shared(EARLY) a_client_that_discovered_signs_in_and_calls,
    own(EARLY) discovery_reaches_no_cell_and_a_refused_call_is_recorded_once,
    shared(EVERYWHERE) it_is_off_by_default_behind_access,
    shared it_is_off_by_default,
    native without_access_before_every_path_the_start_is_refused,
    shared(MANAGED) a_managed_deployment_discovers_with_the_assertion_that_it_asks_for_anyway,
}

/// Methods and revisions that answer without a token.
const DISCOVERING: [(&str, &str); 11] = [
    (MODERN, "server/discover"),
    (MODERN, "tools/list"),
    (MODERN, "prompts/list"),
    (MODERN, "resources/list"),
    (MODERN, "resources/templates/list"),
    ("2025-11-25", "tools/list"),
    ("2025-11-25", "resources/templates/list"),
    ("2025-06-18", "prompts/list"),
    ("2025-06-18", "resources/list"),
    ("2025-03-26", "tools/list"),
    ("2025-03-26", "resources/templates/list"),
];

/// A client at the origin without a token, with this assertion.
fn at_origin(site: &Site, assertion: &Value) -> Result<Mcp> {
    let jwt = site.control.assertion(assertion)?.jwt;
    let headers = vec![(HEADER.to_owned(), jwt)];
    Ok(Mcp { headers, ..Mcp::new(&site.behind("/mcp")?, "") })
}

fn by_person(site: &Site, name: &str) -> Result<Mcp> {
    at_origin(site, &json!({ "email": site.person(name)?.email }))
}

fn by_service(site: &Site) -> Result<Mcp> {
    at_origin(site, &json!({ "service": site.control.service()? }))
}

fn initialize(mcp: &Mcp) -> Result<Reply> {
    let params = json!({ "protocolVersion": LEGACY[0], "capabilities": {}, "clientInfo": { "name": "contract", "version": "1" } });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
    Reply::read(mcp.bare().json(&message).send()?)
}

/// What needs a token, with parameters that would do.
fn needing() -> [(&'static str, Value); 9] {
    let argument = json!({ "name": "folder", "value": "" });
    [
        ("tools/call", json!({ "name": "getEmails", "arguments": {} })),
        ("tools/call", json!({ "name": "authenticate", "arguments": {} })),
        ("resources/read", json!({ "uri": "microsoft://profile" })),
        ("prompts/get", json!({ "name": "weeklyReview" })),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/prompt", "name": "summarizeUnread" }, "argument": argument }),
        ),
        ("tools/destroy", json!({})),
        ("ping", json!({})),
        ("logging/setLevel", json!({ "level": "info" })),
        ("subscriptions/listen", json!({})),
    ]
}

fn expect_challenge(reply: &Reply, about: &str) -> Result<()> {
    reply.answer.expect(&[401]).with_context(|| about.to_owned())?;
    let metadata = challenge(&reply.answer, "resource_metadata").unwrap_or_default();
    ensure!(metadata.ends_with("/.well-known/oauth-protected-resource/mcp"), "{about}: {}", reply.answer);
    ensure!(challenge(&reply.answer, "error").is_none(), "an error without a token: {}", reply.answer);
    Ok(())
}

fn lists_and_discovery_answer_without_a_token(site: &Site) -> Result<()> {
    let mcp = by_person(site, "early")?;
    for (version, method) in DISCOVERING {
        let reply = mcp.speaking(version).send(method, &Value::Null)?;
        reply.result().with_context(|| format!("{method} in {version}"))?;
    }
    let initialized = initialize(&mcp)?;
    ensure!(initialized.result()?.text("/protocolVersion")? == LEGACY[0], "{}", initialized.answer);
    let done = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    mcp.speaking(LEGACY[0]).request(&done).send()?.expect(&[202])?;
    let tools = mcp.send("tools/list", &Value::Null)?;
    ensure!(tools.result()?.list("/tools")?.len() == TOOLS.len(), "{}", tools.answer);
    ensure!(tools.result()?.text("/cacheScope")? == "private", "{}", tools.answer);
    Ok(())
}

fn a_service_token_discovers_too(site: &Site) -> Result<()> {
    let mcp = by_service(site)?;
    mcp.send("server/discover", &Value::Null)?.result()?;
    mcp.send("tools/list", &Value::Null)?.result()?;
    expect_challenge(&mcp.tool("getEmails", &json!({}))?, "a call by a service token")?;
    // As clients come: through the edge, with the headers of the service token.
    let headers = site.control.service_token()?.headers();
    let edge = Mcp { headers, ..Mcp::new(&site.mcp, "") };
    edge.send("tools/list", &Value::Null)?.result()?;
    expect_challenge(&edge.tool("getEmails", &json!({}))?, "a call through the edge")
}

fn whatever_does_something_still_asks_for_a_token(site: &Site) -> Result<()> {
    let person = site.person("early-call")?;
    let mcp = at_origin(site, &json!({ "email": person.email }))?;
    for version in [MODERN, LEGACY[0], LEGACY[2]] {
        for (method, params) in needing() {
            let reply = mcp.speaking(version).send(method, &params)?;
            expect_challenge(&reply, &format!("{method} {params} in {version}"))?;
        }
        let cancelled =
            json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } });
        mcp.speaking(version).request(&cancelled).send()?.expect(&[401])?;
    }
    for body in ["", "{", "[]", "7", "{\"jsonrpc\":\"2.0\",\"id\":1}"] {
        mcp.bare()
            .body("application/json", body)
            .send()?
            .expect(&[400, 401])
            .with_context(|| body.to_owned())?;
    }
    for method in ["GET", "DELETE"] {
        crate::http::Request::new(method, &mcp.url).headers(&mcp.headers).send()?.expect(&[401])?;
    }
    // A list that pretends to be one, and is a call.
    let disguised = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "getEmails", "arguments": {}, "_meta": { META_VERSION: MODERN, META_CAPABILITIES: {} } } });
    let request = mcp.bare().header("mcp-protocol-version", MODERN).header("mcp-method", "tools/list");
    request.json(&disguised).send()?.expect(&[400, 401])?;
    ensure!(site.control.requests("graph", Some(&person.email))?.is_empty(), "Graph was called");
    Ok(())
}

fn without_an_assertion_nothing_is_told(site: &Site) -> Result<()> {
    let bare = Mcp::new(&site.behind("/mcp")?, "");
    for (version, method) in DISCOVERING {
        let reply = bare.speaking(version).send(method, &Value::Null)?;
        reply.answer.expect(&[403]).with_context(|| format!("{method} in {version}"))?;
    }
    initialize(&bare)?.answer.expect(&[403])?;
    let expired = at_origin(site, &json!({ "service": site.control.service()?, "ttl": -120 }))?;
    expired.send("tools/list", &Value::Null)?.answer.expect(&[403])?;
    let foreign =
        at_origin(site, &json!({ "email": site.person("early-foreign")?.email, "key": "foreign" }))?;
    foreign.send("tools/list", &Value::Null)?.answer.expect(&[403])?;
    let at_the_edge = Mcp::new(&site.mcp, "").send("tools/list", &Value::Null)?.answer;
    at_the_edge.expect(&[302, 403])?;
    Ok(())
}

fn a_token_that_is_none_is_refused_and_never_taken_for_none(site: &Site) -> Result<()> {
    let mcp = by_person(site, "early-token")?;
    for value in ["Bearer x", "Bearer m365a_AAAA", "Bearer ", "Bearer", "Basic YTpi", "bearer m365r_x"] {
        for (version, method) in [(MODERN, "tools/list"), (LEGACY[0], "prompts/list")] {
            let mcp = mcp.speaking(version);
            let request = mcp.request(&mcp.message(method, &Value::Null)).header("authorization", value);
            let answer = request.send()?;
            answer.expect(&[400, 401]).with_context(|| format!("{value:?} with {method}"))?;
        }
    }
    let mut session = session(site, "early-revoked")?;
    session.client.revoke(&session.tokens.refresh)?.expect(&[200])?;
    let refused = session.mcp.send("tools/list", &Value::Null)?;
    refused.answer.expect(&[401])?;
    ensure!(challenge(&refused.answer, "error").as_deref() == Some("invalid_token"), "{}", refused.answer);
    session.mcp.token = String::new();
    session.mcp.send("tools/list", &Value::Null)?.result().map(drop)
}

fn a_batch_answers_only_where_all_of_it_discovers(site: &Site) -> Result<()> {
    let mcp = by_person(site, "early-batch")?;
    let item = |id: i64, method: &str, params: Value| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let sent = |batch: Value| mcp.bare().header("mcp-protocol-version", LEGACY[2]).json(&batch).send();
    let lists = json!([item(1, "tools/list", json!({})), item(2, "prompts/list", json!({})), { "jsonrpc": "2.0", "method": "notifications/initialized" }]);
    let answer = sent(lists)?;
    ensure!(answer.expect(&[200])?.json()?.list("")?.len() == 2, "{answer}");
    let call = item(2, "tools/call", json!({ "name": "getEmails", "arguments": {} }));
    for batch in [
        json!([item(1, "tools/list", json!({})), call]),
        json!([call, item(1, "tools/list", json!({}))]),
        json!([call]),
        json!([item(1, "tools/list", json!({})), item(3, "prompts/get", json!({ "name": "weeklyReview" }))]),
    ] {
        let answer = sent(batch.clone())?;
        answer.expect(&[401]).with_context(|| batch.to_string())?;
    }
    Ok(())
}

fn what_is_told_is_what_everybody_is_told(site: &Site) -> Result<()> {
    let (one, other) = (by_person(site, "early-one")?, by_person(site, "early-other")?);
    let service = by_service(site)?;
    let session = session(site, "early-signed-in")?;
    for method in
        ["tools/list", "prompts/list", "resources/list", "resources/templates/list", "server/discover"]
    {
        let told = [&one, &other, &service, &session.mcp]
            .into_iter()
            .map(|mcp| {
                let mut result = mcp.send(method, &Value::Null)?.result()?.clone();
                // What names the request names this one only.
                result.as_object_mut().context("a result")?.remove("_meta");
                Ok(result)
            })
            .collect::<Result<Vec<_>>>()?;
        ensure!(told.windows(2).all(|two| two.first() == two.last()), "{method} differs: {told:?}");
    }
    Ok(())
}

fn a_client_that_discovered_signs_in_and_calls(site: &Site) -> Result<()> {
    let session = session(site, "early-then")?;
    let before = Mcp { token: String::new(), ..session.mcp.clone() };
    before.send("tools/list", &Value::Null)?.result()?;
    expect_challenge(&before.tool("getEmails", &json!({ "count": 1 }))?, "before the sign-in")?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content().map(drop)
}

fn discovery_reaches_no_cell_and_a_refused_call_is_recorded_once(site: &Site) -> Result<()> {
    let mut rule = Rule::on(site)?;
    let person = site.person("early-record")?;
    let mcp = at_origin(site, &json!({ "email": person.email }))?;
    for (version, method) in DISCOVERING {
        mcp.speaking(version).send(method, &Value::Null)?.result()?;
    }
    let call = mcp.tool("getEmails", &json!({}))?;
    rule.refused("a call without a token", &call.answer, &[401])?;
    if let Some(journal) = site.journal() {
        let of_person = journal.of(&person.subject)?;
        ensure!(of_person.is_empty(), "discovery left records of a person: {of_person:?}");
    }
    rule.hold().map(drop)
}

fn it_is_off_by_default_behind_access(site: &Site) -> Result<()> {
    let mcp = by_person(site, "late-everywhere")?;
    for (version, method) in DISCOVERING {
        let reply = mcp.speaking(version).send(method, &Value::Null)?;
        reply.answer.expect(&[401]).with_context(|| format!("{method} in {version}"))?;
    }
    initialize(&mcp)?.answer.expect(&[401]).map(drop)
}

fn it_is_off_by_default(site: &Site) -> Result<()> {
    let mcp = by_person(site, "late")?;
    for (version, method) in DISCOVERING {
        let reply = mcp.speaking(version).send(method, &Value::Null)?;
        reply.answer.expect(&[401]).with_context(|| format!("{method} in {version}"))?;
        // Nor for those without an assertion, which this deployment lets through to the endpoint.
        let bare = Mcp { headers: Vec::new(), ..mcp.speaking(version) };
        bare.send(method, &Value::Null)?.answer.expect(&[401])?;
    }
    Ok(())
}

/// Without Access before it, the endpoint would tell everybody.
fn without_access_before_every_path_the_start_is_refused(_: &Site) -> Result<()> {
    for settings in [
        &[("DISCOVERY_BEFORE_SIGN_IN", "true")][..],
        &[("DISCOVERY_BEFORE_SIGN_IN", "true"), ("ACCESS_EVERYWHERE", "false")],
    ] {
        let Err(refused) = Site::start_with(settings) else { anyhow::bail!("it started with {settings:?}") };
        let said = format!("{refused:#}");
        for word in ["DISCOVERY_BEFORE_SIGN_IN", "ACCESS_EVERYWHERE"] {
            ensure!(said.contains(word), "{word} is not named: {said}");
        }
    }
    let Err(refused) = Site::start_with(&[("DISCOVERY_BEFORE_SIGN_IN", "perhaps")]) else {
        anyhow::bail!("it started with a setting that is no setting")
    };
    ensure!(format!("{refused:#}").contains("DISCOVERY_BEFORE_SIGN_IN"), "{refused:#}");
    Ok(())
}

/// There the assertion is the sign-in.
fn a_managed_deployment_discovers_with_the_assertion_that_it_asks_for_anyway(site: &Site) -> Result<()> {
    let mcp = by_person(site, "early-managed")?;
    for (version, method) in DISCOVERING {
        let reply = mcp.speaking(version).send(method, &Value::Null)?;
        reply.result().with_context(|| format!("{method} in {version}"))?;
        let bare = Mcp { headers: Vec::new(), ..mcp.speaking(version) };
        bare.send(method, &Value::Null)?.answer.expect(&[403])?;
    }
    Ok(())
}
