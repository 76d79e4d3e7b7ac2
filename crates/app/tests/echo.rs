//! The echo route: what this server stamped comes back as it is, and nobody else finds anything.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use m365_egress::ECHO_HEADER;
use m365_ports::{Clock as _, ECHO_BYTES_MAX};
use m365_types::{Profile, RequestId};

use crate::harness::{ALEX, ASSERTION, Answer, Site, echo_seal};

const PAYLOAD: &[u8] = br#"{"content":[{"type":"text","text":"Quarterly figures"}]}"#;

fn inspecting() -> Site {
    Site::new(Profile::Full).with(&[("INSPECT_RESPONSES", "gateway")])
}

fn stamp(site: &Site, body: &[u8]) -> String {
    echo_seal().stamp(RequestId::from_random([9; 16]), site.clock().now(), body)
}

fn send(site: &Site, stamp: &str, body: &[u8]) -> Answer {
    let request = site.request("POST", "/echo").header(CONTENT_TYPE, "application/json");
    site.ask(request.header(ECHO_HEADER, stamp).body(Bytes::copy_from_slice(body).into()).unwrap())
}

#[test]
fn what_this_server_stamped_comes_back_as_it_is() {
    let site = inspecting();
    let answer = send(&site, &stamp(&site, PAYLOAD), PAYLOAD);
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, PAYLOAD));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(site.records().is_empty(), "it is part of a call that has its records");
    let largest = vec![b'a'; ECHO_BYTES_MAX];
    assert_eq!(send(&site, &stamp(&site, &largest), &largest).body.len(), ECHO_BYTES_MAX);
}

#[test]
fn an_altered_body_an_old_stamp_or_none_finds_nothing() {
    let site = inspecting();
    let good = stamp(&site, PAYLOAD);
    for (stamp, body) in [
        (good.as_str(), &b"{}"[..]),
        ("", PAYLOAD),
        ("v1.1.2.3.4", PAYLOAD),
        (&good[..good.len() - 2], PAYLOAD),
    ] {
        let answer = send(&site, stamp, body);
        assert_eq!(answer.status, 404, "{stamp}");
        assert!(!answer.text().contains("Quarterly"));
        assert_eq!(site.records_of(&answer)[0]["code"], "request.not_found");
    }
    site.clock().advance(Duration::from_secs(31));
    assert_eq!(send(&site, &good, PAYLOAD).status, 404);
}

#[test]
fn a_stranger_has_nothing_read_however_much_they_send() {
    let site = inspecting();
    assert_eq!(send(&site, "", &vec![b'a'; ECHO_BYTES_MAX + 1]).status, 404);
    let long = vec![b'a'; ECHO_BYTES_MAX + 1];
    assert_eq!(send(&site, &stamp(&site, &long), &long).status, 413);
}

#[test]
fn where_results_are_not_inspected_by_the_gateway_there_is_no_echo() {
    let site = Site::new(Profile::Full);
    assert_eq!(send(&site, &stamp(&site, PAYLOAD), PAYLOAD).status, 404);
}

#[test]
fn where_access_is_demanded_everywhere_the_echo_needs_it_too() {
    let site =
        Site::new(Profile::Full).with(&[("INSPECT_RESPONSES", "gateway"), ("ACCESS_EVERYWHERE", "true")]);
    let stamp = stamp(&site, PAYLOAD);
    assert_eq!(send(&site, &stamp, PAYLOAD).status, 403);
    let request = site.request("POST", "/echo").header(CONTENT_TYPE, "application/json");
    let request = request.header(ECHO_HEADER, stamp).header(ASSERTION, ALEX.assertion(site.now()));
    assert_eq!(site.ask(request.body(Bytes::from_static(PAYLOAD).into()).unwrap()).status, 200);
}
