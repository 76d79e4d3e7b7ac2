//! The native host of the Microsoft 365 MCP server: one binary to try, develop and self-host it.
//!
//! Parses the command line, then hands over. Exit status: 0 done, 1 failed, 2 the command line was wrong, 64 the
//! configuration was wrong (sysexits(3), `EX_USAGE`); `doctor` adds 3 for warnings.

mod audit;
mod cli;
mod credential;
mod data_files;
mod demo;
mod doctor;
mod environment;
mod journals;
mod keygen;
mod listener;
mod log;
mod operator;
mod output;
mod overrides;
mod places;
mod policy;
mod ports;
mod read_document;
mod ready;
mod remote;
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
        Command::Doctor(arguments) => on_runtime(doctor::run(*arguments)),
        Command::Demo(arguments) => on_runtime(demo::run(arguments)).map(done),
        Command::Sandbox(arguments) => on_runtime(sandbox::run(arguments)).map(done),
        Command::Serve(arguments) => on_runtime(serve::run(arguments)).map(done),
        Command::Kill(arguments) => on_runtime(operator::kill(arguments)),
        Command::Unpin(arguments) => on_runtime(operator::unpin(arguments)),
        Command::Readmit(arguments) => on_runtime(operator::readmit(arguments)),
        Command::Visit(arguments) => on_runtime(operator::visit(arguments)),
        Command::ReadDocument => read_document::run().map(done),
        Command::Keygen(arguments) => keygen::run(&arguments).map(done),
        Command::Policy(command) => policy::run(&command),
        Command::Audit(Audit::Tail(arguments)) => audit::tail(&arguments).map(done),
        Command::Audit(Audit::Verify(arguments)) => audit::verify(&arguments).map(done),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            output::problem(&error);
            let configuration = error.downcast_ref::<m365_app::config::ConfigError>().is_some();
            ExitCode::from(if configuration { EX_CONFIG } else { EX_FAILED })
        }
    }
}

const fn done((): ()) -> ExitCode {
    ExitCode::SUCCESS
}

fn on_runtime<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
