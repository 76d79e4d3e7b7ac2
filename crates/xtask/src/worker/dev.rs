//! `cargo xtask worker dev`: the Worker in workerd, in front of the simulated Cloudflare and Microsoft 365.
//!
//! Builds what is needed and then becomes the harness (`crates/host-worker/dev/dev.mjs`), so that signals and process
//! groups are the harness's own.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::ensure;
use clap::Args;

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
    /// Also write the `ready` line to this file
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Run what was built before
    #[arg(long)]
    built: bool,
}

/// The program that runs the Worker, with everything it needs but ports and folders.
pub(crate) struct Harness {
    node: PathBuf,
    arguments: Vec<String>,
}

/// Builds, then becomes the harness; returns only where that fails.
pub(crate) fn perform(workspace: &Workspace, tools: &Tools<'_>, options: &Options) -> anyhow::Result<bool> {
    if !options.built {
        // The whole workspace is named so that its features, and so its built dependencies, are those of the tests.
        let arguments = ["build", "--quiet", "--locked", "--workspace", "--bin", "m365-mcp"];
        ensure!(run::stream(&mut workspace.cargo(&arguments))?.success, "the native host does not build");
        build(workspace, tools, Which::Test, Profile::Dev)?;
    }
    let harness = Harness::of(workspace, tools)?;
    let mut command = Command::new(&harness.node);
    command.args(&harness.arguments);
    for (name, port) in [
        ("--port", options.port),
        ("--origin-port", options.origin_port),
        ("--sandbox-port", options.sandbox_port),
    ] {
        command.arg(name).arg(port.to_string());
    }
    for (name, path) in [("--data-dir", &options.data_dir), ("--ready-file", &options.ready_file)] {
        if let Some(path) = path {
            command.arg(name).arg(path);
        }
    }
    Err(command.exec().into())
}

impl Harness {
    /// The harness for what is built.
    pub(crate) fn of(workspace: &Workspace, tools: &Tools<'_>) -> anyhow::Result<Self> {
        let worker = workspace.root.join("crates/host-worker-test/build");
        let program = workspace.host();
        for built in [&worker.join("index.js"), &program] {
            ensure!(built.is_file(), "{} is not there; build it by leaving out `--built`", built.display());
        }
        let compatibility = Compatibility::of(workspace)?;
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let mut arguments = vec![text(workspace.root.join("crates/host-worker/dev/dev.mjs"))];
        for (name, value) in [
            ("--packages", text(tools.packages()?.folder)),
            ("--program", text(program)),
            ("--worker", text(worker)),
            ("--compatibility-date", compatibility.date),
        ] {
            arguments.extend([name.to_owned(), value]);
        }
        let flags = compatibility.flags.into_iter();
        arguments.extend(flags.flat_map(|flag| ["--compatibility-flag".to_owned(), flag]));
        Ok(Self { node: tools.node()?, arguments })
    }

    /// Program and arguments as a JSON array.
    pub(crate) fn json(&self) -> String {
        let mut parts = vec![self.node.to_string_lossy().into_owned()];
        parts.extend(self.arguments.iter().cloned());
        serde_json::Value::from(parts).to_string()
    }
}
