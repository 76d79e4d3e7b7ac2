//! `m365-mcp audit`: reading and checking journals beside a running server.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;

use anyhow::{Context as _, bail};
use m365_app::{noted_cells, noted_high_water};
use m365_journal::VerifyError;
use m365_types::CellId;
use serde_json::{Value, json};

use crate::cli::{Tail, Verify};
use crate::data_files::{CellFile, CellReader, Misplaced, cell_files, directory_file};
use crate::journals::{newest, text};
use crate::output;
use crate::ports::sqlite::SqliteDatabase;
use crate::server::DataDir;

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
    // A look to send is no message.
    let looked = if text(record, "stage") == "look" { " (look)" } else { "" };
    let what = format!("{}{looked}", what.unwrap_or("-"));
    let mut line = format!(
        "{}  {:<9} {:<22} {:<8} {:<22} {}",
        text(record, "at"),
        text(record, "phase"),
        what,
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
fn progress(cell: &CellId, reached: u64) {
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
    let directory =
        SqliteDatabase::open_read_only(&directory_file(&data)?).context("cannot read the directory")?;
    // Asked before the files are listed: beside a running server new cells come to be while the others are checked.
    let noted = noted_cells(&directory).context("cannot read the directory")?;
    let (mut journals, mut broken) = (0_u32, 0_u32);
    let mut reader = CellReader::default();
    let mut found = BTreeSet::new();
    let mut tell = |finding: Finding| {
        journals += 1;
        broken += u32::from(!finding.intact);
        output::line(&if arguments.json { finding.value.to_string() } else { finding.line });
    };
    for file in cell_files(&data)? {
        match reader.open(&file)? {
            CellFile::Cell { id, database } => {
                tell(verify_cell(&directory, &id, &database)?);
                found.insert(id);
            }
            CellFile::Empty => {}
            CellFile::Misplaced(misplaced) => {
                found.extend(misplaced.cell.clone());
                tell(Finding::misplaced(&misplaced));
            }
        }
    }
    missing(noted, &found).iter().map(Finding::missing).for_each(tell);
    if broken > 0 {
        bail!(
            "{broken} of {journals} journals are broken: keep the data folder as it is and follow the procedure for incidents"
        );
    }
    Ok(())
}

/// What is to be said of one journal, to people and to programs.
struct Finding {
    intact: bool,
    line: String,
    value: Value,
}

/// The cells that the directory had heard of and whose journals were not found.
fn missing(mut noted: Vec<CellId>, found: &BTreeSet<CellId>) -> Vec<CellId> {
    noted.retain(|cell| !found.contains(cell));
    noted
}

impl Finding {
    fn missing(cell: &CellId) -> Self {
        let reason = "the journal is missing: the directory has heard of it, and no file is there";
        Self {
            intact: false,
            line: format!("BROKEN  {cell}  {reason}"),
            value: json!({ "cell": cell, "intact": false, "reason": reason }),
        }
    }

    fn misplaced(misplaced: &Misplaced) -> Self {
        let cell = misplaced.cell.as_ref().map_or("-", CellId::as_str);
        Self {
            intact: false,
            line: format!("BROKEN  {cell}  {misplaced}"),
            value: json!({ "cell": misplaced.cell, "intact": false, "file": misplaced.file, "reason": misplaced.to_string() }),
        }
    }
}

fn verify_cell(
    directory: &SqliteDatabase,
    cell: &CellId,
    database: &SqliteDatabase,
) -> anyhow::Result<Finding> {
    let mark = noted_high_water(directory, cell).context("cannot read the directory")?;
    match m365_journal::verify(database, cell, mark.as_ref(), &mut |reached| progress(cell, reached)) {
        Ok(verified) => Ok(Finding {
            intact: true,
            line: format!(
                "intact  {cell}  {} records, head {}, {} without outcome",
                verified.records,
                verified.head,
                verified.unfinished.len()
            ),
            value: json!({ "cell": cell, "intact": true, "records": verified.records, "head": verified.head, "unfinished": verified.unfinished }),
        }),
        Err(VerifyError::Broken(found)) => Ok(Finding {
            intact: false,
            line: format!("BROKEN  {cell}  {found}"),
            value: json!({ "cell": cell, "intact": false, "sequence": found.sequence, "reason": found.reason.to_string() }),
        }),
        Err(error) => Err(error).with_context(|| format!("cannot read the journal of cell {cell}")),
    }
}

#[cfg(test)]
mod tests {
    use m365_app::{DIRECTORY_SCHEMA, SqlDirectory};
    use m365_ports::{Directory as _, HighWater};
    use std::sync::Arc;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_journal_that_was_deleted_is_missed_and_one_that_is_there_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("directory.sqlite");
        let database = Arc::new(SqliteDatabase::open(&file, DIRECTORY_SCHEMA).unwrap());
        let [there, deleted, silent] = [1, 2, 3].map(|byte| CellId::from_digest([byte; 20]));
        for cell in [&there, &deleted] {
            let mark = HighWater { cell: cell.clone(), sequence: 1, head: "00".to_owned() };
            SqlDirectory::new(database.clone()).note_high_water(mark).await.unwrap();
        }
        let found = BTreeSet::from([there, silent]);
        let noted = noted_cells(&*database).unwrap();
        assert_eq!(missing(noted, &found), std::slice::from_ref(&deleted));
        assert!(!Finding::missing(&deleted).intact);
    }
}
