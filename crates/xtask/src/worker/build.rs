//! `cargo xtask worker build`: from the crate to the two files that a Worker is.
//!
//! cargo compiles, `worker-build` (which runs `wasm-bindgen` and `esbuild`) writes `build/index.js` and
//! `build/index_bg.wasm` beside the crate, and for a release `wasm-opt` makes the latter small. `wasm-opt` is run here
//! and not by `worker-build`, so that it runs under the pinned Node, drops the names of functions from what ships, and
//! leaves what it was given for the report of sizes.
//!
//! The Worker that reads documents is built the same way, and always with the other: they are deployed together.
//!
//! Invariant: a release never contains the header by which tests move the clock.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use clap::Args;

use crate::digest::sha256;
use crate::environment::variable;
use crate::run::{self, say, warn};
use crate::tools::{Tools, WASM_BINDGEN, WASM_TARGET, WORKER_BUILD};
use crate::workspace::Workspace;

/// Options of `cargo xtask worker build`.
#[derive(Args)]
pub(crate) struct Options {
    /// Build fast and check more while running; for tests and development
    #[arg(long, conflicts_with = "release")]
    dev: bool,
    /// Build small, as it ships; this is the default
    #[arg(long)]
    release: bool,
    /// Build the Worker for tests, whose clock is the simulated estate's; its release lies below target
    #[arg(long)]
    test_worker: bool,
}

/// Which Worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// The one that is deployed.
    Shipped,
    /// The one for tests, which links the other.
    Test,
    /// The one that reads documents, with neither secrets nor bindings.
    Documents,
}

/// How it is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Fast to build.
    Dev,
    /// Small and fast to start.
    Release,
}

/// A Worker that can be run.
pub(crate) struct Built {
    /// The folder with `index.js` and `index_bg.wasm`.
    pub(crate) folder: PathBuf,
    /// The same `index_bg.wasm` before `wasm-opt`, with the names of its functions; of a release only.
    pub(crate) with_names: PathBuf,
}

/// The header by which the simulated estate moves the clock of the Worker for tests.
const CLOCK_HEADER: &[u8] = b"x-sandbox-time";

/// How a release is made small. The features are those that the compiler may use and the runtime has.
const OPTIMISATION: [&str; 8] = [
    "-Oz",
    "--enable-bulk-memory",
    "--enable-exception-handling",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// The file beside the built ones that says what they were made of.
const FINGERPRINT: &str = "fingerprint";

impl Which {
    /// The package it is made of.
    pub(crate) const fn package(self) -> &'static str {
        match self {
            Self::Shipped => "m365-host-worker",
            Self::Test => "m365-host-worker-test",
            Self::Documents => "m365-documents-worker",
        }
    }
}

impl Profile {
    /// The profile of Cargo.toml, and the folder of `target` it builds into.
    const fn cargo(self) -> (&'static str, &'static str) {
        match self {
            Self::Dev => ("dev", "debug"),
            Self::Release => ("worker", "worker"),
        }
    }
}

/// Builds what the options say.
pub(crate) fn perform(workspace: &Workspace, tools: &Tools<'_>, options: &Options) -> anyhow::Result<bool> {
    let which = if options.test_worker { Which::Test } else { Which::Shipped };
    let profile = if options.dev { Profile::Dev } else { Profile::Release };
    for (which, what) in [(Which::Documents, "the Worker that reads documents"), (which, "the Worker")] {
        let built = build(workspace, tools, which, profile)?;
        let size = fs::metadata(built.wasm())?.len();
        say(&format!("{} holds {what}: {size} bytes of wasm", built.folder.display()));
    }
    Ok(true)
}

/// Builds the Worker, unless what is there is made of the same.
pub(crate) fn build(
    workspace: &Workspace,
    tools: &Tools<'_>,
    which: Which,
    profile: Profile,
) -> anyhow::Result<Built> {
    tools.wasm_target()?;
    let package = workspace.package(which.package())?;
    let crate_folder = workspace.root.join(&package.folder);
    let folder = match (which, profile) {
        // Apart from the other: measuring it does not replace what tests and development run.
        (Which::Test, Profile::Release) => workspace.target.join("worker-test-release"),
        _ => crate_folder.join("build"),
    };
    let with_names = workspace.target.join("worker-names").join(format!("{}.wasm", package.name));
    let built = Built { folder, with_names };
    let compiled = compile(workspace, &package.name, profile)?;
    let fingerprint = fingerprint(tools, &compiled, profile)?;
    let note = built.folder.join(FINGERPRINT);
    let is_current = fs::read_to_string(&note).is_ok_and(|noted| noted == fingerprint);
    if is_current && built.is_whole(profile) {
        return Ok(built);
    }
    // Taken away first and written last: a build that is cut short does not look like a whole one.
    if note.exists() {
        fs::remove_file(&note)?;
    }
    assemble(workspace, tools, &crate_folder, &built.folder, profile)?;
    if profile == Profile::Release {
        shrink(tools, &built)?;
    }
    check_clock(which, profile, &fs::read(built.wasm())?)?;
    fs::write(&note, fingerprint)?;
    Ok(built)
}

impl Built {
    /// The compiled module.
    pub(crate) fn wasm(&self) -> PathBuf {
        self.folder.join("index_bg.wasm")
    }

    fn is_whole(&self, profile: Profile) -> bool {
        self.wasm().is_file()
            && self.folder.join("index.js").is_file()
            && (profile == Profile::Dev || self.with_names.is_file())
    }
}

