//! Sign-in over real HTTP, by the black-box suite's independent client, and the requests the load repeats.

use anyhow::{Context, ensure};
use m365_contract::browser::Browser;
use m365_contract::control::Control;
use m365_contract::http::Request;
use m365_contract::json::Look;
use m365_contract::mcp::{MODERN, Mcp, header_value};
use m365_contract::oauth::{Discovered, challenge_of, unique};
use serde_json::{Value, json};
use url::Url;

use super::site::Site;
use super::wire::Prepared;
use crate::run::warn;

/// The measured tool.
const TOOL: &str = "getEmails";

/// The three ways the same ten messages are asked for, for one person.
pub(crate) struct Calls {
    /// How long the server's answer is.
    pub(crate) answer_bytes: usize,
    /// Through the edge.
    pub(crate) edge: Prepared,
    /// At the server, past the edge.
    pub(crate) origin: Prepared,
    /// The server's own Graph request, straight to the simulated gateway.
    pub(crate) straight: Prepared,
}

/// Signs several people in.
pub(crate) fn people(site: &Site, count: usize) -> anyhow::Result<Vec<Calls>> {
    warn(&format!("signing in {count} people"));
    (0..count.max(1)).map(|number| person(site, number)).collect()
}

/// Adds a person, signs them in to Access, our server and Microsoft, and prepares their calls.
fn person(site: &Site, number: usize) -> anyhow::Result<Calls> {
    let control = Control::new(site.sandbox.clone());
    let email = format!("bench{number}@contoso.example");
    control.person(&json!({ "email": email }))?;
    let mut browser = Browser::signed_in(&control, &site.mcp, &email)?;
    let client = Discovered::at(&site.mcp)?.client()?;
    let attempt = client.attempt()?;
    let mcp = Mcp::new(&site.mcp, &client.grant(&mut browser, &attempt)?.access);
    let reply = mcp.tool(TOOL, &arguments())?;
    ensure!(reply.answer.status == 200, "the first call failed: {}", reply.answer);
    reply.content()?;
    let seen = control.requests("gateway", Some(&email))?;
    let seen = seen.last().context("the simulated gateway saw no request of this person")?;
    Ok(Calls {
        answer_bytes: reply.answer.body.len(),
        edge: tool_call(&mcp, site.mcp.as_str())?,
        origin: tool_call(&mcp, site.origin.join("/mcp")?.as_str())?,
        straight: straight(site, seen, &microsoft_token(&site.config, &email)?)?,
    })
}

fn arguments() -> Value {
    json!({ "count": 10 })
}

fn tool_call(mcp: &Mcp, url: &str) -> anyhow::Result<Prepared> {
    let message = mcp.message("tools/call", &json!({ "name": TOOL, "arguments": arguments() }));
    let headers = [
        ("accept", "application/json, text/event-stream"),
        ("authorization", &format!("Bearer {}", mcp.token)),
        ("content-type", "application/json"),
        // The edge keeps the client's `Host`, so the server is asked by its public name either way.
        ("host", mcp.url.authority()),
        ("mcp-method", "tools/call"),
        ("mcp-name", &header_value(TOOL)),
        ("mcp-protocol-version", MODERN),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Prepared::new("POST", url, &headers, message.to_string().as_bytes())
}

/// The recorded request with its secrets put back.
fn straight(site: &Site, seen: &Value, token: &str) -> anyhow::Result<Prepared> {
    let mut headers = Vec::new();
    for (name, shown) in seen.at("/headers").as_object().context("a recorded request without headers")? {
        let value = match name.as_str() {
            "authorization" => format!("Bearer {token}"),
            "cf-aig-authorization" => format!("Bearer {}", site.config.text("/gatewayToken")?),
            "connection" | "content-length" | "host" => continue,
            _ => shown.as_str().unwrap_or_default().to_owned(),
        };
        headers.push((name.clone(), value));
    }
    // The estate records the path below the base address of its gateway.
    let mut url = Url::parse(&format!("{}{}", site.config.text("/aiGatewayBaseUrl")?, seen.text("/path")?))?;
    url.set_query(seen.at("/query").as_str().filter(|query| !query.is_empty()));
    Prepared::new(seen.text("/method")?, url.as_str(), &headers, b"")
}

/// A Microsoft token of the same person, asked for as the registered application would.
pub(crate) fn microsoft_token(config: &Value, email: &str) -> anyhow::Result<String> {
    let verifier = unique("verifier");
    let base = format!("{}/{}/oauth2/v2.0", config.text("/entraBaseUrl")?, config.text("/tenantId")?);
    let scope = "openid offline_access https://graph.microsoft.com/Mail.Read";
    let mut authorize = Url::parse(&format!("{base}/authorize"))?;
    authorize.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", config.text("/clientId")?),
        ("redirect_uri", config.text("/redirectUri")?),
        ("code_challenge", &challenge_of(&verifier)),
        ("code_challenge_method", "S256"),
        ("nonce", &unique("nonce")),
        ("state", "bench"),
        ("scope", scope),
        ("login_hint", email),
    ]);
    let location = Request::get(&authorize).send()?.location()?;
    let code = location.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned());
    let answer = Request::post(format!("{base}/token"))
        .form(&[
            ("grant_type", "authorization_code"),
            ("client_id", config.text("/clientId")?),
            ("client_secret", config.text("/clientSecret")?),
            ("redirect_uri", config.text("/redirectUri")?),
            ("code", &code.context("the simulated Entra gave no code")?),
            ("code_verifier", &verifier),
            ("scope", scope),
        ])
        .send()?;
    Ok(answer.expect(&[200])?.json()?.text("/access_token")?.to_owned())
}
