//! What counts once counts once under any race: twenty requests at a time, five rounds each.
//!
//! What one request after another must do stands with the endpoint it is about; here only what is different when they
//! come together.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::approvals::message;
use crate::approval::{Decision, link_of, press};
use crate::browser::{Browser, prepare};
use crate::http::{Answer, Request};
use crate::journal::Record;
use crate::json::Look as _;
use crate::mcp::Mcp;
use crate::oauth::{Attempt, Callback, Discovered, REDIRECT, Tokens};
use crate::session::{Session, at_once};
use crate::site::Site;

table! { "races":
    shared of_twenty_parallel_redemptions_exactly_one_succeeds,
    shared parallel_refreshes_have_one_successor,
    shared refreshes_against_revocations_leave_nothing_alive,
    shared parallel_answers_give_exactly_one_code,
    shared an_answer_against_a_refusal_has_one_end,
    shared of_twenty_calls_after_one_approval_exactly_one_has_an_effect,
    shared of_twenty_answers_to_one_question_exactly_one_counts,
    shared of_twenty_parallel_callbacks_exactly_one_signs_in,
    shared first_sign_ins_of_a_person_at_once_are_all_answered_and_leave_one_grant,
    last a_flood_of_registrations_is_stopped,
}

/// Requests at a time.
const PARALLEL: usize = 20;
/// How often each race is run.
const ROUNDS: usize = 5;
/// First sign-ins at a time: each is a browser that goes all the way through Microsoft.
const BROWSERS: usize = 8;
/// Registrations of a flood, per thread.
const FLOOD: usize = 40;
/// Registrations in one minute, as documented; a flood may see the end of one minute and the beginning of the next.
const PER_MINUTE: usize = 300;

/// A code of a person who is signed in at Microsoft already.
fn code(session: &mut Session<'_>) -> Result<(Attempt, String)> {
    let attempt = session.client.attempt()?;
    let callback = session.client.authorize(&mut session.browser, &attempt)?;
    let code = callback.code(&attempt, &session.client.discovered)?;
    Ok((attempt, code))
}

fn is_live(site: &Site, access: &str) -> Result<bool> {
    let answer = Mcp::new(&site.mcp, access).send("tools/list", &Value::Null)?.answer;
    answer.expect(&[200, 401])?;
    Ok(answer.status == 200)
}

/// No access token works any more, and no refresh token is taken.
fn expect_dead(session: &Session<'_>, tokens: &Tokens) -> Result<()> {
    ensure!(!is_live(session.site, &tokens.access)?, "an access token survived");
    session.client.refresh(&tokens.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    Ok(())
}

/// The tokens of the answers that are successes; every other one must be `invalid_grant`.
fn successes(answers: &[Answer]) -> Result<Vec<Tokens>> {
    let mut tokens = Vec::new();
    for answer in answers {
        if answer.status == 200 {
            tokens.push(Tokens::read(answer)?);
        } else {
            answer.expect_oauth_error(&[400], &["invalid_grant"])?;
        }
    }
    Ok(tokens)
}

/// Expects so many records of this kind and code, where the suite can read them, and a chain that holds.
fn expect_records(session: &Session<'_>, expected: &[(&str, &str, usize)]) -> Result<()> {
    let Some(records) = session.records()? else { return Ok(()) };
    for (kind, code, wanted) in expected {
        let of = |record: &&Record| record.field("kind") == *kind && record.field("code") == *code;
        let found = records.iter().filter(of).count();
        ensure!(found == *wanted, "{found} records of {kind} {code} instead of {wanted}: {records:?}");
    }
    session.site.journal().context("a journal")?.verify()
}

/// One of them gets tokens; the next is a replay, which ends them; the others find nothing.
fn of_twenty_parallel_redemptions_exactly_one_succeeds(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "race-code")?;
    for _ in 0..ROUNDS {
        let (attempt, code) = code(&mut session)?;
        let answers = at_once(PARALLEL, |_| session.client.redeem(&code, &attempt.verifier))?;
        let succeeded = successes(&answers)?;
        let [tokens] = succeeded.as_slice() else {
            anyhow::bail!("{} of {PARALLEL} redemptions of one code succeeded", succeeded.len())
        };
        expect_dead(&session, tokens)?;
    }
    expect_records(
        &session,
        &[
            ("token.issued", "issued", ROUNDS + 1),
            ("token.reused", "grant_reused", ROUNDS),
            ("token.issued", "grant_invalid", ROUNDS * (PARALLEL - 2)),
        ],
    )
}

