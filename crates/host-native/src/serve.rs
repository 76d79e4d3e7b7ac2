//! `m365-mcp serve`: the server with real configuration.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::bail;
use m365_app::config::{Config, ConfigError, Mode};
use m365_types::Profile;

use crate::cli::Serve;
use crate::environment::Environment;
use crate::listener::Listener;
use crate::ports::clock::SystemClock;
use crate::ready::Ready;
use crate::server::{DataDir, Server};
use crate::{output, ready};

const DEFAULT_LISTEN: &str = "127.0.0.1:8788";
const DEFAULT_DATA_DIR: &str = "data";

/// Runs until it is stopped.
///
/// # Errors
/// Where configuration, data folder or address do not work.
pub(crate) async fn run(arguments: Serve) -> anyhow::Result<()> {
    Environment::refuse_secrets()?;
    let mode = if arguments.development { Mode::Development } else { Mode::Production };
    let config = Config::parse(&Environment, mode, Profile::ReadOnly)?;
    let address = listen_address(arguments.development)?;
    let listener = Listener::bind(address).await?;
    let origin = listener.address;
    let data =
        DataDir::new(Environment::variable("DATA_DIR").unwrap_or_else(|| DEFAULT_DATA_DIR.to_owned()).into());
    let public_url = config.issuer().to_owned();
    let profile = config.toolset.profile;
    let policy = Environment::variable("POLICY_DIR").filter(|folder| !folder.is_empty()).map(Into::into);
    let server = Server::assemble(config, &data, Arc::new(SystemClock), &[origin.to_string()], policy)?;
    output::note(&format!("Serving {public_url} from {origin}, profile {profile}. Ctrl-C stops it."));
    let ready = Ready {
        mcp: format!("{public_url}/mcp"),
        origin: format!("http://{origin}"),
        me: Some(format!("{public_url}/me")),
        ..Ready::default()
    };
    ready::announce(&ready, arguments.ready_file.as_deref())?;
    listener.serve(server.front.router(), server.stop_asked()).await;
    server.drain().await;
    Ok(())
}

fn listen_address(development: bool) -> anyhow::Result<SocketAddr> {
    let text = Environment::variable("LISTEN").unwrap_or_else(|| DEFAULT_LISTEN.to_owned());
    let Ok(address) = text.parse::<SocketAddr>() else {
        bail!(ConfigError {
            name: "LISTEN",
            problem: "must be an address and a port, such as 127.0.0.1:8788".into()
        });
    };
    if development && !address.ip().is_loopback() {
        bail!(ConfigError {
            name: "LISTEN",
            problem: "must be a loopback address with --development".into()
        });
    }
    Ok(address)
}
