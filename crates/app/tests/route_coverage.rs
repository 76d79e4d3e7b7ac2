//! Every route as every kind of caller: the exact status, the record, the headers, the cells.

use axum::body::Body;
use http::Method;
use http::header::AUTHORIZATION;
use m365_app::routes::{Gate, Handler, Place, ROUTES};
use m365_ports::CellAccess;
use m365_types::Profile;
use serde_json::{Value, json};

use crate::callers::{Caller, Scene, every_scope};
use crate::harness::{ALEX, ASSERTION, SAM, Site, service_assertion};
use crate::shape::{assert_headers, assert_refusal};

/// Status of the route's answer to each caller, in the order of [`Caller::ALL`]: anonymous, forged assertion, service
/// token, person, bearer, bearer for the stream, bearer of another deployment, garbage bearer, bearer beside another
/// person, client, unknown client, operator.
const EXPECTED: &[(&str, [u16; 12])] = &[
    ("/.well-known/oauth-authorization-server", [200; 12]),
    ("/.well-known/oauth-protected-resource", [200; 12]),
    ("/.well-known/oauth-protected-resource/mcp", [200; 12]),
    ("/.well-known/oauth-protected-resource/sse", [200; 12]),
    // Nobody was asked the question that no link names.
    ("/approve", [403, 403, 403, 404, 403, 403, 403, 403, 404, 403, 403, 404]),
    ("/approve/answer", [403, 403, 403, 404, 403, 403, 403, 403, 404, 403, 403, 404]),
    ("/authorize", [403, 403, 403, 400, 403, 403, 403, 403, 400, 403, 403, 400]),
    ("/callback", [403, 403, 403, 400, 403, 403, 403, 403, 400, 403, 403, 400]),
    ("/connect", [403, 403, 403, 303, 403, 403, 403, 403, 303, 403, 403, 303]),
    ("/consent", [403, 403, 403, 400, 403, 403, 403, 403, 400, 403, 403, 400]),
    // Nobody but the server itself has a stamp.
    ("/echo", [404, 403, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404]),
    ("/healthz", [200; 12]),
    ("/mcp", [401, 403, 401, 401, 200, 401, 401, 401, 403, 401, 401, 401]),
    ("/me", [403, 403, 403, 200, 403, 403, 403, 403, 200, 403, 403, 200]),
    ("/me/journal", [403, 403, 403, 200, 403, 403, 403, 403, 200, 403, 403, 200]),
    ("/me/labels", [403; 12]),
    ("/me/revoke", [403; 12]),
    ("/me/revoke-all", [403; 12]),
    ("/me/sign-out", [403; 12]),
    // Nobody has opened the stream that is named.
    ("/messages", [401, 403, 401, 401, 401, 404, 401, 401, 401, 401, 401, 401]),
    ("/operator/kill", [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 400]),
    ("/operator/readmit", [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 400]),
    ("/operator/unpin", [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 400]),
    ("/operator/visit", [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200]),
    ("/register", [201; 12]),
    ("/revoke", [401, 403, 401, 401, 401, 401, 401, 401, 401, 200, 401, 401]),
    ("/sse", [401, 403, 401, 401, 401, 200, 401, 401, 401, 401, 401, 401]),
    ("/token", [401, 403, 401, 401, 401, 401, 401, 401, 401, 200, 401, 401]),
];

fn expected(path: &str) -> [u16; 12] {
    let row = EXPECTED.iter().find(|(known, _)| *known == path);
    row.unwrap_or_else(|| panic!("the route {path} is new: add what it answers to each caller in EXPECTED")).1
}

#[test]
fn the_expectations_name_exactly_the_routes() {
    for route in ROUTES {
        expected(route.path);
    }
    for (path, _) in EXPECTED {
        assert!(
            ROUTES.iter().any(|route| route.path == *path),
            "{path} is no route any more: remove its row"
        );
    }
}

#[test]
fn every_route_answers_every_caller_as_expected_and_records_each_refusal_once() {
    for route in ROUTES {
        for (caller, status) in Caller::ALL.into_iter().zip(expected(route.path)) {
            let about = format!("{} as {caller:?}", route.path);
            let scene = Scene::of(caller);
            let before = scene.site.records().len();
            let answer = scene.site.ask(scene.request(route));
            assert_eq!(answer.status.as_u16(), status, "{about}: {}", answer.text());
            assert_headers(route.face, &answer, &about);
            assert_discreet(&scene, &about);
            let (of_request, all) = (scene.site.records_of(&answer), scene.site.records());
            if answer.status.is_client_error() || answer.status.is_server_error() {
                assert_refusal(route.face, &answer, &scene.credentials, &about);
                assert_eq!(of_request.len(), 1, "{about}: {of_request:?}");
                assert_eq!(all.len(), before + 1, "{about}: {all:?}");
            } else {
                let told =
                    |record: &Value| record["phase"] == "event" || record["kind"] == "client.registered";
                assert!(of_request.iter().all(told), "{about}: {of_request:?}");
            }
        }
    }
}

/// No record holds a credential or an address.
fn assert_discreet(scene: &Scene, about: &str) {
    for record in scene.site.records() {
        let text = record.to_string();
        assert!(!text.contains('@'), "{about}: an address in {text}");
        for credential in &scene.credentials {
            let secret = credential.strip_prefix("Bearer ").unwrap_or(credential);
            assert!(secret.len() < 40 || !text.contains(secret), "{about}: a credential in {text}");
        }
    }
}

