//! OAuth as an MCP client does it: discovery from the challenge, dynamic registration, PKCE, authorization through a
//! browser, tokens, refresh, revocation.
//!
//! Source: RFC 9728, RFC 8414, RFC 7591, RFC 7636, RFC 8707, RFC 9207, RFC 8252 and the MCP authorization pages.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::browser::Browser;
use crate::http::{Answer, Request};
use crate::json::Look as _;

/// A loopback redirect that nothing listens on: the browser stops before it.
pub const REDIRECT: &str = "http://127.0.0.1:33418/callback";

static SERIAL: AtomicU32 = AtomicU32::new(0);

/// What a client learns before it registers.
#[derive(Clone, Debug)]
pub struct Discovered {
    /// Protected-resource metadata.
    pub resource: Value,
    /// Authorization-server metadata.
    pub server: Value,
    /// Headers that go with everything the client sends by itself, such as those of a service token.
    pub headers: Vec<(String, String)>,
}

/// A registered client.
#[derive(Clone, Debug)]
pub struct Client {
    /// What it discovered.
    pub discovered: Discovered,
    /// `client_id`
    pub id: String,
    /// The redirect it uses.
    pub redirect: String,
}

/// One authorization request in the making; parameters may be changed before it is sent.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// PKCE verifier.
    pub verifier: String,
    /// `state`
    pub state: String,
    parameters: Vec<(String, String)>,
    endpoint: String,
}

/// What came back at the client's redirect.
#[derive(Clone, Debug)]
pub struct Callback(pub Url);

/// Tokens of a grant.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Access token.
    pub access: String,
    /// Refresh token.
    pub refresh: String,
    /// The whole answer.
    pub answer: Value,
}

impl Discovered {
    /// Follows the challenge of an unauthenticated request.
    ///
    /// # Errors
    /// Where a step fails, or a document names another resource or issuer than the one asked.
    pub fn at(mcp: &Url) -> Result<Self> {
        Self::with_headers(mcp, &[])
    }

    /// Follows the challenge as [`Discovered::at`], by a client that sends these headers with everything.
    ///
    /// # Errors
    /// As [`Discovered::at`].
    pub fn with_headers(mcp: &Url, headers: &[(String, String)]) -> Result<Self> {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "authenticate" } });
        let refused = Request::post(mcp).headers(headers).json(&call).send()?;
        refused.expect(&[401])?;
        let address = challenge(&refused, "resource_metadata")
            .with_context(|| format!("no resource_metadata: {refused}"))?;
        let resource = Request::get(&address).headers(headers).send()?.expect(&[200])?.json()?;
        ensure!(resource.text("/resource")? == mcp.as_str(), "metadata of another resource: {resource}");
        let issuer = resource
            .strings("/authorization_servers")
            .into_iter()
            .next()
            .context("no authorization server")?;
        let issuer = issuer.to_owned();
        let server = Request::get(well_known(&issuer)?).headers(headers).send()?.expect(&[200])?.json()?;
        ensure!(server.text("/issuer")? == issuer, "metadata of another issuer: {server}");
        Ok(Self { resource, server, headers: headers.to_vec() })
    }

    /// An endpoint of the authorization server.
    ///
    /// # Errors
    /// Where it is not there.
    pub fn endpoint(&self, name: &str) -> Result<&str> {
        self.server.text(&format!("/{name}"))
    }

    /// Sends a registration.
    ///
    /// # Errors
    /// Where there is no answer.
    pub fn register(&self, metadata: &Value) -> Result<Answer> {
        Request::post(self.endpoint("registration_endpoint")?).headers(&self.headers).json(metadata).send()
    }

    /// The metadata of a public client with this redirect.
    #[must_use]
    pub fn public_client(redirect: &str) -> Value {
        json!({
            "client_name": "Contract client",
            "redirect_uris": [redirect],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "application_type": "native",
        })
    }

    /// Registers a public client with a loopback redirect.
    ///
    /// # Errors
    /// Where registration is refused.
    pub fn client(&self) -> Result<Client> {
        let answer = self.register(&Self::public_client(REDIRECT))?;
        let id = answer.expect(&[201])?.json()?.text("/client_id")?.to_owned();
        Ok(Client { discovered: self.clone(), id, redirect: REDIRECT.to_owned() })
    }
}

