//! The conformance suite of the protocol, which is no work of ours: every scenario that a revision requires, against a
//! server of fixtures on the same dispatcher, and against the server as it ships, on both hosts.
//!
//! Each run validates every message of ours against the schema of the revision. What does not pass is in an exceptions
//! file beside the suite, with its reason; the suite fails an entry that passes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::clients::program::Program;
use super::clients::{FOLDER, checks, node};
use crate::environment;
use crate::json::Look as _;
use crate::proxy::{Headers, Proxy};
use crate::session::Session;
use crate::site::Site;

table! { "conformance":
    native the_fixtures_pass_all_that_2025_11_25_requires,
    native the_fixtures_pass_all_that_2026_07_28_requires,
    shared what_ships_passes_what_2025_11_25_requires_without_fixtures,
    shared what_ships_passes_what_2026_07_28_requires_without_fixtures,
}

/// The suite and its requirements, in its folder.
const SUITE: &str = "node_modules/@modelcontextprotocol/conformance";
/// Scenarios with messages of ours in them, of those that a revision requires. The others look at HTTP alone.
const WITH_MESSAGES: usize = 25;

/// What a revision does not require, because it is younger or waits for the suite's own server; passed all the same.
struct Beyond {
    revision: &'static str,
    without_fixtures: &'static [&'static str],
    with_fixtures: &'static [&'static str],
}

const BEYOND: [Beyond; 2] = [
    Beyond {
        revision: "2025-11-25",
        without_fixtures: &["server-session-lifecycle", "server-sse-polling"],
        with_fixtures: &["json-schema-2020-12"],
    },
    Beyond {
        revision: "2026-07-28",
        without_fixtures: &["http-header-validation"],
        with_fixtures: &["json-schema-2020-12"],
    },
];

fn beyond(revision: &str) -> Result<&'static Beyond> {
    BEYOND.iter().find(|beyond| beyond.revision == revision).with_context(|| revision.to_owned())
}

fn the_fixtures_pass_all_that_2025_11_25_requires(_: &Site) -> Result<()> {
    fixtures_pass("2025-11-25")
}

fn the_fixtures_pass_all_that_2026_07_28_requires(_: &Site) -> Result<()> {
    fixtures_pass("2026-07-28")
}

fn fixtures_pass(revision: &str) -> Result<()> {
    let host = environment::binary().context("there is no host beside which the fixtures could be")?;
    let fixture = host.with_file_name("m365-mcp-fixture");
    ensure!(fixture.is_file(), "build it with `cargo build -p m365-mcp-fixture`: {}", fixture.display());
    let mut command = std::process::Command::new(fixture);
    command.args(["--port", "0"]);
    let server = Program::start(command)?;
    let url = server.output(|line| {
        let ready: Value = serde_json::from_str(line).ok()?;
        (ready.at("/event") == "ready").then(|| ready.text("/url").ok().map(str::to_owned))?
    })?;
    let report = run(&url, revision, "fixture-exceptions.yml")?;
    let (required, beyond) = (required(revision)?, beyond(revision)?);
    ensure!(required.len() >= 30, "the suite requires {required:?}");
    report.expect_passed(required.iter().map(String::as_str))?;
    report.expect_passed(beyond.without_fixtures.iter().chain(beyond.with_fixtures).copied())?;
    report.expect_valid_messages()
}

fn what_ships_passes_what_2025_11_25_requires_without_fixtures(site: &Site) -> Result<()> {
    what_ships_passes(site, "2025-11-25")
}

fn what_ships_passes_what_2026_07_28_requires_without_fixtures(site: &Site) -> Result<()> {
    what_ships_passes(site, "2026-07-28")
}

/// The suite has no place for a token, so a proxy adds one. It stands in for the edge under its own address only:
/// whatever names another host or origin stays as it is.
fn what_ships_passes(site: &Site, revision: &str) -> Result<()> {
    let session = Session::open(site, "conformance")?;
    let bearer = format!("Bearer {}", session.tokens.access);
    let proxy = Proxy::adding(site, Headers::from([("authorization".to_owned(), bearer)]))?;
    let url = proxy.url.join("mcp")?;
    let report = run(url.as_str(), revision, "shipped-exceptions.yml")?;
    report.expect_passed(beyond(revision)?.without_fixtures.iter().copied())?;
    report.expect_valid_messages()
}

/// What the suite wrote.
struct Report(tempfile::TempDir);

