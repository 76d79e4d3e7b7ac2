//! Building an event: one builder for seeded and created ones, so that both have the same shape.
//!
//! Source: Outlook's event resource.

use jiff::civil::DateTime;
use serde_json::{Value, json};

use super::errors::GraphError;
use super::event::{Event, Repeat};
use super::ids::{ItemId, change_key, guid};
use super::message::{self, Party, preview, text_of_html};
use super::zones;

/// Everything an event is made of.
#[expect(clippy::struct_excessive_bools, reason = "each is an independent property of the resource")]
#[derive(Clone)]
pub(super) struct Appointment {
    pub(super) subject: String,
    pub(super) html: bool,
    pub(super) body: String,
    pub(super) zone_name: String,
    pub(super) start: DateTime,
    pub(super) end: DateTime,
    pub(super) all_day: bool,
    pub(super) location: String,
    pub(super) online: bool,
    pub(super) organizer: Party,
    /// Whether the owner of the mailbox organises it.
    pub(super) own: bool,
    /// With their attendee type.
    pub(super) attendees: Vec<(Party, String)>,
    pub(super) cancelled: bool,
    pub(super) show_as: String,
    pub(super) repeat: Option<Repeat>,
    /// The `recurrence` as the caller wrote it, or as Outlook would.
    pub(super) recurrence: Value,
    pub(super) transaction_id: Option<String>,
    pub(super) made_ms: i64,
}

impl Appointment {
    /// The event `name` in the mailbox of `owner` (an object id).
    ///
    /// # Errors
    /// 400 for a time zone Outlook does not know.
    pub(super) fn into_event(self, owner: &str, name: &str) -> Result<Event, GraphError> {
        let id = ItemId::of(owner, "event", name);
        let fields = message::object(self.fields(owner, &id));
        Ok(Event {
            zone: zones::zone(&self.zone_name)?,
            id,
            fields,
            start: self.start,
            end: self.end,
            zone_name: self.zone_name,
            all_day: self.all_day,
            repeat: self.repeat,
        })
    }

    fn fields(&self, owner: &str, id: &ItemId) -> Value {
        let text = if self.html { text_of_html(&self.body) } else { self.body.clone() };
        let encoded = percent_encoding::utf8_percent_encode(&id.default, percent_encoding::NON_ALPHANUMERIC);
        let zero = "0001-01-01T00:00:00Z";
        let attendees = self.attendees.iter().map(|(party, kind)| {
            json!({"type": kind, "status": {"response": "none", "time": zero}, "emailAddress": {
                "name": party.name, "address": party.address}})
        });
        let response = if self.own {
            ("organizer", zero.to_owned())
        } else {
            ("accepted", zones::rfc3339(self.made_ms))
        };
        let location = self.location();
        json!({
            "createdDateTime": zones::rfc3339(self.made_ms), "lastModifiedDateTime": zones::rfc3339(self.made_ms),
            "changeKey": change_key(&id.default), "categories": [], "transactionId": self.transaction_id,
            "originalStartTimeZone": self.zone_name, "originalEndTimeZone": self.zone_name,
            "iCalUId": format!("040000008200E00074C5B7101A82E008{}", guid(&id.immutable).replace('-', "").to_uppercase()),
            "reminderMinutesBeforeStart": 15, "isReminderOn": true, "hasAttachments": false,
            "subject": self.subject, "bodyPreview": preview(&text), "importance": "normal", "sensitivity": "normal",
            "isAllDay": self.all_day, "isCancelled": self.cancelled, "isOrganizer": self.own,
            "responseRequested": true, "seriesMasterId": null, "showAs": self.show_as,
            "type": if self.repeat.is_some() { "seriesMaster" } else { "singleInstance" },
            "webLink": format!("https://outlook.office365.com/owa/?itemid={encoded}&exvsurl=1&path=/calendar/item"),
            "onlineMeetingUrl": null, "isOnlineMeeting": self.online,
            "onlineMeetingProvider": if self.online { "teamsForBusiness" } else { "unknown" },
            "allowNewTimeProposals": true, "isDraft": false, "hideAttendees": false,
            "responseStatus": {"response": response.0, "time": response.1},
            "body": {"contentType": if self.html { "html" } else { "text" }, "content": self.body},
            "start": null, "end": null, "location": location, "locations": if self.location.is_empty() { json!([]) } else { json!([location]) },
            "recurrence": self.recurrence, "attendees": attendees.collect::<Vec<_>>(),
            "organizer": self.organizer.json(),
            "onlineMeeting": if self.online { Self::join(owner, id) } else { Value::Null },
        })
    }

    fn location(&self) -> Value {
        json!({"displayName": self.location, "locationType": "default", "uniqueId": self.location, "uniqueIdType": "private"})
    }

    /// The meeting behind an event that is one in Teams.
    pub(super) fn join(owner: &str, id: &ItemId) -> Value {
        let thread = guid(&format!("online/{}", id.immutable)).replace('-', "");
        json!({"joinUrl": format!("https://teams.microsoft.com/l/meetup-join/19%3ameeting_{thread}%40thread.v2/0?context=%7b%22Oid%22%3a%22{owner}%22%7d"),
               "conferenceId": "177513992", "tollNumber": "+1 425 555 0123"})
    }
}
