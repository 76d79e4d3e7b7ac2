//! A server behind the simulated estate, two processes, configured as an operator would configure them.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use m365_contract::http::Request;
use m365_contract::json::Look;
use serde_json::Value;
use url::Url;

use super::process::Process;
use super::wire::{Connection, Prepared};
use crate::run;

/// Configuration names and where `GET {sandbox}/_control/config` holds their values.
const PLAIN: [(&str, &str); 7] = [
    ("ACCESS_AUD", "/accessAud"),
    ("ACCESS_TEAM_DOMAIN", "/accessTeamDomain"),
    ("AI_GATEWAY_ACCOUNT_ID", "/accountId"),
    ("AI_GATEWAY_BASE_URL", "/aiGatewayBaseUrl"),
    ("AI_GATEWAY_ID", "/gatewayId"),
    ("ENTRA_BASE_URL", "/entraBaseUrl"),
    ("PUBLIC_URL", "/publicUrl"),
];

/// The same for values that the native host takes from files.
const SECRET: [(&str, &str); 5] = [
    ("AI_GATEWAY_SERVICE_TOKEN", "/gatewayToken"),
    ("GRAPH_API_VERSION", "/graphApiVersion"),
    ("MICROSOFT_CLIENT_ID", "/clientId"),
    ("MICROSOFT_CLIENT_SECRET", "/clientSecret"),
    ("MICROSOFT_TENANT_ID", "/tenantId"),
];

/// The keys that `keygen DIR` writes, one file each.
const KEYS: [&str; 3] = ["COOKIE_ENCRYPTION_KEY", "COOKIE_SECRET", "ENCRYPTION_KEY"];

/// The running processes.
pub(crate) struct Site {
    /// The simulated estate.
    pub(crate) estate: Process,
    /// The measured server.
    pub(crate) server: Process,
    /// The MCP endpoint at the edge.
    pub(crate) mcp: Url,
    /// The server past the edge.
    pub(crate) origin: Url,
    /// The simulated systems.
    pub(crate) sandbox: Url,
    /// What the estate says about itself.
    pub(crate) config: Value,
    /// From the start of the server to its first answer, once per start.
    pub(crate) starts: Vec<Duration>,
}

/// What a server is told.
pub(crate) struct Settings {
    /// Host and port it listens on.
    pub(crate) address: String,
    /// Names and values.
    pub(crate) plain: Vec<(String, String)>,
    /// The same for what the native host takes from files.
    pub(crate) secret: Vec<(String, String)>,
}

impl Site {
    /// Starts the estate, then the server that `server` makes a command for. The server is started `starts` times; the
    /// last one stays. The folder is made anew.
    pub(crate) fn start(
        program: &Path,
        folder: &Path,
        starts: usize,
        server: impl FnOnce(&Settings) -> anyhow::Result<Command>,
    ) -> anyhow::Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::create_dir_all(folder)?;
        let address = free_address()?;
        let origin = Url::parse(&format!("http://{address}"))?;
        let (estate, sandbox) = start_estate(program, folder, &origin)?;
        let config = Request::get(sandbox.join("/_control/config")?).send()?.expect(&[200])?.json()?;
        let public = Url::parse(config.text("/publicUrl")?)?;
        let mut command = server(&Settings::of(program, folder, address, &config)?)?;
        let (server, starts) = start_server(&mut command, &origin, &public, starts)?;
        Ok(Self { estate, server, mcp: public.join("/mcp")?, origin, sandbox, config, starts })
    }
}

impl Settings {
    fn of(program: &Path, folder: &Path, address: String, config: &Value) -> anyhow::Result<Self> {
        let values = |names: &[(&str, &str)]| {
            let value = |(name, at): &(&str, &str)| Ok(((*name).to_owned(), config.text(at)?.to_owned()));
            names.iter().map(value).collect::<anyhow::Result<Vec<_>>>()
        };
        let mut plain = values(&PLAIN)?;
        // What `serve` and the Worker that ships begin with.
        plain.push(("PROFILE".to_owned(), "read-only".to_owned()));
        let mut secret = values(&SECRET)?;
        let keys = folder.join("keys");
        run::stdout_of(Command::new(program).arg("keygen").arg(&keys))?;
        for name in KEYS {
            let key = std::fs::read_to_string(keys.join(name));
            let key = key.with_context(|| format!("`m365-mcp keygen` wrote no file {name}"))?;
            secret.push((name.to_owned(), key));
        }
        Ok(Self { address, plain, secret })
    }
}

fn start_estate(program: &Path, folder: &Path, origin: &Url) -> anyhow::Result<(Process, Url)> {
    let ready_file = folder.join("sandbox-ready.json");
    let mut command = Command::new(program);
    command.args(["sandbox", "--port", "0", "--edge-port", "0", "--origin"]);
    command.arg(origin.as_str().trim_end_matches('/')).arg("--ready-file").arg(&ready_file);
    let read = || serde_json::from_str::<Value>(&std::fs::read_to_string(&ready_file).ok()?).ok();
    let (process, ready, _) = Process::start(&mut command, read)?;
    Ok((process, Url::parse(ready.text("/sandbox")?)?))
}

fn start_server(
    command: &mut Command,
    origin: &Url,
    public: &Url,
    starts: usize,
) -> anyhow::Result<(Process, Vec<Duration>)> {
    ensure!(starts > 0, "a server must be started to be measured");
    let host = [("host".to_owned(), public.authority().to_owned())];
    let health = Prepared::new("GET", origin.join("/healthz")?.as_str(), &host, b"")?;
    let mut times = Vec::new();
    loop {
        let (process, (), time) = Process::start(command, || healthy(&health))?;
        times.push(time);
        if times.len() == starts {
            return Ok((process, times));
        }
    }
}

/// Whether a server answers a request with 200.
pub(crate) fn healthy(request: &Prepared) -> Option<()> {
    let mut connection = Connection::open(&request.authority).ok()?;
    (connection.call(request).ok()?.status == 200).then_some(())
}

/// An address nobody listens on; the estate must know it before the server takes it.
pub(crate) fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
