//! Cells in memory: which exist is what a test looks at.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use m365_app::{CELL_SCHEMA, Cell, Core};
use m365_ports::{Alarm, CellAccess, CellError, CellTransport, ClientRegistry, RegistryError};
use m365_types::{CellId, ClientId, UnixMillis};

use super::database::MemoryDatabase;

/// The databases of all cells, shared by the servers of one world.
pub(crate) type CellDatabases = Mutex<BTreeMap<CellId, Arc<MemoryDatabase>>>;

/// The cells of one server.
pub(crate) struct MemoryCells {
    core: Arc<Core>,
    databases: Arc<CellDatabases>,
    awake: Mutex<BTreeMap<CellId, Arc<Cell>>>,
    alarm: Arc<SharedAlarm>,
}

/// One alarm for all cells: the earliest moment any of them asked for.
#[derive(Default)]
pub(crate) struct SharedAlarm(Mutex<Option<UnixMillis>>);

impl SharedAlarm {
    fn take(&self, now: UnixMillis) -> bool {
        self.0.lock().unwrap().take_if(|at| *at <= now).is_some()
    }
}

impl Alarm for SharedAlarm {
    fn ring_at(&self, at: UnixMillis) {
        let mut pending = self.0.lock().unwrap();
        *pending = Some(pending.map_or(at, |earlier| earlier.min(at)));
    }
}

impl MemoryCells {
    pub(crate) fn new(core: Arc<Core>, databases: Arc<CellDatabases>) -> Self {
        Self { core, databases, awake: Mutex::default(), alarm: Arc::default() }
    }

    fn cell(&self, id: &CellId, access: CellAccess) -> Result<Arc<Cell>, CellError> {
        let mut databases = self.databases.lock().unwrap();
        if access == CellAccess::Existing && !databases.contains_key(id) {
            return Err(CellError::Absent);
        }
        let schema: Vec<&str> =
            CELL_SCHEMA.iter().flat_map(|statements| statements().iter().copied()).collect();
        let database =
            databases.entry(id.clone()).or_insert_with(|| Arc::new(MemoryDatabase::new(&schema))).clone();
        let mut awake = self.awake.lock().unwrap();
        let cell = awake.entry(id.clone()).or_insert_with(|| {
            Cell::wake(self.core.clone(), id.clone(), database, self.alarm.clone()).unwrap()
        });
        Ok(cell.clone())
    }

    /// Rings every awake cell if the moment that any of them asked for has come, and tells whether it had.
    pub(crate) async fn ring_if_due(&self, now: UnixMillis) -> bool {
        if !self.alarm.take(now) {
            return false;
        }
        let awake: Vec<Arc<Cell>> = self.awake.lock().unwrap().values().cloned().collect();
        for cell in awake {
            cell.ring().await;
        }
        true
    }
}

#[async_trait]
impl CellTransport for MemoryCells {
    async fn send(
        &self,
        cell: &CellId,
        access: CellAccess,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<UnsyncBoxBody<Bytes, Infallible>>, CellError> {
        let cell = self.cell(cell, access)?;
        Ok(cell.handle(request).await)
    }
}

/// Registered clients in memory.
#[derive(Default)]
pub(crate) struct MemoryRegistry(Mutex<BTreeMap<ClientId, (String, UnixMillis)>>);

#[async_trait]
impl ClientRegistry for MemoryRegistry {
    async fn put(&self, id: &ClientId, metadata: &str, expires: UnixMillis) -> Result<(), RegistryError> {
        self.0.lock().unwrap().insert(id.clone(), (metadata.to_owned(), expires));
        Ok(())
    }

    async fn find(&self, id: &ClientId, now: UnixMillis) -> Result<Option<String>, RegistryError> {
        let clients = self.0.lock().unwrap();
        Ok(clients.get(id).filter(|(_, expires)| now < *expires).map(|(metadata, _)| metadata.clone()))
    }

    async fn delete(&self, id: &ClientId) -> Result<(), RegistryError> {
        self.0.lock().unwrap().remove(id);
        Ok(())
    }
}
