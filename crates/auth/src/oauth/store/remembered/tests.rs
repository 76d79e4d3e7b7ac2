use bytes::Bytes;
use http::header::CONTENT_TYPE;
use m365_types::Scope;
use serde_json::json;

use super::*;
use crate::oauth::authorize::AuthorizeRefusal;
use crate::oauth::form::Form;
use crate::oauth::store::Ending;
use crate::oauth::transaction::{CSRF_FIELD, REMEMBER_FIELD, TRANSACTION_FIELD};
use crate::testing::flow::{Flow, browser, encode, parameter, redemption_with};

const CLIENT: &str = "https://client.example/oauth/client.json";
const REDIRECT: &str = "https://client.example/callback";

/// A flow in which [`CLIENT`] publishes its document.
fn flow() -> Flow {
    let flow = Flow::new();
    publish(&flow, "Client");
    flow
}

fn publish(flow: &Flow, name: &str) {
    let document = json!({
        "client_id": CLIENT, "client_name": name,
        "redirect_uris": [REDIRECT, "https://client.example/other", "http://localhost/callback"],
    });
    flow.fixture.outbound.answer(move |_| {
        let body = Bytes::from(document.to_string());
        Ok(http::Response::builder().header(CONTENT_TYPE, "application/json").body(body).unwrap())
    });
}

fn query(changes: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let mut query = Flow::query(&ClientId::parse(CLIENT).unwrap());
    for (name, value) in [("redirect_uri", REDIRECT)].iter().chain(changes) {
        query.retain(|(known, _)| known != name);
        query.push((name, (*value).to_owned()));
    }
    query
}

