//! What `cargo metadata` and the folders say about this workspace.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use crate::run;

/// The workspace as it lies on disk.
pub(crate) struct Workspace {
    /// The folder of the root manifest.
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) target: PathBuf,
    /// The member crates, by package name.
    pub(crate) packages: Vec<Package>,
}

/// One member crate.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    /// The package name, as in its manifest.
    pub(crate) name: String,
    /// The folder of its manifest, relative to the workspace root.
    pub(crate) folder: PathBuf,
    /// Its direct dependencies.
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a crate's dependency tables.
#[derive(Clone, Debug)]
pub(crate) struct Dependency {
    /// The package depended on.
    pub(crate) name: String,
    /// Its key in the table, which is another where two versions are depended on.
    pub(crate) key: String,
    /// Which table it stands in.
    pub(crate) kind: Kind,
}

/// The dependency table a line stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `[build-dependencies]`.
    Build,
    /// `[dev-dependencies]`.
    Dev,
    /// `[dependencies]`.
    Normal,
}

/// A file of the workspace with its content.
pub(crate) struct File {
    /// Path relative to the workspace root, with forward slashes.
    pub(crate) path: String,
    /// The text.
    pub(crate) text: String,
}

impl Workspace {
    /// Reads the workspace of the folder this tool is run in.
    pub(crate) fn load() -> anyhow::Result<Self> {
        let text =
            run::stdout_of(Command::new("cargo").args(["metadata", "--no-deps", "--format-version", "1"]))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let metadata: Value = serde_json::from_str(text).context("cargo metadata is not JSON")?;
        let root = PathBuf::from(string(&metadata, "workspace_root")?);
        let packages = array(&metadata, "packages")?;
        Ok(Self {
            target: PathBuf::from(string(&metadata, "target_directory")?),
            packages: packages
                .iter()
                .map(|package| Package::parse(package, &root))
                .collect::<Result<_, _>>()?,
            root,
        })
    }

    /// A command of cargo that runs in the workspace root.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// Where the program of the native host is built for tests.
    pub(crate) fn host(&self) -> PathBuf {
        self.target.join("debug").join("m365-mcp")
    }

    /// A member crate, by its package name.
    pub(crate) fn package(&self, name: &str) -> anyhow::Result<&Package> {
        let found = self.packages.iter().find(|package| package.name == name);
        found.with_context(|| format!("this workspace has no package {name}"))
    }

    /// The text of one file, by its path from the root.
    pub(crate) fn read(&self, path: &str) -> anyhow::Result<String> {
        std::fs::read_to_string(self.root.join(path)).with_context(|| format!("{path} cannot be read"))
    }

    /// Every Rust file of a member crate, in order of path.
    pub(crate) fn sources(&self, package: &Package) -> anyhow::Result<Vec<File>> {
        let mut paths = Vec::new();
        collect(&self.root.join(&package.folder), &mut paths)?;
        paths.sort();
        paths
            .into_iter()
            .map(|path| {
                let text = std::fs::read_to_string(&path)
                    .with_context(|| format!("{} cannot be read", path.display()))?;
                let relative = path.strip_prefix(&self.root).unwrap_or(&path);
                Ok(File { path: relative.to_string_lossy().replace('\\', "/"), text })
            })
            .collect()
    }
}

impl Package {
    fn parse(package: &Value, root: &Path) -> anyhow::Result<Self> {
        let manifest = PathBuf::from(string(package, "manifest_path")?);
        let folder = manifest.parent().context("a manifest without a folder")?;
        Ok(Self {
            name: string(package, "name")?,
            folder: folder.strip_prefix(root).unwrap_or(folder).to_path_buf(),
            dependencies: array(package, "dependencies")?
                .iter()
                .map(Dependency::parse)
                .collect::<Result<_, _>>()?,
        })
    }

    /// The name without the prefix that package names carry.
    pub(crate) fn room(&self) -> &str {
        self.name.strip_prefix(PREFIX).unwrap_or(&self.name)
    }

    /// The path of its manifest from the root.
    pub(crate) fn manifest(&self) -> String {
        format!("{}/Cargo.toml", self.folder.display())
    }
}

impl Dependency {
    fn parse(dependency: &Value) -> anyhow::Result<Self> {
        let kind = match dependency.get("kind").and_then(Value::as_str) {
            Some("dev") => Kind::Dev,
            Some("build") => Kind::Build,
            _ => Kind::Normal,
        };
        let name = string(dependency, "name")?;
        let key =
            dependency.get("rename").and_then(Value::as_str).map_or_else(|| name.clone(), str::to_owned);
        Ok(Self { name, key, kind })
    }
}

/// The prefix of this workspace's package names; folders carry none.
pub(crate) const PREFIX: &str = "m365-";

fn string(value: &Value, key: &str) -> anyhow::Result<String> {
    let text = value.get(key).and_then(Value::as_str);
    text.map(str::to_owned).with_context(|| format!("cargo metadata lacks {key}"))
}

fn array<'a>(value: &'a Value, key: &str) -> anyhow::Result<&'a Vec<Value>> {
    value.get(key).and_then(Value::as_array).with_context(|| format!("cargo metadata lacks {key}"))
}

/// Folders of what others wrote or cargo built.
const INSTALLED: [&str; 3] = ["node_modules", "target", "venv"];

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("{} cannot be listed", folder.display()))?
    {
        let path = entry?.path();
        if path.is_dir() {
            if !INSTALLED.iter().any(|name| path.ends_with(name)) {
                collect(&path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_becomes_rooms_with_their_dependency_tables() {
        let text = r#"{"workspace_root":"/w","target_directory":"/w/target","packages":[
            {"name":"m365-auth","manifest_path":"/w/crates/auth/Cargo.toml","dependencies":[
                {"name":"m365-types","kind":null},{"name":"rusqlite","kind":"dev"}]}]}"#;
        let workspace = Workspace::parse(text).unwrap();
        let auth = &workspace.packages[0];
        assert_eq!(auth.room(), "auth");
        assert_eq!(auth.manifest(), "crates/auth/Cargo.toml");
        assert_eq!(auth.dependencies[0].kind, Kind::Normal);
        assert_eq!(auth.dependencies[1].kind, Kind::Dev);
    }

    #[test]
    fn metadata_without_packages_is_refused() {
        assert!(Workspace::parse(r#"{"workspace_root":"/w","target_directory":"/w/target"}"#).is_err());
    }
}
