//! The time zone that answers are told in, and that times are meant in which name none.
//!
//! Sources: RFC 9557 and the IANA database for names; Unicode CLDR for those of Windows; Graph's `mailboxSettings` for the
//! mailbox's own zone and `dateTimeTimeZone` for the zones that Outlook takes. A mailbox has a Windows name as a rule, an
//! IANA name where somebody set one.
//!
//! Invariant: an instant never depends on a zone, only how it is told does.

mod windows;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned, civil};
use m365_types::{Method, Scope, UnixMillis};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::action::{Account, Context};
use crate::param::{Kind, Optional, Param, optional};

/// The zone that the times of an answer are to be told in; the mailbox's own where none is named.
pub(crate) static TIME_ZONE: Param<ZoneName, Optional> =
    optional("timeZone", "IANA zone of times shown; default: the mailbox's", ZoneName);

/// The call that a row which uses the mailbox's zone declares.
pub(crate) const SETTINGS: &str = "/me/mailboxSettings";
/// Permissions of which one is needed to ask.
const NEEDED: [Scope; 2] = [Scope::MailboxSettingsRead, Scope::MailboxSettingsReadWrite];
const REMEMBERED: Duration = Duration::from_hours(1);
/// How long a mailbox that did not say is left in peace: it may be throttled, and every question counts there.
const LEFT_IN_PEACE: Duration = Duration::from_mins(1);
/// Changes of the clock that two zones must share to be told by one name: four years of summer times.
const CHANGES_COMPARED: usize = 8;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    time_zone: Option<String>,
}

/// What a mailbox said of its zone, and until when that counts, so that not every call asks again.
#[derive(Debug, Default)]
pub struct ZoneMemory(Mutex<Option<(Zone, UnixMillis)>>);

/// A time zone.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    clock: TimeZone,
    name: String,
    origin: Origin,
}

/// Why it is this zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// It was named.
    Named,
    /// It is the mailbox's own.
    Mailbox,
    /// The mailbox's own has a name that stands for no zone known here.
    Unknown,
    /// The mailbox does not say, or may not be asked.
    Unsaid,
}

impl Zone {
    /// UTC, because nothing else is known.
    pub(crate) fn utc() -> Self {
        Self { clock: TimeZone::UTC, name: "UTC".to_owned(), origin: Origin::Unsaid }
    }

