//! How long the Worker takes to start: workerd with the Worker beside workerd with an empty one.
//!
//! One start is a fresh workerd process that loads the two built files, instantiates the module and answers one
//! request (`GET /healthz`, which reads the configuration and builds the routes). Its processor time is what all its
//! threads have spent when the answer is there (`/proc/PID/task/*/schedstat`, first field; Linux). The start time of
//! the Worker is that, less the same of an empty Worker: pairs of starts, one after the other, medians over the pairs.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use m365_contract::http::Request;
use serde_json::Value;

use super::Compatibility;
use super::build::Built;
use crate::digest::sha256;
use crate::stopwatch::Stopwatch;
use crate::tools::Tools;
use crate::workspace::Workspace;

/// What one start took.
#[derive(Clone, Copy)]
struct Start {
    processor: Duration,
    wall: Duration,
}

/// What the Worker added to the start of an empty one, once for each pair.
pub(crate) struct Starts {
    /// Processor time of all threads.
    pub(crate) processor: Vec<Duration>,
    /// Time that passed.
    pub(crate) wall: Vec<Duration>,
}

/// Settings that are well-formed and belong to nobody.
const SETTINGS: [(&str, &str); 10] = [
    ("ACCESS_AUD", "4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2"),
    ("ACCESS_TEAM_DOMAIN", "https://team.cloudflareaccess.com"),
    ("AI_GATEWAY_ACCOUNT_ID", "00000000000000000000000000000000"),
    ("AI_GATEWAY_ID", "m365-graph"),
    ("AI_GATEWAY_SERVICE_TOKEN", "none"),
    ("GRAPH_API_VERSION", "v1.0"),
    ("MICROSOFT_CLIENT_ID", "00000000-0000-4000-8000-000000000001"),
    ("MICROSOFT_CLIENT_SECRET", "none"),
    ("MICROSOFT_TENANT_ID", "00000000-0000-4000-8000-000000000002"),
    ("PUBLIC_URL", "https://mcp.example.com"),
];
const KEYS: [&str; 3] = ["COOKIE_ENCRYPTION_KEY", "COOKIE_SECRET", "ENCRYPTION_KEY"];
/// The host name of `PUBLIC_URL`.
const HOST: &str = "mcp.example.com";

const EMPTY: &str = "export default { fetch() { return new Response(); } };\n";

/// Starts the Worker and an empty one in turn.
pub(crate) fn measure(
    workspace: &Workspace,
    tools: &Tools<'_>,
    built: &Built,
    pairs: usize,
) -> anyhow::Result<Starts> {
    let workerd = tools.packages()?.workerd()?;
    let compatibility = Compatibility::of(workspace)?;
    let place = workspace.target.join("worker-start");
    let worker = prepare(&place.join("worker"), &compatibility, Some(built))?;
    let empty = prepare(&place.join("empty"), &compatibility, None)?;
    let mut starts = Starts { processor: Vec::new(), wall: Vec::new() };
    for _ in 0..pairs.max(1) {
        let (with, without) = (start(&workerd, &worker)?, start(&workerd, &empty)?);
        starts.processor.push(with.processor.saturating_sub(without.processor));
        starts.wall.push(with.wall.saturating_sub(without.wall));
    }
    Ok(starts)
}

/// A folder with a configuration of workerd and the files it names.
fn prepare(folder: &Path, compatibility: &Compatibility, built: Option<&Built>) -> anyhow::Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder.join("storage"))?;
    if let Some(built) = built {
        fs::copy(built.folder.join("index.js"), folder.join("index.js"))?;
        fs::copy(built.wasm(), folder.join("index_bg.wasm"))?;
    } else {
        fs::write(folder.join("index.js"), EMPTY)?;
    }
    let path = folder.join("config.capnp");
    fs::write(&path, configuration(compatibility, built.is_some()))?;
    Ok(path)
}

