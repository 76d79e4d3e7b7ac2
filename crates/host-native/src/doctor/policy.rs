//! The policy set on this machine: what `POLICY_DIR` names, or the set that ships, and what a server on `DATA_DIR` noted
//! of its own. What a deployment elsewhere has in force is in its records.

use std::path::Path;

use m365_app::noted_policy;
use m365_journal::rfc3339;
use m365_ports::{Database, PolicyNote, PolicySighting};

use m365_app::policy::m365_policy::{Frame, Policies, PolicyBundle};
use m365_app::policy::rows;
use m365_types::{InternalDomains, Profile, Toolset};

use super::report::{Report, Unmet};
use super::table::POLICY;
use crate::environment::Environment;
use crate::ports::policy::read_bundle;
use crate::ports::sqlite::SqliteDatabase;
use crate::server::DataDir;

/// Loads the set as `serve` would.
pub(super) fn examine(report: &mut Report) {
    let folder = |name| Environment::variable(name).filter(|folder| !folder.is_empty());
    let (own, data) = (folder("POLICY_DIR"), folder("DATA_DIR"));
    let found = verdict(own.as_deref().map(Path::new)).and_then(|loads| match data {
        None => Ok(loads),
        Some(data) => noted(&DataDir::new(data.into())).map(|noted| loads + &noted),
    });
    report.record(&POLICY, found.map_err(Unmet::Failed));
}

/// What the server on this data folder noted last.
fn noted(data: &DataDir) -> Result<String, String> {
    if !data.directory().exists() {
        return Ok(String::new());
    }
    let database = SqliteDatabase::open_read_only(&data.directory())
        .map_err(|error| format!("the directory in DATA_DIR cannot be read: {error}"))?;
    told(noted_of(&database)?)
}

fn noted_of(database: &dyn Database) -> Result<Option<PolicyNote>, String> {
    noted_policy(database).map_err(|error| format!("the directory in DATA_DIR cannot be read: {error}"))
}

fn told(note: Option<PolicyNote>) -> Result<String, String> {
    let Some(note) = note else { return Ok(String::new()) };
    let since = rfc3339(note.at);
    match note.sighting {
        PolicySighting::InForce { hash, version, .. } => {
            let version = version.map(|version| format!(", version {version}")).unwrap_or_default();
            Ok(format!("; in force on DATA_DIR since {since}: {hash}{version}"))
        }
        PolicySighting::Refused { reason, .. } => Err(format!(
            "the server on DATA_DIR refused a set at {since} ({reason}) and has found no sound one since; the one before stays in force"
        )),
    }
}

fn verdict(folder: Option<&Path>) -> Result<String, String> {
    let (bundle, whose) = match folder {
        None => (PolicyBundle::standard(), "the policies that ship"),
        Some(folder) => {
            (read_bundle(folder).map_err(|error| error.to_string())?, "the policies in POLICY_DIR")
        }
    };
    let frame = Frame { toolset: Toolset::of(Profile::Full), internal: InternalDomains::default() };
    let policies = Policies::load(frame, rows(), bundle).map_err(|errors| {
        format!("a server that runs keeps the set it had, one that starts answers nothing: {errors}")
    })?;
    Ok(format!("{whose}, set {}", policies.bundle_hash()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_set_is_named_and_a_broken_one_is_said() {
        let shipped = PolicyBundle::standard().hash().unwrap();
        assert_eq!(verdict(None).unwrap(), format!("the policies that ship, set {shipped}"));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("own.cedar"), "permit (principal, action, resource);").unwrap();
        assert!(verdict(Some(folder.path())).unwrap_err().contains("own.cedar:1"));
    }

    #[test]
    fn what_a_server_here_refused_is_said_until_it_takes_a_set() {
        let at = m365_types::UnixMillis::from_secs(1_795_000_000);
        let note = |sighting| Some(PolicyNote { at, sighting });
        let refused = PolicySighting::Refused { digest: "d".to_owned(), reason: "invalid".to_owned() };
        let taken = PolicySighting::InForce { hash: "abc".to_owned(), set: "s".to_owned(), version: Some(7) };
        let said = told(note(refused)).unwrap_err();
        assert!(said.contains("(invalid)") && said.contains("2026-11-18"), "{said}");
        let said = told(note(taken)).unwrap();
        assert!(said.contains(": abc, version 7"), "{said}");
        assert_eq!(told(None).unwrap(), "");
    }
}
