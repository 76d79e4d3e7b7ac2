//! The exchanges with Entra's authorize and token endpoints.
//!
//! Source: Microsoft identity platform, "OAuth 2.0 authorization code flow". Browser headers are never forwarded:
//! Entra refuses an `Origin` beside client credentials.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::InvalidUri;
use http::{Request, Response, StatusCode, Uri, header};
use m365_ports::{Bounds, Clock, Entropy, EntropyExt as _, Network, Outbound, Signer, Trace};
use m365_types::{RequestId, ScopeSet, Secret, TenantId, UnixMillis};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::aadsts::{self, Class};
use super::certificate::AssertionTerms;
use super::challenge::{ClaimsChallenge, claims_parameter};
use super::cloud::Cloud;
use super::credential::{ClientCredential, CredentialFault};
use crate::key_cache::{KeyAges, KeyCache};
use crate::oauth::pkce::Challenge;

/// OpenID Connect scopes of every sign-in: identity, and a refresh token.
const OIDC_SCOPES: &str = "openid profile email offline_access";
/// The longest life of an access token, that of sessions under continuous access evaluation.
const LONGEST_LIFE: Duration = Duration::from_hours(28);
const BOUNDS: Bounds =
    Bounds { network: Network::Configured, timeout: Duration::from_secs(15), max_response_bytes: 256 * 1024 };

/// The application's registration at Entra.
#[derive(Clone, Debug)]
pub struct EntraSettings {
    /// The cloud it is registered in.
    pub cloud: Cloud,
    /// The cloud's sign-in host, or in development what stands in for it; without a trailing slash.
    pub base: String,
    /// The one tenant.
    pub tenant: TenantId,
    /// `MICROSOFT_CLIENT_ID`
    pub client_id: String,
    /// How it proves to be this application.
    pub credential: ClientCredential,
    /// `PUBLIC_URL/callback`
    pub redirect_uri: String,
}

/// Talks to Entra.
pub struct EntraClient {
    pub(super) settings: EntraSettings,
    pub(super) keys: KeyCache,
    token_url: String,
    outbound: Arc<dyn Outbound>,
    signer: Arc<dyn Signer>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
}

/// Tokens that Entra issued.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) access: Secret<String>,
    pub(super) refresh: Option<Secret<String>>,
    pub(super) id_token: Option<Secret<String>>,
    pub(super) scopes: ScopeSet,
    pub(super) expires: UnixMillis,
    pub(super) trace: Trace,
}

/// Why Entra issued nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{sentence}")]
pub struct EntraRefusal {
    /// Who must act.
    pub class: Class,
    /// `AADSTS…`, or Entra's OAuth error, or a word of ours.
    pub code: String,
    /// Who must do what.
    pub sentence: String,
    /// Whether the stored tokens are worthless from now on.
    pub ends_tokens: bool,
    /// A claims challenge to carry into the next sign-in.
    pub(super) claims: Option<ClaimsChallenge>,
    /// The exchange; `graph_request_id` holds Entra's trace id.
    pub trace: Trace,
}

/// What the sign-in page is asked for.
#[derive(Debug)]
pub(super) struct SignInRequest<'a> {
    pub(super) state: &'a str,
    pub(super) nonce: &'a str,
    pub(super) challenge: Challenge,
    pub(super) login_hint: &'a str,
    pub(super) scopes: &'a ScopeSet,
    pub(super) challenge_claims: Option<&'a ClaimsChallenge>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token_type: String,
    access_token: String,
    refresh_token: Option<String>,
    id_token: Option<String>,
    #[serde(default)]
    scope: String,
    expires_in: u32,
}

#[derive(Default, Deserialize)]
struct ErrorAnswer {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_codes: Vec<u32>,
    trace_id: Option<String>,
    claims: Option<String>,
}

