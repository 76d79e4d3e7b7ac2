//! The folder of installed tools: one per user, outside the clone, so that a fresh clone installs nothing anew.
//!
//! Invariant: a folder that carries a tool's name is whole. A tool is installed under another name and renamed, by
//! one process at a time.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::environment;
use crate::run::warn;

/// Where tools are installed.
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// `$M365_CACHE_DIR`, else `$XDG_CACHE_HOME/m365-mcp`, else `~/.cache/m365-mcp`.
    pub(crate) fn locate() -> anyhow::Result<Self> {
        let root = root(environment::variable)
            .context("there is no place for tools: set M365_CACHE_DIR to a folder of your own")?;
        Ok(Self { root })
    }

    /// The folder of this name, in which `make` installs the tool unless it is there already.
    pub(crate) fn folder(
        &self,
        name: &str,
        make: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
        let folder = self.root.join(name);
        if folder.is_dir() {
            return Ok(folder);
        }
        fs::create_dir_all(&self.root)
            .with_context(|| format!("{} cannot be created", self.root.display()))?;
        let lock = File::create(self.root.join("lock"))?;
        lock.lock().context("the cache of tools cannot be locked")?;
        // Another process may have installed it while this one waited.
        if folder.is_dir() {
            return Ok(folder);
        }
        warn(&format!("installing {name} into {} (once on this machine)", self.root.display()));
        let partial = self.root.join(format!("{name}.partial"));
        if partial.exists() {
            fs::remove_dir_all(&partial)?;
        }
        fs::create_dir(&partial)?;
        make(&partial).with_context(|| format!("{name} could not be installed"))?;
        fs::rename(&partial, &folder)?;
        Ok(folder)
    }
}

fn root(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let within = |name: &str, path: &str| Some(Path::new(&variable(name)?).join(path));
    let own = variable("M365_CACHE_DIR").map(PathBuf::from);
    own.or_else(|| within("XDG_CACHE_HOME", "m365-mcp")).or_else(|| within("HOME", ".cache/m365-mcp"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(set: &[(&str, &str)]) -> Option<PathBuf> {
        root(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_most_particular_variable_decides() {
        let all = [("M365_CACHE_DIR", "/a"), ("XDG_CACHE_HOME", "/b"), ("HOME", "/c")];
        assert_eq!(chosen(&all), Some(PathBuf::from("/a")));
        assert_eq!(chosen(&all[1..]), Some(PathBuf::from("/b/m365-mcp")));
        assert_eq!(chosen(&all[2..]), Some(PathBuf::from("/c/.cache/m365-mcp")));
        assert_eq!(chosen(&[]), None);
    }

    #[test]
    fn a_tool_is_installed_once() {
        let place = tempfile::tempdir().unwrap();
        let cache = Cache { root: place.path().join("cache") };
        let write = |folder: &Path| Ok(fs::write(folder.join("tool"), "1")?);
        let folder = cache.folder("a-1", write).unwrap();
        assert!(folder.join("tool").is_file());
        let again = cache.folder("a-1", |_| anyhow::bail!("installed twice"));
        assert_eq!(again.unwrap(), folder);
    }

    #[test]
    fn an_interrupted_install_is_not_taken_for_a_whole_one() {
        let place = tempfile::tempdir().unwrap();
        let cache = Cache { root: place.path().to_owned() };
        let cut = cache.folder("a-1", |folder| {
            fs::write(folder.join("half"), "1")?;
            anyhow::bail!("cut")
        });
        assert!(cut.is_err());
        assert!(!place.path().join("a-1").exists());
        let folder = cache.folder("a-1", |folder| Ok(fs::write(folder.join("tool"), "1")?)).unwrap();
        assert!(folder.join("tool").is_file() && !folder.join("half").exists());
    }
}
