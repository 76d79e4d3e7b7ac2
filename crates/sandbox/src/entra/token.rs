//! The token endpoint: codes and refresh tokens.
//!
//! Source: Microsoft's documentation of the token request; RFC 6749 sections 4.1.3 and 6, RFC 7636 section 4.6. In
//! this order: form and tenant, no `Origin` beside a secret, no `resource`, client and secret, grant. Invariant: a
//! fault is applied before the grant is touched, so the same request can be repeated after it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ORIGIN, PRAGMA};
use http::{HeaderMap, Method, Uri};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::aadsts::Trace;
use super::codes::Redemption;
use super::credentials::check_assertion;
use super::scopes::Scopes;
use super::{
    Aadsts, Continuous, Injected, asked_claims, check_tenant, id_token, injected, parameters, record,
};
use crate::estate::Estate;
use crate::microsoft_tokens::{AccessClaims, RefreshClaims, TokenFault};
use crate::people::Person;

/// Inactivity after which a refresh token ends, in milliseconds: 90 days.
const REFRESH_MS: u64 = 90 * 24 * 3600 * 1000;

type Form = BTreeMap<String, String>;

/// What a grant comes to.
struct Granted {
    account: Arc<Person>,
    scopes: Scopes,
    nonce: Option<String>,
    continuous: Continuous,
}

/// `/{tenant}/oauth2/v2.0/token`.
pub(super) async fn token(
    State(estate): State<Arc<Estate>>,
    Path(tenant): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = read_form(&headers, &body);
    let account = form.as_ref().ok().and_then(|form| account_of(&estate, form));
    let shown = form.as_ref().map_or(Value::Null, shown_form);
    record(&estate, &Method::POST, &uri, &headers, (account.as_deref(), shown));
    let outcome = match injected(&estate, &uri, account.as_deref()).await {
        Some(Injected::Answer(answer)) => return answer,
        Some(Injected::Error(error)) => Err(error),
        None => form.and_then(|form| {
            check_tenant(&estate, &tenant)?;
            check_client(&estate, &headers, &form)?;
            grant(&estate, &form)
        }),
    };
    match outcome.and_then(|granted| tokens(&estate, &headers, &granted)) {
        Ok(answer) => answer,
        Err(error) => error.answer(&estate, &headers),
    }
}

fn read_form(headers: &HeaderMap, body: &[u8]) -> Result<Form, Aadsts> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(missing("grant_type"));
    }
    parameters(body)
}

/// The account a request is made for, read from its code or refresh token whatever the state of that is.
fn account_of(estate: &Estate, form: &Form) -> Option<String> {
    let by_code = form.get("code").and_then(|code| estate.entra.codes.account(code));
    by_code.or_else(|| estate.microsoft_tokens.account_of_refresh(form.get("refresh_token")?))
}

/// The form as it may be kept: secrets replaced by their kind.
fn shown_form(form: &Form) -> Value {
    let shown = form.iter().map(|(name, value)| {
        let kind = match name.as_str() {
            "client_secret" => "<client secret>",
            "client_assertion" => "<client assertion>",
            "code" => "<code>",
            "code_verifier" => "<code verifier>",
            "refresh_token" => "<refresh token>",
            _ => value,
        };
        (name.clone(), Value::String(kind.to_owned()))
    });
    Value::Object(shown.collect())
}

fn check_client(estate: &Estate, headers: &HeaderMap, form: &Form) -> Result<(), Aadsts> {
    if headers.contains_key(ORIGIN) {
        return Err(Aadsts::new(9_002_326));
    }
    if form.contains_key("resource") {
        return Err(Aadsts::new(9_010_010));
    }
    let (client_id, secret) = match basic_credentials(headers) {
        Some((client_id, secret)) => (Some(client_id), Some(secret)),
        None => (form.get("client_id").cloned(), form.get("client_secret").cloned()),
    };
    let client_id = client_id.ok_or_else(|| missing("client_id"))?;
    if client_id != estate.config.client_id {
        return Err(Aadsts::new(700_016));
    }
    match (secret, form.get("client_assertion")) {
        (None, None) => Err(Aadsts::new(7_000_218)),
        (Some(_), Some(_)) => Err(Aadsts::new(90023).about("Two credentials were presented.")),
        (None, Some(assertion)) => {
            check_assertion(estate, form.get("client_assertion_type").map(String::as_str), assertion)
        }
        (Some(secret), None) if secret != estate.config.client_secret => Err(Aadsts::new(7_000_215)),
        (Some(_), None) => Ok(()),
    }
}

/// RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let joined = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client_id, secret) = joined.split_once(':')?;
    let decoded = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    Some((decoded(client_id), decoded(secret)))
}

fn grant(estate: &Estate, form: &Form) -> Result<Granted, Aadsts> {
    match form.get("grant_type").map(String::as_str) {
        None => Err(missing("grant_type")),
        Some("authorization_code") => redeem_code(estate, form),
        Some("refresh_token") => refresh(estate, form),
        Some(_) => Err(Aadsts::new(70003)),
    }
}

