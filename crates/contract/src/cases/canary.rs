//! A day of traffic with known secrets planted everywhere, and where none of them may be found afterwards.
//!
//! Planted: the key files, the client secret, the gateway token, the service token's secret, Access assertions and
//! cookies, codes of Microsoft and ours, our tokens, Microsoft's tokens (by what each of them begins with), form tokens and
//! sealed states, PKCE verifiers and states of clients, subjects and bodies that were sent and that were read, the text of a
//! file and the addresses that its content moves by, arguments of
//! tools and prompts, recipients, cursors, states and ids that clients carry, and passwords where thoughtless clients put
//! them.
//!
//! Looked for in: everything the hosts write, over three lives and a kill, natively with every log line there is; every
//! answer that is an error or a page; gateway log with metadata; every record; every file of the data folder as bytes,
//! write-ahead logs and registry included; what `doctor` and `audit` print.
//!
//! Exempt, because it must be there:
//! * `keys/`, where the keys are kept, and `estate/`, the memory of the simulated systems;
//! * the answer that hands a secret to its owner: tokens in an answer of `/token`, a code in the redirect to its client,
//!   `Set-Cookie`, the form token in the form it belongs to, mail in the result of the tool that read it;
//! * the e-mail address of a person, which is an identifier of records and metadata.

mod carried;

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::thread;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::canaries::Canaries;
use crate::cases::doctor::examination::{self, Credentials};
use crate::http::{Answer, Request};
use crate::json::Look as _;
use crate::oauth::{Callback, REDIRECT, Tokens};
use crate::process::Start;
use crate::raw;
use crate::session::Session;
use crate::site::Site;

table! { "canary":
    process no_planted_secret_is_found_anywhere_after_a_day,
}

/// Folders of the data folder that hold secrets because that is what they are for.
const EXEMPT: [&str; 2] = ["keys", "estate"];
/// What the tokens of the simulated Microsoft begin with, and the addresses that need none.
const MICROSOFT: [(&str, &str); 3] = [
    ("a Microsoft access token", "EwB4A8l6eyJj"),
    ("a Microsoft refresh token", "1.AXEAeyJj"),
    ("an address of content", "eyJjYW5hcnkiOiJkb3dubG9hZFVy"),
];

/// The day: what is planted, and what strangers and people saw that is nobody's secret.
struct Day<'a> {
    site: &'a Site,
    canaries: Canaries,
    shown: Vec<(String, Vec<u8>)>,
}

impl Day<'_> {
    fn plant(&mut self, name: &str, secret: &str) -> Result<()> {
        self.canaries.plant(name, secret.as_bytes())
    }

    /// Keeps an answer in which nothing planted may stand.
    fn saw(&mut self, about: &str, answer: &Answer) {
        let headers = answer.all_headers().iter().filter(|(name, _)| name != "set-cookie");
        let head: String = headers.map(|(name, value)| [name, ": ", value, "\n"].concat()).collect();
        self.shown
            .push((format!("the answer to {about}"), [head.into_bytes(), answer.body.clone()].concat()));
    }

    /// The values of every cookie of a browser.
    fn plant_cookies(&mut self, browser: &mut Browser) -> Result<()> {
        let seen = RefCell::new(Vec::new());
        browser.change_cookies("", |value| {
            seen.borrow_mut().push(value.to_owned());
            value.to_owned()
        });
        seen.into_inner().iter().try_for_each(|value| self.plant("a cookie", value))
    }

    fn plant_tokens(&mut self, tokens: &Tokens) -> Result<()> {
        self.plant("an access token", &tokens.access)?;
        self.plant("a refresh token", &tokens.refresh)
    }
}

