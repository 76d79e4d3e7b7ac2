//! The newest records of a person, in words: one line per call or event.
//!
//! A call leaves two records, before and after; the one before is shown only where there is none after.

use std::collections::{BTreeMap, BTreeSet};

use m365_journal::{Entry, Phase, Record};
use m365_ports::Verdict;
use m365_types::{AuditKind, ClientId, Stage, UnixMillis};
use maud::{Markup, html};

use super::moment::moment;

/// Lines that the page shows at most.
const LINES_SHOWN: usize = 20;
/// Records that hold as many lines for certain: a call leaves two.
pub(crate) const RECORDS_NEEDED: u32 = 40;

/// What is told of a call that only found out what it would do, whatever that is.
const LOOKED: &str = "What a call would do was looked up. Nothing was done by that.";

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Activity {
    at: UnixMillis,
    /// What it was, a sentence to the person.
    what: &'static str,
    /// Tool or resource, where it was a call.
    tool: Option<String>,
    application: Option<String>,
    result: &'static str,
    /// Fixed word for why it did not end well.
    code: Option<String>,
    /// What an operator gave as reason.
    reason: Option<String>,
}

/// The lines of these records, which are the newest, oldest first; the lines come newest first. `names` are those of
/// the clients that are known.
pub(crate) fn activities(entries: &[Entry], names: &BTreeMap<ClientId, String>) -> Vec<Activity> {
    let mut finished = BTreeSet::new();
    let mut lines = Vec::new();
    for entry in entries.iter().rev() {
        let Ok(record) = serde_json::from_str::<Record<'_>>(&entry.record) else {
            tracing::error!(sequence = entry.sequence, "a stored record is not one");
            continue;
        };
        finished.extend(record.intent);
        if record.phase == Phase::Intent && finished.contains(&entry.sequence) {
            continue;
        }
        lines.push(line(entry.at, &record, names));
        if lines.len() == LINES_SHOWN {
            break;
        }
    }
    lines
}

fn line(at: UnixMillis, record: &Record<'_>, names: &BTreeMap<ClientId, String>) -> Activity {
    let result = match (record.phase, record.verdict) {
        (Phase::Intent, _) => "Under way",
        (_, Some(Verdict::Done) | None) => "Done",
        (_, Some(Verdict::Denied)) => "Refused",
        (_, Some(Verdict::Failed)) => "Failed",
        (_, Some(Verdict::Unknown)) => "Not known whether it was done",
    };
    let went_well = matches!(result, "Done" | "Under way");
    let unknown = || "an application that is no longer known".to_owned();
    Activity {
        at,
        what: match record.stage {
            Some(Stage::Look) => LOOKED,
            Some(Stage::Act) | None => told(record.kind, record.code.as_deref().unwrap_or_default()),
        },
        tool: record.tool.as_ref().map(|tool| tool.clone().into_owned()),
        application: record.client.as_ref().map(|id| names.get(id.as_ref()).cloned().unwrap_or_else(unknown)),
        result,
        code: record.code.as_ref().filter(|_| !went_well).map(|code| code.clone().into_owned()),
        reason: record.operator.as_ref().map(|note| note.reason.to_string()),
    }
}

