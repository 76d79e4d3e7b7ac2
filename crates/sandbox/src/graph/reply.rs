//! Answering and forwarding mail, as a draft or at once, and sending drafts.
//!
//! Source: Outlook's `createReply`, `createReplyAll`, `createForward`, `reply`, `replyAll`, `forward` and `send` actions.
//! The comment is put above the original in HTML. A reply goes to `replyTo` where the original has one (RFC 2822).

use serde_json::{Map, Value, json};

use super::attachment;
use super::call::{Answer, Call};
use super::errors::GraphError;
use super::mail;
use super::mailbox::Item;
use super::message::{self, Letter, Party};
use super::odata::lookup;
use super::schema;
use super::send::{self, invalid_recipient};

/// What is made of an original.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Forward,
    Reply,
    ReplyAll,
}

/// `POST /me/messages/{id}/createReply`.
pub(super) fn create_reply(call: &Call<'_>) -> Result<Answer, GraphError> {
    draft(call, Kind::Reply)
}

/// `POST /me/messages/{id}/createReplyAll`.
pub(super) fn create_reply_all(call: &Call<'_>) -> Result<Answer, GraphError> {
    draft(call, Kind::ReplyAll)
}

/// `POST /me/messages/{id}/createForward`.
pub(super) fn create_forward(call: &Call<'_>) -> Result<Answer, GraphError> {
    draft(call, Kind::Forward)
}

/// `POST /me/messages/{id}/reply`.
pub(super) fn reply(call: &Call<'_>) -> Result<Answer, GraphError> {
    at_once(call, Kind::Reply)
}

/// `POST /me/messages/{id}/replyAll`.
pub(super) fn reply_all(call: &Call<'_>) -> Result<Answer, GraphError> {
    at_once(call, Kind::ReplyAll)
}

/// `POST /me/messages/{id}/forward`.
pub(super) fn forward(call: &Call<'_>) -> Result<Answer, GraphError> {
    at_once(call, Kind::Forward)
}

/// `POST /me/messages/{id}/send`.
pub(super) fn send_draft(call: &Call<'_>) -> Result<Answer, GraphError> {
    send::may_send(call)?;
    let letter = {
        let content = call.mailbox.read();
        let item = content.message(call.id(0))?;
        if lookup(&item.fields, "isDraft") != &Value::Bool(true) {
            return Err(GraphError::new(400, "ErrorInvalidRequest", "Only drafts can be sent."));
        }
        let mut letter = Letter::of(&item.fields);
        letter.is_draft = false;
        letter.at_ms = call.now_ms;
        (letter, item.fields.get("attachments").cloned().unwrap_or_default())
    };
    let (letter, attachments) = letter;
    send::check_recipients(&letter)?;
    send::deliver(call, &letter, &attachments);
    let mut content = call.mailbox.write();
    let item = content.message_mut(call.id(0))?;
    item.at_ms = call.now_ms;
    for (name, value) in [
        ("isDraft", json!(false)),
        ("sentDateTime", json!(super::zones::rfc3339(call.now_ms))),
        ("receivedDateTime", json!(super::zones::rfc3339(call.now_ms))),
    ] {
        item.fields.insert(name.to_owned(), value);
    }
    let sent = item.shown();
    content.relocate(call.id(0), "sentitems")?;
    content.keep("sent", sent);
    Ok(Answer::raw(202, Vec::new()))
}

fn draft(call: &Call<'_>, kind: Kind) -> Result<Answer, GraphError> {
    let mut item = answering(call, kind)?.into_item(call, true);
    item.fields.insert("isDraft".to_owned(), true.into());
    let answer = Answer::json(201, &mail::view(call, &item).context(call.context("messages") + "/$entity"));
    let mut content = call.mailbox.write();
    content.keep("drafts", item.shown());
    content.add_message("drafts", item);
    Ok(answer)
}

fn at_once(call: &Call<'_>, kind: Kind) -> Result<Answer, GraphError> {
    send::may_send(call)?;
    let answering = answering(call, kind)?;
    send::check_recipients(&answering.letter)?;
    send::deliver(call, &answering.letter, &answering.attachments);
    let item = answering.into_item(call, false);
    let mut content = call.mailbox.write();
    content.keep("sent", item.shown());
    content.add_message("sentitems", item);
    Ok(Answer::raw(202, Vec::new()))
}

/// A letter that answers or forwards another.
struct Answering {
    letter: Letter,
    conversation: Value,
    attachments: Value,
}

impl Answering {
    fn into_item(self, call: &Call<'_>, is_draft: bool) -> Item {
        let name = call.tenant.serial.mint(call.now_ms.unsigned_abs());
        let owner = &call.mailbox.owner.oid;
        let mut item = Letter { is_draft, ..self.letter }.into_item(owner, &name);
        item.fields.insert("conversationId".to_owned(), self.conversation);
        attach(&mut item, owner, &name, &self.attachments);
        item
    }
}

