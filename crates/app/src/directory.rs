//! The directory's store: what must be unique or counted across people, in one small database.
//!
//! Atomicity: every method is one transaction of [`Database`]; the host keeps exactly one such database.

mod orders;
mod policy;

use std::sync::Arc;

use async_trait::async_trait;
use m365_ports::{
    Database, Directory, DirectoryError, Durability, HighWater, IssuedOrder, KnownPerson, PerimeterRecord,
    PinOutcome, PolicyNote, PolicySighting, PolicyStanding, RegistrationOutcome, Sql, SqlError, Standing,
    transact,
};
use m365_types::{CellId, Oid, TenantId, UnixMillis};

/// New registrations in any minute. Well-behaved clients register once per connection.
const REGISTRATIONS_PER_MINUTE: u64 = 300;
/// Registered clients that have not expired: bounds the registry, above what a flood of a whole day can leave.
const REGISTRATIONS_ALIVE: u64 = 500_000;
/// Perimeter records kept of any minute; what comes beyond is only counted.
const PERIMETER_PER_MINUTE: u64 = 300;
/// Counts of what was not kept are kept for thirty days.
const SUPPRESSED_MINUTES: u64 = 30 * 24 * 60;
/// Perimeter records kept at all; the oldest go first.
const PERIMETER_KEPT: u64 = 100_000;

/// Statements that create the directory's tables.
pub const DIRECTORY_SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS microsoft_pin (tenant TEXT NOT NULL, oid TEXT NOT NULL, cell TEXT NOT NULL UNIQUE, PRIMARY KEY (tenant, oid)) STRICT",
    "CREATE TABLE IF NOT EXISTS registration (at INTEGER NOT NULL, expires INTEGER NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS registration_expires ON registration (expires)",
    "CREATE TABLE IF NOT EXISTS high_water (cell TEXT PRIMARY KEY, sequence INTEGER NOT NULL, head TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS perimeter (sequence INTEGER PRIMARY KEY AUTOINCREMENT, minute INTEGER NOT NULL, record TEXT NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS perimeter_minute ON perimeter (minute)",
    "CREATE TABLE IF NOT EXISTS perimeter_suppressed (minute INTEGER PRIMARY KEY, count INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS person (cell TEXT PRIMARY KEY, subject TEXT NOT NULL, email TEXT NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS person_email ON person (email)",
    // An order without a cell is for every cell.
    // Numbers are not given again: an event is named after them.
    "CREATE TABLE IF NOT EXISTS policy_sighting (number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, sighting TEXT NOT NULL, \
     version INTEGER, policy_set TEXT, in_force INTEGER NOT NULL, told INTEGER NOT NULL, \
     settled INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS operator_order (sequence INTEGER PRIMARY KEY, cell TEXT, issued TEXT NOT NULL) STRICT",
];

/// The directory over a database.
#[derive(Clone)]
pub struct SqlDirectory {
    database: Arc<dyn Database>,
}

impl std::fmt::Debug for SqlDirectory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqlDirectory(…)")
    }
}

impl SqlDirectory {
    /// Over a database that has [`DIRECTORY_SCHEMA`].
    #[must_use]
    pub fn new(database: Arc<dyn Database>) -> Self {
        Self { database }
    }

    /// The newest perimeter records, oldest of them first, and how many were only counted.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn perimeter_tail(database: &dyn Database, limit: u64) -> Result<(Vec<String>, u64), SqlError> {
        transact(database, Durability::Process, |sql| {
            let rows =
                sql.run("SELECT record FROM perimeter ORDER BY sequence DESC LIMIT ?1", &[limit.into()])?;
            let records: Result<Vec<String>, SqlError> =
                rows.iter().rev().map(|row| row.text(0).map(str::to_owned)).collect();
            let suppressed = one(sql, "SELECT COALESCE(SUM(count), 0) FROM perimeter_suppressed", &[])?;
            Ok((records?, suppressed))
        })
    }

    fn transact<T>(
        &self,
        durability: Durability,
        body: impl FnOnce(&dyn Sql) -> Result<T, SqlError>,
    ) -> Result<T, DirectoryError> {
        transact(&*self.database, durability, body).map_err(|error| {
            tracing::error!(%error, "directory transaction failed");
            DirectoryError::Unavailable
        })
    }
}

