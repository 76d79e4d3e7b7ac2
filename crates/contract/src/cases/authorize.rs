//! The authorization endpoint: what is refused in place, what goes back to the client, what asks for consent.

use anyhow::{Context as _, Result, ensure};

use crate::browser::Browser;
use crate::http::{Answer, Request};
use crate::json::Look as _;
use crate::oauth::{Attempt, Callback, Client, Discovered, REDIRECT};
use crate::site::Site;

table! { "authorize":
    shared an_unknown_client_is_refused_in_place,
    shared a_redirect_that_is_not_registered_is_refused_in_place,
    shared a_loopback_redirect_may_use_any_port,
    shared another_response_type_goes_back_as_an_error,
    shared without_s256_there_is_no_code,
    shared a_foreign_or_malformed_resource_is_an_invalid_target,
    shared scopes_are_narrowed_to_what_exists,
    shared a_doubled_parameter_is_an_invalid_request,
    shared long_and_strange_values_do_no_harm,
    shared asking_stores_nothing,
}

struct Visit {
    client: Client,
    browser: Browser,
}

impl Visit {
    fn new(site: &Site, name: &str) -> Result<Self> {
        let person = site.person(name)?;
        let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
        browser.stop_at(REDIRECT);
        Ok(Self { client: Discovered::at(&site.mcp)?.client()?, browser })
    }

    fn ask(&mut self, attempt: &Attempt) -> Result<Answer> {
        let url = attempt.url()?;
        self.browser.send(Request::get(&url), &url)
    }

    /// Refused on our own page: the redirect cannot be trusted.
    fn refused_in_place(&mut self, attempt: &Attempt) -> Result<()> {
        let answer = self.ask(attempt)?;
        answer.expect(&[400])?;
        ensure!(answer.header("location").is_none(), "sent somewhere: {answer}");
        Ok(())
    }

    /// Refused with an error response at the client's redirect.
    fn refused_at_client(&mut self, attempt: &Attempt, codes: &[&str]) -> Result<()> {
        let callback = Callback(self.browser.open(&attempt.url()?)?.stop()?);
        callback.expect_error(attempt, &self.client.discovered, codes)
    }

    fn asks_for_consent(&mut self, attempt: &Attempt) -> Result<()> {
        self.browser.page(&attempt.url()?)?.form().map(drop)
    }
}

fn an_unknown_client_is_refused_in_place(site: &Site) -> Result<()> {
    let mut visit = Visit::new(site, "unknown-client")?;
    for id in ["", "nobody", "https://evil.example/client.json", "../x", &"c".repeat(4000), "a\u{0}b"] {
        let attempt = visit.client.attempt()?.with("client_id", id);
        visit.refused_in_place(&attempt).with_context(|| format!("client_id {id:?}"))?;
    }
    let attempt = visit.client.attempt()?.without("client_id");
    visit.refused_in_place(&attempt)
}

fn a_redirect_that_is_not_registered_is_refused_in_place(site: &Site) -> Result<()> {
    let mut visit = Visit::new(site, "redirect")?;
    for redirect in [
        "https://evil.example/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://localhost:33418/callback",
        "https://127.0.0.1:33418/callback",
        "http://127.0.0.1:33418/callback/",
        "http://127.0.0.1:33418/callback/x",
        "http://127.0.0.1:33418/Callback",
        "http://127.0.0.1:33418/callback?x=1",
        "http://127.0.0.1:33418/callback#x",
        "http://127.0.0.1:33418/x/..%2fcallback",
        "http://127.0.0.1:33418/x/..;/callback",
        "http://127.0.0.1:33418/x/../callback",
        "http://a@127.0.0.1:33418/callback",
        "http://127.0.0.1:33418@evil.example/callback",
        "http://127.1:33418/callback",
        "http://[::1]:33418/callback",
        "javascript:alert(1)",
        " http://127.0.0.1:33418/callback",
        "",
    ] {
        let attempt = visit.client.attempt()?.with("redirect_uri", redirect);
        visit.refused_in_place(&attempt).with_context(|| format!("redirect_uri {redirect:?}"))?;
    }
    let hosted = "https://claude.ai/api/mcp/auth_callback";
    let answer = visit.client.discovered.register(&Discovered::public_client(hosted))?;
    let body = answer.expect(&[201])?.json()?;
    body.text("/client_id")?.clone_into(&mut visit.client.id);
    for redirect in [
        "https://claude.ai:8443/api/mcp/auth_callback",
        "https://claude.ai.evil.example/api/mcp/auth_callback",
        REDIRECT,
    ] {
        let attempt = visit.client.attempt()?.with("redirect_uri", redirect);
        visit.refused_in_place(&attempt).with_context(|| format!("redirect_uri {redirect:?}"))?;
    }
    Ok(())
}

fn a_loopback_redirect_may_use_any_port(site: &Site) -> Result<()> {
    let mut visit = Visit::new(site, "loopback")?;
    for redirect in ["http://127.0.0.1:50123/callback", "http://127.0.0.1/callback"] {
        let attempt = visit.client.attempt()?.with("redirect_uri", redirect);
        visit.asks_for_consent(&attempt).with_context(|| redirect.to_owned())?;
    }
    Ok(())
}

