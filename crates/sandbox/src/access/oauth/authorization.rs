//! The authorization endpoint: who signs in, and the code for the client.
//!
//! Source: RFC 6749 section 4.1.1, RFC 7636, RFC 8707. A browser with a session (`CF_Authorization`) is asked nothing;
//! another one sees the login page. Invariants: an unknown client or redirect gets a page and no redirect; no code
//! without S256 and a resource on the protected host.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::Value;
use url::Url;

use super::grants::Code;
use super::{AUTHORIZATION_PATH, not_enabled};
use crate::access::{assertion, cookie_assertion, injected, record, redirect};
use crate::estate::Estate;
use crate::sign_in_page::{Choice, Destination, choose, notice};

type Parameters = BTreeMap<String, String>;

/// A request that will be answered at the client's redirect.
struct Asked {
    parameters: Parameters,
    redirect: Url,
    client_name: String,
}

/// What a request comes to before anybody has signed in.
enum Checked {
    Asked(Asked),
    Answered(Response),
}

/// A browser arrives from a client.
pub(super) async fn ask(State(estate): State<Arc<Estate>>, uri: Uri, headers: HeaderMap) -> Response {
    record(&estate, &Method::GET, &uri, &headers, None);
    let asked = match check(&estate, uri.query().unwrap_or_default().as_bytes()).await {
        Checked::Asked(asked) => asked,
        Checked::Answered(answer) => return answer,
    };
    let session = cookie_assertion(&headers).and_then(|cookie| assertion::verified(&estate, cookie));
    let email = session.as_ref().and_then(|claims| claims.get("email")).and_then(Value::as_str);
    match email {
        Some(email) => grant(&estate, &asked, email),
        None => login_page(&estate, &asked),
    }
}

/// A person was chosen on the login page.
pub(super) async fn sign_in(
    State(estate): State<Arc<Estate>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    record(&estate, &Method::POST, &uri, &headers, None);
    match check(&estate, &body).await {
        Checked::Asked(asked) => {
            let email = asked.parameters.get("email").cloned().unwrap_or_default();
            grant(&estate, &asked, &email)
        }
        Checked::Answered(answer) => answer,
    }
}

async fn check(estate: &Estate, query: &[u8]) -> Checked {
    if estate.access.perimeter.managed_oauth().is_none() {
        return Checked::Answered(not_enabled());
    }
    if let Some(answer) = injected(estate, AUTHORIZATION_PATH, None).await {
        return Checked::Answered(answer);
    }
    let parameters: Parameters = url::form_urlencoded::parse(query).into_owned().collect();
    let value = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
    let client = estate.access.oauth.client(value("client_id"));
    let known = client.filter(|client| client.redirect_uris.iter().any(|uri| uri == value("redirect_uri")));
    let (Some(client), Ok(target)) = (known, Url::parse(value("redirect_uri"))) else {
        let sentence = "The application that sent you here is not registered, or not with this address.";
        return Checked::Answered(notice(StatusCode::BAD_REQUEST, "Sign-in is not possible", sentence));
    };
    let wrong = if value("response_type") != "code" {
        Some("unsupported_response_type")
    } else if value("code_challenge_method") != "S256" || value("code_challenge").is_empty() {
        Some("invalid_request")
    } else if !is_on_the_edge(estate, value("resource")) {
        Some("invalid_target")
    } else {
        None
    };
    match wrong {
        Some(error) => {
            let target = answered(&target, &parameters, ("error", error));
            Checked::Answered(redirect(target.as_str()))
        }
        None => Checked::Asked(Asked { redirect: target, client_name: client.name, parameters }),
    }
}

/// RFC 8707: which protected resource the token is for. A client that names none is refused.
fn is_on_the_edge(estate: &Estate, resource: &str) -> bool {
    let (Ok(resource), Ok(edge)) = (Url::parse(resource), Url::parse(&estate.config.edge_url)) else {
        return false;
    };
    resource.origin() == edge.origin() && resource.fragment().is_none()
}

fn login_page(estate: &Estate, asked: &Asked) -> Response {
    let kept = |email: &str| {
        let mut fields: Vec<(String, String)> = asked.parameters.clone().into_iter().collect();
        fields.retain(|(name, _)| name != "email");
        fields.push(("email".to_owned(), email.to_owned()));
        fields
    };
    let people = estate.people.all();
    let choices: Vec<Choice> = people
        .iter()
        .map(|person| Choice {
            name: person.display_name.clone(),
            email: person.email.clone(),
            fields: kept(&person.email),
        })
        .collect();
    let explanation =
        format!("{} wants to reach this application in your name. Who are you?", asked.client_name);
    let destination = Destination { method: "post", action: AUTHORIZATION_PATH };
    choose("Sign in with Access", &explanation, &destination, &choices)
}

fn grant(estate: &Estate, asked: &Asked, email: &str) -> Response {
    let Some(person) = estate.people.find(email) else {
        let sentence = "Nobody has this e-mail address. Go back and choose a person from the list.";
        return notice(StatusCode::FORBIDDEN, "That account does not have access", sentence);
    };
    let value = |name: &str| asked.parameters.get(name).cloned().unwrap_or_default();
    let code = Code {
        client_id: value("client_id"),
        redirect_uri: value("redirect_uri"),
        challenge: value("code_challenge"),
        email: person.email.clone(),
    };
    let code = estate.access.oauth.issue_code(code, estate.clock.now_ms());
    redirect(answered(&asked.redirect, &asked.parameters, ("code", &code)).as_str())
}

fn answered(target: &Url, parameters: &Parameters, answer: (&str, &str)) -> Url {
    let mut target = target.clone();
    target.query_pairs_mut().append_pair(answer.0, answer.1);
    if let Some(state) = parameters.get("state") {
        target.query_pairs_mut().append_pair("state", state);
    }
    target
}
