//! The authorization endpoint.
//!
//! Source: Microsoft's documentation of the authorization code flow; RFC 6749 section 4.1, RFC 7636. In this order:
//! 1. Tenant, client and redirect URI; a mistake there is shown on Entra's own page and never redirected.
//! 2. `response_type=code`, `response_mode=query`, PKCE with S256, no `resource`, known scopes, a possible `prompt`.
//! 3. Who signs in: the person `login_hint` names, else a page that lists the people.
//! 4. Consent, then a code in the redirect.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::Value;
use url::Url;

use super::aadsts::Trace;
use super::codes::{CODE_MS, CodeGrant};
use super::scopes::{Scopes, is_administered};
use super::{Aadsts, Continuous, Injected, asked_claims, check_tenant, injected, parameters, record};
use crate::access::redirect;
use crate::entropy;
use crate::estate::Estate;
use crate::people::Person;
use crate::sign_in_page::{Choice, Destination, choose, notice};

/// A checked authorization request.
struct Asked {
    back: Back,
    scopes: Scopes,
    challenge: String,
    nonce: Option<String>,
    prompt: Prompt,
    continuous: Continuous,
    person: Option<Arc<Person>>,
}

/// Where answers go.
#[derive(Clone)]
struct Back {
    redirect_uri: Url,
    state: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Prompt {
    /// `prompt=none`: no page may be shown.
    Never,
    /// `prompt=login` or `select_account`: a page must be shown.
    Always,
    /// No `prompt`, or `consent`, which is given without asking.
    WhenNeeded,
}

/// Why there is no code.
struct Refused {
    error: Aadsts,
    back: Option<Back>,
}

/// What to do with a request that is not refused.
enum Step {
    Choose(Option<Arc<Person>>),
    Redirect(String),
}

/// `/{tenant}/oauth2/v2.0/authorize`.
pub(super) async fn authorize(
    State(estate): State<Arc<Estate>>,
    Path(tenant): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let query = parameters(uri.query().unwrap_or_default().as_bytes());
    let hint = query.as_ref().ok().and_then(|query| query.get("login_hint")).cloned();
    record(&estate, &Method::GET, &uri, &headers, (hint.as_deref(), Value::Null));
    let outcome = match query {
        Ok(query) => step(&estate, &tenant, &uri, &query).await,
        Err(error) => Err(Stop::Refused(Refused { error, back: None })),
    };
    match outcome {
        Ok(Step::Choose(only)) => chooser(&estate, &uri, only),
        Ok(Step::Redirect(location)) => redirect(&location),
        Err(Stop::Answer(answer)) => answer,
        Err(Stop::Refused(refused)) => refusal(&estate, &headers, &refused),
    }
}

/// A request ends without a code.
enum Stop {
    Answer(Response),
    Refused(Refused),
}

async fn step(
    estate: &Estate,
    tenant: &str,
    uri: &Uri,
    query: &BTreeMap<String, String>,
) -> Result<Step, Stop> {
    let hint = query.get("login_hint").map(String::as_str);
    let fault = injected(estate, uri, hint).await;
    if let Some(Injected::Answer(answer)) = fault {
        return Err(Stop::Answer(answer));
    }
    let refuse = |error, back| Stop::Refused(Refused { error, back });
    let back = check_client(estate, tenant, query).map_err(|error| refuse(error, None))?;
    if let Some(Injected::Error(error)) = fault {
        return Err(refuse(error, Some(back)));
    }
    let asked =
        check_request(estate, query, back.clone()).map_err(|error| refuse(error, Some(back.clone())))?;
    decide(estate, asked).map_err(|error| refuse(error, Some(back)))
}

/// Step 1: what must hold before any redirect.
fn check_client(estate: &Estate, tenant: &str, query: &BTreeMap<String, String>) -> Result<Back, Aadsts> {
    check_tenant(estate, tenant)?;
    match query.get("client_id") {
        None => return Err(missing("client_id")),
        Some(client_id) if *client_id != estate.config.client_id => return Err(Aadsts::new(700_016)),
        Some(_) => {}
    }
    let redirect_uri = query.get("redirect_uri").ok_or_else(|| Aadsts::new(900_971))?;
    if *redirect_uri != estate.config.redirect_uri() {
        return Err(Aadsts::new(50011));
    }
    let redirect_uri = Url::parse(redirect_uri).map_err(|_| Aadsts::new(50011))?;
    Ok(Back { redirect_uri, state: query.get("state").cloned() })
}

/// Step 2: everything else about the request.
fn check_request(estate: &Estate, query: &BTreeMap<String, String>, back: Back) -> Result<Asked, Aadsts> {
    let is = |name: &str, wanted: &str| query.get(name).is_none_or(|value| value == wanted);
    match query.get("response_type").map(String::as_str) {
        Some("code") => {}
        None => return Err(missing("response_type")),
        Some(_) => return Err(Aadsts::new(700_054)),
    }
    if !is("response_mode", "query") {
        return Err(
            Aadsts::new(90023).about("Only response_mode 'query' is registered for this application.")
        );
    }
    if query.contains_key("resource") {
        return Err(Aadsts::new(9_010_010));
    }
    let challenge = query.get("code_challenge").ok_or_else(|| Aadsts::new(9_002_325))?;
    if query.get("code_challenge_method").map(String::as_str) != Some("S256") {
        return Err(Aadsts::new(9_002_325));
    }
    // RFC 7636 section 4.2: a SHA-256 in base64url without padding has 43 characters.
    if challenge.len() != 43 || !challenge.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
        return Err(Aadsts::new(50147));
    }
    let continuous = asked_claims(query)?;
    let hint = query.get("login_hint");
    let prompt = match query.get("prompt").map(String::as_str) {
        None | Some("consent") => Prompt::WhenNeeded,
        Some("none") => Prompt::Never,
        Some("select_account") if hint.is_some() => {
            return Err(Aadsts::new(90023).about("'select_account' cannot be combined with 'login_hint'."));
        }
        Some("login" | "select_account") => Prompt::Always,
        Some(_) => return Err(Aadsts::new(90023).about("The value of 'prompt' is not known.")),
    };
    Ok(Asked {
        back,
        scopes: Scopes::parse(query.get("scope").ok_or_else(|| missing("scope"))?, estate.entra.cloud())?,
        continuous,
        challenge: challenge.clone(),
        nonce: query.get("nonce").cloned(),
        prompt,
        person: hint.and_then(|hint| estate.people.find(hint)),
    })
}

