//! What a [`Database`] promises on every host: all or nothing, once, and values as they were given.

use anyhow::{Result, anyhow, bail, ensure};
use m365_ports::{Database, Durability, Sql, SqlError, SqlValue, transact};

use super::PortCase;

/// The promises that need neither threads nor unwinding.
pub const DATABASE: &[PortCase<dyn Database>] = &[
    PortCase { name: "what was committed is there afterwards", run: commit_is_visible },
    PortCase { name: "a transaction reads what it wrote", run: own_writes_are_visible },
    PortCase { name: "an error rolls everything back", run: error_rolls_back },
    PortCase { name: "a refused commit is no error of the database", run: refused_commit_rolls_back },
    PortCase { name: "a constraint rolls the whole transaction back", run: constraint_rolls_back },
    PortCase { name: "the body is run once", run: body_runs_once },
    PortCase { name: "integers are exact up to 2^53-1", run: integers_are_exact },
    PortCase { name: "a hundred parameters are taken", run: hundred_parameters },
    PortCase { name: "values of a megabyte come back whole", run: megabyte_values },
    PortCase { name: "NULL, text and blob come back as they went in", run: values_round_trip },
    PortCase { name: "two statements in one call are refused", run: one_statement_per_call },
    PortCase { name: "a statement that makes no sense is an error", run: nonsense_is_an_error },
];

const LEVELS: [Durability; 2] = [Durability::Full, Durability::Process];
const LARGEST: i64 = (1 << 53) - 1;
const MEGABYTE: usize = 1 << 20;

/// What a body of these cases returns to undo its work.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Undone {
    /// On purpose.
    Meant,
    /// The database's doing.
    Sql(SqlError),
}

impl From<SqlError> for Undone {
    fn from(error: SqlError) -> Self {
        Self::Sql(error)
    }
}

/// Makes the table that every case writes to: one column of any type, unique.
pub(super) fn create(database: &dyn Database) -> Result<()> {
    Ok(transact(database, Durability::Full, |sql| {
        sql.run("CREATE TABLE IF NOT EXISTS thing (value ANY UNIQUE) STRICT", &[]).map(drop)
    })?)
}

pub(super) fn insert(sql: &dyn Sql, value: impl Into<SqlValue>) -> Result<(), SqlError> {
    sql.run("INSERT INTO thing (value) VALUES (?1)", &[value.into()]).map(drop)
}

/// How many rows there are, seen by a transaction of its own.
pub(super) fn count(database: &dyn Database) -> Result<u64> {
    Ok(transact(database, Durability::Process, |sql| {
        sql.run("SELECT COUNT(*) FROM thing", &[])?.first().ok_or(SqlError::Shape)?.unsigned(0)
    })?)
}

fn expect_rows(database: &dyn Database, expected: u64) -> Result<()> {
    let found = count(database)?;
    ensure!(found == expected, "there are {found} rows, not {expected}");
    Ok(())
}

fn commit_is_visible(database: &dyn Database) -> Result<()> {
    create(database)?;
    for (level, expected) in LEVELS.into_iter().zip(1..) {
        transact(database, level, |sql| insert(sql, expected))?;
        expect_rows(database, expected)?;
    }
    Ok(())
}

fn own_writes_are_visible(database: &dyn Database) -> Result<()> {
    create(database)?;
    let seen = transact(database, Durability::Full, |sql| {
        insert(sql, "written")?;
        sql.run("SELECT value FROM thing", &[])
    })?;
    ensure!(seen.len() == 1, "the transaction saw {} of its one row", seen.len());
    Ok(())
}

fn error_rolls_back(database: &dyn Database) -> Result<()> {
    create(database)?;
    for level in LEVELS {
        let outcome = transact(database, level, |sql| {
            insert(sql, "first")?;
            insert(sql, "second")?;
            Err::<(), _>(Undone::Meant)
        });
        ensure!(outcome == Err(Undone::Meant), "the body's error did not come back: {outcome:?}");
        expect_rows(database, 0)?;
    }
    transact(database, Durability::Full, |sql| insert(sql, "afterwards"))?;
    expect_rows(database, 1)
}

fn refused_commit_rolls_back(database: &dyn Database) -> Result<()> {
    create(database)?;
    database.run_transaction(Durability::Full, &mut |sql| insert(sql, "written").is_err())?;
    expect_rows(database, 0)
}

fn constraint_rolls_back(database: &dyn Database) -> Result<()> {
    create(database)?;
    transact(database, Durability::Full, |sql| insert(sql, "taken"))?;
    let outcome = transact(database, Durability::Full, |sql| {
        insert(sql, "free")?;
        sql.run("DELETE FROM thing WHERE value = ?1", &["absent".into()])?;
        insert(sql, "taken")?;
        insert(sql, "also free")
    });
    ensure!(outcome == Err(SqlError::Constraint), "a duplicate gave {outcome:?}");
    expect_rows(database, 1)
}

