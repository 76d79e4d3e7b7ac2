//! Reading records for people and for the verifier, in pages.

use m365_ports::{Database, Durability, Row, SqlError, SqlValue, transact};
use m365_types::{CellId, RequestId, UnixMillis, hex};
use serde_json::Value;

const NEWEST: &str = "SELECT sequence, record, hash, at FROM \
     (SELECT sequence, record, hash, at FROM journal ORDER BY sequence DESC LIMIT ?1) ORDER BY sequence";
/// Look-ups by request go through the newest records only: an index would cost every record a second write.
const OF_REQUEST: &str = "SELECT sequence, record, hash, at FROM \
     (SELECT sequence, request_id, record, hash, at FROM journal ORDER BY sequence DESC LIMIT ?2) \
     WHERE request_id = ?1 ORDER BY sequence";
const AFTER: &str =
    "SELECT sequence, record, hash, at FROM journal WHERE sequence > ?1 ORDER BY sequence LIMIT ?2";

/// One row as stored. Nothing is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Number in the chain.
    pub sequence: u64,
    /// The record, JSON.
    pub record: String,
    /// Its hash, lower-case hex.
    pub hash: String,
    /// When it was written.
    pub at: UnixMillis,
}

impl Entry {
    /// The record as it leaves the journal: what is stored, with `cell` and `hash` of its chain and `atMs`.
    ///
    /// # Errors
    /// Where what is stored is not JSON.
    pub fn exported(&self, cell: &CellId) -> serde_json::Result<Value> {
        let mut record: Value = serde_json::from_str(&self.record)?;
        if let Some(fields) = record.as_object_mut() {
            fields.insert("cell".into(), cell.as_str().into());
            fields.insert("hash".into(), self.hash.clone().into());
            fields.insert("atMs".into(), self.at.as_millis().into());
        }
        Ok(record)
    }
}

/// The newest records, oldest first.
///
/// # Errors
/// [`SqlError`]
pub fn newest(database: &dyn Database, limit: u32) -> Result<Vec<Entry>, SqlError> {
    entries(database, NEWEST, &[i64::from(limit).into()])
}

/// The records of one call among the newest `among`, oldest first.
///
/// # Errors
/// [`SqlError`]
pub fn records_of(database: &dyn Database, request: RequestId, among: u32) -> Result<Vec<Entry>, SqlError> {
    entries(database, OF_REQUEST, &[request.to_string().into(), i64::from(among).into()])
}

/// The records after a number, oldest first: for following a journal as it grows.
///
/// # Errors
/// [`SqlError`]
pub fn records_after(database: &dyn Database, sequence: u64, limit: u32) -> Result<Vec<Entry>, SqlError> {
    entries(database, AFTER, &[sequence.into(), i64::from(limit).into()])
}

fn entries(
    database: &dyn Database,
    statement: &str,
    parameters: &[SqlValue],
) -> Result<Vec<Entry>, SqlError> {
    transact(database, Durability::Process, |sql| sql.run(statement, parameters)?.iter().map(entry).collect())
}

fn entry(row: &Row) -> Result<Entry, SqlError> {
    Ok(Entry {
        sequence: row.unsigned(0)?,
        record: row.text(1)?.to_owned(),
        hash: hex(row.blob(2)?),
        at: UnixMillis::from_millis(row.unsigned(3)?),
    })
}
