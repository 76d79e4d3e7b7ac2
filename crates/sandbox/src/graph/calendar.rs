//! Calendars, events and the calendar view.
//!
//! Source: Outlook's calendar API. The view needs a window, expands series, orders by start and gives ten to a page;
//! `Prefer: outlook.timezone` changes the times shown, never the events found. A create call carrying the
//! `transactionId` of an event that exists answers with that event.

use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::appointment::Appointment;
use super::call::{Answer, Call};
use super::errors::GraphError;
use super::event::{Event, Occurrence, Repeat};
use super::ids::ItemId;
use super::mailbox::absent;
use super::message;
use super::odata::{lookup, next_link};
use super::send;
use super::view::{Page, View};
use super::{schema, zones};

const PAGE: usize = 10;
/// How far around now the occurrences of a series can be addressed by their own id.
pub(super) const ADDRESSABLE_MS: i64 = 400 * 86_400_000;

/// `GET /me/calendarView`.
pub(super) fn view(call: &Call<'_>) -> Result<Answer, GraphError> {
    let (from, to) = window(call)?;
    let content = call.mailbox.read();
    let mut found: Vec<Occurrence<'_>> =
        content.events.iter().flat_map(|event| event.within(from, to)).collect();
    found.retain(|one| !one.cancelled);
    found.sort_by_key(|one| one.start_ms);
    order(call, &mut found)?;
    let (range, next) = call.options.page(found.len(), PAGE);
    let list = Page {
        context: call.context("calendarView"),
        count: call.options.count.then_some(found.len()),
        value: found.get(range).unwrap_or_default().iter().map(|one| occurrence_view(call, one)).collect(),
        next: next.map(|at| next_link(&call.request.path, &call.request.query, "$skip", at)),
    };
    Ok(Answer::json(200, &list))
}

/// `GET /me/events`: single events and series masters.
pub(super) fn events(call: &Call<'_>) -> Result<Answer, GraphError> {
    let content = call.mailbox.read();
    let mut found: Vec<Occurrence<'_>> = content
        .events
        .iter()
        .filter(|event| call.options.filter.passes(&event.fields))
        .map(|event| as_made(event))
        .collect();
    found.sort_by_key(|one| std::cmp::Reverse(one.start_ms));
    order(call, &mut found)?;
    let (range, next) = call.options.page(found.len(), PAGE);
    let list = Page {
        context: call.context("events"),
        count: call.options.count.then_some(found.len()),
        value: found
            .get(range)
            .unwrap_or_default()
            .iter()
            .map(|one| event_view(call, one, one.event.id.clone()))
            .collect(),
        next: next.map(|at| next_link(&call.request.path, &call.request.query, "$skip", at)),
    };
    Ok(Answer::json(200, &list))
}

/// `GET /me/events/{id}`: an event, a series master or one occurrence.
pub(super) fn event(call: &Call<'_>) -> Result<Answer, GraphError> {
    let wanted = call.id(0);
    let is = |id: &ItemId| id.default == wanted || id.immutable == wanted;
    let content = call.mailbox.read();
    let entity = call.context("events") + "/$entity";
    if let Some(event) = content.events.iter().find(|event| is(&event.id)) {
        let one = as_made(event);
        return Ok(Answer::json(200, &event_view(call, &one, event.id.clone()).context(entity)));
    }
    let window = call.now_ms - ADDRESSABLE_MS..call.now_ms + ADDRESSABLE_MS;
    let occurrence = content
        .events
        .iter()
        .filter(|event| event.repeat.is_some())
        .flat_map(|event| event.within(window.start, window.end))
        .find(|one| !one.cancelled && is(&one.event.occurrence_id(one.start.date())))
        .ok_or_else(|| absent(wanted))?;
    Ok(Answer::json(200, &occurrence_view(call, &occurrence).context(entity)))
}

/// `POST /me/events`.
pub(super) fn create(call: &Call<'_>) -> Result<Answer, GraphError> {
    schema::check_body("event", &call.body)?;
    let transaction = call.body.get("transactionId").and_then(Value::as_str);
    let appointment = appointment(call)?;
    let name = call.tenant.serial.mint(call.now_ms.unsigned_abs());
    let event = appointment.into_event(&call.mailbox.owner.oid, &name)?;
    let mut content = call.mailbox.write();
    let same = |known: &Event| {
        transaction.is_some() && known.fields.get("transactionId").and_then(Value::as_str) == transaction
    };
    let position = if let Some(known) = content.events.iter().position(same) {
        known
    } else {
        let made = shown(&event);
        content.keep("events", made);
        content.events.push(event);
        content.events.len() - 1
    };
    let event = content.events.get(position).ok_or_else(|| absent(&name))?;
    let one = as_made(event);
    let view = event_view(call, &one, event.id.clone()).context(call.context("events") + "/$entity");
    let mut answer = Answer::json(201, &view);
    let id = event.id.form(call.prefer.immutable_ids);
    answer.headers.push(("location", format!("https://graph.microsoft.com/v1.0/me/events('{id}')")));
    Ok(answer)
}

