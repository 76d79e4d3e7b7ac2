//! Calendar events: as Graph gives them, as data, as words.
//!
//! Source: Graph `event` resource. Times come in UTC, or as dates that no zone moves where an event is all day; they are told
//! in the zone of the call.

use m365_text::html_to_markdown;
use m365_types::{Label, Labels};
use serde::{Deserialize, Serialize};

use crate::calendar::recurrence::GraphRecurrence;
use crate::listing::Listed;
use crate::moment::{GraphTime, days};
use crate::shape::{self, Cleaner};
use crate::wire::{Correspondent, Recipient};
use crate::zone::Zone;

/// What is asked of an event in a list.
pub(crate) const SELECT: &str = "id,subject,start,end,isAllDay,location,organizer,attendees,responseStatus,isCancelled,onlineMeeting,sensitivity";
/// Properties that every event has.
pub(crate) const FIELDS: &[&str] = &["id", "subject", "start", "end", "isAllDay"];
const TITLE_MAX: usize = 255;
/// Attendees whose names are in the text.
const TOLD: usize = 10;
/// Attendees whose addresses are in the data.
const LISTED_MAX: usize = 50;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GraphEvent {
    pub(crate) id: Option<String>,
    subject: Option<String>,
    start: Option<GraphTime>,
    end: Option<GraphTime>,
    is_all_day: Option<bool>,
    location: Option<GraphLocation>,
    organizer: Option<Recipient>,
    pub(crate) attendees: Option<Vec<GraphAttendee>>,
    response_status: Option<GraphResponse>,
    is_cancelled: Option<bool>,
    online_meeting: Option<GraphOnlineMeeting>,
    pub(crate) is_online_meeting: Option<bool>,
    pub(crate) web_link: Option<String>,
    pub(crate) body: Option<GraphBody>,
    pub(crate) recurrence: Option<GraphRecurrence>,
    pub(crate) series_master_id: Option<String>,
    pub(crate) has_attachments: Option<bool>,
    sensitivity: Option<String>,
}

