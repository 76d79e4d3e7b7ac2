//! What is sent of mail that is there: a draft, a reply, a forward.
//!
//! Source: Graph `message` send, `reply`, `replyAll`, `forward`. None has an idempotency key, so each is repeated only
//! where Graph has refused it for load. To whom a draft or a reply goes, and with what, stands in the mailbox and not in the
//! arguments, so the message is read before: what goes out is decided on as it stands there.
//!
//! An answer goes to whom the message asks for answers to (`replyTo`, RFC 5322 section 3.6.2), else to its sender; one to
//! all also to those it went to, but not to the mailbox that answers. One's own message is answered by writing to those it
//! went to, or to oneself, depending on the version of Exchange: all of them are told. The prefix of the subject is that
//! of the mailbox's language; the effect has the English one.

use async_trait::async_trait;
use m365_types::{EffectBody, Email, Method, Reach, Recipient, ResolvedEffect, Role};
use serde_json::{Value, json};

use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::effect::{self, add, changed, say};
use crate::error::ActionError;
use crate::mail::body::ItemBody;
use crate::mail::draft::{COMMENT_NAME, commented};
use crate::mail::param::{COMMENT, COMMENT_TEXT, ID};
use crate::mail::seen::{self, Seen, message_reach};
use crate::mail::send::{CLEANED, of_mailbox, refuse_too_much_markup_in};
use crate::param::{Addresses, Boolean, MAILBOX, Optional, Param, Required, Text, optional, required};
use crate::shape::outgoing;
use crate::standing;

pub(crate) static REPLY: Param<Text, Required> =
    required(COMMENT_NAME, "The reply; HTML allowed", COMMENT_TEXT);
pub(crate) static ALL: Param<Boolean, Optional> = optional("all", "Reply to all", Boolean);
pub(crate) static TO: Param<Addresses, Required> = required("to", "Recipients", Addresses { max: 50 });

const SEND: &str = "/me/messages/{message}/send";
pub(crate) const REPLY_TO_ONE: &str = "/me/messages/{message}/reply";
pub(crate) const REPLY_TO_ALL: &str = "/me/messages/{message}/replyAll";
const FORWARD: &str = "/me/messages/{message}/forward";

/// A message on its way out.
struct Outgoing {
    id: String,
    mailbox: Option<Email>,
    template: &'static str,
    comment: Option<String>,
    to: Vec<Email>,
    done: &'static str,
}

pub(crate) fn send_draft(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let mailbox = given.read(&MAILBOX);
    let (template, done) = (SEND, "Draft sent");
    Some(Box::new(Outgoing { id: id?, mailbox: mailbox?, template, comment: None, to: Vec::new(), done }))
}

pub(crate) fn reply_email(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let comment = given.read(&REPLY);
    let all = given.read(&ALL);
    let mailbox = given.read(&MAILBOX);
    refuse_too_much_markup_in(given, COMMENT_NAME, comment.as_deref());
    let (template, done) = if all?.unwrap_or_default() {
        (REPLY_TO_ALL, "Reply sent to everybody")
    } else {
        (REPLY_TO_ONE, "Reply sent to the sender")
    };
    let (id, comment, mailbox) = (id?, Some(comment?), mailbox?);
    Some(Box::new(Outgoing { id, mailbox, template, comment, to: Vec::new(), done }))
}

pub(crate) fn forward_email(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let to = given.read(&TO);
    let comment = given.read(&COMMENT);
    let mailbox = given.read(&MAILBOX);
    refuse_too_much_markup_in(given, COMMENT_NAME, comment.as_ref().and_then(Option::as_deref));
    let to = to?;
    if to.is_empty() {
        given.refuse("to", "must name at least one address");
    }
    let (id, comment, mailbox) = (id?, comment?, mailbox?);
    let done = "Forwarded";
    Some(Box::new(Outgoing { id, mailbox, template: FORWARD, comment, to, done }))
}

#[async_trait]
impl Invocation for Outgoing {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    fn reach(&self) -> Reach {
        Reach { recipients: self.to.clone(), ..message_reach(self.mailbox(), &self.id) }
    }

    fn effect(&self) -> ResolvedEffect {
        let body = self.comment.as_deref().map(|comment| effect::body(true, outgoing::html(comment)));
        ResolvedEffect { body, ..ResolvedEffect::of(self.reach(), Role::To) }
    }

