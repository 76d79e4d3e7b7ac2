//! The state that a client carries from a call that needs its person to the retry: it counts for one person, one grant and
//! one call, for a while, once.
//!
//! Source: MCP 2026-07-28, "Multi Round-Trip Requests".

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::elicitation::{Asked, able, ask, link, made, refused, retried, sign_out, signed_out, writing};
use crate::rule::Rule;
use crate::session::{Session, at_once};
use crate::site::Site;

table! { "request_state":
    shared the_state_of_a_call_counts_once,
    shared of_ten_retries_at_once_exactly_one_has_an_effect,
    shared a_state_that_was_changed_or_made_up_is_refused,
    shared a_state_counts_for_its_own_request_only,
    shared a_state_counts_for_its_own_person_and_grant_only,
    own a_state_ends_after_ten_minutes,
    own a_state_that_does_not_count_is_recorded_once_and_repeated_nowhere,
}

fn the_state_of_a_call_counts_once(site: &Site) -> Result<()> {
    let mut session = signed_out(site, "asked-once")?;
    let asked = ask(&session, &writing())?;
    link(&mut session)?;
    let retry = retried(&writing(), &asked, "accept");
    session.mcp.send("tools/call", &retry)?.content()?;
    for _ in 0..2 {
        refused(&session.mcp.send("tools/call", &retry)?, "a replay")?;
    }
    ensure!(made(&session)? == 1, "{} drafts were made", made(&session)?);
    // It stays spent when the person is signed out again.
    sign_out(&mut session)?;
    refused(&session.mcp.send("tools/call", &retry)?, "a replay after signing out")?;
    ensure!(made(&session)? == 1, "{} drafts were made", made(&session)?);
    Ok(())
}

fn of_ten_retries_at_once_exactly_one_has_an_effect(site: &Site) -> Result<()> {
    let mut session = signed_out(site, "asked-race")?;
    let asked = ask(&session, &writing())?;
    link(&mut session)?;
    let retry = retried(&writing(), &asked, "accept");
    let replies = at_once(10, |_| session.mcp.send("tools/call", &retry))?;
    let done = replies.iter().filter(|reply| reply.content().is_ok()).count();
    let refused = replies.iter().filter(|reply| reply.error_code() == Some(-32602)).count();
    ensure!(done == 1 && refused == 9, "{done} done, {refused} refused");
    ensure!(made(&session)? == 1, "{} drafts were made", made(&session)?);
    Ok(())
}

fn a_state_that_was_changed_or_made_up_is_refused(site: &Site) -> Result<()> {
    let mut session = signed_out(site, "asked-forged")?;
    let asked = ask(&session, &writing())?;
    link(&mut session)?;
    let state = asked.state.as_str();
    let half = state.get(..state.len() / 2).context("ASCII")?.to_owned();
    let bent = |at: usize| -> String {
        let flip = |(index, c): (usize, char)| if index == at { if c == 'A' { 'B' } else { 'A' } } else { c };
        state.chars().enumerate().map(flip).collect()
    };
    let mut forged =
        vec![half, format!("{state}A"), format!("{state}.{state}"), String::new(), "e30".to_owned()];
    forged.extend(
        [bent(0), bent(state.len() / 2), bent(state.len() - 2)].into_iter().filter(|text| text != state),
    );
    forged.extend([session.tokens.access.clone(), "A".repeat(50_000)]);
    for state in forged {
        let shown: String = state.chars().take(100).collect();
        let wrong = Asked { name: asked.name.clone(), state };
        refused(&session.mcp.send("tools/call", &retried(&writing(), &wrong, "accept"))?, &shown)?;
    }
    for state in [json!(7), Value::Null, json!([state]), json!({ "state": state })] {
        let mut params = retried(&writing(), &asked, "accept");
        *params.pointer_mut("/requestState").context("a state")? = state.clone();
        refused(&session.mcp.send("tools/call", &params)?, &state.to_string())?;
    }
    ensure!(made(&session)? == 0, "a forged state had an effect");
    // The genuine one has not suffered.
    session.mcp.send("tools/call", &retried(&writing(), &asked, "accept"))?.content().map(drop)
}

