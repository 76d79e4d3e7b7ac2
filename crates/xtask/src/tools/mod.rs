//! The tools this repository builds, runs and checks itself with, in pinned versions, installed at their first use.
//!
//! Versions stand in three places, each read by the tool that knows its format: the table below, Cargo.lock where a
//! tool must fit a dependency, and the lock files of npm and Python beside what uses them. Nothing is installed into the clone.

mod cache;
mod cargo;
mod npm;
mod python;

use std::path::Path;
use std::process::Command;

use self::cache::Cache;
pub(crate) use self::cargo::CargoTool;
use self::cargo::Version;
use crate::run::{self, warn};
use crate::workspace::Workspace;

/// Licences, duplicate versions and sources; the version `deny.toml` is written for.
pub(crate) const CARGO_DENY: CargoTool = CargoTool {
    package: "cargo-deny",
    program: "cargo-deny",
    version: Version::Pinned("0.20.2"),
    locked: true,
    optimisation: "0",
};

/// Makes a Worker of a compiled crate. It must fit the `worker` dependency.
pub(crate) const WORKER_BUILD: CargoTool = CargoTool {
    package: "worker-build",
    program: "worker-build",
    version: Version::OfLock("worker"),
    locked: true,
    optimisation: "0",
};

/// Writes the JavaScript beside the compiled crate, in the very version of the library.
pub(crate) const WASM_BINDGEN: CargoTool = CargoTool {
    package: "wasm-bindgen-cli",
    program: "wasm-bindgen",
    version: Version::OfLock("wasm-bindgen"),
    // Its lock also pins what its other programs need, in versions that not every mirror of the registry carries.
    locked: false,
    optimisation: "1",
};

/// What a Worker is compiled for.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The tools of this workspace.
pub(crate) struct Tools<'a> {
    workspace: &'a Workspace,
    cache: Cache,
}

impl<'a> Tools<'a> {
    /// Finds the cache; installs nothing yet.
    pub(crate) fn of(workspace: &'a Workspace) -> anyhow::Result<Self> {
        Ok(Self { workspace, cache: Cache::locate()? })
    }

    /// Adds the compiler's wasm target, unless it is there.
    pub(crate) fn wasm_target(&self) -> anyhow::Result<()> {
        let arguments = ["--print", "target-libdir", "--target", WASM_TARGET];
        let mut command = Command::new("rustc");
        let libraries = run::stdout_of(command.args(arguments).current_dir(&self.workspace.root))?;
        if Path::new(libraries.trim()).is_dir() {
            return Ok(());
        }
        warn(&format!("adding the target {WASM_TARGET}"));
        let mut rustup = Command::new("rustup");
        rustup.args(["target", "add", WASM_TARGET]).current_dir(&self.workspace.root);
        let captured = run::capture(&mut rustup)?;
        anyhow::ensure!(captured.success, "`rustup target add {WASM_TARGET}` failed:\n{}", captured.text);
        Ok(())
    }
}
