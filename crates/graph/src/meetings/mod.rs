//! Teams meetings and their transcripts.
//!
//! Source: Graph `onlineMeeting` and `callTranscript` resources.

pub(crate) mod create;
mod find;
mod transcripts;
mod vtt;

use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Scope};

use crate::action::{Action, Output};
use crate::standing::MAIL_TIPS;
use crate::zone::{SETTINGS, TIME_ZONE};

/// The rows of this family, in the order clients see them.
pub(crate) static ROWS: [Action; 4] = [
    Action {
        spec: ActionSpec {
            name: "createTeamsMeeting",
            kind: ActionKind::Tool,
            title: "Create Teams meeting",
            summary: "Create Teams meeting",
            effect: Effect::Write,
            scopes: &[Scope::OnlineMeetingsReadWrite],
            further_scopes: &[Scope::MailRead, Scope::MailReadShared, Scope::MailboxSettingsRead],
            calls: &[Call::post("/me/onlineMeetings"), Call::get(SETTINGS), Call::query(MAIL_TIPS)],
            untrusted: false,
            sensitivity: &[],
            audit: AuditKind::MeetingWrite,
        },
        paged: false,
        params: &[&create::SUBJECT, &create::START_TIME, &create::END_TIME, &create::ATTENDEES],
        output: Output::One(&["id", "joinWebUrl", "startDateTime", "endDateTime"]),
        parse: create::create_teams_meeting,
    },
    Action {
        spec: ActionSpec {
            name: "findOnlineMeeting",
            kind: ActionKind::Tool,
            title: "Find online meeting",
            summary: "The Teams meeting behind a join link",
            effect: Effect::Read,
            scopes: &[Scope::OnlineMeetingsRead],
            further_scopes: &[Scope::MailboxSettingsRead],
            calls: &[Call::get("/me/onlineMeetings"), Call::get(SETTINGS)],
            untrusted: true,
            sensitivity: &[],
            audit: AuditKind::MeetingRead,
        },
        paged: false,
        params: &[&find::JOIN_URL, &TIME_ZONE],
        output: Output::One(find::FIELDS),
        parse: find::find_online_meeting,
    },
    Action {
        spec: ActionSpec {
            name: "listTranscripts",
            kind: ActionKind::Tool,
            title: "List transcripts",
            summary: "Transcripts of a Teams meeting, one per occurrence",
            effect: Effect::Read,
            scopes: &[Scope::OnlineMeetingTranscriptReadAll],
            further_scopes: &[Scope::MailboxSettingsRead],
            calls: &[Call::get("/me/onlineMeetings/{meeting}/transcripts"), Call::get(SETTINGS)],
            untrusted: true,
            sensitivity: &[],
            audit: AuditKind::TranscriptRead,
        },
        paged: true,
        params: &[&transcripts::MEETING_ID, &TIME_ZONE],
        output: Output::List { name: "transcripts", item: transcripts::FIELDS },
        parse: transcripts::list_transcripts,
    },
    Action {
        spec: ActionSpec {
            name: "getTranscript",
            kind: ActionKind::Tool,
            title: "Get transcript",
            summary: "What was said in a Teams meeting, by whom and when",
            effect: Effect::Read,
            scopes: &[Scope::OnlineMeetingTranscriptReadAll],
            further_scopes: &[],
            calls: &[Call::get(transcripts::CONTENT)],
            untrusted: true,
            sensitivity: &[],
            audit: AuditKind::TranscriptRead,
        },
        paged: true,
        params: &[&transcripts::MEETING_ID, &transcripts::TRANSCRIPT_ID],
        output: Output::One(&["text", "length"]),
        parse: transcripts::get_transcript,
    },
];
