//! The simulated Microsoft Entra ID: one tenant, one app registration, the v2.0 endpoints under `/entra`.
//!
//! Source: Microsoft's documentation of the identity platform (OpenID Connect, authorization code flow, refresh
//! tokens, error codes). In scope: discovery, keys, authorize, token, logout for a confidential web client. Stricter
//! than the real one where that finds mistakes: PKCE with S256 is required, other response modes than `query` are
//! refused; clients prove themselves by secret, certificate or federated token; tokens can be challenged (continuous access
//! evaluation). Out of scope: device code, client credentials, on-behalf-of, conditional access rules.

mod aadsts;
mod authorize;
mod certificate;
mod cloud;
mod codes;
mod continuous;
mod credentials;
mod discovery;
mod id_token;
mod scopes;
mod token;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::estate::Estate;
use crate::faults::{Fault, Target, wait_ms};
use crate::recorder::{Recorded, shown_headers};
use crate::server::closed_connection;

pub(crate) use aadsts::Aadsts;
pub use aadsts::known as known_aadsts;
pub use certificate::CertificateFault;
pub(crate) use cloud::Cloud;
pub use continuous::Continuous;
pub(crate) use continuous::{Challenge, Challenges};
use credentials::Credentials;

/// Codes, consents, credentials, challenges and the variation of token lifetimes.
pub(crate) struct EntraState {
    pub(crate) challenges: Challenges,
    pub(crate) credentials: Credentials,
    cloud: Mutex<&'static Cloud>,
    codes: codes::Codes,
    consents: Mutex<BTreeMap<String, BTreeSet<String>>>,
    issued: AtomicU64,
    long_lived: AtomicBool,
}

impl EntraState {
    pub(crate) fn new(consents: BTreeMap<String, BTreeSet<String>>) -> Self {
        Self {
            challenges: Challenges::default(),
            credentials: Credentials::default(),
            cloud: Mutex::new(Cloud::global()),
            codes: codes::Codes::default(),
            consents: Mutex::new(consents),
            issued: AtomicU64::new(0),
            long_lived: AtomicBool::new(false),
        }
    }

    /// The cloud the tenant is in.
    pub(crate) fn cloud(&self) -> &'static Cloud {
        *self.cloud.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the tenant to another cloud.
    pub(crate) fn move_to(&self, cloud: &'static Cloud) {
        *self.cloud.lock().unwrap_or_else(PoisonError::into_inner) = cloud;
    }

    /// Whether access tokens of capable clients live as long as continuous access evaluation allows.
    pub(crate) fn live_long(&self, long_lived: bool) {
        self.long_lived.store(long_lived, Ordering::Relaxed);
    }

