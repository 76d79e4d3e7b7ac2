//! Sign-in with Microsoft: what Entra is asked, what a callback must prove, and what happens when Entra says no.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use url::Url;

use crate::browser::{Browser, Landing};
use crate::control::Person;
use crate::http::{Answer, Request};
use crate::json::Look as _;
use crate::oauth::{Attempt, Callback, Client, Discovered, REDIRECT};
use crate::session::{Session, at_once};
use crate::site::Site;

table! { "microsoft":
    shared entra_is_asked_with_pkce_nonce_and_state_and_without_resource,
    shared a_forged_truncated_or_missing_state_is_refused,
    shared a_callback_in_another_browser_or_of_another_person_is_refused,
    shared a_callback_counts_once,
    shared an_issuer_that_is_not_entra_is_refused,
    shared a_microsoft_account_of_somebody_else_is_refused,
    shared a_guest_is_refused,
    shared where_consent_needs_an_administrator_the_person_is_told,
    shared entra_failing_at_the_code_is_told_and_a_second_attempt_works,
    own a_callback_after_ten_minutes_is_refused,
    own parallel_calls_share_one_microsoft_refresh,
    own a_refused_microsoft_refresh_says_who_must_do_what,
    own entra_down_at_refresh_is_a_fault_that_passes,
}

/// A browser that agreed to the client and stands before `/callback`.
struct Returning {
    person: Person,
    browser: Browser,
    client: Client,
    attempt: Attempt,
    callback: Url,
}

fn returning(site: &Site, name: &str) -> Result<Returning> {
    let person = site.person(name)?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    let client = Discovered::at(&site.mcp)?.client()?;
    let attempt = client.attempt()?;
    browser.stop_at(site.edge("/callback")?.as_str());
    let callback = client.authorize(&mut browser, &attempt)?.0;
    ensure!(callback.path() == "/callback", "consent did not lead to Microsoft: {callback}");
    browser.stop_nowhere();
    browser.stop_at(REDIRECT);
    Ok(Returning { person, browser, client, attempt, callback })
}

impl Returning {
    fn arrive(&mut self, url: &Url) -> Result<Answer> {
        self.browser.send(Request::get(url), url)
    }

    fn refused(&mut self, url: &Url, statuses: &[u16]) -> Result<()> {
        let answer = self.arrive(url)?;
        answer.expect(statuses)?;
        ensure!(answer.header("location").is_none(), "sent somewhere: {answer}");
        Ok(())
    }

    fn finish(&mut self) -> Result<String> {
        let landing = self.browser.open(&self.callback.clone())?;
        Callback(landing.stop()?).code(&self.attempt, &self.client.discovered)
    }
}

fn with(url: &Url, name: &str, value: Option<&str>) -> Url {
    let pairs: Vec<_> = url
        .query_pairs()
        .filter(|(known, _)| known != name)
        .map(|(k, v)| (k.into_owned(), v.into_owned()))
        .collect();
    let mut changed = url.clone();
    changed.query_pairs_mut().clear().extend_pairs(pairs);
    if let Some(value) = value {
        changed.query_pairs_mut().append_pair(name, value);
    }
    changed
}

fn parameter(url: &Url, name: &str) -> Result<String> {
    Callback(url.clone()).parameter(name).with_context(|| format!("no {name} in {url}"))
}

fn entra_is_asked_with_pkce_nonce_and_state_and_without_resource(site: &Site) -> Result<()> {
    let session = Session::open(site, "entra")?;
    let requests = site.control.requests("entra", Some(&session.person.email))?;
    let authorize = requests
        .iter()
        .find(|request| request.at("/path").as_str().is_some_and(|path| path.ends_with("/authorize")));
    let authorize = authorize.with_context(|| format!("Entra saw no authorize request: {requests:?}"))?;
    let url = Url::parse(&format!("http://x/?{}", authorize.text("/query")?))?;
    ensure!(parameter(&url, "response_type")? == "code", "response_type: {url}");
    ensure!(parameter(&url, "code_challenge_method")? == "S256", "PKCE: {url}");
    ensure!(parameter(&url, "code_challenge")?.len() == 43, "PKCE: {url}");
    ensure!(
        parameter(&url, "nonce")?.len() >= 16 && parameter(&url, "state")?.len() >= 16,
        "nonce or state: {url}"
    );
    ensure!(parameter(&url, "login_hint")? == session.person.email, "login_hint: {url}");
    ensure!(parameter(&url, "resource").is_err(), "Entra v2 refuses resource: {url}");
    let scope = parameter(&url, "scope")?;
    for needed in ["openid", "offline_access", "Mail.Read"] {
        ensure!(scope.contains(needed), "scope lacks {needed}: {scope}");
    }
    ensure!(
        !scope.contains(".default") && !scope.contains("Contacts") && !scope.contains("People.Read.All"),
        "scope: {scope}"
    );
    Ok(())
}