    fn must_look(&self) -> bool {
        true
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        let mailbox = self.mailbox();
        let seen = seen::message(context, mailbox, &self.id, seen::WHOLE).await?;
        let mut effect = ResolvedEffect { version: seen.version(), ..self.effect() };
        match self.template {
            SEND => draft(&seen, &mut effect),
            FORWARD => say(&mut effect, "Subject", prefixed("FW: ", &seen.subject())),
            _ => self.answer(context, &seen, &mut effect),
        }
        if self.template != SEND {
            effect.body = Some(self.above(&seen));
        }
        if matches!(self.template, SEND | FORWARD) {
            effect.files = seen::files(context, mailbox, &self.id).await?;
        }
        standing::ask(context, &mut effect.recipients).await?;
        Ok(effect)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mailbox = self.mailbox.as_ref();
        let mut request = context.graph.request_to(Method::Post, self.template, mailbox, &[&self.id])?;
        if self.template != SEND {
            request.body = Some(commented(self.comment.as_deref(), &self.to).into());
        }
        // Graph accepts a message with 202 and nothing else; any other success is not its answer to this call.
        if context.graph.send(request).await?.status != 202 {
            return Err(context.graph.unreadable());
        }
        let note = if self.comment.as_deref().is_some_and(|text| text.contains('<')) { CLEANED } else { "" };
        let people: Vec<&str> = self.to.iter().map(Email::as_str).collect();
        let to = if people.is_empty() { String::new() } else { format!(" to {}", people.join(", ")) };
        let text = format!(
            "{}{to}.\nMicrosoft 365 accepted it for delivery; whether it arrives is not known yet. A copy is in Sent \
             Items{}.{note}",
            self.done,
            of_mailbox(mailbox)
        );
        let mut structured = json!({ "status": "accepted", "id": self.id });
        if let (Some(structured), false) = (structured.as_object_mut(), self.to.is_empty()) {
            structured.insert("to".to_owned(), Value::from(people));
        }
        Ok(Answer::whole(text, structured))
    }
}

impl Outgoing {
    /// Whom an answer goes to. Where that is not who wrote, the difference is told.
    fn answer(&self, context: &Context<'_>, seen: &Seen, effect: &mut ResolvedEffect) {
        say(effect, "Subject", prefixed("RE: ", &seen.subject()));
        let (from, asked) = (seen.from(), seen.reply_to());
        let own = |one: &Recipient| self.is_own(context, one);
        let is_own = from.as_ref().is_some_and(own);
        let sender = from.as_ref().map(effect::words).unwrap_or_default();
        if !asked.is_empty() {
            let goes: Vec<String> = asked.iter().map(effect::words).collect();
            effect.facts.push(changed("Answers go to", goes.join(", "), Some(sender)));
        }
        let sender = if asked.is_empty() { from.into_iter().collect() } else { asked };
        for one in sender {
            add(&mut effect.recipients, one);
        }
        let all = self.template == REPLY_TO_ALL;
        for role in [Role::To, Role::Cc].into_iter().filter(|role| all || (is_own && *role == Role::To)) {
            for one in seen.to(role).into_iter().filter(|one| !own(one)) {
                add(&mut effect.recipients, one);
            }
        }
    }

    /// Whether somebody is the mailbox that answers. Only its name in Microsoft 365 counts: a copy to the person's address
    /// elsewhere goes there.
    fn is_own(&self, context: &Context<'_>, one: &Recipient) -> bool {
        let own = self.mailbox().map(Email::as_str).or(context.account.microsoft.as_deref());
        one.address.as_ref().zip(own).is_some_and(|(address, own)| address.as_str().eq_ignore_ascii_case(own))
    }

    /// The comment above the original, as they go out.
    fn above(&self, seen: &Seen) -> EffectBody {
        let comment = self.comment.as_deref().map(outgoing::html).unwrap_or_default();
        let original = seen.body.as_ref().map(ItemBody::quoted).unwrap_or_default();
        effect::body(true, format!("{comment}<hr>{original}"))
    }
}

/// What is sent with a draft.
fn draft(seen: &Seen, effect: &mut ResolvedEffect) {
    say(effect, "Subject", seen.subject());
    say(effect, "From", seen.from().map(|from| effect::words(&from)).unwrap_or_default());
    let answers: Vec<String> = seen.reply_to().iter().map(effect::words).collect();
    say(effect, "Answers go to", answers.join(", "));
    seen.say_importance(effect);
    for one in [Role::To, Role::Cc, Role::Bcc].into_iter().flat_map(|role| seen.to(role)) {
        add(&mut effect.recipients, one);
    }
    effect.body = seen.body.as_ref().map(ItemBody::to_effect);
}

/// A subject that begins with the prefix, once.
fn prefixed(prefix: &str, subject: &str) -> String {
    let begins = subject.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if begins { subject.to_owned() } else { format!("{prefix}{subject}") }
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
