//! The control plane of the simulated estate: people, assertions, faults, the clock, and what was received.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::Url;

use crate::http::{Answer, Request};
use crate::json::Look as _;

/// The control plane at a sandbox's base URL.
#[derive(Clone, Debug)]
pub struct Control {
    base: Url,
}

/// An Access assertion as JWT, and as the cookie that the edge takes instead of its login page.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// The JWT.
    pub jwt: String,
    /// `CF_Authorization=…`
    pub cookie: String,
}

/// Someone in the simulated tenant.
#[derive(Clone, Debug)]
pub struct Person {
    /// E-mail address.
    pub email: String,
    /// Subject in Access assertions.
    pub subject: String,
}

/// An Access service token.
#[derive(Clone, Debug)]
pub struct ServiceToken {
    /// `CF-Access-Client-Id`
    pub id: String,
    /// `CF-Access-Client-Secret`
    pub secret: String,
}

impl ServiceToken {
    fn read(told: &Value) -> Result<Self> {
        Ok(Self { id: told.text("/clientId")?.to_owned(), secret: told.text("/clientSecret")?.to_owned() })
    }

    /// The headers that carry it.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, String)> {
        let header = |name: &str, value: &String| (name.to_owned(), value.clone());
        vec![header("cf-access-client-id", &self.id), header("cf-access-client-secret", &self.secret)]
    }
}

impl Control {
    /// The control plane of this sandbox.
    #[must_use]
    pub const fn new(base: Url) -> Self {
        Self { base }
    }

