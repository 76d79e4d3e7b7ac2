//! How long access lasts: `ACCESS_REAUTH`, the life of tokens, the idle and the absolute life of grants, each just before
//! and just after its end, with the moved clock.
//!
//! The clock of the estate runs on while a case works, so an end is bracketed: what must still work is tried well
//! before the earliest moment it can end, and what must have ended right after the latest.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::browser::{Browser, Landing};
use crate::json::Look as _;
use crate::oauth::Tokens;
use crate::session::Session;
use crate::site::Site;

const SHORT_REAUTH: &[(&str, &str)] = &[("ACCESS_REAUTH", "20m")];
const SHORT_TOKENS: &[(&str, &str)] = &[("ACCESS_TOKEN_LIFETIME", "5m")];
const SHORT_IDLE: &[(&str, &str)] = &[("GRANT_IDLE_LIFETIME", "15m")];
const SHORT_GRANTS: &[(&str, &str)] = &[("GRANT_LIFETIME", "30m"), ("ACCESS_TOKEN_LIFETIME", "20m")];
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
/// How much of a life is left when something is tried just before its end, in seconds.
const LEFT: u64 = 20;
/// With less than this left no token is given out or taken in, in seconds.
const LEAST: u64 = MINUTE;

table! { "reauth":
    own after_twelve_hours_nothing_is_renewed_and_the_person_is_told_what_to_do,
    own an_access_token_ends_after_its_hour,
    own(SHORT_REAUTH) no_token_outlives_a_shortened_access_sign_in,
    own(SHORT_REAUTH) a_sign_in_that_is_too_old_gives_no_code,
    own(SHORT_REAUTH) a_new_sign_in_begins_a_new_life,
    own(SHORT_TOKENS) a_shortened_access_token_ends_in_its_minutes_and_is_renewed,
    own(SHORT_IDLE) an_unused_refresh_token_ends_and_a_used_one_goes_on,
    own(SHORT_GRANTS) a_grant_ends_however_often_it_is_refreshed,
}

/// A session, and the seconds between which it began.
struct Timed<'a> {
    session: Session<'a>,
    earliest: u64,
    latest: u64,
}

fn timed<'a>(site: &'a Site, name: &str) -> Result<Timed<'a>> {
    let earliest = site.control.now_secs()?;
    let session = Session::open(site, name)?;
    // A second that has begun may be over by the time it counts.
    let latest = site.control.now_secs()? + 1;
    Ok(Timed { session, earliest, latest })
}

impl Timed<'_> {
    /// To just before something that lasts so long ends, at the earliest.
    fn just_before(&self, secs: u64) -> Result<()> {
        self.session.site.advance_to(self.earliest + secs - LEFT)
    }

    /// To just after it has ended, at the latest.
    fn just_after(&self, secs: u64) -> Result<()> {
        self.session.site.advance_to(self.latest + secs)
    }

    fn is_open(&self) -> Result<()> {
        self.session.tool("authenticate", &json!({}))?.content().map(drop)
    }

    fn is_shut(&self) -> Result<()> {
        self.session.tool("authenticate", &json!({}))?.answer.expect(&[401]).map(drop)
    }

    /// Refreshes, and uses the new tokens.
    fn renew(&mut self) -> Result<()> {
        let answer = self.session.client.refresh(&self.session.tokens.refresh)?;
        self.session.renew(&answer)
    }

    /// Expects that nothing is renewed, in a sentence that says all of this.
    fn is_not_renewed(&self, said: &[&str]) -> Result<()> {
        let answer = self.session.client.refresh(&self.session.tokens.refresh)?;
        answer.expect_oauth_error(&[400], &["invalid_grant"])?;
        let body = answer.json()?;
        let sentence = body.text("/error_description")?;
        for words in said {
            ensure!(sentence.contains(words), "`{words}` is not said: {answer}");
        }
        Ok(())
    }

    fn expires_in(&self) -> Result<u64> {
        Ok(u64::try_from(self.session.tokens.answer.integer("/expires_in")?)?)
    }
}

/// What a person is told whose sign-in has become too old.
const TOO_OLD: [&str; 3] =
    ["sign-in with Cloudflare Access is older", "Sign out of Access", "authorize the application again"];

fn after_twelve_hours_nothing_is_renewed_and_the_person_is_told_what_to_do(site: &Site) -> Result<()> {
    let mut timed = timed(site, "twelve-hours")?;
    timed.just_before(12 * HOUR - LEAST)?;
    timed.renew()?;
    let ends = site.control.now_secs()? + timed.expires_in()?;
    ensure!(ends <= timed.latest + 12 * HOUR + 1, "a token outlives the sign-in: {ends}");
    timed.is_open()?;
    timed.just_after(12 * HOUR - LEAST)?;
    timed.is_not_renewed(&TOO_OLD)?;
    timed.just_after(12 * HOUR)?;
    timed.is_shut()
}