/// Whoever repeats within ten seconds gets the same answer; the successor goes into the next round.
fn parallel_refreshes_have_one_successor(site: &Site) -> Result<()> {
    let session = Session::open(site, "race-refresh")?;
    let mut newest = session.tokens.clone();
    for _ in 0..ROUNDS {
        let answers = at_once(PARALLEL, |_| session.client.refresh(&newest.refresh))?;
        let tokens = answers.iter().map(Tokens::read).collect::<Result<Vec<_>>>()?;
        let pairs: BTreeSet<_> = tokens.iter().map(|tokens| (&tokens.refresh, &tokens.access)).collect();
        ensure!(pairs.len() == 1, "{PARALLEL} refreshes of one token gave {} successors", pairs.len());
        newest = tokens.into_iter().next().context("an answer")?;
        ensure!(is_live(site, &newest.access)?, "the new access token does not work");
    }
    let repeated = ROUNDS * (PARALLEL - 1);
    expect_records(
        &session,
        &[("token.refreshed", "rotated", ROUNDS), ("token.refreshed", "repeated", repeated)],
    )
}

/// Whatever came between: in the end the grant is gone, with every token that a refresh still got.
fn refreshes_against_revocations_leave_nothing_alive(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "race-revoke")?;
    for _ in 0..ROUNDS {
        let (attempt, code) = code(&mut session)?;
        let first = Tokens::read(&session.client.redeem(&code, &attempt.verifier)?)?;
        let answers = at_once(PARALLEL, |number| {
            let token = &first.refresh;
            let refreshes = number % 2 == 0;
            let answer = if refreshes { session.client.refresh(token) } else { session.client.revoke(token) };
            answer.map(|answer| (refreshes, answer))
        })?;
        let (refreshed, revoked): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|(refreshes, _)| *refreshes);
        for (_, answer) in &revoked {
            answer.expect(&[200])?;
        }
        let refreshed: Vec<Answer> = refreshed.into_iter().map(|(_, answer)| answer).collect();
        let tokens = successes(&refreshed)?;
        let successors: BTreeSet<_> = tokens.iter().map(|tokens| &tokens.refresh).collect();
        ensure!(successors.len() <= 1, "one refresh token had {} successors", successors.len());
        tokens.iter().chain([&first]).try_for_each(|tokens| expect_dead(&session, tokens))?;
    }
    expect_records(&session, &[("grant.revoked", "by_client", ROUNDS)])
}

fn parallel_answers_give_exactly_one_code(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "race-consent")?;
    session.browser.stop_at(REDIRECT);
    for _ in 0..ROUNDS {
        let attempt = session.client.attempt()?;
        let page = session.browser.page(&attempt.url()?)?;
        let form = page.form()?;
        let fields = form.filled(form.agree());
        let answers = at_once(PARALLEL, |_| {
            let (request, url) = prepare(&page, &form, &fields)?;
            session.browser.clone().send(request, &url)
        })?;
        let code = only_callback(&answers)?.code(&attempt, &session.client.discovered)?;
        let tokens = Tokens::read(&session.client.redeem(&code, &attempt.verifier)?)?;
        ensure!(is_live(site, &tokens.access)?, "the one code is worth nothing");
    }
    expect_records(
        &session,
        &[
            ("consent.given", "granted", ROUNDS + 1),
            ("request.refused", "transaction_spent", ROUNDS * (PARALLEL - 1)),
        ],
    )
}