fn no_planted_secret_is_found_anywhere_after_a_day(_: &Site) -> Result<()> {
    let site = Site::start_as(Start { shell_prelude: "LOG=trace; export LOG;", ..Start::default() })?;
    let mut day = Day { site: &site, canaries: Canaries::default(), shown: Vec::new() };
    plant_configuration(&mut day)?;
    let mut session = sign_in(&mut day)?;
    calls(&mut day, &session)?;
    carried::carry(&mut day, &mut session)?;
    errors(&mut day, &session)?;
    thoughtless_clients(&mut day, &session)?;
    renewal(&mut day, &mut session)?;
    killed(&mut day, &session)?;
    pages(&mut day, &mut session)?;
    examined(&mut day)?;
    ensure!(day.canaries.count() > 50, "only {} secrets were planted", day.canaries.count());
    search(&day)?;
    // The log is written to the end, and the files are closed.
    site.with_process(|process| process.signal("TERM"))?;
    site.with_process(crate::process::Process::wait)?;
    expect_found(&day)?;
    search_files(&day)
}

fn plant_configuration(day: &mut Day<'_>) -> Result<()> {
    for entry in fs::read_dir(day.site.data_dir()?.join("keys"))? {
        let path = entry?.path();
        let name = format!("the key {}", path.file_name().unwrap_or_default().display());
        day.plant(&name, fs::read_to_string(&path)?.trim())?;
    }
    let config = Request::get(day.site.sandbox.join("/_control/config")?).send()?.json()?;
    for (name, pointer) in [
        ("the client secret", "/clientSecret"),
        ("the gateway token", "/gatewayToken"),
        ("the secret of the service token", "/serviceTokens/0/clientSecret"),
    ] {
        day.plant(name, config.text(pointer)?)?;
    }
    MICROSOFT.iter().try_for_each(|(name, beginning)| day.plant(name, beginning))
}

/// Signs a person in step by step, and plants what each step hands out.
fn sign_in<'a>(day: &mut Day<'a>) -> Result<Session<'a>> {
    let site = day.site;
    let person = site.person("canary")?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    day.plant("an Access assertion", &site.control.assertion(&json!({ "email": person.email }))?.jwt)?;
    let client = site.client()?;
    let attempt = client.attempt()?;
    day.plant("the verifier of a client", &attempt.verifier)?;
    day.plant("the state of a client", &attempt.state)?;
    browser.stop_at(site.edge("/callback")?.as_str());
    let page = browser.page(&attempt.url()?)?;
    let form = page.form()?;
    for (name, value) in form.fields.iter().filter(|(_, value)| value.len() > 20) {
        day.plant(&format!("the form field {name}"), value)?;
    }
    let callback = client.authorize(&mut browser, &attempt)?.0;
    for name in ["code", "state"] {
        let value = Callback(callback.clone()).parameter(name).context("a parameter")?;
        day.plant(&format!("{name} of Microsoft's sign-in"), &value)?;
    }
    day.plant_cookies(&mut browser)?;
    browser.stop_nowhere();
    browser.stop_at(REDIRECT);
    let code = Callback(browser.open(&callback)?.stop()?).code(&attempt, &client.discovered)?;
    day.plant("a code", &code)?;
    let tokens = Tokens::read(&client.redeem(&code, &attempt.verifier)?)?;
    day.plant_tokens(&tokens)?;
    day.plant_cookies(&mut browser)?;
    let replayed = browser.send(Request::get(&callback), &callback)?;
    day.saw("a callback that came twice", &replayed);
    let mcp = crate::mcp::Mcp::new(&site.mcp, &tokens.access);
    Ok(Session { site, person, browser, client, tokens, mcp })
}

