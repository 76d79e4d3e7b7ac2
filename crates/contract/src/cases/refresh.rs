//! Refresh tokens: exactly one successor, under any race; reuse ends the family.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::json::Look as _;
use crate::oauth::Tokens;
use crate::session::Session;
use crate::site::Site;

table! { "refresh":
    shared a_refresh_gives_new_tokens_and_the_old_access_token_may_live_on,
    shared the_previous_token_gets_the_same_successor_while_that_is_unused,
    shared the_previous_token_after_its_successor_was_used_ends_the_family,
    shared a_refresh_token_of_another_client_is_invalid_and_the_family_intact,
    shared a_refresh_cannot_widen_the_scope_but_may_narrow_it,
    shared a_refresh_for_another_resource_is_an_invalid_target,
    shared a_malformed_refresh_token_is_an_invalid_grant,
    own the_previous_token_after_ten_seconds_ends_the_family,
    own a_refresh_needs_an_access_sign_in_of_the_last_twelve_hours,
    own no_token_outlives_the_access_sign_in,
}

fn is_dead(session: &Session<'_>, tokens: &Tokens) -> Result<()> {
    let mut mcp = session.mcp.clone();
    mcp.token.clone_from(&tokens.access);
    mcp.send("tools/list", &Value::Null)?.answer.expect(&[401])?;
    session.client.refresh(&tokens.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    Ok(())
}

fn is_alive(session: &Session<'_>, tokens: &Tokens) -> Result<()> {
    let mut mcp = session.mcp.clone();
    mcp.token.clone_from(&tokens.access);
    mcp.send("tools/list", &Value::Null)?.answer.expect(&[200])?;
    Ok(())
}

fn a_refresh_gives_new_tokens_and_the_old_access_token_may_live_on(site: &Site) -> Result<()> {
    let session = Session::open(site, "refresh")?;
    let next = Tokens::read(&session.client.refresh(&session.tokens.refresh)?)?;
    ensure!(next.refresh != session.tokens.refresh, "the refresh token did not rotate");
    ensure!(next.access != session.tokens.access, "the access token is the same");
    is_alive(&session, &next)?;
    let third = Tokens::read(&session.client.refresh(&next.refresh)?)?;
    is_alive(&session, &third)
}

fn the_previous_token_gets_the_same_successor_while_that_is_unused(site: &Site) -> Result<()> {
    let session = Session::open(site, "retry")?;
    let first = Tokens::read(&session.client.refresh(&session.tokens.refresh)?)?;
    let again = Tokens::read(&session.client.refresh(&session.tokens.refresh)?)?;
    ensure!(first.refresh == again.refresh, "a retry within ten seconds got another successor");
    is_alive(&session, &again)?;
    Tokens::read(&session.client.refresh(&again.refresh)?)?;
    Ok(())
}

fn the_previous_token_after_its_successor_was_used_ends_the_family(site: &Site) -> Result<()> {
    let session = Session::open(site, "reuse")?;
    let second = Tokens::read(&session.client.refresh(&session.tokens.refresh)?)?;
    let third = Tokens::read(&session.client.refresh(&second.refresh)?)?;
    session.client.refresh(&session.tokens.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    is_dead(&session, &third)?;
    if let Some(records) = session.records()? {
        let reused = records.iter().filter(|record| record.field("kind") == "token.reused").count();
        ensure!(reused == 1, "not one record of the reuse: {records:?}");
    }
    Ok(())
}

fn a_refresh_token_of_another_client_is_invalid_and_the_family_intact(site: &Site) -> Result<()> {
    let session = Session::open(site, "stolen")?;
    let thief = session.client.discovered.client()?;
    thief.refresh(&session.tokens.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    is_alive(&session, &session.tokens)?;
    Tokens::read(&session.client.refresh(&session.tokens.refresh)?)?;
    Ok(())
}

fn a_refresh_cannot_widen_the_scope_but_may_narrow_it(site: &Site) -> Result<()> {
    let session = Session::with_scope(site, "widen", "Mail.Read People.Read")?;
    let wider = session.client.refresh_with(&session.tokens.refresh, &[("scope", "Mail.Read Mail.Send")])?;
    wider.expect_oauth_error(&[400], &["invalid_scope"])?;
    let narrower = session.client.refresh_with(&session.tokens.refresh, &[("scope", "Mail.Read")])?;
    let tokens = Tokens::read(&narrower)?;
    ensure!(tokens.answer.text("/scope")? == "Mail.Read", "scope: {narrower}");
    Ok(())
}

fn a_refresh_for_another_resource_is_an_invalid_target(site: &Site) -> Result<()> {
    let session = Session::open(site, "refresh-target")?;
    for resource in ["https://graph.microsoft.com", "http://127.0.0.1:1/mcp"] {
        let answer = session.client.refresh_with(&session.tokens.refresh, &[("resource", resource)])?;
        answer.expect_oauth_error(&[400], &["invalid_target"])?;
    }
    let same = session.client.refresh_with(&session.tokens.refresh, &[("resource", site.mcp.as_str())])?;
    Tokens::read(&same)?;
    Ok(())
}

fn a_malformed_refresh_token_is_an_invalid_grant(site: &Site) -> Result<()> {
    let session = Session::open(site, "malformed-refresh")?;
    let token = &session.tokens.refresh;
    let cut = token.get(..token.len() - 3).context("a token is longer")?;
    let swapped = token.replace("m365r_", "m365a_");
    let bent = format!("{cut}AAA");
    for bad in ["x", "m365r_", cut, &bent, &swapped, &session.tokens.access, "ü", &"m365r_".repeat(2000)] {
        let answer = session.client.refresh(bad)?;
        answer.expect_oauth_error(&[400], &["invalid_grant", "invalid_request"])?;
    }
    is_alive(&session, &session.tokens)
}

fn the_previous_token_after_ten_seconds_ends_the_family(site: &Site) -> Result<()> {
    let session = Session::open(site, "late-retry")?;
    let next = Tokens::read(&session.client.refresh(&session.tokens.refresh)?)?;
    site.control.advance(11)?;
    session.client.refresh(&session.tokens.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    is_dead(&session, &next)
}

fn a_refresh_needs_an_access_sign_in_of_the_last_twelve_hours(site: &Site) -> Result<()> {
    let session = Session::open(site, "reauth")?;
    site.control.advance(13 * 3600)?;
    session.client.refresh(&session.tokens.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    Ok(())
}

fn no_token_outlives_the_access_sign_in(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "outlive")?;
    for _ in 0..2 {
        site.control.advance(5 * 3600 + 45 * 60)?;
        let answer = session.client.refresh(&session.tokens.refresh)?;
        session.renew(&answer)?;
    }
    let lifetime = session.tokens.answer.integer("/expires_in")?;
    ensure!(lifetime <= 1860, "half an hour before the sign-in is too old, a token lives {lifetime} s");
    Ok(())
}
