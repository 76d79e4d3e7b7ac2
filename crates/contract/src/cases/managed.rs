//! `INGRESS=managed`: Access is the authorization server of MCP clients and guards every path. Ours does not exist,
//! Microsoft is linked in a browser, and nothing tells one client from another.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::http::{Answer, Request};
use crate::json::Look as _;
use crate::mcp::{Mcp, Reply};
use crate::oauth::{Discovered, Tokens, challenge};
use crate::session::Session;
use crate::site::Site;

/// What a managed deployment sets.
pub(super) const MANAGED: &[(&str, &str)] = &[("INGRESS", "managed")];
const HEADER: &str = "cf-access-jwt-assertion";
/// The routes that only our own authorization server has.
const OURS: [(&str, &str); 9] = [
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/oauth-protected-resource"),
    ("GET", "/.well-known/oauth-protected-resource/mcp"),
    ("GET", "/.well-known/oauth-protected-resource/sse"),
    ("GET", "/authorize"),
    ("POST", "/consent"),
    ("POST", "/register"),
    ("POST", "/revoke"),
    ("POST", "/token"),
];

table! { "managed":
    shared(MANAGED) our_authorization_server_does_not_exist,
    shared(MANAGED) the_endpoint_needs_an_assertion_and_no_token_stands_in_for_it,
    shared(MANAGED) an_assertion_that_is_not_genuine_is_refused,
    shared(MANAGED) nothing_passes_the_edge_without_access,
    shared(MANAGED) a_client_signs_in_to_access_by_itself_and_calls_a_tool,
    shared(MANAGED) before_microsoft_is_linked_a_tool_names_the_page_that_links_it,
    shared(MANAGED) two_people_are_apart,
    shared(MANAGED) a_token_revoked_at_access_opens_nothing,
    shared(MANAGED) the_own_page_says_who_ends_applications,
    files(MANAGED) records_and_metadata_name_no_client,
    own(MANAGED) a_token_of_access_ends_in_its_minutes_and_is_renewed_there,
    process a_deployment_that_turns_managed_ends_every_token_of_ours,
}

/// A client at the origin that says nothing by itself.
fn at_origin(site: &Site) -> Result<Mcp> {
    Ok(Mcp::new(&site.behind("/mcp")?, ""))
}

/// One request at the origin, with this assertion.
pub(super) fn vouched(site: &Site, jwt: &str, method: &str, params: &Value) -> Result<Reply> {
    let mcp = at_origin(site)?;
    Reply::read(mcp.request(&mcp.message(method, params)).header(HEADER, jwt).send()?)
}

fn tool(site: &Site, jwt: &str, name: &str, arguments: &Value) -> Result<Reply> {
    vouched(site, jwt, "tools/call", &json!({ "name": name, "arguments": arguments }))
}

fn assertion_of(site: &Site, email: &str) -> Result<String> {
    Ok(site.control.assertion(&json!({ "email": email }))?.jwt)
}

/// Signs a new person in at Access with a client, and links Microsoft.
pub(super) fn linked<'a>(site: &'a Site, name: &str) -> Result<Session<'a>> {
    let mut session = Session::open(site, name)?;
    link(site, &mut session.browser)?;
    Ok(session)
}

fn link(site: &Site, browser: &mut Browser) -> Result<()> {
    let page = browser.page(&site.edge("/connect")?)?;
    page.answer.expect(&[200])?;
    ensure!(page.url.path() == "/me", "linking ended at {}: {}", page.url, page.answer);
    Ok(())
}

fn our_authorization_server_does_not_exist(site: &Site) -> Result<()> {
    let person = site.person("no-server")?;
    let jwt = assertion_of(site, &person.email)?;
    for (method, path) in OURS {
        let url = site.behind(path)?;
        Request::new(method, &url).send()?.expect(&[404]).with_context(|| path.to_owned())?;
        let known = Request::new(method, &url).header(HEADER, &jwt).send()?;
        known.expect(&[404]).with_context(|| format!("{path} with an assertion"))?;
    }
    let registration = Request::post(site.behind("/register")?).header(HEADER, &jwt);
    registration.json(&Discovered::public_client(crate::oauth::REDIRECT)).send()?.expect(&[404])?;
    Ok(())
}

fn the_endpoint_needs_an_assertion_and_no_token_stands_in_for_it(site: &Site) -> Result<()> {
    let session = Session::open(site, "no-token")?;
    let jwt = assertion_of(site, &session.person.email)?;
    let mut mcp = at_origin(site)?;
    let message = mcp.message("tools/list", &Value::Null);
    mcp.request(&message).send()?.expect(&[403])?;
    for token in ["m365a_AAAA", &session.tokens.access, &jwt] {
        token.clone_into(&mut mcp.token);
        let answer = mcp.request(&message).send()?;
        answer.expect(&[403])?;
        ensure!(answer.header("www-authenticate").is_none(), "a challenge of ours: {answer}");
        // Beside an assertion it changes nothing either.
        mcp.request(&message).header(HEADER, &jwt).send()?.expect(&[200])?;
    }
    let cookie = format!("CF_Authorization={jwt}");
    at_origin(site)?.request(&message).header("cookie", &cookie).send()?.expect(&[403])?;
    Ok(())
}

