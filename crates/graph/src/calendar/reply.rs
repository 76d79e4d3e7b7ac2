//! Cancelling an event as its organiser, and answering an invitation.
//!
//! Source: Graph event cancel, accept, tentativelyAccept and decline. All answer 202 with nothing; none has an idempotency
//! key. A cancelled event and a declined one leave the calendar.

use async_trait::async_trait;
use m365_ports::GraphRequest;
use m365_types::{Email, Method, Reach, ResolvedEffect};
use serde_json::{Map, Value, json};

use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::calendar::param::{COMMENT, ID, event_reach};
use crate::calendar::seen::{self, Seen};
use crate::effect::{self, add, say, users_of};
use crate::error::ActionError;
use crate::lesson::Lesson;
use crate::mail::list::IMMUTABLE_ID;
use crate::param::{Boolean, Choice, MAILBOX, Optional, Param, Required, optional, required};
use crate::standing;
use crate::zone::Zone;

pub(crate) static RESPONSE: Param<Choice<Response>, Required> = required(
    "response",
    "The answer",
    Choice {
        options: &[
            ("accept", Response::Accept),
            ("tentativelyAccept", Response::Tentative),
            ("decline", Response::Decline),
        ],
    },
);
pub(crate) static SEND_RESPONSE: Param<Boolean, Optional> =
    optional("sendResponse", "Tell the organiser; default true", Boolean);

pub(crate) const ACCEPT: &str = "/me/events/{event}/accept";
pub(crate) const TENTATIVE: &str = "/me/events/{event}/tentativelyAccept";
pub(crate) const DECLINE: &str = "/me/events/{event}/decline";

/// Outlook's refusal of what only the organiser may do, or may not do.
const NOT_THIS_PERSON: &str = "ErrorInvalidRequest";
/// What can go wrong here besides what every call meets.
pub(crate) static LESSONS: [&Lesson; 2] = [&ORGANIZER_CANCELS, &INVITED_ANSWER];

static ORGANIZER_CANCELS: Lesson = Lesson {
    code: "event_not_organizer",
    why: "Only the organiser can cancel an event.",
    next: "Decline it with respondToEvent, or ask the organiser. Repeating will not help.",
};
static INVITED_ANSWER: Lesson = Lesson {
    code: "event_no_answer",
    why: "This event takes no answer: the person organises it, or the organiser did not ask for one.",
    next: "Cancel an event of one's own with cancelEvent; where no answer was asked for, set `sendResponse` to false.",
};

/// What is answered to an invitation.
#[derive(Clone, Copy)]
pub(crate) enum Response {
    Accept,
    Decline,
    Tentative,
}

impl Response {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accepted",
            Self::Decline => "declined",
            Self::Tentative => "tentatively accepted",
        }
    }
}

pub(crate) fn cancel_event(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let comment = given.read(&COMMENT);
    let mailbox = given.read(&MAILBOX);
    Some(Box::new(CancelEvent { id: id?, comment: comment?, mailbox: mailbox? }))
}

struct CancelEvent {
    id: String,
    comment: Option<String>,
    mailbox: Option<Email>,
}

#[async_trait]
impl Invocation for CancelEvent {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    fn reach(&self) -> Reach {
        event_reach(self.mailbox(), &self.id)
    }

    fn effect(&self) -> ResolvedEffect {
        self.seen(&Seen::default(), &Zone::utc())
    }

    fn must_look(&self) -> bool {
        true
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        let seen = seen::event(context, self.mailbox(), &self.id).await?;
        let mut effect = self.seen(&seen, &Zone::of(context, None).await);
        standing::ask(context, &mut effect.recipients).await?;
        Ok(effect)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request_in(self.mailbox.as_ref(), &[&self.id])?;
        request.prefer = vec![IMMUTABLE_ID.to_owned()];
        request.body = Some(Value::Object(with_comment(self.comment.as_deref())).into());
        accepted(context, request, &ORGANIZER_CANCELS).await?;
        let text = "Event cancelled. Microsoft 365 tells everybody invited, and has moved the event to Deleted Items.";
        Ok(Answer::whole(text.to_owned(), json!({ "id": self.id, "status": "cancelled" })))
    }
}