/// Puts copies of attachments on a message.
pub(super) fn attach(item: &mut Item, owner: &str, name: &str, attachments: &Value) {
    let copies = attachment::copies(owner, name, attachments);
    let has = copies.as_array().is_some_and(|copies| !copies.is_empty());
    if has {
        item.fields.insert("hasAttachments".to_owned(), true.into());
        item.fields.insert("attachments".to_owned(), copies);
    }
}

fn answering(call: &Call<'_>, kind: Kind) -> Result<Answering, GraphError> {
    let given = Given::read(call, kind)?;
    let content = call.mailbox.read();
    let original = &content.message(call.id(0))?.fields;
    let read = Letter::of(original);
    let owner = send::owner(&call.mailbox.owner);
    let others = |parties: &[Party]| -> Vec<Party> {
        let is_other = |party: &&Party| !party.address.eq_ignore_ascii_case(&owner.address);
        parties.iter().filter(is_other).cloned().collect()
    };
    let sender = if read.reply_to.is_empty() { vec![read.from.clone()] } else { read.reply_to.clone() };
    let (prefix, to, cc) = match kind {
        Kind::Forward => ("FW: ", given.to, Vec::new()),
        Kind::Reply => ("RE: ", sender, Vec::new()),
        Kind::ReplyAll => ("RE: ", [sender, others(&read.to)].concat(), others(&read.cc)),
    };
    let subject = if read.subject.to_uppercase().starts_with(prefix) {
        read.subject.clone()
    } else {
        format!("{prefix}{}", read.subject)
    };
    let body = given.body.unwrap_or_else(|| quoting(&given.comment, &read));
    let mut letter = Letter::new(owner, to, &subject, body, call.now_ms);
    letter.cc = cc;
    let attachments = match kind {
        Kind::Forward => original.get("attachments").cloned().unwrap_or_default(),
        Kind::Reply | Kind::ReplyAll => Value::Null,
    };
    let conversation = original.get("conversationId").cloned().unwrap_or_default();
    Ok(Answering { letter, conversation, attachments })
}

/// The parameters of the action.
struct Given {
    comment: String,
    body: Option<String>,
    to: Vec<Party>,
}

impl Given {
    fn read(call: &Call<'_>, kind: Kind) -> Result<Self, GraphError> {
        let mut given = Self { comment: String::new(), body: None, to: Vec::new() };
        let mut commented = false;
        for (name, value) in &call.body {
            match (name.to_ascii_lowercase().as_str(), value) {
                ("comment", Value::String(text)) => {
                    commented = !text.is_empty();
                    given.comment.clone_from(text);
                }
                ("message", Value::Object(message)) => {
                    schema::check_body("message", message)?;
                    given.body = lookup(message, "body/content").as_str().map(str::to_owned);
                    given.to.extend(send::parties(message, "toRecipients")?);
                }
                ("torecipients", Value::Array(_)) if kind == Kind::Forward => {
                    let listed = Map::from_iter([("toRecipients".to_owned(), value.clone())]);
                    schema::check_body("message", &listed)?;
                    given.to.extend(send::parties(&listed, "toRecipients")?);
                }
                ("comment" | "message" | "torecipients", Value::Null) => {}
                ("comment" | "message", _) => return Err(GraphError::wrong_value(name)),
                _ => return Err(send::unknown_parameter(name, call.route.template)),
            }
        }
        if commented && given.body.is_some() {
            return Err(GraphError::bad_request("Specify either a comment or a body, not both."));
        }
        if kind == Kind::Forward && given.to.is_empty() {
            return Err(invalid_recipient(""));
        }
        Ok(given)
    }
}

/// The comment above the original, as Outlook puts it.
fn quoting(comment: &str, original: &Letter) -> String {
    let to: Vec<String> = original.to.iter().map(|party| message::escape(&party.name)).collect();
    let quoted = if original.html { original.body.clone() } else { message::escape(&original.body) };
    format!(
        "<html><head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"></head><body>{comment}<hr style=\"display:inline-block;width:98%\" tabindex=\"-1\"><div id=\"divRplyFwdMsg\" dir=\"ltr\"><font face=\"Calibri, sans-serif\" style=\"font-size:11pt\" color=\"#000000\"><b>From:</b> {} &lt;{}&gt;<br><b>Sent:</b> {}<br><b>To:</b> {}<br><b>Subject:</b> {}</font><div>&nbsp;</div></div>{quoted}</body></html>",
        message::escape(&original.from.name),
        message::escape(&original.from.address),
        super::zones::rfc3339(original.at_ms),
        to.join("; "),
        message::escape(&original.subject),
    )
}
