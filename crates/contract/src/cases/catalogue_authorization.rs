//! The catalogue of attacks on the authorization server: every refusal of it, its record, and what it must not do.
//!
//! Source: RFC 6749, RFC 7591, RFC 7636, RFC 8707, RFC 9700. The groups of the single endpoints show each refusal in its
//! detail; here each leaves exactly one record and shows nothing.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use url::Url;

use crate::browser::{Browser, prepare};
use crate::http::Request;
use crate::json::Look as _;
use crate::oauth::{Callback, Client, Discovered, REDIRECT, Tokens, challenge_of, unique};
use crate::rule::Rule;
use crate::session::Session;
use crate::site::Site;

table! { "catalogue_authorization":
    own refused_registrations_are_recorded_once_and_keep_nothing,
    own refused_authorizations_are_recorded_once_and_lead_nowhere,
    own refused_codes_are_recorded_once_and_spend_nothing,
    own refused_refreshes_are_recorded_once_and_end_nothing,
    own a_reused_refresh_token_is_recorded_as_reuse_and_ends_everything,
    own grants_nobody_offers_write_nothing,
    own refused_forms_are_recorded_once_and_grant_nothing,
    own refused_callbacks_are_recorded_once_and_reach_neither_entra_nor_graph,
    own a_code_lives_a_minute,
    own a_refresh_token_with_less_than_a_minute_left_is_expired,
    own tokens_of_microsoft_and_of_access_open_nothing,
    process a_token_of_another_address_of_the_same_server_is_refused,
}

/// A signed-in browser, a registered client and a code it was given.
struct Coded {
    client: Client,
    verifier: String,
    code: String,
}

fn coded(session: &mut Session<'_>, client: Client) -> Result<Coded> {
    let attempt = client.attempt()?;
    let code = client.authorize(&mut session.browser, &attempt)?.code(&attempt, &client.discovered)?;
    Ok(Coded { client, verifier: attempt.verifier, code })
}

fn lists(session: &Session<'_>, token: &str) -> Result<u16> {
    let mut mcp = session.mcp.clone();
    token.clone_into(&mut mcp.token);
    Ok(mcp.send("tools/list", &Value::Null)?.answer.status)
}

fn refused_registrations_are_recorded_once_and_keep_nothing(site: &Site) -> Result<()> {
    let discovered = Discovered::at(&site.mcp)?;
    discovered.register(&Discovered::public_client(REDIRECT))?.expect(&[201])?;
    let mut rule = Rule::on(site)?;
    let with = |name: &str, value: Value| {
        let mut metadata = Discovered::public_client(REDIRECT);
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert(name.to_owned(), value);
        }
        metadata
    };
    for metadata in [
        with("grant_types", json!(["password"])),
        with("grant_types", json!(["urn:ietf:params:oauth:grant-type:jwt-bearer"])),
        with("grant_types", json!(["refresh_token"])),
        with("response_types", json!(["token"])),
        with("token_endpoint_auth_method", json!("private_key_jwt")),
        with("redirect_uris", json!(["javascript:alert(1)"])),
        with("redirect_uris", json!(["JaVaScRiPt:alert(1)"])),
        with("redirect_uris", json!([" http://127.0.0.1/callback"])),
        with("redirect_uris", json!(["http://127.0.0.1/\ncallback"])),
        with("redirect_uris", json!(["/callback"])),
        with("redirect_uris", json!([])),
        with("redirect_uris", json!(["https://evil.example/callback"])),
        with("redirect_uris", json!([REDIRECT, "https://evil.example/callback"])),
        with("client_uri", json!("javascript:alert(1)")),
        with("logo_uri#fr", json!("data:text/html,x")),
        with("client_name", json!({ "nested": true })),
    ] {
        let answer = discovered.register(&metadata)?;
        rule.refused(&metadata.to_string(), &answer, &[400])?;
        ensure!(answer.json()?.get("client_id").is_none(), "a refused client has an id: {answer}");
    }
    for record in rule.hold()? {
        ensure!(
            record.field("kind") == "client.registered" && !record.field("code").is_empty(),
            "{record:?}"
        );
    }
    Ok(())
}