fn another_response_type_goes_back_as_an_error(site: &Site) -> Result<()> {
    let mut visit = Visit::new(site, "response-type")?;
    for kind in ["token", "id_token", "code token", "CODE", "garbage"] {
        let attempt = visit.client.attempt()?.with("response_type", kind);
        visit.refused_at_client(&attempt, &["unsupported_response_type", "invalid_request"])?;
    }
    let attempt = visit.client.attempt()?.without("response_type");
    visit.refused_at_client(&attempt, &["invalid_request", "unsupported_response_type"])?;
    let attempt = visit.client.attempt()?.with("response_mode", "fragment");
    visit.refused_at_client(&attempt, &["invalid_request"]).or_else(|_| visit.asks_for_consent(&attempt))
}

fn without_s256_there_is_no_code(site: &Site) -> Result<()> {
    let mut visit = Visit::new(site, "pkce")?;
    let good = visit.client.attempt()?;
    for attempt in [
        good.clone().without("code_challenge").without("code_challenge_method"),
        good.clone().without("code_challenge"),
        good.clone().without("code_challenge_method"),
        good.clone().with("code_challenge_method", "plain"),
        good.clone().with("code_challenge_method", "s256"),
        good.clone().with("code_challenge", "short"),
        good.clone().with("code_challenge", &"a".repeat(200)),
        good.clone().with("code_challenge", &"ä".repeat(43)),
    ] {
        visit
            .refused_at_client(&attempt, &["invalid_request"])
            .with_context(|| attempt.url().map(String::from).unwrap_or_default())?;
    }
    visit.asks_for_consent(&good)
}

fn a_foreign_or_malformed_resource_is_an_invalid_target(site: &Site) -> Result<()> {
    let mut visit = Visit::new(site, "target")?;
    let mcp = site.mcp.as_str();
    for resource in [
        format!("{mcp}#fragment"),
        "/mcp".to_owned(),
        "mcp".to_owned(),
        "javascript:alert(1)".to_owned(),
        "https://graph.microsoft.com".to_owned(),
        format!("{mcp}/../admin"),
        format!("{mcp}-other"),
        mcp.replace("127.0.0.1", "localhost"),
        mcp.replace("http://", "https://"),
        mcp.to_uppercase(),
        format!("{mcp}?x=1"),
    ] {
        let attempt = visit.client.attempt()?.with("resource", &resource);
        visit
            .refused_at_client(&attempt, &["invalid_target"])
            .with_context(|| format!("resource {resource:?}"))?;
    }
    let attempt = visit.client.attempt()?.also("resource", "https://other.example/mcp");
    visit
        .refused_in_place(&attempt)
        .or_else(|_| visit.refused_at_client(&attempt, &["invalid_target", "invalid_request"]))
}

fn scopes_are_narrowed_to_what_exists(site: &Site) -> Result<()> {
    let mut visit = Visit::new(site, "scopes")?;
    let wide = visit.client.attempt()?.with("scope", "Mail.Read Directory.ReadWrite.All offline_access");
    let page = visit.browser.page(&wide.url()?)?;
    page.form()?;
    ensure!(!page.text().contains("Directory.ReadWrite.All"), "an unknown scope is offered: {}", page.text());
    let nothing = visit.client.attempt()?.with("scope", "Directory.ReadWrite.All Mail.ReadEverything");
    visit.refused_at_client(&nothing, &["invalid_scope"])
}

fn a_doubled_parameter_is_an_invalid_request(site: &Site) -> Result<()> {
    let mut visit = Visit::new(site, "doubled")?;
    let good = visit.client.attempt()?;
    for (name, value) in
        [("redirect_uri", REDIRECT), ("redirect_uri", "https://evil.example/"), ("client_id", "other")]
    {
        visit.refused_in_place(&good.clone().also(name, value)).with_context(|| format!("{name}={value}"))?;
    }
    for (name, value) in [
        ("response_type", "code"),
        ("code_challenge", "x"),
        ("code_challenge_method", "S256"),
        ("scope", "Mail.Send"),
    ] {
        let attempt = good.clone().also(name, value);
        let outcome = visit
            .refused_in_place(&attempt)
            .or_else(|_| visit.refused_at_client(&attempt, &["invalid_request"]));
        outcome.with_context(|| format!("{name}={value}"))?;
    }
    let answer = visit.ask(&good.also("state", "second"))?;
    answer.expect(&[302, 303, 400])?;
    Ok(())
}

fn long_and_strange_values_do_no_harm(site: &Site) -> Result<()> {
    let mut visit = Visit::new(site, "strange")?;
    for state in ["ü\u{202e}\u{0}", "<script>alert(1)</script>", "\r\nSet-Cookie: a=b", &"s".repeat(5000)] {
        let answer = visit.ask(&visit.client.attempt()?.with("state", state))?;
        answer.expect(&[200, 302, 303, 400, 414])?;
        ensure!(!answer.text().contains("<script>alert(1)"), "state is shown as markup: {answer}");
        ensure!(
            answer.headers("set-cookie").iter().all(|cookie| !cookie.starts_with("a=b")),
            "header injection: {answer}"
        );
    }
    let answer =
        visit.ask(&visit.client.attempt()?.with("request_uri", "https://evil.example/request.jwt"))?;
    answer.expect(&[200, 302, 303, 400])?;
    Ok(())
}

fn asking_stores_nothing(site: &Site) -> Result<()> {
    let mut visit = Visit::new(site, "asking")?;
    for _ in 0..3 {
        visit.asks_for_consent(&visit.client.attempt()?)?;
    }
    let page = visit.browser.page(&site.me)?;
    ensure!(!page.text().contains("Contract client"), "a client is listed before consent: {}", page.text());
    Ok(())
}
