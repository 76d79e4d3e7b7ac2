//! Teams meetings and their transcripts.
//!
//! Source: Graph `onlineMeeting` and `callTranscript` resources.

pub(crate) mod create;

use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Scope};

use crate::action::{Action, Output};

/// The rows of this family, in the order clients see them.
pub(crate) static ROWS: [Action; 1] = [Action {
    spec: ActionSpec {
        name: "createTeamsMeeting",
        kind: ActionKind::Tool,
        title: "Create Teams meeting",
        summary: "Create Teams meeting",
        effect: Effect::Write,
        scopes: &[Scope::OnlineMeetingsReadWrite],
        further_scopes: &[],
        calls: &[Call::post("/me/onlineMeetings")],
        untrusted: false,
        audit: AuditKind::MeetingWrite,
    },
    paged: false,
    params: &[&create::SUBJECT, &create::START_TIME, &create::END_TIME, &create::ATTENDEES],
    output: Output::One(&["id", "joinWebUrl", "startDateTime", "endDateTime"]),
    parse: create::create_teams_meeting,
}];
