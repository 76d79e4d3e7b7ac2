//! The Teams meeting behind a join link.
//!
//! Source: Graph, "Get onlineMeeting", by `JoinWebUrl`: the only way from an event to its meeting, and an equality on the
//! whole link. All occurrences of a series share one link, so they are one meeting here.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::odata::literal;
use crate::param::{Param, Required, WebLink, required};
use crate::shape::{self, Cleaner, framed};
use crate::wire::Page;
use crate::zone::{TIME_ZONE, Zone};

pub(crate) static JOIN_URL: Param<WebLink, Required> =
    required("joinUrl", "The meeting's join link, whole", WebLink);

/// Properties that every meeting has.
pub(crate) const FIELDS: &[&str] = &["found", "meetings"];
const SUBJECT_MAX: usize = 255;

pub(crate) fn find_online_meeting(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let join_url = given.read(&JOIN_URL);
    let zone = given.read(&TIME_ZONE);
    Some(Box::new(FindOnlineMeeting { join_url: join_url?, zone: zone? }))
}

struct FindOnlineMeeting {
    join_url: String,
    zone: Option<Zone>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphMeeting {
    id: Option<String>,
    subject: Option<String>,
    start_date_time: Option<String>,
    end_date_time: Option<String>,
    join_web_url: Option<String>,
    chat_info: Option<GraphChat>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphChat {
    thread_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meeting {
    id: String,
    subject: String,
    start: String,
    end: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    join_url: Option<String>,
    chat_id: String,
}

#[async_trait]
impl Invocation for FindOnlineMeeting {
    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[])?;
        request.query = vec![("$filter", format!("JoinWebUrl eq {}", literal(&self.join_url)))];
        let page: Page<GraphMeeting> = context.graph.fetch(request).await?;
        let mut cleaner = Cleaner::default();
        let meetings: Vec<Meeting> =
            page.value.iter().map(|given| Meeting::of(given, &mut cleaner)).collect();
        let structured = json!({
            "untrusted": true, "found": !meetings.is_empty(), "meetings": meetings,
            "hiddenCharactersRemoved": cleaner.hidden(),
        });
        if meetings.is_empty() {
            let text = "No meeting has this link, or this person is neither its organiser nor invited to it. Take the link \
                        as the event gives it, whole.";
            return Ok(Answer::whole(text.to_owned(), structured));
        }
        let zone = Zone::of(context, self.zone.as_ref()).await;
        let lines: Vec<String> = meetings.iter().map(|meeting| meeting.words(&zone)).collect();
        let head = format!("The meeting behind the link. {}", zone.sentence());
        let text = framed(context.request, &head, &lines.join("\n"), &cleaner);
        Ok(Answer::whole(text, structured))
    }
}

impl Meeting {
    fn of(given: &GraphMeeting, cleaner: &mut Cleaner) -> Self {
        let chat = given.chat_info.as_ref().and_then(|chat| chat.thread_id.as_deref());
        Self {
            id: shape::id(given.id.as_deref()),
            subject: cleaner.line(given.subject.as_deref(), SUBJECT_MAX),
            start: shape::id(given.start_date_time.as_deref()),
            end: shape::id(given.end_date_time.as_deref()),
            join_url: shape::link(given.join_web_url.as_deref()),
            chat_id: shape::id(chat),
        }
    }

    fn words(&self, zone: &Zone) -> String {
        let subject = if self.subject.is_empty() { "(no subject)" } else { &self.subject };
        format!(
            "{subject}, {} to {}\n   chat {}\n   id {}",
            zone.words(&self.start),
            zone.words(&self.end),
            self.chat_id,
            self.id
        )
    }
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
