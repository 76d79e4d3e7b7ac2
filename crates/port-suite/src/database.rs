//! What a [`Database`] promises on every host: all or nothing, once, and values as they were given.

use anyhow::{Result, anyhow, bail, ensure};
use m365_ports::{Database, Durability, SqlError, SqlValue, transact};

use super::PortCase;
use super::table::{create, expect_rows, insert};

/// The promises that need neither threads nor tasks nor unwinding.
pub const DATABASE: &[PortCase<dyn Database>] = &[
    PortCase { name: "what was committed is there afterwards", run: commit_is_visible },
    PortCase { name: "a transaction reads what it wrote", run: own_writes_are_visible },
    PortCase { name: "an error rolls everything back", run: error_rolls_back },
    PortCase { name: "a refused commit is no error of the database", run: refused_commit_rolls_back },
    PortCase { name: "a constraint rolls the whole transaction back", run: constraint_rolls_back },
    PortCase { name: "the body is run once", run: body_runs_once },
    PortCase { name: "integers are exact up to 2^53-1", run: integers_are_exact },
    PortCase { name: "an integer beyond 2^53 is exact or refused", run: larger_integers_do_not_change },
    PortCase { name: "a hundred parameters are taken", run: hundred_parameters },
    PortCase { name: "values of two megabytes come back whole", run: large_values },
    PortCase { name: "NULL, text and blob come back as they went in", run: values_round_trip },
    PortCase { name: "two statements in one call are refused", run: one_statement_per_call },
    PortCase {
        name: "a semicolon inside or after a statement is no second one",
        run: semicolons_are_harmless,
    },
    PortCase { name: "a statement that makes no sense is an error", run: nonsense_is_an_error },
    PortCase {
        name: "a statement cannot touch the transaction around it",
        run: transaction_is_not_a_statement,
    },
    PortCase { name: "a statement cannot change the database's settings", run: settings_are_not_a_statement },
    PortCase { name: "a foreign key is kept", run: foreign_keys_hold },
];

const LEVELS: [Durability; 2] = [Durability::Full, Durability::Process];
const LARGEST: i64 = (1 << 53) - 1;
const TWO_MEGABYTES: usize = 2_000_000;

/// What a body of these cases returns to undo its work.
#[derive(Debug, PartialEq, Eq)]
enum Undone {
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

fn larger_integers_do_not_change(database: &dyn Database) -> Result<()> {
    create(database)?;
    for value in [LARGEST + 1, LARGEST + 2, i64::MAX, -LARGEST - 2, i64::MIN] {
        transact(database, Durability::Full, |sql| sql.run("DELETE FROM thing", &[]))?;
        let bound = transact(database, Durability::Full, |sql| {
            insert(sql, value)?;
            sql.run("SELECT value FROM thing", &[])?.first().ok_or(SqlError::Shape)?.integer(0)
        });
        ensure!(bound.is_err() || bound == Ok(value), "{value} was stored as {bound:?}");
        // Made by the database itself, so that it is refused, if at all, on its way out.
        let made = format!("SELECT {value} + 0");
        let read = transact(database, Durability::Process, |sql| {
            sql.run(&made, &[])?.first().ok_or(SqlError::Shape)?.integer(0)
        });
        ensure!(read.is_err() || read == Ok(value), "{value} was read as {read:?}");
    }
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

fn large_values(database: &dyn Database) -> Result<()> {
    create(database)?;
    let text = SqlValue::Text("ä".repeat(TWO_MEGABYTES / 2));
    let blob = SqlValue::Blob((0..=u8::MAX).cycle().take(TWO_MEGABYTES).collect());
    ensure!(returned(database, &text)? == text, "a text of two megabytes changed");
    ensure!(returned(database, &blob)? == blob, "a blob of two megabytes changed");
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

fn semicolons_are_harmless(database: &dyn Database) -> Result<()> {
    create(database)?;
    transact(database, Durability::Full, |sql| {
        sql.run("INSERT INTO thing (value) VALUES ('a; b''c; d');", &[])?;
        sql.run("INSERT INTO thing (value) VALUES (?1) ;\n", &["e; f".into()]).map(drop)
    })?;
    let rows = transact(database, Durability::Process, |sql| sql.run("SELECT value FROM thing", &[]))?;
    let found = rows.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
    ensure!(found == ["a; b'c; d", "e; f"], "the values are {found:?}");
    Ok(())
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

fn transaction_is_not_a_statement(database: &dyn Database) -> Result<()> {
    let statements = [
        "BEGIN",
        "begin immediate",
        "COMMIT",
        "END",
        "ROLLBACK",
        "SAVEPOINT s",
        "RELEASE s",
        " ROLLBACK TO s",
    ];
    refused_and_undone(database, &statements)
}

fn settings_are_not_a_statement(database: &dyn Database) -> Result<()> {
    let statements = [
        "PRAGMA user_version = 7",
        "PRAGMA journal_mode = DELETE",
        "pragma synchronous = OFF",
        "ATTACH ':memory:' AS other",
        "DETACH main",
        "VACUUM",
    ];
    refused_and_undone(database, &statements)
}

/// Each statement is refused in the middle of a transaction, which is then undone as a whole.
fn refused_and_undone(database: &dyn Database, statements: &[&str]) -> Result<()> {
    create(database)?;
    for statement in statements {
        let outcome = transact(database, Durability::Full, |sql| {
            insert(sql, "before")?;
            sql.run(statement, &[])?;
            insert(sql, "after")
        });
        ensure!(outcome.is_err(), "`{statement}` was taken");
        expect_rows(database, 0).map_err(|error| error.context(format!("after `{statement}`")))?;
    }
    transact(database, Durability::Full, |sql| insert(sql, "afterwards"))?;
    expect_rows(database, 1)
}

fn foreign_keys_hold(database: &dyn Database) -> Result<()> {
    transact(database, Durability::Full, |sql| {
        sql.run("CREATE TABLE family (id INTEGER PRIMARY KEY) STRICT", &[])?;
        sql.run("CREATE TABLE member (family INTEGER NOT NULL REFERENCES family (id)) STRICT", &[])?;
        sql.run("INSERT INTO family (id) VALUES (1)", &[])
    })?;
    let join = |family: i64| {
        transact(database, Durability::Full, |sql| {
            sql.run("INSERT INTO member (family) VALUES (?1)", &[family.into()]).map(drop)
        })
    };
    ensure!(join(1).is_ok(), "a member of a family that is there was refused");
    let orphan = join(2);
    ensure!(orphan == Err(SqlError::Constraint), "a member of no family gave {orphan:?}");
    Ok(())
}
