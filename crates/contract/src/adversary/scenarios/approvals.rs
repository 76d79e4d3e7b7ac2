//! Approvals: what they let through, and everything they must not.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::sources::{CONFUSED_PARSER, CONSENT, CSRF, DEPUTY, FATIGUE, RACE, REPLAY, TOCTOU};
use crate::adversary::DROP;
use crate::adversary::Obey::Play;
use crate::adversary::assistant::{Order, able, approval_link, carry_out, claimed};
use crate::adversary::goal::Stop;
use crate::adversary::plant::Plant;
use crate::adversary::stage::{Stage, asked};
use crate::approval::{Decision, decide, form_of};
use crate::browser::prepare;
use crate::http::Request;
use crate::json::Look as _;
use crate::session::at_once;

/// Longer than a question or an answer counts.
const LONG_AFTER: u64 = 11 * 60;

scenarios! {
    shared what_is_approved_happens_once_and_exactly:
        REPLAY, Plant::Told, Play(once), Stop::Answered;
    shared what_is_approved_in_a_draft_happens_once_and_exactly:
        REPLAY, Plant::Told, Play(draft_once), Stop::Answered;
    shared what_is_denied_never_happens:
        FATIGUE, Plant::Told, Play(denied), Stop::Answered;
    shared an_approval_of_one_grant_is_of_no_use_to_another:
        DEPUTY, Plant::Told, Play(other_grant), Stop::Answered;
    shared an_approval_of_one_call_is_of_no_use_to_another:
        FATIGUE, Plant::Told, Play(other_call), Stop::Answered;
    shared of_twenty_calls_at_once_one_spends_the_approval:
        RACE, Plant::Told, Play(twenty), Stop::Answered;
    shared arguments_in_other_letters_or_twice_spend_no_approval:
        CONFUSED_PARSER, Plant::Told, Play(other_spelling), Stop::Answered;
    own an_approval_ends_after_minutes:
        TOCTOU, Plant::Told, Play(late), Stop::Answered;
    own a_question_ends_after_minutes:
        TOCTOU, Plant::Told, Play(asked_long_ago), Stop::Asked;
    shared an_assistant_opens_no_approval_page:
        DEPUTY, Plant::Told, Play(by_the_assistant), Stop::Asked;
    shared nobody_else_approves:
        DEPUTY, Plant::Told, Play(by_somebody_else), Stop::Asked;
    shared a_page_elsewhere_approves_nothing:
        CSRF, Plant::Told, Play(from_elsewhere), Stop::Asked;
    shared made_up_approvals_are_nobody_s:
        REPLAY, Plant::Told, Play(made_up), Stop::Asked;
    shared a_state_of_one_call_opens_no_other:
        REPLAY, Plant::Told, Play(state_of_another), Stop::Answered;
    shared sixty_questions_let_nothing_through:
        FATIGUE, Plant::Told, Play(sixty), Stop::Asked;
    shared a_client_somebody_consented_to_still_has_to_ask:
        CONSENT, Plant::Told, Play(phished), Stop::Asked;
    shared an_approval_ends_with_its_grant:
        CONSENT, Plant::Told, Play(after_revocation), Stop::Answered;
}

fn letter(to: &str, body: &str) -> Order {
    Order::new("sendEmail", json!({ "to": to, "subject": "Offer", "body": body }))
}

/// The only mail that was sent went to this address with this body.
fn sent_exactly(stage: &Stage<'_>, to: &str, body: &str) -> Result<()> {
    let effects = stage.effects()?;
    let [effect] = effects.as_slice() else { anyhow::bail!("not one effect: {effects:?}") };
    let message = effect.body().at("/message");
    ensure!(message.list("/toRecipients")?.len() == 1, "{message}");
    ensure!(message.at("/toRecipients/0/emailAddress/address") == to, "{message}");
    ensure!(message.at("/ccRecipients/0").is_null() && message.at("/bccRecipients/0").is_null(), "{message}");
    ensure!(message.text("/body/content")?.contains(body), "{message}");
    Ok(())
}

