//! The chain: `hash(n) = SHA-256(tag || hash(n - 1) || record(n))`, and `hash(0)` names the cell.

use m365_ports::{HighWater, Row, Sql, SqlError};
use m365_types::{CellId, UnixMillis, hex};
use sha2::{Digest as _, Sha256};

use crate::record::Record;

/// The tags keep a record's hash from ever being a genesis hash, or a hash of another protocol.
const GENESIS_TAG: &[u8] = b"m365-journal/1 genesis\0";
const RECORD_TAG: &[u8] = b"m365-journal/1 record\0";

/// Length of a hash.
const HASH_BYTES: usize = 32;

/// One link of the chain.
pub(crate) type Hash = [u8; HASH_BYTES];

const INSERT: &str = "INSERT INTO journal (sequence, at, phase, request_id, intent, record, hash) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const HEAD: &str = "SELECT sequence, hash FROM journal ORDER BY sequence DESC LIMIT 1";
const HASH_AT: &str = "SELECT hash FROM journal WHERE sequence = ?1";

/// Statements that make the tables of the journal where there are none; one statement each.
///
/// The columns beside `record` and `hash` repeat fields of the record for look-ups; the verifier compares them.
/// `journal_floor` holds the number up to which every intent is known to have an outcome.
#[must_use]
pub const fn schema() -> &'static [&'static str] {
    &[
        "CREATE TABLE IF NOT EXISTS journal (\
         sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, phase TEXT NOT NULL, request_id TEXT NOT NULL, \
         intent INTEGER, record TEXT NOT NULL, hash BLOB NOT NULL)",
        "CREATE TABLE IF NOT EXISTS journal_floor (\
         id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL)",
    ]
}

/// The newest record, or the genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) sequence: u64,
    pub(crate) hash: Hash,
}

impl Head {
    pub(crate) fn mark(&self, cell: &CellId) -> HighWater {
        HighWater { cell: cell.clone(), sequence: self.sequence, head: hex(&self.hash) }
    }
}

/// The hash before the first record: chains of different cells have no link in common.
pub(crate) fn genesis(cell: &CellId) -> Hash {
    Sha256::new().chain_update(GENESIS_TAG).chain_update(cell.as_str()).finalize().into()
}

/// The hash of a record that follows `previous`.
pub(crate) fn link(previous: &Hash, record: &str) -> Hash {
    Sha256::new().chain_update(RECORD_TAG).chain_update(previous).chain_update(record).finalize().into()
}

/// Where the chain ends at this point of the transaction.
pub(crate) fn head(sql: &dyn Sql, genesis: &Hash) -> Result<Head, SqlError> {
    match sql.run(HEAD, &[])?.first() {
        Some(row) => Ok(Head { sequence: row.unsigned(0)?, hash: hash_of(row, 1)? }),
        None => Ok(Head { sequence: 0, hash: *genesis }),
    }
}

/// The hash of a record, or the genesis for number 0.
pub(crate) fn hash_at(sql: &dyn Sql, genesis: &Hash, sequence: u64) -> Result<Option<Hash>, SqlError> {
    if sequence == 0 {
        return Ok(Some(*genesis));
    }
    sql.run(HASH_AT, &[sequence.into()])?.first().map(|row| hash_of(row, 0)).transpose()
}

/// Gives the record its number and appends it.
pub(crate) fn append(
    sql: &dyn Sql,
    genesis: &Hash,
    at: UnixMillis,
    mut record: Record<'_>,
) -> Result<Head, SqlError> {
    let head = head(sql, genesis)?;
    record.sequence = head.sequence + 1;
    let text = serde_json::to_string(&record).map_err(|_| SqlError::Shape)?;
    let hash = link(&head.hash, &text);
    let (sequence, phase, request) = (record.sequence, record.phase.as_str(), record.request_id.to_string());
    sql.run(
        INSERT,
        &[
            sequence.into(),
            at.as_millis().into(),
            phase.into(),
            request.into(),
            record.intent.into(),
            text.into(),
            hash.as_slice().into(),
        ],
    )?;
    Ok(Head { sequence, hash })
}

/// A hash column.
pub(crate) fn hash_of(row: &Row, column: usize) -> Result<Hash, SqlError> {
    row.blob(column)?.try_into().map_err(|_| SqlError::Shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_genesis_depends_on_the_cell_and_a_link_on_all_before_it() {
        let (one, other) = (CellId::from_digest([1; 20]), CellId::from_digest([2; 20]));
        assert_ne!(genesis(&one), genesis(&other));
        assert_ne!(link(&genesis(&one), "{}"), link(&genesis(&other), "{}"));
        assert_ne!(link(&genesis(&one), "{}"), link(&genesis(&one), "{} "));
    }
}