fn an_assertion_that_is_not_genuine_is_refused(site: &Site) -> Result<()> {
    let person = site.person("genuine")?;
    let other = site.person("genuine-other")?;
    for change in [
        json!({ "alg": "none" }),
        json!({ "alg": "HS256" }),
        json!({ "key": "foreign" }),
        json!({ "kid": "nobody-knows-this-key" }),
        json!({ "ttl": -120 }),
        json!({ "claims": { "aud": ["another-application"] } }),
        json!({ "claims": { "iss": "https://other.cloudflareaccess.com" } }),
        json!({ "claims": { "exp": null } }),
    ] {
        let mut order = change.clone();
        order.as_object_mut().context("an object")?.insert("email".to_owned(), json!(person.email));
        let forged = site.control.assertion(&order)?.jwt;
        let reply = vouched(site, &forged, "tools/list", &Value::Null)?;
        reply.answer.expect(&[403]).with_context(|| change.to_string())?;
    }
    let genuine = site.control.assertion(&json!({ "email": person.email }))?;
    let mut claims = genuine.claims()?;
    *claims.get_mut("sub").context("a subject")? = json!(other.subject);
    let tampered = genuine.with_claims(&claims)?;
    vouched(site, &tampered, "tools/list", &Value::Null)?.answer.expect(&[403])?;
    let mcp = at_origin(site)?;
    let twice = mcp.request(&mcp.message("tools/list", &Value::Null));
    twice.header(HEADER, &genuine.jwt).header(HEADER, &genuine.jwt).send()?.expect(&[403])?;
    vouched(site, &genuine.jwt, "tools/list", &Value::Null)?.result()?;
    Ok(())
}

fn nothing_passes_the_edge_without_access(site: &Site) -> Result<()> {
    let jwt = assertion_of(site, &site.person("edge")?.email)?;
    for (method, path) in OURS.into_iter().chain([("GET", "/healthz"), ("POST", "/mcp"), ("GET", "/mcp")]) {
        let sent = Request::new(method, site.edge(path)?).header(HEADER, &jwt).send()?;
        if path == "/.well-known/oauth-authorization-server" {
            let issuer = site.edge("/")?;
            ensure!(sent.json()?.text("/issuer")? == issuer.as_str().trim_end_matches('/'), "{sent}");
            ensure!(
                !sent.json()?.text("/token_endpoint")?.starts_with(issuer.as_str()),
                "our server: {sent}"
            );
            continue;
        }
        sent.expect(&[401]).with_context(|| path.to_owned())?;
        ensure!(challenge(&sent, "resource_metadata").is_some(), "{path}: {sent}");
    }
    Ok(())
}

fn a_client_signs_in_to_access_by_itself_and_calls_a_tool(site: &Site) -> Result<()> {
    // Without a session at Access, so that the client's browser sees its login page.
    let discovered = Discovered::at(&site.mcp)?;
    let foreign = discovered.register(&Discovered::public_client("https://evil.example/callback"))?;
    ensure!(foreign.expect(&[400])?.json()?.text("/error")? == "invalid_client_metadata", "{foreign}");
    let client = discovered.client()?;
    let attempt = client.attempt()?;
    let tokens = client.grant(&mut Browser::default(), &attempt)?;
    ensure!(tokens.access.starts_with("oauth:"), "a token of ours");
    let listed = Mcp::new(&site.mcp, &tokens.access).send("tools/list", &Value::Null)?;
    listed.result()?.list("/tools")?;
    let session = linked(site, "by-itself")?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    ensure!(!session.graph_requests()?.is_empty(), "Graph saw nothing of {}", session.person.email);
    Ok(())
}

fn before_microsoft_is_linked_a_tool_names_the_page_that_links_it(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "unlinked")?;
    let connect = site.edge("/connect")?;
    let sentence = session.tool("getEmails", &json!({ "count": 1 }))?.failure()?;
    ensure!(sentence.contains(connect.as_str()), "the way is not named: {sentence}");
    let told = session.tool("authenticate", &json!({}))?;
    ensure!(told.answer.text().contains(connect.as_str()), "the way is not named: {}", told.answer);
    ensure!(session.graph_requests()?.is_empty(), "Graph was called for nobody");
    link(site, &mut session.browser)?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    Ok(())
}

