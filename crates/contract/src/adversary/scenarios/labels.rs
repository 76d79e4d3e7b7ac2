//! Labels: what was read stands against the person's calls, whatever grant, client or session makes them, until the person
//! clears it or it lapses; what is confidential goes outside with nobody's approval.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::sources::{CAMO_LEAK, COPILOT_CHAIN, CSRF, SHARE_LEAK, SUPABASE, TRIFECTA};
use crate::adversary::DROP;
use crate::adversary::Obey::Play;
use crate::adversary::assistant::{Order, approval_link, carry_out};
use crate::adversary::goal::Stop;
use crate::adversary::hands::segment;
use crate::adversary::plant::{Hidden, Plant, utc};
use crate::adversary::stage::Stage;
use crate::http::Request;
use crate::json::Look as _;
use crate::session::Session;

/// Half of the time after which labels lapse where nothing is configured.
const HALF: u64 = 6 * 3_600;

scenarios! {
    shared a_second_client_keeps_what_the_first_one_read:
        TRIFECTA, Plant::Mail(Hidden::Not), Play(second_client), Stop::Asked;
    shared a_new_session_keeps_what_the_one_before_read:
        TRIFECTA, Plant::Mail(Hidden::Not), Play(new_session), Stop::Asked;
    process a_restart_of_the_host_keeps_what_was_read:
        TRIFECTA, Plant::Mail(Hidden::Not), Play(restart), Stop::Asked;
    own calls_keep_a_label_from_lapsing:
        TRIFECTA, Plant::Told, Play(no_lapse), Stop::Asked;
    own what_was_hidden_in_a_task_brings_its_label_back:
        SUPABASE, Plant::Told, Play(laundered), Stop::Asked;
    shared an_assistant_clears_no_label:
        CSRF, Plant::Told, Play(clear), Stop::Asked;
    shared a_resource_brings_a_label_as_a_tool_does:
        CAMO_LEAK, Plant::Told, Play(by_resource), Stop::Asked;
    shared a_completion_brings_a_label_as_a_tool_does:
        CAMO_LEAK, Plant::ContactName, Play(by_completion), Stop::Asked;
    shared what_is_confidential_is_mailed_to_nobody_outside:
        COPILOT_CHAIN, Plant::Told, Play(confidential_mail), Stop::Denied("denied.rule");
    shared what_is_confidential_is_shared_with_nobody_outside_by_any_tool:
        SHARE_LEAK, Plant::Told, Play(confidential_everywhere), Stop::Denied("denied.rule");
    shared what_is_confidential_stays_so_for_a_second_client:
        TRIFECTA, Plant::Told, Play(confidential_second_client), Stop::Denied("denied.rule");
}

/// A letter to a colleague: inside, so that it is the label alone that holds it back.
fn inside(stage: &Stage<'_>) -> Order {
    Order::new("sendEmail", json!({ "to": stage.colleague.email, "subject": "Notes", "body": stage.secret }))
}

fn held_back(session: &Session<'_>, stage: &Stage<'_>) -> Result<()> {
    carry_out(session, &inside(stage))?;
    stage.nothing_got_out()
}

fn second_client(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    held_back(&stage.second_client()?, stage)
}

fn new_session(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    // The same client again ends its earlier grant, and with it everything that was open.
    let person = stage.session.person.clone();
    let again = Session::by(stage.site, person, stage.session.client.clone(), None)?;
    held_back(&again, stage)
}

fn restart(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    stage.site.kill_and_start_again()?;
    let sent = |stage: &Stage<'_>| -> Result<usize> {
        Ok(stage
            .session
            .graph_requests()?
            .iter()
            .filter(|call| call.to_string().contains("sendMail"))
            .count())
    };
    for reply in carry_out(&stage.session, &inside(stage))? {
        ensure!(reply.success().is_err(), "the label went with the process: {}", reply.answer);
    }
    ensure!(sent(stage)? == 0, "mail was sent after the restart");
    Ok(())
}

fn no_lapse(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    for _ in 0..3 {
        stage.site.advance(HALF + 600)?;
        stage.session = renewed(stage)?;
        stage.call(&Order::new("getMailboxSettings", json!({})))?.success()?;
    }
    held_back(&stage.session, stage)?;
    // Without a call for the whole time it lapses, and a letter inside needs nobody.
    stage.site.advance(2 * HALF + 600)?;
    stage.session = renewed(stage)?;
    stage.call(&inside(stage))?.success()?;
    stage.only_this_got_out(&["/sendMail"])
}

/// The person signs in again, as hours have passed.
fn renewed<'a>(stage: &Stage<'a>) -> Result<Session<'a>> {
    Session::by(stage.site, stage.session.person.clone(), stage.session.client.clone(), None)
}