fn an_access_token_ends_after_its_hour(site: &Site) -> Result<()> {
    let timed = timed(site, "hour")?;
    ensure!(timed.expires_in()? <= HOUR, "a token of more than an hour");
    timed.just_before(HOUR)?;
    timed.is_open()?;
    timed.just_after(HOUR)?;
    timed.is_shut()
}

fn no_token_outlives_a_shortened_access_sign_in(site: &Site) -> Result<()> {
    let mut timed = timed(site, "short-reauth")?;
    ensure!(timed.expires_in()? <= 20 * MINUTE, "the first token outlives the sign-in");
    timed.just_before(20 * MINUTE - LEAST)?;
    timed.renew()?;
    timed.just_after(20 * MINUTE - LEAST)?;
    timed.is_not_renewed(&TOO_OLD)?;
    timed.just_before(20 * MINUTE)?;
    timed.is_open()?;
    timed.just_after(20 * MINUTE)?;
    timed.is_shut()?;
    timed.is_not_renewed(&TOO_OLD)
}

fn a_sign_in_that_is_too_old_gives_no_code(site: &Site) -> Result<()> {
    let person = site.person("old-sign-in")?;
    let client = site.client()?;
    for (age, good) in [(20 * MINUTE - LEAST - LEFT, true), (20 * MINUTE - LEAST + 1, false)] {
        let issued = site.control.now_secs()? - age;
        let order = json!({ "email": person.email, "claims": { "iat": issued, "nbf": issued } });
        let mut browser = Browser::default();
        browser.sign_in_by(&site.control.assertion(&order)?, &site.mcp)?;
        let attempt = client.attempt()?;
        if good {
            client.grant(&mut browser, &attempt)?;
            continue;
        }
        browser.stop_at(&client.redirect);
        let mut landing = browser.open(&attempt.url()?)?;
        while let Landing::Page(page) = &landing {
            let Ok(form) = page.form() else { break };
            landing = browser.submit(page, &form, form.agree())?;
        }
        let page = landing.page().context("the client got an answer")?;
        page.answer.expect(&[400, 403])?;
        ensure!(page.text().contains("Cloudflare Access"), "what to do is not said: {}", page.text());
    }
    Ok(())
}

fn a_new_sign_in_begins_a_new_life(site: &Site) -> Result<()> {
    let mut timed = timed(site, "new-life")?;
    timed.just_after(20 * MINUTE)?;
    timed.is_not_renewed(&TOO_OLD)?;
    timed.session.sign_in_again()?;
    let client = timed.session.client.clone();
    let tokens = client.grant(&mut timed.session.browser, &client.attempt()?)?;
    timed.session.mcp.token.clone_from(&tokens.access);
    timed.is_open()?;
    Tokens::read(&client.refresh(&tokens.refresh)?)?;
    timed.is_not_renewed(&[])
}

fn a_shortened_access_token_ends_in_its_minutes_and_is_renewed(site: &Site) -> Result<()> {
    let mut timed = timed(site, "short-token")?;
    let life = timed.expires_in()?;
    ensure!((5 * MINUTE - LEFT..=5 * MINUTE).contains(&life), "a token of {life} s");
    timed.just_before(5 * MINUTE)?;
    timed.is_open()?;
    timed.just_after(5 * MINUTE)?;
    timed.is_shut()?;
    timed.renew()?;
    timed.is_open()
}

fn an_unused_refresh_token_ends_and_a_used_one_goes_on(site: &Site) -> Result<()> {
    let idle = 15 * MINUTE;
    let mut used = timed(site, "used")?;
    for _ in 0..3 {
        used.just_before(idle - LEAST)?;
        used.earliest = site.control.now_secs()?;
        used.renew()?;
        used.latest = site.control.now_secs()? + 1;
    }
    used.is_open()?;
    used.just_after(idle - LEAST)?;
    used.is_not_renewed(&["has expired", "Authorize the application again"])?;
    used.is_open().context("the access token has its hour")
}

fn a_grant_ends_however_often_it_is_refreshed(site: &Site) -> Result<()> {
    let life = 30 * MINUTE;
    let mut timed = timed(site, "short-grant")?;
    ensure!(timed.expires_in()? <= 20 * MINUTE, "the token's own life counts");
    for passed in [10 * MINUTE, 20 * MINUTE, life - LEAST] {
        timed.just_before(passed)?;
        timed.renew()?;
        let ends = site.control.now_secs()? + timed.expires_in()?;
        ensure!(
            ends <= timed.latest + life,
            "a token outlives its grant by {} s",
            ends - timed.latest - life
        );
    }
    timed.just_before(life)?;
    timed.is_open()?;
    timed.just_after(life - LEAST)?;
    timed.is_not_renewed(&["Authorize the application again"])?;
    timed.just_after(life)?;
    timed.is_shut()?;
    let listed = timed.session.mcp.send("tools/list", &Value::Null)?;
    listed.answer.expect(&[401]).map(drop)
}
