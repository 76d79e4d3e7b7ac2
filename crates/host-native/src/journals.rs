//! Reading all journals of a data folder beside a running server.

use anyhow::Context as _;
use m365_app::SqlDirectory;
use m365_sandbox::journal_feed::JournalFeed;
use serde_json::Value;

use crate::data_files::{CellFile, CellReader, cell_files, directory_file};
use crate::ports::sqlite::SqliteDatabase;
use crate::server::DataDir;

/// The newest records of every journal, at most `limit` of each, in the order of their time; within a journal in the
/// order they were written, whatever the clock did. Each is the stored record with `cell` and `hash` of its chain and
/// `atMs`; perimeter records have the phase `perimeter`.
///
/// # Errors
/// Where there is no data folder or a file cannot be read.
pub(crate) fn newest(data: &DataDir, limit: u32) -> anyhow::Result<Vec<Value>> {
    let mut journals = Vec::new();
    let mut reader = CellReader::default();
    for file in cell_files(data)? {
        let (cell, database) = match reader.open(&file)? {
            CellFile::Cell { id, database } => (id, database),
            CellFile::Empty => continue,
            CellFile::Misplaced(misplaced) => {
                tracing::error!("{misplaced}, so its records are not shown; `audit verify` says more");
                continue;
            }
        };
        let entries = m365_journal::newest(&database, limit)
            .with_context(|| format!("cannot read the journal of cell {cell}"))?;
        let export = |entry: &m365_journal::Entry| {
            let unreadable = || format!("record {} of cell {cell} is not JSON", entry.sequence);
            entry.exported(&cell).with_context(unreadable)
        };
        journals.push(entries.iter().map(export).collect::<anyhow::Result<Vec<_>>>()?);
    }
    journals.push(perimeter(data, limit)?);
    Ok(by_time(journals))
}

/// One list of all journals. A record stands no earlier than the one it followed, though a clock may have been set back.
fn by_time(journals: Vec<Vec<Value>>) -> Vec<Value> {
    let mut records = Vec::new();
    for journal in journals {
        let mut latest = String::new();
        for record in journal {
            latest = latest.max(text(&record, "at").to_owned());
            records.push((latest.clone(), record));
        }
    }
    records.sort_by(|(one, _), (other, _)| one.cmp(other));
    records.into_iter().map(|(_, record)| record).collect()
}

fn perimeter(data: &DataDir, limit: u32) -> anyhow::Result<Vec<Value>> {
    let database = SqliteDatabase::open_read_only(&directory_file(data)?)
        .context("cannot read the perimeter journal")?;
    let (records, suppressed) = SqlDirectory::perimeter_tail(&database, u64::from(limit))
        .context("cannot read the perimeter journal")?;
    if suppressed > 0 {
        tracing::warn!(suppressed, "perimeter records beyond the rate bound were only counted");
    }
    let parse = |record: String| -> anyhow::Result<Value> {
        let mut record: Value = serde_json::from_str(&record)?;
        if let Some(fields) = record.as_object_mut() {
            fields.insert("phase".into(), "perimeter".into());
            if let Some(at) = fields.get("at").and_then(Value::as_u64) {
                fields.insert("atMs".into(), at.into());
                fields.insert(
                    "at".into(),
                    m365_journal::rfc3339(m365_types::UnixMillis::from_millis(at)).into(),
                );
            }
        }
        Ok(record)
    };
    records.into_iter().map(parse).collect()
}

/// A text field, empty where there is none.
pub(crate) fn text<'a>(record: &'a Value, field: &str) -> &'a str {
    record.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The journals of the demo, for its live page.
pub(crate) struct FolderFeed {
    data: DataDir,
}

impl FolderFeed {
    /// Over a data folder that may not be there yet.
    pub(crate) const fn new(data: DataDir) -> Self {
        Self { data }
    }
}

impl JournalFeed for FolderFeed {
    fn recent(&self, limit: usize) -> Vec<Value> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        match newest(&self.data, limit) {
            Ok(mut records) => {
                records.reverse();
                records.truncate(limit as usize);
                records
            }
            Err(error) => {
                tracing::debug!(%error, "the journals cannot be read yet");
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn journals_are_joined_by_time_and_a_clock_set_back_turns_no_journal_round() {
        let record =
            |name: &str, at: &str| json!({ "name": name, "at": format!("2026-01-{at}T00:00:00.000Z") });
        let joined = by_time(vec![
            vec![record("a1", "02"), record("a2", "05"), record("a3", "01"), record("a4", "06")],
            vec![record("b1", "03"), record("b2", "05")],
        ]);
        let names: Vec<_> = joined.iter().map(|record| text(record, "name")).collect();
        assert_eq!(names, ["a1", "b1", "a2", "a3", "b2", "a4"]);
    }
}
