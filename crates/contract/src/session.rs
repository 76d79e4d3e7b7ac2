//! A person of a case who is signed in: browser, registered client, tokens and an MCP client.

use std::thread;

use anyhow::{Result, bail};
use serde_json::Value;
use url::Url;

use crate::browser::Browser;
use crate::control::Person;
use crate::http::Answer;
use crate::journal::Record;
use crate::json::Look as _;
use crate::mcp::{Mcp, Reply};
use crate::oauth::{Client, Tokens};
use crate::site::Site;

/// How often [`bounded`] asks.
const QUESTIONS: usize = 20_000;

/// A signed-in person.
#[derive(Debug)]
pub struct Session<'a> {
    /// The site.
    pub site: &'a Site,
    /// The person.
    pub person: Person,
    /// The person's browser.
    pub browser: Browser,
    /// The registered client.
    pub client: Client,
    /// Tokens of the grant.
    pub tokens: Tokens,
    /// MCP client of the newest revision with the access token.
    pub mcp: Mcp,
}

impl<'a> Session<'a> {
    /// Signs a new person in.
    ///
    /// # Errors
    /// Where any step of the sign-in fails.
    pub fn open(site: &'a Site, name: &str) -> Result<Self> {
        Self::of(site, site.person(name)?, None)
    }

    /// Signs a new person in with a grant of these scopes only.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn with_scope(site: &'a Site, name: &str, scope: &str) -> Result<Self> {
        Self::of(site, site.person(name)?, Some(scope))
    }

    /// Signs this person in.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn of(site: &'a Site, person: Person, scope: Option<&str>) -> Result<Self> {
        Self::by(site, person, site.client()?, scope)
    }

    /// Signs this person in by this client, for the resource it discovered.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn by(site: &'a Site, person: Person, client: Client, scope: Option<&str>) -> Result<Self> {
        let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
        let mut attempt = client.attempt()?;
        if let Some(scope) = scope {
            attempt = attempt.with("scope", scope);
        }
        let tokens = client.grant(&mut browser, &attempt)?;
        let resource = Url::parse(client.discovered.resource.text("/resource")?)?;
        let mcp = Mcp::new(&resource, &tokens.access);
        Ok(Self { site, person, browser, client, tokens, mcp })
    }

    /// Calls a tool.
    ///
    /// # Errors
    /// Where there is no answer.
    pub fn tool(&self, name: &str, arguments: &Value) -> Result<Reply> {
        self.mcp.tool(name, arguments)
    }

    /// Takes the tokens of an answer and uses them from now on.
    ///
    /// # Errors
    /// Where the answer is not a success.
    pub fn renew(&mut self, answer: &Answer) -> Result<()> {
        self.tokens = Tokens::read(answer)?;
        self.mcp.token.clone_from(&self.tokens.access);
        Ok(())
    }

    /// Signs in to Access again, as after its session has ended.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn sign_in_again(&mut self) -> Result<()> {
        self.browser.sign_in(&self.site.control, &self.site.mcp, &self.person.email)
    }

    /// What the simulated Graph received for this person.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn graph_requests(&self) -> Result<Vec<Value>> {
        self.site.control.requests("graph", Some(&self.person.email))
    }

    /// The newest request that the simulated Graph received for this person, the question for the zone to tell times in
    /// aside: it goes along with the first list of a cell.
    ///
    /// # Errors
    /// Where there is none.
    pub fn last_graph_request(&self) -> Result<GraphCall> {
        let newest =
            self.graph_requests()?.into_iter().map(GraphCall).rfind(|call| !call.asks_for_the_zone());
        newest.ok_or_else(|| anyhow::anyhow!("Graph received nothing for {}", self.person.email))
    }

    /// Waits until the simulated Graph has received a request for this person.
    ///
    /// # Errors
    /// Where it never does.
    pub fn await_graph_request(&self) -> Result<()> {
        bounded("a request reached Graph", || Ok(!self.graph_requests()?.is_empty()))
    }

    /// The person's journal records; `None` where the suite cannot read them.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn records(&self) -> Result<Option<Vec<Record>>> {
        self.site.journal().map(|journal| journal.of(&self.person.subject)).transpose()
    }
}

/// The answers of what runs `count` times at once, each time with a number of its own, from 0.
///
/// # Errors
/// The first error of any.
pub fn at_once<T: Send>(count: usize, run: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    let run = &run;
    thread::scope(|scope| {
        let runs: Vec<_> = (0..count).map(|number| scope.spawn(move || run(number))).collect();
        runs.into_iter().map(|run| run.join().unwrap_or_else(|_| bail!("a thread ended"))).collect()
    })
}

/// Asks again, without pause, until the answer is yes; each question is a round trip, and their number is bounded.
///
/// # Errors
/// Where a question fails, or none is answered with yes.
pub fn bounded(what: &str, question: impl Fn() -> Result<bool>) -> Result<()> {
    for _ in 0..QUESTIONS {
        if question()? {
            return Ok(());
        }
    }
    bail!("not after {QUESTIONS} questions: {what}")
}

/// A request as the simulated Graph recorded it.
#[derive(Clone, Debug)]
pub struct GraphCall(pub Value);

impl GraphCall {
    /// Whether it asks for the mailbox's time zone, and the settings it is among.
    #[must_use]
    pub fn asks_for_the_zone(&self) -> bool {
        self.line() == "GET /v1.0/me/mailboxSettings"
    }

    /// Method and path: `GET /v1.0/me`.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.0.at("/method").as_str().unwrap_or_default(), self.path())
    }

    /// Path, encoded as it came.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.at("/path").as_str().unwrap_or_default()
    }

    /// A query option, decoded.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<String> {
        let query = self.0.at("/query").as_str().unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }

    /// A header by lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.at("/headers").get(name).and_then(Value::as_str)
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &Value {
        self.0.at("/body")
    }
}
