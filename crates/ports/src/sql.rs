//! The synchronous SQL of one cell: SQLite natively and in a Durable Object.
//!
//! Consistency: serialisable; one transaction at a time per database. What a committed transaction wrote is there
//! after a crash, within its [`Durability`].
//!
//! Limits, from the narrower host (Cloudflare, Durable Object SQL): integers below 2^53, at most 100 parameters,
//! at most 2 MB per value, one statement per call, no `BEGIN`, `SAVEPOINT` or `PRAGMA` in statements.

/// One column value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqlValue {
    /// NULL
    Null,
    /// INTEGER, within ±2^53.
    Integer(i64),
    /// TEXT
    Text(String),
    /// BLOB
    Blob(Vec<u8>),
}

macro_rules! from_value {
    ($($from:ty => $variant:ident $convert:expr;)*) => {
        $(impl From<$from> for SqlValue {
            fn from(value: $from) -> Self {
                let convert: fn($from) -> _ = $convert;
                Self::$variant(convert(value))
            }
        })*
    };
}

from_value! {
    i64 => Integer |value| value;
    u64 => Integer |value| i64::try_from(value).unwrap_or(i64::MAX);
    &str => Text |value| value.to_owned();
    String => Text |value| value;
    &[u8] => Blob |value| value.to_vec();
    Vec<u8> => Blob |value| value;
}

impl<T: Into<Self>> From<Option<T>> for SqlValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One result row; columns are read by position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(Vec<SqlValue>);

impl Row {
    /// A row of these columns, for hosts.
    #[must_use]
    pub const fn new(columns: Vec<SqlValue>) -> Self {
        Self(columns)
    }

    /// An INTEGER column.
    ///
    /// # Errors
    /// [`SqlError::Shape`] where the column is missing or of another type.
    pub fn integer(&self, column: usize) -> Result<i64, SqlError> {
        match self.0.get(column) {
            Some(SqlValue::Integer(value)) => Ok(*value),
            _ => Err(SqlError::Shape),
        }
    }

    /// A non-negative INTEGER column.
    ///
    /// # Errors
    /// As [`Row::integer`], and for a negative value.
    pub fn unsigned(&self, column: usize) -> Result<u64, SqlError> {
        u64::try_from(self.integer(column)?).map_err(|_| SqlError::Shape)
    }

    /// A TEXT column.
    ///
    /// # Errors
    /// As [`Row::integer`].
    pub fn text(&self, column: usize) -> Result<&str, SqlError> {
        match self.0.get(column) {
            Some(SqlValue::Text(value)) => Ok(value),
            _ => Err(SqlError::Shape),
        }
    }

    /// A BLOB column.
    ///
    /// # Errors
    /// As [`Row::integer`].
    pub fn blob(&self, column: usize) -> Result<&[u8], SqlError> {
        match self.0.get(column) {
            Some(SqlValue::Blob(value)) => Ok(value),
            _ => Err(SqlError::Shape),
        }
    }

    /// Whether the column is NULL or missing.
    #[must_use]
    pub fn is_null(&self, column: usize) -> bool {
        matches!(self.0.get(column), None | Some(SqlValue::Null))
    }
}

/// Why a database did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// A UNIQUE, CHECK or foreign-key constraint refused the statement.
    #[error("a constraint of the database refused the change")]
    Constraint,
    /// No room left to write.
    #[error("the database has no room left")]
    Full,
    /// A column was missing or of an unexpected type: the schema and the code disagree.
    #[error("a stored value does not have the expected shape")]
    Shape,
    /// The database could not be opened, read or written.
    #[error("the database did not answer")]
    Unavailable,
}

/// How much a commit must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Loss of power: tokens, grants, approvals, every record of a write.
    Full,
    /// A crash of the process: records of reads.
    Process,
}

/// Statements inside one transaction.
pub trait Sql {
    /// Runs one statement and returns all its rows.
    ///
    /// # Errors
    /// [`SqlError`]; the transaction should then end with an error.
    fn run(&self, statement: &str, parameters: &[SqlValue]) -> Result<Vec<Row>, SqlError>;
}

/// The database of one cell.
pub trait Database: Send + Sync {
    /// Runs `body` in one transaction. Commits when it returns `true`; rolls back when it returns `false` or panics.
    /// The body may be run once only. Use [`transact`].
    ///
    /// # Errors
    /// [`SqlError`] where the transaction could not begin or commit; then nothing was written.
    fn run_transaction(
        &self,
        durability: Durability,
        body: &mut dyn FnMut(&dyn Sql) -> bool,
    ) -> Result<(), SqlError>;
}

/// Runs one whole transition atomically: commits on `Ok`, rolls back on `Err` and on panic.
///
/// # Errors
/// What the body returned, or the [`SqlError`] of the transaction itself.
pub fn transact<T, E: From<SqlError>>(
    database: &dyn Database,
    durability: Durability,
    body: impl FnOnce(&dyn Sql) -> Result<T, E>,
) -> Result<T, E> {
    let mut body = Some(body);
    let mut outcome = None;
    database.run_transaction(durability, &mut |sql| {
        let Some(body) = body.take() else { return false };
        let result = body(sql);
        let commit = result.is_ok();
        outcome = Some(result);
        commit
    })?;
    outcome.unwrap_or_else(|| Err(SqlError::Unavailable.into()))
}
