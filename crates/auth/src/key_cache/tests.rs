use std::future::Future as _;
use std::time::Duration;

use http::Response;
use m365_ports::OutboundError;

use super::*;
use crate::testing::rsa::{self, TestKey};
use crate::testing::{Fixture, block_on};

const HOUR: Duration = Duration::from_hours(1);
const MILLI: Duration = Duration::from_millis(1);

fn cache(fixture: &Fixture) -> KeyCache {
    let url = Uri::from_static("https://team.example/certs");
    KeyCache::new(url, KeyAges::ACCESS, Arc::clone(&fixture.outbound) as _, fixture.clock())
}

fn publish(fixture: &Fixture, keys: &[&TestKey]) {
    let body = rsa::key_set(keys);
    fixture.outbound.answer(move |_| Ok(Response::new(Bytes::from(body.clone()))));
}

fn break_down(fixture: &Fixture) {
    fixture.outbound.answer(|_| Err(OutboundError::Timeout));
}

fn find(cache: &KeyCache, kid: &str) -> Result<(), KeyError> {
    block_on(cache.find(kid)).map(|_| ())
}

#[test]
fn a_fresh_set_is_not_fetched_again_and_a_stale_one_is() {
    let fixture = Fixture::new();
    publish(&fixture, &[rsa::key(0)]);
    let cache = cache(&fixture);
    assert_eq!(find(&cache, "key-0"), Ok(()));
    fixture.advance(HOUR.checked_sub(MILLI).unwrap());
    assert_eq!(find(&cache, "key-0"), Ok(()));
    assert_eq!(fixture.outbound.count("/certs"), 1);
    fixture.advance(MILLI);
    assert_eq!(find(&cache, "key-0"), Ok(()));
    assert_eq!(fixture.outbound.count("/certs"), 2);
}

#[test]
fn while_fetches_fail_a_set_serves_until_its_maximum_age_and_not_longer() {
    let fixture = Fixture::new();
    publish(&fixture, &[rsa::key(0)]);
    let cache = cache(&fixture);
    assert_eq!(find(&cache, "key-0"), Ok(()));
    break_down(&fixture);
    fixture.advance((24 * HOUR).checked_sub(MILLI).unwrap());
    assert_eq!(find(&cache, "key-0"), Ok(()));
    assert!(cache.publishes("key-0"));
    fixture.advance(MILLI);
    assert_eq!(find(&cache, "key-0"), Err(KeyError::Unavailable));
    assert!(!cache.publishes("key-0"));
    publish(&fixture, &[rsa::key(0)]);
    fixture.advance(FAILURE_PAUSE);
    assert_eq!(find(&cache, "key-0"), Ok(()));
}

#[test]
fn a_failing_issuer_is_asked_again_only_after_a_pause() {
    let fixture = Fixture::new();
    break_down(&fixture);
    let cache = cache(&fixture);
    for _ in 0..10 {
        assert_eq!(find(&cache, "key-0"), Err(KeyError::Unavailable));
    }
    assert_eq!(fixture.outbound.count("/certs"), 1);
    fixture.advance(FAILURE_PAUSE);
    assert_eq!(find(&cache, "key-0"), Err(KeyError::Unavailable));
    assert_eq!(fixture.outbound.count("/certs"), 2);
}

#[test]
fn unknown_keys_cause_one_fetch_per_interval() {
    let fixture = Fixture::new();
    publish(&fixture, &[rsa::key(0)]);
    let cache = cache(&fixture);
    assert_eq!(find(&cache, "key-0"), Ok(()));
    for kid in 0..50 {
        assert_eq!(find(&cache, &format!("flood-{kid}")), Err(KeyError::Unknown));
    }
    assert_eq!(fixture.outbound.count("/certs"), 2);
    fixture.advance(Duration::from_secs(30).checked_sub(MILLI).unwrap());
    assert_eq!(find(&cache, "flood"), Err(KeyError::Unknown));
    assert_eq!(fixture.outbound.count("/certs"), 2);
    fixture.advance(MILLI);
    assert_eq!(find(&cache, "flood"), Err(KeyError::Unknown));
    assert_eq!(fixture.outbound.count("/certs"), 3);
}

