//! MCP portals of Cloudflare: an OAuth client whose callback the operator allows, and nothing that only looks like it.

use anyhow::{Context as _, Result, ensure};

use crate::browser::Browser;
use crate::oauth::{Client, Discovered};
use crate::site::Site;

/// The callback that all portals share.
const SHARED: &str = "https://oauth-callbacks.cloudflareaccess.com/cdn-cgi/access/outbound-oauth-callback";
/// The callback of one portal.
const OWN: &str = "https://portal.contoso.example/servers-callback";
const PORTAL: &[(&str, &str)] = &[("CLIENT_REDIRECTS", OWN)];

table! { "portal":
    shared the_shared_callback_of_portals_is_admitted_and_what_looks_like_it_is_not,
    shared the_callback_of_a_portal_is_refused_until_the_operator_allows_it,
    shared(PORTAL) an_allowed_portal_registers_and_signs_a_person_in,
    shared(PORTAL) what_looks_like_an_allowed_portal_is_refused,
}

fn refused(discovered: &Discovered, redirect: &str) -> Result<()> {
    let answer = discovered.register(&Discovered::public_client(redirect))?;
    answer.expect_oauth_error(&[400], &["invalid_redirect_uri"]).with_context(|| redirect.to_owned())?;
    Ok(())
}

/// Registers with this redirect, and signs a new person in.
fn admitted(site: &Site, discovered: &Discovered, redirect: &str) -> Result<()> {
    let answer = discovered.register(&Discovered::public_client(redirect))?;
    let id = crate::json::Look::text(&answer.expect(&[201])?.json()?, "/client_id")?.to_owned();
    let client = Client { discovered: discovered.clone(), id, redirect: redirect.to_owned() };
    let person = site.person("portal")?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    let tokens = client.grant(&mut browser, &client.attempt()?)?;
    ensure!(tokens.access.starts_with("m365a_"), "not a token of ours");
    Ok(())
}

fn the_shared_callback_of_portals_is_admitted_and_what_looks_like_it_is_not(site: &Site) -> Result<()> {
    let discovered = Discovered::at(&site.mcp)?;
    admitted(site, &discovered, SHARED)?;
    for look_alike in [
        SHARED.replacen("https", "http", 1),
        SHARED.replacen("oauth-callbacks.", "oauth-callbacks-", 1),
        SHARED.replacen("oauth-callbacks.", "evil.oauth-callbacks.", 1),
        SHARED.replacen(".com/", ".com.evil.example/", 1),
        SHARED.replacen(".com/", ".com:8443/", 1),
        SHARED.replacen("https://", "https://evil@", 1),
        SHARED.replacen("outbound", "Outbound", 1),
        SHARED.replacen("/access/", "/access/../access/", 1),
        SHARED.replacen("/cdn-cgi/", "//cdn-cgi/", 1),
        format!("{SHARED}/"),
        format!("{SHARED}/x"),
        format!("{SHARED}?to=https://evil.example"),
        format!("{SHARED}#x"),
        "https://oauth-callbacks.cloudflareaccess.com/".to_owned(),
    ] {
        refused(&discovered, &look_alike)?;
    }
    Ok(())
}

fn the_callback_of_a_portal_is_refused_until_the_operator_allows_it(site: &Site) -> Result<()> {
    refused(&Discovered::at(&site.mcp)?, OWN)
}

fn an_allowed_portal_registers_and_signs_a_person_in(site: &Site) -> Result<()> {
    let discovered = Discovered::at(&site.mcp)?;
    admitted(site, &discovered, OWN)?;
    // What is allowed without the operator stays so.
    admitted(site, &discovered, SHARED)?;
    discovered.client().map(drop)
}

fn what_looks_like_an_allowed_portal_is_refused(site: &Site) -> Result<()> {
    let discovered = Discovered::at(&site.mcp)?;
    for look_alike in [
        "http://portal.contoso.example/servers-callback",
        "https://portal.contoso.example/servers-callback/",
        "https://portal.contoso.example/servers-callback/x",
        "https://portal.contoso.example/servers-callback?x=1",
        "https://portal.contoso.example/servers-callback#x",
        "https://portal.contoso.example/Servers-callback",
        "https://portal.contoso.example/servers-callback2",
        "https://portal.contoso.example/servers%2dcallback",
        "https://portal.contoso.example/x/../servers-callback",
        "https://portal.contoso.example:444/servers-callback",
        "https://portal.contoso.example.evil.example/servers-callback",
        "https://evil.portal.contoso.example/servers-callback",
        "https://portal-contoso.example/servers-callback",
        "https://portal.contoso.example@evil.example/servers-callback",
        "https://portal.contoso.example/",
        "https://portal.contoso.example",
    ] {
        refused(&discovered, look_alike)?;
    }
    Ok(())
}
