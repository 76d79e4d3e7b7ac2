//! Drafts, what is sent of them, and filing.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{ATTACHED, CHAIN, INVOICE, SUPPORT, id, message, segment, since};
use crate::json::{Look as _, with};
use crate::session::Session;
use crate::site::Site;

/// The addresses of a list of recipients.
fn addresses(message: &Value, list: &str) -> Vec<String> {
    let people = message.at(&format!("/{list}")).as_array().into_iter().flatten();
    people.filter_map(|one| Some(one.at("/emailAddress/address").as_str()?.to_owned())).collect()
}

pub(super) fn a_draft_stays_a_draft_until_it_is_sent_once(site: &Site) -> Result<()> {
    let session = Session::open(site, "draft")?;
    let email = &session.person.email;
    let arguments = json!({
        "subject": "Plan – Entwurf", "body": "<p onclick=x>Hello</p><img src=https://t.example/p.gif>",
        "to": ["blair@contoso.example"], "cc": ["morgan@contoso.example"], "bcc": ["audit@contoso.example"],
    });
    let reply = session.tool("createDraft", &arguments)?;
    let call = session.last_graph_request()?;
    ensure!(call.line() == "POST /v1.0/me/messages", "{}", call.line());
    ensure!(call.body().at("/body/content") == "<p>Hello</p>", "{}", call.body());
    let drafts = site.control.graph("drafts", email)?;
    let draft = drafts.first().context("a draft")?;
    ensure!(drafts.len() == 1 && draft.at("/isDraft") == &json!(true), "{drafts:?}");
    ensure!(addresses(draft, "bccRecipients") == ["audit@contoso.example"], "{draft}");
    ensure!(site.control.graph("sent", email)?.is_empty(), "a draft was sent");
    let id = reply.content()?.text("/id")?.to_owned();
    let sent = session.call_approved("sendDraft", &json!({ "id": id }))?;
    sent.content()?;
    let call = session.last_graph_request()?;
    ensure!(call.line() == format!("POST /v1.0/me/messages/{}/send", segment(&id)), "{}", call.line());
    ensure!(call.body().is_null(), "a draft is sent as it is: {}", call.body());
    let sent = site.control.graph("sent", email)?;
    ensure!(sent.len() == 1 && sent.iter().all(|one| one.at("/subject") == "Plan – Entwurf"), "{sent:?}");
    // The id still leads to it, and it cannot be sent again.
    session.tool("getEmail", &json!({ "id": id }))?.content()?;
    session.call_approved("sendDraft", &json!({ "id": id }))?.failure()?;
    ensure!(site.control.graph("sent", email)?.len() == 1, "sent twice");
    Ok(())
}

pub(super) fn a_reply_draft_quotes_and_a_forward_draft_names_its_recipients(site: &Site) -> Result<()> {
    let session = Session::open(site, "reply-draft")?;
    let email = &session.person.email;
    let original = id(&session, CHAIN)?;
    for (kind, action) in [("reply", "createReply"), ("replyAll", "createReplyAll")] {
        let arguments = json!({ "id": original, "kind": kind, "comment": "Agreed & done\nA." });
        let reply = session.tool("createReplyDraft", &arguments)?;
        let call = session.last_graph_request()?;
        ensure!(
            call.line() == format!("POST /v1.0/me/messages/{}/{action}", segment(&original)),
            "{}",
            call.line()
        );
        ensure!(call.body() == &json!({ "comment": "Agreed &amp; done<br>A." }), "{}", call.body());
        ensure!(reply.content()?.at("/to/0/address") == "lidia.holloway@contoso.example", "{}", reply.answer);
        ensure!(reply.content()?.get("cc").is_some() == (kind == "replyAll"), "{}", reply.answer);
    }
    let forward = json!({ "id": original, "kind": "forward", "to": ["blair@contoso.example"] });
    session.tool("createReplyDraft", &forward)?.content()?;
    let drafts = site.control.graph("drafts", email)?;
    ensure!(drafts.len() == 3, "{} drafts", drafts.len());
    let last = drafts.last().context("a draft")?;
    ensure!(addresses(last, "toRecipients") == ["blair@contoso.example"], "{last}");
    ensure!(site.control.graph("sent", email)?.is_empty(), "something was sent");
    session.tool("createReplyDraft", &json!({ "id": original, "kind": "forward" }))?.expect_invalid("to")?;
    let stray = json!({ "id": original, "to": ["blair@contoso.example"] });
    session.tool("createReplyDraft", &stray)?.expect_invalid("to")?;
    session.tool("createReplyDraft", &json!({ "id": original, "kind": "bounce" }))?.expect_invalid("kind")
}

