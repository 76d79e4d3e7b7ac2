//! What mail refuses, and arguments that try to be more than arguments.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{CHAIN, SUPPORT, id, message};
use crate::json::Look as _;
use crate::oauth::challenge;
use crate::session::Session;
use crate::site::Site;

/// Every tool that acts on one message, with arguments that work.
fn on_a_message(id: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("getEmail", json!({ "id": id, "timeZone": "UTC" })),
        ("listAttachments", json!({ "id": id })),
        ("readAttachment", json!({ "id": id, "attachmentId": "AAMkADxxxxxxxxxxxxxx=" })),
        ("createReplyDraft", json!({ "id": id, "comment": "c" })),
        ("addDraftAttachment", json!({ "id": id, "name": "n.txt", "content": "c" })),
        ("sendDraft", json!({ "id": id })),
        ("replyEmail", json!({ "id": id, "comment": "c" })),
        ("forwardEmail", json!({ "id": id, "to": ["blair@contoso.example"] })),
        ("updateEmail", json!({ "id": id, "isRead": true })),
        ("moveEmail", json!({ "id": id, "folder": "archive" })),
        ("trashEmail", json!({ "id": id })),
    ]
}

/// The same, and those that need no message.
fn every_tool(id: &str) -> Vec<(&'static str, Value)> {
    let mut tools = on_a_message(id);
    tools.extend([
        ("listMailFolders", json!({})),
        ("createDraft", json!({ "subject": "s", "body": "b" })),
        ("getMailTips", json!({ "addresses": ["blair@contoso.example"] })),
        ("getMailboxSettings", json!({})),
        ("setAutomaticReplies", json!({ "status": "disabled" })),
    ]);
    tools
}

pub(super) fn every_documented_refusal_of_mail_is_told_as_its_own(site: &Site) -> Result<()> {
    let statuses = [400, 401, 403, 404, 409, 413, 423, 500, 507, 509];
    let session = Session::open(site, "mail-status")?;
    for (tool, arguments) in every_tool(&id(&session, CHAIN)?) {
        let mut sentences = BTreeSet::new();
        for status in statuses {
            // A token that is refused is replaced once, so its refusal must last.
            let times = if status == 401 { 2 } else { 1 };
            site.control.fault(&json!({
                "target": "graph", "kind": "status", "status": status, "person": session.person.email, "times": times,
            }))?;
            let failed = session.call_approved(tool, &arguments)?.failure();
            let sentence = failed.with_context(|| format!("{tool} {status}"))?;
            ensure!(!sentence.contains("current state"), "Graph's own words: {sentence}");
            sentences.insert(sentence);
        }
        ensure!(sentences.len() == statuses.len(), "{tool}: {sentences:#?}");
    }
    Ok(())
}

pub(super) fn what_goes_nowhere_or_in_another_s_name_is_told(site: &Site) -> Result<()> {
    let session = Session::open(site, "nowhere")?;
    let nowhere = "someone@nowhere.invalid";
    let chain = id(&session, CHAIN)?;
    let draft = session.tool("createDraft", &json!({ "subject": "s", "body": "b", "to": [nowhere] }))?;
    let draft = draft.content()?.text("/id")?.to_owned();
    let empty = session.tool("createDraft", &json!({ "subject": "s", "body": "b" }))?;
    for (tool, arguments) in [
        ("sendEmail", json!({ "to": nowhere, "subject": "s", "body": "b" })),
        ("forwardEmail", json!({ "id": chain, "to": [nowhere] })),
        ("sendDraft", json!({ "id": draft })),
        ("sendDraft", json!({ "id": empty.content()?.text("/id")? })),
    ] {
        let sentence = session.call_approved(tool, &arguments)?.failure()?;
        ensure!(sentence.contains("recipient"), "{tool} is told as: {sentence}");
    }
    // A delegate reads a mailbox and does not write in its owner's name.
    let owner = site.person_with("lender", &json!({ "delegates": [session.person.email] }))?;
    session.tool("getEmails", &json!({ "mailbox": owner.email, "count": 1 }))?.content()?;
    let arguments = json!({ "to": nowhere, "subject": "s", "body": "b", "mailbox": owner.email });
    let sentence = session.call_approved("sendEmail", &arguments)?.failure()?;
    ensure!(sentence.contains("may not send as"), "{sentence}");
    ensure!(site.control.graph("sent", &session.person.email)?.is_empty(), "something was sent");
    ensure!(site.control.graph("sent", &owner.email)?.is_empty(), "something was sent");
    Ok(())
}

