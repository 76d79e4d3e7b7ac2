//! Checking a chain from its genesis, row by row, and naming the first row that does not fit.
//!
//! Found: an edited, deleted, inserted or moved row, and, against a high-water noted elsewhere, a cut or rewritten
//! end. Not found: a rewrite of the whole chain by someone who can also rewrite the noted high-water.

use std::collections::BTreeSet;

use m365_ports::{Database, Durability, HighWater, Row, SqlError, transact};
use m365_types::{CellId, UnixMillis, hex};

use crate::chain::{self, Head, hash_of};
use crate::record::{Phase, Record, VERSION};
use crate::timestamp::rfc3339;

/// Without a lower bound, so that rows planted before the first are seen too.
const FIRST_PAGE: &str = "SELECT sequence, at, phase, request_id, intent, record, hash FROM journal \
                          ORDER BY sequence LIMIT 500";
const NEXT_PAGE: &str = "SELECT sequence, at, phase, request_id, intent, record, hash FROM journal \
                         WHERE sequence > ?1 ORDER BY sequence LIMIT 500";

/// What a whole chain amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many records there are.
    pub records: u64,
    /// Hash of the newest, lower-case hex; the cell's genesis where there is none.
    pub head: String,
    /// Numbers of the intents without outcome.
    pub unfinished: Vec<u64>,
}

/// The first place where a chain does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {sequence}: {reason}")]
pub struct Broken {
    /// Number of the row, or of the row that should be there.
    pub sequence: i64,
    /// What is wrong.
    pub reason: Reason,
}

/// Why a row does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Record, hash and the hash before it do not belong together.
    #[error("it was changed, replaced or moved")]
    Altered,
    /// A column says something other than the record.
    #[error("a column beside it was changed")]
    Columns,
    /// It stands before the first record.
    #[error("it was put before the first record")]
    Inserted,
    /// There is none with this number, but later ones.
    #[error("it is missing")]
    Missing,
    /// An outcome names an intent that is not there.
    #[error("it closes an intent that is not there")]
    Orphan,
    /// Its hash is not the one noted when it was the newest.
    #[error("it is not the record that was noted as the newest; what follows from here was rewritten")]
    Rewritten,
    /// The journal had come further when its high-water was noted.
    #[error("it and what followed were cut off")]
    Truncated,
    /// It is not a record of a known version.
    #[error("it cannot be read as a record")]
    Unreadable,
}

/// Why a chain could not be said to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It does not hold.
    #[error("the journal does not hold: {0}")]
    Broken(Broken),
    /// It could not be read to the end.
    #[error("the journal could not be read")]
    Database(#[from] SqlError),
}

/// Verifies the chain of a cell, against a high-water where one was noted. `progress` is told the number reached
/// after every page. Rows appended meanwhile are verified too.
///
/// # Errors
/// [`VerifyError`]
pub fn verify(
    database: &dyn Database,
    cell: &CellId,
    noted: Option<&HighWater>,
    progress: &mut dyn FnMut(u64),
) -> Result<Verified, VerifyError> {
    let mut walk = Walk::new(cell, noted);
    let mut rows = transact(database, Durability::Process, |sql| sql.run(FIRST_PAGE, &[]))?;
    while !rows.is_empty() {
        for row in &rows {
            walk.step(row.integer(0)?, row).map_err(VerifyError::Broken)?;
        }
        let reached = walk.head.sequence;
        progress(reached);
        rows = transact(database, Durability::Process, |sql| sql.run(NEXT_PAGE, &[reached.into()]))?;
    }
    walk.finish().map_err(VerifyError::Broken)
}

struct Walk<'a> {
    head: Head,
    noted: Option<&'a HighWater>,
    intents: Vec<u64>,
    open: BTreeSet<u64>,
}

impl<'a> Walk<'a> {
    fn new(cell: &CellId, noted: Option<&'a HighWater>) -> Self {
        let head = Head { sequence: 0, hash: chain::genesis(cell) };
        Self { head, noted, intents: Vec::new(), open: BTreeSet::new() }
    }

    fn step(&mut self, sequence: i64, row: &Row) -> Result<(), Broken> {
        let expected = self.head.sequence + 1;
        let broken = |reason| Broken { sequence, reason };
        let number = u64::try_from(sequence).unwrap_or(0);
        if number < expected {
            return Err(broken(Reason::Inserted));
        }
        if number > expected {
            return Err(self.absent(Reason::Missing));
        }
        let unreadable = |_| broken(Reason::Unreadable);
        let text = row.text(5).map_err(unreadable)?;
        let hash = hash_of(row, 6).map_err(unreadable)?;
        if chain::link(&self.head.hash, text) != hash {
            return Err(broken(Reason::Altered));
        }
        if self.noted.is_some_and(|noted| noted.sequence == number && noted.head != hex(&hash)) {
            return Err(broken(Reason::Rewritten));
        }
        let record: Record<'_> = serde_json::from_str(text).map_err(|_| broken(Reason::Unreadable))?;
        if record.v != VERSION {
            return Err(broken(Reason::Unreadable));
        }
        if !columns_agree(row, &record, number) {
            return Err(broken(Reason::Columns));
        }
        self.pair(&record).map_err(broken)?;
        self.head = Head { sequence: number, hash };
        Ok(())
    }

    /// A second outcome of an intent is no fault: a commit that was reported lost may have been made.
    fn pair(&mut self, record: &Record<'_>) -> Result<(), Reason> {
        match (record.phase, record.intent) {
            (Phase::Event, None) => {}
            (Phase::Intent, None) => {
                self.intents.push(record.sequence);
                self.open.insert(record.sequence);
            }
            (Phase::Outcome, Some(intent)) if self.intents.binary_search(&intent).is_ok() => {
                self.open.remove(&intent);
            }
            (Phase::Event | Phase::Intent | Phase::Outcome, _) => return Err(Reason::Orphan),
        }
        Ok(())
    }

    fn finish(self) -> Result<Verified, Broken> {
        if self.noted.is_some_and(|noted| noted.sequence > self.head.sequence) {
            return Err(self.absent(Reason::Truncated));
        }
        let unfinished = self.open.into_iter().collect();
        Ok(Verified { records: self.head.sequence, head: hex(&self.head.hash), unfinished })
    }

    /// Names the row that should follow the last good one.
    fn absent(&self, reason: Reason) -> Broken {
        Broken { sequence: i64::try_from(self.head.sequence + 1).unwrap_or(i64::MAX), reason }
    }
}

fn columns_agree(row: &Row, record: &Record<'_>, sequence: u64) -> bool {
    let at = row.unsigned(1).map(|at| rfc3339(UnixMillis::from_millis(at)));
    let intent = if row.is_null(4) { Ok(None) } else { row.unsigned(4).map(Some) };
    record.sequence == sequence
        && at.as_ref() == Ok(&record.at)
        && row.text(2) == Ok(record.phase.as_str())
        && row.text(3) == Ok(record.request_id.to_string().as_str())
        && intent == Ok(record.intent)
}
