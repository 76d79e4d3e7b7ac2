//! Free and busy times: `POST /me/calendar/getSchedule` and `POST /me/findMeetingTimes`.
//!
//! Source: Graph's pages of both. Whose calendar is in the estate has the times of that calendar; everybody else of the
//! directory, and every room, is busy at two hours of each working day that follow from the address. Nothing is known of
//! other addresses. Suggestions begin at the half hour within the working hours of the mailbox.

use std::sync::Arc;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};
use serde_json::{Value, json};

use super::calendar::{invalid, moment};
use super::call::{Answer, Call};
use super::errors::GraphError;
use super::ids::spread;
use super::odata::lookup;
use super::{places, roster, schema, send, zones};

const HOME_ZONE: &str = "W. Europe Standard Time";
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Longest window of a schedule.
const WINDOW_MS: i64 = 62 * DAY_MS;
const SCHEDULES_MAX: usize = 20;
/// Beginning and end of a working day.
const HOURS: (i8, i8) = (8, 17);
/// Least percentage of attendees that a suggestion needs.
const ENOUGH: f64 = 50.0;

/// The digits of a view: what counts more comes later.
const WEIGHTS: &str = "04123";

/// A time that is not free, with its `freeBusyStatus`.
struct Taken {
    from: i64,
    to: i64,
    status: String,
}

/// `POST /me/calendar/getSchedule`.
pub(super) fn schedules(call: &Call<'_>) -> Result<Answer, GraphError> {
    schema::check_body("getSchedule", &call.body)?;
    let asked = call.body.get("schedules").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if asked.is_empty() || asked.len() > SCHEDULES_MAX {
        return Err(parameter("The number of schedules must be from 1 to 20."));
    }
    let (from, to) = (moment(&call.body, "startTime")?, moment(&call.body, "endTime")?);
    if to <= from || to - from > WINDOW_MS {
        return Err(parameter("The time window must be from 1 minute to 62 days."));
    }
    let minutes = call.body.get("availabilityViewInterval").and_then(Value::as_i64).unwrap_or(30);
    if !(5..=1440).contains(&minutes) {
        return Err(parameter("The interval must be from 5 to 1440 minutes."));
    }
    let value: Vec<Value> = asked
        .iter()
        .map(|one| schedule(call, one.as_str().unwrap_or_default(), (from, to), minutes * MINUTE_MS))
        .collect();
    let context =
        "https://graph.microsoft.com/v1.0/$metadata#Collection(microsoft.graph.scheduleInformation)";
    Ok(Answer::json(200, &json!({"@odata.context": context, "value": value})))
}

fn schedule(call: &Call<'_>, address: &str, (from, to): (i64, i64), step: i64) -> Value {
    let Some(taken) = taken(call, address, from, to) else {
        return json!({"scheduleId": address, "availabilityView": "", "scheduleItems": [], "error": {
            "message": "Unable to resolve e-mail address to an Active Directory object.",
            "responseCode": "ErrorMailRecipientNotFound"}});
    };
    let utc = |at: i64| zones::date_time_zone(zones::civil(at, &TimeZone::UTC), "UTC");
    let items: Vec<Value> = taken
        .iter()
        .map(|one| json!({"status": one.status, "start": utc(one.from), "end": utc(one.to)}))
        .collect();
    let mut view = String::new();
    let mut slot = from;
    while slot < to {
        let end = (slot + step).min(to);
        let touching = taken.iter().filter(|one| one.from < end && one.to > slot);
        view.push(touching.map(|one| digit(&one.status)).max_by_key(|one| WEIGHTS.find(*one)).unwrap_or('0'));
        slot += step;
    }
    json!({"scheduleId": address, "availabilityView": view, "scheduleItems": items, "workingHours": {
        "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"], "startTime": "08:00:00.0000000",
        "endTime": "17:00:00.0000000", "timeZone": {"name": HOME_ZONE}}})
}

fn digit(status: &str) -> char {
    match status {
        "tentative" => '1',
        "busy" => '2',
        "oof" => '3',
        "workingElsewhere" => '4',
        _ => '0',
    }
}

