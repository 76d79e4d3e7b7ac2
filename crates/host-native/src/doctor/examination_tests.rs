use m365_ports::OutboundError;
use m365_types::Secret;

use super::fakes::{FakeNetwork, examination, response, run};
use super::*;

fn results(report: &Report) -> std::collections::BTreeMap<String, String> {
    let document = report.document("", "");
    let text = |check: &serde_json::Value, name: &str| check[name].as_str().unwrap().to_owned();
    document["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| (text(check, "id"), text(check, "result")))
        .collect()
}

#[test]
fn an_address_that_does_not_answer_leaves_every_other_check_unmade() {
    let network = FakeNetwork::new(|_| Err(OutboundError::Connect));
    let report = run(examine(&examination("https://mcp.example.com", network)));
    let found = results(&report);
    assert_eq!(found.len(), CHECKS.len());
    assert_eq!(found["reachable"], "fail");
    assert!(
        found
            .iter()
            .all(|(id, result)| ["policy.loads", "reachable"].contains(&id.as_str())
                || result == "not-checked"),
        "{found:?}"
    );
}

#[test]
fn every_check_is_reported_once_whatever_the_server_answers() {
    for status in [200, 204, 302, 401, 403, 404, 500] {
        let network =
            FakeNetwork::new(move |_| Ok(response(status, &[("location", "https://evil.example/")])));
        let mut examination = examination("https://mcp.example.com", network);
        examination.closed = vec!["m365.team.workers.dev".parse().unwrap()];
        let report = run(examine(&examination));
        assert_eq!(results(&report).len(), CHECKS.len());
        assert_eq!(report.lines().len(), CHECKS.len(), "{status}");
    }
}

#[test]
fn no_redirect_is_followed_and_no_foreign_address_is_dialled() {
    let network = FakeNetwork::new(|_| {
        Ok(response(302, &[("location", "https://evil.example/cdn-cgi/access/login?x=1")]))
    });
    run(examine(&examination("https://mcp.example.com", network.clone())));
    let asked = network.asked.lock().unwrap();
    let foreign = asked.iter().find(|(url, _)| {
        !url.starts_with("https://mcp.example.com/") && !url.starts_with("http://mcp.example.com:80/")
    });
    assert!(!asked.is_empty() && foreign.is_none(), "{foreign:?}");
}

#[test]
fn a_team_domain_is_believed_below_cloudflareaccess_com_or_where_it_was_named() {
    for (login, team, believed) in [
        ("https://team.cloudflareaccess.com", None, true),
        ("https://evilcloudflareaccess.com", None, false),
        ("http://team.cloudflareaccess.com", None, false),
        ("http://127.0.0.1:8790", None, false),
        ("https://sso.example.com", None, false),
        ("https://sso.example.com", Some("https://sso.example.com"), true),
        ("https://team.cloudflareaccess.com", Some("https://other.cloudflareaccess.com"), false),
    ] {
        let to = format!("{login}/cdn-cgi/access/login/mcp.example.com?kid=1");
        let network = FakeNetwork::new(move |_| Ok(response(302, &[("location", &to)])));
        let mut examination = examination("https://mcp.example.com", network.clone());
        examination.team = team.map(|team: &str| team.parse().unwrap());
        let found = results(&run(examine(&examination)));
        assert_eq!(found["access.guards"] == "ok", believed, "{login} {team:?}");
        let dialled = network.asked.lock().unwrap().iter().any(|(url, _)| url.starts_with(login));
        assert_eq!(dialled, believed, "{login} {team:?}");
    }
}

#[test]
fn without_tls_credentials_stay_at_home() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, contents: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = folder.path().join(name);
        std::fs::write(&path, contents).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    let network = FakeNetwork::new(|_| Ok(response(200, &[])));
    let mut examination = examination("http://mcp.example.com", network.clone());
    examination.access_token = AccessToken::read(&write("access", "the.operators.token")).ok();
    examination.service_token = ServiceToken::read(&write("service", "id\nthe-service-secret")).ok();
    assert!(examination.access_token.is_some() && examination.service_token.is_some());
    let found = results(&run(examine(&examination)));
    assert_eq!((&*found["sign-in.session"], &*found["service.passes"]), ("not-checked", "not-checked"));
    for (url, headers) in network.asked.lock().unwrap().iter() {
        let sent = format!("{url} {headers:?}");
        assert!(!sent.contains("operators") && !sent.contains("service-secret"), "{url}");
    }
}

#[test]
fn a_finding_shows_no_secret_that_was_told() {
    let mut report = Report::default();
    report.hide(&Secret::new("m365r_refresh".to_owned()));
    report.record(&table::TOKEN, Ok(format!("x {}", text::quoted("m365r_refresh"))));
    assert!(report.lines()[0].contains("x \"[secret]\""));
}
