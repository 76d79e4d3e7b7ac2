//! The rows of mailboxes: mail, folders, attachments, settings.

use super::super::errors::Workload;
use super::super::{attachment, filing, mail, reply, send, settings, tips};
use super::{Route, row};

const MAIL_READ: &[&str] = &["Mail.ReadBasic", "Mail.Read", "Mail.ReadWrite"];
const MAIL_LIST: &[&str] = &["top", "skip", "select", "orderby", "filter", "search", "count", "skiptoken"];
const SELECT: &[&str] = &["select"];
const FOLDERS: &[&str] = &["top", "skip", "select", "orderby", "filter", "count", "includehiddenfolders"];

const ATTACHMENT_READ: &[&str] = &["Mail.Read", "Mail.ReadWrite"];
const ATTACHMENTS: &[&str] = &["top", "skip", "select", "count"];
const WRITE: &[&str] = &["Mail.ReadWrite"];
const SEND: &[&str] = &["Mail.Send"];

pub(super) static ROWS: [Route; 24] = [
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
    row("PATCH", "/me/messages/{id}", filing::update, Workload::Exchange, "message", &[], WRITE).or_mailbox(),
    row(
        "GET",
        "/me/messages/{id}/attachments",
        attachment::list,
        Workload::Exchange,
        "attachment",
        ATTACHMENTS,
        ATTACHMENT_READ,
    )
    .or_mailbox(),
    row(
        "POST",
        "/me/messages/{id}/attachments",
        attachment::add,
        Workload::Exchange,
        "attachment",
        &[],
        WRITE,
    )
    .or_mailbox(),
    row(
        "POST",
        "/me/messages/{id}/attachments/createUploadSession",
        attachment::create_session,
        Workload::Exchange,
        "attachmentItem",
        &[],
        WRITE,
    )
    .or_mailbox(),
    row(
        "GET",
        "/me/messages/{id}/attachments/{id}",
        attachment::get,
        Workload::Exchange,
        "attachment",
        SELECT,
        ATTACHMENT_READ,
    )
    .or_mailbox(),
    row(
        "GET",
        "/me/messages/{id}/attachments/{id}/$value",
        attachment::value,
        Workload::Exchange,
        "attachment",
        &[],
        ATTACHMENT_READ,
    )
    .or_mailbox(),
    row(
        "POST",
        "/me/messages/{id}/createReply",
        reply::create_reply,
        Workload::Exchange,
        "message",
        &[],
        WRITE,
    )
    .or_mailbox(),
    row(
        "POST",
        "/me/messages/{id}/createReplyAll",
        reply::create_reply_all,
        Workload::Exchange,
        "message",
        &[],
        WRITE,
    )
    .or_mailbox(),
    row(
        "POST",
        "/me/messages/{id}/createForward",
        reply::create_forward,
        Workload::Exchange,
        "message",
        &[],
        WRITE,
    )
    .or_mailbox(),
    row("POST", "/me/messages/{id}/reply", reply::reply, Workload::Exchange, "message", &[], SEND)
        .or_mailbox(),
    row("POST", "/me/messages/{id}/replyAll", reply::reply_all, Workload::Exchange, "message", &[], SEND)
        .or_mailbox(),
    row("POST", "/me/messages/{id}/forward", reply::forward, Workload::Exchange, "message", &[], SEND)
        .or_mailbox(),
    row("POST", "/me/messages/{id}/send", reply::send_draft, Workload::Exchange, "message", &[], SEND)
        .or_mailbox(),
    row("POST", "/me/messages/{id}/move", filing::relocate, Workload::Exchange, "message", &[], WRITE)
        .or_mailbox(),
    row(
        "POST",
        "/me/getMailTips",
        tips::get,
        Workload::Exchange,
        "mailTips",
        &[],
        &["Mail.Read", "MailTips.ReadBasic"],
    )
    .or_mailbox(),
    row(
        "GET",
        "/me/mailboxSettings",
        settings::get,
        Workload::Exchange,
        "mailboxSettings",
        &[],
        &["MailboxSettings.Read", "MailboxSettings.ReadWrite"],
    ),
    row(
        "PATCH",
        "/me/mailboxSettings",
        settings::update,
        Workload::Exchange,
        "mailboxSettings",
        &[],
        &["MailboxSettings.ReadWrite"],
    ),
];
