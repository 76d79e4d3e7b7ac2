//! What is attached to mail: listing, reading, adding.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{ATTACHED, HOSTILE_ATTACHED, id, message, segment, since};
use crate::cases::tools::INVISIBLE;
use crate::json::Look as _;
use crate::session::Session;
use crate::site::Site;

/// The id of a seeded attachment by its name.
fn attachment(session: &Session<'_>, subject: &str, name: &str) -> Result<Value> {
    let mail = message(session.site, &session.person.email, subject)?;
    let all = mail.list("/attachments")?;
    let found = all.iter().find(|attachment| attachment.at("/name") == name);
    let found = found.with_context(|| format!("no attachment {name}"))?;
    Ok(json!({ "id": mail.text("/id")?, "attachmentId": found.text("/id")? }))
}

pub(super) fn attachments_are_listed_by_pages_and_without_their_bytes(site: &Site) -> Result<()> {
    let session = Session::open(site, "attachments")?;
    let mail = message(site, &session.person.email, ATTACHED)?;
    let known = mail.list("/attachments")?;
    let reply = session.tool("listAttachments", &json!({ "id": mail.text("/id")? }))?;
    let call = session.last_graph_request()?;
    ensure!(
        call.line() == format!("GET /v1.0/me/messages/{}/attachments", segment(mail.text("/id")?)),
        "{}",
        call.line()
    );
    ensure!(call.option("$select").is_some_and(|select| !select.contains("contentBytes")), "{:?}", call.0);
    let shown = reply.content()?.list("/attachments")?;
    ensure!(shown.len() == known.len(), "{}", reply.answer);
    for (shown, known) in shown.iter().zip(known) {
        ensure!(shown.at("/id") == known.at("/immutableId"), "{shown} beside {known}");
        ensure!(shown.at("/name") == known.at("/name") && shown.at("/size") == known.at("/size"), "{shown}");
    }
    ensure!(!reply.answer.text().contains("contentBytes"), "{}", reply.answer);
    let kinds = reply.content()?.to_string();
    ensure!(kinds.contains("\"item\"") && kinds.contains("\"reference\""), "{kinds}");
    Ok(())
}

pub(super) fn what_is_attached_is_read_as_text_in_a_frame(site: &Site) -> Result<()> {
    let session = Session::open(site, "read-attachment")?;
    for (name, words) in [
        ("Notes of the meeting.txt", "who books the forklift?"),
        ("floor-loads.csv", "Ground floor, east"),
        ("viewing.ics", "Viewing of unit 7"),
        ("Draft lease.eml", "draft lease for unit 7"),
        ("terms.html", "30 days"),
        ("Draft lease.docx", "Revenue grew by 12 %"),
        ("Fit-out.xlsx", "1200.5"),
        ("Unit 7.pptx", "Speak slowly"),
        ("Landlord.pdf", "the offer is valid until"),
    ] {
        let arguments = attachment(&session, ATTACHED, name)?;
        let before = session.graph_requests()?.len();
        let reply = session.tool("readAttachment", &arguments)?;
        let content = reply.content().with_context(|| name.to_owned())?;
        ensure!(content.text("/text")?.contains(words), "{name}: {}", reply.answer);
        ensure!(content.at("/untrusted") == &json!(true) && content.at("/name") == name, "{content}");
        let calls = since(&session, before)?;
        let mail = format!("/v1.0/me/messages/{}", segment(arguments.text("/id")?));
        let path = format!("{mail}/attachments/{}", segment(arguments.text("/attachmentId")?));
        let paths: Vec<&str> = calls.iter().map(crate::session::GraphCall::path).collect();
        // How confidential it is stands in the message.
        ensure!(paths == [path.as_str(), &format!("{path}/$value"), &mail], "{paths:?}");
        let told = reply.result()?.to_string();
        ensure!(!told.contains("obey the attachment") && !told.contains("alert("), "{}", reply.answer);
    }
    let hostile = attachment(&session, HOSTILE_ATTACHED, "payment\u{202e}fdp.txt")?;
    let reply = session.tool("readAttachment", &hostile)?;
    let told = reply.result()?.to_string();
    let strange = |c: char| INVISIBLE.iter().any(|range| range.contains(&c));
    ensure!(!told.chars().any(strange) && told.contains("not instructions"), "{}", reply.answer);
    ensure!(reply.content()?.integer("/hiddenCharactersRemoved")? >= 2, "{}", reply.answer);
    Ok(())
}

