//! The token endpoint with authorization codes.

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::http::{Answer, Request};
use crate::json::Look as _;
use crate::mcp::Mcp;
use crate::oauth::{Attempt, Client, Discovered, REDIRECT, Tokens, unique};
use crate::raw;
use crate::session::Session;
use crate::site::Site;

table! { "token":
    shared a_code_becomes_tokens_that_open_the_endpoint,
    shared a_wrong_verifier_gets_nothing,
    shared a_wrong_redirect_gets_nothing_and_spends_nothing,
    shared a_code_of_another_client_is_invalid_and_untouched,
    shared a_guessed_code_is_invalid_and_touches_nothing,
    shared a_replayed_code_ends_the_tokens_it_gave,
    shared another_resource_at_the_token_endpoint_is_an_invalid_target,
    shared malformed_token_requests_have_their_documented_errors,
    shared a_public_client_cannot_authenticate_with_a_secret,
    shared a_confidential_client_authenticates_exactly_as_it_registered,
    shared a_foreign_page_cannot_read_token_answers,
    shared a_narrow_grant_stays_narrow,
    own a_code_expires,
    own an_access_token_lives_an_hour_at_most,
}

struct Coded {
    client: Client,
    attempt: Attempt,
    code: String,
    mcp: url::Url,
}

fn coded(site: &Site, name: &str) -> Result<Coded> {
    let person = site.person(name)?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    let client = Discovered::at(&site.mcp)?.client()?;
    let attempt = client.attempt()?;
    let code = client.authorize(&mut browser, &attempt)?.code(&attempt, &client.discovered)?;
    Ok(Coded { client, attempt, code, mcp: site.mcp.clone() })
}

impl Coded {
    fn redeem(&self) -> Result<Answer> {
        self.client.redeem(&self.code, &self.attempt.verifier)
    }

    fn works(&self, token: &str) -> Result<u16> {
        let mcp = Mcp::new(&self.mcp, token);
        Ok(mcp.send("tools/list", &Value::Null)?.answer.status)
    }
}

fn a_code_becomes_tokens_that_open_the_endpoint(site: &Site) -> Result<()> {
    let coded = coded(site, "code")?;
    let tokens = Tokens::read(&coded.redeem()?)?;
    let lifetime = tokens.answer.integer("/expires_in")?;
    ensure!((60..=3600).contains(&lifetime), "expires_in: {}", tokens.answer);
    ensure!(tokens.access.starts_with("m365a_") && tokens.refresh.starts_with("m365r_"), "token kinds");
    ensure!(coded.works(&tokens.access)? == 200, "the access token does not work");
    ensure!(coded.works(&tokens.refresh)? == 401, "a refresh token opens the endpoint");
    ensure!(coded.works(&coded.code)? == 401, "a code opens the endpoint");
    Ok(())
}

fn a_wrong_verifier_gets_nothing(site: &Site) -> Result<()> {
    let wrong = coded(site, "verifier")?;
    let answer = wrong.client.redeem(&wrong.code, &unique("other verifier"))?;
    answer.expect_oauth_error(&[400], &["invalid_grant"])?;
    let missing = coded(site, "no-verifier")?;
    let resource = site.mcp.as_str();
    let base = [
        ("grant_type", "authorization_code"),
        ("code", missing.code.as_str()),
        ("redirect_uri", REDIRECT),
        ("client_id", missing.client.id.as_str()),
        ("resource", resource),
    ];
    missing.client.token(&base)?.expect_oauth_error(&[400], &["invalid_grant", "invalid_request"])?;
    for bad in ["", "short", &"a".repeat(200), "ä"] {
        let answer = missing.client.token(&[base.as_slice(), &[("code_verifier", bad)]].concat())?;
        answer.expect_oauth_error(&[400], &["invalid_grant", "invalid_request"])?;
    }
    Ok(())
}

