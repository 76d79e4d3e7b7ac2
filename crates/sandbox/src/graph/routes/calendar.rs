//! The rows of calendars, free and busy times, rooms.

use super::super::calendar;
use super::super::errors::Workload;
use super::{Route, row};

const CALENDAR_READ: &[&str] = &["Calendars.ReadBasic", "Calendars.Read", "Calendars.ReadWrite"];
const LIST: &[&str] = &["top", "skip", "select", "orderby", "filter", "count"];
const VIEW: &[&str] = &["top", "skip", "select", "orderby", "count", "startdatetime", "enddatetime"];
const SELECT: &[&str] = &["select"];

pub(super) static ROWS: [Route; 5] = [
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
];
