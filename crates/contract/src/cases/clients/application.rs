//! An application built on one of the official SDKs, and the person in front of it.
//!
//! The application is a script of `clients/`; the conversation with it is described in `clients/conversation.mjs`. All
//! of OAuth and MCP is the SDK's own: the suite only says what to do next, and is the person's browser.

use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use url::Url;

use super::program::Program;
use crate::browser::Browser;
use crate::control::Person;
use crate::json::Look as _;
use crate::session::bounded;
use crate::site::Site;

/// Where the application says it listens; nothing does, the browser stops before it.
const REDIRECT: &str = "http://127.0.0.1:33419/callback";

/// A running application.
pub(super) struct Application<'a> {
    site: &'a Site,
    person: Person,
    browser: Browser,
    program: Program,
    /// Asked of the authorization server at the next sign-in in place of what the SDK asks.
    narrowed: Option<&'static str>,
    /// Where the SDK sent the person, one entry for each sign-in.
    asked: Vec<Url>,
    /// Where the server had the person go.
    opened: Vec<Url>,
    /// Whether results have a structure beside their text, in the revision it speaks.
    pub(super) is_structured: bool,
}

/// What an application says.
enum Said {
    Authorize(Url),
    Open(Url),
    Done(Value),
    Failed(String),
}

impl<'a> Application<'a> {
    /// Starts the script for a new person; `more` are its further arguments.
    pub(super) fn start(site: &'a Site, name: &str, script: Command, more: &[&str]) -> Result<Self> {
        Self::start_at(site, &site.mcp, name, script, more)
    }

    /// Starts the script with this address of ours.
    pub(super) fn start_at(
        site: &'a Site,
        url: &Url,
        name: &str,
        mut script: Command,
        more: &[&str],
    ) -> Result<Self> {
        let person = site.person(name)?;
        let browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
        script.arg(url.as_str());
        if more.is_empty() {
            script.arg(REDIRECT);
        }
        script.args(more);
        let program = Program::start(script)?;
        let (narrowed, asked, opened) = (None, Vec::new(), Vec::new());
        Ok(Self { site, person, browser, program, narrowed, asked, opened, is_structured: true })
    }

    /// Connects; on the way the person signs in, and the application gets no more than these scopes where some are given.
    pub(super) fn connects(&mut self, mode: &str, scopes: Option<&'static str>) -> Result<()> {
        self.narrowed = scopes;
        self.does(&json!({ "act": "connect", "mode": mode }))?;
        ensure!(self.asked.len() == 1, "signed in {} times", self.asked.len());
        Ok(())
    }

    /// The client id with which it asked.
    pub(super) fn is_known_as(&self, id: &str) -> Result<()> {
        let known = self.asked.first().and_then(|url| parameter(url, "client_id"));
        ensure!(known.as_deref() == Some(id), "it asked as {known:?}");
        Ok(())
    }

    /// It lists the tools, calls one, gets the reason why a wrong call is refused, and acts for the right person.
    pub(super) fn works(&mut self) -> Result<()> {
        let listed = self.does(&json!({ "act": "list" }))?;
        let names: Vec<_> =
            listed.list("/tools")?.iter().filter_map(|tool| tool.at("/name").as_str()).collect();
        ensure!(names.contains(&"getEmails") && names.contains(&"sendEmail"), "{names:?}");
        let emails = self.calls_get_emails(3)?;
        ensure!(emails.at("/isError") != &Value::Bool(true), "{emails}");
        // An SDK that does not say which revision it speaks gets what the oldest has.
        ensure!(!self.is_structured || emails.at("/structuredContent").is_object(), "{emails}");
        let refused = self.calls_get_emails(-1);
        ensure!(refused.is_err() || refused?.at("/isError") == &Value::Bool(true), "-1 e-mails were read");
        let profile = self.does(&json!({ "act": "read", "uri": "microsoft://profile" }))?;
        ensure!(profile.text("/contents/0/text")?.contains(&self.person.email), "another person: {profile}");
        Ok(())
    }