/// When somebody is not free in a window; nothing where nobody knows.
fn taken(call: &Call<'_>, address: &str, from: i64, to: i64) -> Option<Vec<Taken>> {
    let estate = call.estate;
    if let Some(person) = estate.people.find(address) {
        let own = Arc::ptr_eq(&person, call.person) || person.oid == call.mailbox.owner.oid;
        let mailbox = if own { None } else { Some(call.tenant.mailbox(&person, estate.clock.now_ms())) };
        let content = mailbox.as_deref().unwrap_or(call.mailbox).read();
        let status = |event: &super::event::Event| {
            event.fields.get("showAs").and_then(Value::as_str).unwrap_or("busy").to_owned()
        };
        let found =
            content.events.iter().flat_map(|event| event.within(from, to)).filter(|one| !one.cancelled);
        let taken = found.filter_map(|one| {
            let end = zones::instant(one.end, &one.event.zone)?;
            Some(Taken { from: one.start_ms, to: end, status: status(one.event) })
        });
        return Some(taken.filter(|one| one.status != "free").collect());
    }
    (roster::find(estate, address).is_some() || places::is_room(address)).then(|| pattern(address, from, to))
}

/// Two hours of every working day that follow from the address.
fn pattern(address: &str, from: i64, to: i64) -> Vec<Taken> {
    let Ok(zone) = zones::zone(HOME_ZONE) else { return Vec::new() };
    let seed = address.to_lowercase().bytes().fold(7_u64, |seed, byte| spread(seed ^ u64::from(byte)));
    let hour = |number: u64| i8::try_from(8 + (seed >> number) % 8).unwrap_or(8);
    let mut taken = Vec::new();
    let mut day = zones::civil(from, &zone).date();
    while zones::instant(day.to_datetime(Time::midnight()), &zone).is_some_and(|start| start < to) {
        for (hour, status) in [(hour(0), "busy"), (hour(16), "tentative")] {
            let start = zones::instant(day.at(hour, 0, 0, 0), &zone).unwrap_or(from);
            if is_working_day(day) && start < to && start + 60 * MINUTE_MS > from {
                taken.push(Taken { from: start, to: start + 60 * MINUTE_MS, status: status.to_owned() });
            }
        }
        let Ok(next) = day.checked_add(1.day()) else { break };
        day = next;
    }
    taken
}

fn is_working_day(day: Date) -> bool {
    day.weekday().to_monday_zero_offset() < 5
}

/// `POST /me/findMeetingTimes`.
pub(super) fn suggest(call: &Call<'_>) -> Result<Answer, GraphError> {
    schema::check_body("findMeetingTimes", &call.body)?;
    let attendees: Vec<String> =
        send::parties(&call.body, "attendees")?.into_iter().map(|party| party.address).collect();
    let length = match call.body.get("meetingDuration").and_then(Value::as_str) {
        Some(text) => {
            text.parse::<SignedDuration>().map_err(|_| GraphError::wrong_value("meetingDuration"))?
        }
        None => SignedDuration::from_mins(30),
    };
    let length = i64::try_from(length.as_millis()).unwrap_or(DAY_MS);
    let most = call.body.get("maxCandidates").and_then(Value::as_u64).unwrap_or(20);
    let working = lookup(&call.body, "timeConstraint/activityDomain").as_str().unwrap_or("work") == "work";
    let needs_organizer = call.body.get("isOrganizerOptional") != Some(&Value::Bool(true));
    let slots = lookup(&call.body, "timeConstraint/timeSlots").as_array().cloned().unwrap_or_default();
    let [slot] = slots.as_slice() else {
        return Err(invalid("The simulated tenant takes exactly one time slot."));
    };
    let slot = slot.as_object().cloned().unwrap_or_default();
    let (from, to) = (moment(&slot, "start")?, moment(&slot, "end")?);
    if to <= from {
        return Err(invalid("The time slot ends before it starts."));
    }
    let organizer = taken(call, &call.person.email, from, to).unwrap_or_default();
    let others: Vec<Option<Vec<Taken>>> = attendees.iter().map(|one| taken(call, one, from, to)).collect();
    let candidates = candidates(from, to, length, working);
    let free = candidates.iter().filter(|start| !needs_organizer || free_at(&organizer, **start, length));
    let free: Vec<i64> = free.copied().collect();
    let mut rated: Vec<(i64, f64)> =
        free.iter().map(|start| (*start, confidence(&others, *start, length))).collect();
    rated.retain(|(_, confidence)| *confidence >= ENOUGH);
    rated.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    rated.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let reason = match (rated.is_empty(), candidates.is_empty(), free.is_empty()) {
        (false, ..) => "",
        (true, true, _) => "Unknown",
        (true, false, true) => "OrganizerUnavailable",
        (true, false, false) if others.iter().any(Option::is_none) => "AttendeesUnavailableOrUnknown",
        (true, false, false) => "AttendeesUnavailable",
    };
    let suggestions = rated.iter().enumerate().map(|(rank, (start, confidence))| {
        suggestion(
            &attendees,
            &others,
            &organizer,
            &Rated { rank, start: *start, length, confidence: *confidence },
        )
    });
    let suggestions: Vec<Value> = suggestions.collect();
    let context = "https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.meetingTimeSuggestionsResult";
    Ok(Answer::json(
        200,
        &json!({"@odata.context": context, "emptySuggestionsReason": reason, "meetingTimeSuggestions": suggestions}),
    ))
}

