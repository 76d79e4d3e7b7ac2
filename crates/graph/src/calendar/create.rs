//! A new event, with invitations and a Teams meeting where they are wanted.
//!
//! Source: Graph `event` resource. The request carries the id of the call as `transactionId`, so repeating it makes no second
//! event. A meeting made so is in the calendars of all, and Teams keeps its transcripts. What local time means is the rule of
//! [`crate::moment`].

use async_trait::async_trait;
use m365_types::{Effect, Email, Reach, ResolvedEffect, Role};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::action::{Answer, Context, Invocation, in_mailbox};
use crate::arguments::Given;
use crate::calendar::event::GraphOnlineMeeting;
use crate::calendar::param::{BODY_TEXT, END, INVITED, LOCATION, MEANT, START, SUBJECT_TEXT, attendees};
use crate::effect::{self, add, say, users_of};
use crate::error::ActionError;
use crate::mail::list::IMMUTABLE_ID;
use crate::mail::send::refuse_too_much_markup;
use crate::param::{Addresses, Boolean, MAILBOX, Optional, Param, Required, Text, optional, required};
use crate::period::{Period, Times};
use crate::shape::{self, outgoing};
use crate::standing;

pub(crate) static SUBJECT: Param<Text, Required> = required("subject", "Event title", SUBJECT_TEXT);
pub(crate) static ATTENDEES: Param<Addresses, Optional> =
    optional("attendees", "Attendee emails; each is sent an invitation", INVITED);
pub(crate) static BODY: Param<Text, Optional> = optional("body", "Event description", BODY_TEXT);
pub(crate) static ONLINE: Param<Boolean, Optional> = optional("onlineMeeting", "Meet in Teams", Boolean);

pub(crate) fn create_calendar_event(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let subject = given.read(&SUBJECT);
    let start = given.read(&START);
    let end = given.read(&END);
    let attendees = given.read(&ATTENDEES);
    let body = given.read(&BODY);
    let location = given.read(&LOCATION);
    let online = given.read(&ONLINE);
    let zone = given.read(&MEANT);
    let mailbox = given.read(&MAILBOX);
    refuse_too_much_markup(given, body.as_ref().and_then(Option::as_deref));
    let period = Period::read(given, ["start", "end"], start?, end?, zone?);
    Some(Box::new(CreateCalendarEvent {
        subject: subject?,
        period,
        attendees: attendees?.unwrap_or_default(),
        body: body?,
        location: location?,
        online: online?.unwrap_or_default(),
        mailbox: mailbox?,
    }))
}

struct CreateCalendarEvent {
    subject: String,
    period: Period,
    attendees: Vec<Email>,
    body: Option<String>,
    location: Option<String>,
    online: bool,
    mailbox: Option<Email>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    id: String,
    web_link: Option<String>,
    online_meeting: Option<GraphOnlineMeeting>,
}

#[async_trait]
impl Invocation for CreateCalendarEvent {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    fn reach(&self) -> Reach {
        Reach { recipients: self.attendees.clone(), ..in_mailbox(self.mailbox()) }
    }

    fn effect(&self) -> ResolvedEffect {
        self.at(self.period.known().as_ref())
    }

    fn must_look(&self) -> bool {
        !self.attendees.is_empty() || self.mailbox.is_some() || !self.period.is_known()
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        let mut effect = self.at(Some(&self.period.settle(context).await?));
        standing::ask(context, &mut effect.recipients).await?;
        Ok(effect)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let times = self.period.settle(context).await?;
        let mut request = context.graph.request_in(self.mailbox.as_ref(), &[])?;
        request.prefer = vec![IMMUTABLE_ID.to_owned()];
        request.body = Some(self.to_graph(context, &times).into());
        let created: Created = context.graph.fetch(request).await?;
        let id = shape::id(Some(&created.id));
        let join = created.online_meeting.as_ref().and_then(GraphOnlineMeeting::link);
        let text = format!(
            "Event created: {id}\n{}{}{}{}",
            times.words(),
            self.invitations(),
            self.join_words(join.as_deref()),
            times.note()
        );
        let mut structured = json!({
            "id": id, "start": times.start.stamp(), "end": times.end.stamp(), "invited": self.attendees,
        });
        let link = shape::link(created.web_link.as_deref());
        if let Some(object) = structured.as_object_mut() {
            for (name, link) in [("joinUrl", join), ("webLink", link)] {
                object.extend(link.map(|link| (name.to_owned(), link.into())));
            }
        }
        Ok(Answer::whole(text, structured))
    }
}

impl CreateCalendarEvent {
    /// What is made, at these times where they are known.
    fn at(&self, times: Option<&Times>) -> ResolvedEffect {
        let mut effect = ResolvedEffect::of(self.reach(), Role::Attendee);
        for one in users_of(self.mailbox()) {
            add(&mut effect.recipients, one);
        }
        // An event of one's own to which nobody is invited stays with the person.
        effect.class = effect.recipients.is_empty().then_some(Effect::Write);
        effect = effect.with_fact("Subject", &self.subject);
        if let Some(times) = times {
            times.tell(&mut effect);
        }
        say(&mut effect, "Where", self.location.as_deref().unwrap_or_default());
        say(&mut effect, "Online", if self.online { "a Teams meeting" } else { "" });
        effect.body = self.body.as_deref().map(|body| effect::body(true, outgoing::html(body)));
        effect
    }

    fn invitations(&self) -> String {
        match self.attendees.len() {
            0 => String::new(),
            1 => " An invitation was sent to 1 person.".to_owned(),
            count => format!(" Invitations were sent to {count} people."),
        }
    }

    fn join_words(&self, link: Option<&str>) -> String {
        match link {
            Some(link) => format!("\nTeams meeting: {link}"),
            None if self.online => {
                "\nMicrosoft 365 has not given the link of the Teams meeting yet; getEvent will show it."
                    .to_owned()
            }
            None => String::new(),
        }
    }

    fn to_graph(&self, context: &Context<'_>, times: &Times) -> Value {
        let mut event = json!({
            "subject": self.subject,
            "start": times.start.to_graph(),
            "end": times.end.to_graph(),
            "attendees": attendees(&self.attendees),
            "isOnlineMeeting": self.online,
            "transactionId": context.request.to_string(),
        });
        let provider = self.online.then(|| json!("teamsForBusiness"));
        let location = self.location.as_ref().map(|place| json!({ "displayName": place }));
        let body = self.body.as_ref().map(|body| html(body));
        if let Some(event) = event.as_object_mut() {
            for (name, value) in [("onlineMeetingProvider", provider), ("location", location), ("body", body)]
            {
                event.extend(value.map(|value| (name.to_owned(), value)));
            }
        }
        event
    }
}

/// A description as Graph takes it: text with its lines, or markup made safe.
pub(crate) fn html(body: &str) -> Value {
    json!({ "contentType": "html", "content": outgoing::html(body) })
}

#[cfg(test)]
#[path = "create_tests.rs"]
mod tests;
