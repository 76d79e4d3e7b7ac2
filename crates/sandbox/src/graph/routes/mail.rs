//! The rows of mailboxes: mail, folders, attachments, settings.

use super::super::errors::Workload;
use super::super::{mail, send};
use super::{Route, row};

const MAIL_READ: &[&str] = &["Mail.ReadBasic", "Mail.Read", "Mail.ReadWrite"];
const MAIL_LIST: &[&str] = &["top", "skip", "select", "orderby", "filter", "search", "count", "skiptoken"];
const SELECT: &[&str] = &["select"];
const FOLDERS: &[&str] = &["top", "skip", "select", "orderby", "filter", "count", "includehiddenfolders"];

pub(super) static ROWS: [Route; 7] = [
    row("GET", "/me/mailFolders", mail::folders, Workload::Exchange, "mailFolder", FOLDERS, MAIL_READ)
        .or_mailbox(),
    row(
        "GET",
        "/me/mailFolders/{id}",
        mail::folder,
        Workload::Exchange,
        "mailFolder",
        &["select", "includehiddenfolders"],
        MAIL_READ,
    )
    .or_mailbox(),
    row(
        "GET",
        "/me/mailFolders/{id}/messages",
        mail::messages,
        Workload::Exchange,
        "message",
        MAIL_LIST,
        MAIL_READ,
    )
    .or_mailbox(),
    row("GET", "/me/messages", mail::messages, Workload::Exchange, "message", MAIL_LIST, MAIL_READ)
        .or_mailbox(),
    row("POST", "/me/messages", send::draft, Workload::Exchange, "message", &[], &["Mail.ReadWrite"])
        .or_mailbox(),
    row("GET", "/me/messages/{id}", mail::message, Workload::Exchange, "message", SELECT, MAIL_READ)
        .or_mailbox(),
    row("POST", "/me/sendMail", send::send, Workload::Exchange, "message", &[], &["Mail.Send"]).or_mailbox(),
];
