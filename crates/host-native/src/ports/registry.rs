//! Registered clients in a SQLite table.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use m365_ports::{ClientRegistry, Durability, RegistryError, Sql, SqlError, transact};
use m365_types::{ClientId, UnixMillis};

use super::sqlite::SqliteDatabase;

const SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS client (id TEXT PRIMARY KEY, metadata TEXT NOT NULL, expires INTEGER NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS client_expires ON client (expires)",
];

/// The registry of one data folder.
#[derive(Clone, Debug)]
pub(crate) struct SqliteRegistry {
    database: Arc<SqliteDatabase>,
}

impl SqliteRegistry {
    /// Opens or creates the registry's file.
    ///
    /// # Errors
    /// [`SqlError`]
    pub(crate) fn open(file: &Path) -> Result<Self, SqlError> {
        Ok(Self { database: Arc::new(SqliteDatabase::open(file, SCHEMA)?) })
    }

    fn transact<T>(
        &self,
        durability: Durability,
        body: impl FnOnce(&dyn Sql) -> Result<T, SqlError>,
    ) -> Result<T, RegistryError> {
        transact(&*self.database, durability, body).map_err(|error| {
            tracing::error!(%error, "the client registry failed");
            RegistryError::Unavailable
        })
    }
}

#[async_trait]
impl ClientRegistry for SqliteRegistry {
    async fn put(&self, id: &ClientId, metadata: &str, expires: UnixMillis) -> Result<(), RegistryError> {
        self.transact(Durability::Full, |sql| {
            let values = [id.as_str().into(), metadata.into(), expires.as_millis().into()];
            sql.run("INSERT OR REPLACE INTO client (id, metadata, expires) VALUES (?1, ?2, ?3)", &values)?;
            Ok(())
        })
    }

    async fn find(&self, id: &ClientId, now: UnixMillis) -> Result<Option<String>, RegistryError> {
        self.transact(Durability::Process, |sql| {
            sql.run("DELETE FROM client WHERE expires <= ?1", &[now.as_millis().into()])?;
            let rows = sql.run("SELECT metadata FROM client WHERE id = ?1", &[id.as_str().into()])?;
            rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()
        })
    }

    async fn delete(&self, id: &ClientId) -> Result<(), RegistryError> {
        self.transact(Durability::Full, |sql| {
            sql.run("DELETE FROM client WHERE id = ?1", &[id.as_str().into()]).map(drop)
        })
    }
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