impl EntraClient {
    /// For one registration. Keys of the tenant are cached. The log is told where a certificate is out of its time.
    ///
    /// # Errors
    /// Where `base` does not begin a URL.
    pub fn new(
        settings: EntraSettings,
        outbound: Arc<dyn Outbound>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        signer: Arc<dyn Signer>,
    ) -> Result<Self, InvalidUri> {
        let keys_url = Uri::try_from(format!("{}/{}/discovery/v2.0/keys", settings.base, settings.tenant))?;
        let keys = KeyCache::new(keys_url, KeyAges::ENTRA, Arc::clone(&outbound), Arc::clone(&clock));
        let token_url = format!("{}/{}/oauth2/v2.0/token", settings.base, settings.tenant);
        settings.credential.warn_of_its_time(clock.now());
        Ok(Self { settings, keys, token_url, outbound, signer, clock, entropy })
    }

    /// `{base}/{tenant}/v2.0`, the exact `iss` of id tokens.
    pub(super) fn issuer(&self) -> String {
        format!("{}/{}/v2.0", self.settings.base, self.settings.tenant)
    }

    pub(super) fn authorize_url(&self, ask: &SignInRequest<'_>) -> String {
        let mut query = Serializer::new(String::new());
        query
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", &self.settings.redirect_uri)
            .append_pair("response_mode", "query")
            .append_pair("scope", &self.scope_text(ask.scopes))
            .append_pair("state", ask.state)
            .append_pair("nonce", ask.nonce)
            .append_pair("code_challenge", &String::from(ask.challenge.clone()))
            .append_pair("code_challenge_method", "S256")
            .append_pair("login_hint", ask.login_hint)
            .append_pair("claims", &claims_parameter(ask.challenge_claims));
        format!("{}/{}/oauth2/v2.0/authorize?{}", self.settings.base, self.settings.tenant, query.finish())
    }

    /// Exchanges the code of a callback, with the claims that the sign-in was asked with.
    pub(super) async fn redeem(
        &self,
        code: &str,
        verifier: &str,
        claims: Option<&ClaimsChallenge>,
    ) -> Result<Issued, EntraRefusal> {
        let redirect_uri = self.settings.redirect_uri.as_str();
        self.exchange(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
            ("claims", &claims_parameter(claims)),
        ])
        .await
    }

    /// Exchanges a refresh token, with the claims of a challenge where there is one.
    pub(super) async fn refresh(
        &self,
        token: &Secret<String>,
        scopes: &ScopeSet,
        claims: Option<&ClaimsChallenge>,
    ) -> Result<Issued, EntraRefusal> {
        self.exchange(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", token.expose()),
            ("scope", &self.scope_text(scopes)),
            ("claims", &claims_parameter(claims)),
        ])
        .await
    }

    async fn exchange(&self, fields: &[(&str, &str)]) -> Result<Issued, EntraRefusal> {
        let ours = RequestId::from_random(self.entropy.bytes()).to_string();
        let mut trace = Trace { client_request_id: ours.clone(), ..Trace::default() };
        let Ok(form) = self.form(fields).await else { return Err(no_credential(trace)) };
        let request = Request::post(&self.token_url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .header("client-request-id", ours)
            .body(Bytes::from(form));
        let now = self.clock.now();
        let Ok(request) = request else { return Err(unusable("entra_request", trace)) };
        let Ok(answer) = self.outbound.send(request, BOUNDS).await else {
            return Err(unusable("entra_unreachable", trace));
        };
        trace.status = Some(answer.status().as_u16());
        let id = answer.headers().get("x-ms-request-id").and_then(|id| id.to_str().ok());
        trace.graph_request_id = id.filter(|id| is_trace_id(id)).map(str::to_owned);
        if answer.status() == StatusCode::OK {
            issued(&answer, &self.settings.cloud, now, trace)
        } else {
            let mut refusal = refused(&answer, trace);
            if refusal.class == Class::Operator && self.settings.credential.is_expired(now) {
                refusal.sentence = format!("{EXPIRED_CERTIFICATE} ({})", refusal.code);
            }
            Err(refusal)
        }
    }

    async fn form(&self, fields: &[(&str, &str)]) -> Result<String, CredentialFault> {
        let client_id = self.settings.client_id.as_str();
        let id = RequestId::from_random(self.entropy.bytes()).to_string();
        let terms = AssertionTerms { audience: &self.token_url, client_id, id: &id, now: self.clock.now() };
        let credential = self.settings.credential.fields(&terms, &*self.signer).await?;
        let mut form = Serializer::new(String::new());
        form.append_pair("client_id", client_id);
        form.extend_pairs(credential.iter().map(|(name, value)| (*name, value.expose())));
        form.extend_pairs(fields);
        Ok(form.finish())
    }

    /// Permissions under the name of the cloud's Graph: a bare name would mean that of the global cloud.
    fn scope_text(&self, scopes: &ScopeSet) -> String {
        let prefix = self.settings.cloud.scope_prefix;
        let mut names: Vec<String> = scopes.iter().map(|scope| format!("{prefix}{scope}")).collect();
        names.push(OIDC_SCOPES.to_owned());
        names.join(" ")
    }
}