pub(super) fn a_reply_goes_to_one_or_to_all(site: &Site) -> Result<()> {
    let session = Session::open(site, "reply")?;
    let original = id(&session, CHAIN)?;
    for (all, action, copies) in [(false, "reply", 0), (true, "replyAll", 1)] {
        let arguments = json!({ "id": original, "comment": "<p>Yes</p><script>x</script>", "all": all });
        session.call_approved("replyEmail", &arguments)?.content()?;
        let call = session.last_graph_request()?;
        ensure!(
            call.line() == format!("POST /v1.0/me/messages/{}/{action}", segment(&original)),
            "{}",
            call.line()
        );
        ensure!(call.body() == &json!({ "comment": "<p>Yes</p>" }), "{}", call.body());
        let sent = site.control.graph("sent", &session.person.email)?;
        let newest = sent.last().context("a sent message")?;
        ensure!(addresses(newest, "toRecipients") == ["lidia.holloway@contoso.example"], "{newest}");
        ensure!(addresses(newest, "ccRecipients").len() == copies, "{newest}");
        ensure!(newest.text("/body/content")?.contains("mezzanine"), "the original is not quoted");
    }
    // Replies go where the mail asks for them, which need not be its sender.
    let invoice = id(&session, INVOICE)?;
    session.call_approved("replyEmail", &json!({ "id": invoice, "comment": "No." }))?.content()?;
    let sent = site.control.graph("sent", &session.person.email)?;
    let newest = sent.last().context("a sent message")?;
    ensure!(addresses(newest, "toRecipients") == ["collections@payments-desk.example"], "{newest}");
    session.call_approved("replyEmail", &json!({ "id": invoice }))?.expect_invalid("comment")?;
    session
        .call_approved("replyEmail", &json!({ "id": invoice, "comment": "" }))?
        .expect_invalid("comment")?;
    ensure!(site.control.graph("sent", &session.person.email)?.len() == 3, "a refused reply was sent");
    Ok(())
}

pub(super) fn a_forward_goes_to_whom_it_names(site: &Site) -> Result<()> {
    let session = Session::open(site, "forward")?;
    let original = id(&session, ATTACHED)?;
    let arguments =
        json!({ "id": original, "to": ["blair@contoso.example", "Blair@contoso.example"], "comment": "FYI" });
    let reply = session.call_approved("forwardEmail", &arguments)?;
    ensure!(reply.content()?.at("/to") == &json!(["blair@contoso.example"]), "{}", reply.answer);
    let call = session.last_graph_request()?;
    ensure!(
        call.line() == format!("POST /v1.0/me/messages/{}/forward", segment(&original)),
        "{}",
        call.line()
    );
    let sent = site.control.graph("sent", &session.person.email)?;
    let newest = sent.first().context("a sent message")?;
    ensure!(newest.list("/attachments")?.len() == 14, "attachments stay behind: {newest}");
    session.call_approved("forwardEmail", &json!({ "id": original, "to": [] }))?.expect_invalid("to")?;
    session.call_approved("forwardEmail", &json!({ "id": original }))?.expect_invalid("to")?;
    session
        .call_approved("forwardEmail", &json!({ "id": original, "to": "blair@contoso.example" }))?
        .expect_invalid("to")
}

