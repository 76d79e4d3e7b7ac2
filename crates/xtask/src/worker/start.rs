//! How long the Worker takes to start: workerd with the Worker beside workerd with an empty one.
//!
//! One start is a fresh workerd process that loads the two built files, instantiates the module and answers one
//! request (`GET /healthz`, which reads the configuration and builds the routes). Its processor time is what all its
//! threads have spent when the answer is there (`/proc/PID/task/*/schedstat`, first field; Linux). The start time of
//! the Worker is that, less the same of an empty Worker: pairs of starts, one after the other, medians over the pairs.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use m365_contract::http::Request;
use serde_json::Value;

use super::build::Built;
use super::workerd::{Script, Workerd};
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
/// Any free port.
const ADDRESS: &str = "127.0.0.1:0";

const EMPTY: &str = "export default { fetch() { return new Response(); } };\n";

/// Starts the Worker and an empty one in turn.
pub(crate) fn measure(
    workspace: &Workspace,
    tools: &Tools<'_>,
    built: &Built,
    pairs: usize,
) -> anyhow::Result<Starts> {
    let workerd = Workerd::of(workspace, tools)?;
    let place = workspace.target.join("worker-start");
    let keys = KEYS.map(|name| (name, key(name)));
    let settings = SETTINGS.map(|(name, value)| (name, value.to_owned()));
    let settings: Vec<(String, String)> =
        settings.into_iter().chain(keys).map(|(name, value)| (name.to_owned(), value)).collect();
    let mut worker = workerd.serving(&place.join("worker"), ADDRESS, Script::Built(built), &settings)?;
    let mut empty = workerd.serving(&place.join("empty"), ADDRESS, Script::Module(EMPTY), &settings)?;
    for command in [&mut worker, &mut empty] {
        command.arg("--control-fd=1").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    }
    let mut starts = Starts { processor: Vec::new(), wall: Vec::new() };
    for _ in 0..pairs.max(1) {
        let (with, without) = (start(&mut worker)?, start(&mut empty)?);
        starts.processor.push(with.processor.saturating_sub(without.processor));
        starts.wall.push(with.wall.saturating_sub(without.wall));
    }
    Ok(starts)
}

/// A key that protects nothing: digits of a digest are letters of base64, and 42 of them with `A=` are 32 bytes.
fn key(name: &str) -> String {
    format!("{}A=", sha256(name.as_bytes()).get(..42).unwrap_or_default())
}

fn start(command: &mut Command) -> anyhow::Result<Start> {
    let watch = Stopwatch::start();
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
}
