//! Sending a new message.
//!
//! Source: Graph `sendMail`. It has no idempotency key, so it is repeated only where Graph has refused it for load.

use async_trait::async_trait;
use m365_types::{Email, Reach};
use serde_json::json;

use crate::action::{Answer, Context, Invocation, own};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::param::{Address, Choice, Default as Otherwise, Param, Required, Text, defaulted, required};
use crate::shape::{self, outgoing};

pub(crate) static TO: Param<Address, Required> = required("to", "Recipient email address", Address);
pub(crate) static SUBJECT: Param<Text, Required> =
    required("subject", "Email subject", Text { min: 0, max: 255, lines: false });
pub(crate) static BODY: Param<Text, Required> =
    required("body", "Email body content", Text { min: 0, max: 1_000_000, lines: true });
pub(crate) static CONTENT_TYPE: Param<Choice<ContentType>, Otherwise> = defaulted(
    "contentType",
    "Content type",
    Choice { options: &[("text", ContentType::Text), ("html", ContentType::Html)] },
    Otherwise::Text("html"),
);
#[derive(Clone, Copy)]
pub(crate) enum ContentType {
    Text,
    Html,
}

pub(crate) fn send_email(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let to = given.read(&TO);
    let subject = given.read(&SUBJECT);
    let body = given.read(&BODY);
    let content_type = given.read(&CONTENT_TYPE);
    if matches!(content_type, Some(ContentType::Html)) {
        refuse_too_much_markup(given, body.as_deref());
    }
    Some(Box::new(SendEmail { to: to?, subject: subject?, body: body?, content_type: content_type? }))
}

/// Refuses a `body` with more markup than is read.
pub(crate) fn refuse_too_much_markup(given: &mut Given<'_>, body: Option<&str>) {
    if body.is_some_and(outgoing::is_too_much) {
        given.refuse(
            "body",
            &format!("must have at most {} tags, and fewer with attributes", shape::TAGS_MAX),
        );
    }
}

struct SendEmail {
    to: Email,
    subject: String,
    body: String,
    content_type: ContentType,
}

#[async_trait]
impl Invocation for SendEmail {
    fn reach(&self) -> Reach {
        Reach { recipients: vec![self.to.clone()], ..own() }
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let (format, body, note) = match self.content_type {
            ContentType::Text => ("text", self.body.clone(), ""),
            ContentType::Html if self.body.contains('<') => (
                "html",
                outgoing::html(&self.body),
                "\nOnly text, formatting, tables and links are sent; scripts, styles and images never are.",
            ),
            ContentType::Html => ("html", outgoing::html(&self.body), ""),
        };
        let mut request = context.graph.request(&[])?;
        request.body = Some(
            json!({
                "message": {
                    "subject": self.subject,
                    "body": { "contentType": format, "content": body },
                    "toRecipients": [{ "emailAddress": { "address": self.to.as_str() } }],
                },
                "saveToSentItems": true,
            })
            .into(),
        );
        // Graph accepts a message with 202 and nothing else; any other success is not its answer to this call.
        if context.graph.send(request).await?.status != 202 {
            return Err(context.graph.unreadable());
        }
        let text = format!(
            "Email sent successfully to {}\nMicrosoft 365 accepted it for delivery; whether it arrives is not known yet. \
             A copy is in Sent Items.{note}",
            self.to
        );
        Ok(Answer::whole(text, json!({ "status": "accepted", "to": self.to, "contentType": format })))
    }
}
