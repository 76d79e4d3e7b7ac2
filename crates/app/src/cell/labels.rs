//! The labels that stand against a person's calls.
//!
//! Invariants: a label is taken up in the transaction of the outcome that brings it along, so before its text is handed
//! out; it belongs to the person, whatever grant, client or session read it; it goes when the person clears it, or when no
//! call was made for the configured time, and for no other reason.

use m365_ports::{Durability, Sql, SqlError, transact};
use m365_types::{Label, Labels, RequestId, UnixMillis};

use super::Cell;

/// Statements that create the table.
pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS label (name TEXT PRIMARY KEY, since INTEGER NOT NULL, renewed INTEGER NOT NULL, \
     tool TEXT NOT NULL, request TEXT NOT NULL) STRICT, WITHOUT ROWID",
];

/// One label as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StandingLabel {
    pub(crate) label: Label,
    /// When it was taken up.
    pub(crate) since: UnixMillis,
    /// When a call last kept it.
    pub(crate) renewed: UnixMillis,
    /// What brought it along.
    pub(crate) tool: String,
    /// The call that did.
    pub(crate) request: String,
}

impl Cell {
    /// The labels that stand now. A call that asks keeps them: an assistant that calls is one that may remember.
    pub(crate) fn labels_of_call(&self) -> Result<Labels, SqlError> {
        let now = self.now();
        transact(&*self.database, Durability::Process, |sql| {
            let standing = self.standing(sql, now)?;
            sql.run("UPDATE label SET renewed = MAX(renewed, ?1)", &[now.as_millis().into()])?;
            Ok(standing.into_iter().map(|standing| standing.label).collect())
        })
    }

    /// The labels that stand now, as the person is shown them.
    pub(crate) fn standing_labels(&self) -> Result<Vec<StandingLabel>, SqlError> {
        transact(&*self.database, Durability::Process, |sql| self.standing(sql, self.now()))
    }

    /// Takes labels up, in the transaction of the outcome that brings them along.
    pub(crate) fn take_up(
        &self,
        sql: &dyn Sql,
        labels: Labels,
        (tool, request): (&str, RequestId),
    ) -> Result<(), SqlError> {
        let now = self.now();
        self.standing(sql, now)?;
        let statement = "INSERT INTO label (name, since, renewed, tool, request) VALUES (?1, ?2, ?2, ?3, ?4) \
                         ON CONFLICT (name) DO UPDATE SET renewed = MAX(renewed, excluded.renewed)";
        let request = request.to_string();
        for label in labels.iter() {
            let values =
                [label.as_str().into(), now.as_millis().into(), tool.into(), request.as_str().into()];
            sql.run(statement, &values)?;
        }
        Ok(())
    }

    /// Clears every label, at the person's word. Tells which stood.
    pub(crate) fn clear_labels(&self, sql: &dyn Sql) -> Result<Labels, SqlError> {
        let cleared = self.standing(sql, self.now())?;
        sql.run("DELETE FROM label", &[])?;
        Ok(cleared.into_iter().map(|standing| standing.label).collect())
    }

    /// Reads what stands, and forgets what has lapsed.
    fn standing(&self, sql: &dyn Sql, now: UnixMillis) -> Result<Vec<StandingLabel>, SqlError> {
        let idle = u64::try_from(self.core.config.label_idle.as_millis()).unwrap_or(u64::MAX);
        let kept_since = now.as_millis().saturating_sub(idle);
        sql.run("DELETE FROM label WHERE renewed < ?1", &[kept_since.into()])?;
        let rows = sql.run("SELECT name, since, renewed, tool, request FROM label ORDER BY name", &[])?;
        let read = |row: &m365_ports::Row| {
            Ok(StandingLabel {
                // A word that is none of ours would be a label that is not seen: better no call at all.
                label: Label::parse(row.text(0)?).ok_or(SqlError::Shape)?,
                since: UnixMillis::from_millis(row.unsigned(1)?),
                renewed: UnixMillis::from_millis(row.unsigned(2)?),
                tool: row.text(3)?.to_owned(),
                request: row.text(4)?.to_owned(),
            })
        };
        rows.iter().map(read).collect()
    }
}
