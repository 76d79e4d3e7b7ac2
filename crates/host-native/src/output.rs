//! What commands say: results on standard output, words around them on standard error.

use std::io::Write as _;

/// One line of result.
pub(crate) fn line(text: &str) {
    // A reader that has gone away (a closed pipe) is not an error of ours.
    drop(writeln!(std::io::stdout().lock(), "{text}"));
}

/// A few words for the person at the terminal.
pub(crate) fn note(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}

/// Why a command failed: the chain of causes in one sentence.
pub(crate) fn problem(error: &anyhow::Error) {
    note(&format!("m365-mcp: {error:#}"));
}