fn refused_authorizations_are_recorded_once_and_lead_nowhere(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "authorizations")?;
    let mut rule = Rule::on(site)?;
    let good = session.client.attempt()?;
    for attempt in [
        good.clone().with("client_id", "nobody"),
        good.clone().with("client_id", "https://evil.example/client.json"),
        good.clone().without("client_id"),
        good.clone().with("redirect_uri", "https://evil.example/callback"),
        good.clone().with("redirect_uri", "http://127.0.0.1.evil.example/callback"),
        good.clone().with("redirect_uri", "http://evil127.0.0.1/callback"),
        good.clone().with("redirect_uri", "http://127.0.0.1:33418/x/..%2fcallback"),
        good.clone().with("redirect_uri", "http://127.0.0.1:33418/x/..;/callback"),
        good.clone().with("redirect_uri", &format!("{REDIRECT}#fragment")),
        good.clone().also("redirect_uri", REDIRECT),
        good.clone().also("client_id", "other"),
    ] {
        let url = attempt.url()?;
        let answer = session.browser.send(Request::get(&url), &url)?;
        rule.refused(url.as_str(), &answer, &[400])?;
        ensure!(answer.header("location").is_none(), "sent somewhere: {answer}");
    }
    let mut told = Vec::new();
    for attempt in [
        good.clone().with("response_type", "token"),
        good.clone().without("response_type"),
        good.clone().without("code_challenge").without("code_challenge_method"),
        good.clone().without("code_challenge"),
        good.clone().with("code_challenge_method", "plain"),
        good.clone().with("resource", "https://graph.microsoft.com"),
        good.clone().with("resource", &format!("{}#fragment", site.mcp)),
        good.clone().with("scope", "Directory.ReadWrite.All"),
    ] {
        let url = attempt.url()?;
        let answer = session.browser.send(Request::get(&url), &url)?;
        rule.refused(url.as_str(), &answer, &[302, 303])?;
        told.push(Callback(answer.location()?));
    }
    for callback in told {
        ensure!(
            callback.parameter("error").is_some() && callback.parameter("code").is_none(),
            "{}",
            callback.0
        );
        ensure!(callback.0.as_str().starts_with(REDIRECT), "told somebody else: {}", callback.0);
    }
    session.client.grant(&mut session.browser, &good)?;
    rule.hold().map(drop)
}

fn refused_codes_are_recorded_once_and_spend_nothing(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "codes")?;
    let client = session.client.discovered.client()?;
    let thief = session.client.discovered.client()?;
    let coded = coded(&mut session, client)?;
    let mut rule = Rule::on(site)?;
    // The clock has moved a minute, which is what a code lives.
    let coded = self::coded(&mut session, coded.client)?;
    rule.hide(&coded.code);
    rule.hide(&coded.verifier);
    let guess = format!("{}AAA", coded.code.get(..coded.code.len() - 3).context("a code is longer")?);
    let elsewhere = Client { redirect: "http://127.0.0.1:33418/other".to_owned(), ..coded.client.clone() };
    for (about, answer) in [
        ("another client", thief.redeem(&coded.code, &coded.verifier)?),
        ("another redirect", elsewhere.redeem(&coded.code, &coded.verifier)?),
        ("a guessed code", coded.client.redeem(&guess, &coded.verifier)?),
        ("a code of another kind", coded.client.redeem(&session.tokens.refresh, &coded.verifier)?),
        ("no code", coded.client.redeem("", &coded.verifier)?),
    ] {
        rule.refused(about, &answer, &[400])?;
        ensure!(answer.json()?.get("access_token").is_none(), "{about}: tokens: {answer}");
    }
    let secret = Request::post(coded.client.discovered.endpoint("token_endpoint")?)
        .header("authorization", "Basic Y2xpZW50OnNlY3JldA==")
        .form(&[("grant_type", "authorization_code"), ("code", &coded.code)])
        .send()?;
    rule.refused("a secret nobody was given", &secret, &[401])?;
    let tokens = Tokens::read(&coded.client.redeem(&coded.code, &coded.verifier)?)?;
    ensure!(lists(&session, &tokens.access)? == 200, "the grant was touched");
    rule.refused("a code twice", &coded.client.redeem(&coded.code, &coded.verifier)?, &[400])?;
    ensure!(lists(&session, &tokens.access)? == 401, "tokens of a replayed code live");
    rule.hold().map(drop)
}

