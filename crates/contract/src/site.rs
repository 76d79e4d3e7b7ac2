//! A running site: edge, origin and sandbox, with the ways to drive, restart and inspect it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::control::{Control, Person};
use crate::environment;
use crate::http::Request;
use crate::journal::Journal;
use crate::json::Look as _;
use crate::oauth::{Client, Discovered};
use crate::process::{Ports, Process, Start};

/// How much of what a host wrote is shown with a failure.
const LAST_LINES: usize = 40;

/// A site. Cases of their own get one each; the others share one and use people of their own.
#[derive(Debug)]
pub struct Site {
    /// The MCP endpoint at the edge.
    pub mcp: Url,
    /// The origin behind the edge.
    pub origin: Url,
    /// The sandbox.
    pub sandbox: Url,
    /// The page about oneself, at the edge.
    pub me: Url,
    /// The people there from the start.
    pub people: Vec<String>,
    /// The control plane.
    pub control: Control,
    child: Option<Hosted>,
    counter: AtomicU32,
    client: OnceLock<Client>,
}

#[derive(Debug)]
struct Hosted {
    /// The program and its first arguments.
    host: Vec<String>,
    /// What reads the journals.
    binary: PathBuf,
    /// The settings it was started with.
    settings: Mutex<Vec<(String, String)>>,
    data: TempDir,
    process: Mutex<Process>,
    earlier_output: Mutex<String>,
}

impl Hosted {
    fn settings(&self) -> Vec<(String, String)> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Site {
    /// Starts a site, or attaches to the one that runs already.
    ///
    /// # Errors
    /// Where there is no binary, or it does not become ready.
    pub fn start() -> Result<Self> {
        match environment::running_site() {
            Some(line) => Self::from_ready(&serde_json::from_str(&line)?, None),
            None => Self::start_as(Start::default()),
        }
    }

    /// Starts a site whose host has these settings, by name and value; the others are the host's own.
    ///
    /// # Errors
    /// As [`Site::start`].
    pub fn start_with(settings: &[(&str, &str)]) -> Result<Self> {
        Self::start_as(Start { settings, ..Start::default() })
    }

    /// Starts a site in a particular way.
    ///
    /// # Errors
    /// As [`Site::start`].
    pub fn start_as(start: Start<'_>) -> Result<Self> {
        Self::start_in(tempfile::tempdir()?, start)
    }

    /// Starts the same host on a copy of this site's data folder, at addresses of its own. This site must have ended.
    ///
    /// # Errors
    /// Where the site is not a process of this suite or still runs, and as [`Site::start`].
    pub fn copy(&self) -> Result<Self> {
        let hosted = self.hosted()?;
        ensure!(self.with_process(Process::ended)?.is_some(), "the host still runs");
        let data = tempfile::tempdir()?;
        copy_folder(hosted.data.path(), data.path())?;
        let settings = hosted.settings();
        Self::start_in(data, Start { settings: &borrowed(&settings), ..Start::default() })
    }

    fn start_in(data: TempDir, start: Start<'_>) -> Result<Self> {
        let binary = environment::binary()
            .context("there is no host to test: build it with `cargo build -p m365-host-native`, or name it in M365_MCP_BIN")?;
        let native = || vec![binary.display().to_string(), "demo".to_owned()];
        let host = environment::other_host()?.unwrap_or_else(native);
        let (process, ready) = Process::start(&host, data.path(), Ports::default(), start)?;
        let (process, earlier_output) = (Mutex::new(process), Mutex::default());
        let settings = Mutex::new(owned(start.settings));
        Self::from_ready(&ready, Some(Hosted { host, binary, settings, data, process, earlier_output }))
    }

    fn from_ready(ready: &Value, child: Option<Hosted>) -> Result<Self> {
        let sandbox = Url::parse(ready.text("/sandbox")?)?;
        Ok(Self {
            mcp: Url::parse(ready.text("/mcp")?)?,
            origin: Url::parse(ready.text("/origin")?)?,
            me: Url::parse(ready.text("/me")?)?,
            people: ready.strings("/people").into_iter().map(str::to_owned).collect(),
            control: Control::new(sandbox.clone()),
            sandbox,
            child,
            counter: AtomicU32::new(0),
            client: OnceLock::new(),
        })
    }

    /// Whether the site is a process of this suite, which can be killed and whose journal can be read.
    #[must_use]
    pub const fn is_hosted(&self) -> bool {
        self.child.is_some()
    }

    /// A URL at the edge.
    ///
    /// # Errors
    /// Where the path is not one.
    pub fn edge(&self, path: &str) -> Result<Url> {
        Ok(self.mcp.join(path)?)
    }

    /// A URL at the origin, behind the edge.
    ///
    /// # Errors
    /// Where the path is not one.
    pub fn behind(&self, path: &str) -> Result<Url> {
        Ok(self.origin.join(path)?)
    }

    /// Moves the clock of the whole estate and lets the server know: to a server that is no part of the estate its edge
    /// tells the time, with every request that passes it. Cases that go around the edge move the clock by this.
    ///
    /// # Errors
    /// Where the sandbox or the edge does not answer.
    pub fn advance(&self, secs: u64) -> Result<()> {
        self.control.advance(secs)?;
        // Access may guard this path too.
        let pass = self.control.first_service_token()?.headers();
        Request::get(self.edge("/healthz")?).headers(&pass).send()?.expect(&[200]).map(drop)
    }

    /// Adds a person nobody else uses.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn person(&self, name: &str) -> Result<Person> {
        self.person_with(name, &json!({}))
    }

