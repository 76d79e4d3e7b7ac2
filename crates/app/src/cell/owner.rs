//! Whose cell a database is: one row, written when the cell first wakes, completed when its person first comes through
//! Access.
//!
//! Invariant: the row names the cell before the journal has a record, so that whoever holds the database alone, under
//! whatever file name a host gave it, can check its chain.

use m365_ports::{Database, Durability, Sql, SqlError, transact};
use m365_types::{AccessSubject, CellId};

/// Statements that create the table.
pub(super) const SCHEMA: &[&str] =
    &["CREATE TABLE IF NOT EXISTS owner (cell TEXT NOT NULL, subject TEXT) STRICT"];

/// The cell that a database belongs to; `None` where no cell has woken over it yet.
///
/// # Errors
/// [`SqlError`]; [`SqlError::Shape`] where the name is not one of a cell.
pub fn cell_named_in(database: &dyn Database) -> Result<Option<CellId>, SqlError> {
    transact(database, Durability::Process, |sql| {
        // A host may have made the file and not come to the tables.
        let table = sql.run("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'owner'", &[])?;
        if table.is_empty() { Ok(None) } else { named(sql) }
    })
}

/// Names the cell in its database, or makes sure that it is the one named there.
///
/// # Errors
/// [`SqlError::Shape`] where the database is another cell's: a file was put in the place of this one's.
pub(super) fn name(database: &dyn Database, id: &CellId) -> Result<(), SqlError> {
    transact(database, Durability::Full, |sql| match named(sql)? {
        Some(found) if found == *id => Ok(()),
        Some(found) => {
            tracing::error!(cell = %id, %found, "the database of a cell is another cell's");
            Err(SqlError::Shape)
        }
        None => sql.run("INSERT INTO owner (cell) VALUES (?1)", &[id.as_str().into()]).map(drop),
    })
}

/// The owner: who is named already, else the person present, from now on.
///
/// # Errors
/// [`SqlError`]
pub(super) fn of(
    database: &dyn Database,
    present: Option<AccessSubject>,
) -> Result<Option<AccessSubject>, SqlError> {
    transact(database, Durability::Full, |sql| {
        let rows = sql.run("SELECT subject FROM owner WHERE subject IS NOT NULL", &[])?;
        if let Some(row) = rows.first() {
            return AccessSubject::parse(row.text(0)?).map(Some).map_err(|_| SqlError::Shape);
        }
        if let Some(subject) = &present {
            sql.run("UPDATE owner SET subject = ?1", &[subject.as_str().into()])?;
        }
        Ok(present)
    })
}

fn named(sql: &dyn Sql) -> Result<Option<CellId>, SqlError> {
    let rows = sql.run("SELECT cell FROM owner", &[])?;
    rows.first().map(|row| CellId::parse(row.text(0)?).map_err(|_| SqlError::Shape)).transpose()
}
