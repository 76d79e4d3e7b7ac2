//! `cargo deny`: licences, duplicate versions and sources of what we build on.
//!
//! The advisory database is not a package registry, so advisories are checked by a hosted workflow instead.

use std::process::Command;

use super::Verdict;
use crate::run;
use crate::tools::{CARGO_DENY, Tools};
use crate::workspace::Workspace;

/// Runs the three checks that need no advisory database.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Verdict> {
    let mut command = Command::new(Tools::of(workspace)?.cargo_program(&CARGO_DENY)?);
    command.current_dir(&workspace.root);
    command.args(["--locked", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"]);
    let captured = run::capture(&mut command)?;
    if captured.success {
        return Ok(Verdict::default());
    }
    Ok(Verdict::of(vec![format!("{}\nChange the dependency, or deny.toml with a reason.", captured.text)]))
}
