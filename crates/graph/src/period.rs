//! A start and an end as the caller wrote them, and what they turn out to mean.
//!
//! What is wrong whatever the mailbox's zone may be is refused with the arguments; the rest is known only when the call runs.
//! What a time means that names no zone is the rule of [`crate::moment`].

use jiff::Timestamp;
use m365_types::ResolvedEffect;

use crate::action::Context;
use crate::arguments::Given;
use crate::effect::say;
use crate::error::ActionError;
use crate::lesson::Lesson;
use crate::moment::{Moment, Settled};
use crate::zone::Zone;

/// A start and an end that were written.
pub(crate) struct Period {
    /// The names of the two arguments.
    names: [&'static str; 2],
    start: Moment,
    end: Moment,
    /// The zone that the call names for times that name none.
    zone: Option<Zone>,
}

/// A start and a later end, as instants.
pub(crate) struct Times {
    pub(crate) start: Settled,
    pub(crate) end: Settled,
    names: [&'static str; 2],
    /// The zone of those that named none.
    assumed: Zone,
}

/// What can go wrong here besides what every call meets.
pub(crate) static LESSONS: [&Lesson; 2] = [&CLOCK_CHANGES, &ORDER];

static CLOCK_CHANGES: Lesson = Lesson {
    code: "time_clock_changes",
    why: "The clocks of the mailbox's time zone change at `start` or `end`, so that local time does not exist or exists twice.",
    next: "Write the time with its offset, such as 2026-10-25T02:30:00+01:00, and call again.",
};
static ORDER: Lesson = Lesson {
    code: "time_order",
    why: "In the mailbox's time zone, which counts for a time that names none, the end is not later than the start.",
    next: "Write both times with their offsets, or name `timeZone`, and call again.",
};

impl Period {
    /// The two, with every fault that no zone of the mailbox could mend refused.
    pub(crate) fn read(
        given: &mut Given<'_>,
        names: [&'static str; 2],
        start: Moment,
        end: Moment,
        zone: Option<Zone>,
    ) -> Self {
        let mut unordered = end.is_never_after(&start);
        if let Some(zone) = &zone {
            let settle = |given: &mut Given<'_>, name, moment: &Moment| {
                let settled = moment.settle(zone);
                settled.map_err(|error| given.refuse(name, &format!("is {error}"))).ok()
            };
            let [first, last] = names;
            let (start, end) = (settle(given, first, &start), settle(given, last, &end));
            if let (Some(start), Some(end)) = (start, end) {
                unordered = end.at() <= start.at();
            }
        }
        if unordered {
            let [first, last] = names;
            given.refuse(last, &format!("must be later than `{first}`"));
        }
        Self { names, start, end, zone }
    }

    /// What the two mean, where that can be known without asking the mailbox for its zone.
    pub(crate) fn known(&self) -> Option<Times> {
        let zone = self.zone.clone().unwrap_or_else(Zone::utc);
        let settled = |moment: &Moment| {
            let settled = moment.settle(&zone).ok()?;
            Some(if self.zone.is_some() { settled.told_in(&zone) } else { settled })
        };
        let (start, end) = self.is_known().then(|| settled(&self.start).zip(settled(&self.end))).flatten()?;
        Some(Times { start, end, names: self.names, assumed: zone })
    }

    /// Whether the mailbox's zone changes nothing about the two.
    pub(crate) fn is_known(&self) -> bool {
        self.zone.is_some() || !(self.start.floats() || self.end.floats())
    }

    /// The zone that the call names.
    pub(crate) const fn zone(&self) -> Option<&Zone> {
        self.zone.as_ref()
    }

    /// What the two mean. The mailbox is asked for its zone where one of them floats and the call names none.
    pub(crate) async fn settle(&self, context: &Context<'_>) -> Result<Times, ActionError> {
        let floats = self.start.floats() || self.end.floats();
        let zone = match &self.zone {
            Some(zone) => zone.clone(),
            None if floats => Zone::of(context, None).await,
            None => Zone::utc(),
        };
        let settled = |moment: &Moment| {
            let settled = moment.settle(&zone).map_err(|_| context.graph.taught(&CLOCK_CHANGES))?;
            Ok::<_, ActionError>(if self.zone.is_some() { settled.told_in(&zone) } else { settled })
        };
        let (start, end) = (settled(&self.start)?, settled(&self.end)?);
        if end.at() <= start.at() {
            return Err(context.graph.taught(&ORDER));
        }
        Ok(Times { start, end, names: self.names, assumed: zone })
    }

    /// The same, told in the zone of the call, else in the mailbox's own as far as it may be known.
    pub(crate) async fn settle_local(&self, context: &Context<'_>) -> Result<Times, ActionError> {
        let times = self.settle(context).await?;
        let zone = Zone::of(context, self.zone.as_ref()).await;
        Ok(Times { start: times.start.told_in(&zone), end: times.end.told_in(&zone), ..times })
    }
}

impl Times {
    /// Adds the two to what is told of an effect.
    pub(crate) fn tell(&self, effect: &mut ResolvedEffect) {
        say(effect, "Start", self.start.exact());
        say(effect, "End", self.end.exact());
    }

    /// From the one to the other, for people.
    pub(crate) fn words(&self) -> String {
        format!("From {} to {}.", self.start.words(), self.end.words())
    }

    /// The two instants.
    pub(crate) const fn instants(&self) -> (Timestamp, Timestamp) {
        (self.start.at(), self.end.at())
    }

    /// The sentence for times that named no zone, with a line break before it; empty where both did or the call names one.
    pub(crate) fn note(&self) -> String {
        let floated = self.names.iter().zip([&self.start, &self.end]).filter(|(_, time)| time.floated());
        let floated: Vec<String> = floated.map(|(name, _)| format!("`{name}`")).collect();
        let (verb, zone) = (if floated.len() == 1 { "was" } else { "were" }, self.assumed.name());
        let whose = if self.assumed.is_of_mailbox() { ", the mailbox's own" } else { "" };
        if floated.is_empty() || self.assumed.is_named() {
            return String::new();
        }
        format!("\n{} named no time zone and {verb} taken as {zone}{whose}.", floated.join(" and "))
    }
}

#[cfg(test)]
#[path = "period_tests.rs"]
mod tests;
