//! Calendar: the days ahead, a new event, the list of calendars.
//!
//! Source: Graph `event` and `calendar` resources. `calendarView` expands series and pages by ten unless asked
//! otherwise; its times come in UTC. A new event carries the request id as `transactionId`, so repeating the request
//! makes no second event. What local time means is [`crate::moment`]'s rule.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use m365_types::{Email, Reach, UnixMillis};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::action::{Answer, Context, Invocation, own};
use crate::arguments::Given;
use crate::calendar::event::{Event, GraphEvent};
use crate::error::ActionError;
use crate::listing::{Bounds, Wording, gather};
use crate::mail::list::preferences;
use crate::mail::send::refuse_too_much_markup;
use crate::moment::{Moment, instant_text, zone_note};
use crate::paging::Position;
use crate::param::{
    Addresses, DateTime, Default as Otherwise, Integer, Optional, Param, Required, Text, defaulted, optional,
    required,
};
use crate::shape::{self, Cleaner, outgoing};
use crate::wire::{Correspondent, EmailAddress, NAME_MAX, Page};

pub(crate) static DAYS: Param<Integer, Otherwise> =
    defaulted("days", "Days ahead", Integer { min: 1, max: 30 }, Otherwise::Number(7));
pub(crate) static SUBJECT: Param<Text, Required> =
    required("subject", "Event title", Text { min: 0, max: 255, lines: false });
pub(crate) static START: Param<DateTime, Required> = required(
    "start",
    "Start time (ISO 8601), with an offset, Z or a zone such as [Europe/Berlin]; without one it is UTC",
    DateTime,
);
pub(crate) static END: Param<DateTime, Required> =
    required("end", "End time (ISO 8601), written like start and later than it", DateTime);
pub(crate) static ATTENDEES: Param<Addresses, Optional> =
    optional("attendees", "Attendee emails; each is sent an invitation", Addresses { max: 50 });
pub(crate) static BODY: Param<Text, Optional> =
    optional("body", "Event description", Text { min: 0, max: 1_000_000, lines: true });

pub(crate) const SELECT: &str = "id,subject,start,end,isAllDay,location,organizer,attendees,responseStatus,isCancelled,onlineMeeting,webLink";
const CALENDARS_SELECT: &str = "id,name,color,canEdit,owner";
const PAGE: usize = 50;
const EVENTS_MAX: usize = 100;
/// Pages followed at most: some may be short or empty.
const PAGES_MAX: usize = 5;

pub(crate) fn get_calendar_events(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let days = given.read(&DAYS)?;
    Some(Box::new(GetCalendarEvents { days }))
}

struct GetCalendarEvents {
    days: u32,
}

#[async_trait]
impl Invocation for GetCalendarEvents {
    fn reach(&self) -> Reach {
        own()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        // A list that is continued looks at the same days as when it began.
        let began = context.position.map_or(context.now, Position::began);
        let (start, end) = window(began, self.days);
        let mut request = context.graph.request(&[])?;
        request.prefer = preferences();
        request.query = vec![
            ("startDateTime", start),
            ("endDateTime", end),
            ("$select", SELECT.to_owned()),
            ("$orderby", "start/dateTime".to_owned()),
            ("$top", PAGE.to_string()),
        ];
        let bounds = Bounds { pages: PAGES_MAX, items: EVENTS_MAX, linked: true };
        let events = gather::<GraphEvent>(context, &request, bounds).await?;
        let days = format!("in the next {} day{}", self.days, if self.days == 1 { "" } else { "s" });
        let head = |count: usize| {
            let ending = if count == 1 { "" } else { "s" };
            format!("{count} event{ending} {days}, in order of their start.")
        };
        let wording = Wording {
            name: "events",
            none: &format!("No events {days}."),
            head: &head,
            more: "There are more; ask for fewer days.",
        };
        Ok(events.answer::<Event>(context, &wording))
    }
}

/// From now for so many days, as RFC 3339 in UTC.
fn window(now: UnixMillis, days: u32) -> (String, String) {
    let millis = i64::try_from(now.as_millis()).unwrap_or_default();
    let start = Timestamp::from_millisecond(millis).unwrap_or_default();
    let end = start.saturating_add(SignedDuration::from_hours(i64::from(days) * 24)).unwrap_or(start);
    (instant_text(start), instant_text(end))
}

