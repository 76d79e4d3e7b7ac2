//! `cargo xtask`: the one entry point for people and CI.
//!
//! In scope: checks, tests, generated documents and benchmarks of this workspace. Out of scope: anything the
//! product does at run time. One file per subcommand; the rules they enforce are tables beside the code that
//! reads them, so that a change of rule is a change of data.

mod adversary;
mod bench;
mod check;
mod clients;
mod digest;
mod docs;
mod environment;
mod fuzz;
mod run;
mod security;
mod source;
mod stopwatch;
mod test;
mod tools;
mod worker;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Checks, tests, generated documents and benchmarks of this workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check formatting, lints, documentation, fences, sizes, dependencies and generated documents.
    ///
    /// Every step runs, even after one has failed, and prints one line with its time. The command fails when any
    /// step failed.
    Check(check::Options),
    /// Install what the tests need and run all of them.
    ///
    /// Unit and integration tests, documentation tests, then the suites against the native host and against the
    /// Worker in workerd.
    Test(test::Options),
    /// Run the fuzz targets on their corpus and a little beyond.
    ///
    /// A short run for every change; CONTRIBUTING.md says how to run longer.
    Fuzz(fuzz::Options),
    /// Generate docs/generated from the tables of the program.
    Docs(docs::Options),
    /// Measure the program.
    #[command(subcommand)]
    Bench(bench::Task),
    /// Build, run, measure and test the Cloudflare Worker.
    #[command(subcommand)]
    Worker(worker::Task),
}

fn main() -> ExitCode {
    match perform(Arguments::parse().task) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            run::warn(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> anyhow::Result<bool> {
    let workspace = Workspace::load()?;
    match task {
        Task::Check(options) => Ok(check::perform(&workspace, &options)),
        Task::Test(options) => test::perform(&workspace, &options),
        Task::Fuzz(options) => fuzz::perform(&workspace, &options),
        Task::Docs(options) => docs::perform(&workspace, &options),
        Task::Bench(task) => bench::perform(&workspace, task),
        Task::Worker(task) => worker::perform(&workspace, task),
    }
}
