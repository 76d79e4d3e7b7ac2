//! The transcripts of a meeting: one for each time it was transcribed.
//!
//! Source: Graph `callTranscript` resource and list transcripts, which takes no options. The occurrences of a series are one
//! meeting, so only the time of a transcript says which occurrence it is of.

use async_trait::async_trait;
use m365_types::Reach;
use serde::{Deserialize, Serialize};

use crate::action::{Answer, Context, Invocation, at};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::listing::{Bounds, Listed, Wording, gather};
use crate::param::{Identifier, Param, Required, required};
use crate::shape::{self, Cleaner};
use crate::zone::{TIME_ZONE, Zone};

pub(crate) static MEETING: Param<Identifier, Required> =
    required("meetingId", "As findOnlineMeeting gives it", Identifier);
/// Properties that every transcript has.
pub(crate) const FIELDS: &[&str] = &["id", "start"];
const TRANSCRIPTS_MAX: usize = 50;
const PAGES_MAX: usize = 5;

pub(crate) fn list_transcripts(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let meeting = given.read(&MEETING);
    let zone = given.read(&TIME_ZONE);
    Some(Box::new(ListTranscripts { meeting: meeting?, zone: zone? }))
}

struct ListTranscripts {
    meeting: String,
    zone: Option<Zone>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphTranscript {
    id: Option<String>,
    created_date_time: Option<String>,
    end_date_time: Option<String>,
}

/// A transcript, and the zone its times are told in.
struct Placed {
    transcript: GraphTranscript,
    zone: Zone,
}

#[derive(Serialize)]
struct Transcript {
    id: String,
    start: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    end: String,
    #[serde(skip)]
    when: String,
}

#[async_trait]
impl Invocation for ListTranscripts {
    fn reach(&self) -> Reach {
        at(format!("me/onlineMeetings/{}", self.meeting))
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let zone = Zone::of(context, self.zone.as_ref()).await;
        let request = context.graph.request(&[&self.meeting])?;
        let bounds = Bounds { pages: PAGES_MAX, items: TRANSCRIPTS_MAX, linked: true };
        let transcripts = gather::<GraphTranscript>(context, &request, bounds).await?;
        let transcripts =
            transcripts.filter_map(|transcript| Some(Placed { transcript, zone: zone.clone() }));
        let head = |count: usize| {
            let each = if count == 1 { "" } else { "s; the time says of which occurrence" };
            format!("{count} transcript{each}. {}", zone.sentence())
        };
        let wording = Wording {
            name: "transcripts",
            none: "No transcripts: nobody had Teams transcribe the meeting, or it is in no calendar; Microsoft 365 keeps none of \
                   such meetings.",
            head: &head,
            more: "There are more.",
        };
        Ok(transcripts.answer::<Transcript>(context, &wording))
    }
}

impl Listed for Transcript {
    type Given = Placed;

    fn of(Placed { transcript, zone }: &Placed, _: &mut Cleaner) -> Self {
        let instant = |text: &Option<String>| text.as_deref()?.parse::<jiff::Timestamp>().ok();
        let (start, end) = (instant(&transcript.created_date_time), instant(&transcript.end_date_time));
        let stamp = |at: Option<jiff::Timestamp>| at.map(|at| zone.stamp(at)).unwrap_or_default();
        let when = match (start, end) {
            (Some(start), Some(end)) => zone.span(start, end),
            (Some(start), None) => zone.words_at(start),
            (None, _) => String::new(),
        };
        Self { id: shape::id(transcript.id.as_deref()), start: stamp(start), end: stamp(end), when }
    }

    fn words(&self, number: usize) -> String {
        format!("{number}. {}\nid {}", self.when, self.id)
    }
}

#[cfg(test)]
#[path = "transcripts_tests.rs"]
mod tests;
