//! `cargo xtask bench policy`: the cost of a decision and of loading a set, by difference.

use std::path::Path;
use std::process::Command;

use anyhow::ensure;
use clap::Args;
use serde_json::json;

use super::figures::median;
use crate::run::{self, say};
use crate::stopwatch::Stopwatch;
use crate::workspace::Workspace;

/// Options of `cargo xtask bench policy`.
#[derive(Args)]
pub(crate) struct Options {
    /// Decisions of one round.
    #[arg(long, default_value_t = 50_000)]
    decisions: u32,
    /// Loads of one round.
    #[arg(long, default_value_t = 20)]
    loads: u32,
    /// Rounds; the figure is their median.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What the program decides, by the names it takes.
const CASES: [(&str, &str); 4] = [
    ("permit", "a read that is permitted"),
    ("approval", "a mail that needs an approval"),
    ("deny", "a mail that is denied, whoever says yes"),
    ("people", "a mail to 100 people in 20 domains"),
];
/// A decision may cost this much.
const BUDGET_MICROS: f64 = 50.0;

/// Runs the measurement and prints its result; fails where a permitted call costs more than it may.
pub(crate) fn perform(workspace: &Workspace, options: &Options) -> anyhow::Result<bool> {
    let build = ["build", "--locked", "--release", "--package", "m365-policy", "--example", "decisions"];
    ensure!(run::stream(&mut workspace.cargo(&build))?.success, "the release build failed");
    let program = workspace.target.join("release").join("examples").join("decisions");
    let mut rows = Vec::new();
    for (case, meaning) in CASES {
        rows.push((meaning, measured(&program, case, options.decisions, options.rounds)?));
    }
    rows.push((
        "loading and checking the set that ships",
        measured(&program, "load", options.loads, options.rounds)?,
    ));
    rows.push((
        "loading it at a start, unchecked",
        measured(&program, "start", options.loads, options.rounds)?,
    ));
    if options.json {
        let rows = rows.iter().map(|(meaning, micros)| json!({ "what": meaning, "micros": micros }));
        say(&json!({ "bench": "policy", "rows": rows.collect::<Vec<_>>() }).to_string());
    } else {
        for (meaning, micros) in &rows {
            say(&format!("{micros:10.1} µs  {meaning}"));
        }
    }
    Ok(rows.first().is_some_and(|(_, micros)| *micros <= BUDGET_MICROS))
}

/// Microseconds for one, as the median over the rounds.
fn measured(program: &Path, case: &str, count: u32, rounds: usize) -> anyhow::Result<f64> {
    let mut costs = Vec::new();
    for _ in 0..rounds.max(1) {
        let (none, all) = (elapsed(program, case, 0)?, elapsed(program, case, count)?);
        costs.push((all - none).max(0.0) / f64::from(count.max(1)));
    }
    Ok(median(costs))
}

fn elapsed(program: &Path, case: &str, count: u32) -> anyhow::Result<f64> {
    let mut command = Command::new(program);
    command.arg(case).arg(count.to_string());
    let watch = Stopwatch::start();
    ensure!(run::capture(&mut command)?.success, "the program that decides failed");
    Ok(watch.elapsed().as_secs_f64() * 1e6)
}
