//! Teams meetings and their transcripts.
//!
//! Source: Graph `onlineMeeting` and `callTranscript` resources.

mod create;
mod find;
mod transcript;
mod transcripts;
mod vtt;

use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Scope};

use crate::action::{Action, Output};
use crate::zone::{SETTINGS, TIME_ZONE};

/// What the rows have in common.
const READ: ActionSpec = ActionSpec {
    name: "",
    kind: ActionKind::Tool,
    title: "",
    summary: "",
    effect: Effect::Read,
    scopes: &[Scope::OnlineMeetingTranscriptReadAll],
    further_scopes: &[Scope::MailboxSettingsRead],
    calls: &[],
    untrusted: true,
    audit: AuditKind::TranscriptRead,
};

/// The rows of this family, in the order clients see them.
pub(crate) static ROWS: [Action; 4] = [
    Action {
        spec: ActionSpec {
            name: "createTeamsMeeting",
            title: "Create Teams meeting",
            summary: "Create Teams meeting",
            effect: Effect::Write,
            scopes: &[Scope::OnlineMeetingsReadWrite],
            calls: &[Call::post("/me/onlineMeetings"), Call::get(SETTINGS)],
            untrusted: false,
            audit: AuditKind::MeetingWrite,
            ..READ
        },
        paged: false,
        params: &[&create::SUBJECT, &create::START_TIME, &create::END_TIME, &create::ATTENDEES],
        output: Output::One(&["id", "joinWebUrl", "startDateTime", "endDateTime"]),
        parse: create::create_teams_meeting,
    },
    Action {
        spec: ActionSpec {
            name: "findOnlineMeeting",
            title: "Find online meeting",
            summary: "The Teams meeting behind a link",
            scopes: &[Scope::OnlineMeetingsRead],
            calls: &[Call::get("/me/onlineMeetings"), Call::get(SETTINGS)],
            audit: AuditKind::MeetingRead,
            ..READ
        },
        paged: false,
        params: &[&find::JOIN_URL, &TIME_ZONE],
        output: Output::List { name: "meetings", item: find::FIELDS },
        parse: find::find_online_meeting,
    },
    Action {
        spec: ActionSpec {
            name: "listTranscripts",
            title: "List transcripts",
            summary: "Transcripts of a Teams meeting",
            calls: &[Call::get("/me/onlineMeetings/{meeting}/transcripts"), Call::get(SETTINGS)],
            ..READ
        },
        paged: true,
        params: &[&transcripts::MEETING, &TIME_ZONE],
        output: Output::List { name: "transcripts", item: transcripts::FIELDS },
        parse: transcripts::list_transcripts,
    },
    Action {
        spec: ActionSpec {
            name: "getTranscript",
            title: "Get transcript",
            summary: "What was said in a Teams meeting, by speaker",
            further_scopes: &[],
            calls: &[Call::get("/me/onlineMeetings/{meeting}/transcripts/{transcript}/content")],
            ..READ
        },
        paged: true,
        params: &[&transcripts::MEETING, &transcript::ID],
        output: Output::List { name: "turns", item: transcript::FIELDS },
        parse: transcript::get_transcript,
    },
];
