//! The consent page: what it shows, how it is protected, and that one answer gives at most one code.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::browser::{Browser, Landing, Page};
use crate::control::Person;
use crate::html::Form;
use crate::http::Request;
use crate::json::Look as _;
use crate::oauth::{Attempt, Callback, Client, Discovered, REDIRECT};
use crate::site::Site;

table! { "consent":
    shared the_page_shows_client_redirect_scopes_and_person,
    shared the_page_cannot_be_framed_cached_or_scripted,
    shared what_a_client_calls_itself_is_text,
    shared an_answer_without_our_form_token_is_403,
    shared an_answer_from_another_site_is_403,
    shared an_answer_of_another_person_or_browser_is_refused,
    shared a_tampered_answer_is_refused,
    shared an_answer_counts_once,
    shared a_refusal_goes_back_to_the_client_and_into_the_journal,
    shared consent_is_asked_again_every_time_for_a_registered_client,
    own an_answer_after_ten_minutes_is_refused,
}

struct Asked {
    person: Person,
    browser: Browser,
    client: Client,
    attempt: Attempt,
    page: Page,
    form: Form,
}

fn ask_with(site: &Site, name: &str, metadata: &Value) -> Result<Asked> {
    let person = site.person(name)?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    browser.stop_at(REDIRECT);
    let discovered = Discovered::at(&site.mcp)?;
    let id = discovered.register(metadata)?.expect(&[201])?.json()?.text("/client_id")?.to_owned();
    let client = Client { discovered, id, redirect: REDIRECT.to_owned() };
    let attempt = client.attempt()?;
    let page = browser.page(&attempt.url()?)?;
    page.answer.expect(&[200])?;
    let form = page.form()?;
    Ok(Asked { person, browser, client, attempt, page, form })
}

fn ask(site: &Site, name: &str) -> Result<Asked> {
    ask_with(site, name, &Discovered::public_client(REDIRECT))
}

impl Asked {
    fn agree(&mut self) -> Result<Landing> {
        self.browser.submit(&self.page, &self.form, self.form.agree())
    }

    /// Goes on through the simulated sign-in until the client's redirect.
    fn finish(&mut self, mut landing: Landing) -> Result<Callback> {
        for _ in 0..4 {
            match landing {
                Landing::Stop(url) => return Ok(Callback(url)),
                Landing::Page(page) => {
                    page.answer.expect(&[200])?;
                    let form = page.form()?;
                    landing = self.browser.submit(&page, &form, form.agree())?;
                }
            }
        }
        Ok(Callback(landing.stop()?))
    }

    fn agreed_fields(&self) -> Vec<(String, String)> {
        self.form.filled(self.form.agree())
    }
}

/// Refused: a client error on our own page, and nobody was sent anywhere.
fn refused(landing: Landing, statuses: &[u16]) -> Result<()> {
    let page = landing.page()?;
    page.answer.expect(statuses)?;
    ensure!(page.answer.header("location").is_none(), "sent somewhere: {}", page.answer);
    Ok(())
}

fn the_page_shows_client_redirect_scopes_and_person(site: &Site) -> Result<()> {
    let asked = ask(site, "shows")?;
    let text = asked.page.text();
    for shown in ["Contract client", "127.0.0.1", asked.person.email.as_str()] {
        ensure!(text.contains(shown), "the page does not show {shown}: {text}");
    }
    let lower = text.to_lowercase();
    ensure!(
        lower.contains("read your mail") || lower.contains("mail.read"),
        "the page does not show the scopes: {text}"
    );
    ensure!(
        lower.contains("send mail") || lower.contains("mail.send"),
        "the page does not show the scopes: {text}"
    );
    asked.page.refusal().map(drop)
}

