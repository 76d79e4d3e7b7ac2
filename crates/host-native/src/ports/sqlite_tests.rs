use m365_port_suite::{DATABASE, DATABASE_PANIC, DATABASE_TASKS, DATABASE_THREADS};
use m365_ports::transact;
use tempfile::TempDir;

use super::*;

const SCHEMA: &[&str] = &["CREATE TABLE IF NOT EXISTS note (body BLOB NOT NULL) STRICT"];

fn fresh(schema: &[&str]) -> (TempDir, SqliteDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let database = SqliteDatabase::open(&folder.path().join("cell.sqlite"), schema).unwrap();
    (folder, database)
}

fn write(database: &SqliteDatabase, durability: Durability, body: &[u8]) -> Result<(), SqlError> {
    transact(database, durability, |sql| {
        sql.run("INSERT INTO note (body) VALUES (?1)", &[body.into()]).map(drop)
    })
}

fn notes(database: &SqliteDatabase) -> Result<u64, SqlError> {
    transact(database, Durability::Process, |sql| {
        sql.run("SELECT COUNT(*) FROM note", &[])?.first().ok_or(SqlError::Shape)?.unsigned(0)
    })
}

#[test]
fn sqlite_keeps_the_promises_of_the_database() {
    for case in DATABASE.iter().chain(DATABASE_PANIC).chain(DATABASE_THREADS) {
        let (_folder, database) = fresh(&[]);
        (case.run)(&database).unwrap_or_else(|e| panic!("{}: {e:#}", case.name));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_promises_of_the_database_inside_a_runtime() {
    for case in DATABASE.iter().chain(DATABASE_PANIC).chain(DATABASE_THREADS) {
        let (_folder, database) = fresh(&[]);
        (case.run)(&database).unwrap_or_else(|e| panic!("{}: {e:#}", case.name));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_promises_of_the_database_to_many_tasks() {
    for case in DATABASE_TASKS {
        let (_folder, database) = fresh(&[]);
        (case.run)(&database).await.unwrap_or_else(|e| panic!("{}: {e:#}", case.name));
    }
}

#[test]
fn a_reopened_file_shows_what_was_committed_and_nothing_else() {
    let (folder, database) = fresh(SCHEMA);
    write(&database, Durability::Full, b"full").unwrap();
    write(&database, Durability::Process, b"process").unwrap();
    let undone = transact(&database, Durability::Full, |sql| {
        sql.run("INSERT INTO note (body) VALUES (?1)", &[b"undone".to_vec().into()])?;
        Err::<(), _>(SqlError::Shape)
    });
    assert_eq!(undone, Err(SqlError::Shape));
    drop(database);
    let reopened = SqliteDatabase::open(&folder.path().join("cell.sqlite"), SCHEMA).unwrap();
    let bodies = transact(&reopened, Durability::Process, |sql| {
        let rows = sql.run("SELECT body FROM note ORDER BY rowid", &[])?;
        rows.iter().map(|row| row.blob(0).map(<[u8]>::to_vec)).collect::<Result<Vec<_>, SqlError>>()
    });
    assert_eq!(bodies.unwrap(), [b"full".to_vec(), b"process".to_vec()]);
}

#[test]
fn a_process_that_ends_without_closing_loses_no_commit() {
    let (folder, database) = fresh(SCHEMA);
    write(&database, Durability::Full, b"full").unwrap();
    write(&database, Durability::Process, b"process").unwrap();
    // The files as a killed process leaves them: the connection is open and nothing has been moved out of the log.
    let after_kill = tempfile::tempdir().unwrap();
    for name in ["cell.sqlite", "cell.sqlite-wal"] {
        std::fs::copy(folder.path().join(name), after_kill.path().join(name)).unwrap();
    }
    let reopened = SqliteDatabase::open(&after_kill.path().join("cell.sqlite"), SCHEMA).unwrap();
    assert_eq!(notes(&reopened), Ok(2));
}

#[test]
fn a_reader_beside_the_writer_sees_commits_and_nothing_unfinished() {
    let (folder, writer) = fresh(SCHEMA);
    write(&writer, Durability::Full, b"before").unwrap();
    let reader = SqliteDatabase::open_read_only(&folder.path().join("cell.sqlite")).unwrap();
    assert_eq!(notes(&reader), Ok(1));
    transact(&writer, Durability::Full, |sql| {
        sql.run("INSERT INTO note (body) VALUES (?1)", &[b"under way".to_vec().into()])?;
        assert_eq!(notes(&reader), Ok(1));
        Ok::<_, SqlError>(())
    })
    .unwrap();
    assert_eq!(notes(&reader), Ok(2));
}

#[test]
fn a_reader_cannot_write_and_the_writer_goes_on() {
    let (folder, writer) = fresh(SCHEMA);
    let reader = SqliteDatabase::open_read_only(&folder.path().join("cell.sqlite")).unwrap();
    for durability in [Durability::Full, Durability::Process] {
        assert_eq!(write(&reader, durability, b"forbidden"), Err(SqlError::Unavailable));
    }
    write(&writer, Durability::Full, b"allowed").unwrap();
    assert_eq!(notes(&reader), Ok(1));
}

#[test]
fn reading_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("absent.sqlite");
    assert!(SqliteDatabase::open_read_only(&file).is_err());
    assert!(!file.exists());
}

#[test]
fn a_file_that_is_no_database_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cell.sqlite");
    std::fs::write(&file, "not a database, however long it goes on being none").unwrap();
    assert_eq!(SqliteDatabase::open(&file, SCHEMA).unwrap_err(), SqlError::Unavailable);
}

#[test]
fn a_file_that_cannot_grow_is_full_and_keeps_what_it_had() {
    let (_folder, database) = fresh(SCHEMA);
    write(&database, Durability::Full, b"before").unwrap();
    limit_pages(&database, 1);
    let large = vec![1; 100_000];
    for durability in [Durability::Full, Durability::Process] {
        assert_eq!(write(&database, durability, &large), Err(SqlError::Full));
        assert_eq!(notes(&database), Ok(1));
    }
    limit_pages(&database, 1_000_000);
    write(&database, Durability::Full, &large).unwrap();
    assert_eq!(notes(&database), Ok(2));
}

#[test]
fn a_body_that_goes_on_after_a_full_disk_leaves_nothing() {
    let (_folder, database) = fresh(SCHEMA);
    limit_pages(&database, 1);
    let outcome = transact(&database, Durability::Full, |sql| {
        let insert = |body: Vec<u8>| sql.run("INSERT INTO note (body) VALUES (?1)", &[body.into()]);
        insert(b"small".to_vec())?;
        assert_eq!(insert(vec![1; 100_000]), Err(SqlError::Full));
        assert_eq!(insert(b"small".to_vec()), Err(SqlError::Unavailable));
        Ok::<_, SqlError>(())
    });
    assert_eq!(outcome, Err(SqlError::Unavailable));
    assert_eq!(notes(&database), Ok(0));
    write(&database, Durability::Full, b"small").unwrap();
    assert_eq!(notes(&database), Ok(1));
}

/// A disk without room: SQLite gives the same error. The limit is never below the pages in use.
fn limit_pages(database: &SqliteDatabase, pages: u32) {
    let open = database.connection.lock().unwrap();
    open.connection.pragma_update(None, "max_page_count", pages).unwrap();
}

#[test]
fn a_real_number_does_not_have_the_shape_of_a_value() {
    let (_folder, database) = fresh(&[]);
    let outcome = transact(&database, Durability::Process, |sql| sql.run("SELECT 0.5", &[]));
    assert_eq!(outcome, Err(SqlError::Shape));
}
