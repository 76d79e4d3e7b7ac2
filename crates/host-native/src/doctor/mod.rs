//! `m365-mcp doctor`: the validation checklist, run from outside against any deployment.
//!
//! In scope: what can be seen over HTTP at one address, by a stranger and, where credentials are given, by one operator;
//! the table of checks is [`table`]. With `INGRESS=managed` a stranger sees Access alone, and what that hides is reported
//! as not checked. Out of scope: what only an account's own interfaces tell
//! (policies, gateway settings), and load. Invariants: every check is reported once; nothing that was answered reaches
//! the terminal raw; no redirect is followed; a credential goes to the address that was named, over TLS or within this
//! machine, and nowhere else; nothing is changed but, with the operator's credential, one registration and one grant,
//! which is revoked at the end.

mod access;
mod answers;
mod canary;
#[cfg(test)]
mod fakes;
mod forgery;
mod form;
mod keys;
mod limits;
mod managed;
mod mcp_gate;
mod metadata;
mod names;
mod page;
mod policy;
mod report;
mod service;
mod sign_in;
mod table;
mod text;
mod transport;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use m365_app::config::{ConfigError, Ingress};
use m365_journal::rfc3339;
use m365_ports::{Clock, Entropy};
use serde_json::json;

use crate::cli::Doctor;
use crate::output;
use crate::ports::clock::SystemClock;
use crate::ports::entropy::SystemEntropy;
use crate::ports::outbound::HyperOutbound;
use crate::remote::credentials::{AccessToken, ServiceToken};
use crate::remote::target::{ClosedHost, Target};
use crate::remote::wire::Wire;
use report::Report;
use table::{CHECKS, INGRESS};

/// What every check can use.
struct Examination {
    target: Target,
    /// The Access team domain, where it was named.
    team: Option<Target>,
    closed: Vec<ClosedHost>,
    access_token: Option<AccessToken>,
    service_token: Option<ServiceToken>,
    wire: Wire,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// Examines a deployment, or prints the table of checks. The exit status says how bad it is.
///
/// # Errors
/// [`ConfigError`] where a credential file cannot be used.
pub(crate) async fn run(arguments: Doctor) -> anyhow::Result<ExitCode> {
    let Some(target) = arguments.url else {
        list(arguments.json);
        return Ok(ExitCode::SUCCESS);
    };
    let examination = Examination {
        team: arguments.team_domain,
        closed: arguments.closed,
        access_token: credential(
            "--access-token-file",
            arguments.access_token_file.as_deref(),
            AccessToken::read,
        )?,
        service_token: credential(
            "--service-token-file",
            arguments.service_token_file.as_deref(),
            ServiceToken::read,
        )?,
        wire: Wire::new(Arc::new(HyperOutbound::new())),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        target,
    };
    let report = examine(&examination).await;
    if arguments.json {
        let at = rfc3339(examination.clock.now());
        output::line(&report.document(examination.target.origin(), &at).to_string());
    } else {
        report.lines().iter().for_each(|line| output::line(line));
        output::note(&format!("{}: {}", examination.target, report.summary()));
    }
    Ok(report.exit_code())
}

fn credential<T>(
    option: &'static str,
    path: Option<&Path>,
    read: fn(&Path) -> Result<T, String>,
) -> Result<Option<T>, ConfigError> {
    path.map(read).transpose().map_err(|problem| ConfigError { name: option, problem })
}

async fn examine(examination: &Examination) -> Report {
    let mut report = Report::default();
    policy::examine(&mut report);
    let mode = managed::mode(examination).await;
    if !transport::examine(examination, mode, &mut report).await {
        return report.complete();
    }
    mcp_gate::examine(examination, mode, &mut report).await;
    access::examine(examination, &mut report).await;
    match mode {
        Ingress::Managed => managed::examine(examination, &mut report).await,
        Ingress::Oauth => {
            report.record(&INGRESS, Ok("INGRESS=oauth: the server authorizes clients".to_owned()));
            access::examine_bypass(examination, &mut report).await;
            metadata::examine(examination, &mut report).await;
            names::examine(examination, &mut report).await;
            answers::examine(examination, &mut report).await;
            limits::examine(examination, &mut report).await;
        }
    }
    sign_in::examine(examination, mode, &mut report).await;
    service::examine(examination, mode, &mut report).await;
    report.complete()
}

/// The table of checks.
fn list(as_json: bool) {
    if as_json {
        let row = |check: &&table::Check| json!({ "id": check.id, "severity": check.severity.as_str(), "proves": check.proves, "todo": check.todo });
        output::line(&json!({ "checks": CHECKS.iter().map(row).collect::<Vec<_>>() }).to_string());
        return;
    }
    for check in CHECKS {
        let severity = check.severity.as_str();
        output::line(&format!("{:<21}  {severity:<7}  {} If not: {}", check.id, check.proves, check.todo));
    }
}

#[cfg(test)]
#[path = "examination_tests.rs"]
mod tests;
