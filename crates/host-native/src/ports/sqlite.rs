//! SQLite files as the SQL port: one connection, one transaction at a time.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use m365_ports::{Database, Durability, Row, Sql, SqlError, SqlValue};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

/// One open database file.
#[derive(Debug)]
pub(crate) struct SqliteDatabase {
    connection: Mutex<Open>,
    read_only: bool,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    durability: Durability,
}

/// Another process may hold the lock while `audit` reads; it never holds it long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const STATEMENT_CACHE: usize = 64;
/// Statements about the transaction or the database itself, which no host takes: the transaction is the port's, and a
/// Durable Object refuses them too.
const REFUSED: [&str; 10] =
    ["ATTACH", "BEGIN", "COMMIT", "DETACH", "END", "PRAGMA", "RELEASE", "ROLLBACK", "SAVEPOINT", "VACUUM"];

impl SqliteDatabase {
    /// Opens or creates the file for writing, in WAL mode, and makes sure the tables of `schema` exist. A new file is
    /// its owner's alone; SQLite gives the files beside it the same mode.
    ///
    /// # Errors
    /// [`SqlError`]
    pub(crate) fn open(path: &Path, schema: &[&str]) -> Result<Self, SqlError> {
        own(path).map_err(|_| SqlError::Unavailable)?;
        let mut connection = Connection::open(path).map_err(|error| classify(&error))?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| classify(&error))?;
        connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        // Plans do not depend on the values bound: without this every execution prepares its statement again.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .map_err(|error| classify(&error))?;
        let set = |name, value| connection.pragma_update(None, name, value).map_err(|error| classify(&error));
        set("journal_mode", "WAL")?;
        set("synchronous", "FULL")?;
        set("foreign_keys", "ON")?;
        // A cell is small; half a megabyte holds its hot pages, and many cells are open at once.
        connection.pragma_update(None, "cache_size", -512).map_err(|error| classify(&error))?;
        // All tables at once: whoever reads beside this server sees none of them or every one.
        let making = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| classify(&error))?;
        for statement in schema {
            making.execute(statement, []).map_err(|error| classify(&error))?;
        }
        making.commit().map_err(|error| classify(&error))?;
        let open = Open { connection, durability: Durability::Full };
        Ok(Self { connection: Mutex::new(open), read_only: false })
    }

    /// Opens an existing file for reading beside a running server.
    ///
    /// # Errors
    /// [`SqlError`]
    pub(crate) fn open_read_only(path: &Path) -> Result<Self, SqlError> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map_err(|error| classify(&error))?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| classify(&error))?;
        let open = Open { connection, durability: Durability::Full };
        Ok(Self { connection: Mutex::new(open), read_only: true })
    }

    fn transaction(
        &self,
        durability: Durability,
        body: &mut dyn FnMut(&dyn Sql) -> bool,
    ) -> Result<(), SqlError> {
        // A panic in an earlier body rolled back when its guard was dropped: the connection is sound.
        let mut open = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if open.durability != durability && !self.read_only {
            let level = match durability {
                Durability::Full => "FULL",
                Durability::Process => "NORMAL",
            };
            open.connection.pragma_update(None, "synchronous", level).map_err(|error| classify(&error))?;
            open.durability = durability;
        }
        // Taking the write lock at once means that no transaction fails half-way for want of it.
        let behavior =
            if self.read_only { TransactionBehavior::Deferred } else { TransactionBehavior::Immediate };
        let transaction =
            open.connection.transaction_with_behavior(behavior).map_err(|error| classify(&error))?;
        let commit = body(&Statements(&transaction));
        // On a full disk SQLite rolls back by itself (sqlite.org, lang_transaction section 3), and says so like this.
        let rolled_back = transaction.is_autocommit();
        match (commit, rolled_back) {
            (true, false) => transaction.commit().map_err(|error| classify(&error)),
            (true, true) => Err(SqlError::Unavailable),
            (false, false) => transaction.rollback().map_err(|error| classify(&error)),
            (false, true) => Ok(()),
        }
    }
}

impl Database for SqliteDatabase {
    fn run_transaction(
        &self,
        durability: Durability,
        body: &mut dyn FnMut(&dyn Sql) -> bool,
    ) -> Result<(), SqlError> {
        match durability {
            // A full commit waits for the disk; the runtime moves its other work to another thread meanwhile.
            Durability::Full => match tokio::runtime::Handle::try_current() {
                Ok(_) => tokio::task::block_in_place(|| self.transaction(durability, body)),
                Err(_) => self.transaction(durability, body),
            },
            Durability::Process => self.transaction(durability, body),
        }
    }
}

struct Statements<'a>(&'a Connection);

impl Sql for Statements<'_> {
    fn run(&self, statement: &str, parameters: &[SqlValue]) -> Result<Vec<Row>, SqlError> {
        // After SQLite's own rollback a statement would be committed alone.
        if self.0.is_autocommit() || is_refused(statement) {
            return Err(SqlError::Unavailable);
        }
        let mut prepared = self.0.prepare_cached(statement).map_err(|error| classify(&error))?;
        let columns = prepared.column_count();
        let bound = rusqlite::params_from_iter(parameters.iter().map(Bound));
        let mut rows = prepared.query(bound).map_err(|error| classify(&error))?;
        let mut result = Vec::new();
        while let Some(row) = rows.next().map_err(|error| classify(&error))? {
            let values: Result<Vec<SqlValue>, SqlError> = (0..columns)
                .map(|column| row.get_ref(column).map_err(|error| classify(&error)).and_then(value))
                .collect();
            result.push(Row::new(values?));
        }
        Ok(result)
    }
}

fn is_refused(statement: &str) -> bool {
    let verb = statement.split_whitespace().next().unwrap_or_default().trim_end_matches(';');
    REFUSED.iter().any(|refused| verb.eq_ignore_ascii_case(refused))
}

struct Bound<'a>(&'a SqlValue);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            SqlValue::Null => ToSqlOutput::Owned(Value::Null),
            SqlValue::Integer(value) => ToSqlOutput::Owned(Value::Integer(*value)),
            SqlValue::Text(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
            SqlValue::Blob(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
        })
    }
}

fn value(value: ValueRef<'_>) -> Result<SqlValue, SqlError> {
    Ok(match value {
        ValueRef::Null => SqlValue::Null,
        ValueRef::Integer(value) => SqlValue::Integer(value),
        ValueRef::Real(_) => return Err(SqlError::Shape),
        ValueRef::Text(bytes) => {
            SqlValue::Text(String::from_utf8(bytes.to_vec()).map_err(|_| SqlError::Shape)?)
        }
        ValueRef::Blob(bytes) => SqlValue::Blob(bytes.to_vec()),
    })
}

/// Makes the file where there is none, so that it never has the mode of the process's umask.
fn own(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop)
}

fn classify(error: &rusqlite::Error) -> SqlError {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => SqlError::Constraint,
        Some(ErrorCode::DiskFull) => SqlError::Full,
        _ => SqlError::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_database_and_the_files_beside_it_are_their_owner_s_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cell.sqlite");
        let database =
            SqliteDatabase::open(&file, &["CREATE TABLE IF NOT EXISTS t (a TEXT) STRICT"]).unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
        }
        drop(database);
        assert!(SqliteDatabase::open(&file, &[]).is_ok());
    }
}

#[cfg(test)]
#[path = "sqlite_tests.rs"]
mod port_tests;
