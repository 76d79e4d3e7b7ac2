//! `cargo deny`: licences, duplicate versions and sources of what we build on.
//!
//! The advisory database is not a package registry, so advisories are checked by a hosted workflow instead.
//! The tool is built once per version into `.cache/`, without optimisation: it runs for a second.

use std::path::PathBuf;
use std::process::Command;

use super::Verdict;
use crate::run;
use crate::workspace::Workspace;

/// The version this repository's `deny.toml` is written for.
const VERSION: &str = "0.20.2";

/// Runs the three checks that need no advisory database.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Verdict> {
    let program = match on_path() {
        Some(program) => program,
        None => cached(workspace)?,
    };
    let mut command = Command::new(program);
    command.current_dir(&workspace.root);
    command.args(["--locked", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"]);
    let captured = run::capture(&mut command)?;
    if captured.success {
        return Ok(Verdict::default());
    }
    Ok(Verdict::of(vec![format!("{}\nChange the dependency, or deny.toml with a reason.", captured.text)]))
}

fn on_path() -> Option<PathBuf> {
    let program = PathBuf::from("cargo-deny");
    let version = run::stdout_of(Command::new(&program).arg("--version")).ok()?;
    (version.trim() == format!("cargo-deny {VERSION}")).then_some(program)
}

fn cached(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.root.join(".cache").join(format!("cargo-deny-{VERSION}"));
    let program = folder.join("bin").join("cargo-deny");
    if program.is_file() {
        return Ok(program);
    }
    let package = format!("cargo-deny@{VERSION}");
    let mut command =
        workspace.cargo(&["install", "--quiet", "--locked", "--debug", "--no-default-features", &package]);
    command.arg("--root").arg(&folder).env("CARGO_PROFILE_DEV_DEBUG", "false");
    let captured = run::capture(&mut command)?;
    anyhow::ensure!(captured.success, "`cargo install {package}` failed:\n{}", captured.text);
    Ok(program)
}