fn a_forged_truncated_or_missing_state_is_refused(site: &Site) -> Result<()> {
    let mut returning = returning(site, "state")?;
    let good = returning.callback.clone();
    let state = parameter(&good, "state")?;
    let cut = state.get(..state.len() / 2).context("ASCII")?;
    let bent = format!("{}AAAA", state.get(..state.len() - 4).context("ASCII")?);
    let other = self::returning(site, "state-other")?;
    let foreign = parameter(&other.callback, "state")?;
    for forged in [
        Some("eyJjbGllbnRfaWQiOiJ4In0="),
        Some(cut),
        Some(&bent),
        Some(&foreign),
        Some(""),
        Some("ü\u{0}"),
        None,
    ] {
        returning
            .refused(&with(&good, "state", forged), &[400, 403])
            .with_context(|| format!("{forged:?}"))?;
    }
    returning.refused(&with(&good, "code", None), &[400, 403])?;
    returning.refused(&site.edge("/callback")?, &[400])?;
    let graph = site.control.requests("graph", Some(&returning.person.email))?;
    ensure!(graph.is_empty(), "Graph was called: {graph:?}");
    Ok(())
}

fn a_callback_in_another_browser_or_of_another_person_is_refused(site: &Site) -> Result<()> {
    let mut returning = returning(site, "callback")?;
    let good = returning.callback.clone();
    let mine = returning.browser.clone();
    returning.browser.forget_cookies("__Host-");
    returning.refused(&good, &[400, 403])?;
    returning.browser = mine.clone();
    let intruder = site.person("callback-intruder")?;
    returning.browser.sign_in(&site.control, &site.mcp, &intruder.email)?;
    returning.refused(&good, &[400, 403])?;
    returning.browser = mine;
    Ok(())
}

fn a_callback_counts_once(site: &Site) -> Result<()> {
    let mut returning = returning(site, "callback-once")?;
    returning.finish()?;
    let again = returning.callback.clone();
    returning.refused(&again, &[400, 403])
}

fn an_issuer_that_is_not_entra_is_refused(site: &Site) -> Result<()> {
    let mut returning = returning(site, "issuer")?;
    let mixed = with(&returning.callback, "iss", Some("https://evil.example"));
    returning.refused(&mixed, &[400, 403])
}

fn refused_with_a_page(site: &Site, person: &Person) -> Result<Answer> {
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    let client = Discovered::at(&site.mcp)?.client()?;
    let attempt = client.attempt()?;
    browser.stop_at(REDIRECT);
    let consent = browser.page(&attempt.url()?)?;
    let form = consent.form()?;
    let mut landing = browser.submit(&consent, &form, form.agree())?;
    // The simulated Entra may show a page of its own before it sends the person back.
    for _ in 0..3 {
        match landing {
            Landing::Stop(url) => {
                Callback(url).expect_error(&attempt, &client.discovered, &["access_denied"])?;
                anyhow::bail!("the client was told, the person was not")
            }
            Landing::Page(page) if page.answer.status == 200 => {
                let form = page.form()?;
                landing = browser.submit(&page, &form, form.agree())?;
            }
            Landing::Page(page) => return Ok(page.answer),
        }
    }
    Ok(landing.page()?.answer)
}

fn a_microsoft_account_of_somebody_else_is_refused(site: &Site) -> Result<()> {
    let other = site.person("mine")?;
    let person = site.person_with("borrower", &json!({ "microsoft": other.email }))?;
    let answer = refused_with_a_page(site, &person)?;
    answer.expect(&[403])?;
    let graph = site.control.requests("graph", Some(&other.email))?;
    ensure!(graph.is_empty(), "the other person's mailbox was read: {graph:?}");
    Ok(())
}

