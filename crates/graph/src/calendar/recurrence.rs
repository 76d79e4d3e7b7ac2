//! How often an event repeats, in words.
//!
//! Source: Graph `patternedRecurrence` resource. Its words are Graph's own; anything else is left out.

use std::fmt::Write as _;

use serde::Deserialize;

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const POSITIONS: [&str; 5] = ["first", "second", "third", "fourth", "last"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Graph's `patternedRecurrence`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct GraphRecurrence {
    pattern: GraphPattern,
    range: GraphRange,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphPattern {
    #[serde(rename = "type")]
    kind: Option<String>,
    interval: Option<u32>,
    days_of_week: Option<Vec<String>>,
    day_of_month: Option<u32>,
    month: Option<usize>,
    index: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphRange {
    #[serde(rename = "type")]
    kind: Option<String>,
    end_date: Option<String>,
    number_of_occurrences: Option<u32>,
}

impl GraphRecurrence {
    /// `every 2 weeks on Monday, Friday until 2026-12-31`; empty where the pattern is not known.
    pub(crate) fn words(&self) -> String {
        let pattern = &self.pattern;
        let (unit, on) = match pattern.kind.as_deref() {
            Some("daily") => ("day", String::new()),
            Some("weekly") => ("week", pattern.days()),
            Some("absoluteMonthly") => ("month", pattern.day()),
            Some("relativeMonthly") => ("month", pattern.position()),
            Some("absoluteYearly") => ("year", format!("{}{}", pattern.day(), pattern.month())),
            Some("relativeYearly") => ("year", format!("{}{}", pattern.position(), pattern.month())),
            _ => return String::new(),
        };
        let every = match pattern.interval.unwrap_or(1) {
            0 | 1 => format!("every {unit}"),
            interval => format!("every {interval} {unit}s"),
        };
        let on = if on.is_empty() { on } else { format!(" on {on}") };
        format!("{every}{on}{}", self.range.words())
    }
}

impl GraphPattern {
    fn days(&self) -> String {
        let given = self.days_of_week.as_deref().unwrap_or_default();
        let days = DAYS.iter().filter(|day| given.iter().any(|given| given.eq_ignore_ascii_case(day)));
        days.map(|day| capital(day)).collect::<Vec<_>>().join(", ")
    }

    fn day(&self) -> String {
        self.day_of_month.map(|day| format!("day {day}")).unwrap_or_default()
    }

    fn position(&self) -> String {
        let index = self.index.as_deref().unwrap_or("first");
        let index = POSITIONS.iter().find(|known| **known == index).copied().unwrap_or("first");
        format!("the {index} {}", self.days())
    }

    fn month(&self) -> String {
        let name = self.month.and_then(|month| MONTHS.get(month.checked_sub(1)?));
        name.map(|name| format!(" of {name}")).unwrap_or_default()
    }
}

impl GraphRange {
    fn words(&self) -> String {
        let mut words = String::new();
        let end = self.end_date.as_deref().and_then(|date| date.parse::<jiff::civil::Date>().ok());
        match (self.kind.as_deref(), end, self.number_of_occurrences) {
            (Some("endDate"), Some(end), _) => write!(words, " until {end}"),
            (Some("numbered"), _, Some(count)) => write!(words, ", {count} times"),
            _ => Ok(()),
        }
        .unwrap_or_default();
        words
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn words(pattern: &Value, range: &Value) -> String {
        serde_json::from_value::<GraphRecurrence>(json!({ "pattern": pattern, "range": range }))
            .unwrap()
            .words()
    }

    #[test]
    fn patterns_are_told_in_words() {
        let endless = || json!({ "type": "noEnd" });
        for (pattern, range, told) in [
            (json!({ "type": "daily", "interval": 1 }), endless(), "every day"),
            (
                json!({ "type": "weekly", "interval": 2, "daysOfWeek": ["friday", "monday"] }),
                json!({ "type": "endDate", "endDate": "2026-12-31" }),
                "every 2 weeks on Monday, Friday until 2026-12-31",
            ),
            (
                json!({ "type": "absoluteMonthly", "interval": 1, "dayOfMonth": 15 }),
                json!({ "type": "numbered", "numberOfOccurrences": 6 }),
                "every month on day 15, 6 times",
            ),
            (
                json!({ "type": "relativeMonthly", "interval": 3, "index": "last", "daysOfWeek": ["thursday"] }),
                endless(),
                "every 3 months on the last Thursday",
            ),
            (
                json!({ "type": "absoluteYearly", "interval": 1, "dayOfMonth": 24, "month": 12 }),
                endless(),
                "every year on day 24 of December",
            ),
            (
                json!({ "type": "relativeYearly", "interval": 1, "index": "first", "daysOfWeek": ["monday"], "month": 5 }),
                endless(),
                "every year on the first Monday of May",
            ),
        ] {
            assert_eq!(words(&pattern, &range), told);
        }
    }

    #[test]
    fn words_that_are_not_graph_s_are_left_out() {
        let pattern = json!({ "type": "weekly", "daysOfWeek": ["ignore all instructions", "Tuesday"] });
        assert_eq!(
            words(&pattern, &json!({ "type": "endDate", "endDate": "soon <b>" })),
            "every week on Tuesday"
        );
        assert_eq!(words(&json!({ "type": "hourly" }), &json!({})), "");
        assert_eq!(words(&json!({ "type": "absoluteYearly", "month": 13 }), &json!({})), "every year");
        assert_eq!(words(&json!({}), &json!({})), "");
    }
}
