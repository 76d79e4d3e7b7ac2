//! The pages in real Chromium: what people click through, what a hostile page cannot do with them, and that they can be
//! used by keyboard, by a screen reader, without script, on a small screen, in light and dark.
//!
//! Source: Web Content Accessibility Guidelines 2.2, level AA, as far as axe can judge, and success criteria 1.4.10,
//! 2.1.1, 2.4.7 and 2.5.8 by rules of our own. Pictures of every page are left in `target/screenshots`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use url::Url;

use crate::browser::Browser;
use crate::chromium::{Chromium, Seen};
use crate::control::Person;
use crate::elsewhere::Elsewhere;
use crate::environment;
use crate::json::Look as _;
use crate::mcp::Mcp;
use crate::oauth::{Attempt, Callback, Client, Discovered, Tokens};
use crate::publisher::Publisher;
use crate::session::Session;
use crate::site::Site;

use super::managed::MANAGED;

table! { "browser_pages":
    shared a_person_signs_in_allows_an_application_and_it_works,
    shared a_person_who_refuses_sends_the_application_away_with_access_denied,
    shared a_person_ends_one_application_on_their_page_and_its_tokens_die,
    shared a_person_ends_all_applications_with_one_button,
    own a_page_left_open_too_long_says_so_and_leads_on,
    shared a_sign_in_begun_in_one_browser_is_not_finished_in_another,
    shared going_back_after_allowing_gives_nothing_twice,
    shared pressing_allow_twice_gives_one_grant,
    shared a_page_of_another_origin_cannot_show_ours_in_a_frame,
    shared a_form_on_a_page_of_another_origin_changes_nothing,
    shared a_script_in_a_client_s_name_does_not_run,
    shared the_keyboard_alone_is_enough_and_always_shows_where_it_is,
    shared the_enter_key_does_not_allow_by_accident,
    shared nothing_needs_script,
    shared a_person_who_does_not_want_to_be_asked_again_is_not_until_they_end_it,
    shared(MANAGED) where_cloudflare_lets_applications_in_the_page_says_so,
    shared every_page_is_accessible_in_light_and_dark_narrow_and_wide,
}

/// The tab of the person.
pub(super) const TAB: &str = "person";
/// Widths in CSS pixels; the first is also what 400 % zoom leaves of an ordinary window (WCAG 1.4.10).
const WIDTHS: [u32; 2] = [320, 1280];

/// A person before the consent page of a client of their own, whose redirect is a real address of this computer.
struct Asked<'a> {
    site: &'a Site,
    person: Person,
    chromium: Chromium,
    client: Client,
    attempt: Attempt,
    elsewhere: Elsewhere,
}

impl<'a> Asked<'a> {
    fn new(site: &'a Site, name: &str) -> Result<Self> {
        Self::named(site, name, "Contract client")
    }

    fn named(site: &'a Site, person: &str, client_name: &str) -> Result<Self> {
        let person = site.person(person)?;
        let elsewhere = Elsewhere::serving("")?;
        let redirect = elsewhere.at("/callback")?;
        let client = register(site, client_name, redirect.as_str())?;
        let attempt = client.attempt()?;
        Ok(Self { site, person, chromium: Chromium::start()?, client, attempt, elsewhere })
    }

    /// Opens the consent page, already signed in to Access.
    fn consent_page(&mut self) -> Result<Seen> {
        self.signed_in(TAB)?;
        self.chromium.open(TAB, &self.attempt.url()?)
    }

    fn signed_in(&mut self, tab: &str) -> Result<()> {
        self.chromium.sign_in(tab, &self.site.control, &self.site.mcp, &self.person.email)
    }

    /// The person says yes, Microsoft recognises them; returns what the application got.
    fn allow(&mut self) -> Result<Callback> {
        let landed = self.chromium.click(TAB, "Allow")?;
        self.landed(&landed)
    }

    fn landed(&self, seen: &Seen) -> Result<Callback> {
        let there = self.elsewhere.at("/callback")?;
        ensure!(seen.url.as_str().starts_with(there.as_str()), "not at the application: {seen:#?}");
        Ok(Callback(seen.url.clone()))
    }

