//! Continuous access evaluation: Graph may refuse a token before its time, and says what the next one must be asked with.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use url::Url;

use crate::json::Look as _;
use crate::oauth::Callback;
use crate::session::Session;
use crate::site::Site;

table! { "continuous_access":
    shared every_request_for_a_microsoft_token_declares_the_capability,
    shared a_challenge_is_met_by_one_refresh_that_nobody_sees,
    shared a_403_with_a_challenge_is_met_like_a_401,
    shared a_mail_under_a_challenge_is_sent_exactly_once,
    shared a_challenge_that_only_a_sign_in_meets_sends_the_person_there_with_the_same_claims,
    shared a_challenge_that_comes_again_is_tried_once_and_then_needs_a_sign_in,
    shared a_person_whose_sessions_were_revoked_signs_in_with_the_claims_of_the_challenge,
    own a_long_lived_token_is_used_without_a_refresh_and_still_ends_at_once,
}

/// Forms that Entra received for a person, for this grant.
fn forms(session: &Session<'_>, grant: &str) -> Result<Vec<Value>> {
    let requests = session.site.control.requests("entra", Some(&session.person.email))?;
    let of_grant = |request: &Value| request.at("/body/grant_type") == &Value::from(grant);
    Ok(requests
        .iter()
        .filter(|request| of_grant(request))
        .map(|request| request.at("/body").clone())
        .collect())
}

/// What the newest of them asked for by `claims`.
fn claims_of(form: &Value) -> Result<Value> {
    Ok(serde_json::from_str(form.text("/claims")?)?)
}

/// What the newest sign-in asked for by `claims`.
fn claims_of_sign_in(session: &Session<'_>) -> Result<Value> {
    let requests = session.site.control.requests("entra", Some(&session.person.email))?;
    let asked = requests
        .iter()
        .rfind(|request| request.at("/path").as_str().is_some_and(|path| path.ends_with("/authorize")));
    let query = asked.context("nobody signed in")?.text("/query")?;
    let claims = Callback(Url::parse(&format!("http://x/?{query}"))?).parameter("claims");
    Ok(serde_json::from_str(&claims.context("the sign-in asked for no claims")?)?)
}

fn expect_capable(claims: &Value) -> Result<()> {
    ensure!(
        claims.at("/access_token/xms_cc/values") == &json!(["cp1"]),
        "the capability is missing: {claims}"
    );
    Ok(())
}

fn expect_moment(claims: &Value, challenge: &Value) -> Result<()> {
    let place = "/access_token/nbf";
    ensure!(claims.at(place) == challenge.at(place), "asked for {claims}, challenged with {challenge}");
    expect_capable(claims)
}

fn read(session: &Session<'_>) -> Result<()> {
    session.tool("getEmails", &json!({ "count": 1, "timeZone": "UTC" }))?.content().map(drop)
}

/// A call that must end with the address to sign in at.
fn must_sign_in(session: &Session<'_>) -> Result<()> {
    let sentence = session.tool("getEmails", &json!({ "count": 1, "timeZone": "UTC" }))?.failure()?;
    ensure!(sentence.contains(session.site.edge("/connect")?.as_str()), "no way to sign in: {sentence}");
    Ok(())
}

fn sign_in_at_connect(session: &mut Session<'_>) -> Result<()> {
    session.sign_in_again()?;
    let page = session.browser.page(&session.site.edge("/connect")?)?;
    ensure!(page.answer.status == 200, "{}", page.answer);
    Ok(())
}

fn every_request_for_a_microsoft_token_declares_the_capability(site: &Site) -> Result<()> {
    let session = Session::open(site, "capable")?;
    expect_capable(&claims_of_sign_in(&session)?)?;
    let redeemed = forms(&session, "authorization_code")?;
    expect_capable(&claims_of(redeemed.last().context("no code was redeemed")?)?)?;
    site.control.challenge(&session.person.email, &json!({}))?;
    read(&session)?;
    let refreshed = forms(&session, "refresh_token")?;
    expect_capable(&claims_of(refreshed.last().context("nothing was refreshed")?)?)
}

