//! The Workers as an operator would deploy them: built as a release, and taken by `wrangler deploy --dry-run` with the
//! configurations that operators copy.
//!
//! This is the one place where checks and tests build a release; the tests run another build. wrangler runs on copies
//! below `target`, next to which it keeps its own files; it is told to send nothing, and a dry run needs no network.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Verdict;
use crate::run;
use crate::tools::Tools;
use crate::worker::{self, CONFIGURATION, Profile, Which};
use crate::workspace::Workspace;

/// The configuration of the Worker that reads documents, which is deployed first.
const DOCUMENTS: &str = "wrangler.documents.example.jsonc";
/// Switches off what wrangler would tell its makers, ask its registry or its user, and take from the environment.
const QUIET: [(&str, &str); 7] = [
    ("CI", "true"),
    ("CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV", "false"),
    ("DO_NOT_TRACK", "1"),
    ("NO_COLOR", "1"),
    ("WRANGLER_HIDE_BANNER", "true"),
    ("WRANGLER_SEND_ERROR_REPORTS", "false"),
    ("WRANGLER_SEND_METRICS", "false"),
];

/// Builds the Worker and lets wrangler judge it.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Verdict> {
    let tools = Tools::of(workspace)?;
    let place = workspace.target.join("wrangler");
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    let (mut sizes, mut found) = (Vec::new(), Vec::new());
    for (which, configuration) in [(Which::Documents, DOCUMENTS), (Which::Shipped, CONFIGURATION)] {
        let built = worker::build(workspace, &tools, which, Profile::Release)?;
        // The same place below `target` as below the root, so that the configuration is taken as it stands.
        let folder = built.folder.strip_prefix(&workspace.root).unwrap_or(&built.folder);
        for file in ["index.js", "index_bg.wasm"] {
            copy(&built.folder.join(file), &place.join(folder).join(file))?;
        }
        copy(&workspace.root.join(configuration), &place.join(configuration))?;
        let captured = run::capture(&mut dry_run(&tools, &place, configuration)?)?;
        sizes.push(fs::metadata(built.wasm())?.len().to_string());
        found.extend(findings(configuration, captured.success, &captured.text));
    }
    Ok(Verdict { remark: format!("{} bytes of wasm", sizes.join(" and ")), findings: found })
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to)?;
    Ok(())
}

fn dry_run(tools: &Tools<'_>, place: &Path, configuration: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(tools.node()?);
    command.arg(tools.packages()?.script("wrangler/bin/wrangler.js"));
    command.args(["deploy", "--dry-run", "--outdir", "out", "--config", configuration]);
    command.current_dir(place).envs(QUIET);
    let own = [("WRANGLER_LOG_PATH", "logs"), ("WRANGLER_CACHE_DIR", "cache"), ("XDG_CONFIG_HOME", "config")];
    command.envs(own.map(|(name, folder)| (name, place.join(folder))));
    Ok(command)
}

/// A dry run that fails, or that finds something odd in the configuration.
fn findings(configuration: &str, success: bool, text: &str) -> Vec<String> {
    if success && !text.contains("WARNING") {
        return Vec::new();
    }
    vec![format!("{}\nChange {configuration} or the Worker.", text.trim())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_and_a_warning_are_findings_and_a_quiet_success_is_none() {
        assert!(findings(CONFIGURATION, true, "Total Upload: 1 KiB\n--dry-run: exiting now.").is_empty());
        assert_eq!(findings(CONFIGURATION, false, "ERROR").len(), 1);
        assert_eq!(findings(CONFIGURATION, true, "WARNING Unexpected fields found").len(), 1);
    }
}
