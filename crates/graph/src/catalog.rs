//! The table: everything a client can ask for that may reach Graph, one row each, kept by family beside its handlers.
//!
//! Source: Microsoft Graph permissions reference for scopes. What a row declares is what is enforced: scopes asked of
//! Entra, paths that egress admits, annotations, policy, audit kind.

use crate::action::Action;
use crate::{calendar, completion, files, mail, meetings, people, session, tasks, teams};

static FAMILIES: [&[Action]; 9] = [
    &mail::ROWS,
    &calendar::ROWS,
    &meetings::ROWS,
    &teams::ROWS,
    &people::ROWS,
    &files::ROWS,
    &tasks::ROWS,
    &session::ROWS,
    &completion::ROWS,
];

/// Every row: tools, resources, URI templates, completions; those of a kind in the order clients see them.
pub fn catalog() -> impl Iterator<Item = &'static Action> + Clone {
    FAMILIES.iter().flat_map(|family| family.iter())
}

#[cfg(test)]
#[path = "catalog_properties.rs"]
mod properties;
#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use m365_types::{Effect, Scope};

    use super::*;
    use crate::{find_resource, find_tool};

    /// One row as text; a snapshot of its own, so that a change to a row is a change to one file.
    fn row(action: &Action) -> String {
        let spec = &action.spec;
        let names =
            |scopes: &[Scope]| scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
        let mut text = format!(
            "{}\neffect {}, untrusted {}, audit {}\nscopes {} | {}\n",
            spec.summary,
            spec.effect.as_str(),
            spec.untrusted,
            spec.audit.as_str(),
            names(spec.scopes),
            names(spec.further_scopes),
        );
        for sensitivity in spec.sensitivity {
            writeln!(text, "confidential by {}", sensitivity.as_str()).unwrap();
        }
        for call in spec.calls {
            let (safe, mailbox) =
                (if call.safe { " safe" } else { "" }, if call.mailbox { " or mailbox" } else { "" });
            let method = call.method.as_str();
            writeln!(text, "{method} {} {:?}{safe}{mailbox}", call.template, call.retry).unwrap();
        }
        for schema in [action.input_schema(), action.output_schema()] {
            writeln!(text, "{}", serde_json::to_string_pretty(&schema).unwrap()).unwrap();
        }
        text
    }

    #[test]
    fn every_row_reads_as_it_did() {
        for action in catalog() {
            let name = action.spec.name.replace("://", "-").replace("/{id}", "-one");
            insta::assert_snapshot!(format!("row-{name}"), row(action));
        }
    }

    #[test]
    fn names_are_unique_and_found_only_as_their_kind() {
        for action in catalog() {
            let same = catalog().filter(|other| other.spec.name == action.spec.name).count();
            assert_eq!(same, 1, "{}", action.spec.name);
        }
        assert!(find_tool("getEmails").is_some() && find_resource("getEmails").is_none());
        assert!(find_resource("microsoft://teams").is_some() && find_tool("microsoft://teams").is_none());
        assert!(find_tool("completion://teams").is_none() && find_resource("completion://teams").is_none());
        assert!(find_resource("microsoft://messages/{id}").is_none());
        assert!(find_tool("GETEMAILS").is_none() && find_resource("microsoft://profile/").is_none());
    }

    #[test]
    fn a_paged_row_takes_a_cursor_and_gives_the_next() {
        for action in catalog() {
            let (input, output) = (action.input_schema(), action.output_schema());
            assert_eq!(input["properties"]["cursor"]["type"] == "string", action.is_paged());
            assert_eq!(output["properties"]["nextCursor"]["type"] == "string", action.is_paged());
        }
    }

    #[test]
    fn a_read_makes_safe_calls_only_and_anything_else_one_that_is_not() {
        for Action { spec, .. } in catalog() {
            let changes = spec.calls.iter().any(|call| !call.safe);
            assert_eq!(changes, spec.effect != Effect::Read, "{}", spec.name);
        }
    }

    #[test]
    fn another_mailbox_needs_permissions_of_its_own() {
        for Action { spec, .. } in catalog() {
            let elsewhere = spec.calls.iter().any(|call| call.mailbox);
            let shared = spec.all_scopes().any(|scope| scope.as_str().ends_with(".Shared"));
            assert!(shared || !elsewhere, "{}", spec.name);
        }
    }
}
