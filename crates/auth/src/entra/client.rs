//! The exchanges with Entra's authorize and token endpoints.
//!
//! Source: Microsoft identity platform, "OAuth 2.0 authorization code flow". Browser headers are never forwarded:
//! Entra refuses an `Origin` beside client credentials.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::InvalidUri;
use http::{Request, Response, StatusCode, Uri, header};
use m365_ports::{Bounds, Clock, Entropy, EntropyExt as _, Outbound, Trace};
use m365_types::{RequestId, Scope, ScopeSet, Secret, TenantId, UnixMillis};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::aadsts::{self, Class};
use crate::key_cache::{KeyAges, KeyCache};
use crate::oauth::pkce::Challenge;

/// OpenID Connect scopes of every sign-in: identity, and a refresh token.
const OIDC_SCOPES: &str = "openid profile email offline_access";
const BOUNDS: Bounds = Bounds { timeout: Duration::from_secs(15), max_response_bytes: 256 * 1024 };

/// The application's registration at Entra.
#[derive(Clone, Debug)]
pub struct EntraSettings {
    /// `https://login.microsoftonline.com` or another cloud's host, without a trailing slash.
    pub base: String,
    /// The one tenant.
    pub tenant: TenantId,
    /// `MICROSOFT_CLIENT_ID`
    pub client_id: String,
    /// `MICROSOFT_CLIENT_SECRET`
    pub client_secret: Secret<String>,
    /// `PUBLIC_URL/callback`
    pub redirect_uri: String,
}

/// Talks to Entra.
pub struct EntraClient {
    pub(super) settings: EntraSettings,
    pub(super) keys: KeyCache,
    outbound: Arc<dyn Outbound>,
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
    pub claims: Option<String>,
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
    pub(super) claims: Option<&'a str>,
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
    /// For one registration. Keys of the tenant are cached.
    ///
    /// # Errors
    /// Where `base` does not begin a URL.
    pub fn new(
        settings: EntraSettings,
        outbound: Arc<dyn Outbound>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, InvalidUri> {
        let keys_url = Uri::try_from(format!("{}/{}/discovery/v2.0/keys", settings.base, settings.tenant))?;
        let keys = KeyCache::new(keys_url, KeyAges::ENTRA, Arc::clone(&outbound), Arc::clone(&clock));
        Ok(Self { settings, keys, outbound, clock, entropy })
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
            .append_pair("scope", &scope_text(ask.scopes))
            .append_pair("state", ask.state)
            .append_pair("nonce", ask.nonce)
            .append_pair("code_challenge", &String::from(ask.challenge.clone()))
            .append_pair("code_challenge_method", "S256")
            .append_pair("login_hint", ask.login_hint);
        if let Some(claims) = ask.claims {
            query.append_pair("claims", claims);
        }
        format!("{}/{}/oauth2/v2.0/authorize?{}", self.settings.base, self.settings.tenant, query.finish())
    }

    /// Exchanges the code of a callback.
    pub(super) async fn redeem(&self, code: &str, verifier: &str) -> Result<Issued, EntraRefusal> {
        let redirect_uri = self.settings.redirect_uri.as_str();
        self.exchange(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ])
        .await
    }

    /// Exchanges a refresh token, with the claims of a challenge where there is one.
    pub(super) async fn refresh(
        &self,
        token: &Secret<String>,
        scopes: &ScopeSet,
        claims: Option<&str>,
    ) -> Result<Issued, EntraRefusal> {
        let scope = scope_text(scopes);
        let mut fields = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", token.expose().as_str()),
            ("scope", &scope),
        ];
        fields.extend(claims.map(|claims| ("claims", claims)));
        self.exchange(&fields).await
    }

    async fn exchange(&self, fields: &[(&str, &str)]) -> Result<Issued, EntraRefusal> {
        let form = self.form(fields);
        let ours = RequestId::from_random(self.entropy.bytes()).to_string();
        let mut trace = Trace { client_request_id: ours.clone(), ..Trace::default() };
        let url = format!("{}/{}/oauth2/v2.0/token", self.settings.base, self.settings.tenant);
        let request = Request::post(url)
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
            issued(&answer, now, trace)
        } else {
            Err(refused(&answer, trace))
        }
    }

    fn form(&self, fields: &[(&str, &str)]) -> String {
        let mut form = Serializer::new(String::new());
        form.append_pair("client_id", &self.settings.client_id);
        form.append_pair("client_secret", self.settings.client_secret.expose());
        form.extend_pairs(fields);
        form.finish()
    }
}

fn issued(answer: &Response<Bytes>, now: UnixMillis, trace: Trace) -> Result<Issued, EntraRefusal> {
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
        scopes: ScopeSet::parse(&tokens.scope).0,
        expires: now.plus(Duration::from_secs(tokens.expires_in.into())),
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
    refusal.claims = error.claims;
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

fn scope_text(scopes: &ScopeSet) -> String {
    let names: Vec<&str> = scopes.iter().map(Scope::as_str).chain([OIDC_SCOPES]).collect();
    names.join(" ")
}
