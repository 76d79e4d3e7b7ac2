//! Tools that cargo builds from their published source.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::Tools;
use crate::run;
use crate::workspace::Workspace;

/// A program of a published package.
pub(crate) struct CargoTool {
    /// The package.
    pub(crate) package: &'static str,
    /// The program it installs.
    pub(crate) program: &'static str,
    /// Its version.
    pub(crate) version: Version,
    /// Build it with the dependencies its authors locked.
    pub(crate) locked: bool,
    /// How much it is optimised: building it should not take longer than running it saves.
    pub(crate) optimisation: &'static str,
}

/// Where a version stands.
pub(crate) enum Version {
    /// Here.
    Pinned(&'static str),
    /// In Cargo.lock, at this package: the tool must fit it exactly.
    OfLock(&'static str),
}

impl Tools<'_> {
    /// The version of a tool.
    pub(crate) fn version(&self, tool: &CargoTool) -> anyhow::Result<String> {
        tool.version.resolve(self.workspace)
    }

    /// The program, built at its first use on this machine.
    pub(crate) fn cargo_program(&self, tool: &CargoTool) -> anyhow::Result<PathBuf> {
        let version = self.version(tool)?;
        if is_on_path(tool.program, &version) {
            return Ok(PathBuf::from(tool.program));
        }
        let name = format!("{}-{version}", tool.package);
        let folder = self.cache.folder(&name, |folder| self.install(tool, &version, folder))?;
        Ok(folder.join("bin").join(tool.program))
    }

    fn install(&self, tool: &CargoTool, version: &str, folder: &Path) -> anyhow::Result<()> {
        let package = format!("{}@{version}", tool.package);
        let mut command = self.workspace.cargo(&["install", "--quiet", "--no-default-features", &package]);
        command.args(["--bin", tool.program]).arg("--root").arg(folder);
        if tool.locked {
            command.arg("--locked");
        }
        for (name, value) in
            [("OPT_LEVEL", tool.optimisation), ("LTO", "off"), ("CODEGEN_UNITS", "16"), ("DEBUG", "false")]
        {
            command.env(format!("CARGO_PROFILE_RELEASE_{name}"), value);
        }
        let captured = run::capture(&mut command)?;
        anyhow::ensure!(captured.success, "`cargo install {package}` failed:\n{}", captured.text);
        Ok(())
    }
}

impl Version {
    fn resolve(&self, workspace: &Workspace) -> anyhow::Result<String> {
        match self {
            Self::Pinned(version) => Ok((*version).to_owned()),
            Self::OfLock(package) => locked_version(&workspace.read("Cargo.lock")?, package)
                .with_context(|| format!("Cargo.lock does not hold exactly one version of {package}")),
        }
    }
}

/// Whether the machine has the program in this very version; the last word of `--version` says so.
fn is_on_path(program: &str, version: &str) -> bool {
    let said = run::stdout_of(Command::new(program).arg("--version"));
    said.is_ok_and(|said| said.split_whitespace().last() == Some(version))
}

fn locked_version(lock: &str, package: &str) -> Option<String> {
    let mut versions = lock
        .split("[[package]]")
        .filter(|entry| entry.contains(&format!("\nname = \"{package}\"\n")))
        .filter_map(|entry| entry.split_once("\nversion = \"")?.1.split('"').next());
    let version = versions.next()?;
    versions.next().is_none().then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"a-b\"\nversion = \"2.0.0\"\n\n[[package]]\nname = \"two\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"two\"\nversion = \"2.0.0\"\n";

    #[test]
    fn the_locked_version_of_the_named_package_is_found() {
        assert_eq!(locked_version(LOCK, "a").as_deref(), Some("1.2.3"));
        assert_eq!(locked_version(LOCK, "a-b").as_deref(), Some("2.0.0"));
    }

    #[test]
    fn an_absent_or_ambiguous_package_has_no_locked_version() {
        assert_eq!(locked_version(LOCK, "b"), None);
        assert_eq!(locked_version(LOCK, "two"), None);
    }

    #[test]
    fn a_program_that_is_not_there_is_not_on_the_path() {
        assert!(!is_on_path("m365-no-such-program", "1.0.0"));
    }
}
