//! What a [`Database`] promises besides where several threads use it.

use std::thread;

use anyhow::{Result, anyhow, ensure};
use m365_ports::{Database, Durability, Sql, SqlError, transact};

use super::PortCase;
use super::table::{create, insert, number};

/// The promises for hosts with threads.
pub const DATABASE_THREADS: &[PortCase<dyn Database>] = &[
    PortCase { name: "transactions of many threads follow one another", run: transactions_serialise },
    PortCase { name: "a unique value goes to one of many threads", run: one_thread_wins },
];

const THREADS: usize = 8;
const ROUNDS: usize = 10;

fn transactions_serialise(database: &dyn Database) -> Result<()> {
    create(database)?;
    transact(database, Durability::Full, |sql| insert(sql, 0_i64))?;
    let outcomes = on_threads(|| {
        (0..ROUNDS).try_for_each(|_| transact(database, Durability::Process, increment))?;
        Ok(true)
    })?;
    ensure!(outcomes == THREADS, "only {outcomes} threads ended well");
    let total = transact(database, Durability::Process, number)?;
    ensure!(usize::try_from(total)? == THREADS * ROUNDS, "increments were lost: the counter is at {total}");
    Ok(())
}

/// Read, then write: only right where nobody comes in between.
fn increment(sql: &dyn Sql) -> Result<(), SqlError> {
    let value = number(sql)?;
    thread::yield_now();
    sql.run("UPDATE thing SET value = ?1", &[(value + 1).into()]).map(drop)
}

fn one_thread_wins(database: &dyn Database) -> Result<()> {
    create(database)?;
    let winners = on_threads(|| match transact(database, Durability::Full, |sql| insert(sql, "prize")) {
        Ok(()) => Ok(true),
        Err(SqlError::Constraint) => Ok(false),
        Err(error) => Err(error),
    })?;
    ensure!(winners == 1, "{winners} threads took the one value");
    Ok(())
}

/// How many threads said yes.
fn on_threads(work: impl Fn() -> Result<bool, SqlError> + Sync) -> Result<usize> {
    let work = &work;
    let outcomes = thread::scope(|scope| {
        let handles: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        handles.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let mut yes = 0;
    for outcome in outcomes {
        yes += usize::from(outcome.map_err(|_| anyhow!("a thread panicked"))??);
    }
    Ok(yes)
}
