//! Running `m365-mcp doctor` and reading what it found.

use std::fmt;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser::Browser;
use crate::environment;
use crate::http::Request;
use crate::json::Look as _;
use crate::site::Site;

/// What one run found.
#[derive(Debug)]
pub(super) struct Examination {
    document: Value,
    status: Option<i32>,
}

/// Credential files of one person and of the site's service token.
pub(in crate::cases) struct Credentials {
    folder: TempDir,
    email: String,
    secrets: Vec<String>,
}

/// Runs the binary.
pub(super) fn command(arguments: &[&str]) -> Result<Output> {
    let binary = environment::binary().context("there is no binary: name it in M365_MCP_BIN")?;
    Ok(Command::new(binary).args(arguments).output()?)
}

/// Runs the examination of this address.
pub(in crate::cases) fn run(url: &str, credentials: Option<&Credentials>, more: &[&str]) -> Result<Output> {
    let files = credentials.map(Credentials::options).unwrap_or_default();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    command(&[&["doctor", url], files.as_slice(), more].concat())
}

/// The same, read as a document.
pub(super) fn examine(url: &str, credentials: Option<&Credentials>, more: &[&str]) -> Result<Examination> {
    Examination::of(run(url, credentials, &[more, &["--json"]].concat())?)
}

impl Examination {
    /// Reads what a run printed.
    pub(super) fn of(output: Output) -> Result<Self> {
        let text = String::from_utf8(output.stdout)?;
        let document = serde_json::from_str(&text).with_context(|| {
            format!("not one document: {text}{}", String::from_utf8_lossy(&output.stderr))
        })?;
        Ok(Self { document, status: output.status.code() })
    }

    /// Expects this exit status, and exactly these checks to have failed.
    pub(super) fn expect(&self, status: i32, failed: &[&str]) -> Result<()> {
        ensure!(self.failed() == failed, "expected {failed:?} to fail: {self}");
        ensure!(self.status == Some(status), "expected exit status {status}: {self}");
        let verdict = match status {
            0 => "ok",
            3 => "warning",
            _ => "error",
        };
        ensure!(self.document.at("/verdict") == verdict, "expected the verdict {verdict}: {self}");
        Ok(())
    }

    /// Names of the checks that failed, warnings included.
    pub(super) fn failed(&self) -> Vec<&str> {
        self.with(&["fail", "warn"])
    }

    /// Names of the checks that were not made.
    pub(super) fn not_checked(&self) -> Vec<&str> {
        self.with(&["not-checked"])
    }

    /// Names of all checks.
    pub(super) fn ids(&self) -> Vec<&str> {
        self.checks().iter().filter_map(|check| check.at("/id").as_str()).collect()
    }

    /// One check.
    pub(super) fn check(&self, id: &str) -> Result<&Value> {
        self.checks().iter().find(|check| check.at("/id") == id).with_context(|| format!("no check {id}"))
    }

    /// Severity of a check.
    pub(super) fn severity(&self, id: &str) -> Result<&str> {
        self.check(id)?.text("/severity")
    }

    /// Every check.
    pub(super) fn checks(&self) -> &[Value] {
        self.document.at("/checks").as_array().map(Vec::as_slice).unwrap_or_default()
    }

    fn with(&self, results: &[&str]) -> Vec<&str> {
        let counts =
            |check: &&Value| check.at("/result").as_str().is_some_and(|result| results.contains(&result));
        self.checks().iter().filter(counts).filter_map(|check| check.at("/id").as_str()).collect()
    }
}

impl fmt::Display for Examination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit status {:?}", self.status)?;
        let text = |check: &Value, name: &str| check.at(name).as_str().unwrap_or_default().to_owned();
        for check in self.checks().iter().filter(|check| check.at("/result") != "ok") {
            writeln!(f, "   {} {}: {}", text(check, "/result"), text(check, "/id"), text(check, "/seen"))?;
        }
        Ok(())
    }
}

impl Credentials {
    /// Those of a person nobody else uses.
    pub(in crate::cases) fn of(site: &Site, name: &str) -> Result<Self> {
        Self::with(site, name, &json!({}))
    }

    /// The same with an assertion made as the fields say.
    pub(super) fn with(site: &Site, name: &str, fields: &Value) -> Result<Self> {
        let email = site.person(name)?.email;
        let mut asked = fields.clone();
        asked.as_object_mut().context("fields")?.insert("email".to_owned(), json!(email));
        let token = site.control.assertion(&asked)?.jwt;
        let config = Request::get(site.sandbox.join("/_control/config")?).send()?.json()?;
        let id = config.text("/serviceTokens/0/clientId")?;
        let secret = config.text("/serviceTokens/0/clientSecret")?;
        let secrets = vec![token.clone(), secret.to_owned()];
        let credentials = Self { folder: tempfile::tempdir()?, email, secrets };
        credentials.write("access", &format!("{token}\n"))?;
        credentials.write("service", &format!("{id}\n{secret}\n"))?;
        Ok(credentials)
    }

    /// Connects the person's Microsoft account, in a browser.
    pub(in crate::cases) fn connect(&self, site: &Site) -> Result<()> {
        let mut browser = Browser::signed_in(&site.control, &site.mcp, &self.email)?;
        browser.page(&site.edge("/connect")?)?.answer.expect(&[200]).map(drop)
    }

    /// Puts another secret into the file of the service token.
    pub(super) fn change_service_secret(&mut self) -> Result<()> {
        let file = self.path("service");
        let contents = std::fs::read_to_string(&file)?;
        let id = contents.lines().next().context("a client id")?;
        std::fs::write(&file, format!("{id}\nnot-the-secret-of-this-token\n"))?;
        Ok(())
    }

    /// Lets others read the files.
    pub(super) fn open_to_others(&self) -> Result<()> {
        Ok(std::fs::set_permissions(self.path("access"), std::fs::Permissions::from_mode(0o644))?)
    }

    /// Expects that no credential stands in the text, nor a part of one that would be of use.
    pub(in crate::cases) fn expect_hidden(&self, text: &str) -> Result<()> {
        for secret in &self.secrets {
            ensure!(!text.contains(secret.as_str()), "a credential was printed: {text}");
        }
        for form in ["eyJ", "m365a_", "m365r_", "m365c_"] {
            ensure!(!text.contains(form), "a token was printed ({form}): {text}");
        }
        Ok(())
    }

    fn options(&self) -> Vec<String> {
        let file = |name: &str| self.path(name).display().to_string();
        vec![
            "--access-token-file".to_owned(),
            file("access"),
            "--service-token-file".to_owned(),
            file("service"),
        ]
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, contents: &str) -> Result<()> {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(self.path(name))?;
        Ok(file.write_all(contents.as_bytes())?)
    }
}
