//! Points in time as people write them, and as Graph takes and gives them.
//!
//! Sources: ISO 8601, RFC 3339, RFC 9557 (zone in brackets); Graph's `dateTimeTimeZone`.
//!
//! The rule: with an offset or `Z` a time is an instant; with a zone in brackets it is local time in that zone; with neither
//! it floats, and is local time in the zone of the call's `timeZone`, else in the mailbox's own zone, else in UTC. The
//! server this one takes the place of read floating times as UTC always, and its callers may still mean that; but the
//! person behind a model means local time, the reading tools of this server show local time, and what a model has read
//! it writes back. So the mailbox's zone counts where it may be known (`MailboxSettings.Read`), UTC remains where it may
//! not, and every answer to a floating time says which of them was taken and how to say it otherwise.
//!
//! A local time that its zone skips or repeats when clocks change is refused, because either guess may be an hour wrong.
//! Graph is sent local time with the zone's Windows name, which Outlook always knows, and UTC where it has none.

use jiff::civil;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{Disambiguation, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::shape;
use crate::zone::Zone;

/// A time as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Moment(Written);

#[derive(Clone, Debug)]
enum Written {
    Instant(Timestamp),
    Zoned(Timestamp, Zone),
    Floating(civil::DateTime),
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

/// A point in time, and the zone in which it is told to Graph and to people.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    at: Timestamp,
    zone: Zone,
    /// Whether the text named no zone.
    floated: bool,
}

static STRICT: DateTimeParser = DateTimeParser::new().disambiguation(Disambiguation::Reject);

impl Moment {
    /// Longest text that is read.
    pub(crate) const TEXT_MAX: usize = 64;

    pub(crate) fn parse(text: &str) -> Result<Self, MomentError> {
        if text.len() > Self::TEXT_MAX {
            return Err(MomentError::Malformed);
        }
        let written = if text.contains('[') {
            Self::zoned(text)?
        } else if let Ok(instant) = STRICT.parse_timestamp(text) {
            Written::Instant(instant)
        } else {
            Written::Floating(STRICT.parse_datetime(text).map_err(|_| MomentError::Malformed)?)
        };
        let year = match &written {
            Written::Instant(at) => TimeZone::UTC.to_datetime(*at).year(),
            Written::Zoned(at, zone) => zone.civil(*at).year(),
            Written::Floating(local) => local.year(),
        };
        if (1970..=2999).contains(&year) { Ok(Self(written)) } else { Err(MomentError::Year) }
    }

    fn zoned(text: &str) -> Result<Written, MomentError> {
        let zoned = STRICT.parse_zoned(text).map_err(|_| MomentError::Local)?;
        let zone = zoned.time_zone().iana_name().and_then(Zone::named);
        Ok(match zone {
            Some(zone) => Written::Zoned(zoned.timestamp(), zone),
            None => Written::Instant(zoned.timestamp()),
        })
    }

    /// Whether the text named no zone.
    pub(crate) const fn floats(&self) -> bool {
        matches!(self.0, Written::Floating(_))
    }

    /// The point in time, where a floating one is meant in `zone`. An instant is told in UTC.
    pub(crate) fn settle(&self, zone: &Zone) -> Result<Settled, MomentError> {
        let floated = self.floats();
        let (at, zone) = match &self.0 {
            Written::Instant(at) => (*at, Zone::utc()),
            Written::Zoned(at, zone) => (*at, zone.clone()),
            Written::Floating(local) => (zone.instant(*local).ok_or(MomentError::Local)?, zone.clone()),
        };
        Ok(Settled { at, zone, floated })
    }

    /// Whether this is surely not after `other`, whatever zone floating ones are meant in.
    pub(crate) fn is_never_after(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Written::Floating(one), Written::Floating(other)) => one <= other,
            (Written::Floating(_), _) | (_, Written::Floating(_)) => false,
            (
                Written::Instant(one) | Written::Zoned(one, _),
                Written::Instant(other) | Written::Zoned(other, _),
            ) => one <= other,
        }
    }
}

