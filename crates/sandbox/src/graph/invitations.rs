//! Cancelling an event, and answering an invitation.
//!
//! Source: Outlook's event actions cancel, accept, tentativelyAccept and decline. Only the organiser cancels and only
//! somebody else answers; the code of either refusal is general knowledge, its text is Microsoft's. What is cancelled or
//! declined leaves the calendar. What was done is kept as `cancellations` and `responses`.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::calendar::ADDRESSABLE_MS;
use super::call::{Answer, Call};
use super::errors::GraphError;
use super::event::Event;
use super::ids::ItemId;
use super::mailbox::{Content, absent};
use super::{schema, zones};

/// `POST /me/events/{id}/cancel`.
pub(super) fn cancel(call: &Call<'_>) -> Result<Answer, GraphError> {
    schema::check_body("cancelEvent", &call.body)?;
    let mut content = call.mailbox.write();
    let found = find(call, &content)?;
    let event = content.events.get(found.position).ok_or_else(|| absent(call.id(0)))?;
    if !organised_here(event) {
        return Err(refused("You need to be an organizer to cancel a meeting."));
    }
    let done = json!({
        "id": event.id.default, "subject": event.fields.get("subject"), "attendees": event.fields.get("attendees"),
        "occurrence": found.date.map(|date| date.to_string()), "comment": parameter(call, "comment"),
    });
    remove(&mut content, &found);
    content.keep("cancellations", done);
    Ok(accepted())
}

/// `POST /me/events/{id}/accept`.
pub(super) fn accept(call: &Call<'_>) -> Result<Answer, GraphError> {
    respond(call, "accepted")
}

/// `POST /me/events/{id}/tentativelyAccept`.
pub(super) fn accept_tentatively(call: &Call<'_>) -> Result<Answer, GraphError> {
    respond(call, "tentativelyAccepted")
}

/// `POST /me/events/{id}/decline`.
pub(super) fn decline(call: &Call<'_>) -> Result<Answer, GraphError> {
    respond(call, "declined")
}

/// The event that an id names, and the date of the occurrence where it names one.
struct Found {
    position: usize,
    date: Option<Date>,
}

fn respond(call: &Call<'_>, response: &'static str) -> Result<Answer, GraphError> {
    schema::check_body("respondToEvent", &call.body)?;
    let told = parameter(call, "sendResponse").and_then(Value::as_bool).unwrap_or(true);
    if !told && parameter(call, "proposedNewTime").is_some() {
        return Err(refused("A new time can only be proposed with a response."));
    }
    let mut content = call.mailbox.write();
    let found = find(call, &content)?;
    let event = content.events.get_mut(found.position).ok_or_else(|| absent(call.id(0)))?;
    if organised_here(event) {
        return Err(refused("You can't respond to this meeting because you're the meeting organizer."));
    }
    if told && event.fields.get("responseRequested") == Some(&Value::Bool(false)) {
        return Err(refused("The meeting organizer hasn't requested a response."));
    }
    let status = json!({"response": response, "time": zones::rfc3339(call.now_ms)});
    event.fields.insert("responseStatus".to_owned(), status);
    let done = json!({
        "id": event.id.default, "subject": event.fields.get("subject"), "organizer": event.fields.get("organizer"),
        "occurrence": found.date.map(|date| date.to_string()), "response": response, "sent": told,
        "comment": parameter(call, "comment"),
    });
    if response == "declined" {
        remove(&mut content, &found);
    }
    content.keep("responses", done);
    Ok(accepted())
}

fn find(call: &Call<'_>, content: &Content) -> Result<Found, GraphError> {
    let wanted = call.id(0);
    let is = |id: &ItemId| id.default == wanted || id.immutable == wanted;
    if let Some(position) = content.events.iter().position(|event| is(&event.id)) {
        return Ok(Found { position, date: None });
    }
    let (from, to) = (call.now_ms - ADDRESSABLE_MS, call.now_ms + ADDRESSABLE_MS);
    let of_series = |event: &Event| {
        let series = event.repeat.as_ref().map(|_| event.within(from, to)).unwrap_or_default();
        let one = series.into_iter().find(|one| !one.cancelled && is(&event.occurrence_id(one.start.date())));
        one.map(|one| one.start.date())
    };
    let mut events = content.events.iter().enumerate();
    let found = events.find_map(|(position, event)| Some(Found { position, date: Some(of_series(event)?) }));
    found.ok_or_else(|| absent(wanted))
}

fn remove(content: &mut Content, found: &Found) {
    let Some(event) = content.events.get_mut(found.position) else { return };
    match (found.date, event.repeat.as_mut()) {
        (Some(date), Some(series)) => series.cancelled.push(date),
        _ => drop(content.events.remove(found.position)),
    }
}

fn organised_here(event: &Event) -> bool {
    event.fields.get("isOrganizer") == Some(&Value::Bool(true))
}

/// A parameter in either of the spellings that Graph takes.
fn parameter<'a>(call: &'a Call<'_>, name: &str) -> Option<&'a Value> {
    let found = call.body.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value).filter(|value| !value.is_null())
}

fn refused(why: &str) -> GraphError {
    GraphError::new(400, "ErrorInvalidRequest", format!("Your request can't be completed. {why}"))
}

fn accepted() -> Answer {
    Answer::raw(202, Vec::new())
}
