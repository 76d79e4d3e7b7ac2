//! The measurement itself: three variants, alternating in rounds, at several numbers of clients.

use std::time::Duration;

use clap::Args;

use super::figures::{Figures, median, milliseconds};
use super::load;
use super::machine;
use super::report::{Report, Row};
use super::sign_in::{self, Calls};
use super::site::Site;
use super::wire::Prepared;
use crate::run::{say, warn};
use crate::workspace::Workspace;

/// Options of `cargo xtask bench path`.
#[derive(Args)]
pub(crate) struct Options {
    /// Numbers of clients, each with one connection and one call at a time.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64])]
    clients: Vec<usize>,
    /// Seconds each variant runs in a round.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Rounds per number of clients; the figures are medians over them.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// People who are signed in; clients share them evenly.
    #[arg(long, default_value_t = 16)]
    people: usize,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Put the table into docs/benchmarks.md.
    #[arg(long)]
    write: bool,
}

/// How often the server is started to time it.
const STARTS: usize = 5;

/// One way to ask for the messages.
struct Variant {
    name: &'static str,
    request: fn(&Calls) -> &Prepared,
    succeeded: fn(&[u8]) -> bool,
}

/// The variants in the order of each round.
const VARIANTS: [Variant; 3] = [
    Variant { name: "whole path, through the edge", request: |calls| &calls.edge, succeeded: tool_succeeded },
    Variant {
        name: "server alone, past the edge",
        request: |calls| &calls.origin,
        succeeded: tool_succeeded,
    },
    Variant {
        name: "straight to the gateway",
        request: |calls| &calls.straight,
        succeeded: |body| !body.is_empty(),
    },
];

/// Runs the measurement and prints or writes its result.
pub(crate) fn perform(workspace: &Workspace, options: &Options) -> anyhow::Result<bool> {
    let site = Site::start(workspace, STARTS)?;
    warn(&format!("signing in {} people", options.people));
    let people = (0..options.people.max(1))
        .map(|number| sign_in::person(&site, number))
        .collect::<Result<Vec<_>, _>>()?;
    let idle = megabytes(site.server.resident_bytes()?);
    let mut rows = Vec::new();
    for &clients in &options.clients {
        warn(&format!("measuring with {clients} clients"));
        rows.extend(measure(&site, &people, clients, options)?);
    }
    let report = Report {
        machine: machine::describe(),
        method: format!(
            "{} rounds of {} s per variant and number of clients, variants alternating, medians over the rounds; {} people; release build; load generator, server and estate share the machine",
            options.rounds, options.seconds, options.people
        ),
        rows,
        resident_mb: (idle, megabytes(site.server.resident_bytes()?)),
        start_to_ready_ms: median(site.starts.iter().copied().map(milliseconds).collect()),
    };
    if options.write {
        report.write(workspace)?;
    }
    say(&if options.json { report.json().to_string() } else { report.table() });
    Ok(true)
}

fn measure(site: &Site, people: &[Calls], clients: usize, options: &Options) -> anyhow::Result<Vec<Row>> {
    let mut rounds: Vec<Vec<Figures>> = VARIANTS.iter().map(|_| Vec::new()).collect();
    for _ in 0..options.rounds.max(1) {
        for (variant, figures) in VARIANTS.iter().zip(&mut rounds) {
            let shared = people.iter().cycle().take(clients);
            let requests: Vec<Prepared> = shared.map(|calls| (variant.request)(calls).clone()).collect();
            let before = (site.server.cpu()?, site.estate.cpu()?);
            let round = load::run(&requests, Duration::from_secs(options.seconds), variant.succeeded)?;
            let (server, estate) = (spent(site.server.cpu()?, before.0), spent(site.estate.cpu()?, before.1));
            figures.push(Figures::of(round, server, estate));
        }
    }
    let variants = VARIANTS.iter().zip(&rounds);
    Ok(variants
        .map(|(variant, rounds)| Row { variant: variant.name, clients, figures: Figures::median(rounds) })
        .collect())
}

fn spent(after: Duration, before: Duration) -> Duration {
    after.saturating_sub(before)
}

/// A tool result that is no tool error. The text of messages is JSON inside JSON, so the mark cannot be quoted there.
fn tool_succeeded(body: &[u8]) -> bool {
    let has = |mark: &[u8]| body.windows(mark.len()).any(|window| window == mark);
    has(b"\"result\"") && !has(b"\"isError\":true")
}

#[expect(clippy::cast_precision_loss, reason = "memory sizes are far below the exact range of a double")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_error_is_not_a_success() {
        assert!(tool_succeeded(br#"{"result":{"content":[]}}"#));
        assert!(!tool_succeeded(br#"{"result":{"isError":true}}"#));
        assert!(!tool_succeeded(br#"{"error":{"code":-32603}}"#));
    }
}