/// A time, and how likely everybody comes.
struct Rated {
    rank: usize,
    start: i64,
    length: i64,
    confidence: f64,
}

fn suggestion(
    attendees: &[String],
    others: &[Option<Vec<Taken>>],
    organizer: &[Taken],
    rated: &Rated,
) -> Value {
    let &Rated { rank, start, length, confidence } = rated;
    let utc = |at: i64| zones::date_time_zone(zones::civil(at, &TimeZone::UTC), "UTC");
    let status = |taken: &[Taken]| if free_at(taken, start, length) { "free" } else { "busy" };
    let availability: Vec<Value> = attendees
        .iter()
        .zip(others)
        .map(|(address, taken)| {
            let status = taken.as_deref().map_or("unknown", status);
            json!({"availability": status, "attendee": {"emailAddress": {"address": address}}})
        })
        .collect();
    json!({"confidence": confidence, "order": rank + 1, "organizerAvailability": status(organizer),
        "suggestionReason": null, "attendeeAvailability": availability, "locations": [],
        "meetingTimeSlot": {"start": utc(start), "end": utc(start + length)}})
}

/// Every half hour at which the meeting fits into the window.
fn candidates(from: i64, to: i64, length: i64, working: bool) -> Vec<i64> {
    let half_hour = 30 * MINUTE_MS;
    let first = (from + half_hour - 1).div_euclid(half_hour) * half_hour;
    let steps = (0..).map(|step| first + step * half_hour).take_while(|start| start + length <= to);
    steps.filter(|start| !working || within_hours(*start, length)).collect()
}

fn within_hours(start: i64, length: i64) -> bool {
    let Ok(zone) = zones::zone(HOME_ZONE) else { return false };
    let (begin, end) = (zones::civil(start, &zone), zones::civil(start + length, &zone));
    let closes = Time::constant(HOURS.1, 0, 0, 0);
    is_working_day(begin.date())
        && begin.date() == end.date()
        && begin.hour() >= HOURS.0
        && end.time() <= closes
}

fn free_at(taken: &[Taken], start: i64, length: i64) -> bool {
    !taken.iter().any(|one| one.from < start + length && one.to > start)
}

/// Percentage of the attendees who are free; of whom nothing is known counts half.
fn confidence(others: &[Option<Vec<Taken>>], start: i64, length: i64) -> f64 {
    let free = |one: &Option<Vec<Taken>>| match one {
        Some(taken) if free_at(taken, start, length) => 100.0,
        Some(_) => 0.0,
        None => 49.0,
    };
    let sum: f64 = others.iter().map(free).sum();
    let count = u32::try_from(others.len().max(1)).map_or(1.0, f64::from);
    if others.is_empty() { 100.0 } else { sum / count }
}

fn parameter(message: &str) -> GraphError {
    GraphError::new(400, "ErrorInvalidParameter", message)
}
