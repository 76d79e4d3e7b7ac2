//! `cargo xtask test`: everything the tests need, then every test.
//!
//! Several runs, because they differ in what drives them: unit and integration tests, documentation tests, the
//! black-box suite, which speaks HTTP to the native host, and the suites that speak to the Worker in workerd.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use clap::Args;

use crate::clients;
use crate::run::{self, say};
use crate::security;
use crate::stopwatch::Stopwatch;
use crate::tools::Tools;
use crate::worker;
use crate::workspace::Workspace;

/// The crate of the black-box suite, and its target, which needs the built binary.
const SUITE: &str = "m365-contract";
const BLACKBOX: &str = "blackbox";

/// Options of `cargo xtask test`.
#[derive(Args)]
pub(crate) struct Options {
    /// Write every request that reached the simulated Graph to FILE, one JSON object per line.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Run only tests whose name contains this text.
    filter: Option<String>,
}

/// Tests counted from what the runs printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// Tests that one command runs.
pub(crate) struct Run {
    /// What they are called.
    pub(crate) name: &'static str,
    /// The command.
    pub(crate) command: Command,
}

/// Runs the tests and tells whether all passed.
pub(crate) fn perform(workspace: &Workspace, options: &Options) -> anyhow::Result<bool> {
    let watch = Stopwatch::start();
    let tools = Tools::of(workspace)?;
    if !prepare(workspace, &tools)? {
        return Ok(false);
    }
    let filter = options.filter.as_deref();
    let record = options.record.as_deref().map(|file| emptied(&workspace.root, file)).transpose()?;
    let mut runs = native(workspace, &tools, record.as_deref(), filter)?;
    runs.extend(worker::runs(workspace, &tools, record.as_deref(), filter)?);
    if filter.is_some() {
        return conduct(runs, watch);
    }
    security::forget(&workspace.target)?;
    for run in &mut runs {
        if let Some(host) = security::Host::of_suite(run.name) {
            run.command.env("M365_RESULTS", host.results_file(&workspace.target));
        }
    }
    let passed = conduct(runs, watch)?;
    let unproven = security::judge(&workspace.target)?;
    for sentence in &unproven {
        say(sentence);
    }
    Ok(passed && unproven.is_empty())
}

/// Installs the independent clients and builds everything once; the runs then share its features and its artefacts.
pub(crate) fn prepare(workspace: &Workspace, tools: &Tools<'_>) -> anyhow::Result<bool> {
    clients::install(workspace, tools)?;
    say("building the workspace and its tests");
    let mut build = workspace.cargo(&["build", "--quiet", "--locked", "--workspace", "--all-targets"]);
    Ok(run::stream(&mut build)?.success)
}

/// Runs one after the other, adds up what they print, and tells whether all passed.
pub(crate) fn conduct(runs: Vec<Run>, watch: Stopwatch) -> anyhow::Result<bool> {
    let mut totals = Totals::default();
    let mut failed = Vec::new();
    for Run { name, mut command } in runs {
        say(&format!("running the {name}"));
        let captured = run::stream(&mut command)?;
        totals = totals.plus(count(&captured.text));
        if !captured.success {
            failed.push(name);
        }
    }
    say(&format!(
        "{} passed, {} failed, {} skipped in {:.0} s",
        totals.passed,
        totals.failed,
        totals.skipped,
        watch.elapsed().as_secs_f64()
    ));
    if !failed.is_empty() {
        say(&format!("Failed: {}.", failed.join(", ")));
    }
    Ok(failed.is_empty())
}

/// The runs on this machine's processor, in their order.
fn native(
    workspace: &Workspace,
    tools: &Tools<'_>,
    record: Option<&Path>,
    filter: Option<&str>,
) -> anyhow::Result<Vec<Run>> {
    let nextest = run::capture(&mut workspace.cargo(&["nextest", "--version"]))?.success;
    let units = if nextest {
        vec![workspace.cargo(&["nextest", "run", "--locked", "--workspace", "--no-tests=pass"])]
    } else {
        // Without nextest the black-box suite is left out by leaving out the integration tests of its crate.
        let others = ["test", "--locked", "--workspace", "--exclude", SUITE, "--tests"];
        vec![workspace.cargo(&others), workspace.cargo(&["test", "--locked", "--package", SUITE, "--lib"])]
    };
    let documentation = workspace.cargo(&["test", "--quiet", "--locked", "--workspace", "--doc"]);
    let mut blackbox =
        workspace.cargo(&["test", "--quiet", "--locked", "--workspace", "--test", BLACKBOX, "--"]);
    blackbox.env("M365_MCP_BIN", workspace.host()).env("NODE", tools.node()?);
    if let Some(file) = record {
        blackbox.env("M365_RECORD", file);
    }
    let mut runs: Vec<Run> =
        units.into_iter().map(|command| Run { name: "unit and integration tests", command }).collect();
    runs.push(Run { name: "documentation tests", command: documentation });
    runs.push(Run { name: "black-box suite", command: blackbox });
    for run in &mut runs {
        run.command.args(filter);
    }
    Ok(runs)
}

/// The absolute path of the recording, which starts empty.
fn emptied(root: &Path, file: &Path) -> anyhow::Result<PathBuf> {
    let file = root.join(file);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    }
    std::fs::write(&file, "").with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(file)
}

/// Adds up the summary lines of nextest and of the standard harness.
fn count(text: &str) -> Totals {
    let summaries = text
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("Summary [") || line.starts_with("test result:"));
    summaries.fold(Totals::default(), |totals, line| {
        let of = |labels: &[&str]| labels.iter().filter_map(|label| number_before(line, label)).sum();
        totals.plus(Totals {
            passed: of(&["passed"]),
            failed: of(&["failed", "timed out"]),
            skipped: of(&["skipped", "ignored"]),
        })
    })
}

fn number_before(line: &str, label: &str) -> Option<u64> {
    let before = line.get(..line.find(&format!(" {label}"))?)?;
    before.rsplit(' ').next()?.parse().ok()
}

impl Totals {
    fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_both_harnesses_are_added() {
        let text = "     Summary [   0.5s] 12 tests run: 10 passed, 2 failed, 3 skipped\nnoise 9 passed\ntest result: ok. 4 passed; 1 failed; 5 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert_eq!(count(text), Totals { passed: 14, failed: 3, skipped: 8 });
    }

    #[test]
    fn output_without_a_summary_counts_nothing() {
        assert_eq!(count("error: could not compile"), Totals::default());
    }
}