impl Settled {
    /// The instant.
    pub(crate) const fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether the text named no zone.
    pub(crate) const fn floated(&self) -> bool {
        self.floated
    }

    /// The same instant, told in this zone.
    pub(crate) fn told_in(self, zone: &Zone) -> Self {
        Self { zone: zone.clone(), ..self }
    }

    /// Graph's `dateTimeTimeZone`: local time without offset, and the zone it is meant in.
    pub(crate) fn to_graph(&self) -> Value {
        let (local, zone) = self.zone.outlook_name(self.at).map_or_else(
            || (TimeZone::UTC.to_datetime(self.at), "UTC"),
            |name| (self.zone.civil(self.at), name),
        );
        json!({ "dateTime": local.strftime("%Y-%m-%dT%H:%M:%S").to_string(), "timeZone": zone })
    }

    /// RFC 3339 in UTC.
    pub(crate) fn to_rfc3339(&self) -> String {
        instant_text(self.at)
    }

    /// As data: RFC 3339 with the offset of its zone.
    pub(crate) fn stamp(&self) -> String {
        self.zone.stamp(self.at)
    }

    /// For people, and exactly.
    pub(crate) fn exact(&self) -> String {
        exact(&self.zone, self.at)
    }

    /// For people: local time and zone.
    pub(crate) fn words(&self) -> String {
        format!("{} {}", self.zone.words_at(self.at), self.zone.name())
    }
}

/// An instant for people, and exactly: `Tue 2026-11-24 10:00 Europe/Berlin (2026-11-24T09:00:00Z)`.
pub(crate) fn exact(zone: &Zone, at: Timestamp) -> String {
    format!("{} {} ({})", zone.words_at(at), zone.name(), instant_text(at))
}

/// RFC 3339 in UTC, whole seconds.
pub(crate) fn instant_text(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Graph's `dateTimeTimeZone`, as it gives it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GraphTime {
    date_time: Option<String>,
    time_zone: Option<String>,
}

impl GraphTime {
    /// The point in time; none where the text is no time or the zone is not known. A local time that its zone skips or
    /// repeats is the later or the first of the two, as Outlook has it.
    pub(crate) fn instant(&self) -> Option<Timestamp> {
        let local = self.local()?;
        // `tzone://Microsoft/Utc` is how some services write UTC.
        let name = self.time_zone.as_deref().unwrap_or("UTC");
        let name = name.strip_prefix("tzone://Microsoft/").unwrap_or(name);
        Zone::named(name)?.instant_or_near(local)
    }

    /// The day, for a time of an all-day event: no zone moves it.
    pub(crate) fn day(&self) -> Option<civil::Date> {
        self.local().map(civil::DateTime::date)
    }

    /// The time as it came, where it is one word.
    pub(crate) fn raw(&self) -> String {
        shape::id(self.date_time.as_deref())
    }

    fn local(&self) -> Option<civil::DateTime> {
        self.date_time.as_deref()?.parse().ok()
    }
}

/// From the first day of an all-day event to its last, for people. The end is the midnight after the last day.
pub(crate) fn days(start: civil::Date, end: civil::Date) -> String {
    let last = end.yesterday().unwrap_or(end).max(start);
    let words = |day: civil::Date| day.strftime("%a %Y-%m-%d").to_string();
    let until = if last == start { String::new() } else { format!(" to {}", words(last)) };
    format!("{}{until}, all day", words(start))
}

/// Minutes from one instant to another; none where it is not later.
pub(crate) fn minutes(start: Timestamp, end: Timestamp) -> Option<u32> {
    let length: SignedDuration = end.duration_since(start);
    u32::try_from(length.as_mins()).ok().filter(|minutes| *minutes > 0)
}

#[cfg(test)]
#[path = "moment_tests.rs"]
mod tests;
