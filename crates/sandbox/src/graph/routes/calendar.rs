//! The rows of calendars, free and busy times, rooms.

use super::super::call::{Answer, Call};
use super::super::errors::{GraphError, Workload};
use super::super::{availability, calendar, event_changes, invitations, places};
use super::{Route, row};

const CALENDAR_READ: &[&str] = &["Calendars.ReadBasic", "Calendars.Read", "Calendars.ReadWrite"];
const LIST: &[&str] = &["top", "skip", "select", "orderby", "filter", "count"];
const VIEW: &[&str] = &["top", "skip", "select", "orderby", "count", "startdatetime", "enddatetime"];
const SELECT: &[&str] = &["select"];
const WRITE: &[&str] = &["Calendars.ReadWrite"];

const fn action(
    template: &'static str,
    answer: fn(&Call<'_>) -> Result<Answer, GraphError>,
    scopes: &'static [&'static str],
) -> Route {
    row("POST", template, answer, Workload::Exchange, "event", &[], scopes)
}

pub(super) static ROWS: [Route; 13] = [
    row("GET", "/me/calendarView", calendar::view, Workload::Exchange, "event", VIEW, CALENDAR_READ)
        .or_mailbox(),
    row(
        "GET",
        "/me/calendars",
        calendar::calendars,
        Workload::Exchange,
        "calendar",
        LIST,
        &["Calendars.ReadBasic", "Calendars.Read", "Calendars.ReadWrite", "Calendars.Read.Shared"],
    )
    .or_mailbox(),
    row("GET", "/me/events", calendar::events, Workload::Exchange, "event", LIST, CALENDAR_READ).or_mailbox(),
    row("POST", "/me/events", calendar::create, Workload::Exchange, "event", &[], &["Calendars.ReadWrite"])
        .or_mailbox(),
    row("GET", "/me/events/{id}", calendar::event, Workload::Exchange, "event", SELECT, CALENDAR_READ)
        .or_mailbox(),
    row("PATCH", "/me/events/{id}", event_changes::update, Workload::Exchange, "event", &[], WRITE)
        .or_mailbox(),
    action("/me/events/{id}/accept", invitations::accept, WRITE).or_mailbox(),
    action("/me/events/{id}/tentativelyAccept", invitations::accept_tentatively, WRITE).or_mailbox(),
    action("/me/events/{id}/decline", invitations::decline, WRITE).or_mailbox(),
    action("/me/events/{id}/cancel", invitations::cancel, WRITE).or_mailbox(),
    action(
        "/me/findMeetingTimes",
        availability::suggest,
        &["Calendars.Read.Shared", "Calendars.ReadWrite.Shared"],
    ),
    action("/me/calendar/getSchedule", availability::schedules, CALENDAR_READ),
    row(
        "GET",
        "/places/microsoft.graph.room",
        places::rooms,
        Workload::Exchange,
        "room",
        LIST,
        &["Place.Read.All", "Place.ReadWrite.All"],
    ),
];
