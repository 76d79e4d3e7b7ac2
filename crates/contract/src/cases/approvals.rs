//! Calls that wait for a person: what is asked, how each kind of client hears of it, and that a yes counts for exactly what
//! was shown, once, of this grant, for ten minutes.
//!
//! A message to somebody outside always needs an approval by the policies that ship.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use url::Url;

use super::browser_pages::{TAB, look};
use super::elicitation::{able, in_session, refused, retried, session_id};
use super::me::page_and_form;
use crate::approval::{Decision, decide, form_of, link_of, press};
use crate::browser::{Browser, prepare};
use crate::chromium::Chromium;
use crate::http::Request;
use crate::json::Look as _;
use crate::mcp::{LEGACY, Reply};
use crate::oauth::Discovered;
use crate::session::Session;
use crate::site::Site;

table! { "approvals":
    shared a_call_waits_with_its_link_and_happens_once_after_the_approval,
    shared the_same_call_asks_the_same_question_until_it_is_answered,
    shared other_arguments_are_another_question,
    shared an_edited_draft_is_another_question_and_the_answer_before_is_void,
    shared an_approval_is_of_its_grant_only,
    shared a_denied_call_is_told_so_and_does_not_happen,
    shared whoever_denies_and_disconnects_ends_the_grant,
    shared a_client_that_can_is_sent_to_the_page_and_its_retry_runs_the_call,
    shared a_client_of_2025_11_25_that_can_is_told_by_its_own_error,
    shared an_answer_counts_once_and_for_what_was_shown,
    shared a_link_is_for_its_own_person_and_cannot_be_made_up,
    own a_question_and_an_answer_end_after_ten_minutes,
    shared a_question_of_an_ended_grant_says_so,
    shared no_more_than_twenty_questions_wait,
    process a_question_outlives_the_host,
    files asking_answering_and_the_call_are_recorded_together,
    shared the_own_page_lists_the_questions_that_wait,
    own what_was_read_is_shown_and_cleared_only_by_a_fresh_sign_in,
    shared a_person_approves_in_a_real_browser,
    shared a_person_denies_in_a_real_browser,
}

/// Somebody outside the organisation.
pub(super) const OUTSIDE: &str = "sam@fabrikam.example";
/// Questions that wait at a time, as documented.
const WAITING_MOST: usize = 20;
const TEN_MINUTES: u64 = 600;

pub(super) fn message(subject: &str) -> Value {
    json!({ "to": OUTSIDE, "subject": subject, "body": "The figures are attached to nothing." })
}

/// Makes the call, which must be held back, and returns the link.
fn asked(session: &Session<'_>, arguments: &Value) -> Result<Url> {
    let reply = session.tool("sendEmail", arguments)?;
    let sentence = reply.failure()?;
    ensure!(sentence.contains("Nothing was done yet"), "{}", reply.answer);
    ensure!(sentence.contains("call this tool again with exactly the same arguments"), "{}", reply.answer);
    let link = link_of(&reply)?;
    ensure!(link.as_str().starts_with(session.site.edge("/approve")?.as_str()), "{link}");
    Ok(link)
}

fn sent(session: &Session<'_>) -> Result<usize> {
    Ok(session.site.control.graph("sent", &session.person.email)?.len())
}

fn expect_sent(session: &Session<'_>, count: usize) -> Result<()> {
    let found = sent(session)?;
    ensure!(found == count, "{found} messages were sent instead of {count}");
    Ok(())
}

fn a_call_waits_with_its_link_and_happens_once_after_the_approval(site: &Site) -> Result<()> {
    let session = Session::open(site, "approves")?;
    let arguments = message("Once");
    let link = asked(&session, &arguments)?;
    expect_sent(&session, 0)?;
    let page = session.browser.clone().page(&link)?;
    for words in
        ["wants to send this e-mail as you", OUTSIDE, "OUTSIDE", "outside the organisation", "sendEmail"]
    {
        ensure!(page.text().contains(words), "`{words}` is not on the page: {}", page.text());
    }
    let after = session.approve(&link, Decision::Approve)?;
    ensure!(after.text().contains("Make the same call again"), "{}", after.text());
    expect_sent(&session, 0)?;
    session.tool("sendEmail", &arguments)?.content()?;
    expect_sent(&session, 1)?;
    let spent = session.browser.clone().page(&link)?.text();
    ensure!(spent.contains("was done"), "{spent}");
    let again = asked(&session, &arguments)?;
    ensure!(again != link, "a spent approval was asked for again");
    expect_sent(&session, 1)
}