/// What the day's calls send and read.
fn calls(day: &mut Day<'_>, session: &Session<'_>) -> Result<()> {
    for (name, text) in [
        ("a subject", "canary subject of a message 5b1d"),
        ("a body", "canary body of a message 5b1d, which nobody else reads"),
        ("a search", "canary-query-of-a-search-77c1"),
        ("a recipient", "canary-recipient-90aa@contoso.example"),
        ("a subject of an event", "canary subject of an event 66e0"),
        ("a message to a channel", "canary message to a channel 3f21"),
        ("the text of a file", "canary text of a file 08d4, which nobody else reads"),
    ] {
        day.plant(name, text)?;
    }
    let to = "canary-recipient-90aa@contoso.example";
    session
        .tool("sendEmail", &json!({ "to": to, "subject": "canary subject of a message 5b1d", "body": "canary body of a message 5b1d, which nobody else reads" }))?
        .content()?;
    let event = json!({ "subject": "canary subject of an event 66e0", "start": "2030-03-04T09:00:00Z", "end": "2030-03-04T10:00:00Z" });
    session.tool("createCalendarEvent", &event)?.content()?;
    session.tool("searchEmails", &json!({ "query": "canary-query-of-a-search-77c1" }))?.content()?;
    let channel =
        json!({ "teamId": "canary", "channelId": "canary", "message": "canary message to a channel 3f21" });
    let refused = session.tool("sendTeamsMessage", &channel)?;
    refused.failure()?;
    let read = session.tool("getEmails", &json!({ "count": 5 }))?;
    let texts: Vec<String> =
        strings(read.content()?).into_iter().filter(|text| text.len() > PIECE_OF_MAIL).collect();
    ensure!(!texts.is_empty(), "no mail was read: {}", read.answer);
    texts.iter().try_for_each(|text| day.plant("a mail that was read", text.trim()))?;
    session.tool("getCalendarEvents", &json!({ "days": 7 }))?.content()?;
    let text = "canary text of a file 08d4, which nobody else reads";
    let file = session.tool("uploadFile", &json!({ "name": "notes of the day.txt", "content": text }))?;
    session.tool("readFile", &json!({ "id": file.content()?.text("/id")? }))?.content()?;
    session.tool("listFolder", &json!({}))?.content()?;
    session.mcp.resource("microsoft://profile")?.result()?;
    Ok(())
}

/// Characters of a text of a mail that make it nobody else's.
const PIECE_OF_MAIL: usize = 40;

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields.values().flat_map(strings).collect(),
        Value::Bool(_) | Value::Null | Value::Number(_) => Vec::new(),
    }
}

/// Each system beyond fails in each way while something planted is on its way.
fn errors(day: &mut Day<'_>, session: &Session<'_>) -> Result<()> {
    for fault in [
        json!({ "target": "gateway", "kind": "status", "status": 500 }),
        json!({ "target": "gateway", "kind": "status", "status": 401 }),
        json!({ "target": "gateway", "kind": "reset" }),
        json!({ "target": "gateway", "kind": "malformed" }),
        json!({ "target": "gateway", "kind": "dlp_request" }),
        json!({ "target": "gateway", "kind": "dlp_response" }),
        json!({ "target": "gateway", "kind": "cache_hit" }),
        json!({ "target": "graph", "kind": "status", "status": 400 }),
        json!({ "target": "graph", "kind": "status", "status": 401 }),
        json!({ "target": "graph", "kind": "status", "status": 500 }),
        json!({ "target": "graph", "kind": "malformed" }),
    ] {
        day.site.control.fault(&fault)?;
        for (tool, arguments) in [
            ("searchEmails", json!({ "query": "canary-query-of-a-search-77c1" })),
            (
                "sendEmail",
                json!({ "to": "canary-recipient-90aa@contoso.example", "subject": "canary subject of a message 5b1d", "body": "canary body of a message 5b1d, which nobody else reads" }),
            ),
        ] {
            let reply = session.tool(tool, &arguments)?;
            reply.failure().with_context(|| fault.to_string())?;
            day.saw(&format!("{tool} while {fault}"), &reply.answer);
        }
        day.site.control.clear_faults()?;
    }
    Ok(())
}

