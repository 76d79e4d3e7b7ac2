//! When people and rooms are free and when they are not.
//!
//! Source: Graph getSchedule and `scheduleInformation`: a view of one digit for every interval from the start on. Only that is
//! told; what the times are taken by, the subjects and places of other people's events, is not asked of the answer.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use m365_types::{Email, Reach};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::action::{Answer, Context, Invocation, own};
use crate::arguments::Given;
use crate::calendar::param::{END, MEANT, START};
use crate::error::ActionError;
use crate::hours::GraphHours;
use crate::lesson::Lesson;
use crate::listing::{Bounds, Listed, Wording, gather};
use crate::moment::minutes;
use crate::param::{Addresses, Default as Otherwise, Integer, Param, Required, defaulted, required};
use crate::period::Period;
use crate::shape::{self, Cleaner};
use crate::zone::Zone;

pub(crate) static ADDRESSES: Param<Addresses, Required> =
    required("addresses", "People and rooms", Addresses { max: ADDRESSES_MAX });
pub(crate) static INTERVAL: Param<Integer, Otherwise> =
    defaulted("interval", "Minutes told apart", Integer { min: 5, max: 1440 }, Otherwise::Number(30));
/// Properties that every schedule has.
pub(crate) const FIELDS: &[&str] = &["address", "taken"];
const ADDRESSES_MAX: usize = 20;
/// Longest window, in minutes: more than a month is no question of who is free.
const WINDOW_MAX: u32 = 31 * 24 * 60;
/// Most digits of one view that are read: the longest window in the shortest interval.
const DIGITS_MAX: usize = (WINDOW_MAX / 5) as usize;

/// What can go wrong here besides what every call meets.
pub(crate) static LESSONS: [&Lesson; 1] = [&TOO_LONG];

static TOO_LONG: Lesson = Lesson {
    code: "schedule_window",
    why: "From `start` to `end` is more than 31 days.",
    next: "Ask for fewer days.",
};

pub(crate) fn get_schedule(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let addresses = given.read(&ADDRESSES);
    let start = given.read(&START);
    let end = given.read(&END);
    let interval = given.read(&INTERVAL);
    let zone = given.read(&MEANT);
    let zone = zone?;
    let period = Period::read(given, ["start", "end"], start?, end?, zone.clone());
    let addresses = addresses?;
    if addresses.is_empty() {
        given.refuse("addresses", "must name somebody");
    }
    Some(Box::new(GetSchedule { addresses, period, interval: interval?, zone }))
}

struct GetSchedule {
    addresses: Vec<Email>,
    period: Period,
    interval: u32,
    zone: Option<Zone>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphSchedule {
    schedule_id: Option<String>,
    availability_view: Option<String>,
    working_hours: Option<GraphHours>,
    error: Option<serde::de::IgnoredAny>,
}

/// A schedule, with what its view means.
struct Viewed {
    schedule: GraphSchedule,
    start: Timestamp,
    interval: SignedDuration,
    zone: Zone,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Schedule {
    address: String,
    /// When somebody is not free.
    taken: Vec<Block>,
    #[serde(skip_serializing_if = "String::is_empty")]
    working_hours: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unknown: bool,
    #[serde(skip)]
    words: Vec<String>,
}

#[derive(Serialize)]
struct Block {
    start: String,
    end: String,
    status: &'static str,
}

#[async_trait]
impl Invocation for GetSchedule {
    /// The addresses leave with the question.
    fn reach(&self) -> Reach {
        Reach { recipients: self.addresses.clone(), ..own() }
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let times = self.period.settle(context).await?;
        let zone = Zone::of(context, self.zone.as_ref()).await;
        let (start, end) = times.instants();
        if minutes(start, end).is_none_or(|window| window > WINDOW_MAX) {
            return Err(context.graph.taught(&TOO_LONG));
        }
        let mut request = context.graph.request(&[])?;
        request.body = Some(
            json!({
                "schedules": self.addresses,
                "startTime": times.start.to_graph(),
                "endTime": times.end.to_graph(),
                "availabilityViewInterval": self.interval,
            })
            .into(),
        );
        let interval = SignedDuration::from_mins(i64::from(self.interval));
        let bounds = Bounds { pages: 1, items: ADDRESSES_MAX, linked: true };
        let found = gather::<GraphSchedule>(context, &request, bounds).await?;
        let found =
            found.filter_map(|schedule| Some(Viewed { schedule, start, interval, zone: zone.clone() }));
        let span = zone.span(start, end);
        let head = |_: usize| {
            format!("When they are not free from {span}; otherwise free. {}{}", zone.sentence(), times.note())
        };
        let wording = Wording {
            name: "schedules",
            none: "Microsoft 365 gave no schedule.",
            head: &head,
            more: "There are more; ask for fewer addresses.",
        };
        Ok(found.answer::<Schedule>(context, &wording))
    }
}

impl Listed for Schedule {
    type Given = Viewed;

