//! Closing what a crash left open: an intent without outcome becomes `unknown`.
//!
//! A cell calls this when it wakes, before it takes a call. `journal_floor` remembers up to where every intent
//! has its outcome, so that a wake reads only what came after.

use std::borrow::Cow;

use m365_ports::{Durability, Sql, SqlError, Verdict, transact};
use m365_types::UnixMillis;

use crate::JournalError;
use crate::append::Journal;
use crate::chain;
use crate::record::{Phase, Record};

const FLOOR: &str = "SELECT sequence FROM journal_floor WHERE id = 1";
const RAISE_FLOOR: &str = "INSERT INTO journal_floor (id, sequence) VALUES (1, ?1) \
                           ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence";
const UNFINISHED: &str = "SELECT sequence, record FROM journal \
     WHERE sequence > ?1 AND phase = 'intent' AND sequence NOT IN \
     (SELECT intent FROM journal WHERE sequence > ?1 AND phase = 'outcome' AND intent IS NOT NULL) \
     ORDER BY sequence";
/// A floor this far below the head is worth a write even where nothing was open.
const FLOOR_LAG: u64 = 1000;

impl Journal {
    /// Writes an outcome `unknown` for every intent that has none, and returns how many there were.
    ///
    /// # Errors
    /// [`JournalError`]; then none of them was closed.
    pub fn close_unfinished(&self, now: UnixMillis) -> Result<u64, JournalError> {
        Ok(transact(&*self.database, Durability::Full, |sql| self.close(sql, now))?)
    }

    fn close(&self, sql: &dyn Sql, now: UnixMillis) -> Result<u64, SqlError> {
        let floor = sql.run(FLOOR, &[])?.first().map_or(Ok(0), |row| row.unsigned(0))?;
        let mut closed = 0;
        for row in sql.run(UNFINISHED, &[floor.into()])? {
            let intent: Record<'_> = serde_json::from_str(row.text(1)?).map_err(|_| SqlError::Shape)?;
            let outcome = Record {
                tool: intent.tool,
                effect: intent.effect,
                verdict: Some(Verdict::Unknown),
                code: Some(Cow::Borrowed("unfinished")),
                actor: intent.actor,
                client: intent.client,
                grant: intent.grant,
                intent: Some(row.unsigned(0)?),
                ..self.blank(Phase::Outcome, intent.kind, intent.request_id, now)
            };
            chain::append(sql, &self.genesis, now, outcome)?;
            closed += 1;
        }
        let head = chain::head(sql, &self.genesis)?;
        if closed > 0 || head.sequence.saturating_sub(floor) >= FLOOR_LAG {
            sql.run(RAISE_FLOOR, &[head.sequence.into()])?;
        }
        Ok(closed)
    }
}