/// `GET /me/calendars`.
pub(super) fn calendars(call: &Call<'_>) -> Result<Answer, GraphError> {
    call.options.check_efficiency()?;
    let content = call.mailbox.read();
    let mut found: Vec<_> =
        content.calendars.iter().filter(|calendar| call.options.filter.passes(&calendar.fields)).collect();
    call.options.sort(&mut found, |calendar| &calendar.fields);
    let (range, next) = call.options.page(found.len(), PAGE);
    let list = Page {
        context: call.context("calendars"),
        count: call.options.count.then_some(found.len()),
        value: found
            .get(range)
            .unwrap_or_default()
            .iter()
            .map(|calendar| {
                View::new(&calendar.fields, call.select()).always("id", calendar.id.default.as_str())
            })
            .collect(),
        next: next.map(|at| next_link(&call.request.path, &call.request.query, "$skip", at)),
    };
    Ok(Answer::json(200, &list))
}

/// An event as the control interface shows it, with its times in its own zone.
pub(super) fn shown(event: &Event) -> Value {
    let mut fields = event.fields.clone();
    fields.insert("id".to_owned(), Value::String(event.id.default.clone()));
    fields.insert("start".to_owned(), zones::date_time_zone(event.start, &event.zone_name));
    fields.insert("end".to_owned(), zones::date_time_zone(event.end, &event.zone_name));
    Value::Object(fields)
}

fn window(call: &Call<'_>) -> Result<(i64, i64), GraphError> {
    let (Some(start), Some(end)) = (&call.options.start, &call.options.end) else {
        return Err(GraphError::new(
            400,
            "ErrorInvalidParameter",
            "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.",
        ));
    };
    let read = |name: &str, text: &str| {
        zones::parse(text, &TimeZone::UTC).ok_or_else(|| {
            GraphError::new(
                400,
                "ErrorInvalidParameter",
                format!("The value '{text}' of parameter '{name}' is invalid."),
            )
        })
    };
    let (from, to) = (read("StartDateTime", start)?, read("EndDateTime", end)?);
    if to < from {
        return Err(GraphError::new(
            400,
            "ErrorInvalidParameter",
            "The parameter 'EndDateTime' must not be before 'StartDateTime'.",
        ));
    }
    Ok((from, to))
}

/// Orders by start or by stored properties, as `$orderby` says.
fn order(call: &Call<'_>, found: &mut [Occurrence<'_>]) -> Result<(), GraphError> {
    match call.options.order.first() {
        Some(term) if term.path.starts_with("start") || term.path.starts_with("end") => {
            found.sort_by_key(|one| one.start_ms);
            if term.descending {
                found.reverse();
            }
        }
        Some(term) if term.path == "attendees" => {
            return Err(GraphError::bad_request("A collection cannot be ordered by."));
        }
        _ => call.options.sort(found, |one| &one.event.fields),
    }
    Ok(())
}

pub(super) fn as_made(event: &Event) -> Occurrence<'_> {
    let start_ms = zones::instant(event.start, &event.zone).unwrap_or_default();
    Occurrence { event, start: event.start, end: event.end, start_ms, cancelled: false }
}

fn occurrence_view<'a>(call: &'a Call<'_>, one: &'a Occurrence<'_>) -> View<'a> {
    let view = event_view(call, one, one.event.occurrence_id(one.start.date()));
    if one.event.repeat.is_none() {
        return view;
    }
    let master = one.event.id.form(call.prefer.immutable_ids);
    view.instead("type", |_| Some("occurrence".into()))
        .instead("seriesMasterId", |_| Some(master.into()))
        .instead("recurrence", |_| Some(Value::Null))
}

pub(super) fn event_view<'a>(call: &'a Call<'_>, one: &'a Occurrence<'_>, id: ItemId) -> View<'a> {
    let fields = &one.event.fields;
    let etag = fields.get("changeKey").and_then(Value::as_str).unwrap_or_default();
    let text = call.prefer.text_bodies;
    let id = if call.prefer.immutable_ids { id.immutable } else { id.default };
    View::new(fields, call.select())
        .always("@odata.etag", format!("W/\"{etag}\""))
        .always("id", id)
        .instead("body", |fields| message::body(fields, text))
        .instead("start", |_| Some(time(call, one.event, one.start)))
        .instead("end", |_| Some(time(call, one.event, one.end)))
}

/// A start or end in the preferred zone, UTC without one. An all-day event has dates, which no zone moves.
fn time(call: &Call<'_>, event: &Event, civil: DateTime) -> Value {
    let utc = ("UTC".to_owned(), TimeZone::UTC);
    let (name, zone) = call.prefer.zone.as_ref().unwrap_or(&utc);
    let shown = match zones::instant(civil, &event.zone) {
        Some(at_ms) if !event.all_day => zones::civil(at_ms, zone),
        _ => civil,
    };
    zones::date_time_zone(shown, name)
}

