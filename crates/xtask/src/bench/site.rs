//! Server and simulated estate as two processes, configured as an operator would configure them.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
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
use crate::workspace::Workspace;

/// Configuration names and where `GET {sandbox}/_control/config` holds their values.
const SETTINGS: [(&str, &str); 6] = [
    ("ACCESS_AUD", "/accessAud"),
    ("ACCESS_TEAM_DOMAIN", "/accessTeamDomain"),
    ("AI_GATEWAY_ACCOUNT_ID", "/accountId"),
    ("AI_GATEWAY_BASE_URL", "/aiGatewayBaseUrl"),
    ("AI_GATEWAY_ID", "/gatewayId"),
    ("ENTRA_BASE_URL", "/entraBaseUrl"),
];

/// The same for values that come from files.
const SECRETS: [(&str, &str); 5] = [
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

impl Site {
    /// Builds in release and starts both. The server is started `starts` times; the last one stays.
    pub(crate) fn start(workspace: &Workspace, starts: usize) -> anyhow::Result<Self> {
        let build = ["build", "--locked", "--release", "--package", "m365-host-native"];
        ensure!(run::stream(&mut workspace.cargo(&build))?.success, "the release build failed");
        let binary = workspace.target.join("release").join("m365-mcp");
        let folder = fresh_folder(workspace)?;
        let origin = Url::parse(&format!("http://{}", free_address()?))?;
        let (estate, sandbox) = start_estate(&binary, &folder, &origin)?;
        let config = Request::get(sandbox.join("/_control/config")?).send()?.expect(&[200])?.json()?;
        let settings = settings(&binary, &folder, &origin, &config)?;
        let public = Url::parse(config.text("/publicUrl")?)?;
        let host = [("host".to_owned(), public.authority().to_owned())];
        let health = Prepared::new("GET", origin.join("/healthz")?.as_str(), &host, b"")?;
        let mut times = Vec::new();
        let mut server = None;
        for _ in 0..starts.max(1) {
            drop(server.take());
            let mut command = Command::new(&binary);
            command.args(["serve", "--development"]).envs(settings.iter().map(|(name, value)| (name, value)));
            let (process, (), time) = Process::start(&mut command, || healthy(&health))?;
            times.push(time);
            server = Some(process);
        }
        Ok(Self {
            estate,
            server: server.context("the server was not started")?,
            mcp: public.join("/mcp")?,
            origin,
            sandbox,
            config,
            starts: times,
        })
    }
}

fn start_estate(binary: &Path, folder: &Path, origin: &Url) -> anyhow::Result<(Process, Url)> {
    let ready_file = folder.join("sandbox-ready.json");
    let mut command = Command::new(binary);
    command.args(["sandbox", "--port", "0", "--edge-port", "0", "--origin"]);
    command.arg(origin.as_str().trim_end_matches('/')).arg("--ready-file").arg(&ready_file);
    let read = || serde_json::from_str::<Value>(&std::fs::read_to_string(&ready_file).ok()?).ok();
    let (process, ready, _) = Process::start(&mut command, read)?;
    Ok((process, Url::parse(ready.text("/sandbox")?)?))
}

/// The environment of the server: plain settings, and the paths of files that hold secrets.
fn settings(
    binary: &Path,
    folder: &Path,
    origin: &Url,
    config: &Value,
) -> anyhow::Result<Vec<(String, String)>> {
    let listen = origin.authority().to_owned();
    let data = folder.join("data").to_string_lossy().into_owned();
    let mut settings = vec![
        ("DATA_DIR".to_owned(), data),
        ("INTERNAL_DOMAINS".to_owned(), "contoso.example".to_owned()),
        ("LISTEN".to_owned(), listen),
        ("PUBLIC_URL".to_owned(), config.text("/publicUrl")?.to_owned()),
    ];
    for (name, pointer) in SETTINGS {
        settings.push((name.to_owned(), config.text(pointer)?.to_owned()));
    }
    for (name, pointer) in SECRETS {
        let path = folder.join(name);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(config.text(pointer)?.as_bytes())?;
        settings.push((format!("{name}_FILE"), path.to_string_lossy().into_owned()));
    }
    let keys = folder.join("keys");
    run::stdout_of(Command::new(binary).arg("keygen").arg(&keys))?;
    for name in KEYS {
        let path = keys.join(name);
        ensure!(path.is_file(), "`m365-mcp keygen` wrote no file {name}");
        settings.push((format!("{name}_FILE"), path.to_string_lossy().into_owned()));
    }
    Ok(settings)
}

fn healthy(request: &Prepared) -> Option<()> {
    let mut connection = Connection::open(&request.authority).ok()?;
    (connection.call(request).ok()?.status == 200).then_some(())
}

fn fresh_folder(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.target.join("xtask-bench");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// An address nobody listens on; the estate must know it before the server takes it.
fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
