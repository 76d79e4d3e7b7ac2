//! The one table that the cases of a database write to.

use anyhow::{Result, ensure};
use m365_ports::{Database, Durability, Sql, SqlError, SqlValue, transact};

/// Makes the table: one column of any type, unique.
pub(crate) fn create(database: &dyn Database) -> Result<()> {
    Ok(transact(database, Durability::Full, |sql| {
        sql.run("CREATE TABLE IF NOT EXISTS thing (value ANY UNIQUE) STRICT", &[]).map(drop)
    })?)
}

pub(crate) fn insert(sql: &dyn Sql, value: impl Into<SqlValue>) -> Result<(), SqlError> {
    sql.run("INSERT INTO thing (value) VALUES (?1)", &[value.into()]).map(drop)
}

/// The one number in the table.
pub(crate) fn number(sql: &dyn Sql) -> Result<i64, SqlError> {
    sql.run("SELECT value FROM thing", &[])?.first().ok_or(SqlError::Shape)?.integer(0)
}

/// Expects this many rows, seen by a transaction of its own.
pub(crate) fn expect_rows(database: &dyn Database, expected: u64) -> Result<()> {
    let found = transact(database, Durability::Process, |sql| {
        sql.run("SELECT COUNT(*) FROM thing", &[])?.first().ok_or(SqlError::Shape)?.unsigned(0)
    })?;
    ensure!(found == expected, "there are {found} rows, not {expected}");
    Ok(())
}
