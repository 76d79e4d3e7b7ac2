//! Moments and durations in the words of a page.

use std::time::Duration;

use m365_journal::rfc3339;
use m365_types::UnixMillis;
use maud::{Markup, html};

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

/// A moment to the minute, in UTC: the server does not know the reader's time zone, and the page runs no script.
pub(super) fn moment(at: UnixMillis) -> Markup {
    let exact = rfc3339(at);
    let part = |from: usize, to: usize| exact.get(from..to).unwrap_or_default();
    let month = part(5, 7).parse::<usize>().ok().and_then(|month| MONTHS.get(month.checked_sub(1)?));
    let day = part(8, 10).trim_start_matches('0');
    html! {
        time datetime=(exact) {
            @match month {
                Some(month) => { (day) " " (month) " " (part(0, 4)) ", " (part(11, 16)) " UTC" },
                None => (exact),
            }
        }
    }
}

/// A duration in its largest whole unit: `12 hours`.
pub(super) fn lasting(duration: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let secs = duration.as_secs();
    // One day reads as 24 hours: a session that ends "in one day" sounds like midnight.
    let fits = |&&(unit, name): &&(u64, &str)| secs.is_multiple_of(unit) && (name != "day" || secs > unit);
    let (unit, name) = UNITS.iter().find(fits).copied().unwrap_or((1, "second"));
    let count = secs / unit;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_by_people_and_by_programs() {
        let shown = moment(UnixMillis::from_millis(1_795_359_600_123)).into_string();
        assert_eq!(shown, r#"<time datetime="2026-11-22T15:00:00.123Z">22 November 2026, 15:00 UTC</time>"#);
        let early = moment(UnixMillis::from_millis(0)).into_string();
        assert!(early.contains(">1 January 1970, 00:00 UTC<"), "{early}");
    }

    #[test]
    fn a_duration_is_told_in_its_largest_whole_unit() {
        let secs = |secs| lasting(Duration::from_secs(secs));
        assert_eq!(
            [secs(43_200), secs(3_600), secs(86_400), secs(2_592_000)],
            ["12 hours", "1 hour", "24 hours", "30 days"]
        );
        assert_eq!([secs(5_400), secs(90), secs(60)], ["90 minutes", "90 seconds", "1 minute"]);
    }
}
