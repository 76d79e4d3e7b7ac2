//! Working hours: those of a mailbox's settings and those of a schedule.
//!
//! Source: Graph `workingHours` resource.

use jiff::civil::Time;
use serde::Deserialize;

use crate::shape;

/// Graph's `workingHours`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GraphHours {
    days_of_week: Option<Vec<String>>,
    start_time: Option<String>,
    end_time: Option<String>,
    time_zone: Option<GraphZone>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphZone {
    name: Option<String>,
}

impl GraphHours {
    /// At most the seven days that there are, in Graph's words.
    pub(crate) fn days(&self) -> Vec<String> {
        self.days_of_week.iter().flatten().take(7).map(|day| shape::id(Some(day))).collect()
    }

    /// `08:00`; none where it is no time.
    pub(crate) fn start(&self) -> Option<String> {
        clock(self.start_time.as_deref())
    }

    /// `17:00`; none where it is no time.
    pub(crate) fn end(&self) -> Option<String> {
        clock(self.end_time.as_deref())
    }

    /// The name of the zone that they are set in, as others may have written it.
    pub(crate) fn zone_name(&self) -> Option<&str> {
        self.time_zone.as_ref().and_then(|zone| zone.name.as_deref())
    }
}

fn clock(time: Option<&str>) -> Option<String> {
    let time: Time = time?.parse().ok()?;
    Some(time.strftime("%H:%M").to_string())
}