    /// A zone by its IANA or its Windows name, in any letter case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let windows = windows::ZONES.iter().find(|(windows, _)| windows.eq_ignore_ascii_case(name));
        let clock = TimeZone::get(windows.map_or(name, |(_, iana)| iana)).ok()?;
        let name = clock.iana_name()?.to_owned();
        Some(Self { clock, name, origin: Origin::Named })
    }

    /// The IANA name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The sentence of an answer's head on the times in it.
    pub(crate) fn sentence(&self) -> String {
        format!("Times are {}.", self.told())
    }

    /// Its name, and why it is this one where that is not the mailbox's or the caller's choice.
    pub(crate) fn told(&self) -> String {
        let why = match self.origin {
            Origin::Named | Origin::Mailbox => "",
            Origin::Unknown => ": the mailbox's own zone has a name that is not known here",
            Origin::Unsaid => ", because the mailbox's own zone is not known",
        };
        format!("{}{why}", self.name)
    }

    /// Whether it is what the mailbox itself is set to.
    pub(crate) fn is_of_mailbox(&self) -> bool {
        self.origin == Origin::Mailbox
    }

    /// Whether the caller named it.
    pub(crate) fn is_named(&self) -> bool {
        self.origin == Origin::Named
    }

    /// An instant of Graph in this zone, for people: `Tue 2026-11-24 10:00`; empty where it is none.
    pub(crate) fn words(&self, instant: &str) -> String {
        instant.parse().map_or_else(|_| String::new(), |at| self.words_at(at))
    }

    /// The same for an instant.
    pub(crate) fn words_at(&self, at: Timestamp) -> String {
        let local = self.local(at);
        format!("{} {}", local.strftime("%a %Y-%m-%d"), clock(&local))
    }

    /// From one instant to another: the day once where both are on it.
    pub(crate) fn span(&self, start: Timestamp, end: Timestamp) -> String {
        let last = self.local(end);
        let until = if last.date() == self.local(start).date() { clock(&last) } else { self.words_at(end) };
        format!("{}–{until}", self.words_at(start))
    }

    /// An instant as data: RFC 3339 with the zone's offset, whole seconds.
    pub(crate) fn stamp(&self, at: Timestamp) -> String {
        self.local(at).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// The instant of a local time; none where the zone skips or repeats it.
    pub(crate) fn instant(&self, local: civil::DateTime) -> Option<Timestamp> {
        self.clock.to_ambiguous_timestamp(local).unambiguous().ok()
    }

    /// The instant of a local time; where the zone skips or repeats it, the later or the first.
    pub(crate) fn instant_or_near(&self, local: civil::DateTime) -> Option<Timestamp> {
        self.clock.to_timestamp(local).ok()
    }

    /// The local time of an instant.
    pub(crate) fn civil(&self, at: Timestamp) -> civil::DateTime {
        self.clock.to_datetime(at)
    }

    /// The name by which Outlook knows the clock of this zone at an instant and after it: that of Windows, which also stands
    /// for places that CLDR lists under it. None where Outlook has no such clock.
    pub(crate) fn outlook_name(&self, at: Timestamp) -> Option<&'static str> {
        let exact = windows::ZONES.iter().find(|(_, iana)| *iana == self.name);
        let alike = || {
            windows::ZONES.iter().find(|(_, iana)| {
                TimeZone::get(iana).is_ok_and(|other| have_one_clock(&self.clock, &other, at))
            })
        };
        exact.or_else(alike).map(|(windows, _)| *windows)
    }

    fn local(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.clock.clone())
    }

    /// The zone that was asked for, else the mailbox's own as far as it may be known, else UTC. A row that uses it declares
    /// `GET /me/mailboxSettings` among its calls and `MailboxSettings.Read` among its further permissions.
    pub(crate) async fn of(context: &Context<'_>, asked: Option<&Self>) -> Self {
        if let Some(known) = asked.cloned().or_else(|| context.zone.recall(context.now)) {
            return known;
        }
        let Account { granted, microsoft_scopes, .. } = context.account;
        if !NEEDED.iter().any(|one| granted.covers(&[*one]) && microsoft_scopes.covers(&[*one])) {
            return Self::utc();
        }
        let (found, remembered) = match Self::ask(context).await {
            Some(name) => {
                let found = Self::named(&name).map(|zone| Self { origin: Origin::Mailbox, ..zone });
                (found.unwrap_or_else(|| Self { origin: Origin::Unknown, ..Self::utc() }), REMEMBERED)
            }
            None => (Self::utc(), LEFT_IN_PEACE),
        };
        context.zone.keep(&found, context.now.plus(remembered));
        found
    }

    /// Asks the mailbox for the name of its zone; nothing where it does not say.
    async fn ask(context: &Context<'_>) -> Option<String> {
        // Microsoft's description of the request declares no options, so the whole of the settings is asked for.
        let request = context.graph.request_to(Method::Get, SETTINGS, None, &[]).ok()?;
        let settings: Settings = context.graph.fetch(request).await.ok()?;
        settings.time_zone.filter(|name| !name.is_empty())
    }
}

/// Hour and minute; where the clock shows them twice that day, with the offset.
fn clock(local: &Zoned) -> String {
    let twice = local.time_zone().to_ambiguous_timestamp(local.datetime()).is_ambiguous();
    local.strftime(if twice { "%H:%M (%:z)" } else { "%H:%M" }).to_string()
}

/// Whether two zones agree at an instant and at the changes of the clock that follow.
fn have_one_clock(one: &TimeZone, other: &TimeZone, at: Timestamp) -> bool {
    let changes = |zone: &TimeZone| -> Vec<_> {
        let following = zone.following(at).map(|change| (change.timestamp(), change.offset()));
        following.take(CHANGES_COMPARED).collect()
    };
    one.to_offset(at) == other.to_offset(at) && changes(one) == changes(other)
}

impl ZoneMemory {
    fn recall(&self, now: UnixMillis) -> Option<Zone> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(_, until)| now < *until).map(|(zone, _)| zone.clone())
    }

    fn keep(&self, zone: &Zone, until: UnixMillis) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((zone.clone(), until));
    }
}

/// The name of a zone.
pub(crate) struct ZoneName;

impl Kind for ZoneName {
    type Value = Zone;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "string".into());
    }

    fn allowed(&self) -> String {
        "the name of a time zone such as `Europe/Berlin` or `UTC`".to_owned()
    }

    fn read(&self, given: &Value) -> Result<Zone, String> {
        given.as_str().and_then(Zone::named).ok_or_else(|| "something else".to_owned())
    }
}

#[cfg(test)]
#[path = "zone_tests.rs"]
mod tests;
