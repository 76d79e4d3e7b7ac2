//! Refusals that do not depend on the route: unknown addresses, foreign hosts and origins, bodies that never end.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::header::{HOST, ORIGIN};
use m365_app::routes::{Content, Cors, Face, Gate, ROUTES, Route};

use crate::callers::{Caller, Scene};
use crate::harness;
use crate::shape::{assert_headers, assert_refusal};

#[test]
fn an_address_that_is_no_route_is_not_found_by_any_caller() {
    for caller in Caller::ALL {
        let scene = Scene::of(caller);
        let before = scene.site.records().len();
        let mut request = scene.request(&ROUTES[0]);
        *request.uri_mut() = "/me/../admin".parse().unwrap();
        let answer = scene.site.ask(request);
        let about = format!("{caller:?}");
        assert_eq!(answer.status, 404, "{about}");
        assert_headers(Face::OAuth, &answer, &about);
        assert_refusal(Face::OAuth, &answer, &scene.credentials, &about);
        assert_eq!(scene.site.records_of(&answer)[0]["route"], "-");
        assert_eq!(scene.site.records().len(), before + 1);
    }
}

#[test]
fn a_foreign_host_or_none_is_misdirected_on_every_route() {
    for route in ROUTES {
        for host in
            [Some("evil.example"), Some("mcp.contoso.example:8443"), Some("mcp.contoso.example."), None]
        {
            let scene = Scene::of(Caller::Person);
            let mut request = scene.request(route);
            request.headers_mut().remove(HOST);
            request.headers_mut().extend(host.map(|host| (HOST, host.parse().unwrap())));
            let answer = scene.site.ask(request);
            assert_eq!(answer.status, 421, "{} at {host:?}", route.path);
            assert_eq!(scene.site.records_of(&answer).len(), 1, "{} at {host:?}", route.path);
            assert_eq!(scene.site.cells(), 0, "{} at {host:?}", route.path);
        }
    }
}

#[test]
fn only_public_documents_answer_a_foreign_origin() {
    for route in ROUTES {
        let asked = |origin: &str| {
            let scene = Scene::of(Caller::Anonymous);
            let plain = scene.site.ask(scene.request(route)).status;
            let mut request = scene.request(route);
            request.headers_mut().insert(ORIGIN, origin.parse().unwrap());
            let answer = scene.site.ask(request);
            assert!(answer.header("access-control-allow-credentials").is_none(), "{}", route.path);
            (answer.status, plain)
        };
        for foreign in ["https://evil.example", "null", "http://mcp.contoso.example"] {
            let (status, plain) = asked(foreign);
            if route.cors == Cors::Public {
                assert_eq!(status, plain, "{} from {foreign}", route.path);
            } else {
                assert_eq!(status, 403, "{} from {foreign}", route.path);
            }
        }
        let (status, plain) = asked(harness::PUBLIC_URL);
        assert_eq!(status, plain, "{} from its own pages", route.path);
    }
}

#[test]
fn a_body_beyond_the_cap_is_refused_where_one_of_the_cap_is_read() {
    // What has no stamp is not read at all; see the tests of the echo.
    let read = |route: &&Route| route.content != Content::None && route.gate != Gate::Own;
    for route in ROUTES.iter().filter(read) {
        let caller = match route.gate {
            Gate::Access => Caller::Person,
            Gate::Bearer => Caller::holder(route),
            Gate::Operator => Caller::Operator,
            Gate::Client | Gate::Own | Gate::Public => Caller::Anonymous,
        };
        let status = |length: usize| {
            let scene = Scene::of(caller);
            let request = scene.request(route).map(|_| Body::from(vec![b'a'; length]));
            let answer = scene.site.ask(request);
            assert_eq!(scene.site.records_of(&answer).len(), 1, "{}", route.path);
            answer.status
        };
        assert_ne!(status(route.body_cap), 413, "{}", route.path);
        assert_eq!(status(route.body_cap + 1), 413, "{}", route.path);
    }
}

#[test]
fn a_body_that_never_ends_is_given_up_after_ten_seconds() {
    let route = ROUTES.iter().find(|route| route.path == "/register").unwrap();
    let scene = Scene::of(Caller::Anonymous);
    scene.site.timer().let_pass(Duration::from_secs(10));
    let endless = stream::pending::<Result<Bytes, std::io::Error>>();
    let answer = scene.site.ask(scene.request(route).map(|_| Body::from_stream(endless)));
    assert_eq!(answer.status, 408);
    assert_refusal(route.face, &answer, &[], route.path);
    assert_eq!(scene.site.records_of(&answer).len(), 1);
}