#[test]
fn a_rotated_key_is_found_by_one_fetch_and_the_withdrawn_one_is_gone() {
    let fixture = Fixture::new();
    publish(&fixture, &[rsa::key(0)]);
    let cache = cache(&fixture);
    assert_eq!(find(&cache, "key-0"), Ok(()));
    publish(&fixture, &[rsa::key(1)]);
    assert_eq!(find(&cache, "key-0"), Ok(()), "nothing tells the cache yet");
    assert_eq!(find(&cache, "key-1"), Ok(()));
    assert!(!cache.publishes("key-0"));
    assert_eq!(find(&cache, "key-0"), Err(KeyError::Unknown));
}

#[test]
fn a_look_up_that_failed_is_repeated_after_a_pause_and_not_only_after_the_interval() {
    let fixture = Fixture::new();
    publish(&fixture, &[rsa::key(0)]);
    let cache = cache(&fixture);
    assert_eq!(find(&cache, "key-0"), Ok(()));
    break_down(&fixture);
    for _ in 0..10 {
        assert_eq!(find(&cache, "key-1"), Err(KeyError::Unavailable));
    }
    assert_eq!(fixture.outbound.count("/certs"), 2, "a flood while the issuer fails causes one look-up");
    publish(&fixture, &[rsa::key(1)]);
    fixture.advance(FAILURE_PAUSE);
    assert_eq!(find(&cache, "key-1"), Ok(()));
    assert_eq!(find(&cache, "flood"), Err(KeyError::Unknown));
    assert_eq!(fixture.outbound.count("/certs"), 3);
}

#[test]
fn a_withdrawn_key_is_refused_as_soon_as_the_set_is_no_longer_fresh() {
    let fixture = Fixture::new();
    publish(&fixture, &[rsa::key(0)]);
    let cache = cache(&fixture);
    assert_eq!(find(&cache, "key-0"), Ok(()));
    publish(&fixture, &[rsa::key(1)]);
    fixture.advance(HOUR.checked_sub(MILLI).unwrap());
    assert_eq!(find(&cache, "key-0"), Ok(()));
    fixture.advance(MILLI);
    assert_eq!(find(&cache, "key-0"), Err(KeyError::Unknown));
    assert!(!cache.publishes("key-0"));
}

#[test]
fn a_first_fetch_without_the_key_is_not_repeated_at_once() {
    let fixture = Fixture::new();
    publish(&fixture, &[rsa::key(0)]);
    assert_eq!(find(&cache(&fixture), "other"), Err(KeyError::Unknown));
    assert_eq!(fixture.outbound.count("/certs"), 1);
}

#[test]
fn while_one_caller_fetches_for_an_unknown_key_the_others_neither_fetch_nor_wait() {
    let fixture = Fixture::new();
    publish(&fixture, &[rsa::key(0)]);
    let cache = cache(&fixture);
    assert_eq!(find(&cache, "key-0"), Ok(()));
    publish(&fixture, &[rsa::key(1)]);
    let mut first = Box::pin(cache.find("key-1"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert_eq!(find(&cache, "key-1"), Err(KeyError::Unknown));
    assert_eq!(find(&cache, "key-0"), Ok(()));
    assert!(block_on(first).is_ok());
    assert_eq!(fixture.outbound.count("/certs"), 2);
}

#[test]
fn a_caller_that_is_dropped_while_fetching_holds_nobody_up_for_long() {
    let fixture = Fixture::new();
    publish(&fixture, &[rsa::key(0)]);
    let cache = cache(&fixture);
    assert_eq!(find(&cache, "key-0"), Ok(()));
    fixture.advance(HOUR);
    let mut dropped = Box::pin(cache.find("key-0"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(dropped.as_mut().poll(&mut context).is_pending());
    drop(dropped);
    assert_eq!(find(&cache, "key-0"), Ok(()), "the stale set serves");
    assert_eq!(fixture.outbound.count("/certs"), 2);
    fixture.advance(BOUNDS.timeout + MILLI);
    assert_eq!(find(&cache, "key-0"), Ok(()));
    assert_eq!(fixture.outbound.count("/certs"), 3);
}

#[test]
fn answers_that_are_no_key_set_count_as_failures() {
    for (status, body) in [(200, "<html>"), (200, "{\"keys\":[]}"), (404, "{\"keys\":[]}"), (302, "")] {
        let fixture = Fixture::new();
        fixture
            .outbound
            .answer(move |_| Ok(Response::builder().status(status).body(Bytes::from(body)).unwrap()));
        assert_eq!(find(&cache(&fixture), "key-0"), Err(KeyError::Unavailable), "{status} {body}");
    }
}