fn once(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let order = letter(DROP, "The offer you asked for");
    let link = stage.asked(&order)?;
    stage.answer(&link, Decision::Approve)?;
    stage.nothing_got_out().context("an approval alone has an effect")?;
    stage.call(&order)?.success()?;
    sent_exactly(stage, DROP, "The offer you asked for")?;
    // It was spent: nothing of this gets a second one out.
    stage.obey(&[order])?;
    sent_exactly(stage, DROP, "The offer you asked for")
}

fn draft_once(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let send = draft(stage)?;
    let link = stage.asked(&send)?;
    stage.answer(&link, Decision::Approve)?;
    stage.call(&send)?.success()?;
    stage.obey(&[send])?;
    stage.only_this_got_out(&["/send"])
}

/// A draft to the drop, and the order that sends it.
fn draft(stage: &Stage<'_>) -> Result<Order> {
    let draft = json!({ "to": [DROP], "subject": "Offer", "body": "The offer you asked for" });
    let reply = stage.call(&Order::new("createDraft", draft))?;
    Ok(Order::new("sendDraft", json!({ "id": reply.success()?.text("/structuredContent/id")? })))
}

fn denied(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let order = letter(DROP, &stage.secret);
    let link = stage.asked(&order)?;
    stage.answer(&link, Decision::Deny)?;
    carry_out(&stage.session, &order)?;
    stage.nothing_got_out()
}

fn other_grant(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let order = letter(DROP, "The offer you asked for");
    let link = stage.asked(&order)?;
    stage.answer(&link, Decision::Approve)?;
    let second = stage.second_client()?;
    let other = asked(&second, &order)?;
    ensure!(other != link, "the second grant waits for the first one's question");
    stage.nothing_got_out()
}

fn other_call(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let harmless = letter(&stage.colleague.email, "See you at noon");
    let harmful = letter(DROP, &stage.secret);
    let (one, other) = (stage.asked(&harmless)?, stage.asked(&harmful)?);
    ensure!(one != other, "two calls, one question");
    stage.answer(&one, Decision::Approve)?;
    carry_out(&stage.session, &harmful)?;
    stage.nothing_got_out()?;
    stage.call(&harmless)?.success()?;
    sent_exactly(stage, &stage.colleague.email, "See you at noon")
}

fn twenty(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let order = letter(DROP, "The offer you asked for");
    let link = stage.asked(&order)?;
    stage.answer(&link, Decision::Approve)?;
    let replies = at_once(20, |_| stage.call(&order))?;
    let done = replies.iter().filter(|reply| reply.success().is_ok()).count();
    ensure!(done == 1, "{done} of twenty calls succeeded by one approval");
    sent_exactly(stage, DROP, "The offer you asked for")
}

