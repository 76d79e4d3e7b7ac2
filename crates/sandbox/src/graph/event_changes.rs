//! `PATCH /me/events/{id}`.
//!
//! Source: Outlook's event update. What is not given stays. A changed occurrence becomes an exception of its series. Another
//! description of a Teams meeting loses the part that joining needs, which ends the online meeting.

use jiff::civil::DateTime;
use serde_json::{Map, Value, json};

use super::appointment::Appointment;
use super::calendar::{self, Span};
use super::call::{Answer, Call};
use super::errors::GraphError;
use super::event::Event;
use super::ids::{ItemId, change_key};
use super::mailbox::{Content, absent};
use super::{schema, send, zones};

/// Changes an event, the master of a series, or one occurrence.
pub(super) fn update(call: &Call<'_>) -> Result<Answer, GraphError> {
    schema::check_body("event", &call.body)?;
    let mut content = call.mailbox.write();
    let position = position(call, &mut content)?;
    let event = content.events.get_mut(position).ok_or_else(|| absent(call.id(0)))?;
    let changed = changed(call, event)?;
    for (name, value) in changed {
        event.fields.insert(name, value);
    }
    if call.body.contains_key("start") || call.body.contains_key("end") {
        move_to(call, event)?;
    }
    let key = change_key(&format!("{}{}", event.id.default, call.now_ms));
    event.fields.insert("changeKey".to_owned(), key.into());
    event.fields.insert("lastModifiedDateTime".to_owned(), zones::rfc3339(call.now_ms).into());
    let one = calendar::as_made(event);
    let view = calendar::event_view(call, &one, event.id.clone());
    Ok(Answer::json(200, &view.context(call.context("events") + "/$entity")))
}

/// Where the event is. An occurrence is taken out of its series first.
fn position(call: &Call<'_>, content: &mut Content) -> Result<usize, GraphError> {
    let wanted = call.id(0);
    let is = |id: &ItemId| id.default == wanted || id.immutable == wanted;
    if let Some(position) = content.events.iter().position(|event| is(&event.id)) {
        return Ok(position);
    }
    let exception = content.events.iter_mut().find_map(|event| exception(call, event, &is));
    content.events.push(exception.ok_or_else(|| absent(wanted))?);
    Ok(content.events.len() - 1)
}

/// The occurrence with this id as an event of its own, which its series leaves out from now on.
fn exception(call: &Call<'_>, event: &mut Event, is: &impl Fn(&ItemId) -> bool) -> Option<Event> {
    event.repeat.as_ref()?;
    let (from, to) = (call.now_ms - calendar::ADDRESSABLE_MS, call.now_ms + calendar::ADDRESSABLE_MS);
    let (start, end) = event
        .within(from, to)
        .into_iter()
        .find(|one| !one.cancelled && is(&event.occurrence_id(one.start.date())))
        .map(|one| (one.start, one.end))?;
    let id = event.occurrence_id(start.date());
    event.repeat.as_mut()?.cancelled.push(start.date());
    let mut fields = event.fields.clone();
    fields.insert("type".to_owned(), "exception".into());
    fields.insert("seriesMasterId".to_owned(), event.id.default.clone().into());
    fields.insert("recurrence".to_owned(), Value::Null);
    Some(Event {
        id,
        fields,
        start,
        end,
        zone: event.zone.clone(),
        zone_name: event.zone_name.clone(),
        all_day: event.all_day,
        repeat: None,
    })
}

/// The properties as they will be, but start and end.
fn changed(call: &Call<'_>, event: &Event) -> Result<Map<String, Value>, GraphError> {
    let mut changed = call.body.clone();
    changed.remove("start");
    changed.remove("end");
    send::parties(&call.body, "attendees")?;
    if let Some(Value::Array(attendees)) = changed.get_mut("attendees") {
        for attendee in attendees.iter_mut() {
            *attendee = completed(attendee, event);
        }
    }
    if let Some(place) = call.body.get("location") {
        let name = place.get("displayName").cloned().unwrap_or_default();
        let place = json!({"displayName": name, "locationType": "default", "uniqueId": name, "uniqueIdType": "private"});
        changed.insert("location".to_owned(), place.clone());
        changed.insert("locations".to_owned(), json!([place]));
    }
    let was_online = event.fields.get("isOnlineMeeting") == Some(&Value::Bool(true));
    match call.body.get("isOnlineMeeting").and_then(Value::as_bool) {
        Some(true) if !was_online => {
            changed.insert("onlineMeeting".to_owned(), Appointment::join(&call.mailbox.owner.oid, &event.id));
            changed.insert("onlineMeetingProvider".to_owned(), "teamsForBusiness".into());
        }
        _ if was_online && call.body.contains_key("body") => {
            changed.insert("isOnlineMeeting".to_owned(), false.into());
            changed.insert("onlineMeeting".to_owned(), Value::Null);
        }
        _ => {}
    }
    Ok(changed)
}

/// An attendee with the answer that is known of the same address.
fn completed(attendee: &Value, event: &Event) -> Value {
    let address = |one: &Value| {
        one.pointer("/emailAddress/address")
            .and_then(Value::as_str)
            .map(str::to_lowercase)
            .unwrap_or_default()
    };
    let known = event.fields.get("attendees").and_then(Value::as_array).into_iter().flatten();
    let known = known.into_iter().find(|one| address(one) == address(attendee));
    let status = known.and_then(|one| one.get("status")).cloned();
    let status = status.unwrap_or_else(|| json!({"response": "none", "time": "0001-01-01T00:00:00Z"}));
    let mut attendee = attendee.clone();
    if let Some(attendee) = attendee.as_object_mut() {
        attendee.insert("status".to_owned(), status);
        attendee.entry("type").or_insert_with(|| "required".into());
    }
    attendee
}

/// Gives the event the times of the body; what is missing of them stays.
fn move_to(call: &Call<'_>, event: &mut Event) -> Result<(), GraphError> {
    let time = |at: DateTime| zones::date_time_zone(at, &event.zone_name);
    let mut body = Map::new();
    body.insert("start".to_owned(), call.body.get("start").cloned().unwrap_or_else(|| time(event.start)));
    body.insert("end".to_owned(), call.body.get("end").cloned().unwrap_or_else(|| time(event.end)));
    let all_day = call.body.get("isAllDay").and_then(Value::as_bool).unwrap_or(event.all_day);
    let Span { start, end, zone_name } = calendar::span(&body, all_day)?;
    event.zone = zones::zone(&zone_name)?;
    for name in ["originalStartTimeZone", "originalEndTimeZone"] {
        event.fields.insert(name.to_owned(), zone_name.clone().into());
    }
    (event.start, event.end, event.zone_name, event.all_day) = (start, end, zone_name, all_day);
    Ok(())
}
