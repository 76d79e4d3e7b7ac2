//! `/me/journal`: a person reads their own records, and nobody else's.

use axum::body::Body;
use m365_types::Profile;
use serde_json::{Value, json};

use crate::callers::every_scope;
use crate::harness::{ALEX, ASSERTION, Answer, Person, SAM, Site};

fn journal(site: &Site, person: &Person, query: &str) -> Answer {
    let request = site.request("GET", &format!("/me/journal{query}"));
    site.ask(request.header(ASSERTION, person.assertion(site.now())).body(Body::empty()).unwrap())
}

fn shown(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let document = answer.json();
    assert_eq!(document.as_object().unwrap().len(), 1);
    document["records"].as_array().unwrap().clone()
}

#[test]
fn a_person_reads_their_own_records_newest_first_in_the_exported_form() {
    let site = Site::new(Profile::Full);
    site.grant(&ALEX, &site.register(), &every_scope());
    let records = shown(&journal(&site, &ALEX, ""));
    let numbers: Vec<u64> = records.iter().map(|record| record["sequence"].as_u64().unwrap()).collect();
    let newest_first: Vec<u64> = (1..=numbers.len() as u64).rev().collect();
    assert_eq!(numbers, newest_first);
    for record in &records {
        assert_eq!(record["actor"]["subject"], ALEX.name);
        assert_eq!(record["hash"].as_str().unwrap().len(), 64);
        assert!(record["atMs"].is_u64() && record["cell"].is_string(), "{record}");
    }
}

#[test]
fn another_person_s_records_cannot_be_asked_for() {
    let site = Site::new(Profile::Full);
    let client = site.register();
    site.grant(&ALEX, &client, &every_scope());
    let of_alex = shown(&journal(&site, &ALEX, ""))[0]["requestId"].as_str().unwrap().to_owned();
    assert_eq!(shown(&journal(&site, &SAM, "")), [Value::Null; 0]);
    assert_eq!(shown(&journal(&site, &SAM, &format!("?requestId={of_alex}"))), [Value::Null; 0]);
    site.grant(&SAM, &client, &every_scope());
    assert_eq!(shown(&journal(&site, &SAM, &format!("?requestId={of_alex}"))), [Value::Null; 0]);
    assert!(shown(&journal(&site, &SAM, "")).iter().all(|record| record["actor"]["subject"] == SAM.name));
}

#[test]
fn a_request_id_narrows_to_one_call_and_anything_else_in_its_place_is_refused() {
    let site = Site::new(Profile::Full);
    let tokens = site.grant(&ALEX, &site.register(), &every_scope());
    let call = site.ask(site.message(
        Some(&tokens.access),
        "tools/call",
        Some("authenticate"),
        json!({ "name": "authenticate", "arguments": {} }),
    ));
    assert_eq!(call.status, 200, "{}", call.text());
    let records = shown(&journal(&site, &ALEX, &format!("?requestId={}", call.request_id())));
    let phases: Vec<&str> = records.iter().map(|record| record["phase"].as_str().unwrap()).collect();
    assert_eq!(phases, ["outcome", "intent"]);
    assert!(records.iter().all(|record| record["requestId"] == call.request_id()));
    for query in ["?requestId=1", "?requestId='%20OR%201=1", "?requestId=%00", "?requestId=a&requestId=b"] {
        assert_eq!(journal(&site, &ALEX, query).status, 400, "{query}");
    }
}

#[test]
fn at_most_two_hundred_records_are_shown_and_looking_leaves_none() {
    let site = Site::new(Profile::Full);
    let tokens = site.grant(&ALEX, &site.register(), &every_scope());
    for _ in 0..110 {
        site.ask(site.message(Some(&tokens.access), "tools/call", Some("none"), json!({ "name": "none" })));
        site.ask(site.message(Some(&tokens.access), "tools/call", Some("nil"), json!({ "name": "nil" })));
    }
    let all = site.records().len();
    let records = shown(&journal(&site, &ALEX, ""));
    assert_eq!(records.len(), 200);
    assert!(records[0]["sequence"].as_u64() > Some(200));
    assert_eq!(site.records().len(), all);
}

#[test]
fn no_page_of_another_site_and_no_cache_gets_the_answer() {
    let site = Site::new(Profile::Full);
    site.grant(&ALEX, &site.register(), &every_scope());
    let answer = journal(&site, &ALEX, "");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
    let foreign = site.request("GET", "/me/journal").header(ASSERTION, ALEX.assertion(site.now()));
    let foreign = site.ask(foreign.header("origin", "https://evil.example").body(Body::empty()).unwrap());
    assert_eq!(foreign.status, 403);
    assert!(foreign.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
}
