//! The policies that ship: they fit the schema that the tool table makes, without a warning, and their cases hold.

use super::Verdict;
use crate::run;
use crate::workspace::Workspace;

/// Runs `policy check` and `policy test` of the program itself, over the real table.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Verdict> {
    let mut findings = Vec::new();
    let mut remark = String::new();
    for command in ["check", "test"] {
        let program =
            ["run", "--quiet", "--locked", "--package", "m365-host-native", "--", "policy", command];
        let captured = run::capture(&mut workspace.cargo(&program))?;
        if captured.success {
            remark.push_str(captured.text.lines().next().unwrap_or_default());
            remark.push(' ');
        } else {
            findings.push(format!("{}\nRepair crates/policy/policies.", captured.text));
        }
    }
    Ok(Verdict { remark, findings })
}
