//! Packages that come from Python's index, as a committed list with hashes says, in a virtual environment of their own.
//!
//! Which index that is, pip learns from its own configuration. Only built packages are taken, so that nothing they bring
//! runs at installation.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::Tools;
use crate::digest::sha256;
use crate::run;

/// The oldest Python the packages run on: major and minor version.
const OLDEST_PYTHON: (u32, u32) = (3, 11);

impl Tools<'_> {
    /// The virtual environment with what `requirements.txt` of this folder lists, made at its first use on this machine.
    pub(crate) fn virtual_environment(&self, source: &str) -> anyhow::Result<PathBuf> {
        let said = run::stdout_of(Command::new("python3").arg("--version")).unwrap_or_default();
        anyhow::ensure!(
            python_version(&said).is_some_and(|version| version >= OLDEST_PYTHON),
            "Python {}.{} or newer is needed and this machine has {}; install it from your system's packages, with its `venv`, then try again",
            OLDEST_PYTHON.0,
            OLDEST_PYTHON.1,
            if said.is_empty() { "none" } else { said.trim() }
        );
        let requirements = self.workspace.read(&format!("{source}/requirements.txt"))?;
        // Packages are built for one Python: another version makes another environment.
        let name = folder_name(&requirements, &said);
        self.cache.folder(&name, |folder| install(folder, &self.workspace.root.join(source)))
    }
}

fn folder_name(requirements: &str, python: &str) -> String {
    let hash = sha256(format!("{}\n{requirements}", python.trim()).as_bytes());
    format!("python-{}", hash.get(..16).unwrap_or_default())
}

fn install(folder: &Path, source: &Path) -> anyhow::Result<()> {
    let captured = run::capture(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    anyhow::ensure!(captured.success, "`python3 -m venv` failed:\n{}", captured.text);
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip.args(["--require-hashes", "--only-binary", ":all:", "--requirement"]);
    pip.arg(source.join("requirements.txt"));
    let captured = run::capture(&mut pip).context("pip comes with Python's `venv`")?;
    anyhow::ensure!(captured.success, "`pip install` failed:\n{}", captured.text);
    Ok(())
}

/// Major and minor version from what `python3 --version` prints.
fn python_version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.trim().strip_prefix("Python ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_versions_are_compared_as_numbers() {
        assert!(python_version("Python 3.11.7\n").unwrap() >= OLDEST_PYTHON);
        assert!(python_version("Python 3.9.20").unwrap() < OLDEST_PYTHON);
        assert_eq!(python_version("3.11.7"), None);
        assert_eq!(python_version(""), None);
    }

    #[test]
    fn another_list_or_another_python_is_another_environment() {
        let name = folder_name("a==1", "Python 3.11.7\n");
        assert_eq!(name, folder_name("a==1", "Python 3.11.7"));
        assert_ne!(name, folder_name("a==2", "Python 3.11.7"));
        assert_ne!(name, folder_name("a==1", "Python 3.12.1"));
    }
}