fn the_same_call_asks_the_same_question_until_it_is_answered(site: &Site) -> Result<()> {
    let session = Session::open(site, "asks-again")?;
    let link = asked(&session, &message("Again"))?;
    let reordered = json!({ "body": message("Again").at("/body"), "subject": "Again", "to": OUTSIDE });
    for arguments in [message("Again"), reordered] {
        ensure!(asked(&session, &arguments)? == link, "another question");
    }
    expect_sent(&session, 0)
}

fn other_arguments_are_another_question(site: &Site) -> Result<()> {
    let session = Session::open(site, "bait")?;
    let approved = asked(&session, &message("Approved"))?;
    session.approve(&approved, Decision::Approve)?;
    let bodied = json!({ "to": OUTSIDE, "subject": "Approved", "body": "Something else." });
    let readdressed =
        json!({ "to": "eve@fabrikam.example", "subject": "Approved", "body": message("").at("/body") });
    for arguments in [message("Another"), bodied, readdressed] {
        ensure!(asked(&session, &arguments)? != approved, "the answer was taken for {arguments}");
    }
    expect_sent(&session, 0)?;
    session.tool("sendEmail", &message("Approved"))?.content()?;
    expect_sent(&session, 1)
}

fn an_edited_draft_is_another_question_and_the_answer_before_is_void(site: &Site) -> Result<()> {
    let session = Session::open(site, "edited")?;
    let draft = json!({ "to": [OUTSIDE], "subject": "Harmless", "body": "Nothing of note." });
    let id = session.tool("createDraft", &draft)?.content()?.text("/id")?.to_owned();
    let sending = json!({ "id": id });
    let link = link_of(&session.tool("sendDraft", &sending)?)?;
    let page = session.browser.clone().page(&link)?.text();
    for words in ["Harmless", "Nothing of note.", OUTSIDE] {
        ensure!(page.contains(words), "`{words}` is not on the page: {page}");
    }
    session.approve(&link, Decision::Approve)?;
    let file = json!({ "id": id, "name": "customers.csv", "content": "every one of them" });
    session.tool("addDraftAttachment", &file)?.content()?;
    let anew = link_of(&session.tool("sendDraft", &sending)?)?;
    ensure!(anew != link, "the approval was taken for the edited draft");
    let void = session.browser.clone().page(&link)?;
    ensure!(void.answer.expect(&[410])?.text().contains("has changed since"), "{}", void.text());
    let page = session.browser.clone().page(&anew)?.text();
    ensure!(page.contains("customers.csv"), "the file is not on the page: {page}");
    expect_sent(&session, 0)?;
    session.approve(&anew, Decision::Approve)?;
    session.tool("sendDraft", &sending)?.content()?;
    expect_sent(&session, 1)
}

fn an_approval_is_of_its_grant_only(site: &Site) -> Result<()> {
    let session = Session::open(site, "two-clients")?;
    let second = Discovered::at(&site.mcp)?.client()?;
    let other = Session::by(site, session.person.clone(), second, None)?;
    let arguments = message("Of one client");
    let link = asked(&session, &arguments)?;
    session.approve(&link, Decision::Approve)?;
    ensure!(asked(&other, &arguments)? != link, "another client used the approval");
    expect_sent(&session, 0)?;
    session.tool("sendEmail", &arguments)?.content()?;
    expect_sent(&session, 1)?;
    // The same client, allowed anew, is another grant.
    let third = asked(&session, &message("Of an earlier grant"))?;
    session.approve(&third, Decision::Approve)?;
    let anew = Session::of(site, session.person.clone(), None)?;
    ensure!(asked(&anew, &message("Of an earlier grant"))? != third, "a later grant used the approval");
    expect_sent(&session, 1)
}