/// Secrets where they do not belong.
fn thoughtless_clients(day: &mut Day<'_>, session: &Session<'_>) -> Result<()> {
    let secret = "canary-password-in-a-query-2b9e";
    day.plant("a password", secret)?;
    let site = day.site;
    let token = session.tokens.access.clone();
    for path in [
        "/healthz",
        "/nothing",
        "/mcp",
        "/sse",
        "/messages",
        "/me",
        "/authorize",
        "/token",
        "/callback",
        "/register",
        "/revoke",
    ] {
        let url =
            site.edge(&format!("{path}?password={secret}&access_token={token}&client_secret={secret}"))?;
        let answer = Request::get(&url).send()?;
        if !answer.text().contains("<form") && !matches!(answer.status, 302 | 303) {
            day.saw(path, &answer);
        }
        let behind = Request::get(site.behind(&format!("{path}?password={secret}"))?)
            .header("authorization", &format!("Basic {secret}"))
            .header("cookie", &format!("session={secret}"))
            .header("x-api-key", secret)
            .send()?;
        day.saw(&format!("{path} behind the edge"), &behind);
    }
    messages_that_are_none(day, session, secret)?;
    let client = &session.client;
    for (about, answer) in [
        ("a wrong code", client.redeem(&token, &session.tokens.refresh)?),
        (
            "a wrong grant type",
            client.token(&[("grant_type", "password"), ("client_id", &client.id), ("password", secret)])?,
        ),
        (
            "a secret nobody gave",
            client.token(&[
                ("grant_type", "refresh_token"),
                ("client_id", &client.id),
                ("client_secret", secret),
            ])?,
        ),
        (
            "a registration",
            client
                .discovered
                .register(&json!({ "redirect_uris": [format!("https://{secret}@evil.example/")] }))?,
        ),
    ] {
        ensure!(answer.status >= 400, "{about}: {answer}");
        day.saw(about, &answer);
    }
    Ok(())
}

/// Malformed JSON and malformed HTTP with something planted in it.
fn messages_that_are_none(day: &mut Day<'_>, session: &Session<'_>, secret: &str) -> Result<()> {
    let site = day.site;
    let token = session.tokens.access.as_str();
    let host = site.mcp.authority();
    for body in [
        format!("{{\"password\":\"{secret}\""),
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":\"{secret}x\",\"method\":\"{secret}\",\"params\":{{\"{secret}\":\"{secret}\"}}}}"
        ),
        format!("{secret}\u{0}{}", "[".repeat(9000)),
    ] {
        let head = format!("Authorization: Bearer {token}\nContent-Type: application/json");
        let mut answer = raw::post(site, "/mcp", &head, body.as_bytes())?;
        // JSON-RPC gives an id back as it came; it belongs to whoever sent it.
        answer.body = answer.text().replace(&format!("\"id\":\"{secret}x\""), "\"id\":null").into_bytes();
        day.saw("a message that is none", &answer);
    }
    for bytes in [
        format!("GET /{secret} HTTP/9.9\r\nAuthorization: Bearer {token}\r\n\r\n"),
        format!("GET /me HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n{secret}\r\n\r\n"),
        format!(
            "POST /token HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\nrefresh_token={}",
            session.tokens.refresh
        ),
    ] {
        let answer = raw::exchange(&site.origin, bytes.as_bytes(), std::time::Duration::from_secs(30))?;
        day.shown.push(("the answer to malformed HTTP".to_owned(), answer));
    }
    Ok(())
}

/// Tokens are renewed, reused and revoked, and Microsoft's as well.
fn renewal(day: &mut Day<'_>, session: &mut Session<'_>) -> Result<()> {
    day.site.advance(2 * 3600)?;
    let first = session.tokens.refresh.clone();
    let answer = session.client.refresh(&first)?;
    session.renew(&answer)?;
    day.plant_tokens(&session.tokens)?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    day.site.advance(60)?;
    let reused = session.client.refresh(&first)?;
    reused.expect_oauth_error(&[400], &["invalid_grant"])?;
    day.saw("a reused refresh token", &reused);
    session.sign_in_again()?;
    day.plant_cookies(&mut session.browser)?;
    let attempt = session.client.attempt()?;
    session.browser.stop_at(REDIRECT);
    session.tokens = session.client.grant(&mut session.browser, &attempt)?;
    session.mcp.token.clone_from(&session.tokens.access);
    day.plant_tokens(&session.tokens)?;
    day.plant_cookies(&mut session.browser)
}