    /// Consented Graph scopes by `oid`.
    pub(crate) fn consents(&self) -> BTreeMap<String, BTreeSet<String>> {
        self.consents.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The Graph scopes this account has consented to, ever.
    fn consented(&self, oid: &str) -> BTreeSet<String> {
        let consents = self.consents.lock().unwrap_or_else(PoisonError::into_inner);
        consents.get(oid).cloned().unwrap_or_default()
    }

    /// Adds to what this account has consented to; answers whether that is news.
    fn consent(&self, oid: &str, scopes: &BTreeSet<String>) -> bool {
        let mut consents = self.consents.lock().unwrap_or_else(PoisonError::into_inner);
        let consented = consents.entry(oid.to_owned()).or_default();
        let before = consented.len();
        consented.extend(scopes.iter().cloned());
        consented.len() > before
    }

    /// A token lifetime between 60 and 90 minutes, in seconds: varied, but the same in every run. Where long lives are on,
    /// 28 hours for a capable client.
    fn lifetime_secs(&self, continuous: Continuous) -> u64 {
        if continuous.capable && self.long_lived.load(Ordering::Relaxed) {
            return 28 * 3600;
        }
        let issued = self.issued.fetch_add(1, Ordering::Relaxed);
        let digest = Sha256::digest(issued.to_be_bytes());
        let drawn = digest.iter().take(2).fold(0_u64, |drawn, byte| (drawn << 8) | u64::from(*byte));
        3600 + drawn % 1801
    }
}

/// The routes under `/entra`.
pub fn router() -> Router<Arc<Estate>> {
    Router::new()
        .route("/entra/{tenant}/v2.0/.well-known/openid-configuration", get(discovery::configuration))
        .route("/entra/{tenant}/discovery/v2.0/keys", get(discovery::keys))
        .route("/entra/{tenant}/oauth2/v2.0/authorize", get(authorize::authorize))
        .route("/entra/{tenant}/oauth2/v2.0/token", post(token::token))
        .route("/entra/{tenant}/oauth2/v2.0/logout", get(discovery::logout).post(discovery::logout))
}

/// Base URL of the tenant, without a slash at the end.
fn tenant_url(estate: &Estate) -> String {
    format!("{}/entra/{}", estate.config.sandbox_url, estate.config.tenant_id)
}

/// The issuer of id tokens.
fn issuer(estate: &Estate) -> String {
    format!("{}/v2.0", tenant_url(estate))
}

/// Accepts the tenant's id and its verified domain.
fn check_tenant(estate: &Estate, tenant: &str) -> Result<(), Aadsts> {
    if tenant.eq_ignore_ascii_case(&estate.config.tenant_id)
        || tenant.eq_ignore_ascii_case(&estate.config.tenant_name)
    {
        return Ok(());
    }
    let any_tenant = ["common", "organizations", "consumers"].contains(&tenant);
    Err(Aadsts::new(if any_tenant { 50194 } else { 90002 }))
}

/// What a fault does to a request.
enum Injected {
    /// Answer with this error.
    Error(Aadsts),
    /// Answer with exactly this.
    Answer(Response),
}

/// The fault for a request, by its whole path or by its path within the tenant.
async fn injected(estate: &Estate, uri: &Uri, person: Option<&str>) -> Option<Injected> {
    let path = uri.path();
    let within = path.strip_prefix("/entra/").and_then(|rest| rest.find('/').and_then(|at| rest.get(at..)));
    let fault = estate
        .faults
        .take(Target::Entra, path, person)
        .or_else(|| estate.faults.take(Target::Entra, within?, person))?;
    match fault {
        Fault::Aadsts { code } => Some(Injected::Error(Aadsts::new(code))),
        Fault::Delay { ms } => {
            wait_ms(ms).await;
            None
        }
        Fault::Malformed => {
            let page =
                "<!DOCTYPE html><html><head><title>Service unavailable</title></head><body></body></html>";
            Some(Injected::Answer(([(header::CONTENT_TYPE, "text/html")], page).into_response()))
        }
        Fault::RateLimit => Some(Injected::Error(Aadsts::with_status(90055, StatusCode::TOO_MANY_REQUESTS))),
        Fault::Reset => Some(Injected::Answer(closed_connection())),
        Fault::Status { status } => Some(Injected::Error(Aadsts::of_status(status))),
        // The control plane accepts these for other systems only.
        Fault::CacheHit
        | Fault::ClaimsChallenge { .. }
        | Fault::DlpRequest
        | Fault::DlpResponse
        | Fault::GuardrailPrompt
        | Fault::GuardrailResponse
        | Fault::SpendLimit => None,
    }
}

/// Keeps a request to Entra.
fn record(estate: &Estate, method: &Method, uri: &Uri, headers: &HeaderMap, said: (Option<&str>, Value)) {
    let (person, body) = said;
    estate.recorder.record(Recorded {
        target: Target::Entra,
        person: person.map(str::to_owned),
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers: shown_headers(headers),
        body,
    });
}

/// The parameters of a query or form. A repeated one is refused, as RFC 6749 section 3.1 demands.
fn parameters(encoded: &[u8]) -> Result<BTreeMap<String, String>, Aadsts> {
    let mut parameters = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(encoded) {
        if parameters.insert(name.clone().into_owned(), value.into_owned()).is_some() {
            return Err(Aadsts::new(90023).about(&format!("The parameter '{name}' is repeated.")));
        }
    }
    // An empty parameter counts as left out (RFC 6749 section 3.1).
    parameters.retain(|_, value| !value.is_empty());
    Ok(parameters)
}

/// What the parameter `claims` asks for.
fn asked_claims(parameters: &BTreeMap<String, String>) -> Result<Continuous, Aadsts> {
    let Some(claims) = parameters.get("claims") else { return Ok(Continuous::default()) };
    let wrong = || Aadsts::new(90023).about("The parameter 'claims' is not a JSON object of objects.");
    Continuous::parse(claims).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_vary_between_sixty_and_ninety_minutes_and_repeat_in_the_next_run() {
        let draw = || -> Vec<u64> {
            let state = EntraState::new(BTreeMap::new());
            (0..200).map(|_| state.lifetime_secs(Continuous::default())).collect()
        };
        let lifetimes = draw();
        assert!(lifetimes.iter().all(|secs| (3600..=5400).contains(secs)));
        assert!(lifetimes.iter().collect::<BTreeSet<_>>().len() > 100);
        assert_eq!(lifetimes, draw());
    }

    #[test]
    fn a_repeated_parameter_is_refused_and_an_empty_one_is_left_out() {
        assert!(parameters(b"a=1&a=1").is_err());
        let parsed = parameters(b"a=&b=x+y%21").expect("parsed");
        assert_eq!(parsed, BTreeMap::from([("b".to_owned(), "x y!".to_owned())]));
    }

    #[test]
    fn consent_accumulates() {
        let state = EntraState::new(BTreeMap::new());
        let set = |scopes: &[&str]| scopes.iter().map(|&scope| scope.to_owned()).collect::<BTreeSet<_>>();
        assert!(state.consent("o", &set(&["Mail.Read"])));
        assert!(!state.consent("o", &set(&["Mail.Read"])));
        assert!(state.consent("o", &set(&["User.Read"])));
        assert_eq!(state.consented("o"), set(&["Mail.Read", "User.Read"]));
        assert!(state.consented("p").is_empty());
    }
}