    fn tokens(&self, callback: &Callback) -> Result<Tokens> {
        let code = callback.code(&self.attempt, &self.client.discovered)?;
        Tokens::read(&self.client.redeem(&code, &self.attempt.verifier)?)
    }

    fn own_page(&mut self) -> Result<Seen> {
        self.chromium.open(TAB, &self.site.me)
    }

    /// The person's page in a browser that has not been used before.
    fn own_page_of(&mut self, tab: &str) -> Result<Seen> {
        self.signed_in(tab)?;
        self.chromium.open(tab, &self.site.me)
    }
}

fn register(site: &Site, name: &str, redirect: &str) -> Result<Client> {
    let discovered = Discovered::at(&site.mcp)?;
    let mut metadata = Discovered::public_client(redirect);
    *metadata.get_mut("client_name").context("a name")? = json!(name);
    let id = discovered.register(&metadata)?.expect(&[201])?.json()?.text("/client_id")?.to_owned();
    Ok(Client { discovered, id, redirect: redirect.to_owned() })
}

/// Whether the token opens the door.
fn works(site: &Site, tokens: &Tokens) -> Result<bool> {
    let answer = Mcp::new(&site.mcp, &tokens.access).tool("authenticate", &json!({}))?.answer;
    answer.expect(&[200, 401])?;
    Ok(answer.status == 200)
}

fn a_person_signs_in_allows_an_application_and_it_works(site: &Site) -> Result<()> {
    let mut asked = Asked::new(site, "clicks")?;
    let url = asked.attempt.url()?;
    asked.chromium.open(TAB, &url)?.expect(200, "Sign in with Access")?;
    let email = asked.person.email.clone();
    let page = asked.chromium.click_text(TAB, &email)?;
    page.expect(200, "Contract client")?.says(&[
        &email,
        "127.0.0.1",
        "Check this first",
        "nobody has checked it",
        "send mail as you",
        "12 hours",
    ])?;
    let callback = asked.allow()?;
    let tokens = asked.tokens(&callback)?;
    ensure!(works(site, &tokens)?, "the token does not work");
    asked.own_page()?.says(&[
        "Contract client",
        "Signed in",
        "Matched by",
        "An application began its access.",
    ])?;
    Ok(())
}

fn a_person_who_refuses_sends_the_application_away_with_access_denied(site: &Site) -> Result<()> {
    let mut asked = Asked::new(site, "refuses")?;
    asked.consent_page()?.expect(200, "Contract client")?;
    let landed = asked.chromium.click(TAB, "Do not allow")?;
    let callback = asked.landed(&landed)?;
    callback.expect_error(&asked.attempt, &asked.client.discovered, &["access_denied"])?;
    asked.own_page()?.says(&["None has access", "You did not allow an application."])?;
    Ok(())
}

fn a_person_ends_one_application_on_their_page_and_its_tokens_die(site: &Site) -> Result<()> {
    let mut asked = Asked::named(site, "ends-one", "First")?;
    let mut other = register(site, "Second", &asked.client.redirect)?;
    asked.consent_page()?;
    let callback = asked.allow()?;
    let first = asked.tokens(&callback)?;
    std::mem::swap(&mut asked.client, &mut other);
    asked.attempt = asked.client.attempt()?;
    asked.consent_page()?.expect(200, "Second")?;
    let landed = asked.chromium.click(TAB, "Allow")?;
    let second = asked.tokens(&asked.landed(&landed)?)?;
    asked.own_page()?.says(&["First", "Second"])?;
    let page = asked.chromium.click(TAB, "End access of “First”")?;
    page.says(&["What is listed below is all that is left"])?;
    ensure!(!works(site, &first)? && works(site, &second)?, "the wrong one was ended");
    Ok(())
}