/// The host dies with a planted message on its way, and lives again.
fn killed(day: &mut Day<'_>, session: &Session<'_>) -> Result<()> {
    let site = day.site;
    let delay = json!({ "target": "graph", "person": session.person.email, "kind": "delay", "ms": 60_000, "times": 1 });
    site.control.fault(&delay)?;
    let known = session.graph_requests()?.len();
    let message = json!({ "to": "canary-recipient-90aa@contoso.example", "subject": "canary subject of a message 5b1d", "body": "canary body of a message 5b1d, which nobody else reads" });
    thread::scope(|scope| {
        let sending = scope.spawn(|| session.tool("sendEmail", &message));
        let arrived =
            crate::session::bounded("the send reached Graph", || Ok(session.graph_requests()?.len() > known));
        site.kill()?;
        drop(sending.join());
        arrived
    })?;
    search_files(day)?;
    site.start_again()?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content().map(drop)
}

/// The pages and documents a person is shown, and the problems among them.
fn pages(day: &mut Day<'_>, session: &mut Session<'_>) -> Result<()> {
    let site = day.site;
    for path in ["/me/journal", "/callback?code=x&state=y", "/authorize?client_id=nobody", "/nothing"] {
        let url = site.edge(path)?;
        let answer = session.browser.send(Request::get(&url), &url)?;
        day.saw(path, &answer);
    }
    // Its forms hold form tokens of this very showing; whatever was planted before is no part of it.
    let url = site.me.clone();
    let page = session.browser.send(Request::get(&url), &url)?;
    day.saw("/me", &page);
    let live = Request::get(&site.sandbox).send()?;
    day.saw("the page that shows every call", &live);
    Ok(())
}

/// What the other commands print.
fn examined(day: &mut Day<'_>) -> Result<()> {
    let site = day.site;
    let credentials = Credentials::of(site, "canary-doctor")?;
    credentials.connect(site)?;
    let outputs = [
        ("doctor", examination::run(site.mcp.as_str(), Some(&credentials), &[])?),
        ("doctor --json", examination::run(site.mcp.as_str(), Some(&credentials), &["--json"])?),
        ("audit tail", site.command(&["audit", "tail"])?),
        ("audit tail --json", site.command(&["audit", "tail", "--json"])?),
        ("audit verify", site.command(&["audit", "verify"])?),
    ];
    for (name, output) in outputs {
        let text = [output.stdout, output.stderr].concat();
        credentials.expect_hidden(&String::from_utf8_lossy(&text))?;
        ensure!(!text.is_empty(), "{name} printed nothing");
        day.shown.push((format!("what `{name}` printed"), text));
    }
    Ok(())
}

fn search(day: &Day<'_>) -> Result<()> {
    for (place, bytes) in &day.shown {
        day.canaries.expect_none(place, bytes)?;
    }
    let logs = Value::from(day.site.control.gateway_logs()?).to_string();
    day.canaries.expect_none("the gateway's log", logs.as_bytes())?;
    for record in day.site.journal().context("a journal")?.records()? {
        day.canaries.expect_none("a record", record.0.to_string().as_bytes())?;
    }
    search_output(day)
}

fn search_output(day: &Day<'_>) -> Result<()> {
    for line in day.site.output()?.lines() {
        let about = line.chars().take(90).collect::<String>();
        day.canaries.expect_none(&format!("the log line that begins with {about:?}"), line.as_bytes())?;
    }
    Ok(())
}

/// Everything written so far: the log, and every file that is not exempt.
fn search_files(day: &Day<'_>) -> Result<()> {
    search_output(day)?;
    search_folder(day, day.site.data_dir()?, true)
}

/// The search finds what is there: both exempt folders hold what they are exempt for.
fn expect_found(day: &Day<'_>) -> Result<()> {
    for name in EXEMPT {
        let mut found = false;
        for entry in fs::read_dir(day.site.data_dir()?.join(name))? {
            found |= day.canaries.found_in(&fs::read(entry?.path())?).is_some();
        }
        ensure!(found, "{name} is exempt, and nothing was found in it");
    }
    Ok(())
}

fn search_folder(day: &Day<'_>, folder: &Path, top: bool) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !(top && EXEMPT.contains(&name.as_str())) {
                search_folder(day, &path, false)?;
            }
            continue;
        }
        match fs::read(&path) {
            Ok(bytes) => day.canaries.expect_none(&format!("the file {name}"), &bytes)?,
            // A running host removes files of its own.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
