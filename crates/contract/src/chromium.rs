//! Real Chromium, for what only a browser can show: who may frame a page, what a policy stops, what the keyboard reaches.
//!
//! The browser is driven by the script in `browser/`; each command is one line of JSON and so is its answer. Tabs have
//! names and cookies of their own. Invariants: the browser reaches nothing but loopback, and ends with its value.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use url::Url;

use crate::control::Control;
use crate::environment;
use crate::json::Look as _;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/browser");

/// A running browser.
#[derive(Debug)]
pub struct Chromium {
    child: Child,
    /// Closed to end the browser.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// What a person finds before them.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Where the browser is.
    pub url: Url,
    /// Status of the page.
    pub status: i64,
    /// The page's title.
    pub title: String,
    /// Its first-level headings.
    pub headings: Vec<String>,
    /// Its text as shown.
    pub text: String,
    /// Dialogs that scripts have opened in this tab.
    pub dialogs: i64,
}

/// What has the keyboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Focus {
    /// Its accessible name.
    pub name: String,
    /// Whether it shows that it has the keyboard.
    pub is_visible: bool,
}

impl Chromium {
    /// Starts a browser.
    ///
    /// # Errors
    /// Where Chromium or the packages that drive it are missing.
    pub fn start() -> Result<Self> {
        let folder = Path::new(FOLDER);
        ensure!(
            folder.join("node_modules").is_dir(),
            "the driver of Chromium is not installed: run `npm ci` in crates/contract/browser, or `cargo xtask test`"
        );
        let program = environment::chromium().context(
            "there is no `chromium` in PATH: install the package, or name the program in CHROMIUM",
        )?;
        let mut child = Command::new(environment::node())
            .arg("drive.mjs")
            .arg(program)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("Node.js could not be started")?;
        let commands = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("the driver has no output")?);
        Ok(Self { child, commands, answers })
    }

    /// Sends a command to a tab and returns its answer.
    ///
    /// # Errors
    /// Where the browser cannot do it, or has ended.
    pub fn ask(&mut self, tab: &str, command: &Value) -> Result<Value> {
        let mut command = command.clone();
        if let Some(fields) = command.as_object_mut() {
            fields.insert("in".to_owned(), json!(tab));
        }
        let commands = self.commands.as_mut().context("the browser has ended")?;
        writeln!(commands, "{command}").context("the browser has ended")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let answer: Value =
            serde_json::from_str(&line).with_context(|| format!("the browser ended at {command}"))?;
        if let Some(error) = answer.at("/error").as_str() {
            bail!("Chromium, {command}: {error}");
        }
        Ok(answer.at("/ok").clone())
    }

    /// Signs a tab in to Access as this person, without the login page.
    ///
    /// # Errors
    /// As [`Chromium::ask`].
    pub fn sign_in(&mut self, tab: &str, control: &Control, at: &Url, email: &str) -> Result<()> {
        let cookie = control.assertion(&json!({ "email": email }))?.cookie;
        let (name, value) = cookie.split_once('=').context("the assertion comes with a cookie")?;
        let command = json!({ "do": "cookie", "url": at.as_str(), "name": name, "value": value });
        self.ask(tab, &command).map(drop)
    }

    /// Opens an address.
    ///
    /// # Errors
    /// As [`Chromium::ask`].
    pub fn open(&mut self, tab: &str, url: &Url) -> Result<Seen> {
        self.see(tab, &json!({ "do": "open", "url": url.as_str() }))
    }

    /// Clicks the control of this accessible name, which leads to another page.
    ///
    /// # Errors
    /// As [`Chromium::ask`].
    pub fn click(&mut self, tab: &str, name: &str) -> Result<Seen> {
        self.see(tab, &json!({ "do": "click", "name": name }))
    }

    /// Clicks the button that shows this text, which leads to another page.
    ///
    /// # Errors
    /// As [`Chromium::ask`].
    pub fn click_text(&mut self, tab: &str, text: &str) -> Result<Seen> {
        self.see(tab, &json!({ "do": "click", "text": text }))
    }

    /// Sends a command whose answer is a page.
    ///
    /// # Errors
    /// As [`Chromium::ask`].
    pub fn see(&mut self, tab: &str, command: &Value) -> Result<Seen> {
        let seen = self.ask(tab, command)?;
        Ok(Seen {
            url: Url::parse(seen.text("/url")?)?,
            status: seen.integer("/status")?,
            title: seen.text("/title")?.to_owned(),
            headings: seen.strings("/headings").into_iter().map(str::to_owned).collect(),
            text: seen.text("/text")?.to_owned(),
            dialogs: seen.integer("/dialogs")?,
        })
    }

    /// Presses a key that leads to no other page.
    ///
    /// # Errors
    /// As [`Chromium::ask`].
    pub fn press(&mut self, tab: &str, key: &str) -> Result<Focus> {
        self.ask(tab, &json!({ "do": "press", "key": key }))?;
        let focus = self.ask(tab, &json!({ "do": "focus" }))?;
        let name = focus.at("/name").as_str().unwrap_or_default().to_owned();
        Ok(Focus { name, is_visible: focus.at("/outline") == &Value::Bool(true) })
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The driver closes the browser when its input ends; it is killed only where that is not possible.
        self.commands.take();
        if self.child.wait().is_err() {
            self.child.kill().ok();
        }
    }
}

impl Seen {
    /// Expects a page with this status and this heading.
    ///
    /// # Errors
    /// Where it is another.
    pub fn expect(&self, status: i64, heading: &str) -> Result<&Self> {
        let is_it = self.status == status && self.headings.iter().any(|shown| shown.contains(heading));
        ensure!(is_it, "expected {status} “{heading}”, the browser shows {self:#?}");
        Ok(self)
    }

    /// Expects these words on the page.
    ///
    /// # Errors
    /// Where one is missing.
    pub fn says(&self, words: &[&str]) -> Result<&Self> {
        for word in words {
            ensure!(self.text.contains(word), "“{word}” is not on the page: {self:#?}");
        }
        Ok(self)
    }
}
