//! Mail: reading, searching, drafting, sending, filing, and the settings of a mailbox.
//!
//! Source: Graph `message`, `mailFolder`, `attachment` and `mailboxSettings` resources.

pub(crate) mod list;
pub(crate) mod message;
pub(crate) mod send;

use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Scope};

use crate::action::{Action, Output};
use crate::excerpt;

/// The rows of this family, in the order clients see them.
pub(crate) static ROWS: [Action; 4] = [
    Action {
        spec: ActionSpec {
            name: "sendEmail",
            kind: ActionKind::Tool,
            title: "Send email",
            summary: "Send an email via Outlook",
            effect: Effect::Send,
            scopes: &[Scope::MailSend],
            further_scopes: &[],
            calls: &[Call::post("/me/sendMail")],
            untrusted: false,
            audit: AuditKind::MailSend,
        },
        paged: false,
        params: &[&send::TO, &send::SUBJECT, &send::BODY, &send::CONTENT_TYPE],
        output: Output::One(&["status", "to", "contentType"]),
        parse: send::send_email,
    },
    Action {
        spec: ActionSpec {
            name: "getEmails",
            kind: ActionKind::Tool,
            title: "Get emails",
            summary: "Get recent emails",
            effect: Effect::Read,
            scopes: &[Scope::MailRead],
            further_scopes: &[],
            calls: &[Call::get("/me/mailFolders/{folder}/messages")],
            untrusted: true,
            audit: AuditKind::MailRead,
        },
        paged: true,
        params: &[&list::COUNT, &list::FOLDER],
        output: Output::List { name: "messages", item: list::FIELDS },
        parse: list::get_emails,
    },
    Action {
        spec: ActionSpec {
            name: "searchEmails",
            kind: ActionKind::Tool,
            title: "Search emails",
            summary: "Search emails",
            effect: Effect::Read,
            scopes: &[Scope::MailRead],
            further_scopes: &[],
            calls: &[Call::get("/me/messages")],
            untrusted: true,
            audit: AuditKind::MailRead,
        },
        paged: true,
        params: &[&list::QUERY, &list::RESULTS],
        output: Output::List { name: "messages", item: list::FIELDS },
        parse: list::search_emails,
    },
    Action {
        spec: ActionSpec {
            name: message::URI,
            kind: ActionKind::Template,
            title: "Message",
            summary: "One message with its body as text",
            effect: Effect::Read,
            scopes: &[Scope::MailRead],
            further_scopes: &[],
            calls: &[Call::get("/me/messages/{message}")],
            untrusted: true,
            audit: AuditKind::MailRead,
        },
        paged: false,
        params: &[&message::ID, &excerpt::OFFSET],
        output: Output::One(&[
            "untrusted",
            "id",
            "subject",
            "to",
            "cc",
            "received",
            "sent",
            "body",
            "bodyLength",
        ]),
        parse: message::read_message,
    },
];
