use std::sync::Arc;

use futures_util::FutureExt as _;
use http::{Response, StatusCode};
use m365_ports::{GraphAnswer, UploadPart};
use m365_types::Secret;

use super::*;
use crate::fakes::{Recording, Sevens, door, intent};
use crate::{GatewayAccess, Loopback, Transport};

const DOWNLOAD: &str =
    "https://contoso-my.sharepoint.com/personal/a/_layouts/15/download.aspx?UniqueId=1&tempauth=v1.x";

fn transfer(
    raw: &Arc<Recording>,
    url: &str,
    upload: Option<UploadPart>,
) -> Result<GraphAnswer, UpstreamError> {
    let access =
        GatewayAccess { token: Some(Secret::new("gateway-secret".to_owned())), transport: Transport::Direct };
    let upstream = door(raw).gateway(access, Arc::new(Sevens)).unwrap();
    let transfer = Transfer { url: Secret::new(url.to_owned()), upload };
    upstream.transfer(&intent(None), transfer).now_or_never().unwrap()
}

fn answering() -> Arc<Recording> {
    Recording::answering(|| {
        Ok(Response::builder().header("cf-aig-log-id", "01JLOG").body("text".into()).unwrap())
    })
}

#[test]
fn a_download_goes_through_the_provider_of_its_host_without_a_token() {
    let raw = answering();
    let answer = transfer(&raw, DOWNLOAD, None).unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, &b"text"[..]));
    let sent = raw.take();
    let [request] = sent.as_slice() else { panic!("not one request") };
    assert_eq!(
        (request.method(), request.uri().to_string().as_str()),
        (
            &Method::GET,
            "https://gateway.ai.cloudflare.com/v1/acc/m365-graph/custom-contoso-my-sharepoint-com/personal/a/_layouts/15/download.aspx?UniqueId=1&tempauth=v1.x"
        )
    );
    assert!(!request.headers().contains_key("authorization"));
    assert!(request.headers().contains_key("cf-aig-authorization"));
    assert_eq!(request.headers()["cf-aig-collect-log-payload"], "false");
}

#[test]
fn a_part_of_an_upload_says_which_part_it_is() {
    let raw = answering();
    let part = UploadPart { offset: 320, total: 1000, bytes: Bytes::from_static(b"abcd") };
    transfer(&raw, DOWNLOAD, Some(part)).unwrap();
    let sent = raw.take();
    assert_eq!(sent[0].method(), Method::PUT);
    assert_eq!(sent[0].headers()["content-range"], "bytes 320-323/1000");
    assert_eq!(&sent[0].body()[..], b"abcd");
}

#[test]
fn an_address_anywhere_else_is_not_dialled() {
    for url in [
        "https://evil.example/x",
        "https://contoso-my.sharepoint.com.evil.example/x",
        "https://contoso-my.sharepoint.com@evil.example/x",
        "https://user@contoso-my.sharepoint.com/x",
        "https://contoso-my.sharepoint.com:8443/x",
        "http://contoso-my.sharepoint.com/x",
        "file:///etc/passwd",
        "",
    ] {
        let raw = answering();
        let refused = transfer(&raw, url, None).unwrap_err();
        assert!(matches!(refused, UpstreamError::UnlistedHost { .. }), "{url}");
        assert!(raw.take().is_empty(), "{url}");
    }
}

#[test]
fn an_answer_that_the_gateway_does_not_vouch_for_is_not_used() {
    let raw =
        Recording::answering(|| Ok(Response::builder().status(StatusCode::OK).body("x".into()).unwrap()));
    assert!(matches!(transfer(&raw, DOWNLOAD, None), Err(UpstreamError::Malformed { .. })));
}

#[test]
fn a_list_of_hosts_holds_names_and_nothing_else() {
    let raw = answering();
    let gateway = door(&raw).destinations().graph.clone();
    for (host, fits) in
        [("contoso.sharepoint.com", true), ("localhost", false), ("10.0.0.1", false), ("a/b.example", false)]
    {
        assert_eq!(
            TransferHosts::new(gateway.clone(), &[host.to_owned()], &mut Providers::default()).is_ok(),
            fits,
            "{host}"
        );
    }
}

#[test]
fn two_hosts_that_would_share_a_provider_are_refused() {
    let gateway = || {
        let url = Url::parse("https://gateway.ai.cloudflare.com").unwrap();
        Base::parse("AI_GATEWAY_BASE_URL", &url, Loopback::Refused).unwrap()
    };
    let of = |hosts: &[&str]| {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        TransferHosts::new(gateway(), &hosts, &mut Providers::default()).map(drop)
    };
    for hosts in [
        &["contoso-my.sharepoint.com", "contoso.sharepoint.com"][..],
        &["contoso.sharepoint.com", "contoso.sharepoint.com"],
    ] {
        assert_eq!(of(hosts), Ok(()), "{hosts:?}");
    }
    assert_eq!(
        of(&["contoso-my.sharepoint.com", "contoso.my.sharepoint.com"]),
        Err(DestinationError::Provider("SHAREPOINT_HOSTS"))
    );
}