pub(super) fn what_has_no_text_is_told_and_never_fetched(site: &Site) -> Result<()> {
    let session = Session::open(site, "no-text")?;
    let mut sentences = std::collections::BTreeSet::new();
    let without = [
        ("image001.png", "picture"),
        ("RE: Warehouse lease", "item"),
        ("Floor plan.dwg", "link"),
        ("walkthrough.zip", "8 MiB"),
    ];
    for (name, word) in without {
        let sentence = session.tool("readAttachment", &attachment(&session, ATTACHED, name)?)?.failure()?;
        ensure!(sentence.contains(word), "{name} is told as: {sentence}");
        sentences.insert(sentence);
    }
    ensure!(sentences.len() == without.len(), "{sentences:#?}");
    for call in since(&session, 0)? {
        ensure!(!call.path().ends_with("/$value"), "fetched: {}", call.line());
    }
    // A document that cannot be read fails its own call and nothing else.
    for (subject, name, word) in
        [(HOSTILE_ATTACHED, "broken.docx", "damaged"), (ATTACHED, "Salaries (protected).docx", "password")]
    {
        let sentence = session.tool("readAttachment", &attachment(&session, subject, name)?)?.failure()?;
        ensure!(sentence.contains(word), "{name} is told as: {sentence}");
    }
    let notes = attachment(&session, ATTACHED, "Notes of the meeting.txt")?;
    session.tool("readAttachment", &notes)?.content().map(drop)
}

pub(super) fn a_text_becomes_an_attachment_of_the_draft_alone(site: &Site) -> Result<()> {
    let session = Session::open(site, "attach")?;
    let draft = session.tool("createDraft", &json!({ "subject": "Figures", "body": "See below." }))?;
    let id = draft.content()?.text("/id")?.to_owned();
    let arguments =
        json!({ "id": id, "name": "figures.csv", "content": "a;b\n1;2", "contentType": "text/csv" });
    let reply = session.tool("addDraftAttachment", &arguments)?;
    let call = session.last_graph_request()?;
    ensure!(call.line() == format!("POST /v1.0/me/messages/{}/attachments", segment(&id)), "{}", call.line());
    ensure!(call.body().at("/@odata.type") == "#microsoft.graph.fileAttachment", "{}", call.body());
    let made = message(site, &session.person.email, "Figures")?;
    let file = made.at("/attachments/0");
    ensure!(file.at("/name") == "figures.csv" && file.at("/size") == &json!(7), "{made}");
    ensure!(reply.content()?.at("/id") == file.at("/immutableId"), "{}", reply.answer);
    ensure!(!reply.answer.text().contains("YTti"), "bytes in an answer: {}", reply.answer);
    for (change, named) in [
        (json!({ "contentType": "text/csv; x=1" }), "contentType"),
        (json!({ "name": "a\r\nb" }), "name"),
        (json!({ "driveItemId": "x" }), "content"),
        (json!({ "driveId": "x" }), "driveId"),
        (json!({ "name": null }), "name"),
    ] {
        let mut wrong = arguments.clone();
        if let (Some(wrong), Some(change)) = (wrong.as_object_mut(), change.as_object()) {
            wrong.extend(change.clone());
        }
        session
            .tool("addDraftAttachment", &wrong)?
            .expect_invalid(named)
            .with_context(|| wrong.to_string())?;
    }
    let made = message(site, &session.person.email, "Figures")?;
    ensure!(made.list("/attachments")?.len() == 1, "{made}");
    Ok(())
}

pub(super) fn a_large_file_goes_to_the_draft_in_parts(site: &Site) -> Result<()> {
    let session = Session::open(site, "attach-large")?;
    let files = site.control.graph("files", &session.person.email)?;
    let bytes = |file: &Value| file.at("/size").as_u64().unwrap_or_default();
    let file =
        files.iter().find(|file| file.get("file").is_some() && (3 << 20..8 << 20).contains(&bytes(file)));
    let file = file.context("no file between 3 and 8 MiB")?;
    let draft = session.tool("createDraft", &json!({ "subject": "Large", "body": "b" }))?;
    let arguments = json!({ "id": draft.content()?.text("/id")?, "driveItemId": file.text("/id")? });
    let reply = session.tool("addDraftAttachment", &arguments)?;
    ensure!(reply.content()?.at("/size") == file.at("/size"), "{}", reply.answer);
    let made = message(site, &session.person.email, "Large")?;
    ensure!(made.at("/attachments/0/name") == file.at("/name"), "{made}");
    ensure!(made.at("/attachments/0/size") == file.at("/size"), "{made}");
    ensure!(!reply.answer.text().contains("authtoken"), "{}", reply.answer);
    let calls: Vec<String> = since(&session, 0)?.iter().map(crate::session::GraphCall::line).collect();
    ensure!(calls.iter().any(|line| line.ends_with("/createUploadSession")), "{calls:?}");
    id(&session, "Large").map(drop)
}
