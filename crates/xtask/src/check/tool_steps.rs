//! The steps that other tools do: formatting, lints, documentation, generated documents.
//!
//! The Worker's crates are empty on other targets than its own, so lints and documentation see them there.

use std::process::Command;

use super::Verdict;
use crate::docs;
use crate::fuzz;
use crate::run;
use crate::tools::{Tools, WASM_TARGET};
use crate::worker::Which;
use crate::workspace::Workspace;

/// `cargo fmt --check`.
pub(super) fn fmt(workspace: &Workspace) -> anyhow::Result<Verdict> {
    // Names only: the differences are what the advised command makes.
    let captured =
        run::capture(&mut workspace.cargo(&["fmt", "--all", "--", "--check", "--files-with-diff"]))?;
    let names = captured.text.replace(&format!("{}/", workspace.root.display()), "");
    Ok(verdict(captured.success, &names, "Run `cargo fmt --all`."))
}

/// Clippy over every target, warnings denied.
pub(super) fn clippy(workspace: &Workspace) -> anyhow::Result<Verdict> {
    let native = ["clippy", "--quiet", "--locked", "--workspace", "--all-targets"];
    let worker = ["clippy", "--quiet", "--locked"];
    let mut findings = Vec::new();
    for mut command in [workspace.cargo(&native), for_worker(workspace, &worker)?] {
        let captured = run::capture(command.args(["--", "-D", "warnings"]))?;
        findings.extend(verdict(captured.success, &captured.text, "Fix what clippy names.").findings);
    }
    Ok(Verdict::of(findings))
}

/// Documentation of every crate, warnings denied.
pub(super) fn doc(workspace: &Workspace) -> anyhow::Result<Verdict> {
    let native = ["doc", "--quiet", "--locked", "--no-deps", "--workspace"];
    let worker = ["doc", "--quiet", "--locked", "--no-deps"];
    let mut findings = Vec::new();
    for mut command in [workspace.cargo(&native), for_worker(workspace, &worker)?] {
        let captured = run::capture(command.env("RUSTDOCFLAGS", "-D warnings"))?;
        let advice = "Fix the documentation that rustdoc names.";
        findings.extend(verdict(captured.success, &captured.text, advice).findings);
    }
    Ok(Verdict::of(findings))
}

fn for_worker(workspace: &Workspace, arguments: &[&str]) -> anyhow::Result<Command> {
    Tools::of(workspace)?.wasm_target()?;
    let mut command = workspace.cargo(arguments);
    command.args(["--target", WASM_TARGET]);
    for worker in [Which::Shipped, Which::Test] {
        command.args(["--package", worker.package()]);
    }
    Ok(command)
}

/// The fuzz folder is in order: formatted, its versions ours, every target with a corpus; and clippy has no remark.
pub(super) fn fuzz(workspace: &Workspace) -> anyhow::Result<Verdict> {
    let mut findings = fuzz::disorder(workspace)?;
    let captured = run::capture(&mut fuzz::clippy(workspace))?;
    findings.extend(verdict(captured.success, &captured.text, "Fix what clippy names.").findings);
    Ok(Verdict::of(findings))
}

/// The generated documents are those the program generates.
pub(super) fn generated(workspace: &Workspace) -> anyhow::Result<Verdict> {
    docs::differences(workspace).map(Verdict::of)
}

fn verdict(success: bool, text: &str, advice: &str) -> Verdict {
    if success { Verdict::default() } else { Verdict::of(vec![format!("{text}\n{advice}")]) }
}