fn the_page_cannot_be_framed_cached_or_scripted(site: &Site) -> Result<()> {
    let asked = ask(site, "headers")?;
    let answer = &asked.page.answer;
    answer.expect_not_stored()?;
    let policy = answer.headers("content-security-policy").join("; ");
    ensure!(policy.contains("frame-ancestors 'none'"), "frame-ancestors: {answer}");
    ensure!(policy.contains("default-src 'none'"), "default-src: {answer}");
    ensure!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"), "unsafe sources: {answer}");
    ensure!(policy.contains("base-uri"), "base-uri: {answer}");
    ensure!(answer.header("x-frame-options") == Some("DENY"), "X-Frame-Options: {answer}");
    ensure!(answer.header("x-content-type-options") == Some("nosniff"), "nosniff: {answer}");
    ensure!(answer.header("referrer-policy").is_some(), "Referrer-Policy: {answer}");
    for cookie in answer.headers("set-cookie") {
        let lower = cookie.to_lowercase();
        let guarded = cookie.starts_with("__Host-")
            && lower.contains("secure")
            && lower.contains("httponly")
            && lower.contains("samesite=");
        ensure!(guarded, "an unguarded cookie: {cookie}");
    }
    ensure!(
        asked.browser.cookie_names().iter().any(|name| name.starts_with("__Host-")),
        "not bound to a browser: {answer}"
    );
    ensure!(!answer.text().contains("<script"), "the page has a script: {answer}");
    Ok(())
}

fn what_a_client_calls_itself_is_text(site: &Site) -> Result<()> {
    let mut metadata = Discovered::public_client(REDIRECT);
    let name = "<script>alert(1)</script>\"><img src=x onerror=alert(2)>";
    *metadata.get_mut("client_name").context("a name")? = json!(name);
    let person = site.person("markup")?;
    let discovered = Discovered::at(&site.mcp)?;
    let answer = discovered.register(&metadata)?;
    if answer.status == 400 {
        return answer.expect_oauth_error(&[400], &["invalid_client_metadata"]).map(drop);
    }
    let id = answer.expect(&[201])?.json()?.text("/client_id")?.to_owned();
    let client = Client { discovered, id, redirect: REDIRECT.to_owned() };
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    let page = browser.page(&client.attempt()?.url()?)?;
    let html = page.answer.text();
    ensure!(!html.contains("<script>alert") && !html.contains("<img src=x"), "markup of a client: {html}");
    Ok(())
}

fn an_answer_without_our_form_token_is_403(site: &Site) -> Result<()> {
    let mut asked = ask(site, "csrf")?;
    let other = ask(site, "csrf-other")?;
    let button = asked.form.agree().cloned().context("a button")?;
    let only_button = vec![(button.name, button.value)];
    refused(asked.browser.submit_fields(&asked.page, &asked.form, &only_button)?, &[400, 403])?;
    let mut refusals = 0;
    for (name, value) in &asked.form.fields.clone() {
        let without: Vec<_> = asked.agreed_fields().into_iter().filter(|(known, _)| known != name).collect();
        let page = asked.browser.submit_fields(&asked.page, &asked.form, &without)?.page()?;
        page.answer.expect(&[400, 403]).with_context(|| format!("without {name}"))?;
        refusals += usize::from(page.answer.status == 403);
        let theirs = other.form.fields.iter().find(|(known, foreign)| known == name && foreign != value);
        let Some((_, theirs)) = theirs else { continue };
        let swapped = asked.agreed_fields().into_iter().map(|(known, value)| {
            let value = if &known == name { theirs.clone() } else { value };
            (known, value)
        });
        let swapped: Vec<_> = swapped.collect();
        refused(asked.browser.submit_fields(&asked.page, &asked.form, &swapped)?, &[400, 403])
            .with_context(|| format!("foreign {name}"))?;
    }
    ensure!(refusals > 0, "no missing field was answered with 403: {}", asked.form);
    Ok(())
}

