//! Consent that is remembered: offered to few clients, given by the person alone, and for nothing but the very same.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::browser::{Browser, Landing, Page};
use crate::control::Person;
use crate::html::forms;
use crate::json::Look as _;
use crate::oauth::{Attempt, Callback, Client, Tokens};
use crate::publisher::Publisher;
use crate::session::at_once;
use crate::site::Site;

const FIELD: &str = "remember";

table! { "remembered_consent":
    shared the_choice_is_offered_only_where_a_host_vouches_and_is_answered,
    shared the_same_is_not_asked_twice_where_the_person_asked_for_that,
    shared without_the_person_s_wish_the_same_is_asked_again,
    shared a_wish_that_was_not_offered_is_not_heard,
    shared more_scopes_another_redirect_and_another_client_are_asked,
    shared another_person_and_another_browser_are_asked,
    shared a_changed_cookie_of_ours_is_none,
    shared what_is_wrong_with_a_request_is_refused_as_ever,
    shared parallel_visits_give_each_a_code_of_its_own,
    shared ending_the_connection_ends_what_was_remembered,
    shared revocation_by_the_client_ends_what_was_remembered,
    files the_record_tells_a_remembered_consent_from_a_given_one,
    own a_changed_document_is_asked_again,
    own after_thirty_days_the_same_is_asked_again,
    own a_remembered_consent_replaces_no_sign_in,
}

/// A person who has allowed a client with a document.
struct Allowed<'a> {
    site: &'a Site,
    publisher: Publisher<'a>,
    client: Client,
    person: Person,
    browser: Browser,
    tokens: Tokens,
}

fn allowed<'a>(site: &'a Site, name: &str, remember: bool) -> Result<Allowed<'a>> {
    let publisher = Publisher::at(site, "claude.ai")?;
    let client = publisher.client()?;
    let person = site.person(name)?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    let attempt = client.attempt()?;
    let callback = allow(&mut browser, &client, &attempt, remember)?;
    let code = callback.code(&attempt, &client.discovered)?;
    let tokens = Tokens::read(&client.redeem(&code, &attempt.verifier)?)?;
    Ok(Allowed { site, publisher, client, person, browser, tokens })
}

/// Goes through the consent page, with the wish to be remembered or without, to the client.
fn allow(browser: &mut Browser, client: &Client, attempt: &Attempt, remember: bool) -> Result<Callback> {
    browser.stop_at(&client.redirect);
    let page = browser.page(&attempt.url()?)?;
    page.answer.expect(&[200])?;
    let form = page.form()?;
    let mut fields = form.filled(form.agree());
    if remember {
        fields.push((FIELD.to_owned(), "yes".to_owned()));
    }
    let mut landing = browser.submit_fields(&page, &form, &fields)?;
    for _ in 0..4 {
        let page = match landing {
            Landing::Stop(url) => return Ok(Callback(url)),
            Landing::Page(page) => page,
        };
        let form = page.form()?;
        landing = browser.submit(&page, &form, form.agree())?;
    }
    Ok(Callback(landing.stop()?))
}

/// Where the browser ends that is sent to authorize.
fn visit(browser: &mut Browser, client: &Client, attempt: &Attempt) -> Result<Landing> {
    browser.stop_at(&client.redirect);
    browser.open(&attempt.url()?)
}

/// Expects the consent page.
fn expect_asked(landing: Landing) -> Result<Page> {
    let page = landing.page()?;
    page.answer.expect(&[200])?;
    page.form()?;
    Ok(page)
}

fn offers_to_remember(page: &Page) -> bool {
    page.answer.text().contains(&format!("name=\"{FIELD}\""))
}

impl Allowed<'_> {
    /// A code without a question.
    fn expect_remembered(&mut self) -> Result<()> {
        let attempt = self.client.attempt()?;
        let callback = Callback(visit(&mut self.browser, &self.client, &attempt)?.stop()?);
        let code = callback.code(&attempt, &self.client.discovered)?;
        self.tokens = Tokens::read(&self.client.redeem(&code, &attempt.verifier)?)?;
        Ok(())
    }

    fn expect_asked(&mut self) -> Result<Page> {
        let attempt = self.client.attempt()?;
        expect_asked(visit(&mut self.browser, &self.client, &attempt)?)
    }

    fn expect_asked_for(&mut self, client: &Client, attempt: &Attempt) -> Result<Page> {
        expect_asked(visit(&mut self.browser, client, attempt)?)
    }

    fn sign_in_again(&mut self) -> Result<()> {
        self.browser.sign_in(&self.site.control, &self.site.mcp, &self.person.email)
    }
}

