//! The day a task is due.
//!
//! Source: Graph's `todoTask` and `plannerTask`. Both services show a day and no time. To Do keeps midnight in the zone
//! the day was meant in, and gives it back in UTC, so the day is only right in the mailbox's zone. Planner keeps an
//! instant; its own clients take ten o'clock UTC, which is the same day from UTC-10 to UTC+13.

use jiff::civil;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::param::Kind;
use crate::zone::Zone;

/// A day of the calendar.
pub(crate) struct Day;

impl Kind for Day {
    type Value = civil::Date;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "string".into());
    }

    fn allowed(&self) -> String {
        "a day such as `2026-11-24`, from 1970 to 2999, without a time".to_owned()
    }

    fn read(&self, given: &Value) -> Result<civil::Date, String> {
        let day = given.as_str().filter(|text| text.len() == "2026-11-24".len());
        let day = day.and_then(|text| text.parse::<civil::Date>().ok());
        day.filter(|day| (1970..=2999).contains(&day.year())).ok_or_else(|| "something else".to_owned())
    }
}

/// A day in the data of an answer: `2026-11-24`.
#[derive(Clone, Copy)]
pub(crate) struct Due(pub(crate) civil::Date);

impl Serialize for Due {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A day as To Do takes it.
pub(crate) fn to_do(day: civil::Date, zone: &Zone) -> Value {
    json!({ "dateTime": format!("{day}T00:00:00"), "timeZone": zone.name() })
}

/// A day as Planner takes it.
pub(crate) fn to_planner(day: civil::Date) -> String {
    format!("{day}T10:00:00Z")
}

/// A day for people: `Tue 2026-11-24`.
pub(crate) fn words(day: civil::Date) -> String {
    day.strftime("%a %Y-%m-%d").to_string()
}

/// The day of an instant in a zone.
pub(crate) fn of_instant(instant: &str, zone: &Zone) -> Option<civil::Date> {
    zone.words(instant).split(' ').nth(1)?.parse().ok()
}

/// The day of a `dateTimeTimeZone`: an instant where it is in UTC, else local to the zone it names.
pub(crate) fn of_local(date_time: &str, named: &str, zone: &Zone) -> Option<civil::Date> {
    if named.eq_ignore_ascii_case("UTC") {
        return of_instant(&format!("{date_time}Z"), zone);
    }
    date_time.get(.."2026-11-24".len())?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_ten_characters_of_the_calendar_and_nothing_else() {
        let read = |text: &str| Day.read(&json!(text)).map(|day| day.to_string());
        assert_eq!(read("2028-02-29"), Ok("2028-02-29".to_owned()));
        for bad in
            ["2026-02-29", "2026-11-24T09:00:00Z", "24.11.2026", "tomorrow", "1969-12-31", "3000-01-01", ""]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(Day.read(&json!(20_261_124)).is_err());
    }

    #[test]
    fn midnight_elsewhere_is_the_day_that_was_meant() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let day = |date_time, named| of_local(date_time, named, &berlin).map(words);
        assert_eq!(day("2026-11-24T23:00:00.0000000", "UTC").as_deref(), Some("Wed 2026-11-25"));
        assert_eq!(day("2026-11-24T22:59:59.0000000", "UTC").as_deref(), Some("Tue 2026-11-24"));
        assert_eq!(day("2026-11-25T00:00:00", "Pacific Standard Time").as_deref(), Some("Wed 2026-11-25"));
        assert_eq!(day("soon", "UTC"), None);
        assert_eq!(day("soon, or later", "Somewhere"), None);
    }

    #[test]
    fn what_planner_is_given_is_that_day_almost_everywhere() {
        let day: civil::Date = "2026-11-24".parse().unwrap();
        for zone in ["Pacific/Honolulu", "America/New_York", "UTC", "Asia/Kolkata", "Pacific/Auckland"] {
            assert_eq!(of_instant(&to_planner(day), &Zone::named(zone).unwrap()), Some(day), "{zone}");
        }
    }
}
