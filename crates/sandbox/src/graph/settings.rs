//! The settings of a mailbox: time zone, working hours, automatic replies.
//!
//! Source: Outlook's mailboxSettings resource. Only the owner reads or changes them. The period of a schedule is kept and
//! shown in UTC.

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::errors::GraphError;
use super::message::object;
use super::odata::lookup;
use super::schema;
use super::view::View;
use super::zones;

const REPLIES: &str = "automaticRepliesSetting";

/// What everybody's settings are at first.
pub(super) fn at_first() -> Map<String, Value> {
    let period = json!({ "dateTime": "2026-03-19T02:00:00.0000000", "timeZone": "UTC" });
    object(json!({
        "archiveFolder": null, "timeZone": "W. Europe Standard Time", "dateFormat": "dd.MM.yyyy", "timeFormat": "HH:mm",
        "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly", "userPurpose": "user",
        "language": { "locale": "en-US", "displayName": "English (United States)" },
        "workingHours": {
            "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
            "startTime": "08:00:00.0000000", "endTime": "17:00:00.0000000",
            "timeZone": { "name": "W. Europe Standard Time" },
        },
        REPLIES: {
            "status": "disabled", "externalAudience": "none", "internalReplyMessage": "", "externalReplyMessage": "",
            "scheduledStartDateTime": period, "scheduledEndDateTime": period,
        },
    }))
}

/// `GET /me/mailboxSettings`.
#[expect(clippy::unnecessary_wraps, reason = "every operation of the table has this form")]
pub(super) fn get(call: &Call<'_>) -> Result<Answer, GraphError> {
    let content = call.mailbox.read();
    Ok(Answer::json(200, &View::new(&content.settings, call.select()).context(context(call))))
}

/// `PATCH /me/mailboxSettings`.
pub(super) fn update(call: &Call<'_>) -> Result<Answer, GraphError> {
    schema::check_body("mailboxSettings", &call.body)?;
    let mut changes = call.body.clone();
    if let Some(zone) = changes.get("timeZone").and_then(Value::as_str) {
        zones::zone(zone)?;
    }
    let mut content = call.mailbox.write();
    if let Some(replies) = changes.get_mut(REPLIES).and_then(Value::as_object_mut) {
        *replies = merged(&content.settings, replies)?;
    }
    content.settings.extend(changes.clone());
    let names: Vec<String> = changes.keys().cloned().collect();
    Ok(Answer::json(200, &View::new(&content.settings, Some(&names)).context(context(call))))
}

fn merged(
    settings: &Map<String, Value>,
    changes: &Map<String, Value>,
) -> Result<Map<String, Value>, GraphError> {
    let mut replies = lookup(settings, REPLIES).as_object().cloned().unwrap_or_default();
    let mut changes = changes.clone();
    for name in ["scheduledStartDateTime", "scheduledEndDateTime"] {
        if let Some(time) = changes.get_mut(name) {
            *time = in_utc(time)?;
        }
    }
    for name in ["status", "externalAudience"] {
        if let Some(Value::String(word)) = changes.get_mut(name) {
            word.get_mut(..1).into_iter().for_each(str::make_ascii_lowercase);
        }
    }
    let scheduled = changes.get("status").and_then(Value::as_str) == Some("scheduled");
    replies.extend(changes);
    let at =
        |name: &str| lookup(&replies, &format!("{name}/dateTime")).as_str().unwrap_or_default().to_owned();
    if scheduled && at("scheduledEndDateTime") <= at("scheduledStartDateTime") {
        return Err(invalid("The end of the schedule must be later than its start."));
    }
    Ok(replies)
}

fn in_utc(time: &Value) -> Result<Value, GraphError> {
    let text = |name: &str| time.get(name).and_then(Value::as_str);
    let zone = zones::zone(text("timeZone").unwrap_or("UTC"))?;
    let at_ms = zones::parse(text("dateTime").unwrap_or_default(), &zone);
    let at_ms = at_ms.ok_or_else(|| invalid("The scheduled time is not a date and time."))?;
    Ok(zones::date_time_zone(zones::civil(at_ms, &TimeZone::UTC), "UTC"))
}

fn context(call: &Call<'_>) -> String {
    let owner = &call.mailbox.owner.oid;
    format!("https://graph.microsoft.com/v1.0/$metadata#users('{owner}')/mailboxSettings")
}

fn invalid(message: &str) -> GraphError {
    GraphError::new(400, "ErrorPropertyValidationFailure", message)
}
