//! Parameters that several tools of the calendar take.

use m365_types::{Email, Reach};
use serde_json::{Value, json};

use crate::action::{at, shared};
use crate::param::{Addresses, DateTime, Identifier, Optional, Param, Required, Text, optional, required};
use crate::zone::ZoneName;

pub(crate) static ID: Param<Identifier, Required> = required("id", "Event id", Identifier);
pub(crate) static START: Param<DateTime, Required> = required("start", "Start time (ISO 8601)", DateTime);
pub(crate) static END: Param<DateTime, Required> = required("end", "End time (ISO 8601)", DateTime);
/// The zone of times that name none; it is also the one they are told in.
pub(crate) static MEANT: Param<ZoneName, Optional> =
    optional("timeZone", "IANA zone of times without offset; default: the mailbox's, else UTC", ZoneName);
pub(crate) static LOCATION: Param<Text, Optional> =
    optional("location", "Place", Text { min: 0, max: 255, lines: false });
pub(crate) static COMMENT: Param<Text, Optional> =
    optional("comment", "Message that goes with it", Text { min: 1, max: 10_000, lines: true });

/// Most people that one call invites.
pub(crate) const INVITED_MAX: usize = 50;
pub(crate) const INVITED: Addresses = Addresses { max: INVITED_MAX };
pub(crate) const SUBJECT_TEXT: Text = Text { min: 0, max: 255, lines: false };
pub(crate) const BODY_TEXT: Text = Text { min: 0, max: 1_000_000, lines: true };

/// Graph's attendees: everybody is needed.
pub(crate) fn attendees(people: &[Email]) -> Value {
    people
        .iter()
        .map(|one| json!({ "emailAddress": { "address": one.as_str() }, "type": "required" }))
        .collect()
}

/// The reach of a change to an event: whom it tells is known to Graph alone.
pub(crate) fn event_reach(mailbox: Option<&Email>, id: &str) -> Reach {
    mailbox.map_or_else(
        || at(format!("me/events/{id}")),
        |mailbox| shared(format!("users/{mailbox}/events/{id}")),
    )
}
