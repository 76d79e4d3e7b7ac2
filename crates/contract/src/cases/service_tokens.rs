//! Service tokens of Access: principals of their own, which are no person, hold no Microsoft account and discover at most.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::managed::{MANAGED, vouched};
use crate::http::Request;
use crate::json::Look as _;
use crate::mcp::{LEGACY, Mcp};
use crate::rule::Rule;
use crate::site::Site;

/// The pages of people.
const PAGES: [&str; 5] = ["/me", "/me/journal", "/connect", "/callback?code=x&state=y", "/authorize"];

table! { "service_tokens":
    shared the_edge_passes_one_on_guarded_paths_and_says_nothing_of_it_elsewhere,
    shared one_that_access_does_not_know_passes_nowhere,
    shared it_opens_no_page_of_a_person,
    shared(MANAGED) where_access_guards_everything_it_discovers_and_calls_nothing,
    shared(MANAGED) there_too_it_opens_no_page_of_a_person,
    own(MANAGED) what_it_is_refused_is_recorded_under_its_own_name,
}

fn the_edge_passes_one_on_guarded_paths_and_says_nothing_of_it_elsewhere(site: &Site) -> Result<()> {
    let token = site.control.service_token()?;
    let guarded = Request::get(&site.me).headers(&token.headers()).send()?;
    guarded.expect(&[403])?;
    ensure!(guarded.header("x-request-id").is_some(), "Access did not let it pass: {guarded}");
    // On a path that Access lets through it is nobody's, and the server asks for its own token.
    let mcp = Mcp { headers: token.headers(), ..Mcp::new(&site.mcp, "") };
    let answer = mcp.send("tools/list", &Value::Null)?.answer;
    answer.expect(&[401])?;
    ensure!(answer.header("x-request-id").is_some(), "Access stopped it: {answer}");
    Request::get(site.edge("/healthz")?).headers(&token.headers()).send()?.expect(&[200])?;
    Ok(())
}

fn one_that_access_does_not_know_passes_nowhere(site: &Site) -> Result<()> {
    let token = site.control.service_token()?;
    let other = site.control.service_token()?;
    let wrong = [
        vec![("cf-access-client-id", token.id.as_str()), ("cf-access-client-secret", &other.secret)],
        vec![("cf-access-client-id", "nobody.access"), ("cf-access-client-secret", &token.secret)],
        vec![("cf-access-client-id", &token.id)],
        vec![("cf-access-client-secret", &token.secret)],
    ];
    for headers in wrong {
        let request =
            headers.iter().fold(Request::get(&site.me), |request, (name, value)| request.header(name, value));
        let answer = request.send()?;
        answer.expect(&[401, 403])?;
        ensure!(answer.header("x-request-id").is_none(), "it reached the server: {answer}");
    }
    Ok(())
}

fn it_opens_no_page_of_a_person(site: &Site) -> Result<()> {
    let token = site.control.service_token()?;
    for path in PAGES {
        let answer = Request::get(site.edge(path)?).headers(&token.headers()).send()?;
        answer.expect(&[403]).with_context(|| path.to_owned())?;
        ensure!(answer.header("x-request-id").is_some(), "{path} did not reach the server: {answer}");
    }
    let forms = ["/consent", "/me/revoke", "/me/revoke-all", "/me/sign-out"];
    for path in forms {
        let form = Request::post(site.edge(path)?).headers(&token.headers()).form(&[("a", "b")]);
        form.send()?.expect(&[403, 404]).with_context(|| path.to_owned())?;
    }
    Ok(())
}

fn there_too_it_opens_no_page_of_a_person(site: &Site) -> Result<()> {
    let token = site.control.service_token()?;
    for path in PAGES.into_iter().filter(|path| *path != "/authorize") {
        let answer = Request::get(site.edge(path)?).headers(&token.headers()).send()?;
        answer.expect(&[403]).with_context(|| path.to_owned())?;
        ensure!(answer.header("x-request-id").is_some(), "{path} did not reach the server: {answer}");
    }
    Ok(())
}

fn where_access_guards_everything_it_discovers_and_calls_nothing(site: &Site) -> Result<()> {
    let token = site.control.service_token()?;
    let mcp = Mcp { headers: token.headers(), ..Mcp::new(&site.mcp, "") };
    for version in LEGACY {
        let legacy = mcp.speaking(version);
        let params = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "contract", "version": "1" } });
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        let begun = crate::mcp::Reply::read(legacy.bare().json(&message).send()?)?;
        ensure!(begun.result()?.text("/protocolVersion")? == version, "{}", begun.answer);
        ensure!(legacy.send("ping", &Value::Null)?.result()? == &json!({}), "ping");
        ensure!(!legacy.send("tools/list", &Value::Null)?.result()?.list("/tools")?.is_empty(), "no tools");
    }
    mcp.send("server/discover", &Value::Null)?.result()?;
    ensure!(!mcp.send("tools/list", &Value::Null)?.result()?.list("/tools")?.is_empty(), "no tools");
    let before = site.control.gateway_logs()?.len();
    let arguments = json!({ "to": "blair@contoso.example", "subject": "s", "body": "b", "count": 1 });
    for tool in ["authenticate", "getEmails", "sendEmail"] {
        let sentence = mcp.tool(tool, &arguments)?.failure()?;
        ensure!(sentence.contains("service token"), "{tool}: why is not said: {sentence}");
    }
    mcp.resource("microsoft://profile")?.failure()?;
    // Other cases of this site call Graph too, but never for nobody.
    let mut logs = site.control.gateway_logs()?.split_off(before);
    logs.retain(|log| log.at("/metadata/userEmail") == "-" || log.to_string().contains(&token.id));
    ensure!(logs.is_empty(), "Graph was called for a service token: {logs:?}");
    Ok(())
}

fn what_it_is_refused_is_recorded_under_its_own_name(site: &Site) -> Result<()> {
    let token = site.control.service_token()?;
    let jwt = site.control.assertion(&json!({ "service": token.id }))?.jwt;
    let mut rule = Rule::on(site)?;
    rule.hide(&token.secret);
    let page = Request::get(site.edge("/me")?).headers(&token.headers()).send()?;
    rule.refused("a page", &page, &[403])?;
    rule.hold()?;
    let reply = vouched(site, &jwt, "tools/call", &json!({ "name": "getEmails", "arguments": {} }))?;
    reply.failure()?;
    let Some(journal) = site.journal() else { return Ok(()) };
    let request_id = reply.answer.header("x-request-id").context("an id")?;
    let records = journal.of_call(request_id)?;
    let [record] = records.as_slice() else { anyhow::bail!("not one record of the call: {records:?}") };
    ensure!(record.field("verdict") == "denied" && record.field("tool") == "getEmails", "{record:?}");
    ensure!(record.0.at("/actor/service") == token.id.as_str(), "another name: {record:?}");
    ensure!(record.0.at("/actor/subject").is_null(), "a person: {record:?}");
    journal.verify()
}