/// Compiles the crate and returns the module. cargo knows best whether there is anything to do.
fn compile(workspace: &Workspace, package: &str, profile: Profile) -> anyhow::Result<PathBuf> {
    let (name, folder) = profile.cargo();
    let arguments = ["build", "--quiet", "--locked", "--lib", "--package", package, "--profile", name];
    let mut command = workspace.cargo(&arguments);
    command.args(["--target", WASM_TARGET]).envs(environment(workspace, profile));
    ensure!(run::stream(&mut command)?.success, "{package} does not compile for {WASM_TARGET}");
    let file = format!("{}.wasm", package.replace('-', "_"));
    Ok(workspace.target.join(WASM_TARGET).join(folder).join(file))
}

/// What cargo is told, here and below `worker-build`, so that both build the same.
fn environment(workspace: &Workspace, profile: Profile) -> Vec<(&'static str, String)> {
    // `worker-build` sets this; a macro reads it without telling cargo.
    let mut environment = vec![("WASM_BINDGEN_USE_JS_SYS", "1".to_owned())];
    if profile == Profile::Release {
        // Messages of panics name source files; what ships does not say where it was built.
        let home = variable("CARGO_HOME").or_else(|| Some(format!("{}/.cargo", variable("HOME")?)));
        let sources = home.map(|home| format!("--remap-path-prefix={home}/registry/src=crates"));
        let root = Some(format!("--remap-path-prefix={}=.", workspace.root.display()));
        let flags: Vec<String> = sources.into_iter().chain(root).collect();
        environment.push(("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}")));
    }
    environment
}

/// Everything the two files depend on.
fn fingerprint(tools: &Tools<'_>, compiled: &Path, profile: Profile) -> anyhow::Result<String> {
    let module = fs::read(compiled).with_context(|| format!("{} cannot be read", compiled.display()))?;
    Ok(format!(
        "{profile:?} {}\n{} {}\n{} {}\n{}\n{OPTIMISATION:?}\n",
        sha256(&module),
        WORKER_BUILD.package,
        tools.version(&WORKER_BUILD)?,
        WASM_BINDGEN.package,
        tools.version(&WASM_BINDGEN)?,
        tools.packages()?.name,
    ))
}

/// Runs `worker-build` from a crate into a folder. It downloads nothing where it is told where its helpers are.
fn assemble(
    workspace: &Workspace,
    tools: &Tools<'_>,
    package: &Path,
    out: &Path,
    profile: Profile,
) -> anyhow::Result<()> {
    let packages = tools.packages()?;
    let mut command = Command::new(tools.cargo_program(&WORKER_BUILD)?);
    command.current_dir(&workspace.root).args(["--no-opt"]);
    match profile {
        Profile::Dev => command.arg("--dev"),
        Profile::Release => command.args(["--profile", profile.cargo().0]),
    };
    command.arg("--out-dir").arg(out).arg(package).arg("--locked");
    command.envs(environment(workspace, profile));
    command.env("WASM_BINDGEN_BIN", tools.cargo_program(&WASM_BINDGEN)?);
    command.env("ESBUILD_BIN", packages.esbuild()?);
    command.env("WASM_OPT_BIN", packages.script("binaryen/bin/wasm-opt"));
    let captured = run::capture(&mut command)?;
    ensure!(captured.success, "`worker-build` failed:\n{}", captured.text);
    Ok(())
}

/// Keeps the module with its names aside and makes a small one of it.
fn shrink(tools: &Tools<'_>, built: &Built) -> anyhow::Result<()> {
    warn("making the Worker small (a minute or two)");
    if let Some(folder) = built.with_names.parent() {
        fs::create_dir_all(folder)?;
    }
    let wasm = built.wasm();
    fs::copy(&wasm, &built.with_names)?;
    let mut command = Command::new(tools.node()?);
    command.arg(tools.packages()?.script("binaryen/bin/wasm-opt"));
    command.args(OPTIMISATION).arg(&built.with_names).arg("--output").arg(&wasm);
    let captured = run::capture(&mut command)?;
    ensure!(captured.success, "`wasm-opt` failed:\n{}", captured.text);
    Ok(())
}

/// A release must not know how tests move the clock; that the Worker for tests does shows that this looks well.
fn check_clock(which: Which, profile: Profile, module: &[u8]) -> anyhow::Result<()> {
    let knows = module.windows(CLOCK_HEADER.len()).any(|window| window == CLOCK_HEADER);
    match (which, profile) {
        (Which::Shipped | Which::Documents, Profile::Release) => ensure!(
            !knows,
            "the Worker that ships contains `x-sandbox-time`: code that replaces its clock belongs to crates/host-worker-test"
        ),
        (Which::Shipped | Which::Documents, Profile::Dev) => {}
        (Which::Test, _) => ensure!(
            knows,
            "the Worker for tests does not contain `x-sandbox-time`: its clock would be the machine's"
        ),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_with_the_header_of_tests_is_refused() {
        let module = b"\0asm..x-sandbox-time..";
        assert!(check_clock(Which::Shipped, Profile::Release, module).is_err());
        assert!(check_clock(Which::Documents, Profile::Release, module).is_err());
        assert!(check_clock(Which::Shipped, Profile::Release, b"\0asm..x-request-id..").is_ok());
    }

    #[test]
    fn a_worker_for_tests_without_the_header_is_refused() {
        assert!(check_clock(Which::Test, Profile::Dev, b"\0asm").is_err());
        assert!(check_clock(Which::Test, Profile::Release, b"\0asm.x-sandbox-time").is_ok());
    }
}