fn one(sql: &dyn Sql, statement: &str, parameters: &[m365_ports::SqlValue]) -> Result<u64, SqlError> {
    sql.run(statement, parameters)?.first().ok_or(SqlError::Shape)?.unsigned(0)
}

#[async_trait]
impl Directory for SqlDirectory {
    async fn pin_microsoft(
        &self,
        person: &KnownPerson,
        tenant: TenantId,
        oid: Oid,
    ) -> Result<PinOutcome, DirectoryError> {
        let (cell, tenant, oid) = (person.cell.as_str(), tenant.to_string(), oid.to_string());
        self.transact(Durability::Full, |sql| {
            let owner = sql.run(
                "SELECT cell FROM microsoft_pin WHERE tenant = ?1 AND oid = ?2",
                &[tenant.as_str().into(), oid.as_str().into()],
            )?;
            if let Some(row) = owner.first() {
                if row.text(0)? != cell {
                    return Ok(PinOutcome::TakenByAnother);
                }
                orders::note_person(sql, person)?;
                return Ok(PinOutcome::Pinned);
            }
            if !sql.run("SELECT 1 FROM microsoft_pin WHERE cell = ?1", &[cell.into()])?.is_empty() {
                return Ok(PinOutcome::OtherAccount);
            }
            sql.run(
                "INSERT INTO microsoft_pin (tenant, oid, cell) VALUES (?1, ?2, ?3)",
                &[tenant.into(), oid.into(), cell.into()],
            )?;
            orders::note_person(sql, person)?;
            Ok(PinOutcome::Pinned)
        })
    }

    async fn find_people(&self, name: &str) -> Result<Vec<KnownPerson>, DirectoryError> {
        self.transact(Durability::Process, |sql| orders::find_people(sql, name))
    }

    async fn cells(&self, after: Option<&CellId>, limit: u64) -> Result<Vec<CellId>, DirectoryError> {
        self.transact(Durability::Process, |sql| orders::cells(sql, after, limit))
    }

    async fn issue(&self, order: IssuedOrder) -> Result<u64, DirectoryError> {
        self.transact(Durability::Full, |sql| orders::issue(sql, &order))
    }

    async fn standing(&self, cell: &CellId, after: Option<u64>) -> Result<Standing, DirectoryError> {
        self.transact(Durability::Process, |sql| orders::standing(sql, cell, after))
    }

    async fn count_registration(
        &self,
        now: UnixMillis,
        expires: UnixMillis,
        record: Option<PerimeterRecord>,
    ) -> Result<RegistrationOutcome, DirectoryError> {
        let minute_ago = now.as_millis().saturating_sub(60_000);
        self.transact(Durability::Full, |sql| {
            sql.run("DELETE FROM registration WHERE expires <= ?1", &[now.as_millis().into()])?;
            let recent = one(sql, "SELECT COUNT(*) FROM registration WHERE at > ?1", &[minute_ago.into()])?;
            let alive = one(sql, "SELECT COUNT(*) FROM registration", &[])?;
            if recent >= REGISTRATIONS_PER_MINUTE || alive >= REGISTRATIONS_ALIVE {
                record.map_or(Ok(()), |record| keep(sql, &record.over_quota()))?;
                return Ok(RegistrationOutcome::QuotaReached);
            }
            let values = [now.as_millis().into(), expires.as_millis().into()];
            sql.run("INSERT INTO registration (at, expires) VALUES (?1, ?2)", &values)?;
            record.map_or(Ok(()), |record| keep(sql, &record))?;
            Ok(RegistrationOutcome::Counted)
        })
    }

