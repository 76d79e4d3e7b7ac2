//! The native host of the Microsoft 365 MCP server: one binary to try, develop and self-host it.
//!
//! Parses the command line, then hands over. Exit status: 0 done, 1 failed, 2 the command line was wrong, 64 the
//! configuration was wrong (sysexits(3), `EX_USAGE`).

mod audit;
mod cli;
mod demo;
mod environment;
mod journals;
mod keygen;
mod listener;
mod log;
mod output;
mod ports;
mod ready;
mod sandbox;
mod serve;
mod server;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Audit, Cli, Command};

const EX_FAILED: u8 = 1;
const EX_CONFIG: u8 = 64;

fn main() -> ExitCode {
    let cli = Cli::parse();
    log::start(cli.command.is_server(), cli.log_json);
    let result = match cli.command {
        Command::Demo(arguments) => on_runtime(demo::run(arguments)),
        Command::Sandbox(arguments) => on_runtime(sandbox::run(arguments)),
        Command::Serve(arguments) => on_runtime(serve::run(arguments)),
        Command::Keygen(arguments) => keygen::run(&arguments),
        Command::Audit(Audit::Tail(arguments)) => audit::tail(&arguments),
        Command::Audit(Audit::Verify(arguments)) => audit::verify(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::problem(&error);
            let configuration = error.downcast_ref::<m365_app::config::ConfigError>().is_some();
            ExitCode::from(if configuration { EX_CONFIG } else { EX_FAILED })
        }
    }
}

fn on_runtime(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