fn a_person_ends_all_applications_with_one_button(site: &Site) -> Result<()> {
    let one = Session::open(site, "ends-all")?;
    let another = Session::of(site, one.person.clone(), Some("User.Read"))?;
    let mut chromium = Chromium::start()?;
    chromium.sign_in(TAB, &site.control, &site.mcp, &one.person.email)?;
    chromium.open(TAB, &site.me)?.says(&["Contract client"])?;
    let page = chromium.click(TAB, "End access of all applications")?;
    page.says(&["No application has access any more", "None has access"])?;
    ensure!(!works(site, &one.tokens)? && !works(site, &another.tokens)?, "a token still works");
    for session in [&one, &another] {
        session.client.refresh(&session.tokens.refresh)?.expect(&[400])?;
    }
    Ok(())
}

fn a_page_left_open_too_long_says_so_and_leads_on(site: &Site) -> Result<()> {
    let mut asked = Asked::new(site, "leaves-open")?;
    asked.consent_page()?.expect(200, "Contract client")?;
    site.advance(660)?;
    asked.signed_in(TAB)?;
    let page = asked.chromium.click(TAB, "Allow")?;
    page.expect(400, "expired")?.says(&[
        "more than ten minutes",
        "Start again from the application",
        "Request",
    ])?;
    look(&mut asked.chromium, "problem-expired")?;
    asked.chromium.click(TAB, "See your connections")?.expect(200, "Your Microsoft 365 connections")?;
    Ok(())
}

/// Login fixation: who is sent to finish a sign-in that was begun elsewhere must not finish it.
fn a_sign_in_begun_in_one_browser_is_not_finished_in_another(site: &Site) -> Result<()> {
    let mut asked = Asked::new(site, "begins")?;
    let mut first = Browser::signed_in(&site.control, &site.mcp, &asked.person.email)?;
    first.stop_at(site.sandbox.as_str());
    let page = first.page(&asked.attempt.url()?)?;
    let form = page.form()?;
    let microsoft = first.submit(&page, &form, form.agree())?.stop()?;
    asked.own_page_of("second")?.says(&["None is connected yet"])?;
    let refused = asked.chromium.open("second", &microsoft)?;
    refused.expect(400, "expired or was already used")?.says(&["another browser"])?;
    asked.chromium.open("second", &site.me)?.says(&["None is connected yet", "None has access"])?;
    first.stop_nowhere();
    first.stop_at(&asked.client.redirect);
    let callback = Callback(first.open(&microsoft)?.stop()?);
    ensure!(works(site, &asked.tokens(&callback)?)?, "the browser that began cannot finish any more");
    Ok(())
}

fn going_back_after_allowing_gives_nothing_twice(site: &Site) -> Result<()> {
    let mut asked = Asked::new(site, "goes-back")?;
    asked.consent_page()?;
    let callback = asked.allow()?;
    let tokens = asked.tokens(&callback)?;
    // The consent page is asked for anew, or stands as it was left.
    let page = asked.chromium.see(TAB, &json!({ "do": "back" }))?;
    page.expect(200, "Contract client")?;
    let after = asked.chromium.click(TAB, "Allow")?;
    if let Ok(callback) = asked.landed(&after) {
        // A new question and a new answer: the new code is good, and the grant before it ends when it is redeemed.
        ensure!(works(site, &asked.tokens(&callback)?)? && !works(site, &tokens)?, "both work");
    } else {
        after.expect(400, "already used")?.says(&["answered before"])?;
        ensure!(works(site, &tokens)?, "looking back ended the grant");
    }
    Ok(())
}

fn pressing_allow_twice_gives_one_grant(site: &Site) -> Result<()> {
    let mut asked = Asked::new(site, "presses-twice")?;
    asked.consent_page()?;
    let callback = asked.allow()?;
    asked.tokens(&callback)?;
    // Microsoft needs no second sign-in now, so the first press leads straight to the application. Where the second went
    // out too, the browser would drop the answer to the first, and with it the code.
    asked.attempt = asked.client.attempt()?;
    asked.consent_page()?;
    let after = asked.chromium.see(TAB, &json!({ "do": "click", "name": "Allow", "times": 2 }))?;
    let callback = asked.landed(&after)?;
    ensure!(works(site, &asked.tokens(&callback)?)?, "the token does not work");
    let own = asked.own_page()?;
    ensure!(own.text.matches("End access of “Contract client”").count() <= 1, "two grants: {own:#?}");
    Ok(())
}

