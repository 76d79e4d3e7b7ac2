//! Cells in this process: one SQLite file per person, opened when asked for, the least used closed first.

use std::collections::HashMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use m365_app::{CELL_SCHEMA, Cell, Core};
use m365_ports::{CellAccess, CellError, CellTransport};
use m365_types::{CellId, UnixMillis};

use super::alarm::PendingAlarm;
use super::sqlite::SqliteDatabase;

/// Open cells of a server; each holds one file handle and two for its journal files.
pub(crate) const OPEN_CELLS: usize = 128;

/// The cells of one data folder.
pub(crate) struct NativeCells {
    core: Arc<Core>,
    folder: PathBuf,
    most_open: usize,
    open: Mutex<OpenCells>,
}

#[derive(Default)]
struct OpenCells {
    by_id: HashMap<CellId, OpenCell>,
    turn: u64,
}

struct OpenCell {
    cell: Arc<Cell>,
    alarm: Arc<PendingAlarm>,
    used: u64,
}

impl NativeCells {
    /// Cells as files in `folder`, which must exist; `most_open` of them stay open, and beyond that those in use.
    pub(crate) fn new(core: Arc<Core>, folder: PathBuf, most_open: usize) -> Self {
        Self { core, folder, most_open, open: Mutex::default() }
    }

    /// Where a cell's file is, and whether it is there.
    pub(crate) fn file(folder: &Path, id: &CellId) -> PathBuf {
        folder.join(format!("{id}.sqlite"))
    }

    /// The cell, opened if need be. One thread opens at a time, so a cell is never open twice.
    fn cell(&self, id: &CellId, access: CellAccess) -> Result<Arc<Cell>, CellError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.turn += 1;
        let turn = open.turn;
        if let Some(found) = open.by_id.get_mut(id) {
            found.used = turn;
            return Ok(found.cell.clone());
        }
        let file = Self::file(&self.folder, id);
        if access == CellAccess::Existing && !file.exists() {
            return Err(CellError::Absent);
        }
        let schema: Vec<&str> =
            CELL_SCHEMA.iter().flat_map(|statements| statements().iter().copied()).collect();
        let unavailable = |error| {
            tracing::error!(cell = %id, %error, "a cell could not be opened");
            CellError::Unavailable
        };
        let database = SqliteDatabase::open(&file, &schema).map_err(unavailable)?;
        // Alarms are not stored: a cell that is opened may have missed one, so it rings at once.
        let alarm = Arc::new(PendingAlarm::due_at_once());
        let cell = Cell::wake(self.core.clone(), id.clone(), Arc::new(database), alarm.clone())
            .map_err(unavailable)?;
        open.make_room(self.most_open);
        open.by_id.insert(id.clone(), OpenCell { cell: cell.clone(), alarm, used: turn });
        Ok(cell)
    }

    /// Ends the streams that clients keep open, so that the server can stop.
    pub(crate) fn end_streams(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.by_id.values().for_each(|open| open.cell.end_streams());
    }

    /// Rings the open cells whose alarm is due, one after the other.
    pub(crate) async fn ring_due(&self, now: UnixMillis) {
        let due: Vec<Arc<Cell>> = {
            let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.by_id.values().filter(|open| open.alarm.take(now)).map(|open| open.cell.clone()).collect()
        };
        for cell in due {
            cell.ring().await;
        }
    }
}

impl OpenCells {
    /// Forgets the least used cell that nothing is using: a call under way keeps its cell the only one on its file.
    fn make_room(&mut self, most_open: usize) {
        if self.by_id.len() < most_open {
            return;
        }
        let idle = self.by_id.iter().filter(|(_, open)| Arc::strong_count(&open.cell) == 1);
        if let Some(id) = idle.min_by_key(|(_, open)| open.used).map(|(id, _)| id.clone()) {
            self.by_id.remove(&id);
        }
    }
}

#[async_trait]
impl CellTransport for NativeCells {
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

#[cfg(test)]
#[path = "cells_tests.rs"]
mod tests;
