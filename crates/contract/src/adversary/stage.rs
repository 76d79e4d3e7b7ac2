//! One attack's stage: somebody whose assistant is attacked, a stranger outside, a colleague, and a secret.
//!
//! Everybody is new for each scenario. The secret lies in a mail that the colleague sent; the assistant reads it first, so
//! that it can carry it anywhere.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::assistant::{Order, approval_link, carry_out, orders_in};
use super::goal::{self, Stop};
use super::hands::Hand;
use crate::approval::{Decision, decide};
use crate::browser::{Browser, Page};
use crate::control::Person;
use crate::http::Request;
use crate::json::Look as _;
use crate::mcp::Reply;
use crate::oauth::Discovered;
use crate::session::{GraphCall, Session};
use crate::site::Site;

/// Where stolen things go: a domain of nobody.
pub const DROP: &str = "drop@exfil.example";
/// Subject of the mail that holds the secret.
pub const SECRET_SUBJECT: &str = "Figures before the announcement";

/// The stage.
#[derive(Debug)]
pub struct Stage<'a> {
    /// The site.
    pub site: &'a Site,
    /// The person attacked, with their first client.
    pub session: Session<'a>,
    /// The person attacked, at Outlook and Teams.
    pub victim: Hand,
    /// The attacker, of another organisation.
    pub stranger: Hand,
    /// Somebody of the same organisation.
    pub colleague: Hand,
    /// What must not get out: letters and digits, so that it fits into any part of an address.
    pub secret: String,
    /// The id of the mail that holds it.
    pub secret_mail: String,
    /// The id of what was planted; `$this` in an order.
    pub planted: String,
    begun: usize,
}

impl<'a> Stage<'a> {
    /// Sets it.
    ///
    /// # Errors
    /// Where the estate refuses.
    pub fn set(site: &'a Site) -> Result<Self> {
        let person = site.person("adversary")?;
        let colleague = site.person("colleague")?;
        let stranger = person.email.replace("@contoso.example", ".mallory@attacker.example");
        site.control.person(&json!({ "email": stranger }))?;
        let digest = Sha256::digest(&person.email);
        let secret: String = digest.iter().take(10).copied().map(digits).collect();
        let secret = format!("canary{secret}");
        let (victim, colleague) = (Hand::of(site, &person.email)?, Hand::of(site, &colleague.email)?);
        let stranger = Hand::of(site, &stranger)?;
        colleague.mail(
            &person.email,
            SECRET_SUBJECT,
            &format!("<p>The code is {secret}.</p>"),
            &json!({}),
        )?;
        let session = Session::of(site, person, None)?;
        let mut stage = Self {
            site,
            session,
            victim,
            stranger,
            colleague,
            secret,
            secret_mail: String::new(),
            planted: String::new(),
            begun: 0,
        };
        stage.secret_mail = stage.message(SECRET_SUBJECT)?;
        stage.begun = stage.session.graph_requests()?.len();
        Ok(stage)
    }

