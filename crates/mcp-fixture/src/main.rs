//! A server of fixed answers for conformance suites, on the same dispatcher as the real one.
//!
//! Source: the server scenarios of `@modelcontextprotocol/conformance`, which name the tools, resources and prompts that
//! they call. For development only: it knows nobody, keeps everything in memory and listens on the loopback interface.
//!
//! In scope: every fixture that those scenarios need, in every revision. Out of scope: authentication, tasks.

mod asking;
mod completions;
mod fixture;
mod forms;
mod input;
mod listener;
mod loopback;
mod media;
mod memory;
mod output;
mod prompts;
mod resources;
mod tools;

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser;
use tokio::net::TcpListener;

use crate::fixture::Fixture;

/// A server of fixed answers for MCP conformance suites
#[derive(Debug, Parser)]
#[command(name = "m365-mcp-fixture", version, about)]
struct Cli {
    /// Port on the loopback interface; 0 takes one that is free
    #[arg(long, default_value_t = 0)]
    port: u16,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, cli.port))
        .await
        .with_context(|| format!("cannot listen on port {} of the loopback interface", cli.port))?;
    output::ready(listener.local_addr()?);
    listener::serve(listener, Arc::new(Fixture::default())).await;
    Ok(())
}