    /// It offers its person what they can pick from, completes what they type, and reads one item by its address.
    pub(super) fn helps(&mut self) -> Result<()> {
        let prompts = self.does(&json!({ "act": "prompts" }))?;
        let names: Vec<_> =
            prompts.list("/prompts")?.iter().filter_map(|prompt| prompt.at("/name").as_str()).collect();
        ensure!(names.contains(&"summarizeUnread") && names.contains(&"postUpdate"), "{names:?}");
        let prompt =
            |name: &str, arguments: Value| json!({ "act": "prompt", "name": name, "arguments": arguments });
        let got = self.does(&prompt("summarizeUnread", json!({ "folder": "archive" })))?;
        ensure!(got.text("/messages/0/content/text")?.contains("\"archive\""), "{got}");
        ensure!(self.does(&prompt("postUpdate", json!({}))).is_err(), "a prompt without what it needs");
        let typed = json!({ "act": "complete", "ref": { "type": "ref/prompt", "name": "summarizeUnread" }, "argument": { "name": "folder", "value": "arch" } });
        let completed = self.does(&typed)?;
        ensure!(completed.strings("/completion/values") == ["archive"], "{completed}");
        let templates = self.does(&json!({ "act": "templates" }))?.to_string();
        ensure!(templates.contains("microsoft://messages/{id}"), "{templates}");
        let messages = self.site.control.graph("messages", &self.person.email)?;
        let id = messages.first().context("a message")?.text("/id")?;
        let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
        let read = self.does(&json!({ "act": "read", "uri": format!("microsoft://messages/{id}") }))?;
        ensure!(read.text("/contents/0/text")?.contains("\"body\""), "{read}");
        Ok(())
    }

    /// It is told how far a call has come.
    pub(super) fn is_told_of_progress(&mut self) -> Result<()> {
        // An SDK forgets who wanted to be told once the result is there, and hears nothing of what came with it.
        let slow =
            json!({ "target": "graph", "person": self.person.email, "kind": "delay", "ms": 500, "times": 1 });
        self.site.control.fault(&slow)?;
        let call = json!({ "act": "progress", "name": "getEmails", "arguments": { "count": 1 } });
        let told = self.does(&call)?;
        let told: Vec<f64> = told.list("")?.iter().filter_map(|one| one.at("/progress").as_f64()).collect();
        ensure!(!told.is_empty() && told.is_sorted_by(|one, next| one < next), "{told:?}");
        Ok(())
    }

    /// Its person is signed out of Microsoft: with the next call it sends them to the page that links it again, and then
    /// the call is made.
    pub(super) fn has_its_person_sign_in(&mut self) -> Result<()> {
        super::press(self.site, &mut self.browser, "/me/sign-out")?;
        let (before, asked) = (self.opened.len(), self.asked.len());
        let emails = self.calls_get_emails(1)?;
        ensure!(emails.at("/isError") != &Value::Bool(true), "{emails}");
        let [opened] = self.opened.get(before..).unwrap_or_default() else {
            bail!("the person was sent somewhere {} times", self.opened.len() - before);
        };
        ensure!(opened == &self.site.edge("/connect")?, "the person was sent to {opened}");
        ensure!(self.asked.len() == asked, "the person was asked for the grant again");
        Ok(())
    }

    /// It gives up a call that waits, and the call is not made again.
    pub(super) fn gives_up(&mut self) -> Result<()> {
        let (site, email) = (self.site, self.person.email.clone());
        // A question for the mailbox's zone is not about the call that is given up.
        let is_counted = |request: &&Value| {
            request.at("/path").as_str().is_some_and(|path| !path.ends_with("/mailboxSettings"))
        };
        let asked = || {
            let requests = site.control.requests("graph", Some(&email))?;
            Ok::<_, anyhow::Error>(requests.iter().filter(is_counted).count())
        };
        let before = asked()?;
        site.control.fault(
            &json!({ "target": "graph", "person": email, "kind": "status", "status": 429, "times": 1 }),
        )?;
        self.does(
            &json!({ "act": "begin", "name": "getEmails", "arguments": { "count": 1, "timeZone": "UTC" } }),
        )?;
        bounded("the call reached Graph", || Ok(asked()? > before))?;
        let ended = self.does(&json!({ "act": "abort" }))?;
        ensure!(ended.at("/error").is_string(), "a call that was given up ended with {ended}");
        bounded("the record says so", || {
            let Some(journal) = site.journal() else { return Ok(true) };
            let records = journal.of(&self.person.subject)?;
            Ok(records
                .iter()
                .any(|record| [record.field("verdict"), record.field("code")].contains(&"cancelled")))
        })?;
        self.calls_get_emails(1)?;
        ensure!(asked()? == before + 2, "{} requests where two were made", asked()? - before);
        Ok(())
    }

    /// With a grant to read it writes a draft: the SDK asks the person for the scope that is missing beside those it has,
    /// and then does it.
    pub(super) fn steps_up(&mut self) -> Result<()> {
        let before = self.asked.len();
        let drafted = self.drafts()?;
        ensure!(drafted.at("/isError") != &Value::Bool(true), "{drafted}");
        let [asked] = self.asked.get(before..).unwrap_or_default() else {
            bail!("signed in {} times for one step up", self.asked.len() - before);
        };
        let scopes = parameter(asked, "scope").unwrap_or_default();
        let scopes: Vec<_> = scopes.split(' ').collect();
        ensure!(scopes.contains(&"Mail.ReadWrite") && scopes.contains(&"Mail.Read"), "asked for {asked}");
        Ok(())
    }

