//! The host as a child process: started, waited for through its ready line, interrupted, killed.
//!
//! Invariant: everything it writes is kept, so that a case can look for what must not be there.

use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// How long a host may take until it is ready, in a debug build on a busy machine.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// A running host.
#[derive(Debug)]
pub struct Process {
    child: Child,
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

impl Process {
    /// Starts `demo` and waits for its ready line. `shell_prelude` runs in the shell that becomes the host.
    ///
    /// # Errors
    /// Where it cannot be started, or ends or stays silent before it is ready.
    pub fn demo(binary: &Path, data: &Path, ports: Ports, shell_prelude: &str) -> Result<(Self, Value)> {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(format!("{shell_prelude} exec \"$0\" \"$@\"")).arg(binary).arg("demo");
        for (name, port) in
            [("--port", ports.edge), ("--origin-port", ports.origin), ("--sandbox-port", ports.sandbox)]
        {
            command.arg(name).arg(port.to_string());
        }
        command.arg("--data-dir").arg(data).arg("--ready-file").arg(data.join("ready.json"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {}", binary.display()))?;
        let output = Arc::new(Mutex::new(Vec::new()));
        let (announce, ready) = channel();
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
        let process = Self { child, output };
        let ready = process.await_ready(&ready)?;
        let written =
            std::fs::read_to_string(data.join("ready.json")).context("the ready file is missing")?;
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

    /// Kills the host as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// Where it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Sends what Ctrl-C sends.
    ///
    /// # Errors
    /// Where the signal cannot be sent.
    pub fn interrupt(&self) -> Result<()> {
        let sent = Command::new("kill").arg("-INT").arg(self.child.id().to_string()).status()?;
        ensure!(sent.success(), "SIGINT could not be sent");
        Ok(())
    }

    /// Waits until the host has ended by itself.
    ///
    /// # Errors
    /// Where it cannot be waited for.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
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
