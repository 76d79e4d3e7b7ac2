//! Documents written by hand: what they point at is there.
//!
//! Outside code blocks, a relative link leads to a file and, with a fragment, to a heading of it; a code span that
//! looks like a path of this repository is one; a code span that looks like a test names a function. Documents may
//! name source files without the leading `crates/`.

use std::collections::BTreeSet;

use super::Verdict;
use crate::workspace::Workspace;

/// The documents that name files and tests as evidence.
const DOCUMENTS: &[&str] =
    &["OPERATIONS.md", "README.md", "SECURITY.md", "TECHNICAL.md", "docs/architecture.md"];
/// Endings by which a code span is taken for a path.
const ENDINGS: &[&str] = &[".jsonc", ".md", ".mjs", ".rs", ".toml", "/"];
/// Words of a sentence, from which on a code span of words is taken for the name of a test.
const TEST_WORDS: usize = 5;

/// Checks every document of the list.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Verdict> {
    let functions = functions(workspace)?;
    let mut findings = Vec::new();
    let mut references = 0;
    for document in DOCUMENTS {
        let prose = without_code_blocks(&workspace.read(document)?);
        let folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in links(&prose) {
            references += 1;
            findings.extend(broken_link(workspace, document, folder, link));
        }
        for span in code_spans(&prose) {
            references += 1;
            if is_path(span)
                && !["", "crates/", "crates/contract/src/"].iter().any(|at| exists(workspace, at, span))
            {
                findings.push(format!("{document} names `{span}`, which is not there."));
            }
            if let Some(name) = test_name(span).filter(|name| !functions.contains(*name)) {
                findings
                    .push(format!("{document} names the test `{span}`, but there is no function `{name}`."));
            }
        }
    }
    Ok(Verdict { remark: format!("{references} links and names"), findings })
}

fn without_code_blocks(text: &str) -> String {
    let parts: Vec<&str> = text.split("\n```").step_by(2).collect();
    parts.join("\n")
}

/// Targets of links inside the repository.
fn links(prose: &str) -> impl Iterator<Item = &str> {
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://"))
}

fn code_spans(prose: &str) -> impl Iterator<Item = &str> {
    prose.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

fn broken_link(workspace: &Workspace, document: &str, folder: &str, link: &str) -> Option<String> {
    let (path, fragment) =
        link.split_once('#').map_or((link, None), |(path, fragment)| (path, Some(fragment)));
    let target = match (path, folder) {
        ("", _) => workspace.root.join(document),
        (path, folder) => workspace.root.join(folder).join(path),
    };
    if !target.exists() {
        return Some(format!("{document} links to {link}, which is not there."));
    }
    let text = fragment.and_then(|_| std::fs::read_to_string(&target).ok()).unwrap_or_default();
    let missing = fragment.is_some_and(|fragment| !anchors(&text).contains(fragment));
    missing.then(|| format!("{document} links to {link}, but there is no such heading."))
}

/// Fragments of a document's headings, as hosts of repositories make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = without_code_blocks(text);
    let fragment = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept =
            title.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
        kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect::<String>()
    };
    headings.lines().filter(|line| line.starts_with('#')).map(fragment).collect()
}

fn is_path(span: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte);
    let inside =
        span.trim_end_matches('/').contains('/') && !span.starts_with(['/', '.']) && !span.contains("//");
    inside && span.bytes().all(plain) && ENDINGS.iter().any(|ending| span.ends_with(ending))
}

fn exists(workspace: &Workspace, at: &str, span: &str) -> bool {
    workspace.root.join(at).join(span).exists()
}

/// The function that a code span names as a test: `group::name`, or a sentence of words.
fn test_name(span: &str) -> Option<&str> {
    let word = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    match span.rsplit_once("::") {
        Some((group, name)) => (word(&group.replace("::", "_")) && word(name)).then_some(name),
        None => (word(span) && span.split('_').count() >= TEST_WORDS).then_some(span),
    }
}

/// Names of every function of the workspace.
fn functions(workspace: &Workspace) -> anyhow::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for package in &workspace.packages {
        for file in workspace.sources(package)? {
            let behind = file.text.split("fn ").skip(1);
            let name = |rest: &str| {
                rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                    .next()
                    .map(str::to_owned)
            };
            names.extend(behind.filter_map(name));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_blocks_are_left_out_and_the_rest_is_read() {
        let text = "See [here](A.md#one) and `a/b.rs`.\n\n```sh\n`c/d.rs` [x](Y.md)\n```\n[out](https://example.com)\n";
        let prose = without_code_blocks(text);
        assert_eq!(links(&prose).collect::<Vec<_>>(), ["A.md#one"]);
        assert_eq!(code_spans(&prose).collect::<Vec<_>>(), ["a/b.rs"]);
    }

    #[test]
    fn paths_and_tests_are_told_from_other_code() {
        for span in ["app/src/routes.rs", "crates/seal/", "docs/generated/routes.md"] {
            assert!(is_path(span), "{span}");
        }
        for span in [
            "/token",
            "/me/",
            "https://a.example/",
            "data/cells",
            "wrangler.jsonc",
            "cells/",
            "cells/<cell>.rs",
            "./x.rs",
        ] {
            assert!(!is_path(span), "{span}");
        }
        assert_eq!(test_name("token::a_code_expires"), Some("a_code_expires"));
        assert_eq!(test_name("a_narrow_grant_stays_narrow"), Some("a_narrow_grant_stays_narrow"));
        for span in ["workers_dev", "perimeter::*", "rate_limiting_interval", "std::env::var(x)", "GET /me"] {
            assert_eq!(test_name(span), None, "{span}");
        }
    }

    #[test]
    fn headings_become_the_fragments_that_links_use() {
        let found = anchors("# Title\n\n## 2. A leaked secret: what ends\n\n```\n# no heading\n```\n");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["2-a-leaked-secret-what-ends", "title"]);
    }
}
