use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt as _;
use m365_seal::WebhookKey;
use m365_types::{CellId, RequestId, Secret, WebhookEvent, WebhookId, WebhookKind};
use serde_json::{Value, json};

use super::*;
use crate::Loopback;
use crate::fakes::{Noon, Recording, answered, door, refused, token};

const RECEIVER: &str = "hooks.contoso.example";

fn keys() -> WebhookKeys {
    let generated: Vec<u8> = (1..=32).collect();
    let text = format!("whsec_{}", STANDARD.encode(generated));
    WebhookKeys { current: WebhookKey::parse(&Secret::new(text)).unwrap(), previous: None }
}

fn event() -> WebhookEvent {
    let id = WebhookId::from_random([3; 16]);
    let mut event = WebhookEvent::new(WebhookKind::TokenReused, id, Noon.now());
    event.cell = Some(CellId::from_digest([7; 20]));
    event.request_id = Some(RequestId::from_random([2; 16]));
    event
}

fn deliver(raw: &Arc<Recording>, receiver: &str) -> Result<(), WebhookError> {
    let webhooks = door(raw).webhooks(Some(token()), keys(), Arc::new(Noon)).unwrap().unwrap();
    let delivery = WebhookDelivery { receiver: receiver.to_owned(), event: event() };
    webhooks.deliver(&delivery).now_or_never().unwrap()
}

#[test]
fn an_event_goes_signed_to_the_provider_of_its_receiver_and_names_nobody() {
    let raw = answered(200, &[], "ignored");
    deliver(&raw, RECEIVER).unwrap();
    let sent = raw.take();
    let [request] = sent.as_slice() else { panic!("not one request") };
    let place =
        "https://gateway.ai.cloudflare.com/v1/acc/m365-graph/custom-hooks-contoso-example/m365".to_owned();
    assert_eq!((request.method(), request.uri().to_string()), (&Method::POST, place));
    let header = |name: &str| request.headers()[name].to_str().unwrap();
    let id = event().id.to_string();
    assert_eq!((header("webhook-id"), header("webhook-timestamp")), (id.as_str(), "1800000000"));
    assert_eq!(header("webhook-signature"), keys().sign(&id, 1_800_000_000, request.body()));
    let metadata: Value = serde_json::from_str(header("cf-aig-metadata")).unwrap();
    let expected = json!({"userId": "-", "userEmail": "-", "mcpTool": "webhook", "mcpClient": "-",
        "requestId": "02020202-0202-4202-8202-020202020202"});
    assert_eq!(metadata, expected);
    for (name, value) in
        [("cf-aig-skip-cache", "true"), ("cf-aig-max-attempts", "1"), ("cf-aig-collect-log-payload", "false")]
    {
        assert_eq!(header(name), value);
    }
    assert!(request.headers()["cf-aig-authorization"].is_sensitive());
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    let expected = json!({"type": "token.reused", "id": id, "at": 1_800_000_000_000_u64,
        "cell": event().cell, "requestId": "02020202-0202-4202-8202-020202020202"});
    assert_eq!(body, expected);
}

#[test]
fn a_receiver_that_is_not_listed_is_told_nothing() {
    for receiver in ["evil.example", "hooks.contoso.example/m365", ""] {
        let raw = answered(200, &[], "");
        assert_eq!(deliver(&raw, receiver), Err(WebhookError::Forbidden));
        assert!(raw.take().is_empty());
    }
}

#[test]
fn what_is_no_success_through_the_gateway_has_not_been_delivered() {
    let lost = |error| Recording::answering(move || Err(error));
    for (raw, error) in [
        (answered(500, &[], ""), WebhookError::Refused { status: 500 }),
        (answered(410, &[], ""), WebhookError::Refused { status: 410 }),
        (answered(302, &[("location", "https://evil.example")], ""), WebhookError::Refused { status: 302 }),
        (answered(200, &[("cf-aig-cache-status", "HIT")], ""), WebhookError::Malformed),
        (Recording::empty(), WebhookError::Malformed),
        (refused(400, 2008), WebhookError::Gateway { code: 2008 }),
        (refused(400, 2029), WebhookError::DlpBlocked),
        (refused(429, 2003), WebhookError::RateLimited),
        (refused(502, 2005), WebhookError::Unreachable),
        (lost(OutboundError::Timeout), WebhookError::Unreachable),
        (lost(OutboundError::TooLarge), WebhookError::Malformed),
    ] {
        assert_eq!(deliver(&raw, RECEIVER), Err(error));
        assert_eq!(raw.take().len(), 1, "one attempt, and no redirect is followed");
    }
}

fn places(urls: &[&str]) -> Result<usize, DestinationError> {
    let url = |text: &&str| Url::parse(text).unwrap();
    let gateway = Base::parse("SETTING", &url(&"https://gateway.example"), Loopback::Refused).unwrap();
    let urls: Vec<Url> = urls.iter().map(url).collect();
    WebhookPlaces::new(&gateway, &urls, &mut Providers::default()).map(|places| places.0.len())
}

#[test]
fn a_receiver_is_a_plain_https_address_on_a_host_of_its_own() {
    assert_eq!(places(&["https://a.example/x/y", "https://b.example"]), Ok(2));
    for (urls, error) in [
        (&["http://a.example/x"][..], DestinationError::Scheme(SETTING)),
        (&["https://a.example:8443/x"], DestinationError::Extra(SETTING)),
        (&["https://user@a.example/x"], DestinationError::Extra(SETTING)),
        (&["https://a.example/x?key=1"], DestinationError::Extra(SETTING)),
        (&["https://a.example/x#y"], DestinationError::Extra(SETTING)),
        (&["https://a.example/x%2Fy"], DestinationError::Extra(SETTING)),
        (&["https://a.example//x"], DestinationError::Extra(SETTING)),
        (&["https://10.0.0.1/x"], DestinationError::Host(SETTING)),
        (&["https://localhost/x"], DestinationError::Host(SETTING)),
        (&["https://a.example/x", "https://a.example/y"], DestinationError::Doubled(SETTING)),
        (&["https://a.b.example/x", "https://a-b.example/y"], DestinationError::Provider(SETTING)),
    ] {
        assert_eq!(places(urls), Err(error), "{urls:?}");
    }
}
