//! The server over one data folder: ports, core, cells and front put together. What `serve` and `demo` share.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use m365_app::config::Config;
use m365_app::{Core, DIRECTORY_SCHEMA, Front, HostPorts, SqlDirectory};
use m365_ports::{Clock, Timer as _};
use m365_types::UnixMillis;
use tokio::task::JoinHandle;

use crate::ports::background::TokioBackground;
use crate::ports::cells::{NativeCells, OPEN_CELLS};
use crate::ports::documents::ChildReader;
use crate::ports::entropy::SystemEntropy;
use crate::ports::outbound::HyperOutbound;
use crate::ports::policy::PolicyFolder;
use crate::ports::registry::SqliteRegistry;
use crate::ports::signer::RingSigner;
use crate::ports::sqlite::SqliteDatabase;
use crate::ports::timer::TokioTimer;
use crate::ready;

/// Files and folders inside a data folder.
#[derive(Clone, Debug)]
pub(crate) struct DataDir {
    root: PathBuf,
}

impl DataDir {
    /// Names the folder; nothing is touched.
    pub(crate) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Folder of the cells' files.
    pub(crate) fn cells(&self) -> PathBuf {
        self.root.join("cells")
    }

    /// The directory's file.
    pub(crate) fn directory(&self) -> PathBuf {
        self.root.join("directory.sqlite")
    }

    fn registry(&self) -> PathBuf {
        self.root.join("registry.sqlite")
    }

    /// Makes the folders, readable by the owner only, and takes the lock that keeps a second server out.
    ///
    /// # Errors
    /// Where the folder cannot be made or another server runs on it.
    fn claim(&self) -> anyhow::Result<File> {
        use std::os::unix::fs::DirBuilderExt as _;
        // A folder that is there already keeps its mode: it may be somebody's. The files in it are their owner's alone.
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(self.cells())
            .with_context(|| format!("cannot make the data folder {}", self.root.display()))?;
        let lock = File::create(self.root.join("lock")).context("cannot write to the data folder")?;
        if lock.try_lock().is_err() {
            bail!(
                "another server is running on the data folder {}; stop it first, or choose another --data-dir",
                self.root.display()
            );
        }
        Ok(lock)
    }
}

/// A server that is ready to be served.
pub(crate) struct Server {
    /// The front, to be made into a router.
    pub(crate) front: Arc<Front>,
    background: TokioBackground,
    cells: Arc<NativeCells>,
    /// Rings alarms while the server runs.
    ringer: JoinHandle<()>,
    _lock: File,
}

/// How often due alarms are looked for.
const LOOK_FOR_ALARMS_EVERY: Duration = Duration::from_secs(1);

impl Server {
    /// Puts the server together; `policy` is the folder of the operator's own policy set, where there is one.
    ///
    /// # Errors
    /// Where the data folder or the configuration does not work.
    pub(crate) fn assemble(
        config: Config,
        data: &DataDir,
        clock: Arc<dyn Clock>,
        hosts: &[String],
        policy: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        let lock = data.claim()?;
        let directory =
            SqliteDatabase::open(&data.directory(), DIRECTORY_SCHEMA).context("cannot open the directory")?;
        let background = TokioBackground::default();
        let ports = HostPorts {
            background: Arc::new(background.clone()),
            clock: clock.clone(),
            directory: Arc::new(SqlDirectory::new(Arc::new(directory))),
            entropy: Arc::new(SystemEntropy),
            outbound: Arc::new(HyperOutbound::new()),
            registry: Arc::new(
                SqliteRegistry::open(&data.registry()).context("cannot open the client registry")?,
            ),
            signer: Arc::new(RingSigner),
            documents: Arc::new(ChildReader::new()),
            policy: policy.map(|folder| Arc::new(PolicyFolder::new(folder)) as _),
            timer: Arc::new(TokioTimer),
        };
        let core = Core::new(config, ports)?;
        let cells = Arc::new(NativeCells::new(core.clone(), data.cells(), OPEN_CELLS));
        let ringer = tokio::spawn(ring_alarms(cells.clone(), clock));
        Ok(Self { front: Front::new(core, cells.clone(), hosts), background, cells, ringer, _lock: lock })
    }

    /// Completes when the process is asked to stop, and then ends what clients keep open: a drain would wait for it.
    pub(crate) async fn stop_asked(&self) {
        drop(ready::stop_asked().await);
        self.cells.end_streams();
    }

    /// Waits for calls that outlived their clients, then rings every pending alarm, since none survives the process.
    pub(crate) async fn drain(self) {
        self.background.drained().await;
        self.ringer.abort();
        self.cells.ring_due(UnixMillis::from_millis(u64::MAX)).await;
    }
}

async fn ring_alarms(cells: Arc<NativeCells>, clock: Arc<dyn Clock>) {
    loop {
        TokioTimer.sleep(LOOK_FOR_ALARMS_EVERY).await;
        cells.ring_due(clock.now()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_second_server_on_a_data_folder_is_refused_and_a_later_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::new(folder.path().join("data"));
        let first = data.claim().unwrap();
        let refused = data.claim().unwrap_err().to_string();
        assert_eq!(
            refused,
            format!(
                "another server is running on the data folder {}; stop it first, or choose another --data-dir",
                folder.path().join("data").display()
            )
        );
        let elsewhere = DataDir::new(folder.path().join("elsewhere"));
        assert!(elsewhere.claim().is_ok());
        drop(first);
        assert!(data.claim().is_ok());
    }

    #[test]
    fn a_claimed_data_folder_is_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("data");
        let _lock = DataDir::new(root.clone()).claim().unwrap();
        assert_eq!(fs::metadata(&root).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(DataDir::new(root).cells().is_dir());
    }
}