fn refused_refreshes_are_recorded_once_and_end_nothing(site: &Site) -> Result<()> {
    let session = Session::with_scope(site, "refreshes", "Mail.Read People.Read")?;
    let thief = session.client.discovered.client()?;
    let mut rule = Rule::on(site)?;
    let token = session.tokens.refresh.as_str();
    rule.hide(token);
    let guess = format!("{}AAA", token.get(..token.len() - 3).context("a token is longer")?);
    for (about, answer) in [
        ("another client", thief.refresh(token)?),
        ("a guessed token", session.client.refresh(&guess)?),
        ("a token of another kind", session.client.refresh(&session.tokens.access)?),
        ("a wider scope", session.client.refresh_with(token, &[("scope", "Mail.Read Mail.Send")])?),
        (
            "another resource",
            session.client.refresh_with(token, &[("resource", "https://graph.microsoft.com")])?,
        ),
        ("a doubled token", session.client.refresh_with(token, &[("refresh_token", "m365r_x")])?),
        ("another client's revocation", {
            let answer = thief.revoke("")?;
            ensure!(answer.status == 400, "{answer}");
            answer
        }),
    ] {
        rule.refused(about, &answer, &[400])?;
    }
    ensure!(lists(&session, &session.tokens.access)? == 200, "the family was touched");
    Tokens::read(&session.client.refresh(token)?)?;
    rule.hold().map(drop)
}

fn a_reused_refresh_token_is_recorded_as_reuse_and_ends_everything(site: &Site) -> Result<()> {
    let session = Session::open(site, "reuse")?;
    let mut rule = Rule::on(site)?;
    let second = Tokens::read(&session.client.refresh(&session.tokens.refresh)?)?;
    let third = Tokens::read(&session.client.refresh(&second.refresh)?)?;
    rule.refused("the first token again", &session.client.refresh(&session.tokens.refresh)?, &[400])?;
    rule.refused("the newest token", &session.client.refresh(&third.refresh)?, &[400])?;
    ensure!(lists(&session, &third.access)? == 401, "an access token outlived its family");
    let records = rule.hold()?;
    let alert = records.first().is_none_or(|record| record.field("kind") == "token.reused");
    ensure!(alert, "the reuse is not told apart: {records:?}");
    Ok(())
}

/// What is not offered is refused before anything of it is read: no assertion of another server counts here.
fn grants_nobody_offers_write_nothing(site: &Site) -> Result<()> {
    let session = Session::open(site, "not-offered")?;
    let mut rule = Rule::on(site)?;
    let assertion = site.control.assertion(&json!({ "email": session.person.email }))?.jwt;
    let id = session.client.id.as_str();
    for (about, fields) in [
        ("a password", vec![("grant_type", "password"), ("username", "a"), ("password", "b")]),
        ("client credentials", vec![("grant_type", "client_credentials")]),
        (
            "an assertion (RFC 7523)",
            vec![
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                ("assertion", assertion.as_str()),
            ],
        ),
        (
            "a token exchange (RFC 8693)",
            vec![
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("subject_token", assertion.as_str()),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
            ],
        ),
        (
            "a device code (RFC 8628)",
            vec![("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", "x")],
        ),
        ("nothing known", vec![("grant_type", "x")]),
    ] {
        let answer = session.client.token(&[fields.as_slice(), &[("client_id", id)]].concat())?;
        rule.refused(about, &answer, &[400])?;
        answer.expect_oauth_error(&[400], &["unsupported_grant_type"]).with_context(|| about.to_owned())?;
    }
    let long = "a".repeat(40_000);
    let answer = session.client.token(&[
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("client_id", id),
        ("assertion", &long),
    ])?;
    rule.refused("a long assertion", &answer, &[413])?;
    let fetched = site.control.requests("access", None)?;
    ensure!(
        !fetched.iter().any(|request| request.at("/path").as_str().is_some_and(|path| path.contains("jwks"))),
        "keys of an unknown issuer were fetched"
    );
    Tokens::read(&session.client.refresh(&session.tokens.refresh)?)?;
    rule.hold().map(drop)
}

