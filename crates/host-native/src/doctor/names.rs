//! Names: those that must be closed, a foreign `Host` (DNS rebinding, cache poisoning), a foreign `Origin`.

use http::Method;
use m365_app::routes::{Cors, Gate, ROUTES};
use m365_ports::OutboundError;
use m365_types::RequestId;
use serde_json::{Value, json};

use super::Examination;
use super::report::{Report, Unmet, Verdict, demand};
use super::table::{CLOSED, CLOSED_TLS, HOST, ORIGIN};
use super::transport::listens;
use crate::remote::target::Target;
use crate::remote::wire::{Answer, Ask};

const FOREIGN_HOST: &str = "doctor-probe.invalid";
const FOREIGN_ORIGIN: &str = "https://doctor-probe.invalid";
/// What tells this server from others: its health page, its metadata, its refusals.
const MARKS: [&str; 3] = ["/healthz", "/.well-known/oauth-authorization-server", "/mcp"];

/// Looks at names.
pub(super) async fn examine(examination: &Examination, report: &mut Report) {
    examine_closed(examination, report).await;
    report.record(&HOST, foreign_host(examination).await);
    report.record(&ORIGIN, foreign_origin(examination).await);
}

/// Looks at the names that must not answer.
pub(super) async fn examine_closed(examination: &Examination, report: &mut Report) {
    if examination.closed.is_empty() {
        report.skip(&[&CLOSED, &CLOSED_TLS], "no name was given with --closed");
    } else {
        let (closed, unverified) = closed(examination).await;
        report.record(&CLOSED, closed);
        report.record(&CLOSED_TLS, unverified);
    }
}

async fn closed(examination: &Examination) -> (Verdict, Verdict) {
    let origins: Vec<&Target> = examination.closed.iter().flat_map(|host| &host.origins).collect();
    let (mut open, mut unverified) = (Vec::new(), Vec::new());
    for origin in &origins {
        match answers(examination, origin).await {
            Ok(true) => open.push(origin.to_string()),
            Err(OutboundError::Connect) if origin.is_https() && listens(examination, origin).await => {
                unverified.push(origin.to_string());
            }
            Ok(false) | Err(_) => {}
        }
    }
    let verdict = |found: Vec<String>, what: &str, fine: String| {
        if found.is_empty() { Ok(fine) } else { Err(Unmet::Failed(format!("{} {what}", found.join(", ")))) }
    };
    (
        verdict(
            open,
            "answers as this server",
            format!("{} addresses do not answer as this server", origins.len()),
        ),
        verdict(unverified, "listens without a trusted certificate", "none found".to_owned()),
    )
}

/// Whether this server answers there, under the address's own name or under the name that it must only have through
/// Cloudflare. Cloudflare's own machines know both names, so under the second one an answer of theirs does not count.
/// An error where nothing answered at all.
async fn answers(examination: &Examination, origin: &Target) -> Result<bool, OutboundError> {
    for path in MARKS {
        for host in [origin.authority(), examination.target.authority()] {
            match examination.wire.send(Ask::get(origin.at(path)).header("host", host)).await {
                Ok(answer) if is_ours(&answer) && (host == origin.authority() || !is_cloudflare(&answer)) => {
                    return Ok(true);
                }
                Err(error @ (OutboundError::Connect | OutboundError::Timeout)) => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
    }
    Ok(false)
}

fn is_cloudflare(answer: &Answer) -> bool {
    answer.header("cf-ray").is_some()
}

/// Whether an answer is one of this server's: even its refusal says that it can be reached.
fn is_ours(answer: &Answer) -> bool {
    let named = answer.header("x-request-id").is_some_and(|id| RequestId::parse(id).is_ok());
    let challenged = answer.all("www-authenticate").iter().any(|value| value.contains("resource_metadata="));
    let document = answer.json();
    let metadata = answer.status == 200 && document.get("token_endpoint").is_some_and(Value::is_string);
    named || challenged || metadata || document == json!({ "status": "ok" })
}

async fn foreign_host(examination: &Examination) -> Verdict {
    for path in MARKS {
        let ask = Ask::get(examination.target.at(path)).header("host", FOREIGN_HOST);
        let status = match examination.wire.send(ask).await {
            // Whatever is in front may close the connection instead.
            Err(OutboundError::Protocol) => continue,
            answer => answer?.status,
        };
        // 401 would be the gate of this server, speaking under a name that is not its own.
        let refused = (400..600).contains(&status) && status != 401;
        demand(refused, || format!("GET {path} for host {FOREIGN_HOST} answered {status}"))?;
    }
    Ok("requests for another host are refused".to_owned())
}

async fn foreign_origin(examination: &Examination) -> Verdict {
    let machine = || {
        ROUTES.iter().filter(|route| {
            route.cors == Cors::SameOrigin && !matches!(route.gate, Gate::Access | Gate::Operator)
        })
    };
    for route in machine() {
        let method = route.methods.first().unwrap_or(&Method::POST);
        for origin in [FOREIGN_ORIGIN, "null"] {
            let ask = Ask::new(method, examination.target.at(route.path)).header("origin", origin);
            let status = examination.wire.send(ask).await?.status;
            demand(status == 403, || {
                format!("{method} {} from origin {origin} answered {status}", route.path)
            })?;
        }
    }
    Ok(format!("{} machine paths refuse pages of other sites", machine().count()))
}
