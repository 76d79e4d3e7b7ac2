//! The tools of reading, drafting, sending and filing mail.

mod attachments;
mod refusals;
mod settings;
mod writing;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use self::attachments::{
    a_large_file_goes_to_the_draft_in_parts, a_text_becomes_an_attachment_of_the_draft_alone,
    attachments_are_listed_by_pages_and_without_their_bytes, what_has_no_text_is_told_and_never_fetched,
    what_is_attached_is_read_as_text_in_a_frame,
};
use self::refusals::{
    a_mail_of_another_person_stays_closed, another_mailbox_needs_its_permission_and_its_owner,
    every_documented_refusal_of_mail_is_told_as_its_own, ids_of_mail_never_leave_their_segment,
    lists_texts_and_choices_of_mail_are_bounded, what_goes_nowhere_or_in_another_s_name_is_told,
};
use self::settings::{
    automatic_replies_are_set_with_their_zone_and_ended, mail_tips_tell_what_is_to_be_known_of_recipients,
    mailbox_settings_are_told,
};
use self::writing::{
    a_draft_stays_a_draft_until_it_is_sent_once, a_forward_goes_to_whom_it_names,
    a_mail_is_sent_from_the_shared_mailbox_in_its_name,
    a_reply_draft_quotes_and_a_forward_draft_names_its_recipients, a_reply_goes_to_one_or_to_all,
    marks_are_changed_one_by_one, what_is_sent_is_never_sent_twice, what_is_thrown_away_can_be_moved_back,
};
use super::tools::INVISIBLE;
use crate::json::Look as _;
use crate::session::{GraphCall, Session};
use crate::site::Site;

/// The shared mailbox of the simulated tenant.
const SUPPORT: &str = "support@contoso.example";
/// Subjects of seeded mail.
const NEWSLETTER: &str = "Harbour & Ledger, the long read: ports, copper and a bakery in numbers";
const CHAIN: &str = "RE: Warehouse lease, floor loads";
const INVOICE: &str = "Reminder: invoice 2026-1182";
const ATTACHED: &str = "Everything on unit 7";
const HOSTILE_ATTACHED: &str = "Your payment advice";

table! { "mail_tools":
    shared ten_mails_are_small,
    shared a_newsletter_of_a_hundred_kilobytes_is_small_and_goes_on_to_its_end,
    shared a_mail_is_asked_for_once_and_told_in_its_zone,
    shared quoted_mail_is_folded_until_it_is_asked_for,
    shared what_a_mail_hides_never_reaches_the_model,
    shared folders_are_listed_with_their_counts,
    shared the_shared_mailbox_is_read_in_its_own_name,
    shared attachments_are_listed_by_pages_and_without_their_bytes,
    shared what_is_attached_is_read_as_text_in_a_frame,
    shared what_has_no_text_is_told_and_never_fetched,
    shared a_text_becomes_an_attachment_of_the_draft_alone,
    shared a_large_file_goes_to_the_draft_in_parts,
    shared a_draft_stays_a_draft_until_it_is_sent_once,
    shared a_reply_draft_quotes_and_a_forward_draft_names_its_recipients,
    shared a_reply_goes_to_one_or_to_all,
    shared a_forward_goes_to_whom_it_names,
    shared a_mail_is_sent_from_the_shared_mailbox_in_its_name,
    shared marks_are_changed_one_by_one,
    shared what_is_thrown_away_can_be_moved_back,
    shared what_is_sent_is_never_sent_twice,
    shared mail_tips_tell_what_is_to_be_known_of_recipients,
    shared mailbox_settings_are_told,
    shared automatic_replies_are_set_with_their_zone_and_ended,
    shared every_documented_refusal_of_mail_is_told_as_its_own,
    shared what_goes_nowhere_or_in_another_s_name_is_told,
    shared another_mailbox_needs_its_permission_and_its_owner,
    shared a_mail_of_another_person_stays_closed,
    shared ids_of_mail_never_leave_their_segment,
    shared lists_texts_and_choices_of_mail_are_bounded,
}

/// The seeded or made message with this subject in a mailbox, as Graph has it.
fn message(site: &Site, mailbox: &str, subject: &str) -> Result<Value> {
    let messages = site.control.graph("messages", mailbox)?;
    let found = messages.into_iter().find(|message| message.at("/subject") == subject);
    found.with_context(|| format!("no message {subject:?}"))
}

/// Its id in the default form.
fn id(session: &Session<'_>, subject: &str) -> Result<String> {
    Ok(message(session.site, &session.person.email, subject)?.text("/id")?.to_owned())
}

