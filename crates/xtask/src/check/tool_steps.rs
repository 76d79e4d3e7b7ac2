//! The steps that other tools do: formatting, lints, documentation, generated documents.

use super::Verdict;
use crate::docs;
use crate::run;
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
    let arguments = ["clippy", "--quiet", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
    let captured = run::capture(&mut workspace.cargo(&arguments))?;
    Ok(verdict(captured.success, &captured.text, "Fix what clippy names."))
}

/// Documentation of every crate, warnings denied.
pub(super) fn doc(workspace: &Workspace) -> anyhow::Result<Verdict> {
    let mut command = workspace.cargo(&["doc", "--quiet", "--locked", "--workspace", "--no-deps"]);
    let captured = run::capture(command.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(verdict(captured.success, &captured.text, "Fix the documentation that rustdoc names."))
}

/// The generated documents are those the program generates.
pub(super) fn generated(workspace: &Workspace) -> anyhow::Result<Verdict> {
    docs::differences(workspace).map(Verdict::of)
}

fn verdict(success: bool, text: &str, advice: &str) -> Verdict {
    if success { Verdict::default() } else { Verdict::of(vec![format!("{text}\n{advice}")]) }
}
