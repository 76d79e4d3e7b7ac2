//! The directory of the core over this host's database: together they keep the promises of the port.

use std::sync::Arc;

use anyhow::Result;
use m365_app::{DIRECTORY_SCHEMA, SqlDirectory};
use m365_port_suite::{
    DIRECTORY, DIRECTORY_RACE, PerimeterKept, one_cell_wins_the_race, perimeter_records_are_bounded,
    places_of_expired_clients_are_free,
};
use m365_ports::{Directory as _, DirectoryError, Durability, HighWater, RegistrationOutcome, transact};
use m365_types::{CellId, UnixMillis};
use tempfile::TempDir;

use super::background::TokioBackground;
use super::sqlite::SqliteDatabase;

struct Fixture {
    folder: TempDir,
    database: Arc<SqliteDatabase>,
    directory: SqlDirectory,
}

impl Fixture {
    fn new() -> Self {
        Self::in_folder(tempfile::tempdir().unwrap())
    }

    fn in_folder(folder: TempDir) -> Self {
        let file = folder.path().join("directory.sqlite");
        let database = Arc::new(SqliteDatabase::open(&file, DIRECTORY_SCHEMA).unwrap());
        Self { folder, directory: SqlDirectory::new(database.clone()), database }
    }

    /// Clients registered at zero, written at once: one by one they would take minutes.
    fn with_live_clients(count: u64, expires: UnixMillis) -> Self {
        let fixture = Self::new();
        transact(&*fixture.database, Durability::Full, |sql| {
            let statement = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
                             INSERT INTO registration (at, expires) SELECT 0, ?2 FROM n";
            sql.run(statement, &[count.into(), expires.as_millis().into()]).map(drop)
        })
        .unwrap();
        fixture
    }

    fn kept(&self) -> Result<PerimeterKept> {
        let (records, suppressed) = SqlDirectory::perimeter_tail(&*self.database, u64::MAX)?;
        Ok(PerimeterKept { records: u64::try_from(records.len())?, suppressed })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_promises_of_the_directory() {
    for case in DIRECTORY.iter().chain(DIRECTORY_RACE) {
        let fixture = Fixture::new();
        (case.run)(&fixture.directory).await.unwrap_or_else(|e| panic!("{}: {e:#}", case.name));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_twenty_cells_wins_an_account() {
    let fixture = Fixture::new();
    let directory = Arc::new(fixture.directory.clone());
    one_cell_wins_the_race(directory, &TokioBackground::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn perimeter_records_of_a_flood_are_kept_or_counted() {
    let fixture = Fixture::new();
    perimeter_records_are_bounded(&fixture.directory, &|| fixture.kept()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_million_live_clients_are_the_most() {
    let expires = UnixMillis::from_millis(10_000_000);
    let full = Fixture::with_live_clients(500_000, expires);
    places_of_expired_clients_are_free(&full.directory, expires).await.unwrap();
    let (later, now) = (UnixMillis::from_millis(20_000_000), UnixMillis::from_millis(9_000_000));
    let nearly = Fixture::with_live_clients(499_999, expires);
    assert_eq!(nearly.directory.count_registration(now, later, None).await, Ok(RegistrationOutcome::Counted));
    assert_eq!(
        nearly.directory.count_registration(now, later, None).await,
        Ok(RegistrationOutcome::QuotaReached)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_survives_a_restart() {
    let fixture = Fixture::new();
    let cell = CellId::from_digest([1; 20]);
    let mark = HighWater { cell: cell.clone(), sequence: 5, head: "05".to_owned() };
    fixture.directory.note_high_water(mark.clone()).await.unwrap();
    let Fixture { folder, database, directory } = fixture;
    drop((database, directory));
    let reopened = Fixture::in_folder(folder);
    assert_eq!(reopened.directory.high_water(&cell).await, Ok(Some(mark)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_without_tables_does_not_answer() {
    let folder = tempfile::tempdir().unwrap();
    let database = SqliteDatabase::open(&folder.path().join("directory.sqlite"), &[]).unwrap();
    let directory = SqlDirectory::new(Arc::new(database));
    let now = UnixMillis::from_millis(0);
    assert_eq!(directory.count_registration(now, now, None).await, Err(DirectoryError::Unavailable));
}