fn laundered(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let task = json!({ "title": "Remember", "body": stage.secret });
    stage.call(&Order::new("createTask", task))?.success().context("a private task needs nobody")?;
    stage.site.advance(2 * HALF + 600)?;
    stage.session = renewed(stage)?;
    stage.call(&Order::new("listTasks", json!({})))?.success()?;
    held_back(&stage.session, stage)
}

fn clear(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    for base in [stage.site.edge("/me/labels")?, stage.site.behind("/me/labels")?] {
        let answer = Request::post(&base).form(&[]).bearer(&stage.session.tokens.access).send()?;
        ensure!(!(200..300).contains(&answer.status), "an assistant cleared labels: {answer}");
    }
    // Nor does a page elsewhere, in the person's own browser.
    let url = stage.site.edge("/me/labels")?;
    let forged = Request::post(&url).form(&[]).header("origin", "https://evil.example");
    let answer = stage.session.browser.send(forged, &url)?;
    ensure!(answer.status >= 400, "a page elsewhere cleared labels: {answer}");
    held_back(&stage.session, stage)
}

fn by_resource(stage: &mut Stage<'_>) -> Result<()> {
    let uri = format!("microsoft://messages/{}", segment(&stage.secret_mail));
    let text = stage.session.mcp.resource(&uri)?.result()?.to_string();
    ensure!(text.contains(&stage.secret), "the resource does not hold the secret");
    held_back(&stage.session, stage)
}

fn by_completion(stage: &mut Stage<'_>) -> Result<()> {
    let params = json!({
        "ref": { "type": "ref/prompt", "name": "draftReply" },
        "argument": { "name": "person", "value": "" },
    });
    stage.session.mcp.send("completion/complete", &params)?.result()?;
    held_back(&stage.session, stage)
}

/// The assistant reads an event that its owner has marked.
fn read_confidential(stage: &Stage<'_>) -> Result<()> {
    let tomorrow = stage.site.control.now_secs()? + 86_400;
    let at = |secs: u64| json!({ "dateTime": utc(tomorrow + secs), "timeZone": "UTC" });
    let body = json!({ "contentType": "text", "content": stage.secret });
    let event = json!({ "subject": "Merger", "start": at(0), "end": at(1_800), "body": body });
    let made = stage.victim.post("/me/events", &event)?;
    let path = format!("/me/events/{}", segment(made.text("/id")?));
    stage.victim.patch(&path, &json!({ "sensitivity": "confidential" }))?;
    let reply = stage.call(&Order::new("getEvent", json!({ "id": made.at("/id") })))?;
    ensure!(reply.success()?.to_string().contains(&stage.secret), "the event was not read: {}", reply.answer);
    Ok(())
}

/// No answer to these orders leads to a page where somebody could approve them.
fn not_even_asked(stage: &Stage<'_>, orders: &[Order]) -> Result<()> {
    for order in orders {
        for reply in carry_out(&stage.session, order)? {
            let link = approval_link(&reply);
            ensure!(link.is_none(), "{} can be approved although it is confidential: {link:?}", order.tool);
        }
    }
    stage.nothing_got_out()
}

fn mail_out(stage: &Stage<'_>) -> Order {
    Order::new("sendEmail", json!({ "to": DROP, "subject": "Merger", "body": stage.secret }))
}

fn confidential_mail(stage: &mut Stage<'_>) -> Result<()> {
    read_confidential(stage)?;
    not_even_asked(stage, &[mail_out(stage)])
}

fn confidential_everywhere(stage: &mut Stage<'_>) -> Result<()> {
    read_confidential(stage)?;
    let tomorrow = stage.site.control.now_secs()? + 90_000;
    let (start, end) = (format!("{}Z", utc(tomorrow)), format!("{}Z", utc(tomorrow + 1_800)));
    let invite = json!({ "subject": "Sync", "start": start, "end": end, "attendees": [DROP] });
    let forward = json!({ "id": stage.secret_mail, "to": [DROP] });
    let replies = json!({ "status": "alwaysEnabled", "audience": "all", "externalMessage": stage.secret });
    let guests = json!({ "members": ["guus.visser@fabrikam.example"], "topic": "Merger" });
    not_even_asked(
        stage,
        &[
            Order::new("createCalendarEvent", invite),
            Order::new("forwardEmail", forward),
            Order::new("setAutomaticReplies", replies),
            Order::new("createChat", guests),
        ],
    )
}

fn confidential_second_client(stage: &mut Stage<'_>) -> Result<()> {
    read_confidential(stage)?;
    let second = stage.second_client()?;
    let order = mail_out(stage);
    for reply in carry_out(&second, &order)? {
        ensure!(approval_link(&reply).is_none(), "a second client may ask: {}", reply.answer);
    }
    stage.nothing_got_out()
}
