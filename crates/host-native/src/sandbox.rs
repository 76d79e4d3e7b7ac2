//! `m365-mcp sandbox`: the simulated estate alone, in front of any server.

use m365_sandbox::{Bound, SandboxOptions};

use crate::cli::{Sandbox, loopback};
use crate::demo::{OPERATOR, PEOPLE};
use crate::ready::Ready;
use crate::{output, ready};

/// Runs until it is stopped.
///
/// # Errors
/// Where a port is taken or the state folder does not work.
pub(crate) async fn run(arguments: Sandbox) -> anyhow::Result<()> {
    let bound = Bound::bind(loopback(arguments.port), loopback(arguments.edge_port)).await?;
    let running = bound.start(SandboxOptions {
        origin_url: arguments.origin.clone(),
        state_dir: arguments.state_dir,
        bypass_paths: bypass_paths(),
        journal: None,
    })?;
    output::note(&format!(
        "Simulated Cloudflare edge on {} in front of {}; simulated systems on {}. The settings a server needs are at {}/_control/config. Ctrl-C stops it.",
        running.edge_url, arguments.origin, running.sandbox_url, running.sandbox_url
    ));
    let ready = Ready {
        mcp: format!("{}/mcp", running.edge_url),
        origin: arguments.origin,
        sandbox: Some(running.sandbox_url.clone()),
        me: Some(format!("{}/me", running.edge_url)),
        people: &PEOPLE,
        operator: Some(OPERATOR),
    };
    ready::announce(&ready, arguments.ready_file.as_deref())?;
    ready::stop_asked().await?;
    running.shutdown().await?;
    Ok(())
}

/// What the edge lets through without a sign-in: derived from the route table.
pub(crate) fn bypass_paths() -> Vec<String> {
    m365_app::routes::bypass_paths().into_iter().map(str::to_owned).collect()
}
