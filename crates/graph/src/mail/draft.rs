//! Drafts: a new one, and one that answers or forwards a message.
//!
//! Source: Graph `message` create, `createReply`, `createReplyAll`, `createForward`. Nothing leaves the mailbox, so a draft
//! reaches whoever uses another mailbox, and in one's own nobody; to whom it is addressed is told as facts. The
//! reply is made in HTML and a `comment` is put above the original in it, so the comment goes as safe HTML.

use async_trait::async_trait;
use m365_types::{Email, Method, Reach, ResolvedEffect};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::effect::{self, say, users_of};
use crate::error::ActionError;
use crate::mail::list::{IMMUTABLE_ID, SUBJECT_MAX};
use crate::mail::message::recipients as correspondents;
use crate::mail::param::{BCC, BODY, CC, COMMENT, CONTENT_TYPE, ContentType, ID, SUBJECT, TO};
use crate::mail::seen::{self, message_reach};
use crate::mail::send::{
    effect_body, item_body, recipients, refuse_too_much_markup, refuse_too_much_markup_in,
};
use crate::param::{Choice, Default as Otherwise, MAILBOX, Param, defaulted};
use crate::shape::{self, Cleaner, framed, outgoing};
use crate::standing;
use crate::wire::{Correspondent, Recipient};

pub(crate) static KIND: Param<Choice<Kind>, Otherwise> = defaulted(
    "kind",
    "What to draft",
    Choice { options: &[("reply", Kind::Reply), ("replyAll", Kind::ReplyAll), ("forward", Kind::Forward)] },
    Otherwise::Text("reply"),
);

/// How a draft answers a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Reply,
    ReplyAll,
    Forward,
}

impl Kind {
    const fn template(self) -> &'static str {
        match self {
            Self::Reply => "/me/messages/{message}/createReply",
            Self::ReplyAll => "/me/messages/{message}/createReplyAll",
            Self::Forward => "/me/messages/{message}/createForward",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Reply => "an answer to the sender",
            Self::ReplyAll => "an answer to all",
            Self::Forward => "a forward",
        }
    }
}

pub(crate) fn create_draft(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let subject = given.read(&SUBJECT);
    let body = given.read(&BODY);
    let to = given.read(&TO);
    let cc = given.read(&CC);
    let bcc = given.read(&BCC);
    let content_type = given.read(&CONTENT_TYPE);
    let mailbox = given.read(&MAILBOX);
    if matches!(content_type, Some(ContentType::Html)) {
        refuse_too_much_markup(given, body.as_deref());
    }
    Some(Box::new(CreateDraft {
        subject: subject?,
        body: body?,
        to: to?.unwrap_or_default(),
        cc: cc?.unwrap_or_default(),
        bcc: bcc?.unwrap_or_default(),
        content_type: content_type?,
        mailbox: mailbox?,
    }))
}

struct CreateDraft {
    subject: String,
    body: String,
    to: Vec<Email>,
    cc: Vec<Email>,
    bcc: Vec<Email>,
    content_type: ContentType,
    mailbox: Option<Email>,
}

pub(crate) fn create_reply_draft(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let kind = given.read(&KIND);
    let comment = given.read(&COMMENT);
    let to = given.read(&TO);
    let mailbox = given.read(&MAILBOX);
    refuse_too_much_markup_in(given, COMMENT_NAME, comment.as_ref().and_then(Option::as_deref));
    let (kind, to) = (kind?, to?.unwrap_or_default());
    match (kind, to.is_empty()) {
        (Kind::Forward, true) => given.refuse("to", "is required to forward: at least one address"),
        (Kind::Reply | Kind::ReplyAll, false) => {
            given.refuse("to", "goes with `kind` forward only: a reply goes to who wrote");
        }
        _ => {}
    }
    Some(Box::new(CreateReplyDraft { id: id?, kind, comment: comment?, to, mailbox: mailbox? }))
}

pub(crate) const COMMENT_NAME: &str = "comment";

struct CreateReplyDraft {
    id: String,
    kind: Kind,
    comment: Option<String>,
    to: Vec<Email>,
    mailbox: Option<Email>,
}

/// A draft as Graph answers it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Created {
    id: Option<String>,
    subject: Option<String>,
    to_recipients: Option<Vec<Recipient>>,
    cc_recipients: Option<Vec<Recipient>>,
    web_link: Option<String>,
}

#[async_trait]
impl Invocation for CreateDraft {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    fn effect(&self) -> ResolvedEffect {
        let mut effect = ResolvedEffect {
            target: self.reach().target,
            shared: self.mailbox.is_some(),
            recipients: users_of(self.mailbox()),
            body: Some(effect_body(&self.body, self.content_type)),
            ..ResolvedEffect::default()
        };
        for (name, people) in [("To", &self.to), ("Cc", &self.cc), ("Bcc", &self.bcc)] {
            say(&mut effect, name, addresses(people));
        }
        effect.with_fact("Subject", &self.subject)
    }