/// What a record is about, told to the person it is about. `code` parts what the kind holds together.
fn told(kind: AuditKind, code: &str) -> &'static str {
    match (kind, code) {
        (AuditKind::ApprovalAnswered, _) => told_of_answer(code),
        (AuditKind::ApprovalAsked, _) => "You were asked whether a call may happen.",
        (AuditKind::AuthorizeRefused, _) => "An application asked in a way that was refused.",
        (AuditKind::AvailabilityRead, _) => "When people are free was looked up.",
        (AuditKind::CalendarCancel, _) => "An event was cancelled, and those invited were told.",
        (AuditKind::CalendarRead, _) => "Your calendar was read.",
        (AuditKind::CalendarSend, _) => "An event was created in your calendar, which may invite people.",
        (AuditKind::ChannelRead, _) => "Messages of a Teams channel were read.",
        (AuditKind::ChannelSend, _) => "A message was posted to a Teams channel as you.",
        (AuditKind::ChannelsRead, _) => "The channels of a team were listed.",
        (AuditKind::ChatRead, _) => "Your chats were read.",
        (AuditKind::ChatSend, _) => "A chat was opened, or a message sent to one, as you.",
        (AuditKind::ClientRegistered, _) => "An application registered itself.",
        (AuditKind::ConsentDenied, _) => "You did not allow an application.",
        (AuditKind::ConsentGiven, "remembered") => {
            "An application came back without asking, as you had wished."
        }
        (AuditKind::ConsentGiven, "sign_in_next") => "You allowed an application and went on to Microsoft.",
        (AuditKind::ConsentGiven, _) => "An application got the access that you allowed.",
        (AuditKind::DirectoryRead, _) => "People or groups of your organisation were looked up.",
        (AuditKind::FilesRead, _) => "Your files were listed or read.",
        (AuditKind::FilesShare, _) => "A link to a file was made as you.",
        (AuditKind::FilesWrite, _) => "A file was created or replaced as you.",
        (AuditKind::GrantRevoked, _) => told_of_end(code),
        (AuditKind::LabelsCleared, _) => "You cleared what stood against your assistant's calls.",
        (AuditKind::MailRead, _) => "Your mail was read.",
        (AuditKind::MailSend, _) => "Mail was sent as you.",
        (AuditKind::MailTrash, _) => "Mail of yours was moved to the deleted items.",
        (AuditKind::MailWrite, _) => "Mail of yours was changed: a draft, a folder or a flag.",
        (AuditKind::MailboxRead, _) => "The settings of your mailbox were read.",
        (AuditKind::MailboxSend, _) => "Your automatic replies were changed.",
        (AuditKind::MeetingRead, _) => "A Teams meeting of yours was looked up.",
        (AuditKind::MeetingWrite, _) => "A Teams meeting was created as you.",
        (AuditKind::MicrosoftLinked, _) => "Your Microsoft account was connected.",
        (AuditKind::MicrosoftRefreshed, _) => "The Microsoft sign-in was renewed.",
        (AuditKind::MicrosoftRefused, _) => "Microsoft refused a sign-in.",
        (AuditKind::OperatorKill, _) => "An operator ended sessions.",
        (AuditKind::OperatorReadmit, _) => "An operator let your data, restored from a copy, be used again.",
        (AuditKind::OperatorUnpin, _) => "An operator removed the link to your Microsoft account.",
        (AuditKind::OperatorVisit, _) => "An operator had stored secrets sealed again.",
        (AuditKind::PeopleRead, _) => "The people you work with were listed.",
        (AuditKind::PlacesRead, _) => "The rooms of your organisation were listed.",
        (AuditKind::PolicyChanged, _) => "The rules of your organisation for this server changed.",
        (AuditKind::PolicyRefused, _) => "New rules were not taken; those before stay in force.",
        (AuditKind::PresenceRead, _) => "Who is available was looked up.",
        (AuditKind::ProfileRead, _) => "Your profile was read.",
        (AuditKind::RequestRefused, _) => "A request was refused.",
        (AuditKind::SearchRead, _) => "Your mail, files and chats were searched.",
        (AuditKind::SessionRead, _) => "The state of your sign-in was asked for.",
        (AuditKind::SitesRead, _) => "SharePoint sites or lists were read.",
        (AuditKind::TasksRead, _) => "Your tasks were listed.",
        (AuditKind::TasksWrite, _) => "A task was created or changed.",
        (AuditKind::TeamsRead, _) => "The teams you are in were listed.",
        (AuditKind::TokenIssued, _) => "An application began its access.",
        (AuditKind::TokenRefreshed, _) => "An application renewed its access.",
        (AuditKind::TokenReused, _) => "A used key was presented again, so its access was ended.",
        (AuditKind::TranscriptRead, _) => "Transcripts of a meeting were read.",
        (AuditKind::WebhookUndelivered, _) => "Your organisation could not be told of an event here.",
    }
}

fn told_of_answer(code: &str) -> &'static str {
    match code {
        "approved" => "A call that waited was approved.",
        "second_person" => "You answered for somebody else as a second person.",
        _ => "A call that waited was denied.",
    }
}

fn told_of_end(code: &str) -> &'static str {
    match code {
        "authorized_again" => "Earlier access ended, because you allowed it anew.",
        "by_client" => "An application gave up its access.",
        "by_person" => "You ended the access of an application.",
        "microsoft_sign_out" => "You signed out of Microsoft.",
        _ => "Access of an application ended.",
    }
}