    fn of(Viewed { schedule, start, interval, zone }: &Viewed, cleaner: &mut Cleaner) -> Self {
        let view = schedule.availability_view.as_deref().unwrap_or_default();
        let runs = runs(view, *start, *interval);
        let words = runs.iter().map(|(from, to, status)| format!("{} {status}", zone.span(*from, *to)));
        Self {
            address: shape::id(schedule.schedule_id.as_deref()),
            unknown: schedule.error.is_some() || view.is_empty(),
            working_hours: schedule
                .working_hours
                .as_ref()
                .map(|hours| hours_words(hours, cleaner))
                .unwrap_or_default(),
            words: words.collect(),
            taken: runs
                .iter()
                .map(|(from, to, status)| Block { start: zone.stamp(*from), end: zone.stamp(*to), status })
                .collect(),
        }
    }

    fn words(&self, _: usize) -> String {
        let taken = match self.words.len() {
            _ if self.unknown => {
                "not known: there is no such address here, or its calendar is not shared".to_owned()
            }
            0 => "free".to_owned(),
            _ => self.words.join("; "),
        };
        let hours = match self.working_hours.as_str() {
            "" => String::new(),
            hours => format!("\nworks {hours}"),
        };
        format!("{}: {taken}{hours}", self.address)
    }
}

/// `monday, friday 08:00–17:00 (Europe/Berlin)`: in the zone that they are set in, whatever zone the answer has.
fn hours_words(hours: &GraphHours, cleaner: &mut Cleaner) -> String {
    let Some((start, end)) = hours.start().zip(hours.end()) else { return String::new() };
    // A zone that somebody has made by hand has a name that says nothing.
    let zone = hours.zone_name().and_then(Zone::named);
    let zone = zone.map(|zone| format!(" ({})", zone.name())).unwrap_or_default();
    cleaner.line(Some(&format!("{} {start}–{end}{zone}", hours.days().join(", "))), 200)
}

/// The runs of one digit in a view, but those that are free.
fn runs(view: &str, start: Timestamp, interval: SignedDuration) -> Vec<(Timestamp, Timestamp, &'static str)> {
    let mut runs: Vec<(Timestamp, Timestamp, &'static str)> = Vec::new();
    let mut from = start;
    for digit in view.chars().take(DIGITS_MAX) {
        let to = from.saturating_add(interval).unwrap_or(from);
        if let Some(status) = status(digit) {
            match runs.last_mut() {
                Some((_, until, before)) if *until == from && *before == status => *until = to,
                _ => runs.push((from, to, status)),
            }
        }
        from = to;
    }
    runs
}

/// What a digit of a view means; none where it means free.
const fn status(digit: char) -> Option<&'static str> {
    match digit {
        '0' => None,
        '1' => Some("tentative"),
        '2' => Some("busy"),
        '3' => Some("out of office"),
        '4' => Some("working elsewhere"),
        _ => Some("not known"),
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
