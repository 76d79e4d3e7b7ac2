//! What is sent of mail that is there: a draft, a reply, a forward.
//!
//! Source: Graph `message` send, `reply`, `replyAll`, `forward`. None has an idempotency key, so each is repeated only
//! where Graph has refused it for load. To whom a draft or a reply goes stands in the mailbox and not in the arguments:
//! such a call names the message it acts on, and no recipient.

use async_trait::async_trait;
use m365_types::{Email, Method, Reach};
use serde_json::{Value, json};

use crate::action::{Answer, Context, Invocation, at, in_mailbox, shared};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::mail::draft::{COMMENT_NAME, commented};
use crate::mail::param::{COMMENT, COMMENT_TEXT, ID};
use crate::mail::send::{CLEANED, of_mailbox, refuse_too_much_markup_in};
use crate::param::{Addresses, Boolean, MAILBOX, Optional, Param, Required, Text, optional, required};

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
        let target = format!("{}/messages/{}", in_mailbox(self.mailbox()).target, self.id);
        let reach = if self.mailbox.is_some() { shared(target) } else { at(target) };
        Reach { recipients: self.to.clone(), ..reach }
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

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