fn met_by_one_refresh(site: &Site, name: &str, status: u16) -> Result<()> {
    let session = Session::open(site, name)?;
    read(&session)?;
    let challenge = site.control.challenge(&session.person.email, &json!({ "status": status }))?;
    read(&session)?;
    let refreshed = forms(&session, "refresh_token")?;
    ensure!(refreshed.len() == 1, "{} refreshes for one challenge", refreshed.len());
    expect_moment(&claims_of(refreshed.last().context("nothing was refreshed")?)?, &challenge)?;
    read(&session)?;
    ensure!(forms(&session, "refresh_token")?.len() == 1, "the new token was not kept");
    ensure!(session.graph_requests()?.len() == 4, "three calls and one repetition");
    Ok(())
}

fn a_challenge_is_met_by_one_refresh_that_nobody_sees(site: &Site) -> Result<()> {
    met_by_one_refresh(site, "challenged", 401)
}

fn a_403_with_a_challenge_is_met_like_a_401(site: &Site) -> Result<()> {
    met_by_one_refresh(site, "forbidden", 403)
}

fn a_mail_under_a_challenge_is_sent_exactly_once(site: &Site) -> Result<()> {
    let session = Session::open(site, "challenged-mail")?;
    site.control.challenge(&session.person.email, &json!({}))?;
    let mail = json!({ "to": "blair@contoso.example", "subject": "once", "body": "b" });
    session.tool("sendEmail", &mail)?.content()?;
    let sent = site.control.graph("sent", &session.person.email)?;
    ensure!(sent.len() == 1, "{} mails were sent", sent.len());
    Ok(())
}

fn a_challenge_that_only_a_sign_in_meets_sends_the_person_there_with_the_same_claims(
    site: &Site,
) -> Result<()> {
    let mut session = Session::open(site, "interaction")?;
    let challenge = site.control.challenge(&session.person.email, &json!({ "interaction": true }))?;
    must_sign_in(&session)?;
    let (refreshes, calls) = (forms(&session, "refresh_token")?.len(), session.graph_requests()?.len());
    ensure!((refreshes, calls) == (1, 1), "{refreshes} refreshes and {calls} calls for one challenge");
    must_sign_in(&session)?;
    let (refreshes, calls) = (forms(&session, "refresh_token")?.len(), session.graph_requests()?.len());
    ensure!(
        (refreshes, calls) == (1, 1),
        "asked again without a sign-in: {refreshes} refreshes, {calls} calls"
    );
    sign_in_at_connect(&mut session)?;
    expect_moment(&claims_of_sign_in(&session)?, &challenge)?;
    read(&session)
}

fn a_challenge_that_comes_again_is_tried_once_and_then_needs_a_sign_in(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "loop")?;
    let fault =
        json!({ "target": "graph", "person": session.person.email, "kind": "claims_challenge", "times": 2 });
    site.control.fault(&fault)?;
    must_sign_in(&session)?;
    let (refreshes, calls) = (forms(&session, "refresh_token")?.len(), session.graph_requests()?.len());
    ensure!((refreshes, calls) == (1, 2), "{refreshes} refreshes and {calls} calls");
    // The fault is used up: only the server itself keeps the person waiting now.
    must_sign_in(&session)?;
    let (refreshes, calls) = (forms(&session, "refresh_token")?.len(), session.graph_requests()?.len());
    ensure!((refreshes, calls) == (1, 2), "a loop: {refreshes} refreshes, {calls} calls");
    sign_in_at_connect(&mut session)?;
    let asked = claims_of_sign_in(&session)?;
    ensure!(asked.at("/access_token/nbf/value").is_string(), "the challenge was not kept: {asked}");
    read(&session)
}

fn a_person_whose_sessions_were_revoked_signs_in_with_the_claims_of_the_challenge(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "revoked")?;
    site.control.revoke(&session.person.email)?;
    must_sign_in(&session)?;
    sign_in_at_connect(&mut session)?;
    let asked = claims_of_sign_in(&session)?;
    ensure!(asked.at("/access_token/nbf/value").is_string(), "the challenge was not kept: {asked}");
    read(&session)
}

fn a_long_lived_token_is_used_without_a_refresh_and_still_ends_at_once(site: &Site) -> Result<()> {
    site.control.entra(&json!({ "long_lived": true }))?;
    let mut session = Session::open(site, "long-lived")?;
    site.control.entra(&json!({ "long_lived": false }))?;
    site.control.advance(11 * 3600)?;
    let answer = session.client.refresh(&session.tokens.refresh)?;
    session.renew(&answer)?;
    read(&session)?;
    ensure!(forms(&session, "refresh_token")?.is_empty(), "a token of 28 hours was refreshed after 11");
    site.control.challenge(&session.person.email, &json!({ "interaction": true }))?;
    must_sign_in(&session)
}