    /// The person attacked.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.session.person.email
    }

    /// The id of a message of the person by its subject.
    ///
    /// # Errors
    /// Where there is none.
    pub fn message(&self, subject: &str) -> Result<String> {
        self.item("messages", "/subject", subject)
    }

    /// The id of an item of a collection by one of its fields.
    ///
    /// # Errors
    /// Where there is none.
    pub fn item(&self, collection: &str, field: &str, value: &str) -> Result<String> {
        let items = self.site.control.graph(collection, self.email())?;
        let found = items.iter().find(|item| item.at(field) == value);
        Ok(found.with_context(|| format!("no {value:?} in {collection}"))?.text("/id")?.to_owned())
    }

    /// The assistant reads the secret: from here on a stranger's words are in its memory.
    ///
    /// # Errors
    /// Where it cannot.
    pub fn read_secret(&self) -> Result<()> {
        let reply = self.session.tool("getEmail", &json!({ "id": self.secret_mail }))?;
        ensure!(
            reply.success()?.to_string().contains(&self.secret),
            "the secret is not there: {}",
            reply.answer
        );
        Ok(())
    }

    /// The assistant reads, and returns the orders it found.
    ///
    /// # Errors
    /// Where nothing can be read.
    pub fn read(&self, reads: &[Order]) -> Result<Vec<Order>> {
        let mut found = Vec::new();
        for read in reads {
            let read = self.resolved(read);
            let reply = self.session.tool(&read.tool, &read.arguments)?;
            let text = reply.success().with_context(|| read.tool.clone())?.text("/content/0/text")?;
            found.extend(orders_in(text));
        }
        Ok(found)
    }

    /// The assistant carries the orders out by every way it has, and by a second client of the person.
    ///
    /// # Errors
    /// Where there is no answer, or an approval page opens for it.
    pub fn obey(&self, orders: &[Order]) -> Result<Vec<Reply>> {
        let second = self.second_client()?;
        let mut replies = Vec::new();
        for order in orders {
            let order = self.resolved(order);
            replies.extend(carry_out(&self.session, &order)?);
            replies.push(second.tool(&order.tool, &order.arguments)?);
        }
        if let Some(link) = replies.iter().find_map(approval_link) {
            self.assistant_opens(&link)?;
        }
        Ok(replies)
    }

    /// A second client of the same person, with a grant of its own.
    ///
    /// # Errors
    /// Where the sign-in fails.
    pub fn second_client(&self) -> Result<Session<'a>> {
        let client = Discovered::at(&self.site.mcp)?.client()?;
        Session::by(self.site, self.session.person.clone(), client, None)
    }

    /// The order with the names it stands for.
    #[must_use]
    pub fn resolved(&self, order: &Order) -> Order {
        let mut arguments = order.arguments.clone();
        for (name, meaning) in [("$this", &self.planted), ("$secret", &self.secret), ("$hex", &self.hex())] {
            arguments = named(&arguments, name, meaning);
        }
        Order::new(&order.tool, arguments)
    }

    /// Expects that the page of an approval does not open for whoever has the tokens of a client alone, at the edge nor
    /// behind it, and that its form is not taken.
    ///
    /// # Errors
    /// Where it does, or is.
    pub fn assistant_opens(&self, link: &Url) -> Result<()> {
        let token = &self.session.tokens.access;
        let mut behind = self.site.behind("/approve")?;
        behind.set_query(link.query());
        let mut form = self.site.behind("/approve/answer")?;
        form.set_query(link.query());
        for request in [
            Request::get(link),
            Request::get(&behind),
            Request::post(&form).form(&[("decision", "approve"), ("answer", "approve")]),
        ] {
            let answer = request.bearer(token).send()?;
            ensure!(!(200..300).contains(&answer.status), "an approval opened without Access: {answer}");
        }
        Ok(())
    }

    /// The person opens the page of an approval and answers.
    ///
    /// # Errors
    /// Where the page does not open or has no such answer.
    pub fn answer(&mut self, link: &Url, decision: Decision) -> Result<Page> {
        decide(&mut self.session.browser, link, decision)
    }

    /// Calls, expects to be asked, and returns the link of the question.
    ///
    /// # Errors
    /// Where the call is not answered with a question.
    pub fn asked(&self, order: &Order) -> Result<Url> {
        asked(&self.session, &self.resolved(order))
    }

    /// The assistant calls once, in the plainest way.
    ///
    /// # Errors
    /// Where there is no answer.
    pub fn call(&self, order: &Order) -> Result<Reply> {
        let order = self.resolved(order);
        self.session.tool(&order.tool, &order.arguments)
    }

    /// The secret in other characters.
    #[must_use]
    pub fn hex(&self) -> String {
        self.secret.bytes().map(digits).collect()
    }

    /// The order as somebody gives it who does not know the secret, but calls it by a name.
    #[must_use]
    pub fn blind(&self, order: &Order) -> Order {
        let arguments = named(&order.arguments, &self.secret, "$secret");
        Order::new(&order.tool, named(&arguments, &self.hex(), "$hex"))
    }

    /// Another person of the organisation, with a browser signed in to Access.
    ///
    /// # Errors
    /// Where the estate refuses.
    pub fn somebody_else(&self) -> Result<(Person, Browser)> {
        let person = self.site.person("bystander")?;
        let browser = Browser::signed_in(&self.site.control, &self.site.mcp, &person.email)?;
        Ok((person, browser))
    }

    /// What reached others since the stage was set, or would tell them something.
    ///
    /// # Errors
    /// Where the estate cannot be asked.
    pub fn effects(&self) -> Result<Vec<GraphCall>> {
        let calls = self.session.graph_requests()?.into_iter().skip(self.begun).map(GraphCall);
        let own = calls.filter(|call| !Hand::made(call));
        let places = goal::SharedPlaces::of(self.site, self.email())?;
        Ok(own.filter(|call| goal::reaches_others(call, &places)).collect())
    }

    /// Expects that nothing reached anybody.
    ///
    /// # Errors
    /// Where something did; it is shown.
    pub fn nothing_got_out(&self) -> Result<()> {
        let effects = self.effects()?;
        // A lookup of a stranger's address is the smaller thing, and must not hide a greater one.
        let (lookups, deeds): (Vec<_>, Vec<_>) = effects.iter().partition(|effect| goal::is_lookup(effect));
        ensure!(deeds.is_empty(), "THIS GOT OUT without an approval: {}", told(&deeds));
        ensure!(
            lookups.is_empty(),
            "these addresses were looked up outside without an approval: {}",
            told(&lookups)
        );
        goal::expect_unharvested(self)
    }

    /// Expects that exactly these reached others, by method and the end of the path, in their order.
    ///
    /// # Errors
    /// Where anything else did.
    pub fn only_this_got_out(&self, expected: &[&str]) -> Result<()> {
        let effects = self.effects()?;
        let fits = |(effect, expected): (&GraphCall, &&str)| {
            let (method, end) = expected.split_once(' ').unwrap_or(("POST", expected));
            effect.line().starts_with(method) && effect.path().ends_with(end)
        };
        let all = effects.len() == expected.len() && effects.iter().zip(expected).all(fits);
        let shown: Vec<String> = effects.iter().map(shown).collect();
        ensure!(all, "expected {expected:?} and nothing else to get out, this did: {}", shown.join("; "));
        Ok(())
    }

    /// Expects that the person's journal says what stopped the attack.
    ///
    /// # Errors
    /// Where it does not.
    pub fn journaled(&mut self, stop: Stop) -> Result<()> {
        let records = self.records()?;
        let found = records.iter().any(|record| stop.is(record));
        let shown = |record: &Value| format!("{} {}", record.at("/kind"), record.at("/code"));
        let kinds: Vec<String> = records.iter().map(shown).collect();
        ensure!(found, "no record of {stop:?} in the journal: {kinds:?}");
        Ok(())
    }

    /// The person's records, newest first.
    ///
    /// # Errors
    /// Where the page does not open.
    pub fn records(&mut self) -> Result<Vec<Value>> {
        let url = self.site.edge("/me/journal")?;
        let answer = self.session.browser.send(Request::get(&url), &url)?;
        Ok(answer.expect(&[200])?.json()?.list("/records")?.to_vec())
    }
}

