//! The host as a child process: started, waited for through its ready line, interrupted, killed.
//!
//! A host may be several processes (a Worker is: the harness, workerd, the simulated estate), so it runs in a process
//! group of its own and is killed as a group. Invariants: everything it writes is kept, so that a case can look for what
//! must not be there; it does not outlive the suite, however the suite ends.

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// How long a host may take until it is ready: a debug build, or workerd with a Worker to compile, on a busy machine.
const READY_WITHIN: Duration = Duration::from_mins(2);
/// Folder in the data folder whose policies a host is started with, where it exists.
pub const POLICIES: &str = "policies";
/// How often is looked whether a killed group is gone.
const LOOKS: usize = 100_000;
/// The shell that becomes the host. Beside it a watcher of the same group reads a pipe that nobody writes to: it ends
/// with the suite, and then the watcher kills the group.
const SHELL: &str = "exec 3<&0 </dev/null; { read -r _; kill -s KILL 0; } <&3 >/dev/null 2>&1 & exec 3<&-;";

/// A running host.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Held, never written: see [`SHELL`].
    lifeline: Option<ChildStdin>,
    output: Arc<Mutex<Vec<u8>>>,
}

/// Ports of the edge, the origin and the sandbox; 0 lets the host choose.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    /// Edge.
    pub edge: u16,
    /// Origin.
    pub origin: u16,
    /// Sandbox.
    pub sandbox: u16,
}

/// What is particular about one start; the default is nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Start<'a> {
    /// Runs in the shell that becomes the host, such as a resource limit.
    pub shell_prelude: &'a str,
    /// Names and values of settings that differ from the host's own.
    pub settings: &'a [(&'a str, &'a str)],
    /// How the host proves to the simulated Entra which application it is; empty: by a secret.
    pub credential: &'a str,
}

impl Process {
    /// Starts the host, a program and its first arguments, with the options of `demo`, and waits for its ready line.
    ///
    /// # Errors
    /// Where it cannot be started, or ends or stays silent before it is ready.
    pub fn start(host: &[String], data: &Path, ports: Ports, start: Start<'_>) -> Result<(Self, Value)> {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(format!("{SHELL} {} exec \"$0\" \"$@\"", start.shell_prelude)).args(host);
        for (name, port) in
            [("--port", ports.edge), ("--origin-port", ports.origin), ("--sandbox-port", ports.sandbox)]
        {
            command.arg(name).arg(port.to_string());
        }
        let policies = data.join(POLICIES);
        if policies.is_dir() {
            command.arg("--policy-dir").arg(policies);
        }
        if !start.credential.is_empty() {
            command.arg("--credential").arg(start.credential);
        }
        for (name, value) in start.settings {
            command.arg("--set").arg(format!("{name}={value}"));
        }
        command.arg("--data-dir").arg(data).arg("--ready-file").arg(data.join("ready.json"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().with_context(|| format!("cannot start {host:?}"))?;
        let output = Arc::new(Mutex::new(Vec::new()));
        let (announce, ready) = channel();
        let lifeline = child.stdin.take();
        let stdout = child.stdout.take().context("stdout is piped")?;
        let stderr = child.stderr.take().context("stderr is piped")?;
        let kept = Arc::clone(&output);
        thread::spawn(move || {
            keep_lines(stdout, &kept, |line| {
                if let Some(ready) = ready_line(line) {
                    announce.send(ready).ok();
                }
            });
        });
        let kept = Arc::clone(&output);
        thread::spawn(move || keep_lines(stderr, &kept, |_| {}));
        let process = Self { child, lifeline, output };
        let ready = process.await_ready(&ready)?;
        let written = fs::read_to_string(data.join("ready.json")).context("the ready file is missing")?;
        ensure!(
            ready_line(&written).as_ref() == Some(&ready),
            "the ready file says {written}, stdout says {ready}"
        );
        Ok((process, ready))
    }

    /// Everything written to stdout and stderr so far.
    #[must_use]
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// Kills the host and all it started as `kill -9` does, at once, and waits until nothing of it is left.
    ///
    /// # Errors
    /// Where it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        let group = self.child.id();
        // An empty group has nobody to be told, which is no error.
        Command::new("/bin/sh")
            .args(["-c", "kill -s KILL -- \"-$0\" 2>/dev/null"])
            .arg(group.to_string())
            .status()?;
        self.child.wait()?;
        drop(self.lifeline.take());
        for _ in 0..LOOKS {
            if !is_alive(group) {
                return Ok(());
            }
            thread::yield_now();
        }
        bail!("process group {group} is still there after it was killed")
    }

    /// Sends the host what Ctrl-C (`INT`) or a service manager (`TERM`) sends. What it started is its own to end.
    ///
    /// # Errors
    /// Where the signal cannot be sent.
    pub fn signal(&self, name: &str) -> Result<()> {
        let sent = Command::new("/bin/sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", name])
            .arg(self.child.id().to_string())
            .status()?;
        ensure!(sent.success(), "SIG{name} could not be sent");
        Ok(())
    }