pub(super) fn a_mail_is_sent_from_the_shared_mailbox_in_its_name(site: &Site) -> Result<()> {
    let session = Session::open(site, "shared-send")?;
    let (mailbox, subject) = (segment(SUPPORT), format!("For {}", session.person.email));
    let arguments = json!({
        "to": session.person.email, "subject": subject, "body": "Solved.", "contentType": "text", "mailbox": SUPPORT,
    });
    let reply = session.call_approved("sendEmail", &arguments)?;
    ensure!(reply.result()?.text("/content/0/text")?.contains(SUPPORT), "{}", reply.answer);
    let call = session.last_graph_request()?;
    ensure!(call.line() == format!("POST /v1.0/users/{mailbox}/sendMail"), "{}", call.line());
    let arrived = message(site, &session.person.email, &subject)?;
    ensure!(arrived.at("/from/emailAddress/address") == SUPPORT, "{arrived}");
    ensure!(site.control.graph("sent", &session.person.email)?.is_empty(), "it is in one's own Sent Items");
    // Filing and drafting there as well: every write of mail takes a mailbox.
    let customer = message(site, SUPPORT, "SSO certificate expires")?;
    let id = customer.text("/id")?;
    for (tool, arguments) in [
        ("updateEmail", json!({ "id": id, "isRead": true })),
        ("createReplyDraft", json!({ "id": id, "comment": "We do." })),
        ("createDraft", json!({ "subject": "s", "body": "b" })),
        ("replyEmail", json!({ "id": id, "comment": "We do." })),
        ("forwardEmail", json!({ "id": id, "to": [session.person.email] })),
    ] {
        let mut arguments = arguments;
        if let Some(arguments) = arguments.as_object_mut() {
            arguments.insert("mailbox".to_owned(), json!(SUPPORT));
        }
        session.call_approved(tool, &arguments)?.content().with_context(|| tool.to_owned())?;
        let call = session.last_graph_request()?;
        ensure!(
            call.path().starts_with(&format!("/v1.0/users/{mailbox}/messages")),
            "{tool}: {}",
            call.line()
        );
    }
    Ok(())
}

pub(super) fn marks_are_changed_one_by_one(site: &Site) -> Result<()> {
    let session = Session::open(site, "marks")?;
    let id = id(&session, CHAIN)?;
    for (change, sent, pointer) in [
        (json!({ "isRead": false }), json!({ "isRead": false }), "/isRead"),
        (json!({ "flag": "flagged" }), json!({ "flag": { "flagStatus": "flagged" } }), "/flag"),
        (json!({ "categories": ["Lease", "Lease"] }), json!({ "categories": ["Lease"] }), "/categories"),
        (json!({ "importance": "high" }), json!({ "importance": "high" }), "/importance"),
        (
            json!({ "flag": "complete", "categories": [] }),
            json!({ "flag": { "flagStatus": "complete" }, "categories": [] }),
            "/flag",
        ),
    ] {
        let mut arguments = change.clone();
        if let Some(arguments) = arguments.as_object_mut() {
            arguments.insert("id".to_owned(), json!(id));
        }
        let reply = session.call_approved("updateEmail", &arguments)?;
        ensure!(!reply.content()?.at(pointer).is_null(), "{}", reply.answer);
        let call = session.last_graph_request()?;
        ensure!(call.line() == format!("PATCH /v1.0/me/messages/{}", segment(&id)), "{}", call.line());
        ensure!(call.body() == &sent, "{}", call.body());
    }
    let mail = message(site, &session.person.email, CHAIN)?;
    ensure!(mail.at("/isRead") == &json!(false) && mail.at("/importance") == "high", "{mail}");
    ensure!(mail.at("/flag/flagStatus") == "complete" && mail.list("/categories")?.is_empty(), "{mail}");
    session.call_approved("updateEmail", &json!({ "id": id }))?.expect_invalid("isRead")?;
    session.call_approved("updateEmail", &json!({ "id": id, "flag": "red" }))?.expect_invalid("flag")?;
    session
        .call_approved("updateEmail", &json!({ "id": id, "categories": "Lease" }))?
        .expect_invalid("categories")
}