    /// With a grant to read it writes a draft: refused, and nobody is asked.
    pub(super) fn stays_refused(&mut self) -> Result<()> {
        let before = self.asked.len();
        let Err(refused) = self.drafts() else { bail!("a draft was written without the scope") };
        ensure!(refused.to_string().contains("403"), "{refused:#}");
        ensure!(self.asked.len() == before, "the person was asked");
        Ok(())
    }

    /// An hour later it goes on with new tokens and without the person.
    pub(super) fn refreshes(&mut self) -> Result<()> {
        let (before, asked) = (self.does(&json!({ "act": "tokens" }))?, self.asked.len());
        self.site.advance(3601)?;
        self.does(&json!({ "act": "advance", "secs": 3601 }))?;
        self.calls_get_emails(1)?;
        let after = self.does(&json!({ "act": "tokens" }))?;
        ensure!(before.text("/access_token")? != after.text("/access_token")?, "the same access token");
        ensure!(before.text("/refresh_token")? != after.text("/refresh_token")?, "the same refresh token");
        ensure!(self.asked.len() == asked, "the person was asked");
        Ok(())
    }

    /// The person ends the connection: the next call gets nothing, and the SDK can only ask the person again.
    pub(super) fn stops_when_revoked(mut self) -> Result<()> {
        match self.calls_when_revoked()? {
            Said::Authorize(_) => Ok(()),
            Said::Done(value) => Err(self.program.failed(&format!("a revoked grant still works: {value}"))),
            Said::Open(url) => Err(self.program.failed(&format!("the person was sent to {url}"))),
            Said::Failed(reason) => Err(self.program.failed(&format!("the person was not asked: {reason}"))),
        }
    }

    /// The person ends the connection, and with it the stream: the next call gets nothing, and an SDK that does not ask
    /// the person again says that its connection is gone.
    pub(super) fn ends_when_revoked(mut self) -> Result<()> {
        match self.calls_when_revoked()? {
            Said::Authorize(_) | Said::Failed(_) => Ok(()),
            Said::Open(url) => Err(self.program.failed(&format!("the person was sent to {url}"))),
            Said::Done(value) => Err(self.program.failed(&format!("a revoked grant still works: {value}"))),
        }
    }

    fn calls_when_revoked(&mut self) -> Result<Said> {
        self.browser.sign_in(&self.site.control, &self.site.mcp, &self.person.email)?;
        super::revoke(self.site, &mut self.browser)?;
        self.write(&json!({ "act": "call", "name": "getEmails", "arguments": { "count": 1 } }))?;
        self.next()
    }

    fn calls_get_emails(&mut self, count: i64) -> Result<Value> {
        self.does(&json!({ "act": "call", "name": "getEmails", "arguments": { "count": count } }))
    }

    /// A draft stays with the person, so the call waits for nobody's approval, whatever was read before.
    fn drafts(&mut self) -> Result<Value> {
        let arguments = json!({ "subject": "s", "body": "b" });
        self.does(&json!({ "act": "call", "name": "createDraft", "arguments": arguments }))
    }

    /// Tells it to do something and signs in whenever it asks for that.
    fn does(&mut self, act: &Value) -> Result<Value> {
        self.write(act)?;
        loop {
            match self.next()? {
                Said::Authorize(url) => {
                    let callback = self.sign_in(url)?;
                    self.write(&json!({ "callback": callback.as_str() }))?;
                }
                Said::Open(url) => {
                    self.browser.page(&url)?.answer.expect(&[200])?;
                    self.opened.push(url);
                    self.write(&json!({ "opened": true }))?;
                }
                Said::Done(value) => return Ok(value),
                Said::Failed(reason) => return Err(self.program.failed(&format!("{act} failed: {reason}"))),
            }
        }
    }

    fn sign_in(&mut self, mut url: Url) -> Result<Url> {
        self.asked.push(url.clone());
        if let Some(narrowed) = self.narrowed.take() {
            let mut fields: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            let scope = fields.iter_mut().find(|(name, _)| name == "scope").context("no scope is asked")?;
            narrowed.clone_into(&mut scope.1);
            url.query_pairs_mut().clear().extend_pairs(fields);
        }
        super::agree(&mut self.browser, &url)
    }

    fn write(&mut self, message: &Value) -> Result<()> {
        self.program.write(&message.to_string())
    }

    fn next(&self) -> Result<Said> {
        let said: Value = self.program.output(|line| serde_json::from_str(line).ok())?;
        if let Some(url) = said.get("authorize") {
            return Ok(Said::Authorize(Url::parse(url.as_str().unwrap_or_default())?));
        }
        if let Some(url) = said.get("open") {
            return Ok(Said::Open(Url::parse(url.as_str().unwrap_or_default())?));
        }
        match said.get("done") {
            Some(value) => Ok(Said::Done(value.clone())),
            None => Ok(Said::Failed(said.text("/failed")?.to_owned())),
        }
    }
}

pub(super) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
