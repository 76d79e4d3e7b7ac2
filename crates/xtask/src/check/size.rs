//! Size budgets: a file holds one idea. Test code is not counted, but it must not crowd its file either.

use super::Verdict;
use super::test_files::TestFiles;
use crate::source::Source;
use crate::workspace::Workspace;

/// Lines of a file, test code excluded, above which a remark is printed.
const SOFT_LINES: usize = 400;
/// Lines of a file, test code excluded, above which the check fails.
const HARD_LINES: usize = 600;
/// Lines of a test module inside its file above which it must move to a sibling file.
const INLINE_TEST_LINES: usize = 300;
/// Median of all files that the house style asks for.
const MEDIAN_LINES: usize = 150;

/// Measures every source file that is not a test file.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Verdict> {
    let mut files = Vec::new();
    for package in &workspace.packages {
        files.extend(workspace.sources(package)?);
    }
    let tests = TestFiles::among(&files);
    let mut lengths = Vec::new();
    let mut findings = Vec::new();
    let mut over_soft = Vec::new();
    for file in files.iter().filter(|file| !tests.contain(&file.path)) {
        let source = Source::new(&file.text);
        let lines = source.lines_without_tests();
        lengths.push(lines);
        findings.extend(over_budget(&file.path, lines, &source.test_item_lines()));
        if (SOFT_LINES + 1..=HARD_LINES).contains(&lines) {
            over_soft.push(format!("{} ({lines})", file.path));
        }
    }
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
    let mut remark = format!("{} files, median {median} lines (budget {MEDIAN_LINES})", lengths.len());
    if !over_soft.is_empty() {
        remark = format!("{remark}; over {SOFT_LINES}: {}", over_soft.join(", "));
    }
    if median > MEDIAN_LINES {
        findings.push(format!("The median file has {median} lines; split files until it is {MEDIAN_LINES}."));
    }
    Ok(Verdict { remark, findings })
}

fn over_budget(path: &str, lines: usize, test_items: &[usize]) -> Vec<String> {
    let mut findings = Vec::new();
    if lines > HARD_LINES {
        findings.push(format!(
            "{path} has {lines} lines without its tests; the limit is {HARD_LINES}. Split it by idea."
        ));
    }
    if let Some(tests) = test_items.iter().find(|&&tests| tests > INLINE_TEST_LINES) {
        findings.push(format!(
            "{path} holds a test module of {tests} lines; over {INLINE_TEST_LINES} it moves to a sibling file."
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hard_limit_and_the_inline_test_limit_hold_at_their_edges() {
        assert!(over_budget("a.rs", HARD_LINES, &[INLINE_TEST_LINES]).is_empty());
        assert_eq!(over_budget("a.rs", HARD_LINES + 1, &[INLINE_TEST_LINES + 1]).len(), 2);
    }
}
