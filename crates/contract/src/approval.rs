//! Approvals as a person gives them: the link of a question, its page, and the answer.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use url::Url;

use crate::browser::{Browser, Page, prepare};
use crate::html::{Form, forms};
use crate::http::Answer;
use crate::mcp::{Mcp, Reply};
use crate::session::Session;

/// What a person presses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Approve,
    /// No.
    Deny,
    /// No, and the application's access ends.
    DenyAndEnd,
}

impl Decision {
    /// The value of its button.
    #[must_use]
    pub const fn value(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::DenyAndEnd => "deny-and-end",
        }
    }
}

/// The link of the question that an answer asks, in whatever form it asks: a sentence, an elicitation, an input request.
///
/// # Errors
/// Where there is none.
pub fn link_of(reply: &Reply) -> Result<Url> {
    let text = reply.message.to_string();
    let at = text.find("/approve?a=").with_context(|| format!("no question is asked: {}", reply.answer))?;
    let begins = text.get(..at).and_then(|before| before.rfind("http")).context("a link has a scheme")?;
    let link = text.get(begins..).unwrap_or_default();
    let is_part = |c: char| c.is_ascii_alphanumeric() || ":/.?=-_%".contains(c);
    let ends = link.find(|c| !is_part(c)).unwrap_or(link.len());
    Ok(Url::parse(link.get(..ends).unwrap_or_default())?)
}

/// The form of a question's page.
///
/// # Errors
/// Where the page has none.
pub fn form_of(page: &Page) -> Result<Form> {
    let found =
        forms(&page.answer.text()).into_iter().find(|form| form.action.starts_with("/approve/answer"));
    found.with_context(|| format!("no question is on the page: {}", page.answer))
}

/// Presses the button of this decision, in this browser, on this page; does not follow where that leads.
///
/// # Errors
/// Where the page has no such button.
pub fn press(browser: &mut Browser, page: &Page, decision: Decision) -> Result<Answer> {
    let form = form_of(page)?;
    let button = form.buttons.iter().find(|button| button.value == decision.value());
    let button = button.with_context(|| format!("no button for {decision:?}: {form}"))?;
    let (request, url) = prepare(page, &form, &form.filled(Some(button)))?;
    browser.send(request, &url)
}

/// Opens the link, looks, and answers, in this browser. Returns the page that follows.
///
/// # Errors
/// Where the question cannot be answered so.
pub fn decide(browser: &mut Browser, link: &Url, decision: Decision) -> Result<Page> {
    let page = browser.page(link)?;
    page.answer.expect(&[200])?;
    let answer = press(browser, &page, decision)?;
    answer.expect(&[303])?;
    let next = browser.page(&answer.location()?)?;
    next.answer.expect(&[200])?;
    Ok(next)
}

impl Session<'_> {
    /// Answers the question of this link as the person, with GET and POST over HTTP.
    ///
    /// # Errors
    /// Where the question cannot be answered so.
    pub fn approve(&self, link: &Url, decision: Decision) -> Result<Page> {
        decide(&mut self.browser.clone(), link, decision)
    }

    /// Calls a tool; where that needs an approval the person gives it, and the same call is made again.
    ///
    /// # Errors
    /// Where there is no answer, or the question cannot be answered.
    pub fn call_approved(&self, name: &str, arguments: &Value) -> Result<Reply> {
        self.call_approved_by(&self.mcp, name, arguments)
    }

    /// The same by another client of the person.
    ///
    /// # Errors
    /// As [`Session::call_approved`].
    pub fn call_approved_by(&self, mcp: &Mcp, name: &str, arguments: &Value) -> Result<Reply> {
        let reply = mcp.tool(name, arguments)?;
        if link_of(&reply).is_err() {
            return Ok(reply);
        }
        self.approve(&link_of(&reply)?, Decision::Approve)?;
        mcp.tool(name, arguments)
    }

    /// Has the person approve exactly this call before it is made, where that is needed; nothing happens by it.
    ///
    /// # Errors
    /// Where there is no answer, the call was not held back, or the question cannot be answered.
    pub fn approve_ahead(&self, name: &str, arguments: &Value) -> Result<()> {
        let reply = self.mcp.tool(name, arguments)?;
        ensure!(reply.success().is_err(), "the call needed no approval: {}", reply.answer);
        self.approve(&link_of(&reply)?, Decision::Approve).map(drop)
    }
}
