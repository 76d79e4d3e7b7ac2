//! Sending a new message, and what every message on its way out has in common.
//!
//! Source: Graph `sendMail`. It has no idempotency key, so it is repeated only where Graph has refused it for load.

use async_trait::async_trait;
use m365_types::{EffectBody, Email, Reach, ResolvedEffect, Role};
use serde_json::{Value, json};

use crate::action::{Answer, Context, Invocation, in_mailbox};
use crate::arguments::Given;
use crate::effect;
use crate::error::ActionError;
use crate::mail::param::{CONTENT_TYPE, ContentType};
use crate::param::{Address, MAILBOX, Param, Required, Text, required};
use crate::shape::{self, outgoing};
use crate::standing;

pub(crate) static TO: Param<Address, Required> = required("to", "Recipient email address", Address);
pub(crate) static SUBJECT: Param<Text, Required> =
    required("subject", "Email subject", Text { min: 0, max: 255, lines: false });
pub(crate) static BODY: Param<Text, Required> =
    required("body", "Email body content", Text { min: 0, max: 1_000_000, lines: true });

/// What is said of HTML that went out.
pub(crate) const CLEANED: &str =
    "\nOnly text, formatting, tables and links are sent; scripts, styles and images never are.";

pub(crate) fn send_email(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let to = given.read(&TO);
    let subject = given.read(&SUBJECT);
    let body = given.read(&BODY);
    let content_type = given.read(&CONTENT_TYPE);
    let mailbox = given.read(&MAILBOX);
    if matches!(content_type, Some(ContentType::Html)) {
        refuse_too_much_markup(given, body.as_deref());
    }
    let (body, content_type) = (body?, content_type?);
    Some(Box::new(SendEmail { to: to?, subject: subject?, body, content_type, mailbox: mailbox? }))
}

/// Refuses a `body` with more markup than is read.
pub(crate) fn refuse_too_much_markup(given: &mut Given<'_>, body: Option<&str>) {
    refuse_too_much_markup_in(given, "body", body);
}

/// The same for another argument.
pub(crate) fn refuse_too_much_markup_in(given: &mut Given<'_>, name: &'static str, text: Option<&str>) {
    if text.is_some_and(outgoing::is_too_much) {
        given.refuse(name, &format!("must have at most {} tags, and fewer with attributes", shape::TAGS_MAX));
    }
}

/// A body that may go out, as Graph's `itemBody`, and what is to be said of it.
pub(crate) fn item_body(body: &str, content_type: ContentType) -> (Value, &'static str) {
    match content_type {
        ContentType::Text => (json!({ "contentType": "text", "content": body }), ""),
        ContentType::Html => {
            let note = if body.contains('<') { CLEANED } else { "" };
            (json!({ "contentType": "html", "content": outgoing::html(body) }), note)
        }
    }
}

/// The same body as an effect tells it.
pub(crate) fn effect_body(body: &str, content_type: ContentType) -> EffectBody {
    match content_type {
        ContentType::Text => effect::body(false, body),
        ContentType::Html => effect::body(true, outgoing::html(body)),
    }
}

/// Addresses as Graph's `recipient` collection.
pub(crate) fn recipients(addresses: &[Email]) -> Value {
    addresses.iter().map(|address| json!({ "emailAddress": { "address": address.as_str() } })).collect()
}

struct SendEmail {
    to: Email,
    subject: String,
    body: String,
    content_type: ContentType,
    mailbox: Option<Email>,
}

#[async_trait]
impl Invocation for SendEmail {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    fn reach(&self) -> Reach {
        Reach { recipients: vec![self.to.clone()], ..in_mailbox(self.mailbox()) }
    }

    fn effect(&self) -> ResolvedEffect {
        let body = Some(effect_body(&self.body, self.content_type));
        let effect = ResolvedEffect { body, ..ResolvedEffect::of(self.reach(), Role::To) };
        effect.with_fact("Subject", &self.subject)
    }

    fn must_look(&self) -> bool {
        true
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        let mut effect = self.effect();
        standing::ask(context, &mut effect.recipients).await?;
        Ok(effect)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let (body, note) = item_body(&self.body, self.content_type);
        let format = body.get("contentType").cloned();
        let mut message = json!({
            "subject": self.subject, "body": body, "toRecipients": recipients(std::slice::from_ref(&self.to)),
        });
        if let (Some(mailbox), Some(message)) = (&self.mailbox, message.as_object_mut()) {
            message.insert("from".to_owned(), json!({ "emailAddress": { "address": mailbox.as_str() } }));
        }
        let mut request = context.graph.request_in(self.mailbox.as_ref(), &[])?;
        request.body = Some(json!({ "message": message, "saveToSentItems": true }).into());
        // Graph accepts a message with 202 and nothing else; any other success is not its answer to this call.
        if context.graph.send(request).await?.status != 202 {
            return Err(context.graph.unreadable());
        }
        let text = format!(
            "Email sent successfully to {}\nMicrosoft 365 accepted it for delivery; whether it arrives is not known yet. \
             A copy is in Sent Items{}.{note}",
            self.to,
            of_mailbox(self.mailbox.as_ref())
        );
        Ok(Answer::whole(text, json!({ "status": "accepted", "to": self.to, "contentType": format })))
    }
}

/// ` of somebody@…`; nothing for the person's own mailbox.
pub(crate) fn of_mailbox(mailbox: Option<&Email>) -> String {
    mailbox.map(|mailbox| format!(" of {mailbox}")).unwrap_or_default()
}

#[cfg(test)]
#[path = "send_tests.rs"]
mod tests;
