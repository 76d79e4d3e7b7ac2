//! What operators and a change of keys do to the Microsoft side of a cell.

use m365_ports::{EntropyExt as _, Sql, SqlError, SqlValue};
use m365_seal::{AssociatedData, Which};

use super::rows;
use super::session::MicrosoftSession;

/// Columns that hold sealed tokens.
const SEALED: [&str; 2] = ["access", "refresh"];

/// What sealing again came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Values that were under the previous key and are under the current one now.
    pub resealed: u64,
    /// Values that no configured key opens: erased, since only a new sign-in can replace them.
    pub unreadable: u64,
}

impl MicrosoftSession {
    /// In the caller's transaction, erases the tokens. Whether there were any.
    ///
    /// # Errors
    /// [`SqlError`]; the caller's transaction must then fail too.
    pub fn erase(&self, sql: &dyn Sql) -> Result<bool, SqlError> {
        rows::erase(sql)
    }

    /// In the caller's transaction, forgets the account with its tokens: the person may link another.
    ///
    /// # Errors
    /// [`SqlError`]; the caller's transaction must then fail too.
    pub fn unlink(&self, sql: &dyn Sql) -> Result<bool, SqlError> {
        let gone = sql.run("DELETE FROM microsoft_account WHERE id = 1 RETURNING id", &[])?;
        Ok(!gone.is_empty())
    }

    /// Seals the tokens again under the current key where they are under the previous one.
    ///
    /// # Errors
    /// [`SqlError`]; then nothing was changed.
    pub fn reseal(&self) -> Result<Resealed, SqlError> {
        self.ports.transition(|sql| {
            let mut done = Resealed::default();
            for column in SEALED {
                let statement =
                    format!("SELECT {column} FROM microsoft_account WHERE id = 1 AND {column} IS NOT NULL");
                let Some(row) = sql.run(&statement, &[])?.into_iter().next() else { continue };
                let place = self.place(column);
                let value: SqlValue = match self.sealer.open(&place, row.blob(0)?) {
                    Ok((_, Which::Current)) => continue,
                    Ok((plain, Which::Previous)) => {
                        done.resealed += 1;
                        self.sealer.seal(self.ports.entropy.bytes(), &place, plain.expose()).into()
                    }
                    Err(_) => {
                        done.unreadable += 1;
                        SqlValue::Null
                    }
                };
                let statement = format!(
                    "UPDATE microsoft_account SET {column} = ?1, generation = generation + 1 WHERE id = 1"
                );
                sql.run(&statement, &[value])?;
            }
            Ok(done)
        })
    }

    fn place(&self, column: &str) -> AssociatedData {
        rows::place(column, &self.ports.cell)
    }
}