impl Client {
    /// A well-formed authorization request for every scope that the resource names.
    ///
    /// # Errors
    /// Where the metadata lack what it needs.
    pub fn attempt(&self) -> Result<Attempt> {
        let verifier = unique("verifier");
        let state = unique("state");
        let scope = self.discovered.resource.strings("/scopes_supported").join(" ");
        let challenge = challenge_of(&verifier);
        let resource = self.discovered.resource.text("/resource")?;
        let parameters = [
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", &self.redirect),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("state", &state),
            ("scope", &scope),
            ("resource", resource),
        ];
        let named = parameters.into_iter().filter(|(name, value)| *name != "scope" || !value.is_empty());
        let parameters = named.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let endpoint = self.discovered.endpoint("authorization_endpoint")?.to_owned();
        Ok(Attempt { verifier, state, parameters, endpoint })
    }

    /// Redeems a code with this attempt's verifier.
    ///
    /// # Errors
    /// Where there is no answer.
    pub fn redeem(&self, code: &str, verifier: &str) -> Result<Answer> {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect),
            ("client_id", &self.id),
            ("code_verifier", verifier),
            ("resource", self.discovered.resource.text("/resource")?),
        ])
    }

    /// Presents a refresh token.
    ///
    /// # Errors
    /// Where there is no answer.
    pub fn refresh(&self, token: &str) -> Result<Answer> {
        self.refresh_with(token, &[])
    }

    /// Presents a refresh token with more parameters.
    ///
    /// # Errors
    /// Where there is no answer.
    pub fn refresh_with(&self, token: &str, more: &[(&str, &str)]) -> Result<Answer> {
        let base =
            [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", self.id.as_str())];
        self.token(&[base.as_slice(), more].concat())
    }

    /// Revokes a token (RFC 7009).
    ///
    /// # Errors
    /// Where there is no answer.
    pub fn revoke(&self, token: &str) -> Result<Answer> {
        let url = self.discovered.endpoint("revocation_endpoint")?;
        let request = Request::post(url).headers(&self.discovered.headers);
        request.form(&[("token", token), ("client_id", &self.id)]).send()
    }

    /// Sends a form to the token endpoint.
    ///
    /// # Errors
    /// Where there is no answer.
    pub fn token(&self, fields: &[(&str, &str)]) -> Result<Answer> {
        let url = self.discovered.endpoint("token_endpoint")?;
        Request::post(url).headers(&self.discovered.headers).form(fields).send()
    }

    /// Goes through consent and sign-in, and returns what came back at the redirect.
    ///
    /// # Errors
    /// Where the browser ends at a page without a form, or in a loop.
    pub fn authorize(&self, browser: &mut Browser, attempt: &Attempt) -> Result<Callback> {
        Ok(Callback(browser.agree(&attempt.url()?, &self.redirect)?))
    }

    /// Goes through consent and sign-in, checks the response, and redeems the code.
    ///
    /// # Errors
    /// Where any step fails.
    pub fn grant(&self, browser: &mut Browser, attempt: &Attempt) -> Result<Tokens> {
        let callback = self.authorize(browser, attempt)?;
        let code = callback.code(attempt, &self.discovered)?;
        Tokens::read(&self.redeem(&code, &attempt.verifier)?)
    }
}