fn a_denied_call_is_told_so_and_does_not_happen(site: &Site) -> Result<()> {
    let session = Session::open(site, "denies")?;
    let link = asked(&session, &message("No"))?;
    let after = session.approve(&link, Decision::Deny)?;
    ensure!(after.text().contains("Nothing has happened"), "{}", after.text());
    let reply = session.tool("sendEmail", &message("No"))?;
    let sentence = reply.failure()?;
    ensure!(sentence.contains("said no") && link_of(&reply).is_err(), "{sentence}");
    expect_sent(&session, 0)
}

fn whoever_denies_and_disconnects_ends_the_grant(site: &Site) -> Result<()> {
    let session = Session::open(site, "disconnects")?;
    let link = asked(&session, &message("Gone"))?;
    session.approve(&link, Decision::DenyAndEnd)?;
    session.tool("sendEmail", &message("Gone"))?.answer.expect(&[401])?;
    session.client.refresh(&session.tokens.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    expect_sent(&session, 0)
}

/// The link of a question in the form of 2026-07-28, with the name of the question and the state of the call.
fn input_required(reply: &Reply) -> Result<(Url, super::elicitation::Asked)> {
    let result = reply.result()?;
    ensure!(result.text("/resultType")? == "input_required", "{}", reply.answer);
    let requests = result.at("/inputRequests").as_object().with_context(|| reply.answer.to_string())?;
    let (name, request) = requests.iter().next().with_context(|| reply.answer.to_string())?;
    ensure!(request.text("/params/mode")? == "url", "{}", reply.answer);
    let asked =
        super::elicitation::Asked { name: name.clone(), state: result.text("/requestState")?.to_owned() };
    Ok((Url::parse(request.text("/params/url")?)?, asked))
}

fn a_client_that_can_is_sent_to_the_page_and_its_retry_runs_the_call(site: &Site) -> Result<()> {
    let session = Session::open(site, "round-trip")?;
    let mcp = session.mcp.declaring(able());
    let params = json!({ "name": "sendEmail", "arguments": message("Round trip") });
    let (link, asked) = input_required(&mcp.send("tools/call", &params)?)?;
    session.approve(&link, Decision::Approve)?;
    mcp.send("tools/call", &retried(&params, &asked, "accept"))?.content()?;
    expect_sent(&session, 1)?;
    // Opening the page is not answering it, and not wanting to open it is no answer either.
    let params = json!({ "name": "sendEmail", "arguments": message("Unanswered") });
    for (action, words) in [("accept", "Nothing was done yet"), ("decline", "did not want to look")] {
        let (_, asked) = input_required(&mcp.send("tools/call", &params)?)?;
        let retry = retried(&params, &asked, action);
        let sentence = mcp.send("tools/call", &retry)?.failure()?;
        ensure!(sentence.contains(words), "{action}: {sentence}");
        refused(&mcp.send("tools/call", &retry)?, "a state that was used")?;
    }
    expect_sent(&session, 1)
}

fn a_client_of_2025_11_25_that_can_is_told_by_its_own_error(site: &Site) -> Result<()> {
    let session = Session::open(site, "url-mode")?;
    let id = session_id(&session.mcp, LEGACY[0], &able())?;
    let mcp = in_session(&session.mcp, LEGACY[0], &id);
    let reply = mcp.tool("sendEmail", &message("URL mode"))?;
    reply.expect_error(&[200], &[-32042])?;
    let [elicitation] = reply.message.list("/error/data/elicitations")? else {
        anyhow::bail!("not one elicitation: {}", reply.answer)
    };
    ensure!(elicitation.text("/mode")? == "url", "{}", reply.answer);
    let link = Url::parse(elicitation.text("/url")?)?;
    expect_sent(&session, 0)?;
    session.approve(&link, Decision::Approve)?;
    mcp.tool("sendEmail", &message("URL mode"))?.content()?;
    expect_sent(&session, 1)
}

fn an_answer_counts_once_and_for_what_was_shown(site: &Site) -> Result<()> {
    let session = Session::open(site, "one-answer")?;
    let link = asked(&session, &message("One answer"))?;
    let mut browser = session.browser.clone();
    let page = browser.page(&link)?;
    let form = form_of(&page)?;
    let fields = |change: &dyn Fn(&str, String) -> String| -> Vec<(String, String)> {
        let approve = form.buttons.iter().find(|button| button.value == "approve");
        let filled = form.filled(approve).into_iter();
        filled.map(|(name, value)| (name.clone(), change(&name, value))).collect()
    };
    let turned = |of: &'static str| {
        move |name: &str, value: String| if name == of { "0".repeat(value.len()) } else { value }
    };
    for (of, statuses) in [("digest", &[409][..]), ("transaction", &[400, 403][..]), ("decision", &[400][..])]
    {
        let (request, url) = prepare(&page, &form, &fields(&turned(of)))?;
        browser.send(request, &url)?.expect(statuses).with_context(|| of.to_owned())?;
    }
    let (request, url) = prepare(&page, &form, &fields(&|_, value| value))?;
    browser.send(request.header("origin", "https://evil.example"), &url)?.expect(&[403])?;
    press(&mut browser, &page, Decision::Deny)?.expect(&[303])?;
    let late = press(&mut browser, &page, Decision::Approve)?;
    ensure!(late.expect(&[409])?.text().contains("answered already"), "{late}");
    ensure!(session.tool("sendEmail", &message("One answer"))?.failure()?.contains("said no"), "approved");
    expect_sent(&session, 0)
}