fn issued(
    answer: &Response<Bytes>,
    cloud: &Cloud,
    now: UnixMillis,
    trace: Trace,
) -> Result<Issued, EntraRefusal> {
    let Ok(tokens) = serde_json::from_slice::<TokenAnswer>(answer.body()) else {
        return Err(unusable("entra_malformed", trace));
    };
    if !tokens.token_type.eq_ignore_ascii_case("Bearer") || tokens.access_token.is_empty() {
        return Err(unusable("entra_malformed", trace));
    }
    Ok(Issued {
        access: Secret::new(tokens.access_token),
        refresh: tokens.refresh_token.map(Secret::new),
        id_token: tokens.id_token.map(Secret::new),
        scopes: ScopeSet::parse_below(cloud.scope_prefix, &tokens.scope).0,
        expires: now.plus(Duration::from_secs(tokens.expires_in.into()).min(LONGEST_LIFE)),
        trace,
    })
}

fn refused(answer: &Response<Bytes>, mut trace: Trace) -> EntraRefusal {
    let status = answer.status();
    let Ok(error) = serde_json::from_slice::<ErrorAnswer>(answer.body()) else {
        return unusable("entra_malformed", trace);
    };
    trace.graph_request_id = error.trace_id.filter(|id| is_trace_id(id)).or(trace.graph_request_id);
    // A failing or throttling service says nothing about the person's sign-in, whatever words it uses.
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        return unusable("entra_busy", trace);
    }
    let mut refusal = refusal_of(&error.error_codes, &error.error, trace);
    refusal.claims = error.claims.as_deref().and_then(ClaimsChallenge::parse);
    refusal
}

/// The refusal that an error of the token or authorize endpoint means.
pub(super) fn refusal_of(codes: &[u32], error: &str, trace: Trace) -> EntraRefusal {
    let meaning = aadsts::meaning(codes, error);
    let word = |text: &str| {
        !text.is_empty() && text.len() <= 40 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    };
    let code = match codes.first() {
        Some(code) => format!("AADSTS{code}"),
        None if word(error) => error.to_owned(),
        None => "entra_error".to_owned(),
    };
    EntraRefusal {
        class: meaning.class,
        sentence: format!("{} ({code})", meaning.sentence),
        code,
        ends_tokens: meaning.ends_tokens,
        claims: None,
        trace,
    }
}

const EXPIRED_CERTIFICATE: &str = "The certificate of this application has expired: the operator must set a new MICROSOFT_CLIENT_CERTIFICATE.";

/// Nothing was sent.
fn no_credential(trace: Trace) -> EntraRefusal {
    EntraRefusal {
        class: Class::Operator,
        sentence: "This server cannot prove to Microsoft which application it is: tell the operator, whose log says why."
            .to_owned(),
        ..unusable("entra_credential", trace)
    }
}

fn unusable(code: &str, trace: Trace) -> EntraRefusal {
    EntraRefusal {
        class: Class::Retry,
        code: code.to_owned(),
        sentence: "Microsoft's sign-in service did not answer properly: try again in a minute.".to_owned(),
        ends_tokens: false,
        claims: None,
        trace,
    }
}

fn is_trace_id(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}
