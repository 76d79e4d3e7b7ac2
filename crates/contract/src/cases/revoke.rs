//! Revocation (RFC 7009), and what ends a grant.

use anyhow::Result;
use serde_json::Value;

use crate::http::Request;
use crate::oauth::Tokens;
use crate::session::Session;
use crate::site::Site;

table! { "revoke":
    shared revoking_an_access_token_leaves_the_refresh_token,
    shared revoking_a_refresh_token_ends_the_grant,
    shared an_unknown_token_is_a_success_that_changes_nothing,
    shared another_client_cannot_revoke,
    shared malformed_revocations_are_refused,
    shared authorizing_again_ends_the_earlier_grant_of_that_client_only,
}

fn status(session: &Session<'_>, token: &str) -> Result<u16> {
    let mut mcp = session.mcp.clone();
    token.clone_into(&mut mcp.token);
    Ok(mcp.send("tools/list", &Value::Null)?.answer.status)
}

fn revoking_an_access_token_leaves_the_refresh_token(site: &Site) -> Result<()> {
    let session = Session::open(site, "revoke-access")?;
    session.client.revoke(&session.tokens.access)?.expect(&[200])?;
    anyhow::ensure!(status(&session, &session.tokens.access)? == 401, "a revoked access token works");
    let next = Tokens::read(&session.client.refresh(&session.tokens.refresh)?)?;
    anyhow::ensure!(status(&session, &next.access)? == 200, "the grant is gone");
    Ok(())
}

fn revoking_a_refresh_token_ends_the_grant(site: &Site) -> Result<()> {
    let session = Session::open(site, "revoke-refresh")?;
    session.client.revoke(&session.tokens.refresh)?.expect(&[200])?;
    anyhow::ensure!(status(&session, &session.tokens.access)? == 401, "the access token survived its grant");
    session.client.refresh(&session.tokens.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    session.client.revoke(&session.tokens.refresh)?.expect(&[200])?;
    if let Some(records) = session.records()? {
        let revoked = records.iter().filter(|record| record.field("kind") == "grant.revoked").count();
        anyhow::ensure!(revoked >= 1, "the revocation is not in the journal: {records:?}");
    }
    Ok(())
}

fn an_unknown_token_is_a_success_that_changes_nothing(site: &Site) -> Result<()> {
    let session = Session::open(site, "revoke-unknown")?;
    for token in
        ["x", "m365a_x", "m365r_AAAA", "eyJhbGciOiJub25lIn0.e30.", &format!("{}A", session.tokens.refresh)]
    {
        session.client.revoke(token)?.expect(&[200])?;
    }
    anyhow::ensure!(status(&session, &session.tokens.access)? == 200, "another token was revoked");
    Ok(())
}

fn another_client_cannot_revoke(site: &Site) -> Result<()> {
    let session = Session::open(site, "revoke-other")?;
    let other = session.client.discovered.client()?;
    for token in [&session.tokens.access, &session.tokens.refresh] {
        other.revoke(token)?.expect(&[200, 400, 401])?;
        anyhow::ensure!(status(&session, &session.tokens.access)? == 200, "another client revoked a token");
    }
    Tokens::read(&session.client.refresh(&session.tokens.refresh)?)?;
    Ok(())
}

fn malformed_revocations_are_refused(site: &Site) -> Result<()> {
    let session = Session::open(site, "revoke-malformed")?;
    let url = session.client.discovered.endpoint("revocation_endpoint")?;
    let id = session.client.id.as_str();
    Request::post(url).form(&[("client_id", id)]).send()?.expect_oauth_error(&[400], &["invalid_request"])?;
    let twice = [("client_id", id), ("token", "a"), ("token", "b")];
    Request::post(url).form(&twice).send()?.expect_oauth_error(&[400], &["invalid_request"])?;
    Request::post(url)
        .form(&[("token", "a")])
        .send()?
        .expect_oauth_error(&[400, 401], &["invalid_client", "invalid_request"])?;
    Request::get(url).send()?.expect(&[405])?;
    Ok(())
}

fn authorizing_again_ends_the_earlier_grant_of_that_client_only(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "reauthorize")?;
    let other = session.client.discovered.client()?;
    let attempt = other.attempt()?;
    let beside = other.grant(&mut session.browser, &attempt)?;
    let attempt = session.client.attempt()?;
    let second = session.client.grant(&mut session.browser, &attempt)?;
    session.client.refresh(&session.tokens.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    anyhow::ensure!(status(&session, &second.access)? == 200, "the new grant does not work");
    anyhow::ensure!(status(&session, &beside.access)? == 200, "a grant of another client ended");
    Tokens::read(&other.refresh(&beside.refresh)?)?;
    Ok(())
}
