//! Which credential the server of `demo` has at the simulated Entra.
//!
//! A client secret is the estate's own and needs nothing. A certificate is made and registered at the first start; a
//! federated token is made at every start, because the platform that issues it lives in the estate. Both lie in a file, as
//! they do with `serve`.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use m365_sandbox::estate::Estate;

/// Validity of a certificate that is made here, in days.
const DAYS: u32 = 365;

/// A kind of credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Credential {
    /// MICROSOFT_CLIENT_CERTIFICATE
    Certificate,
    /// MICROSOFT_FEDERATED_TOKEN
    Federated,
    /// MICROSOFT_CLIENT_SECRET
    Secret,
}

/// A secret setting and the file that holds it.
#[derive(Debug)]
pub(crate) struct CredentialFile {
    /// The setting.
    pub(crate) name: &'static str,
    /// Its file.
    pub(crate) path: PathBuf,
}

impl Credential {
    /// Registers the credential at the estate and puts it into a file of this folder; a client secret needs none.
    ///
    /// # Errors
    /// Where the credential cannot be made, or its file cannot be read or written.
    pub(crate) fn arrange(self, estate: &Estate, folder: &Path) -> anyhow::Result<Option<CredentialFile>> {
        let file = |name: &'static str| CredentialFile { name, path: folder.join(name) };
        match self {
            Self::Secret => Ok(None),
            Self::Certificate => {
                let file = file("MICROSOFT_CLIENT_CERTIFICATE");
                if file.path.exists() {
                    let pem = fs::read_to_string(&file.path).context("cannot read the certificate")?;
                    estate.register_certificate(&pem)?;
                } else {
                    write(&file.path, &estate.make_certificate(DAYS)?)?;
                }
                Ok(Some(file))
            }
            Self::Federated => {
                let file = file("MICROSOFT_FEDERATED_TOKEN");
                write(&file.path, &estate.federated_token(&serde_json::Map::new())?)?;
                Ok(Some(file))
            }
        }
    }
}

/// Writes a file that only its owner can read.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let options = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let mut file = options.with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}
