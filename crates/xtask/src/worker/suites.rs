//! `cargo xtask worker test`: the suites that the native host passes, against the Worker in workerd.

use std::path::Path;
use std::process::Command;

use clap::Args;

use super::dev::Harness;
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

/// A suite that reaches a host through its URLs.
struct Suite {
    name: &'static str,
    /// The test target.
    target: &'static str,
}

/// Every suite, in its order. Each is a test target that starts the host which `M365_MCP_HOST` names.
const SUITES: [Suite; 1] = [Suite { name: "black-box suite in workerd", target: "blackbox" }];

/// Builds what the suites need and runs them.
pub(crate) fn perform(workspace: &Workspace, tools: &Tools<'_>, options: &Options) -> anyhow::Result<bool> {
    let watch = Stopwatch::start();
    if !test::prepare(workspace)? {
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
    build(workspace, tools, Which::Test, Profile::Dev)?;
    let host = Harness::of(workspace, tools)?.json();
    let run = |suite: &Suite| {
        let mut command = suite.command(workspace, filter);
        command.env("M365_MCP_BIN", workspace.host()).env("M365_MCP_HOST", &host);
        if let Some(file) = record {
            command.env("M365_RECORD", file);
        }
        test::Run { name: suite.name, command }
    };
    Ok(SUITES.iter().map(run).collect())
}

impl Suite {
    fn command(&self, workspace: &Workspace, filter: Option<&str>) -> Command {
        // The whole workspace is named so that nothing is built with other features than before.
        let arguments = ["test", "--quiet", "--locked", "--workspace", "--test", self.target, "--"];
        let mut command = workspace.cargo(&arguments);
        command.args(filter);
        command
    }
}