impl Attempt {
    /// Sets a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.also(name, value)
    }

    /// Adds a parameter even if it is there already.
    #[must_use]
    pub fn also(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Removes a parameter.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(known, _)| known != name);
        self
    }

    /// The URL the browser opens.
    ///
    /// # Errors
    /// Where the endpoint is not a URL.
    pub fn url(&self) -> Result<Url> {
        let mut url = Url::parse(&self.endpoint)?;
        url.query_pairs_mut().extend_pairs(&self.parameters);
        Ok(url)
    }
}

impl Callback {
    /// A parameter of the response.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.0.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    /// The code, after `state` and `iss` were checked (RFC 9207; `iss` is missing only where the server says it is).
    ///
    /// # Errors
    /// Where any of them is missing or another.
    pub fn code(&self, attempt: &Attempt, discovered: &Discovered) -> Result<String> {
        self.checked(attempt, discovered)?;
        self.parameter("code").with_context(|| format!("no code in {}", self.0))
    }

    /// Expects an error response with this code, `state` and `iss`.
    ///
    /// # Errors
    /// Where it is anything else.
    pub fn expect_error(&self, attempt: &Attempt, discovered: &Discovered, codes: &[&str]) -> Result<()> {
        self.checked(attempt, discovered)?;
        let error = self.parameter("error").unwrap_or_default();
        ensure!(codes.contains(&error.as_str()), "expected error {codes:?} in {}", self.0);
        ensure!(self.parameter("code").is_none(), "an error carries a code: {}", self.0);
        Ok(())
    }

    fn checked(&self, attempt: &Attempt, discovered: &Discovered) -> Result<()> {
        ensure!(
            self.parameter("state").as_deref() == Some(attempt.state.as_str()),
            "another state: {}",
            self.0
        );
        let issuer = discovered.server.text("/issuer")?;
        let announced = discovered.server.at("/authorization_response_iss_parameter_supported") == true;
        let iss = self.parameter("iss");
        ensure!(
            iss.as_deref() == Some(issuer) || (iss.is_none() && !announced),
            "iss is not {issuer}: {}",
            self.0
        );
        ensure!(self.0.fragment().is_none(), "a fragment: {}", self.0);
        Ok(())
    }
}

impl Tokens {
    /// Reads a token answer (RFC 6749 section 5.1).
    ///
    /// # Errors
    /// Where it is not a success.
    pub fn read(answer: &Answer) -> Result<Self> {
        answer.expect(&[200])?.expect_not_stored()?;
        let body = answer.json()?;
        ensure!(body.text("/token_type")?.eq_ignore_ascii_case("Bearer"), "token_type: {answer}");
        Ok(Self {
            access: body.text("/access_token")?.to_owned(),
            refresh: body.text("/refresh_token")?.to_owned(),
            answer: body,
        })
    }
}

/// The S256 challenge of a verifier (RFC 7636 section 4.2).
#[must_use]
pub fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// A parameter of the Bearer challenge.
#[must_use]
pub fn challenge(answer: &Answer, name: &str) -> Option<String> {
    let header = answer.header("www-authenticate")?;
    let (_, rest) = header.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}

/// Where the metadata of an issuer are (RFC 8414 section 3.1).
///
/// # Errors
/// Where the issuer is not a URL.
pub fn well_known(issuer: &str) -> Result<Url> {
    let mut url = Url::parse(issuer)?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("/.well-known/oauth-authorization-server{path}"));
    Ok(url)
}

/// 43 characters nobody has used before: unique, which is all a test needs; not secret.
#[must_use]
pub fn unique(purpose: &str) -> String {
    let number = SERIAL.fetch_add(1, Ordering::Relaxed);
    challenge_of(&format!("{purpose} {} {number}", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_the_one_of_rfc_7636_appendix_b() {
        let challenge = challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn metadata_of_an_issuer_with_a_path_are_path_inserted() {
        let url = well_known("https://a.example/tenant/").expect("a URL");
        assert_eq!(url.as_str(), "https://a.example/.well-known/oauth-authorization-server/tenant");
    }
}
