use futures_util::FutureExt as _;
use m365_seal::{Key, KeyRing, Keys, Purpose};

use super::*;
use crate::fakes::{Noon, Recording, Sevens, answered, door, intent, refused, token};

const PAYLOAD: &str = r#"{"content":[{"type":"text","text":"card 4111"}]}"#;

fn keys(seed: u8) -> Keys {
    let ring = |at: u8| KeyRing {
        current: Key::from_bytes(std::array::from_fn(|index| {
            seed.wrapping_mul(at).wrapping_add(u8::try_from(index).unwrap())
        })),
        previous: None,
    };
    Keys { encryption: ring(1), cookie_encryption: ring(2), cookie: ring(3) }
}

fn seal(seed: u8) -> EchoSeal {
    EchoSeal::new(keys(seed).mac(Purpose::Echo))
}

fn inspect(raw: &Arc<Recording>, payload: &str) -> Result<Inspection, EchoError> {
    let echo = door(raw).echo(Some(token()), seal(5), Arc::new(Noon), Arc::new(Sevens)).unwrap().unwrap();
    echo.inspect(&intent(None), Bytes::from(payload.to_owned())).now_or_never().unwrap()
}

fn stamped(text: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ECHO_HEADER, text.parse().unwrap());
    headers
}

#[test]
fn a_result_goes_in_plain_text_with_a_stamp_and_counts_where_it_comes_back_unchanged() {
    let raw = answered(200, &[], PAYLOAD);
    let inspection = inspect(&raw, PAYLOAD).unwrap();
    assert_eq!((&inspection.payload[..], inspection.flagged), (PAYLOAD.as_bytes(), false));
    let sent = raw.take();
    let place = "https://gateway.ai.cloudflare.com/v1/acc/m365-graph/custom-m365-echo/echo";
    assert_eq!((sent[0].method(), sent[0].uri().to_string().as_str()), (&Method::POST, place));
    assert_eq!(sent[0].body(), PAYLOAD);
    assert!(!sent[0].headers().contains_key("authorization"));
    for (name, value) in [
        ("cf-aig-skip-cache", "true"),
        ("cf-aig-max-attempts", "1"),
        ("cf-aig-collect-log-payload", "false"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(sent[0].headers()[name], value);
    }
    let stamp = seal(5).open(sent[0].headers(), Noon.now()).unwrap();
    assert_eq!(stamp.request(), intent(None).permit().actor().request);
    assert!(seal(5).covers(&stamp, sent[0].body()));
    let flagged = answered(200, &[("cf-aig-dlp", r#"{"action":"FLAG","findings":[]}"#)], PAYLOAD);
    assert!(inspect(&flagged, PAYLOAD).unwrap().flagged);
}

#[test]
fn a_result_that_was_not_seen_or_not_returned_as_it_was_does_not_pass() {
    let kind = |error: EchoError| match error {
        EchoError::Altered { .. } => "altered".to_owned(),
        EchoError::DlpBlocked { .. } => "dlp".to_owned(),
        EchoError::Gateway { code, .. } => code.to_string(),
        EchoError::TooLarge => "large".to_owned(),
        EchoError::Unreachable { .. } => "unreachable".to_owned(),
    };
    let lost = |error| Recording::answering(move || Err(error));
    let elsewhere = Recording::answering(|| Ok(Response::new(Bytes::from(PAYLOAD))));
    for (raw, expected) in [
        (answered(200, &[], PAYLOAD.replace("4111", "****")), "altered"),
        (answered(200, &[], ""), "altered"),
        (answered(200, &[("cf-aig-cache-status", "HIT")], PAYLOAD), "altered"),
        (elsewhere, "altered"),
        (lost(OutboundError::TooLarge), "altered"),
        (answered(404, &[], ""), "404"),
        (answered(302, &[("location", "https://team.example/login")], ""), "302"),
        (refused(400, 2008), "2008"),
        (refused(429, 2003), "429"),
        (refused(400, 2029), "dlp"),
        (refused(400, 2030), "dlp"),
        (lost(OutboundError::Connect), "unreachable"),
        (refused(502, 2005), "unreachable"),
    ] {
        assert_eq!(kind(inspect(&raw, PAYLOAD).unwrap_err()), expected);
    }
    let raw = answered(200, &[], "");
    assert_eq!(inspect(&raw, &"x".repeat(ECHO_BYTES_MAX + 1)), Err(EchoError::TooLarge));
    assert!(raw.take().is_empty());
}

#[test]
fn a_stamp_is_good_for_half_a_minute_one_body_and_one_deployment() {
    let (seal, now, request) = (seal(5), Noon.now(), RequestId::from_random([4; 16]));
    let text = seal.stamp(request, now, b"body");
    let stamp = seal.open(&stamped(&text), now).unwrap();
    assert!(seal.covers(&stamp, b"body") && !seal.covers(&stamp, b"Body") && !seal.covers(&stamp, b""));
    let after = |secs| now.plus(Duration::from_secs(secs));
    assert!(seal.open(&stamped(&text), after(29)).is_some());
    assert!(seal.open(&stamped(&text), after(30)).is_none());
    assert!(seal.open(&stamped(&seal.stamp(request, after(6), b"body")), now).is_none());
    assert!(super::tests::seal(6).open(&stamped(&text), now).is_none());
    let csrf = EchoSeal::new(keys(5).mac(Purpose::Csrf));
    assert!(csrf.open(&stamped(&text), now).is_none());
    let other = text.replace(&request.to_string(), &RequestId::from_random([5; 16]).to_string());
    let (said, _) = text.rsplit_once('.').unwrap();
    for wrong in [other.as_str(), said, "", "v1", "v1....", &format!("{text}."), &text.replace("v1.", "v2.")]
    {
        assert!(seal.open(&stamped(wrong), now).is_none(), "{wrong}");
    }
    let mut twice = stamped(&text);
    twice.append(ECHO_HEADER, text.parse().unwrap());
    assert!(seal.open(&twice, now).is_none() && seal.open(&HeaderMap::new(), now).is_none());
}
