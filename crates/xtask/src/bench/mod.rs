//! `cargo xtask bench`: measurements of the built program, as a client sees it.

mod comparison;
mod figures;
mod load;
pub(crate) mod machine;
mod native;
mod path;
mod policy;
mod process;
mod report;
mod rounds;
mod sign_in;
mod site;
mod tokens;
mod wire;
mod worker;

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
    /// Measure the same through the Worker in workerd, beside the native host and an empty Worker.
    ///
    /// The Worker is a release build of the one for tests, because the one that ships refuses addresses of loopback.
    /// It runs in workerd itself, its Durable Objects on disk. Past the edge, everything alternating in one run.
    Worker(worker::Options),
    /// Measure what a decision costs natively, beside what loading a policy set costs.
    ///
    /// A program decides a number of times, and none; the difference of its run times, divided. No clock is in the
    /// program itself.
    Policy(policy::Options),
    /// Measure what tool lists and mails cost a model's context, beside the most used peer.
    ///
    /// Bytes of the JSON a client gets, divided by four. The peer is asked the same of the same simulated mailbox in the
    /// same run. Ends with a failure where a budget is exceeded.
    Tokens(tokens::Options),
}

/// Runs the measurement.
pub(crate) fn perform(workspace: &Workspace, task: Task) -> anyhow::Result<bool> {
    match task {
        Task::Path(options) => path::perform(workspace, &options),
        Task::Worker(options) => worker::perform(workspace, &options),
        Task::Policy(options) => policy::perform(workspace, &options),
        Task::Tokens(options) => tokens::perform(workspace, &options),
    }
}