impl GraphEvent {
    /// What the event says of itself: whatever its owner did not leave at normal counts.
    pub(crate) fn labels(&self) -> Labels {
        let marked = self.sensitivity.as_deref().is_some_and(|mark| !mark.eq_ignore_ascii_case("normal"));
        marked.then_some(Label::Confidential).into_iter().collect()
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphLocation {
    display_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GraphAttendee {
    #[serde(flatten)]
    who: Recipient,
    status: Option<GraphResponse>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphResponse {
    response: Option<String>,
}

/// Graph's `itemBody`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GraphBody {
    content_type: Option<String>,
    content: Option<String>,
}

impl GraphBody {
    /// The description as markdown, or as its lines where it is plain text.
    pub(crate) fn read(&self, cleaner: &mut Cleaner) -> String {
        if self.content_type.as_deref() == Some("text") {
            return cleaner.lines(self.content.as_deref());
        }
        let read = html_to_markdown(self.content.as_deref().unwrap_or_default());
        cleaner.count(read.hidden);
        read.text
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GraphOnlineMeeting {
    join_url: Option<String>,
}

impl GraphOnlineMeeting {
    /// The link to join, where it is one.
    pub(crate) fn link(&self) -> Option<String> {
        shape::link(self.join_url.as_deref())
    }
}

/// An event, and the zone its times are told in.
pub(crate) struct Placed {
    pub(crate) event: GraphEvent,
    pub(crate) zone: Zone,
}

/// An event, cleaned.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    id: String,
    subject: String,
    start: String,
    end: String,
    is_all_day: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    organizer: Option<Correspondent>,
    /// Addresses of those invited.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attendees: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    response: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_cancelled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) join_url: Option<String>,
    #[serde(skip)]
    when: String,
    /// Those invited, and what they answered, in words.
    #[serde(skip)]
    invited: String,
}

impl Listed for Event {
    type Given = Placed;

    fn of(Placed { event, zone }: &Placed, cleaner: &mut Cleaner) -> Self {
        let is_all_day = event.is_all_day.unwrap_or_default();
        let place = event.location.as_ref().and_then(|place| place.display_name.as_deref());
        let (start, end, when) = times(event, is_all_day, zone);
        let (attendees, invited) = invited(event.attendees.as_deref().unwrap_or_default(), cleaner);
        Self {
            id: shape::id(event.id.as_deref()),
            subject: cleaner.line(event.subject.as_deref(), TITLE_MAX),
            start,
            end,
            is_all_day,
            location: cleaner.line(place, TITLE_MAX),
            organizer: Correspondent::of(event.organizer.as_ref(), cleaner),
            attendees,
            response: answered(event.response_status.as_ref()).unwrap_or_default().to_owned(),
            is_cancelled: event.is_cancelled.unwrap_or_default(),
            join_url: event.online_meeting.as_ref().and_then(GraphOnlineMeeting::link),
            when,
            invited,
        }
    }

    fn words(&self, number: usize) -> String {
        format!("{number}. {}\n{}\nid {}", self.title(), self.lines().join("\n"), self.id)
    }
}

impl Event {
    pub(crate) fn title(&self) -> String {
        let subject = if self.subject.is_empty() { "(no subject)" } else { &self.subject };
        format!("{subject}{}", if self.is_cancelled { " (cancelled)" } else { "" })
    }

    /// When and where, by whom and with whom.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut first = self.when.clone();
        let organizer = self.organizer.as_ref().map(Correspondent::words).unwrap_or_default();
        let online = if self.join_url.is_some() { "online" } else { "" };
        for (before, words) in [
            ("", online),
            ("at ", &self.location),
            ("organised by ", if self.response == "organizer" { "" } else { &organizer }),
            ("you: ", &self.response),
        ] {
            if !words.is_empty() {
                first.push_str(", ");
                first.push_str(before);
                first.push_str(words);
            }
        }
        let mut lines = vec![first];
        if !self.invited.is_empty() {
            lines.push(format!("with {}", self.invited));
        }
        lines
    }
}

/// Start and end as data, and both as words. What cannot be read is shown as it came, where that is one word.
fn times(event: &GraphEvent, is_all_day: bool, zone: &Zone) -> (String, String, String) {
    let nothing = GraphTime::default();
    let (start, end) = (event.start.as_ref().unwrap_or(&nothing), event.end.as_ref().unwrap_or(&nothing));
    let all_day = is_all_day.then(|| start.day().zip(end.day())).flatten();
    if let Some((first, last)) = all_day {
        return (first.to_string(), last.to_string(), days(first, last));
    }
    match start.instant().zip(end.instant()) {
        Some((start, end)) => (zone.stamp(start), zone.stamp(end), zone.span(start, end)),
        None => (start.raw(), end.raw(), format!("{} to {}", start.raw(), end.raw())),
    }
}

/// The addresses of those invited, and them in words.
fn invited(given: &[GraphAttendee], cleaner: &mut Cleaner) -> (Vec<String>, String) {
    let people = given.iter().take(LISTED_MAX).filter_map(|attendee| {
        Some((Correspondent::of(Some(&attendee.who), cleaner)?, answered(attendee.status.as_ref())))
    });
    let people: Vec<_> = people.collect();
    let addresses = people.iter().map(|(who, _)| who.address.clone()).filter(|address| !address.is_empty());
    let words = people.iter().take(TOLD).map(|(who, response)| match response {
        Some(response) if *response != "notResponded" => format!("{} ({response})", who.words()),
        _ => who.words(),
    });
    let words = words.collect::<Vec<_>>().join(", ");
    let words = match given.len().saturating_sub(TOLD) {
        0 => words,
        rest => format!("{words} and {rest} more"),
    };
    (addresses.collect(), words)
}

/// What somebody answered to an invitation, where there is something to know.
fn answered(given: Option<&GraphResponse>) -> Option<&'static str> {
    const ANSWERS: [&str; 5] = ["organizer", "tentativelyAccepted", "accepted", "declined", "notResponded"];
    let response = given?.response.as_deref()?;
    ANSWERS.into_iter().find(|known| *known == response)
}