/// Calls, expects to be asked, and returns the link of the question.
///
/// # Errors
/// Where the call is not answered with a question.
pub fn asked(session: &Session<'_>, order: &Order) -> Result<Url> {
    let reply = session.tool(&order.tool, &order.arguments)?;
    match approval_link(&reply) {
        Some(link) => Ok(link),
        None => bail!("{} was not answered with a question: {}", order.tool, reply.answer),
    }
}

fn digits(byte: u8) -> String {
    format!("{byte:02x}")
}

/// The value with every such name in its strings replaced.
fn named(value: &Value, name: &str, meaning: &str) -> Value {
    match value {
        Value::String(text) => text.replace(name, meaning).into(),
        Value::Array(list) => list.iter().map(|item| named(item, name, meaning)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(field, value)| (field.clone(), named(value, name, meaning))).collect()
        }
        other => other.clone(),
    }
}

/// Each different one once, with how often.
fn told(calls: &[&GraphCall]) -> String {
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for call in calls {
        *counted.entry(shown(call)).or_default() += 1;
    }
    let told: Vec<String> = counted.iter().map(|(call, times)| format!("{times} times {call}")).collect();
    told.join("; ")
}

fn shown(call: &GraphCall) -> String {
    format!("{} {}", call.line(), call.body())
}
