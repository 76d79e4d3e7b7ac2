//! Changing an event: only what is given changes, and everybody invited is told.
//!
//! Source: Graph event update. The attendees that are given take the place of those there were. The description of a Teams
//! meeting holds its details for joining, and one without them ends the online meeting, so it is not changed here. Times are
//! sent in a named zone where one is known: a series that is anchored in UTC drifts when clocks change.

use async_trait::async_trait;
use m365_types::{EffectBody, Email, Method, Reach, Recipient, ResolvedEffect, Role};
use serde_json::{Map, Value, json};

use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::calendar::create::html;
use crate::calendar::event::GraphEvent;
use crate::calendar::param::{BODY_TEXT, ID, INVITED, LOCATION, MEANT, SUBJECT_TEXT, attendees, event_reach};
use crate::calendar::seen::{self, Seen};
use crate::effect::{self, add, changed, say, users_of};
use crate::error::ActionError;
use crate::lesson::Lesson;
use crate::mail::list::IMMUTABLE_ID;
use crate::mail::send::refuse_too_much_markup;
use crate::param::{Addresses, DateTime, MAILBOX, Optional, Param, Text, optional};
use crate::period::{Period, Times};
use crate::shape::{self, outgoing};
use crate::standing;
use crate::zone::Zone;

pub(crate) static SUBJECT: Param<Text, Optional> = optional("subject", "New title", SUBJECT_TEXT);
pub(crate) static START: Param<DateTime, Optional> =
    optional("start", "New start (ISO 8601), with `end`", DateTime);
pub(crate) static END: Param<DateTime, Optional> = optional("end", "New end", DateTime);
pub(crate) static ATTENDEES: Param<Addresses, Optional> =
    optional("attendees", "Everybody invited from now on: replaces the list", INVITED);
pub(crate) static BODY: Param<Text, Optional> = optional("body", "New description", BODY_TEXT);

pub(crate) const EVENT: &str = "/me/events/{event}";

/// What can go wrong here besides what every call meets.
pub(crate) static LESSONS: [&Lesson; 1] = [&ONLINE];

static ONLINE: Lesson = Lesson {
    code: "event_body_online",
    why: "The event is a Teams meeting, whose description holds the details for joining; another description would end the online \
          meeting.",
    next: "Leave `body` out, and send the text another way, such as by mail to those invited. Nothing was changed.",
};

pub(crate) fn update_event(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let subject = given.read(&SUBJECT);
    let start = given.read(&START);
    let end = given.read(&END);
    let location = given.read(&LOCATION);
    let body = given.read(&BODY);
    let attendees = given.read(&ATTENDEES);
    let zone = given.read(&MEANT);
    let mailbox = given.read(&MAILBOX);
    refuse_too_much_markup(given, body.as_ref().and_then(Option::as_deref));
    let (start, end) = (start?, end?);
    let half = start.is_some() != end.is_some();
    if half {
        let (missing, there) = if start.is_some() { ("end", "start") } else { ("start", "end") };
        given.refuse(missing, &format!("is required where `{there}` is given"));
    }
    let zone = zone?;
    let period = start.zip(end).map(|(start, end)| Period::read(given, ["start", "end"], start, end, zone));
    let (subject, location, body, attendees) = (subject?, location?, body?, attendees?);
    let changes = UpdateEvent { id: id?, subject, period, location, body, attendees, mailbox: mailbox? };
    if changes.is_none() && !half {
        given.refuse("id", "says which event, and another argument must say what to change");
    }
    Some(Box::new(changes))
}

struct UpdateEvent {
    id: String,
    subject: Option<String>,
    period: Option<Period>,
    location: Option<String>,
    body: Option<String>,
    attendees: Option<Vec<Email>>,
    mailbox: Option<Email>,
}

#[async_trait]
impl Invocation for UpdateEvent {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    fn reach(&self) -> Reach {
        let recipients = self.attendees.clone().unwrap_or_default();
        Reach { recipients, ..event_reach(self.mailbox(), &self.id) }
    }

    fn effect(&self) -> ResolvedEffect {
        let times = self.period.as_ref().and_then(Period::known);
        self.seen(&Seen::default(), times.as_ref(), &Zone::utc())
    }

