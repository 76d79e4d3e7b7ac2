//! SQLite in memory behind the database port.

use std::sync::Mutex;

use m365_ports::{Database, Durability, Row, Sql, SqlError, SqlValue};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, ErrorCode, params_from_iter};

/// One cell's database, and the durability each transaction asked for.
pub(crate) struct Memory {
    connection: Mutex<Connection>,
    pub(crate) asked: Mutex<Vec<Durability>>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        for statement in m365_journal::schema() {
            connection.execute_batch(statement).unwrap();
        }
        Self { connection: Mutex::new(connection), asked: Mutex::default() }
    }

    /// Runs statements past the port, as someone with the file in hand would.
    pub(crate) fn tamper(&self, statements: &str) {
        self.connection.lock().unwrap().execute_batch(statements).unwrap();
    }

    /// Leaves no room for another page.
    pub(crate) fn fill_disk(&self) {
        let connection = self.connection.lock().unwrap();
        let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        let _: i64 =
            connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get(0)).unwrap();
    }

    /// Room again.
    pub(crate) fn free_disk(&self) {
        let connection = self.connection.lock().unwrap();
        let _: i64 = connection.query_row("PRAGMA max_page_count = 1000000", [], |row| row.get(0)).unwrap();
    }
}

impl Database for Memory {
    fn run_transaction(
        &self,
        durability: Durability,
        body: &mut dyn FnMut(&dyn Sql) -> bool,
    ) -> Result<(), SqlError> {
        self.asked.lock().unwrap().push(durability);
        let connection = self.connection.lock().unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| from_sqlite(&error))?;
        let end = if body(&Transaction(&connection)) { "COMMIT" } else { "ROLLBACK" };
        let ended = connection.execute_batch(end).map_err(|error| from_sqlite(&error));
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK").unwrap();
        }
        // SQLite rolls back by itself where the disk is full; there is nothing left to roll back then.
        if end == "ROLLBACK" { Ok(()) } else { ended }
    }
}

struct Transaction<'a>(&'a Connection);

impl Sql for Transaction<'_> {
    fn run(&self, statement: &str, parameters: &[SqlValue]) -> Result<Vec<Row>, SqlError> {
        self.query(statement, parameters).map_err(|error| from_sqlite(&error))
    }
}

impl Transaction<'_> {
    fn query(&self, statement: &str, parameters: &[SqlValue]) -> rusqlite::Result<Vec<Row>> {
        let mut statement = self.0.prepare(statement)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(parameters.iter().map(to_sqlite)))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let values = (0..columns).map(|column| row.get_ref(column).map(from_value));
            found.push(Row::new(values.collect::<rusqlite::Result<_>>()?));
        }
        Ok(found)
    }
}

fn to_sqlite(value: &SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(value) => Value::Integer(*value),
        SqlValue::Text(value) => Value::Text(value.clone()),
        SqlValue::Blob(value) => Value::Blob(value.clone()),
    }
}

fn from_value(value: ValueRef<'_>) -> SqlValue {
    match value {
        ValueRef::Integer(value) => SqlValue::Integer(value),
        ValueRef::Text(value) => SqlValue::Text(String::from_utf8_lossy(value).into_owned()),
        ValueRef::Blob(value) => SqlValue::Blob(value.to_vec()),
        ValueRef::Null | ValueRef::Real(_) => SqlValue::Null,
    }
}

fn from_sqlite(error: &rusqlite::Error) -> SqlError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => SqlError::Full,
        Some(ErrorCode::ConstraintViolation) => SqlError::Constraint,
        _ => SqlError::Unavailable,
    }
}