fn redeem_code(estate: &Estate, form: &Form) -> Result<Granted, Aadsts> {
    let required = |name: &str| form.get(name).ok_or_else(|| missing(name));
    let (code, redirect_uri) = (required("code")?, required("redirect_uri")?);
    let verifier = form.get("code_verifier").ok_or_else(|| Aadsts::new(501_481))?;
    // RFC 7636 section 4.1.
    let verifier_character = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    if !(43..=128).contains(&verifier.len()) || !verifier.chars().all(verifier_character) {
        return Err(Aadsts::new(501_491));
    }
    let grant = match estate.entra.codes.redeem(code, estate.clock.now_ms()) {
        Redemption::Granted(grant) => grant,
        Redemption::Expired => return Err(Aadsts::new(70008)),
        Redemption::Replayed => return Err(Aadsts::new(54005)),
        Redemption::Unknown => return Err(Aadsts::new(70000)),
    };
    if *redirect_uri != grant.redirect_uri {
        return Err(Aadsts::new(50011));
    }
    if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != grant.challenge {
        return Err(Aadsts::new(501_481));
    }
    let account = estate.people.find(&grant.email).ok_or_else(|| Aadsts::new(50034))?;
    let scopes = wanted_scopes(estate, form, &account, &grant.scopes)?;
    let continuous = grant.continuous.or(asked_claims(form)?);
    estate.entra.challenges.signed_in(&account.oid, continuous);
    Ok(Granted { account, scopes, nonce: grant.nonce, continuous })
}

fn refresh(estate: &Estate, form: &Form) -> Result<Granted, Aadsts> {
    let token = form.get("refresh_token").ok_or_else(|| missing("refresh_token"))?;
    let opened = estate.microsoft_tokens.open_refresh(token, estate.clock.now_ms());
    let claims = opened.map_err(|fault| match fault {
        TokenFault::Expired => Aadsts::new(700_082),
        TokenFault::Invalid => Aadsts::new(70000),
        TokenFault::Revoked => Aadsts::new(50173),
    })?;
    let account = estate.people.find_oid(&claims.oid).ok_or_else(|| Aadsts::new(50034))?;
    let scopes = wanted_scopes(estate, form, &account, &claims.scopes)?;
    let continuous = asked_claims(form)?;
    if estate.entra.challenges.needs_sign_in(&account.oid, continuous) {
        return Err(Aadsts::new(70043));
    }
    Ok(Granted { account, scopes, nonce: None, continuous })
}

/// The scopes of a request: those of the grant, or the named ones if all are consented.
fn wanted_scopes(
    estate: &Estate,
    form: &Form,
    account: &Person,
    granted: &[String],
) -> Result<Scopes, Aadsts> {
    let Some(named) = form.get("scope") else { return Ok(Scopes::granted(granted)) };
    let wanted = Scopes::parse(named, estate.entra.cloud())?;
    let consented = estate.entra.consented(&account.oid);
    if !wanted.graph.is_subset(&consented) || (wanted.default && consented.is_empty()) {
        return Err(Aadsts::new(65001));
    }
    Ok(wanted)
}

/// The token answer. The access token carries everything this account ever consented to, as Entra's does.
fn tokens(estate: &Estate, headers: &HeaderMap, granted: &Granted) -> Result<Response, Aadsts> {
    let (account, scopes) = (&granted.account, &granted.scopes);
    let consented = estate.entra.consented(&account.oid);
    let now_ms = estate.clock.now_ms();
    let expires_in = estate.entra.lifetime_secs(granted.continuous);
    let mut body = json!({
        "token_type": "Bearer",
        "scope": scopes.shown(&consented, estate.entra.cloud()),
        "expires_in": expires_in,
        "ext_expires_in": expires_in,
        "access_token": estate.microsoft_tokens.issue_access(AccessClaims {
            oid: account.oid.clone(),
            email: account.email.clone(),
            scopes: consented.iter().cloned().collect(),
            continuous: granted.continuous,
            expires_ms: now_ms.saturating_add(expires_in * 1000),
        }),
    });
    let mut add = |name: &str, token: String| {
        if let Some(fields) = body.as_object_mut() {
            fields.insert(name.to_owned(), Value::String(token));
        }
    };
    if scopes.has("offline_access") {
        let claims = RefreshClaims {
            oid: account.oid.clone(),
            email: account.email.clone(),
            scopes: scopes.list(),
            expires_ms: now_ms.saturating_add(REFRESH_MS),
        };
        add("refresh_token", estate.microsoft_tokens.issue_refresh(claims));
    }
    if scopes.has("openid") {
        let issued = id_token::issue(estate, account, scopes, granted.nonce.as_deref());
        add("id_token", issued.map_err(|_| Aadsts::new(90033))?);
    }
    let mut response = ([(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")], Json(body)).into_response();
    Trace::new(estate, headers).write_to(response.headers_mut());
    Ok(response)
}

fn missing(parameter: &str) -> Aadsts {
    Aadsts::new(900_144).about(&format!("It is '{parameter}'."))
}