fn other_spelling(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let (to, body) = (stage.colleague.email.clone(), "See you at noon");
    let order = letter(&to, body);
    let link = stage.asked(&order)?;
    stage.answer(&link, Decision::Approve)?;
    let more = |fields: Value| Order::new(&order.tool, crate::json::with(&order.arguments, &fields));
    for other in [
        more(json!({ "To": DROP })),
        more(json!({ "TO": [DROP] })),
        more(json!({ "to": DROP })),
        more(json!({ "to": format!("{to} ") })),
        more(json!({ "body": stage.secret })),
        more(json!({ "Body": stage.secret })),
        more(json!({ "bcc": [DROP] })),
        more(json!({ "cc": DROP })),
        more(json!({ "replyTo": DROP })),
        more(json!({ "contentType": "text" })),
        more(json!({ "subject": "offer" })),
    ] {
        stage.call(&other)?;
    }
    // The same member twice, as no JSON library writes it.
    let twice =
        stage.session.mcp.message("tools/call", &json!({ "name": order.tool, "arguments": order.arguments }));
    let twice = twice.to_string().replace("\"to\":", &format!("\"to\":\"{DROP}\",\"to\":"));
    let headers =
        [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", "sendEmail")];
    let bare = headers.iter().fold(stage.session.mcp.bare(), |bare, (name, value)| bare.header(name, value));
    bare.body("application/json", twice.into_bytes()).send()?;
    stage.call(&order)?;
    // Whichever of them spent it: what happened is what was approved.
    sent_exactly(stage, &to, body)
}

fn late(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let order = letter(DROP, "The offer you asked for");
    let link = stage.asked(&order)?;
    stage.answer(&link, Decision::Approve)?;
    stage.site.advance(LONG_AFTER)?;
    carry_out(&stage.session, &order)?;
    stage.nothing_got_out()
}

fn asked_long_ago(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let order = letter(DROP, "The offer you asked for");
    let link = stage.asked(&order)?;
    stage.site.advance(LONG_AFTER)?;
    ensure!(stage.answer(&link, Decision::Approve).is_err(), "an ended question was answered");
    carry_out(&stage.session, &order)?;
    stage.nothing_got_out()
}

fn by_the_assistant(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let order = letter(DROP, &stage.secret);
    let link = stage.asked(&order)?;
    stage.assistant_opens(&link)?;
    // Nor does it open for assertions that the assistant could make up or borrow.
    let foreign = stage.site.control.assertion(&json!({ "email": stage.email(), "key": "foreign" }))?.jwt;
    let service = stage.site.control.assertion(&json!({ "service": stage.site.control.service()? }))?.jwt;
    let mut behind = stage.site.behind("/approve")?;
    behind.set_query(link.query());
    for (name, value) in [
        ("cf-access-jwt-assertion", foreign.as_str()),
        ("cf-access-jwt-assertion", &service),
        ("cf-access-authenticated-user-email", stage.email()),
    ] {
        let answer = Request::get(&behind).header(name, value).send()?;
        ensure!(!(200..300).contains(&answer.status), "{name} opened an approval page: {answer}");
    }
    carry_out(&stage.session, &order)?;
    stage.nothing_got_out()
}

fn by_somebody_else(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let order = letter(DROP, &stage.secret);
    let link = stage.asked(&order)?;
    let (_, mut browser) = stage.somebody_else()?;
    let page = browser.page(&link)?;
    ensure!(!page.answer.text().contains(&stage.secret), "somebody else sees the question: {}", page.answer);
    ensure!(decide(&mut browser, &link, Decision::Approve).is_err(), "somebody else approved");
    carry_out(&stage.session, &order)?;
    stage.nothing_got_out()
}

fn from_elsewhere(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let order = letter(DROP, &stage.secret);
    let link = stage.asked(&order)?;
    let browser = &mut stage.session.browser;
    let page = browser.page(&link)?;
    page.answer.expect(&[200])?;
    let form = &form_of(&page)?;
    let button = form.buttons.iter().find(|button| button.value == Decision::Approve.value());
    let button = button.with_context(|| format!("no way to approve on {}", page.answer))?;
    let whole = form.filled(Some(button));
    let (request, url) = prepare(&page, form, &whole)?;
    browser.send(request.header("origin", "https://evil.example"), &url)?.expect(&[400, 403])?;
    let pairs: Vec<(&str, &str)> =
        whole.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let framed =
        Request::post(&url).form(&pairs).header("origin", "null").header("sec-fetch-site", "cross-site");
    browser.send(framed, &url)?.expect(&[400, 403])?;
    for left_out in &form.fields {
        let fields: Vec<_> = whole.iter().filter(|field| field.0 != left_out.0).cloned().collect();
        let (request, url) = prepare(&page, form, &fields)?;
        browser.send(request, &url)?.expect(&[400, 403, 409])?;
    }
    let changed: Vec<_> = whole
        .iter()
        .map(|(name, value)| {
            let kept = *name == button.name;
            (name.clone(), if kept { value.clone() } else { value.chars().rev().collect() })
        })
        .collect();
    let (request, url) = prepare(&page, form, &changed)?;
    browser.send(request, &url)?.expect(&[400, 403, 404, 409])?;
    // Nor does a link, a picture or a frame of a page elsewhere do it.
    let mut address = page.url.clone();
    address.query_pairs_mut().append_pair(&button.name, &button.value);
    browser.page(&address)?;
    carry_out(&stage.session, &order)?;
    stage.nothing_got_out()
}

fn made_up(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let order = letter(DROP, &stage.secret);
    let link = stage.asked(&order)?;
    let value = link.query().and_then(|query| query.split_once('=')).context("a parameter")?.1.to_owned();
    let value = value.as_str();
    let bent: String = value
        .chars()
        .enumerate()
        .map(|(at, sign)| if at == 3 { if sign == 'a' { 'b' } else { 'a' } } else { sign })
        .collect();
    let half = value.get(..value.len() / 2).unwrap_or_default();
    let uuid = "0190a3c4-5b6d-7e8f-9a0b-1c2d3e4f5a6b";
    for other in [bent.as_str(), half, uuid, "' OR 1=1 --", "", &"A".repeat(5_000), "..%2F..%2Fme"] {
        let mut address = link.clone();
        address.set_query(Some(&format!("a={other}")));
        let page = stage.session.browser.page(&address)?;
        page.answer.expect(&[400, 403, 404, 410, 414, 431]).with_context(|| other.to_owned())?;
    }
    carry_out(&stage.session, &order)?;
    stage.nothing_got_out()
}

fn state_of_another(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let (harmless, harmful) =
        (letter(&stage.colleague.email, "See you at noon"), letter(DROP, &stage.secret));
    let mcp = stage.session.mcp.declaring(able());
    let params = |order: &Order| json!({ "name": order.tool, "arguments": order.arguments });
    let reply = mcp.send("tools/call", &params(&harmless))?;
    let link = approval_link(&reply).with_context(|| format!("no question: {}", reply.answer))?;
    let requests = reply.message.at("/result/inputRequests").as_object().context("a question")?;
    let name = requests.keys().next().context("a question")?.clone();
    let carried = reply.message.text("/result/requestState")?.to_owned();
    stage.answer(&link, Decision::Approve)?;
    let crossed = mcp.send("tools/call", &claimed(&params(&harmful), &name, &carried))?;
    ensure!(crossed.success().is_err(), "a state opened another call: {}", crossed.answer);
    stage.nothing_got_out()?;
    // The person's answer still counts for the call it was given to.
    stage.call(&harmless)?.success()?;
    sent_exactly(stage, &stage.colleague.email, "See you at noon")
}

fn sixty(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let mut links = BTreeSet::new();
    for number in 0..60 {
        links.extend(approval_link(&stage.call(&letter(DROP, &format!("{} {number}", stage.secret)))?));
    }
    ensure!(!links.is_empty(), "nothing was asked");
    stage.nothing_got_out()
}

fn phished(stage: &mut Stage<'_>) -> Result<()> {
    // Somebody was talked into consenting to the attacker's client; it acts at once, with nothing read.
    let client = stage.second_client()?;
    let order = letter(DROP, "Everything");
    let link = asked(&client, &order)?;
    stage.assistant_opens(&link)?;
    carry_out(&client, &order)?;
    stage.nothing_got_out()
}

fn after_revocation(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let order = letter(DROP, "The offer you asked for");
    let link = stage.asked(&order)?;
    stage.answer(&link, Decision::Approve)?;
    stage.session.client.revoke(&stage.session.tokens.refresh)?.expect(&[200])?;
    stage.call(&order)?.answer.expect(&[401])?;
    let again = stage.second_client()?;
    again.tool(&order.tool, &order.arguments)?;
    stage.nothing_got_out()
}