    /// Waits until the host has ended by itself. What it may have left behind is killed.
    ///
    /// # Errors
    /// Where it cannot be waited for.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.child.wait()?;
        self.kill()?;
        Ok(status)
    }

    /// How the host ended; `None` while it runs.
    ///
    /// # Errors
    /// Where its state cannot be read.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    fn await_ready(&self, ready: &Receiver<Value>) -> Result<Value> {
        match ready.recv_timeout(READY_WITHIN) {
            Ok(ready) => Ok(ready),
            Err(reason) => bail!("the host is not ready ({reason}); it wrote: {}", self.output()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill().ok();
    }
}

/// Whether a process of the group runs. Linux says so in `/proc`; elsewhere only the host itself is waited for.
fn is_alive(group: u32) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else { return false };
    let stats = processes.filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    stats.into_iter().any(|stat| runs_in(&stat, group))
}

/// proc_pid_stat(5): `pid (command) state parent group …`; a process that only waits to be reaped does nothing more.
fn runs_in(stat: &str, group: u32) -> bool {
    let Some((_, fields)) = stat.rsplit_once(") ") else { return false };
    let mut fields = fields.split(' ');
    let state = fields.next().unwrap_or_default();
    let of_group = fields.nth(1).and_then(|field| field.parse().ok()) == Some(group);
    of_group && !matches!(state, "Z" | "X")
}

fn keep_lines(stream: impl Read, kept: &Mutex<Vec<u8>>, mut seen: impl FnMut(&str)) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        kept.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&line);
        seen(&String::from_utf8_lossy(&line));
        line.clear();
    }
}

fn ready_line(line: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(line.trim()).ok()?;
    (value.get("event")?.as_str()? == "ready").then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_of_the_group_is_found_and_a_dead_or_a_foreign_one_is_not() {
        assert!(runs_in("17 (a (b) c) S 1 42 42 0 -1", 42));
        assert!(!runs_in("17 (a (b) c) Z 1 42 42 0 -1", 42));
        assert!(!runs_in("42 (m365-mcp) S 1 17 17 0 -1", 42));
        assert!(!runs_in("", 42));
    }

    #[test]
    fn all_that_a_host_started_is_killed_with_it() {
        let data = tempfile::tempdir().expect("a folder");
        let script = "sleep 1000 & line=\"{\\\"event\\\":\\\"ready\\\",\\\"child\\\":$!}\"; echo \"$line\" >\"${10}\"; echo \"$line\"; wait";
        let host = ["/bin/sh", "-c", script, "host"].map(str::to_owned);
        let (mut process, ready) =
            Process::start(&host, data.path(), Ports::default(), Start::default()).expect("a host");
        let child = ready.get("child").and_then(Value::as_u64).expect("its child");
        let running = |id: u64| {
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            runs_in(&stat, process.child.id())
        };
        assert!(running(child));
        assert!(running(u64::from(process.child.id())));
        process.kill().expect("killed");
        assert!(
            !fs::read_to_string(format!("/proc/{child}/stat"))
                .is_ok_and(|stat| runs_in(&stat, process.child.id()))
        );
        process.kill().expect("killed again");
    }

    #[test]
    fn a_host_does_not_outlive_the_suite() {
        let data = tempfile::tempdir().expect("a folder");
        let script = "echo '{\"event\":\"ready\"}' >\"${10}\"; cat \"${10}\"; exec sleep 1000";
        let host = ["/bin/sh", "-c", script, "host"].map(str::to_owned);
        let (mut process, _) =
            Process::start(&host, data.path(), Ports::default(), Start::default()).expect("a host");
        // What the end of the suite does to the pipe, and nothing else.
        drop(process.lifeline.take());
        assert!(!process.child.wait().expect("its end").success());
    }
}
