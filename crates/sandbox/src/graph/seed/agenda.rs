//! A calendar of a few weeks around now: series across clock changes, all-day events, other zones, cancellations.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::cast::colleagues;
use super::dice::Dice;
use crate::graph::appointment::Appointment;
use crate::graph::event::{Event, Repeat};
use crate::graph::ids::{ItemId, change_key, constant_id};
use crate::graph::mailbox::Item;
use crate::graph::message::{Party, object};
use crate::people::Person;

const HOME_ZONE: &str = "W. Europe Standard Time";

/// Subject, day relative to this week's Monday, hour, minutes, zone, whether online, whether cancelled.
const SINGLE: [(&str, i64, i8, i64, &str, bool, bool); 16] = [
    ("Budget call", -6, 10, 60, HOME_ZONE, true, false),
    ("Dentist", -4, 8, 45, HOME_ZONE, false, false),
    ("Vendor demo: Litware", 0, 16, 60, "Eastern Standard Time", true, false),
    ("Hiring debrief", 1, 14, 30, HOME_ZONE, true, false),
    ("Design review", 1, 10, 90, HOME_ZONE, false, false),
    ("Steering committee", 2, 9, 120, "GMT Standard Time", true, false),
    ("Lunch with Stella", 2, 12, 60, HOME_ZONE, false, false),
    ("Customer visit Proseware", 3, 13, 180, HOME_ZONE, false, false),
    ("Tokyo hand-over", 4, 17, 30, "Tokyo Standard Time", true, false),
    ("Town hall", 4, 15, 60, "Pacific Standard Time", true, true),
    ("Board preparation", 7, 11, 60, HOME_ZONE, true, false),
    ("Contract renewal Fabrikam", 8, 15, 45, HOME_ZONE, true, false),
    ("Quarterly business review", 9, 9, 180, "India Standard Time", true, false),
    ("Incident review", 10, 16, 45, HOME_ZONE, true, false),
    ("Year-end close kick-off", 15, 10, 60, HOME_ZONE, false, false),
    ("Interview: platform role", 16, 11, 60, HOME_ZONE, true, false),
];

/// Single events, series and all-day events.
pub(super) fn events(person: &Person, now_ms: i64, dice: &mut Dice) -> Vec<Event> {
    let today = TimeZone::UTC.to_datetime(Timestamp::from_millisecond(now_ms).unwrap_or_default()).date();
    let monday = shift(today, -i64::from(today.weekday().to_monday_zero_offset()));
    let mut appointments = series(person, monday, now_ms);
    appointments.extend(all_day(person, monday, now_ms));
    for (subject, day, hour, minutes, zone, online, cancelled) in SINGLE {
        let mut one = appointment(person, subject, shift(monday, day), hour, minutes, now_ms);
        zone.clone_into(&mut one.zone_name);
        one.online = online;
        one.cancelled = cancelled;
        let people = colleagues(person);
        if dice.chance(60) {
            one.own = false;
            one.organizer = dice.pick(&people).party();
        }
        one.attendees =
            (0..=dice.below(4)).map(|_| (dice.pick(&people).party(), "required".to_owned())).collect();
        if online {
            "Microsoft Teams Meeting".clone_into(&mut one.location);
        }
        appointments.push(one);
    }
    let owner = &person.oid;
    let named = appointments.into_iter().enumerate();
    named.filter_map(|(position, one)| one.into_event(owner, &position.to_string()).ok()).collect()
}

/// The owner's own calendar and two others.
pub(super) fn calendars(person: &Person) -> Vec<Item> {
    let owner = json!({"name": person.display_name, "address": person.email});
    let holidays = json!({"name": "Holidays", "address": "holidays@contoso.example"});
    [
        ("Calendar", "auto", true, &owner),
        ("Team absences", "lightGreen", true, &owner),
        ("Public holidays", "lightBlue", false, &holidays),
    ]
    .into_iter()
    .map(|(name, colour, editable, owner)| {
        let id = constant_id(&person.oid, "calendar", name);
        let id = ItemId { default: id.clone(), immutable: id };
        let fields = object(json!({
            "name": name, "color": colour, "hexColor": "", "isDefaultCalendar": name == "Calendar",
            "changeKey": change_key(&id.default), "canShare": editable, "canViewPrivateItems": editable,
            "canEdit": editable, "allowedOnlineMeetingProviders": ["teamsForBusiness"],
            "defaultOnlineMeetingProvider": "teamsForBusiness", "isTallyingResponses": editable,
            "isRemovable": name != "Calendar", "owner": owner,
        }));
        Item { id, at_ms: 0, fields }
    })
    .collect()
}