fn two_people_are_apart(site: &Site) -> Result<()> {
    let (one, other) = (linked(site, "apart-one")?, linked(site, "apart-other")?);
    for (session, stranger) in [(&one, &other), (&other, &one)] {
        let told = session.tool("authenticate", &json!({}))?;
        let text = told.content()?.to_string();
        ensure!(text.contains(&session.person.email), "not the own account: {}", told.answer);
        ensure!(!text.contains(&stranger.person.email), "another account: {}", told.answer);
        let jwt = assertion_of(site, &session.person.email)?;
        tool(site, &jwt, "getEmails", &json!({ "count": 1 }))?.content()?;
    }
    let before = other.graph_requests()?.len();
    one.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    ensure!(other.graph_requests()?.len() == before, "one person's call used the other's account");
    // The token of the one beside the session of the other is not a mixture of both.
    let jwt = assertion_of(site, &other.person.email)?;
    let mut mcp = at_origin(site)?;
    mcp.token.clone_from(&one.tokens.access);
    let message = mcp.message("tools/call", &json!({ "name": "authenticate", "arguments": {} }));
    let told = Reply::read(mcp.request(&message).header(HEADER, &jwt).send()?)?;
    ensure!(told.content()?.to_string().contains(&other.person.email), "{}", told.answer);
    Ok(())
}

fn a_token_revoked_at_access_opens_nothing(site: &Site) -> Result<()> {
    let session = linked(site, "revoked")?;
    session.tool("authenticate", &json!({}))?.content()?;
    session.client.revoke(&session.tokens.refresh)?.expect(&[200])?;
    let refused = session.tool("authenticate", &json!({}))?.answer;
    refused.expect(&[401])?;
    ensure!(challenge(&refused, "error").as_deref() == Some("invalid_token"), "{refused}");
    session.client.refresh(&session.tokens.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    Ok(())
}

fn the_own_page_says_who_ends_applications(site: &Site) -> Result<()> {
    let mut session = linked(site, "own-page")?;
    let page = session.browser.page(&site.edge("/me")?)?;
    page.answer.expect(&[200])?.expect_not_stored()?;
    let text = page.text();
    ensure!(text.contains(&session.person.email), "another page: {text}");
    ensure!(text.contains("Cloudflare Access"), "who ends an application is not said: {text}");
    ensure!(!page.answer.text().contains("action=\"/me/revoke\""), "a form for a grant that there is not");
    ensure!(page.answer.text().contains("action=\"/me/sign-out\""), "no way out of Microsoft: {text}");
    Ok(())
}

fn records_and_metadata_name_no_client(site: &Site) -> Result<()> {
    let session = linked(site, "nameless")?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    let logs = site.control.gateway_logs_of(&session.person.email)?;
    let log = logs.iter().find(|log| log.at("/metadata/mcpTool") == "getEmails").context("a call")?;
    ensure!(log.text("/metadata/mcpClient")? == "-", "a client: {log}");
    let journal = site.journal().context("a hosted site has a journal")?;
    let records = journal.of_call(log.text("/metadata/requestId")?)?;
    ensure!(records.len() == 2, "not an intent and an outcome: {records:?}");
    for record in &records {
        ensure!(record.0.at("/actor/subject") == session.person.subject.as_str(), "{record:?}");
        ensure!(record.0.at("/client").is_null() && record.0.at("/grant").is_null(), "{record:?}");
    }
    journal.verify()
}

fn a_token_of_access_ends_in_its_minutes_and_is_renewed_there(site: &Site) -> Result<()> {
    let begun = site.control.now_secs()?;
    let mut session = linked(site, "minutes")?;
    let lifetime = u64::try_from(session.tokens.answer.integer("/expires_in")?)?;
    let issued = site.control.now_secs()?;
    site.advance_to(begun + lifetime - 20)?;
    session.tool("authenticate", &json!({}))?.content()?;
    site.advance_to(issued + lifetime + 1)?;
    session.tool("authenticate", &json!({}))?.answer.expect(&[401])?;
    let answer = session.client.refresh(&session.tokens.refresh)?;
    session.renew(&answer)?;
    session.tool("authenticate", &json!({}))?.content()?;
    Ok(())
}

fn a_deployment_that_turns_managed_ends_every_token_of_ours(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "turned")?;
    session.tool("authenticate", &json!({}))?.content()?;
    let ask = |session: &Session<'_>| -> Result<Answer> {
        let mcp = Mcp { url: site.behind("/mcp")?, ..session.mcp.clone() };
        Ok(mcp.send("tools/list", &Value::Null)?.answer)
    };
    ask(&session)?.expect(&[200])?;
    site.kill()?;
    site.start_again_with(MANAGED)?;
    // A server that has just started behind the edge has not been told the time.
    site.advance(0)?;
    ask(&session)?.expect(&[403])?;
    let jwt = assertion_of(site, &session.person.email)?;
    tool(site, &jwt, "getEmails", &json!({ "count": 1 }))?.content().context("Microsoft stays linked")?;
    site.kill()?;
    site.start_again_with(&[])?;
    session.sign_in_again()?;
    let again = Tokens::read(&session.client.refresh(&session.tokens.refresh)?)?;
    session.mcp.token.clone_from(&again.access);
    session.tool("authenticate", &json!({}))?.content()?;
    Ok(())
}
