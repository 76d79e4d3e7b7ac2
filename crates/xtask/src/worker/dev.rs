//! `cargo xtask worker dev`: the Worker in workerd, in front of the simulated Cloudflare and Microsoft 365.
//!
//! Builds what is needed and then becomes the harness (`crates/host-worker/dev/dev.mjs`), so that signals and process
//! groups are the harness's own.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;
use clap::Args;

use super::build::Built;
use super::{Compatibility, Profile, Which, build};
use crate::run;
use crate::tools::Tools;
use crate::workspace::Workspace;

/// Options of `cargo xtask worker dev`; those of `m365-mcp demo`, and one.
#[derive(Args)]
pub(crate) struct Options {
    /// Port of the simulated Cloudflare edge, where clients connect (0: any free port)
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Port of the Worker itself, behind the edge
    #[arg(long, default_value_t = 8788)]
    origin_port: u16,
    /// Port of the simulated systems and of the page that shows what happens
    #[arg(long, default_value_t = 8790)]
    sandbox_port: u16,
    /// Keep data here between runs; without it everything is forgotten at the end
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// A folder of policies in place of those that ship; signed anew at every start
    #[arg(long, value_name = "DIR")]
    policy_dir: Option<PathBuf>,
    /// Also write the `ready` line to this file
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Give a setting that is not secret another value than the one that fits the estate; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// How the Worker proves to the simulated Entra which application it is: `secret`, `certificate` or `federated`
    #[arg(long, value_name = "KIND")]
    credential: Option<String>,
    /// Run what was built before
    #[arg(long)]
    built: bool,
}

/// What runs the Worker for tests in workerd: Node, with the scripts beside the Worker.
pub(crate) struct Harness {
    node: PathBuf,
    scripts: PathBuf,
    program: PathBuf,
    runtime: Vec<OsString>,
}

/// Builds, then becomes the harness; returns only where that fails.
pub(crate) fn perform(workspace: &Workspace, tools: &Tools<'_>, options: &Options) -> anyhow::Result<bool> {
    if !options.built {
        // The whole workspace is named so that its features, and so its built dependencies, are those of the tests.
        let arguments = ["build", "--quiet", "--locked", "--workspace", "--bin", "m365-mcp"];
        ensure!(run::stream(&mut workspace.cargo(&arguments))?.success, "the native host does not build");
        build(workspace, tools, Which::Documents, Profile::Dev)?;
        build(workspace, tools, Which::Test, Profile::Dev)?;
    }
    let mut command = Harness::of(workspace, tools)?.host();
    for (name, port) in [
        ("--port", options.port),
        ("--origin-port", options.origin_port),
        ("--sandbox-port", options.sandbox_port),
    ] {
        command.arg(name).arg(port.to_string());
    }
    for (name, path) in [
        ("--data-dir", &options.data_dir),
        ("--policy-dir", &options.policy_dir),
        ("--ready-file", &options.ready_file),
    ] {
        if let Some(path) = path {
            command.arg(name).arg(path);
        }
    }
    command.args(options.credential.iter().map(|kind| format!("--credential={kind}")));
    command.args(options.settings.iter().map(|setting| format!("--set={setting}")));
    Err(command.exec().into())
}

impl Harness {
    /// The harness for what is built.
    pub(crate) fn of(workspace: &Workspace, tools: &Tools<'_>) -> anyhow::Result<Self> {
        let worker = workspace.root.join("crates/host-worker-test/build");
        let documents = workspace.root.join("crates/documents-worker/build");
        let program = workspace.host();
        for built in [&worker.join("index.js"), &documents.join("index.js"), &program] {
            ensure!(built.is_file(), "{} is not there; build it by leaving out `--built`", built.display());
        }
        let mut harness = Self::with(workspace, tools, &worker)?;
        harness.runtime.extend(["--documents".into(), documents.into()]);
        harness.program = program;
        Ok(harness)
    }

    /// The harness for this Worker alone.
    fn with(workspace: &Workspace, tools: &Tools<'_>, worker: &Path) -> anyhow::Result<Self> {
        let Compatibility { date, flags } = Compatibility::of(workspace)?;
        let packages = tools.packages()?.folder;
        let mut runtime: Vec<OsString> = vec!["--packages".into(), packages.into(), "--worker".into()];
        runtime.extend([worker.into(), "--compatibility-date".into(), date.into()]);
        runtime.extend(flags.into_iter().flat_map(|flag| ["--compatibility-flag".into(), flag.into()]));
        let scripts = workspace.root.join("crates/host-worker/dev");
        Ok(Self { node: tools.node()?, scripts, program: PathBuf::new(), runtime })
    }

    /// The measurement of decisions inside workerd, by the release of the Worker for tests: takes how often and which.
    pub(crate) fn decisions(
        workspace: &Workspace,
        tools: &Tools<'_>,
        built: &Built,
    ) -> anyhow::Result<Command> {
        Ok(Self::with(workspace, tools, &built.folder)?.script("decisions.mjs"))
    }

    /// The Worker as a host: takes the options of `m365-mcp demo`.
    pub(crate) fn host(&self) -> Command {
        let mut command = self.script("dev.mjs");
        command.arg("--program").arg(&self.program);
        command
    }

    /// The tests that run inside workerd: takes words that must stand in a test's name.
    pub(crate) fn inside(&self) -> Command {
        self.script("suite.mjs")
    }

    fn script(&self, name: &str) -> Command {
        let mut command = Command::new(&self.node);
        command.arg(self.scripts.join(name)).args(&self.runtime);
        command
    }
}

/// Program and arguments of a command as a JSON array.
pub(crate) fn json(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<serde_json::Value>().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_becomes_an_array_of_its_words() {
        let mut command = Command::new("node");
        command.args(["dev.mjs", "a \"b\""]);
        assert_eq!(json(&command), r#"["node","dev.mjs","a \"b\""]"#);
    }
}
