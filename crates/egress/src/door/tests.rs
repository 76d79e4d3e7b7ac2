use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{Request, Response};
use m365_ports::{GraphRequest, Outbound};
use m365_types::Secret;
use proptest::prelude::*;
use url::Url;

use super::*;
use crate::fakes::{READ_MESSAGES, Recording, Sevens, door, intent, with_documents};
use crate::{ClientMetadataRoute, GatewayAccess, Loopback, Transport};

const TENANT: &str = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555";
const KEYS: &str = "https://contoso.cloudflareaccess.com/cdn-cgi/access/certs";
const GRAPH: &str = "https://gateway.ai.cloudflare.com/v1/acc/m365-graph/custom-msgraph/v1.0";

fn table() -> Vec<(&'static str, String)> {
    vec![
        ("POST", format!("{TENANT}/oauth2/v2.0/token")),
        ("GET", format!("{TENANT}/discovery/v2.0/keys")),
        ("GET", format!("{TENANT}/v2.0/.well-known/openid-configuration")),
        ("GET", KEYS.to_owned()),
    ]
}

fn bounds() -> Bounds {
    Bounds { network: Network::Configured, timeout: Duration::from_secs(1), max_response_bytes: 1 }
}

/// Whether it got through; `None` where the text is no request at all.
fn dial(way: &Arc<dyn Outbound>, method: &str, url: &str) -> Option<bool> {
    let request = Request::builder().method(method).uri(url).body(Bytes::new()).ok()?;
    let bounds = bounds();
    match way.send(request, bounds).now_or_never().unwrap() {
        Ok(_) => Some(true),
        Err(OutboundError::Destination) => Some(false),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn each_way_leads_to_its_own_rows_and_to_no_other() {
    let raw = Recording::empty();
    let (entra, access) = (door(&raw).entra(), door(&raw).access());
    for (row, (method, url)) in table().iter().enumerate() {
        assert_eq!(dial(&entra, method, url), Some(row < 3), "{url}");
        assert_eq!(dial(&access, method, url), Some(row == 3), "{url}");
        let other = if *method == "GET" { "POST" } else { "GET" };
        assert_eq!(dial(&entra, other, url), Some(false), "{other} {url}");
    }
    assert_eq!(raw.take().len(), 4);
}

#[test]
fn near_misses_are_refused_and_nothing_is_sent() {
    let raw = Recording::empty();
    let entra = door(&raw).entra();
    for url in [
        format!("{TENANT}/oauth2/v2.0/token?x=1"),
        format!("{TENANT}/oauth2/v2.0/token?"),
        format!("{TENANT}/oauth2/v2.0/token/"),
        format!("{TENANT}/x/../oauth2/v2.0/token"),
        format!("{TENANT}/oauth2/v2.0/%74oken"),
        format!("{TENANT}/oauth2/v2.0/authorize"),
        TENANT.replace("1111-2222", "1111-2223") + "/oauth2/v2.0/token",
        TENANT.replace("https", "http") + "/oauth2/v2.0/token",
        TENANT.replace(".com", ".com:8443") + "/oauth2/v2.0/token",
        TENANT.replace(".com", ".com.evil.example") + "/oauth2/v2.0/token",
        TENANT.replace("login", "user@login") + "/oauth2/v2.0/token",
        TENANT.replace("login.microsoftonline.com", "evil.example") + "/oauth2/v2.0/token",
        "/oauth2/v2.0/token".to_owned(),
        "https://graph.microsoft.com/v1.0/me".to_owned(),
    ] {
        assert_eq!(dial(&entra, "POST", &url), Some(false), "{url}");
    }
    assert_eq!(raw.take().len(), 0);
    assert_eq!(
        dial(&entra, "POST", &(TENANT.replace(".com", ".com:443") + "/oauth2/v2.0/token")),
        Some(true)
    );
}

#[test]
fn a_host_header_beside_the_uri_is_refused() {
    let raw = Recording::empty();
    let request = Request::get(KEYS).header("host", "evil.example").body(Bytes::new()).unwrap();
    let bounds = bounds();
    let answer = door(&raw).access().send(request, bounds).now_or_never().unwrap();
    assert_eq!(answer.unwrap_err(), OutboundError::Destination);
    assert_eq!(raw.take().len(), 0);
}

const DOCUMENT: &str = "https://claude.ai/oauth/client.json";

/// A door whose documents come from a stand-in.
fn development_door(raw: &Arc<Recording>) -> Door {
    let base_url = Some(Url::parse("http://127.0.0.1:8790/_clients").unwrap());
    let route = ClientMetadataRoute { hosts: vec!["claude.ai".to_owned()], base_url };
    let gateway = "http://127.0.0.1:8790/gateway";
    Door::new(raw.clone(), with_documents(gateway, &route, Loopback::Development).unwrap())
}

#[test]
fn documents_of_listed_hosts_are_dialled_on_the_public_internet_alone() {
    let raw = Recording::empty();
    let way = door(&raw).client_metadata();
    for url in [DOCUMENT, "https://claude.ai/x/", "https://vscode.dev/oauth/client-metadata.json"] {
        assert_eq!(dial(&way, "GET", url), Some(true), "{url}");
    }
    assert_eq!(raw.take().len(), 3);
    assert_eq!(*raw.networks.lock().unwrap(), [Network::PublicInternet; 3]);
}

#[test]
fn nothing_but_a_document_of_a_listed_host_is_dialled() {
    let raw = Recording::empty();
    let way = door(&raw).client_metadata();
    for (method, url) in [
        ("POST", DOCUMENT),
        ("HEAD", DOCUMENT),
        ("get", DOCUMENT),
        ("GET", "http://claude.ai/oauth/client.json"),
        ("GET", "https://claude.ai"),
        ("GET", "https://claude.ai/"),
        ("GET", "https://claude.ai//"),
        ("GET", "https://claude.ai/a//b"),
        ("GET", "https://claude.ai/a/../b"),
        ("GET", "https://claude.ai/a/%2E%2e/b"),
        ("GET", "https://claude.ai/a?b"),
        ("GET", "https://claude.ai/a?"),
        ("GET", "https://claude.ai:443/a"),
        ("GET", "https://claude.ai:8443/a"),
        ("GET", "https://user@claude.ai/a"),
        ("GET", "https://CLAUDE.ai/a"),
        ("GET", "https://claude.ai./a"),
        ("GET", "https://sub.claude.ai/a"),
        ("GET", "https://claude.ai.evil.example/a"),
        ("GET", "https://127.0.0.1/a"),
        ("GET", "/a"),
        ("GET", KEYS),
    ] {
        assert_ne!(dial(&way, method, url), Some(true), "{method} {url}");
    }
    let with = |name, body| Request::get(DOCUMENT).header(name, "x").body(Bytes::from_static(body)).unwrap();
    for request in [with("authorization", b""), with("cookie", b""), with("host", b""), with("accept", b"x")]
    {
        let answer = way.send(request, bounds()).now_or_never().unwrap();
        assert_eq!(answer.unwrap_err(), OutboundError::Destination);
    }
    assert_eq!(raw.take().len(), 0);
    let asked = way.send(with("accept", b""), bounds()).now_or_never().unwrap();
    assert!(asked.is_ok());
}

#[test]
fn in_development_a_stand_in_is_dialled_instead_of_the_host() {
    let raw = Recording::empty();
    let way = development_door(&raw).client_metadata();
    assert_eq!(dial(&way, "GET", DOCUMENT), Some(true));
    assert_eq!(dial(&way, "GET", "https://vscode.dev/a"), Some(false), "not listed");
    let sent = raw.take();
    assert_eq!(sent[0].uri().to_string(), "http://127.0.0.1:8790/_clients/claude.ai/oauth/client.json");
    assert_eq!(*raw.networks.lock().unwrap(), [Network::Configured]);
}

#[test]
fn a_stand_in_elsewhere_and_hosts_that_are_no_names_do_not_make_a_table() {
    let table = |hosts: &[&str], base: Option<&str>, loopback| {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        let route = ClientMetadataRoute { hosts, base_url: base.map(|base| Url::parse(base).unwrap()) };
        with_documents("https://gateway.ai.cloudflare.com", &route, loopback).map(drop)
    };
    let local = Some("http://127.0.0.1:1/_clients");
    assert!(table(&["a.example"], None, Loopback::Refused).is_ok());
    assert!(table(&[], local, Loopback::Development).is_ok());
    assert!(table(&["a.example"], local, Loopback::Refused).is_err());
    assert!(table(&["a.example"], Some("https://a.example"), Loopback::Development).is_err());
    for host in
        ["127.0.0.1", "0x7f.1", "2130706433", "localhost", "[::1]", "A.example", "a.example:8", "a/b.c", ""]
    {
        assert!(table(&[host], None, Loopback::Refused).is_err(), "{host}");
    }
}

#[test]
fn a_redirect_is_an_answer() {
    let raw = Recording::answering(|| {
        Ok(Response::builder()
            .status(302)
            .header("location", "https://evil.example")
            .body(Bytes::new())
            .unwrap())
    });
    assert_eq!(dial(&door(&raw).access(), "GET", KEYS), Some(true));
    assert_eq!(raw.take().len(), 1);
}

#[test]
fn the_gateway_needs_a_token_unless_it_is_on_this_machine() {
    let raw = Recording::empty();
    let access = |token: Option<&str>| GatewayAccess {
        token: token.map(|token| Secret::new(token.to_owned())),
        transport: Transport::Direct,
    };
    for token in [None, Some(""), Some("two\nlines")] {
        assert!(matches!(door(&raw).gateway(access(token), Arc::new(Sevens)), Err(DestinationError::Token)));
    }
    assert!(door(&raw).gateway(access(Some("token")), Arc::new(Sevens)).is_ok());
    let local = crate::fakes::destinations_at("http://127.0.0.1:8790/gateway", crate::Loopback::Development);
    assert!(Door::new(raw, local).gateway(access(None), Arc::new(Sevens)).is_ok());
}

/// One character replaced, inserted or removed somewhere in the text.
fn mutated(text: String) -> impl Strategy<Value = String> {
    let length = text.chars().count();
    let piece = "[@:/?#%.\\\\A-Za-z0-9 ;=&-]{0,4}";
    (0..=length, 0..3_usize, piece).prop_map(move |(place, removed, piece)| {
        let before = text.chars().take(place);
        let after = text.chars().skip(place + removed);
        before.chain(piece.chars()).chain(after).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn whatever_the_url_only_the_table_is_dialled(
        method in proptest::sample::select(&["GET", "POST", "PUT", "HEAD", "get"][..]),
        url in proptest::sample::select(table()).prop_flat_map(|(_, url)| mutated(url)),
    ) {
        let raw = Recording::empty();
        for way in [door(&raw).entra(), door(&raw).access()] {
            dial(&way, method, &url);
        }
        for sent in raw.take() {
            let reached = Url::parse(&sent.uri().to_string()).unwrap();
            let known = table().iter().any(|(method, url)| {
                let row = Url::parse(url).unwrap();
                *method == sent.method().as_str() && row == reached && row.path() == sent.uri().path()
            });
            prop_assert!(known, "{} {}", sent.method(), sent.uri());
        }
    }

    #[test]
    fn whatever_the_url_only_documents_of_listed_hosts_are_dialled(
        method in proptest::sample::select(&["GET", "POST", "HEAD"][..]),
        url in mutated(DOCUMENT.to_owned()),
    ) {
        let raw = Recording::empty();
        dial(&door(&raw).client_metadata(), method, &url);
        for sent in raw.take() {
            let reached = Url::parse(&sent.uri().to_string()).unwrap();
            prop_assert_eq!(reached.as_str(), sent.uri().to_string(), "read otherwise elsewhere");
            prop_assert_eq!((sent.method(), reached.scheme()), (&http::Method::GET, "https"));
            prop_assert!(["claude.ai", "vscode.dev"].contains(&reached.host_str().unwrap()));
            prop_assert!(reached.port().is_none() && reached.query().is_none() && reached.username().is_empty());
        }
    }

    #[test]
    fn whatever_the_path_and_query_graph_is_reached_only_by_the_row_s_call(
        path in mutated("/me/mailFolders/inbox/messages".to_owned()),
        value in "\\PC{0,20}",
    ) {
        let raw = Recording::empty();
        let access = GatewayAccess { token: Some(Secret::new("token".to_owned())), transport: Transport::Direct };
        let upstream = door(&raw).gateway(access, Arc::new(Sevens)).unwrap();
        let query = vec![("$search", value.clone())];
        let admitted = READ_MESSAGES.admits(Method::Get, &path);
        let request = GraphRequest { call: &READ_MESSAGES, path: path.clone(), query, prefer: vec![], headers: vec![], body: None };
        drop(upstream.call(&intent(None), &Secret::new("graph".to_owned()), request).now_or_never().unwrap());
        let sent = raw.take();
        prop_assert_eq!(sent.len(), usize::from(admitted));
        for sent in sent {
            let reached = Url::parse(&sent.uri().to_string()).unwrap();
            prop_assert_eq!(format!("{GRAPH}{path}"), reached.as_str().split('?').next().unwrap());
            let pairs: Vec<_> = reached.query_pairs().into_owned().collect();
            prop_assert_eq!(pairs, [("$search".to_owned(), value.clone())]);
            prop_assert_eq!(reached.fragment(), None);
        }
    }
}
