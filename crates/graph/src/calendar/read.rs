//! One event with its description: as a tool, and as a resource.
//!
//! Source: Graph `event` resource. The description is asked for as HTML, because only there can be seen what a reader would
//! not have seen, and becomes markdown; a long one is read in parts, by cursor or by URI.

use async_trait::async_trait;
use m365_types::{Email, Labels};
use serde_json::{Map, Value, json};

use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::calendar::event::{Event, GraphEvent, Placed, SELECT};
use crate::calendar::param::ID;
use crate::calendar::recurrence::GraphRecurrence;
use crate::error::ActionError;
use crate::excerpt::{OFFSET, Part, insert_body};
use crate::listing::Listed as _;
use crate::mail::list::IMMUTABLE_ID;
use crate::paging::{PageStart, Position};
use crate::param::MAILBOX;
use crate::shape::{self, Cleaner, framed};
use crate::zone::{TIME_ZONE, Zone};

/// Name of the row of the resource.
pub(crate) const URI: &str = "microsoft://events/{id}";
/// What one part of a description costs at most, in bytes of JSON: it stands in an answer twice.
const PART_BYTES: usize = 3_900;

pub(crate) fn get_event(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let mailbox = given.read(&MAILBOX);
    let zone = given.read(&TIME_ZONE);
    Some(Box::new(GetEvent { named: Named { id: id?, mailbox: mailbox? }, zone: zone? }))
}

pub(crate) fn read_event(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let offset = given.read(&OFFSET);
    let named = Named { id: id?, mailbox: None };
    Some(Box::new(ReadEvent { named, offset: offset?.unwrap_or_default() }))
}

/// The event that was asked for.
struct Named {
    id: String,
    mailbox: Option<Email>,
}

struct GetEvent {
    named: Named,
    zone: Option<Zone>,
}

struct ReadEvent {
    named: Named,
    offset: u32,
}

/// An event as it was read.
struct Read {
    event: Event,
    /// What only one event alone is asked for.
    more: Map<String, Value>,
    recurrence: String,
    body: String,
    cleaner: Cleaner,
    labels: Labels,
}

impl Named {
    async fn read(&self, context: &Context<'_>, zone: &Zone) -> Result<Read, ActionError> {
        let mut request = context.graph.request_in(self.mailbox.as_ref(), &[&self.id])?;
        request.prefer = vec![IMMUTABLE_ID.to_owned(), "outlook.body-content-type=\"html\"".to_owned()];
        let select = format!("{SELECT},webLink,body,recurrence,seriesMasterId,hasAttachments");
        request.query = vec![("$select", select)];
        let event: GraphEvent = context.graph.fetch(request).await?;
        let mut cleaner = Cleaner::default();
        let body = event.body.as_ref().map(|body| body.read(&mut cleaner)).unwrap_or_default();
        let recurrence = event.recurrence.as_ref().map(GraphRecurrence::words).unwrap_or_default();
        let mut more = Map::new();
        for (name, value) in [
            ("recurrence", Some(recurrence.clone())),
            ("seriesMasterId", Some(shape::id(event.series_master_id.as_deref()))),
            ("webLink", shape::link(event.web_link.as_deref())),
        ] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                more.insert(name.to_owned(), value.into());
            }
        }
        if event.has_attachments == Some(true) {
            more.insert("hasAttachments".to_owned(), true.into());
        }
        let labels = event.labels();
        let placed = Placed { event, zone: zone.clone() };
        let event = Event::of(&placed, &mut cleaner);
        Ok(Read { event, more, recurrence, body, cleaner, labels })
    }
}

#[async_trait]
impl Invocation for GetEvent {
    fn mailbox(&self) -> Option<&Email> {
        self.named.mailbox.as_ref()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let zone = Zone::of(context, self.zone.as_ref()).await;
        let read = self.named.read(context, &zone).await?;
        let begin = context.position.map_or(0, Position::shown);
        let part = Part::of(&read.body, begin, PART_BYTES);
        let (lines, sentence) =
            if begin == 0 { (read.lines(), format!(" {}", zone.sentence())) } else { Default::default() };
        let head = format!("One event.{}{sentence}", part.words());
        let text = framed(context.request, &head, &format!("{lines}{}", part.text), &read.cleaner);
        let next = part.goes_on().then(|| {
            let asked = context.position.map_or(context.now, Position::began);
            Position::at(PageStart::First, part.end, asked)
        });
        let mut data = if begin == 0 { read.data() } else { json!({ "id": self.named.id }) };
        if let Some(data) = data.as_object_mut() {
            data.insert("body".to_owned(), part.text.into());
            data.insert("bodyLength".to_owned(), part.length.into());
            data.insert("more".to_owned(), part.goes_on().into());
        }
        Ok(Answer { text, structured: read.marked(data), next, labels: read.labels })
    }
}

#[async_trait]
impl Invocation for ReadEvent {
    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let read = self.named.read(context, &Zone::utc()).await?;
        let mut data = read.data();
        insert_body(&mut data, &read.body, URI, &self.named.id, self.offset);
        Ok(Answer { labels: read.labels, ..Answer::json(read.marked(data)) })
    }
}

impl Read {
    fn data(&self) -> Value {
        let mut data = json!(self.event);
        if let Some(data) = data.as_object_mut() {
            data.extend(self.more.clone());
        }
        data
    }

    fn marked(&self, data: Value) -> Value {
        crate::action::untrusted(data, &self.cleaner)
    }

    /// What stands above the description, with an empty line behind it.
    fn lines(&self) -> String {
        let mut lines = vec![self.event.title()];
        lines.extend(self.event.lines());
        if !self.recurrence.is_empty() {
            lines.push(format!("repeats {}", self.recurrence));
        }
        if let Some(join) = &self.event.join_url {
            lines.push(format!("join {join}"));
        }
        lines.join("\n") + "\n\n"
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