fn configuration(compatibility: &Compatibility, with_wasm: bool) -> String {
    let module = r#", (name = "./index_bg.wasm", wasm = embed "index_bg.wasm")"#;
    let flags: Vec<String> = compatibility.flags.iter().map(|flag| format!("\"{flag}\"")).collect();
    let keys = KEYS.map(|name| (name, key(name)));
    let settings = SETTINGS.map(|(name, value)| (name, value.to_owned()));
    let settings: Vec<String> = settings
        .iter()
        .chain(&keys)
        .map(|(name, value)| format!("    (name = \"{name}\", text = \"{value}\"),\n"))
        .collect();
    let objects = r#"  durableObjectNamespaces = [
    (className = "Cell", uniqueKey = "cells", enableSql = true),
    (className = "Directory", uniqueKey = "directory", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "storage"),
"#;
    let bindings = r#"    (name = "CELL", durableObjectNamespace = "Cell"),
    (name = "DIRECTORY", durableObjectNamespace = "Directory"),
    (name = "OAUTH_KV", kvNamespace = "nothing"),
"#;
    format!(
        r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "nothing", worker = .nothing),
    (name = "storage", disk = (path = "storage", writable = true)),
  ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "main") ]
);
const nothing :Workerd.Worker = (
  serviceWorkerScript = "addEventListener('fetch', event => event.respondWith(new Response(null, {{ status: 404 }})));",
  compatibilityDate = "{date}"
);
const main :Workerd.Worker = (
  modules = [ (name = "index.js", esModule = embed "index.js"){module} ],
  compatibilityDate = "{date}",
  compatibilityFlags = [ {flags} ],
{objects}  bindings = [
{bindings}{settings}  ]
);
"#,
        date = compatibility.date,
        flags = flags.join(", "),
        settings = settings.concat(),
        module = if with_wasm { module } else { "" },
        objects = if with_wasm { objects } else { "" },
        bindings = if with_wasm { bindings } else { "" },
    )
}

/// A key that protects nothing: digits of a digest are letters of base64, and 42 of them with `A=` are 32 bytes.
fn key(name: &str) -> String {
    format!("{}A=", sha256(name.as_bytes()).get(..42).unwrap_or_default())
}

fn start(workerd: &Path, configuration: &Path) -> anyhow::Result<Start> {
    let folder = configuration.parent().context("a configuration without a folder")?;
    let watch = Stopwatch::start();
    let mut command = Command::new(workerd);
    command.arg("serve").arg("--control-fd=1").arg(configuration).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut running = Running(command.spawn().context("workerd could not be started")?);
    let stdout = running.0.stdout.take().context("standard output was not piped")?;
    let mut lines = BufReader::new(stdout);
    let mut line = String::new();
    lines.read_line(&mut line)?;
    let said: Value = serde_json::from_str(&line).context("workerd did not say where it listens")?;
    let port = said.get("port").and_then(Value::as_u64).context("workerd named no port")?;
    let answer = Request::get(format!("http://127.0.0.1:{port}/healthz")).header("host", HOST).send()?;
    let wall = watch.elapsed();
    let processor = processor_time(running.0.id())?;
    drop(running);
    let mut log = String::new();
    lines.read_to_string(&mut log)?;
    ensure!(answer.status == 200, "the Worker answered its first request with {}:\n{log}", answer.status);
    Ok(Start { processor, wall })
}

/// A process that ends with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the threads of a process have spent, in user and kernel mode.
fn processor_time(process: u32) -> anyhow::Result<Duration> {
    let tasks = format!("/proc/{process}/task");
    let mut nanoseconds = 0;
    for task in fs::read_dir(&tasks).context("processor time is read from /proc, which Linux has")? {
        // A thread may end while the list is read.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        nanoseconds += spent(&text).with_context(|| format!("{tasks}/*/schedstat has an unknown form"))?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// The first field of `schedstat`: nanoseconds on a processor.
fn spent(schedstat: &str) -> Option<u64> {
    schedstat.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_field_is_the_time_on_a_processor() {
        assert_eq!(spent("1234567 89 10\n"), Some(1_234_567));
        assert_eq!(spent(""), None);
    }

    #[test]
    fn an_empty_worker_has_no_module_and_no_storage() {
        let compatibility = Compatibility { date: "2026-01-02".to_owned(), flags: vec!["f".to_owned()] };
        let empty = configuration(&compatibility, false);
        assert!(!empty.contains("wasm") && !empty.contains("enableSql"));
        let whole = configuration(&compatibility, true);
        assert!(
            whole.contains("embed \"index_bg.wasm\"") && whole.contains("compatibilityFlags = [ \"f\" ]")
        );
    }
}