/// Yes and no to the same page at once: one of them counts, and the client hears of that one only.
fn an_answer_against_a_refusal_has_one_end(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "race-denial")?;
    session.browser.stop_at(REDIRECT);
    for _ in 0..ROUNDS {
        let attempt = session.client.attempt()?;
        let page = session.browser.page(&attempt.url()?)?;
        let (yes, no) = (page.form()?, page.refusal()?);
        let answers = at_once(PARALLEL, |number| {
            let (form, button) = if number % 2 == 0 { (&yes, yes.agree()) } else { (&no, no.refuse()) };
            let (request, url) = prepare(&page, form, &form.filled(button))?;
            session.browser.clone().send(request, &url)
        })?;
        let callback = only_callback(&answers)?;
        if callback.parameter("error").is_some() {
            callback.expect_error(&attempt, &session.client.discovered, &["access_denied"])?;
        } else {
            let code = callback.code(&attempt, &session.client.discovered)?;
            Tokens::read(&session.client.redeem(&code, &attempt.verifier)?)?;
        }
    }
    expect_records(&session, &[("request.refused", "transaction_spent", ROUNDS * (PARALLEL - 1))])
}

/// The others are told that it was used, or asked anew; whatever they hear, the message goes out once.
fn of_twenty_calls_after_one_approval_exactly_one_has_an_effect(site: &Site) -> Result<()> {
    for _ in 0..ROUNDS {
        // Somebody else each time: so many calls in a minute are more than one person may make.
        let session = Session::open(site, "race-approval")?;
        let arguments = message("Once");
        session.approve_ahead("sendEmail", &arguments)?;
        let replies = at_once(PARALLEL, |_| session.tool("sendEmail", &arguments))?;
        let done = replies.iter().filter(|reply| reply.success().is_ok()).count();
        ensure!(done == 1, "{done} of {PARALLEL} calls went through by one approval");
        let sent = site.control.graph("sent", &session.person.email)?.len();
        ensure!(sent == 1, "{sent} messages by one approval");
    }
    Ok(())
}

fn of_twenty_answers_to_one_question_exactly_one_counts(site: &Site) -> Result<()> {
    let session = Session::open(site, "race-answer")?;
    for round in 1..=ROUNDS {
        let arguments = message(&format!("round {round}"));
        let link = link_of(&session.tool("sendEmail", &arguments)?)?;
        let page = session.browser.clone().page(&link)?;
        let answers = at_once(PARALLEL, |number| {
            let decision = if number % 2 == 0 { Decision::Approve } else { Decision::Deny };
            let answer = press(&mut session.browser.clone(), &page, decision)?;
            Ok((decision, answer))
        })?;
        let (taken, late): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|(_, answer)| answer.status == 303);
        for (_, answer) in &late {
            answer.expect(&[409])?;
        }
        let [(decision, _)] = taken.as_slice() else {
            anyhow::bail!("{} of {PARALLEL} answers counted", taken.len())
        };
        let happened = session.tool("sendEmail", &arguments)?.success().is_ok();
        ensure!(happened == (*decision == Decision::Approve), "{decision:?}, and the call: {happened}");
    }
    Ok(())
}

/// Where the one answer that went on leads; the others are refused on our own page.
fn only_callback(answers: &[Answer]) -> Result<Callback> {
    let (onward, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| matches!(answer.status, 302 | 303));
    for answer in refused {
        answer.expect(&[400, 403, 409])?;
        ensure!(answer.header("location").is_none(), "sent somewhere: {answer}");
    }
    let [answer] = onward.as_slice() else {
        anyhow::bail!("{} of {} answers to one page went on", onward.len(), answers.len())
    };
    Ok(Callback(answer.location()?))
}

