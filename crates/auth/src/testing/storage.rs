//! SQLite in memory, and the other stores, each able to fail.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use m365_ports::{
    AuditEvent, AuditLog, ClientRegistry, Database, Directory, DirectoryError, Durability, HighWater,
    IssuedOrder, KnownPerson, PerimeterRecord, PinOutcome, PolicySighting, PolicyStanding,
    RegistrationOutcome, RegistryError, Row, Sql, SqlError, SqlValue, Standing,
};
use m365_types::{CellId, ClientId, Oid, TenantId, UnixMillis};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, TransactionBehavior};

pub(crate) const AUDIT_SCHEMA: &[&str] =
    &["CREATE TABLE test_audit (id INTEGER PRIMARY KEY, line TEXT NOT NULL, trace TEXT NOT NULL)"];

pub(crate) struct SqliteDatabase(Mutex<Connection>);

struct Transaction<'a>(&'a rusqlite::Transaction<'a>);

impl SqliteDatabase {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Connection::open_in_memory().unwrap()))
    }

    pub(crate) fn create(&self, schema: &[&str]) {
        let connection = self.0.lock().unwrap();
        for statement in schema {
            connection.execute_batch(statement).unwrap();
        }
    }

    /// Every stored byte of text and blobs, for searching secrets.
    pub(crate) fn dump(&self, table: &str) -> String {
        let mut text = String::new();
        self.run_transaction(Durability::Process, &mut |sql| {
            text = format!("{:?}", sql.run(&format!("SELECT * FROM {table}"), &[]).unwrap());
            false
        })
        .unwrap();
        text
    }

    pub(crate) fn integer(&self, query: &str) -> i64 {
        let mut result = 0;
        self.run_transaction(Durability::Process, &mut |sql| {
            result = sql.run(query, &[]).unwrap()[0].integer(0).unwrap();
            false
        })
        .unwrap();
        result
    }
}

impl Database for SqliteDatabase {
    fn run_transaction(&self, _: Durability, body: &mut dyn FnMut(&dyn Sql) -> bool) -> Result<(), SqlError> {
        let mut connection = self.0.lock().unwrap();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|_| SqlError::Unavailable)?;
        if body(&Transaction(&transaction)) {
            transaction.commit().map_err(|_| SqlError::Unavailable)
        } else {
            transaction.rollback().map_err(|_| SqlError::Unavailable)
        }
    }
}

impl Sql for Transaction<'_> {
    fn run(&self, statement: &str, parameters: &[SqlValue]) -> Result<Vec<Row>, SqlError> {
        let mut prepared = self.0.prepare(statement).unwrap_or_else(|error| panic!("{error}: {statement}"));
        let columns = prepared.column_count();
        let parameters = parameters.iter().map(|value| match value {
            SqlValue::Null => Value::Null,
            SqlValue::Integer(value) => Value::Integer(*value),
            SqlValue::Text(value) => Value::Text(value.clone()),
            SqlValue::Blob(value) => Value::Blob(value.clone()),
        });
        let mut rows =
            prepared.query(rusqlite::params_from_iter(parameters)).map_err(|_| SqlError::Constraint)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|_| SqlError::Constraint)? {
            let value = |column| match row.get_ref(column).unwrap() {
                ValueRef::Null => SqlValue::Null,
                ValueRef::Integer(value) => SqlValue::Integer(value),
                ValueRef::Text(value) => SqlValue::Text(String::from_utf8(value.to_vec()).unwrap()),
                ValueRef::Blob(value) => SqlValue::Blob(value.to_vec()),
                ValueRef::Real(_) => panic!("no column is REAL"),
            };
            found.push(Row::new((0..columns).map(value).collect()));
        }
        Ok(found)
    }
}

/// Writes records into the transaction it is given.
#[derive(Default)]
pub(crate) struct FakeAudit(AtomicBool);

impl FakeAudit {
    pub(crate) fn fail(&self, fail: bool) {
        self.0.store(fail, Ordering::SeqCst);
    }
}

impl AuditLog for FakeAudit {
    fn append(&self, sql: &dyn Sql, event: &AuditEvent) -> Result<u64, SqlError> {
        if self.0.load(Ordering::SeqCst) {
            return Err(SqlError::Full);
        }
        let line = format!("{} {:?} {}", event.kind.as_str(), event.verdict, event.code);
        let trace = format!("{:?}", event.traces);
        let rows = sql.run(
            "INSERT INTO test_audit (line, trace) VALUES (?1, ?2) RETURNING id",
            &[line.into(), trace.into()],
        )?;
        rows[0].unsigned(0)
    }
}

pub(crate) fn records(database: &SqliteDatabase) -> Vec<String> {
    let mut lines = Vec::new();
    database
        .run_transaction(Durability::Process, &mut |sql| {
            let rows = sql.run("SELECT line FROM test_audit ORDER BY id", &[]).unwrap();
            lines = rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect();
            false
        })
        .unwrap();
    lines
}

