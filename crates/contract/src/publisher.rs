//! A vendor who publishes the metadata document of a client at an address that nobody else uses.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::control::Person;
use crate::http::{Answer, Request};
use crate::json::Look as _;
use crate::oauth::{Client, Discovered, unique};
use crate::site::Site;

/// Where the client of a [`Publisher`] is answered: a page of its own host.
pub const CALLBACK: &str = "/callback";

/// A vendor and the address of one document.
#[derive(Clone, Debug)]
pub struct Publisher<'a> {
    site: &'a Site,
    /// `client_id`: the address.
    pub id: String,
    /// Where the client is answered.
    pub redirect: String,
}

impl<'a> Publisher<'a> {
    /// A vendor at this host, who publishes a document as it should be.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn at(site: &'a Site, host: &str) -> Result<Self> {
        let publisher = Self::without_document(site, host);
        publisher.publish(&publisher.document())?;
        Ok(publisher)
    }

    /// A vendor at this host who has published nothing yet.
    #[must_use]
    pub fn without_document(site: &'a Site, host: &str) -> Self {
        let id = format!("https://{host}/contract/{}.json", unique("document"));
        Self { site, id, redirect: format!("https://{host}{CALLBACK}") }
    }

    /// A document as it should be.
    #[must_use]
    pub fn document(&self) -> Value {
        json!({
            "client_id": self.id,
            "client_name": "Document client",
            "redirect_uris": [self.redirect, "http://localhost/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        })
    }

    /// The same with another value of one field.
    #[must_use]
    pub fn document_with(&self, name: &str, value: &Value) -> Value {
        let mut document = self.document();
        if let Some(fields) = document.as_object_mut() {
            fields.insert(name.to_owned(), value.clone());
        }
        document
    }

    /// Publishes this document.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn publish(&self, document: &Value) -> Result<()> {
        self.answer(&json!({ "body": document }))
    }

    /// Answers at the address as the fields say.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn answer(&self, fields: &Value) -> Result<()> {
        let mut order = fields.clone();
        order.as_object_mut().context("fields")?.insert("url".to_owned(), json!(self.id));
        self.site.control.client_document(&order)
    }

    /// The client.
    ///
    /// # Errors
    /// Where discovery fails.
    pub fn client(&self) -> Result<Client> {
        let discovered = Discovered::at(&self.site.mcp)?;
        Ok(Client { discovered, id: self.id.clone(), redirect: self.redirect.clone() })
    }

    /// What was fetched from the address.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn fetches(&self) -> Result<Vec<Value>> {
        let path = self.id.strip_prefix("https:/").context("an https address")?;
        let mut requests = self.site.control.requests("clients", None)?;
        requests.retain(|request| request.at("/path").as_str() == Some(path));
        Ok(requests)
    }

    /// Expects so many fetches from the address.
    ///
    /// # Errors
    /// Where there were others.
    pub fn expect_fetches(&self, count: usize) -> Result<()> {
        let fetches = self.fetches()?;
        ensure!(fetches.len() == count, "expected {count} fetches of {}: {fetches:?}", self.id);
        Ok(())
    }
}

/// What a new person is answered who is sent to authorize this client.
///
/// # Errors
/// Where there is no answer.
pub fn asked(site: &Site, client: &Client, name: &str) -> Result<(Person, Browser, Answer)> {
    let person = site.person(name)?;
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    let url = client.attempt()?.url()?;
    let answer = browser.send(Request::get(&url), &url)?;
    Ok((person, browser, answer))
}

/// Expects that nobody was sent anywhere, on a page that shows nothing of the reason.
///
/// # Errors
/// Where it is otherwise.
pub fn expect_refused(answer: &Answer) -> Result<()> {
    answer.expect(&[400])?.expect_not_stored()?;
    ensure!(answer.header("location").is_none(), "sent somewhere: {answer}");
    ensure!(!answer.text().contains("client_document"), "the page tells the reason: {answer}");
    Ok(())
}
