//! The SQL of a Durable Object as the SQL port.
//!
//! A plain sequence of statements is not rolled back on an error or a panic, and `BEGIN` is refused: a transition runs
//! inside `transactionSync`, which rolls back when its callback throws. `worker` does not wrap it, so it is reached by
//! name. The runtime holds back every answer and every outbound message until what was written is on disk ("output
//! gates"), so each [`Durability`] is `Full` here.

use m365_ports::{Database, Durability, Row, Sql, SqlError, SqlValue};
use worker::js_sys::{Function, Reflect};
use worker::send::SendWrapper;
use worker::wasm_bindgen::closure::ScopedClosure;
use worker::wasm_bindgen::{JsCast as _, JsValue};
use worker::{SqlStorage, SqlStorageValue, Storage};

/// Largest integer that survives JavaScript's numbers.
const LARGEST: i64 = (1 << 53) - 1;

/// The database of the Durable Object this code runs in.
pub struct DurableDatabase {
    storage: SendWrapper<JsValue>,
    sql: SqlStorage,
}

impl std::fmt::Debug for DurableDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DurableDatabase(…)")
    }
}

impl DurableDatabase {
    /// Over the object's storage; nothing is read or written yet.
    #[must_use]
    pub fn new(storage: &Storage) -> Self {
        Self { storage: SendWrapper::new(storage.as_raw().into()), sql: storage.sql() }
    }
}

impl Database for DurableDatabase {
    fn run_transaction(&self, _: Durability, body: &mut dyn FnMut(&dyn Sql) -> bool) -> Result<(), SqlError> {
        let mut refused = false;
        let mut callback = || -> Result<JsValue, JsValue> {
            if body(&Statements(&self.sql)) {
                return Ok(JsValue::UNDEFINED);
            }
            refused = true;
            Err(JsValue::UNDEFINED)
        };
        let callback =
            ScopedClosure::<dyn FnMut() -> Result<JsValue, JsValue>>::borrow_mut_aborting(&mut callback);
        let outcome =
            self.transaction_sync().and_then(|run| run.call1(&self.storage, callback.as_js_value()));
        drop(callback);
        match outcome {
            Ok(_) => Ok(()),
            Err(_) if refused => Ok(()),
            Err(error) => Err(classify(&error)),
        }
    }
}

impl DurableDatabase {
    fn transaction_sync(&self) -> Result<Function, JsValue> {
        Reflect::get(&self.storage, &"transactionSync".into())?.dyn_into()
    }
}

struct Statements<'a>(&'a SqlStorage);

impl Sql for Statements<'_> {
    fn run(&self, statement: &str, parameters: &[SqlValue]) -> Result<Vec<Row>, SqlError> {
        // The runtime would run the first and bind the parameters to the last.
        if !is_single(statement) {
            return Err(SqlError::Unavailable);
        }
        let bindings: Result<Vec<SqlStorageValue>, SqlError> = parameters.iter().map(bind).collect();
        let cursor = self.0.exec(statement, bindings?).map_err(|error| classify(&error.into()))?;
        cursor
            .raw()
            .map(|row| {
                let columns = row.map_err(|error| classify(&error.into()))?;
                Ok(Row::new(columns.into_iter().map(column).collect::<Result<_, _>>()?))
            })
            .collect()
    }
}

fn bind(value: &SqlValue) -> Result<SqlStorageValue, SqlError> {
    Ok(match value {
        SqlValue::Null => SqlStorageValue::Null,
        SqlValue::Integer(value) if value.unsigned_abs() <= LARGEST.unsigned_abs() => {
            SqlStorageValue::Integer(*value)
        }
        // It would be rounded on its way.
        SqlValue::Integer(_) => return Err(SqlError::Shape),
        SqlValue::Text(value) => SqlStorageValue::String(value.clone()),
        SqlValue::Blob(value) => SqlStorageValue::Blob(value.clone()),
    })
}

fn column(value: SqlStorageValue) -> Result<SqlValue, SqlError> {
    Ok(match value {
        SqlStorageValue::Null => SqlValue::Null,
        SqlStorageValue::Integer(value) => SqlValue::Integer(value),
        SqlStorageValue::String(value) => SqlValue::Text(value),
        SqlStorageValue::Blob(value) => SqlValue::Blob(value),
        // A number that is no integer, or one that was rounded.
        SqlStorageValue::Boolean(_) | SqlStorageValue::Float(_) => return Err(SqlError::Shape),
    })
}

/// Whether the text is one statement: nothing but white space after a semicolon outside of quotes.
fn is_single(statement: &str) -> bool {
    let mut quote = None;
    let mut ended = false;
    for character in statement.chars() {
        match quote {
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None if character.is_whitespace() => {}
            None if ended => return false,
            None => match character {
                '\'' | '"' | '`' => quote = Some(character),
                ';' => ended = true,
                _ => {}
            },
        }
    }
    true
}

/// SQLite's error as the runtime words it: the name of the code stands in the message.
fn classify(error: &JsValue) -> SqlError {
    let text = Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
    let text = text.or_else(|| error.as_string()).unwrap_or_default();
    let found = [("SQLITE_CONSTRAINT", SqlError::Constraint), ("SQLITE_FULL", SqlError::Full)];
    let found = found.into_iter().find(|(code, _)| text.contains(code)).map(|(_, error)| error);
    found.unwrap_or(SqlError::Unavailable)
}