fn a_link_is_for_its_own_person_and_cannot_be_made_up(site: &Site) -> Result<()> {
    let session = Session::open(site, "link")?;
    let mut stranger = Session::open(site, "link-stranger")?;
    let link = asked(&session, &message("Mine"))?;
    stranger.browser.page(&link)?.answer.expect(&[403])?;
    let own = session.browser.clone().page(&link)?;
    let answer = press(&mut stranger.browser, &own, Decision::Approve)?;
    answer.expect(&[403]).context("somebody else approved")?;
    let sealed = link.query().context("a query")?.trim_start_matches("a=").to_owned();
    let mut turned = sealed.clone().into_bytes();
    if let Some(last) = turned.get_mut(20) {
        *last = if *last == b'A' { b'B' } else { b'A' };
    }
    let turned = String::from_utf8(turned)?;
    for text in ["", "x", turned.as_str(), &sealed.repeat(30)] {
        let url = site.edge(&format!("/approve?a={text}"))?;
        session.browser.clone().page(&url)?.answer.expect(&[404]).with_context(|| text.to_owned())?;
    }
    session.browser.clone().page(&site.edge("/approve")?)?.answer.expect(&[404])?;
    Request::get(site.behind(&format!("/approve?a={sealed}"))?).send()?.expect(&[403])?;
    Request::get(site.behind(&format!("/approve?a={sealed}"))?)
        .bearer(&session.tokens.access)
        .send()?
        .expect(&[403])?;
    expect_sent(&session, 0)
}

fn a_question_and_an_answer_end_after_ten_minutes(site: &Site) -> Result<()> {
    let session = Session::open(site, "late")?;
    let (open, approved) = (asked(&session, &message("Open"))?, asked(&session, &message("Approved"))?);
    let page = session.browser.clone().page(&open)?;
    session.approve(&approved, Decision::Approve)?;
    site.advance(TEN_MINUTES)?;
    let ended = session.browser.clone().page(&open)?;
    ensure!(ended.answer.expect(&[410])?.text().contains("has ended"), "{}", ended.text());
    // The page itself is too old by now, or the question is.
    press(&mut session.browser.clone(), &page, Decision::Approve)?.expect(&[400, 410])?;
    let in_vain = session.browser.clone().page(&approved)?;
    ensure!(
        in_vain.answer.expect(&[410])?.text().contains("did not make the call in time"),
        "{}",
        in_vain.text()
    );
    for (subject, link) in [("Open", open), ("Approved", approved)] {
        ensure!(asked(&session, &message(subject))? != link, "{subject}: a question that has ended");
    }
    expect_sent(&session, 0)
}

