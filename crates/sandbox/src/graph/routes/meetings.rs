//! The rows of online meetings and transcripts.

use super::super::errors::Workload;
use super::super::{meetings, transcripts};
use super::{Route, row};

const TRANSCRIPTS: &[&str] = &["OnlineMeetingTranscript.Read.All"];

pub(super) static ROWS: [Route; 4] = [
    row(
        "POST",
        "/me/onlineMeetings",
        meetings::create,
        Workload::Teams,
        "onlineMeeting",
        &[],
        &["OnlineMeetings.ReadWrite"],
    ),
    row(
        "GET",
        "/me/onlineMeetings",
        transcripts::find,
        Workload::Teams,
        "onlineMeeting",
        &["filter"],
        &["OnlineMeetings.Read", "OnlineMeetings.ReadWrite"],
    ),
    row(
        "GET",
        "/me/onlineMeetings/{id}/transcripts",
        transcripts::list,
        Workload::Teams,
        "callTranscript",
        &[],
        TRANSCRIPTS,
    ),
    row(
        "GET",
        "/me/onlineMeetings/{id}/transcripts/{id}/content",
        transcripts::content,
        Workload::Teams,
        "callTranscript",
        &[],
        TRANSCRIPTS,
    ),
];
