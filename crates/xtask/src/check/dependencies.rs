//! Dependencies: each has a reason beside it, each is used.

use super::Verdict;
use super::adapters::names;
use crate::source::Source;
use crate::workspace::{PREFIX, Workspace};

/// Dependencies that are listed for their features alone, so that no source names them.
const FOR_FEATURES: [(&str, &str); 0] = [];

/// Checks the root manifest's table and each crate's use of what it lists.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Verdict> {
    let lines = table(&workspace.read("Cargo.toml")?);
    let mut findings: Vec<String> = lines.iter().filter_map(without_reason).collect();
    let listed = |name: &str| {
        workspace.packages.iter().any(|package| package.dependencies.iter().any(|line| line.key == name))
    };
    findings.extend(lines.iter().filter(|line| !listed(&line.name)).map(|line| {
        format!("{} is in [workspace.dependencies] but no crate lists it; remove it.", line.name)
    }));
    for package in &workspace.packages {
        let files = workspace.sources(package)?;
        let sources: Vec<Source<'_>> = files.iter().map(|file| Source::new(&file.text)).collect();
        for dependency in &package.dependencies {
            let used = sources.iter().any(|source| names(source, &dependency.key.replace('-', "_")));
            if !used && !FOR_FEATURES.contains(&(&package.name, &dependency.key)) {
                findings.push(format!(
                    "{} lists {}, which none of its sources name; remove the line.",
                    package.manifest(),
                    dependency.key
                ));
            }
        }
    }
    Ok(Verdict { remark: format!("{} listed", lines.len()), findings })
}

/// One line of `[workspace.dependencies]`.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    name: String,
    reason: bool,
}

/// Reads the table. A reason is a comment line directly above; section headings (`# ---`) are none.
fn table(manifest: &str) -> Vec<Line> {
    let mut inside = false;
    let mut reason = false;
    let mut lines = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
        } else if inside && let Some((name, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            lines.push(Line { name: name.to_owned(), reason });
        }
        reason = line.starts_with('#') && !line.starts_with("# ---");
    }
    lines
}

fn without_reason(line: &Line) -> Option<String> {
    // Rooms of this workspace are explained by the table of rooms.
    let explained = line.reason || line.name.starts_with(PREFIX);
    (!explained).then(|| {
        format!("{} in the root Cargo.toml has no reason; put a comment line directly above it.", line.name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "# top\n[workspace.dependencies]\nm365-types = { path = \"x\" }\n# --- Core ---\nbytes = \"1\"\n# Errors.\nthiserror = \"2\"\n[profile.dev]\ndebug = false\n";

    #[test]
    fn a_comment_directly_above_is_a_reason_and_a_heading_is_none() {
        let lines = table(MANIFEST);
        let missing: Vec<String> = lines.iter().filter_map(without_reason).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(missing.len(), 1);
        assert!(missing[0].starts_with("bytes "));
    }

    #[test]
    fn other_tables_are_not_dependencies() {
        assert!(table(MANIFEST).iter().all(|line| line.name != "debug"));
    }
}