    async fn note_high_water(&self, mark: HighWater) -> Result<(), DirectoryError> {
        self.transact(Durability::Process, |sql| {
            sql.run(
                "INSERT INTO high_water (cell, sequence, head) VALUES (?1, ?2, ?3) ON CONFLICT (cell) DO UPDATE \
                 SET sequence = excluded.sequence, head = excluded.head WHERE excluded.sequence > sequence",
                &[mark.cell.as_str().into(), mark.sequence.into(), mark.head.into()],
            )?;
            Ok(())
        })
    }

    async fn high_water(&self, cell: &CellId) -> Result<Option<HighWater>, DirectoryError> {
        self.transact(Durability::Process, |sql| read_high_water(sql, cell))
    }

    async fn record_perimeter(&self, record: PerimeterRecord) -> Result<(), DirectoryError> {
        self.transact(Durability::Process, |sql| keep(sql, &record))
    }

    async fn sight_policy(
        &self,
        sighting: &PolicySighting,
        now: UnixMillis,
    ) -> Result<PolicyStanding, DirectoryError> {
        self.transact(Durability::Full, |sql| policy::sight(sql, sighting, now))
    }

    async fn policy_told(&self, number: u64) -> Result<(), DirectoryError> {
        self.transact(Durability::Full, |sql| policy::told(sql, number))
    }
}

/// Writes a perimeter record, or only counts it where its minute is full.
fn keep(sql: &dyn Sql, record: &PerimeterRecord) -> Result<(), SqlError> {
    let minute = record.at.as_secs() / 60;
    let text = serde_json::to_string(record).map_err(|_| SqlError::Shape)?;
    if one(sql, "SELECT COUNT(*) FROM perimeter WHERE minute = ?1", &[minute.into()])? >= PERIMETER_PER_MINUTE
    {
        sql.run(
            "INSERT INTO perimeter_suppressed (minute, count) VALUES (?1, 1) ON CONFLICT (minute) DO UPDATE SET count = count + 1",
            &[minute.into()],
        )?;
        return Ok(());
    }
    sql.run("INSERT INTO perimeter (minute, record) VALUES (?1, ?2)", &[minute.into(), text.into()])?;
    let oldest = minute.saturating_sub(SUPPRESSED_MINUTES);
    sql.run("DELETE FROM perimeter_suppressed WHERE minute < ?1", &[oldest.into()])?;
    sql.run(
        "DELETE FROM perimeter WHERE sequence <= (SELECT MAX(sequence) FROM perimeter) - ?1",
        &[PERIMETER_KEPT.into()],
    )?;
    Ok(())
}

/// The mark noted for a cell, for `audit verify` beside a running server.
///
/// # Errors
/// [`SqlError`]
pub fn noted_high_water(database: &dyn Database, cell: &CellId) -> Result<Option<HighWater>, SqlError> {
    transact(database, Durability::Process, |sql| read_high_water(sql, cell))
}

/// Every cell of which a mark was noted, so that a journal that was deleted altogether is missed.
///
/// # Errors
/// [`SqlError`]
pub fn noted_cells(database: &dyn Database) -> Result<Vec<CellId>, SqlError> {
    transact(database, Durability::Process, |sql| {
        let rows = sql.run("SELECT cell FROM high_water ORDER BY cell", &[])?;
        rows.iter().map(|row| CellId::parse(row.text(0)?).map_err(|_| SqlError::Shape)).collect()
    })
}

/// What was noted last about policies, for `doctor` beside a running server.
///
/// # Errors
/// [`SqlError`]
pub fn noted_policy(database: &dyn Database) -> Result<Option<PolicyNote>, SqlError> {
    transact(database, Durability::Process, policy::newest)
}

fn read_high_water(sql: &dyn Sql, cell: &CellId) -> Result<Option<HighWater>, SqlError> {
    let rows = sql.run("SELECT sequence, head FROM high_water WHERE cell = ?1", &[cell.as_str().into()])?;
    rows.first()
        .map(|row| {
            Ok(HighWater { cell: cell.clone(), sequence: row.unsigned(0)?, head: row.text(1)?.to_owned() })
        })
        .transpose()
}