fn asked(flow: &Flow, changes: &[(&'static str, &str)]) -> AuthorizationRequest {
    let request: Result<_, AuthorizeRefusal> = flow.authorize(&query(changes));
    request.unwrap()
}

/// Alex allows what is asked, with these words in the form's field.
fn allow(flow: &Flow, request: &AuthorizationRequest, remember: Option<&str>) -> IssuedCode {
    let principal = flow.fixture.principal("alex");
    let cookie = flow.transactions.cookie(&http::HeaderMap::new());
    let fields = flow.transactions.begin_consent(&principal, &cookie, request).unwrap();
    let headers = browser(&cookie.set_cookie().unwrap());
    let mut pairs = vec![(TRANSACTION_FIELD, fields.transaction.clone()), (CSRF_FIELD, fields.csrf.clone())];
    pairs.extend(remember.map(|value| (REMEMBER_FIELD, value.to_owned())));
    let form = Form::parse(encode(&pairs).as_bytes()).unwrap();
    let consent = flow.transactions.open_consent(&principal, &headers, &form).unwrap();
    let consent = consent.remembered_as_asked(&form);
    flow.store.consent(flow.fixture.request(), &principal, consent).unwrap()
}

/// Whether Alex is not asked again.
fn is_remembered(flow: &Flow, changes: &[(&'static str, &str)]) -> bool {
    let (principal, request) = (flow.fixture.principal("alex"), asked(flow, changes));
    flow.store.consent_remembered(flow.fixture.request(), &principal, &request).unwrap().is_some()
}

fn days(days: u64) -> Duration {
    Duration::from_hours(days * 24)
}

/// A flow in which Alex has allowed the client and asked to be remembered.
fn remembering() -> Flow {
    let flow = flow();
    allow(&flow, &asked(&flow, &[]), Some("yes"));
    flow
}

#[test]
fn the_same_is_granted_again_without_asking_and_the_record_says_so() {
    let flow = remembering();
    let principal = flow.fixture.principal("alex");
    let request = asked(&flow, &[]);
    let issued =
        flow.store.consent_remembered(flow.fixture.request(), &principal, &request).unwrap().unwrap();
    assert!(issued.location().starts_with(REDIRECT));
    assert_eq!(flow.fixture.records().last().unwrap(), "consent.given Done remembered");
    let code = parameter(issued.location(), "code").unwrap();
    let verifier = crate::testing::flow::VERIFIER;
    let client = ClientId::parse(CLIENT).unwrap();
    let redemption = redemption_with(&code, REDIRECT, verifier);
    assert!(flow.store.redeem_code(flow.fixture.request(), &client, &redemption).is_ok());
    assert!(is_remembered(&flow, &[]), "allowing it again does not end it");
}

#[test]
fn a_narrower_request_is_covered_and_a_wider_one_is_not() {
    let flow = flow();
    assert!(!is_remembered(&flow, &[]), "never allowed");
    allow(&flow, &asked(&flow, &[("scope", "Mail.Read User.Read")]), Some("yes"));
    assert!(is_remembered(&flow, &[("scope", "Mail.Read")]));
    assert!(is_remembered(&flow, &[("scope", "User.Read Mail.Read")]));
    assert!(!is_remembered(&flow, &[("scope", "Mail.Read Mail.Send")]));
    let request = asked(&flow, &[("scope", "Mail.Send")]);
    assert!(request.scopes().contains_all(&[Scope::MailSend].into_iter().collect()));
    assert!(!is_remembered(&flow, &[("scope", "Mail.Send")]));
}

#[test]
fn without_the_person_s_wish_nothing_is_remembered() {
    for wish in [None, Some("no"), Some("YES"), Some("")] {
        let flow = flow();
        allow(&flow, &asked(&flow, &[]), wish);
        assert!(!is_remembered(&flow, &[]), "{wish:?}");
    }
}

#[test]
fn another_redirect_and_loopback_are_asked() {
    let flow = remembering();
    assert!(!is_remembered(&flow, &[("redirect_uri", "https://client.example/other")]));
    let loopback = asked(&flow, &[("redirect_uri", "http://localhost/callback")]);
    assert!(!loopback.may_be_remembered());
    allow(&flow, &loopback, Some("yes"));
    assert!(!is_remembered(&flow, &[("redirect_uri", "http://localhost/callback")]));
}

#[test]
fn a_registered_client_is_asked_every_time() {
    let flow = Flow::new();
    let query = Flow::query(&flow.register());
    let request = flow.authorize(&query).unwrap();
    assert!(!request.may_be_remembered());
    allow(&flow, &request, Some("yes"));
    let principal = flow.fixture.principal("alex");
    let again = flow.store.consent_remembered(flow.fixture.request(), &principal, &request).unwrap();
    assert!(again.is_none());
}

#[test]
fn a_changed_document_is_asked() {
    let flow = remembering();
    publish(&flow, "Another name");
    assert!(is_remembered(&flow, &[]), "the change is not seen while the copy is fresh");
    flow.advance(Duration::from_secs(601));
    assert!(!is_remembered(&flow, &[]));
}

#[test]
fn after_thirty_days_the_person_is_asked_however_often_it_was_used() {
    let flow = remembering();
    flow.advance(days(29));
    assert!(is_remembered(&flow, &[]));
    flow.advance(days(1));
    assert!(!is_remembered(&flow, &[]));
    flow.store.sweep().unwrap();
    let left = flow.fixture.database.integer("SELECT COUNT(*) FROM auth_remembered");
    assert_eq!(left, 0);
}

#[test]
fn whatever_ends_a_grant_of_the_client_ends_it_too() {
    let by = |end: fn(&Flow, &IssuedCode)| {
        let flow = flow();
        let issued = allow(&flow, &asked(&flow, &[]), Some("yes"));
        end(&flow, &issued);
        is_remembered(&flow, &[])
    };
    assert!(by(|_, _| {}));
    assert!(!by(|flow, issued| assert!(flow.store.end(flow.fixture.request(), issued.grant()).unwrap())));
    assert!(!by(|flow, _| assert_eq!(flow.store.end_all(flow.fixture.request()).unwrap(), 1)));
    assert!(!by(|flow, _| {
        // The grant's code has expired, so there is none to end.
        flow.advance(Duration::from_secs(61));
        flow.store.sweep().unwrap();
        assert_eq!(flow.store.end_all(flow.fixture.request()).unwrap(), 0);
    }));
    assert!(!by(|flow, issued| {
        let request = flow.fixture.request();
        let end =
            |sql: &dyn Sql| flow.store.end_every(sql, request, Some(issued.client()), Ending::ByOperator);
        assert_eq!(flow.store.ports.transition(end).unwrap(), 1);
    }));
    assert!(by(|flow, _| {
        let (request, other) = (flow.fixture.request(), ClientId::parse("other").unwrap());
        let end = |sql: &dyn Sql| flow.store.end_every(sql, request, Some(&other), Ending::ByOperator);
        assert_eq!(flow.store.ports.transition(end).unwrap(), 0);
    }));
}

#[test]
fn a_denial_ends_it() {
    let flow = remembering();
    let principal = flow.fixture.principal("alex");
    let cookie = flow.transactions.cookie(&http::HeaderMap::new());
    let request = asked(&flow, &[("scope", "Mail.Read Mail.Send User.Read")]);
    let fields = flow.transactions.begin_consent(&principal, &cookie, &request).unwrap();
    let headers = browser(&cookie.set_cookie().unwrap());
    let form = crate::testing::flow::posted(&fields);
    let consent = flow.transactions.open_consent(&principal, &headers, &form).unwrap();
    flow.store.deny(flow.fixture.request(), consent).unwrap();
    assert!(!is_remembered(&flow, &[]));
}

#[test]
fn a_sign_in_that_is_too_old_gives_no_code() {
    let flow = remembering();
    let principal = flow.fixture.principal("alex");
    flow.advance(Duration::from_hours(13));
    let request = asked(&flow, &[]);
    let refused = flow.store.consent_remembered(flow.fixture.request(), &principal, &request);
    assert!(matches!(refused, Err(GrantRefusal::ReauthNeeded)));
}
