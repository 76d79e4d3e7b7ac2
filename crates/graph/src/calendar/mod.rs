//! Calendars: events, invitations, free and busy times, rooms.
//!
//! Source: Graph `event`, `calendar` and `place` resources.

pub(crate) mod create;
pub(crate) mod event;
pub(crate) mod param;
mod read;
mod recurrence;
pub(crate) mod reply;
mod rooms;
pub(crate) mod schedule;
mod seen;
mod suggest;
pub(crate) mod update;
mod view;

use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Scope, Sensitivity};

use crate::action::{Action, Output};
use crate::excerpt;
use crate::param::MAILBOX;
use crate::standing::MAIL_TIPS;
use crate::zone::{SETTINGS, TIME_ZONE};

/// What the rows that read events have in common.
const READ: ActionSpec = ActionSpec {
    name: "",
    kind: ActionKind::Tool,
    title: "",
    summary: "",
    effect: Effect::Read,
    scopes: &[Scope::CalendarsRead],
    further_scopes: &[Scope::CalendarsReadShared, Scope::MailboxSettingsRead],
    calls: &[],
    untrusted: true,
    sensitivity: &[],
    audit: AuditKind::CalendarRead,
};
/// By what it is known that an event is confidential.
const EVENT_OR_PLACE: &[Sensitivity] = &[Sensitivity::EventSensitivity, Sensitivity::Place];
/// What the rows that read free and busy times have in common.
const LOOK: ActionSpec = ActionSpec {
    further_scopes: &[Scope::MailboxSettingsRead],
    untrusted: false,
    audit: AuditKind::AvailabilityRead,
    ..READ
};
/// What the rows have in common that change events, which tells those invited. With `Mail.Read` they can say where those
/// stand.
const SEND: ActionSpec = ActionSpec {
    effect: Effect::Send,
    scopes: &[Scope::CalendarsReadWrite],
    further_scopes: &[
        Scope::CalendarsReadWriteShared,
        Scope::MailRead,
        Scope::MailReadShared,
        Scope::MailboxSettingsRead,
    ],
    untrusted: false,
    audit: AuditKind::CalendarSend,
    ..READ
};

const GET_EVENT: Call = Call::get(update::EVENT).or_mailbox();
const ZONE: Call = Call::get(SETTINGS);
const TIPS: Call = Call::query(MAIL_TIPS);