impl CancelEvent {
    /// Who is told of the end of an event that is as it was seen.
    fn seen(&self, seen: &Seen, zone: &Zone) -> ResolvedEffect {
        let mut effect = of_event(self.reach(), seen);
        for one in seen.invited().into_iter().chain(users_of(self.mailbox())) {
            add(&mut effect.recipients, one);
        }
        seen.describe(&mut effect, zone);
        effect.body = self.comment.as_deref().map(|comment| effect::body(false, comment));
        effect
    }
}

/// The effect on an event that is as it was seen.
fn of_event(reach: Reach, seen: &Seen) -> ResolvedEffect {
    let Reach { target, shared, .. } = reach;
    ResolvedEffect { target, shared, version: seen.version(), ..ResolvedEffect::default() }
}

pub(crate) fn respond_to_event(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let response = given.read(&RESPONSE);
    let comment = given.read(&COMMENT);
    let send = given.read(&SEND_RESPONSE);
    let mailbox = given.read(&MAILBOX);
    let (comment, send) = (comment?, send?.unwrap_or(true));
    if comment.is_some() && !send {
        given.refuse("comment", "goes to the organiser, so `sendResponse` must not be false");
    }
    Some(Box::new(RespondToEvent { id: id?, response: response?, comment, send, mailbox: mailbox? }))
}

struct RespondToEvent {
    id: String,
    response: Response,
    comment: Option<String>,
    send: bool,
    mailbox: Option<Email>,
}

#[async_trait]
impl Invocation for RespondToEvent {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    fn reach(&self) -> Reach {
        event_reach(self.mailbox(), &self.id)
    }

    fn effect(&self) -> ResolvedEffect {
        self.seen(&Seen::default(), &Zone::utc())
    }

    fn must_look(&self) -> bool {
        true
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        let seen = seen::event(context, self.mailbox(), &self.id).await?;
        let mut effect = self.seen(&seen, &Zone::of(context, None).await);
        standing::ask(context, &mut effect.recipients).await?;
        Ok(effect)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let (template, status, done) = match self.response {
            Response::Accept => (ACCEPT, "accepted", "Invitation accepted."),
            Response::Decline => {
                (DECLINE, "declined", "Invitation declined; the event has left the calendar.")
            }
            Response::Tentative => (TENTATIVE, "tentativelyAccepted", "Invitation accepted tentatively."),
        };
        let mut request =
            context.graph.request_to(Method::Post, template, self.mailbox.as_ref(), &[&self.id])?;
        request.prefer = vec![IMMUTABLE_ID.to_owned()];
        let mut body = with_comment(self.comment.as_deref());
        body.insert("sendResponse".to_owned(), self.send.into());
        request.body = Some(Value::Object(body).into());
        accepted(context, request, &INVITED_ANSWER).await?;
        let told = if self.send { "The organiser is told." } else { "The organiser is not told." };
        let structured = json!({ "id": self.id, "status": status, "organizerTold": self.send });
        Ok(Answer::whole(format!("{done} {told}"), structured))
    }
}

impl RespondToEvent {
    /// What the organiser of an event hears that is as it was seen, where the organiser is told.
    fn seen(&self, seen: &Seen, zone: &Zone) -> ResolvedEffect {
        let mut effect = of_event(self.reach(), seen);
        let organizer = seen.organizer().filter(|_| self.send);
        for one in organizer.into_iter().chain(users_of(self.mailbox())) {
            add(&mut effect.recipients, one);
        }
        say(&mut effect, "Answer", self.response.as_str());
        say(&mut effect, "Organiser is told", if self.send { "yes" } else { "no" });
        seen.describe(&mut effect, zone);
        effect.body = self.comment.as_deref().map(|comment| effect::body(false, comment));
        effect
    }
}

/// Sends what Graph accepts with 202 and nothing else.
async fn accepted(
    context: &Context<'_>,
    request: GraphRequest,
    refusal: &'static Lesson,
) -> Result<(), ActionError> {
    match context.graph.send(request).await {
        Ok(answer) if answer.status == 202 => Ok(()),
        Ok(_) => Err(context.graph.unreadable()),
        Err(error) if error.has_graph_code(NOT_THIS_PERSON) => Err(context.graph.taught(refusal)),
        Err(error) => Err(error),
    }
}

fn with_comment(comment: Option<&str>) -> Map<String, Value> {
    comment.map(|comment| ("comment".to_owned(), comment.into())).into_iter().collect()
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