    /// Adds a person nobody else uses, with more fields.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn person_with(&self, name: &str, fields: &Value) -> Result<Person> {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let mut entry = json!({ "email": format!("{name}.{}.{number}@contoso.example", std::process::id()) });
        if let (Some(entry), Some(fields)) = (entry.as_object_mut(), fields.as_object()) {
            entry.extend(fields.clone());
        }
        self.control.person(&entry)
    }

    /// A client that sessions share: registrations are counted, and most cases are not about them.
    ///
    /// # Errors
    /// Where discovery or registration fails.
    pub fn client(&self) -> Result<Client> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let client = Discovered::at(&self.mcp)?.client()?;
        Ok(self.client.get_or_init(|| client).clone())
    }

    /// The journal, where the suite can read it.
    #[must_use]
    pub fn journal(&self) -> Option<Journal<'_>> {
        self.child.as_ref().map(|_| Journal::new(self))
    }

    /// Runs a command of the binary on the data folder: `arguments`, then `--data-dir DIR`.
    ///
    /// # Errors
    /// Where there is no binary, or it cannot be started.
    pub fn command(&self, arguments: &[&str]) -> Result<Output> {
        let hosted = self.hosted()?;
        Ok(Command::new(&hosted.binary).args(arguments).arg("--data-dir").arg(hosted.data.path()).output()?)
    }

    /// The data folder.
    ///
    /// # Errors
    /// Where the site is not a process of this suite.
    pub fn data_dir(&self) -> Result<&Path> {
        Ok(self.hosted()?.data.path())
    }

    /// Everything the host wrote to stdout and stderr, over all its lives.
    ///
    /// # Errors
    /// Where the site is not a process of this suite.
    pub fn output(&self) -> Result<String> {
        let hosted = self.hosted()?;
        let earlier = hosted.earlier_output.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(earlier + &self.with_process(|process| Ok(process.output()))?)
    }

    /// Looks at or signals the process.
    ///
    /// # Errors
    /// Where the site is not a process of this suite, and what `act` says.
    pub fn with_process<T>(&self, act: impl FnOnce(&mut Process) -> Result<T>) -> Result<T> {
        act(&mut self.hosted()?.process.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the host still runs and the newest lines it wrote, for the report of a failure.
    #[must_use]
    pub fn last_words(&self) -> String {
        let state = self.with_process(|process| Ok((process.ended()?, process.output())));
        let Ok((ended, output)) = state else { return String::new() };
        let state =
            ended.map_or("the host runs".to_owned(), |status| format!("the host has ended with {status}"));
        let lines: Vec<&str> = output.lines().collect();
        let newest = lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default();
        format!("\n{state}; it wrote last:\n{}", newest.join("\n"))
    }

    /// Moves the clock as [`Site::advance`], to this second since the Unix epoch; time that has come already stays.
    ///
    /// # Errors
    /// As [`Site::advance`].
    pub fn advance_to(&self, secs: u64) -> Result<()> {
        self.advance(secs.saturating_sub(self.control.now_secs()?))
    }

    /// Starts the host again on the same data folder and ports, with the settings it had; it must have ended.
    ///
    /// # Errors
    /// Where it does not become ready, or with other URLs than before.
    pub fn start_again(&self) -> Result<()> {
        self.start_again_with(&borrowed(&self.hosted()?.settings()))
    }

    /// Starts the host again as [`Site::start_again`], with these settings from now on.
    ///
    /// # Errors
    /// As [`Site::start_again`].
    pub fn start_again_with(&self, settings: &[(&str, &str)]) -> Result<()> {
        let hosted = self.hosted()?;
        let ports =
            Ports { edge: port(&self.mcp)?, origin: port(&self.origin)?, sandbox: port(&self.sandbox)? };
        let mut process = hosted.process.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(process.ended()?.is_some(), "the host still runs");
        hosted.earlier_output.lock().unwrap_or_else(PoisonError::into_inner).push_str(&process.output());
        *hosted.settings.lock().unwrap_or_else(PoisonError::into_inner) = owned(settings);
        let start = Start { settings, ..Start::default() };
        let (again, ready) = Process::start(&hosted.host, hosted.data.path(), ports, start)?;
        *process = again;
        ensure!(ready.text("/mcp")? == self.mcp.as_str(), "started again at {ready}");
        Ok(())
    }

    /// Kills the host and all it started, as `kill -9` does.
    ///
    /// # Errors
    /// Where the site is not a process of this suite, or cannot be killed.
    pub fn kill(&self) -> Result<()> {
        // The simulated Graph forgets with the host what it saw.
        self.record().ok();
        self.with_process(Process::kill)
    }

    /// Kills the host as [`Site::kill`], and starts it again.
    ///
    /// # Errors
    /// As [`Site::start_again`].
    pub fn kill_and_start_again(&self) -> Result<()> {
        self.kill()?;
        self.start_again()
    }

    fn hosted(&self) -> Result<&Hosted> {
        self.child.as_ref().context("this site is not a process of the suite")
    }

    /// Appends what reached the simulated Graph to the file that was asked for.
    fn record(&self) -> Result<()> {
        let Some(file) = environment::record_file() else { return Ok(()) };
        let mut lines = String::new();
        for request in self.control.requests("graph", None)? {
            let query = request.at("/query").as_str().filter(|query| !query.is_empty());
            // A reader that decodes before it splits must still see an encoded slash as part of its segment.
            let path = request.text("/path")?.replace("%2F", "%252F");
            let url = query.map_or_else(|| path.clone(), |query| format!("{path}?{query}"));
            let line = json!({ "method": request.at("/method"), "url": url, "headers": request.at("/headers"), "body": request.at("/body") });
            lines.push_str(&line.to_string());
            lines.push('\n');
        }
        OpenOptions::new().create(true).append(true).open(file)?.write_all(lines.as_bytes())?;
        Ok(())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // A host that was killed on purpose has nothing to tell.
        self.record().ok();
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let copy = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&copy)?;
            copy_folder(&entry.path(), &copy)?;
        } else {
            fs::copy(entry.path(), copy)?;
        }
    }
    Ok(())
}

fn borrowed(settings: &[(String, String)]) -> Vec<(&str, &str)> {
    settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn owned(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn port(url: &Url) -> Result<u16> {
    url.port().with_context(|| format!("no port in {url}"))
}
