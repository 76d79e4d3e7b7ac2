//! People's own hands: Microsoft's applications, past the server under test.
//!
//! An attacker who sends mail, a colleague who writes in a chat, the person who edits a draft in Outlook: each is a caller
//! of the simulated Graph with a Microsoft token of their own. Their requests bear a mark, so that they are never taken for
//! requests of the server.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use url::Url;

use crate::http::Request;
use crate::json::Look as _;
use crate::oauth::challenge_of;
use crate::session::GraphCall;
use crate::site::Site;

/// How the client request ids of these requests begin.
const MARK: &str = "by-hand-";
/// Everything these hands do.
const SCOPES: &str = "openid profile User.Read Mail.ReadWrite Mail.Send Calendars.ReadWrite Files.ReadWrite.All \
                      Chat.ReadWrite Chat.Create ChannelMessage.Send Sites.ReadWrite.All";
/// RFC 7636 section 4.1 asks for 43 characters at least.
const VERIFIER: &str = "a-verifier-of-people-who-use-outlook-themselves-0";

static SERIAL: AtomicU64 = AtomicU64::new(0);

/// One person at Microsoft's applications.
#[derive(Clone, Debug)]
pub struct Hand {
    /// E-mail address.
    pub email: String,
    graph: String,
    gateway_token: String,
    token: String,
}

impl Hand {
    /// Signs the person in at Entra, for Graph alone.
    ///
    /// # Errors
    /// Where the simulated Entra refuses.
    pub fn of(site: &Site, email: &str) -> Result<Self> {
        let config = site.control.config()?;
        let text = |name: &str| config.text(&format!("/{name}")).map(str::to_owned);
        let base = format!("{}/{}/oauth2/v2.0", text("entraBaseUrl")?, text("tenantId")?);
        let (client, redirect) = (text("clientId")?, text("redirectUri")?);
        let mut authorize = Url::parse(&format!("{base}/authorize"))?;
        authorize.query_pairs_mut().extend_pairs([
            ("client_id", client.as_str()),
            ("redirect_uri", &redirect),
            ("response_type", "code"),
            ("code_challenge", &challenge_of(VERIFIER)),
            ("code_challenge_method", "S256"),
            ("scope", SCOPES),
            ("login_hint", email),
        ]);
        let answer = Request::get(&authorize).send()?;
        let back = answer.location().with_context(|| answer.to_string())?;
        let code = back.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned());
        let code = code.with_context(|| format!("no code: {back}"))?;
        let secret = text("clientSecret")?;
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client.as_str()),
            ("client_secret", &secret),
            ("redirect_uri", &redirect),
            ("code", &code),
            ("code_verifier", VERIFIER),
        ];
        let tokens = Request::post(format!("{base}/token")).form(&form).send()?.expect(&[200])?.json()?;
        let graph = format!(
            "{}/v1/{}/{}/custom-msgraph/v1.0",
            text("aiGatewayBaseUrl")?,
            text("accountId")?,
            text("gatewayId")?
        );
        let token = tokens.text("/access_token")?.to_owned();
        Ok(Self { email: email.to_owned(), graph, gateway_token: text("gatewayToken")?, token })
    }

    /// Whether one of these hands made the request.
    #[must_use]
    pub fn made(call: &GraphCall) -> bool {
        call.header("client-request-id").is_some_and(|id| id.starts_with(MARK))
    }

    /// Reads.
    ///
    /// # Errors
    /// Where Graph refuses.
    pub fn get(&self, path: &str) -> Result<Value> {
        Self::send(self.request("GET", path))
    }

    /// Creates, or acts.
    ///
    /// # Errors
    /// Where Graph refuses.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        Self::send(self.request("POST", path).json(body))
    }

    /// Changes.
    ///
    /// # Errors
    /// Where Graph refuses.
    pub fn patch(&self, path: &str, body: &Value) -> Result<Value> {
        Self::send(self.request("PATCH", path).json(body))
    }

    /// Puts a text file of this name into the root of a drive, such as `/me/drive`, and returns it.
    ///
    /// # Errors
    /// Where Graph refuses.
    pub fn file(&self, drive: &str, name: &str, text: &str) -> Result<Value> {
        let path = format!("{drive}/items/root:/{}:/content", segment(name));
        Self::send(self.request("PUT", &path).body("text/plain", text.as_bytes()))
    }

    /// Sends a mail.
    ///
    /// # Errors
    /// Where Graph refuses.
    pub fn mail(&self, to: &str, subject: &str, html: &str, more: &Value) -> Result<()> {
        let message = json!({
            "subject": subject, "body": { "contentType": "html", "content": html },
            "toRecipients": [{ "emailAddress": { "address": to } }],
        });
        let message = crate::json::with(&message, more);
        self.post("/me/sendMail", &json!({ "message": message })).map(drop)
    }

    fn request(&self, method: &str, path: &str) -> Request {
        let number = SERIAL.fetch_add(1, Ordering::Relaxed);
        Request::new(method, format!("{}{path}", self.graph))
            .bearer(&self.token)
            .header("cf-aig-authorization", &format!("Bearer {}", self.gateway_token))
            .header("cf-aig-skip-cache", "true")
            .header("client-request-id", &format!("{MARK}{number}"))
    }

    fn send(request: Request) -> Result<Value> {
        let answer = request.send()?;
        answer.expect(&[200, 201, 202, 204])?;
        if answer.body.is_empty() { Ok(Value::Null) } else { answer.json() }
    }
}

/// A name as one segment of a path.
#[must_use]
pub fn segment(name: &str) -> String {
    url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
}