fn a_wrong_redirect_gets_nothing_and_spends_nothing(site: &Site) -> Result<()> {
    let coded = coded(site, "wrong-redirect")?;
    let mut elsewhere = coded.client.clone();
    for redirect in [
        "http://127.0.0.1:33418/other",
        "http://localhost:33418/callback",
        "https://claude.ai/api/mcp/auth_callback",
    ] {
        redirect.clone_into(&mut elsewhere.redirect);
        let answer = elsewhere.redeem(&coded.code, &coded.attempt.verifier)?;
        answer.expect_oauth_error(&[400], &["invalid_grant"])?;
    }
    Tokens::read(&coded.redeem()?)?;
    Ok(())
}

fn a_code_of_another_client_is_invalid_and_untouched(site: &Site) -> Result<()> {
    let coded = coded(site, "code-owner")?;
    let thief = coded.client.discovered.client()?;
    thief.redeem(&coded.code, &coded.attempt.verifier)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    let tokens = Tokens::read(&coded.redeem()?)?;
    ensure!(coded.works(&tokens.access)? == 200, "the grant was touched");
    Ok(())
}

fn a_guessed_code_is_invalid_and_touches_nothing(site: &Site) -> Result<()> {
    let coded = coded(site, "guess")?;
    let cut = coded.code.get(..coded.code.len() - 3).context("a code is longer")?.to_owned();
    let garbage = format!("m365c_{}", "A".repeat(120));
    for guess in [
        format!("{cut}AAA"),
        cut,
        garbage,
        "x".to_owned(),
        coded.code.replace("m365c_", "m365a_"),
        "ü".to_owned(),
    ] {
        let answer = coded.client.redeem(&guess, &coded.attempt.verifier)?;
        answer.expect_oauth_error(&[400], &["invalid_grant"]).with_context(|| guess.clone())?;
    }
    Tokens::read(&coded.redeem()?)?;
    Ok(())
}

fn a_replayed_code_ends_the_tokens_it_gave(site: &Site) -> Result<()> {
    let coded = coded(site, "replay")?;
    let tokens = Tokens::read(&coded.redeem()?)?;
    ensure!(coded.works(&tokens.access)? == 200, "the access token does not work");
    coded.redeem()?.expect_oauth_error(&[400], &["invalid_grant"])?;
    ensure!(coded.works(&tokens.access)? == 401, "the access token survived a replay of its code");
    coded.client.refresh(&tokens.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    if let Some(journal) = site.journal() {
        let reused =
            journal.records()?.into_iter().filter(|record| record.field("kind") == "token.reused").count();
        ensure!(reused > 0, "the replay is not in the journal");
    }
    Ok(())
}

fn another_resource_at_the_token_endpoint_is_an_invalid_target(site: &Site) -> Result<()> {
    let coded = coded(site, "resource")?;
    for resource in ["https://graph.microsoft.com", "http://127.0.0.1:1/mcp", "mcp", "#"] {
        let answer = coded.client.token(&[
            ("grant_type", "authorization_code"),
            ("code", &coded.code),
            ("redirect_uri", REDIRECT),
            ("client_id", &coded.client.id),
            ("code_verifier", &coded.attempt.verifier),
            ("resource", resource),
        ])?;
        answer.expect_oauth_error(&[400], &["invalid_target"]).with_context(|| resource.to_owned())?;
    }
    Ok(())
}

fn malformed_token_requests_have_their_documented_errors(site: &Site) -> Result<()> {
    let client = Discovered::at(&site.mcp)?.client()?;
    let id = client.id.as_str();
    client.token(&[])?.expect_oauth_error(&[400, 401], &["invalid_request", "invalid_client"])?;
    client
        .token(&[("client_id", id)])?
        .expect_oauth_error(&[400], &["invalid_request", "unsupported_grant_type"])?;
    for kind in
        ["password", "client_credentials", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "x"]
    {
        let answer = client.token(&[("grant_type", kind), ("client_id", id)])?;
        answer.expect_oauth_error(&[400], &["unsupported_grant_type", "unauthorized_client"])?;
    }
    let twice =
        [("grant_type", "refresh_token"), ("client_id", id), ("refresh_token", "a"), ("refresh_token", "b")];
    client.token(&twice)?.expect_oauth_error(&[400], &["invalid_request"])?;
    client
        .token(&[("grant_type", "authorization_code"), ("client_id", id)])?
        .expect_oauth_error(&[400], &["invalid_request", "invalid_grant"])?;
    client
        .token(&[("grant_type", "refresh_token"), ("client_id", id)])?
        .expect_oauth_error(&[400], &["invalid_request", "invalid_grant"])?;
    let unknown = [("grant_type", "refresh_token"), ("client_id", "nobody"), ("refresh_token", "m365r_x")];
    client.token(&unknown)?.expect_oauth_error(&[401, 400], &["invalid_client", "invalid_grant"])?;
    let url = client.discovered.endpoint("token_endpoint")?;
    Request::post(url).json(&json!({ "grant_type": "refresh_token" })).send()?.expect(&[400, 415])?;
    Request::post(url)
        .body("application/x-www-form-urlencoded", vec![b'a', b'=', 0xff, 0xfe])
        .send()?
        .expect(&[400, 401])?;
    let form = "Content-Type: application/x-www-form-urlencoded";
    raw::post(site, "/token", form, "a".repeat(3_000_000).as_bytes())?.expect(&[413])?;
    Request::get(url).send()?.expect(&[405])?;
    Ok(())
}

fn a_public_client_cannot_authenticate_with_a_secret(site: &Site) -> Result<()> {
    let coded = coded(site, "secret")?;
    let url = coded.client.discovered.endpoint("token_endpoint")?;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", coded.code.as_str()),
        ("redirect_uri", REDIRECT),
        ("code_verifier", coded.attempt.verifier.as_str()),
    ];
    let basic =
        Request::post(url).header("authorization", "Basic Y2xpZW50OnNlY3JldA==").form(&fields).send()?;
    basic.expect_oauth_error(&[401], &["invalid_client"])?;
    let mixed = [fields.as_slice(), &[("client_id", coded.client.id.as_str())]].concat();
    let both =
        Request::post(url).header("authorization", "Basic Y2xpZW50OnNlY3JldA==").form(&mixed).send()?;
    both.expect_oauth_error(&[400, 401], &["invalid_client", "invalid_request"])?;
    let posted = [mixed.as_slice(), &[("client_secret", "guess")]].concat();
    coded.client.token(&posted)?.expect_oauth_error(&[400, 401], &["invalid_client"])?;
    Tokens::read(&coded.redeem()?)?;
    Ok(())
}