fn the_choice_is_offered_only_where_a_host_vouches_and_is_answered(site: &Site) -> Result<()> {
    let person = site.person("offer")?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    let hosted = Publisher::at(site, "claude.ai")?.client()?;
    let loopback = Client { redirect: "http://localhost:4/callback".to_owned(), ..hosted.clone() };
    let registered = site.client()?.clone();
    for (client, offered) in [(hosted, true), (loopback, false), (registered, false)] {
        let page = expect_asked(visit(&mut browser, &client, &client.attempt()?)?)?;
        ensure!(
            offers_to_remember(&page) == offered,
            "{} at {}: {}",
            client.id,
            client.redirect,
            page.answer
        );
        // A box that is checked already would be no wish.
        ensure!(!page.form()?.fields.iter().any(|(name, _)| name == FIELD), "{}", page.answer);
    }
    Ok(())
}

fn the_same_is_not_asked_twice_where_the_person_asked_for_that(site: &Site) -> Result<()> {
    let mut allowed = allowed(site, "remember", true)?;
    allowed.expect_remembered()?;
    allowed.expect_remembered()?;
    let narrower = allowed.client.attempt()?.with("scope", "Mail.Read");
    let callback = Callback(visit(&mut allowed.browser, &allowed.client, &narrower)?.stop()?);
    let code = callback.code(&narrower, &allowed.client.discovered)?;
    let granted = Tokens::read(&allowed.client.redeem(&code, &narrower.verifier)?)?;
    ensure!(granted.answer.text("/scope")? == "Mail.Read", "another scope: {}", granted.answer);
    Ok(())
}

fn without_the_person_s_wish_the_same_is_asked_again(site: &Site) -> Result<()> {
    allowed(site, "forget", false)?.expect_asked().map(drop)
}

fn a_wish_that_was_not_offered_is_not_heard(site: &Site) -> Result<()> {
    let person = site.person("unheard")?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    let hosted = Publisher::at(site, "claude.ai")?.client()?;
    let loopback = Client { redirect: "http://localhost:4/callback".to_owned(), ..hosted };
    let registered = site.client()?.clone();
    for client in [loopback, registered] {
        allow(&mut browser, &client, &client.attempt()?, true)?;
        expect_asked(visit(&mut browser, &client, &client.attempt()?)?)
            .with_context(|| client.redirect.clone())?;
    }
    Ok(())
}

fn more_scopes_another_redirect_and_another_client_are_asked(site: &Site) -> Result<()> {
    let publisher = Publisher::without_document(site, "claude.ai");
    let other_redirect = "https://claude.ai/another/callback";
    publisher.publish(&publisher.document_with(
        "redirect_uris",
        &json!([publisher.redirect, other_redirect, "http://localhost/callback"]),
    ))?;
    let client = publisher.client()?;
    let person = site.person("more")?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    // The whole of Microsoft's consent is there from the first time, so what is asked again is our own.
    let narrow = |attempt: Attempt| attempt.with("scope", "Mail.Read");
    let attempt = narrow(client.attempt()?);
    let callback = allow(&mut browser, &client, &attempt, true)?;
    let code = callback.code(&attempt, &client.discovered)?;
    let tokens = Tokens::read(&client.redeem(&code, &attempt.verifier)?)?;
    let mut allowed = Allowed { site, publisher, client: client.clone(), person, browser, tokens };
    visit(&mut allowed.browser, &client, &narrow(client.attempt()?))?.stop()?;
    allowed.expect_asked().context("more scopes")?;
    let wider = client.attempt()?.with("scope", "Mail.Read Mail.Send");
    allowed.expect_asked_for(&client, &wider).context("one more scope")?;
    for redirect in [other_redirect, "http://localhost:77/callback"] {
        let other = Client { redirect: redirect.to_owned(), ..client.clone() };
        let attempt = narrow(other.attempt()?);
        allowed.expect_asked_for(&other, &attempt).with_context(|| redirect.to_owned())?;
    }
    let stranger = Publisher::at(site, "claude.ai")?.client()?;
    let attempt = narrow(stranger.attempt()?);
    allowed.expect_asked_for(&stranger, &attempt).context("another client")?;
    Ok(())
}

fn another_person_and_another_browser_are_asked(site: &Site) -> Result<()> {
    let mut allowed = allowed(site, "mine", true)?;
    let mut fresh = Browser::signed_in(&site.control, &site.mcp, &allowed.person.email)?;
    expect_asked(visit(&mut fresh, &allowed.client, &allowed.client.attempt()?)?)
        .context("another browser")?;
    let other = site.person("theirs")?;
    let mut theirs = Browser::signed_in(&site.control, &site.mcp, &other.email)?;
    allow(&mut theirs, &allowed.client, &allowed.client.attempt()?, false)?;
    expect_asked(visit(&mut theirs, &allowed.client, &allowed.client.attempt()?)?)
        .context("another person")?;
    // The same browser, in which somebody else has signed in.
    let mut shared = allowed.browser.clone();
    shared.sign_in(&site.control, &site.mcp, &other.email)?;
    expect_asked(visit(&mut shared, &allowed.client, &allowed.client.attempt()?)?)
        .context("a shared browser")?;
    allowed.expect_remembered()
}

