//! `cargo xtask bench policy`: the cost of a decision and of loading a set, natively and inside workerd, by difference.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use clap::Args;
use serde_json::{Value, json};

use super::figures::median;
use super::{machine, report};
use crate::run::{self, say};
use crate::stopwatch::Stopwatch;
use crate::tools::Tools;
use crate::worker::{Harness, Profile, Which, build};
use crate::workspace::Workspace;

/// Options of `cargo xtask bench policy`.
#[derive(Args)]
pub(crate) struct Options {
    /// Decisions of one round natively; in workerd a tenth
    #[arg(long, default_value_t = 50_000)]
    decisions: u32,
    /// Rounds; the figure is their median
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Write the figures into docs/benchmarks.md
    #[arg(long)]
    write: bool,
}

/// What is measured, by the names that the programs take, and by how many times fewer than decisions.
const CASES: [(&str, &str, u32); 6] = [
    ("permit", "a read that is permitted", 1),
    ("approval", "a mail that needs an approval", 1),
    ("deny", "a mail that is denied, whoever says yes", 1),
    ("people", "a mail to 100 people in 20 domains", 1),
    ("load", "loading and checking the set that ships", 2_500),
    ("start", "loading it at a start, unchecked", 2_500),
];
/// What a permitted call may cost, in microseconds.
const BUDGET_NATIVE: f64 = 50.0;
const BUDGET_WORKERD: f64 = 300.0;

/// Microseconds of one.
struct Line {
    meaning: &'static str,
    native: f64,
    workerd: f64,
}

/// Runs the measurement and prints or writes its result; fails where a permitted call costs more than it may.
pub(crate) fn perform(workspace: &Workspace, options: &Options) -> anyhow::Result<bool> {
    let release = ["build", "--locked", "--release", "--package", "m365-policy", "--example", "decisions"];
    ensure!(run::stream(&mut workspace.cargo(&release))?.success, "the release build failed");
    let program = workspace.target.join("release").join("examples").join("decisions");
    let tools = Tools::of(workspace)?;
    let worker = build(workspace, &tools, Which::Test, Profile::Release)?;
    let mut lines = Vec::new();
    for (case, meaning, fewer) in CASES {
        let count = (options.decisions / fewer).max(1);
        let mut inside = Harness::decisions(workspace, &tools, &worker)?;
        inside.args([
            "--count",
            &(count / 10).max(1).to_string(),
            "--rounds",
            &options.rounds.to_string(),
            case,
        ]);
        let native = natively(&program, case, count, options.rounds)?;
        lines.push(Line { meaning, native, workerd: in_workerd(&mut inside, case)? });
    }
    let table = table(&lines, options);
    if options.write {
        report::write(workspace, "policy", &table)?;
    }
    say(&if options.json { json_of(&lines).to_string() } else { table });
    Ok(lines.first().is_some_and(|line| line.native <= BUDGET_NATIVE && line.workerd <= BUDGET_WORKERD))
}

fn natively(program: &Path, case: &str, count: u32, rounds: usize) -> anyhow::Result<f64> {
    let mut costs = Vec::new();
    for _ in 0..rounds.max(1) {
        let (none, all) = (elapsed(program, case, 0)?, elapsed(program, case, count)?);
        costs.push((all - none).max(0.0) / f64::from(count));
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

fn in_workerd(command: &mut Command, case: &str) -> anyhow::Result<f64> {
    let said: Value = serde_json::from_str(&run::stdout_of(command)?)?;
    let costs = said.get(case).and_then(Value::as_array).context("the Worker measured nothing")?;
    Ok(median(costs.iter().filter_map(Value::as_f64).collect()))
}

fn table(lines: &[Line], options: &Options) -> String {
    let mut text = format!(
        "Machine: {}.\n\nMethod: {} rounds of {} decisions natively and a tenth in workerd (loads: 2,500 times fewer), each by difference to none, medians; release builds.\n\n\
         | microseconds | native | workerd | workerd / native |\n|---|---:|---:|---:|\n",
        machine::describe(),
        options.rounds,
        options.decisions,
    );
    for Line { meaning, native, workerd } in lines {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "| {meaning} | {native:.1} | {workerd:.1} | {:.1} |", workerd / native);
    }
    text
}

fn json_of(lines: &[Line]) -> Value {
    let row = |line: &Line| json!({ "what": line.meaning, "native": line.native, "workerd": line.workerd });
    json!({ "bench": "policy", "microseconds": lines.iter().map(row).collect::<Vec<_>>() })
}
