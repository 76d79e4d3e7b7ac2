//! What was said in a meeting, part by part.
//!
//! Source: Graph get callTranscript content. `text/vtt` names the speakers; an organisation that does not allow that refuses it
//! with `SpeakerAttributionNotAllowed`, and then gives the form without speakers, which only the `Accept` header can ask for.
//! No `Accept` of any other kind is taken.

use async_trait::async_trait;
use m365_ports::{GraphAnswer, GraphHeader};
use m365_types::Reach;
use serde_json::{Value, json};

use crate::action::{Answer, Context, Invocation, at};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::meetings::transcripts::MEETING;
use crate::meetings::vtt::{self, Turn};
use crate::paging::{PageStart, Position};
use crate::param::{Identifier, Param, Required, required};
use crate::shape::{Cleaner, framed};

pub(crate) static ID: Param<Identifier, Required> = required("id", "As listTranscripts gives it", Identifier);
/// Properties that every turn has.
pub(crate) const FIELDS: &[&str] = &["start", "text"];
const WITH_SPEAKERS: &str = "text/vtt";
const WITHOUT_SPEAKERS: &str = "application/vnd.microsoft.graph.transcript+text";
/// What Graph says where speakers may not be named.
const NOT_ALLOWED: &str = "SpeakerAttributionNotAllowed";
/// Characters of one part; at least one turn is shown, however long.
const PART: usize = 12_000;

pub(crate) fn get_transcript(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let meeting = given.read(&MEETING);
    let id = given.read(&ID);
    Some(Box::new(GetTranscript { meeting: meeting?, id: id? }))
}

struct GetTranscript {
    meeting: String,
    id: String,
}

#[async_trait]
impl Invocation for GetTranscript {
    fn reach(&self) -> Reach {
        at(format!("me/onlineMeetings/{}", self.meeting))
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let (given, named) = match self.content(context, WITH_SPEAKERS).await {
            Err(error) if error.has_code(NOT_ALLOWED) => {
                (self.content(context, WITHOUT_SPEAKERS).await?, false)
            }
            found => (found?, true),
        };
        let text = std::str::from_utf8(&given.body).map_err(|_| context.graph.unreadable())?;
        let mut cleaner = Cleaner::default();
        let turns = vtt::turns(text, &mut cleaner);
        let begin = context.position.map_or(0, Position::shown).min(turns.len());
        let (shown, end) = part(&turns, begin);
        let words: Vec<String> = shown.iter().map(Turn::words).collect();
        let speakers = if named { "" } else { " The organisation does not let speakers be named." };
        let text = if turns.is_empty() {
            "The transcript is empty: nothing was said in it.".to_owned()
        } else {
            let head = format!(
                "Turns {} to {end} of {}, each with the time since the transcript began.{speakers}",
                begin + 1,
                turns.len()
            );
            framed(context.request, &head, &words.join("\n"), &cleaner)
        };
        let more = end < turns.len();
        let next = more.then(|| {
            let asked = context.position.map_or(context.now, Position::began);
            Position::at(PageStart::First, end, asked)
        });
        let structured: Value = json!({
            "untrusted": true, "turns": shown, "more": more, "hiddenCharactersRemoved": cleaner.hidden(),
        });
        Ok(Answer { text, structured, next })
    }
}

impl GetTranscript {
    async fn content(&self, context: &Context<'_>, form: &'static str) -> Result<GraphAnswer, ActionError> {
        let mut request = context.graph.request(&[&self.meeting, &self.id])?;
        request.headers = vec![GraphHeader::Accept(form)];
        context.graph.send(request).await
    }
}

/// The turns from this one on that fit in one part, and the number of those before the next part.
fn part(turns: &[Turn], begin: usize) -> (&[Turn], usize) {
    let mut length = 0;
    let mut end = begin;
    for turn in turns.get(begin..).unwrap_or_default() {
        length += turn.length();
        if end > begin && length > PART {
            break;
        }
        end += 1;
    }
    (turns.get(begin..end).unwrap_or_default(), end)
}

#[cfg(test)]
#[path = "transcript_tests.rs"]
mod tests;
