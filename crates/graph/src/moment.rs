//! Points in time as people write them, and as Graph takes and gives them.
//!
//! Sources: ISO 8601, RFC 3339, RFC 9557 (zone in brackets); Graph's `dateTimeTimeZone`.
//!
//! The rule: with an offset or `Z` a time is an instant and is sent in UTC; with a zone in brackets it is local time
//! in that zone and is sent with the zone; with neither it is UTC, as the clients in use expect, and the answer says
//! so. The mailbox's own zone is not used: reading it needs a permission these rows do not ask for. A local time that
//! the zone skips or repeats when clocks change is refused, because either guess may be an hour wrong.

use jiff::Timestamp;
use jiff::civil;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{Disambiguation, TimeZone};
use serde_json::{Value, json};

/// A time with the zone it was meant in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    instant: Timestamp,
    local: civil::DateTime,
    zone: String,
    assumed_utc: bool,
}

/// Why a text is not a usable time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MomentError {
    #[error("a string that is not such a time")]
    Malformed,
    #[error(
        "a time in an unknown zone, or one that its zone skips or repeats because clocks change; give the offset"
    )]
    Local,
    #[error("a year before 1970 or after 2999")]
    Year,
}

static STRICT: DateTimeParser = DateTimeParser::new().disambiguation(Disambiguation::Reject);

impl Moment {
    /// Longest text that is read.
    pub(crate) const TEXT_MAX: usize = 64;

    pub(crate) fn parse(text: &str) -> Result<Self, MomentError> {
        if text.len() > Self::TEXT_MAX {
            return Err(MomentError::Malformed);
        }
        let moment = if text.contains('[') {
            Self::zoned(text)?
        } else if let Ok(instant) = STRICT.parse_timestamp(text) {
            Self::utc(instant, false)
        } else {
            let local = STRICT.parse_datetime(text).map_err(|_| MomentError::Malformed)?;
            let instant = local.to_zoned(TimeZone::UTC).map_err(|_| MomentError::Malformed)?.timestamp();
            Self::utc(instant, true)
        };
        if (1970..=2999).contains(&moment.local.year()) { Ok(moment) } else { Err(MomentError::Year) }
    }

    fn zoned(text: &str) -> Result<Self, MomentError> {
        let zoned = STRICT.parse_zoned(text).map_err(|_| MomentError::Local)?;
        Ok(match zoned.time_zone().iana_name() {
            Some(name) => Self {
                instant: zoned.timestamp(),
                local: zoned.datetime(),
                zone: name.to_owned(),
                assumed_utc: false,
            },
            None => Self::utc(zoned.timestamp(), false),
        })
    }

    fn utc(instant: Timestamp, assumed_utc: bool) -> Self {
        Self { instant, local: TimeZone::UTC.to_datetime(instant), zone: "UTC".to_owned(), assumed_utc }
    }

    /// Whether the text named no zone.
    pub(crate) const fn is_assumed_utc(&self) -> bool {
        self.assumed_utc
    }

    pub(crate) fn is_after(&self, other: &Self) -> bool {
        self.instant > other.instant
    }

    /// Graph's `dateTimeTimeZone`: local time without offset, and the zone it is meant in.
    pub(crate) fn to_graph(&self) -> Value {
        json!({ "dateTime": self.local.strftime("%Y-%m-%dT%H:%M:%S").to_string(), "timeZone": self.zone })
    }

    /// RFC 3339 in UTC.
    pub(crate) fn to_rfc3339(&self) -> String {
        instant_text(self.instant)
    }

    /// For people: local time and zone.
    pub(crate) fn to_words(&self) -> String {
        format!("{} {}", self.local.strftime("%a %Y-%m-%d %H:%M"), self.zone)
    }
}

/// RFC 3339 in UTC, whole seconds.
pub(crate) fn instant_text(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The sentence for times that named no zone; empty where all did.
pub(crate) fn zone_note(moments: &[(&str, &Moment)]) -> String {
    let assumed: Vec<String> = moments
        .iter()
        .filter(|(_, moment)| moment.is_assumed_utc())
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    match assumed.len() {
        0 => String::new(),
        1 => format!("\n{} named no time zone and was taken as UTC.", assumed.concat()),
        _ => format!("\n{} named no time zone and were taken as UTC.", assumed.join(" and ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(text: &str) -> (String, String) {
        let value = Moment::parse(text).unwrap().to_graph();
        (value["dateTime"].as_str().unwrap().to_owned(), value["timeZone"].as_str().unwrap().to_owned())
    }

    #[test]
    fn offsets_are_instants_in_utc() {
        for text in [
            "2026-11-24T10:00:00+01:00",
            "2026-11-24T09:00:00Z",
            "2026-11-24T09:00Z",
            "2026-11-24T04:00:00.25-05:00",
        ] {
            assert_eq!(graph(text), ("2026-11-24T09:00:00".into(), "UTC".into()), "{text}");
            assert!(!Moment::parse(text).unwrap().is_assumed_utc());
        }
    }

    #[test]
    fn plain_times_are_utc_and_say_so() {
        for (text, at) in
            [("2026-11-24T09:00:00", "2026-11-24T09:00:00"), ("2026-11-24", "2026-11-24T00:00:00")]
        {
            assert_eq!(graph(text), (at.into(), "UTC".into()));
            assert!(Moment::parse(text).unwrap().is_assumed_utc());
        }
    }

    #[test]
    fn a_named_zone_is_kept_on_both_sides_of_a_clock_change() {
        for (text, utc) in [
            ("2026-03-28T09:00[Europe/Berlin]", "2026-03-28T08:00:00Z"),
            ("2026-03-30T09:00[Europe/Berlin]", "2026-03-30T07:00:00Z"),
            ("2026-10-25T02:30+02:00[Europe/Berlin]", "2026-10-25T00:30:00Z"),
            ("2026-10-25T02:30+01:00[Europe/Berlin]", "2026-10-25T01:30:00Z"),
        ] {
            let moment = Moment::parse(text).unwrap();
            assert_eq!(moment.to_rfc3339(), utc);
            assert_eq!(graph(text).1, "Europe/Berlin");
            assert!(!moment.is_assumed_utc());
        }
    }

    #[test]
    fn a_local_time_the_zone_skips_or_repeats_is_refused() {
        for text in [
            "2026-03-29T02:30[Europe/Berlin]",
            "2026-10-25T02:30[Europe/Berlin]",
            "2026-11-24T09:00[Mars/Olympus]",
            "2026-11-24T09:00+09:00[Europe/Berlin]",
        ] {
            assert_eq!(Moment::parse(text), Err(MomentError::Local), "{text}");
        }
        assert!(Moment::parse("2026-03-29T03:30[Europe/Berlin]").is_ok());
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "tomorrow",
            "2026-13-01T00:00Z",
            "2026-02-30T00:00Z",
            "24.11.2026",
            "1764000000",
            "2026-11-24T25:00Z",
            &"2".repeat(65),
        ] {
            assert_eq!(Moment::parse(text), Err(MomentError::Malformed), "{text}");
        }
        assert_eq!(Moment::parse("1969-12-31T23:00:00Z"), Err(MomentError::Year));
    }

    #[test]
    fn words_name_the_zone() {
        assert_eq!(Moment::parse("2026-11-24T10:00+01:00").unwrap().to_words(), "Tue 2026-11-24 09:00 UTC");
        assert_eq!(
            Moment::parse("2026-11-24T10:00[Europe/Berlin]").unwrap().to_words(),
            "Tue 2026-11-24 10:00 Europe/Berlin"
        );
    }
}