/// The lines as a list, which reads well at any width.
pub(super) fn list(activities: &[Activity]) -> Markup {
    html! {
        @if activities.is_empty() {
            p .soft { "Nothing has been recorded yet." }
        } @else {
            ol .activity {
                @for activity in activities {
                    li {
                        p .what {
                            (activity.what)
                            @if let Some(tool) = &activity.tool { " " code { (tool) } }
                        }
                        p .result {
                            strong { (activity.result) }
                            @if let Some(code) = &activity.code { " " code { (code) } }
                        }
                        p .note {
                            (moment(activity.at))
                            @if let Some(application) = &activity.application { " · " bdi { (application) } }
                        }
                        @if let Some(reason) = &activity.reason {
                            p .note { "An operator’s order. Reason given: “" bdi { (reason) } "”" }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn entry(sequence: u64, fields: &Value) -> Entry {
        let mut record = json!({
            "v": 1, "sequence": sequence, "at": "2026-11-22T15:00:00.000Z", "phase": "event", "kind": "mail.read",
            "requestId": "11111111-1111-4111-8111-111111111111", "actor": {}, "policy": "p", "build": "b",
        });
        record.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        Entry {
            sequence,
            record: record.to_string(),
            hash: String::new(),
            at: UnixMillis::from_secs(sequence),
        }
    }

    fn names() -> BTreeMap<ClientId, String> {
        BTreeMap::from([(ClientId::parse("known").unwrap(), "Helper".to_owned())])
    }

    #[test]
    fn a_call_is_one_line_and_one_without_outcome_is_under_way() {
        let call = json!({ "phase": "intent", "tool": "getEmails", "client": "known" });
        let entries = [
            entry(1, &call),
            entry(2, &call),
            entry(
                3,
                &json!({ "phase": "outcome", "intent": 1, "tool": "getEmails", "client": "known", "verdict": "done", "code": "ok" }),
            ),
        ];
        let lines = activities(&entries, &names());
        let told: Vec<_> = lines.iter().map(|line| (line.at.as_millis(), line.result)).collect();
        assert_eq!(told, [(3_000, "Done"), (2_000, "Under way")]);
        assert_eq!(lines[0].application.as_deref(), Some("Helper"));
        assert_eq!((lines[0].tool.as_deref(), lines[0].code.as_deref()), (Some("getEmails"), None));
    }

    #[test]
    fn a_look_to_send_is_not_told_as_a_message() {
        let looked = json!({ "phase": "outcome", "intent": 1, "kind": "mail.send", "tool": "sendEmail", "stage": "look", "verdict": "done", "code": "ok" });
        let sent = json!({ "phase": "outcome", "intent": 3, "kind": "mail.send", "tool": "sendEmail", "verdict": "done", "code": "ok" });
        let lines = activities(&[entry(2, &looked), entry(4, &sent)], &names());
        assert_eq!((lines[0].what, lines[1].what), ("Mail was sent as you.", LOOKED));
    }

    #[test]
    fn what_did_not_end_well_says_why_and_a_client_without_name_is_said_to_be_unknown() {
        let refused =
            json!({ "kind": "consent.denied", "verdict": "denied", "code": "denied", "client": "gone" });
        let lines = activities(&[entry(1, &refused)], &names());
        assert_eq!((lines[0].result, lines[0].code.as_deref()), ("Refused", Some("denied")));
        assert_eq!(lines[0].application.as_deref(), Some("an application that is no longer known"));
    }

    #[test]
    fn the_newest_come_first_and_no_more_than_fit() {
        let entries: Vec<Entry> = (1..=30).map(|at| entry(at, &json!({ "verdict": "done" }))).collect();
        let lines = activities(&entries, &names());
        assert!(lines.len() == LINES_SHOWN && RECORDS_NEEDED as usize == 2 * LINES_SHOWN);
        assert_eq!(lines[0].at, UnixMillis::from_secs(30));
    }

    #[test]
    fn an_operator_s_reason_is_shown_as_text() {
        let note = json!({ "kind": "operator.kill", "verdict": "done",
            "operator": { "operator": "subject", "target": "everyone", "reason": "<b>lost</b> laptop" } });
        let shown = list(&activities(&[entry(1, &note)], &names())).into_string();
        assert!(shown.contains("Reason given: “<bdi>&lt;b&gt;lost&lt;/b&gt; laptop</bdi>”"), "{shown}");
    }
}
