//! The time zone that answers are told in.
//!
//! Sources: RFC 9557 and the IANA database for names; Graph's `mailboxSettings` for the mailbox's own zone, which may have
//! a Windows name.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
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
const NEEDED: &[Scope] = &[Scope::MailboxSettingsRead];
const REMEMBERED: Duration = Duration::from_hours(1);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    time_zone: Option<String>,
}

/// What a mailbox said of its zone, so that not every call asks again.
#[derive(Debug, Default)]
pub struct ZoneMemory(Mutex<Option<(Zone, UnixMillis)>>);

/// A time zone.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    zone: TimeZone,
    name: String,
}

impl Zone {
    pub(crate) fn utc() -> Self {
        Self { zone: TimeZone::UTC, name: "UTC".to_owned() }
    }

    /// A zone by its IANA name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let zone = TimeZone::get(name).ok()?;
        let name = zone.iana_name()?.to_owned();
        Some(Self { zone, name })
    }

    /// The name, for the head of an answer.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// An instant of Graph in this zone, for people: `Tue 2026-11-24 10:00`; empty where it is none.
    pub(crate) fn words(&self, instant: &str) -> String {
        instant.parse::<Timestamp>().map_or_else(
            |_| String::new(),
            |at| at.to_zoned(self.zone.clone()).strftime("%a %Y-%m-%d %H:%M").to_string(),
        )
    }

    /// The zone that was asked for, else the mailbox's own as far as it may be known, else UTC. A row that uses it declares
    /// `GET /me/mailboxSettings` among its calls and `MailboxSettings.Read` among its further permissions.
    pub(crate) async fn of(context: &Context<'_>, asked: Option<&Self>) -> Self {
        if let Some(known) = asked.cloned().or_else(|| context.zone.recall(context.now)) {
            return known;
        }
        let Some(found) = Self::ask(context).await else { return Self::utc() };
        context.zone.keep(&found, context.now);
        found
    }

    /// Asks the mailbox; nothing where it may not be asked, or does not say.
    async fn ask(context: &Context<'_>) -> Option<Self> {
        let Account { granted, microsoft_scopes, .. } = context.account;
        if !granted.covers(NEEDED) || !microsoft_scopes.covers(NEEDED) {
            return None;
        }
        let mut request = context.graph.request_to(Method::Get, SETTINGS, None, &[]).ok()?;
        request.query = vec![("$select", "timeZone".to_owned())];
        let settings: Settings = context.graph.fetch(request).await.ok()?;
        settings.time_zone.as_deref().and_then(Self::named)
    }
}

impl ZoneMemory {
    fn recall(&self, now: UnixMillis) -> Option<Zone> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(_, since)| now.since(*since) < REMEMBERED).map(|(zone, _)| zone.clone())
    }

    fn keep(&self, zone: &Zone, now: UnixMillis) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((zone.clone(), now));
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
