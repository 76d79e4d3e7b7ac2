//! What the app registration accepts as proof of being the application: a secret, certificates, a federated credential.
//!
//! Source: Microsoft's documentation of certificate credentials and of workload identity federation; RFC 7523 section 3.
//! Stricter than the real one where that finds mistakes: PS256 alone, at most ten minutes ahead, an identifier that was
//! used before is refused. Invariant: an assertion is accepted once at most.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Aadsts;
use super::certificate::{self, CertificateFault, Registered};
use crate::estate::Estate;
use crate::state::StateFault;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Skew of clocks, in seconds.
const SKEW_SECS: u64 = 300;
/// How far ahead an assertion may end, in seconds.
const LONGEST_SECS: u64 = 600;
/// Validity of a federated token, in seconds.
const FEDERATED_SECS: u64 = 3600;
/// Whom the platform's token is about.
const SUBJECT: &str = "system:serviceaccount:m365:m365-mcp";

/// Registered certificates, and the identifiers of assertions that were used.
#[derive(Default)]
pub(crate) struct Credentials {
    certificates: Mutex<Vec<Registered>>,
    used: Mutex<BTreeMap<String, u64>>,
}

impl Credentials {
    /// Replaces the registered certificates by the one in this PEM text; answers its thumbprint.
    ///
    /// # Errors
    /// [`CertificateFault`]
    pub(crate) fn register(&self, pem: &str) -> Result<String, CertificateFault> {
        let certificate = Registered::read(pem)?;
        let thumbprint = certificate.thumbprint().to_owned();
        *self.certificates.lock().unwrap_or_else(PoisonError::into_inner) = vec![certificate];
        Ok(thumbprint)
    }

    fn registered(&self, thumbprint: &str) -> Option<Registered> {
        let certificates = self.certificates.lock().unwrap_or_else(PoisonError::into_inner);
        certificates.iter().find(|certificate| certificate.thumbprint() == thumbprint).cloned()
    }

    /// Whether this identifier is new; it is not afterwards, until its assertion has expired.
    fn spend(&self, id: &str, expires: u64, now: u64) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, until| *until + SKEW_SECS > now);
        used.insert(id.to_owned(), expires).is_none()
    }
}

impl Estate {
    /// A new key with its certificate as PEM text; the certificate is the one registered from now on.
    ///
    /// # Errors
    /// [`CertificateFault`]
    pub fn make_certificate(&self, days: u32) -> Result<String, CertificateFault> {
        let pem = certificate::make(self.clock.now_secs(), days)?;
        self.entra.credentials.register(&pem)?;
        Ok(pem)
    }

    /// Registers the certificate in this PEM text in place of those before.
    ///
    /// # Errors
    /// [`CertificateFault`]
    pub fn register_certificate(&self, pem: &str) -> Result<(), CertificateFault> {
        self.entra.credentials.register(pem).map(drop)
    }

    /// A token of the platform for the registered federated credential; `changes` replace claims, `null` removes one.
    ///
    /// # Errors
    /// [`StateFault`] where the platform's key cannot be made.
    pub fn federated_token(&self, changes: &serde_json::Map<String, Value>) -> Result<String, StateFault> {
        let key = self.signing_key(&self.keys.platform)?;
        let now = self.clock.now_secs();
        let mut claims = json!({
            "iss": platform(self), "sub": SUBJECT, "aud": [self.entra.cloud().federation_audience],
            "iat": now, "nbf": now, "exp": now.saturating_add(FEDERATED_SECS),
        });
        for (name, value) in changes {
            let Some(fields) = claims.as_object_mut() else { continue };
            match value {
                Value::Null => fields.remove(name),
                value => fields.insert(name.clone(), value.clone()),
            };
        }
        Ok(key.sign(&json!({"alg": "RS256", "kid": key.kid(), "typ": "JWT"}), &claims)?)
    }
}

