//! Calendar events and the occurrences of a series.
//!
//! Source: Outlook's event resource and its daily and weekly recurrence patterns. An event keeps the civil times and
//! the zone it was made in, so that a series stays at nine o'clock across a clock change. Other patterns are refused
//! where an event is created, because nothing here could expand them truthfully.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use serde_json::{Map, Value};

use super::ids::ItemId;
use super::zones;

/// Most occurrences one series may put into one window.
const MOST_OCCURRENCES: usize = 1000;

/// A single event or the master of a series.
pub(super) struct Event {
    pub(super) id: ItemId,
    pub(super) fields: Map<String, Value>,
    pub(super) start: DateTime,
    pub(super) end: DateTime,
    pub(super) zone: TimeZone,
    pub(super) zone_name: String,
    pub(super) all_day: bool,
    pub(super) repeat: Option<Repeat>,
}

/// A daily or weekly rule.
#[derive(Clone)]
pub(super) struct Repeat {
    /// Every so many days (no weekdays given) or weeks.
    pub(super) interval: i32,
    /// Empty for a daily rule.
    pub(super) weekdays: Vec<Weekday>,
    pub(super) until: Option<Date>,
    pub(super) times: Option<usize>,
    /// Dates on which the series was cancelled.
    pub(super) cancelled: Vec<Date>,
}

/// One appearance of an event in a window.
pub(super) struct Occurrence<'a> {
    pub(super) event: &'a Event,
    pub(super) start: DateTime,
    pub(super) end: DateTime,
    pub(super) start_ms: i64,
    pub(super) cancelled: bool,
}

impl Event {
    /// The appearances that touch `from..to` (milliseconds since 1970).
    pub(super) fn within(&self, from: i64, to: i64) -> Vec<Occurrence<'_>> {
        let length = self.start.until(self.end).unwrap_or_default();
        let touches = |start: DateTime| {
            let end = start.checked_add(length).unwrap_or(start);
            let start_ms = zones::instant(start, &self.zone)?;
            let end_ms = zones::instant(end, &self.zone)?;
            let cancelled = self.repeat.as_ref().is_some_and(|rule| rule.cancelled.contains(&start.date()));
            (start_ms < to && (end_ms > from || (end_ms == start_ms && start_ms >= from)))
                .then_some(Occurrence { event: self, start, end, start_ms, cancelled })
        };
        match &self.repeat {
            None => touches(self.start).into_iter().collect(),
            Some(rule) => {
                let latest = zones::civil(to, &self.zone).date();
                rule.dates(self.start.date(), latest)
                    .filter_map(|date| touches(date.to_datetime(self.start.time())))
                    .take(MOST_OCCURRENCES)
                    .collect()
            }
        }
    }

    /// The id of the appearance on a date; that of the event itself where it does not repeat.
    pub(super) fn occurrence_id(&self, on: Date) -> ItemId {
        match self.repeat {
            None => self.id.clone(),
            Some(_) => ItemId::of(&self.id.immutable, "occurrence", &on.to_string()),
        }
    }
}

impl Repeat {
    /// Every working day.
    pub(super) fn workdays() -> Vec<Weekday> {
        vec![Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday]
    }

    fn dates(&self, first: Date, latest: Date) -> impl Iterator<Item = Date> {
        let interval = self.interval.max(1);
        let latest = self.until.map_or(latest, |until| until.min(latest));
        let week_start = first.checked_sub(days(first.weekday().to_monday_zero_offset())).unwrap_or(first);
        first
            .series(1.day())
            .take_while(move |date| *date <= latest)
            .filter(move |date| {
                if self.weekdays.is_empty() {
                    return (*date - first).get_days() % interval == 0;
                }
                let weeks = (*date - week_start).get_days() / 7;
                weeks % interval == 0 && self.weekdays.contains(&date.weekday())
            })
            .take(self.times.unwrap_or(usize::MAX))
    }
}

fn days(count: i8) -> Span {
    i64::from(count).days()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(weekdays: Vec<Weekday>, interval: i32, times: Option<usize>) -> Event {
        Event {
            id: ItemId::of("o", "event", "1"),
            fields: Map::new(),
            start: "2026-10-19T09:00:00".parse().unwrap(),
            end: "2026-10-19T09:15:00".parse().unwrap(),
            zone: zones::zone("W. Europe Standard Time").unwrap(),
            zone_name: "W. Europe Standard Time".to_owned(),
            all_day: false,
            repeat: Some(Repeat { interval, weekdays, until: None, times, cancelled: Vec::new() }),
        }
    }

    fn instants(event: &Event) -> Vec<String> {
        let from = "2026-10-20T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let to = "2026-11-05T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
        event.within(from, to).iter().map(|one| zones::rfc3339(one.start_ms)).collect()
    }

    #[test]
    fn a_series_keeps_its_civil_time_when_the_clocks_change() {
        let found = instants(&series(vec![Weekday::Friday], 1, None));
        assert_eq!(found, ["2026-10-23T07:00:00Z", "2026-10-30T08:00:00Z"]);
    }

    #[test]
    fn interval_and_count_are_honoured() {
        assert_eq!(instants(&series(vec![Weekday::Monday], 2, None)), ["2026-11-02T08:00:00Z"]);
        assert_eq!(
            instants(&series(Vec::new(), 1, Some(3))).len(),
            2,
            "the first of three lies before the window"
        );
    }

    #[test]
    fn occurrences_have_ids_of_their_own() {
        let event = series(vec![Weekday::Monday], 1, None);
        let one = event.occurrence_id("2026-10-26".parse().unwrap());
        assert_ne!(one.default, event.id.default);
        assert_ne!(one.default, event.occurrence_id("2026-11-02".parse().unwrap()).default);
    }
}
