//! An event as a call finds it that looks before it changes, cancels or answers it.
//!
//! Source: Graph `event` resource. Whoever is invited is told of a change by Exchange, those included who are invited no
//! longer.

use m365_types::{Email, Method, Recipient, ResolvedEffect, Role};
use serde::Deserialize;

use crate::action::Context;
use crate::calendar::recurrence::GraphRecurrence;
use crate::calendar::update::EVENT;
use crate::effect::{self, people, say};
use crate::error::ActionError;
use crate::mail::list::IMMUTABLE_ID;
use crate::moment::{GraphTime, exact};
use crate::shape;
use crate::wire;
use crate::zone::Zone;

const SELECT: &str = "id,changeKey,subject,start,end,isAllDay,location,organizer,attendees,body,recurrence,seriesMasterId,isOnlineMeeting";

/// An event, as far as an effect tells of it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Seen {
    change_key: Option<String>,
    subject: Option<String>,
    start: Option<GraphTime>,
    end: Option<GraphTime>,
    is_all_day: Option<bool>,
    location: Option<Location>,
    organizer: Option<wire::Recipient>,
    attendees: Option<Vec<wire::Recipient>>,
    body: Option<wire::Body>,
    recurrence: Option<GraphRecurrence>,
    series_master_id: Option<String>,
    is_online_meeting: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Location {
    display_name: Option<String>,
}

/// Reads an event. One without a version could change unseen, so it is not acted on.
pub(crate) async fn event(
    context: &Context<'_>,
    mailbox: Option<&Email>,
    id: &str,
) -> Result<Seen, ActionError> {
    let mut request = context.graph.request_to(Method::Get, EVENT, mailbox, &[id])?;
    request.prefer = vec![IMMUTABLE_ID.to_owned()];
    request.query = vec![("$select", SELECT.to_owned())];
    let seen: Seen = context.graph.fetch(request).await?;
    if seen.version().is_none() { Err(context.graph.unreadable()) } else { Ok(seen) }
}

impl Seen {
    pub(crate) fn version(&self) -> Option<String> {
        Some(shape::id(self.change_key.as_deref())).filter(|key| !key.is_empty())
    }

    pub(crate) fn subject(&self) -> String {
        effect::line(self.subject.as_deref())
    }

    pub(crate) fn place(&self) -> String {
        effect::line(self.location.as_ref().and_then(|place| place.display_name.as_deref()))
    }

    pub(crate) fn body(&self) -> Option<String> {
        self.body.as_ref().and_then(|body| body.content.clone())
    }

    /// Start and end, told in a zone; days where it is all day.
    pub(crate) fn times(&self, zone: &Zone) -> [String; 2] {
        let all_day = self.is_all_day.unwrap_or_default();
        [&self.start, &self.end].map(|time| {
            let Some(time) = time else { return String::new() };
            match time.instant() {
                _ if all_day => time.day().map_or_else(|| time.raw(), |day| format!("{day}, all day")),
                Some(at) => exact(zone, at),
                None => time.raw(),
            }
        })
    }

    /// Those invited, rooms included.
    pub(crate) fn invited(&self) -> Vec<Recipient> {
        people(self.attendees.iter().flatten(), Role::Attendee).collect()
    }

    pub(crate) fn organizer(&self) -> Option<Recipient> {
        self.organizer.as_ref().and_then(|organizer| effect::person(organizer, Role::To))
    }

    /// How often it is, and whether Teams meets.
    pub(crate) fn say_kind(&self, effect: &mut ResolvedEffect) {
        say(effect, "Repeats", self.recurrence.as_ref().map(GraphRecurrence::words).unwrap_or_default());
        if self.series_master_id.is_some() {
            say(effect, "Occurrence", "one of a series");
        }
        if self.is_online_meeting == Some(true) {
            say(effect, "Online", "a Teams meeting");
        }
    }

    /// Which event it is, for people.
    pub(crate) fn describe(&self, effect: &mut ResolvedEffect, zone: &Zone) {
        say(effect, "Subject", self.subject());
        for (name, time) in ["Start", "End"].into_iter().zip(self.times(zone)) {
            say(effect, name, time);
        }
        say(effect, "Where", self.place());
        self.say_kind(effect);
    }
}

#[cfg(test)]
#[path = "seen_tests.rs"]
mod tests;
