//! Writing mail: sending, and drafts.
//!
//! Source: Outlook's `sendMail` action and message create. Sending answers 202 with no body, keeps a copy in Sent
//! Items unless told not to, and delivers to recipients who are people of the tenant. There is no idempotency key:
//! a request sent twice is two messages, which is what makes blind retries visible.

use serde_json::{Map, Value};

use super::call::{Answer, Call};
use super::errors::GraphError;
use super::mail;
use super::message::{Letter, Party};
use super::odata::lookup;
use super::schema;
use crate::people::Person;

/// `POST /me/sendMail`.
pub(super) fn send(call: &Call<'_>) -> Result<Answer, GraphError> {
    let mut message = None;
    let mut save = true;
    for (name, value) in &call.body {
        match (name.to_ascii_lowercase().as_str(), value) {
            ("message", Value::Object(map)) => message = Some(map),
            ("savetosentitems", Value::Bool(wanted)) => save = *wanted,
            ("savetosentitems", Value::Null) => {}
            ("message" | "savetosentitems", _) => return Err(GraphError::wrong_value(name)),
            _ => return Err(unknown_parameter(name, "sendMail")),
        }
    }
    let message = message.ok_or_else(|| GraphError::bad_request("The parameter 'Message' is required."))?;
    let letter = letter(call, message)?;
    may_send(call)?;
    check_recipients(&letter)?;
    deliver(call, &letter, &Value::Null);
    let sent = call.tenant.serial.mint(call.now_ms.unsigned_abs());
    let mut content = call.mailbox.write();
    let item = letter.into_item(&call.mailbox.owner.oid, &sent);
    content.keep("sent", item.shown());
    if save {
        content.add_message("sentitems", item);
    }
    Ok(Answer::raw(202, Vec::new()))
}

/// `POST /me/messages`.
pub(super) fn draft(call: &Call<'_>) -> Result<Answer, GraphError> {
    let mut letter = letter(call, &call.body)?;
    letter.is_draft = true;
    let name = call.tenant.serial.mint(call.now_ms.unsigned_abs());
    let item = letter.into_item(&call.mailbox.owner.oid, &name);
    let answer = Answer::json(201, &mail::view(call, &item).context(call.context("messages") + "/$entity"));
    let mut content = call.mailbox.write();
    content.keep("drafts", item.shown());
    content.add_message("drafts", item);
    Ok(answer)
}

fn letter(call: &Call<'_>, message: &Map<String, Value>) -> Result<Letter, GraphError> {
    schema::check_body("message", message)?;
    let owner = owner(&call.mailbox.owner);
    let from = lookup(message, "from/emailAddress/address").as_str();
    if from.is_some_and(|from| !from.eq_ignore_ascii_case(&owner.address)) {
        return Err(send_as_denied());
    }
    let text = |path: &str| lookup(message, path).as_str().unwrap_or_default().to_owned();
    let mut letter = Letter::new(
        owner,
        parties(message, "toRecipients")?,
        &text("subject"),
        text("body/content"),
        call.now_ms,
    );
    letter.html = text("body/contentType").eq_ignore_ascii_case("html");
    letter.cc = parties(message, "ccRecipients")?;
    letter.bcc = parties(message, "bccRecipients")?;
    letter.reply_to = parties(message, "replyTo")?;
    letter.importance =
        Some(text("importance").to_lowercase()).filter(|set| !set.is_empty()).unwrap_or(letter.importance);
    letter.categories = message
        .get("categories")
        .and_then(Value::as_array)
        .map(|all| all.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default();
    Ok(letter)
}

/// The recipients under `name`.
///
/// # Errors
/// 400 `ErrorInvalidRecipients` naming the first that is no address.
pub(super) fn parties(message: &Map<String, Value>, name: &str) -> Result<Vec<Party>, GraphError> {
    let listed = message.get(name).and_then(Value::as_array).into_iter().flatten();
    listed
        .map(|recipient| {
            let of = |key: &str| recipient.pointer(&format!("/emailAddress/{key}")).and_then(Value::as_str);
            let address = of("address").unwrap_or_default();
            if !is_address(address) {
                return Err(invalid_recipient(address));
            }
            Ok(Party::new(of("name").unwrap_or(address), address))
        })
        .collect()
}

/// Whether this looks like one SMTP address.
pub(super) fn is_address(text: &str) -> bool {
    let unusual = |sign: char| sign.is_whitespace() || sign.is_control() || "<>,;\"".contains(sign);
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !text.contains(unusual)
    })
}

pub(super) fn owner(person: &Person) -> Party {
    Party::new(&person.display_name, &person.email)
}

/// Whether the caller may send as the owner of the mailbox. Who may open a colleague's mailbox may not write in the
/// colleague's name; a shared mailbox is there for that.
///
/// # Errors
/// 403 `ErrorSendAsDenied`.
pub(super) fn may_send(call: &Call<'_>) -> Result<(), GraphError> {
    let owner = &call.mailbox.owner;
    if owner.shared || owner.oid == call.person.oid { Ok(()) } else { Err(send_as_denied()) }
}

/// Whether the letter can go to all it is addressed to. A domain below `.invalid` (RFC 2606) leads nowhere.
///
/// # Errors
/// 400 `ErrorInvalidRecipients`.
pub(super) fn check_recipients(letter: &Letter) -> Result<(), GraphError> {
    let everybody = || letter.to.iter().chain(&letter.cc).chain(&letter.bcc);
    if everybody().next().is_none() {
        return Err(invalid_recipient(""));
    }
    match everybody().find(|party| is_nowhere(&party.address)) {
        Some(party) => Err(invalid_recipient(&party.address)),
        None => Ok(()),
    }
}

/// Whether an address leads nowhere.
pub(super) fn is_nowhere(address: &str) -> bool {
    address.to_ascii_lowercase().ends_with(".invalid")
}

/// Puts a copy into the inbox of every recipient who is a person of the tenant.
pub(super) fn deliver(call: &Call<'_>, letter: &Letter, attachments: &Value) {
    for party in letter.to.iter().chain(&letter.cc).chain(&letter.bcc) {
        let Some(person) = call.estate.people.find(&party.address) else { continue };
        let mailbox = call.tenant.mailbox(&person, call.now_ms.unsigned_abs());
        let mut copy = letter.clone();
        copy.is_read = false;
        copy.bcc.clear();
        let name = call.tenant.serial.mint(call.now_ms.unsigned_abs());
        let mut item = copy.into_item(&person.oid, &name);
        super::reply::attach(&mut item, &person.oid, &name, attachments);
        mailbox.write().add_message("inbox", item);
    }
}

pub(super) fn unknown_parameter(name: &str, operation: &str) -> GraphError {
    GraphError::new(
        400,
        "RequestBodyRead",
        format!(
            "The parameter '{name}' in the request payload is not a valid parameter for the operation '{operation}'."
        ),
    )
}

fn send_as_denied() -> GraphError {
    GraphError::new(
        403,
        "ErrorSendAsDenied",
        "The user account which was used to submit this request does not have the right to send mail on behalf of \
         the specified sending account.",
    )
}

pub(super) fn invalid_recipient(address: &str) -> GraphError {
    GraphError::new(
        400,
        "ErrorInvalidRecipients",
        format!(
            "At least one recipient is not valid., Recipient '{address}' is not resolved. All recipients must be \
             resolved before a message can be submitted."
        ),
    )
}
