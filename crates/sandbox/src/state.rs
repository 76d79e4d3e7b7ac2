//! The state folder: what an estate must remember so that a restart goes unnoticed.
//!
//! One JSON file, mode 0600, written beside itself and renamed into place, so that a crash leaves the old or the
//! new one. In scope: secrets, signing keys, people, consents, session epochs, the clock's offset. Out of scope:
//! mailboxes (they derive from the e-mail address), codes, logs and records.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::access::ServiceToken;
use crate::entropy;
use crate::keys::SavedKeys;
use crate::people::Person;

const FILE: &str = "estate.json";

/// The state folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateFault {
    /// Reading or writing failed.
    #[error("The state file {path} cannot be read or written: check the folder and its permissions.")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is not a state file of this version.
    #[error("The state file {path} is not one of this version: remove it to start afresh.")]
    Format {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: serde_json::Error,
    },
    /// A key in it is none.
    #[error(transparent)]
    Key(#[from] crate::keys::KeyFault),
}

/// The random secrets of an estate.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Secrets {
    /// Client secret of the app registration.
    pub client_secret: String,
    /// AI Gateway token.
    pub gateway_token: String,
    /// Secret of the Access service token.
    pub service_token_secret: String,
    /// HMAC key of Microsoft tokens.
    pub token_key: [u8; 32],
}

impl Secrets {
    /// New random secrets, in the shape of the real ones.
    #[must_use]
    pub fn generate() -> Self {
        Self {
            client_secret: format!("sim8Q~{}", entropy::secret()),
            gateway_token: format!("cfut_{}", entropy::secret()),
            service_token_secret: format!("cfast_{}", entropy::secret()),
            token_key: entropy::bytes(),
        }
    }
}

/// Everything in the state file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Saved {
    /// The secrets.
    pub secrets: Secrets,
    /// The private signing keys.
    pub keys: SavedKeys,
    /// The people.
    pub people: Vec<Person>,
    /// Consented Graph scopes by `oid`.
    pub consents: BTreeMap<String, BTreeSet<String>>,
    /// Session epochs by `oid`.
    pub epochs: BTreeMap<String, u64>,
    /// Service tokens beside the first.
    #[serde(default)]
    pub service_tokens: Vec<ServiceToken>,
    /// Offset of the clock, in milliseconds.
    pub clock_offset_ms: i64,
}

/// The state file; without a folder nothing is kept.
#[derive(Debug, Default)]
pub struct StateFile {
    path: Option<PathBuf>,
}

impl StateFile {
    /// The state file in `dir`, which is created if missing.
    ///
    /// # Errors
    /// [`StateFault::Io`] when the folder cannot be created.
    pub fn in_dir(dir: Option<&Path>) -> Result<Self, StateFault> {
        let Some(dir) = dir else { return Ok(Self::default()) };
        let path = dir.join(FILE);
        match fs::create_dir_all(dir) {
            Ok(()) => Ok(Self { path: Some(path) }),
            Err(source) => Err(StateFault::Io { path, source }),
        }
    }

    /// What was saved; `None` at the first start.
    ///
    /// # Errors
    /// [`StateFault::Io`] and [`StateFault::Format`].
    pub fn load(&self) -> Result<Option<Saved>, StateFault> {
        let Some(path) = &self.path else { return Ok(None) };
        match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|source| StateFault::Format { path: path.clone(), source }),
            Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StateFault::Io { path: path.clone(), source }),
        }
    }

    /// Replaces what was saved.
    ///
    /// # Errors
    /// [`StateFault::Io`] and [`StateFault::Format`].
    pub fn save(&self, saved: &Saved) -> Result<(), StateFault> {
        let Some(path) = &self.path else { return Ok(()) };
        let bytes =
            serde_json::to_vec(saved).map_err(|source| StateFault::Format { path: path.clone(), source })?;
        replace(path, &bytes).map_err(|source| StateFault::Io { path: path.clone(), source })
    }
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("json.new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
