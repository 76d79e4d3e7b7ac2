//! A client that is a program: started, written to, waited for by what it writes, ended with the case.
//!
//! Invariants: nothing waits without end; it opens no window on the machine it runs on; a failure shows what it wrote.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use tempfile::TempDir;

/// How long a client may stay silent: it starts an interpreter, on a machine that is busy with three other cases.
const LINE_WITHIN: Duration = Duration::from_mins(2);

/// A running client.
#[derive(Debug)]
pub(in crate::cases) struct Program {
    child: Child,
    input: Option<ChildStdin>,
    /// Its home, where it may keep what it learns.
    home: Arc<TempDir>,
    output: Receiver<String>,
    errors: Receiver<String>,
    written: Arc<Mutex<String>>,
}

impl Program {
    /// Starts it with a home folder of its own.
    pub(in crate::cases) fn start(command: Command) -> Result<Self> {
        Self::start_at(command, Arc::new(tempfile::tempdir()?))
    }

    /// Starts it with this home folder, as somebody who comes back.
    pub(in crate::cases) fn start_at(mut command: Command, home: Arc<TempDir>) -> Result<Self> {
        // `true` in place of a browser: it takes the address and shows nothing.
        command.env("BROWSER", "true").env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        command.env("HOME", home.path()).env("NO_PROXY", "127.0.0.1,localhost");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let written = Arc::default();
        let output = lines(child.stdout.take().context("stdout is piped")?, &written);
        let errors = lines(child.stderr.take().context("stderr is piped")?, &written);
        Ok(Self { input: child.stdin.take(), child, home, output, errors, written })
    }

    /// Its home folder.
    pub(in crate::cases) fn home(&self) -> Arc<TempDir> {
        Arc::clone(&self.home)
    }

    /// Writes a line to it.
    pub(in crate::cases) fn write(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().context("its input is closed")?;
        writeln!(input, "{line}")
            .and_then(|()| input.flush())
            .map_err(|error| self.failed(&error.to_string()))
    }

    /// Waits for a line on its standard output in which something is found.
    pub(in crate::cases) fn output<T>(&self, find: impl Fn(&str) -> Option<T>) -> Result<T> {
        self.await_line(&self.output, find)
    }

    /// Waits for a line on its standard error in which something is found.
    pub(in crate::cases) fn error<T>(&self, find: impl Fn(&str) -> Option<T>) -> Result<T> {
        self.await_line(&self.errors, find)
    }

    /// Closes its input and waits for its end; returns how it ended and what it wrote to its standard output since.
    pub(in crate::cases) fn finish(mut self) -> Result<(ExitStatus, String)> {
        drop(self.input.take());
        let rest: Vec<String> = self.output.iter().collect();
        Ok((self.child.wait()?, rest.join("\n")))
    }

    /// An error with everything it wrote.
    pub(in crate::cases) fn failed(&self, what: &str) -> anyhow::Error {
        anyhow!("{what}; the client wrote:\n{}", self.written.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn await_line<T>(&self, lines: &Receiver<String>, find: impl Fn(&str) -> Option<T>) -> Result<T> {
        loop {
            let line = lines.recv_timeout(LINE_WITHIN).map_err(|error| self.failed(&error.to_string()))?;
            if let Some(found) = find(&line) {
                return Ok(found);
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn lines(stream: impl Read + Send + 'static, written: &Arc<Mutex<String>>) -> Receiver<String> {
    let written = Arc::clone(written);
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            let mut kept = written.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push_str(&line);
            kept.push('\n');
            // Nobody may be waiting any more; what it writes is kept all the same.
            sender.send(line).ok();
        }
    });
    receiver
}
