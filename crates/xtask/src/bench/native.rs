//! The native host as a measured server: `m365-mcp serve`, its secrets in files.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;

use super::site::{Settings, Site};
use crate::run;
use crate::workspace::Workspace;

/// Builds the program in release.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let build = ["build", "--locked", "--release", "--package", "m365-host-native"];
    ensure!(run::stream(&mut workspace.cargo(&build))?.success, "the release build failed");
    Ok(workspace.target.join("release").join("m365-mcp"))
}

/// Starts it behind an estate of its own, `starts` times.
pub(crate) fn start(program: &Path, folder: &Path, starts: usize) -> anyhow::Result<Site> {
    Site::start(program, folder, starts, |settings| serve(program, folder, settings))
}

fn serve(program: &Path, folder: &Path, settings: &Settings) -> anyhow::Result<Command> {
    let mut command = Command::new(program);
    command.args(["serve", "--development"]);
    command.env("LISTEN", &settings.address).env("DATA_DIR", folder.join("data"));
    command.envs(settings.plain.iter().map(|(name, value)| (name, value)));
    for (name, value) in &settings.secret {
        let path = folder.join(name);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(value.as_bytes())?;
        command.env(format!("{name}_FILE"), path);
    }
    Ok(command)
}
