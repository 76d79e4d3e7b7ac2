//! Dynamic client registration (RFC 7591): bounded, expiring, only for redirects on the operator's list.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::http::Request;
use crate::json::Look as _;
use crate::oauth::{Discovered, REDIRECT};
use crate::raw;
use crate::site::Site;

table! { "registration":
    shared a_public_client_gets_an_id_and_no_secret,
    shared without_a_method_the_client_is_public_or_refused,
    shared confidential_clients_exist_only_where_metadata_say_so,
    shared unknown_grants_methods_and_contradictions_are_invalid_metadata,
    shared redirects_off_the_list_are_refused,
    shared redirects_of_well_known_clients_are_accepted,
    shared unsafe_links_of_a_client_are_refused,
    shared a_body_that_is_not_metadata_is_refused,
    last a_registration_expires,
}

fn with(name: &str, value: &Value) -> Result<Value> {
    let mut metadata = Discovered::public_client(REDIRECT);
    metadata.as_object_mut().context("an object")?.insert(name.to_owned(), value.clone());
    Ok(metadata)
}

fn a_public_client_gets_an_id_and_no_secret(site: &Site) -> Result<()> {
    let discovered = Discovered::at(&site.mcp)?;
    let answer = discovered.register(&Discovered::public_client(REDIRECT))?;
    let body = answer.expect(&[201])?.expect_not_stored()?.json()?;
    ensure!(!body.text("/client_id")?.is_empty(), "no client_id: {answer}");
    ensure!(body.get("client_secret").is_none(), "a public client got a secret: {answer}");
    ensure!(body.strings("/redirect_uris") == [REDIRECT], "redirects: {answer}");
    ensure!(body.text("/token_endpoint_auth_method")? == "none", "method: {answer}");
    Ok(())
}

fn without_a_method_the_client_is_public_or_refused(site: &Site) -> Result<()> {
    let discovered = Discovered::at(&site.mcp)?;
    let answer = discovered.register(&json!({ "redirect_uris": [REDIRECT] }))?;
    let confidential =
        discovered.server.strings("/token_endpoint_auth_methods_supported").contains(&"client_secret_basic");
    if answer.status == 400 {
        answer.expect_oauth_error(&[400], &["invalid_client_metadata"])?;
        return Ok(());
    }
    let body = answer.expect(&[201])?.json()?;
    let method = body.text("/token_endpoint_auth_method")?;
    let expected = if confidential { "client_secret_basic" } else { "none" };
    ensure!(method == expected, "the default is {method}: {answer}");
    ensure!(body.strings("/grant_types").contains(&"authorization_code"), "grant types: {answer}");
    Ok(())
}

fn confidential_clients_exist_only_where_metadata_say_so(site: &Site) -> Result<()> {
    let discovered = Discovered::at(&site.mcp)?;
    let offered = discovered.server.strings("/token_endpoint_auth_methods_supported");
    for method in ["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"] {
        let answer = discovered.register(&with("token_endpoint_auth_method", &json!(method))?)?;
        if offered.contains(&method) {
            answer.expect(&[201])?;
        } else {
            answer.expect_oauth_error(&[400], &["invalid_client_metadata"])?;
        }
    }
    Ok(())
}

fn unknown_grants_methods_and_contradictions_are_invalid_metadata(site: &Site) -> Result<()> {
    let discovered = Discovered::at(&site.mcp)?;
    for (name, value) in [
        ("grant_types", json!(["password"])),
        ("grant_types", json!(["authorization_code", "client_credentials"])),
        ("grant_types", json!(["implicit"])),
        ("grant_types", json!(["refresh_token"])),
        ("grant_types", json!("authorization_code")),
        ("response_types", json!(["token"])),
        ("response_types", json!(["code", "token"])),
        ("token_endpoint_auth_method", json!("whatever")),
        ("token_endpoint_auth_method", json!(7)),
        ("client_name", json!({ "a": 1 })),
    ] {
        let answer = discovered.register(&with(name, &value)?)?;
        answer
            .expect_oauth_error(&[400], &["invalid_client_metadata"])
            .with_context(|| format!("{name}: {value}"))?;
    }
    let long = discovered.register(&with("client_name", &json!("n".repeat(5000)))?)?;
    if long.status == 201 {
        ensure!(long.json()?.text("/client_name")?.len() <= 200, "an unbounded name: {long}");
    } else {
        long.expect_oauth_error(&[400], &["invalid_client_metadata"])?;
    }
    Ok(())
}