fn a_state_counts_for_its_own_request_only(site: &Site) -> Result<()> {
    let other = |field: &str, value: Value| {
        let mut params = writing();
        if let Some(at) = params.pointer_mut(field) {
            *at = value;
        }
        params
    };
    for (method, params) in [
        ("tools/call", other("/arguments/to", json!("eve@evil.example"))),
        ("tools/call", other("/arguments/body", json!("b "))),
        ("tools/call", other("/arguments", json!({}))),
        ("tools/call", json!({ "name": "sendTeamsMessage", "arguments": super::post() })),
        ("tools/call", json!({ "name": "getEmails", "arguments": {} })),
        ("resources/read", json!({ "uri": "microsoft://profile" })),
        ("prompts/get", json!({ "name": "weeklyReview" })),
    ] {
        let mut session = signed_out(site, "asked-other-call")?;
        let asked = ask(&session, &writing())?;
        link(&mut session)?;
        let before = session.graph_requests()?.len();
        let reply = session.mcp.send(method, &retried(&params, &asked, "accept"))?;
        refused(&reply, &format!("{method} {params}"))?;
        ensure!(
            session.graph_requests()?.len() == before,
            "{params} reached Graph with another call's state"
        );
    }
    Ok(())
}

fn a_state_counts_for_its_own_person_and_grant_only(site: &Site) -> Result<()> {
    let mut session = signed_out(site, "asked-mine")?;
    let other = Session::open(site, "asked-theirs")?;
    let asked = ask(&session, &writing())?;
    link(&mut session)?;
    let client = session.client.discovered.client()?;
    let second = Session::by(site, session.person.clone(), client, None)?;
    let retry = retried(&writing(), &asked, "accept");
    for (foreign, about) in [(&other, "another person"), (&second, "another grant")] {
        refused(&foreign.mcp.declaring(able()).send("tools/call", &retry)?, about)?;
        ensure!(made(foreign)? == 0, "{about} had an effect");
    }
    session.mcp.send("tools/call", &retry)?.content()?;
    ensure!(made(&session)? == 1, "{} drafts were made", made(&session)?);
    Ok(())
}

fn a_state_ends_after_ten_minutes(site: &Site) -> Result<()> {
    let mut session = signed_out(site, "asked-late")?;
    let (early, late) = (ask(&session, &writing())?, ask(&session, &writing())?);
    link(&mut session)?;
    site.advance(590)?;
    session.mcp.send("tools/call", &retried(&writing(), &early, "accept"))?.content()?;
    site.advance(20)?;
    refused(&session.mcp.send("tools/call", &retried(&writing(), &late, "accept"))?, "after ten minutes")?;
    ensure!(made(&session)? == 1, "{} drafts were made", made(&session)?);
    Ok(())
}

fn a_state_that_does_not_count_is_recorded_once_and_repeated_nowhere(site: &Site) -> Result<()> {
    let (mut session, other) = (signed_out(site, "asked-rule")?, Session::open(site, "asked-rule-other")?);
    let asked = ask(&session, &writing())?;
    link(&mut session)?;
    let retry = retried(&writing(), &asked, "accept");
    let mut rule = Rule::on(site)?;
    rule.hide(&asked.state);
    let bent = Asked { name: asked.name.clone(), state: format!("{}A", asked.state) };
    let changed = session.mcp.send("tools/call", &retried(&writing(), &bent, "accept"))?;
    rule.refused("a changed state", &changed.answer, &[200, 400])?;
    let lent = other.mcp.declaring(able()).send("tools/call", &retry)?;
    rule.refused("a lent state", &lent.answer, &[200, 400])?;
    session.mcp.send("tools/call", &retry)?.content()?;
    let replayed = session.mcp.send("tools/call", &retry)?;
    rule.refused("a replayed state", &replayed.answer, &[200, 400])?;
    for reply in [changed, lent, replayed] {
        refused(&reply, "a state that does not count")?;
    }
    rule.hold()?;
    ensure!(made(&session)? == 1 && made(&other)? == 0, "not one draft was made");
    Ok(())
}
