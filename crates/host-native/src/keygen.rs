//! Fresh keys in files that only their owner can read.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use m365_ports::EntropyExt as _;
use m365_seal::{Key, PolicySigner};
use m365_types::Secret;
use serde_json::json;

use crate::cli::Keygen;
use crate::output;
use crate::ports::entropy::SystemEntropy;

/// The keys a server needs.
pub(crate) const KEY_NAMES: [&str; 3] = ["ENCRYPTION_KEY", "COOKIE_ENCRYPTION_KEY", "COOKIE_SECRET"];
/// The key that policy sets are signed with; not one of the server's.
pub(crate) const POLICY_KEY_NAME: &str = "POLICY_SIGNING_KEY";
/// What webhooks are signed with, where a server has receivers.
pub(crate) const WEBHOOK_SECRET_NAME: &str = "WEBHOOK_SECRET";
/// The keys it may have besides, in the middle of a rotation.
pub(crate) const PREVIOUS_KEY_NAMES: [&str; 3] =
    ["ENCRYPTION_KEY_PREVIOUS", "COOKIE_ENCRYPTION_KEY_PREVIOUS", "COOKIE_SECRET_PREVIOUS"];

/// `m365-mcp keygen`
///
/// # Errors
/// Where the folder cannot be made or a key file exists already.
pub(crate) fn run(arguments: &Keygen) -> anyhow::Result<()> {
    let folder = &arguments.folder;
    if arguments.policy {
        return run_policy(folder, arguments.json);
    }
    write_keys(folder)?;
    for name in KEY_NAMES {
        let path = folder.join(name);
        if arguments.json {
            output::line(&json!({ "name": name, "file": path }).to_string());
        } else {
            output::line(&format!("export {name}_FILE={}", path.display()));
        }
    }
    if !arguments.json {
        output::note(
            "Three fresh keys, readable by you only. Keep a copy in your secret storage: without ENCRYPTION_KEY stored tokens cannot be opened.",
        );
    }
    Ok(())
}

/// The key that policy sets are signed with: its file stays with whoever signs, its public half goes to the Worker.
fn run_policy(folder: &Path, json: bool) -> anyhow::Result<()> {
    let public = write_policy_key(folder)?;
    let path = folder.join(POLICY_KEY_NAME);
    if json {
        let line = json!({ "name": POLICY_KEY_NAME, "file": path, "POLICY_PUBLIC_KEY": public });
        output::line(&line.to_string());
    } else {
        output::line(&format!("POLICY_PUBLIC_KEY={public}"));
        output::note(&format!(
            "The signing key is in {}, readable by you only. It does not belong on the server: whoever has it writes the policy.",
            path.display()
        ));
    }
    Ok(())
}

/// Writes the key and returns its public half; replaces none.
///
/// # Errors
/// As [`run`].
pub(crate) fn write_policy_key(folder: &Path) -> anyhow::Result<String> {
    make_folder(folder)?;
    let key = Key::from_bytes(SystemEntropy.bytes()).encode();
    let signer = PolicySigner::parse(&key).context("the fresh key is no signing key")?;
    write_key(&folder.join(POLICY_KEY_NAME), &key)?;
    Ok(signer.verifier().encode())
}

/// Writes the three keys; replaces none.
///
/// # Errors
/// As [`run`].
pub(crate) fn write_keys(folder: &Path) -> anyhow::Result<()> {
    make_folder(folder)?;
    for name in KEY_NAMES {
        write_key(&folder.join(name), &Key::from_bytes(SystemEntropy.bytes()).encode())?;
    }
    Ok(())
}

/// Writes a secret that webhooks are signed with (Standard Webhooks 1.0, "Signature scheme"); replaces none.
///
/// # Errors
/// As [`run`].
pub(crate) fn write_webhook_secret(folder: &Path) -> anyhow::Result<()> {
    let bytes: [u8; 32] = SystemEntropy.bytes();
    let secret = format!("whsec_{}", STANDARD.encode(bytes));
    write_key(&folder.join(WEBHOOK_SECRET_NAME), &Secret::new(secret))
}

fn make_folder(folder: &Path) -> anyhow::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(folder).with_context(|| format!("cannot make the folder {}", folder.display()))
}

fn write_key(path: &Path, key: &Secret<String>) -> anyhow::Result<()> {
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).with_context(|| {
            format!(
                "cannot write {}; a key is never replaced, so move the old file away first",
                path.display()
            )
        })?;
    file.write_all(key.expose().as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn keys_are_distinct_private_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        write_keys(folder.path()).unwrap();
        let texts: Vec<String> =
            KEY_NAMES.iter().map(|name| fs::read_to_string(folder.path().join(name)).unwrap()).collect();
        assert!(texts.iter().all(|text| Key::parse(&Secret::new(text.clone())).is_ok()));
        assert!(texts[0] != texts[1] && texts[1] != texts[2] && texts[0] != texts[2]);
        let mode = fs::metadata(folder.path().join("COOKIE_SECRET")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(write_keys(folder.path()).is_err());
        assert_eq!(fs::read_to_string(folder.path().join("ENCRYPTION_KEY")).unwrap(), texts[0]);
    }
}