pub(crate) fn create_calendar_event(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let subject = given.read(&SUBJECT);
    let start = given.read(&START);
    let end = given.read(&END);
    let attendees = given.read(&ATTENDEES);
    let body = given.read(&BODY);
    refuse_too_much_markup(given, body.as_ref().and_then(Option::as_deref));
    let (start, end) = (start?, end?);
    if !end.is_after(&start) {
        given.refuse("end", "must be later than `start`");
    }
    let attendees = attendees?.unwrap_or_default();
    Some(Box::new(CreateCalendarEvent { subject: subject?, start, end, attendees, body: body? }))
}

struct CreateCalendarEvent {
    subject: String,
    start: Moment,
    end: Moment,
    attendees: Vec<Email>,
    body: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    id: String,
    web_link: Option<String>,
}

#[async_trait]
impl Invocation for CreateCalendarEvent {
    fn reach(&self) -> Reach {
        Reach { recipients: self.attendees.clone(), ..own() }
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[])?;
        request.prefer = preferences();
        request.body = Some(self.to_graph(context).into());
        let created: Created = context.graph.fetch(request).await?;
        let id = shape::id(Some(&created.id));
        let invitations = match self.attendees.len() {
            0 => String::new(),
            1 => " An invitation was sent to 1 person.".to_owned(),
            count => format!(" Invitations were sent to {count} people."),
        };
        let text = format!(
            "Event created: {id}\nFrom {} to {}.{invitations}{}",
            self.start.to_words(),
            self.end.to_words(),
            zone_note(&[("start", &self.start), ("end", &self.end)])
        );
        let mut structured = json!({
            "id": id, "start": self.start.to_graph(), "end": self.end.to_graph(), "invited": self.attendees,
        });
        if let (Some(link), Some(object)) =
            (shape::link(created.web_link.as_deref()), structured.as_object_mut())
        {
            object.insert("webLink".to_owned(), link.into());
        }
        Ok(Answer::whole(text, structured))
    }
}

impl CreateCalendarEvent {
    fn to_graph(&self, context: &Context<'_>) -> Value {
        let attendees: Vec<Value> = self
            .attendees
            .iter()
            .map(|attendee| json!({ "emailAddress": { "address": attendee.as_str() }, "type": "required" }))
            .collect();
        let mut event = json!({
            "subject": self.subject,
            "start": self.start.to_graph(),
            "end": self.end.to_graph(),
            "attendees": attendees,
            "isOnlineMeeting": false,
            "transactionId": context.request.to_string(),
        });
        if let (Some(body), Some(event)) = (&self.body, event.as_object_mut()) {
            event
                .insert("body".to_owned(), json!({ "contentType": "html", "content": outgoing::html(body) }));
        }
        event
    }
}

pub(crate) struct Calendars;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphCalendar {
    id: Option<String>,
    name: Option<String>,
    color: Option<String>,
    can_edit: Option<bool>,
    owner: Option<EmailAddress>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Calendar {
    id: String,
    name: String,
    color: String,
    can_edit: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Correspondent>,
}

#[async_trait]
impl Invocation for Calendars {
    fn reach(&self) -> Reach {
        own()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[])?;
        request.query = vec![("$select", CALENDARS_SELECT.to_owned()), ("$top", EVENTS_MAX.to_string())];
        let page: Page<GraphCalendar> = context.graph.fetch(request).await?;
        let mut cleaner = Cleaner::default();
        let mut calendar = |given: &GraphCalendar| Calendar {
            id: shape::id(given.id.as_deref()),
            name: cleaner.line(given.name.as_deref(), NAME_MAX),
            color: shape::id(given.color.as_deref()),
            can_edit: given.can_edit.unwrap_or_default(),
            owner: Correspondent::at(given.owner.as_ref(), &mut cleaner),
        };
        let calendars: Vec<Calendar> = page.value.iter().map(&mut calendar).collect();
        let structured = json!({
            "untrusted": true, "calendars": calendars, "more": page.next_link.is_some(),
            "hiddenCharactersRemoved": cleaner.hidden(),
        });
        Ok(Answer::json(structured))
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
