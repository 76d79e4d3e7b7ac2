//! `m365-mcp audit`: reading and checking journals beside a running server.

use std::io::IsTerminal as _;

use anyhow::{Context as _, bail};
use m365_app::noted_high_water;
use m365_journal::VerifyError;
use serde_json::{Value, json};

use crate::cli::{Tail, Verify};
use crate::journals::{newest, text};
use crate::output;
use crate::ports::sqlite::SqliteDatabase;
use crate::server::{DataDir, cell_files, cell_of};

/// Shows the newest records.
///
/// # Errors
/// Where the journals cannot be read.
pub(crate) fn tail(arguments: &Tail) -> anyhow::Result<()> {
    let records = newest(&DataDir::new(arguments.data_dir.clone()), arguments.limit)?;
    for record in &records {
        output::line(&if arguments.json { record.to_string() } else { for_people(record) });
    }
    if records.is_empty() && !arguments.json {
        output::note("The journals are empty: nothing has happened yet.");
    }
    Ok(())
}

fn for_people(record: &Value) -> String {
    let what = [text(record, "tool"), text(record, "kind"), text(record, "route")]
        .into_iter()
        .find(|word| !word.is_empty());
    let ended = [text(record, "verdict"), text(record, "decision")].into_iter().find(|word| !word.is_empty());
    let logs: Vec<&str> = record
        .get("traces")
        .and_then(Value::as_array)
        .map(|traces| {
            traces.iter().map(|trace| text(trace, "aiGatewayLogId")).filter(|id| !id.is_empty()).collect()
        })
        .unwrap_or_default();
    let mut line = format!(
        "{}  {:<9} {:<22} {:<8} {:<22} {}",
        text(record, "at"),
        text(record, "phase"),
        what.unwrap_or("-"),
        ended.unwrap_or("-"),
        text(record, "code"),
        text(record, "requestId"),
    );
    if !logs.is_empty() {
        line = format!("{line}  gateway {}", logs.join(" "));
    }
    line
}

/// Long chains take a while: says how far the check has come, on a terminal only.
fn progress(cell: &m365_types::CellId, reached: u64) {
    if reached % 10_000 < 500 && reached > 10_000 && std::io::stderr().is_terminal() {
        output::note(&format!("checking  {cell}  {reached} records so far"));
    }
}

/// Checks every chain against itself and against what the directory noted.
///
/// # Errors
/// Where a chain is broken, or a journal cannot be read.
pub(crate) fn verify(arguments: &Verify) -> anyhow::Result<()> {
    let data = DataDir::new(arguments.data_dir.clone());
    let directory = SqliteDatabase::open_read_only(&data.directory()).context("cannot read the directory")?;
    let mut broken = 0_u32;
    let files = cell_files(&data)?;
    for file in &files {
        let Some(cell) = cell_of(file) else { continue };
        let database = SqliteDatabase::open_read_only(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let mark = noted_high_water(&directory, &cell).context("cannot read the directory")?;
        let (line, value) = match m365_journal::verify(&database, &cell, mark.as_ref(), &mut |reached| {
            progress(&cell, reached);
        }) {
            Ok(verified) => (
                format!(
                    "intact  {cell}  {} records, head {}, {} without outcome",
                    verified.records,
                    verified.head,
                    verified.unfinished.len()
                ),
                json!({ "cell": cell, "intact": true, "records": verified.records, "head": verified.head, "unfinished": verified.unfinished }),
            ),
            Err(VerifyError::Broken(found)) => {
                broken += 1;
                (
                    format!("BROKEN  {cell}  {found}"),
                    json!({ "cell": cell, "intact": false, "sequence": found.sequence, "reason": found.reason.to_string() }),
                )
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read the journal of cell {cell}"));
            }
        };
        output::line(&if arguments.json { value.to_string() } else { line });
    }
    if broken > 0 {
        bail!(
            "{broken} of {} journals are broken: keep the data folder as it is and follow the procedure for incidents",
            files.len()
        );
    }
    Ok(())
}