fn refused_forms_are_recorded_once_and_grant_nothing(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "forms")?;
    let mut rule = Rule::on(site)?;
    let attempt = session.client.attempt()?;
    session.browser.stop_at(REDIRECT);
    let page = session.browser.page(&attempt.url()?)?;
    let form = page.form()?;
    let fields = form.filled(form.agree());
    let (request, url) = prepare(&page, &form, &fields)?;
    let send = |browser: &mut Browser, request: Request| browser.send(request, &url);
    let elsewhere = request.clone().header("origin", "https://evil.example");
    rule.refused("two origins", &send(&mut session.browser, elsewhere)?, &[403])?;
    let pairs: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let foreign = Request::post(&url).form(&pairs).header("origin", "https://evil.example");
    rule.refused("another site", &send(&mut session.browser, foreign)?, &[403])?;
    for (name, _) in &form.fields {
        let without: Vec<_> = pairs.iter().copied().filter(|(known, _)| known != name).collect();
        let ours = site.mcp.origin().ascii_serialization();
        let answer = send(&mut session.browser, Request::post(&url).form(&without).header("origin", &ours))?;
        rule.refused(&format!("without {name}"), &answer, &[400, 403])?;
    }
    let mut stranger = Session::open(site, "forms-stranger")?;
    rule.refused("another person and browser", &send(&mut stranger.browser, request.clone())?, &[400, 403])?;
    let mut without = session.browser.clone();
    without.forget_cookies("__Host-");
    rule.refused("without its cookie", &send(&mut without, request.clone())?, &[400, 403])?;
    let agreed = send(&mut session.browser, request.clone())?;
    agreed.expect(&[302, 303])?;
    rule.refused("twice", &send(&mut session.browser, request)?, &[400])?;
    rule.hold().map(drop)
}

fn refused_callbacks_are_recorded_once_and_reach_neither_entra_nor_graph(site: &Site) -> Result<()> {
    let person = site.person("callbacks")?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    let client = site.client()?;
    let attempt = client.attempt()?;
    let mut rule = Rule::on(site)?;
    browser.stop_at(site.edge("/callback")?.as_str());
    let callback = client.authorize(&mut browser, &attempt)?.0;
    browser.stop_nowhere();
    let state = Callback(callback.clone()).parameter("state").context("a state")?;
    let code = Callback(callback.clone()).parameter("code").context("a code")?;
    rule.hide(&code);
    let at = |state: &str| -> Result<Url> {
        let mut url = site.edge("/callback")?;
        url.query_pairs_mut().append_pair("code", &code).append_pair("state", state);
        Ok(url)
    };
    let unsigned = "eyJjbGllbnRfaWQiOiJ4IiwicmVkaXJlY3RfdXJpIjoiaHR0cHM6Ly9ldmlsLmV4YW1wbGUvIn0=";
    let cut = state.get(..state.len() / 2).context("ASCII")?;
    for (about, url) in [
        ("a forged state", at(unsigned)?),
        ("half a state", at(cut)?),
        ("no state", site.edge("/callback?code=x")?),
        ("a state twice", Url::parse(&format!("{}&state=x", at(&state)?))?),
        ("nothing", site.edge("/callback")?),
    ] {
        let answer = browser.send(Request::get(&url), &url)?;
        rule.refused(about, &answer, &[400, 403])?;
        ensure!(answer.header("location").is_none(), "{about}: sent somewhere: {answer}");
    }
    let mut without = browser.clone();
    without.forget_cookies("__Host-");
    rule.refused("another browser", &without.send(Request::get(&callback), &callback)?, &[400, 403])?;
    let entra = site.control.requests("entra", Some(&person.email))?;
    ensure!(!entra.iter().any(|request| request.at("/method") == "POST"), "a code was redeemed: {entra:?}");
    ensure!(site.control.requests("graph", Some(&person.email))?.is_empty(), "Graph was called");
    browser.send(Request::get(&callback), &callback)?.expect(&[302, 303])?;
    rule.refused("the same callback again", &browser.send(Request::get(&callback), &callback)?, &[400, 403])?;
    rule.hold().map(drop)
}

fn a_code_lives_a_minute(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "minute")?;
    let mut rule = Rule::on(site)?;
    let client = session.client.clone();
    let early = coded(&mut session, client.clone())?;
    site.advance(55)?;
    Tokens::read(&early.client.redeem(&early.code, &early.verifier)?)?;
    let late = coded(&mut session, client)?;
    site.advance(61)?;
    rule.refused("after 61 s", &late.client.redeem(&late.code, &late.verifier)?, &[400])?;
    rule.hold().map(drop)
}