    /// Adds a person, or changes the named fields of one.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn person(&self, fields: &Value) -> Result<Person> {
        self.post("person", fields)?;
        let email = fields.text("/email")?.to_owned();
        let subject = self.assertion(&json!({ "email": email }))?.claims()?.text("/sub")?.to_owned();
        Ok(Person { email, subject })
    }

    /// An assertion made as the fields say.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn assertion(&self, fields: &Value) -> Result<Assertion> {
        let made = self.post("assert", fields)?;
        Ok(Assertion { jwt: made.text("/assertion")?.to_owned(), cookie: made.text("/cookie")?.to_owned() })
    }

    /// What the server under test is configured with, secrets of the simulated systems included.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn config(&self) -> Result<Value> {
        Self::get(&Url::parse(&self.url("config")?)?)
    }

    /// The client id of a service token that Access knows.
    ///
    /// # Errors
    /// Where the sandbox has none.
    pub fn service(&self) -> Result<String> {
        Ok(self.first_service_token()?.id)
    }

    /// The service token that Access knows from the start.
    ///
    /// # Errors
    /// Where the sandbox has none.
    pub fn first_service_token(&self) -> Result<ServiceToken> {
        ServiceToken::read(self.config()?.at("/serviceTokens/0"))
    }

    /// Makes a service token that Access admits.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn service_token(&self) -> Result<ServiceToken> {
        ServiceToken::read(&self.post("service", &json!({}))?)
    }

    /// Says what stands at the address of a client metadata document.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn client_document(&self, order: &Value) -> Result<()> {
        self.post("client_document", order).map(drop)
    }

    /// Injects a fault.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn fault(&self, fault: &Value) -> Result<()> {
        self.post("fault", fault).map(drop)
    }

    /// Removes every fault.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn clear_faults(&self) -> Result<()> {
        let url = self.url("fault")?;
        Request::new("DELETE", &url).send()?.expect(&[200, 204]).map(drop)
    }

    /// What a simulated system received, for one person or all, oldest first.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn requests(&self, target: &str, person: Option<&str>) -> Result<Vec<Value>> {
        let mut url = Url::parse(&self.url("requests")?)?;
        url.query_pairs_mut().append_pair("target", target);
        if let Some(person) = person {
            url.query_pairs_mut().append_pair("person", person);
        }
        Ok(Self::get(&url)?.list("/requests")?.to_vec())
    }

    /// The log of the simulated AI Gateway.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn gateway_logs(&self) -> Result<Vec<Value>> {
        let url = Url::parse(&self.url("gateway/logs")?)?;
        Ok(Self::get(&url)?.list("/logs")?.to_vec())
    }

    /// The gateway's log entries whose metadata name this person.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn gateway_logs_of(&self, email: &str) -> Result<Vec<Value>> {
        let mut logs = self.gateway_logs()?;
        logs.retain(|log| log.at("/metadata/userEmail").as_str() == Some(email));
        Ok(logs)
    }

    /// The items of a Graph collection of one person.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn graph(&self, collection: &str, person: &str) -> Result<Vec<Value>> {
        let mut url = Url::parse(&self.url(&format!("graph/{collection}"))?)?;
        url.query_pairs_mut().append_pair("person", person);
        Ok(Self::get(&url)?.list("/items")?.to_vec())
    }

    /// The Entra object id of a person, as the simulated tenant says it.
    ///
    /// # Errors
    /// Where there is no such person.
    pub fn object_id(&self, email: &str) -> Result<String> {
        Ok(self.post("person", &json!({ "email": email }))?.text("/oid")?.to_owned())
    }

    /// Rotates the signing keys of `access` or `entra`.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn rotate(&self, target: &str) -> Result<()> {
        self.post("rotate", &json!({ "target": target })).map(drop)
    }

    /// Changes the simulated Entra: `cloud`, `certificate`, `long_lived`.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn entra(&self, change: &Value) -> Result<()> {
        self.post("entra", change).map(drop)
    }

    /// Makes another certificate, which is the registered one from now on.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn another_certificate(&self) -> Result<()> {
        self.post("certificate", &json!({})).map(drop)
    }

    /// A fresh token of the platform that the app registration trusts.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn federated_token(&self) -> Result<String> {
        Ok(self.post("federated_token", &json!({}))?.text("/token")?.to_owned())
    }

    /// Ends the Microsoft sessions of a person until the next sign-in.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn revoke(&self, email: &str) -> Result<()> {
        self.post("revoke", &json!({ "email": email })).map(drop)
    }

    /// Has Graph refuse the tokens a person has, until Entra has issued one that was asked for with the claims answered
    /// here. More fields: `status` (401 or 403), `interaction` (only a sign-in will do).
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn challenge(&self, email: &str, fields: &Value) -> Result<Value> {
        let mut order = json!({ "email": email });
        if let (Some(order), Some(fields)) = (order.as_object_mut(), fields.as_object()) {
            order.extend(fields.clone());
        }
        Ok(serde_json::from_str(self.post("challenge", &order)?.text("/claims")?)?)
    }

    /// Moves the clock of the whole estate, the server's included.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn advance(&self, secs: u64) -> Result<()> {
        self.post("clock", &json!({ "advance_secs": secs })).map(drop)
    }

    /// The time of the whole estate, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn now_secs(&self) -> Result<u64> {
        let now_ms = self.post("clock", &json!({ "advance_secs": 0 }))?.integer("/nowMs")?;
        Ok(u64::try_from(now_ms)? / 1000)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let answer = Request::post(self.url(path)?).json(body).send()?;
        body_of(answer.expect(&[200, 201, 202, 204])?)
    }

    fn get(url: &Url) -> Result<Value> {
        body_of(Request::get(url).send()?.expect(&[200])?)
    }

    fn url(&self, path: &str) -> Result<String> {
        Ok(self.base.join(&format!("/_control/{path}"))?.to_string())
    }
}

impl Assertion {
    /// The claims, unverified.
    ///
    /// # Errors
    /// Where it is not a JWT.
    pub fn claims(&self) -> Result<Value> {
        let payload = self.jwt.split('.').nth(1).context("an assertion has three parts")?;
        Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?)
    }

    /// The same signature over other claims.
    ///
    /// # Errors
    /// Where it is not a JWT.
    pub fn with_claims(&self, claims: &Value) -> Result<String> {
        let mut parts: Vec<&str> = self.jwt.split('.').collect();
        let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
        *parts.get_mut(1).context("an assertion has three parts")? = &payload;
        Ok(parts.join("."))
    }
}

fn body_of(answer: &Answer) -> Result<Value> {
    if answer.body.is_empty() { Ok(Value::Null) } else { answer.json() }
}
