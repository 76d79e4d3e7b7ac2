//! Where configuration comes from natively: plain settings from the environment, secrets only from files.
//!
//! A secret `NAME` is read from the file that `NAME_FILE` names, whose mode must keep others out, or from the
//! systemd credentials directory (systemd.exec(5), `LoadCredential=`). A secret in the environment itself is refused:
//! environments are inherited, listed and logged.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use m365_app::config::{ConfigError, FixedSecret, SETTINGS, Source};
use m365_ports::RotatingSecret;
use m365_types::Secret;

/// The process environment.
#[derive(Debug)]
pub(crate) struct Environment;

impl Environment {
    /// One variable.
    #[expect(clippy::disallowed_methods, reason = "the adapter that reads the environment")]
    pub(crate) fn variable(name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    /// Refuses secrets that stand in the environment.
    ///
    /// # Errors
    /// A [`ConfigError`] for the first of them.
    pub(crate) fn refuse_secrets() -> Result<(), ConfigError> {
        match SETTINGS.iter().find(|setting| setting.secret && Self::variable(setting.name).is_some()) {
            Some(setting) => Err(ConfigError {
                name: setting.name,
                problem: format!(
                    "is in the environment, where other programs can read it; put it into a file of mode 0600 and set {}_FILE to its path",
                    setting.name
                ),
            }),
            None => Ok(()),
        }
    }
}

impl Source for Environment {
    fn plain(&self, name: &str) -> Option<String> {
        Self::variable(name)
    }

    fn secret(&self, name: &str) -> Result<Option<Secret<String>>, String> {
        if let Some(path) = secret_file(name) {
            return read_secret(&path).map(Some);
        }
        let credential =
            Self::variable("CREDENTIALS_DIRECTORY").map(|folder| PathBuf::from(folder).join(name));
        match credential.filter(|path| path.exists()) {
            Some(path) => read(&path, CREDENTIAL_FORBIDS).map(Some),
            None => Ok(None),
        }
    }

    fn rotating_secret(&self, name: &str) -> Result<Option<Arc<dyn RotatingSecret>>, String> {
        let Some(path) = secret_file(name) else {
            // The credentials directory is as it was when the service started.
            return Ok(self.secret(name)?.map(FixedSecret::shared));
        };
        Ok(Some(Arc::new(SecretFile(path))))
    }
}

/// Where the environment says that a secret lies.
fn secret_file(name: &str) -> Option<PathBuf> {
    Environment::variable(&format!("{name}_FILE")).map(PathBuf::from)
}

/// A file that is read for every use.
pub(crate) struct SecretFile(pub(crate) PathBuf);

impl RotatingSecret for SecretFile {
    fn current(&self) -> Result<Secret<String>, String> {
        read_secret(&self.0)
    }
}

/// Reads a secret file that only its owner can read.
///
/// # Errors
/// A sentence, without the contents.
pub(crate) fn read_secret(path: &Path) -> Result<Secret<String>, String> {
    read(path, FILE_FORBIDS)
}

/// Mode bits that a secret's file may not have.
const FILE_FORBIDS: u32 = 0o077;
/// The same in the credentials directory: systemd admits the service's user by an access list, whose mask shows as a
/// group that may read; the folder itself is the service's alone.
const CREDENTIAL_FORBIDS: u32 = 0o037;

fn read(path: &Path, forbidden: u32) -> Result<Secret<String>, String> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata =
        fs::metadata(path).map_err(|error| format!("its file cannot be read ({})", error.kind()))?;
    if metadata.permissions().mode() & forbidden != 0 {
        return Err("its file can be read by others; set its mode to 0600".to_owned());
    }
    fs::read_to_string(path)
        .map(Secret::new)
        .map_err(|error| format!("its file cannot be read ({})", error.kind()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("KEY");
        fs::write(&path, "value").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read_secret(&path).unwrap_err().contains("0600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
        assert!(read_secret(&path).unwrap_err().contains("0600"));
        assert_eq!(read(&path, CREDENTIAL_FORBIDS).unwrap().expose(), "value");
        for mode in [0o444, 0o460] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(read(&path, CREDENTIAL_FORBIDS).is_err(), "{mode:o}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read_secret(&path).unwrap().expose(), "value");
        assert!(read_secret(&folder.path().join("absent")).is_err());
    }
}