/// Runs all that the revision requires; what fails and is no exception is an error, and so is an exception that passes.
fn run(url: &str, revision: &str, exceptions: &str) -> Result<Report> {
    expect_reasons(exceptions)?;
    let report = tempfile::tempdir()?;
    let mut command = node("conformance", &format!("{SUITE}/dist/index.js"))?;
    command.args(["server", "--url", url, "--requirements", revision, "--output-dir"]).arg(report.path());
    command.arg("--expected-failures").arg(folder().join(exceptions));
    let (status, said) = Program::start(command)?.finish()?;
    ensure!(status.success(), "{said}");
    Ok(Report(report))
}

/// Expects that every exception is of a scenario that some revision requires, under a comment that says why.
fn expect_reasons(exceptions: &str) -> Result<()> {
    let known = [required("2025-11-25")?, required("2026-07-28")?].concat();
    let text = fs::read_to_string(folder().join(exceptions))?;
    let mut is_explained = false;
    for line in text.lines().skip_while(|line| !line.starts_with("server:")).skip(1) {
        if let Some(exception) = line.trim().strip_prefix("- ") {
            let scenario = exception.split(':').next().unwrap_or_default();
            ensure!(known.iter().any(|known| known == scenario), "{exceptions}: nobody requires {scenario}");
            ensure!(is_explained, "{exceptions}: {exception} has no reason");
        } else {
            is_explained = line.trim().starts_with('#');
        }
    }
    Ok(())
}

fn folder() -> PathBuf {
    Path::new(FOLDER).join("conformance")
}

/// The scenarios that a revision requires of a server, as the suite lists them.
fn required(revision: &str) -> Result<Vec<String>> {
    let text = fs::read_to_string(folder().join(SUITE).join(format!("requirements/{revision}.yaml")))?;
    let lines = text.lines().skip_while(|line| *line != "server:").skip(1);
    let of_server = lines.take_while(|line| line.starts_with("  "));
    Ok(of_server.filter_map(|line| line.trim().strip_prefix("- ")).map(str::to_owned).collect())
}

impl Report {
    /// Expects that each of these scenarios was run, and that it has no check that failed or warned.
    fn expect_passed<'a>(&self, scenarios: impl Iterator<Item = &'a str>) -> Result<()> {
        for scenario in scenarios {
            let checks = self.checks_of(scenario)?;
            ensure!(!checks.is_empty(), "{scenario} was not run");
            for (id, status, whole) in checks {
                ensure!(!matches!(status.as_str(), "FAILURE" | "WARNING"), "{scenario}: {id}: {whole}");
            }
        }
        Ok(())
    }

    /// Expects that every message of ours, in whatever scenario, was valid by the schema of the revision.
    fn expect_valid_messages(&self) -> Result<()> {
        let mut scenarios = 0;
        for (id, status, whole) in checks(self.0.path())? {
            if id.starts_with("wire-schema") {
                ensure!(status == "SUCCESS", "{id}: {whole}");
                scenarios += usize::from(whole.at("/details/messagesValidated").as_u64() > Some(0));
            }
        }
        ensure!(scenarios >= WITH_MESSAGES, "messages were validated in {scenarios} scenarios only");
        Ok(())
    }

    fn checks_of(&self, scenario: &str) -> Result<Vec<(String, String, Value)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.0.path())? {
            let entry = entry?;
            if scenario_of(&entry.file_name().to_string_lossy()) == Some(scenario) {
                let made: Value = serde_json::from_slice(&fs::read(entry.path().join("checks.json"))?)?;
                for check in made.list("")? {
                    found.push((
                        check.text("/id")?.to_owned(),
                        check.text("/status")?.to_owned(),
                        check.clone(),
                    ));
                }
            }
        }
        Ok(found)
    }
}

/// `server-ping-2026-11-28T02-04-21-602Z` is of `ping`.
fn scenario_of(folder: &str) -> Option<&str> {
    let (named, time) =
        folder.split_at_checked(folder.len().checked_sub("-2026-11-28T02-04-21-602Z".len())?)?;
    time.ends_with('Z').then(|| named.strip_prefix("server-"))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_told_from_its_folder() {
        assert_eq!(scenario_of("server-ping-2026-11-28T02-04-21-602Z"), Some("ping"));
        assert_eq!(
            scenario_of("server-server-initialize-2026-11-28T02-04-21-602Z"),
            Some("server-initialize")
        );
        assert_eq!(scenario_of("client-ping-2026-11-28T02-04-21-602Z"), None);
        assert_eq!(scenario_of("ping"), None);
    }
}