fn a_page_of_another_origin_cannot_show_ours_in_a_frame(site: &Site) -> Result<()> {
    let mut asked = Asked::new(site, "framed")?;
    asked.consent_page()?.expect(200, "Contract client")?;
    let neighbour = framed(&mut asked.chromium, &asked.elsewhere.at("/")?)?;
    ensure!(neighbour.contains("has your answer"), "no frame shows anything: {neighbour}");
    for target in [asked.attempt.url()?, site.me.clone()] {
        let text = framed(&mut asked.chromium, &target)?;
        let is_ours = text.contains("Microsoft 365") || text.contains(&asked.person.email);
        ensure!(!is_ours, "a frame shows our page: {text}");
    }
    Ok(())
}

/// What a page of another origin shows in a frame that leads to this address.
fn framed(chromium: &mut Chromium, target: &Url) -> Result<String> {
    let attribute = target.as_str().replace('&', "&amp;");
    let page = format!("<!doctype html><h1>Prize</h1><iframe src=\"{attribute}\"></iframe>");
    let hostile = Elsewhere::serving(&page)?;
    chromium.open(TAB, &hostile.at("/page")?)?.expect(200, "Prize")?;
    let frames = chromium.ask(TAB, &json!({ "do": "frames" }))?;
    let [frame] = frames.list("")? else { anyhow::bail!("not one frame: {frames}") };
    Ok(frame.text("/text")?.to_owned())
}

fn a_form_on_a_page_of_another_origin_changes_nothing(site: &Site) -> Result<()> {
    let session = Session::open(site, "forged")?;
    let mut chromium = Chromium::start()?;
    chromium.sign_in(TAB, &site.control, &site.mcp, &session.person.email)?;
    chromium.open(TAB, &site.me)?.says(&["Contract client"])?;
    for path in ["/me/revoke-all", "/me/revoke", "/me/sign-out", "/consent"] {
        let action = site.edge(path)?;
        let form =
            format!("<!doctype html><form method=post action=\"{action}\"><button>Win</button></form>");
        let hostile = Elsewhere::serving(&form)?;
        chromium.open(TAB, &hostile.at("/page")?)?;
        chromium.click(TAB, "Win")?.expect(403, "Cross-site requests are not accepted")?;
    }
    ensure!(works(site, &session.tokens)?, "a forged form ended the grant");
    Ok(())
}

fn a_script_in_a_client_s_name_does_not_run(site: &Site) -> Result<()> {
    let name = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'><b>x";
    let Ok(mut asked) = Asked::named(site, "scripted", name) else {
        // A registration that refuses the name is just as good.
        return Ok(());
    };
    let page = asked.consent_page()?;
    let scripts = json!({ "do": "requests" });
    let requests = asked.chromium.ask(TAB, &scripts)?;
    ensure!(page.dialogs == 0 && page.status == 200, "{page:#?}");
    let foreign = requests.list("")?.iter().filter_map(Value::as_str).find(|url| !url.contains("/authorize"));
    ensure!(foreign.is_none(), "the page asked for {foreign:?}");
    let callback = asked.allow()?;
    asked.tokens(&callback)?;
    ensure!(asked.own_page()?.dialogs == 0, "a script ran on /me");
    Ok(())
}

/// The names of what the keyboard reaches, in order, until it has reached this one.
fn tab_to(chromium: &mut Chromium, wanted: &str) -> Result<Vec<String>> {
    let mut reached = Vec::new();
    for _ in 0..40 {
        let focus = chromium.press(TAB, "Tab")?;
        ensure!(focus.is_visible, "it cannot be seen that “{}” has the keyboard", focus.name);
        reached.push(focus.name.clone());
        if focus.name == wanted {
            return Ok(reached);
        }
    }
    anyhow::bail!("the keyboard does not reach “{wanted}”: {reached:?}")
}