fn an_answer_from_another_site_is_403(site: &Site) -> Result<()> {
    let mut asked = ask(site, "cross-site")?;
    let fields = asked.agreed_fields();
    let url = asked.page.url.join(&asked.form.action)?;
    let pairs: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for origin in
        ["https://evil.example", "http://127.0.0.1:1", "http://localhost", "https://127.0.0.1.evil.example"]
    {
        let request =
            Request::post(&url).form(&pairs).header("origin", origin).header("sec-fetch-site", "cross-site");
        asked.browser.send(request, &url)?.expect(&[403]).with_context(|| origin.to_owned())?;
    }
    let callback = asked.agree()?;
    asked.finish(callback)?.code(&asked.attempt, &asked.client.discovered)?;
    Ok(())
}

fn an_answer_of_another_person_or_browser_is_refused(site: &Site) -> Result<()> {
    let asked = ask(site, "owner")?;
    let intruder = site.person("intruder")?;
    let mut theirs = asked.browser.clone();
    theirs.sign_in(&site.control, &site.mcp, &intruder.email)?;
    refused(theirs.submit(&asked.page, &asked.form, asked.form.agree())?, &[400, 403])?;
    let mut elsewhere = asked.browser.clone();
    elsewhere.forget_cookies("__Host-");
    refused(elsewhere.submit(&asked.page, &asked.form, asked.form.agree())?, &[400, 403])?;
    let mut bent = asked.browser.clone();
    bent.change_cookies("__Host-", flip_last);
    refused(bent.submit(&asked.page, &asked.form, asked.form.agree())?, &[400, 403])
}

fn a_tampered_answer_is_refused(site: &Site) -> Result<()> {
    let mut asked = ask(site, "tampered-answer")?;
    for (index, (name, value)) in asked.form.fields.clone().iter().enumerate() {
        for bent in [
            flip_last(value),
            value.chars().take(value.len() / 2).collect(),
            format!("{value}x"),
            String::new(),
        ] {
            let mut fields = asked.agreed_fields();
            if let Some(field) = fields.get_mut(index) {
                field.1 = bent;
            }
            refused(asked.browser.submit_fields(&asked.page, &asked.form, &fields)?, &[400, 403])
                .with_context(|| name.clone())?;
        }
    }
    let url = asked.page.url.join(&asked.form.action)?;
    asked.browser.send(Request::get(&url), &url)?.expect(&[400, 404, 405])?;
    Ok(())
}

fn an_answer_counts_once(site: &Site) -> Result<()> {
    let mut asked = ask(site, "once")?;
    let landing = asked.agree()?;
    asked.finish(landing)?.code(&asked.attempt, &asked.client.discovered)?;
    let again = asked.agree()?;
    refused(again, &[400, 403, 409])
}

fn a_refusal_goes_back_to_the_client_and_into_the_journal(site: &Site) -> Result<()> {
    let mut asked = ask(site, "denies")?;
    let refusal = asked.page.refusal()?;
    let landing = asked.browser.submit(&asked.page, &refusal, refusal.refuse())?;
    let callback = Callback(landing.stop()?);
    callback.expect_error(&asked.attempt, &asked.client.discovered, &["access_denied"])?;
    if let Some(journal) = site.journal() {
        let records = journal.of(&asked.person.subject)?;
        let denied = records.iter().filter(|record| record.field("kind") == "consent.denied").count();
        ensure!(denied == 1, "not one record of the refusal: {records:?}");
    }
    Ok(())
}

fn consent_is_asked_again_every_time_for_a_registered_client(site: &Site) -> Result<()> {
    let mut asked = ask(site, "again")?;
    let landing = asked.agree()?;
    asked.finish(landing)?.code(&asked.attempt, &asked.client.discovered)?;
    let again = asked.client.attempt()?;
    let page = asked.browser.page(&again.url()?)?;
    page.form().map(drop)
}

fn an_answer_after_ten_minutes_is_refused(site: &Site) -> Result<()> {
    let mut asked = ask(site, "slow")?;
    site.control.advance(660)?;
    asked.browser.sign_in(&site.control, &site.mcp, &asked.person.email)?;
    let landing = asked.agree()?;
    refused(landing, &[400, 403])
}

fn flip_last(value: &str) -> String {
    let mut text = value.to_owned();
    let last = text.pop();
    text.push(if last == Some('A') { 'B' } else { 'A' });
    text
}
