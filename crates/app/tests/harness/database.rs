//! SQLite in memory, whose journal can be made unwritable.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use m365_ports::{Database, Durability, Row, Sql, SqlError, SqlValue};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, TransactionBehavior};

/// Every statement that adds a record begins so.
const APPEND: &str = "INSERT INTO journal ";

pub(crate) struct MemoryDatabase {
    connection: Mutex<Connection>,
    journal_is_full: AtomicBool,
    is_out_of_order: AtomicBool,
}

impl MemoryDatabase {
    pub(crate) fn new(schema: &[&str]) -> Self {
        let connection = Connection::open_in_memory().unwrap();
        for statement in schema {
            connection.execute(statement, []).unwrap();
        }
        Self {
            connection: Mutex::new(connection),
            journal_is_full: AtomicBool::default(),
            is_out_of_order: AtomicBool::default(),
        }
    }

    /// Whether it answers from now on.
    pub(crate) fn answers(&self, does: bool) {
        self.is_out_of_order.store(!does, Ordering::SeqCst);
    }

    /// From now on no record can be added.
    pub(crate) fn fill_journal(&self) {
        self.journal_is_full.store(true, Ordering::SeqCst);
    }
}

impl Database for MemoryDatabase {
    fn run_transaction(&self, _: Durability, body: &mut dyn FnMut(&dyn Sql) -> bool) -> Result<(), SqlError> {
        if self.is_out_of_order.load(Ordering::SeqCst) {
            return Err(SqlError::Unavailable);
        }
        let mut connection = self.connection.lock().unwrap();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|_| SqlError::Unavailable)?;
        let statements = Statements {
            transaction: &transaction,
            journal_is_full: self.journal_is_full.load(Ordering::SeqCst),
        };
        if body(&statements) { transaction.commit() } else { transaction.rollback() }
            .map_err(|_| SqlError::Unavailable)
    }
}

struct Statements<'a> {
    transaction: &'a rusqlite::Transaction<'a>,
    journal_is_full: bool,
}

impl Sql for Statements<'_> {
    fn run(&self, statement: &str, parameters: &[SqlValue]) -> Result<Vec<Row>, SqlError> {
        if self.journal_is_full && statement.starts_with(APPEND) {
            return Err(SqlError::Full);
        }
        let mut prepared =
            self.transaction.prepare(statement).unwrap_or_else(|error| panic!("{error}: {statement}"));
        let columns = prepared.column_count();
        let parameters = parameters.iter().map(|value| match value {
            SqlValue::Null => Value::Null,
            SqlValue::Integer(value) => Value::Integer(*value),
            SqlValue::Text(value) => Value::Text(value.clone()),
            SqlValue::Blob(value) => Value::Blob(value.clone()),
        });
        let mut rows =
            prepared.query(rusqlite::params_from_iter(parameters)).map_err(|_| SqlError::Constraint)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|_| SqlError::Constraint)? {
            let value = |column| match row.get_ref(column).unwrap() {
                ValueRef::Null => SqlValue::Null,
                ValueRef::Integer(value) => SqlValue::Integer(value),
                ValueRef::Text(value) => SqlValue::Text(String::from_utf8(value.to_vec()).unwrap()),
                ValueRef::Blob(value) => SqlValue::Blob(value.to_vec()),
                ValueRef::Real(_) => panic!("no column is REAL"),
            };
            found.push(Row::new((0..columns).map(value).collect()));
        }
        Ok(found)
    }
}
