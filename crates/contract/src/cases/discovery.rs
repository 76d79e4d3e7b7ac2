//! Finding the authorization server: challenge, protected-resource metadata, authorization-server metadata.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use crate::http::Request;
use crate::json::Look as _;
use crate::oauth::{Discovered, challenge};
use crate::site::Site;

table! { "discovery":
    shared a_request_without_token_gets_401_and_one_challenge_before_its_method_matters,
    shared a_malformed_credential_is_an_invalid_token,
    shared a_token_in_the_query_is_not_a_credential,
    shared resource_metadata_name_the_endpoint_at_path_and_root,
    shared server_metadata_declare_only_what_is_offered,
    shared metadata_can_be_fetched_by_scripts_without_credentials,
    shared health_is_public_and_says_nothing,
    shared an_unknown_path_is_404_without_internals,
}

fn a_request_without_token_gets_401_and_one_challenge_before_its_method_matters(site: &Site) -> Result<()> {
    for method in ["GET", "POST", "DELETE", "PUT"] {
        let answer = Request::new(method, &site.mcp).send()?;
        answer.expect(&[401])?.expect_not_stored()?;
        let challenges = answer.headers("www-authenticate");
        ensure!(challenges.len() == 1, "not exactly one challenge: {answer}");
        ensure!(challenges.iter().all(|value| value.starts_with("Bearer ")), "not Bearer first: {answer}");
        ensure!(challenge(&answer, "resource_metadata").is_some(), "no resource_metadata: {answer}");
        ensure!(challenge(&answer, "error").is_none(), "an error without a token: {answer}");
        let scope = challenge(&answer, "scope").unwrap_or_default();
        ensure!(!scope.is_empty() && !scope.contains("offline_access"), "scope of the challenge: {answer}");
    }
    Ok(())
}

fn a_malformed_credential_is_an_invalid_token(site: &Site) -> Result<()> {
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln";
    let long = format!("Bearer {}", "a".repeat(6000));
    let values = [
        "Bearer x",
        "Bearer m365a_x",
        "Bearer m365a_",
        "Bearer a b",
        &format!("Bearer {jwt}"),
        &long,
        "bearer m365r_x",
    ];
    for value in values {
        let answer =
            Request::post(&site.mcp).header("authorization", value).json(&serde_json::json!({})).send()?;
        answer.expect(&[401, 431])?;
        if answer.status == 401 {
            ensure!(
                challenge(&answer, "error").as_deref() == Some("invalid_token"),
                "not invalid_token: {answer}"
            );
        }
    }
    for value in ["Bearer", "Basic YTpi", "", "m365a_x"] {
        let answer =
            Request::post(&site.mcp).header("authorization", value).json(&serde_json::json!({})).send()?;
        answer.expect(&[400, 401])?;
    }
    Ok(())
}

fn a_token_in_the_query_is_not_a_credential(site: &Site) -> Result<()> {
    let session = crate::session::Session::open(site, "query")?;
    let mut url = site.mcp.clone();
    url.query_pairs_mut().append_pair("access_token", &session.tokens.access);
    let message = session.mcp.message("tools/list", &serde_json::Value::Null);
    Request::post(&url).json(&message).send()?.expect(&[401])?;
    Ok(())
}

fn resource_metadata_name_the_endpoint_at_path_and_root(site: &Site) -> Result<()> {
    for (path, resource) in [
        ("/.well-known/oauth-protected-resource/mcp", site.mcp.clone()),
        ("/.well-known/oauth-protected-resource", site.mcp.clone()),
        ("/.well-known/oauth-protected-resource/sse", site.edge("/sse")?),
    ] {
        let answer = Request::get(site.edge(path)?).send()?;
        let body = answer.expect(&[200])?.json()?;
        ensure!(body.text("/resource")? == resource.as_str(), "another resource: {answer}");
        ensure!(body.strings("/authorization_servers").len() == 1, "not one server: {answer}");
        ensure!(!body.strings("/scopes_supported").contains(&"offline_access"), "offline_access: {answer}");
        ensure!(!body.strings("/scopes_supported").is_empty(), "no scopes: {answer}");
        let methods = body.strings("/bearer_methods_supported");
        ensure!(methods.is_empty() || methods == ["header"], "tokens elsewhere than in the header: {answer}");
    }
    Ok(())
}

fn server_metadata_declare_only_what_is_offered(site: &Site) -> Result<()> {
    let server = Discovered::at(&site.mcp)?.server;
    ensure!(server.strings("/code_challenge_methods_supported") == ["S256"], "PKCE methods: {server}");
    ensure!(server.strings("/response_types_supported") == ["code"], "response types: {server}");
    let grants: BTreeSet<_> = server.strings("/grant_types_supported").into_iter().collect();
    ensure!(grants == BTreeSet::from(["authorization_code", "refresh_token"]), "grant types: {server}");
    ensure!(server.at("/authorization_response_iss_parameter_supported") == true, "iss: {server}");
    ensure!(
        server.strings("/token_endpoint_auth_methods_supported").contains(&"none"),
        "public clients: {server}"
    );
    let modes = server.strings("/response_modes_supported");
    ensure!(modes.is_empty() || modes == ["query"], "response modes: {server}");
    for name in ["authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"] {
        let url = url::Url::parse(server.text(&format!("/{name}"))?)?;
        ensure!(url.origin() == site.mcp.origin(), "{name} is not at the server's origin: {server}");
    }
    Ok(())
}

fn metadata_can_be_fetched_by_scripts_without_credentials(site: &Site) -> Result<()> {
    for path in ["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-authorization-server"] {
        let asked = |method: &str| {
            Request::new(method, site.edge(path)?.as_str())
                .header("origin", "https://inspector.example")
                .header("access-control-request-method", "GET")
                .header("access-control-request-headers", "mcp-protocol-version")
                .send()
        };
        for answer in [asked("OPTIONS")?, asked("GET")?] {
            answer.expect(&[200, 204])?;
            ensure!(answer.header("access-control-allow-origin").is_some(), "no CORS: {answer}");
            ensure!(answer.header("access-control-allow-credentials").is_none(), "credentials: {answer}");
        }
    }
    Ok(())
}

fn health_is_public_and_says_nothing(site: &Site) -> Result<()> {
    let answer = Request::get(site.edge("/healthz")?).send()?;
    answer.expect(&[200])?;
    ensure!(answer.body.len() < 200, "health says too much: {answer}");
    Ok(())
}

fn an_unknown_path_is_404_without_internals(site: &Site) -> Result<()> {
    for path in ["/nothing", "/mcp-other", "/.well-known/nothing", "/.env", "/%00"] {
        Request::get(site.behind(path)?).send()?.expect(&[400, 401, 403, 404])?;
    }
    Ok(())
}
