//! RFC 3339 section 5.6 timestamps in UTC with milliseconds.

use m365_types::UnixMillis;

const DAY_MILLIS: u64 = 86_400_000;

/// `2026-11-22T15:04:05.678Z`
#[must_use]
pub fn rfc3339(at: UnixMillis) -> String {
    let millis = at.as_millis();
    let (year, month, day) = civil_date(millis / DAY_MILLIS);
    let of_day = millis % DAY_MILLIS;
    let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", of_day % 1000)
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
///
/// Years are counted from March, so that the leap day is the last of its year; 719,468 days separate
/// 0000-03-01 from 1970-01-01, and 146,097 days make the 400 years after which the calendar repeats.
const fn civil_date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + (month <= 2) as u64;
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_those_of_the_calendar() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_735_689_599_000, "2024-12-31T23:59:59.000Z"),
            (1_795_359_600_123, "2026-11-22T15:00:00.123Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(UnixMillis::from_millis(millis)), text);
        }
    }

    #[test]
    fn no_moment_is_out_of_range() {
        assert!(rfc3339(UnixMillis::from_millis(u64::MAX)).ends_with('Z'));
    }

    #[test]
    fn text_order_is_time_order_over_four_centuries_of_days() {
        let days = (0..146_097).map(|day| rfc3339(UnixMillis::from_millis(day * DAY_MILLIS)));
        let mut earlier = String::new();
        for day in days {
            assert!(earlier < day, "{earlier} then {day}");
            earlier = day;
        }
    }
}
