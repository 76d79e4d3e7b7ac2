//! Lint exceptions: no `#[allow]`, and a ban of `clippy.toml` is lifted only in the file its reason names.
//!
//! Test code may lift a ban: a test needs principals and permits, and the lint's exception stays visible there.

use super::Verdict;
use super::clippy_bans::{self, Ban, Banned};
use super::test_files::TestFiles;
use crate::source::{Source, words};
use crate::workspace::{File, Workspace};

/// A file that lifts a ban outside its tests.
struct Lifted {
    path: String,
    banned: Banned,
    code: String,
}

/// Checks every source file of the workspace against `clippy.toml`.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Verdict> {
    let bans = clippy_bans::parse(&workspace.read("clippy.toml")?)?;
    let mut findings = Vec::new();
    let mut lifted = Vec::new();
    for package in &workspace.packages {
        let files = workspace.sources(package)?;
        let tests = TestFiles::among(&files);
        for file in &files {
            let source = Source::new(&file.text);
            findings.extend(allowed_lints(file, &source));
            if tests.contain(&file.path) {
                continue;
            }
            for banned in [Banned::Method, Banned::Type] {
                if lifts(&source, banned).is_some() {
                    let (path, code) = (file.path.clone(), source.code().to_owned());
                    lifted.push(Lifted { path, banned, code });
                }
                findings.extend(unnamed_exceptions(file, &source, banned, &bans));
            }
        }
    }
    findings.extend(bans.iter().flat_map(|ban| idle_adapters(ban, &lifted)));
    Ok(Verdict { remark: format!("{} bans", bans.len()), findings })
}

fn allowed_lints(file: &File, source: &Source<'_>) -> Vec<String> {
    let attributes = ["#[allow(", "#![allow("];
    let at = attributes.iter().flat_map(|attribute| source.code().match_indices(attribute));
    at.map(|(position, _)| {
        format!(
            "{}:{}: `allow` hides a lint for good; fix the cause or use `#[expect(..., reason = \"...\")]`.",
            file.path,
            source.line_of(position)
        )
    })
    .collect()
}

/// The first place outside test code that expects the lint of this kind of ban.
fn lifts(source: &Source<'_>, banned: Banned) -> Option<usize> {
    let lint = match banned {
        Banned::Method => "clippy::disallowed_methods",
        Banned::Type => "clippy::disallowed_types",
    };
    source.find(lint).first().copied()
}

/// Exceptions in files that `clippy.toml` does not name for what they use.
fn unnamed_exceptions(file: &File, source: &Source<'_>, banned: Banned, bans: &[Ban]) -> Vec<String> {
    let Some(position) = lifts(source, banned) else { return Vec::new() };
    let line = source.line_of(position);
    let of_kind = || bans.iter().filter(|ban| ban.banned == banned);
    if !of_kind().any(|ban| ban.adapters.contains(&file.path)) {
        return vec![format!(
            "{}:{line}: lifts a ban but clippy.toml names this file nowhere; go through the adapter, or name the file in the reason of the ban.",
            file.path
        )];
    }
    of_kind()
        .filter(|ban| !ban.adapters.contains(&file.path) && !source.find(ban.usual_name()).is_empty())
        .filter(|ban| !of_kind().any(|other| covers(other, ban, &file.path)))
        .map(|ban| {
            format!(
                "{}:{line}: also uses `{}`, whose ban names other files; go through its adapter.",
                file.path, ban.path
            )
        })
        .collect()
}

/// Two bans may share a usual name (`TcpStream`); the one that names the file covers it.
fn covers(other: &Ban, ban: &Ban, path: &str) -> bool {
    other.usual_name() == ban.usual_name() && other.adapters.iter().any(|adapter| adapter == path)
}

/// Adapters that a reason names and that do not use what is banned: a stale name is an open door.
fn idle_adapters(ban: &Ban, lifted: &[Lifted]) -> Vec<String> {
    let idle = |adapter: &&String| {
        !lifted.iter().any(|file| {
            file.path == **adapter
                && file.banned == ban.banned
                && words(&file.code, ban.usual_name()).next().is_some()
        })
    };
    ban.adapters
        .iter()
        .filter(idle)
        .map(|adapter| {
            format!(
                "clippy.toml names {adapter} as adapter of `{}`, but no such file lifts the ban and uses it; remove the name.",
                ban.path
            )
        })
        .collect()
}

/// Whether a text names an identifier; shared with the check of unused dependencies.
pub(super) fn names(source: &Source<'_>, identifier: &str) -> bool {
    words(source.code(), identifier).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bans() -> Vec<Ban> {
        clippy_bans::parse(
            "disallowed-methods = [\n{ path = \"std::env::var\", reason = \"adapter: a/src/environment.rs\" },\n{ path = \"tokio::time::sleep\", reason = \"adapter: a/src/timer.rs\" },\n]\n",
        )
        .unwrap()
    }

    fn found(path: &str, text: &str) -> Vec<String> {
        let file = File { path: path.to_owned(), text: text.to_owned() };
        let source = Source::new(&file.text);
        unnamed_exceptions(&file, &source, Banned::Method, &bans())
    }

    const LIFT: &str = "#[expect(clippy::disallowed_methods, reason = \"x\")]\n";

    #[test]
    fn the_named_adapter_may_lift_its_ban() {
        assert!(
            found("crates/a/src/environment.rs", &format!("{LIFT}fn f() {{ env::var(\"A\"); }}")).is_empty()
        );
    }

    #[test]
    fn another_file_may_not_lift_a_ban() {
        let findings = found("crates/a/src/other.rs", &format!("{LIFT}fn f() {{ env::var(\"A\"); }}"));
        assert!(findings[0].starts_with("crates/a/src/other.rs:1: lifts a ban"));
    }

    #[test]
    fn an_adapter_may_not_lift_the_ban_of_another() {
        let findings = found("crates/a/src/timer.rs", &format!("{LIFT}fn f() {{ env::var(\"A\"); }}"));
        assert!(findings[0].contains("also uses `std::env::var`"));
    }

    #[test]
    fn tests_may_lift_a_ban() {
        assert!(
            found("crates/a/src/x.rs", &format!("#[cfg(test)]\nmod tests {{ {LIFT} fn f() {{}} }}"))
                .is_empty()
        );
    }

    #[test]
    fn a_stale_adapter_name_is_a_finding() {
        let lift = |path: &str, code: &str| Lifted {
            path: path.to_owned(),
            banned: Banned::Method,
            code: code.to_owned(),
        };
        let ban = &bans()[1];
        assert!(idle_adapters(ban, &[lift("crates/a/src/timer.rs", "tokio::time::sleep(x)")]).is_empty());
        assert_eq!(idle_adapters(ban, &[lift("crates/a/src/timer.rs", "std::env::var(x)")]).len(), 1);
        assert_eq!(idle_adapters(ban, &[lift("crates/a/src/other.rs", "tokio::time::sleep(x)")]).len(), 1);
    }

    #[test]
    fn allow_is_found_and_expect_is_not() {
        let text =
            "#[expect(dead_code, reason = \"#[allow(x)]\")]\nfn a() {}\n#[allow(dead_code)]\nfn b() {}\n";
        let file = File { path: "crates/a/src/x.rs".to_owned(), text: text.to_owned() };
        let findings = allowed_lints(&file, &Source::new(text));
        assert_eq!(findings.len(), 1);
        assert!(findings[0].starts_with("crates/a/src/x.rs:3:"));
    }
}
