//! The login of a browser: the page on the team domain, and the step on the edge that sets the cookie.
//!
//! The edge sends a browser without a session to the login page; choosing a person there leads back to the edge
//! with a code that is used once, within a minute, and is exchanged for the cookie. Invariant: a login leads to no
//! address outside the edge.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer;

use super::assertion::{self, COOKIE_NAME, Identity};
use super::{AUTHORIZED_PATH, LOGIN_PATH, injected, keys_unavailable, record};
use crate::entropy;
use crate::estate::Estate;
use crate::sign_in_page::{Choice, Destination, choose, notice};

const CODE_MS: u64 = 60_000;
const MOST_OPEN: usize = 10_000;

/// Logins between the team domain and the edge, by code.
#[derive(Default)]
pub(crate) struct Logins {
    open: Mutex<BTreeMap<String, Login>>,
}

struct Login {
    email: String,
    redirect_url: Url,
    expires_ms: u64,
}

impl Logins {
    fn begin(&self, login: Login, now_ms: u64) -> String {
        let code = entropy::secret();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, login| login.expires_ms > now_ms);
        if open.len() >= MOST_OPEN {
            open.pop_first();
        }
        open.insert(code.clone(), login);
        code
    }

    /// Takes a login out, so that its code works once.
    fn finish(&self, code: &str, now_ms: u64) -> Option<Login> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(code).filter(|login| login.expires_ms > now_ms)
    }
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    redirect_url: String,
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    email: String,
    redirect_url: String,
}

/// The login page.
pub(super) async fn ask(
    State(estate): State<Arc<Estate>>,
    uri: Uri,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Response {
    record(&estate, &Method::GET, &uri, &headers, None);
    if let Some(answer) = injected(&estate, LOGIN_PATH, None).await {
        return answer;
    }
    let Some(redirect_url) = on_the_edge(&estate, &asked.redirect_url) else { return foreign_redirect() };
    let choices: Vec<Choice> = estate
        .people
        .all()
        .iter()
        .map(|person| Choice {
            name: person.display_name.clone(),
            email: person.email.clone(),
            fields: vec![
                ("email".to_owned(), person.email.clone()),
                ("redirect_url".to_owned(), redirect_url.to_string()),
            ],
        })
        .collect();
    let explanation = "This application is protected by Cloudflare Access. Who are you?";
    choose("Sign in with Access", explanation, &Destination { method: "post", action: LOGIN_PATH }, &choices)
}

/// A person was chosen: back to the edge with a code.
pub(super) async fn sign_in(
    State(estate): State<Arc<Estate>>,
    uri: Uri,
    headers: HeaderMap,
    Form(chosen): Form<Chosen>,
) -> Response {
    record(&estate, &Method::POST, &uri, &headers, Some(&chosen.email));
    if let Some(answer) = injected(&estate, LOGIN_PATH, Some(&chosen.email)).await {
        return answer;
    }
    let Some(redirect_url) = on_the_edge(&estate, &chosen.redirect_url) else { return foreign_redirect() };
    let Some(person) = estate.people.find(&chosen.email) else {
        let sentence = "Nobody has this e-mail address. Go back and choose a person from the list.";
        return notice(StatusCode::FORBIDDEN, "That account does not have access", sentence);
    };
    let now_ms = estate.clock.now_ms();
    let login = Login {
        email: person.email.clone(),
        redirect_url: redirect_url.clone(),
        expires_ms: now_ms.saturating_add(CODE_MS),
    };
    let code = estate.access.logins.begin(login, now_ms);
    let query = Serializer::new(String::new())
        .append_pair("code", &code)
        .append_pair("redirect_url", redirect_url.as_str())
        .finish();
    redirect(&format!("{}{AUTHORIZED_PATH}?{query}", estate.config.edge_url))
}

/// On the edge: a code becomes the cookie.
pub(crate) async fn authorized(estate: &Estate, query: &str) -> Response {
    if let Some(answer) = injected(estate, AUTHORIZED_PATH, None).await {
        return answer;
    }
    let code = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code");
    let login = code.and_then(|(_, code)| estate.access.logins.finish(&code, estate.clock.now_ms()));
    let person = login.as_ref().and_then(|login| estate.people.find(&login.email));
    let (Some(login), Some(person)) = (login, person) else {
        let sentence = "This sign-in was used already or took too long. Open the page you wanted again.";
        return notice(StatusCode::FORBIDDEN, "Sign-in expired", sentence);
    };
    match assertion::issue(estate, Identity::Person(&person)) {
        Ok(issued) => {
            let cookie = format!("{COOKIE_NAME}={issued}; HttpOnly; SameSite=Lax; Path=/");
            ([(SET_COOKIE, cookie)], redirect(login.redirect_url.as_str())).into_response()
        }
        Err(fault) => {
            tracing::warn!(error = %fault, "an assertion could not be issued");
            keys_unavailable()
        }
    }
}

/// Ends the session of the browser that asks.
pub(crate) async fn logged_out() -> Response {
    let mut response = notice(StatusCode::OK, "You are signed out", "You can close this page.");
    let cookie = format!("{COOKIE_NAME}=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0");
    if let Ok(cookie) = cookie.try_into() {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// The address of the login page for somebody who wanted `path_and_query` on the edge.
pub(crate) fn login_url(estate: &Estate, path_and_query: &str) -> String {
    let wanted = format!("{}{path_and_query}", estate.config.edge_url);
    let query = Serializer::new(String::new()).append_pair("redirect_url", &wanted).finish();
    format!("{}{LOGIN_PATH}?{query}", estate.config.sandbox_url)
}

/// A redirect target as an address on the edge; `None` for every other address. Nothing given means its root.
fn on_the_edge(estate: &Estate, redirect_url: &str) -> Option<Url> {
    let edge = Url::parse(&estate.config.edge_url).ok()?;
    let wanted = edge.join(redirect_url).ok()?;
    (wanted.origin() == edge.origin() && wanted.username().is_empty() && wanted.password().is_none())
        .then_some(wanted)
}

fn foreign_redirect() -> Response {
    let sentence = "The address to return to is not on this application. Open the page you wanted again.";
    notice(StatusCode::BAD_REQUEST, "Sign-in is not possible", sentence)
}

pub(crate) fn redirect(location: &str) -> Response {
    (StatusCode::FOUND, [(LOCATION, location), (CACHE_CONTROL, "no-store")]).into_response()
}