    fn must_look(&self) -> bool {
        self.mailbox.is_some()
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        let mut effect = self.effect();
        standing::ask(context, &mut effect.recipients).await?;
        Ok(effect)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let (body, note) = item_body(&self.body, self.content_type);
        let mut message =
            Map::from_iter([("subject".to_owned(), self.subject.as_str().into()), ("body".to_owned(), body)]);
        for (name, people) in
            [("toRecipients", &self.to), ("ccRecipients", &self.cc), ("bccRecipients", &self.bcc)]
        {
            if !people.is_empty() {
                message.insert(name.to_owned(), recipients(people));
            }
        }
        let mut request = context.graph.request_in(self.mailbox.as_ref(), &[])?;
        request.prefer = vec![IMMUTABLE_ID.to_owned()];
        request.body = Some(Value::Object(message).into());
        let created: Created = context.graph.fetch(request).await?;
        answer(context, &created, note)
    }
}

#[async_trait]
impl Invocation for CreateReplyDraft {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    fn reach(&self) -> Reach {
        message_reach(self.mailbox(), &self.id)
    }

    fn effect(&self) -> ResolvedEffect {
        let Reach { target, shared, .. } = self.reach();
        let comment = self.comment.as_deref().map(|comment| effect::body(true, outgoing::html(comment)));
        let recipients = users_of(self.mailbox());
        let mut effect = ResolvedEffect { target, shared, recipients, body: comment, ..Default::default() };
        say(&mut effect, "Draft", self.kind.words());
        say(&mut effect, "To", addresses(&self.to));
        effect
    }

    /// In one's own mailbox the arguments say all: which message is answered how.
    fn must_look(&self) -> bool {
        self.mailbox.is_some()
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        let seen = seen::message(context, self.mailbox(), &self.id, seen::WHOLE).await?;
        let mut effect = ResolvedEffect { version: seen.version(), ..self.effect() };
        seen.describe(&mut effect);
        standing::ask(context, &mut effect.recipients).await?;
        Ok(effect)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let (template, mailbox) = (self.kind.template(), self.mailbox.as_ref());
        let mut request = context.graph.request_to(Method::Post, template, mailbox, &[&self.id])?;
        request.prefer = vec![IMMUTABLE_ID.to_owned()];
        request.body = Some(commented(self.comment.as_deref(), &self.to).into());
        let created: Created = context.graph.fetch(request).await?;
        answer(context, &created, "")
    }
}

fn addresses(people: &[Email]) -> String {
    people.iter().map(Email::as_str).collect::<Vec<_>>().join(", ")
}

/// The parameters of an action that answers or forwards.
pub(crate) fn commented(comment: Option<&str>, to: &[Email]) -> Value {
    let mut given = Map::new();
    if let Some(comment) = comment {
        given.insert(COMMENT_NAME.to_owned(), outgoing::html(comment).into());
    }
    if !to.is_empty() {
        given.insert("toRecipients".to_owned(), recipients(to));
    }
    Value::Object(given)
}

/// What is said of a draft: to whom it would go is told, because who wrote the original may have chosen it.
fn answer(context: &Context<'_>, created: &Created, note: &str) -> Result<Answer, ActionError> {
    let id = shape::id(created.id.as_deref());
    if id.is_empty() {
        return Err(context.graph.unreadable());
    }
    let mut cleaner = Cleaner::default();
    let subject = cleaner.line(created.subject.as_deref(), SUBJECT_MAX);
    let (to, rest) = correspondents(created.to_recipients.as_deref(), &mut cleaner);
    let (cc, rest_of_cc) = correspondents(created.cc_recipients.as_deref(), &mut cleaner);
    let told =
        |people: &[Correspondent]| people.iter().map(Correspondent::words).collect::<Vec<_>>().join(", ");
    let mut lines = format!("Subject: {subject}\nTo: {}", told(&to));
    if !cc.is_empty() {
        lines = format!("{lines}\nCc: {}", told(&cc));
    }
    let head = format!("Draft created: {id}\nNothing was sent. `sendDraft` sends it.{note}");
    let text = framed(context.request, &head, &lines, &cleaner);
    let mut structured = json!({ "untrusted": true, "id": id, "subject": subject, "to": to });
    if let Some(structured) = structured.as_object_mut() {
        if !cc.is_empty() {
            structured.insert("cc".to_owned(), json!(cc));
        }
        if rest + rest_of_cc > 0 {
            structured.insert("moreRecipients".to_owned(), (rest + rest_of_cc).into());
        }
        if let Some(link) = shape::link(created.web_link.as_deref()) {
            structured.insert("webLink".to_owned(), link.into());
        }
        structured.insert("hiddenCharactersRemoved".to_owned(), cleaner.hidden().into());
    }
    Ok(Answer::whole(text, structured))
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