fn a_guest_is_refused(site: &Site) -> Result<()> {
    let guest = site.person_with("guest", &json!({ "guest": true }))?;
    refused_with_a_page(site, &guest)?.expect(&[403])?;
    Ok(())
}

fn where_consent_needs_an_administrator_the_person_is_told(site: &Site) -> Result<()> {
    let person = site.person_with("no-consent", &json!({ "consent": false }))?;
    let answer = refused_with_a_page(site, &person)?;
    answer.expect(&[400, 403])?;
    ensure!(answer.text().to_lowercase().contains("administrator"), "who must act is not said: {answer}");
    Ok(())
}

fn entra_failing_at_the_code_is_told_and_a_second_attempt_works(site: &Site) -> Result<()> {
    let mut returning = returning(site, "entra-down")?;
    let email = returning.person.email.clone();
    let fault = json!({ "target": "entra", "person": email, "kind": "status", "status": 503, "times": 1 });
    site.control.fault(&fault)?;
    let callback = returning.callback.clone();
    let answer = returning.arrive(&callback)?;
    // A callback reaches Entra's token endpoint only; whichever page tells it, it is not a success and not a crash.
    answer.expect(&[302, 303, 403, 502, 503])?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &email)?;
    let attempt = returning.client.attempt()?;
    returning.client.grant(&mut browser, &attempt)?;
    Ok(())
}

fn a_callback_after_ten_minutes_is_refused(site: &Site) -> Result<()> {
    let mut returning = returning(site, "callback-late")?;
    site.control.advance(660)?;
    let email = returning.person.email.clone();
    returning.browser.sign_in(&site.control, &site.mcp, &email)?;
    let callback = returning.callback.clone();
    returning.refused(&callback, &[400, 403])
}

/// Moves past the life of the Microsoft access token, and renews our own.
pub(super) fn outlive_microsoft_token(session: &mut Session<'_>) -> Result<()> {
    session.site.control.advance(2 * 3600)?;
    let answer = session.client.refresh(&session.tokens.refresh)?;
    session.renew(&answer)
}

fn parallel_calls_share_one_microsoft_refresh(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "single-flight")?;
    outlive_microsoft_token(&mut session)?;
    at_once(4, |_| session.tool("getEmails", &json!({ "count": 1 }))?.content().map(drop))?;
    let requests = site.control.requests("entra", Some(&session.person.email))?;
    let refreshes = requests
        .iter()
        .filter(|request| request.at("/body/grant_type") == &Value::from("refresh_token"))
        .count();
    ensure!(refreshes == 1, "{refreshes} refreshes at Entra for four parallel calls");
    Ok(())
}

fn a_refused_microsoft_refresh_says_who_must_do_what(site: &Site) -> Result<()> {
    for (aadsts, word) in [(50173, "sign in"), (53003, "organi"), (50076, "sign in"), (7_000_222, "operator")]
    {
        let mut session = Session::open(site, "aadsts")?;
        outlive_microsoft_token(&mut session)?;
        site.control.fault(&json!({ "target": "entra", "kind": "status", "aadsts": aadsts }))?;
        let reply = session.tool("getEmails", &json!({}))?;
        let sentence = reply.failure()?.to_lowercase();
        ensure!(sentence.contains(word), "AADSTS{aadsts} is told as: {sentence}");
        ensure!(session.graph_requests()?.is_empty(), "Graph was called without a token");
        if aadsts == 50173 {
            let state = session.tool("authenticate", &json!({}))?;
            let shown = state.content()?.to_string();
            ensure!(shown.contains(&site.mcp.origin().ascii_serialization()), "no URL to sign in: {shown}");
        }
        site.control.clear_faults()?;
    }
    Ok(())
}

fn entra_down_at_refresh_is_a_fault_that_passes(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "entra-refresh")?;
    outlive_microsoft_token(&mut session)?;
    site.control.fault(&json!({ "target": "entra", "kind": "status", "status": 503 }))?;
    let sentence = session.tool("getEmails", &json!({}))?.failure()?;
    ensure!(sentence.contains("Microsoft"), "the cause is not told: {sentence}");
    site.control.clear_faults()?;
    site.control.advance(60)?;
    session.tool("getEmails", &json!({}))?.content()?;
    Ok(())
}
