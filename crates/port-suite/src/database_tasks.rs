//! What a [`Database`] promises where several tasks of one thread use it: they take turns wherever they wait, which is
//! between transactions and never inside one.

use std::future::poll_fn;
use std::task::Poll;

use anyhow::{Result, ensure};
use futures_util::future::{join_all, try_join_all};
use m365_ports::{Database, Durability, Sql, SqlError, transact};

use super::AsyncPortCase;
use super::table::{create, expect_rows, insert, number};

/// The promises that need no threads.
pub const DATABASE_TASKS: &[AsyncPortCase<dyn Database>] = &[
    AsyncPortCase {
        name: "transactions of many tasks follow one another",
        run: |database| Box::pin(transactions_serialise(database)),
    },
    AsyncPortCase {
        name: "of many tasks that saw a value unspent one spends it",
        run: |database| Box::pin(one_task_spends(database)),
    },
    AsyncPortCase {
        name: "a unique value goes to one of many tasks",
        run: |database| Box::pin(one_task_wins(database)),
    },
    AsyncPortCase {
        name: "a task that undoes its work undoes nobody else's",
        run: |database| Box::pin(undoing_is_private(database)),
    },
];

const TASKS: usize = 20;
const ROUNDS: usize = 5;

async fn transactions_serialise(database: &dyn Database) -> Result<()> {
    create(database)?;
    transact(database, Durability::Full, |sql| insert(sql, 0_i64))?;
    try_join_all((0..TASKS).map(|_| async move {
        for _ in 0..ROUNDS {
            transact(database, Durability::Process, |sql| {
                let value = number(sql)?;
                sql.run("UPDATE thing SET value = ?1", &[(value + 1).into()]).map(drop)
            })?;
            take_turns().await;
        }
        Ok::<_, SqlError>(())
    }))
    .await?;
    let total = transact(database, Durability::Process, number)?;
    ensure!(usize::try_from(total)? == TASKS * ROUNDS, "increments were lost: the counter is at {total}");
    Ok(())
}

async fn one_task_spends(database: &dyn Database) -> Result<()> {
    create(database)?;
    transact(database, Durability::Full, |sql| insert(sql, "unspent"))?;
    let spent = try_join_all((0..TASKS).map(|_| async move {
        let unspent = transact(database, Durability::Process, |sql| {
            sql.run("SELECT 1 FROM thing WHERE value = 'unspent'", &[])
        })?;
        take_turns().await;
        let spent = transact(database, Durability::Full, |sql| {
            sql.run("UPDATE thing SET value = 'spent' WHERE value = 'unspent' RETURNING 1", &[])
        })?;
        Ok::<_, SqlError>((unspent.len(), spent.len()))
    }))
    .await?;
    let saw: usize = spent.iter().map(|(saw, _)| saw).sum();
    let won: usize = spent.iter().map(|(_, won)| won).sum();
    ensure!(saw == TASKS, "{saw} of {TASKS} tasks had their turn before the first spent the value");
    ensure!(won == 1, "{won} tasks spent the one value");
    Ok(())
}

async fn one_task_wins(database: &dyn Database) -> Result<()> {
    create(database)?;
    let outcomes = join_all((0..TASKS).map(|_| async move {
        take_turns().await;
        transact(database, Durability::Full, |sql| insert(sql, "prize"))
    }))
    .await;
    let winners = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let losers = outcomes.iter().filter(|outcome| **outcome == Err(SqlError::Constraint)).count();
    ensure!((winners, losers) == (1, TASKS - 1), "{winners} tasks took the one value, {losers} were refused");
    Ok(())
}

async fn undoing_is_private(database: &dyn Database) -> Result<()> {
    create(database)?;
    join_all((0_i64..).take(TASKS).map(|number| async move {
        let undone = number % 2 == 0;
        for round in 0_i64..3 {
            let _ = transact(database, Durability::Full, |sql| write(sql, number * 10 + round, undone));
            take_turns().await;
        }
    }))
    .await;
    expect_rows(database, 3 * u64::try_from(TASKS / 2)?)
}

fn write(sql: &dyn Sql, value: i64, undone: bool) -> Result<(), SqlError> {
    insert(sql, value)?;
    if undone { Err(SqlError::Shape) } else { Ok(()) }
}

/// Lets every other task go first.
async fn take_turns() {
    let mut waited = false;
    poll_fn(|context| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