fn series(person: &Person, monday: Date, now_ms: i64) -> Vec<Appointment> {
    let first = shift(monday, -10 * 7);
    let weekly = |days: Vec<Weekday>, cancelled: Vec<Date>| {
        Some(Repeat {
            interval: 1,
            weekdays: days,
            until: Some(shift(monday, 30 * 7)),
            times: None,
            cancelled,
        })
    };
    let mut stand_up = appointment(person, "Stand-up", first, 9, 15, now_ms);
    stand_up.online = true;
    "Microsoft Teams Meeting".clone_into(&mut stand_up.location);
    stand_up.repeat = weekly(Repeat::workdays(), vec![shift(monday, 2)]);
    stand_up.recurrence =
        pattern(&["monday", "tuesday", "wednesday", "thursday", "friday"], first, monday, HOME_ZONE);
    let mut sync = appointment(person, "Transatlantic sync", shift(first, 1), 11, 45, now_ms);
    "Eastern Standard Time".clone_into(&mut sync.zone_name);
    sync.repeat = weekly(vec![Weekday::Tuesday], Vec::new());
    sync.recurrence = pattern(&["tuesday"], shift(first, 1), monday, "Eastern Standard Time");
    sync.online = true;
    let mut review = appointment(person, "Week review", shift(first, 4), 15, 30, now_ms);
    review.repeat = weekly(vec![Weekday::Friday], Vec::new());
    review.recurrence = pattern(&["friday"], shift(first, 4), monday, HOME_ZONE);
    vec![stand_up, sync, review]
}

fn all_day(person: &Person, monday: Date, now_ms: i64) -> Vec<Appointment> {
    [("Conference in Lisbon", 8, 3), ("Birthday: Megan", 3, 1), ("Out of office", 17, 2)]
        .into_iter()
        .map(|(subject, day, length)| {
            let mut one = appointment(person, subject, shift(monday, day), 0, 0, now_ms);
            one.all_day = true;
            one.end = shift(monday, day + length).to_datetime(Time::midnight());
            if subject.starts_with("Out") { "oof" } else { "free" }.clone_into(&mut one.show_as);
            one
        })
        .collect()
}

fn appointment(person: &Person, subject: &str, on: Date, hour: i8, minutes: i64, now_ms: i64) -> Appointment {
    let start = on.at(hour.clamp(0, 23), 0, 0, 0);
    Appointment {
        subject: subject.to_owned(),
        html: true,
        body: format!("<html><head></head><body>Agenda for {subject} to follow.</body></html>"),
        zone_name: HOME_ZONE.to_owned(),
        start,
        end: start.checked_add(minutes.minutes()).unwrap_or(start),
        all_day: false,
        location: "Room Aalto".to_owned(),
        online: false,
        organizer: Party::new(&person.display_name, &person.email),
        own: true,
        attendees: Vec::new(),
        cancelled: false,
        show_as: "busy".to_owned(),
        repeat: None,
        recurrence: Value::Null,
        transaction_id: None,
        made_ms: now_ms - 30 * 86_400_000,
    }
}

fn pattern(days: &[&str], first: Date, monday: Date, zone: &str) -> Value {
    json!({
        "pattern": {"type": "weekly", "interval": 1, "month": 0, "dayOfMonth": 0, "daysOfWeek": days,
                    "firstDayOfWeek": "monday", "index": "first"},
        "range": {"type": "endDate", "startDate": first.to_string(), "endDate": shift(monday, 30 * 7).to_string(),
                  "recurrenceTimeZone": zone, "numberOfOccurrences": 0},
    })
}

fn shift(date: Date, days: i64) -> Date {
    date.checked_add(days.days()).unwrap_or(date)
}