fn a_question_of_an_ended_grant_says_so(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "no-grant")?;
    let link = asked(&session, &message("No grant"))?;
    let open = session.browser.page(&link)?;
    let (page, form) = page_and_form(&mut session, "/me/revoke")?;
    session.browser.submit(&page, &form, None)?.page()?.answer.expect(&[200])?;
    let ended = session.browser.page(&link)?;
    ensure!(ended.answer.expect(&[410])?.text().contains("access has ended since"), "{}", ended.text());
    let late = press(&mut session.browser, &open, Decision::Approve)?;
    ensure!(late.expect(&[410])?.text().contains("access has ended since"), "{late}");
    let me = session.browser.page(&site.me)?;
    ensure!(!me.answer.text().contains("/approve?a="), "a question waits in vain: {}", me.text());
    expect_sent(&session, 0)
}

fn no_more_than_twenty_questions_wait(site: &Site) -> Result<()> {
    let session = Session::open(site, "many")?;
    let first = asked(&session, &message("0"))?;
    for number in 1..WAITING_MOST {
        asked(&session, &message(&number.to_string()))?;
    }
    let beyond = session.tool("sendEmail", &message("one more"))?;
    let sentence = beyond.failure()?;
    ensure!(sentence.contains("20 questions wait") && sentence.contains("/me"), "{sentence}");
    ensure!(link_of(&beyond).is_err(), "one more was asked: {}", beyond.answer);
    ensure!(asked(&session, &message("0"))? == first, "what waits must stay");
    session.approve(&first, Decision::Deny)?;
    asked(&session, &message("one more"))?;
    expect_sent(&session, 0)
}

fn a_question_outlives_the_host(site: &Site) -> Result<()> {
    let session = Session::open(site, "restart")?;
    let link = asked(&session, &message("After a restart"))?;
    site.kill_and_start_again()?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &session.person.email)?;
    decide(&mut browser, &link, Decision::Approve)?;
    site.kill_and_start_again()?;
    session.tool("sendEmail", &message("After a restart"))?.content()?;
    ensure!(asked(&session, &message("After a restart"))? != link, "it was spent");
    Ok(())
}

fn asking_answering_and_the_call_are_recorded_together(site: &Site) -> Result<()> {
    let session = Session::open(site, "recorded")?;
    session.call_approved("sendEmail", &message("Recorded"))?.content()?;
    session.approve(&asked(&session, &message("Refused"))?, Decision::Deny)?;
    let records = session.records()?.context("a journal")?;
    let of = |kind: &str, code: &str| {
        let fits =
            |record: &&crate::journal::Record| record.field("kind") == kind && record.field("code") == code;
        let found: Vec<_> = records.iter().filter(fits).collect();
        found.first().map(|record| record.field("approval").to_owned()).filter(|id| !id.is_empty())
    };
    let asked = of("approval.asked", "sendEmail").context("no question is recorded")?;
    let approved = of("approval.answered", "approved").context("no yes is recorded")?;
    let denied = of("approval.answered", "denied").context("no no is recorded")?;
    ensure!(asked == approved && denied != approved, "{records:?}");
    let intents = records.iter().filter(|record| record.field("phase") == "intent");
    let by: Vec<_> = intents.filter(|record| record.field("approval") == approved).collect();
    ensure!(by.len() == 1, "{} intents by one approval: {records:?}", by.len());
    ensure!(!format!("{records:?}").contains("Recorded"), "a subject is in the records");
    site.journal().context("a journal")?.verify()
}

fn the_own_page_lists_the_questions_that_wait(site: &Site) -> Result<()> {
    let session = Session::open(site, "listed")?;
    let link = asked(&session, &message("Listed"))?;
    let me = session.browser.clone().page(&site.me)?;
    ensure!(me.text().contains("Waiting for your answer"), "{}", me.text());
    ensure!(me.answer.text().contains(link.as_str()), "the link is not there: {}", me.answer.text());
    session.approve(&link, Decision::Deny)?;
    let me = session.browser.clone().page(&site.me)?;
    ensure!(!me.text().contains("Waiting for your answer"), "{}", me.text());
    Ok(())
}

