//! The transcripts of a meeting, and one of them as text.
//!
//! Source: Graph, "List transcripts", "Get callTranscript", "Meeting transcript API access". Only meetings that stand in a
//! calendar have any. An organisation may keep speakers' names back: then the text is asked for without them.

use async_trait::async_trait;
use m365_ports::{GraphAnswer, GraphHeader};
use m365_types::{Labels, Method};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::vtt;
use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::excerpt::Part;
use crate::listing::{Bounds, Listed, Wording, gather};
use crate::paging::{PageStart, Position};
use crate::param::{Identifier, Param, Required, required};
use crate::shape::{self, Cleaner, framed};
use crate::zone::{TIME_ZONE, Zone};

pub(crate) static MEETING_ID: Param<Identifier, Required> =
    required("meetingId", "From findOnlineMeeting", Identifier);
pub(crate) static TRANSCRIPT_ID: Param<Identifier, Required> =
    required("transcriptId", "From listTranscripts", Identifier);

pub(crate) const CONTENT: &str = "/me/onlineMeetings/{meeting}/transcripts/{transcript}/content";
/// Properties that every transcript has.
pub(crate) const FIELDS: &[&str] = &["id", "created", "ended"];
/// What one part of a transcript costs at most, in bytes of JSON: it stands in an answer twice.
const PART_BYTES: usize = 12_000;
const PAGES_MAX: usize = 5;
const ITEMS_MAX: usize = 100;

const WITH_SPEAKERS: &str = "text/vtt";
const WITHOUT_SPEAKERS: &str = "application/vnd.microsoft.graph.transcript+text";
/// Graph's code where the organisation keeps speakers' names back.
const NAMES_KEPT_BACK: &str = "SpeakerAttributionNotAllowed";

pub(crate) fn list_transcripts(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let meeting = given.read(&MEETING_ID);
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

#[derive(Serialize)]
struct Transcript {
    id: String,
    created: String,
    ended: String,
    #[serde(skip)]
    words: String,
}

#[async_trait]
impl Invocation for ListTranscripts {
    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let request = context.graph.request(&[&self.meeting])?;
        let bounds = Bounds { pages: PAGES_MAX, items: ITEMS_MAX, linked: true };
        let found = gather::<GraphTranscript>(context, &request, bounds).await?;
        let zone = Zone::of(context, self.zone.as_ref()).await;
        let head = |count: usize| {
            let ending = if count == 1 { "" } else { "s" };
            format!("{count} transcript{ending}, each of one occurrence. {}", zone.sentence())
        };
        let none = "This meeting has no transcript: nobody recorded one, or the meeting is in no calendar.";
        let wording = Wording {
            name: "transcripts",
            none,
            head: &head,
            more: "There are more: go on with the cursor.",
        };
        let told = found.filter_map(|given| Some((given, zone.clone())));
        Ok(told.answer::<Transcript>(context, &wording))
    }
}

impl Listed for Transcript {
    type Given = (GraphTranscript, Zone);

    fn of((given, zone): &Self::Given, _: &mut Cleaner) -> Self {
        let (created, ended) =
            (shape::id(given.created_date_time.as_deref()), shape::id(given.end_date_time.as_deref()));
        let words = format!("{} to {}", zone.words(&created), zone.words(&ended));
        Self { id: shape::id(given.id.as_deref()), created, ended, words }
    }

    fn words(&self, number: usize) -> String {
        format!("{number}. {}\n   id {}", self.words, self.id)
    }
}

pub(crate) fn get_transcript(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let meeting = given.read(&MEETING_ID);
    let transcript = given.read(&TRANSCRIPT_ID);
    Some(Box::new(GetTranscript { meeting: meeting?, transcript: transcript? }))
}

struct GetTranscript {
    meeting: String,
    transcript: String,
}

#[async_trait]
impl Invocation for GetTranscript {
    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let (recorded, named) = match self.content(context, WITH_SPEAKERS).await {
            Err(error) if error.has_graph_code(NAMES_KEPT_BACK) => {
                (self.content(context, WITHOUT_SPEAKERS).await?, false)
            }
            answered => (answered?, true),
        };
        let mut cleaner = Cleaner::default();
        let written = vtt::lines(&String::from_utf8_lossy(&recorded.body));
        let text = cleaner.lines(Some(&written));
        let begin = context.position.map_or(0, Position::shown);
        let part = Part::of(&text, begin, PART_BYTES);
        let note = if named { "" } else { " The organisation keeps the names of speakers back." };
        let head = format!("Transcript, times from the start of the recording.{note}{}", part.words());
        let next = part.goes_on().then(|| {
            let asked = context.position.map_or(context.now, Position::began);
            Position::at(PageStart::First, part.end, asked)
        });
        let structured = json!({
            "untrusted": true, "text": part.text, "length": part.length, "speakers": named,
            "more": part.goes_on(), "hiddenCharactersRemoved": cleaner.hidden(),
        });
        Ok(Answer {
            text: framed(context.request, &head, part.text, &cleaner),
            structured,
            next,
            labels: Labels::NONE,
        })
    }
}

impl GetTranscript {
    async fn content(&self, context: &Context<'_>, kind: &'static str) -> Result<GraphAnswer, ActionError> {
        let segments = [self.meeting.as_str(), self.transcript.as_str()];
        let mut request = context.graph.request_to(Method::Get, CONTENT, None, &segments)?;
        request.headers = vec![GraphHeader::Accept(kind)];
        context.graph.content(request).await
    }
}

#[cfg(test)]
#[path = "transcripts_tests.rs"]
mod tests;