fn enter(chromium: &mut Chromium) -> Result<Seen> {
    chromium.see(TAB, &json!({ "do": "press", "key": "Enter", "leads": true }))
}

fn the_keyboard_alone_is_enough_and_always_shows_where_it_is(site: &Site) -> Result<()> {
    let mut asked = Asked::new(site, "keyboard")?;
    asked.consent_page()?;
    let reached = tab_to(&mut asked.chromium, "Allow")?;
    let refusal = reached.iter().position(|name| name == "Do not allow");
    ensure!(refusal.is_some_and(|at| at + 2 == reached.len()), "refusing is not as near: {reached:?}");
    let landed = enter(&mut asked.chromium)?;
    let tokens = asked.tokens(&asked.landed(&landed)?)?;
    asked.own_page()?;
    tab_to(&mut asked.chromium, "End access of “Contract client”")?;
    let page = asked.chromium.see(TAB, &json!({ "do": "press", "key": "Space", "leads": true }))?;
    page.says(&["No application has access now"])?;
    ensure!(!works(site, &tokens)?, "the token still works");
    Ok(())
}

/// The first button of a form is the one that the Enter key presses: it must be the one that gives nothing away.
fn the_enter_key_does_not_allow_by_accident(site: &Site) -> Result<()> {
    let mut asked = Asked::new(site, "enters")?;
    asked.consent_page()?;
    tab_to(&mut asked.chromium, "Do not allow")?;
    let landed = enter(&mut asked.chromium)?;
    let callback = asked.landed(&landed)?;
    callback.expect_error(&asked.attempt, &asked.client.discovered, &["access_denied"])
}

fn nothing_needs_script(site: &Site) -> Result<()> {
    let mut asked = Asked::new(site, "scriptless")?;
    asked.chromium.ask(TAB, &json!({ "do": "requests", "javascript": false }))?;
    asked.consent_page()?.expect(200, "Contract client")?;
    let callback = asked.allow()?;
    let tokens = asked.tokens(&callback)?;
    asked.own_page()?.says(&["Contract client"])?;
    asked.chromium.click(TAB, "End access of “Contract client”")?.says(&["No application has access now"])?;
    ensure!(!works(site, &tokens)?, "the token still works");
    asked.chromium.click(TAB, "Sign out of Microsoft")?.says(&["The Microsoft tokens are erased"])?;
    asked
        .chromium
        .click(TAB, "Sign in to Microsoft again")?
        .says(&["Your Microsoft account is connected"])?;
    Ok(())
}

fn a_person_who_does_not_want_to_be_asked_again_is_not_until_they_end_it(site: &Site) -> Result<()> {
    let publisher = Publisher::at(site, "claude.ai")?;
    let (client, person) = (publisher.client()?, site.person("remembers")?);
    let mut chromium = Chromium::start()?;
    chromium.sign_in(TAB, &site.control, &site.mcp, &person.email)?;
    chromium.ask(TAB, &json!({ "do": "stand_in", "host": "claude.ai" }))?;
    let page = chromium.open(TAB, &client.attempt()?.url()?)?;
    page.expect(200, "Document client")?
        .says(&["which vouches for this name", "Do not ask again for 30 days"])?;
    ensure!(!page.text.contains("Check this first"), "a warning without reason: {page:#?}");
    look(&mut chromium, "consent-vouched")?;
    chromium.ask(TAB, &json!({ "do": "click", "name": "Do not ask again for 30 days", "stays": true }))?;
    chromium.click(TAB, "Allow")?.expect(200, "The application has your answer")?;
    let attempt = client.attempt()?;
    let landed = chromium.open(TAB, &attempt.url()?)?;
    let code = Callback(landed.url).code(&attempt, &client.discovered)?;
    let tokens = Tokens::read(&client.redeem(&code, &attempt.verifier)?)?;
    chromium.open(TAB, &site.me)?.says(&["without asking you until"])?;
    look(&mut chromium, "me-remembered")?;
    chromium.click(TAB, "End access of “Document client”")?.says(&["No application has access now"])?;
    ensure!(!works(site, &tokens)?, "the token still works");
    chromium.open(TAB, &client.attempt()?.url()?)?.expect(200, "Document client")?;
    Ok(())
}

