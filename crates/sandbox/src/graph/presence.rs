//! `POST /communications/getPresencesByUserId`.
//!
//! Source: Graph's presence API: object ids, at most 650; who is unknown is left out. Somebody's presence follows from their
//! object id, so that it is the same tomorrow.

use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::errors::GraphError;
use super::message::object;
use super::roster::{self, Member};
use super::schema;
use super::seed;
use crate::estate::Estate;

const MOST_IDS: usize = 650;

/// Answers for everybody asked for.
pub(super) fn by_user_id(call: &Call<'_>) -> Result<Answer, GraphError> {
    schema::check_body("presenceQuery", &call.body)?;
    let asked = call.body.get("ids").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let asked: Vec<&str> = asked.iter().filter_map(Value::as_str).collect();
    if !(1..=MOST_IDS).contains(&asked.len()) || asked.iter().any(|id| uuid::Uuid::try_parse(id).is_err()) {
        return Err(GraphError::bad_request("The ids must be 1 to 650 object ids."));
    }
    let found = asked.iter().filter_map(|id| roster::find(call.estate, id));
    let value: Vec<Value> = found.map(|member| Value::Object(of(&member))).collect();
    let context = "https://graph.microsoft.com/v1.0/$metadata#Collection(microsoft.graph.presence)";
    Ok(Answer::json(200, &json!({"@odata.context": context, "value": value})))
}

/// The presence of everybody.
pub(super) fn all(estate: &Estate) -> Vec<Value> {
    roster::everybody(estate).map(|member| Value::Object(of(&member))).collect()
}

fn of(member: &Member) -> Map<String, Value> {
    let (availability, activity, status) = seed::presence(&member.id);
    let status = status.map(|text| {
        json!({"message": {"contentType": "text", "content": text}, "publishedDateTime": null,
            "expiryDateTime": {"dateTime": "9999-12-30T23:00:00.0000000", "timeZone": "UTC"}})
    });
    object(json!({
        "id": member.id, "availability": availability, "activity": activity, "sequenceNumber": null,
        "statusMessage": status, "outOfOfficeSettings": {"message": null, "isOutOfOffice": false}, "workLocation": null,
    }))
}
