//! What a [`Database`] promises where a panic cuts a transaction.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use anyhow::{Result, bail, ensure};
use m365_ports::{Database, Durability, SqlError, transact};

use super::PortCase;
use super::table::{create, expect_rows, insert};

/// The promises for hosts that outlive a panic.
pub const DATABASE_PANIC: &[PortCase<dyn Database>] =
    &[PortCase { name: "a panic rolls everything back", run: panic_rolls_back }];

fn panic_rolls_back(database: &dyn Database) -> Result<()> {
    create(database)?;
    for level in [Durability::Full, Durability::Process] {
        let caught = catch_unwind(AssertUnwindSafe(|| {
            transact(database, level, |sql| -> Result<(), SqlError> {
                insert(sql, "written")?;
                // Unwinds like a panic, without the message that a panic writes to the log.
                resume_unwind(Box::new("meant"))
            })
        }));
        ensure!(caught.is_err(), "the panic did not reach the caller");
        expect_rows(database, 0)?;
    }
    transact(database, Durability::Full, |sql| insert(sql, "afterwards"))?;
    expect_rows(database, 1)
}

/// For hosts that a panic ends: commits one row, writes two more in another transaction, and dies there as `die` does.
/// [`expect_nothing_of_the_dead`] is to look at the same store afterwards.
///
/// # Errors
/// Where the database refused before it came to that.
pub fn die_in_a_transaction(database: &dyn Database, die: fn() -> Infallible) -> Result<Infallible> {
    create(database)?;
    transact(database, Durability::Full, |sql| insert(sql, "acknowledged"))?;
    let lived = transact(database, Durability::Full, |sql| {
        insert(sql, "first of the dead")?;
        insert(sql, "second of the dead")?;
        Ok::<Infallible, SqlError>(die())
    });
    match lived {
        Ok(never) => match never {},
        Err(error) => bail!("the transaction ended before its time: {error}"),
    }
}

/// Expects what was committed before [`die_in_a_transaction`] died, and nothing of what it wrote last.
///
/// # Errors
/// What did not hold.
pub fn expect_nothing_of_the_dead(database: &dyn Database) -> Result<()> {
    expect_rows(database, 1)?;
    let kept = transact(database, Durability::Full, |sql| {
        insert(sql, "afterwards")?;
        sql.run("SELECT 1 FROM thing WHERE value = 'acknowledged'", &[])
    })?;
    ensure!(kept.len() == 1, "what was committed before the panic is gone");
    expect_rows(database, 2)
}