#[derive(Default)]
pub(crate) struct FakeRegistry {
    records: Mutex<BTreeMap<ClientId, (String, UnixMillis)>>,
    failure: Mutex<Option<RegistryError>>,
}

impl FakeRegistry {
    pub(crate) fn records(&self) -> Vec<String> {
        self.records.lock().unwrap().values().map(|(record, _)| record.clone()).collect()
    }

    pub(crate) fn fail(&self, failure: Option<RegistryError>) {
        *self.failure.lock().unwrap() = failure;
    }

    fn check(&self) -> Result<(), RegistryError> {
        self.failure.lock().unwrap().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl ClientRegistry for FakeRegistry {
    async fn put(&self, id: &ClientId, metadata: &str, expires: UnixMillis) -> Result<(), RegistryError> {
        self.check()?;
        self.records.lock().unwrap().insert(id.clone(), (metadata.to_owned(), expires));
        Ok(())
    }

    async fn find(&self, id: &ClientId, now: UnixMillis) -> Result<Option<String>, RegistryError> {
        self.check()?;
        let records = self.records.lock().unwrap();
        Ok(records.get(id).filter(|(_, expires)| now < *expires).map(|(record, _)| record.clone()))
    }

    async fn delete(&self, id: &ClientId) -> Result<(), RegistryError> {
        self.check()?;
        self.records.lock().unwrap().remove(id);
        Ok(())
    }
}

pub(crate) struct FakeDirectory {
    quota: AtomicU64,
    counted: AtomicU64,
    pins: Mutex<BTreeMap<(TenantId, Oid), CellId>>,
}

impl Default for FakeDirectory {
    fn default() -> Self {
        Self { quota: AtomicU64::new(100), counted: AtomicU64::new(0), pins: Mutex::default() }
    }
}

impl FakeDirectory {
    pub(crate) fn set_quota(&self, quota: u64) {
        self.quota.store(quota, Ordering::SeqCst);
    }

    pub(crate) fn pin(&self, cell: CellId, tenant: TenantId, oid: Oid) {
        self.pins.lock().unwrap().insert((tenant, oid), cell);
    }
}

#[async_trait]
impl Directory for FakeDirectory {
    async fn pin_microsoft(
        &self,
        person: &KnownPerson,
        tenant: TenantId,
        oid: Oid,
    ) -> Result<PinOutcome, DirectoryError> {
        let cell = &person.cell;
        let mut pins = self.pins.lock().unwrap();
        if pins.iter().any(|(account, owner)| owner == cell && *account != (tenant, oid)) {
            return Ok(PinOutcome::OtherAccount);
        }
        let owner = pins.entry((tenant, oid)).or_insert_with(|| cell.clone());
        Ok(if owner == cell { PinOutcome::Pinned } else { PinOutcome::TakenByAnother })
    }

    async fn count_registration(
        &self,
        _: UnixMillis,
        _: UnixMillis,
        _: Option<m365_ports::PerimeterRecord>,
    ) -> Result<RegistrationOutcome, DirectoryError> {
        if self.counted.load(Ordering::SeqCst) >= self.quota.load(Ordering::SeqCst) {
            return Ok(RegistrationOutcome::QuotaReached);
        }
        self.counted.fetch_add(1, Ordering::SeqCst);
        Ok(RegistrationOutcome::Counted)
    }

    async fn find_people(&self, _: &str) -> Result<Vec<KnownPerson>, DirectoryError> {
        Ok(Vec::new())
    }

    async fn cells(&self, _: Option<&CellId>, _: u64) -> Result<Vec<CellId>, DirectoryError> {
        Ok(Vec::new())
    }

    async fn issue(&self, _: IssuedOrder) -> Result<u64, DirectoryError> {
        Err(DirectoryError::Unavailable)
    }

    async fn standing(&self, _: &CellId, after: Option<u64>) -> Result<Standing, DirectoryError> {
        Ok(Standing { orders: Vec::new(), upto: after.unwrap_or(0), more: false, mark: None })
    }

    async fn note_high_water(&self, _: HighWater) -> Result<(), DirectoryError> {
        Ok(())
    }

    async fn high_water(&self, _: &CellId) -> Result<Option<HighWater>, DirectoryError> {
        Ok(None)
    }

    async fn record_perimeter(&self, _: PerimeterRecord) -> Result<(), DirectoryError> {
        Ok(())
    }

    async fn sight_policy(
        &self,
        _: &PolicySighting,
        _: UnixMillis,
    ) -> Result<PolicyStanding, DirectoryError> {
        Err(DirectoryError::Unavailable)
    }

    async fn policy_told(&self, _: u64) -> Result<(), DirectoryError> {
        Err(DirectoryError::Unavailable)
    }
}