/// Steps 3 and 4: who, and may they.
fn decide(estate: &Estate, asked: Asked) -> Result<Step, Aadsts> {
    let person = match (asked.person, asked.prompt) {
        (person, Prompt::Always) => return Ok(Step::Choose(person)),
        (None, Prompt::WhenNeeded) => return Ok(Step::Choose(None)),
        (None, Prompt::Never) => return Err(Aadsts::new(50058)),
        (Some(person), Prompt::Never | Prompt::WhenNeeded) => person,
    };
    let account = match &person.microsoft {
        Some(other) => estate.people.find(other).ok_or_else(|| Aadsts::new(50034))?,
        None => Arc::clone(&person),
    };
    let consented = estate.entra.consented(&account.oid);
    let administered = |scope: &String| is_administered(scope) && !consented.contains(scope);
    let unadministered = !account.admin_consent && asked.scopes.graph.iter().any(administered);
    if !person.consent || !account.consent || unadministered {
        return Err(Aadsts::new(90094));
    }
    if asked.prompt == Prompt::Never && !asked.scopes.graph.is_subset(&consented) {
        return Err(Aadsts::new(65001));
    }
    if estate.entra.consent(&account.oid, &asked.scopes.graph)
        && let Err(fault) = estate.save()
    {
        tracing::warn!(error = %fault, "a consent could not be saved");
        return Err(Aadsts::new(90033));
    }
    let now_ms = estate.clock.now_ms();
    let mut location = asked.back.redirect_uri.clone();
    let grant = CodeGrant {
        email: account.email.clone(),
        redirect_uri: estate.config.redirect_uri(),
        challenge: asked.challenge,
        nonce: asked.nonce,
        scopes: asked.scopes.list(),
        continuous: asked.continuous,
        expires_ms: now_ms.saturating_add(CODE_MS),
    };
    location.query_pairs_mut().append_pair("code", &estate.entra.codes.issue(grant, now_ms));
    if let Some(state) = &asked.back.state {
        location.query_pairs_mut().append_pair("state", state);
    }
    location.query_pairs_mut().append_pair("session_state", &entropy::uuid().to_string());
    Ok(Step::Redirect(location.into()))
}

/// The page that asks who signs in; every form repeats the request with a `login_hint` and without a `prompt`.
fn chooser(estate: &Estate, uri: &Uri, only: Option<Arc<Person>>) -> Response {
    let asked: Vec<(String, String)> =
        url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .filter(|(name, _)| name != "login_hint" && name != "prompt")
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
    let people = only.map_or_else(|| estate.people.all(), |person| vec![person]);
    let choices: Vec<Choice> = people
        .iter()
        .map(|person| {
            let hint = ("login_hint".to_owned(), person.email.clone());
            Choice {
                name: person.display_name.clone(),
                email: person.email.clone(),
                fields: asked.iter().cloned().chain([hint]).collect(),
            }
        })
        .collect();
    let explanation = "Pick the Microsoft account to connect.";
    choose(
        "Sign in with Microsoft",
        explanation,
        &Destination { method: "get", action: uri.path() },
        &choices,
    )
}

fn refusal(estate: &Estate, headers: &HeaderMap, refused: &Refused) -> Response {
    let trace = Trace::new(estate, headers);
    let description = refused.error.description(&trace);
    let mut response = match &refused.back {
        Some(back) if !refused.error.shown_on_own_page() => {
            let mut location = back.redirect_uri.clone();
            location
                .query_pairs_mut()
                .append_pair("error", refused.error.error_at_authorize())
                .append_pair("error_description", &description);
            if let Some(state) = &back.state {
                location.query_pairs_mut().append_pair("state", state);
            }
            redirect(location.as_str())
        }
        _ => {
            let status = refused.error.status();
            let status = if status == StatusCode::UNAUTHORIZED { StatusCode::BAD_REQUEST } else { status };
            notice(status, "Sorry, but we're having trouble signing you in.", &description)
        }
    };
    trace.write_to(response.headers_mut());
    response
}

fn missing(parameter: &str) -> Aadsts {
    Aadsts::new(900_144).about(&format!("It is '{parameter}'."))
}
