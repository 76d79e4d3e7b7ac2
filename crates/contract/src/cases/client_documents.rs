//! Clients that identify themselves by a metadata document: what is accepted, fetched and shown.
//!
//! Source: draft-ietf-oauth-client-id-metadata-document, MCP 2026-07-28 (authorization).

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::html::visible_text;
use crate::http::Request;
use crate::json::Look as _;
use crate::mcp::Mcp;
use crate::oauth::{Client, Discovered, REDIRECT, Tokens};
use crate::publisher::{Publisher, asked, expect_refused};
use crate::site::Site;

const WITHOUT_HOSTS: &[(&str, &str)] = &[("CLIENT_METADATA_HOSTS", "none")];
const WITHOUT_REGISTRATION: &[(&str, &str)] = &[("CLIENT_REGISTRATION", "off")];
const WITH_PORTAL: &[(&str, &str)] = &[(
    "CLIENT_REDIRECTS",
    "https://portal.contoso.example/servers-callback https://agents.contoso.example/*/done",
)];

table! { "client_documents":
    shared the_server_says_that_it_accepts_documents,
    shared well_known_clients_are_known_by_their_documents,
    shared a_client_with_a_document_gets_tokens_calls_and_refreshes,
    shared the_fetch_carries_no_credentials_and_no_query,
    shared the_page_names_the_host_that_is_answered_and_the_host_that_vouches,
    shared the_page_warns_of_a_client_that_only_this_computer_answers,
    shared what_a_document_calls_itself_is_text,
    shared only_redirects_that_somebody_vouches_for_are_answered,
    shared a_client_with_a_document_has_no_secret_to_present,
    shared a_stranger_cannot_make_the_server_fetch_a_document,
    own a_copy_is_used_for_ten_minutes,
    own a_copy_is_kept_no_longer_than_its_host_allows,
    own a_planted_document_is_read_again_once,
    own a_grant_survives_an_outage_of_its_document_s_host,
    own a_withdrawn_client_gets_no_more_tokens,
    shared(WITHOUT_HOSTS) without_listed_hosts_no_document_is_accepted,
    shared(WITHOUT_REGISTRATION) without_registration_clients_need_a_document,
    shared(WITH_PORTAL) redirects_of_the_operator_s_own_portal_are_accepted,
}

/// Opens the consent page for a new person and gives its text.
fn page_text(site: &Site, client: &Client, name: &str) -> Result<String> {
    let (_, _, answer) = asked(site, client, name)?;
    Ok(visible_text(&answer.expect(&[200])?.text()))
}

fn tokens(site: &Site, client: &Client, name: &str) -> Result<(Browser, Tokens)> {
    let person = site.person(name)?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    let tokens = client.grant(&mut browser, &client.attempt()?)?;
    Ok((browser, tokens))
}

fn the_server_says_that_it_accepts_documents(site: &Site) -> Result<()> {
    let server = Discovered::at(&site.mcp)?.server;
    ensure!(server.at("/client_id_metadata_document_supported") == true, "not announced: {server}");
    ensure!(server.strings("/token_endpoint_auth_methods_supported").contains(&"none"), "methods: {server}");
    Ok(())
}

fn well_known_clients_are_known_by_their_documents(site: &Site) -> Result<()> {
    for (id, redirect, name) in [
        (
            "https://claude.ai/oauth/mcp-oauth-client-metadata",
            "https://claude.ai/api/mcp/auth_callback",
            "Claude",
        ),
        (
            "https://claude.ai/oauth/claude-code-client-metadata",
            "http://localhost:51999/callback",
            "Claude Code",
        ),
        ("https://vscode.dev/oauth/client-metadata.json", "http://127.0.0.1:33418/", "Visual Studio Code"),
        (
            "https://vscode.dev/oauth/client-metadata.json",
            "https://vscode.dev/redirect",
            "Visual Studio Code",
        ),
        ("https://chatgpt.com/oauth/codex/client.json", "http://127.0.0.1:1455/callback", "Codex"),
    ] {
        let discovered = Discovered::at(&site.mcp)?;
        let client = Client { discovered, id: id.to_owned(), redirect: redirect.to_owned() };
        let text = page_text(site, &client, "well-known").with_context(|| id.to_owned())?;
        ensure!(text.contains(name), "the page does not name {name}: {text}");
    }
    Ok(())
}