fn redirects_off_the_list_are_refused(site: &Site) -> Result<()> {
    let discovered = Discovered::at(&site.mcp)?;
    for redirect in [
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://claude.ai/x",
        "JaVaScRiPt:alert(1)",
        " http://127.0.0.1/callback",
        "\thttp://127.0.0.1/callback",
        "http://127.0.0.1/\ncallback",
        "http://127.0.0.1/\u{0}",
        "/callback",
        "callback",
        "",
        "//evil.example/callback",
        "https://evil.example/callback",
        "https://claude.ai.evil.example/api/mcp/auth_callback",
        "https://evilclaude.ai/api/mcp/auth_callback",
        "https://claude.ai@evil.example/api/mcp/auth_callback",
        "https://claude.ai:444/api/mcp/auth_callback",
        "https://claude.ai/api/mcp/auth_callback/../../../x",
        "https://claude.ai/api/mcp/auth_callback/",
        "https://claude.ai/api/mcp/auth_callback?next=https://evil.example",
        "https://claude.ai/api/mcp/auth_callback#x",
        "https://claude.ai/api/mcp/..%2f..%2fx",
        "http://claude.ai/api/mcp/auth_callback",
        "claude://callback",
        "http://127.0.0.1.evil.example/callback",
        "http://localhost.evil.example/callback",
        "http://user@127.0.0.1/callback",
        "http://127.0.0.1/callback#fragment",
        "http://169.254.169.254/callback",
        "http://0x7f.1.evil.example/",
    ] {
        let answer = discovered.register(&Discovered::public_client(redirect))?;
        let codes = ["invalid_redirect_uri", "invalid_client_metadata"];
        answer.expect_oauth_error(&[400], &codes).with_context(|| format!("{redirect:?}"))?;
        let mixed = with("redirect_uris", &json!([REDIRECT, redirect]))?;
        discovered
            .register(&mixed)?
            .expect_oauth_error(&[400], &codes)
            .with_context(|| format!("also {redirect:?}"))?;
    }
    for redirects in [json!([]), json!(null), json!(REDIRECT), json!([7])] {
        let answer = discovered.register(&with("redirect_uris", &redirects)?)?;
        answer.expect_oauth_error(&[400], &["invalid_redirect_uri", "invalid_client_metadata"])?;
    }
    Ok(())
}

fn redirects_of_well_known_clients_are_accepted(site: &Site) -> Result<()> {
    let discovered = Discovered::at(&site.mcp)?;
    for redirect in [
        "https://claude.ai/api/mcp/auth_callback",
        "https://claude.com/api/mcp/auth_callback",
        "https://vscode.dev/redirect",
        "http://127.0.0.1/",
        "http://127.0.0.1:33418/",
        "http://localhost:51234/oauth/callback",
        "http://localhost/callback",
        "http://[::1]:8080/callback",
    ] {
        discovered.register(&Discovered::public_client(redirect))?.expect(&[201])?;
    }
    Ok(())
}

fn unsafe_links_of_a_client_are_refused(site: &Site) -> Result<()> {
    let discovered = Discovered::at(&site.mcp)?;
    for name in ["client_uri", "logo_uri", "tos_uri", "policy_uri", "client_uri#fr", "logo_uri#de-CH"] {
        for link in
            ["javascript:alert(1)", "data:text/html,x", "JAVASCRIPT:x", "not a url", " https://a.example"]
        {
            let answer = discovered.register(&with(name, &json!(link))?)?;
            answer
                .expect_oauth_error(&[400], &["invalid_client_metadata"])
                .with_context(|| format!("{name}: {link}"))?;
        }
    }
    Ok(())
}

fn a_body_that_is_not_metadata_is_refused(site: &Site) -> Result<()> {
    let url = site.edge("/register")?;
    let codes = ["invalid_client_metadata", "invalid_request", "invalid_redirect_uri"];
    for body in ["", "{", "[]", "null", "7", "\"x\"", "{}", "{\"redirect_uris\":", "{\"a\":\"\u{fffd}\"}"] {
        Request::post(&url).body("application/json", body).send()?.expect_oauth_error(&[400], &codes)?;
    }
    Request::post(&url).body("application/json", vec![b'{', b'"', 0xff, b'"']).send()?.expect(&[400])?;
    Request::post(&url).form(&[("redirect_uris", REDIRECT)]).send()?.expect(&[400, 415])?;
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    Request::post(&url).body("application/json", deep).send()?.expect(&[400])?;
    let large = json!({ "redirect_uris": [REDIRECT], "client_name": "n".repeat(2_000_000) });
    raw::post(site, "/register", "Content-Type: application/json", large.to_string().as_bytes())?
        .expect(&[413])?;
    Request::get(&url).send()?.expect(&[405])?;
    Ok(())
}

fn a_registration_expires(site: &Site) -> Result<()> {
    let client = Discovered::at(&site.mcp)?.client()?;
    site.control.advance(400 * 86_400)?;
    let person = site.person("late")?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    let url = client.attempt()?.url()?;
    let answer = browser.send(Request::get(&url), &url)?;
    answer.expect(&[400])?;
    ensure!(answer.header("location").is_none(), "an expired client was sent a redirect: {answer}");
    Ok(())
}
