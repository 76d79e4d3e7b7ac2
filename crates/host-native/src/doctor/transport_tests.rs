use http::Response;
use m365_ports::OutboundError;
use serde_json::Value;

use super::super::fakes::{FakeNetwork, NOW, answer, examination, response, response_with, run};
use super::super::report::Report;
use super::*;

const SITE: &str = "https://mcp.example.com";
const DATE: &str = "Sun, 22 Nov 2026 15:00:30 GMT";
const HSTS_YEAR: &str = "max-age=31536000; includeSubDomains";

fn health() -> Response<bytes::Bytes> {
    response_with(200, &[("date", DATE), ("strict-transport-security", HSTS_YEAR)], "{\"status\":\"ok\"}")
}

/// The results of the checks of this file, by id, for what https and http answer.
fn results(
    address: &str,
    https: impl Fn() -> Result<Response<bytes::Bytes>, OutboundError> + Send + Sync + 'static,
    http: impl Fn() -> Result<Response<bytes::Bytes>, OutboundError> + Send + Sync + 'static,
) -> Value {
    let network = FakeNetwork::new(move |url| if url.starts_with("https://") { https() } else { http() });
    let examination = examination(address, network);
    let mut report = Report::default();
    run(examine(&examination, Ingress::Oauth, &mut report));
    let document = report.document(SITE, "");
    let checks = document["checks"].as_array().unwrap();
    checks.iter().map(|check| (check["id"].as_str().unwrap().to_owned(), check["result"].clone())).collect()
}

fn closed() -> Result<Response<bytes::Bytes>, OutboundError> {
    Err(OutboundError::Connect)
}

#[test]
fn a_sound_https_address_passes_every_check() {
    let found = results(
        SITE,
        || Ok(health()),
        || Ok(response(301, &[("location", "https://mcp.example.com/healthz")])),
    );
    for id in ["reachable", "transport.tls", "transport.redirect", "transport.hsts", "clock"] {
        assert_eq!(found[id], "ok", "{id}: {found}");
    }
}

#[test]
fn plain_http_may_be_closed_or_lead_to_https_and_nothing_else() {
    let redirect = |to: &'static str| move || Ok(response(301, &[("location", to)]));
    assert_eq!(results(SITE, || Ok(health()), closed)["transport.redirect"], "ok");
    for to in ["http://mcp.example.com/", "https://other.example.com/", "/healthz"] {
        assert_eq!(results(SITE, || Ok(health()), redirect(to))["transport.redirect"], "fail", "{to}");
    }
    assert_eq!(results(SITE, || Ok(health()), || Ok(health()))["transport.redirect"], "fail");
}

#[test]
fn without_a_trusted_certificate_it_is_tls_that_fails_where_something_listens() {
    let listens = results(SITE, closed, || Err(OutboundError::Protocol));
    assert_eq!((&listens["transport.tls"], &listens["reachable"]), (&"fail".into(), &"not-checked".into()));
    let dead = results(SITE, closed, closed);
    assert_eq!((&dead["transport.tls"], &dead["reachable"]), (&Value::Null, &"fail".into()));
}

#[test]
fn plain_http_to_another_machine_is_not_private() {
    let found = results("http://mcp.example.com", closed, || Ok(health()));
    assert_eq!((&found["reachable"], &found["transport.tls"]), (&"ok".into(), &"fail".into()));
}

#[test]
fn strict_transport_security_must_last_half_a_year() {
    for (header, holds) in [
        (HSTS_YEAR, true),
        ("includeSubDomains; max-age=\"15552000\"", true),
        ("max-age=15551999", false),
        ("max-age=x", false),
        ("", false),
    ] {
        let examination = examination(SITE, FakeNetwork::new(|_| closed()));
        let verdict = strict(&examination, &answer(200, &[("strict-transport-security", header)]));
        assert_eq!(verdict.is_ok(), holds, "{header}");
    }
}

#[test]
fn clocks_may_differ_by_a_minute() {
    for (date, holds) in [
        ("Sun, 22 Nov 2026 15:00:00 GMT", true),
        ("Sun, 22 Nov 2026 15:01:00 GMT", true),
        ("Sun, 22 Nov 2026 14:59:00 GMT", true),
        ("Sun, 22 Nov 2026 15:01:01 GMT", false),
        ("Sun, 22 Nov 2026 14:58:59 GMT", false),
        ("Sat, 22 Nov 2025 15:00:00 GMT", false),
        ("Sunday, 22-Nov-26 15:00:00 GMT", false),
        ("Sun, 22 Nov 2026 15:00:00 CET", false),
        ("Sun, 22 Nix 2026 15:00:00 GMT", false),
        ("", false),
    ] {
        assert_eq!(timely(&answer(200, &[("date", date)]), NOW).is_ok(), holds, "{date}");
    }
    assert!(timely(&answer(200, &[]), NOW).is_err());
}
