//! `cargo xtask worker`: builds, runs, measures and tests the Cloudflare Worker in workerd, with pinned tools.

mod attribution;
mod build;
mod compatibility;
mod dev;
mod size;
mod start;
mod suites;
mod workerd;

use clap::Subcommand;

pub(crate) use self::build::{Profile, Which, build};
pub(crate) use self::compatibility::{CONFIGURATION, Compatibility};
pub(crate) use self::dev::Harness;
pub(crate) use self::suites::runs;
pub(crate) use self::workerd::{Script, Workerd};
use crate::tools::Tools;
use crate::workspace::Workspace;

/// What can be done with the Worker.
#[derive(Subcommand)]
pub(crate) enum Task {
    /// Build the Worker into crates/host-worker/build.
    ///
    /// Installs what it needs at its first use. Builds nothing where nothing has changed.
    Build(build::Options),
    /// Run the Worker in workerd, with the simulated Cloudflare and Microsoft 365 around it.
    ///
    /// As `m365-mcp demo` does with the native host, with the same options and the same `ready` line.
    Dev(dev::Options),
    /// Report size, start time and the heaviest dependencies of the Worker as it ships.
    Size(size::Options),
    /// Run the suites against the Worker in workerd.
    Test(suites::Options),
}

/// Does it, and tells whether all is well.
pub(crate) fn perform(workspace: &Workspace, task: Task) -> anyhow::Result<bool> {
    let tools = Tools::of(workspace)?;
    match task {
        Task::Build(options) => build::perform(workspace, &tools, &options),
        Task::Dev(options) => dev::perform(workspace, &tools, &options),
        Task::Size(options) => size::perform(workspace, &tools, &options),
        Task::Test(options) => suites::perform(workspace, &tools, &options),
    }
}
