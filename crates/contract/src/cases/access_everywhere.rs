//! `ACCESS_EVERYWHERE=true`: Access guards machine routes too. A client passes it as a service token or as its person,
//! and nobody stands in for anybody.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::http::Request;
use crate::json::Look as _;
use crate::mcp::Mcp;
use crate::oauth::{Client, Discovered, REDIRECT, Tokens};
use crate::rule::Rule;
use crate::session::Session;
use crate::site::Site;

pub(super) const EVERYWHERE: &[(&str, &str)] = &[("ACCESS_EVERYWHERE", "true")];
const HEADER: &str = "cf-access-jwt-assertion";
/// Machine routes and public documents.
const MACHINE: [(&str, &str); 12] = [
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/oauth-protected-resource"),
    ("GET", "/.well-known/oauth-protected-resource/mcp"),
    ("GET", "/.well-known/oauth-protected-resource/sse"),
    ("GET", "/healthz"),
    ("GET", "/sse"),
    ("POST", "/mcp"),
    ("POST", "/messages"),
    ("POST", "/register"),
    ("POST", "/revoke"),
    ("POST", "/sse"),
    ("POST", "/token"),
];

table! { "access_everywhere":
    shared(EVERYWHERE) every_route_demands_an_assertion_at_the_origin,
    shared(EVERYWHERE) nothing_is_bypassed_at_the_edge,
    shared(EVERYWHERE) a_client_with_a_service_token_signs_its_person_in_and_calls_a_tool,
    shared(EVERYWHERE) the_person_s_own_session_passes_too,
    shared(EVERYWHERE) a_service_token_alone_opens_no_tool,
    own(EVERYWHERE) another_person_beside_a_token_is_refused_and_recorded,
}

fn assertion_of(site: &Site, email: &str) -> Result<String> {
    Ok(site.control.assertion(&json!({ "email": email }))?.jwt)
}

/// A client that passes Access by a service token of its own.
fn client(site: &Site) -> Result<Client> {
    Discovered::with_headers(&site.mcp, &site.control.service_token()?.headers())?.client()
}

/// A new person, signed in by such a client.
pub(super) fn session<'a>(site: &'a Site, name: &str) -> Result<Session<'a>> {
    let (person, client) = (site.person(name)?, client(site)?);
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    let tokens = client.grant(&mut browser, &client.attempt()?)?;
    let headers = client.discovered.headers.clone();
    let mcp = Mcp { headers, ..Mcp::new(&site.mcp, &tokens.access) };
    Ok(Session { site, person, browser, client, tokens, mcp })
}

fn every_route_demands_an_assertion_at_the_origin(site: &Site) -> Result<()> {
    let service = site.control.assertion(&json!({ "service": site.control.service()? }))?.jwt;
    let expired = site.control.assertion(&json!({ "service": site.control.service()?, "ttl": -120 }))?.jwt;
    for (method, path) in MACHINE {
        let ask = || Ok::<_, anyhow::Error>(Request::new(method, site.behind(path)?));
        ask()?.send()?.expect(&[403]).with_context(|| path.to_owned())?;
        ask()?.header(HEADER, &expired).send()?.expect(&[403]).with_context(|| path.to_owned())?;
        let passed = ask()?.header(HEADER, &service).send()?;
        ensure!(passed.status != 403, "{path} with a service token: {passed}");
    }
    Ok(())
}

fn nothing_is_bypassed_at_the_edge(site: &Site) -> Result<()> {
    for (method, path) in MACHINE {
        let answer = Request::new(method, site.edge(path)?).send()?;
        answer.expect(&[302, 403]).with_context(|| path.to_owned())?;
        ensure!(answer.header("x-request-id").is_none(), "{path} reached the server: {answer}");
    }
    Ok(())
}

fn a_client_with_a_service_token_signs_its_person_in_and_calls_a_tool(site: &Site) -> Result<()> {
    let mut session = session(site, "everywhere")?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    let answer = session.client.refresh(&session.tokens.refresh)?;
    session.renew(&answer)?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    let bare = Mcp { headers: Vec::new(), ..session.mcp.clone() };
    bare.send("tools/list", &Value::Null)?.answer.expect(&[302, 403])?;
    session.client.revoke(&session.tokens.refresh)?.expect(&[200])?;
    session.tool("getEmails", &json!({ "count": 1 }))?.answer.expect(&[401])?;
    Ok(())
}

fn the_person_s_own_session_passes_too(site: &Site) -> Result<()> {
    let session = session(site, "own-session")?;
    let cookie = format!("CF_Authorization={}", assertion_of(site, &session.person.email)?);
    let headers = vec![("cookie".to_owned(), cookie)];
    Mcp { headers, ..session.mcp.clone() }.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    Ok(())
}

fn a_service_token_alone_opens_no_tool(site: &Site) -> Result<()> {
    let session = session(site, "service-alone")?;
    let alone = Mcp { token: String::new(), ..session.mcp.clone() };
    alone.tool("getEmails", &json!({ "count": 1 }))?.answer.expect(&[401])?;
    for path in ["/me", "/connect", "/authorize"] {
        let answer = Request::get(site.edge(path)?).headers(&session.mcp.headers).send()?;
        answer.expect(&[403]).with_context(|| path.to_owned())?;
    }
    ensure!(session.graph_requests()?.is_empty(), "Graph was called");
    Ok(())
}

fn another_person_beside_a_token_is_refused_and_recorded(site: &Site) -> Result<()> {
    let session = session(site, "beside")?;
    let other = site.person("beside-other")?;
    let mut rule = Rule::on(site)?;
    let message = session.mcp.message("tools/call", &json!({ "name": "getEmails", "arguments": {} }));
    let behind = Mcp { url: site.behind("/mcp")?, headers: Vec::new(), ..session.mcp.clone() };
    let call = |jwt: &str| behind.request(&message).header(HEADER, jwt).send();
    rule.refused("a call", &call(&assertion_of(site, &other.email)?)?, &[403])?;
    let (token, client_id) = (session.tokens.refresh.as_str(), session.client.id.as_str());
    let refresh = |jwt: &str| {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", client_id)];
        Request::post(site.behind("/token")?).header(HEADER, jwt).form(&fields).send()
    };
    rule.refused("a refresh", &refresh(&assertion_of(site, &other.email)?)?, &[403])?;
    rule.refused("nobody beside it", &behind.request(&message).send()?, &[403])?;
    ensure!(session.graph_requests()?.is_empty(), "Graph was called");
    let records = rule.hold()?;
    for record in records.iter().take(2) {
        ensure!(record.is("event", "denied"), "not a denial in the person's journal: {record:?}");
        ensure!(
            record.0.at("/actor/subject") == other.subject.as_str(),
            "who tried is not named: {record:?}"
        );
    }
    // The grant is what it was, for its person and for a service token's pass.
    call(&assertion_of(site, &session.person.email)?)?.expect(&[200])?;
    let service = site.control.assertion(&json!({ "service": site.control.service()? }))?.jwt;
    call(&service)?.expect(&[200])?;
    Tokens::read(&refresh(&service)?)?;
    ensure!(session.client.redirect == REDIRECT, "the client of this suite");
    Ok(())
}
