//! Why the journal did not take a record.

use m365_ports::SqlError;

/// The record was not written, and what depended on it was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// No room left to write.
    #[error(
        "the journal has no room left, and nothing is done without a record; \
         an operator must free space, then the call can be repeated"
    )]
    Full,
    /// The database did not answer, or what it holds does not have the expected shape.
    #[error(
        "the journal could not be read or written, and nothing is done without a record; \
         try again, and tell an operator if it stays so"
    )]
    Unavailable,
}

impl From<SqlError> for JournalError {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Full => Self::Full,
            SqlError::Constraint | SqlError::Shape | SqlError::Unavailable => Self::Unavailable,
        }
    }
}
