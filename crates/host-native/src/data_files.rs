//! The files of a data folder, for reading beside the server that writes them, whichever host that is.
//!
//! The native host names a cell's file after the cell and keeps `directory.sqlite` beside the folder of the cells. Where
//! a Worker runs in workerd on this machine, each Durable Object has a file named after the object's id (64 hex digits)
//! in the folder of its class, and workerd keeps alarms in a `metadata.sqlite` there. So the name of a file is not
//! relied on: the database says whose it is, and a name that says otherwise is a finding.
//!
//! Both hosts write SQLite in WAL mode under its own file locks, so that reading here waits for nobody and hinders nobody.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use m365_app::cell_named_in;
use m365_ports::{Durability, SqlError, transact};
use m365_types::CellId;

use crate::ports::sqlite::SqliteDatabase;
use crate::server::DataDir;

/// What workerd keeps beside the Durable Objects of a class.
const ALARMS: &str = "metadata.sqlite";
/// Hex digits of a Durable Object's id.
const OBJECT_NAME: usize = 64;

/// What a file among the cells turned out to be.
pub(crate) enum CellFile {
    /// A cell.
    Cell {
        /// Which.
        id: CellId,
        /// Its database.
        database: SqliteDatabase,
    },
    /// A database in which no cell has woken yet.
    Empty,
    /// A file that is not what it should be; its journal proves nothing.
    Misplaced(Misplaced),
}

/// Why a file among the cells is not what it should be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Misplaced {
    /// Name of the file.
    pub(crate) file: String,
    /// The cell in it, where it says one.
    pub(crate) cell: Option<CellId>,
    reason: &'static str,
}

impl fmt::Display for Misplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the file {} {}", self.file, self.reason)
    }
}

/// A server that closes a file takes away what SQLite keeps beside it, and a reader that meets that moment is refused
/// once. A reader that has read holds those files.
const OPEN_TRIES: u32 = 5;

fn opened(file: &Path) -> Result<(SqliteDatabase, Option<CellId>), SqlError> {
    let mut tried = 1;
    loop {
        let open = SqliteDatabase::open_read_only(file)
            .and_then(|database| cell_named_in(&database).map(|cell| (database, cell)));
        match open {
            Err(SqlError::Unavailable) if tried < OPEN_TRIES => tried += 1,
            open => return open,
        }
    }
}

/// Opens the files of the cells one after the other, and remembers which cells it has seen.
#[derive(Default)]
pub(crate) struct CellReader {
    seen: HashSet<CellId>,
}

impl CellReader {
    /// Opens one file for reading.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub(crate) fn open(&mut self, file: &Path) -> anyhow::Result<CellFile> {
        let unreadable = || format!("cannot read {}", file.display());
        let (database, cell) = opened(file).with_context(unreadable)?;
        let misplaced = |cell, reason| {
            let file = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            CellFile::Misplaced(Misplaced { file, cell, reason })
        };
        let Some(id) = cell else {
            let records = has_records(&database).with_context(unreadable)?;
            let reason = "has records and does not say whose they are";
            return Ok(if records { misplaced(None, reason) } else { CellFile::Empty });
        };
        let named = file.file_stem().and_then(|stem| CellId::parse(stem.to_str()?).ok());
        if named.is_some_and(|named| named != id) {
            return Ok(misplaced(Some(id), "is named after another cell than the one in it"));
        }
        if !self.seen.insert(id.clone()) {
            return Ok(misplaced(Some(id), "is not the only one of its cell"));
        }
        Ok(CellFile::Cell { id, database })
    }
}

fn has_records(database: &SqliteDatabase) -> Result<bool, SqlError> {
    let tables =
        transact(database, Durability::Process, |sql| sql.run("SELECT 1 FROM sqlite_master LIMIT 1", &[]))?;
    Ok(!tables.is_empty() && !m365_journal::newest(database, 1)?.is_empty())
}

/// The files of the cells, in the order of their names.
///
/// # Errors
/// Where the folder has none.
pub(crate) fn cell_files(data: &DataDir) -> anyhow::Result<Vec<PathBuf>> {
    let folder = data.cells();
    let mut files =
        databases(&folder).with_context(|| format!("there are no journals under {}", folder.display()))?;
    files.retain(|file| file.file_name().is_none_or(|name| name != ALARMS));
    Ok(files)
}

/// The directory's file.
///
/// # Errors
/// Where there is none, or more than one.
pub(crate) fn directory_file(data: &DataDir) -> anyhow::Result<PathBuf> {
    let native = data.directory();
    let objects = databases(&native.with_extension("")).unwrap_or_default();
    let mut files: Vec<PathBuf> = objects.into_iter().filter(|file| is_object(file)).collect();
    if native.exists() {
        files.push(native.clone());
    }
    match files.as_slice() {
        [file] => Ok(file.clone()),
        [] => bail!("there is no {}: no server has run on this data folder", native.display()),
        _ => bail!(
            "the data folder of {} has more than one directory, so two hosts wrote to it; keep a data folder for each",
            native.display()
        ),
    }
}

fn is_object(file: &Path) -> bool {
    let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    name.len() == OBJECT_NAME && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn databases(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "sqlite"))
        .collect();
    files.sort();
    Ok(files)
}

#[cfg(test)]
#[path = "data_files_tests.rs"]
mod tests;
