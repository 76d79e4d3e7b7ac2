//! The meeting behind a link to join.
//!
//! Source: Graph list onlineMeetings, which demands a filter: the link, exactly as Teams wrote it, in single quotes. Its escapes
//! are part of it and stay; the occurrences of a series share one link and one meeting.

use async_trait::async_trait;
use m365_types::Reach;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::action::{Answer, Context, Invocation, own};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::listing::{Bounds, Listed, Wording, gather};
use crate::odata::quoted;
use crate::param::{Kind, Param, Required, required};
use crate::shape::{self, Cleaner};
use crate::zone::{TIME_ZONE, Zone};

pub(crate) static JOIN_URL: Param<Link, Required> =
    required("joinUrl", "Link to join, as getEvent gives it", Link);
/// Properties that every meeting has.
pub(crate) const FIELDS: &[&str] = &["id", "subject"];
const SELECT: &str = "id,subject,startDateTime,endDateTime,joinWebUrl,chatInfo";
const SUBJECT_MAX: usize = 255;
const LINK_MAX_BYTES: usize = 2048;

/// A link as somebody else wrote it, which must not be written otherwise.
pub(crate) struct Link;

impl Kind for Link {
    type Value = String;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "string".into());
    }

    fn allowed(&self) -> String {
        format!(
            "a whole link beginning with `https://`, of at most {LINK_MAX_BYTES} characters, without spaces"
        )
    }

    fn read(&self, given: &Value) -> Result<String, String> {
        let plain = |text: &&str| {
            text.len() <= LINK_MAX_BYTES
                && text.bytes().all(|byte| byte.is_ascii_graphic())
                && shape::link(Some(text)).is_some()
        };
        let text = given.as_str().filter(plain).filter(|text| text.starts_with("https://"));
        text.map(str::to_owned).ok_or_else(|| "something else".to_owned())
    }
}

pub(crate) fn find_online_meeting(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let link = given.read(&JOIN_URL);
    let zone = given.read(&TIME_ZONE);
    Some(Box::new(FindOnlineMeeting { link: link?, zone: zone? }))
}

struct FindOnlineMeeting {
    link: String,
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

/// A meeting, and the zone its times are told in.
struct Placed {
    meeting: GraphMeeting,
    zone: Zone,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meeting {
    id: String,
    subject: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    start: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    end: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    join_url: Option<String>,
    /// The meeting's chat, for the tools that read and write in chats.
    #[serde(skip_serializing_if = "String::is_empty")]
    chat_id: String,
    #[serde(skip)]
    when: String,
}

#[async_trait]
impl Invocation for FindOnlineMeeting {
    fn reach(&self) -> Reach {
        own()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let zone = Zone::of(context, self.zone.as_ref()).await;
        let mut request = context.graph.request(&[])?;
        request.query = vec![
            ("$filter", format!("JoinWebUrl eq {}", quoted(&self.link))),
            ("$select", SELECT.to_owned()),
        ];
        let bounds = Bounds { pages: 1, items: 5, linked: true };
        let meetings = gather::<GraphMeeting>(context, &request, bounds).await?;
        let meetings = meetings.filter_map(|meeting| Some(Placed { meeting, zone: zone.clone() }));
        let head = |count: usize| {
            format!("{count} meeting{}. {}", if count == 1 { "" } else { "s" }, zone.sentence())
        };
        let wording = Wording {
            name: "meetings",
            none: "No meeting has this link. It must be the whole link, exactly as the event's `joinUrl` has it; and this account \
                   must have organised the meeting or be invited to it.",
            head: &head,
            more: "There are more.",
        };
        Ok(meetings.answer::<Meeting>(context, &wording))
    }
}

impl Listed for Meeting {
    type Given = Placed;

    fn of(Placed { meeting, zone }: &Placed, cleaner: &mut Cleaner) -> Self {
        let instant = |text: &Option<String>| text.as_deref()?.parse::<jiff::Timestamp>().ok();
        let (start, end) = (instant(&meeting.start_date_time), instant(&meeting.end_date_time));
        let stamp = |at: Option<jiff::Timestamp>| at.map(|at| zone.stamp(at)).unwrap_or_default();
        let chat = meeting.chat_info.as_ref().and_then(|chat| chat.thread_id.as_deref());
        Self {
            id: shape::id(meeting.id.as_deref()),
            subject: cleaner.line(meeting.subject.as_deref(), SUBJECT_MAX),
            start: stamp(start),
            end: stamp(end),
            join_url: shape::link(meeting.join_web_url.as_deref()),
            chat_id: shape::id(chat),
            when: start.zip(end).map(|(start, end)| zone.span(start, end)).unwrap_or_default(),
        }
    }

    fn words(&self, number: usize) -> String {
        let subject = if self.subject.is_empty() { "(no subject)" } else { &self.subject };
        let when = if self.when.is_empty() { String::new() } else { format!("\n{}", self.when) };
        format!("{number}. {subject}{when}\nid {}", self.id)
    }
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