#[test]
fn each_refusal_of_the_mcp_route_is_recorded_with_its_own_cause() {
    let route = ROUTES.iter().find(|route| route.path == "/mcp").unwrap();
    for (caller, code) in [
        (Caller::Anonymous, "token.missing"),
        (Caller::ForgedAssertion, "assertion_signature"),
        (Caller::Service, "token.missing"),
        (Caller::Person, "token.missing"),
        (Caller::StreamBearer, "token_audience"),
        (Caller::OtherAudience, "token_audience"),
        (Caller::GarbageToken, "token.invalid"),
        (Caller::BearerBesideOther, "assertion_other_person"),
    ] {
        let scene = Scene::of(caller);
        let answer = scene.site.ask(scene.request(route));
        assert_eq!(scene.site.records_of(&answer)[0]["code"], code, "{caller:?}");
    }
}

#[test]
fn an_assertion_beside_a_token_passes_for_its_person_and_for_a_service_only() {
    let site = Site::new(Profile::Full);
    let token = site.grant(&ALEX, &site.register(), &every_scope()).access;
    let now = site.now();
    for (assertion, status) in
        [(ALEX.assertion(now), 200), (service_assertion(now), 200), (SAM.assertion(now), 403)]
    {
        let mut request = site.message(Some(&token), "tools/list", None, json!({}));
        request.headers_mut().insert(ASSERTION, assertion.parse().unwrap());
        assert_eq!(site.ask(request).status, status);
    }
}

#[test]
fn an_assertion_beside_a_refresh_token_must_name_its_person_too() {
    let site = Site::new(Profile::Full);
    let client = site.register();
    let tokens = site.grant(&ALEX, &client, &every_scope());
    let now = site.now();
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &tokens.refresh),
        ("token", &tokens.refresh),
        ("client_id", &client.id),
    ];
    for (path, assertion, status) in [
        ("/token", SAM.assertion(now), 403),
        ("/revoke", SAM.assertion(now), 403),
        ("/token", ALEX.assertion(now), 200),
    ] {
        let mut request = site.post(path, &fields);
        request.headers_mut().insert(ASSERTION, assertion.parse().unwrap());
        assert_eq!(site.ask(request).status, status, "{path}");
    }
}

#[test]
fn registration_too_needs_an_assertion_where_access_is_demanded_everywhere() {
    let site = Site::new(Profile::Full).demanding_access_everywhere();
    for (assertion, status) in [(None, 403), (Some(ALEX.assertion(site.now())), 201)] {
        let body = json!({ "redirect_uris": ["http://127.0.0.1/callback"] }).to_string();
        let mut request = site.request("POST", "/register").header("content-type", "application/json");
        if let Some(assertion) = assertion {
            request = request.header(ASSERTION, assertion);
        }
        assert_eq!(site.ask(request.body(Body::from(body)).unwrap()).status, status);
    }
}

#[test]
fn where_access_is_demanded_everywhere_no_credential_replaces_an_assertion() {
    let site = Site::new(Profile::Full);
    let client = site.register();
    let tokens = site.grant(&ALEX, &client, &every_scope());
    let strict = site.demanding_access_everywhere();
    let now = site.now();
    for (assertion, mcp, token) in [
        (None, 403, 403),
        (Some(ALEX.forged_assertion(now)), 403, 403),
        (Some(ALEX.assertion(now)), 200, 200),
    ] {
        let list = strict.message(Some(&tokens.access), "tools/list", None, json!({}));
        assert!(list.headers().contains_key(AUTHORIZATION));
        let fields =
            [("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh), ("client_id", &client.id)];
        for (mut request, status) in [(list, mcp), (strict.post("/token", &fields), token)] {
            if let Some(text) = &assertion {
                request.headers_mut().insert(ASSERTION, text.parse().unwrap());
            }
            assert_eq!(strict.ask(request).status, status, "{assertion:?}");
        }
    }
}

#[test]
fn only_a_person_vouched_for_by_access_brings_a_cell_into_being() {
    for route in ROUTES {
        for caller in Caller::ALL {
            let scene = Scene::of(caller);
            let before = scene.site.cells();
            scene.site.ask(scene.request(route));
            let created = scene.site.cells() - before;
            let may = caller.is_vouched_person() && route.place == Place::Cell(CellAccess::Create);
            // An order is recorded in its operator's cell.
            let orders = caller == Caller::Operator && route.handler == Handler::OperatorVisit;
            assert_eq!(created, usize::from(may || orders), "{} as {caller:?}", route.path);
        }
    }
}

#[test]
fn a_route_takes_no_method_but_its_own() {
    for route in ROUTES {
        let holder = if route.gate == Gate::Bearer { Caller::holder(route) } else { Caller::Anonymous };
        let scene = Scene::of(holder);
        let before = scene.site.records().len();
        let answer = scene.site.ask(scene.request_with(route, "DELETE"));
        assert_eq!(answer.status, 405, "{}", route.path);
        let methods: Vec<&str> = route.methods.iter().map(Method::as_str).collect();
        let allowed = if methods.is_empty() { "POST".to_owned() } else { methods.join(", ") };
        assert_eq!(answer.header("allow"), Some(allowed.as_str()), "{}", route.path);
        assert_headers(route.face, &answer, route.path);
        assert_refusal(route.face, &answer, &scene.credentials, route.path);
        assert_eq!(scene.site.records().len(), before + 1, "{}", route.path);
    }
}

#[test]
fn without_a_token_no_method_of_a_bearer_route_says_more_than_401() {
    for route in ROUTES.iter().filter(|route| route.gate == Gate::Bearer) {
        for method in ["GET", "POST", "DELETE", "PUT", "OPTIONS"] {
            let scene = Scene::of(Caller::Anonymous);
            let answer = scene.site.ask(scene.request_with(route, method));
            assert_eq!(answer.status, 401, "{method} {}", route.path);
            assert_refusal(route.face, &answer, &[], route.path);
        }
    }
}