fn body_runs_once(database: &dyn Database) -> Result<()> {
    create(database)?;
    for (commit, value) in [(true, "kept"), (false, "undone"), (false, "kept")] {
        let mut runs = 0;
        database.run_transaction(Durability::Full, &mut |sql| {
            runs += 1;
            insert(sql, value).is_ok() && commit
        })?;
        ensure!(runs == 1, "the body ran {runs} times");
    }
    expect_rows(database, 1)
}

fn integers_are_exact(database: &dyn Database) -> Result<()> {
    create(database)?;
    for value in [0, 1, -1, i64::from(i32::MAX) + 1, LARGEST - 1, LARGEST, -LARGEST] {
        ensure!(
            returned(database, &SqlValue::Integer(value))? == SqlValue::Integer(value),
            "{value} changed"
        );
    }
    let sum = transact(database, Durability::Process, |sql| {
        let rows = sql.run("SELECT ?1 - 1, ?1", &[LARGEST.into()])?;
        let row = rows.first().ok_or(SqlError::Shape)?;
        Ok::<_, SqlError>((row.integer(0)?, row.integer(1)?))
    })?;
    ensure!(sum == (LARGEST - 1, LARGEST), "arithmetic beside 2^53 gave {sum:?}");
    Ok(())
}

fn hundred_parameters(database: &dyn Database) -> Result<()> {
    create(database)?;
    let places: Vec<String> = (1..=100).map(|place| format!("(?{place})")).collect();
    let statement = format!("INSERT INTO thing (value) VALUES {}", places.join(", "));
    let values: Vec<SqlValue> = (1..=100_i64).map(SqlValue::from).collect();
    let sum = transact(database, Durability::Full, |sql| {
        sql.run(&statement, &values)?;
        sql.run("SELECT SUM(value) FROM thing", &[])?.first().ok_or(SqlError::Shape)?.integer(0)
    })?;
    ensure!(sum == 5_050, "the sum of 1 to 100 is {sum}");
    expect_rows(database, 100)
}

fn megabyte_values(database: &dyn Database) -> Result<()> {
    create(database)?;
    let text = SqlValue::Text("ä".repeat(MEGABYTE / 2));
    let blob = SqlValue::Blob((0..=u8::MAX).cycle().take(MEGABYTE).collect());
    ensure!(returned(database, &text)? == text, "a text of a megabyte changed");
    ensure!(returned(database, &blob)? == blob, "a blob of a megabyte changed");
    Ok(())
}

fn values_round_trip(database: &dyn Database) -> Result<()> {
    create(database)?;
    let texts = ["", "plain", "Grüße, 世界 🚀", "'; DROP TABLE thing; --", "12", "a\nb\u{7f}"];
    let blobs = [Vec::new(), vec![0], vec![0xff, 0xfe, 0], b"text".to_vec()];
    let texts = texts.into_iter().map(SqlValue::from);
    for value in texts.chain(blobs.into_iter().map(SqlValue::from)).chain([SqlValue::Null]) {
        let back = returned(database, &value)?;
        ensure!(back == value, "{value:?} came back as {back:?}");
    }
    Ok(())
}

/// The value after a commit and a read in another transaction.
fn returned(database: &dyn Database, value: &SqlValue) -> Result<SqlValue> {
    transact(database, Durability::Full, |sql| {
        sql.run("DELETE FROM thing", &[])?;
        insert(sql, value.clone())
    })?;
    let rows = transact(database, Durability::Process, |sql| sql.run("SELECT value FROM thing", &[]))?;
    let row = rows.first().ok_or_else(|| anyhow!("the row is gone"))?;
    Ok(match value {
        _ if row.is_null(0) => SqlValue::Null,
        SqlValue::Blob(_) => SqlValue::Blob(row.blob(0)?.to_vec()),
        SqlValue::Integer(_) => SqlValue::Integer(row.integer(0)?),
        SqlValue::Null => bail!("NULL came back as a value"),
        SqlValue::Text(_) => SqlValue::Text(row.text(0)?.to_owned()),
    })
}

fn one_statement_per_call(database: &dyn Database) -> Result<()> {
    create(database)?;
    let outcome = transact(database, Durability::Full, |sql| {
        let two = "INSERT INTO thing (value) VALUES ('a'); INSERT INTO thing (value) VALUES ('b')";
        sql.run(two, &[]).map(drop)
    });
    ensure!(outcome.is_err(), "two statements in one call were taken");
    expect_rows(database, 0)
}

fn nonsense_is_an_error(database: &dyn Database) -> Result<()> {
    create(database)?;
    for statement in ["SELECT FROM WHERE", "SELECT value FROM absent", "INSERT INTO thing (value) VALUES"] {
        let outcome = transact(database, Durability::Full, |sql| sql.run(statement, &[]));
        ensure!(outcome == Err(SqlError::Unavailable), "`{statement}` gave {outcome:?}");
    }
    transact(database, Durability::Full, |sql| insert(sql, "afterwards"))?;
    expect_rows(database, 1)
}