fn appointment(call: &Call<'_>) -> Result<Appointment, GraphError> {
    let body = &call.body;
    let text = |path: &str| lookup(body, path).as_str().unwrap_or_default().to_owned();
    let flag = |name: &str| body.get(name).and_then(Value::as_bool).unwrap_or_default();
    let Span { start, end, zone_name } = span(body, flag("isAllDay"))?;
    let kinds = body.get("attendees").and_then(Value::as_array).into_iter().flatten();
    let kinds = kinds.map(|one| one.get("type").and_then(Value::as_str).unwrap_or("required").to_lowercase());
    let online = flag("isOnlineMeeting");
    let place = Some(text("location/displayName")).filter(|place| !place.is_empty());
    Ok(Appointment {
        subject: text("subject"),
        html: !text("body/contentType").eq_ignore_ascii_case("text"),
        body: text("body/content"),
        zone_name,
        start,
        end,
        all_day: flag("isAllDay"),
        location: place
            .unwrap_or_else(|| if online { "Microsoft Teams Meeting".to_owned() } else { String::new() }),
        online,
        organizer: send::owner(&call.mailbox.owner),
        own: true,
        attendees: send::parties(body, "attendees")?.into_iter().zip(kinds).collect(),
        cancelled: false,
        show_as: Some(text("showAs")).filter(|shown| !shown.is_empty()).unwrap_or_else(|| "busy".to_owned()),
        repeat: repeat(body)?,
        recurrence: lookup(body, "recurrence").clone(),
        transaction_id: body.get("transactionId").and_then(Value::as_str).map(str::to_owned),
        made_ms: call.now_ms,
    })
}

/// When an event begins and ends, in the zone that its start names.
pub(super) struct Span {
    pub(super) start: DateTime,
    pub(super) end: DateTime,
    pub(super) zone_name: String,
}

/// Reads `start` and `end` of a body.
///
/// # Errors
/// Graph's 400 for an end before the start, an unknown zone, what is no time, an all-day event that begins or ends within a day.
pub(super) fn span(body: &Map<String, Value>, all_day: bool) -> Result<Span, GraphError> {
    let zone_name = lookup(body, "start/timeZone").as_str().filter(|name| !name.is_empty()).unwrap_or("UTC");
    let zone = zones::zone(zone_name)?;
    let (start_ms, end_ms) = (moment(body, "start")?, moment(body, "end")?);
    if end_ms < start_ms {
        return Err(GraphError::new(
            400,
            "ErrorCalendarEndDateIsEarlierThanStartDate",
            "The end date is earlier than the start date.",
        ));
    }
    let (start, end) = (zones::civil(start_ms, &zone), zones::civil(end_ms, &zone));
    let midnight = |at: DateTime| at.time() == jiff::civil::Time::midnight();
    if all_day && !(midnight(start) && midnight(end) && end > start) {
        return Err(invalid("An all-day event starts and ends at midnight, at least a day apart."));
    }
    Ok(Span { start, end, zone_name: zone_name.to_owned() })
}

/// The instant of a `dateTimeTimeZone` of the body.
///
/// # Errors
/// Graph's 400 where it is missing, no time, or in an unknown zone.
pub(super) fn moment(body: &Map<String, Value>, name: &str) -> Result<i64, GraphError> {
    let text = lookup(body, &format!("{name}/dateTime")).as_str();
    let text = text.ok_or_else(|| invalid(&format!("The property '{name}' is required.")))?;
    let zone = zones::zone(lookup(body, &format!("{name}/timeZone")).as_str().unwrap_or("UTC"))?;
    zones::parse(text, &zone).ok_or_else(|| invalid(&format!("The time '{text}' is not a date and time.")))
}

fn repeat(body: &Map<String, Value>) -> Result<Option<Repeat>, GraphError> {
    let recurrence = lookup(body, "recurrence");
    if recurrence.is_null() {
        return Ok(None);
    }
    let text = |path: &str| recurrence.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let number = |path: &str| recurrence.pointer(path).and_then(Value::as_u64);
    let days = recurrence.pointer("/pattern/daysOfWeek").and_then(Value::as_array).into_iter().flatten();
    let weekdays: Vec<Weekday> = match text("/pattern/type") {
        "daily" => Vec::new(),
        "weekly" => days.filter_map(|day| weekday(day.as_str()?)).collect(),
        _ => {
            return Err(invalid(
                "Only daily and weekly recurrence patterns are supported by the simulated tenant.",
            ));
        }
    };
    if text("/pattern/type") == "weekly" && weekdays.is_empty() {
        return Err(invalid("A weekly recurrence needs its days of the week."));
    }
    let until = Some(text("/range/endDate")).filter(|_| text("/range/type") == "endDate");
    let times = number("/range/numberOfOccurrences").filter(|_| text("/range/type") == "numbered");
    Ok(Some(Repeat {
        interval: number("/pattern/interval").and_then(|every| i32::try_from(every).ok()).unwrap_or(1),
        weekdays,
        until: until
            .map(|date| date.parse().map_err(|_| invalid("The end date of the recurrence is no date.")))
            .transpose()?,
        times: times.and_then(|times| usize::try_from(times).ok()),
        cancelled: Vec::new(),
    }))
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name.to_ascii_lowercase().as_str() {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

pub(super) fn invalid(message: &str) -> GraphError {
    GraphError::new(400, "ErrorPropertyValidationFailure", message)
}