fn what_was_read_is_shown_and_cleared_only_by_a_fresh_sign_in(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "labels")?;
    let label = "Words that you did not write";
    let shown = |session: &mut Session<'_>| Ok::<_, anyhow::Error>(session.browser.page(&site.me)?.text());
    ensure!(!shown(&mut session)?.contains(label), "a label without a call");
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    let me = shown(&mut session)?;
    ensure!(me.contains(label) && me.contains("getEmails"), "{me}");
    site.advance(TEN_MINUTES / 2)?;
    let (page, form) = page_and_form(&mut session, "/me/labels")?;
    let (request, url) = prepare(&page, &form, &form.filled(None))?;
    let stale = session.browser.send(request, &url)?;
    ensure!(stale.expect(&[400])?.text().contains("last five minutes"), "{stale}");
    ensure!(stale.text().contains("Sign out of Cloudflare Access"), "no way on: {stale}");
    ensure!(shown(&mut session)?.contains(label), "it was cleared");
    session.sign_in_again()?;
    let (page, form) = page_and_form(&mut session, "/me/labels")?;
    let cleared = session.browser.submit(&page, &form, None)?.page()?;
    ensure!(cleared.text().contains("Nothing that your assistant has read"), "{}", cleared.text());
    ensure!(!shown(&mut session)?.contains(label), "it stands");
    let Some(records) = session.records()? else { return Ok(()) };
    let outcomes: Vec<_> = records
        .iter()
        .filter(|record| record.field("kind") == "labels.cleared")
        .map(|r| r.field("code"))
        .collect();
    ensure!(outcomes == ["grant.reauthorize", "untrusted"], "{outcomes:?}");
    Ok(())
}

fn a_person_approves_in_a_real_browser(site: &Site) -> Result<()> {
    let session = Session::open(site, "clicks-approve")?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    let html = "<h2>Figures</h2><p>Dear Sam, see <a href='https://reports.example/q3?id=1'>the report</a>.</p>\
                <ul><li>One</li><li>Two</li></ul>";
    let arguments = json!({ "to": "sam@contos0.example", "subject": "Figures of Q3", "body": html, "contentType": "html" });
    let link = asked(&session, &arguments)?;
    let mut chromium = Chromium::start()?;
    chromium.sign_in(TAB, &site.control, &site.mcp, &session.person.email)?;
    let page = chromium.open(TAB, &link)?;
    page.expect(200, "wants to send this e-mail as you")?.says(&[
        "Contract client",
        "nobody has checked it",
        "sam@contos0.example",
        "OUTSIDE",
        "Look at this address twice",
        "Deny and disconnect this application",
    ])?;
    look(&mut chromium, "approve")?;
    chromium.open(TAB, &site.me)?.says(&["Waiting for your answer", "What your assistant has read"])?;
    look(&mut chromium, "me-waiting")?;
    chromium.open(TAB, &link)?;
    chromium.click(TAB, "Approve")?.expect(200, "This has been approved")?;
    look(&mut chromium, "approved")?;
    session.tool("sendEmail", &arguments)?.content()?;
    expect_sent(&session, 1)?;
    chromium.open(TAB, &link)?.expect(200, "was done")?;
    Ok(())
}

fn a_person_denies_in_a_real_browser(site: &Site) -> Result<()> {
    let session = Session::open(site, "clicks-deny")?;
    let link = asked(&session, &message("Clicked away"))?;
    let mut chromium = Chromium::start()?;
    chromium.sign_in(TAB, &site.control, &site.mcp, &session.person.email)?;
    chromium.open(TAB, &link)?;
    chromium.click(TAB, "Deny")?.expect(200, "This has been denied")?;
    look(&mut chromium, "denied")?;
    ensure!(
        session.tool("sendEmail", &message("Clicked away"))?.failure()?.contains("said no"),
        "not denied"
    );
    let second = asked(&session, &message("Disconnected"))?;
    chromium.open(TAB, &second)?;
    chromium.click(TAB, "Deny and disconnect this application")?.expect(200, "This has been denied")?;
    session.tool("authenticate", &json!({}))?.answer.expect(&[401])?;
    chromium.open(TAB, &site.me)?.says(&["None has access"])?;
    chromium.open(TAB, &site.edge("/approve?a=none")?)?.expect(404, "There is no such question")?;
    look(&mut chromium, "approve-unknown")?;
    expect_sent(&session, 0)
}