pub(super) fn what_is_thrown_away_can_be_moved_back(site: &Site) -> Result<()> {
    let session = Session::open(site, "trash")?;
    let email = &session.person.email;
    let folders = site.control.graph("folders", email)?;
    let folder = |name: &str| {
        let found = folders.iter().find(|folder| folder.at("/wellKnownName") == name);
        found.map(|folder| folder.at("/id").clone()).context("a folder")
    };
    let id = id(&session, CHAIN)?;
    let trashed = session.call_approved("trashEmail", &json!({ "id": id }))?;
    let call = session.last_graph_request()?;
    ensure!(call.line() == format!("POST /v1.0/me/messages/{}/move", segment(&id)), "{}", call.line());
    ensure!(call.body() == &json!({ "destinationId": "deleteditems" }), "{}", call.body());
    ensure!(message(site, email, CHAIN)?.at("/parentFolderId") == &folder("deleteditems")?, "not moved");
    // The answer names the id that counts from now on.
    let now = trashed.content()?.text("/id")?.to_owned();
    session.tool("getEmail", &json!({ "id": id }))?.failure()?;
    let inbox = folder("inbox")?;
    for (target, home) in [(json!("archive"), folder("archive")?), (inbox.clone(), inbox)] {
        let moved = session.call_approved("moveEmail", &json!({ "id": now, "folder": target }))?;
        ensure!(moved.content()?.at("/parentFolderId") == &home, "{}", moved.answer);
        ensure!(moved.content()?.text("/id")? == now, "an immutable id changed: {}", moved.answer);
    }
    ensure!(message(site, email, CHAIN)?.at("/parentFolderId") == &folder("inbox")?, "not moved back");
    session.call_approved("moveEmail", &json!({ "id": now }))?.expect_invalid("folder")?;
    session.call_approved("moveEmail", &json!({ "id": now, "folder": "no-such-folder" }))?.failure().map(drop)
}

pub(super) fn what_is_sent_is_never_sent_twice(site: &Site) -> Result<()> {
    for tool in ["sendDraft", "replyEmail", "forwardEmail"] {
        for kind in &[
            json!({ "kind": "status", "status": 503 }),
            json!({ "kind": "status", "status": 504 }),
            json!({ "kind": "reset" }),
            json!({ "kind": "malformed" }),
        ] {
            let session = Session::open(site, "unknown-mail")?;
            let arguments = match tool {
                "sendDraft" => json!({ "id": id(&session, "Offsite costs")? }),
                "replyEmail" => json!({ "id": id(&session, CHAIN)?, "comment": "Yes" }),
                _ => json!({ "id": id(&session, CHAIN)?, "to": ["blair@contoso.example"] }),
            };
            let ending = match tool {
                "sendDraft" => "send",
                "replyEmail" => "reply",
                _ => "forward",
            };
            // What is looked at before goes well.
            let path = format!("/v1.0/me/messages/{}/{ending}", segment(arguments.text("/id")?));
            let aim = json!({ "target": "graph", "person": session.person.email, "match": path });
            site.control.fault(&with(kind, &aim))?;
            let sentence = session.call_approved(tool, &arguments)?.failure()?;
            // What breaks off behind the gateway is the gateway's to tell.
            let told = sentence.contains("may have happened") || kind.at("/kind") == "reset";
            ensure!(told, "{tool} {kind}: {sentence}");
            let tried = since(&session, 0)?.iter().filter(|call| call.path() == path).count();
            ensure!(tried <= 1, "{tool} {kind}: tried {tried} times");
        }
    }
    Ok(())
}