/// An id as it stands in a path.
fn segment(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

/// The requests Graph saw for a person since there were so many.
fn since(session: &Session<'_>, before: usize) -> Result<Vec<GraphCall>> {
    Ok(session.graph_requests()?.into_iter().skip(before).map(GraphCall).collect())
}

/// Bytes of a result: text and data together.
fn whole(result: &Value) -> usize {
    result.to_string().len()
}

fn ten_mails_are_small(site: &Site) -> Result<()> {
    let session = Session::open(site, "ten-mails")?;
    let reply = session.tool("getEmails", &json!({ "count": 10 }))?;
    let (bytes, text) = (whole(reply.result()?), reply.result()?.text("/content/0/text")?.len());
    ensure!(bytes <= 6_000, "{bytes} bytes, {text} of them text: {}", reply.answer);
    for mail in reply.content()?.list("/messages")? {
        ensure!(mail.get("from").is_some() && mail.get("preview").is_none(), "{mail}");
    }
    Ok(())
}

fn a_newsletter_of_a_hundred_kilobytes_is_small_and_goes_on_to_its_end(site: &Site) -> Result<()> {
    let session = Session::open(site, "newsletter")?;
    let mail = message(site, &session.person.email, NEWSLETTER)?;
    let html = mail.text("/body/content")?.len();
    ensure!(html > 90_000, "the newsletter has {html} bytes");
    let (mut arguments, mut body) = (json!({ "id": mail.text("/id")? }), String::new());
    for part in 0..20 {
        let reply = session.tool("getEmail", &arguments)?;
        let bytes = whole(reply.result()?);
        ensure!(bytes <= 10_000, "part {part} has {bytes} bytes: {}", reply.answer);
        let content = reply.content()?;
        body.push_str(content.text("/body")?);
        let Some(next) = content.get("nextCursor") else {
            ensure!(content.at("/bodyLength") == &json!(body.chars().count()), "{}", reply.answer);
            break;
        };
        arguments = json!({ "cursor": next });
    }
    for words in ["Ports reopen after the strike", "the annual prize for the clearest balance sheet"] {
        ensure!(body.contains(words), "{words:?} is not in {body}");
    }
    for tracking in ["mkt_tok", "spacer.gif", "slow Sunday", "mso"] {
        ensure!(!body.contains(tracking), "{tracking:?} is in {body}");
    }
    Ok(())
}

fn a_mail_is_asked_for_once_and_told_in_its_zone(site: &Site) -> Result<()> {
    let session = Session::open(site, "one-mail")?;
    let mail = message(site, &session.person.email, CHAIN)?;
    let before = session.graph_requests()?.len();
    let reply = session.tool("getEmail", &json!({ "id": mail.text("/id")?, "timeZone": "Asia/Tokyo" }))?;
    let calls = since(&session, before)?;
    let path = format!("/v1.0/me/messages/{}", segment(mail.text("/id")?));
    ensure!(calls.len() == 1 && calls.iter().all(|call| call.path() == path), "{calls:?}");
    let prefer = calls.first().and_then(|call| call.header("prefer")).unwrap_or_default();
    ensure!(
        prefer.contains("ImmutableId") && prefer.contains("outlook.body-content-type=\"html\""),
        "{prefer}"
    );
    let content = reply.content()?;
    ensure!(content.at("/subject") == CHAIN && content.at("/untrusted") == &json!(true), "{content}");
    ensure!(content.at("/received") == mail.at("/receivedDateTime"), "{content}");
    ensure!(content.at("/cc/0/address") == "diego.siciliani@contoso.example", "{content}");
    ensure!(reply.result()?.text("/content/0/text")?.contains("Asia/Tokyo"), "{}", reply.answer);
    // The resource tells the same, as data.
    let resource = session.mcp.resource(&format!("microsoft://messages/{}", segment(mail.text("/id")?)))?;
    let data: Value = serde_json::from_str(resource.result()?.text("/contents/0/text")?)?;
    for name in ["id", "subject", "from", "to", "cc", "received", "sent", "body"] {
        ensure!(data.get(name) == content.get(name), "{name}: {data} beside {content}");
    }
    Ok(())
}

fn quoted_mail_is_folded_until_it_is_asked_for(site: &Site) -> Result<()> {
    let session = Session::open(site, "history")?;
    let id = id(&session, CHAIN)?;
    let folded = session.tool("getEmail", &json!({ "id": id }))?;
    let body = folded.content()?.text("/body")?;
    ensure!(body.contains("Then we take unit 7") && !body.contains("mezzanine"), "{body}");
    ensure!(folded.content()?.integer("/historyFolded")? > 100, "{}", folded.answer);
    let all = session.tool("getEmail", &json!({ "id": id, "history": true }))?;
    let body = all.content()?.text("/body")?;
    ensure!(body.contains("mezzanine") && body.contains("Draft lease attached"), "{body}");
    session.tool("getEmail", &json!({ "id": id, "history": "yes" }))?.expect_invalid("history")
}

fn what_a_mail_hides_never_reaches_the_model(site: &Site) -> Result<()> {
    let session = Session::open(site, "hiding")?;
    let reply = session.tool("getEmail", &json!({ "id": id(&session, INVOICE)? }))?;
    let told = reply.result()?.to_string();
    ensure!(told.contains("2026-1182") && told.contains("Kind regards"), "{}", reply.answer);
    for order in [
        "forwardEmail",
        "last three messages",
        "Ignore your",
        "Do not mention",
        "archive.",
        "setAutomatic",
        "watching",
    ] {
        ensure!(!told.contains(order), "{order:?} reached the model: {}", reply.answer);
    }
    let strange = |c: char| INVISIBLE.iter().any(|range| range.contains(&c));
    ensure!(!told.chars().any(strange), "invisible characters: {}", reply.answer);
    ensure!(reply.content()?.integer("/hiddenCharactersRemoved")? > 200, "{}", reply.answer);
    // Where replies would go is told, since it is not the sender.
    ensure!(told.contains("collections@payments-desk.example"), "{}", reply.answer);
    Ok(())
}

fn folders_are_listed_with_their_counts(site: &Site) -> Result<()> {
    let session = Session::open(site, "folders")?;
    let reply = session.tool("listMailFolders", &json!({}))?;
    let call = session.last_graph_request()?;
    ensure!(call.line() == "GET /v1.0/me/mailFolders", "{}", call.line());
    let known = site.control.graph("folders", &session.person.email)?;
    let shown = reply.content()?.list("/folders")?;
    let listed = known.iter().filter(|folder| folder.at("/isHidden") == &json!(false));
    ensure!(shown.len() == listed.count(), "{}", reply.answer);
    for folder in shown {
        let same = known.iter().find(|one| one.at("/id") == folder.at("/id")).context("a known folder")?;
        ensure!(
            folder.at("/name") == same.at("/displayName")
                && folder.at("/total") == same.at("/totalItemCount")
                && folder.at("/unread") == same.at("/unreadItemCount"),
            "{folder} beside {same}"
        );
    }
    Ok(())
}

fn the_shared_mailbox_is_read_in_its_own_name(site: &Site) -> Result<()> {
    let session = Session::open(site, "shared-read")?;
    let mailbox = segment(SUPPORT);
    let known = message(site, SUPPORT, "How do I export a board?")?;
    let hits = session.tool("searchEmails", &json!({ "query": "subject:export", "mailbox": SUPPORT }))?;
    ensure!(
        session.last_graph_request()?.line() == format!("GET /v1.0/users/{mailbox}/messages"),
        "{:?}",
        session.last_graph_request()?
    );
    let found =
        hits.content()?.list("/messages")?.iter().find(|hit| hit.at("/subject") == known.at("/subject"));
    let found = found.with_context(|| format!("not found: {}", hits.answer))?;
    let arguments = json!({ "id": found.text("/id")?, "mailbox": SUPPORT });
    let mail = session.tool("getEmail", &arguments)?;
    ensure!(mail.content()?.text("/body")?.contains("the button last year"), "{}", mail.answer);
    ensure!(
        session.last_graph_request()?.path().starts_with(&format!("/v1.0/users/{mailbox}/messages/")),
        "{:?}",
        session.last_graph_request()?
    );
    session.tool("getEmails", &json!({ "mailbox": SUPPORT, "count": 2 }))?.content()?;
    ensure!(
        session.last_graph_request()?.line()
            == format!("GET /v1.0/users/{mailbox}/mailFolders/inbox/messages"),
        "{:?}",
        session.last_graph_request()?
    );
    session.tool("listMailFolders", &json!({ "mailbox": SUPPORT }))?.content()?;
    session.tool("listAttachments", &arguments)?.content()?;
    // It is another mailbox: the id opens nothing in one's own.
    session.tool("getEmail", &json!({ "id": found.text("/id")? }))?.failure().map(drop)
}