pub(super) fn another_mailbox_needs_its_permission_and_its_owner(site: &Site) -> Result<()> {
    let session = Session::open(site, "other-mailbox")?;
    let closed = site.person("closed")?;
    let guest = site.person_with("outsider", &json!({ "guest": true }))?;
    let mut sentences = BTreeSet::new();
    for (mailbox, words) in [
        (&*closed.email, "not shared"),
        (&*guest.email, "no Exchange"),
        ("no.such@contoso.example", "no mailbox with"),
    ] {
        let sentence = session.tool("getEmails", &json!({ "mailbox": mailbox }))?.failure()?;
        ensure!(sentence.contains(words), "{mailbox} is told as: {sentence}");
        sentences.insert(sentence);
    }
    ensure!(sentences.len() == 3, "{sentences:#?}");
    for wrong in
        ["../users", "a@b@c", "a b@contoso.example", "me", "", "support@contoso.example/messages?$top=999"]
    {
        session.tool("getEmails", &json!({ "mailbox": wrong }))?.expect_invalid("mailbox")?;
    }
    // Reading one's own mail does not open that of others: the client is told to ask for more.
    let narrow = Session::with_scope(site, "narrow-mail", "Mail.Read Mail.Send Mail.ReadWrite")?;
    let id = message(site, SUPPORT, "SSO certificate expires")?.text("/id")?.to_owned();
    for (tool, arguments, scope) in [
        ("getEmail", json!({ "id": id, "mailbox": SUPPORT }), "Mail.Read.Shared"),
        ("updateEmail", json!({ "id": id, "isRead": true, "mailbox": SUPPORT }), "Mail.ReadWrite.Shared"),
        ("replyEmail", json!({ "id": id, "comment": "c", "mailbox": SUPPORT }), "Mail.Send.Shared"),
    ] {
        let refused = narrow.call_approved(tool, &arguments)?;
        refused.answer.expect(&[403]).with_context(|| tool.to_owned())?;
        let asked = challenge(&refused.answer, "scope").unwrap_or_default();
        ensure!(asked.split(' ').any(|one| one == scope), "{tool} asks for {asked}");
    }
    ensure!(narrow.graph_requests()?.is_empty(), "Graph was called without the scope");
    Ok(())
}

pub(super) fn a_mail_of_another_person_stays_closed(site: &Site) -> Result<()> {
    let session = Session::open(site, "curious")?;
    let other = site.person("private")?;
    let id = message(site, &other.email, CHAIN)?.text("/id")?.to_owned();
    for (tool, arguments) in on_a_message(&id) {
        let sentence = session.call_approved(tool, &arguments)?.failure().with_context(|| tool.to_owned())?;
        ensure!(!sentence.contains("Warehouse"), "{tool}: {sentence}");
    }
    let untouched = message(site, &other.email, CHAIN)?;
    ensure!(untouched.at("/isRead") == &json!(true) && untouched.at("/id") == id.as_str(), "{untouched}");
    Ok(())
}

/// Identifiers that would leave their segment if they were not encoded, or are none.
const IDENTIFIERS: [&str; 14] = [
    "..",
    ".",
    "../../users",
    "../messages?$select=body&$top=999#",
    "%2e%2e",
    "%252f",
    "a\\b",
    "a;b",
    "a?b",
    "a#b",
    "in\r\nbox",
    "in box",
    "ｉｄ",
    "",
];

