//! Reading records for people and for the verifier, in pages.

use m365_ports::{Database, Durability, Row, SqlError, transact};
use m365_types::UnixMillis;

use crate::chain::hex;

const NEWEST: &str = "SELECT sequence, record, hash, at FROM \
     (SELECT sequence, record, hash, at FROM journal ORDER BY sequence DESC LIMIT ?1) ORDER BY sequence";
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

/// The newest records, oldest first.
///
/// # Errors
/// [`SqlError`]
pub fn newest(database: &dyn Database, limit: u32) -> Result<Vec<Entry>, SqlError> {
    entries(database, NEWEST, &[i64::from(limit)])
}

/// The records after a number, oldest first: for following a journal as it grows.
///
/// # Errors
/// [`SqlError`]
pub fn records_after(database: &dyn Database, sequence: u64, limit: u32) -> Result<Vec<Entry>, SqlError> {
    entries(database, AFTER, &[i64::try_from(sequence).unwrap_or(i64::MAX), i64::from(limit)])
}

fn entries(database: &dyn Database, statement: &str, parameters: &[i64]) -> Result<Vec<Entry>, SqlError> {
    let parameters: Vec<_> = parameters.iter().map(|value| (*value).into()).collect();
    transact(database, Durability::Process, |sql| {
        sql.run(statement, &parameters)?.iter().map(entry).collect()
    })
}

fn entry(row: &Row) -> Result<Entry, SqlError> {
    Ok(Entry {
        sequence: row.unsigned(0)?,
        record: row.text(1)?.to_owned(),
        hash: hex(row.blob(2)?),
        at: UnixMillis::from_millis(row.unsigned(3)?),
    })
}