/// The rows of this family, in the order clients see them.
pub(crate) static ROWS: [Action; 11] = [
    Action {
        spec: ActionSpec {
            name: "getCalendarEvents",
            title: "Get calendar events",
            summary: "Get calendar events",
            calls: &[Call::get("/me/calendarView").or_mailbox(), ZONE],
            sensitivity: EVENT_OR_PLACE,
            ..READ
        },
        paged: true,
        params: &[&view::DAYS, &MAILBOX, &TIME_ZONE],
        output: Output::List { name: "events", item: event::FIELDS },
        parse: view::get_calendar_events,
    },
    Action {
        spec: ActionSpec {
            name: "createCalendarEvent",
            title: "Create calendar event",
            summary: "Create calendar event",
            calls: &[Call::post_idempotent("/me/events").or_mailbox(), ZONE, TIPS],
            ..SEND
        },
        paged: false,
        params: &[
            &create::SUBJECT,
            &param::START,
            &param::END,
            &create::ATTENDEES,
            &create::BODY,
            &param::LOCATION,
            &create::ONLINE,
            &param::MEANT,
            &MAILBOX,
        ],
        output: Output::One(&["id", "start", "end", "invited"]),
        parse: create::create_calendar_event,
    },
    Action {
        spec: ActionSpec {
            name: "getEvent",
            title: "Get event",
            summary: "Read one event with its description",
            calls: &[GET_EVENT, ZONE],
            sensitivity: EVENT_OR_PLACE,
            ..READ
        },
        paged: true,
        params: &[&param::ID, &MAILBOX, &TIME_ZONE],
        output: Output::One(&["id", "body", "bodyLength"]),
        parse: read::get_event,
    },
    Action {
        spec: ActionSpec {
            name: "updateEvent",
            title: "Update event",
            summary: "Change or reschedule an event; those invited are told",
            calls: &[Call::patch(update::EVENT).or_mailbox(), GET_EVENT, ZONE, TIPS],
            ..SEND
        },
        paged: false,
        params: &[
            &param::ID,
            &update::SUBJECT,
            &update::START,
            &update::END,
            &param::LOCATION,
            &update::BODY,
            &update::ATTENDEES,
            &param::MEANT,
            &MAILBOX,
        ],
        output: Output::One(&["id", "changed", "invited"]),
        parse: update::update_event,
    },
    Action {
        spec: ActionSpec {
            name: "cancelEvent",
            title: "Cancel event",
            summary: "Cancel an event as its organiser; those invited are told",
            effect: Effect::Destroy,
            calls: &[Call::post("/me/events/{event}/cancel").or_mailbox(), GET_EVENT, ZONE, TIPS],
            audit: AuditKind::CalendarCancel,
            ..SEND
        },
        paged: false,
        params: &[&param::ID, &param::COMMENT, &MAILBOX],
        output: Output::One(&["id", "status"]),
        parse: reply::cancel_event,
    },
    Action {
        spec: ActionSpec {
            name: "respondToEvent",
            title: "Respond to event",
            summary: "Answer an invitation",
            calls: &[
                Call::post(reply::ACCEPT).or_mailbox(),
                Call::post(reply::TENTATIVE).or_mailbox(),
                Call::post(reply::DECLINE).or_mailbox(),
                GET_EVENT,
                ZONE,
                TIPS,
            ],
            ..SEND
        },
        paged: false,
        params: &[&param::ID, &reply::RESPONSE, &param::COMMENT, &reply::SEND_RESPONSE, &MAILBOX],
        output: Output::One(&["id", "status", "organizerTold"]),
        parse: reply::respond_to_event,
    },
    Action {
        spec: ActionSpec {
            name: "findMeetingTimes",
            title: "Find meeting times",
            summary: "Suggest times when all are free",
            scopes: &[Scope::CalendarsReadShared],
            calls: &[Call::query("/me/findMeetingTimes"), ZONE],
            ..LOOK
        },
        paged: false,
        params: &[
            &suggest::ATTENDEES,
            &param::START,
            &param::END,
            &suggest::DURATION,
            &suggest::CANDIDATES,
            &param::MEANT,
        ],
        output: Output::List { name: "suggestions", item: suggest::FIELDS },
        parse: suggest::find_meeting_times,
    },
    Action {
        spec: ActionSpec {
            name: "getSchedule",
            title: "Get schedule",
            summary: "When people and rooms are busy",
            calls: &[Call::query("/me/calendar/getSchedule"), ZONE],
            untrusted: true,
            ..LOOK
        },
        paged: true,
        params: &[&schedule::ADDRESSES, &param::START, &param::END, &schedule::INTERVAL, &param::MEANT],
        output: Output::List { name: "schedules", item: schedule::FIELDS },
        parse: schedule::get_schedule,
    },
    Action {
        spec: ActionSpec {
            name: "listRooms",
            title: "List rooms",
            summary: "Rooms of the organisation",
            scopes: &[Scope::PlaceReadAll],
            further_scopes: &[],
            calls: &[Call::get("/places/microsoft.graph.room")],
            audit: AuditKind::PlacesRead,
            ..READ
        },
        paged: true,
        params: &[&rooms::BUILDING, &rooms::CAPACITY],
        output: Output::List { name: "rooms", item: rooms::FIELDS },
        parse: rooms::list_rooms,
    },
    Action {
        spec: ActionSpec {
            name: "microsoft://calendars",
            kind: ActionKind::Resource,
            title: "Calendars",
            summary: "The calendars of the signed-in person",
            further_scopes: &[],
            calls: &[Call::get("/me/calendars")],
            ..READ
        },
        paged: false,
        params: &[],
        output: Output::List { name: "calendars", item: &["id", "name", "color", "canEdit"] },
        parse: |_| Some(Box::new(view::Calendars)),
    },
    Action {
        spec: ActionSpec {
            name: read::URI,
            kind: ActionKind::Template,
            title: "Event",
            summary: "One calendar event with its description",
            further_scopes: &[],
            calls: &[Call::get(update::EVENT)],
            sensitivity: EVENT_OR_PLACE,
            ..READ
        },
        paged: false,
        params: &[&param::ID, &excerpt::OFFSET],
        output: Output::One(event::FIELDS),
        parse: read::read_event,
    },
];