    fn must_look(&self) -> bool {
        true
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        let seen = seen::event(context, self.mailbox(), &self.id).await?;
        let times = match &self.period {
            Some(period) => Some(period.settle_local(context).await?),
            None => None,
        };
        let zone = Zone::of(context, self.period.as_ref().and_then(Period::zone)).await;
        let mut effect = self.seen(&seen, times.as_ref(), &zone);
        standing::ask(context, &mut effect.recipients).await?;
        Ok(effect)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let times = match &self.period {
            Some(period) => Some(period.settle_local(context).await?),
            None => None,
        };
        if self.body.is_some() {
            self.refuse_online(context).await?;
        }
        let mut request = context.graph.request_in(self.mailbox.as_ref(), &[&self.id])?;
        request.prefer = vec![IMMUTABLE_ID.to_owned()];
        request.body = Some(Value::Object(self.to_graph(times.as_ref())).into());
        let changed: GraphEvent = context.graph.fetch(request).await?;
        let invited = changed.attendees.map_or(0, |attendees| attendees.len());
        let told = match invited {
            0 => "Nobody is invited, so nobody was told.".to_owned(),
            1 => "Microsoft 365 tells the 1 person invited.".to_owned(),
            count => format!("Microsoft 365 tells the {count} people invited."),
        };
        let when = times.as_ref().map(|times| format!("{} ", times.words())).unwrap_or_default();
        let note = times.as_ref().map(Times::note).unwrap_or_default();
        let changed_names: Vec<&str> = self.changed().collect();
        let text = format!("Event changed: {}. {when}{told}{note}", changed_names.join(", "));
        let id = shape::id(changed.id.as_deref());
        let mut structured = json!({ "id": id, "changed": changed_names, "invited": invited });
        if let (Some(times), Some(object)) = (&times, structured.as_object_mut()) {
            object.insert("start".to_owned(), times.start.stamp().into());
            object.insert("end".to_owned(), times.end.stamp().into());
        }
        Ok(Answer::whole(text, structured))
    }
}

impl UpdateEvent {
    /// What changes of an event that is as it was seen. Whoever was invited and is no longer is told too.
    fn seen(&self, seen: &Seen, times: Option<&Times>, zone: &Zone) -> ResolvedEffect {
        let Reach { target, shared, .. } = self.reach();
        let mut effect =
            ResolvedEffect { target, shared, version: seen.version(), ..ResolvedEffect::default() };
        let were = seen.invited();
        let invited = |address: &Email| Recipient::at(address.clone(), Role::Attendee);
        let are = self.attendees.iter().flatten().map(invited);
        for one in were.iter().cloned().chain(are).chain(users_of(self.mailbox())) {
            add(&mut effect.recipients, one);
        }
        let [start, end] = seen.times(zone);
        for (name, new, was) in [
            ("Subject", self.subject.clone(), seen.subject()),
            ("Start", times.map(|times| times.start.exact()), start),
            ("End", times.map(|times| times.end.exact()), end),
            ("Where", self.location.clone(), seen.place()),
        ] {
            match new {
                Some(new) => effect.facts.push(changed(name, new, Some(was).filter(|was| !was.is_empty()))),
                None => say(&mut effect, name, was),
            }
        }
        if let Some(attendees) = &self.attendees {
            let (added, removed) = differences(&were, attendees);
            say(&mut effect, "Newly invited", added);
            say(&mut effect, "No longer invited", removed);
        }
        seen.say_kind(&mut effect);
        effect.body = self.body.as_deref().map(|body| {
            let was = seen.body().map(effect::bounded);
            EffectBody { was, ..effect::body(true, outgoing::html(body)) }
        });
        effect
    }

    fn changed(&self) -> impl Iterator<Item = &'static str> {
        [
            ("subject", self.subject.is_some()),
            ("start", self.period.is_some()),
            ("end", self.period.is_some()),
            ("location", self.location.is_some()),
            ("body", self.body.is_some()),
            ("attendees", self.attendees.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
    }

    fn is_none(&self) -> bool {
        self.changed().next().is_none()
    }

    fn to_graph(&self, times: Option<&Times>) -> Map<String, Value> {
        let fields = [
            ("subject", self.subject.as_deref().map(Value::from)),
            ("start", times.map(|times| times.start.to_graph())),
            ("end", times.map(|times| times.end.to_graph())),
            ("location", self.location.as_ref().map(|place| json!({ "displayName": place }))),
            ("body", self.body.as_deref().map(html)),
            ("attendees", self.attendees.as_deref().map(attendees)),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    async fn refuse_online(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let mut request = context.graph.request_to(Method::Get, EVENT, self.mailbox.as_ref(), &[&self.id])?;
        request.prefer = vec![IMMUTABLE_ID.to_owned()];
        request.query = vec![("$select", "id,isOnlineMeeting".to_owned())];
        let event: GraphEvent = context.graph.fetch(request).await?;
        if event.is_online_meeting == Some(true) { Err(context.graph.taught(&ONLINE)) } else { Ok(()) }
    }
}

/// Who is invited now and was not, and the other way round.
fn differences(were: &[Recipient], are: &[Email]) -> (String, String) {
    let was_there = |address: &Email| were.iter().any(|one| one.address.as_ref() == Some(address));
    let is_there = |one: &Recipient| one.address.as_ref().is_some_and(|address| are.contains(address));
    let added = are.iter().filter(|address| !was_there(address)).map(Email::to_string);
    let removed = were.iter().filter(|one| !is_there(one)).map(effect::words);
    let listed = |all: Vec<String>| all.join(", ");
    (listed(added.collect()), listed(removed.collect()))
}

#[cfg(test)]
#[path = "update_tests.rs"]
mod tests;
