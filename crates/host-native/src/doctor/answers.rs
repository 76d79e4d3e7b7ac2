//! What answers carry: no CORS where credentials count, headers of refusals, a request id, no software, no internals.

use std::collections::BTreeSet;

use http::Method;
use m365_app::routes::{Cors, ROUTES};
use m365_types::RequestId;

use super::Examination;
use super::report::{Report, Unmet, Verdict, demand};
use super::table::{CORS, DISCREET, REFUSALS, REQUEST_ID, SOFTWARE};
use super::text::quoted;
use crate::remote::wire::{Answer, Ask};

/// Headers that tell software or its version.
const TELLTALE: [&str; 6] =
    ["server", "x-aspnet-version", "x-generator", "x-powered-by", "x-runtime", "x-version"];
/// What Cloudflare calls itself, without a version.
const CLOUDFLARE: &str = "cloudflare";
/// What stands in stack traces and in messages that were never meant for callers.
const INTERNALS: [&str; 14] = [
    "panicked at",
    "stack backtrace",
    "RUST_BACKTRACE",
    ".rs:",
    "/.cargo/",
    "SqliteFailure",
    "SQLITE_",
    "wasm-function",
    "RuntimeError",
    "TypeError",
    "Traceback (most recent",
    "node_modules",
    "\n    at ",
    "/home/",
];

/// Looks at answers.
pub(super) async fn examine(examination: &Examination, report: &mut Report) {
    report.record(&CORS, cors(examination).await);
    report.record(&REFUSALS, refusals(examination).await);
    report.record(&REQUEST_ID, request_ids(examination).await);
    report.record(&SOFTWARE, software(examination).await);
    report.record(&DISCREET, discreet(examination).await);
}

async fn cors(examination: &Examination) -> Verdict {
    let closed = || ROUTES.iter().filter(|route| route.cors == Cors::SameOrigin);
    for route in closed() {
        for method in [route.methods.first().unwrap_or(&Method::POST), &Method::OPTIONS] {
            let ask = Ask::new(method, examination.target.at(route.path))
                .header("origin", "https://doctor-probe.invalid")
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "authorization");
            let answer = examination.wire.send(ask).await?;
            let opened =
                answer.headers.keys().find(|name| name.as_str().starts_with("access-control-allow-"));
            demand(opened.is_none(), || {
                let name = opened.map(http::HeaderName::as_str).unwrap_or_default();
                format!("{method} {} answered with {}", route.path, quoted(name))
            })?;
        }
    }
    Ok(format!("{} paths have no Access-Control header", closed().count()))
}

/// Requests that this server itself refuses, or answers without credentials.
fn plain(examination: &Examination) -> [(&'static str, Ask); 4] {
    let at = |path: &str| examination.target.at(path);
    [
        ("POST /mcp", Ask::post(at("/mcp"))),
        ("POST /token", Ask::post(at("/token")).form(&[("grant_type", "authorization_code")])),
        ("POST /register", Ask::post(at("/register")).json(&serde_json::json!({}))),
        ("POST /revoke", Ask::post(at("/revoke")).form(&[("token", "m365r_")])),
    ]
}

async fn refusals(examination: &Examination) -> Verdict {
    for (what, ask) in plain(examination) {
        let answer = examination.wire.send(ask).await?;
        for (name, wanted) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("content-type", "application/json"),
        ] {
            let found = answer.header(name).unwrap_or_default();
            demand(found.contains(wanted), || format!("{what} answered with {name} {}", quoted(found)))?;
        }
    }
    Ok("refusals carry no-store, nosniff and their type".to_owned())
}

async fn request_ids(examination: &Examination) -> Verdict {
    let mut seen = BTreeSet::new();
    for (what, ask) in plain(examination) {
        let answer = examination.wire.send(ask).await?;
        let ids = answer.all("x-request-id");
        let [id] = ids.as_slice() else {
            return Err(Unmet::Failed(format!("{what} answered with {} request ids", ids.len())));
        };
        demand(RequestId::parse(id).is_ok(), || {
            format!("{what} answered with the request id {}", quoted(id))
        })?;
        demand(seen.insert((*id).to_owned()), || {
            format!("{what} answered with the request id of another answer")
        })?;
    }
    Ok(format!("{} answers, each with an id of its own", seen.len()))
}

async fn software(examination: &Examination) -> Verdict {
    for (what, ask) in plain(examination) {
        let answer = examination.wire.send(ask).await?;
        let told = TELLTALE.iter().find_map(|name| {
            let value = answer.header(name).filter(|value| *value != CLOUDFLARE)?;
            Some(format!("{what} answered with {name} {}", quoted(value)))
        });
        demand(told.is_none(), || told.clone().unwrap_or_default())?;
    }
    Ok("no header names software".to_owned())
}

async fn discreet(examination: &Examination) -> Verdict {
    let at = |path: &str| examination.target.at(path);
    let deep = "[".repeat(5_000);
    let malformed = [
        (
            "POST /register with half a document",
            Ask::post(at("/register")).body("application/json", "{\"redirect_uris\":"),
        ),
        ("POST /register with deep JSON", Ask::post(at("/register")).body("application/json", deep)),
        (
            "POST /token with a broken form",
            Ask::post(at("/token"))
                .body("application/x-www-form-urlencoded", "grant_type=%ff%fe&&=&grant_type"),
        ),
        ("POST /revoke with nothing", Ask::post(at("/revoke")).form(&[])),
        (
            "POST /mcp with a broken token",
            Ask::post(at("/mcp"))
                .header("authorization", "Bearer m365a_%00.%ff")
                .json(&serde_json::json!([])),
        ),
        ("GET /.well-known/%00", Ask::get(at("/.well-known/%00"))),
    ];
    let count = malformed.len();
    for (what, ask) in malformed {
        let answer = examination.wire.send(ask).await?;
        demand((400..500).contains(&answer.status), || format!("{what} answered {}", answer.status))?;
        demand(!tells_internals(&answer), || {
            format!("{what} answered {} with internals of the server", answer.status)
        })?;
    }
    Ok(format!("{count} malformed requests were refused without internals"))
}

fn tells_internals(answer: &Answer) -> bool {
    let text = answer.text();
    INTERNALS.iter().any(|mark| text.contains(mark))
}