pub(super) fn ids_of_mail_never_leave_their_segment(site: &Site) -> Result<()> {
    let session = Session::open(site, "mail-escape")?;
    let good = "AAMkADxxxxxxxxxxxxxx=";
    for hostile in
        IDENTIFIERS.map(Value::from).into_iter().chain([json!(7), json!(["a"]), json!("i".repeat(20_000))])
    {
        for (tool, arguments) in on_a_message(good) {
            let mut arguments = arguments;
            if let Some(arguments) = arguments.as_object_mut() {
                arguments.insert("id".to_owned(), hostile.clone());
            }
            session
                .call_approved(tool, &arguments)?
                .expect_invalid("id")
                .with_context(|| format!("{tool} {hostile}"))?;
        }
        for (tool, arguments, named) in [
            ("readAttachment", json!({ "id": good, "attachmentId": hostile }), "attachmentId"),
            ("moveEmail", json!({ "id": good, "folder": hostile }), "folder"),
            ("addDraftAttachment", json!({ "id": good, "driveItemId": hostile }), "driveItemId"),
            ("addDraftAttachment", json!({ "id": good, "driveItemId": "x", "driveId": hostile }), "driveId"),
        ] {
            session
                .call_approved(tool, &arguments)?
                .expect_invalid(named)
                .with_context(|| format!("{tool} {hostile}"))?;
        }
    }
    ensure!(session.graph_requests()?.is_empty(), "a refused id reached Graph");
    Ok(())
}

pub(super) fn lists_texts_and_choices_of_mail_are_bounded(site: &Site) -> Result<()> {
    let session = Session::open(site, "mail-bounds")?;
    let many: Vec<String> = (0..51).map(|number| format!("p{number}@contoso.example")).collect();
    let draft = |name: &str, value: Value| {
        let mut draft = json!({ "subject": "s", "body": "b" });
        if let Some(draft) = draft.as_object_mut() {
            draft.insert(name.to_owned(), value);
        }
        ("createDraft", draft)
    };
    for ((tool, arguments), named) in [
        (draft("to", json!(many)), "to"),
        (draft("cc", json!(["a@contoso.example;b@evil.example"])), "cc"),
        (draft("bcc", json!("a@contoso.example")), "bcc"),
        (draft("subject", json!("s\r\nBcc: x@evil.example")), "subject"),
        (draft("subject", json!("s".repeat(256))), "subject"),
        (draft("body", Value::Null), "body"),
        (draft("body", json!("<i>".repeat(20_000))), "body"),
        (draft("contentType", json!("markdown")), "contentType"),
        (("replyEmail", json!({ "id": "a", "comment": "<i>".repeat(20_000) })), "comment"),
        (("replyEmail", json!({ "id": "a", "comment": "c", "all": "yes" })), "all"),
        (("forwardEmail", json!({ "id": "a", "to": many })), "to"),
        (("updateEmail", json!({ "id": "a", "categories": ["x".repeat(256)] })), "categories"),
        (("updateEmail", json!({ "id": "a", "categories": ["a\nb"] })), "categories"),
        (("updateEmail", json!({ "id": "a", "isRead": 1 })), "isRead"),
        (("updateEmail", json!({ "id": "a", "importance": "urgent" })), "importance"),
        (("getEmail", json!({ "id": "a", "timeZone": "Mars/Olympus" })), "timeZone"),
        (("getEmails", json!({ "timeZone": 7 })), "timeZone"),
    ] {
        session
            .call_approved(tool, &arguments)?
            .expect_invalid(named)
            .with_context(|| format!("{tool} {named}"))?;
    }
    ensure!(session.graph_requests()?.is_empty(), "a refused call reached Graph");
    Ok(())
}
