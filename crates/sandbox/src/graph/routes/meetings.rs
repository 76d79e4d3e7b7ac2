//! The rows of online meetings and transcripts.

use super::super::errors::Workload;
use super::super::meetings;
use super::{Route, row};

pub(super) static ROWS: [Route; 1] = [row(
    "POST",
    "/me/onlineMeetings",
    meetings::create,
    Workload::Teams,
    "onlineMeeting",
    &[],
    &["OnlineMeetings.ReadWrite"],
)];
