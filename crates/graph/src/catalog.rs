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

    /// Rows whose answers hold nothing that somebody else wrote: what they hold. What a call looks at before it acts is shown
    /// to the person alone.
    const OWN_WORDS: [(&str, &str); 23] = [
        ("authenticate", "the state of the person's own sign-in; asks Graph nothing"),
        ("cancelEvent", "what the caller gave"),
        ("createCalendarEvent", "ids, times and links of ids; whom the caller invites"),
        ("createChat", "an id and a link of ids"),
        ("createSharingLink", "a link of ids"),
        ("createTask", "an id, and the title that the caller gave"),
        ("createTeamsMeeting", "ids, times and links of ids"),
        ("findMeetingTimes", "times, and who of those the caller named is not free, in words of ours"),
        ("forwardEmail", "what the caller gave"),
        (
            "getMailboxSettings",
            "the person's own settings; automatic replies are looked at for what others may have put there",
        ),
        ("microsoft://profile", "the person's own, written by them and the organisation's administrators"),
        ("moveEmail", "ids"),
        ("replyEmail", "what the caller gave"),
        ("replyToChannelMessage", "an id and a link of ids"),
        ("respondToEvent", "what the caller gave"),
        ("sendChatMessage", "an id and a link of ids"),
        ("sendDraft", "an id that the caller gave"),
        ("sendEmail", "what the caller gave"),
        ("sendTeamsMessage", "an id and a link of ids"),
        (
            "setAutomaticReplies",
            "what the caller gave; what else is set is looked at for what others may have put there",
        ),
        ("trashEmail", "ids"),
        ("updateEmail", "what the caller gave"),
        ("updateEvent", "an id, times, and how many are invited"),
    ];

    #[test]
    fn what_others_wrote_counts_as_theirs_wherever_an_answer_may_hold_it() {
        let excepted = |name: &str| OWN_WORDS.iter().any(|(known, _)| *known == name);
        for Action { spec, .. } in catalog() {
            assert_eq!(spec.untrusted, !excepted(spec.name), "{}", spec.name);
        }
        assert!(OWN_WORDS.iter().all(|(name, _)| catalog().any(|action| action.spec.name == *name)));
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