fn a_foreign_page_cannot_read_token_answers(site: &Site) -> Result<()> {
    let client = Discovered::at(&site.mcp)?.client()?;
    let url = client.discovered.endpoint("token_endpoint")?;
    let answer =
        Request::post(url).header("origin", "https://evil.example").form(&[("grant_type", "x")]).send()?;
    answer.expect(&[400, 401, 403])?;
    ensure!(answer.header("access-control-allow-credentials").is_none(), "credentials: {answer}");
    ensure!(
        answer.header("access-control-allow-origin") != Some("https://evil.example"),
        "reflected origin: {answer}"
    );
    Ok(())
}

fn a_narrow_grant_stays_narrow(site: &Site) -> Result<()> {
    let session = Session::with_scope(site, "narrow", "Mail.Read")?;
    ensure!(session.tokens.answer.text("/scope")? == "Mail.Read", "scope: {}", session.tokens.answer);
    session.tool("getEmails", &json!({}))?.content()?;
    let before = session.graph_requests()?.len();
    let reply =
        session.tool("sendEmail", &json!({ "to": "blair@contoso.example", "subject": "s", "body": "b" }))?;
    reply.answer.expect(&[403])?;
    let challenge = reply.answer.header("www-authenticate").unwrap_or_default().to_owned();
    ensure!(
        challenge.contains("insufficient_scope") && challenge.contains("Mail.Send"),
        "challenge: {}",
        reply.answer
    );
    ensure!(session.graph_requests()?.len() == before, "Graph was called without the scope");
    if let Some(records) = session.records()? {
        let denied = records.iter().filter(|record| record.field("tool") == "sendEmail").count();
        ensure!(denied == 1, "not one record of the refusal: {records:?}");
    }
    Ok(())
}

fn a_code_expires(site: &Site) -> Result<()> {
    let coded = coded(site, "late-code")?;
    site.control.advance(601)?;
    coded.redeem()?.expect_oauth_error(&[400], &["invalid_grant"])?;
    Ok(())
}

