//! The operator's policy set in a folder (`POLICY_DIR`): `*.cedar`, and `dlp.json` and `limits.json` where they are.
//!
//! Consistency: every read is of the whole folder as it is then; a set that is caught half written does not load, or is
//! replaced at the next read. Replace files by renaming finished ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use m365_app::policy::m365_policy::{BUNDLE_BYTES_MAX, POLICY_FILES_MAX, PolicyBundle};
use m365_ports::{PolicyDocument, PolicySource, PolicySourceError};
use serde_json::Value;

/// How soon a change is noticed.
const INTERVAL: Duration = Duration::from_secs(2);

/// A folder of policies.
#[derive(Clone, Debug)]
pub(crate) struct PolicyFolder(PathBuf);

impl PolicyFolder {
    /// Names the folder; nothing is touched.
    pub(crate) const fn new(folder: PathBuf) -> Self {
        Self(folder)
    }
}

#[async_trait]
impl PolicySource for PolicyFolder {
    async fn read(&self) -> Result<Option<PolicyDocument>, PolicySourceError> {
        let folder = self.0.clone();
        let read = tokio::task::spawn_blocking(move || read_bundle(&folder)).await;
        let bundle = read.map_err(|_| PolicySourceError::Unavailable("reading it broke".to_owned()))??;
        let json = serde_json::to_vec(&bundle).map_err(|error| malformed(&self.0, &error))?;
        Ok(Some(PolicyDocument::Plain(json.into())))
    }

    fn is_signed(&self) -> bool {
        false
    }

    fn interval(&self) -> Duration {
        INTERVAL
    }
}

/// The set in a folder, or in one file of policies.
///
/// # Errors
/// Where it cannot be read, is too large, or has no policy in it: an empty folder is a mistake, not a policy.
pub(crate) fn read_bundle(path: &Path) -> Result<PolicyBundle, PolicySourceError> {
    let mut bundle = PolicyBundle::default();
    let files = if path.is_dir() { listed(path)? } else { vec![path.to_owned()] };
    let mut room = BUNDLE_BYTES_MAX as u64;
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let size = fs::metadata(&file).map_err(|error| unreadable(&file, &error))?.len();
        room = room.checked_sub(size).ok_or_else(|| {
            PolicySourceError::Malformed(format!(
                "{} holds more than {BUNDLE_BYTES_MAX} bytes of policy",
                path.display()
            ))
        })?;
        let text = fs::read_to_string(&file).map_err(|error| unreadable(&file, &error))?;
        match name.as_str() {
            "dlp.json" => bundle.dlp = Some(json(&file, &text)?),
            "limits.json" => bundle.limits = Some(json(&file, &text)?),
            _ => drop(bundle.policies.insert(name, text)),
        }
    }
    if bundle.policies.is_empty() {
        return Err(PolicySourceError::Malformed(format!("{} holds no file `*.cedar`", path.display())));
    }
    Ok(bundle)
}

/// What of a folder is policy, in alphabetical order.
fn listed(folder: &Path) -> Result<Vec<PathBuf>, PolicySourceError> {
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let is_policy = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let cedar = path.extension().is_some_and(|extension| extension == "cedar");
        !name.starts_with('.') && (cedar || matches!(name, "dlp.json" | "limits.json"))
    };
    let mut files = Vec::new();
    for entry in entries {
        // A file that is left out may be the one that forbids.
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if is_policy(&path) {
            files.push(path);
        }
    }
    if files.len() > POLICY_FILES_MAX + 2 {
        let problem = format!("{} holds more than {POLICY_FILES_MAX} files of policies", folder.display());
        return Err(PolicySourceError::Malformed(problem));
    }
    files.sort();
    Ok(files)
}

fn json(file: &Path, text: &str) -> Result<Value, PolicySourceError> {
    serde_json::from_str(text).map_err(|error| malformed(file, &error))
}

fn malformed(file: &Path, error: &serde_json::Error) -> PolicySourceError {
    PolicySourceError::Malformed(format!("{} is not JSON: {error}", file.display()))
}

fn unreadable(path: &Path, error: &std::io::Error) -> PolicySourceError {
    PolicySourceError::Unavailable(format!("{}: {}", path.display(), error.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_whole_and_an_empty_one_is_no_policy() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read_bundle(folder.path()), Err(PolicySourceError::Malformed(_))));
        assert!(matches!(read_bundle(&folder.path().join("none")), Err(PolicySourceError::Unavailable(_))));
        for (name, text) in [
            ("b.cedar", "// b"),
            ("a.cedar", "// a"),
            ("notes.txt", "?"),
            (".c.cedar", "?"),
            ("limits.json", "{\"a\":1}"),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let bundle = read_bundle(folder.path()).unwrap();
        assert_eq!(bundle.policies.keys().collect::<Vec<_>>(), ["a.cedar", "b.cedar"]);
        assert!(bundle.dlp.is_none() && bundle.limits.is_some());
        fs::write(folder.path().join("dlp.json"), "{").unwrap();
        assert!(matches!(read_bundle(folder.path()), Err(PolicySourceError::Malformed(_))));
        fs::write(folder.path().join("dlp.json"), vec![b' '; BUNDLE_BYTES_MAX]).unwrap();
        assert!(matches!(read_bundle(folder.path()), Err(PolicySourceError::Malformed(_))));
    }

    #[test]
    fn no_file_of_a_folder_with_too_many_is_left_out_unsaid() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..=POLICY_FILES_MAX {
            fs::write(folder.path().join(format!("{number:03}.cedar")), "// a").unwrap();
        }
        fs::write(folder.path().join("dlp.json"), "{}").unwrap();
        assert_eq!(read_bundle(folder.path()).unwrap().policies.len(), POLICY_FILES_MAX + 1);
        fs::write(folder.path().join("zzz.cedar"), "// the one that forbids").unwrap();
        assert!(matches!(read_bundle(folder.path()), Err(PolicySourceError::Malformed(_))));
    }
}
