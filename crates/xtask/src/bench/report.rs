//! The result as JSON, as a table, and inside `docs/benchmarks.md` between two markers.

use std::fmt::Write;

use anyhow::Context;
use serde_json::{Value, json};

use super::figures::Figures;
use super::machine;
use crate::workspace::Workspace;

/// The document that keeps the figures.
const DOCUMENT: &str = "docs/benchmarks.md";
/// The line after the figures; the one before them names the measurement.
const END: &str = "<!-- end -->";

/// One line of the table.
pub(crate) struct Row {
    /// What was called.
    pub(crate) variant: &'static str,
    /// Closed loops at once.
    pub(crate) clients: usize,
    /// Medians over the rounds.
    pub(crate) figures: Figures,
}

/// Everything one run measured.
pub(crate) struct Report {
    /// The measurement, as it is called on the command line.
    pub(crate) name: &'static str,
    /// Rounds per variant and their length, in words.
    pub(crate) method: String,
    /// The measured rows, in the order of the run.
    pub(crate) rows: Vec<Row>,
    /// What stands below the table, in Markdown.
    pub(crate) remarks: String,
    /// The same for machines: an object.
    pub(crate) more: Value,
}

impl Report {
    /// The result for machines.
    pub(crate) fn json(&self) -> Value {
        let mut all = json!({
            "machine": machine::describe(), "method": self.method,
            "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
        });
        if let (Some(all), Some(more)) = (all.as_object_mut(), self.more.as_object()) {
            all.extend(more.clone());
        }
        all
    }

    /// The result for people, in Markdown.
    pub(crate) fn table(&self) -> String {
        let mut text = format!("Machine: {}.\n\nMethod: {}.\n\n", machine::describe(), self.method);
        text.push_str("| getEmails, ten messages | clients | p50 ms | p99 ms | calls/s | server CPU ms/call | estate CPU ms/call |\n");
        text.push_str("|---|---:|---:|---:|---:|---:|---:|\n");
        for row in &self.rows {
            let figures = row.figures;
            let _ = writeln!(
                text,
                "| {} | {} | {:.2} | {:.2} | {:.0} | {:.2} | {:.2} |",
                row.variant,
                row.clients,
                figures.p50_ms,
                figures.p99_ms,
                figures.calls_per_second,
                figures.server_cpu_ms,
                figures.estate_cpu_ms
            );
        }
        let _ = writeln!(text, "\n{}", self.remarks);
        text
    }

    /// Puts the table into the document.
    pub(crate) fn write(&self, workspace: &Workspace) -> anyhow::Result<()> {
        write(workspace, self.name, &self.table())
    }
}

/// Puts the table of a measurement into the document, between its markers.
pub(crate) fn write(workspace: &Workspace, name: &str, table: &str) -> anyhow::Result<()> {
    let begin = format!("<!-- begin: cargo xtask bench {name} --write -->");
    let new = replace_between(&workspace.read(DOCUMENT)?, &begin, table)
        .with_context(|| format!("{DOCUMENT} lacks the line `{begin}` or `{END}` after it"))?;
    std::fs::write(workspace.root.join(DOCUMENT), new)
        .with_context(|| format!("{DOCUMENT} cannot be written"))
}

impl Row {
    fn json(&self) -> Value {
        json!({
            "variant": self.variant, "clients": self.clients, "p50_ms": self.figures.p50_ms,
            "p99_ms": self.figures.p99_ms, "calls_per_second": self.figures.calls_per_second,
            "server_cpu_ms_per_call": self.figures.server_cpu_ms,
            "estate_cpu_ms_per_call": self.figures.estate_cpu_ms,
        })
    }
}

fn replace_between(document: &str, begin: &str, table: &str) -> Option<String> {
    let (before, rest) = document.split_once(begin)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{begin}\n\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_replaces_what_stood_between_its_own_markers() {
        let document = format!("# A\n<!-- 1 -->\na\n{END}\n<!-- 2 -->\nold\n{END}\ntail\n");
        let new = format!("# A\n<!-- 1 -->\na\n{END}\n<!-- 2 -->\n\nnew\n\n{END}\ntail\n");
        assert_eq!(replace_between(&document, "<!-- 2 -->", "new\n").unwrap(), new);
    }

    #[test]
    fn a_document_without_markers_is_left_alone() {
        assert!(replace_between("# A\n", "<!-- 1 -->", "new").is_none());
        assert!(replace_between("# A\n<!-- 1 -->\n", "<!-- 1 -->", "new").is_none());
    }
}
