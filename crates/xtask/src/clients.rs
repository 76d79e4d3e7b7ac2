//! The programs of other makers that the black-box suite drives, in the versions their lock files say.
//!
//! They are installed outside the clone like every tool; each folder gets a link to what its lock stands for, so that a
//! fresh clone waits for nothing and another lock leads elsewhere. Node and Python find packages beside a script.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::Context as _;

use crate::tools::Tools;
use crate::workspace::Workspace;

/// Folders with a `package-lock.json`; what it locks appears as `node_modules`.
const NPM: [&str; 6] = [
    "crates/contract/browser",
    "crates/contract/clients/conformance",
    "crates/contract/clients/inspector",
    "crates/contract/clients/mcp-remote",
    "crates/contract/clients/typescript",
    "crates/contract/clients/typescript-v2",
];
/// Folders with a `requirements.txt`; what it locks appears as `venv`.
const PYTHON: [&str; 1] = ["crates/contract/clients/python"];

/// Installs what is not installed on this machine yet, and links all of it into the clone.
pub(crate) fn install(workspace: &Workspace, tools: &Tools<'_>) -> anyhow::Result<()> {
    for folder in NPM {
        let installed = tools.npm_folder(folder)?.join("node_modules");
        link(&installed, &workspace.root.join(folder).join("node_modules"))?;
    }
    for folder in PYTHON {
        let installed = tools.virtual_environment(folder)?;
        link(&installed, &workspace.root.join(folder).join("venv"))?;
    }
    Ok(())
}

/// Makes `at` lead to `target`. What was installed there by hand gives way: it may be another version.
fn link(target: &Path, at: &Path) -> anyhow::Result<()> {
    if fs::read_link(at).is_ok_and(|known| known == target) {
        return Ok(());
    }
    let removed = if at.is_dir() && !at.is_symlink() { fs::remove_dir_all(at) } else { fs::remove_file(at) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => symlink(target, at),
    }
    .with_context(|| format!("{} cannot be linked to {}", at.display(), target.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_newest_install_whatever_was_there() {
        let place = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| place.path().join(name));
        fs::create_dir(&first).unwrap();
        fs::create_dir(&second).unwrap();
        let at = place.path().join("node_modules");
        fs::create_dir_all(at.join("by-hand")).unwrap();
        for target in [&first, &first, &second] {
            link(target, &at).unwrap();
            assert_eq!(&fs::read_link(&at).unwrap(), target);
        }
        assert!(first.is_dir(), "what was linked to is not touched");
    }

    #[test]
    fn a_link_that_cannot_be_made_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        assert!(link(place.path(), &place.path().join("missing/node_modules")).is_err());
    }
}
