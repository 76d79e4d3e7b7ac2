//! Time zones as Outlook names them, and the times built from them.
//!
//! Source: Outlook accepts Windows zone names and IANA names; the pairs are those of the CLDR Windows-zones map for
//! the zones in use here. Invariant: an instant never depends on the caller's zone, only its rendering does.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::errors::GraphError;

const WINDOWS_ZONES: [(&str, &str); 40] = [
    ("AUS Eastern Standard Time", "Australia/Sydney"),
    ("Arab Standard Time", "Asia/Riyadh"),
    ("Arabian Standard Time", "Asia/Dubai"),
    ("Argentina Standard Time", "America/Argentina/Buenos_Aires"),
    ("Atlantic Standard Time", "America/Halifax"),
    ("Cen. Australia Standard Time", "Australia/Adelaide"),
    ("Central America Standard Time", "America/Guatemala"),
    ("Central Europe Standard Time", "Europe/Budapest"),
    ("Central European Standard Time", "Europe/Warsaw"),
    ("Central Standard Time", "America/Chicago"),
    ("China Standard Time", "Asia/Shanghai"),
    ("E. Africa Standard Time", "Africa/Nairobi"),
    ("E. Europe Standard Time", "Europe/Chisinau"),
    ("E. South America Standard Time", "America/Sao_Paulo"),
    ("Eastern Standard Time", "America/New_York"),
    ("Egypt Standard Time", "Africa/Cairo"),
    ("FLE Standard Time", "Europe/Kiev"),
    ("GMT Standard Time", "Europe/London"),
    ("GTB Standard Time", "Europe/Bucharest"),
    ("Greenwich Standard Time", "Atlantic/Reykjavik"),
    ("Hawaiian Standard Time", "Pacific/Honolulu"),
    ("India Standard Time", "Asia/Kolkata"),
    ("Israel Standard Time", "Asia/Jerusalem"),
    ("Korea Standard Time", "Asia/Seoul"),
    ("Mountain Standard Time", "America/Denver"),
    ("Nepal Standard Time", "Asia/Kathmandu"),
    ("New Zealand Standard Time", "Pacific/Auckland"),
    ("Newfoundland Standard Time", "America/St_Johns"),
    ("Pacific Standard Time", "America/Los_Angeles"),
    ("Romance Standard Time", "Europe/Paris"),
    ("Russian Standard Time", "Europe/Moscow"),
    ("SA Pacific Standard Time", "America/Bogota"),
    ("SE Asia Standard Time", "Asia/Bangkok"),
    ("Singapore Standard Time", "Asia/Singapore"),
    ("South Africa Standard Time", "Africa/Johannesburg"),
    ("Tokyo Standard Time", "Asia/Tokyo"),
    ("Turkey Standard Time", "Europe/Istanbul"),
    ("US Mountain Standard Time", "America/Phoenix"),
    ("W. Australia Standard Time", "Australia/Perth"),
    ("W. Europe Standard Time", "Europe/Berlin"),
];

/// The rules of a zone named the Windows or the IANA way.
///
/// # Errors
/// Graph's 400 `TimeZoneNotSupportedException` for any other name.
pub(super) fn zone(name: &str) -> Result<TimeZone, GraphError> {
    if name.eq_ignore_ascii_case("UTC") || name.eq_ignore_ascii_case("tzone://Microsoft/Utc") {
        return Ok(TimeZone::UTC);
    }
    let windows = WINDOWS_ZONES.iter().find(|(windows, _)| windows.eq_ignore_ascii_case(name));
    TimeZone::get(windows.map_or(name, |(_, iana)| iana)).map_err(|_| {
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
    fn every_windows_name_maps_to_a_zone_with_rules() {
        for (windows, _) in WINDOWS_ZONES {
            assert!(zone(windows).is_ok(), "{windows}");
        }
        assert!(zone("W. Europe Standard Tim").is_err());
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