fn a_client_with_a_document_gets_tokens_calls_and_refreshes(site: &Site) -> Result<()> {
    let publisher = Publisher::at(site, "claude.ai")?;
    let client = publisher.client()?;
    let (_, granted) = tokens(site, &client, "document")?;
    let mcp = Mcp::new(&site.mcp, &granted.access);
    mcp.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    let renewed = Tokens::read(&client.refresh(&granted.refresh)?)?;
    Mcp::new(&site.mcp, &renewed.access).tool("getEmails", &json!({ "count": 1 }))?.content()?;
    client.revoke(&renewed.refresh)?.expect(&[200])?;
    client.refresh(&renewed.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    // Front and cell may be different isolates, each with a memory of its own.
    let fetches = publisher.fetches()?.len();
    ensure!((1..=2).contains(&fetches), "{fetches} fetches for one client");
    Ok(())
}

fn the_fetch_carries_no_credentials_and_no_query(site: &Site) -> Result<()> {
    let publisher = Publisher::at(site, "vscode.dev")?;
    tokens(site, &publisher.client()?, "bare")?;
    for fetch in publisher.fetches()? {
        ensure!(fetch.text("/method")? == "GET" && fetch.text("/query")?.is_empty(), "{fetch}");
        ensure!(fetch.text("/headers/accept")? == "application/json", "{fetch}");
        for name in [
            "authorization",
            "cookie",
            "referer",
            "origin",
            "cf-access-jwt-assertion",
            "cf-aig-authorization",
        ] {
            ensure!(fetch.at("/headers").get(name).is_none(), "{name} was sent: {fetch}");
        }
    }
    Ok(())
}

fn the_page_names_the_host_that_is_answered_and_the_host_that_vouches(site: &Site) -> Result<()> {
    let publisher = Publisher::at(site, "chatgpt.com")?;
    let elsewhere = "https://claude.com/api/mcp/auth_callback";
    publisher.publish(&publisher.document_with("redirect_uris", &json!([elsewhere])))?;
    let client = Client { redirect: elsewhere.to_owned(), ..publisher.client()? };
    let text = page_text(site, &client, "hosts")?;
    for shown in ["Document client", "claude.com", "chatgpt.com"] {
        ensure!(text.contains(shown), "the page does not show {shown}: {text}");
    }
    let registered = Discovered::at(&site.mcp)?.client()?;
    let text = page_text(site, &registered, "nobody")?;
    ensure!(!text.contains("chatgpt.com") && !text.contains("vouches"), "somebody vouches: {text}");
    Ok(())
}

fn the_page_warns_of_a_client_that_only_this_computer_answers(site: &Site) -> Result<()> {
    let publisher = Publisher::at(site, "claude.ai")?;
    publisher.publish(&publisher.document_with("redirect_uris", &json!(["http://localhost/callback"])))?;
    let client = Client { redirect: "http://localhost:4711/callback".to_owned(), ..publisher.client()? };
    let text = page_text(site, &client, "loopback")?;
    ensure!(text.contains("any program here can use its description"), "no warning: {text}");
    let hosted = page_text(site, &Publisher::at(site, "claude.ai")?.client()?, "hosted")?;
    ensure!(!hosted.contains("any program"), "a warning without reason: {hosted}");
    Ok(())
}

fn what_a_document_calls_itself_is_text(site: &Site) -> Result<()> {
    let publisher = Publisher::at(site, "claude.ai")?;
    let name = "<script>alert(1)</script>\u{202e}\u{200b} Bank".to_owned() + &"x".repeat(500);
    publisher.publish(&publisher.document_with("client_name", &json!(name)))?;
    let (_, _, answer) = asked(site, &publisher.client()?, "markup")?;
    let html = answer.expect(&[200])?.text();
    ensure!(
        !html.contains("<script>alert") && !html.contains('\u{202e}') && !html.contains('\u{200b}'),
        "{html}"
    );
    ensure!(!html.contains(&"x".repeat(100)), "an endless name: {html}");
    Ok(())
}

fn only_redirects_that_somebody_vouches_for_are_answered(site: &Site) -> Result<()> {
    let publisher = Publisher::at(site, "vscode.dev")?;
    let own = "https://vscode.dev/any/path/of/the/same/host";
    let listed = "https://claude.ai/api/mcp/auth_callback";
    let foreign = [
        "https://evil.example/callback",
        "https://sub.vscode.dev/callback",
        "https://vscode.dev:8443/callback",
        "https://vscode.dev.evil.example/callback",
        "https://vscode.dev@evil.example/callback",
        "https://claude.ai/another/path",
        "http://vscode.dev/callback",
        "claude://callback",
    ];
    let mut uris = vec![own, listed, "http://127.0.0.1/callback"];
    uris.extend(foreign);
    publisher.publish(&publisher.document_with("redirect_uris", &json!(uris)))?;
    let at = |redirect: &str| -> Result<Client> {
        Ok(Client { redirect: redirect.to_owned(), ..publisher.client()? })
    };
    for redirect in [own, listed, "http://127.0.0.1:9/callback"] {
        asked(site, &at(redirect)?, "vouched")?.2.expect(&[200]).with_context(|| redirect.to_owned())?;
    }
    for redirect in
        foreign.into_iter().chain(["https://vscode.dev/not/in/the/document", "http://localhost/callback"])
    {
        expect_refused(&asked(site, &at(redirect)?, "foreign")?.2).with_context(|| redirect.to_owned())?;
    }
    Ok(())
}

fn a_client_with_a_document_has_no_secret_to_present(site: &Site) -> Result<()> {
    let publisher = Publisher::at(site, "claude.ai")?;
    let client = publisher.client()?;
    let (_, granted) = tokens(site, &client, "public")?;
    let form =
        [("grant_type", "refresh_token"), ("refresh_token", &granted.refresh), ("client_id", &client.id)];
    let with_secret = [form.as_slice(), &[("client_secret", "s")]].concat();
    client.token(&with_secret)?.expect_oauth_error(&[401], &["invalid_client"])?;
    let basic = Request::post(client.discovered.endpoint("token_endpoint")?).form(&form);
    // `client:secret`
    basic.header("authorization", "Basic Y2xpZW50OnNlY3JldA==").send()?.expect(&[401])?;
    let other = Publisher::at(site, "claude.ai")?.client()?;
    other.refresh(&granted.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    Tokens::read(&client.refresh(&granted.refresh)?)?;
    Ok(())
}

fn a_stranger_cannot_make_the_server_fetch_a_document(site: &Site) -> Result<()> {
    let publisher = Publisher::at(site, "claude.ai")?;
    let client = publisher.client()?;
    for code in ["", "x", "m365c_AAAA", "m365r_AAAA"] {
        client.redeem(code, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")?.expect(&[400])?;
        client.refresh(code)?.expect(&[400])?;
        if !code.is_empty() {
            client.revoke(code)?.expect(&[200])?;
        }
    }
    let url = client.attempt()?.url()?;
    ensure!(Request::get(&url).send()?.status != 200, "a stranger saw the consent page");
    let registration = json!({ "redirect_uris": [REDIRECT], "client_id": client.id, "jwks_uri": client.id });
    client.discovered.register(&registration)?.expect(&[201, 400])?;
    publisher.expect_fetches(0)
}

fn a_copy_is_used_for_ten_minutes(site: &Site) -> Result<()> {
    let publisher = Publisher::at(site, "claude.ai")?;
    let client = publisher.client()?;
    for (advance, fetches) in [(0, 1), (590, 1), (20, 2)] {
        site.advance(advance)?;
        asked(site, &client, "fresh")?.2.expect(&[200])?;
        publisher.expect_fetches(fetches)?;
    }
    Ok(())
}

fn a_copy_is_kept_no_longer_than_its_host_allows(site: &Site) -> Result<()> {
    let publisher = Publisher::without_document(site, "claude.ai");
    let headers = json!({ "cache-control": "public, max-age=120" });
    publisher.answer(&json!({ "body": publisher.document(), "headers": headers }))?;
    let client = publisher.client()?;
    for (advance, fetches) in [(0, 1), (110, 1), (20, 2)] {
        site.advance(advance)?;
        asked(site, &client, "short")?.2.expect(&[200])?;
        publisher.expect_fetches(fetches)?;
    }
    Ok(())
}

fn a_planted_document_is_read_again_once(site: &Site) -> Result<()> {
    let publisher = Publisher::at(site, "vscode.dev")?;
    publisher.publish(&publisher.document_with("redirect_uris", &json!(["https://vscode.dev/planted"])))?;
    let client = publisher.client()?;
    expect_refused(&asked(site, &client, "planted")?.2)?;
    publisher.expect_fetches(1)?;
    publisher.publish(&publisher.document())?;
    site.advance(31)?;
    asked(site, &client, "healed")?.2.expect(&[200])?;
    publisher.expect_fetches(2)?;
    let planted = Client { redirect: "https://vscode.dev/planted".to_owned(), ..client };
    site.advance(31)?;
    for name in ["gone", "still-gone", "gone-for-good"] {
        expect_refused(&asked(site, &planted, name)?.2)?;
    }
    publisher.expect_fetches(3)
}

fn a_grant_survives_an_outage_of_its_document_s_host(site: &Site) -> Result<()> {
    let publisher = Publisher::at(site, "chatgpt.com")?;
    let client = publisher.client()?;
    let (_, mut granted) = tokens(site, &client, "outage")?;
    for trouble in [json!({ "kind": "status", "status": 503 }), json!({ "kind": "reset" })] {
        let mut fault: Value = trouble;
        fault.as_object_mut().context("a fault")?.insert("target".to_owned(), json!("clients"));
        site.control.fault(&fault)?;
        site.advance(1800)?;
        granted = Tokens::read(&client.refresh(&granted.refresh)?)?;
        expect_refused(&asked(site, &client, "newcomer")?.2)?;
        site.control.clear_faults()?;
    }
    ensure!(publisher.fetches()?.len() > 2, "the outage was not noticed");
    // Whoever has no copy is told to come again, never that the client is unknown.
    site.control.fault(&json!({ "target": "clients", "kind": "status", "status": 503 }))?;
    let unseen = Publisher::at(site, "chatgpt.com")?.client()?;
    let refused = unseen.refresh(&granted.refresh)?;
    refused.expect_oauth_error(&[503, 429], &["temporarily_unavailable"])?;
    ensure!(refused.header("retry-after").is_some(), "no Retry-After: {refused}");
    site.control.clear_faults()?;
    Tokens::read(&client.refresh(&granted.refresh)?)?;
    Ok(())
}

fn a_withdrawn_client_gets_no_more_tokens(site: &Site) -> Result<()> {
    let publisher = Publisher::at(site, "claude.ai")?;
    let client = publisher.client()?;
    let (_, granted) = tokens(site, &client, "withdrawn")?;
    publisher.publish(&publisher.document_with("client_secret", &json!("s")))?;
    Tokens::read(&client.refresh(&granted.refresh)?).context("a fresh copy still counts")?;
    site.advance(601)?;
    client.refresh(&granted.refresh)?.expect_oauth_error(&[401], &["invalid_client"])?;
    expect_refused(&asked(site, &client, "withdrawn-newcomer")?.2)
}

fn without_listed_hosts_no_document_is_accepted(site: &Site) -> Result<()> {
    let publisher = Publisher::at(site, "claude.ai")?;
    let client = publisher.client()?;
    let announced = client.discovered.server.get("client_id_metadata_document_supported");
    ensure!(announced.is_none(), "announced: {announced:?}");
    expect_refused(&asked(site, &client, "unlisted")?.2)?;
    publisher.expect_fetches(0)?;
    tokens(site, &client.discovered.client()?, "registered").map(drop)
}

fn without_registration_clients_need_a_document(site: &Site) -> Result<()> {
    let client = Publisher::at(site, "claude.ai")?.client()?;
    let announced = client.discovered.server.get("registration_endpoint");
    ensure!(announced.is_none(), "announced: {announced:?}");
    let refused = Request::post(site.edge("/register")?).json(&Discovered::public_client(REDIRECT)).send()?;
    let body = refused.expect_oauth_error(&[403], &["access_denied"])?.json()?;
    ensure!(body.text("/error_description")?.contains("metadata document"), "what to do: {refused}");
    tokens(site, &client, "document-only").map(drop)
}

fn redirects_of_the_operator_s_own_portal_are_accepted(site: &Site) -> Result<()> {
    let discovered = Discovered::at(&site.mcp)?;
    for redirect in [
        "https://portal.contoso.example/servers-callback",
        "https://agents.contoso.example/blue-7/done",
        "https://oauth-callbacks.cloudflareaccess.com/cdn-cgi/access/outbound-oauth-callback",
        "https://claude.ai/api/mcp/auth_callback",
    ] {
        discovered.register(&Discovered::public_client(redirect))?.expect(&[201])?;
    }
    for redirect in [
        "https://portal.contoso.example/servers-callback/",
        "https://portal.contoso.example/other",
        "https://other.contoso.example/servers-callback",
        "https://agents.contoso.example/a/b/done",
        "https://agents.contoso.example//done",
        "https://agents.contoso.example/*/done",
        "https://oauth-callbacks.cloudflareaccess.com/cdn-cgi/access/logout",
    ] {
        let refused = discovered.register(&Discovered::public_client(redirect))?;
        refused.expect_oauth_error(&[400], &["invalid_redirect_uri"]).with_context(|| redirect.to_owned())?;
    }
    Ok(())
}
