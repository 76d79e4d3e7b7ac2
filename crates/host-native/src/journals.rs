//! Reading all journals of a data folder beside a running server.

use anyhow::Context as _;
use m365_app::SqlDirectory;
use m365_sandbox::journal_feed::JournalFeed;
use serde_json::Value;

use crate::data_files::{CellFile, CellReader, cell_files, directory_file};
use crate::ports::sqlite::SqliteDatabase;
use crate::server::DataDir;

/// The newest records of every journal, at most `limit` of each, in the order of their time. Each is the stored
/// record with `cell` and `hash` of its chain and `atMs`; perimeter records have the phase `perimeter`.
///
/// # Errors
/// Where there is no data folder or a file cannot be read.
pub(crate) fn newest(data: &DataDir, limit: u32) -> anyhow::Result<Vec<Value>> {
    let mut records = Vec::new();
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
        for entry in entries {
            let record = entry
                .exported(&cell)
                .with_context(|| format!("record {} of cell {cell} is not JSON", entry.sequence))?;
            records.push(record);
        }
    }
    records.extend(perimeter(data, limit)?);
    records.sort_by(|one, other| text(one, "at").cmp(text(other, "at")));
    Ok(records)
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