fn a_refresh_token_with_less_than_a_minute_left_is_expired(site: &Site) -> Result<()> {
    let session = Session::open(site, "last-minute")?;
    let mut rule = Rule::on(site)?;
    // The Access sign-in carries tokens for twelve hours; the rule has used up a minute of them.
    site.advance(12 * 3600 - 61 - 30)?;
    let answer = session.client.refresh(&session.tokens.refresh)?;
    rule.refused("half a minute before the end", &answer, &[400])?;
    answer.expect_oauth_error(&[400], &["invalid_grant"])?;
    rule.hold().map(drop)
}

/// A Microsoft access token of the person, as their browser and the application's secret would give it to anybody.
fn microsoft_token(site: &Site, email: &str) -> Result<Value> {
    let config = Request::get(site.sandbox.join("/_control/config")?).send()?.json()?;
    let verifier = unique("microsoft");
    let endpoint = format!("{}/{}/oauth2/v2.0", config.text("/entraBaseUrl")?, config.text("/tenantId")?);
    let mut url = Url::parse(&format!("{endpoint}/authorize"))?;
    url.query_pairs_mut().extend_pairs([
        ("client_id", config.text("/clientId")?),
        ("response_type", "code"),
        ("redirect_uri", config.text("/redirectUri")?),
        ("scope", "openid offline_access Mail.Read"),
        ("code_challenge", &challenge_of(&verifier)),
        ("code_challenge_method", "S256"),
        ("state", "s"),
        ("nonce", "n"),
        ("login_hint", email),
    ]);
    let mut browser = Browser::signed_in(&site.control, &site.mcp, email)?;
    browser.stop_at(config.text("/redirectUri")?);
    let code = Callback(browser.open(&url)?.stop()?).parameter("code").context("a Microsoft code")?;
    let answer = Request::post(format!("{endpoint}/token"))
        .form(&[
            ("grant_type", "authorization_code"),
            ("client_id", config.text("/clientId")?),
            ("client_secret", config.text("/clientSecret")?),
            ("code", &code),
            ("redirect_uri", config.text("/redirectUri")?),
            ("code_verifier", &verifier),
        ])
        .send()?;
    answer.expect(&[200])?.json()
}

fn tokens_of_microsoft_and_of_access_open_nothing(site: &Site) -> Result<()> {
    let session = Session::open(site, "foreign-tokens")?;
    let microsoft = microsoft_token(site, &session.person.email)?;
    let assertion = site.control.assertion(&json!({ "email": session.person.email }))?.jwt;
    let mut rule = Rule::on(site)?;
    let before = session.graph_requests()?.len();
    for (about, token) in [
        ("a Graph access token", microsoft.text("/access_token")?),
        ("a Microsoft refresh token", microsoft.text("/refresh_token")?),
        ("a Microsoft id token", microsoft.text("/id_token")?),
        ("an Access assertion", assertion.as_str()),
        ("a refresh token of ours", session.tokens.refresh.as_str()),
    ] {
        rule.hide(token);
        let mut mcp = session.mcp.clone();
        token.clone_into(&mut mcp.token);
        rule.refused(about, &mcp.tool("getEmails", &json!({}))?.answer, &[401])?;
        let answer = session.client.refresh(token)?;
        if about != "a refresh token of ours" {
            rule.refused(&format!("{about} as a refresh token"), &answer, &[400])?;
        }
    }
    ensure!(session.graph_requests()?.len() == before, "a token that is not ours reached Graph");
    session.tool("getEmails", &json!({ "count": 1 }))?.answer.expect(&[200])?;
    rule.hold().map(drop)
}

/// The same keys and the same people behind another port: the audience differs, and nothing else.
fn a_token_of_another_address_of_the_same_server_is_refused(site: &Site) -> Result<()> {
    let session = Session::open(site, "two-addresses")?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    site.kill()?;
    let other = site.copy()?;
    ensure!(other.mcp != site.mcp, "the copy has the same address");
    let mut there = session.mcp.clone();
    there.url = other.mcp.clone();
    let answer = there.send("tools/list", &Value::Null)?.answer;
    answer.expect(&[401])?;
    drop(other);
    site.start_again()?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content().map(drop)
}
