//! The policy set on this machine: what `POLICY_DIR` names, or the set that ships. What a deployment elsewhere has in
//! force is in its log and in its records.

use std::path::Path;

use m365_app::policy::m365_policy::{Frame, Policies, PolicyBundle};
use m365_app::policy::rows;
use m365_types::{InternalDomains, Profile, Toolset};

use super::report::{Report, Unmet};
use super::table::POLICY;
use crate::environment::Environment;
use crate::ports::policy::read_bundle;

/// Loads the set as `serve` would.
pub(super) fn examine(report: &mut Report) {
    let folder = Environment::variable("POLICY_DIR").filter(|folder| !folder.is_empty());
    report.record(&POLICY, verdict(folder.as_deref().map(Path::new)).map_err(Unmet::Failed));
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
}