fn of_twenty_parallel_callbacks_exactly_one_signs_in(site: &Site) -> Result<()> {
    let client = site.client()?;
    for _ in 0..ROUNDS {
        let person = site.person("race-callback")?;
        let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
        let attempt = client.attempt()?;
        browser.stop_at(site.edge("/callback")?.as_str());
        let callback = client.authorize(&mut browser, &attempt)?.0;
        ensure!(callback.path() == "/callback", "consent did not lead to Microsoft: {callback}");
        let answers = at_once(PARALLEL, |_| browser.clone().send(Request::get(&callback), &callback))?;
        let code = only_callback(&answers)?.code(&attempt, &client.discovered)?;
        Tokens::read(&client.redeem(&code, &attempt.verifier)?).context("the one code")?;
        let requests = site.control.requests("entra", Some(&person.email))?;
        let redeems = |request: &&Value| request.at("/body/grant_type") == "authorization_code";
        let redemptions = requests.iter().filter(redeems).count();
        ensure!(redemptions == 1, "{redemptions} codes were redeemed at Entra for one sign-in");
    }
    Ok(())
}

/// The person's cell is made once, every browser comes through, and as each code that is redeemed ends the earlier grants
/// of its client, one grant is left.
fn first_sign_ins_of_a_person_at_once_are_all_answered_and_leave_one_grant(site: &Site) -> Result<()> {
    let client = site.client()?;
    for _ in 0..ROUNDS {
        let person = site.person("race-first")?;
        let codes = at_once(BROWSERS, |_| {
            let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
            let attempt = client.attempt()?;
            let code = client.authorize(&mut browser, &attempt)?.code(&attempt, &client.discovered)?;
            Ok((attempt, code))
        })?;
        let answers = at_once(BROWSERS, |number| {
            let (attempt, code) = codes.get(number).context("a code for each")?;
            client.redeem(code, &attempt.verifier)
        })?;
        let tokens = successes(&answers)?;
        let live = tokens.iter().map(|tokens| is_live(site, &tokens.access)).collect::<Result<Vec<_>>>()?;
        let left = live.into_iter().filter(|live| *live).count();
        ensure!(left == 1, "{left} grants are left of {BROWSERS} sign-ins with one client");
        if let Some(journal) = site.journal() {
            let records = journal.of(&person.subject)?;
            let of = |kind: &str, code: &str| {
                let fits = |record: &&Record| {
                    record.field("kind") == kind && (code.is_empty() || record.field("code") == code)
                };
                records.iter().filter(fits).count()
            };
            // Whoever comes after another one has signed in at Microsoft need not sign in there again.
            let (granted, linked) = (of("consent.given", "granted"), of("microsoft.linked", ""));
            ensure!(granted == BROWSERS, "{granted} consents of {BROWSERS} browsers: {records:?}");
            ensure!((1..=BROWSERS).contains(&linked), "{linked} sign-ins of {BROWSERS}: {records:?}");
            journal.verify()?;
        }
    }
    Ok(())
}

fn a_flood_of_registrations_is_stopped(site: &Site) -> Result<()> {
    let discovered = Discovered::at(&site.mcp)?;
    let metadata = Discovered::public_client(REDIRECT);
    let answers = at_once(PARALLEL, |_| {
        (0..FLOOD).map(|_| discovered.register(&metadata)).collect::<Result<Vec<_>>>()
    })?;
    let mut clients = BTreeSet::new();
    let mut accepted = 0;
    for answer in answers.iter().flatten() {
        if answer.status == 429 {
            answer
                .expect_oauth_error(&[429], &["temporarily_unavailable", "slow_down", "invalid_request"])?;
            continue;
        }
        accepted += 1;
        clients.insert(answer.expect(&[201])?.json()?.text("/client_id")?.to_owned());
    }
    let sent = PARALLEL * FLOOD;
    ensure!(accepted > 5, "{accepted} of {sent} registrations were accepted");
    ensure!(accepted <= 2 * PER_MINUTE, "{accepted} of {sent} registrations at once were accepted");
    ensure!(clients.len() == accepted, "{accepted} registrations made {} clients", clients.len());
    let refused = discovered.register(&json!({ "redirect_uris": ["https://evil.example/callback"] }))?;
    refused.expect(&[400, 429]).map(drop)
}
