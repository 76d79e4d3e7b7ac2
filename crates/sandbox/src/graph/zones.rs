//! Time zones as Outlook names them, and the times built from them.
//!
//! Source: Outlook accepts Windows zone names and some IANA names ([`super::zone_names`]), and no others. Invariant: an instant never depends on the caller's zone, only its rendering does.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::errors::GraphError;
use super::zone_names::{IANA, WINDOWS};

/// The rules of a zone named the Windows or the IANA way.
///
/// # Errors
/// Graph's 400 `TimeZoneNotSupportedException` for any other name.
pub(super) fn zone(name: &str) -> Result<TimeZone, GraphError> {
    if name.eq_ignore_ascii_case("UTC") || name.eq_ignore_ascii_case("tzone://Microsoft/Utc") {
        return Ok(TimeZone::UTC);
    }
    let windows = WINDOWS.iter().find(|(windows, _)| windows.eq_ignore_ascii_case(name));
    let iana = windows.map(|(_, iana)| *iana).or_else(|| IANA.into_iter().find(|known| *known == name));
    iana.and_then(|iana| TimeZone::get(iana).ok()).ok_or_else(|| {
        GraphError::new(
            400,
            "TimeZoneNotSupportedException",
            format!(
                "A valid TimeZone value must be specified. The following TimeZone value is not supported: '{name}'."
            ),
        )
    })
}

/// Milliseconds since 1970 of a civil time in `zone`; a time inside a gap moves past it, as Outlook does.
pub(super) fn instant(civil: DateTime, zone: &TimeZone) -> Option<i64> {
    zone.to_timestamp(civil).ok().map(Timestamp::as_millisecond)
}

/// The civil time of an instant in `zone`.
pub(super) fn civil(at_ms: i64, zone: &TimeZone) -> DateTime {
    zone.to_datetime(Timestamp::from_millisecond(at_ms).unwrap_or_default())
}

/// `2026-11-20T08:12:08Z`, the form of every Outlook date except event start and end.
pub(super) fn rfc3339(at_ms: i64) -> String {
    Timestamp::from_second(at_ms.div_euclid(1000)).unwrap_or_default().to_string()
}

/// `{"dateTime":"2026-11-24T09:00:00.0000000","timeZone":"UTC"}`.
pub(super) fn date_time_zone(civil: DateTime, name: &str) -> Value {
    json!({"dateTime": civil.strftime("%Y-%m-%dT%H:%M:%S.0000000").to_string(), "timeZone": name})
}

/// Reads a query or body time: with an offset it is an instant, without one it is in `zone`.
pub(super) fn parse(text: &str, zone: &TimeZone) -> Option<i64> {
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp.as_millisecond());
    }
    let civil = text.parse::<DateTime>().ok().or_else(|| {
        text.parse::<jiff::civil::Date>().ok().map(|date| date.to_datetime(jiff::civil::Time::midnight()))
    })?;
    instant(civil, zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_outlook_takes_is_a_zone_with_rules_and_no_other_is_taken() {
        for name in WINDOWS.iter().map(|(windows, _)| *windows).chain(IANA) {
            assert!(zone(name).is_ok(), "{name}");
        }
        for name in ["W. Europe Standard Tim", "Europe/Vienna", "europe/berlin", "", "+01:00"] {
            assert!(zone(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_same_civil_time_is_another_instant_after_the_clocks_change() {
        let berlin = zone("W. Europe Standard Time").unwrap();
        let summer = parse("2026-10-23T09:00:00", &berlin).unwrap();
        let winter = parse("2026-10-26T09:00:00", &berlin).unwrap();
        assert_eq!(winter - summer, 3 * 86_400_000 + 3_600_000);
    }

    #[test]
    fn an_offset_wins_over_the_zone() {
        let berlin = zone("Europe/Berlin").unwrap();
        assert_eq!(parse("2026-11-24T10:00:00+01:00", &TimeZone::UTC), parse("2026-11-24T10:00:00", &berlin));
        assert_eq!(parse("soon", &berlin), None);
    }
}