fn a_changed_cookie_of_ours_is_none(site: &Site) -> Result<()> {
    let mut allowed = allowed(site, "cookie", true)?;
    let mut forged = allowed.browser.clone();
    forged.change_cookies("__Host-", |value| format!("A{}", value.get(1..).unwrap_or_default()));
    expect_asked(visit(&mut forged, &allowed.client, &allowed.client.attempt()?)?)
        .context("a forged cookie")?;
    let mut without = allowed.browser.clone();
    without.forget_cookies("__Host-");
    expect_asked(visit(&mut without, &allowed.client, &allowed.client.attempt()?)?).context("no cookie")?;
    allowed.expect_remembered()
}

fn what_is_wrong_with_a_request_is_refused_as_ever(site: &Site) -> Result<()> {
    let mut allowed = allowed(site, "wrong", true)?;
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("resource", "https://graph.microsoft.com", "invalid_target"),
    ] {
        let attempt = allowed.client.attempt()?.with(name, value);
        let callback = Callback(visit(&mut allowed.browser, &allowed.client, &attempt)?.stop()?);
        callback.expect_error(&attempt, &allowed.client.discovered, &[error])?;
    }
    let attempt = allowed.client.attempt()?.with("redirect_uri", "https://evil.example/callback");
    visit(&mut allowed.browser, &allowed.client, &attempt)?.page()?.answer.expect(&[400])?;
    Ok(())
}

fn parallel_visits_give_each_a_code_of_its_own(site: &Site) -> Result<()> {
    let allowed = allowed(site, "parallel", true)?;
    let codes = at_once(8, |_| {
        let attempt = allowed.client.attempt()?;
        let landing = visit(&mut allowed.browser.clone(), &allowed.client, &attempt)?;
        Callback(landing.stop()?).code(&attempt, &allowed.client.discovered)
    })?;
    let distinct: std::collections::BTreeSet<_> = codes.iter().collect();
    ensure!(distinct.len() == codes.len(), "a code was given twice");
    Ok(())
}

fn ending_the_connection_ends_what_was_remembered(site: &Site) -> Result<()> {
    let mut allowed = allowed(site, "end", true)?;
    allowed.expect_remembered()?;
    let page = allowed.browser.page(&site.edge("/me")?)?;
    let found = forms(&page.answer.text()).into_iter().find(|form| form.action == "/me/revoke");
    let form = found.context("a form that ends the connection")?;
    allowed.browser.submit(&page, &form, form.buttons.first())?.page()?.answer.expect(&[200])?;
    allowed.expect_asked().map(drop)
}

fn revocation_by_the_client_ends_what_was_remembered(site: &Site) -> Result<()> {
    let mut allowed = allowed(site, "revoked", true)?;
    allowed.client.revoke(&allowed.tokens.access)?.expect(&[200])?;
    allowed.expect_remembered().context("an access token is not the grant")?;
    allowed.client.revoke(&allowed.tokens.refresh)?.expect(&[200])?;
    allowed.expect_asked().map(drop)
}

fn the_record_tells_a_remembered_consent_from_a_given_one(site: &Site) -> Result<()> {
    let mut allowed = allowed(site, "record", true)?;
    allowed.expect_remembered()?;
    let records = site.journal().context("a journal")?.of(&allowed.person.subject)?;
    let consents: Vec<_> = records
        .iter()
        .filter(|record| record.0.at("/kind").as_str() == Some("consent.given"))
        .map(|record| record.0.at("/code").as_str().unwrap_or_default().to_owned())
        .collect();
    ensure!(consents == ["sign_in_next", "granted", "remembered"], "{consents:?}");
    Ok(())
}

fn a_changed_document_is_asked_again(site: &Site) -> Result<()> {
    let mut allowed = allowed(site, "changed", true)?;
    allowed.publisher.publish(&allowed.publisher.document_with("client_name", &json!("Another name")))?;
    site.advance(601)?;
    let page = allowed.expect_asked()?;
    ensure!(page.text().contains("Another name"), "the old name: {}", page.text());
    // The very same bytes again are the very same document.
    allowed.publisher.publish(&allowed.publisher.document())?;
    site.advance(601)?;
    allowed.expect_remembered()
}

fn after_thirty_days_the_same_is_asked_again(site: &Site) -> Result<()> {
    let mut allowed = allowed(site, "thirty-days", true)?;
    site.advance(29 * 86_400)?;
    allowed.sign_in_again()?;
    allowed.expect_remembered()?;
    site.advance(86_401)?;
    allowed.sign_in_again()?;
    allowed.expect_asked().map(drop)
}

fn a_remembered_consent_replaces_no_sign_in(site: &Site) -> Result<()> {
    let allowed = allowed(site, "sign-in", true)?;
    let mut stranger = allowed.browser.clone();
    stranger.forget_cookies("CF_");
    stranger.stop_at(&allowed.client.redirect);
    let landing = stranger.open(&allowed.client.attempt()?.url()?)?;
    ensure!(landing.stop().is_err(), "a code without a sign-in with Access");
    Ok(())
}
