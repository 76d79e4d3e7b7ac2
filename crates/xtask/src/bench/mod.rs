//! `cargo xtask bench`: measurements of the built program, as a client sees it.

mod figures;
mod load;
pub(crate) mod machine;
mod path;
mod process;
mod report;
mod sign_in;
mod site;
mod wire;

use clap::Subcommand;

use crate::workspace::Workspace;

/// What can be measured.
#[derive(Subcommand)]
pub(crate) enum Task {
    /// Measure getEmails (ten messages) through the whole path beside the same request sent straight to the gateway.
    ///
    /// Server and simulated estate run as processes of their own in release builds. Rounds of the variants
    /// alternate in one run; the printed figures are medians over the rounds.
    Path(path::Options),
}

/// Runs the measurement.
pub(crate) fn perform(workspace: &Workspace, task: Task) -> anyhow::Result<bool> {
    match task {
        Task::Path(options) => path::perform(workspace, &options),
    }
}
