//! Calendars: events, invitations, free and busy times, rooms.
//!
//! Source: Graph `event`, `calendar` and `place` resources.

pub(crate) mod event;
pub(crate) mod view;

use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Scope};

use crate::action::{Action, Output};
use crate::excerpt;

/// The rows of this family, in the order clients see them.
pub(crate) static ROWS: [Action; 4] = [
    Action {
        spec: ActionSpec {
            name: "getCalendarEvents",
            kind: ActionKind::Tool,
            title: "Get calendar events",
            summary: "Get calendar events",
            effect: Effect::Read,
            scopes: &[Scope::CalendarsRead],
            further_scopes: &[],
            calls: &[Call::get("/me/calendarView")],
            untrusted: true,
            audit: AuditKind::CalendarRead,
        },
        paged: true,
        params: &[&view::DAYS],
        output: Output::List { name: "events", item: event::FIELDS },
        parse: view::get_calendar_events,
    },
    Action {
        spec: ActionSpec {
            name: "createCalendarEvent",
            kind: ActionKind::Tool,
            title: "Create calendar event",
            summary: "Create calendar event",
            effect: Effect::Send,
            scopes: &[Scope::CalendarsReadWrite],
            further_scopes: &[],
            calls: &[Call::post_idempotent("/me/events")],
            untrusted: false,
            audit: AuditKind::CalendarSend,
        },
        paged: false,
        params: &[&view::SUBJECT, &view::START, &view::END, &view::ATTENDEES, &view::BODY],
        output: Output::One(&["id", "start", "end", "invited"]),
        parse: view::create_calendar_event,
    },
    Action {
        spec: ActionSpec {
            name: "microsoft://calendars",
            kind: ActionKind::Resource,
            title: "Calendars",
            summary: "The calendars of the signed-in person",
            effect: Effect::Read,
            scopes: &[Scope::CalendarsRead],
            further_scopes: &[],
            calls: &[Call::get("/me/calendars")],
            untrusted: true,
            audit: AuditKind::CalendarRead,
        },
        paged: false,
        params: &[],
        output: Output::List { name: "calendars", item: &["id", "name", "color", "canEdit"] },
        parse: |_| Some(Box::new(view::Calendars)),
    },
    Action {
        spec: ActionSpec {
            name: event::URI,
            kind: ActionKind::Template,
            title: "Event",
            summary: "One calendar event with its description",
            effect: Effect::Read,
            scopes: &[Scope::CalendarsRead],
            further_scopes: &[],
            calls: &[Call::get("/me/events/{event}")],
            untrusted: true,
            audit: AuditKind::CalendarRead,
        },
        paged: false,
        params: &[&event::ID, &excerpt::OFFSET],
        output: Output::One(event::FIELDS),
        parse: event::read_event,
    },
];
