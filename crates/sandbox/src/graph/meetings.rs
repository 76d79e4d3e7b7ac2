//! `POST /me/onlineMeetings`: a Teams meeting of its own, which is not on any calendar.
//!
//! Source: Graph's onlineMeeting create page. Participants are named by `upn`, or by the object id of a user; an
//! e-mail address where an object id belongs is refused.

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::errors::GraphError;
use super::ids::guid;
use super::message::object;
use super::odata::lookup;
use super::view::View;
use super::{schema, send, zones};

/// Creates the meeting.
pub(super) fn create(call: &Call<'_>) -> Result<Answer, GraphError> {
    schema::check_body("onlineMeeting", &call.body)?;
    let start = time(call, "startDateTime")?.unwrap_or(call.now_ms);
    let end = time(call, "endDateTime")?.unwrap_or(start + 3_600_000);
    if end <= start {
        return Err(invalid("The meeting end time must be after its start time."));
    }
    let attendees = attendees(call)?;
    let meeting = fields(call, start, end, &attendees);
    let mut content = call.mailbox.write();
    content.keep("meetings", Value::Object(meeting.clone()));
    let view = View::new(&meeting, None).context(call.context("onlineMeetings") + "/$entity");
    Ok(Answer::json(201, &view))
}

fn time(call: &Call<'_>, name: &str) -> Result<Option<i64>, GraphError> {
    let Some(text) = call.body.get(name).and_then(Value::as_str) else { return Ok(None) };
    zones::parse(text, &TimeZone::UTC).map(Some).ok_or_else(|| GraphError::wrong_value(name))
}

fn attendees(call: &Call<'_>) -> Result<Vec<Value>, GraphError> {
    let listed = lookup(&call.body, "participants/attendees").as_array().cloned().unwrap_or_default();
    listed.iter().map(|attendee| participant(call, attendee)).collect()
}

fn participant(call: &Call<'_>, attendee: &Value) -> Result<Value, GraphError> {
    let id = attendee.pointer("/identity/user/id").and_then(Value::as_str);
    let upn = attendee.get("upn").and_then(Value::as_str);
    let role = attendee.get("role").and_then(Value::as_str).unwrap_or("attendee");
    let person = match (id, upn) {
        (Some(id), _) if uuid::Uuid::try_parse(id).is_err() => {
            return Err(invalid("The identity of a participant must carry the object id of a user."));
        }
        (Some(id), _) => call.estate.people.find_oid(id),
        (None, Some(upn)) if send::is_address(upn) => call.estate.people.find(upn),
        (None, _) => return Err(invalid("A participant needs a upn or the object id of a user.")),
    };
    let upn = upn.map(str::to_owned).or_else(|| person.as_ref().map(|person| person.email.clone()));
    let oid = person.map(|person| person.oid.clone()).or_else(|| id.map(str::to_owned));
    let identity = oid.map(|oid| identity(&oid, &call.estate.config.tenant_id));
    Ok(json!({"upn": upn, "role": role, "identity": identity}))
}

fn identity(oid: &str, tenant: &str) -> Value {
    json!({"user": {"id": oid, "displayName": null, "tenantId": tenant, "identityProvider": "AAD"}})
}

fn fields(call: &Call<'_>, start: i64, end: i64, attendees: &[Value]) -> Map<String, Value> {
    let owner = &call.mailbox.owner;
    let tenant = &call.estate.config.tenant_id;
    let name = call.tenant.serial.mint(call.now_ms.unsigned_abs());
    let thread = guid(&format!("meeting/{name}")).replace('-', "");
    let digits: String = thread.bytes().map(|byte| char::from(b'0' + byte % 10)).collect();
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default().to_owned();
    let mut meeting = object(json!({
        "id": format!("MSp{thread}{}", owner.oid.replace('-', "")),
        "creationDateTime": zones::rfc3339(call.now_ms), "startDateTime": zones::rfc3339(start),
        "endDateTime": zones::rfc3339(end), "subject": null, "joinUrl": null, "meetingCode": part(0..9),
        "joinWebUrl": format!("https://teams.microsoft.com/l/meetup-join/19%3ameeting_{thread}%40thread.v2/0?context=%7b%22Tid%22%3a%22{tenant}%22%2c%22Oid%22%3a%22{}%22%7d", owner.oid),
        "isBroadcast": false, "isEntryExitAnnounced": true, "allowedPresenters": "everyone",
        "videoTeleconferenceId": null, "allowAttendeeToEnableCamera": true, "allowAttendeeToEnableMic": true,
        "allowMeetingChat": "enabled", "shareMeetingChatHistoryDefault": "none", "allowTeamworkReactions": true,
        "recordAutomatically": false,
        "lobbyBypassSettings": {"scope": "organization", "isDialInBypassEnabled": false},
        "joinMeetingIdSettings": {"isPasscodeRequired": false, "joinMeetingId": part(9..19), "passcode": null},
        "chatInfo": {"threadId": format!("19:meeting_{thread}@thread.v2"), "messageId": "0", "replyChainMessageId": null},
        "joinInformation": {"content": "data:text/html,%3cdiv%3eMicrosoft+Teams+meeting%3c%2fdiv%3e", "contentType": "html"},
        "participants": {"attendees": attendees, "organizer": {
            "upn": owner.email, "role": "presenter", "identity": identity(&owner.oid, tenant)}},
    }));
    for name in
        ["subject", "allowedPresenters", "lobbyBypassSettings", "isEntryExitAnnounced", "recordAutomatically"]
    {
        if let Some(value) = call.body.get(name) {
            meeting.insert(name.to_owned(), value.clone());
        }
    }
    if lookup(&call.body, "joinMeetingIdSettings/isPasscodeRequired") == &Value::Bool(true) {
        let settings =
            json!({"isPasscodeRequired": true, "joinMeetingId": part(9..19), "passcode": part(19..25)});
        meeting.insert("joinMeetingIdSettings".to_owned(), settings);
    }
    meeting
}

fn invalid(message: &str) -> GraphError {
    GraphError::bad_request(message)
}