/// Issuer of the platform's tokens.
fn platform(estate: &Estate) -> String {
    format!("{}/_platform", estate.config.sandbox_url)
}

/// A client assertion, taken apart.
struct Assertion<'a> {
    message: &'a str,
    signature: &'a str,
    header: Value,
    claims: Value,
}

impl<'a> Assertion<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (message, signature) = text.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        Some(Self { message, signature, header: json(header)?, claims: json(claims)? })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    fn moment(&self, name: &str) -> Option<u64> {
        self.claims.get(name)?.as_u64()
    }

    /// Whether it has begun and not ended, by at most the skew of clocks.
    fn is_in_time(&self, now: u64) -> bool {
        let begun = self.moment("nbf").is_none_or(|from| from <= now + SKEW_SECS);
        begun && self.moment("exp").is_some_and(|until| until > now)
    }
}

/// Checks the `client_assertion` of a form.
pub(super) fn check_assertion(estate: &Estate, kind: Option<&str>, text: &str) -> Result<(), Aadsts> {
    if kind != Some(ASSERTION_TYPE) {
        return Err(Aadsts::new(90023).about("The client_assertion_type is not that of a JWT."));
    }
    let assertion = Assertion::parse(text).ok_or_else(|| Aadsts::new(50_027))?;
    match assertion.header("x5t#S256") {
        Some(thumbprint) => by_certificate(estate, &assertion, thumbprint),
        None => by_platform(estate, &assertion, text),
    }
}

fn by_certificate(estate: &Estate, assertion: &Assertion<'_>, thumbprint: &str) -> Result<(), Aadsts> {
    let now = estate.clock.now_secs();
    let credentials = &estate.entra.credentials;
    let unknown =
        || Aadsts::new(700_027).about("The certificate used to sign is not registered on the application.");
    let certificate = credentials.registered(thumbprint).ok_or_else(unknown)?;
    if assertion.header("alg") != Some("PS256") || !certificate.signed(assertion.message, assertion.signature)
    {
        return Err(Aadsts::new(700_027));
    }
    if !certificate.is_in_its_time(now) {
        return Err(Aadsts::new(1_000_502));
    }
    let client_id = Some(estate.config.client_id.as_str());
    if assertion.claim("iss") != client_id || assertion.claim("sub") != client_id {
        return Err(Aadsts::new(700_021));
    }
    if assertion.claim("aud") != Some(&format!("{}/oauth2/v2.0/token", super::tenant_url(estate))) {
        return Err(Aadsts::new(50_012).about("Its audience is not this token endpoint."));
    }
    let expires = assertion.moment("exp").unwrap_or_default();
    if !assertion.is_in_time(now) || expires > now + LONGEST_SECS {
        return Err(Aadsts::new(700_024));
    }
    let id = assertion.claim("jti").filter(|id| !id.is_empty());
    if !id.is_some_and(|id| credentials.spend(id, expires, now)) {
        return Err(Aadsts::new(50_012).about("Its identifier is missing or was used before."));
    }
    Ok(())
}

fn by_platform(estate: &Estate, assertion: &Assertion<'_>, text: &str) -> Result<(), Aadsts> {
    if assertion.claim("iss") != Some(&platform(estate)) {
        return Err(Aadsts::new(700_211));
    }
    let genuine = estate.keys.platform.verified_claims(text).ok().flatten();
    if genuine.is_none() {
        return Err(Aadsts::new(900_384));
    }
    if assertion.claim("sub") != Some(SUBJECT) {
        return Err(Aadsts::new(700_213));
    }
    let wanted = estate.entra.cloud().federation_audience;
    let audience = match assertion.claims.get("aud") {
        Some(Value::Array(several)) => several.first().filter(|_| several.len() == 1),
        one => one,
    };
    if audience.and_then(Value::as_str) != Some(wanted) {
        return Err(Aadsts::new(700_212));
    }
    if assertion.is_in_time(estate.clock.now_secs()) { Ok(()) } else { Err(Aadsts::new(700_024)) }
}