fn where_cloudflare_lets_applications_in_the_page_says_so(site: &Site) -> Result<()> {
    let person = site.person("managed-page")?;
    let mut chromium = Chromium::start()?;
    chromium.sign_in(TAB, &site.control, &site.mcp, &person.email)?;
    let page = chromium.open(TAB, &site.me)?;
    page.says(&["access is given per person", "managed in Cloudflare", "None is connected yet"])?;
    ensure!(!page.text.contains("End access"), "there is nothing to end here: {page:#?}");
    chromium
        .click(TAB, "Connect Microsoft 365")?
        .says(&["Your Microsoft account is connected", "Signed in"])?;
    look(&mut chromium, "me-managed")
}

fn every_page_is_accessible_in_light_and_dark_narrow_and_wide(site: &Site) -> Result<()> {
    let mut asked = Asked::new(site, "looks")?;
    asked.consent_page()?.expect(200, "Contract client")?;
    look(&mut asked.chromium, "consent-loopback")?;
    let remote = register(site, "Claude", "https://claude.ai/api/mcp/auth_callback")?;
    asked.chromium.open(TAB, &remote.attempt()?.url()?)?.expect(200, "Claude")?;
    look(&mut asked.chromium, "consent-remote")?;
    asked.own_page()?.expect(200, "Your Microsoft 365 connections")?;
    look(&mut asked.chromium, "me-empty")?;
    asked.consent_page()?;
    let callback = asked.allow()?;
    let tokens = asked.tokens(&callback)?;
    let mcp = Mcp::new(&site.mcp, &tokens.access);
    mcp.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    mcp.tool("getCalendarEvents", &json!({}))?;
    asked.own_page()?.says(&["getEmails"])?;
    look(&mut asked.chromium, "me")?;
    let bent = asked.attempt.clone().with("redirect_uri", "https://evil.example/");
    asked.chromium.open(TAB, &bent.url()?)?.expect(400, "This sign-in request is not valid")?;
    look(&mut asked.chromium, "problem-request")
}

/// Judges the page in the tab at every width and in both schemes, and leaves pictures of it.
pub(super) fn look(chromium: &mut Chromium, page: &str) -> Result<()> {
    let controls = chromium.ask(TAB, &json!({ "do": "controls" }))?;
    let nameless =
        controls.list("")?.iter().find(|control| control.at("/name").as_str().is_none_or(str::is_empty));
    ensure!(nameless.is_none(), "{page}: a control without a name: {nameless:?}");
    let mut backgrounds = Vec::new();
    for (scheme, width) in
        ["light", "dark"].into_iter().flat_map(|scheme| WIDTHS.map(|width| (scheme, width)))
    {
        let file = screenshots()?.join(format!("{page}-{scheme}-{width}.png"));
        let command =
            json!({ "do": "look", "width": width, "scheme": scheme, "file": file.to_string_lossy() });
        let seen = chromium.ask(TAB, &command)?;
        let at = format!("{page}, {scheme}, {width} px");
        ensure!(seen.integer("/overflow")? <= 0, "{at}: it must be scrolled sideways: {seen}");
        ensure!(seen.integer("/small")? == 0, "{at}: a control is too small to be hit: {seen}");
        let audit = chromium.ask(TAB, &json!({ "do": "audit" }))?;
        ensure!(audit.integer("/passes")? > 10 && audit.list("/violations")?.is_empty(), "{at}: {audit:#}");
        backgrounds.push(seen.text("/background")?.to_owned());
    }
    ensure!(backgrounds.first() != backgrounds.last(), "{page}: dark is light: {backgrounds:?}");
    Ok(())
}

fn screenshots() -> Result<PathBuf> {
    let host = if environment::other_host()?.is_some() { "worker" } else { "native" };
    let target = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/screenshots"));
    Ok(target.join(host))
}
