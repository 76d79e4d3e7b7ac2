//! One calendar event: as Graph gives it, as data, as words; read alone with its body.
//!
//! Source: Graph `event` resource.

use async_trait::async_trait;
use jiff::civil;
use m365_types::Reach;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::action::{Answer, Context, Invocation, own, untrusted};
use crate::arguments::Given;
use crate::calendar::view::SELECT;
use crate::error::ActionError;
use crate::excerpt::{OFFSET, insert_body};
use crate::listing::Listed;
use crate::mail::list::preferences;
use crate::param::{Identifier, Param, Required, required};
use crate::shape::{self, Cleaner};
use crate::wire::{Body, Correspondent, NAME_MAX, Recipient};

pub(crate) static ID: Param<Identifier, Required> =
    required("id", "The event's id, as getCalendarEvents gives it", Identifier);

/// Properties that every event has.
pub(crate) const FIELDS: &[&str] = &["id", "subject", "start", "end", "isAllDay"];
/// Name of the row of one event.
pub(crate) const URI: &str = "microsoft://events/{id}";
const TITLE_MAX: usize = 255;
const ATTENDEES_SHOWN: usize = 10;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GraphEvent {
    id: Option<String>,
    subject: Option<String>,
    start: Option<GraphTime>,
    end: Option<GraphTime>,
    is_all_day: Option<bool>,
    location: Option<GraphLocation>,
    organizer: Option<Recipient>,
    attendees: Option<Vec<GraphAttendee>>,
    response_status: Option<GraphResponse>,
    is_cancelled: Option<bool>,
    online_meeting: Option<GraphOnlineMeeting>,
    web_link: Option<String>,
    body: Option<Body>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphTime {
    date_time: Option<String>,
    time_zone: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphLocation {
    display_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphAttendee {
    #[serde(flatten)]
    who: Recipient,
    status: Option<GraphResponse>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphResponse {
    response: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphOnlineMeeting {
    join_url: Option<String>,
}

/// An event, cleaned.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    id: String,
    subject: String,
    start: Time,
    end: Time,
    is_all_day: bool,
    location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    organizer: Option<Correspondent>,
    attendees: Vec<Attendee>,
    response: String,
    is_cancelled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    join_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_link: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Time {
    date_time: String,
    time_zone: String,
}

#[derive(Serialize)]
struct Attendee {
    #[serde(flatten)]
    who: Correspondent,
    response: String,
}

impl Listed for Event {
    type Given = GraphEvent;

    fn of(given: &GraphEvent, cleaner: &mut Cleaner) -> Self {
        let attendees = given.attendees.iter().flatten();
        Self {
            id: shape::id(given.id.as_deref()),
            subject: cleaner.line(given.subject.as_deref(), TITLE_MAX),
            start: Time::of(given.start.as_ref(), cleaner),
            end: Time::of(given.end.as_ref(), cleaner),
            is_all_day: given.is_all_day.unwrap_or_default(),
            location: cleaner
                .line(given.location.as_ref().and_then(|place| place.display_name.as_deref()), TITLE_MAX),
            organizer: Correspondent::of(given.organizer.as_ref(), cleaner),
            attendees: attendees.filter_map(|attendee| Attendee::of(attendee, cleaner)).collect(),
            response: response(given.response_status.as_ref()),
            is_cancelled: given.is_cancelled.unwrap_or_default(),
            join_url: shape::link(
                given.online_meeting.as_ref().and_then(|meeting| meeting.join_url.as_deref()),
            ),
            web_link: shape::link(given.web_link.as_deref()),
        }
    }

    fn words(&self, number: usize) -> String {
        let subject = if self.subject.is_empty() { "(no subject)" } else { &self.subject };
        let cancelled = if self.is_cancelled { " (cancelled)" } else { "" };
        let mut text = format!("{number}. {subject}{cancelled}\n   {}", self.when());
        if !self.location.is_empty() {
            text.push_str(", at ");
            text.push_str(&self.location);
        }
        if let Some(organizer) = &self.organizer {
            text.push_str("\n   organised by ");
            text.push_str(&organizer.words());
        }
        if !self.attendees.is_empty() {
            let shown: Vec<String> =
                self.attendees.iter().take(ATTENDEES_SHOWN).map(Attendee::words).collect();
            let rest = match self.attendees.len().saturating_sub(ATTENDEES_SHOWN) {
                0 => String::new(),
                rest => format!(" and {rest} more"),
            };
            text.push_str("\n   with ");
            text.push_str(&shown.join(", "));
            text.push_str(&rest);
        }
        if let Some(join) = &self.join_url {
            text.push_str("\n   join ");
            text.push_str(join);
        }
        text.push_str("\n   id ");
        text.push_str(&self.id);
        text
    }
}

impl Event {
    fn when(&self) -> String {
        let (start, end) = (self.start.civil(), self.end.civil());
        let (Some(start), Some(end)) = (start, end) else {
            return format!("{} to {} {}", self.start.date_time, self.end.date_time, self.start.time_zone);
        };
        let day = |at: civil::DateTime| at.strftime("%a %Y-%m-%d").to_string();
        let zone = &self.start.time_zone;
        if self.is_all_day {
            // The end of an all-day event is the midnight after its last day.
            let last = end.date().yesterday().unwrap_or(end.date()).max(start.date());
            let until = if last == start.date() {
                String::new()
            } else {
                format!(" to {}", last.strftime("%a %Y-%m-%d"))
            };
            return format!("{}{until}, all day", day(start));
        }
        let until = if start.date() == end.date() {
            end.strftime("%H:%M").to_string()
        } else {
            format!(" {} {}", day(end), end.strftime("%H:%M"))
        };
        format!("{} {}–{} {zone}", day(start), start.strftime("%H:%M"), until.trim_start())
    }
}

impl Time {
    fn of(given: Option<&GraphTime>, cleaner: &mut Cleaner) -> Self {
        let date_time = shape::id(given.and_then(|time| time.date_time.as_deref()));
        let fraction = date_time.find('.').unwrap_or(date_time.len());
        Self {
            date_time: date_time.get(..fraction).unwrap_or_default().to_owned(),
            time_zone: cleaner.line(given.and_then(|time| time.time_zone.as_deref()), NAME_MAX),
        }
    }

    fn civil(&self) -> Option<civil::DateTime> {
        self.date_time.parse().ok()
    }
}

impl Attendee {
    fn of(given: &GraphAttendee, cleaner: &mut Cleaner) -> Option<Self> {
        let who = Correspondent::of(Some(&given.who), cleaner)?;
        Some(Self { who, response: response(given.status.as_ref()) })
    }

    fn words(&self) -> String {
        match self.response.as_str() {
            "" | "none" | "notResponded" => self.who.words(),
            response => format!("{} ({response})", self.who.words()),
        }
    }
}

fn response(given: Option<&GraphResponse>) -> String {
    shape::id(given.and_then(|status| status.response.as_deref()))
}

pub(crate) fn read_event(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let offset = given.read(&OFFSET);
    Some(Box::new(ReadEvent { id: id?, offset: offset?.unwrap_or_default() }))
}

struct ReadEvent {
    id: String,
    offset: u32,
}

#[async_trait]
impl Invocation for ReadEvent {
    fn reach(&self) -> Reach {
        own()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[&self.id])?;
        request.prefer = preferences();
        request.query = vec![("$select", format!("{SELECT},body"))];
        let given: GraphEvent = context.graph.fetch(request).await?;
        let mut cleaner = Cleaner::default();
        let mut event = json!(Event::of(&given, &mut cleaner));
        let body = cleaner.lines(given.body.as_ref().and_then(|body| body.content.as_deref()));
        insert_body(&mut event, &body, URI, &self.id, self.offset);
        Ok(Answer::json(untrusted(event, &cleaner)))
    }
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