fn an_access_token_lives_an_hour_at_most(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "hour")?;
    site.control.advance(3601)?;
    let expired = session.mcp.send("tools/list", &Value::Null)?;
    expired.answer.expect(&[401])?;
    let challenge = expired.answer.header("www-authenticate").unwrap_or_default().to_owned();
    ensure!(challenge.contains("invalid_token"), "challenge: {}", expired.answer);
    let renewed = session.client.refresh(&session.tokens.refresh)?;
    session.renew(&renewed)?;
    session.tool("getEmails", &json!({}))?.content()?;
    Ok(())
}

/// A confidential client that registered with this method, and a code for it.
fn confidential(site: &Site, name: &str, method: &str) -> Result<Option<(Coded, String)>> {
    let discovered = Discovered::at(&site.mcp)?;
    if !discovered.server.strings("/token_endpoint_auth_methods_supported").contains(&method) {
        return Ok(None);
    }
    let mut metadata = Discovered::public_client(REDIRECT);
    *metadata.pointer_mut("/token_endpoint_auth_method").context("a method")? = json!(method);
    let answer = discovered.register(&metadata)?;
    let body = answer.expect(&[201])?.expect_not_stored()?.json()?;
    let secret = body.text("/client_secret")?.to_owned();
    ensure!(secret.len() >= 32, "a short secret");
    let client =
        Client { discovered, id: body.text("/client_id")?.to_owned(), redirect: REDIRECT.to_owned() };
    let person = site.person(name)?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    let attempt = client.attempt()?;
    let code = client.authorize(&mut browser, &attempt)?.code(&attempt, &client.discovered)?;
    Ok(Some((Coded { client, attempt, code, mcp: site.mcp.clone() }, secret)))
}

/// Redeems the code with `Basic` credentials, posted credentials, or both.
fn redeem_as(coded: &Coded, basic: Option<&str>, posted: Option<&str>) -> Result<Answer> {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", coded.code.as_str()),
        ("redirect_uri", REDIRECT),
        ("code_verifier", coded.attempt.verifier.as_str()),
    ];
    if let Some(secret) = posted {
        fields.extend([("client_id", coded.client.id.as_str()), ("client_secret", secret)]);
    }
    let mut request = Request::post(coded.client.discovered.endpoint("token_endpoint")?);
    if let Some(secret) = basic {
        let credentials = STANDARD.encode(format!("{}:{secret}", coded.client.id));
        request = request.header("authorization", &format!("Basic {credentials}"));
    }
    request.form(&fields).send()
}

fn a_confidential_client_authenticates_exactly_as_it_registered(site: &Site) -> Result<()> {
    for method in ["client_secret_basic", "client_secret_post"] {
        let Some((coded, secret)) = confidential(site, "confidential", method)? else { continue };
        let secret = secret.as_str();
        let basic = method == "client_secret_basic";
        let wrong = if basic {
            redeem_as(&coded, Some("wrong"), None)?
        } else {
            redeem_as(&coded, None, Some("wrong"))?
        };
        wrong.expect_oauth_error(&[401], &["invalid_client"])?;
        let scheme = wrong.header("www-authenticate").unwrap_or_default();
        ensure!(!basic || scheme.starts_with("Basic"), "no Basic challenge: {wrong}");
        let other = if basic {
            redeem_as(&coded, None, Some(secret))?
        } else {
            redeem_as(&coded, Some(secret), None)?
        };
        other.expect_oauth_error(&[401], &["invalid_client"])?;
        let both = redeem_as(&coded, Some(secret), Some(secret))?;
        both.expect_oauth_error(&[400, 401], &["invalid_client", "invalid_request"])?;
        coded.redeem()?.expect_oauth_error(&[401], &["invalid_client"]).context("without its secret")?;
        let right = if basic {
            redeem_as(&coded, Some(secret), None)?
        } else {
            redeem_as(&coded, None, Some(secret))?
        };
        let tokens = Tokens::read(&right).context("refused attempts spend nothing")?;
        coded.client.refresh(&tokens.refresh)?.expect_oauth_error(&[401], &["invalid_client"])?;
        ensure!(coded.works(&tokens.access)? == 200, "the access token does not work");
    }
    Ok(())
}
