//! Times at which people could meet.
//!
//! Source: Graph findMeetingTimes and its result; the reasons for an empty one are those of its page. Within working hours,
//! the person included; the answer's times come in UTC.

use async_trait::async_trait;
use m365_types::{Email, Reach};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::action::{Answer, Context, Invocation, own};
use crate::arguments::Given;
use crate::calendar::param::{END, MEANT, START, attendees};
use crate::error::ActionError;
use crate::moment::{GraphTime, minutes};
use crate::param::{Addresses, Default as Otherwise, Integer, Param, Required, defaulted, required};
use crate::period::Period;
use crate::shape;
use crate::wire::Recipient;
use crate::zone::Zone;

pub(crate) static ATTENDEES: Param<Addresses, Required> =
    required("attendees", "Who should be free besides you", Addresses { max: 20 });
pub(crate) static DURATION: Param<Integer, Otherwise> =
    defaulted("durationMinutes", "Length", Integer { min: 5, max: 1440 }, Otherwise::Number(30));
pub(crate) static CANDIDATES: Param<Integer, Otherwise> =
    defaulted("maxCandidates", "Suggestions", Integer { min: 1, max: 20 }, Otherwise::Number(5));
/// Properties that every suggestion has.
pub(crate) const FIELDS: &[&str] = &["start", "end", "confidence"];

pub(crate) fn find_meeting_times(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let attendees = given.read(&ATTENDEES);
    let start = given.read(&START);
    let end = given.read(&END);
    let duration = given.read(&DURATION);
    let candidates = given.read(&CANDIDATES);
    let zone = given.read(&MEANT);
    let zone = zone?;
    let period = Period::read(given, ["start", "end"], start?, end?, zone.clone());
    let (attendees, duration, candidates) = (attendees?, duration?, candidates?);
    if attendees.is_empty() {
        given.refuse("attendees", "must name somebody");
    }
    Some(Box::new(FindMeetingTimes { attendees, period, duration, candidates, zone }))
}

struct FindMeetingTimes {
    attendees: Vec<Email>,
    period: Period,
    duration: u32,
    candidates: u32,
    zone: Option<Zone>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphResult {
    empty_suggestions_reason: Option<String>,
    meeting_time_suggestions: Vec<GraphSuggestion>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphSuggestion {
    confidence: Option<f64>,
    organizer_availability: Option<String>,
    attendee_availability: Vec<GraphAvailability>,
    meeting_time_slot: GraphSlot,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphAvailability {
    attendee: Option<Recipient>,
    availability: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphSlot {
    start: GraphTime,
    end: GraphTime,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Suggestion {
    start: String,
    end: String,
    /// How likely it is that all attend, in percent.
    confidence: u8,
    /// Those who are not free then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_free: Vec<Busy>,
    #[serde(skip)]
    words: String,
}

#[derive(Serialize)]
struct Busy {
    who: String,
    status: &'static str,
}

#[async_trait]
impl Invocation for FindMeetingTimes {
    /// The addresses leave with the question.
    fn reach(&self) -> Reach {
        Reach { recipients: self.attendees.clone(), ..own() }
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let times = self.period.settle(context).await?;
        let zone = Zone::of(context, self.zone.as_ref()).await;
        let (start, end) = times.instants();
        let window = minutes(start, end).unwrap_or_default();
        let mut request = context.graph.request(&[])?;
        request.body = Some(
            json!({
                "attendees": attendees(&self.attendees),
                "timeConstraint": {
                    "activityDomain": "work",
                    "timeSlots": [{ "start": times.start.to_graph(), "end": times.end.to_graph() }],
                },
                "meetingDuration": format!("PT{}M", self.duration),
                "maxCandidates": self.candidates,
                "isOrganizerOptional": false,
                "returnSuggestionReasons": false,
            })
            .into(),
        );
        let found: GraphResult = context.graph.fetch(request).await?;
        let suggestions: Vec<Suggestion> = found
            .meeting_time_suggestions
            .iter()
            .take(self.candidates as usize)
            .filter_map(|given| Suggestion::of(given, &zone))
            .collect();
        let reason = reason(found.empty_suggestions_reason.as_deref(), window < self.duration);
        let text = match suggestions.len() {
            0 => format!("No time was found: {reason}{}", times.note()),
            count => {
                let words: Vec<&str> = suggestions.iter().map(|one| one.words.as_str()).collect();
                let ending = if count == 1 { "" } else { "s" };
                format!(
                    "{count} time{ending} within working hours, the best first. {}{}\n{}",
                    zone.sentence(),
                    times.note(),
                    words.join("\n")
                )
            }
        };
        let mut structured = json!({ "suggestions": suggestions });
        if let (true, Some(object)) = (suggestions.is_empty(), structured.as_object_mut()) {
            object.insert("reason".to_owned(), reason.into());
        }
        Ok(Answer::whole(text, structured))
    }
}

impl Suggestion {
    fn of(given: &GraphSuggestion, zone: &Zone) -> Option<Self> {
        let slot = &given.meeting_time_slot;
        let (start, end) = (slot.start.instant()?, slot.end.instant()?);
        let organizer = given.organizer_availability.as_deref().map(|status| ("you".to_owned(), status));
        let others = given.attendee_availability.iter().filter_map(|one| {
            let address = one.attendee.as_ref()?.email_address.as_ref()?.address.as_deref();
            Some((shape::id(address), one.availability.as_deref()?))
        });
        let not_free: Vec<Busy> = organizer
            .into_iter()
            .chain(others)
            .filter_map(|(who, status)| Some(Busy { who, status: not_free(status)? }))
            .collect();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a percentage, cut to its range before"
        )]
        let confidence = given.confidence.unwrap_or_default().clamp(0.0, 100.0).round() as u8;
        let whose = match not_free.len() {
            0 => "all free".to_owned(),
            _ => not_free
                .iter()
                .map(|one| format!("{} {}", one.who, one.status))
                .collect::<Vec<_>>()
                .join(", "),
        };
        let words = format!("{}: {whose} ({confidence} % likely)", zone.span(start, end));
        Some(Self { start: zone.stamp(start), end: zone.stamp(end), confidence, not_free, words })
    }
}

/// How somebody is not free; none where somebody is.
fn not_free(status: &str) -> Option<&'static str> {
    match status {
        "free" => None,
        "tentative" => Some("tentative"),
        "busy" => Some("busy"),
        "oof" => Some("out of office"),
        "workingElsewhere" => Some("working elsewhere"),
        _ => Some("not known"),
    }
}

/// Why there is no suggestion, and what to do.
fn reason(code: Option<&str>, too_short: bool) -> &'static str {
    // Graph's page begins these words in lower case, its answers in upper.
    match code.unwrap_or_default().to_ascii_lowercase().as_str() {
        _ if too_short => "the window is shorter than the meeting. Move `end`, or ask for a shorter meeting.",
        "attendeesunavailable" => {
            "at no time within working hours are enough of them free. Widen the window, shorten the meeting, or leave \
             somebody out; getSchedule shows who is busy when."
        }
        "attendeesunavailableorunknown" => {
            "some of them are busy, or their calendars are not known here, as for people outside the organisation. Leave those \
             out, or agree on a time with them by mail."
        }
        "organizerunavailable" => {
            "the person who asks is not free at any time within working hours. Widen the window or shorten the meeting."
        }
        "locationsunavailable" => "no room is free. Widen the window, or look for rooms with listRooms.",
        _ => "Microsoft 365 does not say why. Widen the window, or look at the calendars with getSchedule.",
    }
}

#[cfg(test)]
#[path = "suggest_tests.rs"]
mod tests;
