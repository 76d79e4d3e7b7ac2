//! The days ahead, and the list of calendars.
//!
//! Source: Graph `event` and `calendar` resources. `calendarView` expands series, pages by ten unless asked otherwise, and
//! honours the offsets of its window.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use m365_types::{Email, Labels, Reach, UnixMillis};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::action::{Answer, Context, Invocation, own};
use crate::arguments::Given;
use crate::calendar::event::{Event, GraphEvent, Placed, SELECT};
use crate::error::ActionError;
use crate::listing::{Bounds, Wording, gather};
use crate::mail::list::IMMUTABLE_ID;
use crate::moment::instant_text;
use crate::paging::Position;
use crate::param::{Default as Otherwise, Integer, MAILBOX, Param, defaulted};
use crate::shape::{self, Cleaner};
use crate::wire::{Correspondent, EmailAddress, NAME_MAX, Page};
use crate::zone::{TIME_ZONE, Zone};

pub(crate) static DAYS: Param<Integer, Otherwise> =
    defaulted("days", "Days ahead", Integer { min: 1, max: 30 }, Otherwise::Number(7));

const CALENDARS_SELECT: &str = "id,name,color,canEdit,owner";
const PAGE: usize = 50;
const EVENTS_MAX: usize = 100;
/// Pages followed at most: some may be short or empty.
const PAGES_MAX: usize = 5;

pub(crate) fn get_calendar_events(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let days = given.read(&DAYS);
    let mailbox = given.read(&MAILBOX);
    let zone = given.read(&TIME_ZONE);
    Some(Box::new(GetCalendarEvents { days: days?, mailbox: mailbox?, zone: zone? }))
}

struct GetCalendarEvents {
    days: u32,
    mailbox: Option<Email>,
    zone: Option<Zone>,
}

#[async_trait]
impl Invocation for GetCalendarEvents {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let zone = Zone::of(context, self.zone.as_ref()).await;
        // A list that is continued looks at the same days as when it began.
        let began = context.position.map_or(context.now, Position::began);
        let (start, end) = window(began, self.days);
        let mut request = context.graph.request_in(self.mailbox.as_ref(), &[])?;
        request.prefer = vec![IMMUTABLE_ID.to_owned()];
        request.query = vec![
            ("startDateTime", start),
            ("endDateTime", end),
            ("$select", SELECT.to_owned()),
            ("$orderby", "start/dateTime".to_owned()),
            ("$top", PAGE.to_string()),
        ];
        let bounds = Bounds { pages: PAGES_MAX, items: EVENTS_MAX, linked: true };
        let events = gather::<GraphEvent>(context, &request, bounds).await?;
        let labels = events.iter().fold(Labels::NONE, |labels, event| labels.union(event.labels()));
        let events = events.filter_map(|event| Some(Placed { event, zone: zone.clone() }));
        let days = format!("in the next {} day{}", self.days, if self.days == 1 { "" } else { "s" });
        let head = |count: usize| {
            let ending = if count == 1 { "" } else { "s" };
            format!("{count} event{ending} {days}, in order of their start. {}", zone.sentence())
        };
        let wording = Wording {
            name: "events",
            none: &format!("No events {days}."),
            head: &head,
            more: "There are more; ask for fewer days.",
        };
        Ok(Answer { labels, ..events.answer::<Event>(context, &wording) })
    }
}

/// From now for so many days, as RFC 3339 in UTC.
fn window(now: UnixMillis, days: u32) -> (String, String) {
    let millis = i64::try_from(now.as_millis()).unwrap_or_default();
    let start = Timestamp::from_millisecond(millis).unwrap_or_default();
    let end = start.saturating_add(SignedDuration::from_hours(i64::from(days) * 24)).unwrap_or(start);
    (instant_text(start), instant_text(end))
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
