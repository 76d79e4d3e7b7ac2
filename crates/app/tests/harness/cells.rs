//! Cells in memory: which exist is what a test looks at.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use m365_app::{CELL_SCHEMA, Cell, Core};
use m365_ports::{CellAccess, CellError, CellTransport, ClientRegistry, RegistryError};
use m365_types::{CellId, ClientId, UnixMillis};

use super::database::MemoryDatabase;

/// The databases of all cells, shared by the servers of one world.
pub(crate) type CellDatabases = Mutex<BTreeMap<CellId, Arc<MemoryDatabase>>>;

/// The cells of one server.
pub(crate) struct MemoryCells {
    core: Arc<Core>,
    databases: Arc<CellDatabases>,
    awake: Mutex<BTreeMap<CellId, Arc<Cell>>>,
}

impl MemoryCells {
    pub(crate) fn new(core: Arc<Core>, databases: Arc<CellDatabases>) -> Self {
        Self { core, databases, awake: Mutex::default() }
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
        let cell = awake
            .entry(id.clone())
            .or_insert_with(|| Cell::wake(self.core.clone(), id.clone(), database).unwrap());
        Ok(cell.clone())
    }
}

#[async_trait]
impl CellTransport for MemoryCells {
    async fn send(
        &self,
        cell: &CellId,
        access: CellAccess,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, CellError> {
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
}
