//! `cargo xtask bench path`: the native host at several numbers of clients, and what it is compared with.

use clap::Args;
use serde_json::json;

use super::figures::{median, milliseconds};
use super::native;
use super::report::Report;
use super::rounds::{Plan, Variant, answered, tool_succeeded};
use super::sign_in;
use crate::run::say;
use crate::workspace::Workspace;

/// Options of `cargo xtask bench path`.
#[derive(Args)]
pub(crate) struct Options {
    /// Numbers of clients, each with one connection and one call at a time.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64])]
    clients: Vec<usize>,
    #[command(flatten)]
    plan: Plan,
}

/// How often the server is started to time it.
const STARTS: usize = 5;

/// Runs the measurement and prints or writes its result.
pub(crate) fn perform(workspace: &Workspace, options: &Options) -> anyhow::Result<bool> {
    let site = native::start(&native::build(workspace)?, &workspace.target.join("xtask-bench"), STARTS)?;
    let people = sign_in::people(&site, options.plan.people)?;
    let idle = site.server.resident_megabytes()?;
    let variant = |name, requests, succeeded| Variant {
        name,
        requests,
        succeeded,
        server: &site.server,
        estate: &site.estate,
    };
    let variants = [
        variant(
            "whole path, through the edge",
            people.iter().map(|calls| &calls.edge).collect(),
            tool_succeeded as fn(&[u8]) -> bool,
        ),
        variant(
            "server alone, past the edge",
            people.iter().map(|calls| &calls.origin).collect(),
            tool_succeeded,
        ),
        variant("straight to the gateway", people.iter().map(|calls| &calls.straight).collect(), answered),
    ];
    let rows = options.plan.run(&variants, &options.clients)?;
    let loaded = site.server.resident_megabytes()?;
    let start = median(site.starts.iter().copied().map(milliseconds).collect());
    let report = Report {
        name: "path",
        method: options.plan.method(),
        rows,
        remarks: format!(
            "Server process: {idle:.0} MB resident before the load, {loaded:.0} MB after it; start to ready {start:.0} ms."
        ),
        more: json!({
            "resident_mb_idle": idle, "resident_mb_after_load": loaded, "start_to_ready_ms": start,
        }),
    };
    if options.plan.write {
        report.write(workspace)?;
    }
    say(&if options.plan.json { report.json().to_string() } else { report.table() });
    Ok(true)
}
