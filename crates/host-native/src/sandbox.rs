//! `m365-mcp sandbox`: the simulated estate alone, in front of any server.

use m365_app::config::Ingress;
use m365_app::routes::bypass_paths;
use m365_sandbox::access::{ManagedOauth, Perimeter};
use m365_sandbox::{Bound, SandboxOptions};

use crate::cli::{Sandbox, loopback};
use crate::demo::{OPERATOR, PEOPLE};
use crate::overrides::Overrides;
use crate::ready::Ready;
use crate::{output, ready};

/// Runs until it is stopped.
///
/// # Errors
/// Where a port is taken or the state folder does not work.
pub(crate) async fn run(arguments: Sandbox) -> anyhow::Result<()> {
    let overrides = Overrides::parse(&arguments.settings)?;
    let bound = Bound::bind(loopback(arguments.port), loopback(arguments.edge_port)).await?;
    let running = bound.start(SandboxOptions {
        origin_url: arguments.origin.clone(),
        state_dir: arguments.state_dir,
        perimeter: perimeter(&overrides),
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

/// How Access stands before a server with these settings; what it lets through is derived from the route table.
pub(crate) fn perimeter(overrides: &Overrides) -> Perimeter {
    if overrides.value("INGRESS") == Some("managed") {
        return Perimeter::ManagedOauth(ManagedOauth::default());
    }
    let everywhere = overrides.value("ACCESS_EVERYWHERE") == Some("true");
    let bypassed = if everywhere { Vec::new() } else { bypass_paths(Ingress::Oauth) };
    Perimeter::Bypassing(bypassed.into_iter().map(str::to_owned).collect())
}
