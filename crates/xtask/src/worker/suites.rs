//! `cargo xtask worker test`: the suites that the native host passes, against the Worker in workerd.

use std::path::Path;
use std::process::Command;

use clap::Args;

use super::dev::{self, Harness};
use super::{Profile, Which, build};
use crate::run::say;
use crate::stopwatch::Stopwatch;
use crate::test;
use crate::tools::Tools;
use crate::workspace::Workspace;

/// Options of `cargo xtask worker test`.
#[derive(Args)]
pub(crate) struct Options {
    /// Run only tests whose name contains this text
    filter: Option<String>,
}

/// A suite, and how it is run.
struct Suite {
    name: &'static str,
    command: fn(&Workspace, &Harness) -> Command,
}

/// Every suite, in its order. Each takes a filter as its last argument and prints the summary of Rust's test harness.
const SUITES: [Suite; 2] = [
    Suite { name: "suite inside workerd", command: |_, harness| harness.inside() },
    Suite { name: "black-box suite in workerd", command: blackbox },
];

/// Builds what the suites need and runs them.
pub(crate) fn perform(workspace: &Workspace, tools: &Tools<'_>, options: &Options) -> anyhow::Result<bool> {
    let watch = Stopwatch::start();
    if !test::prepare(workspace, tools)? {
        return Ok(false);
    }
    let runs = runs(workspace, tools, None, options.filter.as_deref())?;
    test::conduct(runs, watch)
}

/// Builds the Worker for tests; returns one run for each suite.
pub(crate) fn runs(
    workspace: &Workspace,
    tools: &Tools<'_>,
    record: Option<&Path>,
    filter: Option<&str>,
) -> anyhow::Result<Vec<test::Run>> {
    say("building the Worker for tests");
    build(workspace, tools, Which::Documents, Profile::Dev)?;
    build(workspace, tools, Which::Test, Profile::Dev)?;
    let harness = Harness::of(workspace, tools)?;
    let run = |suite: &Suite| {
        let mut command = (suite.command)(workspace, &harness);
        command.args(filter);
        if let Some(file) = record {
            command.env("M365_RECORD", file);
        }
        test::Run { name: suite.name, command }
    };
    Ok(SUITES.iter().map(run).collect())
}

/// The suite that the native host passes, with the Worker as its host.
fn blackbox(workspace: &Workspace, harness: &Harness) -> Command {
    // The whole workspace is named so that nothing is built with other features than before.
    let mut command =
        workspace.cargo(&["test", "--quiet", "--locked", "--workspace", "--test", "blackbox", "--"]);
    command.env("M365_MCP_BIN", workspace.host());
    let host = harness.host();
    // The clients in Node run on the one that runs the Worker.
    command.env("M365_MCP_HOST", dev::json(&host)).env("NODE", host.get_program());
    command
}
