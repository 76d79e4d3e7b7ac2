//! The public documents: protected-resource metadata (RFC 9728 section 3), authorization-server metadata (RFC 8414
//! section 3), PKCE (RFC 7636), CORS for clients in browsers, and registration (RFC 7591) of a redirect to nowhere.
//!
//! Challenge and both documents are each compared with the address that was given, and so with one another.

use http::Method;
use m365_app::routes::{Cors, ROUTES};
use serde_json::{Value, json};

use super::Examination;
use super::mcp_gate::{MCP, RESOURCE_METADATA};
use super::report::{Report, Unmet, Verdict, demand};
use super::table::{DOCUMENT_CORS, PKCE, REGISTRATION, RESOURCE, SERVER};
use super::text::quoted;
use crate::remote::wire::{Answer, Ask};

const RESOURCE_METADATA_ROOT: &str = "/.well-known/oauth-protected-resource";
const SERVER_METADATA: &str = "/.well-known/oauth-authorization-server";
/// Endpoints of the metadata and the paths they must have.
const ENDPOINTS: [(&str, &str); 4] = [
    ("authorization_endpoint", "/authorize"),
    ("registration_endpoint", "/register"),
    ("revocation_endpoint", "/revoke"),
    ("token_endpoint", "/token"),
];

/// Looks at the documents.
pub(super) async fn examine(examination: &Examination, report: &mut Report) {
    report.record(&RESOURCE, resource(examination).await);
    let server = document(examination, SERVER_METADATA).await;
    match server {
        Ok(server) => {
            report.record(&SERVER, endpoints(examination, &server));
            report.record(&PKCE, pkce(&server));
        }
        Err(unmet) => {
            report.record(&SERVER, Err(unmet));
            report.skip(&[&PKCE], "there are no authorization-server metadata");
        }
    }
    report.record(&DOCUMENT_CORS, readable(examination).await);
    report.record(&REGISTRATION, registration(examination).await);
}

async fn document(examination: &Examination, path: &str) -> Result<Value, Unmet> {
    let answer = examination.wire.send(Ask::get(examination.target.at(path))).await?;
    let document = answer.json();
    let kind = answer.header("content-type").unwrap_or_default();
    demand(answer.status == 200 && document.is_object() && kind.starts_with("application/json"), || {
        format!("GET {path} answered {} {}", answer.status, quoted(kind))
    })?;
    Ok(document)
}

async fn resource(examination: &Examination) -> Verdict {
    let target = &examination.target;
    for path in [RESOURCE_METADATA, RESOURCE_METADATA_ROOT] {
        let found = document(examination, path).await?;
        expect(&found, "resource", &json!(target.at(MCP)))?;
        expect(&found, "authorization_servers", &json!([target.origin()]))?;
        expect(&found, "bearer_methods_supported", &json!(["header"]))?;
        let scopes = strings(&found, "scopes_supported");
        demand(!scopes.is_empty() && !scopes.contains(&"offline_access"), || {
            format!("scopes_supported are {}", quoted(&scopes.join(" ")))
        })?;
    }
    Ok(format!("the resource is {}, its server {}", target.at(MCP), target.origin()))
}

fn endpoints(examination: &Examination, server: &Value) -> Verdict {
    let target = &examination.target;
    expect(server, "issuer", &json!(target.origin()))?;
    // An operator may have switched registration off.
    let offered = |name: &str| name != "registration_endpoint" || server.get(name).is_some();
    for (name, path) in ENDPOINTS.into_iter().filter(|(name, _)| offered(name)) {
        expect(server, name, &json!(target.at(path)))?;
    }
    expect(server, "authorization_response_iss_parameter_supported", &json!(true))?;
    Ok(format!("the issuer is {}, and every endpoint below it", target.origin()))
}

fn pkce(server: &Value) -> Verdict {
    expect(server, "code_challenge_methods_supported", &json!(["S256"]))?;
    expect(server, "response_types_supported", &json!(["code"]))?;
    let grants = strings(server, "grant_types_supported");
    let known = grants.iter().all(|grant| matches!(*grant, "authorization_code" | "refresh_token"));
    demand(known && !grants.is_empty(), || {
        format!("grant_types_supported are {}", quoted(&grants.join(" ")))
    })?;
    Ok("S256 and code only".to_owned())
}

fn expect(document: &Value, name: &str, wanted: &Value) -> Result<(), Unmet> {
    let found = document.get(name).unwrap_or(&Value::Null);
    demand(found == wanted, || format!("{name} is {} and must be {wanted}", quoted(&found.to_string())))
}

fn strings<'a>(document: &'a Value, name: &str) -> Vec<&'a str> {
    document.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

async fn readable(examination: &Examination) -> Verdict {
    let public = || ROUTES.iter().filter(|route| route.cors == Cors::Public);
    for route in public() {
        for method in [Method::GET, Method::OPTIONS] {
            let ask = Ask::new(&method, examination.target.at(route.path))
                .header("origin", "https://inspector.example")
                .header("access-control-request-method", "GET")
                .header("access-control-request-headers", "mcp-protocol-version");
            let answer = examination.wire.send(ask).await?;
            let about = |what: &str| format!("{method} {} {what}", route.path);
            demand(matches!(answer.status, 200 | 204), || about(&format!("answered {}", answer.status)))?;
            demand(is_open(&answer), || about("may not be read by scripts of other sites"))?;
            let credentials = answer.header("access-control-allow-credentials").is_some();
            demand(!credentials, || about("allows credentials across sites"))?;
        }
    }
    Ok(format!("{} documents can be read from anywhere", public().count()))
}

fn is_open(answer: &Answer) -> bool {
    answer.header("access-control-allow-origin") == Some("*")
}

async fn registration(examination: &Examination) -> Verdict {
    let path = "/register";
    let metadata = json!({
        "client_name": "m365-mcp doctor",
        "redirect_uris": ["https://doctor-probe.invalid/callback"],
        "token_endpoint_auth_method": "none",
    });
    let answer = examination.wire.send(Ask::post(examination.target.at(path)).json(&metadata)).await?;
    let word = answer.json().get("error").and_then(Value::as_str).unwrap_or_default().to_owned();
    if answer.status == 403 && word == "access_denied" {
        return Ok("clients cannot register themselves here".to_owned());
    }
    demand(answer.status == 400 && word == "invalid_redirect_uri", || {
        format!("a redirect to an unknown site answered {} {}", answer.status, quoted(&word))
    })?;
    Ok("a redirect to an unknown site is refused".to_owned())
}
