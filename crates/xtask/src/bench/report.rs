//! The result as JSON, as a table, and inside `docs/benchmarks.md` between two markers.

use std::fmt::Write;

use anyhow::Context;
use serde_json::{Value, json};

use super::figures::Figures;
use crate::workspace::Workspace;

/// The document that keeps the figures.
const DOCUMENT: &str = "docs/benchmarks.md";
/// The lines between which the figures stand.
const BEGIN: &str = "<!-- begin: cargo xtask bench path --write -->";
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
    /// The machine in words.
    pub(crate) machine: String,
    /// Rounds per variant and their length, in words.
    pub(crate) method: String,
    /// The measured rows, in the order of the run.
    pub(crate) rows: Vec<Row>,
    /// Resident memory of the server before and after the load, in MB.
    pub(crate) resident_mb: (f64, f64),
    /// From the start of the server process to its ready line; median, in milliseconds.
    pub(crate) start_to_ready_ms: f64,
}

impl Report {
    /// The result for machines.
    pub(crate) fn json(&self) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "variant": row.variant, "clients": row.clients, "p50_ms": row.figures.p50_ms,
                    "p99_ms": row.figures.p99_ms, "calls_per_second": row.figures.calls_per_second,
                    "server_cpu_ms_per_call": row.figures.server_cpu_ms,
                    "estate_cpu_ms_per_call": row.figures.estate_cpu_ms,
                })
            })
            .collect();
        json!({
            "machine": self.machine, "method": self.method, "rows": rows,
            "resident_mb_idle": self.resident_mb.0, "resident_mb_after_load": self.resident_mb.1,
            "start_to_ready_ms": self.start_to_ready_ms,
        })
    }

    /// The result for people, in Markdown.
    pub(crate) fn table(&self) -> String {
        let mut text = format!("Machine: {}.\n\nMethod: {}.\n\n", self.machine, self.method);
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
        let (idle, loaded) = self.resident_mb;
        let _ = writeln!(
            text,
            "\nServer process: {idle:.0} MB resident before the load, {loaded:.0} MB after it; start to ready {:.0} ms.",
            self.start_to_ready_ms
        );
        text
    }

    /// Puts the table into the document.
    pub(crate) fn write(&self, workspace: &Workspace) -> anyhow::Result<()> {
        let path = workspace.root.join(DOCUMENT);
        let old =
            std::fs::read_to_string(&path).unwrap_or_else(|_| format!("# Benchmarks\n\n{BEGIN}\n{END}\n"));
        let new = replace_between(&old, &self.table())
            .with_context(|| format!("{DOCUMENT} lacks the lines `{BEGIN}` and `{END}`"))?;
        std::fs::write(&path, new).with_context(|| format!("{DOCUMENT} cannot be written"))
    }
}

fn replace_between(document: &str, table: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_replaces_what_stood_between_the_markers() {
        let document = format!("# A\n{BEGIN}\nold\n{END}\ntail\n");
        assert_eq!(
            replace_between(&document, "new\n").unwrap(),
            format!("# A\n{BEGIN}\n\nnew\n\n{END}\ntail\n")
        );
    }

    #[test]
    fn a_document_without_markers_is_left_alone() {
        assert!(replace_between("# A\n", "new").is_none());
    }
}
